/*
 * Cards that another system has generated, taken in.
 */
#include "postgres.h"

#include "access/xact.h"
#include "argument.h"
#include "batch.h"
#include "card_find.h"
#include "card_log.h"
#include "cardgen.h"
#include "catalog/pg_type.h"
#include "counter.h"
#include "customer.h"
#include "free_range.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "query.h"
#include "reserved.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"

#define LOOK_UP_STEP 10000
#define NUMBERS_SIZE 65536

/*
 * One import at a time and no creation of a series meanwhile: no one else can
 * have the numbers of a call. All others work on.
 */
static PreparedQuery lock_imports = {
	"LOCK TABLE cardgen.series IN SHARE UPDATE EXCLUSIVE MODE"
};

static PreparedQuery find_existing = {
	"SELECT number FROM cardgen.card WHERE number = ANY ($1) ORDER BY number",
	1, {TEXTARRAYOID}
};

typedef enum Fate
{
	FATE_IMPORTED,
	FATE_WRONG,					/* as it is given */
	FATE_REPEATED,
	FATE_GENERATED,
	FATE_EXISTS
} Fate;

typedef struct ImportedCard
{
	const char *number;			/* as printed */
	bool		is_of_format;	/* the series' */
	int64		ordinal;		/* ORDINAL_NONE: the series would not generate it */
	const StatusLabel *label;
	Fate		fate;
} ImportedCard;

typedef struct Import
{
	Configuration *configuration;
	Series	   *series;
	Counter		counter;
	int			count;
	Elements	numbers;
	Elements	customer_ids;
	Elements	labels;
	Elements	issued_on;
	Elements	expires_on;
	ImportedCard *cards;
	ImportedCard **accepted;	/* by number */
	int			accepted_count;
	ImportedCard **of_format;	/* those that have an ordinal, by it */
	int			of_format_count;
	Ordinals	free_ranges;	/* where an ordinal could be in one */
	MemoryContext step_context; /* reset whenever a card or some of them are done */
} Import;

PG_FUNCTION_INFO_V1(import_cards);

/* An element of an array argument; null where there is no array. */
static NullableDatum
ElementOf(const Import *import, const Elements *elements, const ImportedCard *card)
{
	int			place = (int) (card - import->cards);

	return elements->values == NULL ? NullArgument() :
		(NullableDatum) {.value = elements->values[place], .isnull = elements->nulls[place]};
}

static Elements
ReadArray(FunctionCallInfo fcinfo, int number, const char *name, int expected)
{
	Elements	elements = OptionalArray(fcinfo, number, name);

	if (elements.values != NULL)
		CheckArrays("numbers", expected, name, elements.count);
	return elements;
}

static void
ReadArguments(FunctionCallInfo fcinfo, Import *import)
{
	RequireArgument(fcinfo, 1, "numbers");
	import->numbers = OptionalArray(fcinfo, 1, "numbers");
	import->count = import->numbers.count;
	CheckCallSize("numbers", import->count);
	import->customer_ids = ReadArray(fcinfo, 2, "customer_ids", import->count);
	import->labels = ReadArray(fcinfo, 3, "status_labels", import->count);
	import->issued_on = ReadArray(fcinfo, 4, "issued_on", import->count);
	import->expires_on = ReadArray(fcinfo, 5, "expires_on", import->count);
	import->cards = palloc0_array(ImportedCard, import->count + 1);
	import->accepted = palloc_array(ImportedCard *, import->count + 1);
	import->step_context = AllocSetContextCreate(CurrentMemoryContext, "cardgen cards to import",
												 ALLOCSET_DEFAULT_SIZES);
}

/* Limits are not applied, but whoever counts a customer's cards must not miss these. */
static void
LockCustomersOfCards(const Import *import)
{
	CustomerLocks locks = {0};

	for (int i = 0; i < import->customer_ids.count; i++)
	{
		char	   *customer_id;

		if (import->customer_ids.nulls[i])
			continue;
		customer_id = TextDatumGetCString(import->customer_ids.values[i]);
		MarkCustomer(&locks, customer_id);
		pfree(customer_id);
	}
	LockMarkedCustomers(&locks);
}

static Refusal *
CheckNumber(Import *import, ImportedCard *card, const char *given)
{
	char		printed[NUMBER_MAX_LENGTH + 1];
	size_t		length;
	const char *text = WithoutBlanks(given, &length);
	NumberMatch match = import->series->is_imported ? NUMBER_MALFORMED :
		FormatMatch(&import->series->format, text, length, printed);
	Series	   *other;

	card->is_of_format = match == NUMBER_MATCHES;
	card->ordinal = ORDINAL_NONE;
	if (match == NUMBER_BAD_CHECK_DIGIT)
		return ImportedCheckDigit(given);
	if (card->is_of_format)
	{
		card->number = pstrdup(printed);
		return NULL;
	}
	LearnSeriesOfLength(import->configuration, length);
	if (MatchNumber(import->configuration, text, length, &other, printed) == NUMBER_MATCHES)
		return NumberOverlaps(printed, other->code);
	if (import->series->is_imported)
		card->number = ImportedNumber(text, length);
	return card->number == NULL ? MalformedNumber(given, import->series->code) : NULL;
}

static Refusal *
CheckLabel(const Import *import, ImportedCard *card)
{
	bool		is_held = !ElementOf(import, &import->customer_ids, card).isnull;
	NullableDatum given = ElementOf(import, &import->labels, card);
	char	   *label;

	if (given.isnull)
	{
		card->label = DefaultLabel(import->configuration, is_held ? STATUS_ISSUED : STATUS_NOT_ISSUED);
		return NULL;
	}
	label = TextDatumGetCString(given.value);
	card->label = FindLabel(import->configuration, label);
	if (card->label == NULL)
		return UnknownLabel(label);
	if (is_held && card->label->status == STATUS_NOT_ISSUED)
		return CustomerOfUnissued(card->number, card->label->label);
	if (!is_held && card->label->status != STATUS_NOT_ISSUED)
		return CustomerMissing(card->number, card->label->label);
	return NULL;
}

static Refusal *
CheckDates(const Import *import, const ImportedCard *card)
{
	NullableDatum issued_on = ElementOf(import, &import->issued_on, card);
	NullableDatum expires_on = ElementOf(import, &import->expires_on, card);

	if (card->label->status == STATUS_NOT_ISSUED)
		return !issued_on.isnull ? DateOfUnissued(card->number, "issued_on") :
			!expires_on.isnull ? DateOfUnissued(card->number, "expires_on") : NULL;
	if (!issued_on.isnull)
	{
		TimestampTz time = DatumGetTimestampTz(issued_on.value);

		if (time < FIRST_READABLE_DAY * USECS_PER_DAY || ReadableTime(time) == DT_NOEND)
			return DateBeyond("issued_on", card->number);
	}
	if (!expires_on.isnull && DatumGetDateADT(expires_on.value) < FIRST_READABLE_DAY)
		return DateBeyond("expires_on", card->number);
	return NULL;
}

/* What is wrong with a card as it is given. */
static Refusal *
CheckCard(Import *import, ImportedCard *card)
{
	NullableDatum number = ElementOf(import, &import->numbers, card);
	NullableDatum customer_id = ElementOf(import, &import->customer_ids, card);
	Refusal    *refusal = number.isnull ? MissingArgument("number") :
		CheckNumber(import, card, TextDatumGetCString(number.value));

	if (refusal == NULL && !customer_id.isnull)
		refusal = CheckCustomerId(TextDatumGetCString(customer_id.value), "customer_id");
	if (refusal == NULL)
		refusal = CheckLabel(import, card);
	return refusal != NULL ? refusal : CheckDates(import, card);
}

/* The numbers of the cards are kept, in pieces of memory that each take many. */
static void
CheckCards(Import *import)
{
	char	   *next = NULL;
	size_t		room = 0;

	for (int i = 0; i < import->count; i++)
	{
		ImportedCard *card = &import->cards[i];
		MemoryContext caller_context = MemoryContextSwitchTo(import->step_context);
		bool		is_right = CheckCard(import, card) == NULL;
		size_t		size;

		CHECK_FOR_INTERRUPTS();
		MemoryContextSwitchTo(caller_context);
		if (!is_right)
			card->fate = FATE_WRONG;
		else
		{
			size = strlen(card->number) + 1;
			if (size > room)
			{
				room = NUMBERS_SIZE;
				next = palloc(room);
			}
			card->number = memcpy(next, card->number, size);
			next += size;
			room -= size;
		}
		MemoryContextReset(import->step_context);
	}
}

/* Equal ones are in the order of the call. */
static int
CompareNumbers(const void *a, const void *b)
{
	const ImportedCard *one = *(ImportedCard *const *) a;
	const ImportedCard *other = *(ImportedCard *const *) b;
	int			by_number = strcmp(one->number, other->number);

	return by_number != 0 ? by_number : (one > other) - (one < other);
}

static int
CompareOrdinals(const void *a, const void *b)
{
	const ImportedCard *one = *(ImportedCard *const *) a;
	const ImportedCard *other = *(ImportedCard *const *) b;

	return (one->ordinal > other->ordinal) - (one->ordinal < other->ordinal);
}

static void
LeaveOutRefused(Import *import)
{
	int			left = 0;

	for (int i = 0; i < import->accepted_count; i++)
		if (import->accepted[i]->fate == FATE_IMPORTED)
			import->accepted[left++] = import->accepted[i];
	import->accepted_count = left;
}

static void
SortCards(Import *import)
{
	ImportedCard **accepted = import->accepted;
	int			first = 0;

	import->accepted_count = 0;
	for (int i = 0; i < import->count; i++)
		if (import->cards[i].fate == FATE_IMPORTED)
			accepted[import->accepted_count++] = &import->cards[i];
	qsort(accepted, (size_t) import->accepted_count, sizeof(ImportedCard *), CompareNumbers);
	for (int i = 1; i < import->accepted_count; i++)
	{
		if (strcmp(accepted[first]->number, accepted[i]->number) == 0)
			accepted[i]->fate = FATE_REPEATED;
		else
			first = i;
	}
	LeaveOutRefused(import);
}

static void
DecodeCards(const Import *import, ImportedCard **cards, int count)
{
	const char *numbers[FF1_LOCKSTEP];
	int64		ordinals[FF1_LOCKSTEP];

	for (int done = 0; done < count; done += FF1_LOCKSTEP)
	{
		int			some = Min(count - done, FF1_LOCKSTEP);

		for (int i = 0; i < some; i++)
			numbers[i] = cards[done + i]->number;
		DecodeNumbers(import->series, numbers, some, ordinals);
		for (int i = 0; i < some; i++)
			cards[done + i]->ordinal = ordinals[i];
	}
}

static void
SortOrdinals(Import *import)
{
	ImportedCard **of_format = palloc_array(ImportedCard *, import->accepted_count + 1);
	int			found = 0;
	int			count = 0;

	for (int i = 0; i < import->accepted_count; i++)
		if (import->accepted[i]->is_of_format)
			of_format[found++] = import->accepted[i];
	DecodeCards(import, of_format, found);
	for (int i = 0; i < found; i++)
		if (of_format[i]->ordinal != ORDINAL_NONE)
			of_format[count++] = of_format[i];
	qsort(of_format, (size_t) count, sizeof(ImportedCard *), CompareOrdinals);
	import->of_format = of_format;
	import->of_format_count = count;

	InitOrdinals(&import->free_ranges);
	if (count > 0 && of_format[0]->ordinal < import->counter.next_ordinal)
		import->free_ranges = LockRanges(import->series);
}

static bool
IsUsed(const Import *import, int64 ordinal)
{
	return ordinal < import->counter.next_ordinal && OrdinalPlace(&import->free_ranges, ordinal) < 0;
}

/* A number that was generated can come in once there is neither batch nor card. */
static void
RefuseGenerated(const Import *import)
{
	ImportedCard **used = palloc_array(ImportedCard *, LOOK_UP_STEP);
	int64	   *ordinals = palloc_array(int64, LOOK_UP_STEP);
	bool	   *is_generated = palloc_array(bool, LOOK_UP_STEP);

	for (int i = 0; i < import->of_format_count;)
	{
		MemoryContext caller_context = MemoryContextSwitchTo(import->step_context);
		int			count = 0;

		for (; count < LOOK_UP_STEP && i < import->of_format_count; i++)
		{
			if (!IsUsed(import, import->of_format[i]->ordinal))
				continue;
			used[count] = import->of_format[i];
			ordinals[count++] = import->of_format[i]->ordinal;
		}
		if (count > 0)
			FindGenerated(import->series->code, ordinals, count, is_generated);
		for (int k = 0; k < count; k++)
			if (is_generated[k])
				used[k]->fate = FATE_GENERATED;
		MemoryContextSwitchTo(caller_context);
		MemoryContextReset(import->step_context);
	}
	pfree(used);
	pfree(ordinals);
	pfree(is_generated);
}

/* Later than RefuseGenerated(): a card that was issued before its batch went is there. */
static void
RefuseExisting(Import *import)
{
	for (int done = 0; done < import->accepted_count;)
	{
		MemoryContext caller_context = MemoryContextSwitchTo(import->step_context);
		ImportedCard **cards = import->accepted + done;
		int			count = Min(import->accepted_count - done, LOOK_UP_STEP);
		Datum	   *numbers = palloc_array(Datum, count);
		NullableDatum array;
		uint64		row = 0;
		uint64		found;

		for (int i = 0; i < count; i++)
			numbers[i] = CStringGetTextDatum(cards[i]->number);
		array = ArrayOf(TEXTOID, numbers, NULL, count);
		found = ReadLatest(&find_existing, &array);
		for (int i = 0; i < count && row < found; i++)
		{
			if (strcmp(ResultText(row, 0), cards[i]->number) != 0)
				continue;
			cards[i]->fate = FATE_EXISTS;
			row++;
		}
		SPI_freetuptable(SPI_tuptable);
		MemoryContextSwitchTo(caller_context);
		MemoryContextReset(import->step_context);
		done += count;
	}
	LeaveOutRefused(import);
}

static void
Reserve(const Import *import)
{
	Ordinals	unused;

	InitOrdinals(&unused);
	for (int i = 0; i < import->of_format_count; i++)
	{
		const ImportedCard *card = import->of_format[i];

		if (card->fate == FATE_IMPORTED && !IsUsed(import, card->ordinal))
			AppendRun(&unused, card->ordinal, card->ordinal + 1);
	}
	ReserveOrdinals(import->series, &import->counter, &import->free_ranges, &unused);
}

/* The card as it is from now on; its customer is all that is allocated. */
static void
DescribeCard(const Import *import, const ImportedCard *imported, Card *card)
{
	NullableDatum customer_id = ElementOf(import, &import->customer_ids, imported);
	NullableDatum issued_on = ElementOf(import, &import->issued_on, imported);
	NullableDatum expires_on = ElementOf(import, &import->expires_on, imported);
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (!expires_on.isnull && DatumGetDateADT(expires_on.value) >= END_OF_READABLE_DAYS)
		expires_on = NullArgument();
	if (!customer_id.isnull && issued_on.isnull)
		issued_on = TimestampArgument(now);
	*card = (Card) {
		.number = imported->number,
		.series_code = import->series->code,
		.batch_id = NullArgument(),
		.ordinal = imported->ordinal == ORDINAL_NONE ? NullArgument() : Int8Argument(imported->ordinal),
		.status = imported->label->status,
		.status_label = imported->label->label,
		.customer_id = customer_id.isnull ? NULL : TextDatumGetCString(customer_id.value),
		.generated_on = now,
		.issued_on = issued_on,
		.expires_on = expires_on
	};
}

/* A card that was issued elsewhere begins its log with that: not issued is what every card is at first. */
static void
StoreImported(const Import *import)
{
	CardChange	change = {
		.from_label = DefaultLabel(import->configuration, STATUS_NOT_ISSUED)->label,
		.reason = "imported"
	};
	BulkInsert *cards = BeginNewCards();
	BulkInsert *log = BeginLog();

	for (int i = 0; i < import->accepted_count; i++)
	{
		DescribeCard(import, import->accepted[i], &change.card);
		StoreNewCard(cards, change.card.customer_id == NULL ? NULL : log, &change);
		if (change.card.customer_id != NULL)
			pfree((char *) change.card.customer_id);
	}
	EndBulkInsert(cards);
	EndBulkInsert(log);
}

static Refusal *
RefusalOf(Import *import, ImportedCard *card)
{
	switch (card->fate)
	{
		case FATE_IMPORTED:
			return NULL;
		case FATE_WRONG:
			return CheckCard(import, card);
		case FATE_REPEATED:
			return NumberRepeated(card->number);
		case FATE_GENERATED:
			return NumberGenerated(card->number);
		case FATE_EXISTS:
			return NumberExists(card->number);
	}
	return NULL;
}

static void
ReturnRefused(ReturnSetInfo *result, Import *import)
{
	MemoryContext caller_context = MemoryContextSwitchTo(import->step_context);

	for (int i = 0; i < import->count; i++)
	{
		ImportedCard *card = &import->cards[i];
		NullableDatum number = ElementOf(import, &import->numbers, card);

		if (card->fate == FATE_IMPORTED)
			continue;
		ReturnRow(result, i + 1, &number, 1, RefusalOf(import, card));
		MemoryContextReset(import->step_context);
	}
	MemoryContextSwitchTo(caller_context);
}

/*
 * import_cards(series_code text, numbers text[], customer_ids text[] = NULL,
 *		status_labels text[] = NULL, issued_on timestamptz[] = NULL,
 *		expires_on date[] = NULL) -> TABLE("position" int, number text,
 *		sqlstate text, error_name text, problem text), a row for each card that
 *		was not imported, its number as it was given
 *
 * Takes in cards that exist elsewhere, at most cardgen.max_cards_per_call. The
 * arrays are as long as each other. numbers: as printed, those of the series'
 * format; of a series with the method imported any. customer_ids: as for
 * issue_card; null: the card is not issued. status_labels: of the status
 * not_issued without a customer, of any other one with a customer; null: the
 * default of not_issued, or of issued. issued_on: null for now. expires_on: the
 * last day on which the card is valid; null, as also from the year 10000 on:
 * no end. Cards that are not issued have neither. Limits are not applied, and
 * a series that is not active takes cards in as well.
 *
 * Each card of a format is reserved: the series never generates it.
 *
 * Errors of the call: 42704 unknown_series; 22023 null_argument,
 * array_dimensions, unequal_arrays; 54000 call_limit; 55000 label_missing,
 * key_missing; 40001 concurrent_change; 25006 in a read-only transaction.
 *
 * Errors of a card: 42710 number_exists, number_repeated, number_generated;
 * 23P01 number_overlap; 22023 null_argument, malformed_number,
 * imported_check_digit, customer_missing, customer_of_unissued,
 * date_of_unissued, date_out_of_range, empty_text, text_too_long,
 * surrounding_blanks; 42704 unknown_label.
 */
Datum
import_cards(PG_FUNCTION_ARGS)
{
	const char *code;
	Import		import = {0};

	PreventCommandIfReadOnly("cardgen.import_cards()");
	code = RequiredText(fcinfo, 0, "series_code");
	ReadArguments(fcinfo, &import);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	OpenQueries();
	RunQuery(&lock_imports, NULL);
	LockCustomersOfCards(&import);
	import.series = LockSeries(code, &import.configuration, &import.counter);
	CheckCards(&import);
	SortCards(&import);
	SortOrdinals(&import);
	RefuseGenerated(&import);
	RefuseExisting(&import);
	if (!import.series->is_imported)
		Reserve(&import);
	StoreImported(&import);
	ReturnRefused((ReturnSetInfo *) fcinfo->resultinfo, &import);
	CloseQueries();
	return (Datum) 0;
}
