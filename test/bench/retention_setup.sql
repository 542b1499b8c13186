-- Twenty batches; every cycle puts ten new ones in the place of the oldest.
-- Their sizes differ, so that freed space is not simply filled again.
CREATE SEQUENCE batch_number;
CREATE PROCEDURE generate_ten() LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..10 LOOP
		PERFORM cardgen.generate_batch('GOLD', (ARRAY[100000, 60000, 100000, 20000])[nextval('batch_number') % 4 + 1]);
		COMMIT;
	END LOOP;
END
$$;
CALL generate_ten();
CALL generate_ten();
VACUUM ANALYZE cardgen.generated_card;
