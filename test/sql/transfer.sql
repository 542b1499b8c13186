\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = warning;
SELECT code FROM cardgen.create_series('ONE', 'One each', 8, 'O', method => 'sequential', card_expiry_days => 30);
SELECT code FROM cardgen.create_series('MANY', 'Many each', 8, 'M', method => 'sequential', max_active_cards => 100);
SELECT cardgen.create_status_label('Live', 'active');
SELECT card_count FROM cardgen.generate_batch('ONE', 20);
SELECT card_count FROM cardgen.generate_batch('MANY', 40);
SELECT card_count FROM cardgen.generate_batch('ONE', 2);
SELECT cardgen.remove_batch(3);

CREATE FUNCTION pg_temp.history(the_number text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s -> %s, %s -> %s, %s', from_label, to_label, from_customer_id, to_customer_id, reason)
	FROM cardgen.card_status_log WHERE number = the_number ORDER BY change_id
$$;

-- The card goes to another customer, and all else stays
SELECT number, customer_id FROM cardgen.issue_card('O00000000', 'ann', 'Live');
CREATE TEMP TABLE before AS SELECT * FROM cardgen.card;
SELECT number, status_label, customer_id FROM cardgen.transfer_card(' o00000000 ', 'bob');
SELECT number, status_label, customer_id FROM cardgen.transfer_card(reason => 'a gift', customer_id => 'cem', number => 'O00000000');
SELECT pg_temp.history('O00000000');
UPDATE before SET customer_id = 'cem';
SELECT count(*) FROM (TABLE before EXCEPT TABLE cardgen.card) AS differences;
SELECT number FROM cardgen.issue_card('O00000001', 'ann');
SELECT number, status FROM cardgen.set_card_status('O00000000', 'SUSPENDED');
SELECT pg_temp.history('O00000000');

-- From each status
CREATE TEMP TABLE card_in AS SELECT status, pg_temp.card_of(status, place::int) AS number
	FROM unnest(enum_range(NULL::cardgen.card_status)::text[]) WITH ORDINALITY AS statuses (status, place);
SELECT status, pg_temp.answer(format('SELECT concat_ws('' '', status, customer_id) FROM cardgen.transfer_card(%L, %L)', number, 'eve')) AS "to another",
	pg_temp.answer(format('SELECT status FROM cardgen.transfer_card(%L, %L)', number, 'eve')) AS "to the same"
	FROM card_in;

-- A merge takes all of them, and a card that has ended keeps its status
SELECT number FROM cardgen.issue_card('M00000010', 'fay');
SELECT number FROM cardgen.issue_card('O00000010', 'fay');
SELECT status FROM cardgen.set_card_status('M00000010', 'DELETED');
SELECT number, replaces FROM cardgen.replace_card('O00000010', 'O00000011');
SELECT cardgen.merge_customers('fay', 'gus', 'one person');
SELECT number, status, customer_id, replaces, replaced_by FROM cardgen.card WHERE customer_id IN ('fay', 'gus') ORDER BY number;
SELECT number, from_label, to_label, from_customer_id, to_customer_id, reason FROM cardgen.card_status_log WHERE reason = 'one person' ORDER BY number;
SELECT cardgen.merge_customers('fay', 'gus');
SELECT cardgen.merge_customers(reason => NULL, to_customer_id => 'fay', from_customer_id => 'gus');
SELECT cardgen.merge_customers('nobody', 'no one');
SELECT number FROM cardgen.replace_card('O00000011', 'O00000012');
SELECT count(*) FROM cardgen.card_status_log WHERE from_customer_id = to_customer_id OR from_label IS NULL;

\pset format unaligned
\pset tuples_only on
SELECT pg_temp.refused($$cardgen.transfer_card('O00000000', 'cem')$$);
SELECT pg_temp.refused($$cardgen.transfer_card(NULL, 'ann')$$);
SELECT pg_temp.refused($$cardgen.transfer_card('O00000000', NULL)$$);
SELECT pg_temp.refused($$cardgen.transfer_card('O00000000', '')$$);
SELECT pg_temp.refused($$cardgen.transfer_card('O00000000', 'ann ')$$);
SELECT pg_temp.refused($$cardgen.transfer_card('O00000000', repeat('a', 256))$$);
SELECT pg_temp.refused($$cardgen.transfer_card('nothing', 'ann')$$);
SELECT pg_temp.refused($$cardgen.transfer_card('O00000099', 'ann')$$);
SELECT pg_temp.refused($$cardgen.transfer_card('O00000021', 'ann')$$);
SELECT pg_temp.refused($$cardgen.transfer_card('O00000005', 'ann')$$);
SELECT pg_temp.refused($$cardgen.transfer_card('O00000010', 'ann')$$);
SELECT pg_temp.refused($$cardgen.merge_customers('ann', 'ann')$$);
SELECT pg_temp.refused($$cardgen.merge_customers(NULL, 'ann')$$);
SELECT pg_temp.refused($$cardgen.merge_customers('ann', NULL)$$);
SELECT pg_temp.refused($$cardgen.merge_customers('', 'ann')$$);
SELECT pg_temp.refused($$cardgen.merge_customers('ann', E'\u00a0ann')$$);
SELECT pg_temp.refused($$cardgen.merge_customers('ann', repeat('a', 256))$$);

-- Within the new customer's limits, and who gave a card away has room for another
SELECT number FROM cardgen.issue_card('O00000005', 'hal');
SELECT pg_temp.refused($$cardgen.transfer_card('O00000005', 'ann')$$);
SELECT customer_id FROM cardgen.transfer_card('O00000005', 'ida');
SELECT number FROM cardgen.issue_card('O00000006', 'hal');
SELECT pg_temp.refused($$cardgen.transfer_card('O00000006', 'ida')$$);
SET cardgen.max_active_cards_per_customer = 1;
SELECT number FROM cardgen.issue_card('M00000020', 'jim');
SELECT pg_temp.refused($$cardgen.transfer_card('O00000005', 'jim')$$);
SELECT customer_id FROM cardgen.transfer_card('O00000005', 'kim');

-- Imported cards
SELECT code FROM cardgen.create_series('OLD', 'Old cards', NULL, method => 'imported');
SELECT * FROM cardgen.import_cards('OLD', ARRAY['a-1', 'a-2', 'a-3'], ARRAY['leo', 'leo', NULL]);
SELECT pg_temp.refused($$cardgen.transfer_card('A-1', 'jim')$$);
SELECT pg_temp.refused($$cardgen.transfer_card('A-3', 'meg')$$);
SELECT customer_id FROM cardgen.transfer_card('a-1', 'meg');
SELECT cardgen.merge_customers('leo', 'meg');
SELECT number, customer_id FROM cardgen.card WHERE series_code = 'OLD' ORDER BY number;

-- A series that is not active holds back no card that was issued
SELECT is_active FROM cardgen.alter_series('ONE', is_active => false);
SELECT customer_id FROM cardgen.transfer_card('O00000005', 'ida');
SELECT is_active FROM cardgen.alter_series('ONE', is_active => true);

-- Beyond them by a merge only, and then no card more
SELECT cardgen.merge_customers('ida', 'jim');
SELECT cardgen.merge_customers('hal', 'jim');
SELECT number, status FROM cardgen.card WHERE customer_id = 'jim' ORDER BY number;
SELECT pg_temp.refused($$cardgen.issue_card('M00000021', 'jim')$$);
SELECT pg_temp.refused($$cardgen.transfer_card('O00000001', 'jim')$$);
SELECT status FROM cardgen.set_card_status('O00000005', 'SUSPENDED');
SELECT status FROM cardgen.set_card_status('O00000005', 'ACTIVE');
SELECT customer_id FROM cardgen.transfer_card('O00000005', 'ida');

-- Where only active cards count, others can be had without end
SET cardgen.count_only_active = on;
SELECT number FROM cardgen.issue_card('M00000022', 'lea', 'ACTIVE');
SELECT number FROM cardgen.issue_card('M00000023', 'mia');
SELECT customer_id FROM cardgen.transfer_card('M00000023', 'lea');
SELECT pg_temp.refused($$cardgen.set_card_status('M00000023', 'ACTIVE')$$);
SELECT customer_id FROM cardgen.transfer_card('M00000022', 'mia');
SELECT status FROM cardgen.set_card_status('M00000023', 'ACTIVE');
SELECT pg_temp.refused($$cardgen.transfer_card('M00000023', 'mia')$$);
RESET cardgen.count_only_active;
RESET cardgen.max_active_cards_per_customer;

-- A customer's id with what counts as blank at either end, or nothing else; in between it may be anything
CREATE TEMP TABLE blank AS SELECT chr(code) AS blank, to_hex(code) AS code FROM unnest(ARRAY[9, 10, 11, 12, 13, 32, 133, 160, 5760, 6158,
	8192, 8193, 8194, 8195, 8196, 8197, 8198, 8199, 8200, 8201, 8202, 8203, 8232, 8233, 8239, 8287, 8288, 12288, 65279]) AS code;
SELECT code, call FROM blank, unnest(ARRAY['issue_card(''O00000007'', %L)', 'issue_new_card(''ONE'', %L)', 'transfer_card(''O00000001'', %L)',
	'merge_customers(%L, ''ann'')', 'merge_customers(''ann'', %L)']) AS call, unnest(ARRAY[blank || 'zoe', 'zoe' || blank, blank || 'zoe' || blank]) AS id
	WHERE pg_temp.refused(format('cardgen.' || call, id)) NOT LIKE '22023 surrounding_blanks: %';
SELECT code FROM blank WHERE pg_temp.refused(format('cardgen.issue_new_card(''ONE'', %L)', blank || blank)) NOT LIKE '22023 empty_text: %';
SELECT DISTINCT sqlstate, error_name FROM cardgen.issue_new_cards('MANY', ARRAY(SELECT 'zoe' || blank FROM blank));
SELECT DISTINCT sqlstate, error_name FROM cardgen.issue_new_cards('MANY', ARRAY(SELECT 'z' || blank || 'e' FROM blank));
-- and what does not, among them the neighbours of those in Unicode
SELECT code, customer_id FROM unnest(ARRAY[8, 14, 31, 33, 127, 132, 134, 159, 161, 173, 8191, 8204, 8208, 8231, 8234, 8240, 8286, 8293, 12287, 12289, 65278, 65280]) AS code,
	LATERAL cardgen.issue_new_card('MANY', chr(code) || 'zoe' || chr(code)) WHERE customer_id <> chr(code) || 'zoe' || chr(code);
-- A number's blanks are the same ones
SELECT code FROM blank WHERE cardgen.classify_number(blank || 'O00000007' || blank || blank) <> 'not_issued';

DROP TABLE before;
DROP EXTENSION cardgen;
