/*
 * The calls that are played, and how often; and the smallest ones.
 */
#include "backend/operations.h"

#include <unistd.h>

#include "backend/world.h"

const Operation operations[] = {
	{"generate_batch", GenerateBatch, 20, false, true},
	{"generate_batch, repeated", GenerateByRequest, 12, false, true},
	{"generate_batch, request reused", ReuseRequest, 2, true, false},
	{"generate_batch, connection lost", LoseConnection, 1, true, false},
	{"generate_cards", GenerateCards, 12, false, true},
	{"download_batch", DownloadBatch, 10, false, true},
	{"verify_batch", VerifyBatch, 3, false, true},
	{"issue_card", IssueCard, 40, false, false},
	{"issue_new_card", IssueNewCard, 12, false, false},
	{"issue_new_card, one series", IssueHotCard, 12, false, false},
	{"issue_cards", IssueCards, 6, false, false},
	{"issue_new_cards", IssueNewCards, 4, false, false},
	{"set_card_status", SetCardStatus, 60, false, false},
	{"set_card_statuses", SetCardStatuses, 6, false, false},
	{"replace_card", ReplaceCard, 15, false, false},
	{"transfer_card", TransferCard, 10, false, false},
	{"merge_customers", MergeCustomers, 3, false, false},
	{"import_cards", ImportCards, 8, false, false},
	{"find_card", FindCard, 15, false, true},
	{"classify_number", ClassifyNumber, 8, false, true},
	{"set_batch_label", SetBatchLabel, 6, false, true},
	{"remove_batch", RemoveBatch, 6, false, true},
	{"retain_batch", RetainBatch, 2, false, true},
	{"remove_expired_batches", RemoveExpiredBatches, 6, false, true},
	{"expire_cards", ExpireCards, 2, true, false},
	{"alter_series", PauseSeries, 1, true, false},
	{"views", ReadViews, 2, false, true}
};

const int	operation_count = sizeof(operations) / sizeof(operations[0]);

_Static_assert(sizeof(operations) / sizeof(operations[0]) <= MAX_OPERATIONS, "a tally has no room for all operations");

Outcome
PauseSeries(Worker *worker)
{
	if (!Run(worker, "", "SELECT cardgen.alter_series('CLUB', is_active => false)"))
		return REFUSED;
	usleep(2000);
	return Run(worker, "", "SELECT cardgen.alter_series('CLUB', is_active => true)") ? DONE : REFUSED;
}

Outcome
ReadViews(Worker *worker)
{
	if (!Run(worker, "", "SELECT FROM cardgen.series_usage WHERE remaining < 0 OR generated > capacity") ||
		!Run(worker, "", "SELECT FROM cardgen.card_details ORDER BY issued_on DESC LIMIT 10") ||
		!Run(worker, "", "SELECT FROM cardgen.generated_batches ORDER BY batch_id DESC LIMIT 10"))
		return REFUSED;
	return DONE;
}
