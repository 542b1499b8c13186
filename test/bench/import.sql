\ir timing.sql
\set file :file '.' :name
\set series :name
\ir import_reset.sql
SELECT memory('VmSize') AS before \gset

\set name import. :series
:start
\set name :series
\ir import_calls.sql
\set name import. :series
:stop
SELECT format('%s.memory %s', :'name', (memory('VmPeak') - :before) / 1024.0 - max(
		pg_column_size(other) + pg_column_size(customer_ids) + pg_column_size(status_labels)
		+ pg_column_size(issued_on) + pg_column_size(expires_on)) / 1024.0 / 1024.0)
	FROM list;

\set name copied. :series
:start
COPY by_hand.card FROM :'file';
:stop
