\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
\pset format unaligned
\pset tuples_only on
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 10, 'G', method => 'sequential');
SELECT code FROM cardgen.create_series('FEW', 'Few', 2, 'few', method => 'sequential', card_offset => 90);
SELECT card_count FROM cardgen.generate_batch('GOLD', 2);

-- Counts
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 0)$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', -1)$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 100001)$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 2147483647)$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', (-2147483648)::int)$$);
SELECT left(pg_temp.refused($$cardgen.generate_batch('GOLD', 2147483648)$$), 5);
SELECT pg_temp.refused($$cardgen.generate_cards('GOLD', 0)$$);
SELECT pg_temp.refused($$cardgen.generate_cards('GOLD', -1)$$);
SELECT pg_temp.refused($$cardgen.generate_cards('GOLD', 100001)$$);
SELECT pg_temp.refused($$cardgen.generate_cards('GOLD', 2147483647)$$);
SELECT pg_temp.refused($$SELECT cardgen.generate_cards('GOLD', 0)$$);
SELECT pg_temp.refused($$SELECT cardgen.generate_cards('GOLD', 100001)$$);

-- Series and labels
SELECT pg_temp.refused($$cardgen.generate_batch('SILVER', 1)$$);
SELECT pg_temp.refused($$cardgen.generate_batch('gold', 1)$$);
SELECT pg_temp.refused($$cardgen.generate_batch('', 1)$$);
SELECT pg_temp.refused($$cardgen.generate_cards('SILVER', 1)$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 1, 'Unheard of')$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 1, '')$$);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 1, 'not_issued')$$);
SELECT pg_temp.refused($$cardgen.generate_cards('GOLD', 1, 'Unheard of')$$);
SELECT split_part(pg_temp.refused(format('cardgen.generate_batch(%L, 1, %L)', 'GOLD', label)), E'\n', 1)
	FROM cardgen.status_labels WHERE status <> 'not_issued' ORDER BY status;
SELECT split_part(pg_temp.refused(format('cardgen.generate_cards(%L, 1, %L)', 'GOLD', label)), E'\n', 1)
	FROM cardgen.status_labels WHERE status <> 'not_issued' ORDER BY status;

-- A series that is not active
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => false);
SELECT pg_temp.refused($$cardgen.generate_batch('GOLD', 1)$$);
SELECT pg_temp.refused($$cardgen.generate_cards('GOLD', 1)$$);
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => true);

-- Not enough numbers left
SELECT pg_temp.refused($$cardgen.generate_batch('FEW', 11)$$);
SELECT pg_temp.refused($$cardgen.generate_cards('FEW', 11)$$);
SELECT number FROM cardgen.generate_cards('FEW', 7);
SELECT pg_temp.refused($$cardgen.generate_batch('FEW', 4)$$);
SELECT number FROM cardgen.generate_cards('FEW', 2);
SELECT pg_temp.refused($$cardgen.generate_batch('FEW', 2)$$);
SELECT number FROM cardgen.generate_cards('FEW', 1);
SELECT pg_temp.refused($$cardgen.generate_batch('FEW', 1)$$);
SELECT pg_temp.refused($$cardgen.generate_cards('FEW', 100000)$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('FEW', 'ann')$$);

-- A format of 2^63 - 1 numbers is used to the last one, too
SELECT code FROM cardgen.create_series('HUGE', 'Huge', 20, 'h', method => 'sequential', card_offset => 9223372036854775807);
SELECT cardgen.skip_numbers('HUGE', 9223372036854775804);
SELECT pg_temp.refused($$cardgen.generate_batch('HUGE', 4)$$);
SELECT number FROM cardgen.generate_cards('HUGE', 3);
SELECT pg_temp.refused($$cardgen.generate_batch('HUGE', 1)$$);
SELECT pg_temp.refused($$cardgen.skip_numbers('HUGE', 9223372036854775807)$$);
SELECT cardgen.classify_number('h18446744073709551613');
SELECT cardgen.classify_number('h18446744073709551614');
SELECT cardgen.classify_number('h18446744073709551615');
SELECT cardgen.classify_number('h18446744073709551616');
SELECT cardgen.classify_number('h99999999999999999999');

-- The same in the random order: the ordinals end long before the numbers do
SELECT code FROM cardgen.create_series('HUGERANDOM', 'Huge', 30, 'r');
SELECT pg_temp.fix_key('HUGERANDOM');
SELECT cardgen.skip_numbers('HUGERANDOM', 9223372036854775804);
SELECT number FROM cardgen.generate_cards('HUGERANDOM', 3);
SELECT pg_temp.refused($$cardgen.generate_batch('HUGERANDOM', 1)$$);
SELECT cardgen.classify_number(number) FROM cardgen.generated_card WHERE number LIKE 'r%';
SELECT cardgen.classify_number('r' || repeat(digit::text, 30)) FROM generate_series(0, 9) AS digit;

-- An error in the middle of a statement takes back what came before in it
SELECT cardgen.generate_batch('GOLD', count) FROM (VALUES (5), (7), (0)) AS counts (count);
SELECT batch_id / 0 FROM cardgen.generate_cards('GOLD', 5);
SELECT first_ordinal, card_count FROM cardgen.batch WHERE series_code = 'GOLD';
SELECT number FROM cardgen.generated_card WHERE number LIKE 'G%';
SELECT number FROM cardgen.generate_cards('GOLD', 1);

DROP EXTENSION cardgen;
