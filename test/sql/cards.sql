\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'Gd', '21', 'sequential', card_type => 'physical', max_active_cards => 5, card_expiry_days => 365);
SELECT code FROM cardgen.create_series('CLEAR', 'No look-alikes', 8, 'c', alphabet => '23456789CFGHJMPQRVWX', max_active_cards => 5);
SELECT code FROM cardgen.create_series('CHECKED', 'With a check digit', 8, '4', check_digit => 'luhn', max_active_cards => 5);
SELECT pg_temp.fix_key(code) FROM cardgen.series;
SELECT number FROM cardgen.generate_cards('GOLD', 4);
SELECT number FROM cardgen.generate_cards('CLEAR', 2);
SELECT number FROM cardgen.generate_cards('CHECKED', 2);

-- A card that was not issued
SELECT number, series_code, status, status_label, batch_id, generated_on <= now() AS in_the_past, customer_id, issued_on, expires_on
	FROM cardgen.find_card('Gd0000000021')
\gx
SELECT cardgen.classify_number('Gd0000000021');

-- issue_card: by position, by name; the card that it returns is the card that is stored
SELECT number, series_code, batch_id, ordinal, status, status_label, customer_id, generated_on < issued_on AS generated_before,
	issued_on = now() AS issued_now, expires_on - current_date AS days
	FROM cardgen.issue_card('Gd0000000021', 'ann')
\gx
SELECT number, status, status_label, customer_id FROM cardgen.issue_card(status_label => 'ACTIVE', customer_id => 'ann', number => 'Gd0000000121');
CREATE TEMP TABLE returned AS SELECT * FROM cardgen.issue_card('Gd0000000221', 'bob');
SELECT count(*) AS same_row FROM returned r JOIN cardgen.card c ON c.*::text = r.*::text;
SELECT number, series_code, status, status_label, batch_id, generated_on < issued_on AS generated_before, customer_id,
	issued_on <= now() AS issued_before, expires_on - issued_on::date AS days
	FROM cardgen.find_card('Gd0000000121')
\gx
SELECT cardgen.classify_number('Gd0000000021');
SELECT cardgen.classify_number('Gd0000000121');

-- Without card_expiry_days a card does not expire
SELECT number, issued_on = now() AS now, expires_on FROM cardgen.issue_card('cXQJ835VG', 'ann');

-- issue_new_card: the next number of the series, no batch
SELECT number, series_code, batch_id, ordinal, status, status_label, customer_id, generated_on = issued_on AS issued_at_once, expires_on - current_date AS days
	FROM cardgen.issue_new_card('GOLD', 'cem')
\gx
SELECT number, status, status_label, customer_id FROM cardgen.issue_new_card(status_label => 'ACTIVE', customer_id => 'cem', series_code => 'GOLD');
SELECT f.number, f.series_code, f.status, f.batch_id FROM cardgen.card c, cardgen.find_card(c.number) AS f WHERE c.batch_id IS NULL ORDER BY 1;
SELECT number, cardgen.classify_number(number) FROM cardgen.card ORDER BY number;
SELECT number FROM cardgen.generate_cards('GOLD', 1);
SELECT count(*) FROM cardgen.generated_card WHERE number IN (SELECT number FROM cardgen.card WHERE batch_id IS NULL);
SELECT code, generated FROM cardgen.series_usage ORDER BY code;

-- Rolled back, the number goes to the next one
BEGIN;
SELECT number FROM cardgen.issue_new_card('GOLD', 'dee');
ROLLBACK;
SELECT number, customer_id FROM cardgen.issue_new_card('GOLD', 'eve');
BEGIN;
SELECT number FROM cardgen.issue_card('Gd0000000321', 'dee');
ROLLBACK;
SELECT status, customer_id FROM cardgen.find_card('Gd0000000321');

-- As printed, or as typed: blanks around and letter case make no difference, and what is stored is the number as printed
SELECT number, cardgen.classify_number(typed) FROM unnest(ARRAY['  Gd0000000321', 'Gd0000000321  ', E'\t Gd0000000321\r\n', chr(11) || E'\fGd0000000321 ',
	'GD0000000321', 'gd0000000321', 'gD0000000321']) AS typed, cardgen.find_card(typed);
SELECT number, customer_id FROM cardgen.issue_card(E' gD0000000321\n', 'flo');
SELECT number, status FROM cardgen.set_card_status('GD0000000321 ', 'ACTIVE');
SELECT number FROM cardgen.card WHERE customer_id = 'flo';
SELECT n.number AS printed, f.number AS found FROM cardgen.generated_card n, cardgen.find_card(lower(n.number)) AS f WHERE f.series_code = 'CLEAR' ORDER BY 1;
SELECT n.number AS printed, f.number AS found FROM cardgen.generated_card n, cardgen.find_card(upper(n.number)) AS f WHERE f.series_code = 'CLEAR' ORDER BY 1;

-- Blanks within, other letters and digits make another number, or none
SELECT typed, cardgen.classify_number(typed), (SELECT count(*) FROM cardgen.find_card(typed)) AS found
	FROM unnest(ARRAY['Gd00000 00021', 'Gd 0000000021', 'Gd-0000000021', 'GdO000000021', 'Gd0000000l21', 'Gd0000000O21',
		'Gd000000021', 'Gd00000000021', 'Gd0000000022', 'Hd0000000021', 'Gd00000000', '', ' ', '0', 'x', repeat('0', 12)]) AS typed;
SELECT cardgen.classify_number(repeat('9', 150)), cardgen.classify_number(repeat('9', 10000000));

-- What Unicode calls a blank is one around a number, and what takes no room at all; in another encoding, ASCII's alone
SELECT to_hex(code) AS code, cardgen.classify_number('Gd' || chr(code) || '0000000021') AS within, cardgen.classify_number(chr(code) || 'Gd0000000021') AS before,
	cardgen.classify_number('Gd0000000021' || chr(code) || chr(code)) AS behind
	FROM unnest(ARRAY[8, 9, 10, 11, 12, 13, 14, 31, 32, 33, 127, 132, 133, 160, 161, 5760, 6158, 8191, 8192, 8202, 8203, 8204, 8232, 8233, 8239, 8287, 8288, 12288, 65279]) AS code;

-- The alphabet counts: I, O and 0 are none of it
SELECT typed, cardgen.classify_number(typed) FROM unnest(ARRAY['c2222222I', 'c22222220', 'c222222b2', 'C22222222']) AS typed;

-- Every single wrong digit is noticed, every other check digit, too
SELECT number AS card FROM cardgen.generated_card WHERE number LIKE '4%' ORDER BY number LIMIT 1 \gset
SELECT cardgen.classify_number(overlay(:'card' PLACING digit::text FROM place FOR 1)), count(*)
	FROM generate_series(2, 9) AS place, generate_series(0, 9) AS digit GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM generate_series(2, 9) AS place, generate_series(0, 9) AS digit, cardgen.find_card(overlay(:'card' PLACING digit::text FROM place FOR 1));

-- Every kind of answer
SELECT cardgen.remove_batch(batch_id) FROM cardgen.batch WHERE series_code = 'CLEAR';
SELECT number, (cardgen.set_card_status(number, 'SUSPENDED')).status FROM cardgen.card WHERE number = 'Gd0000000121';
SELECT number, (cardgen.set_card_status(number, 'DELETED')).status FROM cardgen.card WHERE number = 'Gd0000000321';
UPDATE cardgen.card SET expires_on = 'yesterday' WHERE customer_id = 'eve';
SELECT cardgen.expire_cards();
SELECT cardgen.classify_number(number), count(*)
	FROM (SELECT number FROM cardgen.card UNION SELECT number FROM cardgen.generated_card
		  UNION SELECT 'c' || repeat(c, 8) FROM unnest(ARRAY['2', 'X']) AS c
		  UNION SELECT unnest(ARRAY['c6RWHX82X', 'Gd0000000921', '411111111', 'nothing'])) AS numbers
	GROUP BY 1 ORDER BY 1;

-- card_details shows what is in the table of cards
SELECT number, series_code, series_name, card_type, status, status_label, customer_id, issued_on >= generated_on AS issued_later, expires_on IS NULL AS for_ever, batch_id
	FROM cardgen.card_details ORDER BY number;

DROP TABLE returned;
DROP EXTENSION cardgen;
