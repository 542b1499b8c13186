/*
 * The BRIN index of generated_card, in which a range of pages tells of the
 * batches it has rows of.
 */
#include "batch_index.h"

#include "access/brin.h"
#include "access/genam.h"
#include "access/relscan.h"
#include "access/skey.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "compat.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "nodes/tidbitmap.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* That of the operator class int4_minmax_ops; it has no name in C. */
#define INTEGER_MINMAX_FAMILY 4054

bool
IndexesSummarizeBatches(ResultRelInfo *relation)
{
	for (int i = 0; i < relation->ri_NumIndices; i++)
	{
		IndexInfo  *index = relation->ri_IndexRelationInfo[i];

		if (index->ii_Am != BRIN_AM_OID ||
			index->ii_NumIndexAttrs != 1 ||
			index->ii_IndexAttrNumbers[0] != 1 ||
			index->ii_Predicate != NIL)
			return false;
	}
	return true;
}

/* An index that is not valid may have no pages to be read, not even its first one. */
static bool
SummarizesBatches(Relation index)
{
	return index->rd_rel->relkind == RELKIND_INDEX &&
		index->rd_index->indisvalid &&
		index->rd_rel->relam == BRIN_AM_OID &&
		index->rd_index->indnatts == 1 &&
		index->rd_index->indkey.values[0] == 1 &&
		index->rd_opfamily[0] == INTEGER_MINMAX_FAMILY;
}

/* Adds the pages that may hold batches of a run, as far as the summaries tell. */
static void
AddPages(TIDBitmap *pages, Relation index, BatchRun run)
{
	IndexScanDesc scan = BeginBitmapScan(index, GetActiveSnapshot(), 2);
	ScanKeyData keys[2];

	ScanKeyEntryInitialize(&keys[0], 0, 1, BTGreaterEqualStrategyNumber, INT4OID, InvalidOid,
						   F_INT4GE, Int32GetDatum(run.first));
	ScanKeyEntryInitialize(&keys[1], 0, 1, BTLessEqualStrategyNumber, INT4OID, InvalidOid,
						   F_INT4LE, Int32GetDatum(run.last));
	index_rescan(scan, keys, lengthof(keys), NULL, 0);
	(void) index_getbitmap(scan, pages);
	index_endscan(scan);
}

static void
Desummarize(Relation index, TIDBitmap *pages)
{
	BlockNumber pages_per_range = BrinGetPagesPerRange(index);
	BlockNumber next_range = 0;
	PageIterator *iterator = BeginPages(pages);
	BlockNumber page;

	while (NextPage(iterator, &page))
	{
		if (page < next_range)
			continue;
		next_range = (page / pages_per_range + 1) * pages_per_range;
		DirectFunctionCall2(brin_desummarize_range, ObjectIdGetDatum(RelationGetRelid(index)),
							Int64GetDatum((int64) page));
	}
	EndPages(iterator);
}

static void
ForgetIndexed(Relation index, const BatchRun *runs, int run_count)
{
	TIDBitmap  *pages = tbm_create(work_mem * (Size) 1024, NULL);
	MemoryContext scan_context = AllocSetContextCreate(CurrentMemoryContext, "cardgen pages of a batch",
													   ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller_context = MemoryContextSwitchTo(scan_context);

	for (int i = 0; i < run_count; i++)
	{
		AddPages(pages, index, runs[i]);
		MemoryContextReset(scan_context);
	}
	MemoryContextSwitchTo(caller_context);
	MemoryContextDelete(scan_context);
	Desummarize(index, pages);
	tbm_free(pages);
}

/*
 * A range of pages keeps a removed batch in its summary until it is
 * summarized anew, and would be read for that batch's neighbours ever after
 * the space is used again. Vacuum summarizes what is taken out here; where it
 * is at work just now, leave it alone rather than wait.
 */
void
ForgetBatches(Relation relation, const BatchRun *runs, int run_count)
{
	if (ConditionalLockRelation(relation, ShareUpdateExclusiveLock))
	{
		List	   *indexes = RelationGetIndexList(relation);
		ListCell   *cell;

		foreach(cell, indexes)
		{
			Relation	index = index_open(lfirst_oid(cell), AccessShareLock);

			if (SummarizesBatches(index))
				ForgetIndexed(index, runs, run_count);
			index_close(index, AccessShareLock);
		}
		list_free(indexes);
		UnlockRelation(relation, ShareUpdateExclusiveLock);
	}
}
