-- Numbers of a series' own format that were imported: the series generates all
-- the others, each once, in whatever order the two come.

\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = warning;

-- All numbers that a series has, in the order of their ordinals; none is generated.
CREATE FUNCTION pg_temp.numbers_of(code text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	numbers text[];
BEGIN
	SELECT array_agg(number) INTO numbers
		FROM cardgen.generate_cards(code, (SELECT capacity FROM cardgen.series s WHERE s.code = numbers_of.code));
	RAISE EXCEPTION SQLSTATE 'ZZ000';
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
	RETURN numbers;
END $$;

-- Does everything that tells of a series tell the same?
CREATE FUNCTION pg_temp.account(code text, OUT generated bigint, OUT imported bigint, OUT remaining bigint, OUT whole boolean, OUT twice bigint)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
	SELECT u.generated, u.remaining INTO account.generated, account.remaining FROM cardgen.series_usage u WHERE u.code = account.code;
	SELECT count(*) INTO imported FROM cardgen.card c WHERE c.series_code = account.code AND c.batch_id IS NULL AND c.status = 'not_issued';
	SELECT coalesce(bool_and((v.stored, v.missing, v.unexpected) = (b.card_count, 0, 0)), true) INTO whole
		FROM cardgen.batch b, cardgen.verify_batch(b.batch_id) v WHERE b.series_code = account.code;
	SELECT count(*) - count(DISTINCT number) INTO twice
		FROM (SELECT cardgen.download_batch(b.batch_id) AS number FROM cardgen.batch b WHERE b.series_code = account.code
			  UNION ALL SELECT c.number FROM cardgen.card c WHERE c.series_code = account.code AND c.batch_id IS NULL) n;
END $$;

-- A small format used up in turns: a seventh of all numbers is imported, whether
-- they were generated or not, then a seventh of what is left generated.
CREATE FUNCTION pg_temp.use_up(format text, OUT capacity bigint, OUT imported bigint, OUT was_generated bigint, OUT generated bigint,
							   OUT twice bigint, OUT whole boolean, OUT missing bigint, OUT "left" text, OUT kept bigint)
LANGUAGE plpgsql AS $$
DECLARE
	numbers text[];
	part int;
	usage record;
	refused record;
BEGIN
	EXECUTE format('SELECT capacity FROM cardgen.create_series(''TINY'', ''Tiny card'', %s)', format) INTO capacity;
	PERFORM pg_temp.fix_key('TINY');
	numbers := pg_temp.numbers_of('TINY');
	was_generated := 0;
	FOR part IN 0 .. 6 LOOP
		FOR refused IN
			SELECT r.error_name, count(*) AS count FROM cardgen.import_cards('TINY', ARRAY(
				SELECT n FROM unnest(numbers) WITH ORDINALITY AS a (n, i) WHERE (i * i + i / 10) % 7 = part ORDER BY md5(n))) r
			GROUP BY r.error_name
		LOOP
			IF refused.error_name <> 'number_generated' THEN
				RAISE EXCEPTION 'refused: %', refused.error_name;
			END IF;
			was_generated := was_generated + refused.count;
		END LOOP;
		SELECT * INTO usage FROM cardgen.series_usage WHERE code = 'TINY';
		IF usage.remaining > 0 AND part < 6 THEN
			PERFORM cardgen.generate_batch('TINY', (usage.remaining + 6) / 7);
		ELSIF usage.remaining > 0 THEN
			PERFORM cardgen.generate_batch('TINY', usage.remaining);
		END IF;
	END LOOP;
	SELECT a.generated, a.imported, a.whole, a.twice INTO generated, imported, whole, twice FROM pg_temp.account('TINY') a;
	missing := capacity - generated - imported;
	"left" := split_part(pg_temp.refused($call$cardgen.generate_batch('TINY', 1)$call$), E'\n', 1);
	SELECT count(*) INTO kept FROM cardgen.reserved_range;
	DELETE FROM cardgen.card WHERE series_code = 'TINY';
	PERFORM cardgen.remove_batch(batch_id) FROM cardgen.batch WHERE series_code = 'TINY';
	UPDATE cardgen.series_counter SET next_ordinal = 0, passed_over = 0 WHERE series_code = 'TINY';
	PERFORM cardgen.drop_series('TINY');
END $$;

SELECT f AS format, u.* FROM unnest(ARRAY[
	$$3, 'AB'$$,
	$$3, 'AB', method => 'sequential'$$,
	$$3, 'AB', method => 'sequential', card_offset => 7$$,
	$$4, 'B', 'z', check_digit => 'luhn'$$,
	$$4, '97', check_digit => 'gs1', method => 'sequential'$$,
	$$4, '9', check_digit => 'mod7', method => 'sequential', card_offset => 990$$,
	$$4, 'T', alphabet => 'XYZ7'$$,
	$$9, alphabet => 'BA', method => 'sequential'$$,
	$$2, 'word', alphabet => '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', method => 'sequential'$$]) WITH ORDINALITY AS f (f, i), pg_temp.use_up(f) u ORDER BY i;

-- The one that is left
SELECT code FROM cardgen.create_series('FEW', 'Few cards', 3, 'FEW');
SELECT pg_temp.fix_key('FEW');
CREATE TEMP TABLE few AS SELECT n, i FROM unnest(pg_temp.numbers_of('FEW')) WITH ORDINALITY AS a (n, i);
SELECT count(*) FROM cardgen.import_cards('FEW', ARRAY(SELECT n FROM few WHERE i <> 617));
SELECT * FROM pg_temp.account('FEW');
SELECT pg_temp.refused($$cardgen.generate_batch('FEW', 2)$$);
SELECT cardgen.classify_number(n) FROM few WHERE i = 617;
SELECT number, number = (SELECT n FROM few WHERE i = 617) AS is_left FROM cardgen.generate_cards('FEW', 1);
SELECT * FROM pg_temp.account('FEW');
SELECT pg_temp.refused($$cardgen.generate_batch('FEW', 1)$$);
SELECT count(*) FROM cardgen.reserved_range;
SELECT error_name, count(*) FROM cardgen.import_cards('FEW', ARRAY(SELECT n FROM few)) GROUP BY error_name ORDER BY error_name;

-- A running number of another system is taken over, in parts and in disorder
SELECT code FROM cardgen.create_series('RUN', 'Running number', 9, 'R', method => 'sequential', card_offset => 1);
SELECT count(*) FROM generate_series(0, 1) AS part, cardgen.import_cards('RUN', ARRAY(
	SELECT 'R' || lpad(n::text, 9, '0') FROM generate_series(part * 100000 + 1, part * 100000 + 100000) n));
SELECT next_ordinal, passed_over, (SELECT count(*) FROM cardgen.reserved_range) AS ranges FROM cardgen.series_counter WHERE series_code = 'RUN';
SELECT number FROM cardgen.generate_cards('RUN', 2);
SELECT part, count(number) FROM unnest(ARRAY[3, 0, 4, 1, 2]) AS part, cardgen.import_cards('RUN', ARRAY(
	SELECT 'R' || lpad(n::text, 9, '0') FROM generate_series(3000001, 3001000) n WHERE n % 5 = part ORDER BY md5(n::text))) GROUP BY part;
SELECT count(*) FROM generate_series(3, 0, -1) AS part, cardgen.import_cards('RUN', ARRAY(
	SELECT 'R' || lpad(n::text, 9, '0') FROM generate_series(4000001, 4000400) n WHERE (n - 1) / 100 % 4 = part));
SELECT * FROM cardgen.reserved_range WHERE series_code = 'RUN' ORDER BY first_ordinal;
SELECT count(*) FROM cardgen.import_cards('RUN', ARRAY['R003000000', 'R003001001', 'R003001003', 'R003000998', 'R003001001', 'R000200005']);
SELECT * FROM cardgen.reserved_range WHERE series_code = 'RUN' ORDER BY first_ordinal;
SELECT count(*) FROM cardgen.import_cards('RUN', ARRAY['R003001002']);
SELECT * FROM cardgen.reserved_range WHERE series_code = 'RUN' ORDER BY first_ordinal;
SELECT next_ordinal, passed_over FROM cardgen.series_counter WHERE series_code = 'RUN';
SELECT min(number), max(number) FROM cardgen.generate_cards('RUN', 5);
SELECT * FROM cardgen.series_usage WHERE code = 'RUN';

-- More ranges than are read at a time
SELECT count(*) FROM cardgen.import_cards('RUN', ARRAY(SELECT 'R' || lpad(n::text, 9, '0') FROM generate_series(5000001, 5060000) n WHERE n % 2 = 0));
SELECT count(*) FROM cardgen.reserved_range WHERE series_code = 'RUN' AND first_ordinal >= 5000000;
SELECT count(*) FROM cardgen.import_cards('RUN', ARRAY(SELECT 'R' || lpad(n::text, 9, '0') FROM generate_series(5000002, 5059999) n WHERE n % 2 = 1));
SELECT first_ordinal, end_ordinal FROM cardgen.reserved_range WHERE series_code = 'RUN' AND first_ordinal >= 5000000;

-- What is below the counter and free
SELECT code FROM cardgen.create_series('LANE', 'Lanes', 4, 'L', method => 'sequential');
UPDATE cardgen.series_counter SET next_ordinal = 40 WHERE series_code = 'LANE';
INSERT INTO cardgen.free_range VALUES ('LANE', 5, 10), ('LANE', 12, 13), ('LANE', 20, 30), ('LANE', 31, 31), ('LANE', 36, 40);
SELECT * FROM cardgen.series_usage WHERE code = 'LANE';
SELECT count(*) FROM cardgen.import_cards('LANE', ARRAY(SELECT 'L' || lpad(n::text, 4, '0') FROM unnest(ARRAY[5, 9, 12, 20, 22, 23, 39, 40, 41]) n));
SELECT first_ordinal, end_ordinal FROM cardgen.free_range WHERE series_code = 'LANE' ORDER BY end_ordinal;
SELECT next_ordinal, passed_over FROM cardgen.series_counter WHERE series_code = 'LANE';
SELECT * FROM cardgen.series_usage WHERE code = 'LANE';
SELECT * FROM cardgen.import_cards('LANE', ARRAY['L0005', 'L0040', 'L0020']);
SELECT * FROM cardgen.import_cards('LANE', ARRAY(SELECT 'L' || lpad(n::text, 4, '0') FROM unnest(ARRAY[24, 25, 26, 27, 28, 29]) n));
SELECT first_ordinal, end_ordinal FROM cardgen.free_range WHERE series_code = 'LANE' ORDER BY end_ordinal;
SELECT count(*), min(number), max(number) FROM generate_series(1, 8), cardgen.issue_new_card('LANE', 'c' || generate_series);
SELECT * FROM cardgen.series_usage WHERE code = 'LANE';
SELECT count(*), count(DISTINCT ordinal) FROM cardgen.card WHERE series_code = 'LANE';
SELECT number FROM cardgen.generate_cards('LANE', 1);

-- Numbers that were generated or skipped, and are cards no longer
SELECT code FROM cardgen.create_series('GONE', 'Gone', 4, 'X', method => 'sequential');
SELECT batch_id AS first FROM cardgen.generate_batch('GONE', 5) \gset
SELECT batch_id AS second FROM cardgen.generate_batch('GONE', 5) \gset
SELECT cardgen.skip_numbers('GONE', 5);
SELECT customer_id FROM cardgen.issue_card('X0002', 'ann');
SELECT position, number, error_name FROM cardgen.import_cards('GONE', ARRAY(SELECT 'X' || lpad(n::text, 4, '0') FROM generate_series(0, 16) n WHERE n NOT IN (0, 12)));
SELECT cardgen.remove_batch(:first);
SELECT position, number, error_name FROM cardgen.import_cards('GONE', ARRAY(SELECT 'X' || lpad(n::text, 4, '0') FROM generate_series(0, 16) n));
SELECT number, batch_id IS NULL AS imported, ordinal, status FROM cardgen.card WHERE series_code = 'GONE' ORDER BY number;
SELECT * FROM cardgen.series_usage WHERE code = 'GONE';
SELECT cardgen.classify_number('X0001'), cardgen.classify_number('X0017');
SELECT number FROM cardgen.generate_cards('GONE', 1);

-- A number below the offset takes nothing from the series
SELECT code FROM cardgen.create_series('OFF', 'Offset', 4, 'O', method => 'sequential', card_offset => 9990);
SELECT * FROM cardgen.import_cards('OFF', ARRAY['O0001', 'O9989', 'O9991']);
SELECT number, ordinal FROM cardgen.card WHERE series_code = 'OFF' ORDER BY number;
SELECT * FROM cardgen.series_usage WHERE code = 'OFF';
SELECT string_agg(number, ' ') FROM cardgen.generate_cards('OFF', 9);
SELECT * FROM pg_temp.account('OFF');

-- Ranges that overlap, or that reach beyond the series, were written by hand
SELECT code FROM cardgen.create_series('HAND', 'By hand', 4, 'H', method => 'sequential');
SELECT cardgen.skip_numbers('HAND', 10);
CREATE TEMP TABLE by_hand (call text);
INSERT INTO by_hand VALUES ('generate_batch(''HAND'', 5)'), ('issue_new_cards(''HAND'', ARRAY[''ann'', ''bob'', ''cem'', ''dee'', ''eve''])');
BEGIN;
INSERT INTO cardgen.reserved_range VALUES ('HAND', 12, 9223372036854775807);
SELECT pg_temp.refused('cardgen.' || call) FROM by_hand;
ROLLBACK;
BEGIN;
INSERT INTO cardgen.reserved_range VALUES ('HAND', 12, 50), ('HAND', 20, 30);
SELECT pg_temp.refused('cardgen.' || call) FROM by_hand;
ROLLBACK;

DROP EXTENSION cardgen;
