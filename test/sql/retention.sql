\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 10, 'G', method => 'sequential');
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 10, 'S', method => 'sequential', batch_retention => '2 months 3 days');

-- How long a batch is kept: the setting, or the series' own retention; PostgreSQL's own arithmetic
SELECT series_code, expires_on = generated_on + '30 days' AS as_set FROM cardgen.generate_batch('GOLD', 1);
SELECT series_code, expires_on = generated_on + '2 months 3 days' AS as_set FROM cardgen.generate_batch('SILVER', 1);
SET cardgen.batch_retention = '13 months';
SELECT series_code, expires_on = generated_on + '13 months' AS as_set FROM cardgen.generate_batch('GOLD', 1);
SELECT series_code, expires_on = generated_on + '2 months 3 days' AS as_set FROM cardgen.generate_batch('SILVER', 1);
SET cardgen.batch_retention = '@ 1 mon 1 day -1 hour';
SELECT series_code, expires_on = generated_on + '1 month 1 day -1 hour' AS as_set FROM cardgen.generate_batch('GOLD', 1);

-- Days are days where the clock changes, too
CREATE FUNCTION pg_temp.in_zone(zone text, retention interval) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	kept boolean;
BEGIN
	PERFORM set_config('timezone', zone, true);
	PERFORM cardgen.alter_series('SILVER', batch_retention => retention);
	SELECT expires_on = generated_on + retention INTO kept FROM cardgen.generate_batch('SILVER', 1);
	RETURN kept;
END $$;
SELECT zone, bool_and(pg_temp.in_zone(zone, retention)) AS kept
	FROM unnest(ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe', 'Pacific/Apia']) AS zone,
		 unnest(ARRAY['1 month', '180 days', '400 days', '9600 hours', '1 second', '100 years']::interval[]) AS retention
	GROUP BY zone ORDER BY zone COLLATE "C";

-- For ever, and beyond the year 9999: no end
CREATE FUNCTION pg_temp.longest() RETURNS interval LANGUAGE plpgsql AS $$
BEGIN
	RETURN 'infinity'::interval;	-- from PostgreSQL 17 on
EXCEPTION WHEN invalid_datetime_format THEN
	RETURN '10000 years';
END $$;
SET cardgen.batch_retention = 'infinity';
SELECT expires_on FROM cardgen.generate_batch('GOLD', 1);
SET cardgen.batch_retention = 'Infinity';
SELECT expires_on FROM cardgen.generate_batch('GOLD', 1);
SET cardgen.batch_retention = '10000 years';
SELECT expires_on FROM cardgen.generate_batch('GOLD', 1);
SET cardgen.batch_retention = '178000000 years';
SELECT expires_on FROM cardgen.generate_batch('GOLD', 1);
SET cardgen.batch_retention = '7000 years';
SELECT expires_on = generated_on + '7000 years' AS as_set FROM cardgen.generate_batch('GOLD', 1);
RESET cardgen.batch_retention;
SELECT count(*) FROM cardgen.alter_series('SILVER', batch_retention => pg_temp.longest());
SELECT expires_on FROM cardgen.generate_batch('SILVER', 1);
SELECT expires_on FROM cardgen.generate_batch('GOLD', 1) WHERE expires_on IS NULL;

-- A batch keeps the date it was given
SELECT count(*) FROM cardgen.alter_series('SILVER', batch_retention => '1 day');
SELECT expires_on, issuable_until FROM cardgen.batch WHERE series_code = 'SILVER' AND expires_on IS NULL;
SELECT expires_on = generated_on + '1 day' AS as_set FROM cardgen.generate_batch('SILVER', 1);

-- Start over, with six batches: three expired, one expiring now, one in an hour, one never
DROP EXTENSION cardgen;
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 10, 'G', method => 'sequential', card_expiry_days => 90);
SELECT cardgen.create_status_label('Card printed', 'not_issued');
SELECT (cardgen.generate_batch('GOLD', 10)).batch_id FROM generate_series(1, 6);
UPDATE cardgen.batch SET expires_on = CASE batch_id
	WHEN 1 THEN now() - interval '1 hour' WHEN 2 THEN now() - interval '3 days' WHEN 3 THEN now() - interval '2 hours'
	WHEN 4 THEN now() WHEN 5 THEN now() + interval '1 hour' END;
UPDATE cardgen.batch SET issuable_until = expires_on;

-- Of the second: one card issued, one active, one with a label of its own; of the others one each
SELECT number, status FROM cardgen.issue_card('G0000000010', 'ann');
SELECT number, status FROM cardgen.issue_card('G0000000011', 'bob', 'ACTIVE');
SELECT number, status FROM cardgen.set_card_status('G0000000012', 'Card printed', 'misprint?');
SELECT number, status FROM cardgen.issue_card('G0000000000', 'cem');
SELECT number, status FROM cardgen.issue_card('G0000000020', 'dee');
SELECT number, status FROM cardgen.issue_card('G0000000050', 'eve');
CREATE TEMP TABLE found AS SELECT f.* FROM generate_series(0, 59) AS n, cardgen.find_card(format('G%s', lpad(n::text, 10, '0'))) AS f;

-- Oldest first, as many as asked for
SELECT * FROM cardgen.remove_expired_batches(1);
SELECT batch_id FROM cardgen.batch ORDER BY batch_id;
SELECT * FROM cardgen.remove_expired_batches(max_batches => 1);
SELECT batch_id FROM cardgen.batch ORDER BY batch_id;

-- Then the rest, and nothing more
SELECT * FROM cardgen.remove_expired_batches();
SELECT * FROM cardgen.remove_expired_batches();
SELECT * FROM cardgen.remove_expired_batches(NULL);
SELECT * FROM cardgen.remove_expired_batches(2147483647);
SELECT batch_id, v.* FROM cardgen.batch b, cardgen.verify_batch(b.batch_id) AS v ORDER BY batch_id;
SELECT batch_id, count(*) FROM cardgen.generated_card GROUP BY batch_id ORDER BY batch_id;
SELECT * FROM cardgen.series_usage;

-- Issued cards stay, with everything that find_card said of them
SELECT number, status, batch_id, customer_id FROM cardgen.card ORDER BY number;
SELECT count(*) AS as_before FROM found f JOIN cardgen.card c USING (number), cardgen.find_card(c.number) AS now WHERE now::text = (f.*)::text;
SELECT number, status FROM cardgen.set_card_status('G0000000010', 'ACTIVE');
SELECT number, from_label, to_label, reason FROM cardgen.card_status_log ORDER BY number, change_id;

-- The numbers that are gone are known as such, and can't be issued
SELECT cardgen.classify_number(format('G%s', lpad(n::text, 10, '0'))), count(*), min(n), max(n) FROM generate_series(0, 69) AS n GROUP BY 1 ORDER BY 1;
SELECT cardgen.classify_number('G0000000012');
SELECT count(*) FROM cardgen.find_card('G0000000012');

-- Generating goes on with new numbers
SELECT number FROM cardgen.generate_cards('GOLD', 2);

-- remove_batch does not ask for the date
SELECT cardgen.remove_batch(6);
SELECT cardgen.classify_number(format('G%s', lpad(n::text, 10, '0'))), count(*) FROM generate_series(50, 59) AS n GROUP BY 1 ORDER BY 1;
SELECT number, status, batch_id FROM cardgen.find_card('G0000000050');

-- A rolled back removal has removed nothing
BEGIN;
SELECT cardgen.remove_batch(batch_id => 5);
SELECT cardgen.classify_number('G0000000040');
ROLLBACK;
SELECT cardgen.classify_number('G0000000040');
SELECT * FROM cardgen.verify_batch(5);

-- A batch that is generated and removed in one transaction has used its numbers
BEGIN;
SELECT cardgen.remove_batch(batch_id) FROM cardgen.generate_batch('GOLD', 3);
COMMIT;
SELECT cardgen.classify_number('G0000000062');
SELECT cardgen.classify_number('G0000000065');
SELECT number FROM cardgen.generate_cards('GOLD', 1);

-- So have skipped numbers
SELECT cardgen.skip_numbers('GOLD', 2);
SELECT cardgen.classify_number('G0000000067');
SELECT number FROM cardgen.generate_cards('GOLD', 1);

-- retain_batch
SELECT cardgen.retain_batch(5, now() + interval '5 hours');
SELECT expires_on > now() + interval '4 hours' AS is_later FROM cardgen.batch WHERE batch_id = 5;
SELECT cardgen.retain_batch(until => 'infinity', batch_id => 5);
SELECT cardgen.retain_batch(5, 'infinity');
SELECT expires_on FROM cardgen.batch WHERE batch_id = 5;
UPDATE cardgen.batch SET expires_on = now() - interval '1 day', issuable_until = now() - interval '1 day' WHERE batch_id <> 5;
SELECT cardgen.retain_batch(7, now() + interval '1 day');
SELECT * FROM cardgen.remove_expired_batches();
SELECT batch_id FROM cardgen.batch ORDER BY batch_id;

-- An expired batch is usable until it is removed
UPDATE cardgen.batch SET expires_on = now() - interval '1 day', issuable_until = now() - interval '1 day';
SELECT number, status FROM cardgen.issue_card('G0000000041', 'flo');
SELECT cardgen.download_batch(7);
SELECT * FROM cardgen.remove_expired_batches();

-- Batches of an inactive series go, too
SELECT (cardgen.generate_batch('GOLD', 2)).card_count;
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => false);
UPDATE cardgen.batch SET expires_on = now(), issuable_until = now();
SELECT * FROM cardgen.remove_expired_batches();
SELECT count(*) FROM cardgen.generated_card;

-- What is refused
\pset format unaligned
\pset tuples_only on
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => true);
SELECT (cardgen.generate_batch('GOLD', 2)).card_count;
SET timezone = 'UTC';
UPDATE cardgen.batch SET expires_on = '2100-01-01 00:00+00', issuable_until = '2100-01-01 00:00+00', batch_id = 4711;
UPDATE cardgen.generated_card SET batch_id = 4711;
SELECT pg_temp.refused($$cardgen.retain_batch(4711, '2099-12-31 23:59:59.999999+00')$$);
SELECT pg_temp.refused($$cardgen.retain_batch(4711, '-infinity')$$);
SELECT pg_temp.refused($$cardgen.retain_batch(4711, 'someday')$$);
SELECT pg_temp.refused($$cardgen.retain_batch(1, 'infinity')$$);
SELECT pg_temp.refused($$cardgen.retain_batch(0, 'infinity')$$);
SELECT pg_temp.refused($$cardgen.retain_batch(-1, 'infinity')$$);
SELECT pg_temp.refused($$cardgen.remove_batch(1)$$);
SELECT pg_temp.refused($$cardgen.remove_batch(0)$$);
SELECT pg_temp.refused($$cardgen.remove_batch(-1)$$);
SELECT pg_temp.refused($$cardgen.remove_batch(2147483647)$$);
SELECT pg_temp.refused($$cardgen.remove_expired_batches(0)$$);
SELECT pg_temp.refused($$cardgen.remove_expired_batches(-1)$$);
SELECT pg_temp.refused($$cardgen.remove_expired_batches(-2147483648)$$);

-- A retention that ends beyond the last timestamp there is, by way of its months
SELECT code FROM cardgen.create_series('FAR', 'Far', 10, 'F', batch_retention => '292500 years -105200000 days');
SELECT pg_temp.refused($$cardgen.generate_batch('FAR', 1)$$);

DROP TABLE found;
DROP EXTENSION cardgen;
