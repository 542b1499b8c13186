-- Cards that another system generated: what is taken in, and what is not and why.

\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT code, length, capacity FROM cardgen.create_series('OLD', 'Old card', NULL, method => 'imported');
SELECT code, length, capacity FROM cardgen.create_series('OLDER', 'Older card', NULL, method => 'imported');
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 5, 'G', 'x', method => 'sequential', card_offset => 10, check_digit => 'luhn');
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 6, 'S', max_active_cards => 1);
SELECT cardgen.create_status_label(label, status)
	FROM (VALUES ('On shelf', 'not_issued'::cardgen.card_status), ('Handed out', 'issued'), ('Stolen', 'suspended')) AS l (label, status);

-- Numbers of any shape, with and without a customer
SELECT * FROM cardgen.import_cards('OLD',
	ARRAY['1', 'a-b/c', ' Zoe#7 ', E'\u00a0x\t', 'y', '{"z"}', repeat('q', 150), 'G0010', 'S0000'],
	ARRAY[NULL, 'ann', 'bob', NULL, 'ann', 'ann', 'ann', 'tim', NULL],
	ARRAY[NULL, NULL, 'Stolen', 'On shelf', 'DELETED', 'EXPIRED', 'ACTIVE', 'Handed out', NULL],
	ARRAY[NULL, NULL, '2020-02-29 12:00', NULL, '0001-01-01', '9999-12-31', NULL, 'epoch', NULL]::timestamptz[],
	ARRAY[NULL, NULL, '2020-03-01', NULL, 'infinity', '10000-01-01', '9999-12-31', '0001-01-01', NULL]::date[]);
SELECT left(number, 10) AS number, series_code, batch_id, ordinal, status, status_label, customer_id,
	   generated_on = current_timestamp AS now, nullif(issued_on, generated_on) AS issued_on, expires_on
	FROM cardgen.card ORDER BY number;
SELECT left(number, 10) AS number, from_label, to_label, from_customer_id, to_customer_id, changed_by = session_user AS by_me, reason
	FROM cardgen.card_status_log ORDER BY number;
SELECT count(*) FROM cardgen.reserved_range;

-- They are cards like any other
SELECT number, status, customer_id, expires_on FROM cardgen.find_card(' zoe#7');
SELECT n, cardgen.classify_number(n) FROM unnest(ARRAY['1', 'Y', 'A-B/C', 'a-b/d', 'G0011', 'zoe#7']) AS n;
SELECT number, customer_id, status FROM cardgen.issue_card('1', 'kim');
SELECT number, customer_id, status FROM cardgen.issue_card('X', 'lee', 'ACTIVE');
SELECT number, status FROM cardgen.set_card_status('zoe#7', 'ACTIVE');
SELECT number, status FROM cardgen.set_card_status('a-b/c', 'Stolen', 'lost');
SELECT number, from_label, to_label, to_customer_id, reason FROM cardgen.card_status_log WHERE number IN ('1', 'A-B/C') ORDER BY change_id;
SELECT pg_temp.refused($$cardgen.issue_card('y', 'kim')$$);
SELECT pg_temp.refused($$cardgen.generate_batch('OLD', 1)$$);
SELECT * FROM cardgen.series_usage ORDER BY code;

-- Once more: nothing is written, and each is there already
SELECT pg_temp.fingerprint() AS before \gset
SELECT position, left(number, 10) AS number, sqlstate, error_name, left(problem, 40) AS problem
	FROM cardgen.import_cards('OLD', ARRAY['1', 'a-b/c', 'zoe#7', 'x', 'y', '{"z"}', repeat('Q', 150), 'g0010', 's0000']);
SELECT position, left(number, 10) AS number, sqlstate, error_name, problem FROM cardgen.import_cards('OLDER', ARRAY['1', 'ZOE#7']);
SELECT pg_temp.fingerprint() = :'before' AS unchanged;

-- Each kind of reject; the first and the last two are taken in, one of which no
-- series can generate
SELECT position, left(number, 10) AS number, sqlstate, error_name, left(problem, 70) AS problem FROM cardgen.import_cards('OLD',
	ARRAY['good', NULL, '', ' ', 'a b', 'é', E'a\x7f', repeat('q', 151), 'r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7', 'r8', 'r9', 'r10', 'r11', 'r12',
		  'GOOD', 'S123456', 's123456', 'G00109x', 'better', 'G00110x'],
	ARRAY[NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', ' ', ' ann', repeat('c', 256), NULL, 'ann', NULL, 'ann', NULL, NULL, 'ann', 'ann',
		  NULL, NULL, 'ann', NULL, 'bob', NULL],
	ARRAY[NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 'ACTIVE', 'On shelf', 'Lost', 'active', NULL, NULL, NULL, NULL,
		  NULL, NULL, NULL, NULL, 'EXPIRED', NULL],
	ARRAY[NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2020-01-01', NULL, 'infinity', NULL,
		  NULL, NULL, NULL, NULL, NULL, NULL]::timestamptz[],
	ARRAY[NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '2030-01-01', NULL, '-infinity',
		  NULL, NULL, NULL, NULL, NULL, NULL]::date[]);
SELECT t AS issued_on, r.sqlstate, r.error_name, r.problem
	FROM unnest(ARRAY['infinity', '-infinity', '10000-01-01', '0001-01-01 BC']::timestamptz[]) AS t,
		 cardgen.import_cards('OLD', ARRAY['r1'], ARRAY['ann'], issued_on => ARRAY[t]) AS r;
SELECT number, status, customer_id FROM cardgen.card WHERE number IN ('GOOD', 'BETTER', 'G00110X') OR number LIKE 'R%' ORDER BY number;

-- A repeated number counts from the first one that can be taken in
SELECT * FROM cardgen.import_cards('OLD', ARRAY['twice', 'Twice', ' TWICE ', 'twice'], ARRAY[' ', 'ann', 'bob', ' ']);
SELECT number, customer_id FROM cardgen.card WHERE number = 'TWICE';

-- A series' own numbers
SELECT * FROM cardgen.import_cards('GOLD', ARRAY['G00109x', ' g00117X', 'G00000X', 'G00034X', 'G00018X', 'G0010', 'S123456', 'OTHER', 'G0010AX', 'G00110X']);
SELECT number, ordinal, status FROM cardgen.card WHERE series_code = 'GOLD' ORDER BY number;
SELECT * FROM cardgen.series_usage WHERE code = 'GOLD';
SELECT number FROM cardgen.generate_cards('GOLD', 3);
SELECT * FROM cardgen.import_cards('GOLD', ARRAY['G00109x', 'G00125x', 'g00000x']);
SELECT pg_temp.refused($$cardgen.drop_series('GOLD')$$);

-- Limits are not applied, nor need the series be active
SELECT number FROM cardgen.alter_series('SILVER', is_active => false), cardgen.import_cards('SILVER', ARRAY['s000001', 's000002', 's000003'], ARRAY['max', 'max', 'max'], ARRAY[NULL, 'ACTIVE', 'SUSPENDED']);
SELECT number, status FROM cardgen.card WHERE customer_id = 'max' ORDER BY number;
SELECT code FROM cardgen.alter_series('SILVER', is_active => true);
SELECT pg_temp.refused($$cardgen.issue_new_card('SILVER', 'max')$$);

-- A new series must not have the numbers that there are
SELECT count(*) FROM cardgen.import_cards('OLDER', ARRAY['club001', 'Club002', 'CLUB003', 'CLUBABC', 'CLUB0004', 'XCLUB005'], ARRAY[NULL, 'ann', NULL, NULL, NULL, NULL]);
SELECT count(*) FROM cardgen.import_cards('OLD', ARRAY['CLUB004', 'CLUZ005', 'CLUA005', '4000006', '4000013']);
SELECT pg_temp.refused($$cardgen.create_series('CLUB', 'Club', 3, 'club')$$);
SELECT pg_temp.refused($$cardgen.create_series('CLUB', 'Club', 7, alphabet => 'ABCLU')$$);
SELECT pg_temp.refused($$cardgen.create_series('CARD', 'Card', 7, check_digit => 'luhn')$$);
SELECT pg_temp.refused($$cardgen.create_series('CARD', 'Card', 7)$$);
SELECT code FROM cardgen.create_series('CLUB', 'Club', 4, 'CLUBS');
SELECT code FROM cardgen.create_series('CARD', 'Card', 7, alphabet => 'DEF');

-- Arrays that no call can have
SELECT pg_temp.refused('cardgen.import_cards(' || arguments || ')') AS answer FROM unnest(ARRAY[
	$$NULL, ARRAY['n']$$,
	$$'old', ARRAY['n']$$,
	$$'OLD', NULL$$,
	$$'OLD', ARRAY['n'], ARRAY['ann', 'bob']$$,
	$$'OLD', ARRAY['n'], '{}'$$,
	$$'OLD', ARRAY['n', 'm'], NULL, ARRAY['ACTIVE']$$,
	$$'OLD', ARRAY['n', 'm'], issued_on => ARRAY[now()]$$,
	$$'OLD', ARRAY['n', 'm'], expires_on => ARRAY[current_date]$$,
	$$'OLD', ARRAY[['n', 'm'], ['o', 'p']]$$,
	$$'OLD', ARRAY['n', 'm'], ARRAY[['ann', 'bob']]$$,
	$$'OLD', array_fill('n'::text, ARRAY[100001])$$]) AS arguments;
SELECT * FROM cardgen.import_cards('OLD', '{}');
SELECT * FROM cardgen.import_cards('OLD', '{}', '{}', '{}', '{}', '{}');
SELECT * FROM cardgen.import_cards('OLD', '[7:8]={n7,n7}', '[-1:0]={ann,bob}');
SELECT count(*), count(DISTINCT error_name), min(position), max(position) FROM cardgen.import_cards('OLD', array_fill('n7'::text, ARRAY[100000]));
SELECT count(*), min(position), max(position) FROM cardgen.import_cards('OLD', array_fill(NULL::text, ARRAY[100000]));

-- Rows that an INSERT has to make
CREATE FUNCTION pg_temp.leave() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER leave BEFORE INSERT ON cardgen.card FOR EACH ROW EXECUTE FUNCTION pg_temp.leave();
CREATE TRIGGER leave BEFORE INSERT ON cardgen.card_status_log FOR EACH ROW EXECUTE FUNCTION pg_temp.leave();
SELECT * FROM cardgen.import_cards('OLD', ARRAY['t' || 1, 't2', 't3', 't2'], ARRAY['ann', NULL, 'bob', NULL], ARRAY['ACTIVE', NULL, NULL, NULL]);
SELECT count(*) FROM cardgen.import_cards('SILVER', ARRAY(SELECT 'S' || n FROM generate_series(500000, 500249) n), array_fill('zoe'::text, ARRAY[250]));
DROP TRIGGER leave ON cardgen.card;
DROP TRIGGER leave ON cardgen.card_status_log;
SELECT number, status, customer_id, l.to_label, l.reason
	FROM cardgen.card LEFT JOIN cardgen.card_status_log l USING (number) WHERE number IN ('T1', 'T2', 'T3', 'S500000', 'S500249') ORDER BY number;
SELECT count(*), count(DISTINCT ordinal) FROM cardgen.card WHERE number LIKE 'S5%';

-- What the table requires holds, whichever way a row comes
ALTER TABLE cardgen.card ADD CONSTRAINT not_evil CHECK (customer_id <> 'evil');
SELECT pg_temp.refused($$cardgen.import_cards('OLD', ARRAY['e1', 'e2'], ARRAY['good', 'evil'])$$) LIKE '23514 not_evil:%' AS refused;
ALTER TABLE cardgen.card DROP CONSTRAINT not_evil;

-- The log replayed gives the cards as they are
SELECT count(*) FROM cardgen.card c
	LEFT JOIN LATERAL (SELECT to_label, (SELECT to_customer_id FROM cardgen.card_status_log WHERE number = c.number AND to_customer_id IS NOT NULL
										 ORDER BY change_id DESC LIMIT 1) AS customer_id
					   FROM cardgen.card_status_log WHERE number = c.number ORDER BY change_id DESC LIMIT 1) l ON true
	WHERE CASE WHEN c.status = 'not_issued' THEN l.to_label IS NOT NULL
		  ELSE (l.to_label, l.customer_id) IS DISTINCT FROM (c.status_label, c.customer_id) END;

DROP EXTENSION cardgen;
