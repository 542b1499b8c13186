/*
 * A generated batch: consecutive ordinals of a series.
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
	int64		first_ordinal;
	int32		card_count;
	const char *status_label;
	TimestampTz generated_on;
	TimestampTz expires_on;
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
 * it can't be removed until the transaction ends.
 */
extern bool FindBatchOfOrdinal(const char *series_code, int64 ordinal, Batch *batch);
extern bool KeepBatchOfOrdinal(const char *series_code, int64 ordinal, Batch *batch);

/* Its numbers as they are computed; the stream lives as long as the context. */
extern void StreamBatch(NumberStream *stream, const Batch *batch, MemoryContext context);

/* A batch has a label of the status not_issued; NULL: the default one. */
extern const StatusLabel *RequireNotIssuedLabel(Configuration *configuration, const char *label);

/* Batch from a row of SPI_tuptable that starts with the columns BATCH_COLUMNS. */
#define BATCH_COLUMNS \
	"batch_id, series_code, first_ordinal, card_count, status_label, generated_on, expires_on"

extern void ResultBatch(uint64 row, Batch *batch);

#endif
