\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 10, 'Gx', method => 'sequential');
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 10, '4', check_digit => 'luhn');
SELECT pg_temp.fix_key('SILVER');
SELECT batch_id AS gold FROM cardgen.generate_batch('GOLD', 10) \gset
SELECT batch_id AS silver FROM cardgen.generate_batch('SILVER', 3000) \gset
SELECT batch_id AS next FROM cardgen.generate_batch('SILVER', 10) \gset

-- As generated
SELECT * FROM cardgen.verify_batch(:gold);
SELECT * FROM cardgen.verify_batch(batch_id => :silver);
SELECT cardgen.verify_batch(:gold);

-- Rows lost
BEGIN;
DELETE FROM cardgen.generated_card WHERE number = 'Gx0000000003';
SELECT * FROM cardgen.verify_batch(:gold);
DELETE FROM cardgen.generated_card WHERE batch_id = :gold;
SELECT * FROM cardgen.verify_batch(:gold);
DELETE FROM cardgen.generated_card WHERE batch_id = :silver AND number IN (SELECT number FROM cardgen.download_batch(:silver) AS number LIMIT 1234);
SELECT * FROM cardgen.verify_batch(:silver);
ROLLBACK;

-- Rows added: of no series, past the end, twice, of another series, of another batch, of a wrong check digit, in another case, nothing
BEGIN;
INSERT INTO cardgen.generated_card VALUES (:gold, 'no number');
SELECT * FROM cardgen.verify_batch(:gold);
INSERT INTO cardgen.generated_card VALUES (:gold, 'Gx0000000010');
SELECT * FROM cardgen.verify_batch(:gold);
INSERT INTO cardgen.generated_card VALUES (:gold, 'Gx0000000005'), (:gold, 'Gx0000000005');
SELECT * FROM cardgen.verify_batch(:gold);
INSERT INTO cardgen.generated_card SELECT :gold, number FROM cardgen.download_batch(:silver) AS number LIMIT 1;
SELECT * FROM cardgen.verify_batch(:gold);
INSERT INTO cardgen.generated_card SELECT :silver, number FROM cardgen.download_batch(:next) AS number LIMIT 4;
SELECT * FROM cardgen.verify_batch(:silver);
INSERT INTO cardgen.generated_card
	SELECT :silver, left(number, -1) || (right(number, 1)::int + 1) % 10 FROM cardgen.download_batch(:silver) AS number LIMIT 5;
SELECT * FROM cardgen.verify_batch(:silver);
INSERT INTO cardgen.generated_card VALUES (:gold, 'gx0000000005'), (:gold, ' Gx0000000005'), (:gold, ''), (:gold, repeat('9', 100000));
SELECT * FROM cardgen.verify_batch(:gold);
ROLLBACK;

-- Rows swapped: as many as there were
BEGIN;
UPDATE cardgen.generated_card SET number = 'Gx0000000099' WHERE number = 'Gx0000000000';
SELECT * FROM cardgen.verify_batch(:gold);
UPDATE cardgen.generated_card SET number = 'Gx0000000001' WHERE number = 'Gx0000000002';
SELECT * FROM cardgen.verify_batch(:gold);
UPDATE cardgen.generated_card SET number = overlay(number PLACING 'o' FROM 5 FOR 1) WHERE number = 'Gx0000000003';
SELECT * FROM cardgen.verify_batch(:gold);
UPDATE cardgen.generated_card SET number = lower(number) WHERE number = 'Gx0000000004';
SELECT * FROM cardgen.verify_batch(:gold);
ROLLBACK;
BEGIN;
UPDATE cardgen.generated_card SET batch_id = CASE batch_id WHEN :silver THEN :next ELSE :silver END WHERE batch_id IN (:silver, :next);
SELECT * FROM cardgen.verify_batch(:silver);
SELECT * FROM cardgen.verify_batch(:next);
ROLLBACK;

-- With another key every number is unexpected
BEGIN;
UPDATE cardgen.series_key SET key = sha256('other') WHERE series_code = 'SILVER';
SELECT * FROM cardgen.verify_batch(:next);
ROLLBACK;
SELECT * FROM cardgen.verify_batch(:next);

-- The order of the rows does not matter
BEGIN;
CREATE TEMP TABLE numbers AS SELECT * FROM cardgen.generated_card WHERE batch_id = :silver;
DELETE FROM cardgen.generated_card WHERE batch_id = :silver;
INSERT INTO cardgen.generated_card SELECT * FROM numbers ORDER BY number;
SELECT * FROM cardgen.verify_batch(:silver);
ROLLBACK;

-- Issued cards, cards with a label of their own, an inactive series: the list is whole still
SELECT number FROM cardgen.issue_card('Gx0000000001', 'ann');
SELECT cardgen.create_status_label('Card printed', 'not_issued');
SELECT number FROM cardgen.set_card_status('Gx0000000002', 'Card printed');
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => false);
SELECT * FROM cardgen.verify_batch(:gold);

-- Batches that are not there
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.refused($$cardgen.verify_batch(0)$$);
SELECT pg_temp.refused($$cardgen.verify_batch(2147483647)$$);
SELECT pg_temp.refused($$cardgen.verify_batch(-2147483648)$$);

-- Nor can be: their rows, or that of the series, were changed by hand
BEGIN;
UPDATE cardgen.batch SET first_ordinal = (SELECT capacity FROM cardgen.series WHERE code = 'GOLD') - 9 WHERE batch_id = :gold;
SELECT pg_temp.refused(format('cardgen.%s(%s)', function, :gold)) FROM unnest(ARRAY['verify_batch', 'download_batch']) AS function;
UPDATE cardgen.batch SET first_ordinal = 9223372036854775807 WHERE batch_id = :gold;
SELECT pg_temp.refused(format('cardgen.download_batch(%s)', :gold));
UPDATE cardgen.batch SET first_ordinal = NULL, ordinals = '{[-5,5)}' WHERE batch_id = :gold;
SELECT pg_temp.refused(format('cardgen.download_batch(%s)', :gold));
UPDATE cardgen.batch SET ordinals = '{[0,5),[7,12)}' WHERE batch_id = :gold;
SELECT count(*) FROM cardgen.download_batch(:gold);
UPDATE cardgen.series SET method = 'imported', length = NULL, capacity = NULL WHERE code = 'GOLD';
SELECT pg_temp.refused(format('cardgen.%s(%s)', function, :gold)) FROM unnest(ARRAY['verify_batch', 'download_batch']) AS function;
ROLLBACK;

DROP EXTENSION cardgen;
