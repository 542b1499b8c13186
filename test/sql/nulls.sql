\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = warning;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential');
SELECT cardgen.create_status_label('Printed', 'not_issued');
ALTER SEQUENCE cardgen.batch_id_seq RESTART 7;
SELECT number FROM cardgen.generate_cards('GOLD', 2);
SELECT number FROM cardgen.issue_card('G00000001', 'ann');

-- A value for each argument of each function
CREATE TEMP TABLE argument (function text, position int, name text, value text);
INSERT INTO argument
	SELECT split_part(line, ' ', 1), position, split_part(assignment, '=', 1), split_part(assignment, '=', 2)
	FROM unnest(ARRAY[
		$$alter_series code='GOLD';name='Name';description='';is_active=true;max_active_cards=1;card_expiry_days=1;batch_retention='1 day';stock_retention='2 days'$$,
		$$classify_number number='G00000000'$$,
		$$create_series code='NEW';name='New';length=9;prefix='N';suffix='';method='random';check_digit='none';card_offset=0;alphabet='0123456789';card_type='digital';description='';max_active_cards=1;card_expiry_days=1;batch_retention='1 day';stock_retention='2 days'$$,
		$$create_status_label label='New';status='active';is_default=false$$,
		$$download_batch batch_id=7$$,
		$$drop_series code='GOLD'$$,
		$$expire_cards$$,
		$$find_card number='G00000000'$$,
		$$generate_batch series_code='GOLD';card_count=1;status_label='Printed';request_id='6e7f0a52-0000-4000-8000-000000000001'$$,
		$$generate_cards series_code='GOLD';card_count=1;status_label='Printed';request_id='6e7f0a52-0000-4000-8000-000000000001'$$,
		$$import_cards series_code='GOLD';numbers='{G00000999}';customer_ids='{bob}';status_labels='{ACTIVE}';issued_on='{2020-01-01}';expires_on='{2030-01-01}'$$,
		$$issue_card number='G00000000';customer_id='bob';status_label='ACTIVE'$$,
		$$issue_cards numbers='{G00000000}';customer_ids='{bob}';status_label='ACTIVE'$$,
		$$issue_new_card series_code='GOLD';customer_id='bob';status_label='ACTIVE'$$,
		$$issue_new_cards series_code='GOLD';customer_ids='{bob}';status_label='ACTIVE'$$,
		$$merge_customers from_customer_id='ann';to_customer_id='bob';reason='none'$$,
		$$order_batches request_id='6e7f0a52-0000-4000-8000-000000000001'$$,
		$$remove_batch batch_id=7$$,
		$$remove_expired_batches max_batches=1$$,
		$$replace_card number='G00000001';new_number='G00000000';status_label='DELETED';reason='none'$$,
		$$retain_batch batch_id=7;until='infinity'$$,
		$$set_batch_label batch_id=7;status_label='Printed'$$,
		$$set_card_status number='G00000001';status_label='ACTIVE';reason='none'$$,
		$$set_card_statuses numbers='{G00000001}';status_label='ACTIVE';reason='none'$$,
		$$set_default_label label='Printed'$$,
		$$skip_numbers series_code='GOLD';count=1$$,
		$$transfer_card number='G00000001';customer_id='bob';reason='none'$$,
		$$verify_batch batch_id=7$$,
		$$wrap_keys$$]) AS line,
		regexp_split_to_table(substr(line, strpos(line || ' ', ' ') + 1), ';') WITH ORDINALITY AS a (assignment, position);
DELETE FROM argument WHERE name = '';

-- It is all of them
SELECT coalesce(a.function, p.proname) AS function, a.names AS here, p.names AS there
	FROM (SELECT function, array_agg(name ORDER BY position) AS names FROM argument GROUP BY function) AS a
	FULL JOIN (SELECT proname, CASE WHEN pronargs > 0 THEN proargnames[1:pronargs] END AS names
			   FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace AND prokind = 'f' AND prorettype <> 'trigger'::regtype) AS p ON p.proname = a.function
	WHERE a.names IS DISTINCT FROM p.names;

-- What a call does with a null for one argument; rolled back
CREATE FUNCTION pg_temp.answer(the_function text, null_position int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	call text := (SELECT format('cardgen.%s(%s)', the_function,
								string_agg(name || ' => ' || CASE position WHEN null_position THEN 'NULL' ELSE value END, ', ' ORDER BY position))
				  FROM argument WHERE function = the_function);
	answer text;
BEGIN
	answer := pg_temp.refused(call);
	RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = replace(answer, E'\n  something was written', '');
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
	RETURN SQLERRM;
END $$;

-- Without a null no call is refused, but for the series that has generated numbers
SELECT function, pg_temp.answer(function, 0) AS answer FROM (SELECT DISTINCT function FROM argument) AS functions
	WHERE pg_temp.answer(function, 0) <> 'it was not refused' ORDER BY function;

-- With one
SELECT function, name AS argument, pg_temp.answer(function, position) AS answer FROM argument ORDER BY function COLLATE "C", position;

-- All of them null: functions that read are no exception, and nothing is written
\pset format unaligned
\pset tuples_only on
SELECT function, pg_temp.refused(format('cardgen.%s(%s)', function, string_agg(name || ' => NULL', ', ' ORDER BY position)))
	FROM argument WHERE function <> 'remove_expired_batches' GROUP BY function ORDER BY function COLLATE "C";

-- The same for each row of a statement
SELECT number, cardgen.classify_number(number) FROM (VALUES ('G00000000'), (NULL), ('G00000001')) AS typed (number);
SELECT typed.number, found.status FROM (VALUES ('G00000000'), (NULL)) AS typed (number), cardgen.find_card(typed.number) AS found;

-- The procedure, which can't be called in a block
CALL cardgen.generate_order(NULL, 1);
CALL cardgen.generate_order('GOLD', NULL);
CALL cardgen.generate_order(NULL, NULL, NULL, NULL);
CALL cardgen.generate_order('GOLD', 1, NULL, '6e7f0a52-0000-4000-8000-000000000001', NULL);

DROP EXTENSION cardgen;
