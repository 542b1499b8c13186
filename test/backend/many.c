/*
 * Calls about many cards at once: an element that is refused keeps none of the
 * others back.
 */
#include "backend/operations.h"
#include "backend/pick.h"
#include "backend/world.h"

#include <string.h>

#define MANY		12

/* A call's elements, which may be there twice. */
typedef struct Elements
{
	int			count;
	char		numbers[MANY][NUMBER_SIZE];
	int			customers[MANY];
	ArrayText	number_array;
	ArrayText	customer_array;
} Elements;

static void
AddCustomer(Elements *elements, int customer)
{
	char		name[CUSTOMER_SIZE];

	NameCustomer(name, customer);
	elements->customers[elements->count] = customer;
	AddElement(&elements->customer_array, name);
}

/* To the customers too where a number is to be issued. */
static void
ChooseElements(Worker *worker, Elements *elements, int issued_percent)
{
	*elements = (Elements) {0};
	for (int tries = 1 + Choose(worker, MANY); tries > 0; tries--)
	{
		char	   *number = elements->numbers[elements->count];
		Card		card;

		if (Chance(worker, issued_percent) && PickCard(worker, &card))
			snprintf(number, NUMBER_SIZE, "%s", card.number);
		else if (!PickNumber(worker, number))
			continue;
		AddElement(&elements->number_array, number);
		AddCustomer(elements, Choose(worker, customer_count));
		elements->count++;
	}
}

static void
FreeElements(Elements *elements)
{
	free(elements->number_array.text);
	free(elements->customer_array.text);
}

/* Whether an element was done. */
static bool
IsDone(Worker *worker, const char *expected, const PGresult *result, int row)
{
	if (atoi(PQgetvalue(result, row, PQfnumber(result, "position"))) != row + 1)
		Wrong("row %d is of position %s", row + 1, PQgetvalue(result, row, PQfnumber(result, "position")));
	if (PQgetisnull(result, row, PQfnumber(result, "sqlstate")))
		return true;
	RefuseElement(worker, expected, result, row);
	return false;
}

/* The answers of a call, in the elements' order; the record is of what it has done to each. */
static Outcome
RememberDone(Worker *worker, const char *expected, PGresult *result, const Elements *elements, Record record)
{
	if (result == NULL)
		return REFUSED;
	if (PQntuples(result) != elements->count)
	{
		Wrong("of %d elements %d rows were returned", elements->count, PQntuples(result));
		exit(EXIT_FAILURE);
	}
	for (int i = 0; i < elements->count; i++)
		if (IsDone(worker, expected, result, i))
		{
			record.tick = NextTick();
			record.text = Copy(PQgetvalue(result, i, PQfnumber(result, "number")));
			record.customer = elements->customers[i];
			Remember(worker, record);
		}
	PQclear(result);
	return DONE;
}

Outcome
IssueCards(Worker *worker)
{
	int			label = ChooseIssuingLabel(worker);
	Elements	elements;
	PGresult   *result;

	ChooseElements(worker, &elements, 10);
	result = Execute(worker, "", "SELECT * FROM cardgen.issue_cards($1::text[], $2::text[], $3)", 3,
					 CloseArray(&elements.number_array), CloseArray(&elements.customer_array), labels[label]);
	FreeElements(&elements);
	return RememberDone(worker, "55000 42704", result, &elements, (Record) {.kind = ISSUE, .label = label, .series = -1});
}

Outcome
IssueNewCards(Worker *worker)
{
	int			label = ChooseIssuingLabel(worker);
	int			series = Choose(worker, GENERATING_COUNT);
	int			count = 1 + Choose(worker, MANY);
	Elements	elements = {0};
	PGresult   *result;

	while (elements.count < count)
	{
		AddCustomer(&elements, series == HOT ? NextWalkIn() : Choose(worker, customer_count));
		elements.count++;
	}
	result = Execute(worker, all_series[series].refusals,
					 "SELECT * FROM cardgen.issue_new_cards($1, $2::text[], $3)", 3,
					 all_series[series].code, CloseArray(&elements.customer_array), labels[label]);
	FreeElements(&elements);
	return RememberDone(worker, "55000 2200H", result, &elements,
						(Record) {.kind = ISSUE, .label = label, .series = series});
}

Outcome
SetCardStatuses(Worker *worker)
{
	char		reason[REASON_SIZE];
	long		change = NextChange(reason);
	int			label = Choose(worker, LABEL_COUNT);
	Elements	elements;
	PGresult   *result;

	ChooseElements(worker, &elements, 80);
	result = Execute(worker, "", "SELECT * FROM cardgen.set_card_statuses($1::text[], $2, $3)", 3,
					 CloseArray(&elements.number_array), labels[label], reason);
	FreeElements(&elements);
	return RememberDone(worker, "55000 42704", result, &elements,
						(Record) {.kind = CHANGE, .label = label, .change = change});
}
