/*
 * Calls that import cards of another system, with numbers of any shape and
 * with such as a series is about to generate.
 */
#include "backend/operations.h"
#include "backend/pick.h"
#include "backend/world.h"

#include <string.h>

#define MANY		20
#define AHEAD		300			/* of the counter: where others generate soon */

typedef struct Import
{
	char		number[NUMBER_SIZE];
	int			customer;
	int			label;
} Import;

/* -1 after an error. */
static long
ReadCounter(Worker *worker, int series)
{
	PGresult   *result = Execute(worker, "", "SELECT next_ordinal FROM cardgen.series_counter WHERE series_code = $1", 1,
								 all_series[series].code);
	long		counter = result == NULL ? -1 : PQntuples(result) == 0 ? 0 : atol(Field(result, "next_ordinal"));

	PQclear(result);
	return counter;
}

static void
MakeNumber(Worker *worker, char *number, int series, long counter)
{
	int			place = Choose(worker, AHEAD);

	switch (series)
	{
		case CLUB:
			snprintf(number, NUMBER_SIZE, "CLUB%08ld", counter + place);
			break;
		case LAST:
			snprintf(number, NUMBER_SIZE, "L%06ld", 985000 + (counter + place) % 15000);
			break;
		case TINY:
			place = Choose(worker, 10000);
			snprintf(number, NUMBER_SIZE, "T%04d%d", place, place % 7);
			break;
		default:
			snprintf(number, NUMBER_SIZE, "%s-%06d", all_series[series].code, Choose(worker, 100000));
			break;
	}
}

static void
MakeImport(Worker *worker, Import *import, int series, long counter)
{
	Card		card;

	if (!Chance(worker, 5) || !PickNumber(worker, import->number))
		MakeNumber(worker, import->number, series, counter);
	if (Chance(worker, 5) && PickCard(worker, &card))
		snprintf(import->number, NUMBER_SIZE, "%s", card.number);
	if (Chance(worker, 50))
	{
		import->customer = NO_CUSTOMER;
		import->label = Choose(worker, NOT_ISSUED_LABELS);
		return;
	}
	import->customer = Chance(worker, 30) ? ChooseMover(worker) : NextWalkIn();
	import->label = ISSUED + Choose(worker, LABEL_COUNT - ISSUED);
}

/* What has no row of its own is in. */
static void
RememberImports(Worker *worker, const PGresult *rejects, const Import *imports, int count)
{
	bool		is_rejected[MANY] = {false};

	for (int row = 0; row < PQntuples(rejects); row++)
	{
		int			position = atoi(PQgetvalue(rejects, row, PQfnumber(rejects, "position")));

		if (position < 1 || position > count || is_rejected[position - 1] ||
			strcmp(PQgetvalue(rejects, row, PQfnumber(rejects, "number")), imports[position - 1].number) != 0)
		{
			Wrong("the number at position %d of %d was rejected wrongly", position, count);
			continue;
		}
		is_rejected[position - 1] = true;
		RefuseElement(worker, "42710 23P01 22023 42704", rejects, row);
	}
	for (int i = 0; i < count; i++)
		if (!is_rejected[i])
			Remember(worker, (Record) {.kind = IMPORT, .tick = NextTick(), .text = Copy(imports[i].number),
					.customer = imports[i].customer, .label = imports[i].label});
}

Outcome
ImportCards(Worker *worker)
{
	static const int targets[] = {CLUB, LAST, TINY, GOLD, OLD};
	int			series = targets[Choose(worker, 5)];
	long		counter = ReadCounter(worker, series);
	int			count = 1 + Choose(worker, MANY);
	Import		imports[MANY];
	ArrayText	numbers = {0};
	ArrayText	customers = {0};
	ArrayText	status_labels = {0};
	PGresult   *result;

	if (counter < 0)
		return REFUSED;
	for (int i = 0; i < count; i++)
	{
		char		customer[CUSTOMER_SIZE];

		MakeImport(worker, &imports[i], series, counter);
		NameCustomer(customer, imports[i].customer);
		AddElement(&numbers, imports[i].number);
		AddElement(&customers, imports[i].customer == NO_CUSTOMER ? NULL : customer);
		AddElement(&status_labels, labels[imports[i].label]);
	}
	result = Execute(worker, "", "SELECT * FROM cardgen.import_cards($1, $2::text[], $3::text[], $4::text[])", 4,
					 all_series[series].code, CloseArray(&numbers), CloseArray(&customers), CloseArray(&status_labels));
	free(numbers.text);
	free(customers.text);
	free(status_labels.text);
	if (result == NULL)
		return REFUSED;
	RememberImports(worker, result, imports, count);
	PQclear(result);
	return DONE;
}
