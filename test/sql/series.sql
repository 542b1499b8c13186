\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;

-- Only code, name and length have to be given
SELECT code, name, description, card_type, prefix, suffix, length, method, check_digit, card_offset, alphabet,
	capacity, max_active_cards, card_expiry_days, batch_retention, is_active,
	created_on = now() AS created_now, created_by = session_user AS created_by_me
	FROM cardgen.create_series('PLAIN', 'Plain card', 12)
\gx

-- All arguments by name
SELECT code, name, description, card_type, prefix, suffix, length, method, check_digit, card_offset, alphabet,
	capacity, max_active_cards, card_expiry_days, batch_retention
	FROM cardgen.create_series(
		batch_retention => '2 months', card_expiry_days => 365, max_active_cards => 3,
		description => 'For those who come every day', card_type => 'physical',
		alphabet => '0123456789', card_offset => 1000, check_digit => 'mod7', method => 'sequential',
		suffix => 'x9', prefix => 'Gd', length => 10, name => 'Gold card', code => 'GOLD')
\gx

-- All arguments by position
SELECT code, name, description, card_type, prefix, suffix, length, method, check_digit, card_offset, alphabet,
	capacity, max_active_cards, card_expiry_days, batch_retention
	FROM cardgen.create_series('SILVER', 'Silver card', 8, 'S', '', 'random', 'none', 0, 'ABCDEF',
							   'digital', 'Six letters', 2, 730, '1 year')
\gx

-- The row that is returned is the row that is stored, with a key and a counter
CREATE TEMP TABLE returned AS SELECT * FROM cardgen.create_series('BRONZE', 'Bronze card', 9, 'B');
SELECT count(*) AS same_row FROM returned r JOIN cardgen.series s ON s.*::text = r.*::text;
SELECT octet_length(key) FROM cardgen.series_key WHERE series_code = 'BRONZE';
SELECT next_ordinal FROM cardgen.series_counter WHERE series_code = 'BRONZE';
SELECT count(DISTINCT key) = 4 AS own_keys FROM cardgen.series_key;

-- A code can have 1 to 50 letters and digits, and case tells codes apart
SELECT code FROM cardgen.create_series('a', 'One letter', 11, 'c1');
SELECT code FROM cardgen.create_series('A', 'Another one', 11, 'c2');
SELECT octet_length(code) FROM cardgen.create_series(repeat('aZ09', 12) || 'x7', 'Fifty', 11, 'c3');
SELECT octet_length(name) FROM cardgen.create_series('LONGNAME', repeat('n', 255), 11, 'c4');

-- Whole numbers of 5 and of 150 characters
SELECT length, capacity FROM cardgen.create_series('FIVE', 'Five', 5, method => 'sequential');
SELECT length, capacity FROM cardgen.create_series('FIVESPREAD', 'Five', 1, 'ab', 'yz', method => 'sequential');
SELECT length, capacity FROM cardgen.create_series('FIVECHECK', 'Five', 2, 'ab', 'z', 'sequential', 'luhn');
SELECT length, capacity FROM cardgen.create_series('LONGEST', 'Longest', 150);
SELECT length, octet_length(prefix || suffix) AS around, capacity
	FROM cardgen.create_series('LONGSPREAD', 'Longest', 50, repeat('p', 50), repeat('s', 50));

-- Capacity: what the format has from the offset on, at most 2^63 - 1
SELECT capacity FROM cardgen.create_series('TEN18', 'Capacity', 18, 'd1');
SELECT capacity FROM cardgen.create_series('TEN19', 'Capacity', 19, 'd1');
SELECT capacity FROM cardgen.create_series('TEN19C', 'Capacity', 19, 'd2', check_digit => 'luhn');
SELECT capacity FROM cardgen.create_series('TWO62', 'Capacity', 62, 'd1', alphabet => '01');
SELECT capacity FROM cardgen.create_series('TWO63', 'Capacity', 63, 'd1', alphabet => '01');
SELECT capacity FROM cardgen.create_series('TWO64', 'Capacity', 64, 'd1', alphabet => '01');
SELECT capacity FROM cardgen.create_series('ALL12', 'Capacity', 12, 'd4', alphabet => '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ');
SELECT capacity FROM cardgen.create_series('ALL13', 'Capacity', 13, 'd4', alphabet => '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ');
SELECT capacity FROM cardgen.create_series('LAST', 'Capacity', 6, 'd5', method => 'sequential', card_offset => 999999);
SELECT capacity FROM cardgen.create_series('FAR', 'Capacity', 19, 'd5', method => 'sequential', card_offset => 9223372036854775807);
SELECT capacity FROM cardgen.create_series('FARTHER', 'Capacity', 20, 'd5', method => 'sequential', card_offset => 9223372036854775807);

-- Below a million numbers a random series can be guessed, and a sequential one anyway
SELECT capacity FROM cardgen.create_series('SMALL', 'Small', 5, 'e1');
SELECT capacity FROM cardgen.create_series('SMALLLUHN', 'Small', 6, 'e1', check_digit => 'luhn');
SELECT capacity FROM cardgen.create_series('SMALLBITS', 'Small', 19, 'e1', alphabet => '01');
SELECT capacity FROM cardgen.create_series('MILLION', 'Million', 6, 'e2');
SELECT capacity FROM cardgen.create_series('BITS', 'Bits', 20, 'e2', alphabet => 'XY');
SELECT capacity FROM cardgen.create_series('SMALLSTEPS', 'Small', 5, 'e3', method => 'sequential');

-- Numbers of 13 to 19 digits that end in Luhn's and can begin with 2 to 6 are those of payment cards too
SELECT code FROM cardgen.create_series('BANK', 'Like a payment card', 12, '4000', check_digit => 'luhn');
SELECT code FROM cardgen.create_series('SHORT', 'Like a payment card', 13, check_digit => 'luhn', method => 'sequential');
SELECT code FROM cardgen.create_series('NINE', 'Not like one', 12, '9000', check_digit => 'luhn');
SELECT code FROM cardgen.create_series('GS1', 'Not like one', 12, '4001', check_digit => 'gs1');
SELECT code FROM cardgen.create_series('TWENTY', 'Not like one', 20, check_digit => 'luhn');

-- Rules at their bounds
SELECT max_active_cards, card_expiry_days, batch_retention
	FROM cardgen.create_series('LEAST', 'Least', 10, 'f1', max_active_cards => 1, card_expiry_days => 1, batch_retention => '1 microsecond');
SELECT max_active_cards, card_expiry_days, batch_retention
	FROM cardgen.create_series('MOST', 'Most', 10, 'f2', max_active_cards => 2147483647, card_expiry_days => 36500, batch_retention => '100000 years');

-- alter_series changes what it is told and leaves the rest
SELECT name, description, is_active, max_active_cards, card_expiry_days, batch_retention
	FROM cardgen.alter_series('GOLD');
SELECT name, description, is_active, max_active_cards, card_expiry_days, batch_retention
	FROM cardgen.alter_series('GOLD', 'Golden card');
SELECT name, description, is_active, max_active_cards, card_expiry_days, batch_retention
	FROM cardgen.alter_series('GOLD', description => '', is_active => false);
SELECT name, description, is_active, max_active_cards, card_expiry_days, batch_retention
	FROM cardgen.alter_series('GOLD', is_active => true, max_active_cards => 1, card_expiry_days => 36500, batch_retention => '90 days');
SELECT name, description, is_active, max_active_cards, card_expiry_days, batch_retention
	FROM cardgen.alter_series('GOLD', NULL, NULL, NULL, NULL, NULL, NULL);
TRUNCATE returned;
INSERT INTO returned SELECT * FROM cardgen.alter_series('GOLD', 'Gold');
SELECT count(*) AS same_row FROM returned r JOIN cardgen.series s ON s.*::text = r.*::text;

-- Code, type and format can't be given to alter_series, and no other function changes a series
SELECT proname, proargnames
	FROM pg_proc
	WHERE pronamespace = 'cardgen'::regnamespace AND prorettype = 'cardgen.series'::regtype AND proname <> 'create_series';

-- drop_series takes key and counter along
SELECT cardgen.drop_series('PLAIN');
SELECT cardgen.drop_series(code => 'MILLION');
SELECT count(*) FROM cardgen.series WHERE code IN ('PLAIN', 'MILLION');
SELECT count(*) FROM cardgen.series_key WHERE series_code IN ('PLAIN', 'MILLION');
SELECT count(*) FROM cardgen.series_counter WHERE series_code IN ('PLAIN', 'MILLION');

-- Its code and its format are free again
SELECT code, length FROM cardgen.create_series('PLAIN', 'Plain again', 12);
SELECT code, prefix FROM cardgen.create_series('MILLION', 'Million', 6, 'e2');

-- One that was used up to nothing but skipped numbers has to stay, one whose batch was rolled back has not
SELECT cardgen.skip_numbers('PLAIN', 1);
SELECT cardgen.drop_series('PLAIN');
BEGIN;
SELECT card_count FROM cardgen.generate_batch('MILLION', 3);
ROLLBACK;
SELECT cardgen.drop_series('MILLION');

-- series_usage
SELECT code, cardgen.skip_numbers(code, 10) FROM (VALUES ('FIVE'), ('LONGEST')) AS used (code);
SELECT cardgen.skip_numbers(series_code => 'LAST', count => 1);
SELECT is_active FROM cardgen.alter_series('BRONZE', is_active => false);
SELECT * FROM cardgen.series_usage WHERE code IN ('FIVE', 'LONGEST', 'LAST', 'BRONZE', 'GOLD') ORDER BY code;

DROP TABLE returned;
DROP EXTENSION cardgen;
