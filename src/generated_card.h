/*
 * The table generated_card: the numbers of batches come and go as a whole.
 */
#ifndef CARDGEN_GENERATED_CARD_H
#define CARDGEN_GENERATED_CARD_H

#include "postgres.h"

#include "batch.h"

/*
 * All within OpenQueries(). Pages that have been forgotten are read whatever
 * batch is looked for, so forget all batches after the last is deleted.
 */
extern void StoreNumbers(const Batch *batch, const Ordinals *ordinals, const NumberCodec *codec);
extern void StoreBatch(const Batch *batch);
extern void DeleteNumbers(int32 batch_id);
extern void ForgetBatches(const Batch *batches, uint64 count);

#endif
