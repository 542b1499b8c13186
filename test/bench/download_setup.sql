-- The index knows all batches again, as it does where autovacuum is on.
VACUUM cardgen.generated_card;
