-- Ten batches, of each a tenth is issued; five go in either way.
\ir timing.sql
TRUNCATE cardgen.generated_card, cardgen.card, cardgen.card_status_log;
DELETE FROM cardgen.batch;
CALL generate_batches('GOLD', 1, 1);
CALL generate_batches('GOLD', 10);
SELECT batch_id AS first FROM cardgen.batch WHERE card_count > 1 ORDER BY batch_id LIMIT 1 \gset
SELECT count(problem)
	FROM (SELECT array_agg(number) AS numbers FROM cardgen.generated_card
		  WHERE batch_id >= :first AND hashtext(number) % 10 = 0 GROUP BY batch_id) AS lists,
		 LATERAL cardgen.issue_cards(numbers, numbers) \g /dev/null
UPDATE cardgen.batch SET expires_on = now(), issuable_until = now() WHERE batch_id < :first + 5;
VACUUM ANALYZE cardgen.generated_card, cardgen.card, cardgen.batch;
SELECT cardgen.remove_expired_batches(1) \g /dev/null

\set name remove_issued
:start
SELECT cardgen.remove_expired_batches() \g /dev/null
:stop

VACUUM cardgen.generated_card;

\set name delete_issued
:start
BEGIN;
DELETE FROM cardgen.card WHERE batch_id BETWEEN :first + 5 AND :first + 9 AND status = 'not_issued';
DELETE FROM cardgen.generated_card WHERE batch_id BETWEEN :first + 5 AND :first + 9;
DELETE FROM cardgen.batch WHERE batch_id BETWEEN :first + 5 AND :first + 9;
COMMIT;
:stop
