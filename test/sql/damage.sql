\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = error;

-- Rows that a DBA, a restore or a replica has taken away or changed: whatever is called then is an error that says so or goes on
-- rightly; it neither crashes nor fails in PostgreSQL's own words, and no number comes again or in place of another
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 10, 'G', max_active_cards => 9, card_expiry_days => 30, card_type => 'physical');
SELECT code FROM cardgen.create_series('CLUB', 'Club card', 10, 'C', method => 'sequential', check_digit => 'luhn', max_active_cards => 9);
SELECT code FROM cardgen.create_series('OTHER', 'Other card', 10, 'O', method => 'sequential', max_active_cards => 9);
SELECT pg_temp.fix_key(code) FROM cardgen.series;
SELECT cardgen.create_status_label('Printed', 'not_issued', true);
SELECT cardgen.create_status_label('Handed out', 'issued', true);
SELECT card_count FROM cardgen.generate_batch('GOLD', 20, request_id => '6e7f0a52-0000-4000-8000-000000000001');
SELECT card_count FROM cardgen.generate_batch('CLUB', 20);
SELECT card_count FROM cardgen.generate_batch('CLUB', 20);
SELECT card_count FROM cardgen.generate_batch('OTHER', 20);
CREATE TEMP TABLE known AS SELECT batch_id, series_code, number, row_number() OVER (PARTITION BY batch_id ORDER BY g.ctid) AS place
	FROM cardgen.generated_card g JOIN cardgen.batch USING (batch_id);
SELECT count(cardgen.issue_card(number, 'ann')) FROM known WHERE series_code <> 'OTHER' AND place < 4;
SELECT count(cardgen.issue_new_card(code, 'bob')) FROM cardgen.series;
SELECT count(cardgen.set_card_status(number, 'SUSPENDED')) FROM known WHERE series_code <> 'OTHER' AND place = 1;
SELECT count(cardgen.set_card_status(number, 'NOT_ISSUED')) FROM known WHERE place = 5;
UPDATE cardgen.card SET expires_on = current_date - 1 WHERE number IN (SELECT number FROM known WHERE place = 2);
INSERT INTO known SELECT NULL, series_code, number FROM cardgen.card WHERE batch_id IS NULL;
-- A range that sessions side by side have left
UPDATE cardgen.series_counter SET next_ordinal = next_ordinal + 9 WHERE series_code = 'CLUB';
INSERT INTO cardgen.free_range SELECT series_code, next_ordinal - 9, next_ordinal FROM cardgen.series_counter WHERE series_code = 'CLUB';
UPDATE cardgen.batch SET expires_on = now(), issuable_until = CASE WHEN batch_id < 3 THEN now() END WHERE batch_id > 1;

CREATE FUNCTION pg_temp.each_row(of regclass, most int) RETURNS TABLE (condition text) LANGUAGE plpgsql AS $$
BEGIN
	RETURN QUERY EXECUTE format('SELECT format('' WHERE ctid = %%L'', ctid) FROM %s LIMIT %s', of, most);
END $$;
CREATE TEMP TABLE damage (id serial, kind text, statement text);
INSERT INTO damage (kind, statement)
	SELECT relname || ' emptied', format('DELETE FROM %s', oid::regclass) FROM pg_class
		WHERE relnamespace = 'cardgen'::regnamespace AND relkind = 'r' ORDER BY relname;
INSERT INTO damage (kind, statement)
	SELECT 'a row of ' || relname || ' taken', format('DELETE FROM %s%s', c.oid::regclass, condition)
	FROM pg_class c, pg_temp.each_row(c.oid, 3) AS condition WHERE relnamespace = 'cardgen'::regnamespace AND relkind = 'r' ORDER BY relname, condition;
-- Each column, to other values of its type, in a row and in all of them
CREATE TEMP TABLE value (type text, value text);
INSERT INTO value VALUES
	('text', '''GOLD'''), ('text', ''''''), ('text', 'repeat(''9'', 200)'), ('text', 'NULL'),
	('integer', '0'), ('integer', '7'), ('integer', '2147483647'), ('integer', '-2147483648'), ('integer', 'NULL'),
	('bigint', '0'), ('bigint', '7'), ('bigint', '9223372036854775807'), ('bigint', 'NULL'),
	('boolean', 'false'), ('boolean', 'true'),
	('date', '''-infinity'''), ('date', '''infinity'''), ('date', 'NULL'),
	('timestamp with time zone', '''-infinity'''), ('timestamp with time zone', '''infinity'''), ('timestamp with time zone', 'NULL'),
	('interval', '''-1000 years'''), ('interval', '''178000000 years'''),
	('uuid', '''6e7f0a52-0000-4000-8000-000000000009'''), ('uuid', 'NULL'),
	('bytea', 'sha256(''other'')'), ('bytea', 'substr(sha256(''other'') || sha256(''other''), 1, 40)'),
	('int8multirange', '''{}'''), ('int8multirange', '''{[0,5),[7,22)}'''), ('int8multirange', '''{[-5,5),[7,12)}'''), ('int8multirange', '''{(,)}'''),
	('cardgen.card_status', '''not_issued'''), ('cardgen.card_status', '''issued'''), ('cardgen.card_status', '''expired'''),
	('cardgen.card_type', '''digital'''), ('cardgen.number_method', '''sequential'''), ('cardgen.number_method', '''random'''), ('cardgen.number_method', '''imported'''),
	('cardgen.check_digit_method', '''none'''), ('cardgen.check_digit_method', '''luhn'''), ('cardgen.check_digit_method', '''mod7''');
INSERT INTO damage (kind, statement)
	SELECT format('%s.%s set to %s', relname, attname, value), format('UPDATE %s SET %I = %s%s', c.oid::regclass, attname, value, condition)
	FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND attnum > 0 AND NOT attisdropped
		JOIN value v ON v.type = format_type(atttypid, atttypmod),
		LATERAL (SELECT * FROM pg_temp.each_row(c.oid, 1) WHERE relname IN ('series', 'batch') UNION ALL SELECT '') AS w (condition)
	WHERE relnamespace = 'cardgen'::regnamespace AND relkind = 'r' ORDER BY relname, attnum, value, condition;

CREATE TEMP TABLE call (id serial, text text);
INSERT INTO call (text) VALUES
	('SELECT number FROM cardgen.generate_cards(''GOLD'', 3)'), ('SELECT number FROM cardgen.generate_cards(''CLUB'', 3)'),
	('SELECT count(batch_id)::text FROM cardgen.generate_batch(''GOLD'', 20, request_id => ''6e7f0a52-0000-4000-8000-000000000001'')'),
	('SELECT number FROM cardgen.issue_new_card(''GOLD'', ''cem'')'), ('SELECT number FROM cardgen.issue_new_card(''CLUB'', ''cem'')'),
	('SELECT (cardgen.issue_new_card(''CLUB'', ''dee'')).number FROM generate_series(1, 9)'),
	('SELECT number FROM cardgen.issue_new_cards(''CLUB'', ARRAY[''cem'', ''dee''])'),
	('SELECT count(v)::text FROM generate_series(1, 4) AS id, cardgen.verify_batch(id) AS v'),
	('SELECT count(*)::text FROM known, LATERAL cardgen.find_card(number)'),
	('SELECT string_agg(DISTINCT cardgen.classify_number(number), '' '') FROM known'),
	('SELECT cardgen.classify_number(''C0000000999'')'),
	('SELECT count(cardgen.issue_card(number, ''eve''))::text FROM known WHERE series_code = ''GOLD'' AND place = 6'),
	('SELECT count(cardgen.issue_card(number, ''eve''))::text FROM known WHERE series_code = ''CLUB'' AND place = 6'),
	('SELECT count(cardgen.issue_card(number, ''eve''))::text FROM known WHERE place = 5'),
	('SELECT count(cardgen.set_card_status(number, ''ACTIVE''))::text FROM known WHERE series_code = ''GOLD'' AND place < 3'),
	('SELECT count(cardgen.set_card_status(number, ''NOT_ISSUED''))::text FROM known WHERE place = 6'),
	('SELECT count(*)::text FROM cardgen.issue_cards(ARRAY(SELECT number FROM known ORDER BY number), ARRAY(SELECT ''f'' || number FROM known ORDER BY number))'),
	('SELECT count(*)::text FROM cardgen.set_card_statuses(ARRAY(SELECT number FROM known ORDER BY number), ''ACTIVE'')'),
	('SELECT count(cardgen.replace_card(number))::text FROM known WHERE series_code = ''GOLD'' AND place = 3'),
	('SELECT count(cardgen.transfer_card(number, ''gus''))::text FROM known WHERE series_code = ''GOLD'' AND place < 4'),
	('SELECT cardgen.merge_customers(''ann'', ''bob'')::text'),
	('SELECT cardgen.expire_cards()::text'),
	('SELECT cardgen.remove_expired_batches(1)::text'), ('SELECT cardgen.remove_expired_batches()::text'),
	('SELECT count(cardgen.remove_batch(batch_id))::text FROM generate_series(1, 2) AS batch_id'),
	('SELECT cardgen.remove_batch(3)::text'), ('SELECT cardgen.remove_batch(4)::text'),
	('SELECT count(cardgen.retain_batch(batch_id, ''infinity''))::text FROM generate_series(1, 4) AS batch_id'),
	('SELECT cardgen.set_batch_label(1, ''NOT_ISSUED'')::text'),
	('SELECT code FROM cardgen.create_series(''NEW'', ''New'', 10, ''N'')'),
	('SELECT code FROM cardgen.create_series(''NEW'', ''New'', 10, ''C'')'),
	('SELECT code FROM cardgen.alter_series(''CLUB'', name => ''Other'')'),
	('SELECT cardgen.drop_series(''CLUB'')::text'),
	('SELECT cardgen.skip_numbers(''CLUB'', 2)::text'), ('SELECT cardgen.skip_numbers(''GOLD'', 2)::text'),
	('SELECT cardgen.create_status_label(''New'', ''issued'', true)::text'), ('SELECT cardgen.set_default_label(''Printed'')::text'),
	('SELECT count(*)::text FROM cardgen.order_batches(''6e7f0a52-0000-4000-8000-000000000001'')'),
	('SELECT cardgen.wrap_keys()::text'),
	('SELECT (SELECT count(*) FROM cardgen.series_usage)::text || (SELECT count(*) FROM cardgen.status_labels) || (SELECT count(*) FROM cardgen.generated_batches)
		|| (SELECT count(*) FROM cardgen.card_stock) || (SELECT count(*) FROM cardgen.card_details)');

-- What becomes of each call after a damage, but for what is right or refused by name
CREATE FUNCTION pg_temp.try(the_damage text) RETURNS TABLE (answer text, call text) LANGUAGE plpgsql AS $$
DECLARE
	answers jsonb := '[]';
	one record;
	answer text;
	name text;
	numbers text[];
BEGIN
	EXECUTE the_damage;
	FOR one IN SELECT text FROM call ORDER BY id LOOP
		BEGIN
			EXECUTE format('SELECT array_agg(answer) FROM (%s) AS a (answer)', one.text) INTO numbers;
			numbers := array_remove(numbers, NULL);
			answer := CASE WHEN one.text !~ 'generate_cards|issue_new' THEN 'right'
				WHEN EXISTS (SELECT FROM known WHERE number = ANY (numbers)) THEN 'a number comes again'
				WHEN (SELECT count(DISTINCT n) <> cardinality(numbers) FROM unnest(numbers) AS n) THEN 'a number comes twice'
				ELSE 'right' END;
			RAISE EXCEPTION USING ERRCODE = 'ZZ000';
		EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME;
			answer := CASE WHEN SQLSTATE IN ('22023', '2200H', '23P01', '40001', '42704', '42710', '55000') AND name <> '' THEN 'refused'
				ELSE SQLSTATE || ': ' || SQLERRM END;
		END;
		answers := answers || jsonb_build_object('answer', answer, 'call', one.text);
	END LOOP;
	RAISE EXCEPTION USING ERRCODE = 'ZZ000';
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
	RETURN QUERY SELECT * FROM jsonb_to_recordset(answers) AS a (answer text, call text);
WHEN integrity_constraint_violation OR data_exception THEN
	RETURN QUERY VALUES ('no damage', SQLERRM);
END $$;
CREATE TEMP TABLE trial AS SELECT d.id, d.kind, d.statement, t.* FROM damage d, pg_temp.try(d.statement) AS t;
SELECT count(DISTINCT kind) > 200 AS many, count(*) FILTER (WHERE answer = 'right') > 1000 AS rights, count(*) FILTER (WHERE answer = 'refused') > 1000 AS refusals FROM trial;
SELECT answer, kind, min(call), count(*) FROM trial WHERE answer NOT IN ('right', 'refused', 'no damage') GROUP BY 1, 2 ORDER BY 1, 2;

DROP EXTENSION cardgen;
