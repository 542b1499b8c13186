/*
 * The library's entry: its settings, and times by them.
 */
#include "cardgen.h"

#include <limits.h>

#include "compat.h"
#include "fmgr.h"
#include "key_command.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

PG_MODULE_MAGIC;

int			max_cards_per_call = 100000;
int			max_active_cards_per_customer = 0;
bool		count_only_active = false;

static char *batch_retention_text = NULL;

/* What the check of cardgen.batch_retention leaves for its use. */
typedef struct Retention
{
	bool		is_infinite;
	Interval	interval;
} Retention;

static const Retention *batch_retention = NULL;

/* PostgreSQL declares it from version 16 on. */
extern PGDLLEXPORT void _PG_init(void);

bool
IsPositiveInterval(const Interval *interval)
{
	Interval	zero = {0};

	/* Parts that make up for each other must not lead out of all time on the way. */
	if (interval->month < -1000 * MONTHS_PER_YEAR ||
		interval->day < -1000 * 365 ||
		interval->time < -1000 * 365 * USECS_PER_DAY)
		return false;
	return DatumGetBool(DirectFunctionCall2(interval_gt, IntervalPGetDatum(interval),
											IntervalPGetDatum(&zero)));
}

TimestampTz
ReadableTime(TimestampTz time)
{
	return time >= END_OF_READABLE_DAYS * USECS_PER_DAY ? DT_NOEND : time;
}

NullableDatum
EndArgument(TimestampTz end)
{
	return (NullableDatum) {
		.value = TimestampTzGetDatum(end),
		.isnull = ReadableTime(end) == DT_NOEND
	};
}

TimestampTz
AddRetention(TimestampTz from, const Interval *retention)
{
	/* No month is longer; PostgreSQL 15 and 16 have no infinite interval. */
	int64		day_count = (int64) retention->month * 31 + retention->day +
		retention->time / USECS_PER_DAY;

	if (day_count >= INT64CONST(10000) * 365)
		return DT_NOEND;
	return ReadableTime(DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval,
																TimestampTzGetDatum(from),
																IntervalPGetDatum(retention))));
}

TimestampTz
DefaultBatchExpiry(TimestampTz generated_on)
{
	return batch_retention->is_infinite ? DT_NOEND :
		AddRetention(generated_on, &batch_retention->interval);
}

/* The input function is the only reader of intervals, and reports by error. */
static bool
ReadInterval(const char *text, Interval *interval)
{
	MemoryContext context = CurrentMemoryContext;
	volatile bool is_valid = true;

	PG_TRY();
	{
		*interval = *DatumGetIntervalP(DirectFunctionCall3(interval_in, CStringGetDatum(text),
														   ObjectIdGetDatum(InvalidOid),
														   Int32GetDatum(-1)));
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		FlushErrorState();
		is_valid = false;
	}
	PG_END_TRY();
	return is_valid;
}

static bool
CheckBatchRetention(char **value, void **extra, GucSource source)
{
	Retention	read = {0};
	Retention  *kept;

	read.is_infinite = pg_strcasecmp(*value, "infinity") == 0;
	if (!read.is_infinite)
	{
		if (!ReadInterval(*value, &read.interval))
		{
			GUC_check_errdetail("It is not an interval.");
			GUC_check_errhint("Give an interval such as \"30d\" or \"3 months\", or \"infinity\".");
			return false;
		}
		if (!IsPositiveInterval(&read.interval))
		{
			GUC_check_errdetail("The interval must be positive.");
			return false;
		}
	}

	kept = AllocateForSetting(sizeof(Retention));
	if (kept == NULL)
		return false;
	*kept = read;
	*extra = kept;
	return true;
}

static void
AssignBatchRetention(const char *value, void *extra)
{
	batch_retention = extra;
}

void
_PG_init(void)
{
	DefineCustomIntVariable("cardgen.max_cards_per_call",
							"Sets the largest number of cards of one call.",
							NULL, &max_cards_per_call,
							100000, 1, INT_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomStringVariable("cardgen.batch_retention",
							   "Sets how long generated numbers are kept.",
							   "An interval, or \"infinity\". A series can have its own.",
							   &batch_retention_text,
							   "30d", PGC_SUSET, 0,
							   CheckBatchRetention, AssignBatchRetention, NULL);
	DefineCustomIntVariable("cardgen.max_active_cards_per_customer",
							"Sets how many cards of all series a customer may hold.",
							"Zero means no limit.", &max_active_cards_per_customer,
							0, 0, INT_MAX, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomBoolVariable("cardgen.count_only_active",
							 "Counts only active cards against a customer's limits.",
							 "Off, active, suspended and issued cards count.", &count_only_active,
							 false, PGC_SUSET, 0, NULL, NULL, NULL);
	DefineKeyCommands();
	MarkGUCPrefixReserved("cardgen");
}
