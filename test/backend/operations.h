/*
 * The calls that are played, each a function that makes one of its kind with
 * arguments of its own choice.
 */
#ifndef BACKEND_OPERATIONS_H
#define BACKEND_OPERATIONS_H

#include "backend/worker.h"

typedef enum Outcome
{
	DONE, REFUSED, NOTHING_TO_DO
} Outcome;

typedef struct Operation
{
	const char *name;
	Outcome		(*call) (Worker *worker);
	int			weight;
	bool		is_alone;		/* makes its own transactions */
	bool		may_be_bare;	/* outside a transaction block */
} Operation;

extern const Operation operations[];
extern const int operation_count;

extern Outcome GenerateBatch(Worker *worker);
extern Outcome GenerateByRequest(Worker *worker);
extern Outcome ReuseRequest(Worker *worker);
extern Outcome LoseConnection(Worker *worker);
extern Outcome GenerateCards(Worker *worker);

extern Outcome DownloadBatch(Worker *worker);
extern Outcome VerifyBatch(Worker *worker);
extern Outcome SetBatchLabel(Worker *worker);
extern Outcome RemoveBatch(Worker *worker);
extern Outcome RetainBatch(Worker *worker);
extern Outcome RemoveExpiredBatches(Worker *worker);

extern Outcome IssueCard(Worker *worker);
extern Outcome IssueNewCard(Worker *worker);
extern Outcome IssueHotCard(Worker *worker);
extern Outcome SetCardStatus(Worker *worker);
extern Outcome FindCard(Worker *worker);
extern Outcome ClassifyNumber(Worker *worker);
extern Outcome ExpireCards(Worker *worker);

extern Outcome IssueCards(Worker *worker);
extern Outcome IssueNewCards(Worker *worker);
extern Outcome SetCardStatuses(Worker *worker);

extern Outcome ReplaceCard(Worker *worker);
extern Outcome TransferCard(Worker *worker);
extern Outcome MergeCustomers(Worker *worker);

extern Outcome ImportCards(Worker *worker);

extern Outcome PauseSeries(Worker *worker);
extern Outcome ReadViews(Worker *worker);

#endif
