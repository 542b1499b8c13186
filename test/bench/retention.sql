UPDATE cardgen.batch SET expires_on = now(), issuable_until = now()
	WHERE batch_id IN (SELECT batch_id FROM cardgen.batch ORDER BY batch_id LIMIT 10);
SELECT cardgen.remove_expired_batches();
VACUUM ANALYZE cardgen.generated_card;
CALL generate_ten();
VACUUM ANALYZE cardgen.generated_card;
