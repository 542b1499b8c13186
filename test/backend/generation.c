/*
 * Calls that generate: batches, with and without a request, after a lost
 * connection, and cards that are returned at once.
 */
#include "backend/download.h"
#include "backend/operations.h"
#include "backend/world.h"

#include <string.h>
#include <unistd.h>

static atomic_int requests;
static atomic_int losses;

static int
CardCount(Worker *worker)
{
	if (Chance(worker, 4))
		return 1 + Choose(worker, 5000);
	return 1 + Choose(worker, 60);
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

Outcome
GenerateBatch(Worker *worker)
{
	int			series = Choose(worker, GENERATING_COUNT);
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
Outcome
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
Outcome
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

/* The connection goes before the answer comes; the call is repeated until one does. */
Outcome
LoseConnection(Worker *worker)
{
	char		request[40];
	char		count[20];
	const char *values[] = {all_series[LONG].code, count, request};

	snprintf(request, sizeof(request), "11111111-0000-4000-8000-%012x",
			 (unsigned) atomic_fetch_add(&losses, 1));
	snprintf(count, sizeof(count), "%d", 200);
	if (PQsendQueryParams(worker->connection,
						  "SELECT FROM cardgen.generate_batch($1, $2::int, request_id => $3::uuid)",
						  3, NULL, values, NULL, NULL, 0) != 1)
		return REFUSED;
	usleep((useconds_t) Choose(worker, 4000));
	PQfinish(worker->connection);
	worker->connection = ConnectToWorld();
	while (Generate(worker, "", LONG, 200, NULL, request, true) == 0)
		if (atomic_load(&unexpected_errors) > 0)
			return REFUSED;
	return DONE;
}

Outcome
GenerateCards(Worker *worker)
{
	int			series = Choose(worker, GENERATING_COUNT);
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
