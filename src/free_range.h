/*
 * Ordinals below a series' counter that no one has used, in ranges from which
 * sessions side by side take one each.
 */
#ifndef CARDGEN_FREE_RANGE_H
#define CARDGEN_FREE_RANGE_H

#include "postgres.h"

#include "ordinals.h"
#include "series_row.h"
#include "utils/uuid.h"

extern void AddFreeRange(const char *series_code, int64 first, int64 end);

/* One of a range that no one else is using; its series can't be dropped from now on. */
extern bool TakeFromFreeRange(const char *series_code, int64 *ordinal, pg_uuid_t *incarnation);

/* Can that use the table, or has a DBA added an index or a trigger? Then ranges would only pile up. */
extern bool IsTakenByHand(void);

/* Is there one, even if others are using it? */
extern bool HasFreeRange(const char *series_code);

/* One of the lowest range, for which this waits; false where there is none. */
extern bool AwaitFreeRange(const char *series_code, int64 *ordinal, pg_uuid_t *incarnation);

/*
 * With the counter locked: the ranges, from the lowest one on, each a run,
 * locked as well.
 */
extern Ordinals LockRanges(const Series *series);

/* Refuses a range from an older backup than the batches; else whose ordinals they are. */
extern void CheckRange(const char *series_code, const OrdinalRun *range, pg_uuid_t *incarnation);

/* What is to be left of a range that is locked; or takes the first ones of it. */
extern void TakeOutOfRange(const Series *series, const OrdinalRun *range, const Ordinals *kept);
extern void TakeFirstOfRange(const char *series_code, const OrdinalRun *range, int64 count);

#endif
