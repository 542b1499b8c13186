-- Cards of all batches, in no order.
CREATE TABLE scanned AS
	SELECT row_number() OVER () AS id, number
	FROM (SELECT number FROM (SELECT number FROM unique_card TABLESAMPLE BERNOULLI (20) REPEATABLE (1)
							  WHERE batch_id > 0) AS sample
		  ORDER BY md5(number) LIMIT 100000) AS sample;
ALTER TABLE scanned ADD PRIMARY KEY (id);
VACUUM (FREEZE, ANALYZE) scanned;
VACUUM (FREEZE, ANALYZE) unique_card;
