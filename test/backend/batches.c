/*
 * Calls about a batch that there is: download, check, label, keep and remove.
 */
#include "backend/download.h"
#include "backend/operations.h"
#include "backend/pick.h"
#include "backend/world.h"

#include <string.h>

void
CheckList(const char *text, int id, int count)
{
	size_t		length = strcspn(text, "\n");

	if (strlen(text) != (length + 1) * (size_t) count)
		Wrong("batch %d of %d numbers was downloaded with %zu bytes", id, count, strlen(text));
}

Outcome
Download(Worker *worker, int id, int count)
{
	char		sql[100];
	char	   *text;

	snprintf(sql, sizeof(sql), "COPY (SELECT cardgen.download_batch(%d)) TO STDOUT", id);
	text = ReadCopy(worker, sql, "42704 55000");
	if (text == NULL)
		return REFUSED;
	CheckList(text, id, count);
	Remember(worker, (Record) {.kind = LIST, .batch = id, .text = text});
	return DONE;
}

Outcome
DownloadBatch(Worker *worker)
{
	PickedBatch picked;

	if (!PickBatch(worker, &picked))
		return NOTHING_TO_DO;
	return Download(worker, picked.id, picked.batch.count);
}

Outcome
VerifyBatch(Worker *worker)
{
	PickedBatch picked;
	PGresult   *result;

	if (!PickBatch(worker, &picked))
		return NOTHING_TO_DO;
	result = Execute(worker, "42704 55000", "SELECT * FROM cardgen.verify_batch($1::int)", 1, picked.id_text);
	if (result == NULL)
		return REFUSED;
	if (atoi(Field(result, "stored")) != picked.batch.count || strcmp(Field(result, "missing"), "0") != 0 ||
		strcmp(Field(result, "unexpected"), "0") != 0)
		Wrong("batch %d of %d: stored %s, missing %s, unexpected %s", picked.id, picked.batch.count,
			  Field(result, "stored"), Field(result, "missing"), Field(result, "unexpected"));
	PQclear(result);
	return DONE;
}

Outcome
SetBatchLabel(Worker *worker)
{
	PickedBatch picked;
	PGresult   *result;

	if (!PickBatch(worker, &picked))
		return NOTHING_TO_DO;
	result = Execute(worker, "42704", "SELECT cardgen.set_batch_label($1::int, $2)", 2,
					 picked.id_text, labels[Choose(worker, NOT_ISSUED_LABELS)]);
	PQclear(result);
	return result == NULL ? REFUSED : DONE;
}

static Outcome
ChangeBatch(Worker *worker, const char *sql, RecordKind kind)
{
	PickedBatch picked;
	PGresult   *result;

	if (!PickBatch(worker, &picked) || picked.batch.is_kept)
		return NOTHING_TO_DO;
	result = Execute(worker, "42704", sql, 1, picked.id_text);
	PQclear(result);
	if (result == NULL)
		return REFUSED;
	Remember(worker, (Record) {.kind = kind, .batch = picked.id});
	return DONE;
}

Outcome
RemoveBatch(Worker *worker)
{
	return ChangeBatch(worker, "SELECT cardgen.remove_batch($1::int)", REMOVAL);
}

Outcome
RetainBatch(Worker *worker)
{
	return ChangeBatch(worker, "SELECT cardgen.retain_batch($1::int, 'infinity')", RETENTION);
}

Outcome
RemoveExpiredBatches(Worker *worker)
{
	PGresult   *result = Execute(worker, "", "SELECT * FROM cardgen.remove_expired_batches($1::int)", 1,
								 Chance(worker, 50) ? "3" : NULL);

	if (result == NULL)
		return REFUSED;
	Remember(worker, (Record) {.kind = CLEARANCE, .count = atol(Field(result, "batches_removed")),
			.cards = atol(Field(result, "cards_removed"))});
	PQclear(result);
	return DONE;
}
