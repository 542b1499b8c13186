\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = warning;

-- Thousands of new cards in one transaction take their numbers from the counter by blocks. What is left of them is given back:
-- every number below the counter is a card's, and the next one goes on behind it
CREATE FUNCTION pg_temp.make(series_code text, length int, suffix text = '') RETURNS text LANGUAGE sql AS $$
	SELECT code FROM cardgen.create_series(series_code, series_code, length, series_code, suffix, method => 'sequential', max_active_cards => 2147483647)
$$;
CREATE FUNCTION pg_temp.exactness() RETURNS TABLE (code text, generated bigint, cards bigint, next_ordinal bigint, free bigint, remaining boolean) LANGUAGE sql AS $$
	SELECT u.code, u.generated,
		(SELECT count(DISTINCT ordinal) FROM cardgen.card d WHERE d.series_code = u.code) + (SELECT coalesce(sum(card_count), 0) FROM cardgen.batch b WHERE b.series_code = u.code),
		c.next_ordinal, (SELECT coalesce(sum(f.end_ordinal - f.first_ordinal), 0) FROM cardgen.free_range f WHERE f.series_code = u.code),
		u.remaining = u.capacity - u.generated
	FROM cardgen.series_usage u JOIN cardgen.series_counter c ON c.series_code = u.code ORDER BY 1
$$;
SELECT pg_temp.make('A', 8), pg_temp.make('B', 8);
SELECT count(cardgen.issue_new_card('A', 'a' || n)) FROM generate_series(1, 30000) AS n;
SELECT * FROM pg_temp.exactness();
SELECT cardgen.classify_number('A00029999'), cardgen.classify_number('A00030000');
SELECT number FROM cardgen.issue_new_card('A', 'a');
BEGIN;
SELECT count(cardgen.issue_new_card('A', 'a' || n)) FROM generate_series(1, 1000) AS n;
ROLLBACK;
SELECT * FROM pg_temp.exactness();
SELECT number FROM cardgen.issue_new_card('A', 'a');

-- Savepoints rolled back in between, one within the other, and errors
BEGIN;
SELECT count(cardgen.issue_new_card('B', 'b' || n)) FROM generate_series(1, 100) AS n;
SAVEPOINT one;
SELECT count(cardgen.issue_new_card('B', 'b' || n)) FROM generate_series(1, 100) AS n;
SAVEPOINT two;
SELECT count(cardgen.issue_new_card('B', 'b' || n)) FROM generate_series(1, 1000) AS n;
ROLLBACK TO two;
SELECT number FROM cardgen.issue_new_card('B', 'b');
ROLLBACK TO one;
SELECT number FROM cardgen.issue_new_card('B', 'b');
SAVEPOINT three;
SELECT count(cardgen.issue_new_card('B', 'b' || n)) FROM generate_series(1, 500) AS n;
RELEASE three;
ROLLBACK TO one;
SELECT number FROM cardgen.issue_new_card('B', 'b');
COMMIT;
SELECT * FROM pg_temp.exactness();
DO $$
DECLARE
	made int := 0;
BEGIN
	FOR i IN 1 .. 400 LOOP
		BEGIN
			PERFORM cardgen.issue_new_card(CASE i % 2 WHEN 0 THEN 'A' ELSE 'B' END, 'c' || i) FROM generate_series(1, i % 7 * 20);
			IF i % 3 = 0 THEN
				RAISE division_by_zero;
			END IF;
			made := made + i % 7 * 20;
			BEGIN
				PERFORM cardgen.issue_new_card('B', CASE i % 5 WHEN 0 THEN '' ELSE 'd' || i END);
				made := made + 1;
			EXCEPTION WHEN invalid_parameter_value THEN
			END;
		EXCEPTION WHEN division_by_zero THEN
		END;
	END LOOP;
	RAISE WARNING 'made %', made;
	IF (SELECT count(*) FROM cardgen.card WHERE customer_id ~ '^[cd]') <> made THEN
		RAISE 'there are others';
	END IF;
END $$;
SELECT code, generated = cards AS exact, generated = next_ordinal - free AS counted, remaining FROM pg_temp.exactness();
SELECT count(*) FROM cardgen.card WHERE number <> series_code || lpad(ordinal::text, 8, '0');

-- A batch, many cards at once and a skip in between; the block goes back first
BEGIN;
SELECT count(cardgen.issue_new_card('A', 'e' || n)) FROM generate_series(1, 200) AS n;
SELECT card_count FROM cardgen.generate_batch('A', 3);
SELECT first_ordinal - (SELECT max(ordinal) FROM cardgen.card WHERE series_code = 'A') AS distance FROM cardgen.batch;
SELECT count(cardgen.issue_new_card('A', 'e' || n)) FROM generate_series(1, 200) AS n;
SELECT count(number) FROM cardgen.issue_new_cards('A', '{e,e,e}');
SELECT count(cardgen.issue_new_card('A', 'e' || n)) FROM generate_series(1, 200) AS n;
SELECT cardgen.skip_numbers('A', 5);
SELECT count(cardgen.issue_new_card('A', 'e' || n)) FROM generate_series(1, 200) AS n;
COMMIT;
SELECT code, generated - cards AS skipped, generated = next_ordinal - free AS counted, remaining FROM pg_temp.exactness() WHERE code = 'A';

-- More series than there is room for blocks
SELECT count(pg_temp.make('C' || chr(64 + n), 8)) FROM generate_series(1, 20) AS n;
BEGIN;
SELECT count(cardgen.issue_new_card('C' || chr(64 + n), 'f' || i)) FROM generate_series(1, 100) AS i, generate_series(1, 12) AS n;
SELECT count(cardgen.issue_new_card('C' || chr(64 + n), 'f' || i)) FROM generate_series(1, 9) AS n, generate_series(1, 300) AS i;
SELECT count(cardgen.issue_new_card('C' || chr(64 + n), 'f' || i)) FROM generate_series(1, 300) AS i, generate_series(9, 20) AS n;
COMMIT;
SELECT generated, bool_and(generated = cards AND generated = next_ordinal - free AND remaining) AS exact, string_agg(code, ' ' ORDER BY code)
	FROM pg_temp.exactness() WHERE code LIKE 'C_' GROUP BY 1 ORDER BY 1;

-- The last numbers of a series, in a transaction that takes blocks
SELECT pg_temp.make('D', 3, 'D');
BEGIN;
DO $$
DECLARE
	refused int := 0;
BEGIN
	FOR i IN 1 .. 1050 LOOP
		BEGIN
			PERFORM cardgen.issue_new_card('D', 'g' || i);
		EXCEPTION WHEN sequence_generator_limit_exceeded THEN
			refused := refused + 1;
		END;
	END LOOP;
	RAISE WARNING 'refused %', refused;
END $$;
COMMIT;
SELECT * FROM pg_temp.exactness() WHERE code = 'D';

-- Past imported numbers
SELECT pg_temp.make('E', 8);
SELECT count(*) FROM cardgen.import_cards('E', ARRAY(SELECT 'E' || lpad(n::text, 8, '0') FROM generate_series(100, 2000, 7) AS n));
BEGIN;
SELECT count(cardgen.issue_new_card('E', 'h' || n)) FROM generate_series(1, 3000) AS n;
COMMIT;
SELECT count(*), count(DISTINCT ordinal), max(ordinal) FROM cardgen.card WHERE series_code = 'E' AND customer_id LIKE 'h%';
SELECT code, generated, cards, next_ordinal, free FROM pg_temp.exactness() WHERE code = 'E';

-- Also by a transaction that has become a read-only one meanwhile
SELECT pg_temp.make('R', 8);
BEGIN;
SELECT count(cardgen.issue_new_card('R', 'r' || n)) FROM generate_series(1, 100) AS n;
SET TRANSACTION READ ONLY;
COMMIT;
SELECT code, generated, cards, next_ordinal, free FROM pg_temp.exactness() WHERE code = 'R';

-- A cursor that has sorted them does not return those that were rolled back: the next call has their numbers
SELECT pg_temp.make('CURSOR', 12);
BEGIN;
DECLARE sorted CURSOR FOR SELECT (cardgen.issue_new_card('CURSOR', 'c' || n)).number FROM generate_series(1, 3) AS n ORDER BY 1;
SAVEPOINT before_first_row;
FETCH 1 FROM sorted;
ROLLBACK TO SAVEPOINT before_first_row;
FETCH ALL FROM sorted;
ROLLBACK;

-- Many series in turn: each gives its numbers by blocks all the same, so the counter is moved seldom
SELECT count(pg_temp.make('T' || n, 8, 'T')) FROM generate_series(1, 30) AS n;
BEGIN;
SELECT count(cardgen.issue_new_card('T' || n % 30 + 1, 't' || n)) FROM generate_series(1, 9000) AS n;
SELECT n_tup_upd < 9000 AS seldom FROM pg_stat_xact_user_tables WHERE relid = 'cardgen.series_counter'::regclass;
COMMIT;
SELECT count(*) FROM pg_temp.exactness() WHERE code ~ '^T' AND generated = 300 AND cards = 300 AND next_ordinal = 300 AND remaining;

-- A session with many short transactions moves the counter seldom: while an old snapshot is open, its row has few versions
SELECT pg_temp.make('OFTEN', 8);
DO $$
BEGIN
	FOR n IN 1 .. 300 LOOP
		PERFORM cardgen.issue_new_card('OFTEN', 'f' || n);
		COMMIT;
	END LOOP;
END $$;
SELECT * FROM pg_temp.exactness() WHERE code = 'OFTEN';
SELECT number FROM cardgen.issue_new_card('OFTEN', 'f');
SELECT * FROM cardgen.free_range WHERE series_code = 'OFTEN';

-- An order behind new cards has all numbers that are left, those of the block, too
SELECT pg_temp.make('ORDER', 3, 'ORD');
DO $$
DECLARE
	order_id uuid;
BEGIN
	PERFORM cardgen.issue_new_card('ORDER', 'o' || n) FROM generate_series(1, 70) AS n;
	CALL cardgen.generate_order('ORDER', 930, NULL, order_id);
END $$;
SELECT code, generated, remaining FROM cardgen.series_usage WHERE code = 'ORDER';

-- A range from an older backup is not given out at the end of a series, but skipped
SELECT pg_temp.make('STALE', 1, 'STALE');
SELECT batch_id FROM cardgen.generate_batch('STALE', 8);
INSERT INTO cardgen.free_range VALUES ('STALE', 2, 5);
SELECT pg_temp.refused($$cardgen.generate_batch('STALE', 4)$$);
SELECT pg_temp.refused($$cardgen.issue_new_cards('STALE', '{a,b,c,d}')$$);
SELECT cardgen.skip_numbers('STALE', 3);
SELECT * FROM cardgen.free_range WHERE series_code = 'STALE';

-- The extension comes anew in the transaction that has a block, and the series of that is another one
BEGIN;
SELECT count(cardgen.issue_new_card('B', 'b' || n)) FROM generate_series(1, 100) AS n;
DROP EXTENSION cardgen;
CREATE EXTENSION cardgen;
SELECT pg_temp.make('B', 8);
COMMIT;
SELECT * FROM cardgen.free_range;
SELECT number FROM cardgen.issue_new_card('B', 'b');

-- A range that lies above the counter is not given out
INSERT INTO cardgen.free_range VALUES ('B', 900, 1000);
SELECT pg_temp.refused($$cardgen.issue_new_card('B', 'b')$$);
DELETE FROM cardgen.free_range;

-- A trigger on the counter that issues a card while what is left of a block is given back: it gets another one
SELECT pg_temp.make('NESTED', 8);
CREATE FUNCTION issue_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM cardgen.issue_new_card('NESTED', 'nested'); RETURN new; END $$;
CREATE TRIGGER issue_one AFTER UPDATE ON cardgen.series_counter
	FOR EACH ROW WHEN (new.series_code = 'NESTED' AND new.next_ordinal < old.next_ordinal) EXECUTE FUNCTION issue_one();
SELECT count(cardgen.issue_new_card('NESTED', 'n' || n)) FROM generate_series(1, 300) AS n;
DROP TRIGGER issue_one ON cardgen.series_counter;
SELECT count(cardgen.issue_new_card('NESTED', 'o' || n)) FROM generate_series(1, 300) AS n;
SELECT cards FROM pg_temp.exactness() WHERE code = 'NESTED';
DROP FUNCTION issue_one;

-- The extension goes in the transaction that has a block
BEGIN;
SELECT count(cardgen.issue_new_card('B', 'b' || n)) FROM generate_series(1, 100) AS n;
DROP EXTENSION cardgen;
COMMIT;
SELECT count(*) FROM pg_extension WHERE extname = 'cardgen';
DROP EXTENSION IF EXISTS cardgen;
