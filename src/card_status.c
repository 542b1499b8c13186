/*
 * Changes of a card's status: by a caller, one or many, and by the calendar.
 */
#include "card.h"

#include "access/xact.h"
#include "argument.h"
#include "card_find.h"
#include "card_log.h"
#include "catalog/pg_type.h"
#include "citus.h"
#include "customer.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#define EXPIRE_STEP 1000

#define CARD_IS_DUE "expires_on < $1 AND status IN ('issued', 'active', 'suspended')"

/* The next step of many would pass by the index entries of all before it: a cursor does not. */
static PreparedQuery lock_due = {
	"SELECT number, status_label FROM cardgen.card WHERE " CARD_IS_DUE
	" ORDER BY expires_on FOR NO KEY UPDATE SKIP LOCKED",
	1, {DATEOID}
};

static PreparedQuery expire_numbers = {
	"UPDATE cardgen.card SET status = 'expired', status_label = $2 WHERE number = ANY ($1) RETURNING number",
	2, {TEXTARRAYOID, TEXTOID}
};

#define EXPIRY_REASON "past its expiry date"

/* Citus locks rows of one shard at a time. */
static PreparedQuery expire_cards_of_shard = {
	"WITH due AS ("
	"  SELECT number, status_label FROM cardgen.card WHERE " CARD_IS_DUE " AND number = ANY ($3)"
	"  FOR NO KEY UPDATE SKIP LOCKED),"
	" expired AS ("
	"  UPDATE cardgen.card c SET status = 'expired', status_label = $2 FROM due"
	"  WHERE c.number = due.number AND c.number = ANY ($3) RETURNING due.number, due.status_label)"
	" INSERT INTO cardgen.card_status_log (number, from_label, to_label, reason)"
	" SELECT number, status_label, $2, '" EXPIRY_REASON "' FROM expired",
	3, {DATEOID, TEXTOID, TEXTARRAYOID}
};

static PreparedQuery due_numbers_by_shard = {
	"SELECT pg_catalog.array_agg(number) FROM"
	" (SELECT number FROM cardgen.card WHERE " CARD_IS_DUE " ORDER BY expires_on LIMIT $2) due"
	" GROUP BY pg_catalog.get_shard_id_for_distribution_column('cardgen.card', number)",
	2, {DATEOID, INT4OID}
};

PG_FUNCTION_INFO_V1(set_card_status);
PG_FUNCTION_INFO_V1(set_card_statuses);
PG_FUNCTION_INFO_V1(expire_cards);

/* How the statuses of a set are named in a sentence. */
static const char *
NameStatuses(int set)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int status = 0; status < STATUS_COUNT; status++)
	{
		if ((set & (1 << status)) == 0)
			continue;
		set &= ~(1 << status);
		appendStringInfo(&names, "%s\"%s\"", names.len == 0 ? "" : set == 0 ? " or " : ", ",
						 StatusName((CardStatus) status));
	}
	return names.data;
}

static Refusal *
CheckChange(const Card *card, CardStatus from, const StatusLabel *label)
{
#define TO(status) (1 << (status))
	static const int allowed[STATUS_COUNT] = {
		[STATUS_NOT_ISSUED] = TO(STATUS_NOT_ISSUED),
		[STATUS_ISSUED] = TO(STATUS_ACTIVE) | TO(STATUS_SUSPENDED) | TO(STATUS_EXPIRED) | TO(STATUS_DELETED),
		[STATUS_ACTIVE] = TO(STATUS_SUSPENDED) | TO(STATUS_EXPIRED) | TO(STATUS_DELETED),
		[STATUS_SUSPENDED] = TO(STATUS_ACTIVE) | TO(STATUS_EXPIRED) | TO(STATUS_DELETED)
	};
	int			possible = allowed[from];
	bool		ends = IsFinal(label->status);

	if ((possible & TO(label->status)) == 0)
		return StatusChange(card->number, StatusName(from), StatusName(label->status),
							possible == 0 ? psprintf("The status \"%s\" is final.", StatusName(from)) :
							from == STATUS_NOT_ISSUED ? "It has not been issued." :
							psprintf("It can change to %s.", NameStatuses(possible)),
							from != STATUS_NOT_ISSUED ? NULL :
							ends ? "It goes when a DBA removes its batch." :
							"Issue the card with cardgen.issue_card().");
	if (strcmp(card->status_label, label->label) == 0)
		return SameLabel(card->number, label->label);
	return NULL;
#undef TO
}

typedef struct StatusChanges
{
	const StatusLabel *label;
	Tally	   *tally;
} StatusChanges;

static Refusal *
DecideChange(CardChange *change, void *context)
{
	StatusChanges *status = context;
	const StatusLabel *label = status->label;
	Card	   *card = &change->card;
	CardStatus	from = Counts(label->status) ? StatusWhenLocked(change) : card->status;
	Refusal    *refusal = CheckChange(card, from, label);

	if (refusal == NULL && card->customer_id != NULL && !Counts(card->status) && Counts(label->status))
		refusal = CheckLimitsOf(status->tally, change, card->customer_id);
	if (refusal == NULL)
	{
		RememberCard(change);
		card->status = label->status;
		card->status_label = label->label;
	}
	return refusal;
}

static Refusal *
ChangedAlready(CardChange *change, void *context)
{
	const StatusLabel *label = ((StatusChanges *) context)->label;
	Card		changed = change->card;

	changed.status_label = label->label;
	return CheckChange(&changed, label->status, label);
}

/* Again for those that someone else has changed meanwhile. */
static void
ChangeAll(CardChanges *changes, const char *label, const char *reason)
{
	Configuration *configuration = UseConfiguration();
	StatusChanges status = {.label = RequireLabel(configuration, label)};
	bool		may_count = Counts(status.label->status);

	IdentifyCards(configuration, changes);
	for (int i = 0; i < changes->count; i++)
		changes->each[i].reason = reason;
	if (may_count)
		LockCustomers(changes, true);
	while (changes->pending_count > 0)
	{
		LockCards(changes);
		if (may_count)
			status.tally = CountCards(changes);
		DecideCards(changes, DecideChange, ChangedAlready, &status);
		StoreCards(changes);
	}
}

/*
 * set_card_status(number text, status_label text, reason text = NULL)
 *		-> cardgen.card
 *
 * number: as for find_card. status_label: its status must be one that the
 * card's may change to: not_issued to not_issued with another label; issued
 * to active or suspended; active to suspended and back; these three to expired
 * or deleted, which are final. reason: kept in card_status_log.
 *
 * Errors: 42704 unknown_card, bad_check_digit, never_generated, batch_removed,
 * unknown_label; 55000 status_change, same_label, series_limit,
 * customer_limit, key_missing; 22023 null_argument; 40001 concurrent_change;
 * 25006 in a read-only transaction.
 */
Datum
set_card_status(PG_FUNCTION_ARGS)
{
	CardChanges changes;
	Datum		changed;

	PreventCommandIfReadOnly("cardgen.set_card_status()");
	RequireArgument(fcinfo, 0, "number");
	RequireArgument(fcinfo, 1, "status_label");

	InitChanges(&changes, 1);
	changes.each->given = OptionalText(fcinfo, 0);
	OpenQueries();
	ChangeAll(&changes, OptionalText(fcinfo, 1), OptionalText(fcinfo, 2));
	Require(changes.each->refusal);
	changed = ResultCard(&changes.each->card);
	CloseQueries();
	PG_RETURN_DATUM(changed);
}

/*
 * set_card_statuses(numbers text[], status_label text, reason text = NULL)
 *		-> TABLE("position" int, number text, sqlstate text,
 *		error_name text, problem text), a row an element
 *
 * set_card_status for each number, at most cardgen.max_cards_per_call. Where a
 * card can't be changed, the last three columns tell what set_card_status would
 * have answered, and the others are changed all the same.
 *
 * Errors of the call: 22023 null_argument, array_dimensions; 54000 call_limit;
 * 42704 unknown_label; 55000 key_missing; 40001 concurrent_change; 25006 in a
 * read-only transaction.
 */
Datum
set_card_statuses(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	CardChanges changes;
	const char **numbers;
	int			count;

	PreventCommandIfReadOnly("cardgen.set_card_statuses()");
	numbers = RequiredTextArray(fcinfo, 0, "numbers", &count);
	RequireArgument(fcinfo, 1, "status_label");
	CheckCallSize("numbers", count);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	InitChanges(&changes, count);
	for (int i = 0; i < count; i++)
		changes.each[i].given = numbers[i];
	OpenQueries();
	ChangeAll(&changes, OptionalText(fcinfo, 1), OptionalText(fcinfo, 2));
	ReturnNumbers(result, &changes);
	CloseQueries();
	return (Datum) 0;
}

typedef struct DueCard
{
	const char *number;
	const char *label;
	bool		has_expired;
} DueCard;

static int
CompareDue(const void *a, const void *b)
{
	return strcmp(((const DueCard *) a)->number, ((const DueCard *) b)->number);
}

/* The next cards of the cursor, by number. */
static DueCard *
FetchDue(Portal cursor, uint64 *count, Datum *numbers)
{
	DueCard    *due;

	*count = FetchRows(cursor, EXPIRE_STEP);
	due = palloc_array(DueCard, *count + 1);
	for (uint64 i = 0; i < *count; i++)
	{
		due[i] = (DueCard) {.number = ResultText(i, 0), .label = ResultText(i, 1)};
		numbers[i] = CStringGetTextDatum(due[i].number);
	}
	SPI_freetuptable(SPI_tuptable);
	qsort(due, (size_t) *count, sizeof(DueCard), CompareDue);
	return due;
}

/* A step of the cards that a cursor locks; false at its end. */
static bool
ExpireSomeCards(Portal cursor, const StatusLabel *label, BulkInsert *log, int32 *total)
{
	Datum		numbers[EXPIRE_STEP];
	uint64		count;
	uint64		expired;
	DueCard    *due = FetchDue(cursor, &count, numbers);

	if (count == 0)
		return false;
	expired = RunQuery(&expire_numbers, (NullableDatum[]) {
			ArrayOf(TEXTOID, numbers, NULL, (int) count), TextArgument(label->label)});
	for (uint64 i = 0; i < expired; i++)
	{
		DueCard		key = {.number = ResultText(i, 0)};
		DueCard    *card = bsearch(&key, due, (size_t) count, sizeof(DueCard), CompareDue);

		/* A trigger can have changed the number itself. */
		if (card == NULL)
			Refuse(WriteSuppressed("card"));
		card->has_expired = true;
	}
	SPI_freetuptable(SPI_tuptable);
	for (uint64 i = 0; i < count; i++)
		if (due[i].has_expired)
			LogChange(log, &(LoggedChange) {
				.number = due[i].number, .from_label = due[i].label, .to_label = label->label, .reason = EXPIRY_REASON
			});
	*total += (int32) expired;
	return true;
}

static int32
ExpireCards(NullableDatum today, const StatusLabel *label)
{
	MemoryContext step_context = AllocSetContextCreate(CurrentMemoryContext, "cardgen cards to expire",
													   ALLOCSET_DEFAULT_SIZES);
	Portal		cursor = OpenCursor(&lock_due, &today, false);
	BulkInsert *log = BeginLog();
	MemoryContext caller_context = MemoryContextSwitchTo(step_context);
	int32		total = 0;

	while (ExpireSomeCards(cursor, label, log, &total))
	{
		CHECK_FOR_INTERRUPTS();
		MemoryContextReset(step_context);
	}
	MemoryContextSwitchTo(caller_context);
	MemoryContextDelete(step_context);
	EndBulkInsert(log);
	SPI_cursor_close(cursor);
	return total;
}

static uint64
ExpireSomeCardsByShard(NullableDatum today, const StatusLabel *label)
{
	uint64		shards = RunQuery(&due_numbers_by_shard, (NullableDatum[]) {today, Int4Argument(EXPIRE_STEP)});
	SPITupleTable *due = SPI_tuptable;
	NullableDatum *numbers = palloc(sizeof(NullableDatum) * (shards + 1));
	uint64		expired = 0;

	for (uint64 i = 0; i < shards; i++)
		numbers[i].value = ResultDatum(i, 0, &numbers[i].isnull);
	for (uint64 i = 0; i < shards; i++)
		expired += RunQuery(&expire_cards_of_shard, (NullableDatum[]) {today, TextArgument(label->label), numbers[i]});
	pfree(numbers);
	SPI_freetuptable(due);
	return expired;
}

static int32
ExpireCardsByShard(NullableDatum today, const StatusLabel *label)
{
	int32		total = 0;
	uint64		expired;

	while ((expired = ExpireSomeCardsByShard(today, label)) > 0)
	{
		CHECK_FOR_INTERRUPTS();
		total += (int32) expired;
	}
	return total;
}

/*
 * expire_cards() -> int
 *
 * Gives cards past their expires_on the default label of the status expired;
 * returns how many. Leaves out cards that another transaction is changing: the
 * next call finds them.
 *
 * Errors: 55000 label_missing; 25006 in a read-only transaction.
 */
Datum
expire_cards(PG_FUNCTION_ARGS)
{
	NullableDatum today;
	const StatusLabel *label;
	int32		total;

	PreventCommandIfReadOnly("cardgen.expire_cards()");
	today = DatumArgument(DirectFunctionCall1(timestamptz_date,
											  TimestampTzGetDatum(GetCurrentTransactionStartTimestamp())));
	label = DefaultLabel(UseConfiguration(), STATUS_EXPIRED);

	OpenQueries();
	total = IsDistributed(CardgenTable("card")) ? ExpireCardsByShard(today, label) : ExpireCards(today, label);
	CloseQueries();
	PG_RETURN_INT32(total);
}
