/*
 * Checks of cards: whose they are, and what their status is.
 */
#include "backend/checks.h"
#include "backend/world.h"

static void
CheckHolders(PGconn *connection)
{
	Check(connection, "no card was issued twice, or imported again",
		  "SELECT count(*) FROM history WHERE kind IN ('import', 'issue') AND from_status <> 'not_issued'");
	Check(connection, "every issued card is there, with the last customer it was given to",
		  "SELECT count(*) FROM history h LEFT JOIN cardgen.card c USING (number)"
		  " WHERE h.until_tick IS NULL AND h.holder IS NOT NULL AND c.customer_id IS DISTINCT FROM h.holder");
	Check(connection, "every issued card is found by its number",
		  "SELECT count(*) FROM history h LEFT JOIN LATERAL cardgen.find_card(h.number) f ON true"
		  " WHERE h.until_tick IS NULL AND h.holder IS NOT NULL AND f.customer_id IS DISTINCT FROM h.holder");
	Check(connection, "no other card was issued",
		  "SELECT count(*) FROM cardgen.card c LEFT JOIN history h ON h.number = c.number AND h.until_tick IS NULL"
		  " WHERE c.customer_id IS DISTINCT FROM h.holder");
	/* What an import had not committed yet came after the merger. */
	Check(connection, "a customer who was merged into another has no card from before",
		  "SELECT count(*) FROM told_merger m JOIN history h ON h.holder = m.customer_id AND h.tick < m.tick"
		  " WHERE coalesce(h.until_tick > m.tick, true) AND h.kind <> 'import'");
}

static void
CheckReplacements(PGconn *connection)
{
	Check(connection, "a card replaces the one it was issued for, and no other does",
		  "SELECT count(*) FROM history h FULL JOIN cardgen.card c ON c.number = h.number AND h.kind = 'issue'"
		  " WHERE h.kind = 'issue' AND c.replaces IS DISTINCT FROM h.replaces");
	Check(connection, "each card is replaced by at most one",
		  "SELECT count(*) FROM (SELECT FROM cardgen.card WHERE replaces IS NOT NULL"
		  " GROUP BY replaces HAVING count(*) > 1) twice");
	Check(connection, "a card that was replaced has ended, and each card tells of the other",
		  "SELECT count(*) FROM cardgen.card c LEFT JOIN cardgen.card r ON r.number = c.replaces,"
		  " LATERAL cardgen.find_card(c.replaces) f WHERE c.replaces IS NOT NULL"
		  " AND (coalesce(r.status, 'issued') NOT IN ('expired', 'deleted') OR f.replaced_by <> c.number)");
}

void
CheckCards(PGconn *connection)
{
	CheckHolders(connection);
	Check(connection, "cards that were not issued are of batches there are, or imported",
		  "SELECT count(*) FROM cardgen.card c WHERE status = 'not_issued'"
		  " AND NOT EXISTS (SELECT FROM cardgen.batch b WHERE b.batch_id = c.batch_id)"
		  " AND NOT EXISTS (SELECT FROM told_event e WHERE e.number = c.number AND e.kind = 'import')");
	Check(connection, "every card has the last status it was given",
		  "SELECT count(*) FROM history h FULL JOIN cardgen.card c USING (number)"
		  " WHERE h.until_tick IS NULL AND (h.label, h.status) IS DISTINCT FROM (c.status_label, c.status)"
		  " AND NOT (c.number IS NULL AND h.status = 'not_issued'"
		  "          AND cardgen.classify_number(number) = 'batch_removed')");
	CheckReplacements(connection);
}
