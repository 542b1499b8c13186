-- The same tables with the same indexes, for whoever writes to them by hand.
CREATE SCHEMA by_hand;
CREATE TABLE by_hand.card (LIKE cardgen.card INCLUDING ALL);
CREATE TABLE by_hand.card_status_log (LIKE cardgen.card_status_log INCLUDING ALL);
