TRUNCATE cardgen.generated_card;
DELETE FROM cardgen.batch;
CHECKPOINT;
