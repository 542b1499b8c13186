/*
 * SQL run through SPI: each query is planned once in a backend's life and
 * only ever takes parameters.
 */
#ifndef CARDGEN_QUERY_H
#define CARDGEN_QUERY_H

#include "postgres.h"

#include "executor/spi.h"
#include "fmgr.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define QUERY_MAX_ARGUMENTS 20

typedef struct PreparedQuery
{
	const char *text;
	int			argument_count;
	Oid			argument_types[QUERY_MAX_ARGUMENTS];
	SPIPlanPtr	plan;
	Oid			temporary_schema;	/* of the session, when the plan was made */
	bool		is_distributed;
} PreparedQuery;

/* The number of rows, which are in SPI_tuptable, as of the queries below. */
extern uint64 RunQuery(PreparedQuery *query, const NullableDatum *arguments);

/* RunQuery that has to write a row of a table. */
extern void WriteRow(PreparedQuery *query, const NullableDatum *arguments, const char *table);

/* RunQuery in the caller's snapshot, for functions that change nothing. */
extern uint64 ReadQuery(PreparedQuery *query, const NullableDatum *arguments);

/* ReadQuery in the newest snapshot there is, whatever the isolation level. */
extern uint64 ReadLatest(PreparedQuery *query, const NullableDatum *arguments);

/* RunQuery in the newest snapshot; what is locked already can't change meanwhile. */
extern uint64 RunLatest(PreparedQuery *query, const NullableDatum *arguments);

/* ReadQuery, or RunQuery, for more rows than memory should hold at once. */
extern Portal OpenCursor(PreparedQuery *query, const NullableDatum *arguments, bool read_only);

/* The next rows of a cursor, up to count, into SPI_tuptable; how many. */
extern uint64 FetchRows(Portal cursor, long count);

/* One of the extension's tables. */
extern Oid	CardgenTable(const char *name);

extern void OpenQueries(void);
extern void CloseQueries(void);

extern NullableDatum TextArgument(const char *value);
extern NullableDatum Int4Argument(int32 value);
extern NullableDatum Int8Argument(int64 value);
extern NullableDatum BoolArgument(bool value);
extern NullableDatum TimestampArgument(TimestampTz value);
extern NullableDatum UuidArgument(const pg_uuid_t *value);
extern NullableDatum DatumArgument(Datum value);
extern NullableDatum NullArgument(void);

/* Arrays of count elements; a null among them where nulls is not NULL and says so. */
extern NullableDatum ArrayOf(Oid type, Datum *elements, bool *nulls, int count);

/* Values and nulls apart, as PostgreSQL's functions that make a row take them. */
extern void SplitColumns(const NullableDatum *columns, int count, Datum *values, bool *nulls);

/* A column of a result row, both counted from 0; text is copied. */
extern Datum ResultDatum(uint64 row, int column, bool *is_null);
extern char *ResultText(uint64 row, int column);
extern int32 ResultInt4(uint64 row, int column);
extern int64 ResultInt8(uint64 row, int column);
extern bool ResultBool(uint64 row, int column);
extern TimestampTz ResultTimestamp(uint64 row, int column);
extern pg_uuid_t ResultUuid(uint64 row, int column);
extern NullableDatum ResultColumn(uint64 row, int column);	/* copied as it is */

/* The only column of the first row, copied into the caller's context. */
extern Datum ResultRow(void);

/*
 * Become the owner of the called function with a safe search_path, and back
 * again. For functions that return a row a card: a SECURITY DEFINER clause
 * would be paid on every row. An error in between undoes it as well.
 */
typedef struct Caller
{
	Oid			user;
	int			security_context;
	int			settings_level;
} Caller;

extern void BecomeOwner(FunctionCallInfo fcinfo, Caller *caller);
extern void BecomeUser(Oid user, Caller *caller);
extern void BecomeCaller(const Caller *caller);

#endif
