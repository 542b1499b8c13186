/*
 * Calls every function of the extension with hostile arguments: extremes,
 * NULLs, broken text and binary data, numbers that are almost right. The seed
 * gives the choices; the numbers among which some are made are as random as
 * the series' keys.
 *
 *	hostile [CALLS [SEED]]
 *
 * Connects as a superuser as the PG* variables say, to a database without the
 * extension, which it creates and drops again and again. In every other
 * stretch of calls each call is rolled back, and nothing may have changed at
 * the end of the stretch. No call may end the connection, or end with an
 * SQLSTATE that is not listed below.
 *
 *	cc -I"$(pg_config --includedir)" -o hostile test/hostile.c \
 *		-L"$(pg_config --libdir)" -lpq
 */
#include <arpa/inet.h>
#include <libpq-fe.h>
#include <string.h>
#include <strings.h>

#include "unit/tap.h"

#define STRETCH			50		/* calls from fingerprint to fingerprint */
#define LIFE			4000	/* calls until the extension is created anew */
#define MAX_FUNCTIONS	64
#define MAX_ARGUMENTS	16
#define MAX_ENUMS		8
#define MAX_REMARKS		10
#define ARENA_SIZE		(1 << 25)
#define LONGEST_TEXT	(1 << 20)

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
	{"22008", true, "DateTimeParseError timestamptz_in timestamptz_recv interval_in interval_recv"},
	{"22015", false},
	{"22P02", true},
	{"22021", true},			/* text that is not UTF-8 */
	{"22P05", false},			/* text that the client's encoding has not */
	/* a trigger function called as any other */
	{"39P01", true},
	{"42804", true}
};

#define STATE_COUNT ((int) (sizeof(allowed_states) / sizeof(allowed_states[0])))

typedef enum ArgumentKind
{
	TEXT, INT4, INT8, BOOL, UUID, INTERVAL, TIMESTAMPTZ, ENUM, KIND_COUNT
} ArgumentKind;

static const char *const kind_types[KIND_COUNT] = {
	[TEXT] = "text", [INT4] = "integer", [INT8] = "bigint", [BOOL] = "boolean",
	[UUID] = "uuid", [INTERVAL] = "interval", [TIMESTAMPTZ] = "timestamp with time zone"
};

typedef struct Argument
{
	char		name[64];
	ArgumentKind kind;
	Oid			type;
} Argument;

typedef struct Function
{
	char		name[64];
	bool		is_procedure;
	bool		is_trigger;
	bool		returns_set;
	int			argument_count;
	int			default_count;
	Argument	arguments[MAX_ARGUMENTS];
	long		calls;
	long		successes;
} Function;

typedef struct Value
{
	char	   *data;			/* NULL: null */
	int			length;
	int			is_binary;
} Value;

/* Texts that are right for some argument. */
typedef struct Pool
{
	PGresult   *result;
} Pool;

static PGconn *connection;
static Function functions[MAX_FUNCTIONS];
static int	function_count;
static Pool numbers;
static Pool codes;
static Pool labels;
static Pool batch_ids;
static Pool request_ids;
static Pool enum_values;
static char arena[ARENA_SIZE];
static size_t arena_used;
static char *fingerprint_query;

static long call_count = 20000;
static long call_number;
static long state_counts[STATE_COUNT];
static long successes;
static long forbidden_errors;
static long warnings;
static long changed_states;
static long changed_sessions;
static long broken_batches;
static long fingerprints;

static int
Choose(int limit)
{
	return (int) ((Random() >> 33) % (uint64_t) limit);
}

static bool
Chance(int percent)
{
	return Choose(100) < percent;
}

static char *
Allocate(size_t size)
{
	char	   *memory = arena + arena_used;

	arena_used += (size + 7) & ~(size_t) 7;
	if (arena_used > ARENA_SIZE)
	{
		fprintf(stderr, "hostile: the arena is too small\n");
		exit(EXIT_FAILURE);
	}
	return memory;
}

static Value
Null(void)
{
	return (Value) {NULL, 0, 0};
}

static Value
Bytes(const void *data, size_t length, int is_binary)
{
	Value		value = {Allocate(length + 1), (int) length, is_binary};

	memcpy(value.data, data, length);
	value.data[length] = '\0';
	return value;
}

static Value
String(const char *text)
{
	return Bytes(text, strlen(text), 0);
}

static const char *
PickOf(const char *const *texts, int count)
{
	return texts[Choose(count)];
}

#define PICK(array) PickOf(array, (int) (sizeof(array) / sizeof((array)[0])))

static const char *
PickFrom(const Pool *pool)
{
	int			count = PQntuples(pool->result);

	return count == 0 ? "" : PQgetvalue(pool->result, Choose(count), 0);
}

/* For what must not fail. */
static PGresult *
Require(const char *sql)
{
	PGresult   *result = PQexec(connection, sql);

	if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK)
	{
		Note("call %ld: %s", call_number, sql);
		Note("%s", PQerrorMessage(connection));
		Ok(false, "what must not fail did not");
		exit(EXIT_FAILURE);
	}
	return result;
}

static void
Do(const char *sql)
{
	PQclear(Require(sql));
}

/* Of UTF-8: wrong starts, overlong, cut off, surrogate, beyond Unicode. */
static const char *const broken_texts[] = {
	"\xFF", "\x80", "\xC0\x80", "\xE2\x82", "\xED\xA0\x80", "\xF5\x80\x80\x80", "abc\xC3", "\xF0\x9F\x92"
};

static const char *const strange_texts[] = {
	"", " ", "\t\n\r\v\f", "%s%n%d%1$s", "'", "''; DROP SCHEMA cardgen CASCADE; --", "\"", "\\", "\\N", "$1",
	"$$", "NULL", "\x01\x02\x1B[31m\x7F", "\xC3\xA9", "e\xCC\x81", "\xE2\x80\xAE", ("\xEF\xBB\xBF" "GOLD"),
	"\xF0\x9F\x92\xB3", "\xC2\xA0", "\xEF\xBC\x91\xEF\xBC\x92", "0", "-1", "true", "{}", "(,)", "infinity"
};

static Value
MakeLongText(void)
{
	static const int lengths[] = {49, 50, 51, 149, 150, 151, 152, 255, 256, 1023, 8192, 65536};
	int			length = Chance(2) ? LONGEST_TEXT : lengths[Choose(12)];
	Value		value = {Allocate((size_t) length + 1), length, Chance(50)};
	char		filler = "0A a"[Choose(4)];

	for (int i = 0; i < length; i++)
		value.data[i] = Chance(1) ? (char) ('0' + Choose(10)) : filler;
	value.data[length] = '\0';
	return value;
}

/* Almost the text: a character changed, added, left out, or its case. */
static Value
Spoil(const char *text)
{
	static const char characters[] = "0123456789ABCXYZabcxyz -_.\n\x01";
	char		spoiled[400];
	int			length = snprintf(spoiled, sizeof(spoiled) - 20, "%s", text);
	int			place;
	char		other = characters[Choose((int) sizeof(characters) - 1)];

	if (length >= (int) sizeof(spoiled) - 20)
		length = (int) sizeof(spoiled) - 21;
	if (length == 0)
		return Bytes(&other, 1, 0);
	place = Choose(length);
	switch (Choose(7))
	{
		case 0:					/* one off */
			spoiled[place] = (char) ('0' + (spoiled[place] - '0' + 1 + Choose(9)) % 10);
			spoiled[place] = spoiled[place] < ' ' ? ' ' : spoiled[place];
			break;
		case 1:
			spoiled[place] = other;
			break;
		case 2:
			memmove(spoiled + place + 1, spoiled + place, (size_t) (length - place));
			spoiled[place] = other;
			length++;
			break;
		case 3:
			memmove(spoiled + place, spoiled + place + 1, (size_t) (length - place));
			length--;
			break;
		case 4:
			for (int i = 0; i < length; i++)
				if (spoiled[i] >= 'A' && spoiled[i] <= 'Z')
					spoiled[i] = (char) (spoiled[i] + 'a' - 'A');
			break;
		case 5:
			length = snprintf(spoiled, sizeof(spoiled), " \t%.300s\r\n", text);
			break;
		default:
			if (place + 1 < length)
			{
				other = spoiled[place];
				spoiled[place] = spoiled[place + 1];
				spoiled[place + 1] = other;
			}
			break;
	}
	return Bytes(spoiled, (size_t) length, Chance(50));
}

static Value
MakeHostileText(void)
{
	switch (Choose(8))
	{
		case 0:
			return String(PICK(broken_texts));
		case 1:
			return Bytes("GO\0LD", 5, 1);
		case 2:
			return MakeLongText();
		case 3:
			return Spoil(PickFrom(&numbers));
		case 4:
			return Spoil(PickFrom(&labels));
		default:
			return String(PICK(strange_texts));
	}
}

static bool
IsNamed(const Argument *argument, const char *name)
{
	return strcmp(argument->name, name) == 0;
}

static Value
MakeText(const Argument *argument, bool is_polite)
{
	static const char *const affixes[] = {"A", "ab", "9", "4000", "9000", "GOLD", "X7Y", "0", "zz", "made"};
	static const char *const alphabets[] = {
		"0123456789", "01", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "23456789CFGHJMPQRVWX", "ZYX", "A", "AA", "abc"
	};
	char		made[20];
	static const char *const frequent_labels[] = {"NOT_ISSUED", "Printed", "ISSUED", "ACTIVE"};
	const char *right = made;

	if (!is_polite && Chance(50))
		return MakeHostileText();
	snprintf(made, sizeof(made), "made%d", Choose(1000));
	if (IsNamed(argument, "number"))
		right = PickFrom(&numbers);
	else if (IsNamed(argument, "series_code") || (IsNamed(argument, "code") && Chance(20)))
		right = PickFrom(&codes);
	else if (IsNamed(argument, "status_label") && Chance(80))
		right = PICK(frequent_labels);
	else if (strstr(argument->name, "label") != NULL)
		right = PickFrom(&labels);
	else if (IsNamed(argument, "alphabet"))
		right = is_polite ? alphabets[Choose(3)] : PICK(alphabets);
	else if (IsNamed(argument, "prefix") || IsNamed(argument, "suffix"))
		right = Chance(50) ? "" : PICK(affixes);
	if (!is_polite && Chance(70))
		return Spoil(right);
	return Bytes(right, strlen(right), Chance(50));
}

static Value
MakeInteger(const Argument *argument, bool is_polite)
{
	static const int64_t edges[] = {
		0, 1, -1, 2, 5, 10, 36, 50, 51, 149, 150, 151, 299, 300, 301, 1000, 36500, 36501, 99999, 100000, 100001,
		INT32_MAX, INT32_MIN, INT32_MAX - 1, INT64_C(4294967296), INT64_MAX, INT64_MIN, INT64_MAX - 1
	};
	static const char *const broken[] = {"", " ", "1.5", "0x10", "12abc", "NaN", "99999999999999999999", "--1"};
	int64_t		number;
	char		text[30];

	if (!is_polite && Chance(20))
		return String(PICK(broken));
	if (!is_polite)
		number = Chance(80) ? edges[Choose(28)] : (int64_t) Random();
	else if (IsNamed(argument, "batch_id"))
		number = atoll(PickFrom(&batch_ids));
	else if (IsNamed(argument, "card_offset"))
		number = 0;
	else
		number = 1 + Choose(40);

	if (Chance(50))
	{
		unsigned char binary[8] = {0};
		int			size = argument->kind == INT4 ? 4 : 8;

		for (int i = 0; i < size; i++)
			binary[i] = (unsigned char) ((uint64_t) number >> (8 * (size - 1 - i)));
		return Bytes(binary, (size_t) (!is_polite && Chance(10) ? Choose(9) : size), 1);
	}
	snprintf(text, sizeof(text), "%lld", (long long) number);
	return String(text);
}

static Value
MakeRandomBytes(size_t size)
{
	char		bytes[16] = {0};

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char) (Chance(50) ? 0 : Chance(30) ? 0xFF : Choose(256));
	return Bytes(bytes, Chance(2) ? size - 1 : size, 1);
}

static Value
MakeUuid(void)
{
	static const char *const texts[] = {
		"", "x", "00000000-0000-0000-0000-000000000000", "{ffffffff-ffff-ffff-ffff-ffffffffffff}",
		"00000000-0000-0000-0000-00000000000", "0000000000000000000000000000000g"
	};

	if (Chance(40))
		return MakeRandomBytes(16);
	return String(Chance(50) ? PickFrom(&request_ids) : PICK(texts));
}

static Value
MakeInterval(void)
{
	static const char *const texts[] = {
		"30 days", "1 microsecond", "0", "-1 day", "1 mon -30 days", "1 mon -29 days", "-1 mon 31 days",
		"9999 years", "10000 years", "178000000 years", "2147483647 months", "-2147483648 months",
		"-100000 months 3100000 days", "-90000 months 2800000 days", "3540000 months -106150000 days",
		"2147483647 days", "-100000 months 2147483647 days", "-9223372036854775807 microseconds",
		"9223372036854775807 microseconds", "infinity", "-infinity", "", "forever", "99999999999 years"
	};

	return Chance(30) ? MakeRandomBytes(16) : String(PICK(texts));
}

static Value
MakeTimestamp(void)
{
	static const char *const texts[] = {
		"infinity", "-infinity", "epoch", "now", "tomorrow", "294276-12-31 23:59:59.999999+00", "300000-01-01",
		"4714-11-24 00:00:00+00 BC", "4715-01-01 BC", "2030-02-30", "", "soon", "2030-01-01 12:00 Mars/Olympus",
		"2100-01-01"
	};

	return Chance(40) ? MakeRandomBytes(8) : String(PICK(texts));
}

static Value
MakeEnum(const Argument *argument, bool is_polite)
{
	char		right[64] = "";
	int			count = PQntuples(enum_values.result);

	/* Its values are next to each other. */
	for (int i = Choose(count), tries = 0; tries < count && right[0] == '\0'; i = (i + 1) % count, tries++)
		if ((Oid) strtoul(PQgetvalue(enum_values.result, i, 1), NULL, 10) == argument->type)
			snprintf(right, sizeof(right), "%s", PQgetvalue(enum_values.result, i, 0));
	if (!is_polite)
		return Spoil(right);
	return Bytes(right, strlen(right), Chance(50));
}

static Value
MakeBoolean(bool is_polite)
{
	static const char *const texts[] = {"t", "f", "on", "no", "1", "maybe", ""};

	if (is_polite)
		return String(texts[Choose(5)]);
	return Chance(40) ? MakeRandomBytes(1) : String(PICK(texts));
}

static Value
MakeValue(const Argument *argument, bool is_polite)
{
	if (!is_polite && Chance(15))
		return Null();
	switch (argument->kind)
	{
		case INT4:
		case INT8:
			return MakeInteger(argument, is_polite);
		case BOOL:
			return MakeBoolean(is_polite);
		case UUID:
			return is_polite && Chance(70) ? Null() : MakeUuid();
		case INTERVAL:
			return is_polite ? Null() : MakeInterval();
		case TIMESTAMPTZ:
			return is_polite ? String("2100-01-01") : MakeTimestamp();
		case ENUM:
			return MakeEnum(argument, is_polite);
		default:
			return MakeText(argument, is_polite);
	}
}

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

static bool
IsSuccess(const PGresult *result)
{
	return PQresultStatus(result) == PGRES_TUPLES_OK || PQresultStatus(result) == PGRES_COMMAND_OK;
}

/* Returns whether it succeeded. */
static bool
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

static PGresult *
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

	arena_used = 0;
	for (int i = 0; i < count; i++)
		values[i] = MakeValue(&function->arguments[i], is_polite ? i != hostile : Chance(40));
	return count;
}

static bool
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
	successes += succeeded;
	return succeeded;
}

static void
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
		successes++;
		if (Chance(50))
			Judge(PQexec(connection, "MOVE ALL IN hostile"), function, count, values);
	}
}

/* Settings of others that a function may meet. */
static void
ChangeSetting(void)
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

	Do(PICK(commands));
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

	arena_used = 0;
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

static char *
ReadText(const char *sql)
{
	PGresult   *result = Require(sql);
	char	   *text = strdup(PQgetvalue(result, 0, 0));

	PQclear(result);
	return text;
}

static long
ReadNumber(const char *sql)
{
	char	   *text = ReadText(sql);
	long		number = atol(text);

	free(text);
	return number;
}

/* What the functions set while they run. */
static void
CheckSession(void)
{
	static char *expected = NULL;
	char	   *actual = ReadText("SELECT concat_ws('/', current_user, session_user, current_setting('search_path'),"
								  " current_setting('enable_seqscan'), current_setting('jit'),"
								  " current_setting('application_name'), current_setting('cardgen.max_cards_per_call'))");

	if (expected == NULL)
		expected = strdup(actual);
	if (strcmp(actual, expected) != 0 && changed_sessions++ < MAX_REMARKS)
		Note("call %ld: the session is %s, was %s", call_number, actual, expected);
	free(actual);
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

	Do(Chance(90) ? "BEGIN" : "BEGIN ISOLATION LEVEL SERIALIZABLE");
	if (has_savepoint)
		Do("SAVEPOINT before");
	Do("SET LOCAL statement_timeout = '150ms'");
	if (changed < 10)
		ChangeSetting();
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
			CheckSession();
		if (has_savepoint)
		{
			PQclear(PQexec(connection, "ROLLBACK TO before"));
			if (PQtransactionStatus(connection) == PQTRANS_INTRANS)
				Judge(PQexec(connection, "SELECT cardgen.classify_number('4000')"), function, 0, NULL);
		}
	}
	RollBack();
}

/* An order may be for more cards than there is time for. */
static void
CommitCall(Function *function)
{
	if (function->is_procedure)
		Do("SET statement_timeout = '100ms'");
	CallFunction(function);
	if (function->is_procedure)
		Do("SET statement_timeout = 0");
}

static char *
Fingerprint(void)
{
	fingerprints++;
	return ReadText(fingerprint_query);
}

static void
Fill(Pool *pool, const char *sql)
{
	PQclear(pool->result);
	pool->result = Require(sql);
}

static void
FillPools(void)
{
	Fill(&numbers, "(SELECT number FROM cardgen.generated_card ORDER BY hashtext(number) LIMIT 150)"
		 " UNION ALL (SELECT number FROM cardgen.card ORDER BY number LIMIT 50)");
	Fill(&codes, "SELECT code FROM cardgen.series ORDER BY code");
	Fill(&labels, "SELECT label FROM cardgen.status_label ORDER BY label");
	Fill(&batch_ids, "SELECT batch_id FROM cardgen.batch ORDER BY batch_id");
	Fill(&request_ids, "SELECT request_id FROM cardgen.batch WHERE request_id IS NOT NULL ORDER BY batch_id");
	Fill(&enum_values, "SELECT enumlabel, enumtypid FROM pg_enum JOIN pg_type t ON t.oid = enumtypid"
		 " WHERE typnamespace = 'cardgen'::regnamespace ORDER BY enumtypid, enumsortorder");
}

static void
ReadArgument(Argument *argument, const PGresult *result, int row)
{
	const char *type = PQgetvalue(result, row, 7);

	snprintf(argument->name, sizeof(argument->name), "%s", PQgetvalue(result, row, 6));
	argument->type = (Oid) strtoul(PQgetvalue(result, row, 8), NULL, 10);
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
static void
ReadFunctions(void)
{
	PGresult   *result = Require(
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

static void
CreateAnew(void)
{
	Do("SET client_min_messages = warning; DROP EXTENSION IF EXISTS cardgen; CREATE EXTENSION cardgen");
	Do("SELECT cardgen.create_series('GOLD', 'Gold', 12, '9000', check_digit => 'luhn', max_active_cards => 3),"
	   " cardgen.create_series('Club7', 'Club', 8, 'Cl', 'uB', 'sequential', card_expiry_days => 10),"
	   " cardgen.create_series('TINY', 'Tiny', 4, 'T', check_digit => 'mod7', card_type => 'physical'),"
	   " cardgen.create_series('LAST', 'Last', 6, 'L', method => 'sequential', card_offset => 999000),"
	   " cardgen.create_series('LETTERS', 'Letters', 20, alphabet => '23456789CFGHJMPQRVWX'),"
	   " cardgen.create_series('LONG', 'Long', 150, batch_retention => '1 second'),"
	   " cardgen.create_series('PAUSED', 'Paused', 30, 'P', method => 'sequential')");
	Do("SELECT cardgen.create_series('UNUSED' || length, 'Unused', length) FROM generate_series(6, 14) length");
	Do("SELECT cardgen.create_status_label('Printed', 'not_issued'), cardgen.create_status_label('Live', 'active', true),"
	   " cardgen.create_status_label('Lost \xE2\x82\xAC', 'suspended')");
	Do("SELECT cardgen.generate_batch(code, 120, request_id => gen_random_uuid()), cardgen.generate_batch(code, 7)"
	   " FROM cardgen.series WHERE code NOT LIKE 'UNUSED%'");
	Do("SELECT cardgen.issue_card(number, 'c' || row_number() OVER (), 'ACTIVE')"
	   " FROM (SELECT number FROM cardgen.generated_card ORDER BY number LIMIT 40) n");
	Do("SELECT cardgen.alter_series('PAUSED', is_active => false)");
	ReadFunctions();
	free(fingerprint_query);
	fingerprint_query = ReadText("SELECT 'SELECT concat_ws(''/'', ' || string_agg(format("
								 "'(SELECT concat(count(*), '':'', sum(hashtextextended(r::text, 0))) FROM %s r)',"
								 " oid::regclass), ', ') || ')' FROM pg_class"
								 " WHERE relnamespace = 'cardgen'::regnamespace AND relkind = 'r'");
	FillPools();
}

/* An order may have been so large that fingerprints take long. */
static bool
IsLarge(void)
{
	return ReadNumber("SELECT pg_relation_size('cardgen.generated_card')") > 2000000;
}

/* Before the extension goes: its batches are whole, whatever was called. */
static void
CheckBatches(void)
{
	/* Without the index's summaries each batch's check would read all. */
	Do("VACUUM cardgen.generated_card");
	broken_batches += ReadNumber("SELECT count(*) FROM cardgen.batch b, LATERAL cardgen.verify_batch(b.batch_id) v"
								 " WHERE v.stored <> b.card_count OR v.missing + v.unexpected <> 0");
}

static void
RunStretch(bool rolls_back)
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
		CheckSession();
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

static void
CountWarning(void *argument, const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);

	(void) argument;
	if (severity != NULL && strcmp(severity, "WARNING") == 0 && warnings++ < MAX_REMARKS)
		Note("call %ld: %s", call_number, PQresultErrorMessage(result));
}

static void
PrintTally(void)
{
	Note("%ld calls, %ld succeeded, %ld fingerprints", call_number, successes, fingerprints);
	for (int i = 0; i < STATE_COUNT; i++)
		Note("%s %ld", allowed_states[i].state, state_counts[i]);
}

static void
CheckCoverage(void)
{
	int			missing = 0;

	for (int i = 0; i < function_count; i++)
	{
		/* A trigger function is refused, and this one without Citus. */
		bool		can_succeed = !functions[i].is_trigger && strcmp(functions[i].name, "distribute") != 0;

		if (functions[i].calls == 0 || (functions[i].successes == 0 && can_succeed))
		{
			Note("%s succeeded in %ld of %ld calls", functions[i].name, functions[i].successes, functions[i].calls);
			missing++;
		}
	}
	Ok(missing == 0, "each function was called, and succeeded with some of the arguments");
	missing = 0;
	for (int i = 0; i < STATE_COUNT; i++)
		if (allowed_states[i].must_come && state_counts[i] == 0)
		{
			Note("%s never came", allowed_states[i].state);
			missing++;
		}
	Ok(missing == 0, "each kind of error was met");
}

int
main(int argc, char **argv)
{
	static const char *const keywords[] = {"options", "client_encoding", NULL};
	static const char *const values[] = {
		"-c cardgen.max_cards_per_call=300", "UTF8", NULL
	};
	long		contexts;
	long		next_life = 0;

	if (argc > 1)
		call_count = atol(argv[1]);
	if (argc > 2)
		tap_seed = strtoull(argv[2], NULL, 10);
	if (argc > 3 || call_count < 1 || tap_seed == 0)
	{
		fprintf(stderr, "usage: hostile [CALLS [SEED]]\n");
		return EXIT_FAILURE;
	}
	Note("%ld calls, seed %llu", call_count, (unsigned long long) tap_seed);

	connection = PQconnectdbParams(keywords, values, 0);
	if (PQstatus(connection) != CONNECTION_OK)
	{
		fprintf(stderr, "hostile: %s", PQerrorMessage(connection));
		return EXIT_FAILURE;
	}
	PQsetNoticeReceiver(connection, CountWarning, NULL);
	Do("DROP ROLE IF EXISTS hostile_nobody");
	Do("CREATE ROLE hostile_nobody");
	while (call_number < call_count)
	{
		if (call_number >= next_life || IsLarge())
		{
			if (call_number > 0)
				CheckBatches();
			CreateAnew();
			next_life = call_number + LIFE;
		}
		RunStretch(false);
		FillPools();
		RunStretch(true);
	}
	CheckBatches();
	contexts = ReadNumber("SELECT count(*) FROM pg_backend_memory_contexts WHERE name = 'cardgen configuration'");

	PrintTally();
	Ok(true, "the connection is never lost");
	Ok(forbidden_errors == 0, "no call ends with an error that is not listed");
	Ok(warnings == 0, "no call causes a warning");
	Ok(changed_states == 0, "what is refused or rolled back leaves nothing");
	Ok(changed_sessions == 0, "user and settings are the caller's again after each call");
	Ok(broken_batches == 0, "every batch is whole");
	Ok(contexts == 1, "the configuration is in memory once");
	CheckCoverage();
	PQfinish(connection);
	printf("%d passed, %d failed\n", tap_count - tap_failures, tap_failures);
	return tap_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
