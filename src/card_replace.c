/*
 * Replacement: a lost or damaged card ends, and another one of the same
 * customer follows it.
 */
#include "argument.h"
#include "card_find.h"
#include "card_issue.h"
#include "counter.h"
#include "customer.h"
#include "miscadmin.h"
#include "query.h"

PG_FUNCTION_INFO_V1(replace_card);

typedef struct Replacement
{
	CardChange *former;
	CardChange *next;
	const StatusLabel *ending;	/* of the former card */
	bool		is_new;			/* generated now */
} Replacement;

static const StatusLabel *
RequireEndingLabel(Configuration *configuration, const char *label)
{
	const StatusLabel *found = LabelOrDefault(configuration, label, STATUS_DELETED);

	if (!IsFinal(found->status))
		Refuse(WrongLabel("a card that is replaced can't get", label, StatusName(found->status),
						  "Choose a label of the status \"expired\" or \"deleted\"."));
	return found;
}

static Refusal *
CheckFormer(const CardChange *former)
{
	if (former->card.replaced_by != NULL)
		return CardReplaced(former->card.number, former->card.replaced_by);
	return CheckIsHeld(former);
}

/*
 * A former card that counted does so no longer: one more is none more, even of
 * a customer who is above a limit, but for that of another series.
 */
static Refusal *
CheckNextLimits(CardChanges *changes, const Replacement *replacement, CardStatus status)
{
	const Card *former = &replacement->former->card;
	const Series *series = replacement->next->series;

	if (!Counts(status))
		return NULL;
	if (!Counts(former->status))
		return CheckLimits(CountCards(changes), series, former->customer_id);
	if (strcmp(former->series_code, series->code) == 0)
		return NULL;
	return CheckSeriesLimit(CountCards(changes), series, former->customer_id);
}

static void
TakeNextCard(Configuration *configuration, Replacement *replacement)
{
	Series	   *series;
	Ordinals	taken;
	int64		ordinal = TakeOrdinal(replacement->former->card.series_code, &configuration, &series);

	InitOrdinals(&taken);
	AppendRun(&taken, ordinal, ordinal + 1);
	MakeNewCards(configuration, series, &taken, &replacement->next);
}

/* The new card has the former one's customer and status, but that it is not suspended. */
static void
DecideReplacement(Configuration *configuration, CardChanges *changes, Replacement *replacement)
{
	CardChange *former = replacement->former;
	CardChange *next = replacement->next;
	StatusLabel label = {former->card.status_label, former->card.status};

	Require(CheckFormer(former));
	if (label.status == STATUS_SUSPENDED)
		label = *DefaultLabel(configuration, STATUS_ACTIVE);
	if (replacement->is_new)
		TakeNextCard(configuration, replacement);
	Require(CheckIssuable(next));
	Require(CheckNextLimits(changes, replacement, label.status));

	RememberCard(former);
	RememberCard(next);
	next->customer_id = former->card.customer_id;
	MarkIssued(next, &label);
	next->card.replaces = former->card.number;
	former->card.status = replacement->ending->status;
	former->card.status_label = replacement->ending->label;
	former->card.replaced_by = next->card.number;
}

/* One of the changes by itself; false where its card has been changed meanwhile. */
static bool
Store(CardChange *change)
{
	CardChange *pending;
	CardChanges one = {.each = change, .count = 1, .pending = &pending};

	StoreCards(&one);
	return change->is_stored;
}

/* Once more where someone else was quicker with the new card: then it is refused. */
static void
Replace(CardChanges *changes, Replacement *replacement)
{
	Configuration *configuration = UseConfiguration();

	IdentifyCards(configuration, changes);
	Require(replacement->former->refusal);
	Require(replacement->next->refusal);
	if (!replacement->is_new && strcmp(replacement->former->card.number, replacement->next->card.number) == 0)
		Refuse(CardReplacesItself(replacement->former->card.number));
	LockCustomers(changes, true);
	for (;;)
	{
		LockCards(changes);
		Require(replacement->former->refusal);
		Require(replacement->next->refusal);
		DecideReplacement(configuration, changes, replacement);
		if (Store(replacement->next))
			break;
		if (replacement->is_new)
			Refuse(CounterBehind(replacement->next->series->code));
	}
	(void) Store(replacement->former);
}

/*
 * replace_card(number text, new_number text = NULL,
 *		status_label text = NULL, reason text = NULL) -> cardgen.card
 *
 * number: of a card that is issued, active or suspended. new_number: of a card
 * that is not issued, of any series; NULL: the next one of the same series.
 * status_label: what the former card gets, of the status expired or deleted;
 * NULL: the default of deleted. reason: kept in card_status_log with both.
 * Returns the new card: it has the former one's customer and label, that of a
 * suspended one being the default of active, expires like a card issued today,
 * and replaces the former one, which is replaced_by it.
 *
 * Errors: those of issue_card for the new card, but of the customer, or of
 * issue_new_card where it is the next one; 42704 unknown_card, bad_check_digit,
 * never_generated, batch_removed for either number; 55000 card_replaced,
 * card_not_issued, card_ended; 22023 card_replaces_itself, wrong_label.
 */
Datum
replace_card(PG_FUNCTION_ARGS)
{
	CardChanges changes;
	Replacement replacement = {.is_new = PG_ARGISNULL(1)};
	Datum		issued;

	PreventCommandIfReadOnly("cardgen.replace_card()");
	RequireArgument(fcinfo, 0, "number");

	InitChanges(&changes, replacement.is_new ? 1 : 2);
	replacement.former = &changes.each[0];
	replacement.next = &changes.each[1];
	replacement.former->given = OptionalText(fcinfo, 0);
	replacement.next->given = OptionalText(fcinfo, 1);
	replacement.former->reason = replacement.next->reason = OptionalText(fcinfo, 3);
	OpenQueries();
	replacement.ending = RequireEndingLabel(UseConfiguration(), OptionalText(fcinfo, 2));
	Replace(&changes, &replacement);
	issued = ResultCard(&replacement.next->card);
	CloseQueries();
	PG_RETURN_DATUM(issued);
}
