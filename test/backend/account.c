/*
 * What the server acknowledged, put beside what it has.
 */
#include "backend/account.h"

#include <string.h>

#include "backend/ledger.h"
#include "backend/world.h"

static void
PutBatches(PGconn *connection)
{
	Do(connection,
	   "CREATE TEMP TABLE told_batch (batch_id int PRIMARY KEY, series_code text,"
	   " card_count int, is_removed boolean, is_retained boolean);"
	   "COPY told_batch FROM STDIN");
	for (long i = 0; i < ledger.known_count; i++)
	{
		const Batch *batch = &ledger.batches[ledger.known[i]];

		PutLine(connection, "%d\t%s\t%d\t%d\t%d\n", ledger.known[i], all_series[batch->series].code,
				batch->count, batch->is_removed, batch->is_retained);
	}
	EndCopy(connection);
}

/* What nobody has downloaded is downloaded now, where it is still there. */
static void
PutNumbers(PGconn *connection)
{
	Do(connection,
	   "CREATE TEMP TABLE told_number (batch_id int, number text COLLATE \"C\");"
	   "COPY told_number FROM STDIN");
	for (long i = 0; i < ledger.known_count; i++)
	{
		const char *number = ledger.batches[ledger.known[i]].numbers;

		for (size_t length; number != NULL && *number != '\0'; number += length + 1)
		{
			length = strcspn(number, "\n");
			PutLine(connection, "%d\t%.*s\n", ledger.known[i], (int) length, number);
		}
	}
	EndCopy(connection);
	Do(connection,
	   "INSERT INTO told_number SELECT batch_id, cardgen.download_batch(batch_id) FROM cardgen.batch"
	   " b WHERE NOT EXISTS (SELECT FROM told_number t WHERE t.batch_id = b.batch_id)");
}

static void
PutEvents(PGconn *connection)
{
	char		customer[CUSTOMER_SIZE];

	Do(connection,
	   "CREATE TEMP TABLE told_event (tick bigint, number text COLLATE \"C\", label text,"
	   " customer_id text, reason text, new_of_series text);"
	   "COPY told_event FROM STDIN");
	for (long i = 0; i < ledger.records.count; i++)
	{
		const Record *record = &ledger.records.items[i];

		NameCustomer(customer, record->customer);
		if (record->kind == ISSUE)
			PutLine(connection, "%ld\t%s\t%s\t%s\t\\N\t%s\n", record->tick, record->text, labels[record->label],
					customer, record->series < 0 ? "\\N" : all_series[record->series].code);
		else if (record->kind == CHANGE)
			PutLine(connection, "%ld\t%s\t%s\t\\N\tchange %ld\t\\N\n", record->tick, record->text,
					labels[record->label], record->change);
		else if (record->kind == EXPIRY)
			PutLine(connection, "%ld\t%s\tEXPIRED\t\\N\tpast its expiry date\t\\N\n", record->tick, record->text);
	}
	EndCopy(connection);
	Do(connection,
	   "INSERT INTO told_number SELECT NULL, number FROM told_event WHERE new_of_series IS NOT NULL;"
	   "CREATE TEMP TABLE gone AS SELECT * FROM told_batch t"
	   " WHERE NOT EXISTS (SELECT FROM cardgen.batch b WHERE b.batch_id = t.batch_id);"
	   "CREATE TEMP TABLE history AS"
	   " SELECT e.*, l.status, lag(e.label) OVER card AS from_label,"
	   "  lag(l.status) OVER card AS from_status, lead(e.label) OVER card IS NULL AS is_last,"
	   "  max(e.customer_id) OVER (PARTITION BY e.number) AS holder"
	   " FROM told_event e JOIN cardgen.status_label l USING (label)"
	   " WINDOW card AS (PARTITION BY e.number ORDER BY e.tick);"
	   "ANALYZE told_batch; ANALYZE told_number; ANALYZE gone; ANALYZE history");
}

void
TellDatabase(PGconn *connection)
{
	PutBatches(connection);
	PutNumbers(connection);
	PutEvents(connection);
	Note("%ld batches, %ld numbers, %ld cards issued, %ld changes of cards",
		 ledger.known_count, ReadNumber(connection, "SELECT count(*) FROM told_number"), ledger.card_count,
		 ReadNumber(connection, "SELECT count(*) FROM told_event"));
}
