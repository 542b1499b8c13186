/*
 * Ordinals whose numbers come by import: the series never generates them.
 */
#ifndef CARDGEN_RESERVED_H
#define CARDGEN_RESERVED_H

#include "postgres.h"

#include "counter.h"

/*
 * Within OpenQueries(), the counter locked. Of the ordinals, none of which has
 * been used, those ahead of the counter are reserved, and it passes over what
 * it would come to next; those in free ranges, which are locked, are taken out
 * of them. The ordinals are no longer what they were then.
 */
extern void ReserveOrdinals(const Series *series, const Counter *counter, const Ordinals *free_ranges,
							Ordinals *imported);

#endif
