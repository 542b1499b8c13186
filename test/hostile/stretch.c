/*
 * Stretches of calls, and the settings and transactions they are made in.
 */
#include "hostile/stretch.h"

#include <string.h>

#include "hostile/call.h"
#include "hostile/judge.h"
#include "hostile/make.h"

#define STRETCH			50		/* calls from fingerprint to fingerprint */

static long changed_states;
static long changed_sessions;

/* Settings of others that a function may meet; the timeout may come first. */
static void
ChangeSetting(const Function *function)
{
	static const char *const commands[] = {
		"SET LOCAL statement_timeout = '1ms'", "SET LOCAL transaction_read_only = on",
		"SET LOCAL ROLE hostile_nobody", "SET LOCAL search_path = ''", "SET LOCAL search_path = pg_temp, cardgen",
		"SET LOCAL enable_indexscan = off", "SET LOCAL enable_bitmapscan = off", "SET LOCAL work_mem = '64kB'",
		"SET LOCAL timezone = 'Pacific/Kiritimati'", "SET LOCAL datestyle = 'German'",
		"SET LOCAL intervalstyle = 'iso_8601'", "SET LOCAL client_encoding = 'LATIN1'",
		"SET LOCAL client_encoding = 'SQL_ASCII'", "SET LOCAL plan_cache_mode = 'force_custom_plan'",
		"SET LOCAL row_security = off"
	};

	Judge(PQexec(connection, PICK(commands)), function, 0, NULL);
}

/* One of the extension's own; returns a function that heeds it. */
static Function *
ChangeOwnSetting(void)
{
	static const struct
	{
		const char *name;
		const char *function;
	}			settings[] = {
		{"cardgen.max_cards_per_call", "generate_cards"}, {"cardgen.batch_retention", "generate_batch"},
		{"cardgen.max_active_cards_per_customer", "issue_new_card"}, {"cardgen.count_only_active", "set_card_status"}
	};
	static const Function set_config = {.name = "set_config", .arguments = {{.name = "name"}, {.name = "value"}}};
	int			chosen = Choose(4);
	Value		values[2];

	EmptyArena();
	values[0] = String(settings[chosen].name);
	if (Chance(20))
		values[1] = MakeHostileText();
	else
		values[1] = chosen == 1 ? MakeInterval() : MakeInteger(&(Argument) {.kind = INT4}, Chance(50));
	if (values[1].is_binary)
		values[1] = String("on");
	Judge(Send("SELECT set_config($1, $2, true)", &set_config, 2, values), &set_config, 2, values);
	for (int i = 0; i < function_count; i++)
		if (strcmp(functions[i].name, settings[chosen].function) == 0)
			return &functions[i];
	return NULL;
}

/* What the functions set while they run; the timeout may come first. */
static void
CheckSession(const Function *function)
{
	static char *expected = NULL;
	PGresult   *result = PQexec(connection, "SELECT concat_ws('/', current_user, session_user, current_setting('search_path'),"
								" current_setting('enable_seqscan'), current_setting('jit'),"
								" current_setting('application_name'), current_setting('cardgen.max_cards_per_call'))");

	if (IsSuccess(result))
	{
		const char *actual = PQgetvalue(result, 0, 0);

		if (expected == NULL)
			expected = Copy(actual);
		if (strcmp(actual, expected) != 0 && changed_sessions++ < MAX_REMARKS)
			Note("call %ld: the session is %s, was %s", call_number, actual, expected);
	}
	Judge(result, function, 0, NULL);
}

/* Whatever a timeout has left of the transaction. */
static void
RollBack(void)
{
	while (PQtransactionStatus(connection) != PQTRANS_IDLE)
		PQclear(PQexec(connection, "ROLLBACK"));
}

static void
RollBackCall(Function *function)
{
	bool		has_savepoint = Chance(20);
	int			changed = Choose(100);
	Function   *concerned;

	Do(connection, Chance(90) ? "BEGIN" : "BEGIN ISOLATION LEVEL SERIALIZABLE");
	if (has_savepoint)
		Do(connection, "SAVEPOINT before");
	Do(connection, "SET LOCAL statement_timeout = '150ms'");
	if (changed < 10)
		ChangeSetting(function);
	else if (changed < 25)
	{
		concerned = ChangeOwnSetting();
		if (concerned != NULL && Chance(70))
			function = concerned;
	}
	if (PQtransactionStatus(connection) == PQTRANS_INTRANS)
	{
		if (function->returns_set && Chance(20))
			CallThroughCursor(function);
		else
			CallFunction(function);
		if (changed >= 25 && PQtransactionStatus(connection) == PQTRANS_INTRANS)
			CheckSession(function);
		if (has_savepoint)
		{
			PQclear(PQexec(connection, "ROLLBACK TO before"));
			if (PQtransactionStatus(connection) == PQTRANS_INTRANS)
				Judge(PQexec(connection, "SELECT cardgen.classify_number('4000')"), function, 0, NULL);
		}
	}
	RollBack();
}

/* Under the very timeout that it ends. */
static void
EndTimeout(const Function *function)
{
	while (!Judge(PQexec(connection, "SET statement_timeout = 0"), function, 0, NULL))
		continue;
}

/* An order may be for more cards than there is time for. */
static void
CommitCall(Function *function)
{
	if (function->is_procedure)
		Do(connection, "SET statement_timeout = '100ms'");
	CallFunction(function);
	if (function->is_procedure)
		EndTimeout(function);
}

void
RunStretch(bool rolls_back, long call_count)
{
	char	   *before = rolls_back ? Fingerprint() : NULL;

	for (int i = 0; i < STRETCH && call_number < call_count; i++)
	{
		Function   *function = &functions[Choose(function_count)];

		call_number++;
		if (rolls_back)
			RollBackCall(function);
		else
			CommitCall(function);
		CheckSession(function);
	}
	if (rolls_back)
	{
		char	   *after = Fingerprint();

		if (strcmp(before, after) != 0 && changed_states++ < MAX_REMARKS)
		{
			Note("calls %ld to %ld left something: before %s", call_number - STRETCH + 1, call_number, before);
			Note("after %s", after);
		}
		free(after);
	}
	free(before);
}

void
CheckStretches(void)
{
	Ok(changed_states == 0, "what is refused or rolled back leaves nothing");
	Ok(changed_sessions == 0, "user and settings are the caller's again after each call");
}
