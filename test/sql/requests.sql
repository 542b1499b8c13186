\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 10, 'G', method => 'sequential');
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 10, 'S', method => 'sequential');
SELECT cardgen.create_status_label('Card printed', 'not_issued');
SELECT cardgen.create_status_label('Card packed', 'not_issued');
\set one '6e7f0a52-0000-4000-8000-000000000001'
\set two '6e7f0a52-0000-4000-8000-000000000002'

-- A call repeated with its request_id gets the same batch, and nothing is generated
CREATE TEMP TABLE answer AS SELECT * FROM cardgen.generate_batch('GOLD', 3, 'Card printed', :'one');
SELECT pg_temp.fingerprint() AS before \gset
SELECT batch_id, card_count, status_label FROM cardgen.generate_batch('GOLD', 3, 'Card printed', :'one');
SELECT count(*) AS same FROM answer NATURAL JOIN cardgen.generate_batch('GOLD', 3, 'Card printed', :'one');
SELECT * FROM cardgen.generate_cards('GOLD', 3, 'Card printed', :'one');
SELECT (cardgen.generate_cards('GOLD', 3, 'Card printed', :'one')).number;
SELECT pg_temp.fingerprint() = :'before' AS nothing_was_written;

-- generate_cards can be repeated as generate_batch, too; a request_id without a label
SELECT * FROM cardgen.generate_cards('GOLD', 2, request_id => :'two');
SELECT batch_id, card_count, status_label FROM cardgen.generate_batch('GOLD', 2, request_id => :'two');
SELECT * FROM cardgen.generate_cards('GOLD', 2, request_id => :'two');

-- Without a request_id every call is a new one
SELECT number FROM cardgen.generate_cards('GOLD', 1);
SELECT number FROM cardgen.generate_cards('GOLD', 1, NULL, NULL);

-- Within one transaction and one statement
BEGIN;
SELECT batch_id, card_count FROM cardgen.generate_batch('GOLD', 4, request_id => '6e7f0a52-0000-4000-8000-000000000003');
SELECT batch_id, card_count FROM cardgen.generate_batch('GOLD', 4, request_id => '6e7f0a52-0000-4000-8000-000000000003');
COMMIT;
SELECT (cardgen.generate_batch('GOLD', 4, request_id => '6e7f0a52-0000-4000-8000-000000000004')).batch_id FROM generate_series(1, 3);

-- A request that was rolled back can be made again
BEGIN;
SELECT number FROM cardgen.generate_cards('GOLD', 1, request_id => '6e7f0a52-0000-4000-8000-000000000005');
ROLLBACK;
SELECT number FROM cardgen.generate_cards('GOLD', 1, request_id => '6e7f0a52-0000-4000-8000-000000000005');

-- What has changed since makes no difference: the label of the batch, the name of the series, its rules, the default label
SELECT cardgen.set_batch_label(batch_id, 'Card packed') FROM answer;
SELECT cardgen.set_default_label('Card packed');
SELECT name, is_active FROM cardgen.alter_series('GOLD', 'Golden card', is_active => false, batch_retention => '1 day');
SELECT batch_id, series_name, card_count, status_label, expires_on = generated_on + '30 days' AS for_30_days
	FROM cardgen.generate_batch('GOLD', 3, 'Card printed', :'one');
SELECT batch_id, status_label FROM cardgen.generate_batch('GOLD', 2, NULL, :'two');
SELECT * FROM cardgen.generate_cards('GOLD', 3, 'Card printed', :'one');
SELECT cardgen.skip_numbers('GOLD', remaining) FROM cardgen.series_usage WHERE code = 'GOLD';
SELECT batch_id FROM cardgen.generate_batch('GOLD', 3, 'Card printed', :'one');

-- With other arguments it is an error
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.refused($$cardgen.generate_batch('SILVER', 3, 'Card printed', '6e7f0a52-0000-4000-8000-000000000001')$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 4, 'Card printed', '6e7f0a52-0000-4000-8000-000000000001')$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 3, 'Card packed', '6e7f0a52-0000-4000-8000-000000000001')$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 3, NULL, '6e7f0a52-0000-4000-8000-000000000001')$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 2, 'NOT_ISSUED', '6e7f0a52-0000-4000-8000-000000000002')$$);
SELECT pg_temp.refused($$cardgen.generate_cards('GOLD', 4, 'Card printed', '6e7f0a52-0000-4000-8000-000000000001')$$);

-- And its arguments have to be right every time
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 0, 'Card printed', '6e7f0a52-0000-4000-8000-000000000001')$$);
SELECT pg_temp.refused($$cardgen.generate_batch('BRONZE', 3, 'Card printed', '6e7f0a52-0000-4000-8000-000000000001')$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 3, 'ACTIVE', '6e7f0a52-0000-4000-8000-000000000001')$$);
SELECT left(pg_temp.refused($$cardgen.generate_batch('GOLD', 3, 'Card printed', 'no uuid')$$), 5);

-- Once the batch is gone its request_id is new
SELECT name FROM cardgen.alter_series('SILVER', 'Silver');
SELECT number FROM cardgen.generate_cards('SILVER', 2, request_id => '6e7f0a52-0000-4000-8000-000000000006');
SELECT cardgen.remove_batch(batch_id) FROM cardgen.batch WHERE series_code = 'SILVER';
SELECT number FROM cardgen.generate_cards('SILVER', 2, request_id => '6e7f0a52-0000-4000-8000-000000000006');

DROP TABLE answer;
DROP EXTENSION cardgen;
