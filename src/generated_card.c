/*
 * The table generated_card: the numbers of batches come and go as a whole.
 */
#include "generated_card.h"

#include "access/heapam.h"
#include "access/hio.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "batch_index.h"
#include "bulk_insert.h"
#include "catalog/pg_type.h"
#include "citus.h"
#include "compat.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "number_stream.h"
#include "query.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "utils/memutils.h"
#include "utils/rel.h"

static PreparedQuery insert_numbers = {
	"INSERT INTO cardgen.generated_card (batch_id, number) SELECT $1, cardgen.download_batch($1)",
	1, {INT4OID}
};

static PreparedQuery delete_numbers = {
	"DELETE FROM cardgen.generated_card WHERE batch_id = $1",
	1, {INT4OID}
};

static PreparedQuery delete_numbers_of_run = {
	"DELETE FROM cardgen.generated_card WHERE batch_id BETWEEN $1 AND $2",
	2, {INT4OID, INT4OID}
};

static PreparedQuery any_number_of_run = {
	"SELECT FROM cardgen.generated_card WHERE batch_id BETWEEN $1 AND $2 LIMIT 1",
	2, {INT4OID, INT4OID}
};

static Relation
OpenGeneratedCard(void)
{
	return table_open(CardgenTable("generated_card"), RowExclusiveLock);
}

/* Is the table as the install script made it? */
static bool
IsAsInstalled(Relation relation)
{
	TupleDesc	descriptor = RelationGetDescr(relation);

	return IsPlainHeap(relation) &&
		descriptor->natts == 2 &&
		TupleDescAttr(descriptor, 0)->atttypid == INT4OID &&
		TupleDescAttr(descriptor, 1)->atttypid == TEXTOID &&
		(descriptor->constr == NULL || descriptor->constr->num_check == 0);
}

/*
 * Where a batch's rows go. Sessions that extend a table page by page wait for
 * each other at every page. So once the heap has had to extend it, because it
 * finds no free space to use again, a batch that would fill more than
 * EXTEND_MOST pages gets stretches of new ones for itself and fills them. Its
 * last rows go where the heap left off.
 */
typedef struct Placement
{
	Relation	relation;
	BulkInsertState bulk_insert;
	int			rows_a_page;
	bool		has_stretches;
	BlockNumber next_page;		/* of the stretch */
	BlockNumber end_page;
	BlockNumber heap_page;		/* where the heap put a row last */
} Placement;

static void
StartPlacement(Placement *placement, Relation relation, Size row_size)
{
	Size		room = BLCKSZ - SizeOfPageHeaderData -
		RelationGetTargetPageFreeSpace(relation, HEAP_DEFAULT_FILLFACTOR);

	placement->relation = relation;
	placement->bulk_insert = GetBulkInsertState();
	placement->rows_a_page = (int) Max(room / (MAXALIGN(row_size) + sizeof(ItemIdData)), 1);
	placement->has_stretches = false;
	placement->next_page = placement->end_page = 0;
	placement->heap_page = InvalidBlockNumber;
}

static void
GoToPage(Placement *placement, BlockNumber page)
{
	ReleaseBulkInsertStatePin(placement->bulk_insert);
	RelationSetTargetBlock(placement->relation, page);
}

/* The next of the rows that are left: a page of them, or fewer at the end. */
static void
InsertRows(Placement *placement, TupleTableSlot **rows, int count, int64 rows_left, CommandId command)
{
	int64		full_pages = rows_left / placement->rows_a_page;
	bool		fills_page = placement->has_stretches && full_pages > 0;
	BlockNumber end = InvalidBlockNumber;	/* greater than any page */

	if (fills_page)
	{
		if (placement->next_page == placement->end_page)
			placement->next_page = ExtendTable(placement->relation, placement->bulk_insert->strategy,
											   (int) Min(full_pages, EXTEND_MOST), &placement->end_page);
		GoToPage(placement, placement->next_page++);
	}
	else if (placement->has_stretches)
		GoToPage(placement, placement->heap_page);
	else if (full_pages > EXTEND_MOST)
		end = RelationGetNumberOfBlocks(placement->relation);

	table_multi_insert(placement->relation, rows, count, command, 0, placement->bulk_insert);

	if (!fills_page)
	{
		placement->heap_page = ItemPointerGetBlockNumber(&rows[count - 1]->tts_tid);
		if (placement->heap_page >= end)
			placement->has_stretches = true;
	}
}

static HeapTuple
FormRow(TupleDesc descriptor, int32 batch_id, Datum number)
{
	Datum		values[] = {Int32GetDatum(batch_id), number};
	bool		nulls[] = {false, false};

	return heap_form_tuple(descriptor, values, nulls);
}

/*
 * Straight into the heap, a page at a time. An index entry a page is enough
 * for BRIN: the other rows of the page have the same batch_id.
 */
static void
StoreDirectly(Relation relation, const Batch *batch, const Ordinals *ordinals, const NumberCodec *codec)
{
	EState	   *estate = CreateExecutorState();
	ResultRelInfo *target = makeNode(ResultRelInfo);
	CommandId	command = GetCurrentCommandId(true);
	MemoryContext page_context = AllocSetContextCreate(CurrentMemoryContext,
													   "cardgen page of rows",
													   ALLOCSET_DEFAULT_SIZES);
	TupleDesc	descriptor = CreateTupleDescCopy(RelationGetDescr(relation));
	BlockNumber indexed_block = InvalidBlockNumber;
	Size		length = FormatNumberLength(&codec->format);
	TupleTableSlot **slots;
	char	  **numbers;
	NumberStream stream;
	Placement	placement;
	bool		index_pages;
	int			slot_count;
	int			filled;

	InitResultRelInfo(target, relation, 1, NULL, 0);
	ExecOpenIndices(target, false);
	index_pages = IndexesSummarizeBatches(target);

	StreamInit(&stream, codec, ordinals);
	StartPlacement(&placement, relation,
				   FormRow(descriptor, batch->batch_id, StreamText(&stream, 0))->t_len);
	slot_count = Min(batch->card_count, placement.rows_a_page);
	slots = palloc(sizeof(TupleTableSlot *) * slot_count);
	numbers = palloc(sizeof(char *) * slot_count);

	/*
	 * The rows differ in their numbers alone, which are all of one length and
	 * end the row: each slot's row is formed once, and the pages' numbers are
	 * written into it.
	 */
	for (int i = 0; i < slot_count; i++)
	{
		HeapTuple	row = FormRow(descriptor, batch->batch_id, StreamText(&stream, i));

		numbers[i] = (char *) row->t_data + row->t_len - length;
		slots[i] = MakeSingleTupleTableSlot(descriptor, &TTSOpsHeapTuple);
		slots[i]->tts_tableOid = RelationGetRelid(relation);
		ExecStoreHeapTuple(row, slots[i], true);
	}

	for (int64 left = batch->card_count; (filled = StreamFill(&stream, slot_count)) > 0; left -= filled)
	{
		MemoryContext caller_context = MemoryContextSwitchTo(page_context);

		for (int i = 0; i < filled; i++)
			memcpy(numbers[i], VARDATA_ANY(DatumGetPointer(StreamText(&stream, i))), length);
		InsertRows(&placement, slots, filled, left, command);
		for (int i = 0; i < filled; i++)
		{
			BlockNumber block = ItemPointerGetBlockNumber(&slots[i]->tts_tid);

			if (index_pages && block == indexed_block)
				continue;
			InsertIndexTuples(target, slots[i], estate);
			ResetPerTupleExprContext(estate);
			indexed_block = block;
		}
		MemoryContextSwitchTo(caller_context);
		MemoryContextReset(page_context);
	}

	for (int i = 0; i < slot_count; i++)
		ExecDropSingleTupleTableSlot(slots[i]);
	table_finish_bulk_insert(relation, 0);
	FreeBulkInsertState(placement.bulk_insert);
	ExecCloseIndices(target);
	FreeExecutorState(estate);
	MemoryContextDelete(page_context);
	CommandCounterIncrement();
}

void
StoreNumbers(const Batch *batch, const Ordinals *ordinals, const NumberCodec *codec)
{
	Relation	relation = OpenGeneratedCard();

	if (IsAsInstalled(relation))
		StoreDirectly(relation, batch, ordinals, codec);
	else if (RunQuery(&insert_numbers, (NullableDatum[]) {Int4Argument(batch->batch_id)}) < (uint64) batch->card_count)
		Refuse(WriteSuppressed("generated_card"));
	table_close(relation, NoLock);
}

void
RestoreNumbers(const Batch *batch)
{
	Ordinals	ordinals;
	const NumberCodec *codec = BatchCodec(batch, &ordinals);

	StoreNumbers(batch, &ordinals, codec);
}

static int
CompareIds(const void *a, const void *b)
{
	int32		one = *(const int32 *) a;
	int32		other = *(const int32 *) b;

	return (one > other) - (one < other);
}

/*
 * Many small batches share a page: each run is read and deleted at once. Citus
 * finds the shard of a single id only.
 */
static int
ListedRuns(const Batch *batches, uint64 count, bool is_distributed, BatchRun **runs)
{
	int32	   *ids = palloc(sizeof(int32) * (count + 1));
	uint64		listed = 0;
	int			run_count = 0;

	for (uint64 i = 0; i < count; i++)
		if (batches[i].is_listed)
			ids[listed++] = batches[i].batch_id;
	qsort(ids, listed, sizeof(int32), CompareIds);
	*runs = palloc(sizeof(BatchRun) * (listed + 1));
	for (uint64 i = 0; i < listed; i++)
	{
		if (i > 0 && !is_distributed && ids[i] == ids[i - 1] + 1)
			(*runs)[run_count - 1].last = ids[i];
		else
			(*runs)[run_count++] = (BatchRun) {ids[i], ids[i]};
	}
	return run_count;
}

/* Has a DBA added what can keep rows from being deleted? */
static bool
MayKeepRows(Relation relation)
{
	return (relation->trigdesc != NULL && relation->trigdesc->trig_delete_before_row) ||
		relation->rd_rules != NULL || relation->rd_rel->relrowsecurity;
}

static void
DeleteRun(Relation relation, BatchRun run)
{
	NullableDatum arguments[] = {Int4Argument(run.first), Int4Argument(run.last)};

	RunQuery(run.first == run.last ? &delete_numbers : &delete_numbers_of_run, arguments);
	if (!MayKeepRows(relation))
		return;
	if (RunQuery(&any_number_of_run, arguments) > 0)
		Refuse(WriteSuppressed("generated_card"));
	SPI_freetuptable(SPI_tuptable);
}

/* Pages that are forgotten are read whatever batch is looked for: after the last is deleted. */
void
DeleteNumbers(const Batch *batches, uint64 count)
{
	Relation	relation = OpenGeneratedCard();
	BatchRun   *runs;
	int			run_count = ListedRuns(batches, count, IsDistributed(RelationGetRelid(relation)), &runs);

	for (int i = 0; i < run_count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		DeleteRun(relation, runs[i]);
	}
	if (run_count > 0)
		ForgetBatches(relation, runs, run_count);
	table_close(relation, NoLock);
}
