\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
\pset format unaligned
\pset tuples_only on
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential');
SELECT number FROM cardgen.generate_cards('GOLD', 3, request_id => '6e7f0a52-0000-4000-8000-000000000001');
SELECT number FROM cardgen.issue_card('G00000001', 'ann');

-- Whatever could write says so, before it looks at its arguments
BEGIN READ ONLY;
SELECT pg_temp.refused($$cardgen.create_series('SILVER', 'Silver card', 8, 'S')$$);
SELECT pg_temp.refused($$cardgen.alter_series('GOLD', 'Golden card')$$);
SELECT pg_temp.refused($$cardgen.alter_series('GOLD')$$);
SELECT pg_temp.refused($$cardgen.drop_series('GOLD')$$);
SELECT pg_temp.refused($$cardgen.skip_numbers('GOLD', 1)$$);
SELECT pg_temp.refused($$cardgen.create_status_label('Printed', 'not_issued')$$);
SELECT pg_temp.refused($$cardgen.set_default_label('ACTIVE')$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 1)$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 0)$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 3, request_id => '6e7f0a52-0000-4000-8000-000000000001')$$);
SELECT pg_temp.refused($$cardgen.generate_cards('GOLD', 1)$$);
SELECT pg_temp.refused($$SELECT cardgen.generate_cards('GOLD', 1)$$);
SELECT pg_temp.refused($$cardgen.set_batch_label(1, 'NOT_ISSUED')$$);
SELECT pg_temp.refused($$cardgen.remove_expired_batches()$$);
SELECT pg_temp.refused($$cardgen.remove_expired_batches(0)$$);
SELECT pg_temp.refused($$cardgen.remove_batch(1)$$);
SELECT pg_temp.refused($$cardgen.retain_batch(1, 'infinity')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G00000000', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_card('no number', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('GOLD', 'bob')$$);
SELECT pg_temp.refused($$cardgen.set_card_status('G00000001', 'ACTIVE')$$);
SELECT pg_temp.refused($$cardgen.issue_cards('{}', '{}')$$);
SELECT pg_temp.refused($$cardgen.issue_new_cards('GOLD', '{}')$$);
SELECT pg_temp.refused($$cardgen.set_card_statuses('{}', 'ACTIVE')$$);
SELECT pg_temp.refused($$cardgen.import_cards('GOLD', '{}')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000001')$$);
SELECT pg_temp.refused($$cardgen.transfer_card('G00000001', 'bob')$$);
SELECT pg_temp.refused($$cardgen.merge_customers('ann', 'bob')$$);
SELECT pg_temp.refused($$cardgen.expire_cards()$$);
SELECT pg_temp.refused($$cardgen.wrap_keys()$$);
COMMIT;
SET default_transaction_read_only = on;
CALL cardgen.generate_order('GOLD', 1);
RESET default_transaction_read_only;

-- These are all that write, by what PostgreSQL is told of them
SELECT string_agg(proname, ' ' ORDER BY proname::text COLLATE "C") FROM pg_proc
	WHERE pronamespace = 'cardgen'::regnamespace AND provolatile = 'v' AND prorettype <> 'trigger'::regtype
	AND proname <> 'order_batches';

-- The others read there as anywhere
BEGIN READ ONLY;
SELECT number, status FROM cardgen.find_card('G00000001');
SELECT cardgen.classify_number('G00000002');
SELECT cardgen.download_batch(1);
SELECT * FROM cardgen.verify_batch(1);
SELECT * FROM cardgen.order_batches('6e7f0a52-0000-4000-8000-000000000001');
SELECT * FROM cardgen.series_usage;
SELECT count(*) FROM cardgen.status_labels;
SELECT batch_id, card_count FROM cardgen.generated_batches;
SELECT batch_id, card_count FROM cardgen.card_stock;
SELECT number, customer_id FROM cardgen.card_details;
COMMIT;

-- The same in a session that begins with it
\connect -
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SELECT cardgen.download_batch(1);
SELECT number, status FROM cardgen.find_card('G00000001');
SELECT cardgen.issue_card('G00000002', 'bob');
COMMIT;

DROP EXTENSION cardgen;
