\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = warning;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential', max_active_cards => 2, card_expiry_days => 30);
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 8, 'S', method => 'sequential');
SELECT code FROM cardgen.create_series('CHECKED', 'With a check digit', 8, '4', check_digit => 'luhn', method => 'sequential');
SELECT code FROM cardgen.create_series('FEW', 'Few cards', 1, 'FEW4', method => 'sequential', card_offset => 4, max_active_cards => 3);
SELECT cardgen.create_status_label('Printed', 'not_issued');
SELECT card_count FROM cardgen.generate_batch('GOLD', 20);
SELECT card_count FROM cardgen.generate_batch('GOLD', 5);
SELECT card_count FROM cardgen.generate_batch('SILVER', 5);
SELECT card_count FROM cardgen.generate_batch('CHECKED', 1);
SELECT number AS checked FROM cardgen.generated_card WHERE number LIKE '4%' \gset
SELECT cardgen.remove_batch(2);
SELECT is_active FROM cardgen.alter_series('SILVER', is_active => false);
SELECT status FROM cardgen.issue_card('G00000015', 'zoe');
SELECT status FROM cardgen.issue_card('G00000016', 'max', 'ACTIVE');
SELECT status FROM cardgen.issue_card('G00000017', 'max', 'ACTIVE');
SELECT status FROM cardgen.set_card_status('G00000018', 'Printed');
SET cardgen.max_active_cards_per_customer = 3;

-- What there is of cards and their log, but for the moment
CREATE FUNCTION pg_temp.cards() RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s %s %s %s %s %s', number, batch_id, ordinal, status_label, customer_id, expires_on - issued_on::date) FROM cardgen.card
	UNION ALL
	SELECT format('%s: %s -> %s, %s -> %s, %s', number, from_label, to_label, from_customer_id, to_customer_id, reason)
	FROM (SELECT *, row_number() OVER (PARTITION BY number ORDER BY change_id) FROM cardgen.card_status_log) AS log
$$;

-- What single calls answer, one after the other, and then what there is of cards
CREATE FUNCTION pg_temp.singly(calls text[]) RETURNS TABLE (place bigint, answer text) LANGUAGE plpgsql AS $$
DECLARE
	name text;
BEGIN
	FOR place IN 1 .. cardinality(calls) LOOP
		BEGIN
			EXECUTE calls[place];
			RETURN QUERY VALUES (place::bigint, NULL::text);
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME;
			RETURN QUERY VALUES (place::bigint, concat_ws(' ', SQLSTATE, name, SQLERRM));
		END;
	END LOOP;
	RETURN QUERY SELECT NULL::bigint, c FROM pg_temp.cards() AS c;
END $$;

-- The same of one call for many
CREATE FUNCTION pg_temp.together(call text) RETURNS TABLE (place bigint, answer text) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT "position"::bigint, nullif(concat_ws('' '', sqlstate, error_name, problem), '''') FROM %s', call);
	RETURN QUERY SELECT NULL::bigint, c FROM pg_temp.cards() AS c;
END $$;

-- Both from the same state, and where they differ
CREATE FUNCTION pg_temp.differences(calls text[], call text) RETURNS TABLE (place bigint, singly text, together text) LANGUAGE plpgsql AS $$
DECLARE
	one_by_one jsonb;
	at_once jsonb;
BEGIN
	BEGIN
		one_by_one := (SELECT jsonb_agg(s) FROM pg_temp.singly(calls) AS s);
		RAISE EXCEPTION USING ERRCODE = 'ZZ000';
	EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
	END;
	at_once := (SELECT jsonb_agg(t) FROM pg_temp.together(call) AS t);
	RETURN QUERY
		SELECT coalesce(s.place, t.place), s.answer, t.answer
		FROM jsonb_to_recordset(one_by_one) AS s (place bigint, answer text)
		FULL JOIN jsonb_to_recordset(at_once) AS t (place bigint, answer text)
			ON coalesce(s.place, 0) = coalesce(t.place, 0) AND coalesce(s.answer, '') = coalesce(t.answer, '')
		WHERE s IS NULL OR t IS NULL;
END $$;

-- issue_cards: everything that can be in the way
CREATE TEMP TABLE wanted (place serial, number text, customer_id text);
INSERT INTO wanted (number, customer_id) VALUES
	('G00000000', 'ann'), (E' g00000001\t', 'bob'), ('G00000000', 'cem'), ('G00000000', 'ann'),
	(NULL, 'dee'), ('G00000002', NULL), ('G00000002', ''), ('G00000002', 'dee '), ('G00000002', repeat('d', 256)),
	('nothing', 'dee'), ('', 'dee'), ('G00000099', 'dee'), ('G00000099', 'eve'), ('G00000021', 'dee'), ('G00000021', 'eve'), ('G00000021', NULL),
	('400000001', 'dee'), ('400000001', 'eve'), ('G0000000X', 'dee'),
	('G00000015', 'dee'), ('g00000015', 'eve'), ('S00000000', 'dee'), ('S00000000', 'eve'), ('G00000002', 'max'), ('G00000002', 'eve'), ('G00000002', 'flo'),
	('G00000003', 'ann'), ('G00000004', 'ann'), ('G00000004', 'max'), ('G00000018', 'gus'), ('G00000018', 'hal'), ('G00000019', 'zoe'), ('400000000', 'hal'),
	(:'checked', 'ann'), (:'checked', 'hal');
BEGIN;
SELECT * FROM pg_temp.differences(ARRAY(SELECT format('SELECT cardgen.issue_card(%L, %L)', number, customer_id) FROM wanted ORDER BY place),
	'cardgen.issue_cards(ARRAY(SELECT number FROM wanted ORDER BY place), ARRAY(SELECT customer_id FROM wanted ORDER BY place))');
ROLLBACK;
SELECT i.position, left(i.number, 12) AS number, left(w.customer_id, 12) AS customer_id, sqlstate, error_name, left(problem, 60) AS problem
	FROM cardgen.issue_cards(ARRAY(SELECT number FROM wanted ORDER BY place), ARRAY(SELECT customer_id FROM wanted ORDER BY place)) AS i
	JOIN wanted w ON w.place = i.position ORDER BY position;
SELECT number, batch_id, ordinal, status_label, customer_id, issued_on = generated_on AS at_once, expires_on - issued_on::date AS days FROM cardgen.card ORDER BY number;
SELECT number, from_label, to_label, from_customer_id, to_customer_id, reason FROM cardgen.card_status_log ORDER BY number, change_id;

-- With a label of the status active, by name, of cards in the other order
SELECT * FROM cardgen.issue_cards(status_label => 'ACTIVE', customer_ids => ARRAY['ida', 'jim', 'kim'], numbers => ARRAY['G00000014', 'G00000013', 'G00000012']);
SELECT number, status, customer_id FROM cardgen.card WHERE customer_id IN ('ida', 'jim', 'kim') ORDER BY number;

-- set_card_statuses: from each status to each, each number twice
SELECT (cardgen.issue_card('G0000000' || n, 'c' || n, CASE WHEN n > 6 THEN 'ACTIVE' END)).number FROM generate_series(4, 9) AS n;
SELECT status FROM cardgen.set_card_status('G00000005', 'EXPIRED');
SELECT status FROM cardgen.set_card_status('G00000006', 'DELETED');
SELECT status FROM cardgen.set_card_status('G00000008', 'SUSPENDED');
CREATE TEMP TABLE changed (place serial, number text);
INSERT INTO changed (number) VALUES
	('G00000004'), ('G00000005'), ('G00000006'), ('G00000007'), (' g00000008'), ('G00000009'), ('G00000010'), ('G00000018'), ('G00000016'),
	('nothing'), (NULL), (''), ('G00000099'), ('G00000021'), ('400000001'), ('S00000001'), ('G00000099'), ('G00000021'), (NULL),
	('G00000010'), ('G00000009'), ('G00000008'), ('G00000007'), ('G00000006'), ('G00000005'), ('G00000004');
CREATE FUNCTION pg_temp.change_differences(label text) RETURNS TABLE (place bigint, singly text, together text) LANGUAGE sql AS $$
	SELECT * FROM pg_temp.differences(ARRAY(SELECT format('SELECT cardgen.set_card_status(%L, %L, ''why'')', number, label) FROM changed ORDER BY place),
		format('cardgen.set_card_statuses(ARRAY(SELECT number FROM changed ORDER BY place), %L, ''why'')', label))
$$;
BEGIN;
SELECT * FROM pg_temp.change_differences('NOT_ISSUED');
ROLLBACK;
BEGIN;
SELECT * FROM pg_temp.change_differences('Printed');
ROLLBACK;
BEGIN;
SELECT * FROM pg_temp.change_differences('ISSUED');
ROLLBACK;
BEGIN;
SELECT * FROM pg_temp.change_differences('ACTIVE');
ROLLBACK;
BEGIN;
SELECT * FROM pg_temp.change_differences('EXPIRED');
ROLLBACK;
BEGIN;
SELECT * FROM pg_temp.change_differences('DELETED');
ROLLBACK;
BEGIN;
SET LOCAL cardgen.count_only_active = on;
SELECT * FROM pg_temp.change_differences('ACTIVE');
ROLLBACK;
SELECT * FROM cardgen.set_card_statuses(ARRAY(SELECT number FROM changed ORDER BY place), 'SUSPENDED', 'lost') ORDER BY position;
SELECT number, from_label, to_label, from_customer_id, to_customer_id, reason FROM cardgen.card_status_log WHERE reason = 'lost' ORDER BY number;

-- Where only active cards count, a customer's cards come to life up to the limit, in the order of the call
BEGIN;
SET LOCAL cardgen.count_only_active = on;
SELECT count(*) FROM cardgen.issue_new_cards('GOLD', array_fill('lea'::text, ARRAY[4])) WHERE error_name IS NULL;
CREATE TEMP TABLE of_lea ON COMMIT DROP AS SELECT row_number() OVER (ORDER BY number DESC) AS place, number FROM cardgen.card WHERE customer_id = 'lea';
SELECT * FROM pg_temp.differences(ARRAY(SELECT format('SELECT cardgen.set_card_status(%L, ''ACTIVE'')', number) FROM of_lea ORDER BY place),
	'cardgen.set_card_statuses(ARRAY(SELECT number FROM of_lea ORDER BY place), ''ACTIVE'')');
SELECT status, array_agg(place ORDER BY place) FROM cardgen.card JOIN of_lea USING (number) GROUP BY status ORDER BY status;
ROLLBACK;

-- issue_new_cards: the numbers go to those who may have one, in the order of the call
CREATE TEMP TABLE new_one (place serial, customer_id text);
INSERT INTO new_one (customer_id) VALUES ('max'), ('ned'), (NULL), ('ned'), ('ned'), (''), (' pat'), ('ann'), ('pat'), ('pat'), ('pat'), ('ida'), ('ida'), ('ida');
BEGIN;
SELECT * FROM pg_temp.differences(ARRAY(SELECT format('SELECT cardgen.issue_new_card(''GOLD'', %L)', customer_id) FROM new_one ORDER BY place),
	'cardgen.issue_new_cards(''GOLD'', ARRAY(SELECT customer_id FROM new_one ORDER BY place))');
ROLLBACK;
SELECT * FROM cardgen.issue_new_cards('GOLD', ARRAY(SELECT customer_id FROM new_one ORDER BY place)) ORDER BY position;
SELECT number, batch_id, ordinal, status_label, customer_id, issued_on = generated_on AS at_once, expires_on - issued_on::date AS days
	FROM cardgen.card WHERE batch_id IS NULL ORDER BY number;
SELECT code, generated FROM cardgen.series_usage ORDER BY code;

-- Up to the last number, and then no further
BEGIN;
SELECT * FROM pg_temp.differences(ARRAY(SELECT format('SELECT cardgen.issue_new_card(''FEW'', %L)', customer_id)
	FROM unnest(ARRAY['a', 'a', NULL, 'a', 'a', 'b', 'c', 'd', 'd', 'a', NULL]) WITH ORDINALITY AS c (customer_id, place) ORDER BY place),
	'cardgen.issue_new_cards(''FEW'', ARRAY[''a'', ''a'', NULL, ''a'', ''a'', ''b'', ''c'', ''d'', ''d'', ''a'', NULL])');
ROLLBACK;
SELECT * FROM cardgen.issue_new_cards('FEW', '{a,a,NULL,a,a,b,c,d,d,a,NULL}', 'ACTIVE') ORDER BY position;
SELECT generated, remaining FROM cardgen.series_usage WHERE code = 'FEW';

-- An array of one is an array
SELECT * FROM cardgen.issue_new_cards('FEW', '{e}');
SELECT * FROM cardgen.issue_new_cards('GOLD', '{max}');
SELECT * FROM cardgen.issue_new_cards('GOLD', '{sam}');
SELECT * FROM cardgen.issue_cards('{G00000099}', '{sam}');
SELECT generated FROM cardgen.series_usage WHERE code = 'GOLD';

-- A call that fails as a whole
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.refused($$cardgen.issue_cards('{G00000011}', '{bob}', 'NOT_ISSUED')$$);
SELECT pg_temp.refused($$cardgen.issue_cards('{G00000011}', '{bob}', 'Unheard of')$$);
SELECT pg_temp.refused($$cardgen.issue_new_cards('GOLD', '{bob}', 'DELETED')$$);
SELECT pg_temp.refused($$cardgen.issue_new_cards('NONE', '{bob}')$$);
SELECT pg_temp.refused($$cardgen.issue_new_cards('SILVER', '{bob,cem}')$$);
SELECT pg_temp.refused($$cardgen.issue_new_cards('SILVER', '{bob}')$$);
SELECT pg_temp.refused($$cardgen.set_card_statuses('{G00000011}', 'Unheard of')$$);

-- Hostile arrays: none, empty ones, unequal ones, others
SELECT pg_temp.refused($$cardgen.issue_cards(NULL, '{}')$$);
SELECT pg_temp.refused($$cardgen.issue_cards('{}', NULL)$$);
SELECT pg_temp.refused($$cardgen.issue_new_cards('GOLD', NULL)$$);
SELECT pg_temp.refused($$cardgen.set_card_statuses(NULL, 'ACTIVE')$$);
SELECT count(*) FROM cardgen.issue_cards('{}', '{}');
SELECT count(*) FROM cardgen.issue_new_cards('GOLD', '{}');
SELECT count(*) FROM cardgen.set_card_statuses('{}', 'ACTIVE');
SELECT pg_temp.refused($$cardgen.issue_new_cards('NONE', '{}')$$);
SELECT pg_temp.refused($$cardgen.issue_cards('{G00000011}', '{}')$$);
SELECT pg_temp.refused($$cardgen.issue_cards('{G00000011,G00000010}', '{bob}')$$);
SELECT pg_temp.refused($$cardgen.issue_cards('{{G00000011,G00000010}}', '{bob,cem}')$$);
SELECT pg_temp.refused($$cardgen.issue_cards('{G00000011,G00000010}', '{{bob},{cem}}')$$);
SELECT pg_temp.refused($$cardgen.issue_new_cards('GOLD', '{{bob,cem}}')$$);
SELECT pg_temp.refused($$cardgen.set_card_statuses('{{{G00000011}}}', 'ACTIVE')$$);
SELECT pg_temp.refused($$cardgen.issue_cards(array_fill('G00000011'::text, ARRAY[100001]), array_fill('bob'::text, ARRAY[100001]))$$);
SELECT pg_temp.refused($$cardgen.issue_new_cards('GOLD', array_fill('bob'::text, ARRAY[100001]))$$);
SELECT pg_temp.refused($$cardgen.set_card_statuses(array_fill('G00000011'::text, ARRAY[100001]), 'ACTIVE')$$);
SELECT left(pg_temp.refused($$cardgen.set_card_statuses(ARRAY[E'G\xff'], 'ACTIVE')$$), 5);
SET cardgen.max_cards_per_call = 2;
SELECT pg_temp.refused($$cardgen.issue_cards('{G00000011,NULL,NULL}', '{bob,NULL,NULL}')$$);
RESET cardgen.max_cards_per_call;
SELECT * FROM cardgen.issue_cards('[5:6]={G00000011,G00000010}', '[-1:0]={tom,uma}');
SELECT position, sqlstate, error_name, length(number), length(problem) FROM cardgen.set_card_statuses(ARRAY[repeat('9', 1000000), repeat(' ', 1000000) || 'G00000011'], 'ACTIVE');
SELECT position, sqlstate, error_name FROM cardgen.issue_new_cards('GOLD', ARRAY[repeat('x', 1000000), $$it's "quoted" \ {1,2},NULL$$]);
SELECT customer_id FROM cardgen.card WHERE customer_id LIKE 'it%';

-- As many as a call may have
\o /dev/null
SELECT cardgen.alter_series('GOLD', max_active_cards => 100000);
RESET cardgen.max_active_cards_per_customer;
\o
SELECT batch_id AS big FROM cardgen.generate_batch('GOLD', 100000) \gset
SELECT count(*), count(error_name) FROM cardgen.issue_cards(ARRAY(SELECT cardgen.download_batch(:big)), array_fill('vic'::text, ARRAY[100000]));
SELECT count(*), count(error_name) FROM cardgen.set_card_statuses(ARRAY(SELECT cardgen.download_batch(:big)), 'ACTIVE');
SELECT count(*), count(error_name) FROM cardgen.issue_new_cards('GOLD', array_fill('wim'::text, ARRAY[100000]));
SELECT customer_id, status, count(*), count(DISTINCT number) FROM cardgen.card WHERE customer_id IN ('vic', 'wim') GROUP BY 1, 2 ORDER BY 1;
SELECT to_label, count(*) FROM cardgen.card_status_log JOIN cardgen.card USING (number) WHERE customer_id IN ('vic', 'wim') GROUP BY 1 ORDER BY 1;

DROP EXTENSION cardgen;
