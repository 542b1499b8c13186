/*
 * SQL run through SPI.
 */
#include "query.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "citus.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "refusal.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

static void
SetLocally(const char *setting, const char *value)
{
	(void) set_config_option(setting, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

/*
 * Citus can't plan every query without the values of its parameters, and says
 * itself where it can.
 */
static void
ChoosePlanning(PreparedQuery *query)
{
	CachedPlanSource *source = linitial(SPI_plan_get_plan_sources(query->plan));
	ListCell   *relation;

	query->is_distributed = false;
	foreach(relation, source->relationOids)
		if (IsDistributed(lfirst_oid(relation)))
			query->is_distributed = true;
	source->cursor_options = query->is_distributed ? 0 : CURSOR_OPT_GENERIC_PLAN;
}

/*
 * PostgreSQL makes a plan anew when the first temporary table of a session adds
 * a schema to the search path.
 */
static bool
HasPlan(const PreparedQuery *query, Oid temporary_schema)
{
	return query->plan != NULL && query->temporary_schema == temporary_schema &&
		SPI_plan_is_valid(query->plan);
}

/* The tables of a plan that is no longer valid may be others by now: this locks them. */
static void
Revalidate(PreparedQuery *query)
{
	CachedPlan *plan = query->is_distributed ? NULL : SPI_plan_get_cached_plan(query->plan);

	if (plan != NULL)
		ReleaseCachedPlan(plan, CurrentResourceOwner);
}

/*
 * A plan made while a table is small would read all of it, and would go on
 * doing so as the table grows. What that adds to the cost of a plan that has
 * to read a small table is no reason to compile it. Returns what EndPlanning()
 * takes, once the query has been executed.
 */
static int
BeginPlanning(PreparedQuery *query)
{
	int			settings_level = 0;
	Oid			temporary_schema;
	Oid			temporary_toast_schema;

	GetTempNamespaceState(&temporary_schema, &temporary_toast_schema);
	if (!HasPlan(query, temporary_schema))
	{
		settings_level = NewGUCNestLevel();
		SetLocally("enable_seqscan", "off");
		SetLocally("jit", "off");
	}

	if (query->plan == NULL)
	{
		SPIPlanPtr	plan = SPI_prepare_cursor(query->text, query->argument_count,
											  query->argument_types,
											  CURSOR_OPT_GENERIC_PLAN);

		if (plan == NULL)
			elog(ERROR, "could not prepare: %s: %s",
				 SPI_result_code_string(SPI_result), query->text);
		SPI_keepplan(plan);
		query->plan = plan;
	}
	else if (settings_level > 0)
		Revalidate(query);
	if (settings_level > 0)
	{
		ChoosePlanning(query);
		query->temporary_schema = temporary_schema;
	}

	/*
	 * What is asked of many shards is little of each, so a second connection
	 * would cost more than it saves. And it is only removals that change many:
	 * they have locked their batches and need not wait for each other.
	 */
	if (query->is_distributed)
	{
		if (settings_level == 0)
			settings_level = NewGUCNestLevel();
		SetLocally("citus.max_adaptive_executor_pool_size", "1");
		SetLocally("citus.enable_deadlock_prevention", "off");
	}
	else if (plan_cache_mode == PLAN_CACHE_MODE_FORCE_CUSTOM_PLAN)
	{
		if (settings_level == 0)
			settings_level = NewGUCNestLevel();
		SetLocally("plan_cache_mode", "auto");
	}
	return settings_level;
}

static void
EndPlanning(int settings_level)
{
	if (settings_level > 0)
		AtEOXact_GUC(true, settings_level);
}

static void
SplitArguments(const PreparedQuery *query, const NullableDatum *arguments,
			   Datum *values, char *nulls)
{
	for (int i = 0; i < query->argument_count; i++)
	{
		values[i] = arguments[i].value;
		nulls[i] = arguments[i].isnull ? 'n' : ' ';
	}
}

/* What the worker nodes show is as old as the first statement sent to them. */
static void
RequireLatest(const PreparedQuery *query)
{
	if (query->is_distributed && IsolationUsesXactSnapshot())
		Refuse(IsolationLevel(GetConfigOption("transaction_isolation", false, false)));
}

/*
 * Who waits for a table that is being rewritten would see none of its rows in
 * a snapshot from before. A plan that is made anew takes the locks itself.
 */
static void
LockTables(const PreparedQuery *query)
{
	CachedPlanSource *source;
	ListCell   *relation;

	if (query->plan == NULL)
		return;
	source = linitial(SPI_plan_get_plan_sources(query->plan));
	foreach(relation, source->relationOids)
		LockRelationOid(lfirst_oid(relation), AccessShareLock);
}

static uint64
Execute(PreparedQuery *query, const NullableDatum *arguments, bool read_only, bool is_latest)
{
	Datum		values[QUERY_MAX_ARGUMENTS];
	char		nulls[QUERY_MAX_ARGUMENTS];
	MemoryContext caller_context = CurrentMemoryContext;
	Snapshot	snapshot = InvalidSnapshot;
	int			settings_level;
	int			result;

	if (is_latest)
		LockTables(query);
	settings_level = BeginPlanning(query);
	if (is_latest)
	{
		RequireLatest(query);
		snapshot = GetLatestSnapshot();
	}
	SplitArguments(query, arguments, values, nulls);
	result = SPI_execute_snapshot(query->plan, values, nulls, snapshot, InvalidSnapshot,
								  read_only, true, 0);
	if (result < 0)
		elog(ERROR, "query failed: %s: %s", SPI_result_code_string(result), query->text);
	EndPlanning(settings_level);

	/* SPI leaves one of its own behind. */
	MemoryContextSwitchTo(caller_context);
	return SPI_processed;
}

uint64
RunQuery(PreparedQuery *query, const NullableDatum *arguments)
{
	return Execute(query, arguments, false, false);
}

void
WriteRow(PreparedQuery *query, const NullableDatum *arguments, const char *table)
{
	if (RunQuery(query, arguments) == 0)
		Refuse(WriteSuppressed(table));
}

uint64
ReadQuery(PreparedQuery *query, const NullableDatum *arguments)
{
	return Execute(query, arguments, true, false);
}

uint64
ReadLatest(PreparedQuery *query, const NullableDatum *arguments)
{
	return Execute(query, arguments, true, true);
}

uint64
RunLatest(PreparedQuery *query, const NullableDatum *arguments)
{
	return Execute(query, arguments, false, true);
}

Portal
OpenCursor(PreparedQuery *query, const NullableDatum *arguments, bool read_only)
{
	Datum		values[QUERY_MAX_ARGUMENTS];
	char		nulls[QUERY_MAX_ARGUMENTS];
	MemoryContext caller_context = CurrentMemoryContext;
	int			settings_level = BeginPlanning(query);
	Portal		cursor;

	SplitArguments(query, arguments, values, nulls);
	cursor = SPI_cursor_open(NULL, query->plan, values, nulls, read_only);
	EndPlanning(settings_level);
	MemoryContextSwitchTo(caller_context);
	return cursor;
}

uint64
FetchRows(Portal cursor, long count)
{
	MemoryContext caller_context = CurrentMemoryContext;

	SPI_cursor_fetch(cursor, true, count);
	MemoryContextSwitchTo(caller_context);
	return SPI_processed;
}

Oid
CardgenTable(const char *name)
{
	return get_relname_relid(name, get_namespace_oid("cardgen", false));
}

void
OpenQueries(void)
{
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
}

void
CloseQueries(void)
{
	if (SPI_finish() != SPI_OK_FINISH)
		elog(ERROR, "could not disconnect from SPI");
}

NullableDatum
DatumArgument(Datum value)
{
	return (NullableDatum) {.value = value};
}

NullableDatum
NullArgument(void)
{
	return (NullableDatum) {.isnull = true};
}

NullableDatum
TextArgument(const char *value)
{
	return value == NULL ? NullArgument() : DatumArgument(CStringGetTextDatum(value));
}

NullableDatum
Int4Argument(int32 value)
{
	return DatumArgument(Int32GetDatum(value));
}

NullableDatum
Int8Argument(int64 value)
{
	return DatumArgument(Int64GetDatum(value));
}

NullableDatum
BoolArgument(bool value)
{
	return DatumArgument(BoolGetDatum(value));
}

NullableDatum
UuidArgument(const pg_uuid_t *value)
{
	return DatumArgument(UUIDPGetDatum(value));
}

NullableDatum
TimestampArgument(TimestampTz value)
{
	return DatumArgument(TimestampTzGetDatum(value));
}

NullableDatum
ArrayOf(Oid type, Datum *elements, bool *nulls, int count)
{
	int16		length;
	bool		by_value;
	char		alignment;

	get_typlenbyvalalign(type, &length, &by_value, &alignment);
	return DatumArgument(PointerGetDatum(construct_md_array(elements, nulls, 1, &count, (int[]) {1},
															type, length, by_value, alignment)));
}

void
SplitColumns(const NullableDatum *columns, int count, Datum *values, bool *nulls)
{
	for (int i = 0; i < count; i++)
	{
		values[i] = columns[i].value;
		nulls[i] = columns[i].isnull;
	}
}

Datum
ResultDatum(uint64 row, int column, bool *is_null)
{
	return SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column + 1, is_null);
}

static Datum
NotNull(uint64 row, int column)
{
	bool		is_null;
	Datum		value = ResultDatum(row, column, &is_null);

	if (is_null)
		elog(ERROR, "column %d of a result is null", column);
	return value;
}

char *
ResultText(uint64 row, int column)
{
	bool		is_null;
	Datum		value = ResultDatum(row, column, &is_null);

	return is_null ? NULL : TextDatumGetCString(value);
}

int32
ResultInt4(uint64 row, int column)
{
	return DatumGetInt32(NotNull(row, column));
}

int64
ResultInt8(uint64 row, int column)
{
	return DatumGetInt64(NotNull(row, column));
}

bool
ResultBool(uint64 row, int column)
{
	return DatumGetBool(NotNull(row, column));
}

TimestampTz
ResultTimestamp(uint64 row, int column)
{
	return DatumGetTimestampTz(NotNull(row, column));
}

pg_uuid_t
ResultUuid(uint64 row, int column)
{
	return *DatumGetUUIDP(NotNull(row, column));
}

NullableDatum
ResultColumn(uint64 row, int column)
{
	const FormData_pg_attribute *attribute = TupleDescAttr(SPI_tuptable->tupdesc, column);
	NullableDatum value;

	value.value = ResultDatum(row, column, &value.isnull);
	if (!value.isnull)
		value.value = datumCopy(value.value, attribute->attbyval, attribute->attlen);
	return value;
}

Datum
ResultRow(void)
{
	return SPI_datumTransfer(NotNull(0, 0), false, -1);
}

void
BecomeUser(Oid user, Caller *caller)
{
	caller->settings_level = NewGUCNestLevel();
	SetLocally("search_path", "pg_catalog, pg_temp");
	GetUserIdAndSecContext(&caller->user, &caller->security_context);
	SetUserIdAndSecContext(user, caller->security_context | SECURITY_LOCAL_USERID_CHANGE);
}

void
BecomeOwner(FunctionCallInfo fcinfo, Caller *caller)
{
	HeapTuple	function = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	Oid			owner;

	if (!HeapTupleIsValid(function))
		elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
	owner = ((Form_pg_proc) GETSTRUCT(function))->proowner;
	ReleaseSysCache(function);
	BecomeUser(owner, caller);
}

void
BecomeCaller(const Caller *caller)
{
	SetUserIdAndSecContext(caller->user, caller->security_context);
	AtEOXact_GUC(true, caller->settings_level);
}
