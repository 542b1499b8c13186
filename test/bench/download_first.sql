-- Both once without the clock: the rows are in memory then.
SELECT batch_id FROM cardgen.batch WHERE card_count = 100000 ORDER BY batch_id LIMIT 1 \gset
\set computed 'COPY (SELECT cardgen.download_batch(' :batch_id ')) TO ''/dev/null'';'
\set stored 'COPY (SELECT number FROM cardgen.generated_card WHERE batch_id = ' :batch_id ') TO ''/dev/null'';'
:computed
:stored
