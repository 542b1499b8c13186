/*
 * Checks of batches and generated numbers.
 */
#include "backend/checks.h"

void
CheckBatches(PGconn *connection)
{
	char		sql[500];
	long		batches = 0;
	long		cards = 0;

	for (long i = 0; i < ledger.records.count; i++)
		if (ledger.records.items[i].kind == CLEARANCE)
		{
			batches += ledger.records.items[i].count;
			cards += ledger.records.items[i].cards;
		}

	Check(connection, "no number was handed out twice, or imported as well",
		  "SELECT count(*) FROM (SELECT FROM told_number GROUP BY number HAVING count(*) > 1) twice");
	Check(connection, "every batch is there, or was removed or had expired",
		  "SELECT count(*) FROM gone WHERE NOT is_removed AND (series_code <> 'SHORT' OR is_retained)");
	Check(connection, "a list has gone only where its time was over and its cards are still there",
		  "SELECT count(*) FROM cardgen.batch LEFT JOIN told_batch t USING (batch_id)"
		  " WHERE NOT is_listed AND (batch.series_code <> 'SHELF' OR is_retained)");
	Check(connection, "every batch on the list is whole",
		  "SELECT count(*) FROM (SELECT * FROM cardgen.batch WHERE is_listed) b, LATERAL cardgen.verify_batch(b.batch_id) v"
		  " WHERE v.stored <> b.card_count OR v.missing <> 0 OR v.unexpected <> 0");
	Check(connection, "batches are as they were returned",
		  "SELECT count(*) FROM cardgen.batch b LEFT JOIN told_batch t USING (batch_id)"
		  " WHERE (b.series_code, b.card_count) IS DISTINCT FROM (t.series_code, t.card_count)");
	Check(connection, "removed batches are gone",
		  "SELECT count(*) FROM told_batch JOIN cardgen.batch USING (batch_id) WHERE is_removed");
	snprintf(sql, sizeof(sql), "SELECT count(*) - %ld FROM gone WHERE NOT is_removed", batches);
	Check(connection, "as many expired batches are gone as were told", sql);
	snprintf(sql, sizeof(sql),
			 "SELECT coalesce(sum(card_count), 0) - %ld - (SELECT count(*) FROM cardgen.card JOIN gone USING (batch_id)"
			 " WHERE NOT is_removed) FROM gone WHERE NOT is_removed", cards);
	Check(connection, "as many cards went with them as were told", sql);
	Check(connection, "there are no other stored numbers than those of batches",
		  "SELECT (SELECT count(*) FROM cardgen.generated_card) - (SELECT coalesce(sum(card_count), 0) FROM cardgen.batch WHERE is_listed)");
	Check(connection, "no ordinal has two uses",
		  "SELECT count(*) FROM (SELECT lower(r) < lag(upper(r)) OVER (PARTITION BY series_code ORDER BY lower(r), upper(r))"
		  "  AS is_overlap FROM"
		  "  (SELECT series_code, unnest(coalesce(ordinals, int8multirange(int8range(first_ordinal, first_ordinal + card_count))))"
		  "   FROM cardgen.batch"
		  "   UNION ALL SELECT series_code, int8range(first_ordinal, end_ordinal) FROM cardgen.free_range WHERE first_ordinal < end_ordinal"
		  "   UNION ALL SELECT series_code, int8range(first_ordinal, end_ordinal) FROM cardgen.reserved_range"
		  "   UNION ALL SELECT series_code, int8range(ordinal, ordinal + 1) FROM cardgen.card JOIN cardgen.series_counter"
		  "    USING (series_code) WHERE batch_id IS NULL AND ordinal < next_ordinal) used (series_code, r)) u WHERE is_overlap");
	Check(connection, "the ordinals reserved are those of imported cards ahead of the counter",
		  "SELECT count(*) FROM cardgen.series_counter c WHERE"
		  " (SELECT coalesce(sum(end_ordinal - first_ordinal), 0) FROM cardgen.reserved_range r WHERE r.series_code = c.series_code)"
		  " <> (SELECT count(*) FROM cardgen.card k WHERE k.series_code = c.series_code AND k.ordinal >= c.next_ordinal)");
	Check(connection, "counters are at what was handed out",
		  "SELECT count(*) FROM cardgen.series_counter c WHERE next_ordinal - passed_over"
		  " - (SELECT coalesce(sum(end_ordinal - first_ordinal), 0) FROM cardgen.free_range f WHERE f.series_code = c.series_code) <>"
		  " (SELECT coalesce(sum(card_count), 0) FROM told_batch t WHERE t.series_code = c.series_code)"
		  " + (SELECT count(*) FROM told_event e WHERE e.new_of_series = c.series_code)");
	Check(connection, "no series gave more numbers than it has",
		  "SELECT count(*) FROM cardgen.series_usage WHERE remaining < 0 OR generated + remaining > capacity");
	Check(connection, "numbers of removed batches that were not issued are recognized",
		  "SELECT count(*) FROM (SELECT number FROM told_number JOIN gone USING (batch_id) ORDER BY hashtext(number)"
		  " LIMIT 20000) n WHERE NOT EXISTS (SELECT FROM cardgen.card c WHERE c.number = n.number)"
		  " AND cardgen.classify_number(number) <> 'batch_removed'");
	Check(connection, "numbers of batches there are found",
		  "SELECT count(*) FROM (SELECT * FROM told_number t JOIN cardgen.batch USING (batch_id)"
		  " ORDER BY hashtext(number) LIMIT 20000) n LEFT JOIN LATERAL cardgen.find_card(n.number) f ON true"
		  " WHERE f.batch_id IS DISTINCT FROM n.batch_id OR f.number <> n.number");
}
