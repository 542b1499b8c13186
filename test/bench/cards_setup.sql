-- Both have issued as many already.
\ir by_hand.sql
SELECT cardgen.create_series('NEW', 'New', length => 16, prefix => 'N', check_digit => 'luhn') \g /dev/null

CREATE PROCEDURE issue_stock(stock integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR at IN 1..stock BY 100000 LOOP
		PERFORM cardgen.issue_new_cards('NEW', array_agg('S' || i))
			FROM generate_series(at, least(at + 99999, stock)) AS i;
		COMMIT;
	END LOOP;
END
$$;
CALL issue_stock(:stock);
INSERT INTO by_hand.card SELECT * FROM cardgen.card;
INSERT INTO by_hand.card_status_log SELECT * FROM cardgen.card_status_log;
VACUUM (FREEZE, ANALYZE);
