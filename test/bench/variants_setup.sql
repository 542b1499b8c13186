INSERT INTO unique_bigint SELECT number::bigint, batch_id FROM unique_card;
ALTER TABLE unique_bigint ADD PRIMARY KEY (number);
VACUUM (FREEZE, ANALYZE) unique_bigint;
