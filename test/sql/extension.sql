CREATE EXTENSION cardgen;
\pset format unaligned
\pset tuples_only on

-- What it is made of
SELECT kind, array_to_string(array_agg(name ORDER BY name COLLATE "C"), ' ') AS names FROM (
	SELECT CASE c.relkind WHEN 'r' THEN 'tables' WHEN 'v' THEN 'views' WHEN 'S' THEN 'sequences' END, c.relname::text
		FROM pg_class c WHERE c.relnamespace = 'cardgen'::regnamespace AND c.relkind IN ('r', 'v', 'S')
	UNION ALL SELECT CASE prokind WHEN 'p' THEN 'procedures' ELSE 'functions' END, proname FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace
	UNION ALL SELECT 'types', typname FROM pg_type WHERE typnamespace = 'cardgen'::regnamespace AND typtype = 'e') AS object (kind, name)
	GROUP BY kind ORDER BY kind;
SELECT format('%s(%s)%s', proname, pg_get_function_arguments(oid), ' -> ' || pg_get_function_result(oid))
	FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace ORDER BY proname;

-- All of it belongs to the extension, and everything of it is in its schema
SELECT classid::regclass, objid FROM pg_depend
	WHERE deptype = 'e' AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'cardgen')
	AND pg_describe_object(classid, objid, objsubid) !~ 'cardgen';
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'cardgen'::regnamespace AND c.relkind IN ('r', 'v', 'S')
	AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e');

-- Every table and sequence is dumped
SELECT c.relname, cfg.condition FROM pg_extension e, unnest(e.extconfig, e.extcondition) AS cfg (relation, condition), pg_class c
	WHERE e.extname = 'cardgen' AND c.oid = cfg.relation AND cfg.condition <> '';
SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'cardgen'::regnamespace AND c.relkind IN ('r', 'S')
	AND c.oid NOT IN (SELECT unnest(extconfig) FROM pg_extension);

-- Each object says what it is
SELECT 'table' AS kind, relname FROM pg_class WHERE relnamespace = 'cardgen'::regnamespace AND relkind IN ('r', 'v', 'S') AND obj_description(oid, 'pg_class') IS NULL
	UNION ALL SELECT 'index', indexrelid::regclass::text FROM pg_index WHERE indrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'cardgen'::regnamespace)
		AND indexrelid NOT IN (SELECT conindid FROM pg_constraint) AND obj_description(indexrelid, 'pg_class') IS NULL
	UNION ALL SELECT 'trigger', tgrelid::regclass::text FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'cardgen'::regnamespace)
		AND obj_description(oid, 'pg_trigger') IS NULL
	UNION ALL SELECT 'function', proname FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace AND obj_description(oid, 'pg_proc') IS NULL
	UNION ALL SELECT 'type', typname FROM pg_type WHERE typnamespace = 'cardgen'::regnamespace AND typtype = 'e' AND obj_description(oid, 'pg_type') IS NULL;
SELECT obj_description('cardgen'::regnamespace, 'pg_namespace');

-- It has the one schema
CREATE EXTENSION cardgen;
ALTER EXTENSION cardgen SET SCHEMA public;

-- Dropped, it leaves nothing behind
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential');
SELECT number FROM cardgen.generate_cards('GOLD', 2);
DROP EXTENSION cardgen;
SELECT count(*) FROM pg_namespace WHERE nspname = 'cardgen';
SELECT count(*) FROM pg_proc WHERE probin LIKE '%cardgen%';

-- Nor does one that is made and rolled back
BEGIN;
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential');
ROLLBACK;
SELECT count(*) FROM pg_namespace WHERE nspname = 'cardgen';
CREATE EXTENSION cardgen;
SELECT count(*) FROM cardgen.series;
SELECT cardgen.classify_number('G00000000');
DROP EXTENSION cardgen;
