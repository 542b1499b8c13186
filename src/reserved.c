/*
 * Ordinals whose numbers come by import: the series never generates them.
 */
#include "reserved.h"

#include "bulk_insert.h"
#include "catalog/pg_type.h"
#include "free_range.h"
#include "miscadmin.h"
#include "query.h"

#define RANGE_STEP 10000

static PreparedQuery insert_reserved = {
	"INSERT INTO cardgen.reserved_range (series_code, first_ordinal, end_ordinal) VALUES ($1, $2, $3)",
	3, {TEXTOID, INT8OID, INT8OID}
};

static const BulkTable reserved_range = {
	"reserved_range", &insert_reserved, 3, {"series_code", "first_ordinal", "end_ordinal"}
};

/* The last one that begins below an ordinal may reach it. */
static PreparedQuery find_start = {
	"SELECT coalesce((SELECT first_ordinal FROM cardgen.reserved_range"
	" WHERE series_code = $1 AND first_ordinal < $2 ORDER BY first_ordinal DESC LIMIT 1), $2)",
	2, {TEXTOID, INT8OID}
};

static PreparedQuery read_ranges = {
	"SELECT first_ordinal, end_ordinal FROM cardgen.reserved_range"
	" WHERE series_code = $1 AND first_ordinal BETWEEN $2 AND $3 ORDER BY first_ordinal LIMIT $4",
	4, {TEXTOID, INT8OID, INT8OID, INT4OID}
};

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

/* Leaves of the runs what is ahead of a position. */
static void
KeepAhead(Ordinals *runs, int64 position)
{
	int			count = runs->run_count;

	runs->run_count = 0;
	runs->count = 0;
	for (int i = 0; i < count; i++)
		AppendRun(runs, Max(runs->runs[i].first, position), Max(runs->runs[i].end, position));
}

/* Widens a run by a range that it overlaps or touches. */
static bool
JoinRange(OrdinalRun *run, int64 first, int64 end)
{
	if (first > run->end || end < run->first)
		return false;
	run->first = Min(run->first, first);
	run->end = Max(run->end, end);
	return true;
}

/* Ranges that have been joined to runs and lie next to each other. */
typedef struct Joined
{
	const char *series_code;
	int64		first;			/* start of the first one */
	int64		last;			/* and of the last one */
	uint64		count;
} Joined;

static void
DeleteJoined(Joined *joined)
{
	if (joined->count > 0)
		DeleteReserved(joined->series_code, joined->first, joined->last, joined->count);
	joined->count = 0;
}

static void
AddJoined(Joined *joined, int64 first)
{
	if (joined->count++ == 0)
		joined->first = first;
	joined->last = first;
}

/* The next ranges that begin at a position or behind it; how many. */
static int
ReadRanges(NullableDatum series_code, int64 position, NullableDatum end, Ordinals *ranges)
{
	uint64		found = ReadLatest(&read_ranges, (NullableDatum[]) {
			series_code, Int8Argument(position), end, Int4Argument(RANGE_STEP)});

	ranges->run_count = 0;
	for (uint64 i = 0; i < found; i++)
		AppendRange(ranges, ResultInt8(i, 0), ResultInt8(i, 1));
	SPI_freetuptable(SPI_tuptable);
	return ranges->run_count;
}

/*
 * Makes one run of each with the ranges that there are at its ends, which go:
 * a running number that comes in parts, in whatever order, ends as one range.
 */
static void
JoinRanges(const char *series_code, Ordinals *runs)
{
	NullableDatum code = TextArgument(series_code);
	NullableDatum end = Int8Argument(runs->runs[runs->run_count - 1].end);
	Joined		joined = {.series_code = series_code};
	int			next = 0;
	int64		position;
	int			found;
	Ordinals	ranges;

	(void) ReadLatest(&find_start, (NullableDatum[]) {code, Int8Argument(runs->runs[0].first)});
	position = ResultInt8(0, 0);
	InitOrdinals(&ranges);
	do
	{
		CHECK_FOR_INTERRUPTS();
		found = ReadRanges(code, position, end, &ranges);
		for (int i = 0; i < found; i++)
		{
			const OrdinalRun *range = &ranges.runs[i];
			bool		is_joined = false;

			while (next < runs->run_count && runs->runs[next].end < range->first)
				next++;
			for (int k = next; k < runs->run_count && runs->runs[k].first <= range->end; k++)
				is_joined |= JoinRange(&runs->runs[k], range->first, range->end);
			if (is_joined)
				AddJoined(&joined, range->first);
			else
				DeleteJoined(&joined);
			position = range->first + 1;
		}
	} while (found == RANGE_STEP);
	DeleteJoined(&joined);
}

static void
InsertRanges(const char *series_code, const Ordinals *runs)
{
	BulkInsert *insert = BeginBulkInsert(&reserved_range);
	NullableDatum code = TextArgument(series_code);

	for (int i = 0; i < runs->run_count;)
	{
		OrdinalRun	run = runs->runs[i++];

		while (i < runs->run_count && JoinRange(&run, runs->runs[i].first, runs->runs[i].end))
			i++;
		BulkInsertRow(insert, (NullableDatum[]) {code, Int8Argument(run.first), Int8Argument(run.end)});
	}
	EndBulkInsert(insert);
}

void
ReserveOrdinals(const Series *series, const Counter *counter, const Ordinals *free_ranges,
				Ordinals *imported)
{
	int64		taken = TakeOutOfRanges(series, free_ranges, imported);

	KeepAhead(imported, counter->next_ordinal);
	/* Those of a random series are strewn about: hardly one of them would touch another. */
	if (imported->run_count > 0 && series->format.method == METHOD_SEQUENTIAL)
		JoinRanges(series->code, imported);
	InsertRanges(series->code, imported);
	PassOver(series, counter, taken);
}
