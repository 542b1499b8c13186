#include "counter.h"

#include "catalog/pg_type.h"
#include "query.h"

static PreparedQuery lock_counter = {
	"SELECT next_ordinal FROM cardgen.series_counter WHERE series_code = $1 FOR NO KEY UPDATE",
	1, {TEXTOID}
};

static PreparedQuery advance_counter = {
	"UPDATE cardgen.series_counter SET next_ordinal = next_ordinal + $2 WHERE series_code = $1",
	2, {TEXTOID, INT8OID}
};

static PreparedQuery read_counter = {
	"SELECT next_ordinal FROM cardgen.series_counter WHERE series_code = $1",
	1, {TEXTOID}
};

int64
LockCounter(const char *series_code)
{
	if (RunQuery(&lock_counter, (NullableDatum[]) {TextArgument(series_code)}) == 0)
		ReportUnknownSeries(series_code);
	return ResultInt8(0, 0);
}

void
CheckRemaining(const Series *series, int64 next_ordinal, int64 count)
{
	int64		remaining = series->capacity - next_ordinal;

	if (count > remaining)
		ereport(ERROR,
				(errcode(ERRCODE_SEQUENCE_GENERATOR_LIMIT_EXCEEDED),
				 errmsg_plural("card series \"%s\" has only " INT64_FORMAT " number left",
							   "card series \"%s\" has only " INT64_FORMAT " numbers left",
							   (unsigned long) remaining, series->code, remaining),
				 errdetail(INT64_FORMAT " were asked for; the format has " INT64_FORMAT " in all.",
						   count, series->capacity),
				 errhint("Create a series with a greater length or another prefix.")));
}

void
AdvanceCounter(const Series *series, int64 next_ordinal, int64 count)
{
	CheckRemaining(series, next_ordinal, count);
	RunQuery(&advance_counter, (NullableDatum[]) {TextArgument(series->code), Int8Argument(count)});
}

int64
ReadCounter(const char *series_code)
{
	return ReadQuery(&read_counter, (NullableDatum[]) {TextArgument(series_code)}) == 0 ?
		0 : ResultInt8(0, 0);
}
