\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 10, 'G', method => 'sequential');
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 10, 'S', check_digit => 'luhn');
SELECT pg_temp.fix_key('SILVER');
SELECT batch_id AS gold FROM cardgen.generate_batch('GOLD', 5) \gset
SELECT batch_id AS silver FROM cardgen.generate_batch('SILVER', 5) \gset
SELECT batch_id AS large FROM cardgen.generate_batch('SILVER', 2500) \gset

-- The .txt file: a number a line, no header, the same every time
COPY (SELECT cardgen.download_batch(1)) TO STDOUT;
COPY (SELECT cardgen.download_batch(2)) TO STDOUT;
COPY (SELECT cardgen.download_batch(batch_id => 2)) TO STDOUT;
\copy (SELECT cardgen.download_batch(2)) TO STDOUT
SELECT octet_length(string_agg(number || E'\n', '')) AS octets, md5(string_agg(number, E'\n')) = md5(string_agg(again, E'\n')) AS same_again
	FROM ROWS FROM (cardgen.download_batch(:large), cardgen.download_batch(:large)) AS both_times (number, again);

-- In the order generated, the numbers that are stored
SELECT * FROM cardgen.download_batch(:silver);
SELECT string_agg(number, ' ' ORDER BY ctid) = (SELECT string_agg(download, ' ') FROM cardgen.download_batch(:large) AS download) AS as_stored
	FROM cardgen.generated_card WHERE batch_id = :large;
SELECT count(*) FROM cardgen.download_batch(:large) AS number JOIN cardgen.generated_card USING (number);

-- Computed, so that the list of stored numbers may be lost
BEGIN;
DELETE FROM cardgen.generated_card;
SELECT * FROM cardgen.download_batch(:gold);
ROLLBACK;

-- Several side by side
SELECT cardgen.download_batch(:gold) AS gold, cardgen.download_batch(:silver) AS silver, cardgen.download_batch(:gold) AS gold_again;
SELECT g.number AS gold, s.number AS silver, g.place
	FROM cardgen.download_batch(:gold) WITH ORDINALITY AS g (number, place)
	JOIN cardgen.download_batch(:silver) WITH ORDINALITY AS s (number, place) USING (place) ORDER BY place;
SELECT batch_id, series_code, min(number), max(number), count(*)
	FROM cardgen.batch, cardgen.download_batch(batch_id) AS number GROUP BY batch_id ORDER BY batch_id;
SELECT batch_id, md5(string_agg(number, ' '))
	FROM (SELECT batch_id, cardgen.download_batch(batch_id) AS number FROM cardgen.batch WHERE series_code = 'GOLD') AS numbers GROUP BY batch_id;

-- Some of the rows
SELECT cardgen.download_batch(:gold) LIMIT 2;
SELECT cardgen.download_batch(:large) OFFSET 2498;
SELECT number FROM cardgen.download_batch(:gold) AS number LIMIT 1 OFFSET 4;
SELECT EXISTS (SELECT cardgen.download_batch(:large));

-- Cursors: in pieces over the chunks, side by side, scrolling, past a savepoint, past the transaction
BEGIN;
DECLARE one CURSOR FOR SELECT cardgen.download_batch(:gold);
DECLARE two CURSOR FOR SELECT cardgen.download_batch(:silver);
DECLARE scrolling SCROLL CURSOR FOR SELECT cardgen.download_batch(:gold);
FETCH 2 FROM one;
FETCH 1 FROM two;
SAVEPOINT in_between;
FETCH 1 FROM one;
SELECT cardgen.remove_batch(:silver);
ROLLBACK TO SAVEPOINT in_between;
FETCH 1 FROM one;
FETCH 2 FROM two;
FETCH LAST FROM scrolling;
FETCH BACKWARD 2 FROM scrolling;
FETCH FIRST FROM scrolling;
CLOSE one;
FETCH ALL FROM two;
COMMIT;
BEGIN;
DECLARE kept CURSOR WITH HOLD FOR SELECT cardgen.download_batch(:gold);
COMMIT;
FETCH 2 FROM kept;
SELECT cardgen.generate_cards('GOLD', 1);
FETCH ALL FROM kept;
CLOSE kept;

-- A download goes on as it began, whatever becomes of the batch and the series
BEGIN;
DECLARE download CURSOR FOR SELECT cardgen.download_batch(:gold);
FETCH 1 FROM download;
SELECT name FROM cardgen.alter_series('GOLD', 'Golden card', is_active => false);
SELECT cardgen.remove_batch(:gold);
UPDATE cardgen.series_key SET key = sha256('other');
FETCH 1 FROM download;
SELECT cardgen.classify_number('G0000000000');
DROP EXTENSION cardgen;
FETCH ALL FROM download;
ROLLBACK;

-- Batches of one number, of a chunk, of one more and one less
SELECT (cardgen.generate_batch('SILVER', count)).card_count
	FROM unnest(ARRAY[1, 999, 1000, 1001, 1023, 1024, 1025, 2047, 2048, 2049]) AS count;
SELECT batch_id, count(*), count(DISTINCT number)
	FROM cardgen.batch, cardgen.download_batch(batch_id) AS number WHERE series_code = 'SILVER' GROUP BY batch_id ORDER BY batch_id;
SELECT batch_id, v.* FROM cardgen.batch b, cardgen.verify_batch(b.batch_id) AS v ORDER BY batch_id;

-- Batches that are not there
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.refused($$cardgen.download_batch(0)$$);
SELECT pg_temp.refused($$SELECT cardgen.download_batch(0)$$);
SELECT pg_temp.refused($$cardgen.download_batch(-1)$$);
SELECT pg_temp.refused($$cardgen.download_batch(2147483647)$$);
SELECT pg_temp.refused($$cardgen.download_batch(-2147483648)$$);
COPY (SELECT cardgen.download_batch(0)) TO STDOUT;
SELECT cardgen.remove_batch(:gold);
COPY (SELECT cardgen.download_batch(1)) TO STDOUT;
COPY (SELECT * FROM cardgen.generated_card WHERE batch_id = 1) TO STDOUT;

DROP EXTENSION cardgen;
