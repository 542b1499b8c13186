/*
 * What differs between the PostgreSQL versions cardgen builds with.
 */
#ifndef CARDGEN_COMPAT_H
#define CARDGEN_COMPAT_H

#include "postgres.h"

#include "access/genam.h"
#include "access/tupdesc.h"
#include "executor/executor.h"
#include "nodes/tidbitmap.h"
#include "storage/bufmgr.h"
#include "storage/lmgr.h"
#include "storage/shmem.h"
#include "utils/guc.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#if PG_VERSION_NUM < 150000
#error "cardgen needs PostgreSQL 15 or later"
#endif

#if PG_VERSION_NUM < 180000
#define pg_noreturn pg_attribute_noreturn()
#endif

#ifndef palloc_array
#define palloc_array(type, count) ((type *) palloc(mul_size(sizeof(type), count)))
#define palloc0_array(type, count) ((type *) palloc0(mul_size(sizeof(type), count)))
#endif

/* What the check of a setting keeps for its use; guc.c frees it. */
static inline void *
AllocateForSetting(size_t size)
{
#if PG_VERSION_NUM >= 160000
	return guc_malloc(LOG, size);
#else
	return malloc(size);
#endif
}

static inline bool
HasGeneratedColumns(const TupleConstr *constraints)
{
	if (constraints == NULL)
		return false;
#if PG_VERSION_NUM >= 180000
	if (constraints->has_generated_virtual)
		return true;
#endif
	return constraints->has_generated_stored;
}

static inline void
InsertIndexTuples(ResultRelInfo *relation, TupleTableSlot *slot, EState *estate)
{
#if PG_VERSION_NUM >= 190000
	ExecInsertIndexTuples(relation, estate, 0, slot, NIL, NULL);
#elif PG_VERSION_NUM >= 160000
	ExecInsertIndexTuples(relation, slot, estate, false, false, NULL, NIL, false);
#else
	ExecInsertIndexTuples(relation, slot, estate, false, false, NULL, NIL);
#endif
}

#define EXTEND_MOST 64

/* Adds up to EXTEND_MOST empty pages to a table, sometimes fewer; the first one and the end. */
static inline BlockNumber
ExtendTable(Relation relation, BufferAccessStrategy strategy, int count, BlockNumber *end)
{
#if PG_VERSION_NUM >= 160000
	Buffer		pages[EXTEND_MOST];
	uint32		added;
	BlockNumber first = ExtendBufferedRelBy(BMR_REL(relation), MAIN_FORKNUM, strategy, 0,
											(uint32) count, pages, &added);

	for (uint32 i = 0; i < added; i++)
		ReleaseBuffer(pages[i]);
	*end = first + added;
	return first;
#else
	LockRelationForExtension(relation, ExclusiveLock);
	for (int i = 0; i < count; i++)
	{
		Buffer		page = ReadBufferExtended(relation, MAIN_FORKNUM, P_NEW, RBM_NORMAL, strategy);

		*end = BufferGetBlockNumber(page) + 1;
		ReleaseBuffer(page);
	}
	UnlockRelationForExtension(relation, ExclusiveLock);
	return *end - (BlockNumber) count;
#endif
}

static inline IndexScanDesc
BeginBitmapScan(Relation index, Snapshot snapshot, int key_count)
{
#if PG_VERSION_NUM >= 180000
	return index_beginscan_bitmap(index, snapshot, NULL, key_count);
#else
	return index_beginscan_bitmap(index, snapshot, key_count);
#endif
}

/* The pages in a bitmap, in order. */
#if PG_VERSION_NUM >= 180000
typedef TBMPrivateIterator PageIterator;
#define BeginPages tbm_begin_private_iterate
#define EndPages tbm_end_private_iterate
#else
typedef TBMIterator PageIterator;
#define BeginPages tbm_begin_iterate
#define EndPages tbm_end_iterate
#endif

static inline bool
NextPage(PageIterator *iterator, BlockNumber *page)
{
#if PG_VERSION_NUM >= 180000
	TBMIterateResult result;

	if (!tbm_private_iterate(iterator, &result))
		return false;
	*page = result.blockno;
#else
	TBMIterateResult *result = tbm_iterate(iterator);

	if (result == NULL)
		return false;
	*page = result->blockno;
#endif
	return true;
}

#endif
