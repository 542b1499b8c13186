/*
 * Ordinals below a series' counter that no one has used.
 */
#include "free_range.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "bulk_insert.h"
#include "catalog/indexing.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "query.h"
#include "refusal.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

/* Columns of the table. */
#define SERIES_CODE 1
#define FIRST_ORDINAL 2
#define END_ORDINAL 3

static PreparedQuery insert_range = {
	"INSERT INTO cardgen.free_range (series_code, first_ordinal, end_ordinal) VALUES ($1, $2, $3)",
	3, {TEXTOID, INT8OID, INT8OID}
};

static PreparedQuery shrink_range = {
	"UPDATE cardgen.free_range SET first_ordinal = $3 WHERE series_code = $1 AND end_ordinal = $2",
	3, {TEXTOID, INT8OID, INT8OID}
};

static PreparedQuery delete_range = {
	"DELETE FROM cardgen.free_range WHERE series_code = $1 AND end_ordinal = $2",
	2, {TEXTOID, INT8OID}
};

static PreparedQuery lock_ranges = {
	"SELECT first_ordinal, end_ordinal FROM cardgen.free_range"
	" WHERE series_code = $1 AND first_ordinal < end_ordinal ORDER BY end_ordinal FOR UPDATE",
	1, {TEXTOID}
};

static PreparedQuery read_ranges = {
	"SELECT FROM cardgen.free_range WHERE series_code = $1 AND first_ordinal < end_ordinal",
	1, {TEXTOID}
};

/* Waits for the lowest one; nothing where its user has used it up. */
static PreparedQuery await_range = {
	"SELECT first_ordinal, end_ordinal FROM cardgen.free_range"
	" WHERE series_code = $1 AND first_ordinal < end_ordinal ORDER BY end_ordinal LIMIT 1 FOR UPDATE",
	1, {TEXTOID}
};

static PreparedQuery any_range = {
	"SELECT FROM cardgen.free_range WHERE series_code = $1 AND first_ordinal < end_ordinal LIMIT 1",
	1, {TEXTOID}
};

/* Whose ordinals they are; whether the last batch that begins below their end reaches them, or the counter does not. */
static PreparedQuery check_range = {
	"SELECT c.incarnation, coalesce((SELECT coalesce(b.ordinals && int8range($2, $3), $2 < b.first_ordinal + b.card_count)"
	"  FROM cardgen.batch b WHERE b.series_code = $1 AND b.first_ordinal < $3 ORDER BY b.first_ordinal DESC LIMIT 1), false)"
	" OR c.next_ordinal < $3 FROM cardgen.series_counter c WHERE c.series_code = $1",
	3, {TEXTOID, INT8OID, INT8OID}
};

/*
 * The range from which this backend took last, as it left it: a row of that
 * transaction needs no check, since no one has touched it.
 */
typedef struct Used
{
	char		series_code[SERIES_CODE_SIZE];	/* empty: none */
	int64		end;
	TransactionId xid;
	pg_uuid_t	incarnation;
} Used;

static Used used;

void
AddFreeRange(const char *series_code, int64 first, int64 end)
{
	WriteRow(&insert_range, (NullableDatum[]) {
			TextArgument(series_code), Int8Argument(first), Int8Argument(end)}, "free_range");
}

Ordinals
LockRanges(const Series *series)
{
	NullableDatum code = TextArgument(series->code);
	uint64		found = RunQuery(&lock_ranges, &code);
	Ordinals	ranges;

	InitOrdinals(&ranges);
	for (uint64 i = 0; i < found; i++)
	{
		int64		first = ResultInt8(i, 0);
		int64		end = ResultInt8(i, 1);

		if (first < 0 || end > series->capacity)
			Refuse(CounterBroken(series->code));
		AppendRange(&ranges, first, end);
	}

	/* In an older snapshot a table that was rewritten is empty. */
	if (IsolationUsesXactSnapshot() && ReadLatest(&read_ranges, &code) != found)
		Refuse(ConcurrentChange("the card series"));
	return ranges;
}

void
TakeOutOfRange(const Series *series, const OrdinalRun *range, const Ordinals *kept)
{
	NullableDatum code = TextArgument(series->code);
	NullableDatum end = Int8Argument(range->end);
	bool		keeps_end = false;

	for (int i = 0; i < kept->run_count; i++)
	{
		const OrdinalRun *run = &kept->runs[i];

		keeps_end = run->end == range->end;
		if (keeps_end)
			WriteRow(&shrink_range, (NullableDatum[]) {code, end, Int8Argument(run->first)}, "free_range");
		else
			AddFreeRange(series->code, run->first, run->end);
	}
	if (!keeps_end)
		WriteRow(&delete_range, (NullableDatum[]) {code, end}, "free_range");
}

void
TakeFirstOfRange(const char *series_code, const OrdinalRun *range, int64 count)
{
	NullableDatum code = TextArgument(series_code);
	NullableDatum end = Int8Argument(range->end);

	if (range->first + count == range->end)
		WriteRow(&delete_range, (NullableDatum[]) {code, end}, "free_range");
	else
		WriteRow(&shrink_range, (NullableDatum[]) {code, end, Int8Argument(range->first + count)}, "free_range");
}

void
CheckRange(const char *series_code, const OrdinalRun *range, pg_uuid_t *incarnation)
{
	if (ReadLatest(&check_range, (NullableDatum[]) {
				TextArgument(series_code), Int8Argument(range->first), Int8Argument(range->end)}) == 0)
		Refuse(SeriesIncomplete(series_code));
	if (ResultBool(0, 1))
		Refuse(CounterBehind(series_code));
	*incarnation = ResultUuid(0, 0);
	SPI_freetuptable(SPI_tuptable);
}

/* The next range that is not empty and not locked by others, locked: its newest version. */
static bool
NextUnlocked(SysScanDesc scan, Relation relation, Snapshot snapshot, TupleTableSlot *slot, OrdinalRun *range)
{
	HeapTuple	tuple;

	while ((tuple = systable_getnext(scan)) != NULL)
	{
		TM_FailureData failure;
		bool		is_null;

		CHECK_FOR_INTERRUPTS();
		if (table_tuple_lock(relation, &tuple->t_self, snapshot, slot, GetCurrentCommandId(false),
							 LockTupleNoKeyExclusive, LockWaitSkip, TUPLE_LOCK_FLAG_FIND_LAST_VERSION,
							 &failure) != TM_Ok)
			continue;
		range->first = DatumGetInt64(slot_getattr(slot, FIRST_ORDINAL, &is_null));
		range->end = DatumGetInt64(slot_getattr(slot, END_ORDINAL, &is_null));
		if (range->first < range->end)
			return true;
	}
	return false;
}

/* As TakeFirstOfRange() for one, of the row in the slot; who wrote what is left. */
static void
TakeFirst(Relation relation, TupleTableSlot *slot, const OrdinalRun *range)
{
	HeapTuple	tuple = ExecFetchSlotHeapTuple(slot, false, NULL);
	HeapTuple	shrunk;

	if (range->first + 1 == range->end)
		simple_heap_delete(relation, &slot->tts_tid);
	else
	{
		shrunk = heap_modify_tuple_by_cols(tuple, RelationGetDescr(relation), 1, (int[]) {FIRST_ORDINAL},
										   (Datum[]) {Int64GetDatum(range->first + 1)}, (bool[]) {false});
		CatalogTupleUpdate(relation, &slot->tts_tid, shrunk);
		heap_freetuple(shrunk);
	}
	CommandCounterIncrement();
}

/*
 * The index by which ranges can be taken by hand, if they can: the primary key
 * where it is the only one. Others may be of expressions, or partial.
 */
static Oid
IndexForHand(Relation relation)
{
	List	   *indexes = RelationGetIndexList(relation);
	bool		is_only = list_length(indexes) == 1 && linitial_oid(indexes) == relation->rd_pkindex;

	list_free(indexes);
	return is_only && IsPlainHeap(relation) ? relation->rd_pkindex : InvalidOid;
}

/* From the range that this backend used last on, or of any. */
static bool
LockRange(Relation relation, Oid index, const char *series_code, TupleTableSlot *slot, OrdinalRun *range)
{
	Snapshot	snapshot = RegisterSnapshot(GetLatestSnapshot());
	bool		is_known = strcmp(used.series_code, series_code) == 0;
	bool		found = false;

	for (int64 from = is_known ? used.end : 0; !found; from = 0)
	{
		ScanKeyData keys[2];
		SysScanDesc scan;

		ScanKeyInit(&keys[0], SERIES_CODE, BTEqualStrategyNumber, F_TEXTEQ, CStringGetTextDatum(series_code));
		ScanKeyInit(&keys[1], END_ORDINAL, BTGreaterEqualStrategyNumber, F_INT8GE, Int64GetDatum(from));
		scan = systable_beginscan(relation, index, true, snapshot, lengthof(keys), keys);
		found = NextUnlocked(scan, relation, snapshot, slot, range);
		systable_endscan(scan);
		if (from == 0)
			break;
	}
	UnregisterSnapshot(snapshot);
	return found;
}

bool
IsTakenByHand(void)
{
	Relation	relation = table_open(CardgenTable("free_range"), AccessShareLock);
	bool		is_taken = OidIsValid(IndexForHand(relation));

	table_close(relation, NoLock);
	return is_taken;
}

/*
 * By hand rather than by a query: this is what sessions side by side do for
 * every card, and a query costs several times as much.
 */
bool
TakeFromFreeRange(const char *series_code, int64 *ordinal, pg_uuid_t *incarnation)
{
	Relation	relation = table_open(CardgenTable("free_range"), RowExclusiveLock);
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	OrdinalRun	range;
	Oid			index = IndexForHand(relation);
	bool		found = OidIsValid(index) && LockRange(relation, index, series_code, slot, &range);

	if (found)
	{
		TransactionId writer = HeapTupleHeaderGetXmin(ExecFetchSlotHeapTuple(slot, false, NULL)->t_data);

		*ordinal = range.first;
		*incarnation = used.incarnation;
		if (strcmp(used.series_code, series_code) != 0 || used.end != range.end || used.xid != writer)
			CheckRange(series_code, &range, incarnation);
		TakeFirst(relation, slot, &range);
		strlcpy(used.series_code, series_code, sizeof(used.series_code));
		used.end = range.end;
		used.xid = GetCurrentTransactionId();
		used.incarnation = *incarnation;
	}
	ExecDropSingleTupleTableSlot(slot);
	table_close(relation, NoLock);
	return found;
}

bool
HasFreeRange(const char *series_code)
{
	return RunQuery(&any_range, (NullableDatum[]) {TextArgument(series_code)}) > 0;
}

bool
AwaitFreeRange(const char *series_code, int64 *ordinal, pg_uuid_t *incarnation)
{
	NullableDatum code = TextArgument(series_code);
	OrdinalRun	range;

	while (RunQuery(&await_range, &code) == 0)
	{
		CHECK_FOR_INTERRUPTS();
		if (!HasFreeRange(series_code))
			return false;
	}
	range = (OrdinalRun) {.first = ResultInt8(0, 0), .end = ResultInt8(0, 1)};
	CheckRange(series_code, &range, incarnation);
	TakeFirstOfRange(series_code, &range, 1);
	*ordinal = range.first;
	return true;
}
