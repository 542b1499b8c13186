/*
 * Many rows into one of the extension's tables.
 */
#include "bulk_insert.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "citus.h"
#include "compat.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/optimizer.h"
#include "refusal.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

/* As many as COPY has in memory. */
#define ROWS_AT_ONCE 1000

/* So many that it costs nothing to make the rows' context anew. */
#define QUERIES_AT_ONCE 100

/* So much that a thousand rows seldom take it; a long text in each of them does. */
#define BYTES_AT_ONCE ((Size) 4 * 1024 * 1024)

typedef struct Target
{
	int			attribute;		/* counted from 0 */
	Oid			enum_type;		/* of a column whose values are given by name; else InvalidOid */
} Target;

struct BulkInsert
{
	const BulkTable *table;
	Relation	relation;
	MemoryContext context;		/* of rows not written yet */
	int			row_count;
	bool		is_direct;		/* the rest is for rows that go straight to the heap */
	Target		targets[BULK_MOST_COLUMNS];
	ExprState **defaults;		/* by attribute; NULL: null, or given */
	EState	   *estate;
	ResultRelInfo *result;
	BulkInsertState state;
	TupleTableSlot *rows[ROWS_AT_ONCE];
};

bool
IsPlainHeap(Relation relation)
{
	const TupleConstr *constraints = RelationGetDescr(relation)->constr;

	return relation->rd_rel->relkind == RELKIND_RELATION &&
		relation->rd_rel->relam == HEAP_TABLE_AM_OID &&
		!relation->rd_rel->relispartition &&
		!relation->rd_rel->relrowsecurity &&
		relation->trigdesc == NULL &&
		relation->rd_rules == NULL &&
		!IsDistributed(RelationGetRelid(relation)) &&
		!HasGeneratedColumns(constraints);
}

/* Does the table have the columns that the query would fill, of those types? */
static bool
FindTargets(BulkInsert *insert)
{
	TupleDesc	descriptor = RelationGetDescr(insert->relation);

	for (int i = 0; i < insert->table->column_count; i++)
	{
		Oid			given = insert->table->insert_row->argument_types[i];
		AttrNumber	number = get_attnum(RelationGetRelid(insert->relation), insert->table->columns[i]);
		Oid			type = number == InvalidAttrNumber ? InvalidOid : TupleDescAttr(descriptor, number - 1)->atttypid;
		bool		is_named = given == TEXTOID && type_is_enum(type);

		if (type != given && !is_named)
			return false;
		insert->targets[i] = (Target) {number - 1, is_named ? type : InvalidOid};
	}
	return true;
}

static void
PrepareDefaults(BulkInsert *insert)
{
	TupleDesc	descriptor = RelationGetDescr(insert->relation);
	bool	   *is_given = palloc0_array(bool, descriptor->natts);

	insert->defaults = palloc0_array(ExprState *, descriptor->natts);
	for (int i = 0; i < insert->table->column_count; i++)
		is_given[insert->targets[i].attribute] = true;
	for (int i = 0; i < descriptor->natts; i++)
	{
		Node	   *value = is_given[i] || TupleDescAttr(descriptor, i)->attisdropped ?
			NULL : build_column_default(insert->relation, i + 1);

		if (value != NULL)
			insert->defaults[i] = ExecInitExpr(expression_planner((Expr *) value), NULL);
	}
	pfree(is_given);
}

static void
OpenHeap(BulkInsert *insert)
{
	insert->estate = CreateExecutorState();
	insert->result = makeNode(ResultRelInfo);
	InitResultRelInfo(insert->result, insert->relation, 0, NULL, 0);
	ExecOpenIndices(insert->result, false);
	insert->state = GetBulkInsertState();
	PrepareDefaults(insert);
	for (int i = 0; i < ROWS_AT_ONCE; i++)
		insert->rows[i] = NULL;
}

BulkInsert *
BeginBulkInsert(const BulkTable *table)
{
	BulkInsert *insert = palloc0(sizeof(BulkInsert));

	insert->table = table;
	insert->relation = table_open(CardgenTable(table->name), RowExclusiveLock);
	insert->context = AllocSetContextCreate(CurrentMemoryContext, "cardgen rows to insert",
											ALLOCSET_DEFAULT_SIZES);
	insert->is_direct = IsPlainHeap(insert->relation) && FindTargets(insert);
	if (insert->is_direct)
		OpenHeap(insert);
	return insert;
}

MemoryContext
BulkInsertContext(BulkInsert *insert)
{
	return insert->context;
}

static void
WriteRows(BulkInsert *insert)
{
	MemoryContext caller_context = MemoryContextSwitchTo(insert->context);

	CHECK_FOR_INTERRUPTS();
	if (insert->is_direct && insert->row_count > 0)
	{
		table_multi_insert(insert->relation, insert->rows, insert->row_count, GetCurrentCommandId(true), 0,
						   insert->state);
		for (int i = 0; i < insert->row_count; i++)
		{
			InsertIndexTuples(insert->result, insert->rows[i], insert->estate);
			ResetPerTupleExprContext(insert->estate);
			ExecClearTuple(insert->rows[i]);
		}
		/* The next query sees them, as it would after one that inserts. */
		CommandCounterIncrement();
	}
	insert->row_count = 0;
	MemoryContextSwitchTo(caller_context);
	MemoryContextReset(insert->context);
}

static void
FillRow(BulkInsert *insert, TupleTableSlot *row, const NullableDatum *columns)
{
	int			count = RelationGetDescr(insert->relation)->natts;

	for (int i = 0; i < count; i++)
	{
		row->tts_isnull[i] = true;
		row->tts_values[i] = insert->defaults[i] == NULL ? (Datum) 0 :
			ExecEvalExpr(insert->defaults[i], GetPerTupleExprContext(insert->estate), &row->tts_isnull[i]);
	}
	for (int i = 0; i < insert->table->column_count; i++)
	{
		const Target *target = &insert->targets[i];

		row->tts_isnull[target->attribute] = columns[i].isnull;
		row->tts_values[target->attribute] = columns[i].isnull || !OidIsValid(target->enum_type) ?
			columns[i].value :
			DirectFunctionCall2(enum_in, CStringGetDatum(TextDatumGetCString(columns[i].value)),
								ObjectIdGetDatum(target->enum_type));
	}
	ExecStoreVirtualTuple(row);
	ExecConstraints(insert->result, row, insert->estate);
}

void
BulkInsertRow(BulkInsert *insert, const NullableDatum *columns)
{
	MemoryContext caller_context = CurrentMemoryContext;
	TupleTableSlot **row = &insert->rows[insert->row_count++];

	if (!insert->is_direct)
	{
		if (RunQuery(insert->table->insert_row, columns) == 0 && !insert->table->may_be_elsewhere)
			Refuse(WriteSuppressed(insert->table->name));
	}
	else
	{
		if (*row == NULL)
		{
			MemoryContextSwitchTo(GetMemoryChunkContext(insert));
			*row = table_slot_create(insert->relation, NULL);
			(*row)->tts_tableOid = RelationGetRelid(insert->relation);
		}
		MemoryContextSwitchTo(insert->context);
		FillRow(insert, *row, columns);
	}
	MemoryContextSwitchTo(caller_context);
	if (insert->row_count == (insert->is_direct ? ROWS_AT_ONCE : QUERIES_AT_ONCE) ||
		MemoryContextMemAllocated(insert->context, false) > BYTES_AT_ONCE)
		WriteRows(insert);
}

void
WriteBefore(BulkInsert *insert, const BulkInsert *next)
{
	if (!next->is_direct)
		WriteRows(insert);
}

void
EndBulkInsert(BulkInsert *insert)
{
	WriteRows(insert);
	if (insert->is_direct)
	{
		for (int i = 0; i < ROWS_AT_ONCE && insert->rows[i] != NULL; i++)
			ExecDropSingleTupleTableSlot(insert->rows[i]);
		table_finish_bulk_insert(insert->relation, 0);
		FreeBulkInsertState(insert->state);
		ExecCloseIndices(insert->result);
		FreeExecutorState(insert->estate);
	}
	table_close(insert->relation, NoLock);
	MemoryContextDelete(insert->context);
	pfree(insert);
}
