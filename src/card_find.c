/*
 * Which card a number is, and what there is of it; numbers without a format.
 */
#include "card_find.h"

#include "access/xact.h"
#include "argument.h"
#include "batch.h"
#include "catalog/pg_type.h"
#include "counter.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

#define IMPORTED_STEP 10000

/* The next numbers of a length that begin like those of a format, in capitals as imported ones are. */
static PreparedQuery find_imported = {
	"SELECT number, series_code FROM cardgen.card WHERE number > $2 AND number < $1 || '~'"
	" AND length(number) = $3 AND ordinal IS NULL ORDER BY number LIMIT $4",
	4, {TEXTOID, TEXTOID, INT4OID, INT4OID}
};

PG_FUNCTION_INFO_V1(find_card);
PG_FUNCTION_INFO_V1(classify_number);

char *
ImportedNumber(const char *text, size_t length)
{
	if (length < 1 || length > NUMBER_MAX_LENGTH)
		return NULL;
	for (size_t i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return NULL;
	return InCapitals(text, length);
}

/* In steps, each in the newest snapshot: what was imported while this waited for its lock counts. */
void
RequireNotImported(const char *series_code, const NumberFormat *format)
{
	NullableDatum prefix = TextArgument(InCapitals(format->prefix, (size_t) format->prefix_length));
	NullableDatum length = Int4Argument(FormatNumberLength(format));
	NullableDatum step = Int4Argument(IMPORTED_STEP);
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
	} while (found == IMPORTED_STEP);
	MemoryContextDelete(step_context);
	if (count > 0)
		Refuse(FormatImported(series_code, count, first));
}

/*
 * Surrounding blanks are the reader's or the keyboard's, not the card's. The
 * number is NULL where no card can have it.
 */
static NumberMatch
IdentifyNumber(Configuration *configuration, const char *text, Series **series, const char **number)
{
	char		printed[NUMBER_MAX_LENGTH + 1];
	size_t		length;
	NumberMatch match;

	text = WithoutBlanks(text, &length);
	match = MatchNumber(configuration, text, length, series, printed);
	if (match == NUMBER_MATCHES)
		*number = pstrdup(printed);
	else
	{
		*series = NULL;
		*number = HasImportedSeries(configuration) ? ImportedNumber(text, length) : NULL;
	}
	return match;
}

static Refusal *
NoSuchNumber(NumberMatch match, const char *given)
{
	return match == NUMBER_BAD_CHECK_DIGIT ? BadCheckDigit(given) : UnknownCard(given);
}

void
IdentifyCards(Configuration *configuration, CardChanges *changes)
{
	for (int i = 0; i < changes->count; i++)
	{
		CardChange *change = &changes->each[i];

		CHECK_FOR_INTERRUPTS();
		if (change->refusal != NULL)
			continue;
		if (change->given == NULL)
		{
			change->refusal = MissingArgument("number");
			continue;
		}
		change->match = IdentifyNumber(configuration, change->given, &change->series, &change->card.number);
		if (change->card.number == NULL)
			change->refusal = NoSuchNumber(change->match, change->given);
	}
	SortPending(changes);
}

/* Reads it again next time: no other configuration would explain what was found. */
static void
RequireIncarnation(const Series *series, const pg_uuid_t *incarnation)
{
	Configuration *configuration;

	if (IsOfSeries(series, incarnation))
		return;
	RereadConfiguration(&configuration);
	Refuse(ConcurrentChange("the card series"));
}

void
DecodeNumbers(Series *series, const char **numbers, int count, int64 *ordinals)
{
	for (int done = 0; done < count; done += FF1_LOCKSTEP)
	{
		CHECK_FOR_INTERRUPTS();
		if (!CodecDecodeEach(SeriesCodec(series), numbers + done,
							 (size_t) Min(count - done, FF1_LOCKSTEP), ordinals + done))
			elog(ERROR, "could not decrypt with libcrypto");
	}
}

/* A number of the format that is no card: has it been one? */
static bool
WasCard(const Series *series, int64 ordinal)
{
	pg_uuid_t	incarnation;
	bool		is_used;

	if (ordinal < 0)
		return false;
	is_used = IsOrdinalUsed(series->code, ordinal, &incarnation);
	RequireIncarnation(series, &incarnation);
	return is_used;
}

static void
CardOfBatch(Card *card, int64 ordinal, const Batch *batch)
{
	card->series_code = batch->series_code;
	card->batch_id = Int4Argument(batch->batch_id);
	card->ordinal = Int8Argument(ordinal);
	card->status = STATUS_NOT_ISSUED;
	card->status_label = batch->status_label;
	card->customer_id = NULL;
	card->generated_on = batch->generated_on;
	card->issued_on = card->expires_on = NullArgument();
	card->replaces = card->replaced_by = NULL;
}

typedef struct Located
{
	CardChange *change;
	int64		ordinal;
} Located;

static int
CompareLocated(const void *a, const void *b)
{
	const Located *one = a;
	const Located *other = b;
	int			by_code = strcmp(one->change->series->code, other->change->series->code);

	return by_code != 0 ? by_code : (one->ordinal > other->ordinal) - (one->ordinal < other->ordinal);
}

/* At an isolation level that keeps a snapshot, a card that came later is no reason to say there is none. */
static Refusal *
NoCardOfOrdinal(const Series *series, int64 ordinal, const char *number)
{
	Batch		batch;

	if (ordinal >= 0 && IsolationUsesXactSnapshot() &&
		FindLatestBatchOfOrdinal(series->code, ordinal, &batch))
		Refuse(ConcurrentChange("the batch"));
	return WasCard(series, ordinal) ? BatchRemoved(number) : NeverGenerated(number);
}

/* Fills in the ordinals, of one series after the other. */
static void
DecodeLocated(Located *located, int count)
{
	const char **numbers = palloc_array(const char *, count + 1);
	int64	   *ordinals = palloc_array(int64, count + 1);
	int			first = 0;

	for (int i = 0; i < count; i++)
	{
		Series	   *series = located[i].change->series;

		numbers[i] = located[i].change->card.number;
		if (i + 1 == count || located[i + 1].change->series != series)
		{
			DecodeNumbers(series, numbers + first, i + 1 - first, ordinals + first);
			first = i + 1;
		}
	}
	for (int i = 0; i < count; i++)
		located[i].ordinal = ordinals[i];
	pfree(numbers);
	pfree(ordinals);
}

/*
 * Of the pending cards that live by a batch, each batch kept once, in the order
 * of series and ordinal. A card that has none is left without a series' code: it
 * has a row, or a row may still be found.
 */
static void
KeepBatches(CardChanges *changes)
{
	Located    *located = palloc_array(Located, changes->pending_count + 1);
	int			count = 0;
	Ordinals	ordinals;
	Batch		batch;
	bool		has_batch = false;

	for (int i = 0; i < changes->pending_count; i++)
	{
		CardChange *change = changes->pending[i];

		if (change->series == NULL ||
			(change->card.has_row && (change->card.batch_id.isnull || change->card.status != STATUS_NOT_ISSUED)))
			continue;
		located[count++] = (Located) {.change = change};
	}
	DecodeLocated(located, count);
	qsort(located, (size_t) count, sizeof(Located), CompareLocated);

	for (int i = 0; i < count; i++)
	{
		CardChange *change = located[i].change;
		int64		ordinal = located[i].ordinal;

		CHECK_FOR_INTERRUPTS();
		if (!has_batch || strcmp(batch.series_code, change->series->code) != 0 ||
			OrdinalPlace(&ordinals, ordinal) < 0)
		{
			has_batch = ordinal >= 0 && KeepBatchOfOrdinal(change->series->code, ordinal, &batch);
			if (has_batch)
				BatchOrdinals(&batch, &ordinals);
		}
		if (has_batch)
		{
			RequireIncarnation(change->series, &batch.incarnation);
			if (!change->card.has_row)
				CardOfBatch(&change->card, ordinal, &batch);
		}
		else if (!change->card.has_row)
		{
			change->card.series_code = NULL;
			change->card.ordinal = Int8Argument(ordinal);
		}
	}
	pfree(located);
}

/* Those of the same number start from the same card, or from none. */
static void
ShareCards(CardChanges *changes)
{
	for (int i = 0; i < changes->count; i++)
	{
		CardChange *change = &changes->each[i];

		if (IsPending(change) && change->first != NULL)
		{
			change->refusal = change->first->refusal;
			change->series = change->first->series;
			change->card = change->first->card;
			change->is_held = change->first->is_held;
		}
	}
	SortPending(changes);
}

void
LockCards(CardChanges *changes)
{
	Configuration *configuration;
	bool	   *had_row;

	ReadCardRows(changes);
	KeepBatches(changes);
	had_row = palloc_array(bool, changes->pending_count + 1);
	for (int i = 0; i < changes->pending_count; i++)
		had_row[i] = changes->pending[i]->card.has_row;
	LockCardRows(changes);

	/* What is decided is decided by what the series is now. */
	configuration = UseConfiguration();
	for (int i = 0; i < changes->pending_count; i++)
	{
		CardChange *change = changes->pending[i];

		if (change->card.has_row)
			change->series = RequireSeries(configuration, change->card.series_code);
		else if (had_row[i] && IsolationUsesXactSnapshot())
			Refuse(ConcurrentChange("the card"));
		else if (change->series == NULL)
			change->refusal = NoSuchNumber(change->match, change->given);
		else if (had_row[i])
			change->refusal = BatchRemoved(change->card.number);
		else if (change->card.series_code == NULL)
			change->refusal = NoCardOfOrdinal(change->series, DatumGetInt64(change->card.ordinal.value),
											  change->card.number);
		else
			change->series = RequireSeries(configuration, change->series->code);
	}
	pfree(had_row);
	ShareCards(changes);
}

/* What there is of a number, as the caller's snapshot has it. */
static bool
FindCard(Configuration *configuration, const char *text, Card *card, const char **class)
{
	Series	   *series;
	int64		ordinal;
	Batch		batch;

	*class = IdentifyNumber(configuration, text, &series, &card->number) == NUMBER_BAD_CHECK_DIGIT ?
		"bad_check_digit" : "malformed";
	if (card->number == NULL)
		return false;
	if (!ReadCardRow(card->number, card))
	{
		if (series == NULL)
			return false;
		DecodeNumbers(series, &card->number, 1, &ordinal);
		if (ordinal < 0 || !FindBatchOfOrdinal(series->code, ordinal, &batch))
		{
			*class = WasCard(series, ordinal) ? "batch_removed" : "never_generated";
			return false;
		}
		RequireIncarnation(series, &batch.incarnation);
		CardOfBatch(card, ordinal, &batch);
	}
	*class = StatusName(card->status);
	return true;
}

/*
 * find_card(number text) -> TABLE(number text, series_code text,
 *		status cardgen.card_status, status_label text, batch_id int,
 *		generated_on timestamptz, customer_id text, issued_on timestamptz,
 *		expires_on date, replaces text, replaced_by text)
 *
 * number: as printed; surrounding blanks and letter case make no difference.
 * No row where there is no such card: see classify_number. expires_on: the
 * last day on which the card is valid. replaces, replaced_by: the numbers of
 * the cards before and after it.
 *
 * Errors: 22023 null_argument; 55000 key_missing; 40001 concurrent_change.
 */
Datum
find_card(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Configuration *configuration = UseConfiguration();
	const char *text = RequiredText(fcinfo, 0, "number");
	const char *class;
	Card		card = {0};

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	OpenQueries();
	if (FindCard(configuration, text, &card, &class))
	{
		Oid			status_type = TupleDescAttr(result->setDesc, 2)->atttypid;
		NullableDatum columns[] = {
			TextArgument(card.number), TextArgument(card.series_code),
			DatumArgument(DirectFunctionCall2(enum_in, CStringGetDatum(class),
											  ObjectIdGetDatum(status_type))),
			TextArgument(card.status_label), card.batch_id, TimestampArgument(card.generated_on),
			TextArgument(card.customer_id), card.issued_on, card.expires_on,
			TextArgument(card.replaces), TextArgument(card.replaced_by)
		};
		Datum		values[lengthof(columns)];
		bool		nulls[lengthof(columns)];

		SplitColumns(columns, lengthof(columns), values, nulls);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	CloseQueries();
	return (Datum) 0;
}

/*
 * classify_number(number text) -> text
 *
 * number: as for find_card. The status of the card, or why there is none:
 * malformed (no series has such numbers), bad_check_digit, never_generated,
 * batch_removed (generated or skipped, and not issued before its batch went).
 *
 * Errors: those of find_card.
 */
Datum
classify_number(PG_FUNCTION_ARGS)
{
	Configuration *configuration = UseConfiguration();
	const char *text = RequiredText(fcinfo, 0, "number");
	const char *class;
	Card		card = {0};

	OpenQueries();
	(void) FindCard(configuration, text, &card, &class);
	CloseQueries();
	PG_RETURN_TEXT_P(cstring_to_text(class));
}
