/*
 * Some ordinals of a series in ascending order, as runs of consecutive ones.
 */
#ifndef CARDGEN_ORDINALS_H
#define CARDGEN_ORDINALS_H

#include "postgres.h"

typedef struct OrdinalRun
{
	int64		first;
	int64		end;			/* the first one behind the run */
	int64		place;			/* of the first one, counted from 0 */
} OrdinalRun;

typedef struct Ordinals
{
	int64		count;
	int			run_count;
	int			allocated;
	OrdinalRun *runs;
} Ordinals;

/* None yet; runs are allocated in CurrentMemoryContext. */
extern void InitOrdinals(Ordinals *ordinals);
extern void AppendRun(Ordinals *ordinals, int64 first, int64 end);

/* The same as a run of its own, also where it goes on from the last one. */
extern void AppendRange(Ordinals *ordinals, int64 first, int64 end);

/* The place of an ordinal among them; -1 where it is none of them. */
extern int64 OrdinalPlace(const Ordinals *ordinals, int64 ordinal);

#endif
