/*
 * One connection: its choices, its calls, and what its transaction has done.
 */
#ifndef BACKEND_WORKER_H
#define BACKEND_WORKER_H

#include "backend/ledger.h"
#include "backend/tally.h"
#include "client/client.h"

typedef struct Worker
{
	pthread_t	thread;
	PGconn	   *connection;
	uint64_t	seed;
	const char *transaction_refusals;	/* what any statement may end with */
	Records		pending;
	int			operation;		/* under way */
	bool		is_read_committed;
	long		done[MAX_OPERATIONS];	/* in the transaction under way */
	Tally		tally;
} Worker;

extern int	Choose(Worker *worker, long limit);
extern bool Chance(Worker *worker, int percent);
extern long NextTick(void);
extern long NextChange(void);

extern PGresult *Execute(Worker *worker, const char *expected, const char *sql, int count, ...);
extern bool Run(Worker *worker, const char *expected, const char *sql);
extern char *ReadCopy(Worker *worker, const char *sql, const char *expected);

extern void Remember(Worker *worker, Record record);
extern void Acknowledge(Worker *worker);
extern void Forget(Worker *worker);

/* What earlier calls have returned; false where there is none yet. */
extern bool PickBatch(Worker *worker, int *id, Batch *batch);
extern bool PickNumber(Worker *worker, char *number);
extern bool PickCard(Worker *worker, Card *card);

#endif
