/*
 * Numbers that are rolled back will come again for someone else, so they must
 * not come out of a cursor that was read before. PostgreSQL keeps its rows:
 * over ROLLBACK TO a savepoint set after the cursor was opened, WITH HOLD even
 * over the end of the transaction, and in a loop of a procedure over ROLLBACK.
 * The function is not called again for them, so the cursor itself has to fail.
 */
#include "cursor.h"

#include "access/xact.h"
#include "lib/ilist.h"
#include "tcop/pquery.h"
#include "utils/portal.h"

/* Lives as long as the portal; the innermost transaction that counts is enough. */
typedef struct Tie
{
	dlist_node	node;
	Portal		portal;
	SubTransactionId generated_in;	/* InvalidSubTransactionId: committed */
	MemoryContextCallback on_drop;
} Tie;

static dlist_head ties = DLIST_STATIC_INIT(ties);

static void
Untie(void *tie)
{
	dlist_delete(&((Tie *) tie)->node);
}

static Tie *
FindTie(Portal portal)
{
	dlist_iter	iterator;

	dlist_foreach(iterator, &ties)
	{
		Tie		   *tie = dlist_container(Tie, node, iterator.cur);

		if (tie->portal == portal)
			return tie;
	}
	return NULL;
}

/* A portal that is still running is not failed: it goes on after the rollback. */
static void
EndSubtransaction(SubXactEvent event, SubTransactionId ended, SubTransactionId parent, void *argument)
{
	dlist_iter	iterator;

	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	dlist_foreach(iterator, &ties)
	{
		Tie		   *tie = dlist_container(Tie, node, iterator.cur);

		if (tie->generated_in != ended)
			continue;
		tie->generated_in = parent;
		if (event == SUBXACT_EVENT_ABORT_SUB && tie->portal->status == PORTAL_READY)
			MarkPortalFailed(tie->portal);
	}
}

static void
EndTransaction(XactEvent event, void *argument)
{
	dlist_iter	iterator;

	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_PREPARE && event != XACT_EVENT_ABORT)
		return;
	dlist_foreach(iterator, &ties)
	{
		Tie		   *tie = dlist_container(Tie, node, iterator.cur);

		if (event == XACT_EVENT_ABORT && tie->generated_in != InvalidSubTransactionId &&
			tie->portal->status == PORTAL_READY)
			MarkPortalFailed(tie->portal);
		tie->generated_in = InvalidSubTransactionId;
	}
}

void
TieCursorToTransaction(void)
{
	static bool is_registered = false;
	Tie		   *tie;

	if (!PortalIsValid(ActivePortal))
		return;
	if (!is_registered)
	{
		RegisterSubXactCallback(EndSubtransaction, NULL);
		RegisterXactCallback(EndTransaction, NULL);
		is_registered = true;
	}

	tie = FindTie(ActivePortal);
	if (tie == NULL)
	{
		tie = MemoryContextAllocZero(ActivePortal->portalContext, sizeof(Tie));
		tie->portal = ActivePortal;
		tie->on_drop.func = Untie;
		tie->on_drop.arg = tie;
		dlist_push_head(&ties, &tie->node);
		MemoryContextRegisterResetCallback(ActivePortal->portalContext, &tie->on_drop);
	}
	tie->generated_in = GetCurrentSubTransactionId();
}
