\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
\pset format unaligned
\pset tuples_only on
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 12, 'G', method => 'sequential');

-- Codes
SELECT pg_temp.refused($$cardgen.create_series('', 'Name', 12)$$);
SELECT pg_temp.refused($$cardgen.create_series(repeat('c', 51), 'Name', 12)$$);
SELECT pg_temp.refused($$cardgen.create_series('GO-LD', 'Name', 12)$$);
SELECT pg_temp.refused($$cardgen.create_series('GOLD ', 'Name', 12)$$);
SELECT pg_temp.refused($$cardgen.create_series('GÖLD', 'Name', 12)$$);
SELECT pg_temp.refused($$cardgen.create_series('GOLD', 'Name', 12)$$);

-- Names
SELECT pg_temp.refused($$cardgen.create_series('NEW', '', 12)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', E' \t\r\n', 12)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', repeat('n', 256), 12)$$);

-- Prefixes and suffixes
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, prefix => 'a b')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, prefix => repeat('p', 51))$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, suffix => '2021/22')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, suffix => repeat('s', 51))$$);

-- Lengths; the whole number has 5 to 150 characters
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 4)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 151)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 0, prefix => 'abcdef')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', -1)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 2147483647)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', (-2147483648)::int)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 2, 'a', 'z')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 51, repeat('p', 50), repeat('s', 50))$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 1, 'abcdef', check_digit => 'luhn')$$);

-- Offsets
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, method => 'sequential', card_offset => -1)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, card_offset => 1)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 6, method => 'sequential', card_offset => 1000000)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 6, method => 'sequential', card_offset => 100000, check_digit => 'mod7')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 18, method => 'sequential', card_offset => 9223372036854775807)$$);

-- Alphabets
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, alphabet => '')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, alphabet => '7')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, alphabet => '0123450')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, alphabet => 'abc')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, alphabet => '01 23')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, alphabet => '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ0')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, alphabet => 'ABC', check_digit => 'luhn')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, alphabet => '9876543210', check_digit => 'mod7')$$);

-- Values that no type has
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, method => 'guess')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, check_digit => 'LUHN')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, card_type => 'paper')$$);

-- Rules
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, max_active_cards => 0)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, max_active_cards => -1)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, card_expiry_days => 0)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, card_expiry_days => 36501)$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, batch_retention => '0')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, batch_retention => '-1 day')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, batch_retention => '1 month -31 days')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, stock_retention => '0')$$);
SELECT pg_temp.refused($$cardgen.create_series('NEW', 'Name', 12, stock_retention => '-1 day')$$);

-- The same rules hold for alter_series
SELECT pg_temp.refused($$cardgen.alter_series('GOLD', name => '')$$);
SELECT pg_temp.refused($$cardgen.alter_series('GOLD', name => repeat('n', 256))$$);
SELECT pg_temp.refused($$cardgen.alter_series('GOLD', max_active_cards => 0)$$);
SELECT pg_temp.refused($$cardgen.alter_series('GOLD', card_expiry_days => -1)$$);
SELECT pg_temp.refused($$cardgen.alter_series('GOLD', card_expiry_days => 36501)$$);
SELECT pg_temp.refused($$cardgen.alter_series('GOLD', batch_retention => '-1 microsecond')$$);
SELECT pg_temp.refused($$cardgen.alter_series('GOLD', batch_retention => '1 month -31 days')$$);
SELECT pg_temp.refused($$cardgen.alter_series('GOLD', stock_retention => '-1 microsecond')$$);
SELECT pg_temp.refused($$cardgen.alter_series('GOLD', name => 'Good name', batch_retention => '-1 microsecond')$$);

-- Code, type and format of a series can't be changed
SELECT left(pg_temp.refused($$cardgen.alter_series('GOLD', new_code => 'SILVER')$$), 5);
SELECT left(pg_temp.refused($$cardgen.alter_series('GOLD', card_type => 'physical')$$), 5);
SELECT left(pg_temp.refused($$cardgen.alter_series('GOLD', prefix => 'H')$$), 5);
SELECT left(pg_temp.refused($$cardgen.alter_series('GOLD', length => 13)$$), 5);
SELECT left(pg_temp.refused($$cardgen.alter_series('GOLD', card_offset => 13)$$), 5);

-- Unknown series
SELECT pg_temp.refused($$cardgen.alter_series('SILVER', 'Silver card')$$);
SELECT pg_temp.refused($$cardgen.alter_series('gold', 'Gold card')$$);
SELECT pg_temp.refused($$cardgen.drop_series('SILVER')$$);
SELECT pg_temp.refused($$cardgen.skip_numbers('SILVER', 1)$$);

-- Numbers that can't be skipped
SELECT pg_temp.refused($$cardgen.skip_numbers('GOLD', 0)$$);
SELECT pg_temp.refused($$cardgen.skip_numbers('GOLD', -1)$$);
SELECT pg_temp.refused($$cardgen.skip_numbers('GOLD', 1000000000001)$$);
SELECT pg_temp.refused($$cardgen.skip_numbers('GOLD', 9223372036854775807)$$);
SELECT cardgen.skip_numbers('GOLD', 1000000000000);
SELECT pg_temp.refused($$cardgen.skip_numbers('GOLD', 1)$$);

-- A series that has used a number can't be dropped
SELECT pg_temp.refused($$cardgen.drop_series('GOLD')$$);

DROP EXTENSION cardgen;
