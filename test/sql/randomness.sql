\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;

-- Ten thousand 8-digit values in the order generated; the keys are fixed, so that the measures below are constants
CREATE TEMP TABLE sample (source text, ordinal int, value int);

SELECT code FROM cardgen.create_series('RANDOM', 'Random', 8, 'a');
SELECT code FROM cardgen.create_series('OTHERKEY', 'Random', 8, 'b');
SELECT code FROM cardgen.create_series('RANDOMLUHN', 'Random', 9, 'c', check_digit => 'luhn');
SELECT code FROM cardgen.create_series('SEQUENTIAL', 'Sequential', 8, 'd', method => 'sequential', card_offset => 12345678);
SELECT pg_temp.fix_key(code) FROM cardgen.series;

INSERT INTO sample
	SELECT code, place - 1, substr(number, 2, 8)::int
	FROM cardgen.series, cardgen.generate_cards(code, 10000) WITH ORDINALITY AS g (batch_id, number, place);

-- Orders that only look mixed up
INSERT INTO sample SELECT 'steps of one size', n, n::bigint * 40014007 % 100000000 FROM generate_series(0, 9999) AS n;
INSERT INTO sample SELECT 'digits reversed', n, reverse(to_char(n, 'FM00000000'))::int FROM generate_series(0, 9999) AS n;

-- A rank order that goes along with the ordinals
CREATE FUNCTION pg_temp.is_uncorrelated(name text) RETURNS boolean LANGUAGE sql AS $$
	SELECT abs(corr(ordinal, value)) < 0.05 FROM sample WHERE source = name
$$;

-- Does every digit come equally often at each place? Chi-squared with 9 degrees of freedom is below 40.
CREATE FUNCTION pg_temp.has_even_digits(name text) RETURNS boolean LANGUAGE sql AS $$
	SELECT max(chi_squared) < 40 FROM (
		SELECT sum((coalesce(seen, 0) - 1000) ^ 2 / 1000) AS chi_squared
		FROM generate_series(0, 7) AS place CROSS JOIN generate_series(0, 9) AS digit
		LEFT JOIN (SELECT p AS place, value / (10 ^ p)::int % 10 AS digit, count(*) AS seen
				   FROM sample, generate_series(0, 7) AS p WHERE source = name GROUP BY 1, 2) AS s USING (place, digit)
		GROUP BY place) AS places
$$;

-- Does the last digit of the ordinal tell any digit? Chi-squared with 81 degrees of freedom is below 160.
CREATE FUNCTION pg_temp.hides_ordinal(name text) RETURNS boolean LANGUAGE sql AS $$
	SELECT max(chi_squared) < 160 FROM (
		SELECT sum((coalesce(seen, 0) - 100) ^ 2 / 100) AS chi_squared
		FROM generate_series(0, 7) AS place CROSS JOIN generate_series(0, 9) AS digit CROSS JOIN generate_series(0, 9) AS last
		LEFT JOIN (SELECT p AS place, value / (10 ^ p)::int % 10 AS digit, ordinal % 10 AS last, count(*) AS seen
				   FROM sample, generate_series(0, 7) AS p WHERE source = name GROUP BY 1, 2, 3) AS s USING (place, digit, last)
		GROUP BY place) AS places
$$;

-- Are the steps from number to number all different, near enough, and as often up as down?
CREATE FUNCTION pg_temp.has_free_steps(name text) RETURNS boolean LANGUAGE sql AS $$
	SELECT count(DISTINCT step) > 9900 AND count(*) FILTER (WHERE step > 0) BETWEEN 4800 AND 5200
	FROM (SELECT value - lag(value) OVER (ORDER BY ordinal) AS step FROM sample WHERE source = name) AS steps
$$;

SELECT source, count(DISTINCT value) AS different, pg_temp.is_uncorrelated(source), pg_temp.has_even_digits(source),
	pg_temp.hides_ordinal(source), pg_temp.has_free_steps(source)
	FROM sample GROUP BY source ORDER BY source COLLATE "C";

-- One key tells nothing of what another one does
SELECT abs(corr(a.value, b.value)) < 0.05 AS keys_are_unrelated, count(*) FILTER (WHERE a.value = b.value) AS same_numbers
	FROM sample a JOIN sample b USING (ordinal) WHERE a.source = 'RANDOM' AND b.source = 'OTHERKEY';

-- A key that is one bit off makes other numbers
CREATE TEMP TABLE numbers AS
	SELECT number, row_number() OVER () AS place FROM cardgen.download_batch((SELECT batch_id FROM cardgen.batch WHERE series_code = 'RANDOM')) AS number;
UPDATE cardgen.series_key SET key = set_bit(key, 255, 1 - get_bit(key, 255)) WHERE series_code = 'RANDOM';
SELECT count(*) AS same_numbers
	FROM numbers JOIN (SELECT number, row_number() OVER () AS place
					   FROM cardgen.download_batch((SELECT batch_id FROM cardgen.batch WHERE series_code = 'RANDOM')) AS number) AS now USING (number, place);

-- Keys that are not set by hand differ from series to series, and from one making of the same series to the next
CREATE TEMP TABLE key AS SELECT key FROM cardgen.series_key WHERE series_code = 'OTHERKEY';
DO $$
BEGIN
	FOR i IN 1..100 LOOP
		PERFORM cardgen.create_series('AGAIN', 'Again', 8, 'e');
		INSERT INTO key SELECT key FROM cardgen.series_key WHERE series_code = 'AGAIN';
		PERFORM cardgen.drop_series('AGAIN');
	END LOOP;
END $$;
SELECT count(DISTINCT key) AS keys, min(octet_length(key)) AS octets FROM key;

DROP EXTENSION cardgen;
