-- Cards of customers, in no order, in arrays that take no work to read: those
-- of another system's shape, and those of the series' own format.
\ir by_hand.sql
SELECT cardgen.create_series('OTHER', 'From elsewhere', NULL, method => 'imported') \g /dev/null
SELECT cardgen.create_series('OWN', 'As before', length => 16, prefix => 'OWN', check_digit => 'luhn') \g /dev/null

CREATE TABLE staged AS
	SELECT i AS id, (i - 1) * 10 / :cards AS part, 'E-' || n AS other,
		   'OWN' || lpad(n::text, 15, '0') || check_digit(n, luhn_sums('{1, 3}'), luhn_sums('{2}')) AS own,
		   'C' || i AS customer_id, timestamptz '2020-01-01' + i * interval '1 minute' AS issued_on,
		   date '2030-01-01' + i % 365 AS expires_on
	FROM generate_series(1, :cards) AS i, LATERAL (SELECT i * 982451653::bigint % 1000000000000000 AS n) AS number;
CREATE TABLE list (part integer, other text[], own text[], customer_ids text[], status_labels text[],
				   issued_on timestamptz[], expires_on date[]);
ALTER TABLE list ALTER other SET STORAGE EXTERNAL, ALTER own SET STORAGE EXTERNAL,
	ALTER customer_ids SET STORAGE EXTERNAL, ALTER status_labels SET STORAGE EXTERNAL,
	ALTER issued_on SET STORAGE EXTERNAL, ALTER expires_on SET STORAGE EXTERNAL;
INSERT INTO list
	SELECT part, array_agg(other ORDER BY id), array_agg(own ORDER BY id), array_agg(customer_id ORDER BY id),
		   array_agg('ACTIVE'::text), array_agg(issued_on ORDER BY id), array_agg(expires_on ORDER BY id)
	FROM staged GROUP BY part;
VACUUM (FREEZE, ANALYZE);

-- What the process may have taken in all, in kB.
CREATE FUNCTION memory(which text) RETURNS integer LANGUAGE sql VOLATILE AS $$
	SELECT substring(pg_read_file('/proc/self/status') FROM which || ':\s*(\d+)')::integer
$$;
