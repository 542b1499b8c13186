-- As many rows as with an import of a thousand cards: each its own ordinal.
\ir timing.sql
TRUNCATE cardgen.generated_card;
DELETE FROM cardgen.batch;
INSERT INTO cardgen.reserved_range (series_code, first_ordinal, end_ordinal)
	SELECT series_code, next_ordinal + i * 100 + 50, next_ordinal + i * 100 + 51
	FROM cardgen.series_counter, generate_series(0, 999) AS i WHERE series_code = 'S0';
VACUUM ANALYZE cardgen.reserved_range;
-- What a connection does once is no part of either side.
BEGIN;
SELECT cardgen.generate_batch('S0', 1000), cardgen.generate_batch('S1', 1000) \g /dev/null
ROLLBACK;

\set name reserved
:start
SELECT cardgen.generate_batch('S0', 100000) \g /dev/null
:stop

\set name not_reserved
:start
SELECT cardgen.generate_batch('S1', 100000) \g /dev/null
:stop
