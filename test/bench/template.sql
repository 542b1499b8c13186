-- The database that the others are copies of: cardgen, and the designs that it
-- is compared with.
CREATE EXTENSION cardgen;
CREATE EXTENSION pgcrypto;

-- One series is like payment cards; the random numbers beside it have no prefix.
SET client_min_messages = warning;

SELECT cardgen.create_series('GOLD', 'Gold', length => 16, check_digit => 'luhn') \g /dev/null
SELECT cardgen.create_series('S0', 'Session 0', prefix => 'A', length => 16, check_digit => 'luhn') \g /dev/null
SELECT cardgen.create_series('S1', 'Session 1', prefix => 'B', length => 16, check_digit => 'luhn') \g /dev/null

-- COPY goes into the same columns with the same index.
CREATE TABLE copied (LIKE cardgen.generated_card INCLUDING ALL);

CREATE TABLE unique_card (number text COLLATE "C" NOT NULL, batch_id integer NOT NULL);
CREATE TABLE unique_bigint (number bigint NOT NULL, batch_id integer NOT NULL);

-- The sum of the digits of 0 to 999 as Luhn's check digit counts them, those
-- at the given places from the right doubled. Five look-ups then do for a
-- number of 15 digits.
CREATE FUNCTION luhn_sums(doubled integer[]) RETURNS integer[] LANGUAGE sql IMMUTABLE AS $$
	SELECT array_agg(sum ORDER BY value)
	FROM (SELECT value, sum(CASE WHEN place = ANY (doubled) THEN digit * 2 - 9 * (digit > 4)::integer
							ELSE digit END)::integer
		  FROM generate_series(0, 999) AS value,
			   LATERAL (VALUES (1, value % 10), (2, value / 10 % 10), (3, value / 100)) AS digits (place, digit)
		  GROUP BY value) AS sums (value, sum)
$$;

CREATE FUNCTION check_digit(number bigint, odd integer[], even integer[]) RETURNS bigint
	LANGUAGE sql IMMUTABLE AS $$
	SELECT (1000 - odd[number % 1000 + 1] - even[number / 1000 % 1000 + 1]
			- odd[number / 1000000 % 1000 + 1] - even[number / 1000000000 % 1000 + 1]
			- odd[number / 1000000000000 + 1]) % 10
$$;

-- Random numbers, a unique index, and as many more as were there already. In
-- the order of the index the insertion is a third faster than out of it. The
-- same with numbers that can't be guessed, and for numbers without letters or
-- leading zeros as integers.
DO $$
DECLARE
	text_number text = $sql$lpad(number::text, 15, '0') || check_digit(number, odd, even)$sql$;
	design text[];
BEGIN
	FOREACH design SLICE 1 IN ARRAY ARRAY[
		['generate_unique', 'unique_card', text_number,
		 'floor(random() * 1e15)::bigint'],
		['generate_unique_bytes', 'unique_card', text_number,
		 $sql$('x' || encode(gen_random_bytes(7), 'hex'))::bit(56)::bigint % 1000000000000000$sql$],
		['generate_unique_bigint', 'unique_bigint', 'number * 10 + check_digit(number, odd, even)',
		 'floor(random() * 1e15)::bigint']]
	LOOP
		EXECUTE format($sql$
			CREATE FUNCTION %1$s(batch integer, wanted integer) RETURNS void LANGUAGE plpgsql AS $body$
			DECLARE
				odd integer[] = luhn_sums('{1, 3}');
				even integer[] = luhn_sums('{2}');
				inserted integer;
			BEGIN
				WHILE wanted > 0 LOOP
					INSERT INTO %2$s (number, batch_id)
						SELECT %3$s, batch
						FROM (SELECT %4$s AS number FROM generate_series(1, wanted) ORDER BY 1) AS drawn
						ON CONFLICT DO NOTHING;
					GET DIAGNOSTICS inserted = ROW_COUNT;
					wanted = wanted - inserted;
				END LOOP;
			END
			$body$ $sql$, VARIADIC design);
	END LOOP;
END
$$;

-- A number at a time.
CREATE FUNCTION generate_unique_loop(batch integer, wanted integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	odd integer[] = luhn_sums('{1, 3}');
	even integer[] = luhn_sums('{2}');
	drawn bigint;
BEGIN
	WHILE wanted > 0 LOOP
		drawn = floor(random() * 1e15);
		INSERT INTO unique_card (number, batch_id)
			VALUES (lpad(drawn::text, 15, '0') || check_digit(drawn, odd, even), batch)
			ON CONFLICT DO NOTHING;
		IF FOUND THEN
			wanted = wanted - 1;
		END IF;
	END LOOP;
END
$$;

CREATE PROCEDURE generate_batches(series_code text, count integer, card_count integer DEFAULT 100000)
	LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..count LOOP
		PERFORM cardgen.generate_batch(series_code, card_count);
		COMMIT;
	END LOOP;
END
$$;

-- Resident memory of this backend that is its own, in MB.
CREATE FUNCTION own_memory() RETURNS numeric LANGUAGE sql VOLATILE AS $$
	SELECT substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\s*(\d+)')::numeric / 1024
$$;

-- How many blocks a statement looks at, in memory or not.
CREATE FUNCTION blocks_of(statement text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ' || statement INTO plan;
	RETURN (plan -> 0 -> 'Plan' ->> 'Shared Hit Blocks')::integer +
		(plan -> 0 -> 'Plan' ->> 'Shared Read Blocks')::integer;
END
$$;

CREATE FUNCTION blocks_read(batch integer) RETURNS integer LANGUAGE sql AS $$
	SELECT blocks_of('SELECT number FROM cardgen.generated_card WHERE batch_id = ' || batch)
$$;
