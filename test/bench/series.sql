\ir timing.sql
\set find 'SELECT count(found.batch_id) FROM scanned, LATERAL cardgen.find_card(scanned.number) AS found'
:find \g /dev/null

\set name find_of. :series
:read
:find \g /dev/null
:stop
