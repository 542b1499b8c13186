-- Types, tables, views and functions of cardgen, and who may use them.
\echo Use "CREATE EXTENSION cardgen" to load this file. \quit

CREATE SCHEMA cardgen;
COMMENT ON SCHEMA cardgen IS 'loyalty card numbers: generated in bulk, downloaded, issued';

--
-- Types
--

CREATE TYPE cardgen.card_status AS ENUM
	('not_issued', 'issued', 'active', 'suspended', 'expired', 'deleted');
COMMENT ON TYPE cardgen.card_status IS 'the six standard statuses of a card';

CREATE TYPE cardgen.card_type AS ENUM ('digital', 'physical');
COMMENT ON TYPE cardgen.card_type IS 'what the cards of a series are';

CREATE TYPE cardgen.number_method AS ENUM ('sequential', 'random', 'imported');
COMMENT ON TYPE cardgen.number_method IS 'the order in which a series uses its numbers; imported: it has none of its own';

CREATE TYPE cardgen.check_digit_method AS ENUM ('none', 'luhn', 'mod7', 'gs1');
COMMENT ON TYPE cardgen.check_digit_method IS 'how the last digit of the generated part is computed';

--
-- Tables
--
-- They have no foreign keys: pg_restore --jobs fills the tables of an
-- extension in any order.
--

CREATE TABLE cardgen.series
(
	code text COLLATE "C" PRIMARY KEY,
	name text NOT NULL,
	description text NOT NULL,
	card_type cardgen.card_type NOT NULL,
	prefix text COLLATE "C" NOT NULL,
	suffix text COLLATE "C" NOT NULL,
	length integer,
	method cardgen.number_method NOT NULL,
	check_digit cardgen.check_digit_method NOT NULL,
	card_offset bigint NOT NULL,
	alphabet text COLLATE "C" NOT NULL,
	capacity bigint CHECK (capacity > 0),
	max_active_cards integer NOT NULL,
	card_expiry_days integer,
	batch_retention interval,
	stock_retention interval,
	is_active boolean NOT NULL DEFAULT true,
	created_on timestamptz NOT NULL DEFAULT now(),
	created_by text NOT NULL DEFAULT session_user,
	incarnation uuid NOT NULL DEFAULT gen_random_uuid(),
	CHECK ((method = 'imported') = (length IS NULL) AND (length IS NULL) = (capacity IS NULL))
);
CREATE INDEX series_format ON cardgen.series
	((length(prefix) + length + length(suffix)), (upper(prefix)));
CREATE INDEX series_imported ON cardgen.series (code) WHERE method = 'imported';
COMMENT ON TABLE cardgen.series IS 'card series: the format of their numbers and the rules for their cards';
COMMENT ON COLUMN cardgen.series.prefix IS 'in front of the generated part';
COMMENT ON COLUMN cardgen.series.suffix IS 'behind the generated part';
COMMENT ON COLUMN cardgen.series.length IS 'characters between prefix and suffix, the check digit included; null: imported';
COMMENT ON COLUMN cardgen.series.check_digit IS 'how the last character of the generated part is computed';
COMMENT ON COLUMN cardgen.series.card_offset IS 'sequential series: the first number';
COMMENT ON COLUMN cardgen.series.alphabet IS 'characters of the generated part, in the order of the numerals';
COMMENT ON COLUMN cardgen.series.capacity IS 'how many numbers the format has, at most 2^63 - 1; null: imported';
COMMENT ON COLUMN cardgen.series.max_active_cards IS 'how many cards of the series a customer may hold';
COMMENT ON COLUMN cardgen.series.card_expiry_days IS 'days from issue to expiry; null: cards do not expire';
COMMENT ON COLUMN cardgen.series.batch_retention IS 'how long generated numbers are kept; null: cardgen.batch_retention';
COMMENT ON COLUMN cardgen.series.stock_retention IS 'how long cards can be issued; null: digital ones as long as the list is kept, physical ones for good';
COMMENT ON COLUMN cardgen.series.is_active IS 'whether numbers are generated and cards issued';
COMMENT ON COLUMN cardgen.series.created_by IS 'the user of the session';
COMMENT ON COLUMN cardgen.series.incarnation IS 'tells which of two series of one code, dropped and created again, a row is of';
COMMENT ON INDEX cardgen.series_format IS 'finds the series that a number could be of';
COMMENT ON INDEX cardgen.series_imported IS 'tells whether there are any';

-- Every gen_random_uuid() brings 122 bits of pg_strong_random. A default,
-- so that the key is never a parameter that auto_explain could log; a wrapped
-- key may be one.
CREATE TABLE cardgen.series_key
(
	series_code text COLLATE "C" PRIMARY KEY,
	incarnation uuid NOT NULL,
	key bytea NOT NULL CHECK (octet_length(key) IN (32, 40))
		DEFAULT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
);
-- ANALYZE would copy keys into pg_statistic.
ALTER TABLE cardgen.series_key ALTER COLUMN key SET STATISTICS 0;
COMMENT ON TABLE cardgen.series_key IS 'the secret AES-256 key of each series; to be read by no one';
COMMENT ON COLUMN cardgen.series_key.key IS '32 random bytes, with which every number could be computed; 40: those, wrapped';

-- Room on the page for the row's next versions: it is updated with every batch.
-- No checks on this table and the next: every update would compile them anew.
CREATE TABLE cardgen.series_counter
(
	series_code text COLLATE "C" PRIMARY KEY,
	incarnation uuid NOT NULL,
	next_ordinal bigint NOT NULL DEFAULT 0,
	passed_over bigint NOT NULL DEFAULT 0,
	last_batch_id integer
)
WITH (fillfactor = 10);
COMMENT ON TABLE cardgen.series_counter IS 'how many numbers of each series have been used';
COMMENT ON COLUMN cardgen.series_counter.next_ordinal IS 'the next number''s place in its series, counted from 0';
COMMENT ON COLUMN cardgen.series_counter.passed_over IS 'how many ordinals below it were imported instead of generated';
COMMENT ON COLUMN cardgen.series_counter.last_batch_id IS 'the series'' newest batch, also when it has been removed';

-- Kept by the last ordinal, so that taking the first one changes no index.
CREATE TABLE cardgen.free_range
(
	series_code text COLLATE "C",
	first_ordinal bigint NOT NULL,
	end_ordinal bigint,
	PRIMARY KEY (series_code, end_ordinal)
)
WITH (fillfactor = 10);
COMMENT ON TABLE cardgen.free_range IS 'ordinals below a series'' counter that no one has used: sessions that issue side by side take one from each';
COMMENT ON COLUMN cardgen.free_range.end_ordinal IS 'the first ordinal behind the range';

CREATE TABLE cardgen.reserved_range
(
	series_code text COLLATE "C",
	first_ordinal bigint CHECK (first_ordinal >= 0),
	end_ordinal bigint NOT NULL,
	PRIMARY KEY (series_code, first_ordinal),
	CHECK (first_ordinal < end_ordinal)
);
COMMENT ON TABLE cardgen.reserved_range IS 'ordinals ahead of a series'' counter whose numbers were imported: the counter passes over them';
COMMENT ON COLUMN cardgen.reserved_range.end_ordinal IS 'the first ordinal behind the range';

CREATE TABLE cardgen.status_label
(
	label text COLLATE "C" PRIMARY KEY,
	status cardgen.card_status NOT NULL,
	is_default boolean NOT NULL DEFAULT false
);
CREATE UNIQUE INDEX status_label_default ON cardgen.status_label (status) WHERE is_default;
COMMENT ON TABLE cardgen.status_label IS 'the organization''s names for the statuses, and a built-in one for each';
COMMENT ON COLUMN cardgen.status_label.is_default IS 'a built-in label is the default where no other label of its status is';
COMMENT ON INDEX cardgen.status_label_default IS 'at most one default label a status';

INSERT INTO cardgen.status_label (label, status)
	SELECT upper(status::text COLLATE "C"), status FROM unnest(enum_range(NULL::cardgen.card_status)) AS status;

CREATE SEQUENCE cardgen.batch_id_seq AS integer;
COMMENT ON SEQUENCE cardgen.batch_id_seq IS 'the ids of batches';

CREATE TABLE cardgen.batch
(
	batch_id integer PRIMARY KEY DEFAULT nextval('cardgen.batch_id_seq'),
	series_code text COLLATE "C" NOT NULL,
	incarnation uuid NOT NULL,
	first_ordinal bigint CHECK (first_ordinal >= 0),
	card_count integer NOT NULL CHECK (card_count > 0),
	ordinals int8multirange,
	status_label text COLLATE "C" NOT NULL,
	generated_on timestamptz NOT NULL DEFAULT now(),
	generated_by text NOT NULL DEFAULT session_user,
	expires_on timestamptz,
	issuable_until timestamptz,
	is_listed boolean NOT NULL DEFAULT true,
	request_id uuid,
	part integer NOT NULL DEFAULT 0,
	requested_count bigint NOT NULL,
	requested_size integer,
	cards_per_batch integer NOT NULL,
	requested_label text COLLATE "C",
	UNIQUE (series_code, first_ordinal),
	UNIQUE (request_id, part),
	CHECK (first_ordinal IS NOT NULL OR ordinals IS NOT NULL)
);
-- Compressing a thousand runs takes longer than what else they cost, and is done again at each look.
ALTER TABLE cardgen.batch ALTER ordinals SET STORAGE EXTERNAL;
CREATE INDEX batch_ends_on ON cardgen.batch
	((CASE WHEN is_listed THEN expires_on ELSE issuable_until END));
ALTER SEQUENCE cardgen.batch_id_seq OWNED BY cardgen.batch.batch_id;
COMMENT ON TABLE cardgen.batch IS 'generated batches: ordinals of a series, consecutive but for what was imported';
COMMENT ON COLUMN cardgen.batch.incarnation IS 'that of its series';
COMMENT ON COLUMN cardgen.batch.first_ordinal IS 'its first number''s place in the series, counted from 0; null: its ordinals lie between those of other batches';
COMMENT ON COLUMN cardgen.batch.ordinals IS 'null: consecutive ones';
COMMENT ON COLUMN cardgen.batch.status_label IS 'of its cards without a row in cardgen.card';
COMMENT ON COLUMN cardgen.batch.generated_by IS 'the user of the session';
COMMENT ON COLUMN cardgen.batch.expires_on IS 'from then on remove_expired_batches() takes it off the list; null: no end';
COMMENT ON COLUMN cardgen.batch.issuable_until IS 'from then on remove_expired_batches() removes it, never before expires_on; null: no end';
COMMENT ON COLUMN cardgen.batch.is_listed IS 'whether its numbers are stored in cardgen.generated_card';
COMMENT ON COLUMN cardgen.batch.request_id IS 'the caller''s id of the call or order that generated it';
COMMENT ON COLUMN cardgen.batch.part IS 'its place in that order, counted from 1; 0: a call for one batch';
COMMENT ON COLUMN cardgen.batch.requested_count IS 'the cards that were asked for in all, to know the request again';
COMMENT ON COLUMN cardgen.batch.requested_size IS 'the size of the order''s parts that was asked for, to know the request again';
COMMENT ON COLUMN cardgen.batch.cards_per_batch IS 'the size of the order''s parts but the last';
COMMENT ON COLUMN cardgen.batch.requested_label IS 'the label that was named, to know the request again';
COMMENT ON INDEX cardgen.batch_ends_on IS 'finds the batches to take off the list or to remove';

-- Vacuum makes the space of removed batches usable and summarizes the index;
-- it reads only pages that have changed, so it may well come often.
-- int4_minmax_multi_ops would tell small batches in the space of others apart,
-- but loses what is inserted while a range is being summarized.
CREATE TABLE cardgen.generated_card
(
	batch_id integer NOT NULL,
	number text COLLATE "C" NOT NULL
)
WITH (autovacuum_vacuum_scale_factor = 0.02,
	  autovacuum_vacuum_insert_scale_factor = 0.02,
	  autovacuum_analyze_scale_factor = 0.02);
CREATE INDEX generated_card_batch_id ON cardgen.generated_card
	USING brin (batch_id) WITH (pages_per_range = 32);
COMMENT ON TABLE cardgen.generated_card IS 'the numbers of each batch on the list; never updated';
COMMENT ON COLUMN cardgen.generated_card.number IS 'as printed';
COMMENT ON INDEX cardgen.generated_card_batch_id IS 'finds the pages of a batch';

CREATE TABLE cardgen.card
(
	number text COLLATE "C" PRIMARY KEY,
	series_code text COLLATE "C" NOT NULL,
	batch_id integer,
	ordinal bigint,
	status cardgen.card_status NOT NULL,
	status_label text COLLATE "C" NOT NULL,
	customer_id text COLLATE "C",
	generated_on timestamptz NOT NULL,
	issued_on timestamptz,
	expires_on date,
	replaces text COLLATE "C",
	replaced_by text COLLATE "C",
	CHECK ((customer_id IS NULL) = (status = 'not_issued')
		   AND (issued_on IS NULL) = (status = 'not_issued'))
);
CREATE INDEX card_customer ON cardgen.card (customer_id, series_code);
CREATE INDEX card_batch ON cardgen.card (batch_id);
CREATE INDEX card_expires_on ON cardgen.card (expires_on)
	WHERE status IN ('issued', 'active', 'suspended');
COMMENT ON TABLE cardgen.card IS 'cards with a life of their own: issued, imported, or given a status label of their own';
COMMENT ON COLUMN cardgen.card.number IS 'as printed; of an imported series in capitals';
COMMENT ON COLUMN cardgen.card.batch_id IS 'null for a card that was imported, or generated and issued in one step';
COMMENT ON COLUMN cardgen.card.ordinal IS 'the number''s place in its series, counted from 0; null: the series would not generate it';
COMMENT ON COLUMN cardgen.card.status IS 'what the status label stands for';
COMMENT ON COLUMN cardgen.card.customer_id IS 'null until the card is issued';
COMMENT ON COLUMN cardgen.card.generated_on IS 'of an imported card: when it was imported';
COMMENT ON COLUMN cardgen.card.issued_on IS 'null until the card is issued';
COMMENT ON COLUMN cardgen.card.expires_on IS 'the last day on which the card is valid; null: no end';
COMMENT ON COLUMN cardgen.card.replaces IS 'the number of the card it follows';
COMMENT ON COLUMN cardgen.card.replaced_by IS 'the number of the card that follows it';
COMMENT ON INDEX cardgen.card_customer IS 'finds and counts a customer''s cards';
COMMENT ON INDEX cardgen.card_batch IS 'finds the cards that go with a batch';
COMMENT ON INDEX cardgen.card_expires_on IS 'finds the cards to expire';

CREATE SEQUENCE cardgen.change_id_seq;
COMMENT ON SEQUENCE cardgen.change_id_seq IS 'the order of changes';

CREATE TABLE cardgen.card_status_log
(
	change_id bigint NOT NULL DEFAULT nextval('cardgen.change_id_seq'),
	number text COLLATE "C" NOT NULL,
	from_label text COLLATE "C" NOT NULL,
	to_label text COLLATE "C" NOT NULL,
	from_customer_id text COLLATE "C",
	to_customer_id text COLLATE "C",
	changed_on timestamptz NOT NULL DEFAULT clock_timestamp(),
	changed_by text NOT NULL DEFAULT session_user,
	reason text
);
CREATE INDEX card_status_log_number ON cardgen.card_status_log (number);
ALTER SEQUENCE cardgen.change_id_seq OWNED BY cardgen.card_status_log.change_id;
COMMENT ON TABLE cardgen.card_status_log IS 'every change of a card''s status or customer, its issue included';
COMMENT ON COLUMN cardgen.card_status_log.change_id IS 'ascends in the order in which a card was changed';
COMMENT ON COLUMN cardgen.card_status_log.from_customer_id IS 'both customers are null where the customer stays';
COMMENT ON COLUMN cardgen.card_status_log.changed_by IS 'the user of the session';
COMMENT ON COLUMN cardgen.card_status_log.reason IS 'as the caller gave it';
COMMENT ON INDEX cardgen.card_status_log_number IS 'finds the history of a card';

-- A label whose name is its status in capitals is built in: the install
-- script of the restored extension has already made it.
SELECT pg_catalog.pg_extension_config_dump('cardgen.series', '');
SELECT pg_catalog.pg_extension_config_dump('cardgen.series_key', '');
SELECT pg_catalog.pg_extension_config_dump('cardgen.series_counter', '');
SELECT pg_catalog.pg_extension_config_dump('cardgen.free_range', '');
SELECT pg_catalog.pg_extension_config_dump('cardgen.reserved_range', '');
SELECT pg_catalog.pg_extension_config_dump('cardgen.status_label', 'WHERE label <> upper(status::text COLLATE "C")');
SELECT pg_catalog.pg_extension_config_dump('cardgen.batch_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('cardgen.batch', '');
SELECT pg_catalog.pg_extension_config_dump('cardgen.generated_card', '');
SELECT pg_catalog.pg_extension_config_dump('cardgen.card', '');
SELECT pg_catalog.pg_extension_config_dump('cardgen.change_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('cardgen.card_status_log', '');

--
-- The configuration that each backend keeps in memory
--

CREATE FUNCTION cardgen.configuration_changed() RETURNS trigger
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION cardgen.configuration_changed() IS 'makes every backend read the configuration again';

-- ALWAYS: rows that arrive by logical replication count as well.
CREATE TRIGGER configuration_changed AFTER INSERT OR UPDATE OR DELETE ON cardgen.series
	FOR EACH ROW EXECUTE FUNCTION cardgen.configuration_changed();
ALTER TABLE cardgen.series ENABLE ALWAYS TRIGGER configuration_changed;
COMMENT ON TRIGGER configuration_changed ON cardgen.series IS 'makes every backend read the configuration again';

CREATE TRIGGER configuration_changed AFTER INSERT OR UPDATE OR DELETE ON cardgen.series_key
	FOR EACH ROW EXECUTE FUNCTION cardgen.configuration_changed();
ALTER TABLE cardgen.series_key ENABLE ALWAYS TRIGGER configuration_changed;
COMMENT ON TRIGGER configuration_changed ON cardgen.series_key IS 'makes every backend read the configuration again';

CREATE TRIGGER configuration_changed AFTER INSERT OR UPDATE OR DELETE ON cardgen.status_label
	FOR EACH ROW EXECUTE FUNCTION cardgen.configuration_changed();
ALTER TABLE cardgen.status_label ENABLE ALWAYS TRIGGER configuration_changed;
COMMENT ON TRIGGER configuration_changed ON cardgen.status_label IS 'makes every backend read the configuration again';

--
-- Card series and status labels
--

CREATE FUNCTION cardgen.create_series(
	code text,
	name text,
	length integer,
	prefix text DEFAULT '',
	suffix text DEFAULT '',
	method cardgen.number_method DEFAULT 'random',
	check_digit cardgen.check_digit_method DEFAULT 'none',
	card_offset bigint DEFAULT 0,
	alphabet text DEFAULT '0123456789',
	card_type cardgen.card_type DEFAULT 'digital',
	description text DEFAULT '',
	max_active_cards integer DEFAULT 1,
	card_expiry_days integer DEFAULT NULL,
	batch_retention interval DEFAULT NULL,
	stock_retention interval DEFAULT NULL)
	RETURNS cardgen.series
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.create_series IS 'creates a card series; its code, type and number format never change';

CREATE FUNCTION cardgen.alter_series(
	code text,
	name text DEFAULT NULL,
	description text DEFAULT NULL,
	is_active boolean DEFAULT NULL,
	max_active_cards integer DEFAULT NULL,
	card_expiry_days integer DEFAULT NULL,
	batch_retention interval DEFAULT NULL,
	stock_retention interval DEFAULT NULL)
	RETURNS cardgen.series
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.alter_series IS 'changes a card series; null leaves a property as it is';

CREATE FUNCTION cardgen.drop_series(code text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.drop_series IS 'drops a card series that never generated, skipped or imported a number';

CREATE FUNCTION cardgen.skip_numbers(series_code text, count bigint) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.skip_numbers IS 'passes over numbers of a series that may have been used elsewhere';

CREATE FUNCTION cardgen.create_status_label(
	label text,
	status cardgen.card_status,
	is_default boolean DEFAULT false)
	RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.create_status_label IS 'gives a status one more label, for good';

CREATE FUNCTION cardgen.set_default_label(label text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.set_default_label IS 'makes a label the default one of its status';

--
-- Batches
--

CREATE FUNCTION cardgen.generate_batch(
	series_code text,
	card_count bigint,
	status_label text DEFAULT NULL,
	request_id uuid DEFAULT NULL)
	RETURNS TABLE (
		batch_id integer,
		series_code text,
		series_name text,
		generated_on timestamptz,
		card_count integer,
		status_label text,
		expires_on timestamptz)
	AS 'MODULE_PATHNAME' LANGUAGE C ROWS 1
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.generate_batch IS 'generates a batch of card numbers';

-- The two functions that return their rows one by one become their owner only while
-- they need it: a SECURITY DEFINER or SET clause would be paid on every row.
CREATE FUNCTION cardgen.generate_cards(
	series_code text,
	card_count bigint,
	status_label text DEFAULT NULL,
	request_id uuid DEFAULT NULL)
	RETURNS TABLE (batch_id integer, number text)
	AS 'MODULE_PATHNAME' LANGUAGE C ROWS 100000;
COMMENT ON FUNCTION cardgen.generate_cards IS 'generates a batch of card numbers and returns the numbers';

-- It commits after each batch, which a SECURITY DEFINER or SET clause forbids.
CREATE PROCEDURE cardgen.generate_order(
	series_code text,
	card_count bigint,
	status_label text DEFAULT NULL,
	INOUT request_id uuid DEFAULT NULL,
	cards_per_batch integer DEFAULT NULL)
	AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON PROCEDURE cardgen.generate_order IS 'generates any number of cards, a batch a transaction';

CREATE FUNCTION cardgen.order_batches(request_id uuid)
	RETURNS TABLE (part integer, batch_id integer, card_count integer, is_listed boolean)
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE ROWS 100
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.order_batches IS 'the batches that generate_order has made and that are there';

CREATE FUNCTION cardgen.download_batch(batch_id bigint) RETURNS SETOF text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE ROWS 100000;
COMMENT ON FUNCTION cardgen.download_batch IS 'the numbers of a batch in the order generated';

CREATE FUNCTION cardgen.verify_batch(batch_id bigint)
	RETURNS TABLE (card_count integer, stored bigint, missing bigint, unexpected bigint)
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE ROWS 1
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.verify_batch IS 'compares the stored numbers of a batch with the computed ones';

CREATE FUNCTION cardgen.set_batch_label(batch_id bigint, status_label text) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.set_batch_label IS 'gives the cards of a batch that were not issued another label';

--
-- Retention
--

CREATE FUNCTION cardgen.remove_expired_batches(max_batches integer DEFAULT NULL)
	RETURNS TABLE (batches_removed integer, cards_removed bigint, lists_removed integer)
	AS 'MODULE_PATHNAME' LANGUAGE C ROWS 1
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.remove_expired_batches IS 'takes batches past their expires_on off the list, and removes those whose cards can no longer be issued';

CREATE FUNCTION cardgen.remove_batch(batch_id bigint) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.remove_batch IS 'removes a batch and its cards that were not issued, now';

CREATE FUNCTION cardgen.retain_batch(batch_id bigint, until timestamptz) RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.retain_batch IS 'keeps a batch longer, or puts it back on the list';

--
-- Cards
--

CREATE FUNCTION cardgen.find_card(number text)
	RETURNS TABLE (
		number text,
		series_code text,
		status cardgen.card_status,
		status_label text,
		batch_id integer,
		generated_on timestamptz,
		customer_id text,
		issued_on timestamptz,
		expires_on date,
		replaces text,
		replaced_by text)
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE ROWS 1
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.find_card IS 'a card by its number; no row where there is none';

CREATE FUNCTION cardgen.classify_number(number text) RETURNS text
	AS 'MODULE_PATHNAME' LANGUAGE C STABLE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.classify_number IS 'the status of a card, or why there is no such card';

CREATE FUNCTION cardgen.issue_card(number text, customer_id text, status_label text DEFAULT NULL)
	RETURNS cardgen.card
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.issue_card IS 'links a card that was generated or imported to a customer';

CREATE FUNCTION cardgen.issue_new_card(series_code text, customer_id text, status_label text DEFAULT NULL)
	RETURNS cardgen.card
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.issue_new_card IS 'generates one card and issues it';

CREATE FUNCTION cardgen.set_card_status(number text, status_label text, reason text DEFAULT NULL)
	RETURNS cardgen.card
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.set_card_status IS 'changes the status of a card';

CREATE FUNCTION cardgen.replace_card(
	number text,
	new_number text DEFAULT NULL,
	status_label text DEFAULT NULL,
	reason text DEFAULT NULL)
	RETURNS cardgen.card
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.replace_card IS 'ends a card and issues the one that follows it to the same customer';

CREATE FUNCTION cardgen.transfer_card(number text, customer_id text, reason text DEFAULT NULL)
	RETURNS cardgen.card
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.transfer_card IS 'gives a card to another customer, within the limits';

CREATE FUNCTION cardgen.merge_customers(from_customer_id text, to_customer_id text, reason text DEFAULT NULL)
	RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.merge_customers IS 'gives all cards of a customer to another one, also beyond the limits';

CREATE FUNCTION cardgen.issue_cards(numbers text[], customer_ids text[], status_label text DEFAULT NULL)
	RETURNS TABLE ("position" integer, number text, sqlstate text, error_name text, problem text)
	AS 'MODULE_PATHNAME' LANGUAGE C ROWS 100000
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.issue_cards IS 'issue_card for many; says of each whether it was done';

CREATE FUNCTION cardgen.issue_new_cards(series_code text, customer_ids text[], status_label text DEFAULT NULL)
	RETURNS TABLE ("position" integer, customer_id text, number text, sqlstate text, error_name text, problem text)
	AS 'MODULE_PATHNAME' LANGUAGE C ROWS 100000
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.issue_new_cards IS 'issue_new_card for many; says of each whether it was done';

CREATE FUNCTION cardgen.set_card_statuses(numbers text[], status_label text, reason text DEFAULT NULL)
	RETURNS TABLE ("position" integer, number text, sqlstate text, error_name text, problem text)
	AS 'MODULE_PATHNAME' LANGUAGE C ROWS 100000
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.set_card_statuses IS 'set_card_status for many; says of each whether it was done';

CREATE FUNCTION cardgen.import_cards(
	series_code text,
	numbers text[],
	customer_ids text[] DEFAULT NULL,
	status_labels text[] DEFAULT NULL,
	issued_on timestamptz[] DEFAULT NULL,
	expires_on date[] DEFAULT NULL)
	RETURNS TABLE ("position" integer, number text, sqlstate text, error_name text, problem text)
	AS 'MODULE_PATHNAME' LANGUAGE C ROWS 100
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.import_cards IS 'takes in cards that another system generated; returns those that it did not, and why';

CREATE FUNCTION cardgen.expire_cards() RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.expire_cards IS 'makes cards past their expires_on expired';

--
-- Keys
--

CREATE FUNCTION cardgen.wrap_keys() RETURNS integer
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION cardgen.wrap_keys() IS 'wraps the keys of all series under the key of cardgen.key_command';

--
-- Several machines
--

CREATE FUNCTION cardgen.distribute() RETURNS void
	AS 'MODULE_PATHNAME' LANGUAGE C SECURITY DEFINER
	SET search_path = pg_catalog, pg_temp SET client_min_messages = warning;
COMMENT ON FUNCTION cardgen.distribute() IS 'spreads the cards over the worker nodes of Citus';

--
-- Views
--

CREATE VIEW cardgen.series_usage AS
	SELECT s.code, s.name, s.capacity,
		   (c.next_ordinal - c.passed_over - f.free)::bigint AS generated,
		   (s.capacity - c.next_ordinal + f.free - r.reserved)::bigint AS remaining,
		   s.is_active
	FROM cardgen.series s
	JOIN cardgen.series_counter c ON c.series_code = s.code
	CROSS JOIN LATERAL (SELECT coalesce(sum(end_ordinal - first_ordinal), 0) AS free
						FROM cardgen.free_range WHERE series_code = s.code) f
	CROSS JOIN LATERAL (SELECT coalesce(sum(end_ordinal - first_ordinal), 0) AS reserved
						FROM cardgen.reserved_range WHERE series_code = s.code) r;
COMMENT ON VIEW cardgen.series_usage IS 'how many numbers of each series are used and left';
COMMENT ON COLUMN cardgen.series_usage.generated IS 'those skipped included';

CREATE VIEW cardgen.status_labels AS
	SELECT l.label, l.status,
		   l.is_default OR (l.label = upper(l.status::text COLLATE "C")
							AND NOT EXISTS (SELECT FROM cardgen.status_label d
											WHERE d.status = l.status AND d.is_default)) AS is_default
	FROM cardgen.status_label l;
COMMENT ON VIEW cardgen.status_labels IS 'every status label, and which is the default of its status';
COMMENT ON COLUMN cardgen.status_labels.is_default IS 'whether it is used where no label is named';

CREATE VIEW cardgen.generated_batches AS
	SELECT b.batch_id, s.name AS series_name, b.series_code, b.generated_on,
		   b.card_count, b.status_label, b.generated_by, b.expires_on
	FROM cardgen.batch b
	JOIN cardgen.series s ON s.code = b.series_code
	WHERE b.is_listed;
COMMENT ON VIEW cardgen.generated_batches IS 'the batches on the list, to download';
COMMENT ON COLUMN cardgen.generated_batches.expires_on IS 'from then on remove_expired_batches() takes it off the list; null: no end';

CREATE VIEW cardgen.card_stock AS
	SELECT b.batch_id, b.series_code, b.generated_on, b.card_count, b.status_label,
		   b.issuable_until, b.is_listed
	FROM cardgen.batch b;
COMMENT ON VIEW cardgen.card_stock IS 'all batches, on the list or not';
COMMENT ON COLUMN cardgen.card_stock.issuable_until IS 'from then on remove_expired_batches() removes it; null: no end';

CREATE VIEW cardgen.card_details AS
	SELECT c.number, c.series_code, s.name AS series_name, s.card_type,
		   c.status, c.status_label, c.customer_id,
		   c.generated_on, c.issued_on, c.expires_on, c.batch_id,
		   c.replaces, c.replaced_by
	FROM cardgen.card c
	JOIN cardgen.series s ON s.code = c.series_code;
COMMENT ON VIEW cardgen.card_details IS 'cards issued or imported, and others with a label of their own';
COMMENT ON COLUMN cardgen.card_details.expires_on IS 'the last day on which the card is valid; null: no end';

--
-- Grants
--

-- Whatever ALTER DEFAULT PRIVILEGES says, nothing is open to anyone but the
-- owner, except that everyone may have a column of a type, as is PostgreSQL's
-- own default. An upgrade script ends with the same: what has been through it
-- before, and may have been granted since, stays as it is.
DO $$
DECLARE
	statement text;
BEGIN
	FOR statement IN
		SELECT format(CASE WHEN catalog = 'pg_type'::regclass AND grantee = 0
					  THEN 'GRANT USAGE ON %s TO %s' ELSE 'REVOKE ALL ON %s FROM %s' END,
					  object, coalesce(quote_ident(rolname), 'PUBLIC'))
		FROM (SELECT 'pg_namespace'::regclass, oid, 'SCHEMA ' || oid::regnamespace, nspowner, nspacl
			  FROM pg_namespace WHERE nspname = 'cardgen'
			  UNION ALL
			  SELECT 'pg_class'::regclass, oid, 'TABLE ' || oid::regclass, relowner, relacl
			  FROM pg_class WHERE relnamespace = 'cardgen'::regnamespace AND relkind IN ('r', 'v', 'S')
			  UNION ALL
			  SELECT 'pg_proc'::regclass, oid, 'ROUTINE ' || oid::regprocedure, proowner, proacl
			  FROM pg_proc WHERE pronamespace = 'cardgen'::regnamespace
			  UNION ALL
			  SELECT 'pg_type'::regclass, oid, 'TYPE ' || oid::regtype, typowner, typacl
			  FROM pg_type WHERE typnamespace = 'cardgen'::regnamespace AND typtype = 'e')
			AS member (catalog, id, object, owner, acl)
		CROSS JOIN LATERAL (SELECT grantee FROM aclexplode(acl) WHERE grantee <> owner UNION SELECT 0) AS holder
		LEFT JOIN pg_roles AS role ON role.oid = grantee
		WHERE NOT EXISTS (SELECT FROM pg_init_privs WHERE classoid = catalog AND objoid = id)
	LOOP
		EXECUTE statement;
	END LOOP;
END $$;
