-- :start and :stop around a statement print how long it took and how much WAL
-- it wrote, under the variable "name". :read is :start without the checkpoint.
\set read 'SELECT pg_current_wal_insert_lsn() AS lsn, clock_timestamp() AS time \\gset'
\set start 'CHECKPOINT; SELECT pg_current_wal_insert_lsn() AS lsn, clock_timestamp() AS time \\gset'
\set stop 'SELECT format(E''%1$s.ms %2$s\\n%1$s.mb %3$s'', :''name'', extract(epoch FROM clock_timestamp() - :''time''::timestamptz) * 1000, (pg_current_wal_insert_lsn() - :''lsn''::pg_lsn) / 1e6);'
-- :stop_each prints the time of one of "count".
\set stop_each 'SELECT format(''%s.us %s'', :''name'', extract(epoch FROM clock_timestamp() - :''time''::timestamptz) * 1e6 / :count);'
