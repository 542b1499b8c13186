\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('YEAR', 'For a year', 8, 'Y', method => 'sequential', max_active_cards => 99, card_expiry_days => 365);
SELECT code FROM cardgen.create_series('EVER', 'For ever', 8, 'E', method => 'sequential', max_active_cards => 99);

-- The day of issue and the days of the series, the day being the caller's
SELECT expires_on - current_date AS days FROM cardgen.issue_new_card('YEAR', 'ann');
SELECT expires_on FROM cardgen.issue_new_card('EVER', 'ann');
SELECT zone, bool_and(expires_on = (now() AT TIME ZONE zone)::date + 365) AS as_of_there
	FROM unnest(ARRAY['Pacific/Kiritimati', 'Etc/GMT+12', 'UTC']) AS zone,
		 LATERAL (SELECT set_config('timezone', zone, false)) AS set, LATERAL cardgen.issue_new_card('YEAR', 'bob' || left(set_config, 0))
	GROUP BY zone ORDER BY zone COLLATE "C";
RESET timezone;

-- A series that is altered: cards that there are keep their day
SELECT card_expiry_days FROM cardgen.alter_series('YEAR', card_expiry_days => 36500);
SELECT expires_on - current_date AS days FROM cardgen.issue_new_card('YEAR', 'cem');
SELECT count(*) FROM cardgen.card WHERE expires_on - current_date BETWEEN 364 AND 366;
SELECT card_expiry_days FROM cardgen.alter_series('EVER', card_expiry_days => 1);
SELECT expires_on - current_date AS days FROM cardgen.issue_new_card('EVER', 'cem');
SELECT count(*) FROM cardgen.card WHERE expires_on IS NULL;

-- Past their day: a card of each status; not so: one each that has days to go, or no such day
DROP EXTENSION cardgen;
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('YEAR', 'For a year', 8, 'Y', method => 'sequential', max_active_cards => 9999, card_expiry_days => 365);
SELECT cardgen.create_status_label('Reserved', 'not_issued');
SELECT (cardgen.issue_new_card('YEAR', 'dee', CASE WHEN n IN (2, 3) THEN 'ACTIVE' ELSE 'ISSUED' END)).number FROM generate_series(1, 8) AS n;
SELECT number FROM cardgen.generate_cards('YEAR', 2);
SELECT number, status FROM cardgen.set_card_status('Y00000002', 'SUSPENDED');
SELECT number, status FROM cardgen.set_card_status('Y00000003', 'EXPIRED');
SELECT number, status FROM cardgen.set_card_status('Y00000004', 'DELETED');
SELECT number, status FROM cardgen.set_card_status('Y00000008', 'Reserved');
UPDATE cardgen.card SET expires_on = CASE number WHEN 'Y00000005' THEN current_date + 9 WHEN 'Y00000006' THEN 'infinity'
	WHEN 'Y00000007' THEN NULL ELSE current_date - 1 END;
DELETE FROM cardgen.card_status_log;
SELECT cardgen.expire_cards();
SELECT number, status, status_label FROM cardgen.card ORDER BY number;
SELECT number, from_label, to_label, changed_by = session_user AS by_me, changed_on <= now() AS in_the_past, reason FROM cardgen.card_status_log ORDER BY number;

-- Twice is as good as once
SELECT cardgen.expire_cards();
SELECT count(*) FROM cardgen.card_status_log;

-- Everything but the status stays as it was
CREATE TEMP TABLE before AS SELECT * FROM cardgen.card WHERE number = 'Y00000005';
UPDATE cardgen.card SET expires_on = current_date - 1 WHERE number = 'Y00000005';
SELECT cardgen.expire_cards();
SELECT c.status, (c.series_code, c.batch_id, c.ordinal, c.customer_id, c.generated_on, c.issued_on)
	IS NOT DISTINCT FROM (b.series_code, b.batch_id, b.ordinal, b.customer_id, b.generated_on, b.issued_on) AS same
	FROM before b JOIN cardgen.card c USING (number);

-- Its day is the last one on which a card is valid
BEGIN;
UPDATE cardgen.card SET expires_on = current_date WHERE number = 'Y00000006';
SELECT cardgen.expire_cards();
SELECT number, status FROM cardgen.set_card_status('Y00000006', 'ACTIVE');
ROLLBACK;

-- A rolled back run has expired nothing
BEGIN;
UPDATE cardgen.card SET expires_on = 'yesterday' WHERE number = 'Y00000006';
SELECT cardgen.expire_cards();
ROLLBACK;
SELECT number, status FROM cardgen.find_card('Y00000006');

-- The organization's own label, and cards of an inactive series
SELECT cardgen.create_status_label('Too old', 'expired', true);
SELECT is_active FROM cardgen.alter_series('YEAR', is_active => false);
UPDATE cardgen.card SET expires_on = 'yesterday' WHERE number = 'Y00000006';
SELECT cardgen.expire_cards();
SELECT number, status, status_label FROM cardgen.find_card('Y00000006');
SELECT from_label, to_label, reason FROM cardgen.card_status_log WHERE number = 'Y00000006';

-- More than are expired in a step
SELECT is_active FROM cardgen.alter_series('YEAR', is_active => true);
SELECT count(cardgen.issue_new_card('YEAR', 'customer ' || n)) FROM generate_series(1, 2100) AS n;
UPDATE cardgen.card SET expires_on = current_date - 1 - ordinal::int % 7 WHERE status = 'issued';
SELECT cardgen.expire_cards();
SELECT cardgen.expire_cards();
SELECT status, count(*) FROM cardgen.card GROUP BY status ORDER BY status;
SELECT count(*), count(DISTINCT number) FROM cardgen.card_status_log WHERE reason IS NOT NULL;

DROP TABLE before;
DROP EXTENSION cardgen;
