/*
 * Calls about one card: issue, change, find, and let it expire.
 */
#include "backend/operations.h"
#include "backend/pick.h"
#include "backend/world.h"

#include <string.h>

static void
RememberIssue(Worker *worker, const PGresult *result, int customer, int label, int series)
{
	char		name[CUSTOMER_SIZE];

	NameCustomer(name, customer);
	if (strcmp(Field(result, "customer_id"), name) != 0 ||
		strcmp(Field(result, "status_label"), labels[label]) != 0)
		Wrong("card %s was issued to %s with label %s", Field(result, "number"),
			  Field(result, "customer_id"), Field(result, "status_label"));
	Remember(worker, (Record) {.kind = ISSUE, .tick = NextTick(),
			.text = Copy(Field(result, "number")), .customer = customer, .label = label, .series = series});
}

Outcome
IssueCard(Worker *worker)
{
	char		number[NUMBER_SIZE];
	char		customer[CUSTOMER_SIZE];
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
	NameCustomer(customer, chosen);
	result = Execute(worker, "55000 42704", "SELECT * FROM cardgen.issue_card($1, $2, $3)", 3,
					 number, customer, labels[label]);
	if (result == NULL)
		return REFUSED;
	RememberIssue(worker, result, chosen, label, -1);
	PQclear(result);
	return DONE;
}

static Outcome
IssueNew(Worker *worker, int series, int chosen)
{
	char		customer[CUSTOMER_SIZE];
	char		expected[30];
	int			label = ChooseIssuingLabel(worker);
	PGresult   *result;

	NameCustomer(customer, chosen);
	snprintf(expected, sizeof(expected), "55000 %s", all_series[series].refusals);
	result = Execute(worker, expected, "SELECT * FROM cardgen.issue_new_card($1, $2, $3)", 3,
					 all_series[series].code, customer, labels[label]);
	if (result == NULL)
		return REFUSED;
	RememberIssue(worker, result, chosen, label, series);
	PQclear(result);
	return DONE;
}

Outcome
IssueNewCard(Worker *worker)
{
	return IssueNew(worker, Choose(worker, HOT), Choose(worker, customer_count));
}

/* To everyone who comes, and all of one series. */
Outcome
IssueHotCard(Worker *worker)
{
	return IssueNew(worker, HOT, NextWalkIn());
}

Outcome
SetCardStatus(Worker *worker)
{
	char		number[NUMBER_SIZE];
	char		reason[REASON_SIZE];
	long		change = NextChange(reason);
	int			label = Choose(worker, LABEL_COUNT);
	PGresult   *result;
	Card		card;

	if (Chance(worker, 80) && PickCard(worker, &card))
		snprintf(number, sizeof(number), "%s", card.number);
	else if (!PickNumber(worker, number))
		return NOTHING_TO_DO;
	result = Execute(worker, "55000 42704", "SELECT * FROM cardgen.set_card_status($1, $2, $3)", 3,
					 number, labels[label], reason);
	if (result == NULL)
		return REFUSED;
	if (strcmp(Field(result, "number"), number) != 0 ||
		strcmp(Field(result, "status_label"), labels[label]) != 0)
		Wrong("card %s has label %s, not %s", number, Field(result, "status_label"), labels[label]);
	Remember(worker, (Record) {.kind = CHANGE, .tick = NextTick(),
			.text = Copy(number), .label = label, .change = change});
	PQclear(result);
	return DONE;
}

static bool
MayHold(int issued_to, const char *holder)
{
	char		customer[CUSTOMER_SIZE];

	NameCustomer(customer, issued_to);
	return IsSettled(issued_to) ? strcmp(holder, customer) == 0 : holder[0] != '\0' && !IsSettled(ReadCustomer(holder));
}

/* Cards that were acknowledged as issued are issued, and to that customer. */
Outcome
FindCard(Worker *worker)
{
	char		typed[NUMBER_SIZE + 2];
	PGresult   *result;
	Card		card;

	if (!PickCard(worker, &card))
		return NOTHING_TO_DO;
	snprintf(typed, sizeof(typed), " %s\n", card.number);
	result = Execute(worker, "", "SELECT * FROM cardgen.find_card($1)", 1, typed);
	if (result == NULL)
		return REFUSED;
	if (worker->is_read_committed &&
		(PQntuples(result) != 1 || strcmp(Field(result, "number"), card.number) != 0 ||
		 !MayHold(card.customer, Field(result, "customer_id")) ||
		 strcmp(Field(result, "status"), "not_issued") == 0))
		Wrong("card %s, issued to customer %d, was not found or differs", card.number, card.customer);
	PQclear(result);
	return DONE;
}

/* An older snapshot has neither what was generated since nor what was imported without a format. */
Outcome
ClassifyNumber(Worker *worker)
{
	char		number[NUMBER_SIZE];
	const char *expected;		/* of a number that came later */
	PGresult   *result;

	if (!PickNumber(worker, number))
		return NOTHING_TO_DO;
	result = Execute(worker, "", "SELECT cardgen.classify_number($1) AS class", 1, number);
	if (result == NULL)
		return REFUSED;
	expected = worker->is_read_committed ? "" : strncmp(number, "OLD-", 4) == 0 ? "malformed" : "never_generated";
	if (strstr("malformed bad_check_digit never_generated", Field(result, "class")) != NULL &&
		strcmp(Field(result, "class"), expected) != 0)
		Wrong("card %s was called %s", number, Field(result, "class"));
	PQclear(result);
	return DONE;
}

/* Lets time pass for a card, and asks the log which ones that has ended. */
Outcome
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
		Remember(worker, (Record) {.kind = EXPIRY, .tick = NextTick(), .label = EXPIRED,
				.text = Copy(PQgetvalue(result, i, 0))});
	PQclear(result);
	if (result == NULL || !Run(worker, "", "COMMIT"))
	{
		Forget(worker);
		return REFUSED;
	}
	return DONE;
}
