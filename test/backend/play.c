/*
 * The play: which call comes next, and in what transaction.
 */
#include "backend/play.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/operations.h"

static double deadline;
static bool is_mixed;

static double
Now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static int
ChooseOperation(Worker *worker)
{
	int			place;
	int			total = 0;

	for (int i = 0; i < operation_count; i++)
		total += operations[i].weight;
	place = Choose(worker, total);
	for (int i = 0; i < operation_count; i++)
	{
		place -= operations[i].weight;
		if (place < 0)
			return i;
	}
	return 0;
}

static Outcome
Call(Worker *worker, int operation)
{
	Outcome		outcome;

	worker->operation = operation;
	outcome = operations[operation].call(worker);
	if (outcome == DONE)
		worker->done[operation]++;
	return outcome;
}

/* False where the transaction is over. */
static bool
CallWithin(Worker *worker, bool has_savepoint)
{
	int			operation;
	long		pending = worker->pending.count;

	do
	{
		operation = ChooseOperation(worker);
	} while (operations[operation].is_alone);

	/* Time for others to change what the transaction has seen. */
	if (Chance(worker, 20))
		usleep((useconds_t) Choose(worker, 3000));
	if (has_savepoint && !Run(worker, "", "SAVEPOINT before"))
		return false;
	if (Call(worker, operation) != REFUSED)
	{
		if (!has_savepoint || Chance(worker, 50))
			return true;
		if (worker->done[operation] > 0)
		{
			worker->done[operation]--;
			worker->tally.undone[operation]++;
		}
	}
	else if (!has_savepoint)
		return false;
	worker->pending.count = pending;
	return Run(worker, "", "ROLLBACK TO before");
}

static void
BeginTransaction(Worker *worker)
{
	int			level = is_mixed ? Choose(worker, 100) : 100;

	worker->is_read_committed = level >= 35;
	worker->transaction_refusals = !is_mixed ? "" : worker->is_read_committed ? "40P01" : "40P01 40001";
	Run(worker, "", level < 5 ? "BEGIN ISOLATION LEVEL SERIALIZABLE" :
		level < 35 ? "BEGIN ISOLATION LEVEL REPEATABLE READ" : "BEGIN");
	if (!is_mixed)
		return;
	level = Choose(worker, 100);
	if (level < 3)
	{
		Run(worker, "", "SET LOCAL statement_timeout = '4ms'");
		worker->transaction_refusals = "57014 40P01 40001";
	}
	else if (level < 6)
	{
		Run(worker, "", "SET LOCAL lock_timeout = '2ms'");
		worker->transaction_refusals = "55P03 40P01 40001";
	}
}

static void
EndTransaction(Worker *worker, bool commits)
{
	PGresult   *result = Execute(worker, "", commits ? "COMMIT" : "ROLLBACK", 0);

	if (result != NULL && strcmp(PQcmdStatus(result), "COMMIT") == 0)
		Acknowledge(worker);
	else
		Forget(worker);
	PQclear(result);

	/* A timeout may have ended the command instead of the transaction. */
	while (PQtransactionStatus(worker->connection) == PQTRANS_INERROR)
		PQclear(PQexec(worker->connection, "ROLLBACK"));
}

/* Changes of a card are never bare: their tick comes ahead of the commit. */
static void
PlayTransaction(Worker *worker, int operation)
{
	bool		goes_on = true;

	worker->transaction_refusals = is_mixed ? "40P01" : "";
	worker->is_read_committed = true;
	if (operations[operation].is_alone || (operations[operation].may_be_bare && Chance(worker, 50)))
	{
		if (Call(worker, operation) == REFUSED)
			Forget(worker);
		else
			Acknowledge(worker);
		return;
	}

	BeginTransaction(worker);
	if (!is_mixed || Chance(worker, 50))
		goes_on = Call(worker, operation) != REFUSED;
	else
		for (int calls = 2 + Choose(worker, 4); goes_on && calls > 0; calls--)
			goes_on = CallWithin(worker, Chance(worker, 30));
	EndTransaction(worker, goes_on && Chance(worker, 90));
}

static void *
Play(void *argument)
{
	Worker	   *worker = argument;

	while (Now() < deadline && atomic_load(&unexpected_errors) < MAX_REMARKS)
		PlayTransaction(worker, ChooseOperation(worker));
	return NULL;
}

/* A slow server may have come to no call of some kind. */
static void
PlayMissing(Worker *workers, int count)
{
	for (int operation = 0; operation < operation_count; operation++)
	{
		bool		is_missing = true;

		for (int i = 0; i < count; i++)
			is_missing = is_missing && workers[i].tally.acknowledged[operation] == 0;
		for (int tries = 0; is_missing && tries < 100; tries++)
		{
			PlayTransaction(&workers[0], operation);
			is_missing = workers[0].tally.acknowledged[operation] == 0;
		}
	}
}

static void
PlayAll(Worker *workers, int count, double seconds)
{
	deadline = Now() + seconds;
	for (int i = 0; i < count; i++)
		if (pthread_create(&workers[i].thread, NULL, Play, &workers[i]) != 0)
			exit(EXIT_FAILURE);
	for (int i = 0; i < count; i++)
		pthread_join(workers[i].thread, NULL);
}

/* Each transaction is one call; at the end each kind of call has been made. */
void
PlayAlone(Worker *workers, int count, double seconds)
{
	is_mixed = false;
	PlayAll(workers, count, seconds);
	PlayMissing(workers, count);
}

/* Transactions have several calls, savepoints, timeouts and all levels. */
void
PlayMixed(Worker *workers, int count, double seconds)
{
	is_mixed = true;
	PlayAll(workers, count, seconds);
}
