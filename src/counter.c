/*
 * Which ordinals of a series have been used.
 */
#include "counter.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "cursor.h"
#include "free_range.h"
#include "ordinal_block.h"
#include "query.h"

/* So many for whoever issues while others do; of a small series fewer. */
#define RANGE_MOST 1000
#define RANGE_SHARE 64

/* So many transactions of a session, and so many series of which it is noticed. */
#define OFTEN 64
#define SERIES_IN_TURN 16

#define RESERVED_STEP 1000

/* Does the last batch end behind a place? Then the counter is from an older backup than it. */
#define LAST_BATCH(place, question) \
	"coalesce((SELECT coalesce(" question ") FROM cardgen.batch b WHERE b.series_code = $1 AND b.first_ordinal " place \
	" ORDER BY b.first_ordinal DESC LIMIT 1), false)"

#define IS_BEHIND(next) \
	LAST_BATCH("IS NOT NULL", "upper(b.ordinals) > " next ", b.first_ordinal > " next " - b.card_count")

static PreparedQuery lock_counter = {
	"SELECT c.next_ordinal, c.incarnation, " IS_BEHIND("c.next_ordinal")
	" FROM cardgen.series_counter c WHERE c.series_code = $1 FOR NO KEY UPDATE",
	1, {TEXTOID}
};

static PreparedQuery move_counter = {
	"UPDATE cardgen.series_counter SET next_ordinal = $2, passed_over = passed_over + $3 WHERE series_code = $1",
	3, {TEXTOID, INT8OID, INT8OID}
};

/* The id stays when the batch has gone, so that no other batch gets it. */
static PreparedQuery number_batch = {
	"UPDATE cardgen.series_counter SET next_ordinal = $2, passed_over = passed_over + $3,"
	" last_batch_id = pg_catalog.nextval('cardgen.batch_id_seq') WHERE series_code = $1"
	" RETURNING last_batch_id, EXISTS (SELECT FROM cardgen.batch b WHERE b.batch_id = last_batch_id)",
	3, {TEXTOID, INT8OID, INT8OID}
};

/*
 * Nothing where the counter is locked or at the end, nor where it has been
 * changed since the snapshot: ordinals can have been reserved with it.
 */
static PreparedQuery take_from_counter = {
	"UPDATE cardgen.series_counter c SET next_ordinal = c.next_ordinal + 1"
	" WHERE c.series_code = (SELECT l.series_code FROM cardgen.series_counter l"
	"  WHERE l.series_code = $1 AND l.next_ordinal < $2 AND NOT " IS_BEHIND("l.next_ordinal")
	"  AND l.ctid = (SELECT s.ctid FROM cardgen.series_counter s WHERE s.series_code = $1)"
	"  FOR NO KEY UPDATE SKIP LOCKED)"
	" RETURNING next_ordinal - 1, incarnation, EXISTS (SELECT FROM cardgen.reserved_range r"
	"  WHERE r.series_code = $1 AND r.first_ordinal = c.next_ordinal)",
	2, {TEXTOID, INT8OID}
};

static PreparedQuery read_reserved = {
	"SELECT first_ordinal, end_ordinal FROM cardgen.reserved_range"
	" WHERE series_code = $1 AND first_ordinal >= $2 ORDER BY first_ordinal LIMIT $3",
	3, {TEXTOID, INT8OID, INT4OID}
};

static PreparedQuery delete_reserved = {
	"DELETE FROM cardgen.reserved_range WHERE series_code = $1 AND first_ordinal BETWEEN $2 AND $3",
	3, {TEXTOID, INT8OID, INT8OID}
};

static PreparedQuery count_remaining = {
	"SELECT least(9223372036854775807, $2 - c.next_ordinal"
	" + (SELECT coalesce(sum(end_ordinal - first_ordinal), 0) FROM cardgen.free_range WHERE series_code = $1)"
	" - (SELECT coalesce(sum(end_ordinal - first_ordinal), 0) FROM cardgen.reserved_range WHERE series_code = $1))::bigint"
	" FROM cardgen.series_counter c WHERE c.series_code = $1",
	2, {TEXTOID, INT8OID}
};

static PreparedQuery read_use = {
	"SELECT c.incarnation, $2 < c.next_ordinal AND NOT coalesce((SELECT f.first_ordinal <= $2"
	"  FROM cardgen.free_range f WHERE f.series_code = $1 AND f.end_ordinal > $2 ORDER BY f.end_ordinal LIMIT 1), false)"
	" FROM cardgen.series_counter c WHERE c.series_code = $1",
	2, {TEXTOID, INT8OID}
};

/* Why a transaction that keeps its snapshot, or any, finds no counter. */
static Refusal *
NoCounter(const char *series_code)
{
	if (!ReadSeriesOfCode(series_code))
		return UnknownSeries(series_code);
	return ReadLatest(&read_use, (NullableDatum[]) {TextArgument(series_code), Int8Argument(0)}) > 0 ?
		ConcurrentChange("the card series") : SeriesIncomplete(series_code);
}

void
LockCounter(const char *series_code, Counter *counter)
{
	NullableDatum code = TextArgument(series_code);

	ReturnBlock(series_code);
	if (RunQuery(&lock_counter, &code) == 0)
		Refuse(NoCounter(series_code));
	counter->next_ordinal = ResultInt8(0, 0);
	counter->incarnation = ResultUuid(0, 1);
	counter->is_behind = ResultBool(0, 2);
}

Series *
LockSeries(const char *series_code, Configuration **configuration, Counter *counter)
{
	LockCounter(series_code, counter);
	*configuration = UseConfiguration();
	return CurrentSeries(configuration, series_code, &counter->incarnation);
}

/* What a walk ahead from the counter has come to. */
typedef struct Walk
{
	int64		from;
	int64		position;
	int64		passed_over;
	uint64		range_count;	/* that it has passed over */
} Walk;

/*
 * Appends up to count ordinals from the counter on, less the reserved ones,
 * and passes over those that follow: the counter never rests on one. In an
 * older snapshot a table that was rewritten since is empty.
 */
static Walk
WalkAhead(const Series *series, int64 from, int64 count, Ordinals *taken)
{
	Walk		walk = {.from = from, .position = from};
	int64		searched = from;
	uint64		found;

	if (from < 0)
		Refuse(CounterBroken(series->code));

	do
	{
		found = ReadLatest(&read_reserved, (NullableDatum[]) {
				TextArgument(series->code), Int8Argument(searched), Int4Argument(RESERVED_STEP)});
		for (uint64 i = 0; i <= found; i++)
		{
			bool		is_last = i == found;
			int64		reserved = is_last ? series->capacity : ResultInt8(i, 0);
			int64		wanted;

			if (is_last && found == RESERVED_STEP)
				break;
			if (reserved < walk.position)
				Refuse(CounterBroken(series->code));
			wanted = Min(count, reserved - walk.position);
			AppendRun(taken, walk.position, walk.position + wanted);
			walk.position += wanted;
			count -= wanted;
			if (is_last || walk.position < reserved)
				return walk;
			walk.position = searched = ResultInt8(i, 1);
			walk.passed_over += walk.position - reserved;
			walk.range_count++;
		}
		SPI_freetuptable(SPI_tuptable);
	} while (found == RESERVED_STEP);
	return walk;
}

/*
 * From the counter where it has enough ahead, otherwise the lowest ones there
 * are: those of free ranges, then from the counter.
 */
static Walk
Take(const Series *series, const Counter *counter, int64 count, Ordinals *taken)
{
	pg_uuid_t	incarnation;
	Walk		walk;

	if (counter->is_behind)
		Refuse(CounterBehind(series->code));
	InitOrdinals(taken);
	walk = WalkAhead(series, counter->next_ordinal, count, taken);
	if (taken->count < count)
	{
		Ordinals	ranges = LockRanges(series);

		InitOrdinals(taken);
		for (int i = 0; i < ranges.run_count; i++)
		{
			const OrdinalRun *range = &ranges.runs[i];
			int64		wanted = Min(count - taken->count, range->end - range->first);

			if (wanted == 0)
				break;
			CheckRange(series->code, range, &incarnation);
			AppendRun(taken, range->first, range->first + wanted);
			TakeFirstOfRange(series->code, range, wanted);
		}
		walk = WalkAhead(series, counter->next_ordinal, count - taken->count, taken);
	}
	return walk;
}

void
DeleteReserved(const char *series_code, int64 first, int64 last, uint64 count)
{
	if (RunLatest(&delete_reserved, (NullableDatum[]) {
				TextArgument(series_code), Int8Argument(first), Int8Argument(last)}) < count)
		Refuse(WriteSuppressed("reserved_range"));
}

/*
 * Moves the counter on; the id of a batch where it is for one. Also where it
 * stays: the row's new version tells others that something was reserved.
 */
static int32
MoveCounter(const Series *series, Walk walk, bool is_batch)
{
	NullableDatum code = TextArgument(series->code);
	NullableDatum position = Int8Argument(walk.position);

	if (walk.range_count > 0)
		DeleteReserved(series->code, walk.from, walk.position, walk.range_count);
	WriteRow(is_batch ? &number_batch : &move_counter,
			 (NullableDatum[]) {code, position, Int8Argument(walk.passed_over)}, "series_counter");
	if (!is_batch)
		return 0;
	if (ResultBool(0, 1))
		Refuse(BatchIdsBehind(ResultInt4(0, 0)));
	return ResultInt4(0, 0);
}

int32
TakeBatch(const Series *series, const Counter *counter, int64 count, Ordinals *taken)
{
	Walk		walk = Take(series, counter, count, taken);

	if (taken->count < count)
		Refuse(SeriesExhausted(series->code, taken->count, count, series->capacity));
	return MoveCounter(series, walk, true);
}

void
PassOver(const Series *series, const Counter *counter, int64 below)
{
	Ordinals	none;
	Walk		walk;

	InitOrdinals(&none);
	walk = WalkAhead(series, counter->next_ordinal, 0, &none);
	walk.passed_over += below;
	MoveCounter(series, walk, false);
}

void
TakeOrdinals(const Series *series, const Counter *counter, int64 count, Ordinals *taken)
{
	Walk		walk;

	TieCursorToTransaction();
	InitOrdinals(taken);
	if (count == 0)
		return;
	walk = Take(series, counter, count, taken);
	if (walk.position > counter->next_ordinal)
		MoveCounter(series, walk, false);
}

void
SkipOrdinals(const Series *series, const Counter *counter, int64 count)
{
	int64		remaining = RemainingOrdinals(series);
	Ordinals	ranges = LockRanges(series);
	Ordinals	skipped;

	if (count > remaining)
		Refuse(SeriesExhausted(series->code, remaining, count, series->capacity));
	for (int i = 0; i < ranges.run_count; i++)
		TakeFirstOfRange(series->code, &ranges.runs[i],
						 Min(count, ranges.runs[i].end - ranges.runs[i].first));
	InitOrdinals(&skipped);
	MoveCounter(series, WalkAhead(series, counter->next_ordinal, count, &skipped), false);
}

static bool
ResultOrdinal(const char *series_code, uint64 found, int64 *ordinal, pg_uuid_t *incarnation)
{
	NullableDatum of_counter;

	if (found == 0)
		return false;
	of_counter = ResultColumn(0, 1);
	if (of_counter.isnull)
		Refuse(SeriesIncomplete(series_code));
	*ordinal = ResultInt8(0, 0);
	*incarnation = *DatumGetUUIDP(of_counter.value);
	return true;
}

static bool
TakeOneFromCounter(const Series *series, int64 *ordinal, pg_uuid_t *incarnation)
{
	Ordinals	none;
	Walk		walk;

	if (!ResultOrdinal(series->code, RunQuery(&take_from_counter, (NullableDatum[]) {
				TextArgument(series->code), Int8Argument(series->capacity)}), ordinal, incarnation))
		return false;
	if (ResultBool(0, 2) || IsolationUsesXactSnapshot())
	{
		InitOrdinals(&none);
		walk = WalkAhead(series, *ordinal + 1, 0, &none);
		if (walk.passed_over > 0)
			MoveCounter(series, walk, false);
	}
	return true;
}

/*
 * While an old snapshot is open, a backup's or a report's, every version that
 * the counter's row has had since is walked over by the next transaction. So a
 * session whose transactions keep taking one moves the counter seldom instead.
 * Where others are at work there are ranges, and this need not wait for the
 * counter.
 */
static bool
TakesOften(const char *series_code)
{
	static struct
	{
		char		series_code[SERIES_CODE_SIZE];
		TimestampTz transaction;
		int			count;
	}			noticed[SERIES_IN_TURN];
	uint32		place = string_hash(series_code, SERIES_CODE_SIZE) % SERIES_IN_TURN;

	if (strcmp(noticed[place].series_code, series_code) != 0)
	{
		memset(&noticed[place], 0, sizeof(noticed[place]));
		strlcpy(noticed[place].series_code, series_code, SERIES_CODE_SIZE);
	}
	if (noticed[place].count < OFTEN && noticed[place].transaction != GetCurrentTransactionStartTimestamp())
	{
		noticed[place].transaction = GetCurrentTransactionStartTimestamp();
		noticed[place].count++;
	}
	return noticed[place].count == OFTEN;
}

/*
 * With the counter locked. Where others are at work, for whom this may have
 * waited, or the next transactions of this session are to come, they find the
 * rest of what is taken here in a free range, if they can take from one.
 */
static int64
TakeWithCounter(const Series *series, const Counter *counter, int64 block_size, pg_uuid_t *incarnation)
{
	int64		ahead = series->capacity - counter->next_ordinal;
	int64		wanted = block_size > 1 ? block_size :
		IsTakenByHand() ? Max(1, Min(ahead / RANGE_SHARE, RANGE_MOST)) : 1;
	Ordinals	taken;
	Walk		walk;
	int64		ordinal;
	int64		end;

	if (counter->is_behind)
		Refuse(CounterBehind(series->code));
	InitOrdinals(&taken);
	walk = WalkAhead(series, counter->next_ordinal, wanted, &taken);
	if (taken.count == 0)
	{
		/* The last ones are in ranges that others are using: whoever waits may get one. */
		if (!AwaitFreeRange(series->code, &ordinal, incarnation))
			Refuse(SeriesExhausted(series->code, 0, 1, series->capacity));
		return ordinal;
	}
	ordinal = taken.runs[0].first;
	end = taken.runs[0].end;
	if (taken.run_count > 1)
	{
		InitOrdinals(&taken);
		walk = WalkAhead(series, ordinal, end - ordinal, &taken);
	}
	MoveCounter(series, walk, false);
	if (block_size > 1)
		KeepBlock(series->code, incarnation, ordinal + 1, end);
	else if (ordinal + 1 < end)
		AddFreeRange(series->code, ordinal + 1, end);
	return ordinal;
}

int64
TakeOrdinal(const char *series_code, Configuration **configuration, Series **series)
{
	pg_uuid_t	incarnation;
	int64		block_size;
	int64		ordinal;
	Counter		counter;

	TieCursorToTransaction();
	if (!NextOfBlock(series_code, &ordinal, &incarnation))
	{
		*series = RequireSeries(*configuration, series_code);
		Require(CheckGenerates(*series));
		block_size = SizeOfNextBlock(series_code);
		if (block_size > 1 ||
			(!TakeFromFreeRange(series_code, &ordinal, &incarnation) &&
			 ((TakesOften(series_code) && !HasFreeRange(series_code)) ||
			  !TakeOneFromCounter(*series, &ordinal, &incarnation))))
		{
			*series = LockSeries(series_code, configuration, &counter);
			incarnation = counter.incarnation;
			Require(CheckGenerates(*series));
			ordinal = TakeWithCounter(*series, &counter, block_size, &incarnation);
		}
	}
	/* From now on the series can't be dropped. What is decided is decided by what it is now. */
	*configuration = UseConfiguration();
	*series = CurrentSeries(configuration, series_code, &incarnation);
	Require(CheckGenerates(*series));
	if (ordinal < 0)
		Refuse(CounterBroken(series_code));
	if (ordinal >= (*series)->capacity)
		Refuse(ConcurrentChange("the card series"));
	return ordinal;
}

int64
RemainingOrdinals(const Series *series)
{
	ReturnBlock(series->code);
	return ReadLatest(&count_remaining, (NullableDatum[]) {
			TextArgument(series->code), Int8Argument(series->capacity)}) == 0 ? 0 : ResultInt8(0, 0);
}

bool
IsOrdinalUsed(const char *series_code, int64 ordinal, pg_uuid_t *incarnation)
{
	NullableDatum arguments[] = {TextArgument(series_code), Int8Argument(ordinal)};
	bool		is_newer = ReadQuery(&read_use, arguments) == 0;
	bool		is_used;

	if (is_newer && ReadLatest(&read_use, arguments) == 0)
		Refuse(SeriesIncomplete(series_code));
	*incarnation = ResultUuid(0, 0);
	is_used = !is_newer && ResultBool(0, 1);
	SPI_freetuptable(SPI_tuptable);
	return is_used;
}
