/*
 * What calls ended with.
 */
#include "backend/tally.h"

#include <string.h>

atomic_long unexpected_errors;
atomic_long wrong_answers;
static atomic_long remarks;

void
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

void
AddTally(Tally *total, const Tally *tally)
{
	for (int i = 0; i < MAX_OPERATIONS; i++)
	{
		total->acknowledged[i] += tally->acknowledged[i];
		total->undone[i] += tally->undone[i];
		for (int j = 0; j < STATE_COUNT && tally->refusals[j].state[0] != '\0'; j++)
			CountRefusal(total, i, tally->refusals[j].state, tally->refusals[j].count[i]);
	}
}

static void
Remark(const char *kind, const char *text)
{
	if (atomic_fetch_add(&remarks, 1) < MAX_REMARKS)
		Note("%s: %s", kind, text);
}

void
Unexpected(const char *message)
{
	Remark("unexpected error", message);
	atomic_fetch_add(&unexpected_errors, 1);
}

void
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
