-- The rows that COPY is to read, in the order in which they are imported.
\set file :file '.' :name
\ir import_reset.sql
\ir import_calls.sql
SELECT format('COPY (SELECT c.* FROM staged s JOIN cardgen.card c ON c.number = s.%I ORDER BY s.id) TO %L', :'name', :'file') \gexec
