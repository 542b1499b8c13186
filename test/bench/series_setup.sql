-- So many series, with 100,000 cards in as many batches however many they are,
-- and what the 10th and the last of them cost: the median of ten each.
CREATE TABLE created (series integer, us numeric);
CREATE PROCEDURE create_series(series integer, batches integer) LANGUAGE plpgsql AS $$
DECLARE
	start timestamptz;
BEGIN
	FOR i IN 1..series LOOP
		start = clock_timestamp();
		PERFORM cardgen.create_series('M' || i, 'Series ' || i, length => 16, prefix => 'P' || lpad(i::text, 5, '0'),
									  check_digit => 'luhn', max_active_cards => 10);
		INSERT INTO created VALUES (i, extract(epoch FROM clock_timestamp() - start) * 1e6);
		COMMIT;
	END LOOP;
	FOR i IN 1..batches LOOP
		PERFORM cardgen.generate_batch('M' || i % series + 1, 100000 / batches);
		COMMIT;
	END LOOP;
END
$$;
SET synchronous_commit = off;
CALL create_series(:series, :batches);
CREATE TABLE scanned AS SELECT number FROM cardgen.generated_card ORDER BY md5(number);
VACUUM (FREEZE, ANALYZE);
SELECT 'create.' || :series || '.tenth', us FROM created WHERE series BETWEEN 6 AND 15;
SELECT 'create.' || :series || '.last', us FROM created WHERE series > :series - 10;
