-- A call a transaction. What is rejected would be printed.
SELECT format('SELECT * FROM list, LATERAL cardgen.import_cards(upper(%L), list.%I, customer_ids, status_labels, issued_on, expires_on) AS rejected WHERE part = %s',
			  :'name', :'name', part)
	FROM list ORDER BY part \gexec
