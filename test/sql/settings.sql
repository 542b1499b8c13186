\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential');

-- The settings there are
SELECT name, setting, vartype, context, min_val, max_val FROM pg_settings WHERE name LIKE 'cardgen.%' ORDER BY name;
SHOW cardgen.batch_retention;
SHOW cardgen.count_only_active;
SHOW cardgen.max_active_cards_per_customer;
SHOW cardgen.max_cards_per_call;

-- Good values at their bounds
SET cardgen.max_cards_per_call = 1;
SELECT card_count FROM cardgen.generate_batch('GOLD', 1);
SELECT card_count FROM cardgen.generate_batch('GOLD', 2);
SET cardgen.max_cards_per_call = 2147483647;
SELECT card_count FROM cardgen.generate_batch('GOLD', 100001);
SET cardgen.max_active_cards_per_customer = 2147483647;
SELECT number FROM cardgen.issue_new_card('GOLD', 'ann');
SET cardgen.max_active_cards_per_customer = 0;
SET cardgen.count_only_active = yes;
SET cardgen.batch_retention = '1 microsecond';
SELECT expires_on - generated_on AS kept FROM cardgen.generate_batch('GOLD', 1);
SET cardgen.batch_retention = 'P1Y2M3DT4H';
SELECT expires_on = generated_on + '1 year 2 months 3 days 4 hours' AS as_set FROM cardgen.generate_batch('GOLD', 1);
SET cardgen.batch_retention = 'infinity';
SHOW cardgen.batch_retention;

-- Bad ones, each of which leaves the value as it was
SET cardgen.max_cards_per_call = 0;
SET cardgen.max_cards_per_call = -1;
SET cardgen.max_cards_per_call = 2147483648;
SET cardgen.max_cards_per_call = 'many';
SET cardgen.max_cards_per_call = '';
SET cardgen.max_active_cards_per_customer = -1;
SET cardgen.max_active_cards_per_customer = 2147483648;
SET cardgen.count_only_active = 'perhaps';
SET cardgen.batch_retention = '';
SET cardgen.batch_retention = '0';
SET cardgen.batch_retention = '-1 day';
SET cardgen.batch_retention = '1 month -30 days';
SELECT split_part(pg_temp.refused($$SET cardgen.batch_retention = '-infinity'$$), E'\n', 1) AS refused;
SET cardgen.batch_retention = 'for ever';
SET cardgen.batch_retention = '30 parsecs';
SET cardgen.batch_retention = '999999999999 years';
SELECT name, setting FROM pg_settings WHERE name LIKE 'cardgen.%' ORDER BY name;
RESET cardgen.max_cards_per_call;
RESET cardgen.batch_retention;
RESET cardgen.count_only_active;

-- No others can be made up
SET cardgen.max_card_per_call = 5;
SELECT set_config('cardgen.key', 'x', false);

-- In a transaction, after a savepoint
BEGIN;
SET LOCAL cardgen.batch_retention = '7 days';
SELECT expires_on = generated_on + '7 days' AS as_set FROM cardgen.generate_batch('GOLD', 1);
SAVEPOINT inner_one;
SET LOCAL cardgen.batch_retention = '9 days';
SELECT expires_on = generated_on + '9 days' AS as_set FROM cardgen.generate_batch('GOLD', 1);
ROLLBACK TO SAVEPOINT inner_one;
SELECT expires_on = generated_on + '7 days' AS as_set FROM cardgen.generate_batch('GOLD', 1);
COMMIT;
SELECT expires_on = generated_on + '30 days' AS as_set FROM cardgen.generate_batch('GOLD', 1);

-- For a database, in the sessions to come; bad values are refused there, too
SELECT current_database() AS database \gset
ALTER DATABASE :"database" SET cardgen.batch_retention = 'never';
ALTER DATABASE :"database" SET cardgen.max_cards_per_call = 0;
ALTER DATABASE :"database" SET cardgen.batch_retention = '5 days';
ALTER DATABASE :"database" SET cardgen.max_cards_per_call = 3;
\connect -
SELECT expires_on = generated_on + '5 days' AS as_set FROM cardgen.generate_batch('GOLD', 3);
SELECT card_count FROM cardgen.generate_batch('GOLD', 4);
ALTER DATABASE :"database" RESET cardgen.batch_retention;
ALTER DATABASE :"database" RESET cardgen.max_cards_per_call;

-- Made before the library is loaded, when it is a name as any other: bad ones are found out when it is
\connect -
SET cardgen.max_cards_per_call = 5;
SET cardgen.batch_retention = 'for ever';
SET cardgen.nonsense = 1;
SELECT card_count FROM cardgen.generate_batch('GOLD', 6);
SHOW cardgen.max_cards_per_call;
SHOW cardgen.batch_retention;
SHOW cardgen.nonsense;

-- Not for ordinary roles: neither once the library is loaded nor before
CREATE ROLE regress_cardgen_backend;
GRANT USAGE ON SCHEMA cardgen TO regress_cardgen_backend;
GRANT EXECUTE ON FUNCTION cardgen.generate_batch TO regress_cardgen_backend;
SET SESSION AUTHORIZATION regress_cardgen_backend;
SET cardgen.max_cards_per_call = 1000000;
\echo :LAST_ERROR_SQLSTATE
SET cardgen.batch_retention = '1 second';
SET cardgen.count_only_active = on;
SET cardgen.max_active_cards_per_customer = 0;
SELECT set_config('cardgen.batch_retention', '1 second', false);
RESET cardgen.batch_retention;
ALTER ROLE regress_cardgen_backend SET cardgen.batch_retention = '1 second';
SHOW cardgen.max_cards_per_call;
\connect -
SET SESSION AUTHORIZATION regress_cardgen_backend;
SET cardgen.max_cards_per_call = 1000000;
SET cardgen.batch_retention = '1 second';
SELECT card_count, expires_on > now() + interval '20 days' AS kept FROM cardgen.generate_batch('GOLD', 1);
SELECT card_count FROM cardgen.generate_batch('GOLD', 100001);
SHOW cardgen.max_cards_per_call;
SHOW cardgen.batch_retention;
RESET SESSION AUTHORIZATION;

-- But for those who were granted a setting
GRANT SET ON PARAMETER cardgen.batch_retention TO regress_cardgen_backend;
SET SESSION AUTHORIZATION regress_cardgen_backend;
SET cardgen.batch_retention = '90 days';
SELECT expires_on = generated_on + '90 days' AS as_set FROM cardgen.generate_batch('GOLD', 1);
RESET SESSION AUTHORIZATION;

DROP OWNED BY regress_cardgen_backend;
DROP ROLE regress_cardgen_backend;
DROP EXTENSION cardgen;
