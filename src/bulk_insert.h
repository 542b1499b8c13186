/*
 * Many rows into one of the extension's tables.
 *
 * They go straight to the heap, a thousand at a time, where the table is one
 * whose rows nothing but defaults, checks and indexes has a say in; elsewhere
 * each is inserted by a query. A value that an index must not have twice is an
 * error: it is for rows that no one else can be inserting.
 */
#ifndef CARDGEN_BULK_INSERT_H
#define CARDGEN_BULK_INSERT_H

#include "postgres.h"

#include "query.h"
#include "utils/rel.h"

#define BULK_MOST_COLUMNS 12

/* Which columns are given, in the order of the query's arguments; the others get their defaults. */
typedef struct BulkTable
{
	const char *name;			/* in the schema cardgen */
	PreparedQuery *insert_row;
	int			column_count;
	const char *columns[BULK_MOST_COLUMNS];
	bool		may_be_elsewhere;	/* where a trigger puts the rows, and returns NULL */
} BulkTable;

typedef struct BulkInsert BulkInsert;

/* All within OpenQueries(). A name of an enum's value may be given as a text. */
extern BulkInsert *BeginBulkInsert(const BulkTable *table);
extern void BulkInsertRow(BulkInsert *insert, const NullableDatum *columns);
extern void EndBulkInsert(BulkInsert *insert);

/* Writes what is not written yet where the next row of another table is seen by triggers of that. */
extern void WriteBefore(BulkInsert *insert, const BulkInsert *next);

/* Where to allocate the columns of the next row: it is emptied as rows are written. */
extern MemoryContext BulkInsertContext(BulkInsert *insert);

/* Can rows go straight to the heap? Whatever an INSERT would have to heed makes it answer no. */
extern bool IsPlainHeap(Relation relation);

#endif
