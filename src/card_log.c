/*
 * The log of the cards: what each change made of one.
 */
#include "card_log.h"

#include "catalog/pg_type.h"
#include "query.h"

#define LOG_COLUMN_COUNT 6

/*
 * Not VALUES: what Citus copies from a SELECT it commits in two phases, along
 * with what changes on the coordinator, a series' counter above all.
 */
static PreparedQuery insert_change = {
	"INSERT INTO cardgen.card_status_log (number, from_label, to_label, from_customer_id, to_customer_id, reason)"
	" SELECT $1, $2, $3, $4, $5, $6",
	LOG_COLUMN_COUNT, {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}
};

static const BulkTable log_table = {
	"card_status_log", &insert_change, LOG_COLUMN_COUNT,
	{"number", "from_label", "to_label", "from_customer_id", "to_customer_id", "reason"},
	.may_be_elsewhere = true
};

BulkInsert *
BeginLog(void)
{
	return BeginBulkInsert(&log_table);
}

static bool
MovesCard(const LoggedChange *change)
{
	if (change->from_customer_id == NULL || change->to_customer_id == NULL)
		return change->from_customer_id != change->to_customer_id;
	return strcmp(change->from_customer_id, change->to_customer_id) != 0;
}

/* The customers are told only where the card goes from one to another. */
void
LogChange(BulkInsert *log, const LoggedChange *change)
{
	MemoryContext caller_context = MemoryContextSwitchTo(BulkInsertContext(log));
	bool		moves = MovesCard(change);
	NullableDatum columns[] = {
		TextArgument(change->number),
		TextArgument(change->from_label),
		TextArgument(change->to_label),
		TextArgument(moves ? change->from_customer_id : NULL),
		TextArgument(moves ? change->to_customer_id : NULL),
		TextArgument(change->reason)
	};

	BulkInsertRow(log, columns);
	MemoryContextSwitchTo(caller_context);
}
