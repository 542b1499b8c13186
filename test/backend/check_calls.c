/*
 * Checks of the calls: each kind was made, and ended as it may.
 */
#include "backend/checks.h"

#include <string.h>

#include "backend/operations.h"

static void
PrintTally(const Tally *tally)
{
	Note("%-32s %12s %8s  refused", "", "acknowledged", "undone");
	for (int i = 0; i < operation_count; i++)
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

/* Those of PostgreSQL itself, which come at any time, have none. */
static void
CheckNames(const Tally *tally)
{
	int			nameless = 0;

	for (int i = 0; i < STATE_COUNT && tally->refusals[i].state[0] != '\0'; i++)
	{
		const char *state = tally->refusals[i].state;

		if (strchr(state, ' ') == NULL && strstr("40001 40P01 55P03 57014", state) == NULL)
			nameless++;
	}
	Ok(nameless == 0, "each refusal has a name");
}

void
CheckCalls(const Worker *workers, int count)
{
	static Tally total;
	int			missing = 0;

	for (int i = 0; i < count; i++)
		AddTally(&total, &workers[i].tally);
	PrintTally(&total);

	Ok(atomic_load(&unexpected_errors) == 0, "no call ended with an unexpected error");
	Ok(atomic_load(&wrong_answers) == 0, "no call returned what it should not");
	CheckNames(&total);
	for (int i = 0; i < operation_count; i++)
		missing += total.acknowledged[i] == 0;
	Ok(missing == 0, "each kind of call was acknowledged");
	Ok(ledger.repeated > 0, "repeated calls returned the earlier batch");
}
