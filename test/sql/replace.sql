\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = warning;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential', card_expiry_days => 30);
SELECT code FROM cardgen.create_series('SILVER', 'Silver card', 8, 'S', method => 'sequential', card_expiry_days => 5);
SELECT code FROM cardgen.create_series('MANY', 'Many cards', 8, 'M', method => 'sequential', max_active_cards => 100);
SELECT code FROM cardgen.create_series('CHECKED', 'With a check digit', 8, '4', check_digit => 'luhn', method => 'sequential');
SELECT code FROM cardgen.create_series('FEW', 'Few cards', 1, 'FEW4', method => 'sequential', card_offset => 9);
SELECT cardgen.create_status_label('Printed', 'not_issued');
SELECT cardgen.create_status_label('Live', 'active', true);
SELECT cardgen.create_status_label('Lost', 'deleted');
SELECT cardgen.create_status_label('Worn out', 'expired');
SELECT card_count FROM cardgen.generate_batch('GOLD', 20);
SELECT card_count FROM cardgen.generate_batch('SILVER', 20);
SELECT card_count FROM cardgen.generate_batch('MANY', 60);
SELECT card_count FROM cardgen.generate_batch('SILVER', 5);
SELECT cardgen.remove_batch(4);

-- A card and the one before and after it, and what the log says of a number
CREATE FUNCTION pg_temp.card(number text) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' ', status_label, customer_id, 'replaces ' || replaces, 'replaced_by ' || replaced_by) FROM cardgen.find_card(number)
$$;
CREATE FUNCTION pg_temp.history(the_number text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT format('%s -> %s, %s -> %s, %s', from_label, to_label, from_customer_id, to_customer_id, reason)
	FROM cardgen.card_status_log WHERE number = the_number ORDER BY change_id
$$;

-- By the next card of the series
SELECT number FROM cardgen.issue_card('G00000000', 'ann');
SELECT pg_temp.refused($$cardgen.issue_card('G00000001', 'ann')$$);
SELECT number, series_code, batch_id, ordinal, status, status_label, customer_id, issued_on = now() AS now, expires_on - issued_on::date AS days, replaces, replaced_by
	FROM cardgen.replace_card('G00000000');
SELECT number, pg_temp.card(number) FROM unnest(ARRAY['G00000000', 'G00000020']) AS number;
SELECT number, pg_temp.history(number) FROM unnest(ARRAY['G00000000', 'G00000020']) AS number;
SELECT number, status_label, replaces, replaced_by FROM cardgen.card_details ORDER BY number;

-- By a card from stock, with all arguments by name; numbers as they were typed
SELECT number, status_label, customer_id, replaces, replaced_by
	FROM cardgen.replace_card(reason => 'left on a train', status_label => 'Lost', new_number => E' g00000001\n', number => ' g00000020 ');
SELECT number, pg_temp.card(number), pg_temp.history(number) FROM unnest(ARRAY['G00000020', 'G00000001']) AS number;

-- What has a label of its own in stock
SELECT status_label FROM cardgen.set_card_status('G00000002', 'Printed');
SELECT number, status_label FROM cardgen.replace_card('G00000001', 'G00000002', 'Worn out');
SELECT number, pg_temp.card(number), pg_temp.history(number) FROM unnest(ARRAY['G00000001', 'G00000002']) AS number;

-- From silver to gold, and the expiry is that of gold
SELECT number, expires_on - issued_on::date AS days FROM cardgen.issue_card('S00000000', 'bob', 'ACTIVE');
SELECT number, series_code, batch_id, status_label, customer_id, expires_on - issued_on::date AS days, replaces FROM cardgen.replace_card('S00000000', 'G00000003');
SELECT pg_temp.card('S00000000');
SELECT number FROM cardgen.issue_card('S00000001', 'bob');

-- What the new card becomes: issued, active or suspended, with the label where it is one of these
SELECT (cardgen.issue_card('M' || lpad(n::text, 8, '0'), 'cem', label)).number
	FROM (VALUES (0, 'ISSUED'), (1, 'ACTIVE'), (2, 'Live'), (3, 'ISSUED'), (4, 'Live')) AS cards (n, label);
SELECT status FROM cardgen.set_card_status('M00000003', 'SUSPENDED');
SELECT status FROM cardgen.set_card_status('M00000004', 'SUSPENDED');
SELECT r.replaces, r.status, r.status_label FROM generate_series(0, 4) AS n, cardgen.replace_card('M' || lpad(n::text, 8, '0')) AS r;

-- From each status: the card that is replaced, and the one that is to follow it
CREATE TEMP TABLE card_in AS
	SELECT status, pg_temp.card_of(status, (10 + place)::int) AS number, pg_temp.card_of(status, (20 + place)::int) AS next
	FROM unnest(enum_range(NULL::cardgen.card_status)::text[]) WITH ORDINALITY AS statuses (status, place);
BEGIN;
SELECT former.status, pg_temp.answer(format('SELECT status FROM cardgen.replace_card(%L)', former.number)) AS "by the next"
	FROM card_in AS former;
ROLLBACK;
SELECT former.status AS former,
	max(answer) FILTER (WHERE next_status = 'not_issued') AS "by one not issued", max(answer) FILTER (WHERE next_status = 'issued') AS issued,
	max(answer) FILTER (WHERE next_status = 'active') AS active, max(answer) FILTER (WHERE next_status = 'suspended') AS suspended,
	max(answer) FILTER (WHERE next_status = 'expired') AS expired, max(answer) FILTER (WHERE next_status = 'deleted') AS deleted
	FROM card_in AS former,
	LATERAL (SELECT next.status AS next_status, CASE WHEN next.status <> 'not_issued' OR former.status NOT IN ('issued', 'active', 'suspended')
			 THEN pg_temp.answer(format('SELECT status FROM cardgen.replace_card(%L, %L)', former.number, next.next)) ELSE 'yes' END AS answer
			 FROM card_in AS next) AS answers
	GROUP BY former.status ORDER BY former.status::cardgen.card_status;

-- The label of the former card, from each status
SELECT label, pg_temp.answer(format('SELECT pg_temp.card(%L) FROM cardgen.replace_card(%L, status_label => %L)', card_in.number, card_in.number, label))
	FROM card_in, unnest(ARRAY['NOT_ISSUED', 'ISSUED', 'ACTIVE', 'SUSPENDED', 'nothing', '', 'EXPIRED']) AS label
	WHERE card_in.status = 'active';

-- A chain, and what there is to say to who asks for one that was replaced
SELECT number FROM cardgen.issue_card('G00000010', 'eve');
DO $$ BEGIN
	FOR n IN 10 .. 14 LOOP
		PERFORM cardgen.replace_card('G000000' || n, 'G000000' || n + 1, reason => 'lost again');
	END LOOP;
END $$;
SELECT number, status_label, replaces, replaced_by FROM cardgen.card WHERE customer_id = 'eve' ORDER BY number;
WITH RECURSIVE chain AS (
	SELECT number, replaces FROM cardgen.card WHERE number = 'G00000015'
	UNION ALL
	SELECT c.number, c.replaces FROM cardgen.card c JOIN chain ON c.number = chain.replaces)
SELECT number FROM chain;

\pset format unaligned
\pset tuples_only on
SELECT pg_temp.refused($$cardgen.replace_card('G00000010')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000010', 'G00000016')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000015', 'G00000014')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000015', 'G00000015')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000015', ' g00000015')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000016')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000016', 'G00000017')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000015', status_label => 'ACTIVE')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000015', status_label => 'nothing')$$);
SELECT pg_temp.refused($$cardgen.replace_card(NULL)$$);
SELECT pg_temp.refused($$cardgen.replace_card('nothing')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000099')$$);
SELECT pg_temp.refused($$cardgen.replace_card('S00000021')$$);
SELECT pg_temp.refused($$cardgen.replace_card('400000000')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000015', 'nothing')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000015', '')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000015', 'G00000099')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000015', 'S00000021')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000015', '400000000')$$);
SELECT pg_temp.card('G00000015');

-- A series that is not active, or has no numbers left
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => false);
SELECT pg_temp.refused($$cardgen.replace_card('G00000015')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G00000015', 'G00000016')$$);
SELECT number FROM cardgen.replace_card('G00000015', 'S00000010');
SELECT is_active FROM cardgen.alter_series('GOLD', is_active => true);
SELECT number FROM cardgen.issue_new_card('FEW', 'eve');
SELECT pg_temp.refused($$cardgen.replace_card('FEW49')$$);
SELECT number FROM cardgen.replace_card('FEW49', 'M00000040');

-- Within the limits: the former card counts no longer, but others do
SELECT number FROM cardgen.issue_card('S00000011', 'fay');
SELECT number FROM cardgen.issue_card('G00000016', 'fay');
SELECT pg_temp.refused($$cardgen.replace_card('S00000011', 'G00000017')$$);
SELECT number FROM cardgen.replace_card('S00000011', 'S00000012');
SET cardgen.max_active_cards_per_customer = 2;
SELECT number FROM cardgen.replace_card('S00000012', 'M00000041');
SELECT pg_temp.refused($$cardgen.issue_card('M00000042', 'fay')$$);

-- Above the limits, by a merge or since they were lowered, one for one is none more
SELECT number FROM cardgen.issue_card('G00000017', 'gus');
SELECT number FROM cardgen.issue_card('M00000043', 'gus');
SELECT cardgen.merge_customers('gus', 'fay');
SELECT count(*) FROM cardgen.card WHERE customer_id = 'fay' AND status = 'issued';
SELECT number, replaces FROM cardgen.replace_card('G00000017');
SELECT number, replaces FROM cardgen.replace_card('M00000043', 'M00000044');
SELECT number, replaces FROM cardgen.replace_card('M00000044', 'S00000013');
SELECT pg_temp.refused($$cardgen.replace_card('S00000013', 'G00000018')$$);
SELECT count(*) FROM cardgen.card WHERE customer_id = 'fay' AND status = 'issued';

-- Where only active cards count, a suspended one's successor is one more
SET cardgen.count_only_active = on;
SELECT number FROM cardgen.issue_card('M00000045', 'hal', 'ACTIVE');
SELECT number FROM cardgen.issue_card('M00000046', 'hal', 'ACTIVE');
SELECT status FROM cardgen.set_card_status('M00000046', 'SUSPENDED');
SELECT number FROM cardgen.issue_card('M00000047', 'hal', 'ACTIVE');
SELECT pg_temp.refused($$cardgen.replace_card('M00000046', 'M00000048')$$);
SELECT number, status FROM cardgen.replace_card('M00000045', 'M00000048');
SELECT number, status FROM cardgen.issue_card('M00000049', 'hal');
SELECT number, status FROM cardgen.replace_card('M00000049', 'M00000050');
RESET cardgen.count_only_active;
RESET cardgen.max_active_cards_per_customer;

-- A replacement is one change: rolled back, nothing of it is left
BEGIN;
SELECT number, replaces FROM cardgen.replace_card('M00000050', 'M00000051');
ROLLBACK;
SELECT pg_temp.card('M00000050'), pg_temp.card('M00000051');

-- The batch of both goes, and they stay
SELECT number, replaces FROM cardgen.replace_card('M00000050', 'M00000051');
SELECT cardgen.remove_batch(3);
SELECT pg_temp.card('M00000050'), pg_temp.card('M00000051');
SELECT replaces, pg_temp.history(number) FROM cardgen.replace_card('M00000051');

-- What expires by itself is not replaced any more
UPDATE cardgen.card SET expires_on = current_date - 1 WHERE number = 'G00000003';
SELECT cardgen.expire_cards();
SELECT pg_temp.refused($$cardgen.replace_card('G00000003')$$);

-- Imported cards: by one of their own kind from stock, by a generated one, and the other way round
SELECT code FROM cardgen.create_series('OLD', 'Old cards', NULL, method => 'imported', max_active_cards => 2);
SELECT * FROM cardgen.import_cards('OLD', ARRAY['a-1', 'a-2', 'a-3', 'a-4'], ARRAY['ida', NULL, NULL, 'ida'], expires_on => ARRAY['2001-01-01', NULL, NULL, NULL]::date[]);
SELECT * FROM cardgen.import_cards('GOLD', ARRAY['G50000000', 'G50000001'], ARRAY['jim', NULL]);
SELECT pg_temp.refused($$cardgen.replace_card('A-1')$$);
SELECT number, series_code, customer_id, expires_on, replaces FROM cardgen.replace_card('A-1', 'a-2');
SELECT number, series_code, customer_id, expires_on - issued_on::date, replaces FROM cardgen.replace_card('A-2', 'G50000001');
SELECT number, series_code, customer_id, ordinal, replaces FROM cardgen.replace_card('G50000000');
SELECT number, replaces FROM cardgen.replace_card('G00000022', 'A-3');
SELECT pg_temp.refused($$cardgen.replace_card('A-3', 'A-4')$$);
SELECT number, pg_temp.card(number), pg_temp.history(number) FROM unnest(ARRAY['A-1', 'A-2', 'A-3', 'G50000000', 'G50000001']) AS number;

-- A counter that was not restored with the cards
UPDATE cardgen.series_counter SET next_ordinal = next_ordinal - 1 WHERE series_code = 'GOLD';
SELECT pg_temp.refused($$cardgen.replace_card('A-3')$$);
SELECT pg_temp.refused($$cardgen.replace_card('G50000001')$$);
SELECT cardgen.skip_numbers('GOLD', 1);
SELECT number, replaces FROM cardgen.replace_card('G50000001');

-- Each card replaces at most one, and is replaced by at most one, which tells of it
SELECT count(*) FROM cardgen.card c FULL JOIN cardgen.card r ON r.replaces = c.number
	WHERE r.number IS DISTINCT FROM c.replaced_by AND (c.replaced_by IS NOT NULL OR r.replaces IS NOT NULL);

DROP EXTENSION cardgen;
