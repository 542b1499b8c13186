/*
 * Cards that another system has generated, taken in.
 */
#include "card_import.h"

#include "access/xact.h"
#include "argument.h"
#include "batch.h"
#include "card_find.h"
#include "cardgen.h"
#include "catalog/pg_type.h"
#include "counter.h"
#include "customer.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "query.h"
#include "reserved.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/tuplestore.h"

#define LOOK_UP_STEP 10000

/* Most clients can't read days before the first year or after the year 9999. */
#define FIRST_DAY (date2j(1, 1, 1) - POSTGRES_EPOCH_JDATE)
#define END_DAY (date2j(10000, 1, 1) - POSTGRES_EPOCH_JDATE)

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

/* The next numbers of a length that begin like those of a format, in capitals as imported ones are. */
static PreparedQuery find_imported = {
	"SELECT number, series_code FROM cardgen.card WHERE number > $2 AND number < $1 || '~'"
	" AND length(number) = $3 AND ordinal IS NULL ORDER BY number LIMIT $4",
	4, {TEXTOID, TEXTOID, INT4OID, INT4OID}
};

typedef struct ImportedCard
{
	const char *number;			/* as printed */
	int64		ordinal;		/* ORDINAL_NONE: the series would not generate it */
	const StatusLabel *label;
	Refusal    *refusal;
} ImportedCard;

typedef struct Import
{
	Configuration *configuration;
	Series	   *series;
	Counter		counter;
	int			count;
	NullableDatum *numbers;
	NullableDatum *customer_ids;	/* these four: NULL where not given */
	NullableDatum *labels;
	NullableDatum *issued_on;
	NullableDatum *expires_on;
	ImportedCard *cards;
	ImportedCard **accepted;	/* those not refused, by number */
	int			accepted_count;
	ImportedCard **of_format;	/* those that have an ordinal, by it */
	int			of_format_count;
	Ordinals	free_ranges;	/* where an ordinal could be in one */
} Import;

PG_FUNCTION_INFO_V1(import_cards);

static int
PlaceOf(const Import *import, const ImportedCard *card)
{
	return (int) (card - import->cards);
}

/* An element of an array argument. */
static NullableDatum
ElementOf(const Import *import, const NullableDatum *elements, const ImportedCard *card)
{
	return elements == NULL ? NullArgument() : elements[PlaceOf(import, card)];
}

static NullableDatum *
ReadArray(FunctionCallInfo fcinfo, int number, const char *name, int expected)
{
	int			count;
	NullableDatum *elements = OptionalArray(fcinfo, number, name, &count);

	if (elements != NULL)
		CheckArrays("numbers", expected, name, count);
	return elements;
}

static void
ReadArguments(FunctionCallInfo fcinfo, Import *import)
{
	RequireArgument(fcinfo, 1, "numbers");
	import->numbers = OptionalArray(fcinfo, 1, "numbers", &import->count);
	CheckArrays("numbers", import->count, "numbers", import->count);
	import->customer_ids = ReadArray(fcinfo, 2, "customer_ids", import->count);
	import->labels = ReadArray(fcinfo, 3, "status_labels", import->count);
	import->issued_on = ReadArray(fcinfo, 4, "issued_on", import->count);
	import->expires_on = ReadArray(fcinfo, 5, "expires_on", import->count);
	import->cards = palloc0_array(ImportedCard, import->count + 1);
	import->accepted = palloc_array(ImportedCard *, import->count + 1);
}

/* Limits are not applied, but whoever counts a customer's cards must not miss these. */
static void
LockCustomersOfCards(const Import *import)
{
	CustomerLocks locks = {0};

	for (int i = 0; i < import->count && import->customer_ids != NULL; i++)
	{
		char	   *customer_id;

		if (import->customer_ids[i].isnull)
			continue;
		customer_id = TextDatumGetCString(import->customer_ids[i].value);
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

	card->ordinal = ORDINAL_NONE;
	if (match == NUMBER_BAD_CHECK_DIGIT)
		return ImportedCheckDigit(given);
	if (match == NUMBER_MATCHES)
	{
		card->number = pstrdup(printed);
		card->ordinal = DecodeNumber(import->configuration, import->series, printed);
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
CheckCustomer(NullableDatum customer_id)
{
	char	   *value;
	Refusal    *refusal;

	if (customer_id.isnull)
		return NULL;
	value = TextDatumGetCString(customer_id.value);
	refusal = CheckCustomerId(value, "customer_id");
	pfree(value);
	return refusal;
}

static Refusal *
CheckLabel(const Import *import, ImportedCard *card)
{
	bool		is_held = !ElementOf(import, import->customer_ids, card).isnull;
	NullableDatum given = ElementOf(import, import->labels, card);
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
	pfree(label);
	if (is_held && card->label->status == STATUS_NOT_ISSUED)
		return CustomerOfUnissued(card->number, card->label->label);
	if (!is_held && card->label->status != STATUS_NOT_ISSUED)
		return CustomerMissing(card->number, card->label->label);
	return NULL;
}

static Refusal *
CheckDates(const Import *import, const ImportedCard *card)
{
	NullableDatum issued_on = ElementOf(import, import->issued_on, card);
	NullableDatum expires_on = ElementOf(import, import->expires_on, card);

	if (card->label->status == STATUS_NOT_ISSUED)
		return !issued_on.isnull ? DateOfUnissued(card->number, "issued_on") :
			!expires_on.isnull ? DateOfUnissued(card->number, "expires_on") : NULL;
	if (!issued_on.isnull)
	{
		TimestampTz time = DatumGetTimestampTz(issued_on.value);

		if (time < FIRST_DAY * USECS_PER_DAY || ReadableTime(time) == DT_NOEND)
			return DateBeyond("issued_on", card->number);
	}
	if (!expires_on.isnull && DatumGetDateADT(expires_on.value) < FIRST_DAY)
		return DateBeyond("expires_on", card->number);
	return NULL;
}

static void
CheckCards(Import *import)
{
	for (int i = 0; i < import->count; i++)
	{
		ImportedCard *card = &import->cards[i];
		char	   *given;

		CHECK_FOR_INTERRUPTS();
		if (import->numbers[i].isnull)
		{
			card->refusal = MissingArgument("number");
			continue;
		}
		given = TextDatumGetCString(import->numbers[i].value);
		card->refusal = CheckNumber(import, card, given);
		pfree(given);
		if (card->refusal == NULL)
			card->refusal = CheckCustomer(ElementOf(import, import->customer_ids, card));
		if (card->refusal == NULL)
			card->refusal = CheckLabel(import, card);
		if (card->refusal == NULL)
			card->refusal = CheckDates(import, card);
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
		if (import->accepted[i]->refusal == NULL)
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
		if (import->cards[i].refusal == NULL)
			accepted[import->accepted_count++] = &import->cards[i];
	qsort(accepted, (size_t) import->accepted_count, sizeof(ImportedCard *), CompareNumbers);
	for (int i = 1; i < import->accepted_count; i++)
	{
		if (strcmp(accepted[first]->number, accepted[i]->number) == 0)
			accepted[i]->refusal = NumberRepeated(accepted[i]->number, PlaceOf(import, accepted[first]) + 1);
		else
			first = i;
	}
	LeaveOutRefused(import);
}

static void
SortOrdinals(Import *import)
{
	int			count = 0;

	import->of_format = palloc_array(ImportedCard *, import->accepted_count + 1);
	for (int i = 0; i < import->accepted_count; i++)
		if (import->accepted[i]->ordinal != ORDINAL_NONE)
			import->of_format[count++] = import->accepted[i];
	qsort(import->of_format, (size_t) count, sizeof(ImportedCard *), CompareOrdinals);
	import->of_format_count = count;

	InitOrdinals(&import->free_ranges);
	if (count > 0 && import->of_format[0]->ordinal < import->counter.next_ordinal)
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
	ImportedCard **used = palloc_array(ImportedCard *, import->of_format_count + 1);
	int			used_count = 0;
	int64	   *ordinals = palloc_array(int64, LOOK_UP_STEP);
	bool	   *is_generated = palloc_array(bool, LOOK_UP_STEP);

	for (int i = 0; i < import->of_format_count; i++)
		if (IsUsed(import, import->of_format[i]->ordinal))
			used[used_count++] = import->of_format[i];
	for (int done = 0; done < used_count;)
	{
		int			count = Min(used_count - done, LOOK_UP_STEP);

		for (int i = 0; i < count; i++)
			ordinals[i] = used[done + i]->ordinal;
		FindGenerated(import->series->code, ordinals, count, is_generated);
		for (int i = 0; i < count; i++)
			if (is_generated[i])
				used[done + i]->refusal = NumberGenerated(used[done + i]->number);
		done += count;
	}
	pfree(used);
	pfree(ordinals);
	pfree(is_generated);
}

/* Later than RefuseGenerated(): a card that was issued before its batch went is there. */
static void
RefuseExisting(Import *import)
{
	Datum	   *numbers = palloc_array(Datum, LOOK_UP_STEP);

	for (int done = 0; done < import->accepted_count;)
	{
		int			count = Min(import->accepted_count - done, LOOK_UP_STEP);
		uint64		row = 0;
		uint64		found;
		NullableDatum array;

		for (int i = 0; i < count; i++)
			numbers[i] = CStringGetTextDatum(import->accepted[done + i]->number);
		array = ArrayOf(TEXTOID, numbers, NULL, count);
		found = ReadLatest(&find_existing, &array);
		for (int i = 0; i < count && row < found; i++)
		{
			ImportedCard *card = import->accepted[done + i];

			if (strcmp(ResultText(row, 0), card->number) != 0)
				continue;
			card->refusal = NumberExists(card->number);
			row++;
		}
		SPI_freetuptable(SPI_tuptable);
		for (int i = 0; i < count; i++)
			pfree(DatumGetPointer(numbers[i]));
		pfree(DatumGetPointer(array.value));
		done += count;
	}
	pfree(numbers);
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

		if (card->refusal == NULL && !IsUsed(import, card->ordinal))
			AppendRun(&unused, card->ordinal, card->ordinal + 1);
	}
	ReserveOrdinals(import->series, &import->counter, &import->free_ranges, &unused);
}

/* The card as it is from now on; its customer is all that is allocated. */
static void
DescribeCard(const Import *import, const ImportedCard *imported, Card *card)
{
	NullableDatum customer_id = ElementOf(import, import->customer_ids, imported);
	NullableDatum issued_on = ElementOf(import, import->issued_on, imported);
	NullableDatum expires_on = ElementOf(import, import->expires_on, imported);
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	if (!expires_on.isnull && DatumGetDateADT(expires_on.value) >= END_DAY)
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
	BulkInsert *log = BeginNewChanges();

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

static void
ReturnRefused(ReturnSetInfo *result, const Import *import)
{
	for (int i = 0; i < import->count; i++)
		if (import->cards[i].refusal != NULL)
			ReturnRow(result, i + 1, &import->numbers[i], 1, import->cards[i].refusal);
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
	LockCounter(code, &import.counter);
	import.configuration = UseConfiguration();
	import.series = CurrentSeries(&import.configuration, code, &import.counter.incarnation);
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

/* In steps, each in the newest snapshot: what was imported while this waited for its lock counts. */
void
RequireNotImported(const char *series_code, const NumberFormat *format)
{
	NullableDatum prefix = TextArgument(InCapitals(format->prefix, (size_t) format->prefix_length));
	NullableDatum length = Int4Argument(FormatNumberLength(format));
	NullableDatum step = Int4Argument(LOOK_UP_STEP);
	NullableDatum last = prefix;
	MemoryContext step_context = AllocSetContextCreate(CurrentMemoryContext, "cardgen imported numbers",
													   ALLOCSET_DEFAULT_SIZES);
	char		number[NUMBER_MAX_LENGTH + 1] = "";
	char		printed[NUMBER_MAX_LENGTH + 1];
	char	   *first = NULL;
	int64		count = 0;
	uint64		found;

	do
	{
		MemoryContext caller_context = MemoryContextSwitchTo(step_context);

		CHECK_FOR_INTERRUPTS();
		found = ReadLatest(&find_imported, (NullableDatum[]) {prefix, last, length, step});
		for (uint64 row = 0; row < found; row++)
		{
			strlcpy(number, ResultText(row, 0), sizeof(number));
			if (FormatMatch(format, number, strlen(number), printed) != NUMBER_MATCHES)
				continue;
			if (count++ == 0)
				first = MemoryContextStrdup(caller_context, ResultText(row, 1));
		}
		SPI_freetuptable(SPI_tuptable);
		MemoryContextSwitchTo(caller_context);
		MemoryContextReset(step_context);
		last = TextArgument(number);
	} while (found == LOOK_UP_STEP);
	MemoryContextDelete(step_context);
	if (count > 0)
		Refuse(FormatImported(series_code, count, first));
}
