/*
 * Plays an organization's backend: many connections that generate, download,
 * issue, change, look up and remove cards of a few small series, all at once.
 * They keep account of what the server acknowledged, and at the end the
 * database is compared with it from outside.
 *
 *	backend [CONNECTIONS [SECONDS [SEED]]]
 *
 * Connects as a superuser as the PG* variables say, to a database without the
 * extension, which it creates. In the first half of the time each transaction
 * is one call, and none may end in a deadlock; in the second half
 * transactions have several, with savepoints, timeouts and all isolation
 * levels. With an odd seed only active cards count against the limits.
 *
 *	cc -I"$(pg_config --includedir)" -o backend test/backend.c \
 *		-L"$(pg_config --libdir)" -lpq -pthread
 */
#include <libpq-fe.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "unit/tap.h"

#define MAX_CONNECTIONS		200
#define MAX_BATCHES			1000000
#define MAX_REMARKS			20
#define CUSTOMER_LIMIT		4	/* cardgen.max_active_cards_per_customer */
#define RECENT				10	/* of many, these are what most calls use */
#define NUMBER_SIZE			152

typedef struct Series
{
	const char *code;
	const char *arguments;		/* of create_series */
	const char *refusals;		/* what generating may end with */
	int			max_active_cards;
} Series;

enum
{
	GOLD, CLUB, SHORT, LAST, TINY, LONG, SERIES_COUNT
};

static const Series all_series[SERIES_COUNT] = {
	[GOLD] = {"GOLD", "length => 12, prefix => '9000', check_digit => 'luhn'", "", 1},
	[CLUB] = {"CLUB", "length => 8, prefix => 'CLUB', method => 'sequential', card_expiry_days => 30", "55000", 2},
	[SHORT] = {"SHORT", "length => 10, prefix => 'S', alphabet => '23456789CFGHJMPQRVWX',"
	" batch_retention => '300 ms'", "", 2},
	[LAST] = {"LAST", "length => 6, prefix => 'L', method => 'sequential', card_offset => 985000", "2200H", 1},
	[TINY] = {"TINY", "length => 5, prefix => 'T', check_digit => 'mod7'", "2200H", 2},
	[LONG] = {"LONG", "length => 60, prefix => 'X', suffix => '7'", "", 3}
};

static const char *const labels[] = {
	"NOT_ISSUED", "Printed", "Sent to the shop",
	"ISSUED", "ACTIVE", "Live", "SUSPENDED", "Lost", "EXPIRED", "DELETED"
};

#define LABEL_COUNT			10
#define NOT_ISSUED_LABELS	3

/* What an acknowledged transaction has done. */
typedef enum RecordKind
{
	BATCH,						/* batch, series, count; count -1: request of a lost connection */
	LIST,						/* batch, text: its numbers, a line each */
	ISSUE,						/* tick, text: number, customer, label, series of a new card or -1 */
	CHANGE,						/* tick, text: number, label, change: number of the call */
	EXPIRY,						/* tick, text: number, by expire_cards */
	REMOVAL,					/* batch */
	RETENTION,					/* batch */
	CLEARANCE					/* count batches, cards: remove_expired_batches */
} RecordKind;

typedef struct Record
{
	RecordKind	kind;
	long		tick;
	int			batch;
	int			series;
	int			customer;
	int			label;
	long		count;
	long		cards;
	long		change;
	bool		is_kept;		/* not to be removed */
	char	   *text;
} Record;

typedef struct Records
{
	Record	   *items;
	long		count;
	long		size;
} Records;

/* A batch that was acknowledged. */
typedef struct Batch
{
	int			series;			/* -1: not acknowledged */
	int			count;
	bool		is_removed;
	bool		is_retained;
	bool		is_kept;
	char	   *numbers;		/* NULL: nobody has seen them yet */
} Batch;

typedef struct Card
{
	const char *number;
	int			customer;
} Card;

typedef enum Outcome
{
	DONE, REFUSED, NOTHING_TO_DO
} Outcome;

typedef struct Worker Worker;

typedef struct Operation
{
	const char *name;
	Outcome		(*call) (Worker *worker);
	int			weight;
	bool		is_alone;		/* makes its own transactions */
	bool		may_be_bare;	/* outside a transaction block */
} Operation;

#define OPERATION_COUNT 19
#define STATE_COUNT 32

typedef struct Tally
{
	long		acknowledged[OPERATION_COUNT];
	long		undone[OPERATION_COUNT];
	struct
	{
		char		state[6];
		long		count[OPERATION_COUNT];
	}			refusals[STATE_COUNT];
} Tally;

struct Worker
{
	pthread_t	thread;
	PGconn	   *connection;
	uint64_t	seed;
	const char *transaction_refusals;	/* what any statement may end with */
	Records		pending;
	int			operation;		/* under way */
	bool		is_read_committed;
	long		done[OPERATION_COUNT];	/* in the transaction under way */
	Tally		tally;
};

static struct
{
	pthread_mutex_t mutex;
	Batch		batches[MAX_BATCHES];
	int		   *known;			/* ids of the acknowledged batches */
	long		known_count;
	Card	   *cards;			/* that were issued */
	long		card_count;
	long		card_size;
	Records		records;
	long		repeated;		/* calls that returned an earlier batch */
} ledger = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static int	connection_count = 6;
static double seconds = 8;
static int	customer_count;
static double deadline;
static bool is_mixed;
static bool counts_only_active;
static atomic_long ticks;
static atomic_long changes;
static atomic_int requests;
static atomic_long unexpected_errors;
static atomic_long wrong_answers;
static atomic_long remarks;

static double
Now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double) time.tv_sec + (double) time.tv_nsec / 1e9;
}

static void *
Grow(void *memory, size_t size)
{
	memory = realloc(memory, size);
	if (memory == NULL)
	{
		perror("backend");
		exit(EXIT_FAILURE);
	}
	return memory;
}

static char *
Copy(const char *text)
{
	size_t		size = strlen(text) + 1;

	return memcpy(Grow(NULL, size), text, size);
}

static void
Append(Records *records, const Record *record)
{
	if (records->count == records->size)
	{
		records->size = records->size * 2 + 64;
		records->items = Grow(records->items, sizeof(Record) * (size_t) records->size);
	}
	records->items[records->count++] = *record;
}

/* From 0 to limit - 1. */
static int
Choose(Worker *worker, long limit)
{
	worker->seed ^= worker->seed >> 12;
	worker->seed ^= worker->seed << 25;
	worker->seed ^= worker->seed >> 27;
	return (int) ((worker->seed * UINT64_C(0x2545F4914F6CDD1D) >> 33) % (uint64_t) limit);
}

static bool
Chance(Worker *worker, int percent)
{
	return Choose(worker, 100) < percent;
}

static void
Remark(const char *kind, const char *text)
{
	if (atomic_fetch_add(&remarks, 1) < MAX_REMARKS)
		Note("%s: %s", kind, text);
}

__attribute__((format(printf, 1, 2)))
static void
Wrong(const char *format, ...)
{
	char		text[500];
	va_list		arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	Remark("wrong", text);
	atomic_fetch_add(&wrong_answers, 1);
}

static PGconn *
Connect(void)
{
	char		options[200];
	const char *const keywords[] = {"options", NULL};
	const char *const values[] = {options, NULL};
	PGconn	   *connection;

	snprintf(options, sizeof(options),
			 "-c cardgen.max_active_cards_per_customer=%d -c cardgen.count_only_active=%s"
			 " -c deadlock_timeout=50ms -c client_min_messages=warning",
			 CUSTOMER_LIMIT, counts_only_active ? "on" : "off");
	connection = PQconnectdbParams(keywords, values, 0);
	if (PQstatus(connection) != CONNECTION_OK)
	{
		fprintf(stderr, "backend: %s", PQerrorMessage(connection));
		exit(EXIT_FAILURE);
	}
	return connection;
}

static void
CountRefusal(Tally *tally, int operation, const char *state, long count)
{
	for (int i = 0; i < STATE_COUNT; i++)
	{
		if (tally->refusals[i].state[0] == '\0')
			snprintf(tally->refusals[i].state, sizeof(tally->refusals[i].state), "%s", state);
		if (strcmp(tally->refusals[i].state, state) == 0)
		{
			tally->refusals[i].count[operation] += count;
			return;
		}
	}
}

static void
Refuse(Worker *worker, const char *expected, const PGresult *result)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (state == NULL)
		state = "08006";
	CountRefusal(&worker->tally, worker->operation, state, 1);
	if (strstr(expected, state) != NULL || strstr(worker->transaction_refusals, state) != NULL)
		return;
	Remark("unexpected error", PQerrorMessage(worker->connection));
	atomic_fetch_add(&unexpected_errors, 1);
	if (PQstatus(worker->connection) != CONNECTION_OK)
	{
		Note("the connection is lost");
		exit(EXIT_FAILURE);
	}
}

/* NULL after an error; it is a failure unless its SQLSTATE is expected. */
static PGresult *
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
	switch (PQresultStatus(result))
	{
		case PGRES_TUPLES_OK:
		case PGRES_COMMAND_OK:
		case PGRES_COPY_OUT:
			return result;
		default:
			Refuse(worker, expected, result);
			PQclear(result);
			return NULL;
	}
}

static bool
Run(Worker *worker, const char *expected, const char *sql)
{
	PGresult   *result = Execute(worker, expected, sql, 0);

	PQclear(result);
	return result != NULL;
}

static const char *
Field(const PGresult *result, const char *column)
{
	return PQgetvalue(result, 0, PQfnumber(result, column));
}

static void
Remember(Worker *worker, Record record)
{
	Append(&worker->pending, &record);
}

/* Within the mutex. */
static void
AcknowledgeBatch(const Record *record)
{
	Batch	   *batch = &ledger.batches[record->batch];

	if (batch->series < 0)
	{
		batch->series = record->series;
		batch->count = (int) record->count;
		batch->is_kept = record->is_kept;
		ledger.known[ledger.known_count++] = record->batch;
	}
	else if (batch->series != record->series || batch->count != record->count)
		Wrong("batch %d was returned with other properties", record->batch);
	else
		ledger.repeated++;
}

static void
AcknowledgeList(const Record *record)
{
	Batch	   *batch = &ledger.batches[record->batch];

	if (batch->numbers == NULL)
		batch->numbers = record->text;
	else if (strcmp(batch->numbers, record->text) != 0)
		Wrong("batch %d was downloaded with other numbers than before", record->batch);
}

static void
AcknowledgeIssue(const Record *record)
{
	if (ledger.card_count == ledger.card_size)
	{
		ledger.card_size = ledger.card_size * 2 + 64;
		ledger.cards = Grow(ledger.cards, sizeof(Card) * (size_t) ledger.card_size);
	}
	ledger.cards[ledger.card_count++] = (Card) {record->text, record->customer};
}

static void
Acknowledge(Worker *worker)
{
	pthread_mutex_lock(&ledger.mutex);
	for (long i = 0; i < worker->pending.count; i++)
	{
		const Record *record = &worker->pending.items[i];

		Append(&ledger.records, record);
		switch (record->kind)
		{
			case BATCH:
				AcknowledgeBatch(record);
				break;
			case LIST:
				AcknowledgeList(record);
				break;
			case ISSUE:
				AcknowledgeIssue(record);
				break;
			case REMOVAL:
				if (ledger.batches[record->batch].is_removed)
					Wrong("batch %d was removed twice", record->batch);
				ledger.batches[record->batch].is_removed = true;
				break;
			case RETENTION:
				ledger.batches[record->batch].is_retained = true;
				break;
			default:
				break;
		}
	}
	pthread_mutex_unlock(&ledger.mutex);
	worker->pending.count = 0;
	for (int i = 0; i < OPERATION_COUNT; i++)
		worker->tally.acknowledged[i] += worker->done[i];
	memset(worker->done, 0, sizeof(worker->done));
}

static void
Forget(Worker *worker)
{
	worker->pending.count = 0;
	for (int i = 0; i < OPERATION_COUNT; i++)
		worker->tally.undone[i] += worker->done[i];
	memset(worker->done, 0, sizeof(worker->done));
}

/* The places of two in three choices are the last ones. */
static long
ChoosePlace(Worker *worker, long count)
{
	long		recent = count < RECENT ? count : RECENT;

	return Chance(worker, 67) ? count - 1 - Choose(worker, recent) : Choose(worker, count);
}

static bool
PickBatch(Worker *worker, int *id, Batch *batch)
{
	bool		found;

	pthread_mutex_lock(&ledger.mutex);
	found = ledger.known_count > 0;
	if (found)
	{
		*id = ledger.known[ChoosePlace(worker, ledger.known_count)];
		*batch = ledger.batches[*id];
	}
	pthread_mutex_unlock(&ledger.mutex);
	return found;
}

static int
CustomerName(char *name, size_t size, int customer)
{
	return snprintf(name, size, "c-%d O'Br\303\255en", customer);
}

/* One of a batch's numbers, most often one of its first. */
static bool
PickNumber(Worker *worker, char *number)
{
	Batch		batch;
	int			id;
	size_t		length;
	int			place;

	if (!PickBatch(worker, &id, &batch) || batch.numbers == NULL)
		return false;
	length = strcspn(batch.numbers, "\n");
	place = Choose(worker, Chance(worker, 80) && batch.count > 10 ? 10 : batch.count);
	snprintf(number, NUMBER_SIZE, "%.*s", (int) length, batch.numbers + (size_t) place * (length + 1));
	return true;
}

static bool
PickCard(Worker *worker, Card *card)
{
	bool		found;

	pthread_mutex_lock(&ledger.mutex);
	found = ledger.card_count > 0;
	if (found)
		*card = ledger.cards[ChoosePlace(worker, ledger.card_count)];
	pthread_mutex_unlock(&ledger.mutex);
	return found;
}

static int
CardCount(Worker *worker)
{
	if (Chance(worker, 4))
		return 1 + Choose(worker, 5000);
	return 1 + Choose(worker, 60);
}

/* NULL after an error. */
static char *
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

static void
CheckList(const char *text, int id, int count)
{
	size_t		length = strcspn(text, "\n");

	if (strlen(text) != (length + 1) * (size_t) count)
		Wrong("batch %d of %d numbers was downloaded with %zu bytes", id, count, strlen(text));
}

static Outcome
Download(Worker *worker, int id, int count)
{
	char		sql[100];
	char	   *text;

	snprintf(sql, sizeof(sql), "COPY (SELECT cardgen.download_batch(%d)) TO STDOUT", id);
	text = ReadCopy(worker, sql, "42704");
	if (text == NULL)
		return REFUSED;
	CheckList(text, id, count);
	Remember(worker, (Record) {.kind = LIST, .batch = id, .text = text});
	return DONE;
}

/* Remembers the batch; its id, or 0 after an error. */
static int
Generate(Worker *worker, const char *expected, int series, int count,
		 const char *label, const char *request, bool is_kept)
{
	char		card_count[20];
	PGresult   *result;
	int			id;

	snprintf(card_count, sizeof(card_count), "%d", count);
	result = Execute(worker, expected,
					 "SELECT * FROM cardgen.generate_batch($1, $2::int, $3, $4::uuid)", 4,
					 all_series[series].code, card_count, label, request);
	if (result == NULL)
		return 0;
	id = atoi(Field(result, "batch_id"));
	if (PQntuples(result) != 1 || id < 1 || id >= MAX_BATCHES ||
		strcmp(Field(result, "card_count"), card_count) != 0 ||
		strcmp(Field(result, "series_code"), all_series[series].code) != 0)
	{
		Wrong("generate_batch of %s cards returned %s", card_count, Field(result, "card_count"));
		exit(EXIT_FAILURE);
	}
	Remember(worker, (Record) {.kind = BATCH, .batch = id, .series = series, .count = count,
			.is_kept = is_kept});
	PQclear(result);
	return id;
}

static Outcome
GenerateBatch(Worker *worker)
{
	int			series = Choose(worker, SERIES_COUNT);
	int			count = CardCount(worker);
	const char *label = Chance(worker, 50) ? NULL : labels[Choose(worker, NOT_ISSUED_LABELS)];
	int			id = Generate(worker, all_series[series].refusals, series, count, label, NULL, false);

	if (id == 0)
		return REFUSED;
	return Chance(worker, 60) ? Download(worker, id, count) : DONE;
}

static void
MakeRequest(char *request, size_t size, int number)
{
	snprintf(request, size, "00000000-0000-4000-8000-%012x", (unsigned) number);
}

/*
 * The number of the request says what is asked for, so that several
 * connections make the same call at the same time.
 */
static Outcome
GenerateByRequest(Worker *worker)
{
	char		request[40];
	int			number = atomic_load(&requests);
	int			series;
	int			id;

	if (Chance(worker, 30) || number == 0)
		number = atomic_fetch_add(&requests, 1);
	else
		number -= Choose(worker, number < 4 ? number : 4);
	MakeRequest(request, sizeof(request), number);
	series = number % 2 == 0 ? GOLD : SHORT;
	id = Generate(worker, "", series, 1 + number % 90, NULL, request, false);
	if (id == 0)
		return REFUSED;
	if (Chance(worker, 50))
		return Generate(worker, "", series, 1 + number % 90, NULL, request, false) == 0 ? REFUSED : DONE;
	return DONE;
}

/* Rolled back where it succeeds, lest the right call be the wrong one then. */
static Outcome
ReuseRequest(Worker *worker)
{
	char		request[40];
	int			number = atomic_load(&requests) - 1;

	if (number < 0)
		return NOTHING_TO_DO;
	MakeRequest(request, sizeof(request), number);
	if (!Run(worker, "", "BEGIN"))
		return REFUSED;
	(void) Generate(worker, "22023", number % 2 == 0 ? SHORT : GOLD, 91, NULL, request, false);
	worker->pending.count = 0;
	return Run(worker, "", "ROLLBACK") ? DONE : REFUSED;
}

/* The connection goes before the answer comes; a repeated call gets it. */
static Outcome
LoseConnection(Worker *worker)
{
	char		request[40];
	char		count[20];
	const char *values[] = {all_series[LONG].code, count, request};

	snprintf(request, sizeof(request), "11111111-0000-4000-8000-%012x",
			 (unsigned) atomic_fetch_add(&changes, 1));
	snprintf(count, sizeof(count), "%d", 200);
	if (PQsendQueryParams(worker->connection,
						  "SELECT FROM cardgen.generate_batch($1, $2::int, request_id => $3::uuid)",
						  3, NULL, values, NULL, NULL, 0) != 1)
		return REFUSED;
	usleep((useconds_t) Choose(worker, 4000));
	PQfinish(worker->connection);
	worker->connection = Connect();
	return Generate(worker, "", LONG, 200, NULL, request, true) == 0 ? REFUSED : DONE;
}

static Outcome
GenerateCards(Worker *worker)
{
	int			series = Choose(worker, SERIES_COUNT);
	int			count = CardCount(worker);
	char		card_count[20];
	PGresult   *result;
	char	   *text;
	char	   *end;
	size_t		length;
	int			id;

	snprintf(card_count, sizeof(card_count), "%d", count);
	result = Execute(worker, all_series[series].refusals,
					 "SELECT * FROM cardgen.generate_cards($1, $2::int)", 2,
					 all_series[series].code, card_count);
	if (result == NULL)
		return REFUSED;
	if (PQntuples(result) != count)
	{
		Wrong("generate_cards of %d cards returned %d", count, PQntuples(result));
		exit(EXIT_FAILURE);
	}
	id = atoi(Field(result, "batch_id"));
	length = strlen(Field(result, "number")) + 1;
	text = end = Grow(NULL, length * (size_t) count + 1);
	for (int i = 0; i < count; i++)
		end += snprintf(end, length + 1, "%s\n", PQgetvalue(result, i, 1));
	PQclear(result);
	CheckList(text, id, count);
	Remember(worker, (Record) {.kind = BATCH, .batch = id, .series = series, .count = count});
	Remember(worker, (Record) {.kind = LIST, .batch = id, .text = text});
	return DONE;
}

static Outcome
DownloadBatch(Worker *worker)
{
	Batch		batch;
	int			id;

	if (!PickBatch(worker, &id, &batch))
		return NOTHING_TO_DO;
	return Download(worker, id, batch.count);
}

static Outcome
VerifyBatch(Worker *worker)
{
	Batch		batch;
	char		id_text[20];
	int			id;
	PGresult   *result;

	if (!PickBatch(worker, &id, &batch))
		return NOTHING_TO_DO;
	snprintf(id_text, sizeof(id_text), "%d", id);
	result = Execute(worker, "42704", "SELECT * FROM cardgen.verify_batch($1::int)", 1, id_text);
	if (result == NULL)
		return REFUSED;
	if (atoi(Field(result, "stored")) != batch.count || strcmp(Field(result, "missing"), "0") != 0 ||
		strcmp(Field(result, "unexpected"), "0") != 0)
		Wrong("batch %d of %d: stored %s, missing %s, unexpected %s", id, batch.count,
			  Field(result, "stored"), Field(result, "missing"), Field(result, "unexpected"));
	PQclear(result);
	return DONE;
}

static void
RememberIssue(Worker *worker, const PGresult *result, int customer, int label, int series)
{
	char		name[50];

	CustomerName(name, sizeof(name), customer);
	if (strcmp(Field(result, "customer_id"), name) != 0 ||
		strcmp(Field(result, "status_label"), labels[label]) != 0)
		Wrong("card %s was issued to %s with label %s", Field(result, "number"),
			  Field(result, "customer_id"), Field(result, "status_label"));
	Remember(worker, (Record) {.kind = ISSUE, .tick = atomic_fetch_add(&ticks, 1),
			.text = Copy(Field(result, "number")), .customer = customer, .label = label, .series = series});
}

static int
ChooseIssuingLabel(Worker *worker)
{
	return 3 + Choose(worker, 3);
}

static Outcome
IssueCard(Worker *worker)
{
	char		number[NUMBER_SIZE];
	char		customer[50];
	int			chosen = Choose(worker, customer_count);
	int			label = ChooseIssuingLabel(worker);
	PGresult   *result;
	Card		card;

	/* Some calls are repeated, as after a lost connection. */
	if (Chance(worker, 20) && PickCard(worker, &card))
	{
		chosen = card.customer;
		snprintf(number, sizeof(number), "%s", card.number);
	}
	else if (!PickNumber(worker, number))
		return NOTHING_TO_DO;
	CustomerName(customer, sizeof(customer), chosen);
	result = Execute(worker, "55000 42704", "SELECT * FROM cardgen.issue_card($1, $2, $3)", 3,
					 number, customer, labels[label]);
	if (result == NULL)
		return REFUSED;
	RememberIssue(worker, result, chosen, label, -1);
	PQclear(result);
	return DONE;
}

static Outcome
IssueNewCard(Worker *worker)
{
	char		customer[50];
	int			chosen = Choose(worker, customer_count);
	int			label = ChooseIssuingLabel(worker);
	int			series = Choose(worker, SERIES_COUNT);
	char		expected[30];
	PGresult   *result;

	CustomerName(customer, sizeof(customer), chosen);
	snprintf(expected, sizeof(expected), "55000 %s", all_series[series].refusals);
	result = Execute(worker, expected, "SELECT * FROM cardgen.issue_new_card($1, $2, $3)", 3,
					 all_series[series].code, customer, labels[label]);
	if (result == NULL)
		return REFUSED;
	RememberIssue(worker, result, chosen, label, series);
	PQclear(result);
	return DONE;
}

static Outcome
SetCardStatus(Worker *worker)
{
	char		number[NUMBER_SIZE];
	char		reason[40];
	long		change = atomic_fetch_add(&changes, 1);
	int			label = Choose(worker, LABEL_COUNT);
	PGresult   *result;
	Card		card;

	if (Chance(worker, 80) && PickCard(worker, &card))
		snprintf(number, sizeof(number), "%s", card.number);
	else if (!PickNumber(worker, number))
		return NOTHING_TO_DO;
	snprintf(reason, sizeof(reason), "change %ld", change);
	result = Execute(worker, "55000 42704", "SELECT * FROM cardgen.set_card_status($1, $2, $3)", 3,
					 number, labels[label], reason);
	if (result == NULL)
		return REFUSED;
	if (strcmp(Field(result, "number"), number) != 0 ||
		strcmp(Field(result, "status_label"), labels[label]) != 0)
		Wrong("card %s has label %s, not %s", number, Field(result, "status_label"), labels[label]);
	Remember(worker, (Record) {.kind = CHANGE, .tick = atomic_fetch_add(&ticks, 1),
			.text = Copy(number), .label = label, .change = change});
	PQclear(result);
	return DONE;
}

/* Cards that were acknowledged as issued are issued, and to that customer. */
static Outcome
FindCard(Worker *worker)
{
	char		customer[50];
	char		typed[NUMBER_SIZE];
	PGresult   *result;
	Card		card;

	if (!PickCard(worker, &card))
		return NOTHING_TO_DO;
	CustomerName(customer, sizeof(customer), card.customer);
	snprintf(typed, sizeof(typed), " %s\n", card.number);
	result = Execute(worker, "", "SELECT * FROM cardgen.find_card($1)", 1, typed);
	if (result == NULL)
		return REFUSED;
	if (worker->is_read_committed &&
		(PQntuples(result) != 1 || strcmp(Field(result, "number"), card.number) != 0 ||
		 strcmp(Field(result, "customer_id"), customer) != 0 ||
		 strcmp(Field(result, "status"), "not_issued") == 0))
		Wrong("card %s, issued to %s, was not found or differs", card.number, customer);
	PQclear(result);
	return DONE;
}

static Outcome
ClassifyNumber(Worker *worker)
{
	char		number[NUMBER_SIZE];
	PGresult   *result;

	if (!PickNumber(worker, number))
		return NOTHING_TO_DO;
	result = Execute(worker, "", "SELECT cardgen.classify_number($1) AS class", 1, number);
	if (result == NULL)
		return REFUSED;
	if (strstr("malformed bad_check_digit", Field(result, "class")) != NULL ||
		(worker->is_read_committed && strcmp(Field(result, "class"), "never_generated") == 0))
		Wrong("card %s was called %s", number, Field(result, "class"));
	PQclear(result);
	return DONE;
}

static Outcome
SetBatchLabel(Worker *worker)
{
	Batch		batch;
	char		id_text[20];
	int			id;
	PGresult   *result;

	if (!PickBatch(worker, &id, &batch))
		return NOTHING_TO_DO;
	snprintf(id_text, sizeof(id_text), "%d", id);
	result = Execute(worker, "42704", "SELECT cardgen.set_batch_label($1::int, $2)", 2,
					 id_text, labels[Choose(worker, NOT_ISSUED_LABELS)]);
	PQclear(result);
	return result == NULL ? REFUSED : DONE;
}

static Outcome
ChangeBatch(Worker *worker, const char *sql, RecordKind kind)
{
	Batch		batch;
	char		id_text[20];
	int			id;
	PGresult   *result;

	if (!PickBatch(worker, &id, &batch) || batch.is_kept)
		return NOTHING_TO_DO;
	snprintf(id_text, sizeof(id_text), "%d", id);
	result = Execute(worker, "42704", sql, 1, id_text);
	PQclear(result);
	if (result == NULL)
		return REFUSED;
	Remember(worker, (Record) {.kind = kind, .batch = id});
	return DONE;
}

static Outcome
RemoveBatch(Worker *worker)
{
	return ChangeBatch(worker, "SELECT cardgen.remove_batch($1::int)", REMOVAL);
}

static Outcome
RetainBatch(Worker *worker)
{
	return ChangeBatch(worker, "SELECT cardgen.retain_batch($1::int, 'infinity')", RETENTION);
}

static Outcome
RemoveExpiredBatches(Worker *worker)
{
	PGresult   *result = Execute(worker, "", "SELECT * FROM cardgen.remove_expired_batches($1::int)", 1,
								 Chance(worker, 50) ? "3" : NULL);

	if (result == NULL)
		return REFUSED;
	Remember(worker, (Record) {.kind = CLEARANCE, .count = atol(Field(result, "batches_removed")),
			.cards = atol(Field(result, "cards_removed"))});
	PQclear(result);
	return DONE;
}

/* Lets time pass for a card, and asks the log which ones that has ended. */
static Outcome
ExpireCards(Worker *worker)
{
	PGresult   *result;
	Card		card;

	if (!PickCard(worker, &card))
		return NOTHING_TO_DO;
	result = Execute(worker, "", "UPDATE cardgen.card SET expires_on = current_date - 1 WHERE number = $1", 1,
					 card.number);
	PQclear(result);
	if (result == NULL || !Run(worker, "", "BEGIN"))
		return REFUSED;
	result = Execute(worker, "", "SELECT cardgen.expire_cards()", 0);
	if (result == NULL)
	{
		Run(worker, "", "ROLLBACK");
		return REFUSED;
	}
	PQclear(result);
	result = Execute(worker, "", "SELECT number FROM cardgen.card_status_log"
					 " WHERE xmin = pg_current_xact_id_if_assigned()::xid", 0);
	for (int i = 0; i < PQntuples(result); i++)
		Remember(worker, (Record) {.kind = EXPIRY, .tick = atomic_fetch_add(&ticks, 1),
				.text = Copy(PQgetvalue(result, i, 0))});
	PQclear(result);
	if (result == NULL || !Run(worker, "", "COMMIT"))
	{
		Forget(worker);
		return REFUSED;
	}
	return DONE;
}

static Outcome
PauseSeries(Worker *worker)
{
	if (!Run(worker, "", "SELECT cardgen.alter_series('CLUB', is_active => false)"))
		return REFUSED;
	usleep(2000);
	return Run(worker, "", "SELECT cardgen.alter_series('CLUB', is_active => true)") ? DONE : REFUSED;
}

static Outcome
ReadViews(Worker *worker)
{
	if (!Run(worker, "", "SELECT FROM cardgen.series_usage WHERE remaining < 0 OR generated > capacity") ||
		!Run(worker, "", "SELECT FROM cardgen.card_details ORDER BY issued_on DESC LIMIT 10") ||
		!Run(worker, "", "SELECT FROM cardgen.generated_batches ORDER BY batch_id DESC LIMIT 10"))
		return REFUSED;
	return DONE;
}

static const Operation operations[OPERATION_COUNT] = {
	{"generate_batch", GenerateBatch, 20, false, true},
	{"generate_batch, repeated", GenerateByRequest, 12, false, true},
	{"generate_batch, request reused", ReuseRequest, 2, true, false},
	{"generate_batch, connection lost", LoseConnection, 1, true, false},
	{"generate_cards", GenerateCards, 12, false, true},
	{"download_batch", DownloadBatch, 10, false, true},
	{"verify_batch", VerifyBatch, 3, false, true},
	{"issue_card", IssueCard, 40, false, false},
	{"issue_new_card", IssueNewCard, 12, false, false},
	{"set_card_status", SetCardStatus, 60, false, false},
	{"find_card", FindCard, 15, false, true},
	{"classify_number", ClassifyNumber, 8, false, true},
	{"set_batch_label", SetBatchLabel, 6, false, true},
	{"remove_batch", RemoveBatch, 6, false, true},
	{"retain_batch", RetainBatch, 2, false, true},
	{"remove_expired_batches", RemoveExpiredBatches, 6, false, true},
	{"expire_cards", ExpireCards, 2, true, false},
	{"alter_series", PauseSeries, 1, true, false},
	{"views", ReadViews, 2, false, true}
};

static int
ChooseOperation(Worker *worker)
{
	int			place;
	int			total = 0;

	for (int i = 0; i < OPERATION_COUNT; i++)
		total += operations[i].weight;
	place = Choose(worker, total);
	for (int i = 0; i < OPERATION_COUNT; i++)
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
PlayMissing(Worker *workers)
{
	for (int operation = 0; operation < OPERATION_COUNT; operation++)
	{
		bool		is_missing = true;

		for (int i = 0; i < connection_count; i++)
			is_missing = is_missing && workers[i].tally.acknowledged[operation] == 0;
		for (int tries = 0; is_missing && tries < 100; tries++)
		{
			PlayTransaction(&workers[0], operation);
			is_missing = workers[0].tally.acknowledged[operation] == 0;
		}
	}
}

static void
PlayAll(Worker *workers)
{
	deadline = Now() + seconds / 2;
	for (int i = 0; i < connection_count; i++)
		if (pthread_create(&workers[i].thread, NULL, Play, &workers[i]) != 0)
			exit(EXIT_FAILURE);
	for (int i = 0; i < connection_count; i++)
		pthread_join(workers[i].thread, NULL);
}

/* For what must not fail. */
static PGresult *
Require(PGconn *connection, const char *sql)
{
	PGresult   *result = PQexec(connection, sql);

	if (PQresultStatus(result) != PGRES_TUPLES_OK && PQresultStatus(result) != PGRES_COMMAND_OK &&
		PQresultStatus(result) != PGRES_COPY_IN)
	{
		fprintf(stderr, "backend: %s%s\n", PQerrorMessage(connection), sql);
		exit(EXIT_FAILURE);
	}
	return result;
}

static void
Prepare(PGconn *connection)
{
	char		sql[500];

	PQclear(Require(connection, "CREATE EXTENSION cardgen"));
	for (int i = 0; i < SERIES_COUNT; i++)
	{
		snprintf(sql, sizeof(sql), "SELECT cardgen.create_series('%s', 'Series %d', max_active_cards => %d, %s)",
				 all_series[i].code, i, all_series[i].max_active_cards, all_series[i].arguments);
		PQclear(Require(connection, sql));
	}
	PQclear(Require(connection,
					"SELECT cardgen.create_status_label('Printed', 'not_issued', true),"
					" cardgen.create_status_label('Sent to the shop', 'not_issued'),"
					" cardgen.create_status_label('Live', 'active'),"
					" cardgen.create_status_label('Lost', 'suspended')"));
}

static void
PutLine(PGconn *connection, const char *format, ...)
{
	char		line[1000];
	va_list		arguments;
	int			length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (length >= (int) sizeof(line) || PQputCopyData(connection, line, length) != 1)
		exit(EXIT_FAILURE);
}

static void
EndCopy(PGconn *connection)
{
	PGresult   *result;

	PQputCopyEnd(connection, NULL);
	while ((result = PQgetResult(connection)) != NULL)
	{
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
		{
			fprintf(stderr, "backend: %s", PQerrorMessage(connection));
			exit(EXIT_FAILURE);
		}
		PQclear(result);
	}
}

static void
PutBatches(PGconn *connection)
{
	PQclear(Require(connection,
					"CREATE TEMP TABLE told_batch (batch_id int PRIMARY KEY, series_code text,"
					" card_count int, is_removed boolean, is_retained boolean);"
					"COPY told_batch FROM STDIN"));
	for (long i = 0; i < ledger.known_count; i++)
	{
		const Batch *batch = &ledger.batches[ledger.known[i]];

		PutLine(connection, "%d\t%s\t%d\t%d\t%d\n", ledger.known[i], all_series[batch->series].code,
				batch->count, batch->is_removed, batch->is_retained);
	}
	EndCopy(connection);
}

/* What nobody has downloaded is downloaded now, where it is still there. */
static void
PutNumbers(PGconn *connection)
{
	PQclear(Require(connection,
					"CREATE TEMP TABLE told_number (batch_id int, number text COLLATE \"C\");"
					"COPY told_number FROM STDIN"));
	for (long i = 0; i < ledger.known_count; i++)
	{
		const char *number = ledger.batches[ledger.known[i]].numbers;

		for (size_t length; number != NULL && *number != '\0'; number += length + 1)
		{
			length = strcspn(number, "\n");
			PutLine(connection, "%d\t%.*s\n", ledger.known[i], (int) length, number);
		}
	}
	EndCopy(connection);
	PQclear(Require(connection,
					"INSERT INTO told_number SELECT batch_id, cardgen.download_batch(batch_id) FROM cardgen.batch"
					" b WHERE NOT EXISTS (SELECT FROM told_number t WHERE t.batch_id = b.batch_id)"));
}

static void
PutEvents(PGconn *connection)
{
	char		customer[50];

	PQclear(Require(connection,
					"CREATE TEMP TABLE told_event (tick bigint, number text COLLATE \"C\", label text,"
					" customer_id text, reason text, new_of_series text);"
					"COPY told_event FROM STDIN"));
	for (long i = 0; i < ledger.records.count; i++)
	{
		const Record *record = &ledger.records.items[i];

		CustomerName(customer, sizeof(customer), record->customer);
		if (record->kind == ISSUE)
			PutLine(connection, "%ld\t%s\t%s\t%s\t\\N\t%s\n", record->tick, record->text, labels[record->label],
					customer, record->series < 0 ? "\\N" : all_series[record->series].code);
		else if (record->kind == CHANGE)
			PutLine(connection, "%ld\t%s\t%s\t\\N\tchange %ld\t\\N\n", record->tick, record->text,
					labels[record->label], record->change);
		else if (record->kind == EXPIRY)
			PutLine(connection, "%ld\t%s\tEXPIRED\t\\N\tpast its expiry date\t\\N\n", record->tick, record->text);
	}
	EndCopy(connection);
	PQclear(Require(connection,
					"INSERT INTO told_number SELECT NULL, number FROM told_event WHERE new_of_series IS NOT NULL;"
					"CREATE TEMP TABLE gone AS SELECT * FROM told_batch t"
					" WHERE NOT EXISTS (SELECT FROM cardgen.batch b WHERE b.batch_id = t.batch_id);"
					"CREATE TEMP TABLE history AS"
					" SELECT e.*, l.status, lag(e.label) OVER card AS from_label,"
					"  lag(l.status) OVER card AS from_status, lead(e.label) OVER card IS NULL AS is_last,"
					"  max(e.customer_id) OVER (PARTITION BY e.number) AS holder"
					" FROM told_event e JOIN cardgen.status_label l USING (label)"
					" WINDOW card AS (PARTITION BY e.number ORDER BY e.tick);"
					"ANALYZE told_batch; ANALYZE told_number; ANALYZE gone; ANALYZE history"));
}

static long
ReadNumber(PGconn *connection, const char *sql)
{
	PGresult   *result = Require(connection, sql);
	long		value = atol(PQgetvalue(result, 0, 0));

	PQclear(result);
	return value;
}

/* The query counts what is not as it should be. */
static void
Check(PGconn *connection, const char *name, const char *sql)
{
	long		violations = ReadNumber(connection, sql);

	if (violations != 0)
		Note("%ld", violations);
	Ok(violations == 0, "%s", name);
}

static void
CheckBatches(PGconn *connection)
{
	char		sql[500];
	long		batches = 0;
	long		cards = 0;

	for (long i = 0; i < ledger.records.count; i++)
		if (ledger.records.items[i].kind == CLEARANCE)
		{
			batches += ledger.records.items[i].count;
			cards += ledger.records.items[i].cards;
		}

	Check(connection, "no number was handed out twice",
		  "SELECT count(*) FROM (SELECT FROM told_number GROUP BY number HAVING count(*) > 1) twice");
	Check(connection, "every batch is there, or was removed or had expired",
		  "SELECT count(*) FROM gone WHERE NOT is_removed AND (series_code <> 'SHORT' OR is_retained)");
	Check(connection, "every batch there is whole",
		  "SELECT count(*) FROM cardgen.batch b, LATERAL cardgen.verify_batch(b.batch_id) v"
		  " WHERE v.stored <> b.card_count OR v.missing <> 0 OR v.unexpected <> 0");
	Check(connection, "batches are as they were returned",
		  "SELECT count(*) FROM cardgen.batch b LEFT JOIN told_batch t USING (batch_id)"
		  " WHERE (b.series_code, b.card_count) IS DISTINCT FROM (t.series_code, t.card_count)");
	Check(connection, "removed batches are gone",
		  "SELECT count(*) FROM told_batch JOIN cardgen.batch USING (batch_id) WHERE is_removed");
	snprintf(sql, sizeof(sql), "SELECT count(*) - %ld FROM gone WHERE NOT is_removed", batches);
	Check(connection, "as many expired batches are gone as were told", sql);
	snprintf(sql, sizeof(sql),
			 "SELECT coalesce(sum(card_count), 0) - %ld - (SELECT count(*) FROM cardgen.card JOIN gone USING (batch_id)"
			 " WHERE NOT is_removed) FROM gone WHERE NOT is_removed", cards);
	Check(connection, "as many cards went with them as were told", sql);
	Check(connection, "there are no other stored numbers than those of batches",
		  "SELECT (SELECT count(*) FROM cardgen.generated_card) - (SELECT coalesce(sum(card_count), 0) FROM cardgen.batch)");
	Check(connection, "batches do not overlap",
		  "SELECT count(*) FROM (SELECT first_ordinal < lag(first_ordinal + card_count)"
		  " OVER (PARTITION BY series_code ORDER BY first_ordinal) AS is_overlap FROM cardgen.batch) b WHERE is_overlap");
	Check(connection, "counters are at what was handed out",
		  "SELECT count(*) FROM cardgen.series_counter c WHERE next_ordinal <>"
		  " (SELECT coalesce(sum(card_count), 0) FROM told_batch t WHERE t.series_code = c.series_code)"
		  " + (SELECT count(*) FROM told_event e WHERE e.new_of_series = c.series_code)");
	Check(connection, "no series gave more numbers than it has",
		  "SELECT count(*) FROM cardgen.series_usage WHERE generated > capacity OR remaining <> capacity - generated");
	Check(connection, "numbers of removed batches that were not issued are recognized",
		  "SELECT count(*) FROM (SELECT number FROM told_number JOIN gone USING (batch_id) ORDER BY hashtext(number)"
		  " LIMIT 20000) n WHERE NOT EXISTS (SELECT FROM cardgen.card c WHERE c.number = n.number)"
		  " AND cardgen.classify_number(number) <> 'batch_removed'");
	Check(connection, "numbers of batches there are found",
		  "SELECT count(*) FROM (SELECT * FROM told_number t JOIN cardgen.batch USING (batch_id)"
		  " ORDER BY hashtext(number) LIMIT 20000) n LEFT JOIN LATERAL cardgen.find_card(n.number) f ON true"
		  " WHERE f.batch_id IS DISTINCT FROM n.batch_id OR f.number <> n.number");
}

static void
CheckCards(PGconn *connection)
{
	char		sql[1000];
	const char *counts = counts_only_active ? "('active')" : "('issued', 'active', 'suspended')";

	Check(connection, "every issued card is there, with its customer",
		  "SELECT count(*) FROM told_event e LEFT JOIN cardgen.card c USING (number)"
		  " WHERE e.customer_id IS NOT NULL AND c.customer_id IS DISTINCT FROM e.customer_id");
	Check(connection, "every issued card is found by its number",
		  "SELECT count(*) FROM told_event e LEFT JOIN LATERAL cardgen.find_card(e.number) f ON true"
		  " WHERE e.customer_id IS NOT NULL AND f.customer_id IS DISTINCT FROM e.customer_id");
	Check(connection, "no other card was issued",
		  "SELECT count(*) FROM cardgen.card c LEFT JOIN told_event e ON e.number = c.number AND e.customer_id IS NOT NULL"
		  " WHERE c.customer_id IS DISTINCT FROM e.customer_id");
	Check(connection, "cards that were not issued are of batches there are",
		  "SELECT count(*) FROM cardgen.card c WHERE status = 'not_issued'"
		  " AND NOT EXISTS (SELECT FROM cardgen.batch b WHERE b.batch_id = c.batch_id)");
	Check(connection, "every card has the last status it was given",
		  "SELECT count(*) FROM history h FULL JOIN cardgen.card c USING (number)"
		  " WHERE h.is_last IS NOT FALSE AND (h.label, h.status) IS DISTINCT FROM (c.status_label, c.status)"
		  " AND NOT (c.number IS NULL AND h.status = 'not_issued'"
		  "          AND cardgen.classify_number(number) = 'batch_removed')");
	Check(connection, "the log has a row for each change, by whom and why",
		  "SELECT count(*) FROM history h FULL JOIN cardgen.card_status_log l"
		  " ON l.number = h.number AND l.to_label = h.label AND coalesce(l.reason, '') = coalesce(h.reason, '')"
		  " WHERE h.number IS NULL OR l.number IS NULL OR l.changed_by <> session_user");
	Check(connection, "each change in the log starts where the last one ended",
		  "SELECT count(*) FROM history h JOIN cardgen.card_status_log l"
		  " ON l.number = h.number AND l.to_label = h.label AND coalesce(l.reason, '') = coalesce(h.reason, '')"
		  " JOIN cardgen.status_label f ON f.label = l.from_label"
		  " WHERE l.from_label <> coalesce(h.from_label, l.from_label)"
		  " OR (f.status, h.status) NOT IN (('not_issued', 'not_issued'), ('not_issued', 'issued'),"
		  "  ('not_issued', 'active'), ('issued', 'active'), ('active', 'suspended'), ('suspended', 'active'),"
		  "  ('issued', 'expired'), ('active', 'expired'), ('suspended', 'expired'),"
		  "  ('issued', 'deleted'), ('active', 'deleted'), ('suspended', 'deleted'))"
		  " OR (h.customer_id IS NOT NULL) <> (f.status = 'not_issued' AND h.status <> 'not_issued')");

	snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM (SELECT FROM cardgen.card c JOIN cardgen.series s ON s.code = c.series_code"
			 " WHERE status IN %s GROUP BY customer_id, s.code HAVING count(*) > s.max_active_cards"
			 " UNION ALL SELECT FROM cardgen.card WHERE status IN %s GROUP BY customer_id HAVING count(*) > %d) above",
			 counts, counts, CUSTOMER_LIMIT);
	Check(connection, "no customer is above a limit", sql);
	snprintf(sql, sizeof(sql),
			 "SELECT count(*) FROM (SELECT s.max_active_cards,"
			 "  sum(step) OVER (PARTITION BY holder, s.code ORDER BY tick) AS of_series,"
			 "  sum(step) OVER (PARTITION BY holder ORDER BY tick) AS of_all"
			 " FROM (SELECT *, (status IN %s)::int - coalesce((from_status IN %s)::int, 0) AS step FROM history) h"
			 " JOIN cardgen.card c USING (number) JOIN cardgen.series s ON s.code = c.series_code"
			 " WHERE holder IS NOT NULL) held WHERE of_series > max_active_cards OR of_all > %d",
			 counts, counts, CUSTOMER_LIMIT);
	Check(connection, "no customer was ever above a limit", sql);
}

static void
PrintTally(const Tally *tally)
{
	Note("%-32s %12s %8s  refused", "", "acknowledged", "undone");
	for (int i = 0; i < OPERATION_COUNT; i++)
	{
		char		refusals[400] = "";
		size_t		length = 0;

		for (int j = 0; j < STATE_COUNT && tally->refusals[j].state[0] != '\0'; j++)
			if (tally->refusals[j].count[i] > 0 && length < sizeof(refusals))
				length += (size_t) snprintf(refusals + length, sizeof(refusals) - length, "%s %ld  ",
											tally->refusals[j].state, tally->refusals[j].count[i]);
		Note("%-32s %12ld %8ld  %s", operations[i].name, tally->acknowledged[i], tally->undone[i], refusals);
	}
}

static void
CheckTally(const Worker *workers)
{
	static Tally total;
	int			missing = 0;

	for (int i = 0; i < connection_count; i++)
		for (int j = 0; j < OPERATION_COUNT; j++)
		{
			total.acknowledged[j] += workers[i].tally.acknowledged[j];
			total.undone[j] += workers[i].tally.undone[j];
			for (int k = 0; k < STATE_COUNT && workers[i].tally.refusals[k].state[0] != '\0'; k++)
				CountRefusal(&total, j, workers[i].tally.refusals[k].state,
							 workers[i].tally.refusals[k].count[j]);
		}
	PrintTally(&total);

	Ok(atomic_load(&unexpected_errors) == 0, "no call ended with an unexpected error");
	Ok(atomic_load(&wrong_answers) == 0, "no call returned what it should not");
	for (int i = 0; i < OPERATION_COUNT; i++)
		missing += total.acknowledged[i] == 0;
	Ok(missing == 0, "each kind of call was acknowledged");
	Ok(ledger.repeated > 0, "repeated calls returned the earlier batch");
}

/* Those of lost connections end when they have answered. */
static void
WaitForOthers(PGconn *connection)
{
	while (ReadNumber(connection, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
					  " AND backend_type = 'client backend' AND pid <> pg_backend_pid()") > 0)
		usleep(10000);
}

int
main(int argc, char **argv)
{
	static Worker workers[MAX_CONNECTIONS];
	uint64_t	seed = argc > 3 ? strtoull(argv[3], NULL, 10) : 1;
	PGconn	   *connection;

	if (argc > 1)
		connection_count = atoi(argv[1]);
	if (argc > 2)
		seconds = atof(argv[2]);
	if (argc > 4 || connection_count < 1 || connection_count > MAX_CONNECTIONS || seconds <= 0)
	{
		fprintf(stderr, "usage: backend [CONNECTIONS [SECONDS [SEED]]]\n");
		return EXIT_FAILURE;
	}
	Note("%d connections, %g seconds, seed %llu", connection_count, seconds, (unsigned long long) seed);

	counts_only_active = seed % 2 == 1;
	customer_count = connection_count * 8;
	ledger.known = Grow(NULL, sizeof(int) * MAX_BATCHES);
	for (int i = 0; i < MAX_BATCHES; i++)
		ledger.batches[i].series = -1;
	connection = Connect();
	Prepare(connection);
	PQfinish(connection);
	for (int i = 0; i < connection_count; i++)
	{
		workers[i].connection = Connect();
		workers[i].seed = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15) + (uint64_t) i * UINT64_C(0xD1B54A32D192ED03);
	}
	PlayAll(workers);
	PlayMissing(workers);
	is_mixed = true;
	PlayAll(workers);
	for (int i = 0; i < connection_count; i++)
		PQfinish(workers[i].connection);

	connection = Connect();
	WaitForOthers(connection);
	/* Without the index's summaries each batch's check would read all. */
	PQclear(Require(connection, "VACUUM cardgen.generated_card"));
	PutBatches(connection);
	PutNumbers(connection);
	PutEvents(connection);
	Note("%ld batches, %ld numbers, %ld cards issued, %ld changes of cards",
		 ledger.known_count, ReadNumber(connection, "SELECT count(*) FROM told_number"), ledger.card_count,
		 ReadNumber(connection, "SELECT count(*) FROM told_event"));
	CheckTally(workers);
	CheckBatches(connection);
	CheckCards(connection);
	PQfinish(connection);

	printf("%d passed, %d failed\n", tap_count - tap_failures, tap_failures);
	return tap_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
