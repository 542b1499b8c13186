SELECT 'blocks.' || :'state', blocks_read(batch_id) FROM cardgen.batch WHERE card_count = 100000;
SELECT 'size.' || :'state', pg_relation_size('cardgen.generated_card') / 1e6;
