/*
 * Checks of cards, of their log and of the limits.
 */
#include "backend/checks.h"
#include "backend/world.h"

void
CheckCards(PGconn *connection)
{
	char		sql[1000];
	const char *counts = counts_only_active ? "('active')" : "('issued', 'active', 'suspended')";

	Check(connection, "every issued card is there, with its customer",
		  "SELECT count(*) FROM told_event e LEFT JOIN cardgen.card c USING (number)"
		  " WHERE e.customer_id IS NOT NULL AND c.customer_id IS DISTINCT FROM e.customer_id");
	Check(connection, "every issued card is found by its number",
		  "SELECT count(*) FROM told_event e LEFT JOIN LATERAL cardgen.find_card(e.number) f ON true"
		  " WHERE e.customer_id IS NOT NULL AND f.customer_id IS DISTINCT FROM e.customer_id");
	Check(connection, "no other card was issued",
		  "SELECT count(*) FROM cardgen.card c LEFT JOIN told_event e ON e.number = c.number AND e.customer_id IS NOT NULL"
		  " WHERE c.customer_id IS DISTINCT FROM e.customer_id");
	Check(connection, "cards that were not issued are of batches there are",
		  "SELECT count(*) FROM cardgen.card c WHERE status = 'not_issued'"
		  " AND NOT EXISTS (SELECT FROM cardgen.batch b WHERE b.batch_id = c.batch_id)");
	Check(connection, "every card has the last status it was given",
		  "SELECT count(*) FROM history h FULL JOIN cardgen.card c USING (number)"
		  " WHERE h.is_last IS NOT FALSE AND (h.label, h.status) IS DISTINCT FROM (c.status_label, c.status)"
		  " AND NOT (c.number IS NULL AND h.status = 'not_issued'"
		  "          AND cardgen.classify_number(number) = 'batch_removed')");
	Check(connection, "the log has a row for each change, by whom and why",
		  "SELECT count(*) FROM history h FULL JOIN cardgen.card_status_log l"
		  " ON l.number = h.number AND l.to_label = h.label AND coalesce(l.reason, '') = coalesce(h.reason, '')"
		  " WHERE h.number IS NULL OR l.number IS NULL OR l.changed_by <> session_user");
	Check(connection, "each change in the log starts where the last one ended",
		  "SELECT count(*) FROM history h JOIN cardgen.card_status_log l"
		  " ON l.number = h.number AND l.to_label = h.label AND coalesce(l.reason, '') = coalesce(h.reason, '')"
		  " JOIN cardgen.status_label f ON f.label = l.from_label"
		  " WHERE l.from_label <> coalesce(h.from_label, l.from_label)"
		  " OR (f.status, h.status) NOT IN (('not_issued', 'not_issued'), ('not_issued', 'issued'),"
		  "  ('not_issued', 'active'), ('issued', 'active'), ('active', 'suspended'), ('suspended', 'active'),"
		  "  ('issued', 'expired'), ('active', 'expired'), ('suspended', 'expired'),"
		  "  ('issued', 'deleted'), ('active', 'deleted'), ('suspended', 'deleted'))"
		  " OR (h.customer_id IS NOT NULL) <> (f.status = 'not_issued' AND h.status <> 'not_issued')");

	snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM (SELECT FROM cardgen.card c JOIN cardgen.series s ON s.code = c.series_code"
			 " WHERE status IN %s GROUP BY customer_id, s.code HAVING count(*) > s.max_active_cards"
			 " UNION ALL SELECT FROM cardgen.card WHERE status IN %s GROUP BY customer_id HAVING count(*) > %d) above",
			 counts, counts, CUSTOMER_LIMIT);
	Check(connection, "no customer is above a limit", sql);
	snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM (SELECT s.max_active_cards,"
			 "  sum(step) OVER (PARTITION BY holder, s.code ORDER BY tick) AS of_series,"
			 "  sum(step) OVER (PARTITION BY holder ORDER BY tick) AS of_all"
			 " FROM (SELECT *, (status IN %s)::int - coalesce((from_status IN %s)::int, 0) AS step FROM history) h"
			 " JOIN cardgen.card c USING (number) JOIN cardgen.series s ON s.code = c.series_code"
			 " WHERE holder IS NOT NULL) held WHERE of_series > max_active_cards OR of_all > %d",
			 counts, counts, CUSTOMER_LIMIT);
	Check(connection, "no customer was ever above a limit", sql);
}
