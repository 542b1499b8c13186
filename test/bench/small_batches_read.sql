-- Nothing is in the way of whoever reads a single one.
VACUUM ANALYZE;
SET enable_seqscan = off;
SELECT 'small_read.blocks', blocks_read(batch_id) FROM cardgen.batch WHERE card_count = 20 AND batch_id % (:small / 50) = 0;
