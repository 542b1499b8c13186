/*
 * Ordinals that a transaction has taken ahead of their use.
 */
#include "ordinal_block.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "free_range.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/* Copied for each subtransaction; with more series in turn each is taken singly. */
#define BLOCK_COUNT 64

/* So few versions of a row cost nothing; until then all is written at once. */
#define SINGLY_TAKEN 64
#define BLOCK_MOST 1024

typedef struct OrdinalBlock
{
	char		series_code[SERIES_CODE_SIZE];	/* empty: not in use */
	pg_uuid_t	incarnation;
	Oid			owner;			/* of the tables */
	int64		taken;			/* by the transaction */
	int64		next;
	int64		end;
} OrdinalBlock;

typedef struct Blocks
{
	OrdinalBlock blocks[BLOCK_COUNT];
	int			oldest;
} Blocks;

static Blocks present;

/* What there was when a subtransaction that is open began: of those before which there was a block. */
typedef struct Before
{
	int			level;			/* of nesting */
	Blocks		blocks;
} Before;

static Before *before = NULL;
static int	before_count = 0;
static int	before_size = 0;

static PreparedQuery lower_counter = {
	"UPDATE cardgen.series_counter SET next_ordinal = $3"
	" WHERE series_code = $1 AND next_ordinal = $2 AND incarnation = $4",
	4, {TEXTOID, INT8OID, INT8OID, UUIDOID}
};

static PreparedQuery has_counter = {
	"SELECT FROM cardgen.series_counter WHERE series_code = $1 AND incarnation = $2",
	2, {TEXTOID, UUIDOID}
};

/*
 * The counter may have passed over ordinals that come behind the block, or the
 * transaction has dropped the series, and made another one of its code. A
 * trigger on the counter may take some itself, of which none are left by then.
 */
static void
GiveBack(OrdinalBlock *block)
{
	OrdinalBlock left = *block;
	NullableDatum code = TextArgument(left.series_code);
	NullableDatum incarnation = UuidArgument(&left.incarnation);

	block->end = block->next;
	if (left.next < left.end &&
		RunQuery(&lower_counter, (NullableDatum[]) {
				code, Int8Argument(left.end), Int8Argument(left.next), incarnation}) == 0 &&
		RunQuery(&has_counter, (NullableDatum[]) {code, incarnation}) > 0)
		AddFreeRange(left.series_code, left.next, left.end);
}

/* The extension can be dropped in the transaction that has taken some. */
static bool
HasCounters(void)
{
	Oid			namespace = get_namespace_oid("cardgen", true);

	return OidIsValid(namespace) && OidIsValid(get_relname_relid("series_counter", namespace));
}

/* Also where the transaction was made a read-only one after it took them. */
static void
GiveAllBack(void)
{
	bool		is_read_only = XactReadOnly;

	XactReadOnly = false;
	for (int i = 0; i < BLOCK_COUNT; i++)
	{
		OrdinalBlock *block = &present.blocks[i];
		Caller		caller;

		if (block->next == block->end || !HasCounters())
			continue;
		PushActiveSnapshot(GetTransactionSnapshot());
		BecomeUser(block->owner, &caller);
		OpenQueries();
		GiveBack(block);
		CloseQueries();
		BecomeCaller(&caller);
		PopActiveSnapshot();
	}
	XactReadOnly = is_read_only;
}

static void
ForgetSubtransactions(void)
{
	if (before != NULL)
		pfree(before);
	before = NULL;
	before_count = before_size = 0;
}

static void
RememberBlocks(int level)
{
	if (present.blocks[0].series_code[0] == '\0')
		return;
	if (before_count == before_size)
	{
		int			size = before_size * 2 + 8;

		before = before == NULL ?
			MemoryContextAllocHuge(TopMemoryContext, sizeof(Before) * size) :
			repalloc_huge(before, sizeof(Before) * size);
		before_size = size;
	}
	before[before_count++] = (Before) {level, present};
}

static void
TransactionEnds(XactEvent event, void *argument)
{
	switch (event)
	{
		case XACT_EVENT_PRE_COMMIT:
		case XACT_EVENT_PRE_PREPARE:
			GiveAllBack();
			break;
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			memset(&present, 0, sizeof(present));
			ForgetSubtransactions();
			break;
		default:
			break;
	}
}

/* The tables go back to what they were, and so do the blocks. */
static void
SubtransactionChanges(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *argument)
{
	int			level = GetCurrentTransactionNestLevel();
	bool		was_remembered = before_count > 0 && before[before_count - 1].level == level;

	switch (event)
	{
		case SUBXACT_EVENT_START_SUB:
			RememberBlocks(level);
			break;
		case SUBXACT_EVENT_ABORT_SUB:
			if (was_remembered)
				present = before[--before_count].blocks;
			else
				memset(&present, 0, sizeof(present));
			break;
		case SUBXACT_EVENT_COMMIT_SUB:
			before_count -= was_remembered;
			break;
		default:
			break;
	}
}

static void
RegisterCallbacks(void)
{
	static bool is_registered = false;

	if (is_registered)
		return;
	RegisterXactCallback(TransactionEnds, NULL);
	RegisterSubXactCallback(SubtransactionChanges, NULL);
	is_registered = true;
}

static OrdinalBlock *
FindBlock(const char *series_code)
{
	for (int i = 0; i < BLOCK_COUNT; i++)
		if (strcmp(present.blocks[i].series_code, series_code) == 0)
			return &present.blocks[i];
	return NULL;
}

bool
NextOfBlock(const char *series_code, int64 *ordinal, pg_uuid_t *incarnation)
{
	OrdinalBlock *block = FindBlock(series_code);

	if (block == NULL || block->next == block->end)
		return false;
	*ordinal = block->next++;
	*incarnation = block->incarnation;
	return true;
}

int64
SizeOfNextBlock(const char *series_code)
{
	OrdinalBlock *block = FindBlock(series_code);

	RegisterCallbacks();
	if (block == NULL)
	{
		block = &present.blocks[present.oldest];
		GiveBack(block);
		present.oldest = (present.oldest + 1) % BLOCK_COUNT;
		memset(block, 0, sizeof(*block));
		strlcpy(block->series_code, series_code, sizeof(block->series_code));
	}
	block->taken++;
	return block->taken <= SINGLY_TAKEN ? 1 : Min(block->taken, BLOCK_MOST);
}

void
KeepBlock(const char *series_code, const pg_uuid_t *incarnation, int64 first, int64 end)
{
	OrdinalBlock *block = FindBlock(series_code);

	block->incarnation = *incarnation;
	block->owner = GetUserId();
	block->taken += end - first;
	block->next = first;
	block->end = end;
}

void
ReturnBlock(const char *series_code)
{
	OrdinalBlock *block = FindBlock(series_code);

	if (block != NULL)
		GiveBack(block);
}
