/*
 * Retention: batches go with their numbers, issued cards stay.
 */
#include "batch.h"

#include "cardgen.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "generated_card.h"
#include "miscadmin.h"
#include "query.h"

/* What is being issued from, relabelled, extended or removed is left for another time. */
static PreparedQuery lock_expired = {
	"SELECT " BATCH_COLUMNS " FROM cardgen.batch WHERE expires_on <= now()"
	" ORDER BY expires_on, batch_id LIMIT $1 FOR UPDATE SKIP LOCKED",
	1, {INT4OID}
};

static PreparedQuery delete_cards = {
	"DELETE FROM cardgen.card WHERE batch_id = $1 AND status = 'not_issued'",
	1, {INT4OID}
};

static PreparedQuery count_issued = {
	"SELECT count(*) FROM cardgen.card WHERE batch_id = $1",
	1, {INT4OID}
};

static PreparedQuery delete_batch = {
	"DELETE FROM cardgen.batch WHERE batch_id = $1",
	1, {INT4OID}
};

static PreparedQuery extend_batch = {
	"UPDATE cardgen.batch SET expires_on = $2 WHERE batch_id = $1",
	2, {INT4OID, TIMESTAMPTZOID}
};

PG_FUNCTION_INFO_V1(remove_expired_batches);
PG_FUNCTION_INFO_V1(remove_batch);
PG_FUNCTION_INFO_V1(retain_batch);

/*
 * A batch locked for removal; the number of cards that go with it. Whatever
 * the isolation level, cards count that others have issued or relabelled by
 * now.
 */
static int64
RemoveBatch(const Batch *batch)
{
	NullableDatum arguments[] = {Int4Argument(batch->batch_id)};
	int64		issued;

	RunLatest(&delete_cards, arguments);
	ReadLatest(&count_issued, arguments);
	issued = ResultInt8(0, 0);
	DeleteNumbers(batch->batch_id);
	RunQuery(&delete_batch, arguments);
	return batch->card_count - issued;
}

/*
 * remove_expired_batches(max_batches int = NULL) ->
 *		TABLE(batches_removed int, cards_removed bigint), one row
 *
 * Removes the batches whose expires_on has passed, oldest first, at most
 * max_batches of them (at least 1; NULL: all): the list, the batch, and its
 * cards that were not issued, which cards_removed counts. A batch in use by
 * another transaction is skipped.
 *
 * Errors: 22023 for max_batches below 1, 25006 in a read-only transaction.
 */
Datum
remove_expired_batches(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Batch	   *batches;
	uint64		batch_count;
	int64		cards_removed = 0;

	PreventCommandIfReadOnly("cardgen.remove_expired_batches()");
	if (!PG_ARGISNULL(0) && PG_GETARG_INT32(0) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_batches %d must be at least 1", PG_GETARG_INT32(0))));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	OpenQueries();
	batch_count = RunQuery(&lock_expired, &fcinfo->args[0]);
	batches = palloc(sizeof(Batch) * (batch_count + 1));
	for (uint64 i = 0; i < batch_count; i++)
		ResultBatch(i, &batches[i]);
	for (uint64 i = 0; i < batch_count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		cards_removed += RemoveBatch(&batches[i]);
	}
	if (batch_count > 0)
		ForgetBatches(batches, batch_count);
	CloseQueries();

	tuplestore_putvalues(result->setResult, result->setDesc, (Datum[]) {
			Int32GetDatum((int32) batch_count), Int64GetDatum(cards_removed)},
			(bool[2]) {false});
	return (Datum) 0;
}

/*
 * remove_batch(batch_id int)
 *
 * Removes a batch now, as if it had expired. Waits for transactions that issue
 * a card of it or change it.
 *
 * Errors: 42704 for an unknown batch, 22023 for a NULL, 25006 in a read-only
 * transaction.
 */
Datum
remove_batch(PG_FUNCTION_ARGS)
{
	Batch		batch;

	PreventCommandIfReadOnly("cardgen.remove_batch()");
	RequireArgument(fcinfo, 0, "batch_id");

	OpenQueries();
	RequireBatch(PG_GETARG_INT32(0), BATCH_REMOVE, &batch);
	RemoveBatch(&batch);
	ForgetBatches(&batch, 1);
	CloseQueries();
	PG_RETURN_VOID();
}

/*
 * retain_batch(batch_id int, until timestamptz)
 *
 * until: not before the batch's expires_on; 'infinity' keeps it.
 *
 * Errors: 42704 for an unknown batch, 22023 for an earlier time or a NULL,
 * 25006 in a read-only transaction.
 */
Datum
retain_batch(PG_FUNCTION_ARGS)
{
	TimestampTz until;
	Batch		batch;

	PreventCommandIfReadOnly("cardgen.retain_batch()");
	RequireArgument(fcinfo, 0, "batch_id");
	RequireArgument(fcinfo, 1, "until");
	until = PG_GETARG_TIMESTAMPTZ(1);

	OpenQueries();
	RequireBatch(PG_GETARG_INT32(0), BATCH_CHANGE, &batch);
	if (until < batch.expires_on)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("batch %d is kept longer than that already", batch.batch_id),
				 errdetail("It expires on %s.", pstrdup(timestamptz_to_str(batch.expires_on))),
				 errhint("cardgen.remove_batch(%d) removes it now.", batch.batch_id)));
	RunQuery(&extend_batch, (NullableDatum[]) {
			Int4Argument(batch.batch_id), TimestampArgument(until)});
	CloseQueries();
	PG_RETURN_VOID();
}
