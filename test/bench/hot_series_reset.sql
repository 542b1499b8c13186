TRUNCATE cardgen.card, cardgen.card_status_log, by_hand.card;
CHECKPOINT;
