\set remember 'SELECT own_memory() AS before \\gset'
\set growth 'SELECT ''memory.'' || :''name'', own_memory() - :before;'
\set generate 'SELECT batch_id FROM cardgen.generate_batch(''GOLD'', 100000) \\gset'
\set download 'COPY (SELECT cardgen.download_batch(:batch_id)) TO ''/dev/null'';'
\set round :generate '\n' :download

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
