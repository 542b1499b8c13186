/*
 * Ordinals whose numbers come by import: the series never generates them.
 */
#include "reserved.h"

#include "access/genam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "bulk_insert.h"
#include "catalog/namespace.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#define DELETE_STEP 10000

static PreparedQuery insert_reserved = {
	"INSERT INTO cardgen.reserved_range (series_code, first_ordinal, end_ordinal) VALUES ($1, $2, $3)",
	3, {TEXTOID, INT8OID, INT8OID}
};

static const BulkTable reserved_range = {
	"reserved_range", &insert_reserved, 3, {"series_code", "first_ordinal", "end_ordinal"}
};

static PreparedQuery delete_reserved = {
	"DELETE FROM cardgen.reserved_range WHERE series_code = $1 AND first_ordinal = ANY ($2)",
	2, {TEXTOID, INT8ARRAYOID}
};

/*
 * The ranges that there are, looked up through the primary key: a query for
 * each of a hundred thousand ordinals would take longer than all the rest.
 */
typedef struct Lookup
{
	Relation	table;
	Relation	index;
	Snapshot	snapshot;
	IndexScanDesc scan;
	TupleTableSlot *row;
	ScanKeyData keys[2];
} Lookup;

static void
BeginLookup(Lookup *lookup, const char *series_code)
{
	Oid			index;

	lookup->table = table_open(get_relname_relid("reserved_range", get_namespace_oid("cardgen", false)),
							   RowExclusiveLock);
	(void) RelationGetIndexList(lookup->table);
	index = lookup->table->rd_pkindex;
	if (!OidIsValid(index))
		elog(ERROR, "cardgen.reserved_range has no primary key");
	lookup->index = index_open(index, AccessShareLock);
	lookup->snapshot = RegisterSnapshot(GetLatestSnapshot());
	lookup->row = table_slot_create(lookup->table, NULL);
	lookup->scan = BeginIndexScan(lookup->table, lookup->index, lookup->snapshot, lengthof(lookup->keys));
	ScanKeyEntryInitialize(&lookup->keys[0], 0, 1, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID,
						   F_TEXTEQ, CStringGetTextDatum(series_code));
}

static void
EndLookup(Lookup *lookup)
{
	index_endscan(lookup->scan);
	ExecDropSingleTupleTableSlot(lookup->row);
	UnregisterSnapshot(lookup->snapshot);
	index_close(lookup->index, AccessShareLock);
	table_close(lookup->table, NoLock);
}

static bool
NextRange(Lookup *lookup, OrdinalRun *range)
{
	bool		is_null;

	if (!index_getnext_slot(lookup->scan, BackwardScanDirection, lookup->row))
		return false;
	range->first = DatumGetInt64(slot_getattr(lookup->row, 2, &is_null));
	range->end = DatumGetInt64(slot_getattr(lookup->row, 3, &is_null));
	return true;
}

/*
 * Widens a run by the ranges that it overlaps or touches, and adds their starts
 * to those that are replaced; false where one range has all of it already.
 */
static bool
Widen(Lookup *lookup, OrdinalRun *run, Ordinals *replaced)
{
	OrdinalRun	given = *run;
	OrdinalRun	range;

	ScanKeyInit(&lookup->keys[1], 2, BTLessEqualStrategyNumber, F_INT8LE, Int64GetDatum(given.end));
	index_rescan(lookup->scan, lookup->keys, lengthof(lookup->keys), NULL, 0);
	while (NextRange(lookup, &range) && range.end >= given.first)
	{
		if (range.first <= given.first && range.end >= given.end)
			return false;
		run->first = Min(run->first, range.first);
		run->end = Max(run->end, range.end);
		AppendRange(replaced, range.first, range.end);
	}
	return true;
}

/* What is to be stored for the ordinals from the counter on: each with its neighbours a run. */
static void
MergeRanges(const char *series_code, int64 next_ordinal, const Ordinals *imported,
			Ordinals *merged, Ordinals *replaced)
{
	Lookup		lookup;

	BeginLookup(&lookup, series_code);
	for (int i = 0; i < imported->run_count; i++)
	{
		OrdinalRun	run = imported->runs[i];
		int64		behind = merged->run_count == 0 ? 0 : merged->runs[merged->run_count - 1].end;

		CHECK_FOR_INTERRUPTS();
		run.first = Max(run.first, next_ordinal);
		if (run.first < run.end && Widen(&lookup, &run, replaced))
			AppendRun(merged, Max(run.first, behind), Max(run.end, behind));
	}
	EndLookup(&lookup);
}

static void
DeleteRanges(const char *series_code, const Ordinals *ranges)
{
	Datum	   *starts = palloc_array(Datum, DELETE_STEP);

	for (int i = 0; i < ranges->run_count;)
	{
		int			count = 0;

		while (count < DELETE_STEP && i < ranges->run_count)
			starts[count++] = Int64GetDatum(ranges->runs[i++].first);
		RunQuery(&delete_reserved, (NullableDatum[]) {
				TextArgument(series_code), ArrayOf(INT8OID, starts, NULL, count)});
	}
	pfree(starts);
}

static void
InsertRanges(const char *series_code, const Ordinals *ranges, int from)
{
	BulkInsert *insert = BeginBulkInsert(&reserved_range);
	NullableDatum code = TextArgument(series_code);

	for (int i = from; i < ranges->run_count; i++)
		BulkInsertRow(insert, (NullableDatum[]) {
				code, Int8Argument(ranges->runs[i].first), Int8Argument(ranges->runs[i].end)});
	EndBulkInsert(insert);
}

/* How many of the ordinals were in free ranges. */
static int64
TakeOutOfRanges(const Series *series, const Ordinals *free_ranges, const Ordinals *imported)
{
	int64		taken = 0;
	int			next = 0;		/* run that may reach into the range */

	for (int i = 0; i < free_ranges->run_count; i++)
	{
		const OrdinalRun *range = &free_ranges->runs[i];
		int64		position = range->first;
		Ordinals	kept;

		InitOrdinals(&kept);
		while (next < imported->run_count && imported->runs[next].end <= range->first)
			next++;
		for (int k = next; k < imported->run_count && imported->runs[k].first < range->end; k++)
		{
			AppendRun(&kept, position, Max(position, imported->runs[k].first));
			position = Min(imported->runs[k].end, range->end);
		}
		AppendRun(&kept, position, range->end);
		if (kept.count < range->end - range->first)
			TakeOutOfRange(series, range, &kept);
		taken += range->end - range->first - kept.count;
	}
	return taken;
}

void
ReserveOrdinals(const Series *series, const Counter *counter, const Ordinals *free_ranges,
				const Ordinals *imported)
{
	int64		passed_over = TakeOutOfRanges(series, free_ranges, imported);
	int64		position = counter->next_ordinal;
	int			from = 0;
	Ordinals	merged;
	Ordinals	replaced;

	InitOrdinals(&merged);
	InitOrdinals(&replaced);
	MergeRanges(series->code, counter->next_ordinal, imported, &merged, &replaced);
	DeleteRanges(series->code, &replaced);
	if (merged.run_count > 0 && merged.runs[0].first == position)
	{
		position = merged.runs[0].end;
		passed_over += merged.runs[0].end - merged.runs[0].first;
		from = 1;
	}
	InsertRanges(series->code, &merged, from);
	PassOver(series, position, passed_over);
}
