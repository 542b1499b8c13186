\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential');
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 8, 'S', method => 'sequential');
SELECT cardgen.create_status_label('Printed', 'not_issued');
SET cardgen.max_cards_per_call = 10;
SET client_min_messages = warning;
\set order '6e7f0a52-0000-4000-8000-000000000001'

-- An order is as many batches as it takes
CALL cardgen.generate_order('GOLD', 25, 'Printed', :'order');
SELECT o.*, b.series_code, b.status_label FROM cardgen.order_batches(:'order') AS o JOIN cardgen.generated_batches b USING (batch_id) ORDER BY part;
SELECT count(*), count(DISTINCT number), min(number), max(number) FROM cardgen.order_batches(:'order') AS o, cardgen.download_batch(o.batch_id) AS number;
SELECT bool_and(v.missing = 0 AND v.unexpected = 0) AS whole FROM cardgen.order_batches(:'order') AS o, cardgen.verify_batch(o.batch_id) AS v;

-- Called again it is found to be done
SET client_min_messages = notice;
CALL cardgen.generate_order('GOLD', 25, 'Printed', :'order');
SET client_min_messages = warning;

-- Its parts keep their size when the limit is another, and one that is missing comes again in that size
SELECT cardgen.remove_batch(batch_id) FROM cardgen.order_batches(:'order') WHERE part = 2;
SET cardgen.max_cards_per_call = 7;
CALL cardgen.generate_order(request_id => :'order', status_label => 'Printed', card_count => 25, series_code => 'GOLD');
SELECT * FROM cardgen.order_batches(request_id => :'order') ORDER BY part;
SELECT code, generated FROM cardgen.series_usage ORDER BY code;

-- What was committed before an error stays, and the rest follows once the reason is gone
CREATE FUNCTION refuse_third() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF (SELECT count(*) FROM cardgen.batch WHERE series_code = 'SILVER') > 2 THEN
		RAISE 'no more for now';
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER refuse_third AFTER INSERT ON cardgen.generated_card EXECUTE FUNCTION refuse_third();
CALL cardgen.generate_order('SILVER', 30, NULL, '6e7f0a52-0000-4000-8000-000000000002');
SELECT * FROM cardgen.order_batches('6e7f0a52-0000-4000-8000-000000000002') ORDER BY part;
SELECT generated FROM cardgen.series_usage WHERE code = 'SILVER';
DROP FUNCTION refuse_third CASCADE;
CALL cardgen.generate_order('SILVER', 30, NULL, '6e7f0a52-0000-4000-8000-000000000002');
SELECT part, card_count FROM cardgen.order_batches('6e7f0a52-0000-4000-8000-000000000002') ORDER BY part;
SELECT bool_and(v.missing = 0 AND v.unexpected = 0) AS whole, sum(v.card_count)
	FROM cardgen.order_batches('6e7f0a52-0000-4000-8000-000000000002') AS o, cardgen.verify_batch(o.batch_id) AS v;

-- Without a request_id each call is an order of its own
CALL cardgen.generate_order('SILVER', 3) \gset first_
CALL cardgen.generate_order('SILVER', 3) \gset second_
SELECT :'first_request_id' <> :'second_request_id' AS differ, (SELECT sum(card_count) FROM cardgen.order_batches(:'first_request_id')) AS cards;
SELECT generated FROM cardgen.series_usage WHERE code = 'SILVER';

-- Batches that are not of an order
SELECT * FROM cardgen.order_batches('6e7f0a52-0000-4000-8000-000000000009');

-- What is refused
CALL cardgen.generate_order('GOLD', 0);
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('GOLD', -1);
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('GOLD', 9223372036854775807);
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('BRONZE', 1);
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('GOLD', 1, 'Unheard of');
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('GOLD', 1, 'ACTIVE');
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('SILVER', 25, 'Printed', :'order');
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('GOLD', 25, NULL, :'order');
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('GOLD', 24, 'Printed', :'order');
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('GOLD', 26, 'Printed', :'order');
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('GOLD', 25, 'Printed', :'order', 10);
\echo :LAST_ERROR_SQLSTATE
BEGIN;
CALL cardgen.generate_order('GOLD', 1);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
DO $$ DECLARE made uuid; BEGIN CALL cardgen.generate_order('GOLD', 1, NULL, made); END $$;
SELECT code, generated FROM cardgen.series_usage ORDER BY code;

-- More cards than there are: none is generated
SELECT cardgen.skip_numbers('SILVER', remaining - 10) FROM cardgen.series_usage WHERE code = 'SILVER';
CALL cardgen.generate_order('SILVER', 30, NULL, '6e7f0a52-0000-4000-8000-000000000004');
SELECT part, card_count FROM cardgen.order_batches('6e7f0a52-0000-4000-8000-000000000004') ORDER BY part;
SELECT remaining FROM cardgen.series_usage WHERE code = 'SILVER';

-- One batch a carton
\set carton '6e7f0a52-0000-4000-8000-000000000005'
SET cardgen.max_cards_per_call = 10;
SELECT code FROM cardgen.create_series('SHOP', 'Shop card', 3, 'SHOP', method => 'sequential', card_type => 'physical');
CALL cardgen.generate_order('SHOP', 28, cards_per_batch => 8, request_id => :'carton');
SELECT part, card_count, is_listed FROM cardgen.order_batches(:'carton') ORDER BY part;
CALL cardgen.generate_order('SHOP', 28, cards_per_batch => 9, request_id => :'carton');
CALL cardgen.generate_order('SHOP', 28, request_id => :'carton');
CALL cardgen.generate_order('SHOP', 20, cards_per_batch => 0);
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('SHOP', 20, cards_per_batch => -1);
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('SHOP', 20, cards_per_batch => 11);
\echo :LAST_ERROR_SQLSTATE
CALL cardgen.generate_order('SHOP', 2, cards_per_batch => 5, request_id => '6e7f0a52-0000-4000-8000-000000000006');
SELECT part, card_count FROM cardgen.order_batches('6e7f0a52-0000-4000-8000-000000000006');

-- A part that has left the list is there, one that was removed is missing and no end of the list, and only that is made
UPDATE cardgen.batch SET expires_on = now() WHERE request_id = :'carton' AND part = 4;
SELECT cardgen.remove_batch(batch_id) FROM cardgen.order_batches(:'carton') WHERE part IN (1, 3);
SELECT lists_removed FROM cardgen.remove_expired_batches();
SELECT part, card_count, is_listed FROM cardgen.order_batches(:'carton') ORDER BY part;
SELECT cardgen.skip_numbers('SHOP', remaining - 16) FROM cardgen.series_usage WHERE code = 'SHOP';
SET cardgen.max_cards_per_call = 100000;
CALL cardgen.generate_order('SHOP', 28, cards_per_batch => 8, request_id => :'carton');
SELECT part, card_count, is_listed FROM cardgen.order_batches(:'carton') ORDER BY part;
SELECT remaining FROM cardgen.series_usage WHERE code = 'SHOP';

-- Without a size of its own, an order keeps that of the limit when it began, and has never more than was asked for
SET cardgen.max_cards_per_call = 10;
CALL cardgen.generate_order('GOLD', 25, NULL, '6e7f0a52-0000-4000-8000-000000000007');
SELECT cardgen.remove_batch(batch_id) FROM cardgen.order_batches('6e7f0a52-0000-4000-8000-000000000007') WHERE part = 3;
CALL cardgen.generate_order('GOLD', 35, NULL, '6e7f0a52-0000-4000-8000-000000000007');
SET cardgen.max_cards_per_call = 100;
CALL cardgen.generate_order('GOLD', 25, NULL, '6e7f0a52-0000-4000-8000-000000000007');
CALL cardgen.generate_order('GOLD', 25, NULL, '6e7f0a52-0000-4000-8000-000000000007');
SELECT part, card_count FROM cardgen.order_batches('6e7f0a52-0000-4000-8000-000000000007') ORDER BY part;

-- The id of a batch is no order's, and that of an order no batch's
SET cardgen.max_cards_per_call = 100;
SELECT card_count FROM cardgen.generate_batch('GOLD', 5, NULL, '6e7f0a52-0000-4000-8000-000000000009');
CALL cardgen.generate_order('GOLD', 5, NULL, '6e7f0a52-0000-4000-8000-000000000009');
SELECT cardgen.generate_batch('GOLD', 25, NULL, '6e7f0a52-0000-4000-8000-000000000007');
SELECT cardgen.generate_cards('GOLD', 10, NULL, '6e7f0a52-0000-4000-8000-000000000007');

-- Where the limit was lowered, an order that has begun goes on in its size
SET cardgen.max_cards_per_call = 10;
CALL cardgen.generate_order('GOLD', 25, NULL, '6e7f0a52-0000-4000-8000-000000000008', 9);
SELECT cardgen.remove_batch(batch_id) FROM cardgen.order_batches('6e7f0a52-0000-4000-8000-000000000008') WHERE part = 1;
SET cardgen.max_cards_per_call = 5;
CALL cardgen.generate_order('GOLD', 25, NULL, '6e7f0a52-0000-4000-8000-000000000008', 9);
SELECT part, card_count FROM cardgen.order_batches('6e7f0a52-0000-4000-8000-000000000008') ORDER BY part;

DROP EXTENSION cardgen;
