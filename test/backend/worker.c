/*
 * One connection. What its calls return is remembered until the transaction's
 * commit is acknowledged.
 */
#include "backend/worker.h"

#include <string.h>

/* From 0 to limit - 1. */
int
Choose(Worker *worker, long limit)
{
	return Draw(&worker->seed, limit);
}

bool
Chance(Worker *worker, int percent)
{
	return Choose(worker, 100) < percent;
}

/* The place in the order of what changed cards. */
long
NextTick(void)
{
	static atomic_long ticks;

	return atomic_fetch_add(&ticks, 1);
}

/* A call's reason tells its rows in the log. */
long
NextChange(char *reason)
{
	static atomic_long changes;
	long		change = atomic_fetch_add(&changes, 1);

	NameChange(reason, change);
	return change;
}

void
NameChange(char *reason, long change)
{
	snprintf(reason, REASON_SIZE, "change %ld", change);
}

/* Whether it is expected. */
static bool
CountError(Worker *worker, const char *expected, const char *state, const char *name)
{
	char		counted[48];

	snprintf(counted, sizeof(counted), "%s%s%s", state, name == NULL ? "" : " ", name == NULL ? "" : name);
	CountRefusal(&worker->tally, worker->operation, counted, 1);
	return strstr(expected, state) != NULL || strstr(worker->transaction_refusals, state) != NULL;
}

void
RefuseElement(Worker *worker, const char *expected, const PGresult *result, int row)
{
	const char *state = PQgetvalue(result, row, PQfnumber(result, "sqlstate"));
	const char *name = PQgetvalue(result, row, PQfnumber(result, "error_name"));
	const char *problem = PQgetvalue(result, row, PQfnumber(result, "problem"));

	if (name[0] == '\0' || problem[0] == '\0')
		Wrong("%s came without its name or what it is about", state);
	if (!CountError(worker, expected, state, name))
		Unexpected(problem);
}

static void
Refuse(Worker *worker, const char *expected, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (CountError(worker, expected, state == NULL ? "08006" : state,
				   PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME)))
		return;
	Unexpected(PQerrorMessage(worker->connection));
	if (PQstatus(worker->connection) != CONNECTION_OK)
	{
		Note("the connection is lost");
		exit(EXIT_FAILURE);
	}
}

/* NULL after an error; it is a failure unless its SQLSTATE is expected. */
PGresult *
Execute(Worker *worker, const char *expected, const char *sql, int count, ...)
{
	const char *values[8] = {NULL};
	PGresult   *result;
	va_list		arguments;

	va_start(arguments, count);
	for (int i = 0; i < count; i++)
		values[i] = va_arg(arguments, const char *);
	va_end(arguments);

	result = PQexecParams(worker->connection, sql, count, NULL, values, NULL, NULL, 0);
	if (IsSuccess(result))
		return result;
	Refuse(worker, expected, result);
	PQclear(result);
	return NULL;
}

bool
Run(Worker *worker, const char *expected, const char *sql)
{
	PGresult   *result = Execute(worker, expected, sql, 0);

	PQclear(result);
	return result != NULL;
}

/* NULL after an error. */
char *
ReadCopy(Worker *worker, const char *sql, const char *expected)
{
	PGresult   *result = Execute(worker, expected, sql, 0);
	char	   *text;
	size_t		length = 0;
	char	   *line;
	int			size;

	if (result == NULL)
		return NULL;
	PQclear(result);
	text = Copy("");
	while ((size = PQgetCopyData(worker->connection, &line, 0)) > 0)
	{
		text = Grow(text, length + (size_t) size + 1);
		memcpy(text + length, line, (size_t) size + 1);
		length += (size_t) size;
		PQfreemem(line);
	}
	while ((result = PQgetResult(worker->connection)) != NULL)
	{
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
		{
			Refuse(worker, expected, result);
			free(text);
			text = NULL;
		}
		PQclear(result);
	}
	return text;
}

void
Remember(Worker *worker, Record record)
{
	Append(&worker->pending, &record);
}

void
Acknowledge(Worker *worker)
{
	for (long i = 0; i < worker->pending.count; i++)
		worker->pending.items[i].committed = NextTick();
	EnterRecords(&worker->pending);
	worker->pending.count = 0;
	for (int i = 0; i < MAX_OPERATIONS; i++)
		worker->tally.acknowledged[i] += worker->done[i];
	memset(worker->done, 0, sizeof(worker->done));
}

void
Forget(Worker *worker)
{
	worker->pending.count = 0;
	for (int i = 0; i < MAX_OPERATIONS; i++)
		worker->tally.undone[i] += worker->done[i];
	memset(worker->done, 0, sizeof(worker->done));
}
