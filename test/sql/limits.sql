\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
\pset format unaligned
\pset tuples_only on
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('ONE', 'One each', 4, 'O', method => 'sequential');
SELECT code FROM cardgen.create_series('THREE', 'Three each', 4, 'T', method => 'sequential', max_active_cards => 3);
SELECT card_count FROM cardgen.generate_batch('ONE', 10);
SELECT card_count FROM cardgen.generate_batch('THREE', 10);

-- As many as the series allows, whichever way they are issued
SELECT number FROM cardgen.issue_card('O0000', 'ann');
SELECT pg_temp.refused($$cardgen.issue_card('O0001', 'ann')$$);
SELECT pg_temp.refused($$cardgen.issue_card('O0001', 'ann', 'ACTIVE')$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('ONE', 'ann')$$);
SELECT number FROM cardgen.issue_card('O0001', 'bob');
SELECT number FROM cardgen.issue_new_card('THREE', 'ann');
SELECT number FROM cardgen.issue_card('T0000', 'ann', 'ACTIVE');
SELECT number FROM cardgen.issue_card('T0001', 'ann');
SELECT pg_temp.refused($$cardgen.issue_card('T0002', 'ann')$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('THREE', 'ann')$$);

-- A customer's id is taken as it is, and blanks around it are refused
SELECT number, customer_id FROM cardgen.issue_card('O0002', 'Ann');
SELECT pg_temp.refused($$cardgen.issue_card('O0003', 'ann ')$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('ONE', ' ann')$$);
SELECT pg_temp.refused($$cardgen.issue_card('O0003', E'\tann\n')$$);
SELECT code FROM unnest(ARRAY[9, 10, 13, 32, 133, 160, 8203, 8239, 12288, 65279]) AS code
	WHERE pg_temp.refused(format('cardgen.issue_card(%L, %L)', 'O0003', 'ann' || chr(code))) NOT LIKE '22023 surrounding_blanks:%';
SELECT number, customer_id FROM cardgen.issue_card('O0003', 'Ann of Green Gables');
SELECT number, octet_length(customer_id) FROM cardgen.issue_card('O0004', repeat('c', 255));

-- Active, suspended and issued cards count, expired and deleted ones do not
SELECT status FROM cardgen.set_card_status('O0000', 'ACTIVE');
SELECT pg_temp.refused($$cardgen.issue_card('O0005', 'ann')$$);
SELECT status FROM cardgen.set_card_status('O0000', 'SUSPENDED');
SELECT pg_temp.refused($$cardgen.issue_card('O0005', 'ann')$$);
SELECT status FROM cardgen.set_card_status('O0000', 'ACTIVE');
SELECT status FROM cardgen.set_card_status('O0000', 'DELETED');
SELECT number FROM cardgen.issue_card('O0005', 'ann');
SELECT status FROM cardgen.set_card_status('O0005', 'EXPIRED');
SELECT number FROM cardgen.issue_card('O0006', 'ann');

-- Not the cards that are neither issued nor the customer's
SELECT cardgen.create_status_label('Reserved', 'not_issued');
SELECT status FROM cardgen.set_card_status('O0007', 'Reserved');
SELECT number FROM cardgen.issue_card('O0007', 'cem');

-- A limit that is raised or lowered counts from then on; what is held is held
SELECT max_active_cards FROM cardgen.alter_series('ONE', max_active_cards => 2);
SELECT number FROM cardgen.issue_card('O0008', 'ann');
SELECT pg_temp.refused($$cardgen.issue_card('O0009', 'ann')$$);
SELECT max_active_cards FROM cardgen.alter_series('THREE', max_active_cards => 1);
SELECT pg_temp.refused($$cardgen.issue_card('T0002', 'ann')$$);
SELECT number, status FROM cardgen.card WHERE customer_id = 'ann' AND series_code = 'THREE' ORDER BY number;
SELECT status FROM cardgen.set_card_status('T0001', 'ACTIVE');
SELECT status FROM cardgen.set_card_status('T0001', 'SUSPENDED');
SELECT status FROM cardgen.set_card_status('T0001', 'ACTIVE');

-- In one transaction, in one statement
BEGIN;
SELECT number FROM cardgen.issue_new_card('THREE', 'dee');
SELECT number FROM cardgen.issue_new_card('THREE', 'dee');
ROLLBACK;
SELECT (cardgen.issue_new_card('ONE', 'dee')).number FROM generate_series(1, 3);
SELECT count(*) FROM cardgen.card WHERE customer_id = 'dee';
SELECT (cardgen.issue_new_card('ONE', 'dee')).number FROM generate_series(1, 1);

-- Over all series of the organization
SET cardgen.max_active_cards_per_customer = 2;
SELECT max_active_cards FROM cardgen.alter_series('THREE', max_active_cards => 3);
SELECT number FROM cardgen.issue_new_card('THREE', 'dee');
SELECT pg_temp.refused($$cardgen.issue_new_card('THREE', 'dee')$$);
SELECT pg_temp.refused($$cardgen.issue_card('O0009', 'dee', 'ACTIVE')$$);
SELECT pg_temp.refused($$cardgen.issue_card('O0009', 'ann')$$);
SET cardgen.max_active_cards_per_customer = 1;
SELECT pg_temp.refused($$cardgen.issue_card('T0002', 'dee')$$);
SELECT number FROM cardgen.issue_card('T0002', 'eve');
SET cardgen.max_active_cards_per_customer = 0;
SELECT number FROM cardgen.issue_card('T0003', 'dee');
RESET cardgen.max_active_cards_per_customer;

-- With cardgen.count_only_active an issued card is free, and activating it is what counts
SET cardgen.count_only_active = on;
SELECT max_active_cards FROM cardgen.alter_series('ONE', max_active_cards => 1);
SELECT (cardgen.issue_new_card('ONE', 'flo')).number FROM generate_series(1, 3);
SELECT number, status FROM cardgen.issue_new_card('ONE', 'flo', 'ACTIVE');
SELECT pg_temp.refused($$cardgen.issue_new_card('ONE', 'flo', 'ACTIVE')$$);
SELECT number FROM cardgen.card WHERE customer_id = 'flo' AND status = 'issued' ORDER BY number LIMIT 1 \gset
SELECT pg_temp.refused(format('cardgen.set_card_status(%L, %L)', :'number', 'ACTIVE'));

-- Suspending one makes room for another, which then stands in its way
SELECT number AS active FROM cardgen.card WHERE customer_id = 'flo' AND status = 'active' \gset
SELECT status FROM cardgen.set_card_status(:'active', 'SUSPENDED');
SELECT status FROM cardgen.set_card_status(:'number', 'ACTIVE');
SELECT pg_temp.refused(format('cardgen.set_card_status(%L, %L)', :'active', 'ACTIVE'));
SELECT status FROM cardgen.set_card_status(:'number', 'DELETED');
SELECT status FROM cardgen.set_card_status(:'active', 'ACTIVE');
SELECT status, count(*) FROM cardgen.card WHERE customer_id = 'flo' GROUP BY status ORDER BY status;

-- The organization's limit counts in the same way
SET cardgen.max_active_cards_per_customer = 1;
SELECT number FROM cardgen.issue_new_card('THREE', 'flo');
SELECT pg_temp.refused($$cardgen.issue_new_card('THREE', 'flo', 'ACTIVE')$$);
RESET cardgen.max_active_cards_per_customer;
RESET cardgen.count_only_active;

-- Back to counting all: flo holds more than is allowed and gets no more
SELECT pg_temp.refused($$cardgen.issue_new_card('ONE', 'flo')$$);
SELECT pg_temp.refused($$cardgen.issue_new_card('ONE', 'flo', 'ACTIVE')$$);
SELECT number, status FROM cardgen.set_card_status(:'active', 'SUSPENDED');
SELECT number, status FROM cardgen.set_card_status(:'active', 'ACTIVE');
SELECT number FROM cardgen.card WHERE customer_id = 'flo' AND status = 'issued' ORDER BY number LIMIT 1 \gset
SELECT status FROM cardgen.set_card_status(:'number', 'ACTIVE');

-- Within one statement, too: a card is counted by the next call of it
SELECT code FROM cardgen.create_series('MANY', 'Many', 8, '7', method => 'sequential');
SELECT count(cardgen.issue_new_card('MANY', 'm' || CASE n WHEN 171 THEN 170 ELSE n END)) FROM generate_series(1, 200) n;
SELECT count(*) FROM cardgen.card WHERE series_code = 'MANY';
SELECT code FROM cardgen.alter_series('MANY', max_active_cards => 1000);
SET cardgen.max_active_cards_per_customer = 1;
SELECT count(cardgen.issue_new_card('MANY', 'n' || CASE n WHEN 171 THEN 170 ELSE n END)) FROM generate_series(1, 200) n;
RESET cardgen.max_active_cards_per_customer;

DROP EXTENSION cardgen;
