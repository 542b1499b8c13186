-- The same numbers in all three tables.
CALL generate_batches('GOLD', :batches);
INSERT INTO copied SELECT * FROM cardgen.generated_card;
INSERT INTO unique_card SELECT number, batch_id FROM cardgen.generated_card;
ALTER TABLE unique_card ADD PRIMARY KEY (number);
VACUUM (FREEZE, ANALYZE);
