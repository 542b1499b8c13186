\getenv test_dir PG_ABS_SRCDIR
\set helpers :test_dir '/sql/include/helpers.sql'
\i :helpers
\pset format unaligned
\pset tuples_only on
CREATE EXTENSION cardgen;
SELECT code FROM cardgen.create_series('GOLD', 'Gold card', 8, 'G', method => 'sequential');

-- Counts and batch ids of every integer type find the function, as do parameters that an application has as 64-bit integers
SELECT card_count FROM cardgen.generate_batch('GOLD', 2::smallint);
SELECT card_count FROM cardgen.generate_batch('GOLD', 2::integer);
SELECT card_count FROM cardgen.generate_batch('GOLD', 2::bigint);
SELECT count(*) FROM cardgen.generate_cards('GOLD', 2::bigint);
PREPARE generate(text, bigint) AS SELECT card_count FROM cardgen.generate_batch($1, $2);
EXECUTE generate('GOLD', 3);
PREPARE untyped AS SELECT card_count FROM cardgen.generate_batch($1, $2);
EXECUTE untyped('GOLD', '3');
PREPARE download(bigint) AS SELECT count(*) FROM cardgen.download_batch($1);
EXECUTE download(1);
SELECT count(*) FROM cardgen.download_batch(1::smallint), cardgen.verify_batch(1::bigint);
SELECT cardgen.set_batch_label(1::bigint, 'NOT_ISSUED'), cardgen.retain_batch(1::bigint, 'infinity'), cardgen.remove_batch(2::bigint);
SELECT pg_typeof(batch_id), pg_typeof(card_count) FROM cardgen.generate_batch('GOLD', 1);

-- What no batch can have is refused as what it is
SELECT pg_temp.refused('cardgen.generate_batch(''GOLD'', 3000000000)');
SELECT pg_temp.refused('cardgen.generate_cards(''GOLD'', 9223372036854775807)');
SELECT pg_temp.refused('cardgen.generate_batch(''GOLD'', -3000000000)');
SELECT pg_temp.refused('cardgen.download_batch(3000000000)');
SELECT pg_temp.refused('cardgen.verify_batch(-3000000000)');
SELECT pg_temp.refused('cardgen.remove_batch(9223372036854775807)');
SELECT pg_temp.refused('cardgen.retain_batch(3000000000, ''infinity'')');
SELECT pg_temp.refused('cardgen.set_batch_label(4294967297, ''NOT_ISSUED'')');
EXECUTE generate('GOLD', 3000000000);
SET cardgen.max_cards_per_call = 2147483647;
SELECT pg_temp.refused('cardgen.generate_batch(''GOLD'', 2147483648)');
SELECT pg_temp.refused('cardgen.generate_batch(''GOLD'', 2147483647)');

DROP EXTENSION cardgen;
