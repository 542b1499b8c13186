\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = warning;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 12, '4000');
SELECT code FROM cardgen.create_series('RED', 'Red card', 12, '5000');

-- Without a command keys are as they are, and nothing wraps them
SHOW cardgen.key_command;
SHOW cardgen.former_key_command;
SELECT series_code, octet_length(key) FROM cardgen.series_key ORDER BY 1;
SELECT pg_temp.refused('cardgen.wrap_keys()');
SELECT series_code FROM cardgen.series_key JOIN cardgen.series ON code = series_code AND series.incarnation = series_key.incarnation ORDER BY 1;

-- Nor are they copied to the statistics
ANALYZE cardgen.series_key;
SELECT attname FROM pg_stats WHERE schemaname = 'cardgen' AND tablename = 'series_key' ORDER BY 1;

-- What can be a key
SELECT length, split_part(pg_temp.refused(format($$UPDATE cardgen.series_key SET key = decode(repeat('00', %s), 'hex')$$, length)), E'\n', 1)
	FROM unnest(ARRAY[0, 31, 33, 39, 41]) AS length;

-- A wrapped one, without a command: its series is of no use, the other one is
SELECT number AS gold FROM cardgen.generate_cards('GOLD', 1) \gset
SELECT number AS red FROM cardgen.generate_cards('RED', 1) \gset
SELECT key AS key_of_gold FROM cardgen.series_key WHERE series_code = 'GOLD' \gset
UPDATE cardgen.series_key SET key = key || '\x0001020304050607' WHERE series_code = 'GOLD';
SELECT pg_temp.refused(call) FROM unnest(ARRAY[
	$$cardgen.generate_cards('GOLD', 1)$$,
	$$cardgen.generate_batch('GOLD', 1)$$,
	$$cardgen.issue_new_card('GOLD', 'ann')$$,
	$$cardgen.download_batch(1)$$,
	$$cardgen.verify_batch(1)$$,
	format('cardgen.find_card(%L)', :'gold'),
	format('SELECT cardgen.classify_number(%L)', :'gold'),
	format('cardgen.issue_card(%L, ''ann'')', :'gold'),
	'cardgen.wrap_keys()']) AS call;
SELECT number = :'red' AS found FROM cardgen.find_card(:'red');
SELECT count(*) FROM cardgen.generate_cards('RED', 10);
SELECT name FROM cardgen.alter_series('GOLD', 'Golden card');
SELECT code FROM cardgen.create_series('BLUE', 'Blue card', 12, '6000');

-- Cards that have a row are found all the same
INSERT INTO cardgen.card (number, series_code, batch_id, ordinal, status, status_label, customer_id, generated_on, issued_on)
	VALUES (:'gold', 'GOLD', 1, 0, 'issued', 'ISSUED', 'ann', now(), now());
SELECT customer_id FROM cardgen.find_card(:'gold');
SELECT cardgen.classify_number(:'gold');

-- The key is back
UPDATE cardgen.series_key SET key = :'key_of_gold' WHERE series_code = 'GOLD';
SELECT cardgen.download_batch(1) = :'gold' AS downloaded;

-- No key, and one of a dropped series of the same code
UPDATE cardgen.series_key SET incarnation = gen_random_uuid() WHERE series_code = 'RED';
SELECT pg_temp.refused($$cardgen.generate_cards('RED', 1)$$);

DROP EXTENSION cardgen;
