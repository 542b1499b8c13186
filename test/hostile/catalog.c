/*
 * The functions to call, as the catalogs describe them.
 */
#include "hostile/catalog.h"

#include <string.h>

static const char *const kind_types[KIND_COUNT] = {
	[TEXT] = "text", [INT4] = "integer", [INT8] = "bigint", [BOOL] = "boolean",
	[UUID] = "uuid", [INTERVAL] = "interval", [TIMESTAMPTZ] = "timestamp with time zone", [DATE] = "date"
};

Function	functions[MAX_FUNCTIONS];
int			function_count;

/* Cuts a text short where it ends so. */
static bool
CutEnd(char *text, const char *end)
{
	size_t		length = strlen(text);
	size_t		cut = strlen(end);

	if (length <= cut || strcmp(text + length - cut, end) != 0)
		return false;
	text[length - cut] = '\0';
	return true;
}

static void
ReadArgument(Argument *argument, const PGresult *result, int row)
{
	char		type[64];

	snprintf(type, sizeof(type), "%s", PQgetvalue(result, row, 7));
	snprintf(argument->name, sizeof(argument->name), "%s", PQgetvalue(result, row, 6));
	argument->type = (Oid) strtoul(PQgetvalue(result, row, 8), NULL, 10);
	snprintf(argument->topic, sizeof(argument->topic), "%s", PQgetvalue(result, row, 6));
	argument->is_array = CutEnd(type, "[]");
	if (argument->is_array)
		CutEnd(argument->topic, "s");
	argument->kind = KIND_COUNT;
	for (int kind = 0; kind < KIND_COUNT; kind++)
		if (kind_types[kind] != NULL && strcmp(kind_types[kind], type) == 0)
			argument->kind = (ArgumentKind) kind;
	if (PQgetvalue(result, row, 9)[0] == 'e')
		argument->kind = ENUM;
	if (argument->kind == KIND_COUNT)
	{
		Ok(false, "it is known how to make a %s", type);
		exit(EXIT_FAILURE);
	}
}

/* The types' OIDs change with the extension. */
void
ReadFunctions(void)
{
	PGresult   *result = Require(connection,
								 "SELECT proname, prokind, prorettype = 'trigger'::regtype, proretset, pronargs,"
								 " pronargdefaults, proargnames[place], format_type(t.oid, NULL), t.oid, t.typtype, place"
								 " FROM pg_proc LEFT JOIN LATERAL unnest(proargtypes) WITH ORDINALITY a(type, place) ON true"
								 " LEFT JOIN pg_type t ON t.oid = a.type"
								 " WHERE pronamespace = 'cardgen'::regnamespace ORDER BY proname, place");
	Function   *function = functions;

	function_count = 0;
	for (int row = 0; row < PQntuples(result); row++)
	{
		if (row == 0 || strcmp(PQgetvalue(result, row, 0), function->name) != 0)
		{
			function = &functions[function_count++];
			snprintf(function->name, sizeof(function->name), "%s", PQgetvalue(result, row, 0));
			function->is_procedure = PQgetvalue(result, row, 1)[0] == 'p';
			function->is_trigger = PQgetvalue(result, row, 2)[0] == 't';
			function->returns_set = PQgetvalue(result, row, 3)[0] == 't';
			function->argument_count = atoi(PQgetvalue(result, row, 4));
			function->default_count = atoi(PQgetvalue(result, row, 5));
		}
		if (!PQgetisnull(result, row, 10))
			ReadArgument(&function->arguments[atoi(PQgetvalue(result, row, 10)) - 1], result, row);
	}
	PQclear(result);
}
