/*
 * What the server acknowledged, put beside what it has.
 */
#include "backend/account.h"

#include <string.h>

#include "backend/worker.h"
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

/* What nobody has downloaded is downloaded now, where it is still there, back on the list if need be. */
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
	   "SELECT cardgen.retain_batch(batch_id, 'infinity') FROM cardgen.batch b WHERE NOT is_listed"
	   " AND NOT EXISTS (SELECT FROM told_number t WHERE t.batch_id = b.batch_id);"
	   "INSERT INTO told_number SELECT batch_id, cardgen.download_batch(batch_id) FROM cardgen.batch"
	   " b WHERE NOT EXISTS (SELECT FROM told_number t WHERE t.batch_id = b.batch_id)");
}

static void
PutEvent(PGconn *connection, const Record *record)
{
	static const char *const kinds[] = {
		[ISSUE] = "issue", [CHANGE] = "change", [EXPIRY] = "expiry", [TRANSFER] = "transfer", [MERGE] = "merge",
		[IMPORT] = "import"
	};
	char		customer[CUSTOMER_SIZE] = "\\N";
	char		reason[REASON_SIZE] = "\\N";
	const char *new_of_series = "\\N";
	char		committed[20] = "\\N";

	if (record->kind != CHANGE && record->kind != EXPIRY && record->customer != NO_CUSTOMER)
		NameCustomer(customer, record->customer);
	if (record->kind == EXPIRY)
		snprintf(reason, sizeof(reason), "past its expiry date");
	else if (record->kind == IMPORT)
		snprintf(reason, sizeof(reason), "imported");
	else if (record->kind != ISSUE || record->replaces != NULL)
		NameChange(reason, record->change);
	if (record->kind == ISSUE && record->series >= 0)
		new_of_series = all_series[record->series].code;
	if (record->kind == IMPORT)
		snprintf(committed, sizeof(committed), "%ld", record->committed);
	PutLine(connection, "%ld\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", record->tick, kinds[record->kind], record->text,
			labels[record->label], customer, reason, new_of_series,
			record->replaces == NULL ? "\\N" : record->replaces, committed);
}

/* A number whose batch has gone may be imported: then it is the import's. */
static void
PutEvents(PGconn *connection)
{
	Do(connection,
	   "CREATE TEMP TABLE told_event (tick bigint, kind text, number text COLLATE \"C\", label text,"
	   " customer_id text COLLATE \"C\", reason text, new_of_series text, replaces text, committed bigint);"
	   "COPY told_event FROM STDIN");
	for (long i = 0; i < ledger.records.count; i++)
		if (ledger.records.items[i].kind >= ISSUE)
			PutEvent(connection, &ledger.records.items[i]);
	EndCopy(connection);
	Do(connection,
	   "ANALYZE told_number; ANALYZE told_event;"
	   "INSERT INTO told_number SELECT NULL, number FROM told_event e WHERE new_of_series IS NOT NULL"
	   " OR kind = 'import' AND NOT EXISTS (SELECT FROM told_number t WHERE t.number = e.number"
	   "  AND NOT EXISTS (SELECT FROM cardgen.batch b WHERE b.batch_id = t.batch_id))");
}

static void
PutMergers(PGconn *connection)
{
	char		customer[CUSTOMER_SIZE];

	Do(connection,
	   "CREATE TEMP TABLE told_merger (tick bigint, customer_id text COLLATE \"C\");"
	   "COPY told_merger FROM STDIN");
	for (long i = 0; i < ledger.records.count; i++)
	{
		const Record *record = &ledger.records.items[i];

		if (record->kind != MERGER)
			continue;
		NameCustomer(customer, record->customer);
		PutLine(connection, "%ld\t%s\n", record->tick, customer);
	}
	EndCopy(connection);
}

/* A holder has the card until another event names the next one. */
static void
DeriveHistory(PGconn *connection)
{
	Do(connection,
	   "CREATE TEMP TABLE gone AS SELECT * FROM told_batch t"
	   " WHERE NOT EXISTS (SELECT FROM cardgen.batch b WHERE b.batch_id = t.batch_id);"
	   "CREATE TEMP TABLE history AS"
	   " SELECT e.*, lag(label) OVER card AS from_label, lag(status) OVER card AS from_status,"
	   "  lag(holder) OVER card AS from_holder, lead(tick) OVER card AS until_tick"
	   " FROM (SELECT e.*, l.status, max(customer_id) OVER (PARTITION BY number, tenure) AS holder"
	   "       FROM (SELECT *, count(customer_id) OVER (PARTITION BY number ORDER BY tick) AS tenure"
	   "             FROM told_event) e JOIN cardgen.status_label l USING (label)) e"
	   " WINDOW card AS (PARTITION BY number ORDER BY tick);"
	   "ANALYZE told_batch; ANALYZE told_number; ANALYZE gone; ANALYZE history");
}

void
TellDatabase(PGconn *connection)
{
	PutBatches(connection);
	PutNumbers(connection);
	PutEvents(connection);
	PutMergers(connection);
	DeriveHistory(connection);
	Note("%ld batches, %ld numbers, %ld cards issued, %ld changes of cards",
		 ledger.known_count, ReadNumber(connection, "SELECT count(*) FROM told_number"),
		 ReadNumber(connection, "SELECT count(*) FROM told_event WHERE kind = 'issue'"),
		 ReadNumber(connection, "SELECT count(*) FROM told_event"));
}
