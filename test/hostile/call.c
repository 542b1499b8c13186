/*
 * One call of a function.
 */
#include "hostile/call.h"

#include "hostile/judge.h"
#include "hostile/make.h"

/* The values by position, or by name, or in the select list. */
static void
WriteCall(char *sql, size_t size, const char *before, const Function *function, int count)
{
	bool		by_name = Chance(30);
	size_t		length;

	length = (size_t) snprintf(sql, size, "%s%s cardgen.%s(", before,
							   function->is_procedure ? "CALL" : Chance(50) ? "SELECT" : "SELECT * FROM",
							   function->name);
	for (int i = 0; i < count && length < size; i++)
		length += (size_t) (by_name ?
							snprintf(sql + length, size - length, "%s%s => $%d", i == 0 ? "" : ", ",
									 function->arguments[i].name, i + 1) :
							snprintf(sql + length, size - length, "%s$%d", i == 0 ? "" : ", ", i + 1));
	if (length < size)
		snprintf(sql + length, size - length, ")");
}

PGresult *
Send(const char *sql, const Function *function, int count, const Value *values)
{
	Oid			types[MAX_ARGUMENTS];
	const char *data[MAX_ARGUMENTS];
	int			lengths[MAX_ARGUMENTS];
	int			formats[MAX_ARGUMENTS];

	for (int i = 0; i < count; i++)
	{
		types[i] = function->arguments[i].type;
		data[i] = values[i].data;
		lengths[i] = values[i].length;
		formats[i] = values[i].is_binary;
	}
	return PQexecParams(connection, sql, count, types, data, lengths, formats, Chance(30));
}

/* Often all arguments but one are right: others would be refused ahead of it. */
static int
MakeArguments(const Function *function, Value *values)
{
	int			count = function->argument_count -
		(function->default_count > 0 && Chance(50) ? Choose(function->default_count + 1) : 0);
	bool		is_polite = Chance(75);
	int			hostile = count == 0 || Chance(25) ? -1 : Choose(count);

	EmptyArena();
	for (int i = 0; i < count; i++)
		values[i] = MakeValue(&function->arguments[i], is_polite ? i != hostile : Chance(40));
	return count;
}

bool
CallFunction(Function *function)
{
	char		sql[2000];
	Value		values[MAX_ARGUMENTS];
	int			count = MakeArguments(function, values);
	bool		succeeded;

	WriteCall(sql, sizeof(sql), "", function, count);
	succeeded = Judge(Send(sql, function, count, values), function, count, values);
	function->calls++;
	function->successes += succeeded;
	return succeeded;
}

void
CallThroughCursor(Function *function)
{
	char		sql[2000];
	Value		values[MAX_ARGUMENTS];
	int			count = MakeArguments(function, values);

	WriteCall(sql, sizeof(sql), "DECLARE hostile CURSOR FOR ", function, count);
	function->calls++;
	if (Judge(Send(sql, function, count, values), function, count, values) &&
		Judge(PQexec(connection, "FETCH 3 FROM hostile"), function, count, values))
	{
		function->successes++;
		if (Chance(50))
			Judge(PQexec(connection, "MOVE ALL IN hostile"), function, count, values);
	}
}
