-- So many of the oldest ones go in either way.
\ir timing.sql
SELECT cardgen.remove_expired_batches(1) \g /dev/null
SELECT min(batch_id) AS first, min(batch_id) + :count AS middle, min(batch_id) + 2 * :count AS behind
	FROM cardgen.batch WHERE card_count = 20 \gset
UPDATE cardgen.batch SET expires_on = now(), issuable_until = now() WHERE batch_id >= :first AND batch_id < :middle;
VACUUM ANALYZE cardgen.batch;

\set name small_remove
:start
SELECT 'small_remove.blocks', blocks_of('SELECT cardgen.remove_expired_batches()');
:stop

VACUUM cardgen.generated_card;

\set name small_delete
:start
SELECT 'small_delete.blocks', blocks_of(format($$
	WITH numbers AS (DELETE FROM cardgen.generated_card WHERE batch_id >= %1$s AND batch_id < %2$s),
		 cards AS (DELETE FROM cardgen.card WHERE batch_id >= %1$s AND batch_id < %2$s AND status = 'not_issued')
	DELETE FROM cardgen.batch WHERE batch_id >= %1$s AND batch_id < %2$s $$, :middle, :behind));
:stop

VACUUM cardgen.generated_card;
