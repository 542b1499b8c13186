\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET timezone = 'UTC';
SET client_min_messages = warning;

-- How long the list is kept and how long cards can be issued: by the card type, or by the series' own times
CREATE FUNCTION pg_temp.kept(options text) RETURNS TABLE (listed text, issuable text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT cardgen.create_series(''TRY'', ''Try'', 10, ''T''' || options || ')';
	PERFORM cardgen.generate_batch('TRY', 1);
	SELECT coalesce((expires_on - generated_on)::text, 'no end'), coalesce((issuable_until - generated_on)::text, 'no end')
		INTO listed, issuable FROM cardgen.batch;
	RAISE EXCEPTION USING ERRCODE = 'ZZ000';
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
	RETURN NEXT;
END $$;
SELECT options, k.* FROM unnest(ARRAY['', ', card_type => ''physical''',
	', stock_retention => ''90 days''', ', card_type => ''physical'', stock_retention => ''90 days''',
	', stock_retention => ''3 days''', ', batch_retention => ''10 days'', stock_retention => ''3 days''',
	', batch_retention => ''10 days'', card_type => ''physical''', ', stock_retention => ''10000 years''',
	', batch_retention => ''10000 years''', ', batch_retention => ''10000 years'', stock_retention => ''1 day''',
	', batch_retention => ''10000 years'', card_type => ''physical'', stock_retention => ''1 day''']) AS options, pg_temp.kept(options) AS k;
SET cardgen.batch_retention = 'infinity';
SELECT k.* FROM pg_temp.kept(', stock_retention => ''90 days''') AS k;
SET cardgen.batch_retention = '100 days';
SELECT k.* FROM pg_temp.kept(', stock_retention => ''90 days''') AS k;
RESET cardgen.batch_retention;

-- What lies beyond the year 9999 is no end; the last moment before is one
CREATE FUNCTION pg_temp.end_at(moment timestamptz) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	PERFORM cardgen.create_series('TRY', 'Try', 10, 'T', batch_retention => moment - now());
	PERFORM cardgen.generate_batch('TRY', 1);
	SELECT concat_ws(' and ', coalesce(expires_on::text, 'no end'), coalesce(issuable_until::text, 'no end')) INTO answer FROM cardgen.batch;
	RAISE EXCEPTION USING ERRCODE = 'ZZ000';
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
	RETURN answer;
END $$;
SELECT pg_temp.end_at(moment) FROM unnest(ARRAY['9999-12-31 23:59:59.999999', '10000-01-01', '10000-01-02']::timestamptz[]) AS moment;

-- alter_series: zero sets back to what leaving it out means
SELECT card_expiry_days, batch_retention, stock_retention FROM cardgen.create_series('SHOP', 'Shop card', 8, 'S', method => 'sequential', card_type => 'physical',
	card_expiry_days => 30, batch_retention => '10 days', stock_retention => '90 days', max_active_cards => 9);
SELECT card_expiry_days, batch_retention, stock_retention FROM cardgen.alter_series('SHOP', stock_retention => '60 days');
SELECT card_expiry_days, batch_retention, stock_retention FROM cardgen.alter_series('SHOP', card_expiry_days => 0);
SELECT card_expiry_days, batch_retention, stock_retention FROM cardgen.alter_series('SHOP', batch_retention => '0');
SELECT card_expiry_days, batch_retention, stock_retention FROM cardgen.alter_series('SHOP', stock_retention => '0 days');
SELECT card_expiry_days, batch_retention, stock_retention FROM cardgen.alter_series('SHOP', card_expiry_days => 0, batch_retention => '0', stock_retention => '0');
SELECT card_expiry_days, batch_retention, stock_retention FROM cardgen.alter_series('SHOP');
SELECT card_expiry_days, batch_retention, stock_retention FROM cardgen.series WHERE code = 'SHOP';

-- Four batches: of a digital series; of plastic that can be issued for good; the same for a day more; and one still on the list
SELECT code FROM cardgen.create_series('CLUB', 'Club card', 8, 'C', method => 'sequential', max_active_cards => 9);
SELECT cardgen.create_status_label('Printed', 'not_issued');
SELECT cardgen.create_status_label('In the shop', 'not_issued');
ALTER SEQUENCE cardgen.batch_id_seq RESTART 1;
SELECT batch_id, expires_on IS NULL AS for_good FROM cardgen.generate_batch('CLUB', 5);
SELECT batch_id, expires_on IS NULL AS for_good FROM cardgen.generate_batch('SHOP', 1000, 'Printed', '6e7f0a52-0000-4000-8000-000000000001');
SELECT batch_id, expires_on IS NULL AS for_good FROM cardgen.generate_batch('SHOP', 10);
SELECT batch_id, expires_on IS NULL AS for_good FROM cardgen.generate_batch('SHOP', 10);
SELECT number, status FROM cardgen.issue_card('S00000001', 'ann');
SELECT number, status_label FROM cardgen.set_card_status('S00000002', 'In the shop');
SELECT string_agg(number, ',') AS downloaded FROM cardgen.download_batch(2) AS number \gset
UPDATE cardgen.batch SET expires_on = now() WHERE batch_id < 4;
UPDATE cardgen.batch SET issuable_until = now() WHERE batch_id = 1;
UPDATE cardgen.batch SET issuable_until = now() + interval '1 day' WHERE batch_id = 3;

-- One after the other, what goes for good first
BEGIN;
SELECT * FROM cardgen.remove_expired_batches(1);
SELECT * FROM cardgen.remove_expired_batches(1);
SELECT * FROM cardgen.remove_expired_batches(1);
SELECT * FROM cardgen.remove_expired_batches(1);
ROLLBACK;
SELECT * FROM cardgen.remove_expired_batches(2);
SELECT * FROM cardgen.remove_expired_batches();
SELECT * FROM cardgen.remove_expired_batches();
SELECT batch_id, series_code, card_count, status_label, issuable_until > now() AS ends, is_listed FROM cardgen.card_stock ORDER BY batch_id;
SELECT batch_id FROM cardgen.generated_batches ORDER BY batch_id;
SELECT batch_id, count(*) FROM cardgen.generated_card GROUP BY batch_id ORDER BY batch_id;
SELECT code, generated FROM cardgen.series_usage ORDER BY code;

-- The cards are there as if nothing had been, but for the list
SELECT number, cardgen.classify_number(number) FROM unnest(ARRAY['C00000000', 'S00000000', 'S00000001', 'S00000002', 'S00001009', 'S00001019', 'S00001020']) AS number;
SELECT number, status_label, batch_id, customer_id FROM unnest(ARRAY['C00000000', 'S00000000', 'S00000001', 'S00000002', 'S00001009']) AS n, cardgen.find_card(n);
SELECT number, status, batch_id, ordinal FROM cardgen.issue_card('S00000000', 'bob');
SELECT number, status FROM cardgen.issue_card('S00000002', 'cem', 'ACTIVE');
SELECT number, status_label, batch_id FROM cardgen.set_card_status('S00000003', 'In the shop');
SELECT cardgen.set_batch_label(2, 'In the shop');
SELECT number, status_label FROM cardgen.find_card('S00000004');
SELECT * FROM cardgen.issue_cards('{S00000005,S00001008,S00001018}', '{dee,eve,flo}');
SELECT batch_id, card_count, status_label FROM cardgen.generate_batch('SHOP', 1000, 'Printed', '6e7f0a52-0000-4000-8000-000000000001');
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.refused('cardgen.download_batch(2)');
SELECT pg_temp.refused('SELECT cardgen.download_batch(2)');
SELECT pg_temp.refused('cardgen.verify_batch(2)');

-- Put back on the list, it has the same numbers
SELECT pg_temp.refused('cardgen.retain_batch(3, now())') LIKE '22023 retained_to_the_past: %';
SELECT pg_temp.refused($$cardgen.retain_batch(2, '-infinity')$$) LIKE '22023 retained_longer: %';
SELECT pg_temp.refused($$cardgen.retain_batch(1, 'infinity')$$);
BEGIN;
SELECT cardgen.retain_batch(2, now() + interval '1 day');
SELECT * FROM cardgen.verify_batch(2);
ROLLBACK;
SELECT is_listed FROM cardgen.card_stock WHERE batch_id = 2;
SELECT cardgen.retain_batch(2, now() + interval '1 day');
SELECT is_listed, issuable_until FROM cardgen.card_stock WHERE batch_id = 2;
SELECT * FROM cardgen.verify_batch(2);
SELECT string_agg(number, ',') = :'downloaded' AS same FROM cardgen.download_batch(2) AS number;
SELECT string_agg(number, ',' ORDER BY ctid) = :'downloaded' AS same FROM cardgen.generated_card WHERE batch_id = 2;
SELECT cardgen.retain_batch(2, 'infinity');
SELECT expires_on, issuable_until, is_listed FROM cardgen.batch WHERE batch_id = 2;

-- The cards can be issued at least as long as the list is kept
SELECT cardgen.retain_batch(3, now() + interval '12 hours');
SELECT expires_on < issuable_until FROM cardgen.batch WHERE batch_id = 3;
SELECT cardgen.retain_batch(3, now() + interval '36 hours');
SELECT expires_on = issuable_until FROM cardgen.batch WHERE batch_id = 3;
SELECT cardgen.retain_batch(3, '9999-12-31 23:59:59.999999');
SELECT expires_on, issuable_until FROM cardgen.batch WHERE batch_id = 3;
SELECT cardgen.retain_batch(3, '10000-01-01');
SELECT expires_on, issuable_until FROM cardgen.batch WHERE batch_id = 3;
SELECT pg_temp.refused($$cardgen.retain_batch(3, '9999-12-31')$$);
SELECT cardgen.retain_batch(3, '10000-01-02');

-- All of it goes, on the list or not, by hand or when the time of the cards is over
UPDATE cardgen.batch SET expires_on = now(), issuable_until = now() + interval '1 day' WHERE batch_id IN (2, 3);
SELECT * FROM cardgen.remove_expired_batches();
SELECT cardgen.remove_batch(2);
UPDATE cardgen.batch SET issuable_until = now() WHERE batch_id = 3;
SELECT * FROM cardgen.remove_expired_batches();
SELECT batch_id, is_listed FROM cardgen.card_stock ORDER BY batch_id;
SELECT count(*) FROM cardgen.generated_card WHERE batch_id IN (2, 3);
SELECT number, cardgen.classify_number(number) FROM unnest(ARRAY['S00000000', 'S00000003', 'S00000004', 'S00001008', 'S00001009', 'S00001018', 'S00001019']) AS number;
SELECT number, batch_id, customer_id FROM cardgen.card ORDER BY number;

-- Where an id was used again by hand, no batch takes another one's cards for its own
SELECT number, status_label FROM cardgen.set_card_status('S00001015', 'Printed');
ALTER SEQUENCE cardgen.batch_id_seq RESTART 2;
SELECT batch_id FROM cardgen.generate_batch('CLUB', 3);
ALTER SEQUENCE cardgen.batch_id_seq RESTART 40;
UPDATE cardgen.card SET batch_id = 40 WHERE number IN ('S00001015', 'S00001018');
SELECT batch_id FROM cardgen.generate_batch('CLUB', 3);
SELECT number, status_label FROM cardgen.set_card_status('C00000009', 'Printed');
UPDATE cardgen.batch SET expires_on = now(), issuable_until = now() WHERE batch_id IN (2, 40);
SELECT * FROM cardgen.remove_expired_batches();
SELECT number, status_label, batch_id FROM cardgen.card WHERE status = 'not_issued';

DROP EXTENSION cardgen;
