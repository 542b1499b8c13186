/*
 * The counter of a series: ordinals are taken from it under a row lock, by
 * the transaction that uses them. All within OpenQueries().
 */
#ifndef CARDGEN_COUNTER_H
#define CARDGEN_COUNTER_H

#include "configuration.h"

/* The next ordinal, locked until the transaction ends; waits for others. */
extern int64 LockCounter(const char *series_code);

/* Reports a series that has not so many numbers left. */
extern void CheckRemaining(const Series *series, int64 next_ordinal, int64 count);

/* Moves a locked counter on, after CheckRemaining(). */
extern void AdvanceCounter(const Series *series, int64 next_ordinal, int64 count);

/* The next ordinal as the caller's snapshot has it. */
extern int64 ReadCounter(const char *series_code);

#endif
