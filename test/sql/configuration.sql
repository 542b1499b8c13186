\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential', max_active_cards => 1);
SELECT series_name FROM cardgen.generate_batch('GOLD', 10);

-- What a session has read, it reads again when it changes

-- A name, a rule, a state
SELECT name FROM cardgen.alter_series('GOLD', 'Golden card');
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => false);
SELECT cardgen.generate_batch('GOLD', 1);
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => true);
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);

-- Another series: numbers of it are known from then on
SELECT cardgen.classify_number('S00000000');
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 8, 'S', method => 'sequential');
SELECT cardgen.classify_number('S00000000');
SELECT cardgen.drop_series('SILVER');
SELECT cardgen.classify_number('S00000000');

-- A label, a default
SELECT status_label FROM cardgen.generate_batch('GOLD', 1, 'Printed');
SELECT cardgen.create_status_label('Printed', 'not_issued');
SELECT status_label FROM cardgen.generate_batch('GOLD', 1, 'Printed');
SELECT status_label FROM cardgen.generate_batch('GOLD', 1);
SELECT cardgen.set_default_label('Printed');
SELECT status_label FROM cardgen.generate_batch('GOLD', 1);

-- A change is there in its own transaction, and gone after ROLLBACK
BEGIN;
SELECT is_active FROM cardgen.alter_series('GOLD', 'Other name', is_active => false);
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 8, 'S', method => 'sequential');
SELECT cardgen.create_status_label('Packed', 'not_issued', true);
SELECT cardgen.classify_number('S00000000');
SELECT series_name, status_label FROM cardgen.generate_batch('SILVER', 1);
ROLLBACK;
SELECT cardgen.classify_number('S00000000');
SELECT series_name, status_label FROM cardgen.generate_batch('GOLD', 1);
SELECT status_label FROM cardgen.generate_batch('GOLD', 1, 'Packed');

-- The same after an error
BEGIN;
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => false);
SELECT cardgen.generate_batch('GOLD', 1);
COMMIT;
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);

-- And after ROLLBACK TO SAVEPOINT
BEGIN;
SELECT name FROM cardgen.alter_series('GOLD', 'Name to stay');
SAVEPOINT before_change;
SELECT name, is_active FROM cardgen.alter_series('GOLD', 'Name to go', is_active => false);
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 8, 'S', method => 'sequential');
SELECT cardgen.create_status_label('Packed', 'not_issued', true);
SELECT series_name, status_label FROM cardgen.generate_batch('SILVER', 1);
ROLLBACK TO SAVEPOINT before_change;
SELECT cardgen.classify_number('S00000000');
SELECT series_name, status_label FROM cardgen.generate_batch('GOLD', 1);
SAVEPOINT before_error;
SELECT cardgen.generate_batch('SILVER', 1);
ROLLBACK TO SAVEPOINT before_error;
SELECT series_name, status_label FROM cardgen.generate_batch('GOLD', 1);
COMMIT;
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);

-- In an exception block
DO $$
BEGIN
	BEGIN
		PERFORM cardgen.alter_series('GOLD', 'Name to go', is_active => false);
		PERFORM cardgen.generate_batch('GOLD', 1);
	EXCEPTION WHEN object_not_in_prerequisite_state THEN
		RAISE NOTICE '%', SQLERRM;
	END;
	RAISE NOTICE '%', (SELECT series_name FROM cardgen.generate_batch('GOLD', 1));
END $$;

-- Written to the tables by hand
UPDATE cardgen.series SET name = 'By hand', is_active = false;
SELECT cardgen.generate_batch('GOLD', 1);
UPDATE cardgen.series SET is_active = true;
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
BEGIN;
UPDATE cardgen.series SET name = 'Rolled back';
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
ROLLBACK;
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
INSERT INTO cardgen.status_label VALUES ('Inserted', 'not_issued');
SELECT status_label FROM cardgen.generate_batch('GOLD', 1, 'Inserted');
UPDATE cardgen.status_label SET is_default = false WHERE label = 'Printed';
SELECT status_label FROM cardgen.generate_batch('GOLD', 1);
BEGIN;
DELETE FROM cardgen.batch WHERE status_label = 'Inserted';
DELETE FROM cardgen.status_label WHERE label = 'Inserted';
SELECT cardgen.generate_batch('GOLD', 1, 'Inserted');
ROLLBACK;
SELECT status_label FROM cardgen.generate_batch('GOLD', 1, 'Inserted');

-- By COPY, by MERGE, as a replica
COPY cardgen.status_label FROM STDIN;
Copied	not_issued	t
\.
SELECT status_label FROM cardgen.generate_batch('GOLD', 1);
MERGE INTO cardgen.series s USING (VALUES ('GOLD', 'Merged')) AS v (code, name) ON s.code = v.code WHEN MATCHED THEN UPDATE SET name = v.name;
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
SET session_replication_role = replica;
UPDATE cardgen.series SET name = 'Replicated';
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
RESET session_replication_role;

-- A key
SELECT code FROM cardgen.create_series('RANDOM', 'Random', 10, 'R');
SELECT pg_temp.fix_key('RANDOM');
SELECT number FROM cardgen.generate_cards('RANDOM', 1);
UPDATE cardgen.series_key SET key = sha256('other') WHERE series_code = 'RANDOM';
SELECT cardgen.download_batch(max(batch_id)) FROM cardgen.batch;
BEGIN;
SELECT pg_temp.fix_key('RANDOM');
SELECT cardgen.download_batch(max(batch_id)) FROM cardgen.batch;
ROLLBACK;
SELECT cardgen.download_batch(max(batch_id)) FROM cardgen.batch;
SELECT pg_temp.fix_key('RANDOM');
SELECT cardgen.download_batch(max(batch_id)) FROM cardgen.batch;

-- What is under way goes on with what it began with
SELECT max(batch_id) AS batch_id FROM cardgen.generate_batch('GOLD', 5) \gset
BEGIN;
DECLARE download CURSOR FOR SELECT cardgen.download_batch(:batch_id);
FETCH 1 FROM download;
SELECT name FROM cardgen.alter_series('GOLD', 'Meanwhile', is_active => false);
SELECT cardgen.classify_number('G00000000');
UPDATE cardgen.series SET prefix = 'H' WHERE code = 'GOLD';
SELECT cardgen.classify_number('G00000000'), cardgen.classify_number('H00000000');
FETCH ALL FROM download;
SELECT count(*) FROM cardgen.download_batch(:batch_id) AS number WHERE number LIKE 'H%';
ROLLBACK;
SELECT n, name, cardgen.classify_number('G00000000') FROM generate_series(1, 3) AS n, cardgen.alter_series('GOLD', 'Name ' || n);
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);

-- A REPEATABLE READ transaction changes and uses it as well
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM cardgen.series;
SELECT name FROM cardgen.alter_series('GOLD', 'Repeatable');
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 8, 'S', method => 'sequential');
SELECT number FROM cardgen.generate_cards('SILVER', 2);
SELECT cardgen.classify_number('S00000001'), cardgen.classify_number('S00000002');
SELECT cardgen.create_status_label('Packed', 'not_issued', true);
SELECT status_label FROM cardgen.generate_batch('SILVER', 1);
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT number, status FROM cardgen.issue_card('S00000001', 'ann');
SELECT cardgen.classify_number('S00000001');
COMMIT;

-- Dropped and created again in one session, and in one transaction
DROP EXTENSION cardgen;
CREATE EXTENSION cardgen;
SELECT cardgen.classify_number('G00000000');
SELECT cardgen.generate_batch('GOLD', 1);
SELECT code FROM cardgen.create_series('GOLD', 'Gold card again', 8, 'H', method => 'sequential');
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
BEGIN;
DROP EXTENSION cardgen;
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Within', 8, 'W', method => 'sequential');
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
SELECT cardgen.classify_number('H00000000'), cardgen.classify_number('W00000000');
ROLLBACK;
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
SELECT cardgen.classify_number('H00000000'), cardgen.classify_number('W00000000');
BEGIN;
DROP EXTENSION cardgen;
ROLLBACK;
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);

-- Caches thrown away, tables rewritten and truncated
DISCARD PLANS;
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
VACUUM FULL cardgen.series;
CLUSTER cardgen.series_counter USING series_counter_pkey;
VACUUM FULL cardgen.generated_card;
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
SELECT name FROM cardgen.alter_series('GOLD', 'Rewritten');
SELECT series_name FROM cardgen.generate_batch('GOLD', 1);
SELECT bool_and(v.missing = 0 AND v.unexpected = 0) FROM cardgen.batch b, cardgen.verify_batch(b.batch_id) AS v;
BEGIN;
TRUNCATE cardgen.series CASCADE;
SELECT cardgen.classify_number('H00000000');
ROLLBACK;
SELECT cardgen.classify_number('H00000000');

-- A key that has not arrived, as on a subscriber during the first copy
BEGIN;
SELECT FROM cardgen.create_series('LATE', 'Late', 8, 'L8');
DELETE FROM cardgen.series_key WHERE series_code = 'LATE';
SELECT pg_temp.refused($$cardgen.find_card('L800000000')$$);
ROLLBACK;

-- A lot of changes and a lot of series
DO $$
BEGIN
	FOR i IN 1..150 LOOP
		PERFORM cardgen.create_series('C' || i, 'Series', 10, 'p' || i || 'x', method => 'sequential');
		PERFORM cardgen.generate_cards('C' || i, 1);
	END LOOP;
END $$;
SELECT cardgen.classify_number(number), count(*) FROM cardgen.generated_card WHERE number LIKE 'p%' GROUP BY 1;

DROP EXTENSION cardgen;
