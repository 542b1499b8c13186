/*
 * Which card a number is, and what there is of it; numbers without a format.
 */
#ifndef CARDGEN_CARD_FIND_H
#define CARDGEN_CARD_FIND_H

#include "postgres.h"

#include "card.h"

/*
 * The series and number as printed of each change, by the number as given;
 * what is null or surely no card's number is refused.
 */
extern void IdentifyCards(Configuration *configuration, CardChanges *changes);

/*
 * Within OpenQueries(): the pending cards as they are now, locked, their
 * batches kept where that is what they live by; what is no card is refused.
 * Batches come first: a removal takes its locks in the same order.
 */
extern void LockCards(CardChanges *changes);

/* Within OpenQueries(): the place in a series of a number that has its format; negative where it has none. */
extern void DecodeNumbers(Series *series, const char **numbers, int count, int64 *ordinals);

/* The number's capitals where an imported card could have it, else NULL. */
extern char *ImportedNumber(const char *text, size_t length);

/* Reports a format that numbers have which were imported into other series. */
extern void RequireNotImported(const char *series_code, const NumberFormat *format);

#endif
