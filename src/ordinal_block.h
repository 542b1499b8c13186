/*
 * Ordinals that a transaction has taken ahead of their use.
 *
 * A row that one transaction updates a thousand times has a thousand versions,
 * each of which the next update walks over. So a transaction that issues many
 * new cards takes ordinals from the counter by blocks, and gives back what it
 * did not use when it commits. All within OpenQueries().
 */
#ifndef CARDGEN_ORDINAL_BLOCK_H
#define CARDGEN_ORDINAL_BLOCK_H

#include "postgres.h"

#include "utils/uuid.h"

/* The next ordinal of this transaction's block; false where it has none. */
extern bool NextOfBlock(const char *series_code, int64 *ordinal, pg_uuid_t *incarnation);

/* How many ordinals to take at once, by how many the transaction took before: 1 at first. */
extern int64 SizeOfNextBlock(const char *series_code);

/* Keeps the rest of what was taken from the counter. */
extern void KeepBlock(const char *series_code, const pg_uuid_t *incarnation, int64 first, int64 end);

/* Gives back what is left, before the counter is used otherwise. */
extern void ReturnBlock(const char *series_code);

#endif
