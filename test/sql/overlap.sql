\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;

-- What comes of creating the first and then the second, and the other way round.
-- The arguments are those behind code and name.
CREATE FUNCTION pg_temp.both_ways(first text, second text) RETURNS TABLE (created text, afterwards text)
LANGUAGE plpgsql AS $$
DECLARE
	create_one text := 'SELECT cardgen.create_series(''ONE'', ''One'', ' || first || ')';
	create_two text := 'SELECT cardgen.create_series(''TWO'', ''Two'', ' || second || ')';
BEGIN
	EXECUTE create_one;
	created := 'ONE';
	afterwards := split_part(pg_temp.refused(create_two), E'\n', 1);
	RETURN NEXT;
	IF EXISTS (SELECT FROM cardgen.series WHERE code = 'TWO') THEN
		PERFORM cardgen.drop_series('TWO');
	END IF;
	PERFORM cardgen.drop_series('ONE');

	EXECUTE create_two;
	created := 'TWO';
	afterwards := split_part(pg_temp.refused(create_one), E'\n', 1);
	RETURN NEXT;
	IF EXISTS (SELECT FROM cardgen.series WHERE code = 'ONE') THEN
		PERFORM cardgen.drop_series('ONE');
	END IF;
	PERFORM cardgen.drop_series('TWO');
END $$;

-- The same format, whatever else is different
SELECT * FROM pg_temp.both_ways('12', '12');
SELECT * FROM pg_temp.both_ways('12', $$12, method => 'sequential', card_offset => 999999999999, card_type => 'physical'$$);
SELECT * FROM pg_temp.both_ways('12', $$12, check_digit => 'luhn'$$);

-- A prefix that is digits, or letters of the alphabet
SELECT * FROM pg_temp.both_ways('16', $$12, '4000'$$);
SELECT * FROM pg_temp.both_ways($$14, '40'$$, $$12, '4000'$$);
SELECT * FROM pg_temp.both_ways($$24, alphabet => 'ABCDEF'$$, $$21, 'FED', alphabet => 'AB'$$);
SELECT * FROM pg_temp.both_ways($$9, '40', suffix => '1'$$, $$9, '4', suffix => '01'$$);

-- Letter case alone does not keep numbers apart
SELECT * FROM pg_temp.both_ways($$12, 'Gold'$$, $$12, 'GOLD'$$);
SELECT * FROM pg_temp.both_ways($$12, alphabet => 'ABCDEF'$$, $$11, 'f', alphabet => 'ABCDEF'$$);

-- The place of the check digit is a digit
SELECT * FROM pg_temp.both_ways($$12, check_digit => 'mod7'$$, $$11, suffix => '9'$$);

-- Another length, another prefix, another suffix, another alphabet
SELECT * FROM pg_temp.both_ways('12', '13');
SELECT * FROM pg_temp.both_ways($$12, '4000'$$, $$12, '4001'$$);
SELECT * FROM pg_temp.both_ways($$12, suffix => 'A'$$, $$12, suffix => 'B'$$);
SELECT * FROM pg_temp.both_ways($$12, alphabet => '01234'$$, $$12, alphabet => '56789'$$);
SELECT * FROM pg_temp.both_ways('16', $$15, 'A'$$);
SELECT * FROM pg_temp.both_ways($$12, 'A', check_digit => 'luhn'$$, $$12, 'A', alphabet => 'ABCDEF'$$);

-- One position is enough
SELECT * FROM pg_temp.both_ways($$11, '1', alphabet => '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'$$, $$9, '2', '99'$$);

-- What the message says
\pset format unaligned
\pset tuples_only on
SELECT code FROM cardgen.create_series('FIRST', 'First', 12, '4000');
SELECT pg_temp.refused($$cardgen.create_series('SECOND', 'Second', 16)$$);

-- A series that is not active, or used up, has its numbers still
SELECT code FROM cardgen.alter_series('FIRST', is_active => false);
SELECT pg_temp.refused($$cardgen.create_series('SECOND', 'Second', 12, '4000')$$);
SELECT cardgen.skip_numbers('FIRST', capacity) FROM cardgen.series;
SELECT pg_temp.refused($$cardgen.create_series('SECOND', 'Second', 12, '4000')$$);

DROP EXTENSION cardgen;
