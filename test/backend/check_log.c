/*
 * Checks of the log: it has what was told and nothing else, and tells of the
 * cards as they are.
 */
#include "backend/checks.h"
#include "backend/world.h"

/*
 * Whether a row of the log is of an event: a card's two do not agree in all. A
 * card that is imported without a customer begins without one.
 */
#define IS_LOGGED \
	"l.number = h.number AND l.to_label = h.label AND coalesce(l.reason, '') = coalesce(h.reason, '')"

static void
CheckRows(PGconn *connection)
{
	Check(connection, "the log has a row for each change, by whom and why",
		  "SELECT count(*) FROM (SELECT * FROM history WHERE kind <> 'import' OR holder IS NOT NULL) h"
		  " FULL JOIN cardgen.card_status_log l ON " IS_LOGGED
		  " WHERE h.number IS NULL OR l.number IS NULL OR l.changed_by <> session_user");
	Check(connection, "each change in the log starts where the last one ended",
		  "SELECT count(*) FROM history h JOIN cardgen.card_status_log l ON " IS_LOGGED
		  " WHERE h.kind <> 'import' AND l.from_label <> coalesce(h.from_label, l.from_label)");
	Check(connection, "each change is one that is allowed",
		  "SELECT count(*) FROM history h JOIN cardgen.card_status_log l ON " IS_LOGGED
		  " JOIN cardgen.status_label f ON f.label = l.from_label"
		  " WHERE h.kind IN ('transfer', 'merge') AND l.from_label <> l.to_label"
		  " OR h.kind IN ('issue', 'change', 'expiry') AND (h.kind, f.status, h.status) NOT IN ("
		  "  ('change', 'not_issued', 'not_issued'), ('issue', 'not_issued', 'issued'), ('issue', 'not_issued', 'active'),"
		  "  ('change', 'issued', 'active'), ('change', 'issued', 'suspended'),"
		  "  ('change', 'active', 'suspended'), ('change', 'suspended', 'active'),"
		  "  ('expiry', 'issued', 'expired'), ('expiry', 'active', 'expired'), ('expiry', 'suspended', 'expired'),"
		  "  ('change', 'issued', 'expired'), ('change', 'active', 'expired'), ('change', 'suspended', 'expired'),"
		  "  ('change', 'issued', 'deleted'), ('change', 'active', 'deleted'), ('change', 'suspended', 'deleted'))");
}

static void
CheckReplay(PGconn *connection)
{
	Do(connection,
	   "CREATE TEMP TABLE replay AS"
	   " SELECT l.*, lag(to_label) OVER card AS last_label, lag(holder) OVER card AS last_holder,"
	   "  lead(change_id) OVER card IS NULL AS is_last"
	   " FROM (SELECT *, max(to_customer_id) OVER (PARTITION BY number, tenure) AS holder"
	   "       FROM (SELECT *, count(to_customer_id) OVER (PARTITION BY number ORDER BY change_id) AS tenure"
	   "             FROM cardgen.card_status_log) l) l"
	   " WINDOW card AS (PARTITION BY number ORDER BY change_id);"
	   "ANALYZE replay");
	Check(connection, "each row of the log starts where the card's last one ended",
		  "SELECT count(*) FROM replay WHERE last_label <> from_label AND reason IS DISTINCT FROM 'imported'"
		  " OR to_customer_id IS NOT NULL AND from_customer_id IS DISTINCT FROM last_holder"
		  " OR to_customer_id IS NULL AND from_customer_id IS NOT NULL");
	Check(connection, "the log, replayed from its first row, gives the cards as they are",
		  "SELECT count(*) FROM replay r FULL JOIN cardgen.card c USING (number) WHERE r.is_last IS NOT FALSE"
		  " AND (r.to_label, r.holder) IS DISTINCT FROM (c.status_label, c.customer_id)"
		  " AND NOT (c.number IS NULL AND r.holder IS NULL)"
		  " AND NOT (c.customer_id IS NULL AND EXISTS"
		  "  (SELECT FROM told_event e WHERE e.number = c.number AND e.kind = 'import'))");
	Check(connection, "the log names the customers where a card came to another one",
		  "SELECT count(*) FROM history h JOIN cardgen.card_status_log l ON " IS_LOGGED
		  " WHERE l.from_customer_id IS DISTINCT FROM CASE WHEN h.holder <> h.from_holder THEN h.from_holder END"
		  " OR l.to_customer_id IS DISTINCT FROM CASE WHEN h.holder IS DISTINCT FROM h.from_holder THEN h.holder END");
}

void
CheckLog(PGconn *connection)
{
	CheckRows(connection);
	CheckReplay(connection);
}
