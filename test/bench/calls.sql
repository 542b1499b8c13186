\ir timing.sql
TRUNCATE cardgen.card, cardgen.card_status_log;
CHECKPOINT;
SELECT count(cardgen.issue_new_card('GOLD', 'A' || i)) FROM generate_series(1, 1000) AS i \g /dev/null

\set name few_calls
\set count 1000
:read
SELECT count(cardgen.issue_new_card('GOLD', 'B' || i)) FROM generate_series(1, :count) AS i \g /dev/null
:stop_each

\set name many_calls
\set count :many
:read
SELECT count(cardgen.issue_new_card('GOLD', 'C' || i)) FROM generate_series(1, :count) AS i \g /dev/null
:stop_each
