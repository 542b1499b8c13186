/*
 * Issuing cards: those of a batch or an import by their numbers, and new ones.
 */
#include "card_issue.h"

#include "access/xact.h"
#include "argument.h"
#include "card_find.h"
#include "card_log.h"
#include "counter.h"
#include "customer.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "number_stream.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(issue_card);
PG_FUNCTION_INFO_V1(issue_cards);
PG_FUNCTION_INFO_V1(issue_new_card);
PG_FUNCTION_INFO_V1(issue_new_cards);

static const StatusLabel *
RequireIssuingLabel(Configuration *configuration, const char *label)
{
	const StatusLabel *found = LabelOrDefault(configuration, label, STATUS_ISSUED);

	if (found->status != STATUS_ISSUED && found->status != STATUS_ACTIVE)
		Refuse(WrongLabel("a card can't be issued with", label, StatusName(found->status),
						  "Choose a label of the status \"issued\" or \"active\"."));
	return found;
}

Refusal *
CheckIssuable(const CardChange *change)
{
	Refusal    *refusal = CheckActive(change->series);

	return refusal == NULL && change->card.status != STATUS_NOT_ISSUED ? CardIssued(change->card.number) : refusal;
}

void
MarkIssued(CardChange *change, const StatusLabel *label)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	DateADT		today = DatumGetDateADT(DirectFunctionCall1(timestamptz_date, TimestampTzGetDatum(now)));
	int			days = change->series->card_expiry_days;

	change->card.status = label->status;
	change->card.status_label = label->label;
	change->card.customer_id = change->customer_id;
	change->card.issued_on = TimestampArgument(now);
	change->card.expires_on = days == 0 ? NullArgument() : DatumArgument(DateADTGetDatum(today + days));
}

static void
CheckCustomers(CardChanges *changes)
{
	for (int i = 0; i < changes->count; i++)
		if (changes->each[i].refusal == NULL)
			changes->each[i].refusal = CheckCustomerId(changes->each[i].customer_id, "customer_id");
	SortPending(changes);
}

typedef struct Issue
{
	const StatusLabel *label;
	Tally	   *tally;
} Issue;

static Refusal *
DecideIssue(CardChange *change, void *context)
{
	Issue	   *issue = context;
	Refusal    *refusal = CheckIssuable(change);

	if (refusal == NULL && Counts(issue->label->status))
		refusal = CheckLimitsOf(issue->tally, change, change->customer_id);
	if (refusal == NULL)
	{
		RememberCard(change);
		MarkIssued(change, issue->label);
	}
	return refusal;
}

static Refusal *
IssuedAlready(CardChange *change, void *context)
{
	return CardIssued(change->card.number);
}

/* The cards of the changes' numbers; again for those that someone else has changed meanwhile. */
static void
IssueAll(CardChanges *changes, const char *label)
{
	Configuration *configuration = UseConfiguration();
	Issue		issue = {.label = RequireIssuingLabel(configuration, label)};

	IdentifyCards(configuration, changes);
	CheckCustomers(changes);
	LockCustomers(changes, false);
	while (changes->pending_count > 0)
	{
		LockCards(changes);
		issue.tally = CountCards(changes);
		DecideCards(changes, DecideIssue, IssuedAlready, &issue);
		StoreCards(changes);
	}
}

/*
 * issue_card(number text, customer_id text, status_label text = NULL)
 *		-> cardgen.card
 *
 * number: as for find_card. customer_id: 1 to 255 characters, without blanks
 * around them. status_label: one of the status issued or active; NULL for the
 * default of issued. The card expires on the day that is the series'
 * card_expiry_days after today.
 *
 * Errors: 42704 unknown_card, bad_check_digit, never_generated, batch_removed,
 * unknown_label; 55000 card_issued, series_inactive, series_limit,
 * customer_limit, label_missing, key_missing; 22023 null_argument, empty_text,
 * text_too_long, surrounding_blanks, wrong_label; 40001 concurrent_change;
 * 25006 in a read-only transaction.
 */
Datum
issue_card(PG_FUNCTION_ARGS)
{
	CardChanges changes;
	Datum		issued;

	PreventCommandIfReadOnly("cardgen.issue_card()");
	RequireArgument(fcinfo, 0, "number");
	RequireArgument(fcinfo, 1, "customer_id");

	InitChanges(&changes, 1);
	changes.each->given = OptionalText(fcinfo, 0);
	changes.each->customer_id = OptionalText(fcinfo, 1);
	OpenQueries();
	IssueAll(&changes, OptionalText(fcinfo, 2));
	Require(changes.each->refusal);
	issued = ResultCard(&changes.each->card);
	CloseQueries();
	PG_RETURN_DATUM(issued);
}

/*
 * issue_cards(numbers text[], customer_ids text[], status_label text = NULL)
 *		-> TABLE("position" int, number text, sqlstate text,
 *		error_name text, problem text), a row an element
 *
 * issue_card for each number and the customer at the same place, at most
 * cardgen.max_cards_per_call. Where a card can't be issued, the last three
 * columns tell what issue_card would have answered, and the others are issued
 * all the same. A customer's limits hold within the call, too.
 *
 * Errors of the call: 22023 null_argument, array_dimensions, unequal_arrays,
 * wrong_label; 54000 call_limit; 42704 unknown_label; 55000 label_missing,
 * key_missing; 40001 concurrent_change; 25006 in a read-only transaction.
 */
Datum
issue_cards(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	CardChanges changes;
	const char **numbers;
	const char **customers;
	int			count;
	int			customer_count;

	PreventCommandIfReadOnly("cardgen.issue_cards()");
	numbers = RequiredTextArray(fcinfo, 0, "numbers", &count);
	customers = RequiredTextArray(fcinfo, 1, "customer_ids", &customer_count);
	CheckArrays("numbers", count, "customer_ids", customer_count);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	InitChanges(&changes, count);
	for (int i = 0; i < count; i++)
	{
		changes.each[i].given = numbers[i];
		changes.each[i].customer_id = customers[i];
	}
	OpenQueries();
	IssueAll(&changes, OptionalText(fcinfo, 2));
	ReturnNumbers(result, &changes);
	CloseQueries();
	return (Datum) 0;
}

void
MakeNewCards(Configuration *configuration, Series *series, const Ordinals *taken, CardChange **changes)
{
	const char *from_label = DefaultLabel(configuration, STATUS_NOT_ISSUED)->label;
	NumberStream stream;
	Datum		number = (Datum) 0;

	if (taken->count == 0)
		return;
	StreamInit(&stream, SeriesCodec(series), taken);
	for (int run = 0, i = 0; run < taken->run_count; run++)
	{
		for (int64 ordinal = taken->runs[run].first; ordinal < taken->runs[run].end; ordinal++, i++)
		{
			CardChange *change = changes[i];

			(void) StreamNext(&stream, &number);
			change->series = series;
			change->card = (Card) {
				.number = TextDatumGetCString(number),
				.series_code = series->code,
				.batch_id = NullArgument(),
				.ordinal = Int8Argument(ordinal),
				.status = STATUS_NOT_ISSUED,
				.status_label = from_label,
				.generated_on = GetCurrentTransactionStartTimestamp(),
				.issued_on = NullArgument(),
				.expires_on = NullArgument()
			};
			RememberCard(change);
		}
	}
}

/* How many of the changes get one of the numbers that are left; those of customers who may not need none. */
static int
CheckNewCards(CardChanges *changes, Series *series, const StatusLabel *label, int64 left)
{
	Tally	   *tally;
	int			count = 0;

	for (int i = 0; i < changes->count; i++)
		changes->each[i].series = series;
	tally = CountCards(changes);
	for (int i = 0; i < changes->count; i++)
	{
		CardChange *change = &changes->each[i];

		if (change->refusal == NULL && count == left)
			change->refusal = SeriesExhausted(series->code, 0, 1, series->capacity);
		if (change->refusal == NULL && Counts(label->status))
			change->refusal = CheckLimits(tally, series, change->customer_id);
		count += change->refusal == NULL;
	}
	SortPending(changes);
	return count;
}

/* No one else can have their numbers, so they go straight to the tables, in the order of the index. */
static void
StoreNewRows(CardChanges *changes)
{
	BulkInsert *cards = BeginNewCards();
	BulkInsert *log = BeginLog();

	SortPending(changes);
	for (int i = 0; i < changes->pending_count; i++)
		StoreNewCard(cards, log, changes->pending[i]);
	EndBulkInsert(cards);
	EndBulkInsert(log);
}

/* Other constraints on the table are the DBA's own. */
static bool
IsNumberTaken(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION && error->constraint_name != NULL &&
		strcmp(error->constraint_name, "card_pkey") == 0;
}

static void
StoreNewCards(CardChanges *changes, Configuration *configuration, Series *series, const Ordinals *taken,
			  const StatusLabel *label)
{
	MemoryContext caller_context = CurrentMemoryContext;

	MakeNewCards(configuration, series, taken, changes->pending);
	for (int64 i = 0; i < taken->count; i++)
		MarkIssued(changes->pending[i], label);
	PG_TRY();
	{
		StoreNewRows(changes);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(caller_context);
		if (!IsNumberTaken(CopyErrorData()))
			PG_RE_THROW();
		FlushErrorState();
		Refuse(CounterBehind(series->code));
	}
	PG_END_TRY();
}

/* What it takes it gives back by the error that a refusal is. */
static void
IssueOneNew(CardChanges *changes, const char *series_code, const char *label_name)
{
	Configuration *configuration = UseConfiguration();
	const StatusLabel *label = RequireIssuingLabel(configuration, label_name);
	Series	   *series;
	Ordinals	taken;
	int64		ordinal;

	LockCustomers(changes, false);
	ordinal = TakeOrdinal(series_code, &configuration, &series);
	(void) CheckNewCards(changes, series, label, 1);
	Require(changes->each->refusal);
	InitOrdinals(&taken);
	AppendRun(&taken, ordinal, ordinal + 1);
	StoreNewCards(changes, configuration, series, &taken, label);
}

/* A new card for each change; those for which there is no number left are refused. */
static void
IssueAllNew(CardChanges *changes, const char *series_code, const char *label_name)
{
	Configuration *configuration = UseConfiguration();
	const StatusLabel *label = RequireIssuingLabel(configuration, label_name);
	Series	   *series;
	Ordinals	taken;
	Counter		counter;
	int64		count;

	CheckCustomers(changes);
	LockCustomers(changes, false);
	series = LockSeries(series_code, &configuration, &counter);
	Require(CheckGenerates(series));

	count = CheckNewCards(changes, series, label, RemainingOrdinals(series));
	TakeOrdinals(series, &counter, count, &taken);
	/* Others may have had the last ones meanwhile. */
	for (int64 i = taken.count; i < count; i++)
		changes->pending[i]->refusal = SeriesExhausted(series_code, 0, 1, series->capacity);
	StoreNewCards(changes, configuration, series, &taken, label);
}

/*
 * issue_new_card(series_code text, customer_id text,
 *		status_label text = NULL) -> cardgen.card
 *
 * Generates the next number of a series and issues it: issue_card without a
 * batch, for a digital card at registration. The card's batch_id is null.
 * Where others do the same at the moment, it takes a number further on rather
 * than wait for them, once one of them has had to.
 *
 * Errors: those of issue_card but of the number; 42704 unknown_series; 2200H
 * series_exhausted; 55000 series_imported.
 */
Datum
issue_new_card(PG_FUNCTION_ARGS)
{
	CardChanges changes;
	Datum		issued;

	PreventCommandIfReadOnly("cardgen.issue_new_card()");
	RequireArgument(fcinfo, 0, "series_code");
	RequireArgument(fcinfo, 1, "customer_id");

	InitChanges(&changes, 1);
	changes.each->customer_id = OptionalText(fcinfo, 1);
	Require(CheckCustomerId(changes.each->customer_id, "customer_id"));
	OpenQueries();
	IssueOneNew(&changes, OptionalText(fcinfo, 0), OptionalText(fcinfo, 2));
	issued = ResultCard(&changes.each->card);
	CloseQueries();
	PG_RETURN_DATUM(issued);
}

/*
 * issue_new_cards(series_code text, customer_ids text[],
 *		status_label text = NULL) -> TABLE("position" int, customer_id text,
 *		number text, sqlstate text, error_name text, problem text), a row an
 *		element
 *
 * issue_new_card for each customer, at most cardgen.max_cards_per_call, as
 * issue_cards does it. One who stands in the list twice gets two cards.
 *
 * Errors of the call: those of issue_cards; 42704 unknown_series; 55000
 * series_inactive, series_imported.
 */
Datum
issue_new_cards(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	CardChanges changes;
	const char **customers;
	int			count;

	PreventCommandIfReadOnly("cardgen.issue_new_cards()");
	RequireArgument(fcinfo, 0, "series_code");
	customers = RequiredTextArray(fcinfo, 1, "customer_ids", &count);
	CheckCallSize("customer_ids", count);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	InitChanges(&changes, count);
	for (int i = 0; i < count; i++)
		changes.each[i].customer_id = customers[i];
	OpenQueries();
	IssueAllNew(&changes, OptionalText(fcinfo, 0), OptionalText(fcinfo, 2));
	for (int i = 0; i < count; i++)
	{
		const CardChange *change = &changes.each[i];
		NullableDatum keys[] = {
			TextArgument(change->customer_id),
			TextArgument(change->refusal == NULL ? change->card.number : NULL)
		};

		ReturnRow(result, change->position, keys, lengthof(keys), change->refusal);
	}
	CloseQueries();
	return (Datum) 0;
}
