-- Cards are issued, suspended and past their last day, and then all of the round
-- goes, so that the next one finds the tables of this one. By hand, each card
-- of a batch has a row from the start.
\ir timing.sql
SET client_min_messages = warning;

SELECT batch_id FROM cardgen.generate_batch('GOLD', :cards) \gset
CREATE TEMP TABLE wanted AS
	SELECT number, 'W' || number AS customer_id, number || 'N' AS new_customer_id
	FROM cardgen.generated_card WHERE batch_id = :batch_id;
INSERT INTO by_hand.card (number, series_code, batch_id, ordinal, status, status_label, generated_on)
	SELECT number, 'GOLD', :batch_id, row_number() OVER (), 'not_issued', 'NOT_ISSUED', now() FROM wanted;
CREATE TEMP TABLE ready_made AS
	SELECT 'N' || reverse(number) AS number, row_number() OVER () AS ordinal, new_customer_id AS customer_id
	FROM wanted;
CREATE TEMP TABLE lists AS
	SELECT array_agg(number) AS numbers, array_agg(customer_id) AS customer_ids,
		   array_agg(new_customer_id) AS new_customer_ids FROM wanted;
VACUUM ANALYZE wanted, ready_made, by_hand.card, by_hand.card_status_log, cardgen.card, cardgen.card_status_log;

-- What a session does once is not measured.
BEGIN;
SELECT cardgen.issue_cards(numbers[:2], customer_ids[:2]), cardgen.set_card_statuses(numbers[:2], 'SUSPENDED'),
	cardgen.issue_new_cards('NEW', new_customer_ids[:2]), cardgen.expire_cards() FROM lists \g /dev/null
ROLLBACK;

\set name issue_cards
:start
SELECT count(problem) FROM lists, LATERAL cardgen.issue_cards(numbers, customer_ids) \g /dev/null
:stop

\set name update_issued
:start
WITH issued AS (
	UPDATE by_hand.card AS c SET status = 'issued', status_label = 'ISSUED', customer_id = w.customer_id, issued_on = now()
		FROM wanted AS w WHERE c.number = w.number AND c.status = 'not_issued'
		RETURNING c.number, c.customer_id)
INSERT INTO by_hand.card_status_log (number, from_label, to_label, to_customer_id)
	SELECT number, 'NOT_ISSUED', 'ISSUED', customer_id FROM issued;
:stop

\set name issue_new_cards
:start
SELECT count(problem) FROM lists, LATERAL cardgen.issue_new_cards('NEW', new_customer_ids) \g /dev/null
:stop

\set name insert_issued
:start
BEGIN;
INSERT INTO by_hand.card (number, series_code, ordinal, status, status_label, customer_id, generated_on, issued_on)
	SELECT number, 'NEW', ordinal, 'issued', 'ISSUED', customer_id, now(), now() FROM ready_made;
INSERT INTO by_hand.card_status_log (number, from_label, to_label, to_customer_id)
	SELECT number, 'NOT_ISSUED', 'ISSUED', customer_id FROM ready_made;
COMMIT;
:stop

VACUUM ANALYZE by_hand.card, cardgen.card;

\set name set_card_statuses
:start
SELECT count(problem) FROM lists, LATERAL cardgen.set_card_statuses(numbers, 'SUSPENDED') \g /dev/null
:stop

\set name update_suspended
:start
WITH suspended AS (
	UPDATE by_hand.card AS c SET status = 'suspended', status_label = 'SUSPENDED'
		FROM wanted AS w WHERE c.number = w.number AND c.status_label = 'ISSUED'
		RETURNING c.number)
INSERT INTO by_hand.card_status_log (number, from_label, to_label)
	SELECT number, 'ISSUED', 'SUSPENDED' FROM suspended;
:stop

UPDATE cardgen.card SET expires_on = current_date - 1 WHERE status_label = 'SUSPENDED';
UPDATE by_hand.card SET expires_on = current_date - 1 WHERE status_label = 'SUSPENDED';
VACUUM ANALYZE by_hand.card, cardgen.card;

\set name expire_cards
:start
SELECT cardgen.expire_cards() \g /dev/null
:stop

\set name update_expired
:start
WITH expired AS (
	UPDATE by_hand.card SET status = 'expired', status_label = 'EXPIRED'
		WHERE expires_on < current_date AND status IN ('issued', 'active', 'suspended')
		RETURNING number)
INSERT INTO by_hand.card_status_log (number, from_label, to_label, reason)
	SELECT number, 'SUSPENDED', 'EXPIRED', 'past its expiry date' FROM expired;
:stop

DELETE FROM cardgen.card WHERE left(customer_id, 1) <> 'S';
DELETE FROM by_hand.card WHERE left(customer_id, 1) <> 'S';
DELETE FROM cardgen.card_status_log WHERE left(to_customer_id, 1) <> 'S' OR to_customer_id IS NULL;
DELETE FROM by_hand.card_status_log WHERE left(to_customer_id, 1) <> 'S' OR to_customer_id IS NULL;
TRUNCATE cardgen.generated_card;
DELETE FROM cardgen.batch;
