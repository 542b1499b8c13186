-- Twice as many as a round is to measure: one half is deleted by hand.
\ir timing.sql
SET synchronous_commit = off;
CALL generate_batches('GOLD', 2 * :small, 20);
SELECT min(batch_id) AS first, min(batch_id) + :small - 1 AS last, min(batch_id) + 2 * :small - 1 AS end
	FROM cardgen.batch WHERE card_count = 20 \gset
VACUUM ANALYZE cardgen.generated_card, cardgen.batch;
SELECT 'small_read.blocks', blocks_read(:first + i * :small / 100) FROM generate_series(0, 199, 10) AS i;
SELECT cardgen.remove_expired_batches(1) \g /dev/null

\set name small_remove
UPDATE cardgen.batch SET expires_on = now(), issuable_until = now() WHERE batch_id BETWEEN :first AND :last;
VACUUM ANALYZE cardgen.batch;
:start
SELECT 'small_remove.blocks', blocks_of('SELECT cardgen.remove_expired_batches()');
:stop

VACUUM cardgen.generated_card;

\set name small_delete
:start
SELECT 'small_delete.blocks', blocks_of(format($$
	WITH numbers AS (DELETE FROM cardgen.generated_card WHERE batch_id BETWEEN %1$s AND %2$s),
		 cards AS (DELETE FROM cardgen.card WHERE batch_id BETWEEN %1$s AND %2$s AND status = 'not_issued')
	DELETE FROM cardgen.batch WHERE batch_id BETWEEN %1$s AND %2$s $$, :last + 1, :end));
:stop

VACUUM cardgen.generated_card;
