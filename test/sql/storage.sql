\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;

-- A large batch leaves no page of its own empty, and a small one goes on where there is room.
BEGIN;
SELECT code FROM cardgen.create_series('ROOM', 'Room', 10, 'R');
CREATE VIEW pg_temp.pages AS
	SELECT pg_relation_size('cardgen.generated_card') / current_setting('block_size')::int AS pages,
		   max(page) - min(page) + 1 AS used, sum((count = most)::int) AS full
	FROM (SELECT (ctid::text::point)[0]::int AS page, count(*), max(count(*)) OVER () AS most
		  FROM cardgen.generated_card GROUP BY 1) p;
SELECT card_count FROM cardgen.generate_batch('ROOM', 20000);
SELECT * FROM pg_temp.pages;
SELECT card_count FROM generate_series(1, 3), cardgen.generate_batch('ROOM', 10);
SELECT * FROM pg_temp.pages;
SELECT card_count FROM cardgen.generate_batch('ROOM', 20000);
SELECT * FROM pg_temp.pages;
ROLLBACK;

-- Whatever is done to the table of numbers, the same numbers come to be stored in it and the same are removed.
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 10, 'G', check_digit => 'luhn');
SELECT code FROM cardgen.create_series('LONG', 'Long numbers', 150, alphabet => '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ');
SELECT pg_temp.fix_key(code) FROM cardgen.series;

CREATE FUNCTION pg_temp.list() RETURNS text LANGUAGE sql AS $$
	SELECT md5(string_agg(batch_id || ' ' || number, ',' ORDER BY batch_id, number COLLATE "C")) FROM cardgen.generated_card
$$;
CREATE TEMP TABLE outcome (id serial, change text, batches int, numbers int, list text, whole boolean,
						   cards int, numbers_left int, list_left text, noted int);
CREATE SCHEMA audit;
CREATE TABLE audit.note (operation text);
CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO audit.note VALUES (tg_op);
	RETURN CASE tg_op WHEN 'DELETE' THEN old ELSE new END;
END $$;
CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RAISE 'no number may be stored';
END $$;

-- Three batches, one of them removed again; then all is rolled back, so that each trial starts from the same.
CREATE PROCEDURE pg_temp.try(change text) LANGUAGE plpgsql AS $$
DECLARE
	result outcome;
BEGIN
	ALTER SEQUENCE cardgen.batch_id_seq RESTART 1;
	BEGIN
		EXECUTE change;
		PERFORM cardgen.generate_batch('GOLD', 3000);
		PERFORM cardgen.generate_cards('GOLD', 700);
		PERFORM cardgen.generate_batch('LONG', 300);
		SELECT count(DISTINCT batch_id), count(*), pg_temp.list() INTO result.batches, result.numbers, result.list
			FROM cardgen.generated_card;
		SELECT bool_and(v.stored = v.card_count AND v.missing = 0 AND v.unexpected = 0) INTO result.whole
			FROM cardgen.batch b, cardgen.verify_batch(b.batch_id) v;
		PERFORM cardgen.issue_card(number, number) FROM cardgen.download_batch(1) AS number LIMIT 2;
		PERFORM cardgen.remove_batch(1);
		SELECT count(*), pg_temp.list() INTO result.numbers_left, result.list_left FROM cardgen.generated_card;
		SELECT count(*) INTO result.cards FROM cardgen.card;
		SELECT count(*) INTO result.noted FROM audit.note;
		RAISE EXCEPTION USING ERRCODE = 'ZZ000';
	EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
		NULL;
	END;
	INSERT INTO outcome (change, batches, numbers, list, whole, cards, numbers_left, list_left, noted)
		VALUES (split_part(change, E'\n', 1), result.batches, result.numbers, result.list, result.whole, result.cards,
				result.numbers_left, result.list_left, result.noted);
END $$;

CALL pg_temp.try('-- as installed');

-- Triggers, rules, row security
CALL pg_temp.try('CREATE TRIGGER note BEFORE INSERT OR DELETE ON cardgen.generated_card FOR EACH ROW EXECUTE FUNCTION audit.note()');
CALL pg_temp.try('CREATE TRIGGER note AFTER INSERT OR DELETE ON cardgen.generated_card FOR EACH ROW EXECUTE FUNCTION audit.note()');
CALL pg_temp.try('CREATE TRIGGER note AFTER INSERT OR DELETE ON cardgen.generated_card EXECUTE FUNCTION audit.note()');
CALL pg_temp.try('CREATE RULE note AS ON INSERT TO cardgen.generated_card DO ALSO INSERT INTO audit.note VALUES (new.number)');
CALL pg_temp.try('ALTER TABLE cardgen.generated_card ENABLE ROW LEVEL SECURITY');

-- Constraints
CALL pg_temp.try('ALTER TABLE cardgen.generated_card ADD CHECK (length(number) >= 5)');
CALL pg_temp.try('ALTER TABLE cardgen.generated_card ADD FOREIGN KEY (batch_id) REFERENCES cardgen.batch');
CALL pg_temp.try('ALTER TABLE cardgen.generated_card ADD UNIQUE (number)');
CALL pg_temp.try('ALTER TABLE cardgen.generated_card ADD UNIQUE (number) DEFERRABLE INITIALLY DEFERRED');

-- Columns
CALL pg_temp.try('ALTER TABLE cardgen.generated_card ADD stored_on timestamptz DEFAULT now()');
CALL pg_temp.try('ALTER TABLE cardgen.generated_card ADD digits integer GENERATED ALWAYS AS (length(number)) STORED');
CALL pg_temp.try('ALTER TABLE cardgen.generated_card ADD lost integer; ALTER TABLE cardgen.generated_card DROP lost');
CALL pg_temp.try('DROP INDEX cardgen.generated_card_batch_id; ALTER TABLE cardgen.generated_card ALTER batch_id TYPE bigint');
CALL pg_temp.try('ALTER TABLE cardgen.generated_card ALTER number TYPE varchar(200)');
CALL pg_temp.try('ALTER TABLE cardgen.generated_card ALTER number SET STORAGE EXTERNAL');

-- Indexes
CALL pg_temp.try('CREATE INDEX ON cardgen.generated_card (number)');
CALL pg_temp.try('CREATE INDEX ON cardgen.generated_card (lower(number)) WHERE number LIKE ''G%''');
CALL pg_temp.try('CREATE INDEX ON cardgen.generated_card USING brin (number) WITH (pages_per_range = 1)');
CALL pg_temp.try('CREATE INDEX ON cardgen.generated_card USING brin (batch_id, number)');
CALL pg_temp.try('CREATE INDEX ON cardgen.generated_card USING hash (number)');
CALL pg_temp.try('DROP INDEX cardgen.generated_card_batch_id');
CALL pg_temp.try('DROP INDEX cardgen.generated_card_batch_id; CREATE INDEX ON cardgen.generated_card USING brin (batch_id)');

-- Other kinds of table
CALL pg_temp.try('ALTER TABLE cardgen.generated_card SET UNLOGGED');
CALL pg_temp.try('CREATE TABLE audit.child () INHERITS (cardgen.generated_card)');
CALL pg_temp.try($$-- a partition
	CREATE TABLE audit.parent (LIKE cardgen.generated_card) PARTITION BY LIST (batch_id);
	ALTER TABLE audit.parent ATTACH PARTITION cardgen.generated_card FOR VALUES IN (1, 2, 3)$$);
CALL pg_temp.try($$-- a partitioned table
	ALTER TABLE cardgen.generated_card RENAME TO generated_card_1;
	ALTER INDEX cardgen.generated_card_batch_id RENAME TO generated_card_1_batch_id;
	CREATE TABLE cardgen.generated_card (LIKE cardgen.generated_card_1) PARTITION BY LIST (batch_id);
	CREATE INDEX generated_card_batch_id ON cardgen.generated_card USING brin (batch_id);
	ALTER TABLE cardgen.generated_card ATTACH PARTITION cardgen.generated_card_1 FOR VALUES IN (1, 2);
	CREATE TABLE cardgen.generated_card_2 PARTITION OF cardgen.generated_card DEFAULT$$);
CALL pg_temp.try($$-- the columns the other way round
	ALTER TABLE cardgen.generated_card RENAME TO old;
	CREATE TABLE cardgen.generated_card (number text, batch_id integer)$$);
CALL pg_temp.try($$-- a view
	ALTER TABLE cardgen.generated_card RENAME TO stored;
	CREATE VIEW cardgen.generated_card AS SELECT * FROM cardgen.stored$$);

SELECT o.change, o.batches, o.numbers, o.list = i.list AS same_list, o.whole, o.cards, o.numbers_left, o.list_left = i.list_left AS same_list_left, o.noted
	FROM outcome o, outcome i WHERE i.id = 1 ORDER BY o.id;

-- What the table does not take is not stored past it, and nothing else is either
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.generate_after(change text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN split_part(pg_temp.refused(format('DO %L', 'BEGIN ' || change || '; PERFORM cardgen.generate_batch(''GOLD'', 3); END')), E'\n', 1);
END $$;
SELECT pg_temp.generate_after('CREATE TRIGGER refuse BEFORE INSERT ON cardgen.generated_card FOR EACH ROW EXECUTE FUNCTION audit.refuse()');
SELECT pg_temp.generate_after('CREATE TRIGGER refuse AFTER INSERT ON cardgen.generated_card EXECUTE FUNCTION audit.refuse()');
SELECT pg_temp.generate_after('ALTER TABLE cardgen.generated_card ADD CONSTRAINT short CHECK (length(number) < 5)');
SELECT pg_temp.generate_after('ALTER TABLE cardgen.generated_card ALTER number TYPE varchar(5)');
SELECT pg_temp.generate_after('ALTER TABLE cardgen.generated_card ADD owner text NOT NULL');
SELECT pg_temp.generate_after('CREATE UNIQUE INDEX one_letter ON cardgen.generated_card (left(number, 1))');
SELECT pg_temp.generate_after('ALTER TABLE cardgen.generated_card ADD CONSTRAINT one_letter EXCLUDE (left(number, 1) WITH =)');
SELECT pg_temp.generate_after('CREATE TABLE audit.parent (LIKE cardgen.generated_card) PARTITION BY LIST (batch_id); ALTER TABLE audit.parent ATTACH PARTITION cardgen.generated_card FOR VALUES IN (-1)');
SELECT pg_temp.generate_after('CREATE DOMAIN audit.short AS text CONSTRAINT short CHECK (length(value) < 5); ALTER TABLE cardgen.generated_card ALTER number TYPE audit.short');
SELECT count(*) FROM cardgen.generated_card;
SELECT count(*) FROM cardgen.batch;
SELECT code, generated FROM cardgen.series_usage ORDER BY code;

-- The rows of a transaction are visible in it, to its own later statements only
\pset tuples_only off
\pset format aligned
BEGIN;
DECLARE before CURSOR FOR SELECT count(*) FROM cardgen.generated_card;
SELECT count(*) FROM cardgen.generate_cards('GOLD', 2000);
FETCH 1 FROM before;
SELECT count(*) FROM cardgen.generated_card;
COMMIT;

-- The index leads to every row, and a vacuum changes nothing
VACUUM (ANALYZE) cardgen.generated_card;
SET enable_seqscan = off;
SELECT (cardgen.generate_batch('LONG', 2000)).card_count;
SELECT card_count, (SELECT count(*) FROM cardgen.generated_card g WHERE g.batch_id = b.batch_id) FROM cardgen.batch b ORDER BY batch_id;
SELECT cardgen.remove_batch(min(batch_id)) FROM cardgen.batch;
SELECT card_count, (SELECT count(*) FROM cardgen.generated_card g WHERE g.batch_id = b.batch_id) FROM cardgen.batch b ORDER BY batch_id;
SELECT (cardgen.generate_batch('GOLD', 2500)).card_count;
SELECT card_count, (SELECT count(*) FROM cardgen.generated_card g WHERE g.batch_id = b.batch_id) FROM cardgen.batch b ORDER BY batch_id;
VACUUM cardgen.generated_card;
SELECT card_count, (SELECT count(*) FROM cardgen.generated_card g WHERE g.batch_id = b.batch_id) FROM cardgen.batch b ORDER BY batch_id;
SELECT cardgen.remove_batch(min(batch_id)) FROM cardgen.batch;
SELECT card_count, (SELECT count(*) FROM cardgen.generated_card g WHERE g.batch_id = b.batch_id) FROM cardgen.batch b ORDER BY batch_id;
RESET enable_seqscan;

SET client_min_messages = warning;
DROP SCHEMA audit CASCADE;
DROP EXTENSION cardgen;
