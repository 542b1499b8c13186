/*
 * What a call is about: one of the batches, numbers and cards that earlier
 * calls have returned.
 */
#include "backend/worker.h"
#include "backend/world.h"

#include <string.h>

#define RECENT				10	/* of many, these are what most calls use */

/* The places of two in three choices are the last ones. */
static long
ChoosePlace(Worker *worker, long count)
{
	long		recent = count < RECENT ? count : RECENT;

	return Chance(worker, 67) ? count - 1 - Choose(worker, recent) : Choose(worker, count);
}

bool
PickBatch(Worker *worker, int *id, Batch *batch)
{
	bool		found;

	pthread_mutex_lock(&ledger.mutex);
	found = ledger.known_count > 0;
	if (found)
	{
		*id = ledger.known[ChoosePlace(worker, ledger.known_count)];
		*batch = ledger.batches[*id];
	}
	pthread_mutex_unlock(&ledger.mutex);
	return found;
}

/* One of a batch's numbers, most often one of its first. */
bool
PickNumber(Worker *worker, char *number)
{
	Batch		batch;
	int			id;
	size_t		length;
	int			place;

	if (!PickBatch(worker, &id, &batch) || batch.numbers == NULL)
		return false;
	length = strcspn(batch.numbers, "\n");
	place = Choose(worker, Chance(worker, 80) && batch.count > 10 ? 10 : batch.count);
	snprintf(number, NUMBER_SIZE, "%.*s", (int) length, batch.numbers + (size_t) place * (length + 1));
	return true;
}

bool
PickCard(Worker *worker, Card *card)
{
	bool		found;

	pthread_mutex_lock(&ledger.mutex);
	found = ledger.card_count > 0;
	if (found)
		*card = ledger.cards[ChoosePlace(worker, ledger.card_count)];
	pthread_mutex_unlock(&ledger.mutex);
	return found;
}
