\ir timing.sql

-- Thirty batches, and a table without the traces of the last round.
TRUNCATE cardgen.generated_card;
DELETE FROM cardgen.batch;
CALL generate_batches('GOLD', 1, 1);
CALL generate_batches('GOLD', 30);
SELECT batch_id AS first FROM cardgen.batch WHERE card_count > 1 ORDER BY batch_id LIMIT 1 \gset
UPDATE cardgen.batch SET expires_on = now(), issuable_until = now() WHERE batch_id < :first + 10;
VACUUM (ANALYZE) cardgen.generated_card;
SELECT cardgen.remove_expired_batches(1) \g /dev/null

\set name remove
:start
SELECT cardgen.remove_expired_batches() \g /dev/null
:stop

VACUUM cardgen.generated_card;

\set name delete
:start
DELETE FROM cardgen.generated_card WHERE batch_id BETWEEN :first + 10 AND :first + 19;
:stop
