/*
 * What a card is, and how cards are locked, stored and logged.
 */
#include "card.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "card_log.h"
#include "catalog/pg_type.h"
#include "citus.h"
#include "funcapi.h"
#include "nodes/execnodes.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#define COLUMNS_WITH(status) \
	"number, series_code, batch_id, ordinal, " status ", status_label, customer_id," \
	" generated_on, issued_on, expires_on, replaces, replaced_by"

#define CARD_COLUMNS COLUMNS_WITH("status::text")
#define CARD_COLUMN_NAMES COLUMNS_WITH("status")

#define CARD_COLUMN_COUNT 12
#define CARD_COLUMN_TYPES \
	TEXTOID, TEXTOID, INT4OID, INT8OID, TEXTOID, TEXTOID, \
	TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, DATEOID, TEXTOID, TEXTOID

static PreparedQuery read_row = {
	"SELECT " CARD_COLUMNS " FROM cardgen.card WHERE number = $1",
	1, {TEXTOID}
};

static PreparedQuery lock_row = {
	"SELECT " CARD_COLUMNS " FROM cardgen.card WHERE number = $1 FOR NO KEY UPDATE",
	1, {TEXTOID}
};

/* By number, so that two that lock the same cards do not lock each other out. */
static PreparedQuery read_rows = {
	"SELECT " CARD_COLUMNS " FROM cardgen.card WHERE number = ANY ($1) ORDER BY number",
	1, {TEXTARRAYOID}
};

static PreparedQuery lock_rows = {
	"SELECT " CARD_COLUMNS " FROM cardgen.card WHERE number = ANY ($1) ORDER BY number FOR NO KEY UPDATE",
	1, {TEXTARRAYOID}
};

static PreparedQuery read_whole_row = {
	"SELECT c FROM cardgen.card c WHERE c.number = $1",
	1, {TEXTOID}
};

/* As it was read: a trigger on another card's change may have changed this one. */
static PreparedQuery update_card = {
	"UPDATE cardgen.card SET status = $5::cardgen.card_status, status_label = $6, customer_id = $7, issued_on = $9,"
	" expires_on = $10, replaces = $11, replaced_by = $12"
	" WHERE number = $1 AND status_label = $13 AND customer_id IS NOT DISTINCT FROM $14 RETURNING number",
	CARD_COLUMN_COUNT + 2, {CARD_COLUMN_TYPES, TEXTOID, TEXTOID}
};

/* Nothing is returned where a row has come that the caller does not know of. */
static PreparedQuery add_card = {
	"INSERT INTO cardgen.card (" CARD_COLUMN_NAMES ")"
	" VALUES ($1, $2, $3, $4, $5::cardgen.card_status, $6, $7, $8, $9, $10, $11, $12)"
	" ON CONFLICT (number) DO NOTHING RETURNING number",
	CARD_COLUMN_COUNT, {CARD_COLUMN_TYPES}
};

/* The same of many, and of those that have a row where $13 is true. */
static PreparedQuery store_cards = {
	"INSERT INTO cardgen.card (" CARD_COLUMN_NAMES ")"
	" SELECT " COLUMNS_WITH("status::cardgen.card_status")
	" FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS n (" CARD_COLUMN_NAMES ")"
	" ON CONFLICT (number) DO UPDATE SET status = excluded.status, status_label = excluded.status_label,"
	" customer_id = excluded.customer_id, issued_on = excluded.issued_on, expires_on = excluded.expires_on,"
	" replaces = excluded.replaces, replaced_by = excluded.replaced_by"
	" WHERE $13 RETURNING number",
	13, {TEXTARRAYOID, TEXTARRAYOID, INT4ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID,
	TEXTARRAYOID, TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, DATEARRAYOID, TEXTARRAYOID, TEXTARRAYOID, BOOLOID}
};

static PreparedQuery insert_card = {
	"INSERT INTO cardgen.card (" CARD_COLUMN_NAMES ")"
	" SELECT $1, $2, $3, $4, $5::cardgen.card_status, $6, $7, $8, $9, $10, $11, $12",
	CARD_COLUMN_COUNT, {CARD_COLUMN_TYPES}
};

static const BulkTable card_table = {
	"card", &insert_card, CARD_COLUMN_COUNT,
	{"number", "series_code", "batch_id", "ordinal", "status", "status_label", "customer_id",
	"generated_on", "issued_on", "expires_on", "replaces", "replaced_by"}
};

void
InitChanges(CardChanges *changes, int count)
{
	changes->count = count;
	changes->each = palloc_extended(mul_size(sizeof(CardChange), (Size) count + 1), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);
	changes->pending = palloc_array(CardChange *, count + 1);
	changes->pending_count = 0;
	for (int i = 0; i < count; i++)
		changes->each[i].position = i + 1;
}

/* Cards without a number yet, and equal ones, are in the order of the call. */
static int
CompareNumbers(const void *a, const void *b)
{
	const CardChange *one = *(CardChange *const *) a;
	const CardChange *other = *(CardChange *const *) b;
	int			by_number = one->card.number == NULL || other->card.number == NULL ? 0 :
		strcmp(one->card.number, other->card.number);

	return by_number != 0 ? by_number : one->position - other->position;
}

void
SortPending(CardChanges *changes)
{
	CardChange **pending = changes->pending;
	int			count = 0;
	int			distinct = 0;

	for (int i = 0; i < changes->count; i++)
		if (IsPending(&changes->each[i]))
			pending[count++] = &changes->each[i];
	qsort(pending, (size_t) count, sizeof(CardChange *), CompareNumbers);
	for (int i = 0; i < count; i++)
	{
		CardChange *last = distinct == 0 ? NULL : pending[distinct - 1];
		bool		repeats = last != NULL && last->card.number != NULL && pending[i]->card.number != NULL &&
			strcmp(pending[i]->card.number, last->card.number) == 0;

		pending[i]->first = repeats ? last : NULL;
		if (!repeats)
			pending[distinct++] = pending[i];
	}
	changes->pending_count = distinct;
}

static void
ReadColumns(uint64 row, Card *card)
{
	card->number = ResultText(row, 0);
	card->series_code = ResultText(row, 1);
	card->has_row = true;
	card->batch_id = ResultColumn(row, 2);
	card->ordinal = ResultColumn(row, 3);
	card->status = StatusByName(ResultText(row, 4));
	card->status_label = ResultText(row, 5);
	card->customer_id = ResultText(row, 6);
	card->generated_on = ResultTimestamp(row, 7);
	card->issued_on = ResultColumn(row, 8);
	card->expires_on = ResultColumn(row, 9);
	card->replaces = ResultText(row, 10);
	card->replaced_by = ResultText(row, 11);
}

bool
ReadCardRow(const char *number, Card *card)
{
	if (ReadQuery(&read_row, (NullableDatum[]) {TextArgument(number)}) == 0)
		return false;
	ReadColumns(0, card);
	return true;
}

static bool
HasTriggers(void)
{
	Relation	relation = table_open(CardgenTable("card"), AccessShareLock);
	bool		has_triggers = relation->trigdesc != NULL;

	table_close(relation, NoLock);
	return has_triggers;
}

/* Citus locks and writes rows of one shard at a time; a trigger is to see an UPDATE as one. */
static bool
IsOneByOne(const CardChanges *changes)
{
	return changes->pending_count == 1 || IsDistributed(CardgenTable("card")) || HasTriggers();
}

static void
FindCardRows(CardChanges *changes, PreparedQuery *one, PreparedQuery *many,
			 uint64 (*run) (PreparedQuery *, const NullableDatum *))
{
	Datum	   *numbers;
	uint64		found;
	uint64		row = 0;

	for (int i = 0; i < changes->pending_count; i++)
		changes->pending[i]->card.has_row = false;
	if (changes->pending_count == 0)
		return;
	if (IsOneByOne(changes))
	{
		for (int i = 0; i < changes->pending_count; i++)
		{
			if (run(one, (NullableDatum[]) {TextArgument(changes->pending[i]->card.number)}) > 0)
				ReadColumns(0, &changes->pending[i]->card);
			SPI_freetuptable(SPI_tuptable);
		}
		return;
	}

	numbers = palloc_array(Datum, changes->pending_count);
	for (int i = 0; i < changes->pending_count; i++)
		numbers[i] = CStringGetTextDatum(changes->pending[i]->card.number);
	found = run(many, (NullableDatum[]) {ArrayOf(TEXTOID, numbers, NULL, changes->pending_count)});
	for (int i = 0; i < changes->pending_count && row < found; i++)
		if (strcmp(ResultText(row, 0), changes->pending[i]->card.number) == 0)
			ReadColumns(row++, &changes->pending[i]->card);
	SPI_freetuptable(SPI_tuptable);
}

void
ReadCardRows(CardChanges *changes)
{
	FindCardRows(changes, &read_row, &read_rows, ReadLatest);
}

void
LockCardRows(CardChanges *changes)
{
	FindCardRows(changes, &lock_row, &lock_rows, RunQuery);
}

void
RememberCard(CardChange *change)
{
	change->from_label = change->card.status_label;
	change->from_customer_id = change->card.customer_id;
}

void
DecideCards(CardChanges *changes, Decide decide, Decide repeated, void *context)
{
	for (int i = 0; i < changes->count; i++)
	{
		CardChange *change = &changes->each[i];
		CardChange *first = change->first;

		if (!IsPending(change))
			continue;
		if (first != NULL && first->has_taken)
			change->refusal = repeated(change, context);
		else
		{
			change->refusal = decide(change, context);
			(first == NULL ? change : first)->has_taken = change->refusal == NULL;
		}
	}
}

static void
CardColumns(const Card *card, NullableDatum *columns)
{
	columns[0] = TextArgument(card->number);
	columns[1] = TextArgument(card->series_code);
	columns[2] = card->batch_id;
	columns[3] = card->ordinal;
	columns[4] = TextArgument(StatusName(card->status));
	columns[5] = TextArgument(card->status_label);
	columns[6] = TextArgument(card->customer_id);
	columns[7] = TimestampArgument(card->generated_on);
	columns[8] = card->issued_on;
	columns[9] = card->expires_on;
	columns[10] = TextArgument(card->replaces);
	columns[11] = TextArgument(card->replaced_by);
}

/* A column each of some changes' cards, as arrays. */
static void
ColumnArrays(CardChange **changes, int count, NullableDatum *arrays)
{
	Datum	   *values = palloc_array(Datum, CARD_COLUMN_COUNT * (Size) count);
	bool	   *nulls = palloc_array(bool, CARD_COLUMN_COUNT * (Size) count);
	NullableDatum columns[CARD_COLUMN_COUNT];

	for (int i = 0; i < count; i++)
	{
		CardColumns(&changes[i]->card, columns);
		for (int column = 0; column < CARD_COLUMN_COUNT; column++)
		{
			values[column * (Size) count + i] = columns[column].value;
			nulls[column * (Size) count + i] = columns[column].isnull;
		}
	}
	for (int column = 0; column < CARD_COLUMN_COUNT; column++)
		arrays[column] = ArrayOf(insert_card.argument_types[column], values + column * (Size) count,
								 nulls + column * (Size) count, count);
}

/* A row that was locked, or that no one else has written meanwhile, has to be written. */
static void
RequireStored(const CardChange *change)
{
	NullableDatum number = TextArgument(change->card.number);

	if (change->is_stored)
		return;
	if (change->card.has_row || ReadLatest(&read_row, &number) == 0)
		Refuse(WriteSuppressed("card"));
	SPI_freetuptable(SPI_tuptable);
}

/* Those of the pending cards that have a row, or those that have none. */
static void
StoreSome(CardChanges *changes, bool has_row)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "cardgen cards to store",
												  ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller_context = MemoryContextSwitchTo(context);
	CardChange **some = palloc_array(CardChange *, changes->pending_count + 1);
	NullableDatum arguments[CARD_COLUMN_COUNT + 2];
	int			count = 0;

	for (int i = 0; i < changes->pending_count; i++)
		if (changes->pending[i]->card.has_row == has_row)
			some[count++] = changes->pending[i];
	if (count > 0 && IsOneByOne(changes))
	{
		for (int i = 0; i < count; i++)
		{
			CardColumns(&some[i]->card, arguments);
			arguments[CARD_COLUMN_COUNT] = TextArgument(some[i]->from_label);
			arguments[CARD_COLUMN_COUNT + 1] = TextArgument(some[i]->from_customer_id);
			some[i]->is_stored = RunQuery(has_row ? &update_card : &add_card, arguments) > 0 &&
				strcmp(ResultText(0, 0), some[i]->card.number) == 0;
			SPI_freetuptable(SPI_tuptable);
		}
	}
	else if (count > 0)
	{
		uint64		stored;
		uint64		row = 0;

		ColumnArrays(some, count, arguments);
		arguments[CARD_COLUMN_COUNT] = BoolArgument(has_row);
		stored = RunQuery(&store_cards, arguments);
		for (int i = 0; i < count && row < stored; i++)
		{
			some[i]->is_stored = strcmp(ResultText(row, 0), some[i]->card.number) == 0;
			row += some[i]->is_stored ? 1 : 0;
		}
		SPI_freetuptable(SPI_tuptable);
	}
	for (int i = 0; i < count; i++)
		RequireStored(some[i]);
	MemoryContextSwitchTo(caller_context);
	MemoryContextDelete(context);
}

BulkInsert *
BeginNewCards(void)
{
	return BeginBulkInsert(&card_table);
}

static void
LogCard(BulkInsert *log, const CardChange *change)
{
	LogChange(log, &(LoggedChange) {
		.number = change->card.number,
		.from_label = change->from_label,
		.to_label = change->card.status_label,
		.from_customer_id = change->from_customer_id,
		.to_customer_id = change->card.customer_id,
		.reason = change->reason
	});
}

static void
LogStored(const CardChanges *changes)
{
	BulkInsert *log = BeginLog();

	for (int i = 0; i < changes->pending_count; i++)
		if (changes->pending[i]->is_stored)
			LogCard(log, changes->pending[i]);
	EndBulkInsert(log);
}

/* A card that others had first does not count for the customer it was decided for. */
static void
ReconsiderLimits(CardChanges *changes)
{
	for (int i = 0; i < changes->count; i++)
	{
		CardChange *change = &changes->each[i];

		if (change->is_over_limit)
			change->refusal = NULL;
		change->is_over_limit = false;
	}
	SortPending(changes);
}

void
StoreCards(CardChanges *changes)
{
	SortPending(changes);
	StoreSome(changes, true);
	StoreSome(changes, false);
	LogStored(changes);
	SortPending(changes);
	if (changes->pending_count > 0)
		ReconsiderLimits(changes);
}

void
StoreNewCard(BulkInsert *cards, BulkInsert *log, const CardChange *change)
{
	MemoryContext caller_context = MemoryContextSwitchTo(BulkInsertContext(cards));
	NullableDatum columns[CARD_COLUMN_COUNT];

	CardColumns(&change->card, columns);
	BulkInsertRow(cards, columns);
	MemoryContextSwitchTo(caller_context);
	if (log == NULL)
		return;
	WriteBefore(cards, log);
	LogCard(log, change);
}

static Datum
FormCard(const Card *card, TupleDesc descriptor)
{
	NullableDatum columns[CARD_COLUMN_COUNT];
	Datum		values[CARD_COLUMN_COUNT];
	bool		nulls[CARD_COLUMN_COUNT];

	CardColumns(card, columns);
	columns[4].value = DirectFunctionCall2(enum_in, CStringGetDatum(StatusName(card->status)),
										   ObjectIdGetDatum(TupleDescAttr(descriptor, 4)->atttypid));
	SplitColumns(columns, CARD_COLUMN_COUNT, values, nulls);
	return SPI_datumTransfer(HeapTupleGetDatum(heap_form_tuple(descriptor, values, nulls)), false, -1);
}

/* Where a DBA has added columns, or a trigger that may have changed it, the row is read. */
Datum
ResultCard(const Card *card)
{
	TupleDesc	descriptor = lookup_rowtype_tupdesc(get_rel_type_id(CardgenTable("card")), -1);
	NullableDatum number = TextArgument(card->number);
	Datum		row;

	if (descriptor->natts == CARD_COLUMN_COUNT && !HasTriggers())
		row = FormCard(card, descriptor);
	else if (RunQuery(&read_whole_row, &number) > 0)
		row = ResultRow();
	else
		Refuse(WriteSuppressed("card"));
	ReleaseTupleDesc(descriptor);
	return row;
}

#define REFUSAL_COLUMN_COUNT 3
#define KEYS_MOST 2

void
ReturnRow(ReturnSetInfo *result, int position, const NullableDatum *keys, int key_count,
		  const Refusal *refusal)
{
	Datum		values[1 + KEYS_MOST + REFUSAL_COLUMN_COUNT] = {Int32GetDatum(position)};
	bool		nulls[1 + KEYS_MOST + REFUSAL_COLUMN_COUNT] = {false};

	SplitColumns(keys, key_count, values + 1, nulls + 1);
	if (refusal == NULL)
		memset(nulls + 1 + key_count, true, REFUSAL_COLUMN_COUNT);
	else
	{
		values[1 + key_count] = CStringGetTextDatum(unpack_sql_state(refusal->sqlstate));
		values[2 + key_count] = CStringGetTextDatum(refusal->name);
		values[3 + key_count] = CStringGetTextDatum(refusal->sentence);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

void
ReturnNumbers(ReturnSetInfo *result, const CardChanges *changes)
{
	for (int i = 0; i < changes->count; i++)
	{
		const CardChange *change = &changes->each[i];
		NullableDatum number = TextArgument(change->card.number != NULL ? change->card.number : change->given);

		ReturnRow(result, change->position, &number, 1, change->refusal);
		if (!number.isnull)
			pfree(DatumGetPointer(number.value));
	}
}
