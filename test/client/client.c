/*
 * What the libpq programs share. What must not fail ends the program when it
 * does, with a failed test that tells of it.
 */
#include "client/client.h"

#include <string.h>

static void
GiveUp(PGconn *connection, const char *what)
{
	Note("%s", what);
	Note("%s", PQerrorMessage(connection));
	Ok(false, "what must not fail did not");
	exit(EXIT_FAILURE);
}

/* As the PG* variables say, with these options of the server. */
PGconn *
Connect(const char *options)
{
	const char *const keywords[] = {"options", "client_encoding", NULL};
	const char *const values[] = {options, "UTF8", NULL};
	PGconn	   *connection = PQconnectdbParams(keywords, values, 0);

	if (PQstatus(connection) != CONNECTION_OK)
		GiveUp(connection, "there is no connection");
	return connection;
}

bool
IsSuccess(const PGresult *result)
{
	switch (PQresultStatus(result))
	{
		case PGRES_TUPLES_OK:
		case PGRES_COMMAND_OK:
		case PGRES_COPY_IN:
		case PGRES_COPY_OUT:
			return true;
		default:
			return false;
	}
}

PGresult *
Require(PGconn *connection, const char *sql)
{
	PGresult   *result = PQexec(connection, sql);

	if (!IsSuccess(result))
		GiveUp(connection, sql);
	return result;
}

void
Do(PGconn *connection, const char *sql)
{
	PQclear(Require(connection, sql));
}

char *
ReadText(PGconn *connection, const char *sql)
{
	PGresult   *result = Require(connection, sql);
	char	   *text = Copy(PQgetvalue(result, 0, 0));

	PQclear(result);
	return text;
}

long
ReadNumber(PGconn *connection, const char *sql)
{
	char	   *text = ReadText(connection, sql);
	long		number = atol(text);

	free(text);
	return number;
}

const char *
Field(const PGresult *result, const char *column)
{
	return PQgetvalue(result, 0, PQfnumber(result, column));
}

void
PutLine(PGconn *connection, const char *format, ...)
{
	char		line[1000];
	va_list		arguments;
	int			length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length >= (int) sizeof(line) || PQputCopyData(connection, line, length) != 1)
		GiveUp(connection, format);
}

void
EndCopy(PGconn *connection)
{
	PGresult   *result;

	PQputCopyEnd(connection, NULL);
	while ((result = PQgetResult(connection)) != NULL)
	{
		if (!IsSuccess(result))
			GiveUp(connection, "COPY");
		PQclear(result);
	}
}

static void
AddCharacter(ArrayText *array, char character)
{
	if (array->length == array->size)
	{
		array->size = array->size * 2 + 200;
		array->text = Grow(array->text, array->size);
	}
	array->text[array->length++] = character;
}

/* NULL: a null. */
void
AddElement(ArrayText *array, const char *element)
{
	const char *text = element == NULL ? "NULL" : element;

	AddCharacter(array, array->length == 0 ? '{' : ',');
	if (element != NULL)
		AddCharacter(array, '"');
	for (; *text != '\0'; text++)
	{
		if (*text == '"' || *text == '\\')
			AddCharacter(array, '\\');
		AddCharacter(array, *text);
	}
	if (element != NULL)
		AddCharacter(array, '"');
}

const char *
CloseArray(ArrayText *array)
{
	if (array->length == 0)
		AddCharacter(array, '{');
	AddCharacter(array, '}');
	AddCharacter(array, '\0');
	return array->text;
}

void *
Grow(void *memory, size_t size)
{
	memory = realloc(memory, size);
	if (memory == NULL)
	{
		perror("out of memory");
		exit(EXIT_FAILURE);
	}
	return memory;
}

char *
Copy(const char *text)
{
	size_t		size = strlen(text) + 1;

	return memcpy(Grow(NULL, size), text, size);
}

/* From 0 to limit - 1. */
int
Draw(uint64_t *seed, long limit)
{
	return (int) ((NextRandom(seed) >> 33) % (uint64_t) limit);
}

/* The query counts what is not as it should be. */
void
Check(PGconn *connection, const char *name, const char *sql)
{
	long		violations = ReadNumber(connection, sql);

	if (violations != 0)
		Note("%ld", violations);
	Ok(violations == 0, "%s", name);
}

/* The last line, and what the program ends with. */
int
Summarize(void)
{
	printf("%d passed, %d failed\n", tap_count - tap_failures, tap_failures);
	return tap_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
