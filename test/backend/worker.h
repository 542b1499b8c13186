/*
 * One connection: its choices, its calls, and what its transaction has done.
 */
#ifndef BACKEND_WORKER_H
#define BACKEND_WORKER_H

#include "backend/ledger.h"
#include "backend/tally.h"
#include "client/client.h"

#define REASON_SIZE		40

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
extern long NextChange(char *reason);
extern void NameChange(char *reason, long change);

extern PGresult *Execute(Worker *worker, const char *expected, const char *sql, int count, ...);
extern bool Run(Worker *worker, const char *expected, const char *sql);
extern char *ReadCopy(Worker *worker, const char *sql, const char *expected);

/* An element of an array function's arguments was refused. */
extern void RefuseElement(Worker *worker, const char *expected, const PGresult *result, int row);

extern void Remember(Worker *worker, Record record);
extern void Acknowledge(Worker *worker);
extern void Forget(Worker *worker);

#endif
