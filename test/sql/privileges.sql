\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = warning;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential', max_active_cards => 9);
SELECT number FROM cardgen.generate_cards('GOLD', 3);

-- Nothing is granted to PUBLIC: no schema, function, table, view, sequence or column
SELECT nspname FROM pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) WHERE nspname = 'cardgen' AND grantee = 0;
SELECT proname FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE pronamespace = 'cardgen'::regnamespace AND grantee = 0;
SELECT relname FROM pg_class, aclexplode(coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)))
	WHERE relnamespace = 'cardgen'::regnamespace AND grantee = 0;
SELECT attrelid::regclass, attname FROM pg_attribute WHERE attrelid::regclass::text LIKE 'cardgen.%' AND attacl IS NOT NULL;

-- Functions that run as their owner have a fixed search_path
SELECT proname, prosecdef AS security_definer, proconfig FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace ORDER BY proname::text COLLATE "C";

-- What a role may do of all there is to do: for every function, and for every table, view and sequence
CREATE FUNCTION pg_temp.may(role_name text) RETURNS TABLE (object text) LANGUAGE sql AS $$
	SELECT 'schema' FROM pg_namespace WHERE nspname = 'cardgen' AND has_schema_privilege(role_name, oid, 'USAGE, CREATE')
	UNION ALL
	SELECT 'call ' || proname FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace AND has_function_privilege(role_name, oid, 'EXECUTE')
	UNION ALL
	SELECT lower(privilege COLLATE "C") || ' ' || relname
		FROM pg_class, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) AS privilege
		WHERE relnamespace = 'cardgen'::regnamespace AND relkind IN ('r', 'v') AND has_table_privilege(role_name, oid, privilege)
	UNION ALL
	SELECT lower(privilege COLLATE "C") || ' ' || relname
		FROM pg_class, unnest(ARRAY['SELECT', 'UPDATE', 'USAGE']) AS privilege
		WHERE relnamespace = 'cardgen'::regnamespace AND relkind = 'S' AND has_sequence_privilege(role_name, oid, privilege)
$$;

CREATE ROLE regress_cardgen_nobody;
CREATE ROLE regress_cardgen_backend;
CREATE ROLE regress_cardgen_dba;
CREATE ROLE regress_cardgen_reporter;
CREATE ROLE "regress_cardgen ""hostile""; DROP TABLE cardgen.card; --";

GRANT USAGE ON SCHEMA cardgen TO regress_cardgen_backend;
GRANT EXECUTE ON FUNCTION cardgen.generate_batch, cardgen.generate_cards, cardgen.download_batch, cardgen.find_card, cardgen.classify_number,
	cardgen.issue_card, cardgen.issue_new_card, cardgen.set_card_status TO regress_cardgen_backend;
GRANT SELECT ON cardgen.series_usage, cardgen.generated_batches, cardgen.card_details TO regress_cardgen_backend;

GRANT USAGE ON SCHEMA cardgen TO regress_cardgen_dba;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA cardgen TO regress_cardgen_dba;
REVOKE EXECUTE ON FUNCTION cardgen.configuration_changed, cardgen.wrap_keys FROM regress_cardgen_dba;
GRANT SELECT ON ALL TABLES IN SCHEMA cardgen TO regress_cardgen_dba;
REVOKE SELECT ON cardgen.series_key FROM regress_cardgen_dba;

GRANT USAGE ON SCHEMA cardgen TO regress_cardgen_reporter;
GRANT SELECT ON cardgen.series_usage, cardgen.generated_batches, cardgen.status_labels, cardgen.card_details TO regress_cardgen_reporter;

SELECT count(*) FROM pg_temp.may('regress_cardgen_nobody');
SELECT * FROM pg_temp.may('regress_cardgen_backend') ORDER BY object COLLATE "C";
SELECT * FROM pg_temp.may('regress_cardgen_reporter') ORDER BY object COLLATE "C";
SELECT * FROM pg_temp.may('regress_cardgen_dba') ORDER BY object COLLATE "C";

-- The keys are for nobody
SELECT rolname FROM pg_roles WHERE (rolname LIKE 'pg\_%' OR rolname LIKE 'regress\_cardgen%') AND rolname NOT IN ('pg_read_all_data', 'pg_write_all_data')
	AND has_any_column_privilege(rolname, 'cardgen.series_key', 'SELECT, INSERT, UPDATE, REFERENCES');

-- The same tried: every call and every kind of access, by every role
GRANT USAGE ON SCHEMA cardgen TO "regress_cardgen ""hostile""; DROP TABLE cardgen.card; --";
CREATE TEMP TABLE attempt AS
	SELECT 'call ' || proname AS object,
		CASE prokind WHEN 'p' THEN 'CALL ' ELSE 'SELECT ' END || 'cardgen.' || proname || '(' || rtrim(repeat('NULL, ', pronargs), ', ') || ')' AS statement
	FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace
	UNION ALL
	SELECT privilege || ' ' || relname, format(statement, oid::regclass, (SELECT attname FROM pg_attribute WHERE attrelid = pg_class.oid AND attnum = 1))
	FROM pg_class, (VALUES ('r', 'select', 'SELECT 1 FROM %s'), ('r', 'insert', 'INSERT INTO %s (%s) VALUES (NULL)'), ('r', 'update', 'UPDATE %s SET %s = NULL'),
		('r', 'delete', 'DELETE FROM %s'), ('r', 'truncate', 'TRUNCATE %s CASCADE'), ('v', 'select', 'SELECT 1 FROM %s'),
		('S', 'select', 'SELECT currval(%L)'), ('S', 'usage', 'SELECT nextval(%L)'), ('S', 'update', 'SELECT setval(%L, 1)'),
		('r', 'alter', 'ALTER TABLE %s ADD mine text'), ('r', 'drop', 'DROP TABLE %s'), ('v', 'drop', 'DROP VIEW %s'),
		('r', 'trigger', 'CREATE TRIGGER mine AFTER INSERT ON %s EXECUTE FUNCTION suppress_redundant_updates_trigger()')) AS t (kind, privilege, statement)
	WHERE relnamespace = 'cardgen'::regnamespace AND relkind = kind::"char"
	UNION ALL VALUES ('insert status_labels', 'INSERT INTO cardgen.status_labels (label) VALUES (NULL)'), ('create table', 'CREATE TABLE cardgen.mine (a int)'), ('create function', 'CREATE FUNCTION cardgen.mine() RETURNS int LANGUAGE sql RETURN 1'),
		('alter function', 'ALTER FUNCTION cardgen.find_card RESET search_path'), ('drop extension', 'DROP EXTENSION cardgen'), ('drop schema', 'DROP SCHEMA cardgen CASCADE');
SELECT split_part(object, ' ', 1) AS kind, count(*) FROM attempt GROUP BY 1 ORDER BY 1;
GRANT ALL ON attempt TO PUBLIC;

-- The state of the error, or of none; rolled back
CREATE FUNCTION pg_temp.try_as(role_name text, statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role_name);
	EXECUTE statement;
	RAISE EXCEPTION USING ERRCODE = 'ZZ000';
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
	RETURN 'done';
WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
CREATE TEMP TABLE allowed AS SELECT rolname, object FROM pg_roles, pg_temp.may(rolname) WHERE rolname LIKE 'regress\_cardgen%';
CREATE TEMP TABLE trial AS
	SELECT rolname, object, pg_temp.try_as(rolname, statement) AS answer, (rolname, object) IN (SELECT a.rolname, a.object FROM allowed a) AS granted
	FROM pg_roles, attempt WHERE rolname LIKE 'regress\_cardgen%';
SELECT rolname, count(*) AS tried, count(*) FILTER (WHERE answer = '42501') AS refused, count(*) FILTER (WHERE granted) AS granted
	FROM trial GROUP BY rolname ORDER BY rolname;

-- What is granted is not refused, and what is not granted is
SELECT rolname, object, answer FROM trial WHERE granted = (answer = '42501') ORDER BY rolname, object;

-- What the messages are to one who may enter the schema and no more
SET SESSION AUTHORIZATION "regress_cardgen ""hostile""; DROP TABLE cardgen.card; --";
SELECT cardgen.create_series('MINE', 'Mine', 8);
SELECT cardgen.generate_cards('GOLD', 1);
SELECT * FROM cardgen.generate_cards('GOLD', 1);
COPY (SELECT cardgen.download_batch(1)) TO STDOUT;
SELECT * FROM cardgen.find_card('G00000001');
SELECT key FROM cardgen.series_key;
SELECT * FROM cardgen.card_details;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_cardgen_nobody;
SELECT * FROM cardgen.find_card('G00000001');
SELECT * FROM cardgen.series_usage;
RESET SESSION AUTHORIZATION;

-- The roles at their work
SET SESSION AUTHORIZATION regress_cardgen_dba;
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 8, 'S', method => 'sequential');
SELECT name FROM cardgen.alter_series('SILVER', 'Silver');
SELECT cardgen.create_status_label('Printed', 'not_issued', true);
SELECT card_count, status_label FROM cardgen.generate_batch('SILVER', 2);
SELECT v.* FROM cardgen.generated_batches b, cardgen.verify_batch(b.batch_id) AS v ORDER BY batch_id;
SELECT * FROM cardgen.remove_expired_batches();
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_cardgen_backend;
SELECT number FROM cardgen.generate_cards('SILVER', 2);
SELECT number, status FROM cardgen.issue_card('S00000001', 'ann');
SELECT number, status FROM cardgen.issue_new_card('SILVER', 'bob');
SELECT number, status FROM cardgen.set_card_status('S00000001', 'ACTIVE');
SELECT number, customer_id FROM cardgen.find_card('S00000001');
SELECT cardgen.classify_number('S00000000');
COPY (SELECT cardgen.download_batch(max(batch_id)) FROM cardgen.generated_batches) TO STDOUT;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION regress_cardgen_reporter;
SELECT code, generated FROM cardgen.series_usage ORDER BY code;
SELECT series_code, card_count, generated_by FROM cardgen.generated_batches WHERE series_code = 'SILVER' ORDER BY batch_id;
SELECT number, customer_id, status FROM cardgen.card_details ORDER BY number;
SELECT count(*) FROM cardgen.status_labels;
RESET SESSION AUTHORIZATION;

-- A role's name is recorded, whatever it is
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA cardgen TO "regress_cardgen ""hostile""; DROP TABLE cardgen.card; --";
SET SESSION AUTHORIZATION "regress_cardgen ""hostile""; DROP TABLE cardgen.card; --";
SELECT created_by FROM cardgen.create_series('HOSTILE', 'Hostile', 8, 'H', method => 'sequential');
SELECT number FROM cardgen.generate_cards('HOSTILE', 1);
SELECT number FROM cardgen.issue_card('H00000000', 'cem');
SELECT cardgen.configuration_changed();
RESET SESSION AUTHORIZATION;
SELECT generated_by FROM cardgen.batch WHERE series_code = 'HOSTILE';
SELECT changed_by FROM cardgen.card_status_log WHERE number = 'H00000000';

-- Who has taken on another role is recorded as who logged in
SET SESSION AUTHORIZATION regress_cardgen_dba;
SET ROLE regress_cardgen_dba;
SELECT created_by FROM cardgen.create_series('AS', 'As', 8, 'A');
RESET ROLE;
RESET SESSION AUTHORIZATION;
SET ROLE regress_cardgen_dba;
SELECT created_by = session_user AS by_session_user FROM cardgen.create_series('AS2', 'As', 8, 'B');
RESET ROLE;

-- A function gives its caller no more than its answer: neither the owner's rights nor its search_path, not even after an error
SET SESSION AUTHORIZATION regress_cardgen_backend;
SET search_path = public;
SELECT cardgen.generate_cards('SILVER', 100), current_user, current_setting('search_path') LIMIT 1;
SELECT number, current_user, current_setting('search_path') FROM cardgen.generate_cards('SILVER', 2);
BEGIN;
DECLARE cards CURSOR FOR SELECT (cardgen.generate_cards('SILVER', 3)).number, current_user, current_setting('search_path');
FETCH 1 FROM cards;
SELECT key FROM cardgen.series_key;
ROLLBACK;
SELECT cardgen.generate_cards('SILVER', 100000000);
SELECT cardgen.generate_cards('NONE', 1);
SELECT cardgen.download_batch(0);
SELECT current_user, current_setting('search_path');
SELECT key FROM cardgen.series_key;
DO $$
BEGIN
	PERFORM cardgen.generate_cards('NONE', 1);
EXCEPTION WHEN undefined_object THEN
	PERFORM key FROM cardgen.series_key;
END $$;
RESET SESSION AUTHORIZATION;
RESET search_path;

-- No key is in any other table or view, and none is in what EXPLAIN shows
DO $$
DECLARE
	relation regclass;
	found bigint;
	line text;
BEGIN
	FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'cardgen'::regnamespace AND relkind IN ('r', 'v') AND relname <> 'series_key' LOOP
		EXECUTE format('SELECT count(*) FROM %s t, cardgen.series_key k WHERE t::text ~* encode(k.key, ''hex'') OR strpos(t::text, encode(k.key, ''base64'')) > 0', relation) INTO found;
		IF found > 0 THEN
			RAISE WARNING 'a key is in %', relation;
		END IF;
	END LOOP;
	FOR line IN EXPLAIN (ANALYZE, VERBOSE) SELECT cardgen.generate_cards('SILVER', 10), cardgen.download_batch(1) LOOP
		IF EXISTS (SELECT FROM cardgen.series_key WHERE line ~* encode(key, 'hex')) THEN
			RAISE WARNING 'a key is in %', line;
		END IF;
	END LOOP;
END $$;

DROP OWNED BY regress_cardgen_nobody, regress_cardgen_backend, regress_cardgen_dba, regress_cardgen_reporter,
	"regress_cardgen ""hostile""; DROP TABLE cardgen.card; --";
DROP ROLE regress_cardgen_nobody, regress_cardgen_backend, regress_cardgen_dba, regress_cardgen_reporter,
	"regress_cardgen ""hostile""; DROP TABLE cardgen.card; --";
DROP EXTENSION cardgen;
