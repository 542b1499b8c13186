\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = warning;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential', max_active_cards => 99);
SELECT number FROM cardgen.generate_cards('GOLD', 2);
SELECT number FROM cardgen.issue_card('G00000001', 'ann');

CREATE TEMP TABLE hostile (id int, text text);
INSERT INTO hostile VALUES
	(1, $$it's "quoted"$$),
	(2, $$back\slash\\n$$),
	(3, '%s%n%d %1$s $1'),
	(4, E'two\nlines\tand a tab'),
	(5, E'\x01\x02\x1b[31m\x7f'),
	(6, $$'; DROP TABLE cardgen.card; --$$),
	(7, '😀 é 漢字'),
	(8, repeat('x', 255)),
	(9, repeat('x', 100000));

-- What each text argument of each function does with each of them: the state of the error, or none
CREATE FUNCTION pg_temp.answer(call text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	answer := pg_temp.refused(format(call, value));
	RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = CASE WHEN answer LIKE 'it was not refused%' THEN 'taken'
		WHEN answer LIKE '%something was written' THEN 'written' ELSE left(answer, 5) END;
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
	RETURN SQLERRM;
END $$;
CREATE TEMP TABLE call (id serial, text text);
INSERT INTO call (text) VALUES
	('cardgen.create_series(code => %L, name => ''New'', length => 9)'),
	('cardgen.create_series(''NEW'', name => %L, length => 9)'),
	('cardgen.create_series(''NEW'', ''New'', 9, prefix => %L)'),
	('cardgen.create_series(''NEW'', ''New'', 9, suffix => %L)'),
	('cardgen.create_series(''NEW'', ''New'', 9, alphabet => %L)'),
	('cardgen.create_series(''NEW'', ''New'', 9, description => %L)'),
	('cardgen.alter_series(code => %L)'),
	('cardgen.alter_series(''GOLD'', name => %L)'),
	('cardgen.alter_series(''GOLD'', description => %L)'),
	('cardgen.drop_series(code => %L)'),
	('cardgen.skip_numbers(series_code => %L, count => 1)'),
	('cardgen.create_status_label(label => %L, status => ''active'')'),
	('cardgen.set_default_label(label => %L)'),
	('cardgen.generate_batch(series_code => %L, card_count => 1)'),
	('cardgen.generate_batch(''GOLD'', 1, status_label => %L)'),
	('cardgen.generate_cards(series_code => %L, card_count => 1)'),
	('cardgen.generate_cards(''GOLD'', 1, status_label => %L)'),
	('cardgen.set_batch_label((SELECT batch_id FROM cardgen.batch), status_label => %L)'),
	('cardgen.find_card(number => %L)'),
	('cardgen.classify_number(number => %L)'),
	('cardgen.issue_card(number => %L, customer_id => ''bob'')'),
	('cardgen.issue_card(''G00000000'', customer_id => %L)'),
	('cardgen.issue_card(''G00000000'', ''bob'', status_label => %L)'),
	('cardgen.issue_new_card(series_code => %L, customer_id => ''bob'')'),
	('cardgen.issue_new_card(''GOLD'', customer_id => %L)'),
	('cardgen.issue_new_card(''GOLD'', ''bob'', status_label => %L)'),
	('cardgen.issue_cards(''{G00000000}'', ''{bob}'', status_label => %L)'),
	('cardgen.issue_new_cards(series_code => %L, customer_ids => ''{bob}'')'),
	('cardgen.issue_new_cards(''GOLD'', ''{bob}'', status_label => %L)'),
	('cardgen.import_cards(series_code => %L, numbers => ''{G00000999}'')'),
	('cardgen.replace_card(number => %L)'),
	('cardgen.replace_card(''G00000001'', new_number => %L)'),
	('cardgen.replace_card(''G00000001'', status_label => %L)'),
	('cardgen.replace_card(''G00000001'', reason => %L)'),
	('cardgen.transfer_card(number => %L, customer_id => ''bob'')'),
	('cardgen.transfer_card(''G00000001'', customer_id => %L)'),
	('cardgen.transfer_card(''G00000001'', ''bob'', reason => %L)'),
	('cardgen.merge_customers(from_customer_id => %L, to_customer_id => ''bob'')'),
	('cardgen.merge_customers(''ann'', to_customer_id => %L)'),
	('cardgen.merge_customers(''ann'', ''bob'', reason => %L)'),
	('cardgen.set_card_statuses(''{G00000001}'', status_label => %L)'),
	('cardgen.set_card_statuses(''{G00000001}'', ''ACTIVE'', reason => %L)'),
	('cardgen.set_card_status(number => %L, status_label => ''ACTIVE'')'),
	('cardgen.set_card_status(''G00000001'', status_label => %L)'),
	('cardgen.set_card_status(''G00000001'', ''ACTIVE'', reason => %L)');
SELECT c.text AS call, string_agg(rpad(pg_temp.answer(c.text, h.text), 5), ' ' ORDER BY h.id) AS answers
	FROM call c, hostile h GROUP BY c.id, c.text ORDER BY c.id;

-- These are all text arguments there are
SELECT proname, name FROM pg_proc, unnest(proargnames[1:pronargs], proargtypes::oid[]) AS argument (name, type)
	WHERE pronamespace = 'cardgen'::regnamespace AND type = 'text'::regtype AND prokind = 'f'
	AND NOT EXISTS (SELECT FROM call WHERE text LIKE 'cardgen.' || proname || '(%' || name || ' => \%L%') ORDER BY 1, 2;

-- What is taken is stored as it came
SELECT h.id, (cardgen.create_series('H' || h.id, h.text, 9, 'h' || h.id, description => h.text, method => 'sequential')).name = h.text AS same FROM hostile h WHERE id < 9 ORDER BY id;
SELECT h.id, s.name = h.text AND s.description = h.text AS same FROM hostile h JOIN cardgen.series s ON s.code = 'H' || h.id ORDER BY id;
SELECT count(*) FROM (SELECT cardgen.create_status_label(text, 'not_issued'), cardgen.create_status_label('to issue: ' || left(text, 100), 'issued', true) FROM hostile WHERE id < 9) AS labels;
SELECT h.id, b.series_name = h.text AND b.status_label = h.text AS same FROM hostile h, cardgen.generate_batch('H' || h.id, 1, h.text) AS b WHERE h.id < 9 ORDER BY h.id;
SELECT h.id, (cardgen.issue_card('h' || h.id || '000000000', h.text, 'to issue: ' || left(h.text, 100))).customer_id = h.text AS same FROM hostile h WHERE id < 9 ORDER BY id;
SELECT h.id, (cardgen.set_card_status('h' || h.id || '000000000', 'ACTIVE', h.text)).status FROM hostile h WHERE id < 9 ORDER BY id;
SELECT h.id, f.customer_id = h.text AS same FROM hostile h, cardgen.find_card('h' || h.id || '000000000') AS f ORDER BY id;
SELECT h.id, d.series_name = h.text AND d.customer_id = h.text AS same FROM hostile h JOIN cardgen.card_details d ON d.number = 'h' || h.id || '000000000' ORDER BY id;
SELECT h.id, bool_or(l.from_label = h.text) AND bool_or(l.to_label = 'to issue: ' || left(h.text, 100)) AND bool_or(l.reason = h.text) AS same
	FROM hostile h JOIN cardgen.card_status_log l ON l.number = 'h' || h.id || '000000000' GROUP BY h.id ORDER BY h.id;

-- And told as it came
\pset format unaligned
\pset tuples_only on
SELECT pg_temp.refused(format('cardgen.create_series(%L, %L, 9)', text, text)) FROM hostile WHERE id IN (1, 2, 3, 4, 6) ORDER BY id;
SELECT pg_temp.refused(format('cardgen.issue_card(%L, %L)', text, text)) FROM hostile WHERE id IN (1, 2, 3, 4, 6) ORDER BY id;
SELECT pg_temp.refused(format('cardgen.issue_card(%L, %L)', 'G00000000', text)) FROM hostile WHERE id = 9;
SELECT pg_temp.refused(format('cardgen.drop_series(%L)', 'H' || id)) FROM hostile WHERE id = 3;
SELECT count(cardgen.issue_new_card('GOLD', text)) FROM hostile WHERE id < 9;
SELECT max_active_cards FROM cardgen.alter_series('GOLD', max_active_cards => 1);
SELECT pg_temp.refused(format('cardgen.issue_new_card(%L, %L)', 'GOLD', text)) FROM hostile WHERE id IN (1, 2, 3, 4, 6) ORDER BY id;

-- The extremes of the other types
SELECT pg_temp.refused(format('cardgen.%s(%s)', function, value))
	FROM (VALUES (1, 'download_batch'), (2, 'verify_batch'), (3, 'remove_batch')) AS functions (place, function), (VALUES (1, '2147483647'), (2, '-2147483648')) AS extremes (turn, value)
	ORDER BY place, turn;
SELECT cardgen.retain_batch(1, '294276-12-31 23:59:59.999999+00');
SELECT expires_on, issuable_until FROM cardgen.batch WHERE batch_id = 1;
SELECT pg_temp.refused('cardgen.skip_numbers(''GOLD'', -9223372036854775808)');
SELECT pg_temp.refused('cardgen.create_series(''MIN'', ''Minimum'', 9, ''m'', method => ''sequential'', card_offset => -9223372036854775808)');

DROP EXTENSION cardgen;
