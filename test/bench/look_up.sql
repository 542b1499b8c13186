\ir timing.sql

-- A look-up a number, not one join of all of them.
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET enable_memoize = off;
\set cards 'SELECT count(found.batch_id) FROM scanned, LATERAL cardgen.find_card(scanned.number) AS found'
\set keys 'SELECT count(found.batch_id) FROM scanned, LATERAL (SELECT * FROM unique_card WHERE number = scanned.number OFFSET 0) AS found'
:cards LIMIT 1 \g /dev/null

\set name find_cards
:read
:cards \g /dev/null
:stop

\set name primary_keys
:read
:keys \g /dev/null
:stop
