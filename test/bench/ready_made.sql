\set query 'COPY (SELECT * FROM cardgen.generated_card WHERE batch_id = (SELECT min(batch_id) FROM cardgen.batch)) TO '
\set text :file '.txt'
\set binary :file '.bin'
:query :'text';
:query :'binary' WITH (FORMAT binary);
