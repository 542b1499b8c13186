\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
CREATE EXTENSION cardgen;
SET client_min_messages = warning;

-- The last numbers of a series lie where sessions that issued side by side have left them: a batch takes them all the same
SELECT code FROM cardgen.create_series('END', 'The end', 2, 'END', method => 'sequential', max_active_cards => 9);
SELECT code FROM cardgen.create_series('RND', 'Random end', 3, '42', check_digit => 'luhn', max_active_cards => 9, card_type => 'physical');
SELECT pg_temp.fix_key('RND');
UPDATE cardgen.series_counter SET next_ordinal = 95;
INSERT INTO cardgen.free_range SELECT code, first, behind FROM cardgen.series, (VALUES (10, 15), (40, 42), (90, 91)) AS r (first, behind);
SELECT code, generated, remaining FROM cardgen.series_usage ORDER BY code;
SELECT pg_temp.refused('cardgen.generate_batch(''END'', 14)');
SELECT batch_id FROM cardgen.generate_batch('END', 3);
SELECT batch_id FROM cardgen.generate_batch('END', 4);
SELECT batch_id FROM cardgen.generate_batch('END', 5);
SELECT pg_temp.refused('cardgen.generate_batch(''END'', 2)');
SELECT batch_id FROM cardgen.generate_batch('END', 1);
SELECT pg_temp.refused('cardgen.generate_batch(''END'', 1)');
SELECT pg_temp.refused('cardgen.issue_new_card(''END'', ''ann'')');
SELECT number AS issued FROM cardgen.issue_new_card('RND', 'ann') \gset
SELECT batch_id FROM cardgen.generate_batch('RND', 12);
SELECT batch_id, first_ordinal, ordinals, card_count FROM cardgen.batch ORDER BY batch_id;
SELECT batch_id, v.* FROM cardgen.batch, cardgen.verify_batch(batch_id) AS v ORDER BY batch_id;
SELECT batch_id, array_agg(number) FROM cardgen.batch, cardgen.download_batch(batch_id) AS number WHERE series_code = 'END' GROUP BY 1 ORDER BY 1;
SELECT count(*), count(DISTINCT number), bool_or(number = :'issued') FROM cardgen.batch, cardgen.download_batch(batch_id) AS number;
SELECT * FROM cardgen.free_range;
SELECT code, generated, remaining FROM cardgen.series_usage ORDER BY code;

-- Each number is found in its batch, and in no other
SELECT cardgen.classify_number('END' || lpad(n::text, 2, '0')), string_agg(n::text, ' ' ORDER BY n) FROM generate_series(0, 99) AS n GROUP BY 1 ORDER BY 1;
SELECT f.batch_id = g.batch_id AS same, count(*) FROM cardgen.generated_card g, cardgen.find_card(g.number) AS f GROUP BY 1;
SELECT count(DISTINCT f.number) FROM generate_series(0, 99999) AS n, cardgen.find_card('42' || lpad(n::text, 3, '0')) AS f WHERE n < 1000;

-- And can be issued, given a label, removed and put back
SELECT position, error_name FROM cardgen.issue_cards(ARRAY(SELECT cardgen.download_batch(3)), '{a,b,c,d,e}');
SELECT number, batch_id, ordinal FROM cardgen.card WHERE series_code = 'END' ORDER BY number;
SELECT cardgen.create_status_label('Printed', 'not_issued');
SELECT cardgen.set_batch_label(5, 'Printed');
SELECT status_label, count(*) FROM cardgen.generated_card g, cardgen.find_card(g.number) AS f WHERE g.batch_id = 5 GROUP BY 1;
SELECT string_agg(number, ',') AS downloaded FROM cardgen.download_batch(5) AS number \gset
UPDATE cardgen.batch SET expires_on = now(), issuable_until = CASE WHEN issuable_until IS NOT NULL THEN now() END;
SELECT * FROM cardgen.remove_expired_batches();
SELECT batch_id, is_listed FROM cardgen.card_stock ORDER BY batch_id;
SELECT count(*) FROM cardgen.generated_card;
SELECT cardgen.classify_number('END' || lpad(n::text, 2, '0')), string_agg(n::text, ' ' ORDER BY n) FROM generate_series(0, 99) AS n GROUP BY 1 ORDER BY 1;
SELECT cardgen.retain_batch(5, 'infinity');
SELECT * FROM cardgen.verify_batch(5);
SELECT string_agg(number, ',') = :'downloaded' AS same FROM cardgen.download_batch(5) AS number;

DROP EXTENSION cardgen;
