\ir timing.sql
\set text :file '.txt'
\set binary :file '.bin'

-- What a session does once is not measured.
BEGIN;
SELECT cardgen.generate_batch('GOLD', 1), generate_unique(0, 1) \g /dev/null
ROLLBACK;

SELECT :rows = 0 AS is_empty \gset
\if :is_empty
TRUNCATE cardgen.generated_card, copied, unique_card;
DELETE FROM cardgen.batch;
\endif

\set name generate. :rows
:start
SELECT cardgen.generate_batch('GOLD', 100000) \g /dev/null
:stop

\set name copy. :rows
:start
COPY copied FROM :'text';
:stop

\if :is_empty
TRUNCATE copied;
\endif
\set name copy_binary. :rows
:start
COPY copied FROM :'binary' WITH (FORMAT binary);
:stop

\set name unique. :rows
:start
SELECT generate_unique(0, 100000) \g /dev/null
:stop
