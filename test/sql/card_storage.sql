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

DROP TABLE seen;
DROP FUNCTION see;
DROP EXTENSION cardgen;
