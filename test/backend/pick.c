/*
 * What a call is about: one of the batches, numbers and cards that earlier
 * calls have returned, a customer, a label.
 */
#include "backend/pick.h"

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
PickBatch(Worker *worker, PickedBatch *picked)
{
	bool		found;

	pthread_mutex_lock(&ledger.mutex);
	found = ledger.known_count > 0;
	if (found)
	{
		picked->id = ledger.known[ChoosePlace(worker, ledger.known_count)];
		picked->batch = ledger.batches[picked->id];
		snprintf(picked->id_text, sizeof(picked->id_text), "%d", picked->id);
	}
	pthread_mutex_unlock(&ledger.mutex);
	return found;
}

static bool
PickImported(Worker *worker, char *number)
{
	bool		found;

	pthread_mutex_lock(&ledger.mutex);
	found = ledger.imported_count > 0;
	if (found)
		snprintf(number, NUMBER_SIZE, "%s", ledger.imported[ChoosePlace(worker, ledger.imported_count)]);
	pthread_mutex_unlock(&ledger.mutex);
	return found;
}

/* One of a batch's numbers, most often one of its first, or an imported one. */
bool
PickNumber(Worker *worker, char *number)
{
	PickedBatch picked;
	size_t		length;
	int			place;

	if (Chance(worker, 15) && PickImported(worker, number))
		return true;
	if (!PickBatch(worker, &picked) || picked.batch.numbers == NULL)
		return false;
	length = strcspn(picked.batch.numbers, "\n");
	place = Choose(worker, Chance(worker, 80) && picked.batch.count > 10 ? 10 : picked.batch.count);
	snprintf(number, NUMBER_SIZE, "%.*s", (int) length, picked.batch.numbers + (size_t) place * (length + 1));
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

bool
PickMovingCard(Worker *worker, Card *card)
{
	for (int tries = 0; tries < 10; tries++)
		if (PickCard(worker, card) && !IsSettled(card->customer))
			return true;
	return false;
}

int
ChooseMover(Worker *worker)
{
	int			settled = customer_count / 2;

	return settled + Choose(worker, customer_count - settled);
}

int
ChooseIssuingLabel(Worker *worker)
{
	return ISSUED + Choose(worker, SUSPENDED - ISSUED);
}
