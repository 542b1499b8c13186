/*
 * Customers: who holds which cards, within which limits.
 */
#include "customer.h"

#include "argument.h"
#include "card_find.h"
#include "cardgen.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "query.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"

/* Series NULL: of all series. */
typedef struct HeldKey
{
	const char *customer_id;
	const char *series_code;
} HeldKey;

typedef struct Held
{
	HeldKey		key;
	int64		count;
} Held;

struct Tally
{
	HTAB	   *held;
};

/* So few are counted here: that costs less than to have them counted. */
#define FEW_CARDS 100

static PreparedQuery read_few_cards = {
	"SELECT series_code, status::text FROM cardgen.card WHERE customer_id = $1 LIMIT $2",
	2, {TEXTOID, INT4OID}
};

/* As a filter: as a condition the statuses would bring in the index of all cards that can expire. */
static PreparedQuery count_cards_of_many = {
	"SELECT customer_id, series_code, count(*) FILTER"
	" (WHERE status = 'active' OR (NOT $2 AND status IN ('issued', 'suspended')))"
	" FROM cardgen.card WHERE customer_id = ANY ($1) GROUP BY customer_id, series_code",
	2, {TEXTARRAYOID, BOOLOID}
};

/* In no order: a plan for a small table would read the index that has it from end to end. */
static PreparedQuery numbers_of_customer = {
	"SELECT number FROM cardgen.card WHERE customer_id = $1",
	1, {TEXTOID}
};

PG_FUNCTION_INFO_V1(transfer_card);
PG_FUNCTION_INFO_V1(merge_customers);

static uint32
LockOf(const char *customer_id)
{
	return hash_bytes((const unsigned char *) customer_id, (int) strlen(customer_id)) % CUSTOMER_LOCKS;
}

void
MarkCustomer(CustomerLocks *locks, const char *customer_id)
{
	locks->are_wanted[LockOf(customer_id)] = true;
}

/* The locks that the pending changes need; are they all among those held already? */
static bool
AddLocks(const CardChanges *changes, bool holders, CustomerLocks *locks)
{
	bool		are_held = true;

	for (int i = 0; i < changes->count; i++)
	{
		const CardChange *change = &changes->each[i];
		const char *customers[] = {
			change->customer_id, holders && change->card.has_row ? change->card.customer_id : NULL
		};

		for (size_t k = 0; k < lengthof(customers) && IsPending(change); k++)
		{
			if (customers[k] == NULL || locks->are_wanted[LockOf(customers[k])])
				continue;
			are_held = false;
			MarkCustomer(locks, customers[k]);
		}
	}
	return are_held;
}

void
LockMarkedCustomers(const CustomerLocks *locks)
{
	Oid			class = CardgenTable("card");

	for (uint16 i = 0; i < CUSTOMER_LOCKS; i++)
		if (locks->are_wanted[i])
			LockDatabaseObject(class, i, 0, ExclusiveLock);
}

static void
ReleaseLocks(const CustomerLocks *locks)
{
	Oid			class = CardgenTable("card");

	for (uint16 i = 0; i < CUSTOMER_LOCKS; i++)
		if (locks->are_wanted[i])
			UnlockDatabaseObject(class, i, 0, ExclusiveLock);
}

/* Where a card has changed hands meanwhile: all over again, in the order of the locks. */
void
LockCustomers(CardChanges *changes, bool holders)
{
	bool		is_done = false;

	while (!is_done)
	{
		CustomerLocks locks = {0};
		CustomerLocks wanted;

		if (holders)
			ReadCardRows(changes);
		AddLocks(changes, holders, &locks);
		LockMarkedCustomers(&locks);
		if (!holders)
			return;
		wanted = locks;
		ReadCardRows(changes);
		is_done = AddLocks(changes, true, &wanted);
		if (!is_done)
			ReleaseLocks(&locks);
	}
	for (int i = 0; i < changes->pending_count; i++)
		changes->pending[i]->is_held = changes->pending[i]->card.has_row &&
			changes->pending[i]->card.customer_id != NULL;
}

CardStatus
StatusWhenLocked(const CardChange *change)
{
	return change->is_held ? change->card.status : STATUS_NOT_ISSUED;
}

bool
Counts(CardStatus status)
{
	return status == STATUS_ACTIVE ||
		(!count_only_active && (status == STATUS_ISSUED || status == STATUS_SUSPENDED));
}

Refusal *
CheckIsHeld(const CardChange *change)
{
	CardStatus	status = StatusWhenLocked(change);

	if (status == STATUS_NOT_ISSUED)
		return CardNotIssued(change->card.number);
	if (IsFinal(status))
		return CardEnded(change->card.number, StatusName(status));
	return NULL;
}

static uint32
HashHeld(const void *key, Size size)
{
	const HeldKey *held = key;

	return string_hash(held->customer_id, strlen(held->customer_id) + 1) ^
		(held->series_code == NULL ? 0 : string_hash(held->series_code, strlen(held->series_code) + 1) * 31);
}

static int
CompareHeld(const void *a, const void *b, Size size)
{
	const HeldKey *one = a;
	const HeldKey *other = b;

	return strcmp(one->customer_id, other->customer_id) != 0 ||
		(one->series_code == NULL) != (other->series_code == NULL) ||
		(one->series_code != NULL && strcmp(one->series_code, other->series_code) != 0);
}

static Held *
FindHeld(Tally *tally, const char *customer_id, const char *series_code)
{
	HeldKey		key = {customer_id, series_code};
	bool		is_known;
	Held	   *held = hash_search(tally->held, &key, HASH_ENTER, &is_known);

	if (!is_known)
		held->count = 0;
	return held;
}

static int
CompareTexts(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* The customers of the pending changes, each once. */
static int
CustomersOf(const CardChanges *changes, const char ***customers)
{
	int			count = 0;
	int			distinct = 0;

	*customers = palloc_array(const char *, changes->count + 1);
	for (int i = 0; i < changes->count; i++)
	{
		const CardChange *change = &changes->each[i];
		const char *customer_id = change->customer_id != NULL ? change->customer_id : change->card.customer_id;

		if (IsPending(change) && customer_id != NULL)
			(*customers)[count++] = customer_id;
	}
	qsort(*customers, (size_t) count, sizeof(char *), CompareTexts);
	for (int i = 0; i < count; i++)
		if (i == 0 || strcmp((*customers)[i], (*customers)[distinct - 1]) != 0)
			(*customers)[distinct++] = (*customers)[i];
	return distinct;
}

static void
AddCards(Tally *tally, const char *series_code, const char *customer_id, int count)
{
	FindHeld(tally, customer_id, series_code)->count += count;
	FindHeld(tally, customer_id, NULL)->count += count;
}

/* False where there are too many. */
static bool
CountFewCards(Tally *tally, const char *customer_id)
{
	uint64		found = ReadLatest(&read_few_cards, (NullableDatum[]) {
			TextArgument(customer_id), Int4Argument(FEW_CARDS)});

	for (uint64 i = 0; i < found && found < FEW_CARDS; i++)
		if (Counts(StatusByName(ResultText(i, 1))))
			AddCards(tally, ResultText(i, 0), customer_id, 1);
	SPI_freetuptable(SPI_tuptable);
	return found < FEW_CARDS;
}

static void
CountCardsOfMany(Tally *tally, const char **customers, int count)
{
	Datum	   *each = palloc_array(Datum, count + 1);
	uint64		found;

	for (int i = 0; i < count; i++)
		each[i] = CStringGetTextDatum(customers[i]);
	found = ReadLatest(&count_cards_of_many, (NullableDatum[]) {
			ArrayOf(TEXTOID, each, NULL, count), BoolArgument(count_only_active)});
	for (uint64 i = 0; i < found; i++)
		AddCards(tally, ResultText(i, 1), ResultText(i, 0), (int) ResultInt8(i, 2));
	SPI_freetuptable(SPI_tuptable);
}

/* Whatever the isolation level, cards that others have issued by now count. */
Tally *
CountCards(const CardChanges *changes)
{
	Tally	   *tally = palloc(sizeof(Tally));
	HASHCTL		control = {
		.keysize = sizeof(HeldKey), .entrysize = sizeof(Held), .hash = HashHeld, .match = CompareHeld,
		.hcxt = CurrentMemoryContext
	};
	const char **customers;
	int			count = CustomersOf(changes, &customers);

	tally->held = hash_create("cardgen cards of customers", Max(count, 8), &control,
							  HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	if (count != 1 || !CountFewCards(tally, customers[0]))
		CountCardsOfMany(tally, customers, count);
	return tally;
}

Refusal *
CheckSeriesLimit(Tally *tally, const Series *series, const char *customer_id)
{
	int64		held = FindHeld(tally, customer_id, series->code)->count;

	return held < series->max_active_cards ? NULL :
		SeriesLimit(customer_id, series->code, held, series->max_active_cards);
}

static Refusal *
CheckCustomerLimit(Tally *tally, const char *customer_id)
{
	int64		held = FindHeld(tally, customer_id, NULL)->count;

	return max_active_cards_per_customer == 0 || held < max_active_cards_per_customer ? NULL :
		CustomerLimit(customer_id, held, max_active_cards_per_customer);
}

Refusal *
CheckLimits(Tally *tally, const Series *series, const char *customer_id)
{
	Refusal    *refusal = CheckSeriesLimit(tally, series, customer_id);

	if (refusal == NULL)
		refusal = CheckCustomerLimit(tally, customer_id);
	if (refusal == NULL)
		AddCards(tally, series->code, customer_id, 1);
	return refusal;
}

Refusal *
CheckLimitsOf(Tally *tally, CardChange *change, const char *customer_id)
{
	Refusal    *refusal = CheckLimits(tally, change->series, customer_id);

	change->is_over_limit = refusal != NULL;
	return refusal;
}

static Refusal *
DecideTransfer(CardChange *change)
{
	CardChanges one = {.each = change, .count = 1};
	Card	   *card = &change->card;
	Refusal    *refusal = CheckIsHeld(change);

	if (refusal == NULL && strcmp(card->customer_id, change->customer_id) == 0)
		refusal = SameCustomer(change->customer_id);
	if (refusal == NULL && Counts(card->status))
		refusal = CheckLimits(CountCards(&one), change->series, change->customer_id);
	if (refusal == NULL)
	{
		RememberCard(change);
		card->customer_id = change->customer_id;
	}
	return refusal;
}

/*
 * transfer_card(number text, customer_id text, reason text = NULL)
 *		-> cardgen.card
 *
 * number: of a card that is issued, active or suspended. customer_id: whose it
 * becomes, within the limits, as for issue_card. Status and dates stay. reason:
 * kept in card_status_log, with both customers.
 *
 * Errors: 42704 unknown_card, bad_check_digit, never_generated, batch_removed;
 * 55000 card_not_issued, card_ended, series_limit, customer_limit,
 * key_missing; 22023 same_customer, null_argument, empty_text, text_too_long,
 * surrounding_blanks; 40001 concurrent_change; 25006 in a read-only
 * transaction.
 */
Datum
transfer_card(PG_FUNCTION_ARGS)
{
	Configuration *configuration;
	CardChanges changes;
	CardChange *change;
	Datum		transferred;

	PreventCommandIfReadOnly("cardgen.transfer_card()");
	RequireArgument(fcinfo, 0, "number");
	RequireArgument(fcinfo, 1, "customer_id");
	configuration = UseConfiguration();

	InitChanges(&changes, 1);
	change = changes.each;
	change->given = OptionalText(fcinfo, 0);
	change->customer_id = OptionalText(fcinfo, 1);
	change->reason = OptionalText(fcinfo, 2);
	Require(CheckCustomerId(change->customer_id, "customer_id"));
	OpenQueries();
	IdentifyCards(configuration, &changes);
	Require(change->refusal);
	LockCustomers(&changes, true);
	do
	{
		LockCards(&changes);
		Require(change->refusal);
		Require(DecideTransfer(change));
		StoreCards(&changes);
	} while (!change->is_stored);
	transferred = ResultCard(&change->card);
	CloseQueries();
	PG_RETURN_DATUM(transferred);
}

/* As they are once the customer is locked, whatever the isolation level. */
static void
FindCardsOf(CardChanges *changes, const char *from_customer_id, const char *to_customer_id, const char *reason)
{
	uint64		count = ReadLatest(&numbers_of_customer, (NullableDatum[]) {TextArgument(from_customer_id)});

	InitChanges(changes, (int) count);
	for (int i = 0; i < changes->count; i++)
	{
		changes->each[i].card.number = ResultText((uint64) i, 0);
		changes->each[i].customer_id = to_customer_id;
		changes->each[i].reason = reason;
	}
	SortPending(changes);
}

/*
 * merge_customers(from_customer_id text, to_customer_id text,
 *		reason text = NULL) -> int
 *
 * All cards of the one become the other's, whatever their status and also
 * beyond the limits; how many. Both customers as for issue_card. reason: kept
 * in card_status_log with each card, with both customers.
 *
 * Errors: 22023 same_customer, null_argument, empty_text, text_too_long,
 * surrounding_blanks; 40001 concurrent_change; 25006 in a read-only
 * transaction.
 */
Datum
merge_customers(PG_FUNCTION_ARGS)
{
	CardChanges changes;
	CustomerLocks locks = {0};
	const char *from;
	const char *to;

	PreventCommandIfReadOnly("cardgen.merge_customers()");
	from = RequiredText(fcinfo, 0, "from_customer_id");
	to = RequiredText(fcinfo, 1, "to_customer_id");
	Require(CheckCustomerId(from, "from_customer_id"));
	Require(CheckCustomerId(to, "to_customer_id"));
	if (strcmp(from, to) == 0)
		Refuse(SameCustomer(from));
	(void) UseConfiguration();

	OpenQueries();
	MarkCustomer(&locks, from);
	MarkCustomer(&locks, to);
	LockMarkedCustomers(&locks);
	FindCardsOf(&changes, from, to, OptionalText(fcinfo, 2));
	LockCardRows(&changes);
	for (int i = 0; i < changes.count; i++)
	{
		if (!changes.each[i].card.has_row)
			Refuse(ConcurrentChange("the card"));
		RememberCard(&changes.each[i]);
		changes.each[i].card.customer_id = to;
	}
	StoreCards(&changes);
	CloseQueries();
	PG_RETURN_INT32(changes.count);
}
