/*
 * The BRIN index of generated_card, in which a range of pages tells of the
 * batches it has rows of.
 */
#ifndef CARDGEN_BATCH_INDEX_H
#define CARDGEN_BATCH_INDEX_H

#include "postgres.h"

#include "nodes/execnodes.h"
#include "utils/rel.h"

/* Batches whose ids follow each other. */
typedef struct BatchRun
{
	int32		first;
	int32		last;
} BatchRun;

/* Would all rows of a batch on one page have the same entry in each index of the table? */
extern bool IndexesSummarizeBatches(ResultRelInfo *relation);

/* Makes the index forget batches that were deleted. */
extern void ForgetBatches(Relation relation, const BatchRun *runs, int run_count);

#endif
