TRUNCATE cardgen.card, cardgen.card_status_log, cardgen.reserved_range, by_hand.card;
