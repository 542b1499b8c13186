/*
 * Generation of a batch, for whoever asks for one.
 */
#ifndef CARDGEN_GENERATE_H
#define CARDGEN_GENERATE_H

#include "batch.h"

typedef struct Request
{
	const char *series_code;
	int32		card_count;		/* 1 to max_cards_per_call */
	const char *status_label;	/* NULL: the default one */
	NullableDatum id;			/* uuid of the call, to know it again */
	Datum		named_id;		/* the uuid that the caller gave */
} Request;

/*
 * Both within OpenQueries(). The earlier batch is the one that a call with the
 * same id has generated; it must have had the same arguments.
 */
extern void Generate(const Request *request, Batch *batch);
extern bool FindBatchOfRequest(NullableDatum id, Batch *batch);

#endif
