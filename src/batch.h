/*
 * A generated batch: ordinals of a series, consecutive but for what was
 * imported.
 */
#ifndef CARDGEN_BATCH_H
#define CARDGEN_BATCH_H

#include "postgres.h"

#include "configuration.h"
#include "number_stream.h"
#include "utils/timestamp.h"

typedef struct Batch
{
	int32		batch_id;
	const char *series_code;
	pg_uuid_t	incarnation;	/* of the series */
	NullableDatum first_ordinal;	/* null: between those of other batches */
	NullableDatum ordinals;		/* a multirange; null: consecutive ones */
	int32		card_count;
	const char *status_label;
	TimestampTz generated_on;
	NullableDatum expires_on;	/* null: no end */
	bool		is_listed;
} Batch;

typedef enum BatchLock
{
	BATCH_READ,					/* as the caller's snapshot has it */
	BATCH_CHANGE,				/* to update it */
	BATCH_REMOVE				/* to delete it; waits for those who use it */
} BatchLock;

/* All within OpenQueries(); what they fill in lives until CloseQueries(). */

/* Reports an unknown batch. */
extern void RequireBatch(int32 batch_id, BatchLock lock, Batch *batch);

/*
 * The batch that has an ordinal of a series; false where there is none. Keep:
 * it can't be removed until the transaction ends. Find: what is not a card's
 * origin is not filled in, since every look-up would pay for it. Latest: in the
 * newest snapshot, whatever the isolation level.
 */
extern bool FindBatchOfOrdinal(const char *series_code, int64 ordinal, Batch *batch);
extern bool FindLatestBatchOfOrdinal(const char *series_code, int64 ordinal, Batch *batch);
extern bool KeepBatchOfOrdinal(const char *series_code, int64 ordinal, Batch *batch);

/* Which of some ascending ordinals has a batch that is there now? */
extern void FindGenerated(const char *series_code, const int64 *ordinals, int count, bool *is_generated);

/* Its ordinals and what makes numbers of them, in CurrentMemoryContext. */
extern void BatchOrdinals(const Batch *batch, Ordinals *ordinals);
extern const NumberCodec *BatchCodec(const Batch *batch, Ordinals *ordinals);

/* Its numbers as they are computed; the stream lives as long as the context. */
extern void StreamBatch(NumberStream *stream, const Batch *batch, MemoryContext context);

/* A batch has a label of the status not_issued; NULL: the default one. */
extern const StatusLabel *RequireNotIssuedLabel(Configuration *configuration, const char *label);

/* What a card that has no row takes over from its batch, and which ordinals are the batch's. */
#define ORIGIN_COLUMNS \
	"b.batch_id, b.status_label, b.generated_on, b.incarnation, b.first_ordinal, b.card_count, b.ordinals"

/* Batch from a row of SPI_tuptable that starts with BATCH_COLUMNS of the table b. */
#define BATCH_COLUMNS \
	ORIGIN_COLUMNS ", b.series_code, b.expires_on, b.is_listed"

#define BATCH_COLUMN_COUNT 10

extern void ResultBatch(uint64 row, Batch *batch);

#endif
