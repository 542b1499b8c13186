/*
 * Which ordinals of a series have been used. All within OpenQueries().
 *
 * The counter is where batches take theirs from, under its row's lock. Ahead
 * of it are ordinals whose numbers were imported, which it passes over. Below
 * it are free ranges, from which cards are issued one by one while the counter
 * is locked. What a transaction takes, a rollback gives back.
 */
#ifndef CARDGEN_COUNTER_H
#define CARDGEN_COUNTER_H

#include "postgres.h"

#include "configuration.h"
#include "ordinals.h"

typedef struct Counter
{
	pg_uuid_t	incarnation;
	int64		next_ordinal;
	bool		is_behind;		/* of the series' batches: to be refused by whoever takes from it */
} Counter;

/* The counter, locked until the transaction ends; waits for others. */
extern void LockCounter(const char *series_code, Counter *counter);

/* The same, and the series as it is from then on. */
extern Series *LockSeries(const char *series_code, Configuration **configuration, Counter *counter);

/* The next ones, or an error that says how many there are; the id of their batch. */
extern int32 TakeBatch(const Series *series, const Counter *counter, int64 count, Ordinals *taken);

/* The next ones for cards without a batch, as many as there are. */
extern void TakeOrdinals(const Series *series, const Counter *counter, int64 count, Ordinals *taken);

/* One for a card without a batch, without waiting where that can be; and its series. */
extern int64 TakeOrdinal(const char *series_code, Configuration **configuration, Series **series);

/* Passes over the next ones, and as many of each free range. */
extern void SkipOrdinals(const Series *series, const Counter *counter, int64 count);

/*
 * Moves the counter on from reserved ordinals; so many more below it were
 * imported. Its row is updated in any case: whoever has an older snapshot of
 * what is reserved can't use it then.
 */
extern void PassOver(const Series *series, const Counter *counter, int64 below);

/* Deletes the reserved ranges that start from the first ordinal to the last: so many. */
extern void DeleteReserved(const char *series_code, int64 first, int64 last, uint64 count);

/* How many are left, in the newest snapshot. */
extern int64 RemainingOrdinals(const Series *series);

/* Has an ordinal of the series been used, as the caller's snapshot has it? */
extern bool IsOrdinalUsed(const char *series_code, int64 ordinal, pg_uuid_t *incarnation);

#endif
