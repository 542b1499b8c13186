/*
 * Generation of a batch, for whoever asks for one.
 */
#ifndef CARDGEN_GENERATE_H
#define CARDGEN_GENERATE_H

#include "batch.h"
#include "fmgr.h"

typedef struct Request
{
	const char *series_code;
	int64		card_count;
	const char *status_label;	/* NULL: the default one */
	NullableDatum id;			/* uuid of the call or order, to know it again */
	int32		part;			/* of an order; 0: a call for one batch */
	int64		requested_count;	/* in all */
	NullableDatum requested_size;	/* of the order's batches, int4 */
	int32		cards_per_batch;	/* that size, or the one that was usual then */
} Request;

/*
 * Both within OpenQueries(). The earlier batch is the one that a call with the
 * same id and part has generated; it must have had the same arguments.
 */
extern void Generate(const Request *request, Batch *batch);
extern bool FindEarlierBatch(const Request *request, Batch *batch);

/* Reports a count of cards that no request can have. */
extern int64 CardCountArgument(FunctionCallInfo fcinfo, int number);

/* Reports a row with these columns behind BATCH_COLUMNS that another request has made. */
#define REQUEST_COLUMNS "b.requested_count, b.requested_label, b.requested_size"
#define REQUEST_COLUMN_COUNT 3

extern void RequireSameRequest(uint64 row, const Request *request, const char *series_code);

#endif
