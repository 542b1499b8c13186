-- Large batches, every other of which then leaves its space.
CALL generate_batches('GOLD', :large);
UPDATE cardgen.batch SET expires_on = now(), issuable_until = now() WHERE batch_id % 2 = 0;
SELECT cardgen.remove_expired_batches();
VACUUM (ANALYZE);
