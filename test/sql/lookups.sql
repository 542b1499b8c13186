\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 10, 'G', method => 'sequential', max_active_cards => 2147483647, card_expiry_days => 1);
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 10, 'S', check_digit => 'luhn');
SELECT pg_temp.fix_key('SILVER');
ALTER TABLE cardgen.batch SET (autovacuum_enabled = off);
ALTER TABLE cardgen.card SET (autovacuum_enabled = off);
ALTER TABLE cardgen.generated_card SET (autovacuum_enabled = off);

-- How often a call reads a whole table, and how often it looks into an index
CREATE FUNCTION pg_temp.scans() RETURNS TABLE (table_name name, whole bigint, by_index bigint) LANGUAGE sql AS $$
	SELECT relname, coalesce(seq_scan, 0), coalesce(idx_scan, 0)
	FROM pg_stat_xact_user_tables WHERE schemaname = 'cardgen' ORDER BY relname
$$;
CREATE FUNCTION pg_temp.scans_of(call text) RETURNS TABLE (table_name name, whole bigint, by_index bigint) LANGUAGE plpgsql AS $$
DECLARE
	before jsonb := (SELECT jsonb_object_agg(s.table_name, to_jsonb(s)) FROM pg_temp.scans() AS s);
BEGIN
	EXECUTE call;
	RETURN QUERY
		SELECT s.table_name, s.whole - coalesce((before -> s.table_name::text ->> 'whole')::bigint, 0),
			s.by_index - coalesce((before -> s.table_name::text ->> 'by_index')::bigint, 0)
		FROM pg_temp.scans() AS s
		WHERE to_jsonb(s) IS DISTINCT FROM before -> s.table_name::text AND s.whole + s.by_index > 0;
END $$;

-- Everything once while the tables are as good as empty, so that what is remembered of it was made for small tables
SELECT card_count FROM cardgen.generate_batch('GOLD', 3);
SELECT status FROM cardgen.find_card('G0000000000');
SELECT cardgen.classify_number('G0000000009');
SELECT status FROM cardgen.issue_card('G0000000000', 'ann');
SELECT status FROM cardgen.issue_new_card('GOLD', 'ann');
SELECT status FROM cardgen.set_card_status('G0000000000', 'ACTIVE');
SELECT cardgen.expire_cards();
SELECT cardgen.set_batch_label(1, 'NOT_ISSUED');
SELECT cardgen.retain_batch(1, 'infinity');
SELECT * FROM cardgen.verify_batch(1);
SELECT cardgen.remove_batch(1);
SELECT * FROM cardgen.remove_expired_batches();

-- Then some thousands of rows in each
SELECT count(batch_id) FROM (SELECT (cardgen.generate_batch('GOLD', 500)).batch_id FROM generate_series(1, 40)) AS b;
SELECT count(batch_id) FROM (SELECT (cardgen.generate_batch('SILVER', 100)).batch_id FROM generate_series(1, 20)) AS b;
SELECT count(cardgen.issue_card(format('G%s', lpad(n::text, 10, '0')), 'customer ' || n)) FROM generate_series(100, 3099) AS n;

-- A look-up takes a few looks into an index and no reading of a table
SELECT min(number) AS silver FROM cardgen.generated_card WHERE number LIKE 'S%' \gset
SELECT * FROM pg_temp.scans_of($$SELECT * FROM cardgen.find_card('G0000010000')$$);
SELECT * FROM pg_temp.scans_of($$SELECT * FROM cardgen.find_card('G0000001000')$$);
SELECT * FROM pg_temp.scans_of($$SELECT * FROM cardgen.find_card('G0000099999')$$);
SELECT * FROM pg_temp.scans_of($$SELECT * FROM cardgen.find_card('no number')$$);
SELECT * FROM pg_temp.scans_of(format($$SELECT * FROM cardgen.find_card(%L)$$, :'silver'));
SELECT * FROM pg_temp.scans_of($$SELECT cardgen.classify_number('G0000010000')$$);
SELECT * FROM pg_temp.scans_of($$SELECT cardgen.classify_number('G0000000001')$$);
SELECT * FROM pg_temp.scans_of($$SELECT cardgen.classify_number('G0000099999')$$);

-- A thousand of them take a thousand times that, and read no configuration
SELECT * FROM pg_temp.scans_of($$SELECT count(f.status) FROM generate_series(10000, 10999) AS n, LATERAL cardgen.find_card('G00000' || n) AS f$$);
SELECT * FROM pg_temp.scans_of($$SELECT count(cardgen.classify_number('G00000' || n)) FROM generate_series(10000, 10999) AS n$$);
SELECT * FROM pg_temp.scans_of(format($$SELECT count(f) FROM (SELECT cardgen.find_card(%L) AS f FROM generate_series(1, 1000)) AS found$$, :'silver'));

-- No call reads a table of cards or batches as a whole
CREATE FUNCTION pg_temp.whole(call text) RETURNS bigint LANGUAGE sql AS $$
	SELECT coalesce(sum(whole), 0)::bigint FROM pg_temp.scans_of(call)
	WHERE table_name IN ('generated_card', 'card', 'batch', 'card_status_log', 'series_counter', 'free_range', 'reserved_range')
$$;
SELECT call, pg_temp.whole(call) FROM unnest(ARRAY[
	$$SELECT cardgen.generate_batch('GOLD', 10)$$,
	$$SELECT cardgen.generate_batch('GOLD', 10, request_id => '6e7f0a52-0000-4000-8000-000000000001')$$,
	$$SELECT cardgen.generate_batch('GOLD', 10, request_id => '6e7f0a52-0000-4000-8000-000000000001')$$,
	$$SELECT cardgen.generate_cards('GOLD', 10)$$,
	$$SELECT cardgen.download_batch(10)$$,
	$$SELECT cardgen.verify_batch(10)$$,
	$$SELECT cardgen.issue_card('G0000010000', 'bob')$$,
	$$SELECT cardgen.issue_new_card('GOLD', 'bob')$$,
	$$SELECT cardgen.set_card_status('G0000010000', 'ACTIVE')$$,
	$$SELECT cardgen.issue_cards('{G0000010003,G0000010004}', '{bob,cem}')$$,
	$$SELECT cardgen.issue_new_cards('GOLD', '{bob,cem}')$$,
	$$SELECT cardgen.set_card_statuses('{G0000010003,G0000010004}', 'ACTIVE')$$,
	$$SELECT cardgen.import_cards('GOLD', '{G0000010005,G0009999999}')$$,
	$$SELECT cardgen.expire_cards()$$,
	$$SELECT cardgen.set_batch_label(10, 'NOT_ISSUED')$$,
	$$SELECT cardgen.retain_batch(10, 'infinity')$$,
	$$SELECT cardgen.remove_batch(10)$$,
	$$SELECT cardgen.remove_expired_batches()$$,
	$$SELECT cardgen.remove_expired_batches(1)$$,
	$$SELECT cardgen.skip_numbers('GOLD', 1)$$]) AS call;

-- The same planned anew for tables of which there are statistics, by a session that takes indexes for costly
VACUUM ANALYZE cardgen.generated_card, cardgen.card, cardgen.batch;
SET random_page_cost = 1000;
SET cpu_index_tuple_cost = 1000;
DISCARD PLANS;
SELECT call, pg_temp.whole(call) FROM unnest(ARRAY[
	$$SELECT cardgen.find_card('G0000010001')$$,
	$$SELECT cardgen.classify_number('G0000010001')$$,
	$$SELECT cardgen.issue_card('G0000010001', 'bob')$$,
	$$SELECT cardgen.set_card_status('G0000010001', 'ACTIVE')$$,
	$$SELECT cardgen.issue_cards('{G0000010005,G0000010006}', '{bob,cem}')$$,
	$$SELECT cardgen.issue_new_cards('GOLD', '{bob,cem}')$$,
	$$SELECT cardgen.set_card_statuses('{G0000010005,G0000010006}', 'ACTIVE')$$,
	$$SELECT cardgen.import_cards('GOLD', '{G0000010007,G0009999997}', '{bob,cem}')$$,
	$$SELECT cardgen.verify_batch(11)$$,
	$$SELECT cardgen.remove_batch(11)$$]) AS call;
RESET random_page_cost;
RESET cpu_index_tuple_cost;

-- The measure does notice a table that is read as a whole
SET enable_bitmapscan = off;
SELECT pg_temp.whole($$SELECT count(*) FROM cardgen.generated_card WHERE number = 'G0000010000'$$);

DROP EXTENSION cardgen;
