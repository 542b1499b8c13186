/*
 * What calls ended with: counts, and the first few things that are wrong.
 */
#ifndef BACKEND_TALLY_H
#define BACKEND_TALLY_H

#include <stdatomic.h>

#include "unit/tap.h"

#define MAX_REMARKS		20
#define MAX_OPERATIONS	40
#define STATE_COUNT		64

/* By operation. */
typedef struct Tally
{
	long		acknowledged[MAX_OPERATIONS];
	long		undone[MAX_OPERATIONS];
	struct
	{
		char		state[48];		/* SQLSTATE and name */
		long		count[MAX_OPERATIONS];
	}			refusals[STATE_COUNT];
} Tally;

extern atomic_long unexpected_errors;
extern atomic_long wrong_answers;

extern void CountRefusal(Tally *tally, int operation, const char *state, long count);
extern void AddTally(Tally *total, const Tally *tally);
extern void Unexpected(const char *message);
extern void Wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
