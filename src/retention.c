/*
 * Retention: the list of a batch goes first, then what its cards that were not
 * issued live by. Issued cards stay.
 */
#include "batch.h"

#include "argument.h"
#include "cardgen.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "generated_card.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "query.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#define HAS_ENDED "CASE WHEN b.is_listed THEN b.expires_on ELSE b.issuable_until END <= now()"

/*
 * What is being issued from, relabelled, extended or removed is left for
 * another time. A card can be issued while its list is being removed.
 */
static PreparedQuery lock_to_remove = {
	"SELECT " BATCH_COLUMNS " FROM cardgen.batch b WHERE " HAS_ENDED " AND b.issuable_until <= now()"
	" ORDER BY b.issuable_until, b.batch_id LIMIT $1 FOR UPDATE SKIP LOCKED",
	1, {INT8OID}
};

static PreparedQuery lock_to_unlist = {
	"SELECT " BATCH_COLUMNS " FROM cardgen.batch b WHERE " HAS_ENDED " AND b.is_listed"
	" AND (b.issuable_until > now() OR b.issuable_until IS NULL)"
	" ORDER BY b.expires_on, b.batch_id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED",
	1, {INT8OID}
};

static PreparedQuery delete_cards = {
	"DELETE FROM cardgen.card WHERE batch_id = $1 AND series_code = $2 AND status = 'not_issued'",
	2, {INT4OID, TEXTOID}
};

static PreparedQuery count_left = {
	"SELECT count(*), count(*) FILTER (WHERE status = 'not_issued') FROM cardgen.card"
	" WHERE batch_id = $1 AND series_code = $2",
	2, {INT4OID, TEXTOID}
};

static PreparedQuery delete_batch = {
	"DELETE FROM cardgen.batch WHERE batch_id = $1",
	1, {INT4OID}
};

static PreparedQuery unlist_batch = {
	"UPDATE cardgen.batch SET is_listed = false WHERE batch_id = $1",
	1, {INT4OID}
};

static PreparedQuery extend_batch = {
	"UPDATE cardgen.batch SET is_listed = true, expires_on = $2,"
	" issuable_until = CASE WHEN issuable_until < $2 THEN $2 WHEN $2 IS NOT NULL THEN issuable_until END"
	" WHERE batch_id = $1",
	2, {INT4OID, TIMESTAMPTZOID}
};

PG_FUNCTION_INFO_V1(remove_expired_batches);
PG_FUNCTION_INFO_V1(remove_batch);
PG_FUNCTION_INFO_V1(retain_batch);

/*
 * A batch locked for removal whose list has gone; the number of cards that go
 * with it. Whatever the isolation level, cards count that others have issued
 * or relabelled by now.
 */
static int64
RemoveBatch(const Batch *batch)
{
	NullableDatum arguments[] = {Int4Argument(batch->batch_id), TextArgument(batch->series_code)};
	int64		issued;

	RunLatest(&delete_cards, arguments);
	ReadLatest(&count_left, arguments);
	issued = ResultInt8(0, 0);
	if (ResultInt8(0, 1) > 0)
		Refuse(WriteSuppressed("card"));
	WriteRow(&delete_batch, arguments, "batch");
	return batch->card_count - issued;
}

static int64
UnlistBatch(const Batch *batch)
{
	WriteRow(&unlist_batch, (NullableDatum[]) {Int4Argument(batch->batch_id)}, "batch");
	return 0;
}

/* Locks up to so many batches and ends them; how many, and the cards that went with them. */
static uint64
EndBatches(PreparedQuery *lock, NullableDatum most, int64 (*end) (const Batch *), int64 *cards)
{
	uint64		count = RunQuery(lock, &most);
	Batch	   *batches = palloc(sizeof(Batch) * (count + 1));

	for (uint64 i = 0; i < count; i++)
		ResultBatch(i, &batches[i]);
	/* First of all: a DBA's foreign key may lead from them to the batches. */
	DeleteNumbers(batches, count);
	for (uint64 i = 0; i < count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		/* What this takes in memory goes with the batch. */
		OpenQueries();
		*cards += end(&batches[i]);
		CloseQueries();
	}
	return count;
}

/*
 * remove_expired_batches(max_batches int = NULL) ->
 *		TABLE(batches_removed int, cards_removed bigint, lists_removed int),
 *		one row
 *
 * Removes the batches whose cards can no longer be issued (batches_removed),
 * with their cards that were not issued (cards_removed), and takes those off
 * the list whose expires_on has passed (lists_removed), oldest first, at most
 * max_batches of both together (at least 1; NULL: all). A batch in use by
 * another transaction is skipped.
 *
 * Errors: 22023 below_minimum; 25006 in a read-only transaction.
 */
Datum
remove_expired_batches(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	NullableDatum most = NullArgument();
	int64		cards_removed = 0;
	uint64		batches_removed;
	uint64		lists_removed;

	PreventCommandIfReadOnly("cardgen.remove_expired_batches()");
	if (!PG_ARGISNULL(0))
		most = Int8Argument(PG_GETARG_INT32(0));
	if (!most.isnull && PG_GETARG_INT32(0) < 1)
		Refuse(BelowMinimum("max_batches", PG_GETARG_INT32(0), 1));
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	OpenQueries();
	batches_removed = EndBatches(&lock_to_remove, most, RemoveBatch, &cards_removed);
	if (!most.isnull)
		most = Int8Argument(PG_GETARG_INT32(0) - (int64) batches_removed);
	lists_removed = EndBatches(&lock_to_unlist, most, UnlistBatch, &cards_removed);
	CloseQueries();

	tuplestore_putvalues(result->setResult, result->setDesc, (Datum[]) {
			Int32GetDatum((int32) batches_removed), Int64GetDatum(cards_removed),
			Int32GetDatum((int32) lists_removed)},
			(bool[3]) {false});
	return (Datum) 0;
}

/*
 * remove_batch(batch_id bigint)
 *
 * Removes a batch and its cards that were not issued, now. Waits for
 * transactions that issue a card of it or change it.
 *
 * Errors: 42704 unknown_batch; 22023 null_argument; 25006 in a read-only
 * transaction.
 */
Datum
remove_batch(PG_FUNCTION_ARGS)
{
	Batch		batch;
	int32		batch_id;

	PreventCommandIfReadOnly("cardgen.remove_batch()");
	batch_id = BatchIdArgument(fcinfo, 0);

	OpenQueries();
	RequireBatch(batch_id, BATCH_REMOVE, &batch);
	DeleteNumbers(&batch, 1);
	RemoveBatch(&batch);
	CloseQueries();
	PG_RETURN_VOID();
}

static const char *
ShowTime(TimestampTz time)
{
	return pstrdup(timestamptz_to_str(time));
}

static void
CheckRetention(const Batch *batch, TimestampTz until)
{
	TimestampTz expires_on = batch->expires_on.isnull ? DT_NOEND :
		DatumGetTimestampTz(batch->expires_on.value);

	if (ReadableTime(until) < expires_on)
		Refuse(RetainedLonger(batch->batch_id, batch->expires_on.isnull ? NULL : ShowTime(expires_on)));
	if (!batch->is_listed && until <= GetCurrentTimestamp())
		Refuse(RetainedToThePast(batch->batch_id, ShowTime(until)));
}

/*
 * retain_batch(batch_id bigint, until timestamptz)
 *
 * until: not before the batch's expires_on; 'infinity' keeps the list for
 * good. The cards can be issued at least as long. The numbers of a batch that
 * has left the list are stored again.
 *
 * Errors: 42704 unknown_batch; 22023 retained_longer, retained_to_the_past,
 * null_argument; 25006 in a read-only transaction.
 */
Datum
retain_batch(PG_FUNCTION_ARGS)
{
	TimestampTz until;
	Batch		batch;
	int32		batch_id;

	PreventCommandIfReadOnly("cardgen.retain_batch()");
	batch_id = BatchIdArgument(fcinfo, 0);
	RequireArgument(fcinfo, 1, "until");
	until = PG_GETARG_TIMESTAMPTZ(1);

	OpenQueries();
	RequireBatch(batch_id, BATCH_CHANGE, &batch);
	CheckRetention(&batch, until);
	WriteRow(&extend_batch, (NullableDatum[]) {Int4Argument(batch_id), EndArgument(until)}, "batch");
	if (!batch.is_listed)
		RestoreNumbers(&batch);
	CloseQueries();
	PG_RETURN_VOID();
}
