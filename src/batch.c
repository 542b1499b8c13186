/*
 * What can be done with a batch there is: look, download, verify, relabel.
 */
#include "batch.h"

#include "cardgen.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/builtins.h"

#define BATCH_BY_ID \
	"SELECT " BATCH_COLUMNS " FROM cardgen.batch WHERE batch_id = $1"

static PreparedQuery batch_by_id[] = {
	[BATCH_READ] = {BATCH_BY_ID, 1, {INT4OID}},
	[BATCH_CHANGE] = {BATCH_BY_ID " FOR NO KEY UPDATE", 1, {INT4OID}},
	[BATCH_REMOVE] = {BATCH_BY_ID " FOR UPDATE", 1, {INT4OID}}
};

/* The ranges of a series do not overlap, so only the last start can be it. */
#define BATCH_OF_ORDINAL \
	"SELECT " BATCH_COLUMNS " FROM cardgen.batch" \
	" WHERE series_code = $1 AND first_ordinal <= $2" \
	" ORDER BY first_ordinal DESC LIMIT 1"

static PreparedQuery read_batch_of_ordinal = {BATCH_OF_ORDINAL, 2, {TEXTOID, INT8OID}};

/* Locks nothing where the ordinal's own batch has gone. */
static PreparedQuery keep_batch_of_ordinal = {
	"SELECT " BATCH_COLUMNS " FROM cardgen.batch WHERE batch_id ="
	" (SELECT b.batch_id FROM cardgen.batch b WHERE b.series_code = $1 AND b.first_ordinal <= $2"
	"  ORDER BY b.first_ordinal DESC LIMIT 1)"
	" AND $2 - first_ordinal < card_count FOR KEY SHARE",
	2, {TEXTOID, INT8OID}
};

static PreparedQuery update_label = {
	"UPDATE cardgen.batch SET status_label = $2 WHERE batch_id = $1",
	2, {INT4OID, TEXTOID}
};

static PreparedQuery stored_numbers = {
	"SELECT number FROM cardgen.generated_card WHERE batch_id = $1",
	1, {INT4OID}
};

PG_FUNCTION_INFO_V1(download_batch);
PG_FUNCTION_INFO_V1(verify_batch);
PG_FUNCTION_INFO_V1(set_batch_label);

void
ResultBatch(uint64 row, Batch *batch)
{
	batch->batch_id = ResultInt4(row, 0);
	batch->series_code = ResultText(row, 1);
	batch->first_ordinal = ResultInt8(row, 2);
	batch->card_count = ResultInt4(row, 3);
	batch->status_label = ResultText(row, 4);
	batch->generated_on = ResultTimestamp(row, 5);
	batch->expires_on = ResultTimestamp(row, 6);
}

void
RequireBatch(int32 batch_id, BatchLock lock, Batch *batch)
{
	NullableDatum arguments[] = {Int4Argument(batch_id)};
	uint64		found = lock == BATCH_READ ?
		ReadQuery(&batch_by_id[lock], arguments) : RunQuery(&batch_by_id[lock], arguments);

	if (found == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("batch %d does not exist", batch_id),
				 errdetail("It was never generated, or it has been removed."),
				 errhint("The view cardgen.generated_batches lists the batches there are.")));
	ResultBatch(0, batch);
}

static bool
HoldsOrdinal(uint64 found, int64 ordinal, Batch *batch)
{
	if (found == 0)
		return false;
	ResultBatch(0, batch);
	return ordinal - batch->first_ordinal < batch->card_count;
}

bool
FindBatchOfOrdinal(const char *series_code, int64 ordinal, Batch *batch)
{
	return HoldsOrdinal(ReadQuery(&read_batch_of_ordinal, (NullableDatum[]) {
			TextArgument(series_code), Int8Argument(ordinal)}), ordinal, batch);
}

bool
KeepBatchOfOrdinal(const char *series_code, int64 ordinal, Batch *batch)
{
	return HoldsOrdinal(RunQuery(&keep_batch_of_ordinal, (NullableDatum[]) {
			TextArgument(series_code), Int8Argument(ordinal)}), ordinal, batch);
}

static const NumberCodec *
BatchCodec(Configuration *configuration, const Batch *batch)
{
	return SeriesCodec(configuration, RequireSeries(configuration, batch->series_code));
}

void
StreamBatch(NumberStream *stream, const Batch *batch, MemoryContext context)
{
	MemoryContext caller_context = MemoryContextSwitchTo(context);
	const NumberCodec *codec = BatchCodec(UseConfiguration(), batch);

	/* A query, such as one that reads the key, leaves SPI's context behind. */
	MemoryContextSwitchTo(context);
	StreamInit(stream, codec, batch->first_ordinal, batch->card_count);
	MemoryContextSwitchTo(caller_context);
}

const StatusLabel *
RequireNotIssuedLabel(Configuration *configuration, const char *label)
{
	const StatusLabel *found = label == NULL ?
		DefaultLabel(configuration, STATUS_NOT_ISSUED) : RequireLabel(configuration, label);

	if (found->status != STATUS_NOT_ISSUED)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a batch can't have status label \"%s\"", label),
				 errdetail("The label stands for the status \"%s\".", StatusName(found->status)),
				 errhint("Choose a label of the status \"not_issued\".")));
	return found;
}

static FuncCallContext *
StartDownload(FunctionCallInfo fcinfo)
{
	FuncCallContext *call;
	NumberStream *stream;
	Caller		caller;
	Batch		batch;

	RequireArgument(fcinfo, 0, "batch_id");
	call = SRF_FIRSTCALL_INIT();
	stream = MemoryContextAlloc(call->multi_call_memory_ctx, sizeof(NumberStream));

	BecomeOwner(fcinfo, &caller);
	OpenQueries();
	RequireBatch(PG_GETARG_INT32(0), BATCH_READ, &batch);
	StreamBatch(stream, &batch, call->multi_call_memory_ctx);
	CloseQueries();
	BecomeCaller(&caller);

	call->user_fctx = stream;
	return call;
}

/*
 * download_batch(batch_id int) -> SETOF text
 *
 * The numbers of a batch in the order generated, the same every time: they
 * are computed, not read. COPY (SELECT cardgen.download_batch(42)) TO STDOUT
 * streams them, one a line.
 *
 * Errors: 42704 for an unknown batch, 22023 for a NULL.
 */
Datum
download_batch(PG_FUNCTION_ARGS)
{
	FuncCallContext *call = SRF_IS_FIRSTCALL() ? StartDownload(fcinfo) : SRF_PERCALL_SETUP();
	Datum		number;

	if (StreamNext(call->user_fctx, &number))
		SRF_RETURN_NEXT(call, number);
	SRF_RETURN_DONE(call);
}

/* Which of a batch's ordinals have been seen, and what else has. */
typedef struct Verification
{
	const Batch *batch;
	const NumberCodec *codec;
	uint8	   *seen;			/* a bit an ordinal */
	int64		stored;
	int64		matched;
} Verification;

static void
VerifyNumber(Verification *verification, const char *stored)
{
	char		number[NUMBER_MAX_LENGTH + 1];
	int64		place = -1;

	verification->stored++;
	if (FormatMatch(&verification->codec->format, stored, strlen(stored), number) == NUMBER_MATCHES &&
		strcmp(stored, number) == 0)
	{
		int64		ordinal = CodecDecode(verification->codec, number);

		if (ordinal == ORDINAL_FAILED)
			elog(ERROR, "could not decrypt with libcrypto");
		place = ordinal - verification->batch->first_ordinal;
	}
	if (place < 0 || place >= verification->batch->card_count ||
		(verification->seen[place / 8] & (1 << (place % 8))) != 0)
		return;
	verification->seen[place / 8] |= (uint8) (1 << (place % 8));
	verification->matched++;
}

/*
 * verify_batch(batch_id int) ->
 *		TABLE(card_count int, stored bigint, missing bigint, unexpected bigint)
 *
 * The stored list of a batch against the computed one: numbers stored, numbers
 * of the batch that are not among them, and stored ones that are another
 * batch's, no number of the series, or there twice. A whole batch has stored =
 * card_count and zeros.
 *
 * Errors: 42704 for an unknown batch, 22023 for a NULL.
 */
Datum
verify_batch(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Configuration *configuration = UseConfiguration();
	Verification verification = {0};
	MemoryContext row_context;
	Portal		cursor;
	Batch		batch;

	RequireArgument(fcinfo, 0, "batch_id");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	OpenQueries();
	RequireBatch(PG_GETARG_INT32(0), BATCH_READ, &batch);
	verification.batch = &batch;
	verification.codec = BatchCodec(configuration, &batch);
	verification.seen = palloc0(batch.card_count / 8 + 1);

	row_context = AllocSetContextCreate(CurrentMemoryContext, "cardgen stored numbers",
										ALLOCSET_DEFAULT_SIZES);
	cursor = OpenCursor(&stored_numbers, (NullableDatum[]) {Int4Argument(batch.batch_id)});
	do
	{
		MemoryContext caller_context;

		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(cursor, true, STREAM_CHUNK);
		caller_context = MemoryContextSwitchTo(row_context);
		for (uint64 row = 0; row < SPI_processed; row++)
			VerifyNumber(&verification, ResultText(row, 0));
		MemoryContextSwitchTo(caller_context);
		MemoryContextReset(row_context);
		SPI_freetuptable(SPI_tuptable);
	} while (SPI_processed > 0);
	SPI_cursor_close(cursor);
	CloseQueries();

	tuplestore_putvalues(result->setResult, result->setDesc, (Datum[]) {
			Int32GetDatum(batch.card_count), Int64GetDatum(verification.stored),
			Int64GetDatum(batch.card_count - verification.matched),
			Int64GetDatum(verification.stored - verification.matched)},
			(bool[4]) {false});
	return (Datum) 0;
}

/*
 * set_batch_label(batch_id int, status_label text)
 *
 * status_label: one of the status not_issued. Cards that have a label of their
 * own keep it.
 *
 * Errors: 42704 for an unknown batch or label, 22023 for a label of another
 * status or a NULL, 25006 in a read-only transaction.
 */
Datum
set_batch_label(PG_FUNCTION_ARGS)
{
	const StatusLabel *label;
	Batch		batch;

	PreventCommandIfReadOnly("cardgen.set_batch_label()");
	RequireArgument(fcinfo, 0, "batch_id");
	label = RequireNotIssuedLabel(UseConfiguration(), RequiredText(fcinfo, 1, "status_label"));

	OpenQueries();
	RequireBatch(PG_GETARG_INT32(0), BATCH_CHANGE, &batch);
	RunQuery(&update_label, (NullableDatum[]) {
			Int4Argument(batch.batch_id), TextArgument(label->label)});
	CloseQueries();
	PG_RETURN_VOID();
}
