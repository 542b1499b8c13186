\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 10, 'G', method => 'sequential');
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 10, 'S');
SELECT cardgen.create_status_label('Card printed', 'not_issued');
ALTER SEQUENCE cardgen.batch_id_seq RESTART 42;

-- generate_batch answers with the batch
SELECT batch_id, series_code, series_name, generated_on = now() AS now, card_count, status_label,
	expires_on = now() + '30 days' AS in_30_days
	FROM cardgen.generate_batch('GOLD', 3)
\gx
SELECT batch_id, series_code, series_name, generated_on = now() AS now, card_count, status_label,
	expires_on = now() + '30 days' AS in_30_days
	FROM cardgen.generate_batch(status_label => 'Card printed', request_id => '6e7f0a52-0000-4000-8000-000000000001',
								card_count => 2, series_code => 'GOLD')
\gx

-- generate_cards does the same and answers with the numbers
SELECT * FROM cardgen.generate_cards('GOLD', 4);
SELECT * FROM cardgen.generate_cards('GOLD', 1, 'Card printed', '6e7f0a52-0000-4000-8000-000000000002');
SELECT * FROM cardgen.generate_cards(card_count => 2, series_code => 'GOLD');

-- In the select list it streams the same rows
SELECT (cardgen.generate_cards('GOLD', 2)).number;
SELECT cardgen.generate_cards('GOLD', 2);
SELECT cardgen.generate_cards('SILVER', 3) IS NOT NULL AS is_row;

-- What is stored
SELECT batch_id, series_code, first_ordinal, card_count, status_label, generated_by = session_user AS by_me,
	request_id, requested_label
	FROM cardgen.batch ORDER BY batch_id;
SELECT batch_id, array_agg(number ORDER BY number) FROM cardgen.generated_card WHERE number LIKE 'G%' GROUP BY batch_id ORDER BY batch_id;
SELECT batch_id, series_name, series_code, generated_on <= now() AS in_the_past, card_count, status_label,
	generated_by = session_user AS by_me, expires_on - generated_on > '29 days' AS is_kept
	FROM cardgen.generated_batches ORDER BY batch_id;
SELECT code, generated FROM cardgen.series_usage ORDER BY code;

-- Every number that was ever returned is new
SELECT count(*), count(DISTINCT number) FROM cardgen.generated_card;

-- 1 and the most a call makes
SELECT card_count FROM cardgen.generate_batch('SILVER', 1);
SELECT card_count FROM cardgen.generate_batch('SILVER', 100000);
SELECT count(*), count(DISTINCT number), count(DISTINCT batch_id) FROM cardgen.generate_cards('SILVER', 100000);
SELECT batch_id, v.* FROM cardgen.batch b, cardgen.verify_batch(b.batch_id) v WHERE b.series_code = 'SILVER' ORDER BY batch_id;
SELECT count(*), count(DISTINCT number) FROM cardgen.generated_card;

-- Batches of a series adjoin, whatever was generated in between
SELECT series_code, bool_and(first_ordinal = before) AS adjoin, sum(card_count)
	FROM (SELECT *, coalesce(sum(card_count) OVER (PARTITION BY series_code ORDER BY first_ordinal
												   ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
		  FROM cardgen.batch) AS b
	GROUP BY series_code ORDER BY series_code;

-- A rolled back batch leaves nothing, and its range is used by the next one
BEGIN;
SELECT number FROM cardgen.generate_cards('GOLD', 2);
ROLLBACK;
SELECT cardgen.classify_number('G0000000016');
SELECT count(*) FROM cardgen.generated_card WHERE number IN ('G0000000016', 'G0000000017');
SELECT count(*) FROM cardgen.batch WHERE series_code = 'GOLD' AND first_ordinal >= 16;
SELECT number FROM cardgen.generate_cards('GOLD', 2);

-- The same for a batch that is rolled back to a savepoint
BEGIN;
SELECT number FROM cardgen.generate_cards('GOLD', 1);
SAVEPOINT between_batches;
SELECT number FROM cardgen.generate_cards('GOLD', 2);
ROLLBACK TO SAVEPOINT between_batches;
SELECT number FROM cardgen.generate_cards('GOLD', 1);
RELEASE SAVEPOINT between_batches;
COMMIT;
SELECT number FROM cardgen.generate_cards('GOLD', 1);

-- A batch is whole even if not all of its rows are fetched
SELECT number FROM (SELECT (cardgen.generate_cards('GOLD', 5)).number LIMIT 2) AS cards;
SELECT number FROM cardgen.generate_cards('GOLD', 5) LIMIT 1;
BEGIN;
DECLARE cards CURSOR FOR SELECT (cardgen.generate_cards('GOLD', 5)).number;
FETCH 2 FROM cards;
SAVEPOINT between_fetches;
FETCH 1 FROM cards;
ROLLBACK TO SAVEPOINT between_fetches;
CLOSE cards;
COMMIT;
BEGIN;
DECLARE kept CURSOR WITH HOLD FOR SELECT (cardgen.generate_cards('GOLD', 3)).number;
COMMIT;
FETCH ALL FROM kept;
CLOSE kept;
BEGIN;
DECLARE never_fetched CURSOR FOR SELECT (cardgen.generate_cards('GOLD', 5)).number;
COMMIT;
SELECT first_ordinal, v.* FROM cardgen.batch b, cardgen.verify_batch(b.batch_id) v
	WHERE b.series_code = 'GOLD' AND first_ordinal > 18 ORDER BY first_ordinal;

-- An open cursor goes on with its batch while others are generated, and after its savepoint is released
BEGIN;
SAVEPOINT inner_one;
DECLARE cards CURSOR FOR SELECT (cardgen.generate_cards('GOLD', 3)).number;
FETCH 1 FROM cards;
RELEASE SAVEPOINT inner_one;
SELECT number FROM cardgen.generate_cards('GOLD', 1);
FETCH ALL FROM cards;
COMMIT;

-- It does not go on with a batch that was rolled back, however its rows are kept: the next one has its numbers
BEGIN;
DECLARE streamed CURSOR FOR SELECT (cardgen.generate_cards('GOLD', 3)).number;
DECLARE collected CURSOR FOR SELECT number FROM cardgen.generate_cards('GOLD', 3);
DECLARE scrolling SCROLL CURSOR FOR SELECT number FROM cardgen.generate_cards('GOLD', 3);
DECLARE kept CURSOR WITH HOLD FOR SELECT number FROM cardgen.generate_cards('GOLD', 3);
DECLARE issued CURSOR WITH HOLD FOR SELECT number FROM cardgen.issue_new_cards('GOLD', ARRAY['ann', 'bob', 'cem']);
DECLARE other CURSOR FOR SELECT number FROM cardgen.generate_cards('GOLD', 3);
FETCH 1 FROM other;
SAVEPOINT before_first_row;
FETCH 1 FROM streamed;
FETCH 1 FROM collected;
FETCH ALL FROM scrolling;
SAVEPOINT released;
FETCH 1 FROM kept;
RELEASE SAVEPOINT released;
FETCH 1 FROM issued;
FETCH 1 FROM other;
ROLLBACK TO SAVEPOINT before_first_row;
FETCH 1 FROM streamed;
ROLLBACK TO SAVEPOINT before_first_row;
FETCH 1 FROM collected;
ROLLBACK TO SAVEPOINT before_first_row;
FETCH FIRST FROM scrolling;
ROLLBACK TO SAVEPOINT before_first_row;
FETCH 1 FROM kept;
ROLLBACK TO SAVEPOINT before_first_row;
FETCH 1 FROM issued;
ROLLBACK TO SAVEPOINT before_first_row;
FETCH 1 FROM other;
CLOSE collected;
SELECT number FROM cardgen.generate_cards('GOLD', 1);
COMMIT;
FETCH ALL FROM kept;
FETCH ALL FROM issued;

-- Nor does a loop, whose cursor has no name of its own
\set VERBOSITY sqlstate
DO $$
DECLARE
	card text;
BEGIN
	FOR card IN SELECT number FROM cardgen.generate_cards('GOLD', 30) LOOP
		COMMIT;
	END LOOP;
	RAISE NOTICE 'after COMMIT the loop goes on to %', card;
	FOR card IN SELECT number FROM cardgen.generate_cards('GOLD', 30) LOOP
		RAISE NOTICE 'before ROLLBACK it is %', card;
		ROLLBACK;
	END LOOP;
END $$;
\set VERBOSITY default

-- A cursor that generated within an error that was caught goes on itself, with other numbers
CREATE FUNCTION pg_temp.tried() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM cardgen.generate_batch('GOLD', 1);
	RAISE 'in vain';
EXCEPTION WHEN raise_exception THEN
	RETURN (SELECT number FROM cardgen.generate_cards('GOLD', 1));
END $$;
BEGIN;
DECLARE tried CURSOR FOR SELECT pg_temp.tried() FROM generate_series(1, 3);
FETCH 1 FROM tried;
SAVEPOINT unrelated;
ROLLBACK TO SAVEPOINT unrelated;
FETCH ALL FROM tried;
COMMIT;
SELECT number FROM cardgen.generate_cards('GOLD', 1);

-- Two batches in one statement
SELECT a.number AS a, b.number AS b FROM cardgen.generate_cards('GOLD', 2) AS a, cardgen.generate_cards('GOLD', 1) AS b ORDER BY a;
SELECT code, g.card_count FROM cardgen.series, cardgen.generate_batch(code, 2) AS g ORDER BY code;

-- As an argument of COPY: the numbers and nothing else
COPY (SELECT (cardgen.generate_cards('GOLD', 3)).number) TO STDOUT;

-- A series that is not active generates nothing until it is active again
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => false);
SELECT card_count FROM cardgen.generate_batch('GOLD', 1);
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => true);
SELECT card_count FROM cardgen.generate_batch('GOLD', 1);

-- The name of the role that calls is recorded, and it stays itself
CREATE ROLE regress_cardgen_backend;
GRANT USAGE ON SCHEMA cardgen TO regress_cardgen_backend;
GRANT EXECUTE ON FUNCTION cardgen.generate_batch, cardgen.generate_cards TO regress_cardgen_backend;
SET SESSION AUTHORIZATION regress_cardgen_backend;
SELECT card_count FROM cardgen.generate_batch('GOLD', 2);
SELECT number FROM cardgen.generate_cards('GOLD', 2);
SELECT (cardgen.generate_cards('GOLD', 2)).number;
SELECT current_user = session_user AS still_itself, current_setting('search_path');
RESET SESSION AUTHORIZATION;
SELECT generated_by, v.* FROM cardgen.batch b, cardgen.verify_batch(b.batch_id) v
	WHERE generated_by <> session_user ORDER BY first_ordinal;
DROP OWNED BY regress_cardgen_backend;
DROP ROLE regress_cardgen_backend;

DROP EXTENSION cardgen;
