\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
SET client_min_messages = warning;
CREATE EXTENSION cardgen;

-- What a DBA adds to the tables of cards
SELECT code FROM cardgen.create_series('S', 'Silver', 6, 'S', method => 'sequential', max_active_cards => 100);
SELECT code FROM cardgen.create_series('OLD', 'Old', NULL, method => 'imported');

-- A trigger on the log finds the card, whichever function wrote it
CREATE TABLE seen (number text, status cardgen.card_status);
CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO public.seen SELECT new.number, status FROM (SELECT) one LEFT JOIN cardgen.card ON number = new.number;
	RETURN NULL;
END $$;
CREATE TRIGGER see AFTER INSERT ON cardgen.card_status_log FOR EACH ROW EXECUTE FUNCTION see();
SELECT number FROM cardgen.issue_new_card('S', 'ann');
SELECT number FROM cardgen.issue_new_cards('S', ARRAY['ann', 'bob']);
SELECT number FROM cardgen.import_cards('OLD', ARRAY['X1', 'X2'], ARRAY['ann', 'bob']);
SELECT number FROM cardgen.generate_cards('S', 1) \gset
SELECT number FROM cardgen.issue_card(:'number', 'ann');
SELECT * FROM seen ORDER BY number;
DROP TRIGGER see ON cardgen.card_status_log;

-- A unique index is the DBA's own: its error is PostgreSQL's
CREATE UNIQUE INDEX one_a_day ON cardgen.card (customer_id) WHERE series_code = 'S' AND customer_id = 'cem';
SELECT number FROM cardgen.issue_new_card('S', 'cem');
SELECT pg_temp.refused($$cardgen.issue_new_card('S', 'cem')$$) LIKE '23505 one_a_day:%' AS refused;
SELECT pg_temp.refused($$cardgen.issue_new_cards('S', ARRAY['dan', 'cem'])$$) LIKE '23505 one_a_day:%' AS refused;
SELECT number FROM cardgen.issue_new_card('S', 'dan');
DROP INDEX cardgen.one_a_day;

-- Indexes of expressions, and of some rows, on the ranges that are left for others
INSERT INTO cardgen.free_range SELECT 'S', next_ordinal, next_ordinal + 10 FROM cardgen.series_counter WHERE series_code = 'S';
UPDATE cardgen.series_counter SET next_ordinal = next_ordinal + 10 WHERE series_code = 'S';
CREATE INDEX ON cardgen.free_range ((end_ordinal - first_ordinal));
CREATE INDEX ON cardgen.free_range (first_ordinal) WHERE first_ordinal < 3;
SELECT number, status FROM cardgen.issue_new_card('S', 'eva');
SELECT number, status FROM cardgen.issue_new_card('S', 'eva');
SELECT count(*) FROM cardgen.issue_new_cards('S', array_fill('eva'::text, ARRAY[10]));

-- Columns of the DBA's own come back as they are stored, and those that were dropped leave nothing
ALTER TABLE cardgen.card ADD dropped int DEFAULT 7, ADD shop text DEFAULT 'by default', ADD n1 int, ADD n2 text, ADD n3 text, ADD n4 text, ADD n5 text, ADD n6 text;
ALTER TABLE cardgen.card DROP dropped;
SELECT number, status, shop, n1, n6 FROM cardgen.issue_new_card('S', 'gil');
SELECT number FROM cardgen.issue_new_card('S', 'gil') \gset
UPDATE cardgen.card SET shop = 'Main Street', n6 = 'six' WHERE number = :'number';
SELECT number, status, shop, n1, n6 FROM cardgen.set_card_status(:'number', 'ACTIVE');
SELECT number, customer_id, shop, n1, n6 FROM cardgen.transfer_card(:'number', 'hal');
SELECT number, customer_id, shop, n1, n6 FROM cardgen.replace_card(:'number');
ALTER TABLE cardgen.card DROP shop, DROP n1, DROP n2, DROP n3, DROP n4, DROP n5, DROP n6;
SELECT number, status FROM cardgen.issue_new_card('S', 'gil');

-- A trigger that returns NULL: an error, not a call that waits for ever, nor one that tells what is not there
CREATE FUNCTION veto() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION pg_temp.vetoed(table_name text, event text, calls text[]) RETURNS TABLE (call text, answer text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TRIGGER veto BEFORE %s ON cardgen.%I FOR EACH ROW EXECUTE FUNCTION veto()', event, table_name);
	RETURN QUERY SELECT c, pg_temp.answer('SELECT 1 FROM ' || c) FROM unnest(calls) AS c;
	EXECUTE format('DROP TRIGGER veto ON cardgen.%I', table_name);
END $$;
SELECT code FROM cardgen.create_series('EMPTY', 'Empty', 6, 'E');
SELECT number AS unissued FROM cardgen.generate_cards('S', 1) \gset
SELECT number AS issued FROM cardgen.issue_new_card('S', 'ida') \gset
SELECT cardgen.create_status_label('Labelled', 'not_issued');
SELECT cardgen.create_status_label('Destroyed', 'deleted', true), cardgen.create_status_label('Shredded', 'deleted');
SELECT code FROM cardgen.create_series('FULL', 'Full', 2, 'FUL', method => 'sequential');
SELECT cardgen.skip_numbers('FULL', 100);
INSERT INTO cardgen.free_range VALUES ('FULL', 10, 20), ('FULL', 40, 50);
SELECT code FROM cardgen.create_series('TAKEN', 'Taken', 2, 'TAK', method => 'sequential');
SELECT count(*) FROM cardgen.import_cards('TAKEN', '{TAK01}');
SELECT number AS labelled FROM cardgen.generate_cards('S', 1) \gset
SELECT batch_id, status_label FROM cardgen.set_card_status(:'labelled', 'Labelled') \gset
\pset format unaligned
\pset tuples_only on
SELECT v.* FROM (VALUES
	('batch', 'INSERT', ARRAY[$$cardgen.generate_batch('S', 1)$$, $$cardgen.generate_cards('S', 1)$$,
		$$cardgen.generate_batch('S', 1, request_id => '6e7f0a52-0000-4000-8000-000000000001')$$]),
	('series_counter', 'UPDATE', ARRAY[$$cardgen.generate_batch('S', 1)$$, $$cardgen.skip_numbers('S', 1)$$, $$cardgen.issue_new_cards('S', '{ida}')$$]),
	('generated_card', 'INSERT', ARRAY[$$cardgen.generate_batch('S', 1)$$, $$cardgen.generate_cards('S', 1)$$]),
	('generated_card', 'DELETE', ARRAY[$$cardgen.remove_batch(1)$$]),
	('reserved_range', 'DELETE', ARRAY[$$cardgen.generate_batch('TAKEN', 2)$$, $$cardgen.import_cards('TAKEN', '{TAK02}')$$]),
	('batch', 'UPDATE', ARRAY[$$cardgen.set_batch_label(1, 'NOT_ISSUED')$$, $$cardgen.retain_batch(1, 'infinity')$$]),
	('batch', 'DELETE', ARRAY[$$cardgen.remove_batch(1)$$]),
	('card', 'DELETE', ARRAY[format('cardgen.remove_batch(%s)', :'batch_id')]),
	('series', 'INSERT', ARRAY[$$cardgen.create_series('T', 'T', 6, 'T')$$]),
	('series', 'UPDATE', ARRAY[$$cardgen.alter_series('S', 'T')$$]),
	('free_range', 'UPDATE', ARRAY[$$cardgen.generate_batch('FULL', 15)$$]),
	('free_range', 'DELETE', ARRAY[$$cardgen.generate_batch('FULL', 15)$$]),
	('series', 'DELETE', ARRAY[$$cardgen.drop_series('EMPTY')$$]),
	('series_key', 'DELETE', ARRAY[$$cardgen.drop_series('EMPTY')$$]),
	('series_counter', 'DELETE', ARRAY[$$cardgen.drop_series('EMPTY')$$]),
	('status_label', 'INSERT', ARRAY[$$cardgen.create_status_label('Printed', 'not_issued')$$]),
	('status_label', 'UPDATE', ARRAY[$$cardgen.set_default_label('Labelled')$$, $$cardgen.set_default_label('Shredded')$$]),
	('series_counter', 'INSERT', ARRAY[$$cardgen.create_series('T', 'T', 6, 'T')$$]),
	('series_key', 'INSERT', ARRAY[$$cardgen.create_series('T', 'T', 6, 'T')$$]),
	('card', 'INSERT', ARRAY[format('cardgen.issue_card(%L, %L)', :'unissued', 'ida'),
		format('cardgen.issue_cards(%L, %L)', ARRAY[:'unissued', :'issued'], ARRAY['ida', 'ida']),
		format('cardgen.replace_card(%L, %L)', :'issued', :'unissued'), $$cardgen.issue_new_card('S', 'ida')$$,
		$$cardgen.issue_new_cards('S', '{ida}')$$, $$cardgen.import_cards('OLD', '{X9}')$$]),
	('card', 'UPDATE', ARRAY[format('cardgen.set_card_status(%L, %L)', :'issued', 'ACTIVE'),
		format('cardgen.set_card_statuses(%L, %L)', ARRAY[:'unissued', :'issued'], 'ACTIVE'), format('cardgen.transfer_card(%L, %L)', :'issued', 'jan'),
		format('cardgen.replace_card(%L)', :'issued'), $$cardgen.merge_customers('ida', 'jan')$$]))
	AS t (name, event, calls), pg_temp.vetoed(t.name, t.event, t.calls) AS v;
\pset format aligned
\pset tuples_only off

-- A change of a card is an UPDATE, whose triggers are not those of an INSERT; what they make of the card is returned
CREATE FUNCTION prolong() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN new.expires_on := coalesce(new.expires_on, date ''2020-01-01'') + 30; RETURN new; END';
CREATE TRIGGER prolong BEFORE INSERT ON cardgen.card FOR EACH ROW EXECUTE FUNCTION prolong();
SELECT number, expires_on FROM cardgen.issue_new_card('S', 'kim');
SELECT number AS kims FROM cardgen.issue_new_card('S', 'kim') \gset
SELECT number, expires_on FROM cardgen.set_card_status(:'kims', 'ACTIVE');
SELECT number, expires_on FROM cardgen.transfer_card(:'kims', 'leo');
SELECT number, error_name FROM cardgen.set_card_statuses(ARRAY[:'kims', :'issued'], 'SUSPENDED');
SELECT number, expires_on FROM cardgen.issue_card(:'unissued', 'leo');
SELECT number, expires_on FROM cardgen.card WHERE number IN (:'kims', :'issued') ORDER BY number;
DROP TRIGGER prolong ON cardgen.card;

-- What a trigger makes of another card of the same call is not undone
CREATE FUNCTION end_others() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM cardgen.set_card_status(number, 'Destroyed') FROM cardgen.card WHERE customer_id = old.customer_id AND status <> 'deleted';
	RETURN new;
END $$;
SELECT count(*) FROM cardgen.issue_new_cards('S', ARRAY['ned', 'ned']);
CREATE TRIGGER end_others AFTER UPDATE OF customer_id ON cardgen.card
	FOR EACH ROW WHEN (old.customer_id <> new.customer_id) EXECUTE FUNCTION end_others();
SELECT pg_temp.answer($$SELECT cardgen.merge_customers('ned', 'pia')$$);
DROP TRIGGER end_others ON cardgen.card;
SELECT status, customer_id FROM cardgen.card WHERE customer_id IN ('ned', 'pia');

-- But one that stores the log elsewhere may, and one that lets nothing be written that is there already
CREATE TABLE elsewhere (LIKE cardgen.card_status_log);
CREATE FUNCTION store_elsewhere() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.elsewhere VALUES (new.*); RETURN NULL; END';
CREATE TRIGGER store_elsewhere BEFORE INSERT ON cardgen.card_status_log FOR EACH ROW EXECUTE FUNCTION store_elsewhere();
CREATE TRIGGER redundant BEFORE UPDATE ON cardgen.series_counter FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
SELECT number, status FROM cardgen.set_card_status(:'issued', 'ACTIVE');
SELECT position, error_name FROM cardgen.issue_new_cards('S', ARRAY[NULL]);
SELECT cardgen.set_batch_label(1, 'NOT_ISSUED');
UPDATE cardgen.card SET expires_on = current_date - 1 WHERE number IN (:'kims', :'unissued', :'issued');
SELECT cardgen.expire_cards();
SELECT number, to_label FROM elsewhere;
DROP TRIGGER store_elsewhere ON cardgen.card_status_log;
DROP TRIGGER redundant ON cardgen.series_counter;

-- Columns that are computed when they are read, from PostgreSQL 18 on
DO $$
BEGIN
	IF current_setting('server_version_num')::int >= 180000 THEN
		EXECUTE 'ALTER TABLE cardgen.card ADD upper_customer text GENERATED ALWAYS AS (upper(customer_id)) VIRTUAL';
		EXECUTE 'ALTER TABLE cardgen.card_status_log ADD upper_label text GENERATED ALWAYS AS (upper(to_label)) VIRTUAL';
		EXECUTE 'ALTER TABLE cardgen.free_range ADD size bigint GENERATED ALWAYS AS (end_ordinal - first_ordinal) VIRTUAL';
	END IF;
END $$;
SELECT number, customer_id FROM cardgen.issue_new_card('S', 'flo');
SELECT number, customer_id FROM cardgen.issue_new_cards('S', ARRAY['flo']);
SELECT number FROM cardgen.import_cards('OLD', ARRAY['X3'], ARRAY['flo']);
SELECT number, customer_id FROM cardgen.card WHERE customer_id = 'flo' ORDER BY number;

DROP TABLE seen, elsewhere;
DROP FUNCTION see, veto, prolong, store_elsewhere, end_others;
DROP EXTENSION cardgen;
