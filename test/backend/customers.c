/*
 * Calls about a customer's cards: a lost one is replaced, one passes to
 * another customer, two customers turn out to be one.
 */
#include "backend/operations.h"
#include "backend/pick.h"
#include "backend/world.h"

#include <string.h>

static int
ReadLabel(const char *number, const char *label)
{
	int			found = FindLabel(label);

	if (found >= 0)
		return found;
	Wrong("card %s has the label \"%s\"", number, label);
	return ISSUED;
}

static void
RememberReplacement(Worker *worker, const PGresult *result, const Card *card, int final_label, int series, long change)
{
	const char *number = Field(result, "number");
	int			holder = ReadCustomer(Field(result, "customer_id"));

	if (strcmp(Field(result, "replaces"), card->number) != 0 ||
		(IsSettled(card->customer) ? holder != card->customer : IsSettled(holder)))
		Wrong("card %s of customer %d was replaced by %s of %s, which replaces \"%s\"", card->number, card->customer,
			  number, Field(result, "customer_id"), Field(result, "replaces"));
	Remember(worker, (Record) {.kind = CHANGE, .tick = NextTick(), .text = Copy(card->number),
			.label = final_label, .change = change});
	Remember(worker, (Record) {.kind = ISSUE, .tick = NextTick(), .text = Copy(number), .customer = holder,
			.label = ReadLabel(number, Field(result, "status_label")), .series = series,
			.change = change, .replaces = Copy(card->number)});
}

/* By a card from stock, or by the next one of its series. */
Outcome
ReplaceCard(Worker *worker)
{
	char		new_number[NUMBER_SIZE];
	char		reason[REASON_SIZE];
	long		change = NextChange(reason);
	int			final_label = Chance(worker, 30) ? EXPIRED : DELETED;
	bool		is_from_stock = Chance(worker, 40) && PickNumber(worker, new_number);
	PGresult   *result;
	Card		card;

	if (!PickCard(worker, &card))
		return NOTHING_TO_DO;
	result = Execute(worker, "55000 42704 2200H 22023", "SELECT * FROM cardgen.replace_card($1, $2, $3, $4)", 4,
					 card.number, is_from_stock ? new_number : NULL,
					 final_label == DELETED && Chance(worker, 50) ? NULL : labels[final_label], reason);
	if (result == NULL)
		return REFUSED;
	if (is_from_stock && strcmp(Field(result, "number"), new_number) != 0)
		Wrong("card %s was replaced by %s, not %s", card.number, Field(result, "number"), new_number);
	RememberReplacement(worker, result, &card, final_label,
						is_from_stock ? -1 : FindSeries(Field(result, "series_code")), change);
	PQclear(result);
	return DONE;
}

Outcome
TransferCard(Worker *worker)
{
	char		customer[CUSTOMER_SIZE];
	char		reason[REASON_SIZE];
	long		change = NextChange(reason);
	int			chosen = ChooseMover(worker);
	PGresult   *result;
	Card		card;

	if (!PickMovingCard(worker, &card))
		return NOTHING_TO_DO;
	NameCustomer(customer, chosen);
	result = Execute(worker, "55000 22023", "SELECT * FROM cardgen.transfer_card($1, $2, $3)", 3,
					 card.number, customer, reason);
	if (result == NULL)
		return REFUSED;
	if (strcmp(Field(result, "customer_id"), customer) != 0 || strcmp(Field(result, "number"), card.number) != 0)
		Wrong("card %s was transferred to %s, not %s", card.number, Field(result, "customer_id"), customer);
	Remember(worker, (Record) {.kind = TRANSFER, .tick = NextTick(), .text = Copy(card.number), .customer = chosen,
			.label = ReadLabel(card.number, Field(result, "status_label")), .change = change});
	PQclear(result);
	return DONE;
}

/* The log says which cards have moved. */
static bool
RememberMerge(Worker *worker, const char *from, int into, const char *reason, long change, int moved)
{
	PGresult   *result = Execute(worker, "",
								 "SELECT number, to_label FROM cardgen.card_status_log"
								 " WHERE reason = $1 AND from_customer_id = $2", 2, reason, from);

	if (result == NULL)
		return false;
	if (PQntuples(result) != moved)
		Wrong("%d cards of %s were merged, and %d logged", moved, from, PQntuples(result));
	for (int i = 0; i < PQntuples(result); i++)
	{
		const char *number = PQgetvalue(result, i, 0);

		Remember(worker, (Record) {.kind = MERGE, .tick = NextTick(), .text = Copy(number), .customer = into,
				.label = ReadLabel(number, PQgetvalue(result, i, 1)), .change = change});
	}
	PQclear(result);
	Remember(worker, (Record) {.kind = MERGER, .tick = NextTick(), .customer = ReadCustomer(from)});
	return true;
}

/* Two connections may well do it in opposite directions. */
Outcome
MergeCustomers(Worker *worker)
{
	char		from[CUSTOMER_SIZE];
	char		into[CUSTOMER_SIZE];
	char		reason[REASON_SIZE];
	long		change = NextChange(reason);
	int			from_customer = ChooseMover(worker);
	int			into_customer = ChooseMover(worker);
	PGresult   *result;
	int			moved;

	if (from_customer == into_customer)
		return NOTHING_TO_DO;
	NameCustomer(from, from_customer);
	NameCustomer(into, into_customer);
	result = Execute(worker, "", "SELECT cardgen.merge_customers($1, $2, $3) AS moved", 3, from, into, reason);
	if (result == NULL)
		return REFUSED;
	moved = atoi(Field(result, "moved"));
	PQclear(result);
	return RememberMerge(worker, from, into_customer, reason, change, moved) ? DONE : REFUSED;
}
