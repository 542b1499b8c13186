\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential', max_active_cards => 9, card_expiry_days => 9);
SELECT cardgen.create_status_label('Printed', 'not_issued');

-- A schema of functions and operators that have the names of PostgreSQL's own, and tell when they are called
CREATE SCHEMA hostile;
DO $$
DECLARE
	function record;
	operator record;
	place int := 0;
BEGIN
	FOR function IN
		SELECT name, arguments, result FROM (VALUES
			('now', '', 'timestamptz'), ('gen_random_uuid', '', 'uuid'), ('uuid_send', 'uuid', 'bytea'), ('sha256', 'bytea', 'bytea'), ('octet_length', 'bytea', 'int'),
			('upper', 'text', 'text'), ('lower', 'text', 'text'), ('length', 'text', 'int'), ('nextval', 'regclass', 'bigint'), ('unnest', 'anyarray', 'anyelement'),
			('texteq', 'text, text', 'boolean'), ('int4eq', 'int, int', 'boolean'), ('interval_gt', 'interval, interval', 'boolean'),
			('timestamptz_pl_interval', 'timestamptz, interval', 'timestamptz'), ('session_user', '', 'name'), ('current_date', '', 'date'), ('count', 'bigint', 'bigint'),
			('download_batch', 'int', 'text'), ('brin_desummarize_range', 'regclass, bigint', 'void')) AS f (name, arguments, result)
	LOOP
		EXECUTE format('CREATE FUNCTION hostile.%I(%s) RETURNS %s LANGUAGE plpgsql AS %L', function.name, function.arguments, function.result,
					   format('BEGIN RAISE WARNING %L; RETURN %s; END', 'hostile ' || function.name, CASE function.result WHEN 'void' THEN '' ELSE 'NULL' END));
	END LOOP;
	FOR operator IN
		SELECT DISTINCT oprname AS name, format_type(oprleft, NULL) AS left_type, format_type(oprright, NULL) AS right_type, format_type(oprresult, NULL) AS result
		FROM pg_operator WHERE oprnamespace = 'pg_catalog'::regnamespace AND oprname IN ('=', '<>', '<', '<=', '>', '>=', '+', '-', '||', '%', '~')
		AND oprleft IN ('text'::regtype, 'int4'::regtype, 'int8'::regtype, 'bool'::regtype, 'timestamptz'::regtype, 'date'::regtype, 'bytea'::regtype, 'uuid'::regtype, 'interval'::regtype)
		AND oprright <> 0
	LOOP
		place := place + 1;
		EXECUTE format('CREATE FUNCTION hostile.operator_%s(%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', place, operator.left_type, operator.right_type, operator.result,
					   format('BEGIN RAISE WARNING %L; RETURN NULL; END', 'hostile operator'));
		EXECUTE format('CREATE OPERATOR hostile.%s (FUNCTION = hostile.operator_%s, LEFTARG = %s, RIGHTARG = %s)', operator.name, place, operator.left_type, operator.right_type);
	END LOOP;
	CREATE FUNCTION hostile.status_equal(cardgen.card_status, cardgen.card_status) RETURNS boolean LANGUAGE plpgsql AS
		'BEGIN RAISE WARNING ''hostile operator''; RETURN NULL; END';
	CREATE OPERATOR hostile.= (FUNCTION = hostile.status_equal, LEFTARG = cardgen.card_status, RIGHTARG = cardgen.card_status);
END $$;

-- Types and tables of those names, and tables of the names of cardgen's own; the same among the temporary ones
CREATE DOMAIN hostile.text AS pg_catalog.text CHECK (value IS NULL);
CREATE DOMAIN hostile.int4 AS pg_catalog.int4 CHECK (value IS NULL);
CREATE TABLE hostile.timestamptz (a int);
CREATE TYPE hostile.card_status AS ENUM ('hostile');
CREATE TABLE hostile.series (code text);
CREATE TABLE hostile.batch (batch_id int);
CREATE TABLE hostile.generated_card (batch_id int, number text);
CREATE TABLE hostile.card (number text);
CREATE TABLE hostile.pg_class (relname name);
CREATE TABLE hostile.pg_proc (proname name);
CREATE TEMP TABLE text (a int);
CREATE TEMP TABLE interval (a int);
CREATE TEMP TABLE series (code int);
CREATE TEMP TABLE batch (batch_id int);
CREATE TEMP TABLE generated_card (batch_id int, number int);
CREATE TEMP TABLE pg_namespace (nspname int);

-- They are in the way of whoever uses the path
SET search_path = hostile, pg_temp, pg_catalog;
SELECT 1 + 1 AS two, 'a' || 'b' = 'ab' AS true;

-- But no call of cardgen notices them, in a session that has called it before
\t on
\a
SELECT batch_id, card_count, status_label, expires_on IS NOT NULL FROM cardgen.generate_batch('GOLD', 3, 'Printed', '6e7f0a52-0000-4000-8000-000000000001');
SELECT batch_id, card_count, status_label, expires_on IS NOT NULL FROM cardgen.generate_batch('GOLD', 3, 'Printed', '6e7f0a52-0000-4000-8000-000000000001');
SELECT * FROM cardgen.generate_cards('GOLD', 2);
SELECT cardgen.generate_cards('GOLD', 2);
SELECT cardgen.download_batch(1);
SELECT * FROM cardgen.verify_batch(1);
SELECT number, status FROM cardgen.find_card('G00000001');
SELECT cardgen.classify_number('G00000001');
SELECT cardgen.classify_number('G00000009');

-- Nor in one that begins with them: the types and functions are looked up anew
\connect -
CREATE TEMP TABLE text (a int);
CREATE TEMP TABLE series (code int);
CREATE TEMP TABLE batch (batch_id int);
CREATE TEMP TABLE generated_card (batch_id int, number int);
CREATE TEMP TABLE pg_namespace (nspname int);
SET search_path = hostile, pg_temp, pg_catalog;
SELECT code, capacity FROM cardgen.create_series('SILVER', 'Silver card', 8, 'S', batch_retention => '1 month');
SELECT name, batch_retention FROM cardgen.alter_series('SILVER', 'Silver', batch_retention => '2 months');
SELECT cardgen.create_status_label('Packed', 'not_issued', true);
SELECT cardgen.set_default_label('NOT_ISSUED');
SELECT cardgen.skip_numbers('SILVER', 1);
SELECT card_count, status_label FROM cardgen.generate_batch('SILVER', 3);
SELECT * FROM cardgen.generate_cards('GOLD', 2);
SELECT (cardgen.generate_cards('GOLD', 2)).number;
SELECT cardgen.download_batch(2);
COPY (SELECT cardgen.download_batch(2)) TO STDOUT;
SELECT * FROM cardgen.verify_batch(2);
SELECT cardgen.set_batch_label(2, 'Packed');
SELECT cardgen.retain_batch(2, 'infinity');
SELECT number, status FROM cardgen.issue_card('G00000003', 'ann');
SELECT number, status FROM cardgen.issue_new_card('GOLD', 'ann', 'ACTIVE');
SELECT number, status FROM cardgen.set_card_status('G00000003', 'ACTIVE', 'works');
SELECT number, status, customer_id FROM cardgen.find_card('G00000003');
SELECT cardgen.classify_number('G00000000');
SELECT * FROM cardgen.issue_cards('{G00000004,G00000005}', '{bob,cem}');
SELECT * FROM cardgen.issue_new_cards('GOLD', '{dee,eve}');
SELECT * FROM cardgen.set_card_statuses('{G00000004,G00000005}', 'ACTIVE');
SELECT * FROM cardgen.import_cards('GOLD', '{G00000077,G00000004}', '{fay,gus}');
SELECT cardgen.expire_cards();
SELECT cardgen.remove_batch(2);
SELECT * FROM cardgen.remove_expired_batches();
SELECT * FROM cardgen.order_batches('6e7f0a52-0000-4000-8000-000000000001');
SELECT cardgen.generate_batch('NONE', 1);
SELECT cardgen.generate_batch('GOLD', 100000000);
SELECT pg_catalog.count(*) FROM cardgen.series_usage;
SELECT pg_catalog.count(*) FROM cardgen.status_labels;
SELECT pg_catalog.count(*) FROM cardgen.generated_batches;
SELECT pg_catalog.count(*) FROM cardgen.card_stock;
SELECT pg_catalog.count(*) FROM cardgen.card_details;
SELECT pg_catalog.set_config('client_min_messages', 'warning', false);
CALL cardgen.generate_order('GOLD', 3, request_id => '6e7f0a52-0000-4000-8000-000000000002');
SELECT cardgen.drop_series('NONE');

-- Nor where the numbers go through an ordinary INSERT
CREATE TRIGGER slow BEFORE UPDATE ON cardgen.generated_card FOR EACH ROW EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger();
SELECT number FROM cardgen.generate_cards('GOLD', 2);
SELECT cardgen.remove_batch(batch_id) FROM cardgen.generate_batch('GOLD', 2);
DROP TRIGGER slow ON cardgen.generated_card;

-- With no path at all
SET search_path = '';
SELECT number FROM cardgen.generate_cards('GOLD', 2);
SELECT number, status FROM cardgen.find_card('G00000003');
SELECT number, status FROM cardgen.issue_new_card('GOLD', 'bob');
RESET search_path;

-- The extension itself can be made with the schema in the way
SET client_min_messages = warning;
SET search_path = hostile, pg_temp, pg_catalog;
DROP EXTENSION cardgen CASCADE;
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential');
SELECT * FROM cardgen.generate_cards('GOLD', 2);
SELECT number, status FROM cardgen.issue_card('G00000000', 'ann');
SELECT label FROM cardgen.status_labels WHERE label OPERATOR(pg_catalog.=) 'NOT_ISSUED' AND is_default;
RESET search_path;

DROP SCHEMA hostile CASCADE;
DROP EXTENSION cardgen;
