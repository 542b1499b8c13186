/*
 * Checks of the limits: at the end, and whenever a customer got one card more.
 */
#include "backend/checks.h"
#include "backend/world.h"

void
CheckLimits(PGconn *connection)
{
	char		sql[2000];
	const char *counts = counts_only_active ? "('active')" : "('issued', 'active', 'suspended')";

	snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM (SELECT customer_id FROM cardgen.card c JOIN cardgen.series s ON s.code = c.series_code"
			 " WHERE status IN %s GROUP BY customer_id, s.code HAVING count(*) > s.max_active_cards"
			 " UNION ALL SELECT customer_id FROM cardgen.card WHERE status IN %s GROUP BY customer_id HAVING count(*) > %d)"
			 " above WHERE customer_id NOT IN (SELECT customer_id FROM told_event WHERE kind IN ('merge', 'import')"
			 " AND customer_id IS NOT NULL)",
			 counts, counts, CUSTOMER_LIMIT);
	Check(connection, "no customer is above a limit but by merge or import", sql);

	/*
	 * A card that follows one that counted is none more. Those of an import
	 * count from its commit on, or from what came next.
	 */
	Do(connection,
	   "CREATE TEMP TABLE holding AS"
	   " SELECT least(h.committed, h.until_tick, CASE WHEN h.committed IS NULL THEN h.tick END) AS tick,"
	   "  h.kind, h.number, h.holder, h.status AS to_status,"
	   "  CASE WHEN h.from_holder = h.holder THEN h.from_status END AS from_status,"
	   "  f.from_status AS former_status, c.series_code AS former_code"
	   " FROM history h LEFT JOIN history f ON f.number = h.replaces AND f.kind = 'change' AND f.status IN ('expired', 'deleted')"
	   " LEFT JOIN cardgen.card c ON c.number = h.replaces WHERE h.holder IS NOT NULL"
	   " UNION ALL SELECT tick, kind, number, from_holder, NULL, from_status, NULL, NULL FROM history"
	   "  WHERE from_holder <> holder");
	snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM (SELECT s.max_active_cards, kind, step,"
			 "  sum(step) OVER (PARTITION BY holder, s.code ORDER BY tick) AS of_series,"
			 "  sum(step) OVER (PARTITION BY holder ORDER BY tick) AS of_all,"
			 "  coalesce(former_status IN %s, false) AS follows, former_code, s.code"
			 " FROM (SELECT *, coalesce((to_status IN %s)::int, 0) - coalesce((from_status IN %s)::int, 0) AS step"
			 "       FROM holding) h"
			 " JOIN cardgen.card c USING (number) JOIN cardgen.series s ON s.code = c.series_code) held"
			 " WHERE step > 0 AND kind NOT IN ('merge', 'import')"
			 " AND (of_series > max_active_cards AND NOT (follows AND former_code = code) OR of_all > %d AND NOT follows)",
			 counts, counts, counts, CUSTOMER_LIMIT);
	Check(connection, "no call but a merge or import has ever led above a limit, or further above", sql);
}
