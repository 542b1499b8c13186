/*
 * What a call is about. Those that pick are false where earlier calls have
 * returned nothing yet.
 */
#ifndef BACKEND_PICK_H
#define BACKEND_PICK_H

#include "backend/worker.h"

typedef struct PickedBatch
{
	int			id;
	char		id_text[12];
	Batch		batch;			/* as it was acknowledged */
} PickedBatch;

extern bool PickBatch(Worker *worker, PickedBatch *picked);
extern bool PickNumber(Worker *worker, char *number);
extern bool PickCard(Worker *worker, Card *card);

/* One whose customer is not settled. */
extern bool PickMovingCard(Worker *worker, Card *card);

/* A regular customer who is not settled. */
extern int	ChooseMover(Worker *worker);

extern int	ChooseIssuingLabel(Worker *worker);

#endif
