\ir timing.sql

BEGIN;
SELECT cardgen.generate_batch('GOLD', 1), generate_unique_bytes(0, 1), generate_unique_bigint(0, 1),
	generate_unique_loop(0, 1) \g /dev/null
ROLLBACK;

\set name generate_again
:start
SELECT cardgen.generate_batch('GOLD', 100000) \g /dev/null
:stop

\set name bytes
:start
SELECT generate_unique_bytes(0, 100000) \g /dev/null
:stop

\set name bigint
:start
SELECT generate_unique_bigint(0, 100000) \g /dev/null
:stop

\set name loop
:start
SELECT generate_unique_loop(0, 100000) \g /dev/null
:stop
