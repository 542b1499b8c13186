/*
 * What a call asks to be generated: a batch, or a part of an order. One with
 * an id is known again when the call is repeated.
 */
#ifndef CARDGEN_REQUEST_H
#define CARDGEN_REQUEST_H

#include "batch.h"
#include "fmgr.h"

typedef struct Request
{
	const char *series_code;
	int64		card_count;
	const char *status_label;	/* NULL: the default one */
	NullableDatum id;			/* uuid of the call or order */
	int32		part;			/* of an order; 0: a call for one batch */
	int64		requested_count;	/* in all */
	NullableDatum requested_size;	/* of the order's batches, int4 */
	int32		cards_per_batch;	/* that size, or the one that was usual then */
} Request;

/* Reports a count of cards that no request can have. */
extern int64 CardCountArgument(FunctionCallInfo fcinfo, int number);

/*
 * The batch that a call with the same id and part has generated. Reports one
 * that had other arguments, and an id of an order for a batch or of a batch
 * for an order. Within OpenQueries().
 */
extern bool FindEarlierBatch(const Request *request, Batch *batch);

/* Reports a row with these columns behind BATCH_COLUMNS that another request has made. */
#define REQUEST_COLUMNS "b.requested_count, b.requested_label, b.requested_size"
#define REQUEST_COLUMN_COUNT 3

extern void RequireSameRequest(uint64 row, const Request *request, const char *series_code);
pg_noreturn extern void RefuseReuse(const Request *request);

/* Why a batch of the request was not stored. */
pg_noreturn extern void RefuseBatch(const Request *request);

#endif
