\set ECHO none
-- What the tests share; it goes with the session.
\pset null '(null)'
\set SHOW_CONTEXT never

-- Everything that the extension has stored, in one value.
CREATE FUNCTION pg_temp.fingerprint() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	relation pg_catalog.pg_class;
	stored text;
	total text := '';
BEGIN
	FOR relation IN
		SELECT * FROM pg_catalog.pg_class
		WHERE relnamespace = 'cardgen'::regnamespace AND relkind IN ('r', 'p', 'S') AND NOT relispartition
		ORDER BY relname
	LOOP
		EXECUTE format(CASE WHEN relation.relkind = 'S'
					   THEN 'SELECT md5(last_value::text || is_called) FROM %s'
					   ELSE 'SELECT md5(string_agg(t::text, E''\n'' ORDER BY t::text COLLATE "C")) FROM %s t' END,
					   relation.oid::regclass) INTO stored;
		total := total || coalesce(stored, '-');
	END LOOP;
	RETURN md5(total);
END $$;

-- How a call fails, by what name, and whether it leaves something behind.
CREATE FUNCTION pg_temp.refused(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before text := pg_temp.fingerprint();
	answer text := 'it was not refused';
	name text;
	message text;
	detail text;
	hint text;
BEGIN
	BEGIN
		EXECUTE CASE WHEN call LIKE 'cardgen.%' THEN 'SELECT * FROM ' || call ELSE call END;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
			hint = PG_EXCEPTION_HINT;
		answer := concat_ws(E'\n  ', concat_ws(' ', SQLSTATE, nullif(name, '')) || ': ' || message,
							nullif(detail, ''), nullif(hint, ''));
	END;
	IF pg_temp.fingerprint() <> before THEN
		answer := answer || E'\n  something was written';
	END IF;
	RETURN answer;
END $$;

-- What a call returns, or how it fails and by what name.
CREATE FUNCTION pg_temp.answer(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	answer text;
	name text;
BEGIN
	EXECUTE call INTO answer;
	RETURN answer;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME;
	RETURN concat_ws(' ', SQLSTATE, name);
END $$;

-- A card of a series whose numbers are M and eight digits, brought to a status.
CREATE FUNCTION pg_temp.card_of(status text, place int) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	number text := 'M' || lpad(place::text, 8, '0');
BEGIN
	IF status <> 'not_issued' THEN
		PERFORM cardgen.issue_card(number, 'dee', CASE WHEN status IN ('active', 'suspended') THEN 'ACTIVE' ELSE 'ISSUED' END);
	END IF;
	IF status IN ('suspended', 'expired', 'deleted') THEN
		PERFORM cardgen.set_card_status(number, upper(status COLLATE "C"));
	END IF;
	RETURN number;
END $$;

-- Makes the random numbers of a series the same in every run.
CREATE FUNCTION pg_temp.fix_key(code text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	UPDATE cardgen.series_key SET key = sha256(convert_to(code, 'UTF8')) WHERE series_code = code;
END $$;
\set ECHO all
