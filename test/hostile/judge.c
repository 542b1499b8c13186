/*
 * What calls ended with.
 */
#include "hostile/judge.h"

#include <string.h>

/* What a call may end with. */
static const struct
{
	const char *state;
	bool		must_come;		/* or else the calls are not hostile enough */
	const char *sources;		/* functions of PostgreSQL it may come from; NULL: any */
}			allowed_states[] = {
	/* documented */
	{"22023", true}, {"2200H", true}, {"23P01", true}, {"25006", true}, {"2D000", true}, {"42501", true},
	{"42704", true}, {"42710", true}, {"54000", true}, {"55000", true},
	{"57014", false},			/* a matter of time */
	/* PostgreSQL's own, of arguments that it can't read */
	{"08P01", true},			/* binary data of the wrong length */
	{"22P03", true},
	{"22003", true},			/* text that is not of the type */
	{"22007", true},
	{"22008", true, "DateTimeParseError timestamptz_in timestamptz_recv interval_in interval_recv date_in date_recv"},
	{"22015", false},
	{"22P02", true},
	{"22021", true},			/* text that is not UTF-8 */
	{"22P05", false},			/* text that the client's encoding has not */
	/* a trigger function called as any other */
	{"39P01", true},
	{"42804", true}
};

#define STATE_COUNT ((int) (sizeof(allowed_states) / sizeof(allowed_states[0])))

long		call_number;
static long state_counts[STATE_COUNT];
static long forbidden_errors;
static long warnings;

static void
DescribeCall(const Function *function, int count, const Value *values)
{
	printf("# call %ld: %s(", call_number, function->name);
	for (int i = 0; i < count; i++)
	{
		printf("%s%s => ", i == 0 ? "" : ", ", function->arguments[i].name);
		if (values[i].data == NULL)
			printf("NULL");
		for (int j = 0; values[i].data != NULL && j < values[i].length && j < 100; j++)
			printf(values[i].data[j] >= ' ' && values[i].data[j] <= '~' ? "%c" : "\\x%02X",
				   (unsigned char) values[i].data[j]);
	}
	printf(")\n");
}

/* False where it is not an error that may come. */
static bool
CountState(const char *state, const char *source)
{
	for (int i = 0; i < STATE_COUNT; i++)
		if (strcmp(state, allowed_states[i].state) == 0 &&
			(allowed_states[i].sources == NULL || strstr(allowed_states[i].sources, source) != NULL))
		{
			state_counts[i]++;
			return true;
		}
	return false;
}

/* Returns whether it succeeded. */
bool
Judge(PGresult *result, const Function *function, int count, const Value *values)
{
	bool		succeeded = IsSuccess(result);
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (!succeeded && (state == NULL || !CountState(state, PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION))))
	{
		if (forbidden_errors++ < MAX_REMARKS)
		{
			DescribeCall(function, count, values);
			Note("%s: %s", state == NULL ? "no SQLSTATE" : state, PQerrorMessage(connection));
		}
	}
	if (PQstatus(connection) != CONNECTION_OK)
	{
		DescribeCall(function, count, values);
		Ok(false, "the connection is never lost");
		exit(EXIT_FAILURE);
	}
	PQclear(result);
	return succeeded;
}

void
CountWarning(void *argument, const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	(void) argument;
	if (severity != NULL && strcmp(severity, "WARNING") == 0 && warnings++ < MAX_REMARKS)
		Note("call %ld: %s", call_number, PQresultErrorMessage(result));
}

void
PrintTally(void)
{
	long		successes = 0;

	for (int i = 0; i < function_count; i++)
		successes += functions[i].successes;
	Note("%ld calls, %ld succeeded", call_number, successes);
	for (int i = 0; i < STATE_COUNT; i++)
		Note("%s %ld", allowed_states[i].state, state_counts[i]);
}

void
CheckJudgements(void)
{
	Ok(true, "the connection is never lost");
	Ok(forbidden_errors == 0, "no call ends with an error that is not listed");
	Ok(warnings == 0, "no call causes a warning");
}

static bool
IsFunctionCovered(const Function *function)
{
	/* A trigger function is refused, one without Citus, one without a key. */
	bool		can_succeed = !function->is_trigger && strcmp(function->name, "distribute") != 0 &&
		strcmp(function->name, "wrap_keys") != 0;

	return function->calls > 0 && (function->successes > 0 || !can_succeed);
}

static bool
IsStateCovered(int state)
{
	return state_counts[state] > 0 || !allowed_states[state].must_come;
}

static bool
AreFunctionsCovered(void)
{
	for (int i = 0; i < function_count; i++)
		if (!IsFunctionCovered(&functions[i]))
			return false;
	return true;
}

static bool
AreStatesCovered(void)
{
	for (int i = 0; i < STATE_COUNT; i++)
		if (!IsStateCovered(i))
			return false;
	return true;
}

bool
IsCovered(void)
{
	return AreFunctionsCovered() && AreStatesCovered();
}

void
CheckCoverage(void)
{
	for (int i = 0; i < function_count; i++)
		if (!IsFunctionCovered(&functions[i]))
			Note("%s succeeded in %ld of %ld calls", functions[i].name, functions[i].successes, functions[i].calls);
	Ok(AreFunctionsCovered(), "each function was called, and succeeded with some of the arguments");
	for (int i = 0; i < STATE_COUNT; i++)
		if (!IsStateCovered(i))
			Note("%s never came", allowed_states[i].state);
	Ok(AreStatesCovered(), "each kind of error was met");
}
