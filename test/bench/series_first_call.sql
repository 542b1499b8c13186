\ir timing.sql
SELECT number FROM scanned LIMIT 1 \gset
\set name first_call. :series
:read
SELECT cardgen.find_card(:'number') \g /dev/null
:stop
