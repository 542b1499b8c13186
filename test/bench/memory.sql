\set remember 'SELECT own_memory() AS before \\gset'
\set growth 'SELECT ''memory.'' || :''name'', own_memory() - :before;'
\set round 'CALL generate_batches(''GOLD'', 1); COPY (SELECT cardgen.download_batch(max(batch_id)) FROM cardgen.batch) TO ''/dev/null'';'

\set name first
:remember
:round
:growth

\set name others
:remember
:round
:round
:round
:round
:round
:round
:round
:round
:round
:growth
