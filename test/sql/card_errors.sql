\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
\pset format unaligned
\pset tuples_only on
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential', max_active_cards => 5);
SELECT code FROM cardgen.create_series('CHECKED', 'With a check digit', 8, '799', method => 'sequential', check_digit => 'luhn', card_offset => 2739871);
SELECT code FROM cardgen.create_series('SMALL', 'Small', 2, 'sml', method => 'sequential', card_offset => 99);
SELECT number FROM cardgen.generate_cards('GOLD', 2);
SELECT number FROM cardgen.generate_cards('GOLD', 2);
SELECT number FROM cardgen.generate_cards('CHECKED', 1);
SELECT cardgen.remove_batch(min(batch_id)) FROM cardgen.batch;
SELECT number FROM cardgen.issue_card('G00000002', 'ann');

-- Why there is no such card
SELECT pg_temp.refused($$cardgen.issue_card('nothing', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_card('', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G000000020', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_card('79927398710', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_card('79927398721', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_card('79900000009', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G00000004', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G00000000', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_card(' g00000000 ', 'bob')$$);

-- The same from set_card_status
SELECT pg_temp.refused($$cardgen.set_card_status('nothing', 'ACTIVE')$$);
SELECT pg_temp.refused($$cardgen.set_card_status('79927398710', 'ACTIVE')$$);
SELECT pg_temp.refused($$cardgen.set_card_status('G00000004', 'ACTIVE')$$);
SELECT pg_temp.refused($$cardgen.set_card_status('G00000000', 'ACTIVE')$$);

-- It has been issued, and to whom is not said
SELECT pg_temp.refused($$cardgen.issue_card('G00000002', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G00000002', 'ann')$$);
SELECT pg_temp.refused($$cardgen.issue_card('g00000002', 'bob', 'ACTIVE')$$);

-- Customers
SELECT pg_temp.refused($$cardgen.issue_card('G00000003', '')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G00000003', '   ')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G00000003', repeat('c', 256))$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('GOLD', '')$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('GOLD', E'\t\r\n')$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('GOLD', repeat('c', 256))$$);

-- Labels: of the status issued or active
SELECT pg_temp.refused($$cardgen.issue_card('G00000003', 'bob', 'Unheard of')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G00000003', 'bob', '')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G00000003', 'bob', 'NOT_ISSUED')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G00000003', 'bob', 'SUSPENDED')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G00000003', 'bob', 'EXPIRED')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G00000003', 'bob', 'DELETED')$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('GOLD', 'bob', 'Unheard of')$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('GOLD', 'bob', 'NOT_ISSUED')$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('GOLD', 'bob', 'SUSPENDED')$$);
SELECT pg_temp.refused($$cardgen.set_card_status('G00000002', 'Unheard of')$$);

-- Series: unknown, used up, not active
SELECT pg_temp.refused($$cardgen.issue_new_card('SILVER', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('', 'bob')$$);
SELECT number FROM cardgen.issue_new_card('SMALL', 'bob');
SELECT pg_temp.refused($$cardgen.issue_new_card('SMALL', 'cem')$$);
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => false);
SELECT pg_temp.refused($$cardgen.issue_new_card('GOLD', 'bob')$$);
SELECT pg_temp.refused($$cardgen.issue_card('G00000003', 'bob')$$);

-- Cards of an inactive series can be looked at and changed all the same
SELECT status FROM cardgen.find_card('G00000003');
SELECT cardgen.classify_number('G00000004');
SELECT number, status FROM cardgen.set_card_status('G00000002', 'ACTIVE');
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => true);
SELECT number, status FROM cardgen.issue_card('G00000003', 'bob');

-- No error and no answer names another customer
SELECT every(NOT pg_temp.refused(format('cardgen.issue_card(%L, %L)', number, 'zoe')) ~ 'ann|bob') FROM cardgen.card;

DROP EXTENSION cardgen;
