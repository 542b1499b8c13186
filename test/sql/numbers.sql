\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = warning;

-- The documented example: prefix GOLD, suffix 2021, offset 10, length 16
SELECT code FROM cardgen.create_series('EXAMPLE', 'Worked example', 16, 'GOLD', '2021', method => 'sequential', card_offset => 10);
SELECT number FROM cardgen.generate_cards('EXAMPLE', 3);

-- Check digits over the digits of the prefix too: 7992739871 gets 3, 3387972544 gets 5
SELECT code FROM cardgen.create_series('LUHN', 'Sequential, luhn', 8, '799', '', 'sequential', 'luhn', 2739871);
SELECT code FROM cardgen.create_series('MOD7', 'Sequential, mod7', 8, '338', '', 'sequential', 'mod7', 7972544);
SELECT number FROM cardgen.generate_cards('LUHN', 4);
SELECT number FROM cardgen.generate_cards('MOD7', 4);

-- Barcodes of tills: EAN-13, EAN-8, UPC-A and GTIN-14, the first of each a published example
SELECT s.code, number FROM (VALUES ('EAN13', 10, '629', 104150021), ('EAN8', 8, '', 7351353),
		('UPCA', 9, '036', 29145), ('GTIN14', 10, '1061', 414100041)) AS t (code, length, prefix, card_offset),
	cardgen.create_series(t.code, 'Barcode', t.length, t.prefix, '', 'sequential', 'gs1', t.card_offset) AS s,
	cardgen.generate_cards(s.code, 3);
SELECT number, cardgen.classify_number(number) FROM unnest(ARRAY['6291041500213', '6291041500214', '73513537',
	'73513530', '036000291452', '036000291453', '10614141000415', '10614141000410']) AS number;

-- Letters of the prefix are skipped, the suffix does not count
SELECT code FROM cardgen.create_series('LETTERS', 'Letters', 8, '7a9B9', 'x5', 'sequential', 'luhn', 2739871);
SELECT number FROM cardgen.generate_cards('LETTERS', 2);
SELECT code FROM cardgen.create_series('LETTERS2', 'Letters', 8, '6a2B9', 'x5', 'sequential', 'gs1', 1041500);
SELECT number FROM cardgen.generate_cards('LETTERS2', 2);

-- A checker that knows nothing of cardgen
CREATE FUNCTION pg_temp.is_luhn(number text) RETURNS boolean LANGUAGE sql AS $$
	SELECT sum(CASE WHEN place % 2 = 1 THEN digit WHEN digit > 4 THEN 2 * digit - 9 ELSE 2 * digit END) % 10 = 0
	FROM (SELECT row_number() OVER (ORDER BY at DESC) AS place, substr(number, at::int, 1)::int AS digit
		  FROM generate_series(1, length(number)) AS at) AS digits
$$;

CREATE FUNCTION pg_temp.is_gs1(number text) RETURNS boolean LANGUAGE sql AS $$
	SELECT sum(digit * CASE WHEN place % 2 = 1 THEN 1 ELSE 3 END) % 10 = 0
	FROM (SELECT row_number() OVER (ORDER BY at DESC) AS place, substr(number, at::int, 1)::int AS digit
		  FROM generate_series(1, length(number)) AS at) AS digits
$$;

-- The methods, with fixed keys
SELECT code FROM cardgen.create_series('S', 'DEFAULT', 10, '51', method => 'sequential');
SELECT code FROM cardgen.create_series('SL', 'LUHNALGO', 10, '52', method => 'sequential', check_digit => 'luhn');
SELECT code FROM cardgen.create_series('SM', 'MOD7_ALGO', 10, '53', method => 'sequential', check_digit => 'mod7');
SELECT code FROM cardgen.create_series('R', 'RANDOM', 10, '54', method => 'random');
SELECT code FROM cardgen.create_series('RL', 'RANDOM_LUHN', 10, '55', method => 'random', check_digit => 'luhn');
SELECT code FROM cardgen.create_series('RM', 'RANDOM_MOD7', 10, '56', method => 'random', check_digit => 'mod7');
SELECT code FROM cardgen.create_series('SG', 'GS1', 10, '58', method => 'sequential', check_digit => 'gs1');
SELECT code FROM cardgen.create_series('RG', 'RANDOM_GS1', 10, '59', method => 'random', check_digit => 'gs1');
SELECT pg_temp.fix_key(code) FROM cardgen.series WHERE name ~ 'RANDOM';
SELECT s.name, array_agg(number ORDER BY place)
	FROM cardgen.series s, cardgen.generate_cards(s.code, 5) WITH ORDINALITY AS g (batch_id, number, place)
	WHERE length(s.code) < 3 GROUP BY s.name, s.code ORDER BY s.code;

-- Other keys make other numbers
SELECT code FROM cardgen.create_series('R2', 'RANDOM', 10, '57');
SELECT pg_temp.fix_key('R2');
SELECT number FROM cardgen.generate_cards('R2', 5);

-- Valid, different from each other, of the right form, and every one of them known to classify_number
SELECT s.code, count(*) FROM cardgen.series s, cardgen.generate_cards(s.code, 1000) WHERE length(s.code) < 3 GROUP BY s.code ORDER BY s.code;
SELECT s.name, count(*) AS generated, count(DISTINCT number) AS different,
	bool_and(number ~ ('^' || s.prefix || '[0-9]{10}$')) AS have_the_form,
	bool_and(CASE s.check_digit
			 WHEN 'luhn' THEN pg_temp.is_luhn(number)
			 WHEN 'gs1' THEN pg_temp.is_gs1(number)
			 WHEN 'mod7' THEN left(number, -1)::bigint % 7 = right(number, 1)::int END) AS are_valid,
	bool_and(cardgen.classify_number(number) = 'not_issued') AS are_known
	FROM cardgen.series s JOIN cardgen.batch b ON b.series_code = s.code JOIN cardgen.generated_card USING (batch_id)
	WHERE length(s.code) < 3 GROUP BY s.code ORDER BY s.code;

-- Alphabets of 2, 10, 16, 20 and 36 characters, their order being the order of the numerals
SELECT s.code FROM (VALUES ('TWO', 'aa', 'XO'), ('TEN', 'bb', '9876543210'), ('HEX', 'cc', '0123456789ABCDEF'),
		  ('CLEAR', 'dd', '23456789CFGHJMPQRVWX'), ('ALL', 'ee', '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'))
		AS t (code, prefix, alphabet),
	cardgen.create_series(t.code, 'Alphabet', 8, t.prefix, method => 'sequential', alphabet => t.alphabet, card_offset => 34) AS s;
SELECT s.code, array_agg(number ORDER BY place)
	FROM cardgen.series s, cardgen.generate_cards(s.code, 4) WITH ORDINALITY AS g (batch_id, number, place)
	WHERE s.name = 'Alphabet' GROUP BY s.code ORDER BY s.code;

-- The same at random
SELECT s.code FROM (VALUES ('Aa', 'XO'), ('Bb', '9876543210'), ('Cc', '0123456789ABCDEF'),
		  ('Dd', '23456789CFGHJMPQRVWX'), ('Ee', '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'))
		AS t (prefix, alphabet),
	cardgen.create_series('RND' || length(t.alphabet), 'Random alphabet', 14, t.prefix, alphabet => t.alphabet) AS s;
SELECT pg_temp.fix_key(code) FROM cardgen.series WHERE name = 'Random alphabet';
SELECT s.code, array_agg(number ORDER BY place)
	FROM cardgen.series s, cardgen.generate_cards(s.code, 3) WITH ORDINALITY AS g (batch_id, number, place)
	WHERE s.name = 'Random alphabet' GROUP BY s.code ORDER BY s.code;
SELECT s.code, count(*) FROM cardgen.series s, cardgen.generate_cards(s.code, 1000)
	WHERE s.name ~ 'lphabet' AND capacity > 2000 GROUP BY s.code ORDER BY s.code;
SELECT s.code, count(*) AS generated, count(DISTINCT number) AS different,
	bool_and(number ~ ('^' || s.prefix || '[' || s.alphabet || ']{' || s.length || '}$')) AS have_the_form,
	bool_and(cardgen.classify_number(number) = 'not_issued') AS are_known
	FROM cardgen.series s JOIN cardgen.batch b ON b.series_code = s.code JOIN cardgen.generated_card USING (batch_id)
	WHERE s.name ~ 'lphabet' GROUP BY s.code ORDER BY s.code;

-- The longest numbers
SELECT s.code, s.capacity FROM (VALUES
		('SEQ10', 'f1', 'sequential'::cardgen.number_method, 'none'::cardgen.check_digit_method, '0123456789', 9223372036854775807),
		('SEQ2', 'f2', 'sequential', 'none', '01', 5),
		('SEQ36', 'f3', 'sequential', 'none', '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 36),
		('SEQLUHN', 'f4', 'sequential', 'luhn', '0123456789', 0),
		('RND10', 'f5', 'random', 'none', '0123456789', 0),
		('RND2', 'f6', 'random', 'none', 'TF', 0),
		('RND36', 'f7', 'random', 'none', '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 0),
		('RNDLUHN', 'f8', 'random', 'luhn', '0123456789', 0),
		('RNDMOD7', 'f9', 'random', 'mod7', '0123456789', 0),
		('SEQGS1', 'g1', 'sequential', 'gs1', '0123456789', 0),
		('RNDGS1', 'g2', 'random', 'gs1', '0123456789', 0))
		AS t (code, prefix, method, check_digit, alphabet, card_offset),
	cardgen.create_series('LONG' || t.code, 'Long', 148, t.prefix, method => t.method, check_digit => t.check_digit,
						  alphabet => t.alphabet, card_offset => t.card_offset) AS s;
SELECT pg_temp.fix_key(code) FROM cardgen.series WHERE name = 'Long';
SELECT s.code, number
	FROM cardgen.series s, cardgen.generate_cards(s.code, 3) WITH ORDINALITY AS g (batch_id, number, place)
	WHERE s.name = 'Long' ORDER BY s.code, place;
SELECT s.code, count(*) FROM cardgen.series s, cardgen.generate_cards(s.code, 100) WHERE s.name = 'Long' GROUP BY s.code ORDER BY s.code;
SELECT s.code, count(*) AS generated, count(DISTINCT number) AS different, min(length(number)), max(length(number)),
	bool_and(CASE s.check_digit
			 WHEN 'luhn' THEN pg_temp.is_luhn(substr(number, 2))
			 WHEN 'gs1' THEN pg_temp.is_gs1(substr(number, 2))
			 WHEN 'mod7' THEN substr(left(number, -1), 2)::numeric % 7 = right(number, 1)::int END) AS are_valid,
	bool_and(cardgen.classify_number(number) = 'not_issued') AS are_known
	FROM cardgen.series s JOIN cardgen.batch b ON b.series_code = s.code JOIN cardgen.generated_card USING (batch_id)
	WHERE s.name = 'Long' GROUP BY s.code ORDER BY s.code;

-- With 36 characters the longest ones are alone in a database
DROP EXTENSION cardgen;
CREATE EXTENSION cardgen;
SELECT capacity FROM cardgen.create_series('LONG36', 'Long', 150, alphabet => '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ');
SELECT pg_temp.fix_key('LONG36');
SELECT number FROM cardgen.generate_cards('LONG36', 3);
SELECT count(*) FROM cardgen.generate_cards('LONG36', 200);
SELECT count(DISTINCT number) AS different, bool_and(cardgen.classify_number(number) = 'not_issued') AS are_known
	FROM cardgen.generated_card;

-- Every number of a small format, once, to the last
SELECT s.code, s.capacity FROM (VALUES
		('D1', 1, 'gggg', 'random'::cardgen.number_method, 'none'::cardgen.check_digit_method, '0123456789', 0),
		  ('D2', 2, 'gggg', 'random', 'none', '0123456789', 0),
		  ('D3', 3, 'gggg', 'random', 'none', '0123456789', 0),
		  ('D3L', 4, 'hhhh', 'random', 'luhn', '0123456789', 0),
		  ('D3M', 4, 'iiii', 'random', 'mod7', '0123456789', 0),
		  ('D3G', 4, 'nnnn', 'random', 'gs1', '0123456789', 0),
		  ('D3S', 4, 'jjjj', 'sequential', 'luhn', '0123456789', 1),
		  ('B1', 1, 'kkkk', 'random', 'none', 'AB', 0),
		  ('B5', 5, 'kkkk', 'random', 'none', 'AB', 0),
		  ('B9', 9, 'kkkk', 'random', 'none', 'AB', 0),
		  ('T2', 2, 'llll', 'random', 'none', '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ', 0))
		AS t (code, length, prefix, method, check_digit, alphabet, card_offset),
	cardgen.create_series(t.code, 'Small', t.length, t.prefix, method => t.method, check_digit => t.check_digit,
						  alphabet => t.alphabet, card_offset => t.card_offset) AS s;
SELECT s.code, count(*) AS generated, count(DISTINCT number) AS different,
	min(substr(number, 5)) AS first, max(substr(number, 5)) AS last
	FROM cardgen.series s, cardgen.generate_cards(s.code, s.capacity::int)
	WHERE s.name = 'Small' GROUP BY s.code ORDER BY s.code;
SELECT cardgen.classify_number(number), count(*) FROM cardgen.series s
	JOIN cardgen.batch b ON b.series_code = s.code JOIN cardgen.generated_card USING (batch_id)
	WHERE s.name = 'Small' GROUP BY 1;
SELECT remaining, count(*) FROM cardgen.series_usage WHERE name = 'Small' GROUP BY remaining;

-- A small random order is one still
SELECT code FROM cardgen.create_series('ORDER', 'Order', 2, 'mmmm');
SELECT pg_temp.fix_key('ORDER');
SELECT string_agg(substr(number, 5), ' ') FROM cardgen.generate_cards('ORDER', 100);

-- With a million numbers and more FF1 takes the format as it is
SELECT s.code, s.capacity FROM (VALUES ('M6', 6, 'oooo', '0123456789'), ('B20', 20, 'pppp', 'XY'),
		('T4', 4, 'qqqq', '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ')) AS t (code, length, prefix, alphabet),
	cardgen.create_series(t.code, 'Million', t.length, t.prefix, alphabet => t.alphabet) AS s;
SELECT pg_temp.fix_key(code) FROM cardgen.series WHERE name = 'Million';
SELECT s.code, string_agg(substr(number, 5), ' ' ORDER BY place)
	FROM cardgen.series s, cardgen.generate_cards(s.code, 10) WITH ORDINALITY AS g (batch_id, number, place)
	WHERE s.name = 'Million' GROUP BY s.code ORDER BY s.code;

DROP EXTENSION cardgen;
