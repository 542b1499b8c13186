/*
 * Some ordinals of a series in ascending order, as runs of consecutive ones.
 */
#include "ordinals.h"

void
InitOrdinals(Ordinals *ordinals)
{
	ordinals->count = 0;
	ordinals->run_count = 0;
	ordinals->allocated = 8;
	ordinals->runs = palloc(sizeof(OrdinalRun) * ordinals->allocated);
}

void
AppendRange(Ordinals *ordinals, int64 first, int64 end)
{
	if (ordinals->run_count == ordinals->allocated)
	{
		ordinals->allocated *= 2;
		ordinals->runs = repalloc_huge(ordinals->runs, sizeof(OrdinalRun) * ordinals->allocated);
	}
	ordinals->runs[ordinals->run_count++] = (OrdinalRun) {first, end, ordinals->count};
	ordinals->count += end - first;
}

void
AppendRun(Ordinals *ordinals, int64 first, int64 end)
{
	int			last = ordinals->run_count - 1;

	if (first == end)
		return;
	if (last < 0 || ordinals->runs[last].end != first)
		AppendRange(ordinals, first, end);
	else
	{
		ordinals->runs[last].end = end;
		ordinals->count += end - first;
	}
}

int64
OrdinalPlace(const Ordinals *ordinals, int64 ordinal)
{
	int			low = 0;
	int			high = ordinals->run_count;

	while (low < high)
	{
		int			middle = (low + high) / 2;
		const OrdinalRun *run = &ordinals->runs[middle];

		if (ordinal < run->first)
			high = middle;
		else if (ordinal >= run->end)
			low = middle + 1;
		else
			return run->place + (ordinal - run->first);
	}
	return -1;
}
