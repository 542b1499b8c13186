\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential', max_active_cards => 2147483647, card_expiry_days => 9);
SELECT cardgen.create_status_label('Second ' || status, status) FROM unnest(enum_range(NULL::cardgen.card_status)) AS status;
SELECT card_count FROM cardgen.generate_batch('GOLD', 200);

-- The next card, brought to a status
CREATE FUNCTION pg_temp.card_of(status text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	number text;
BEGIN
	SELECT min(g.number) INTO number FROM cardgen.generated_card g
		WHERE NOT EXISTS (SELECT FROM cardgen.card c WHERE c.number = g.number);
	IF status = 'not_issued' THEN
		PERFORM cardgen.set_card_status(number, 'Second not_issued');
		PERFORM cardgen.set_card_status(number, 'NOT_ISSUED');
		RETURN number;
	END IF;
	PERFORM cardgen.issue_card(number, 'ann', CASE WHEN status IN ('active', 'suspended') THEN 'ACTIVE' ELSE 'ISSUED' END);
	IF status IN ('suspended', 'expired', 'deleted') THEN
		PERFORM cardgen.set_card_status(number, upper(status COLLATE "C"));
	END IF;
	RETURN number;
END $$;

-- Changes a card from a status to a label; looks what became of the card and of the log.
CREATE FUNCTION pg_temp.change(from_status text, to_label text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	the_number text := pg_temp.card_of(from_status);
	before cardgen.card;
	returned cardgen.card;
	expected cardgen.card;
	stored cardgen.card;
	logged bigint := (SELECT count(*) FROM cardgen.card_status_log);
	answer text;
BEGIN
	SELECT * INTO before FROM cardgen.card WHERE number = the_number;
	expected := before;
	BEGIN
		returned := cardgen.set_card_status(the_number, to_label, 'for a test');
		answer := 'yes';
		SELECT status, label INTO expected.status, expected.status_label FROM cardgen.status_label WHERE label = to_label;
		logged := logged + 1;
		IF returned IS DISTINCT FROM expected THEN
			answer := 'wrong answer';
		END IF;
		IF NOT EXISTS (SELECT FROM cardgen.card_status_log
					   WHERE number = the_number AND from_label = before.status_label AND card_status_log.to_label = change.to_label
					   AND changed_on BETWEEN now() AND clock_timestamp() AND changed_by = session_user AND reason = 'for a test') THEN
			answer := 'not logged';
		END IF;
	EXCEPTION WHEN OTHERS THEN
		answer := SQLSTATE;
	END;
	SELECT * INTO stored FROM cardgen.card WHERE number = the_number;
	IF stored IS DISTINCT FROM expected THEN
		answer := answer || ', wrong card';
	END IF;
	IF (SELECT count(*) FROM cardgen.card_status_log) <> logged THEN
		answer := answer || ', wrong log';
	END IF;
	RETURN answer;
END $$;

-- From each status to each
SELECT from_status, pg_temp.change(from_status, 'NOT_ISSUED') AS not_issued, pg_temp.change(from_status, 'ISSUED') AS issued,
	pg_temp.change(from_status, 'ACTIVE') AS active, pg_temp.change(from_status, 'SUSPENDED') AS suspended,
	pg_temp.change(from_status, 'EXPIRED') AS expired, pg_temp.change(from_status, 'DELETED') AS deleted
	FROM unnest(enum_range(NULL::cardgen.card_status)::text[]) AS from_status;

-- The same with another label of each
SELECT from_status, pg_temp.change(from_status, 'Second not_issued') AS not_issued, pg_temp.change(from_status, 'Second issued') AS issued,
	pg_temp.change(from_status, 'Second active') AS active, pg_temp.change(from_status, 'Second suspended') AS suspended,
	pg_temp.change(from_status, 'Second expired') AS expired, pg_temp.change(from_status, 'Second deleted') AS deleted
	FROM unnest(enum_range(NULL::cardgen.card_status)::text[]) AS from_status;

-- A card that is only in its batch's list yet gets a row of its own
SELECT number, status, status_label FROM cardgen.find_card('G00000199');
SELECT count(*) FROM cardgen.card WHERE number = 'G00000199';
SELECT number, status, status_label, customer_id, issued_on, expires_on FROM cardgen.set_card_status('G00000199', 'Second not_issued', 'misprint');
SELECT number, status, status_label FROM cardgen.find_card('G00000199');
SELECT from_label, to_label, reason FROM cardgen.card_status_log WHERE number = 'G00000199';

-- By name and by position, with a reason and without, in a loop of changes
SELECT number, status FROM cardgen.issue_card('G00000198', 'ann');
SELECT number, status FROM cardgen.set_card_status('G00000198', 'ACTIVE');
SELECT number, status FROM cardgen.set_card_status(reason => 'stolen?', status_label => 'SUSPENDED', number => 'G00000198');
SELECT number, status FROM cardgen.set_card_status('G00000198', 'Second active', NULL);
SELECT number, status FROM cardgen.set_card_status('G00000198', 'Second suspended', '');
SELECT number, status FROM cardgen.set_card_status('G00000198', 'DELETED', repeat('r', 1000));
SELECT from_label, to_label, left(reason, 10) AS reason, length(reason), changed_by = session_user AS by_me, changed_on <= clock_timestamp() AS in_the_past
	FROM cardgen.card_status_log WHERE number = 'G00000198' ORDER BY change_id;

-- Issuing is logged as any change, from the label of the batch, of the card itself, or the default one
SELECT cardgen.set_batch_label(batch_id, 'Second not_issued') FROM cardgen.batch;
SELECT number, status_label FROM cardgen.issue_card('G00000197', 'ann');
SELECT number, status_label FROM cardgen.set_card_status('G00000196', 'NOT_ISSUED', 'back again');
SELECT number, status_label FROM cardgen.issue_card('G00000196', 'ann', 'Second active');
SELECT number, status_label FROM cardgen.issue_new_card('GOLD', 'ann', 'Second issued');
SELECT number, from_label, to_label, reason FROM cardgen.card_status_log WHERE number IN ('G00000196', 'G00000197', 'G00000200') ORDER BY number, change_id;

-- The log tells who it was, a role that has nothing but the one function
CREATE ROLE regress_cardgen_backend;
GRANT USAGE ON SCHEMA cardgen TO regress_cardgen_backend;
GRANT EXECUTE ON FUNCTION cardgen.set_card_status TO regress_cardgen_backend;
SET SESSION AUTHORIZATION regress_cardgen_backend;
SELECT (cardgen.set_card_status('G00000197', 'ACTIVE')).status;
RESET SESSION AUTHORIZATION;
SELECT from_label, to_label, nullif(changed_by, session_user) AS changed_by FROM cardgen.card_status_log WHERE number = 'G00000197' ORDER BY change_id;
DROP OWNED BY regress_cardgen_backend;
DROP ROLE regress_cardgen_backend;

-- A change that is rolled back is not logged
BEGIN;
SELECT (cardgen.set_card_status('G00000197', 'SUSPENDED')).status;
ROLLBACK;
SELECT count(*) FROM cardgen.card_status_log WHERE number = 'G00000197';

-- What the refusals say
\pset format unaligned
\pset tuples_only on
SELECT cardgen.set_batch_label(batch_id, 'NOT_ISSUED') FROM cardgen.batch;
CREATE TEMP TABLE card_in (status text, number text);
DO $$
DECLARE
	status text;
BEGIN
	FOREACH status IN ARRAY enum_range(NULL::cardgen.card_status)::text[] LOOP
		INSERT INTO card_in VALUES (status, pg_temp.card_of(status));
	END LOOP;
END $$;
SELECT replace(pg_temp.refused(format('cardgen.set_card_status(%L, %L)', number, upper(to_status::text COLLATE "C"))), number, 'G...')
	FROM card_in, unnest(enum_range(NULL::cardgen.card_status)) AS to_status
	WHERE (status, to_status) NOT IN (('issued', 'active'), ('issued', 'suspended'), ('issued', 'expired'), ('issued', 'deleted'),
		('active', 'suspended'), ('active', 'expired'), ('active', 'deleted'),
		('suspended', 'active'), ('suspended', 'expired'), ('suspended', 'deleted'))
	ORDER BY status::cardgen.card_status, to_status;

DROP EXTENSION cardgen;
