/*
 * The table generated_card: the numbers of batches come and go as a whole.
 */
#ifndef CARDGEN_GENERATED_CARD_H
#define CARDGEN_GENERATED_CARD_H

#include "postgres.h"

#include "batch.h"

/* All within OpenQueries(). Those of a new batch; and of one whose list was removed, computed again. */
extern void StoreNumbers(const Batch *batch, const Ordinals *ordinals, const NumberCodec *codec);
extern void RestoreNumbers(const Batch *batch);

/* Those of the batches that were listed when they were read; of all of them in one call. */
extern void DeleteNumbers(const Batch *batches, uint64 count);

#endif
