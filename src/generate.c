/*
 * Generation: a range of ordinals, the batch, its numbers.
 */
#include "generate.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "cardgen.h"
#include "catalog/pg_type.h"
#include "counter.h"
#include "funcapi.h"
#include "generated_card.h"
#include "miscadmin.h"
#include "number_stream.h"
#include "query.h"
#include "utils/builtins.h"

static PreparedQuery batch_of_request = {
	"SELECT " BATCH_COLUMNS ", requested_label FROM cardgen.batch WHERE request_id = $1",
	1, {UUIDOID}
};

/* A request_id that another series' call took in the meantime inserts nothing. */
static PreparedQuery insert_batch = {
	"INSERT INTO cardgen.batch (series_code, first_ordinal, card_count, status_label,"
	" generated_on, expires_on, request_id, requested_label)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
	" ON CONFLICT (request_id) DO NOTHING RETURNING " BATCH_COLUMNS,
	8, {TEXTOID, INT8OID, INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID, TEXTOID}
};

PG_FUNCTION_INFO_V1(generate_batch);
PG_FUNCTION_INFO_V1(generate_cards);

static void
ReadRequest(FunctionCallInfo fcinfo, Request *request)
{
	request->series_code = RequiredText(fcinfo, 0, "series_code");
	RequireArgument(fcinfo, 1, "card_count");
	request->card_count = PG_GETARG_INT32(1);
	request->status_label = OptionalText(fcinfo, 2);
	request->id = fcinfo->args[3];
	request->named_id = request->id.value;

	if (request->card_count < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("card_count %d must be at least 1", request->card_count)));
}

static void
ReportReusedRequest(const Request *request)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("request_id \"%s\" was used with other arguments",
					DatumGetCString(DirectFunctionCall1(uuid_out, request->named_id))),
			 errhint("Repeat a call with all its arguments, and give a new one a new request_id.")));
}

bool
FindBatchOfRequest(NullableDatum id, Batch *batch)
{
	if (id.isnull || RunQuery(&batch_of_request, &id) == 0)
		return false;
	ResultBatch(0, batch);
	return true;
}

static bool
FindEarlierBatch(const Request *request, Batch *batch)
{
	const char *requested_label;

	if (!FindBatchOfRequest(request->id, batch))
		return false;
	requested_label = ResultText(0, 7);
	if (strcmp(batch->series_code, request->series_code) != 0 ||
		batch->card_count != request->card_count ||
		(requested_label == NULL) != (request->status_label == NULL) ||
		(requested_label != NULL && strcmp(requested_label, request->status_label) != 0))
		ReportReusedRequest(request);
	return true;
}

static void
CheckCallLimit(const Request *request)
{
	if (request->card_count > max_cards_per_call)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("card_count %d is above the limit of %d", request->card_count, max_cards_per_call),
				 errhint("Call cardgen.generate_order(), which makes several batches, or have cardgen.max_cards_per_call raised.")));
}

/*
 * A repeated request is looked for before anything that may have changed since
 * is checked, and again when no other call on the series can be under way. The
 * series is read with its counter locked: from then on it can't be dropped.
 */
void
Generate(const Request *request, Batch *batch)
{
	TimestampTz generated_on = GetCurrentTransactionStartTimestamp();
	Configuration *configuration;
	const StatusLabel *label;
	Series	   *series;
	TimestampTz expires_on;
	int64		next_ordinal;

	if (FindEarlierBatch(request, batch))
		return;
	CheckCallLimit(request);
	next_ordinal = LockCounter(request->series_code);
	if (FindEarlierBatch(request, batch))
		return;

	configuration = UseConfiguration();
	series = RequireSeries(configuration, request->series_code);
	label = RequireNotIssuedLabel(configuration, request->status_label);
	RequireActive(series);
	expires_on = series->batch_retention != NULL ?
		AddRetention(generated_on, series->batch_retention) : DefaultBatchExpiry(generated_on);

	AdvanceCounter(series, next_ordinal, request->card_count);
	if (RunQuery(&insert_batch, (NullableDatum[]) {
				TextArgument(series->code), Int8Argument(next_ordinal),
				Int4Argument(request->card_count), TextArgument(label->label),
				TimestampArgument(generated_on), TimestampArgument(expires_on),
				request->id, TextArgument(request->status_label)}) == 0)
		ReportReusedRequest(request);
	ResultBatch(0, batch);
	StoreNumbers(batch, SeriesCodec(configuration, series));
}

/*
 * generate_batch(series_code text, card_count int, status_label text = NULL,
 *		request_id uuid = NULL) -> TABLE(batch_id int, series_code text,
 *		series_name text, generated_on timestamptz, card_count int,
 *		status_label text, expires_on timestamptz), one row
 *
 * card_count: 1 to cardgen.max_cards_per_call. status_label: one of the status
 * not_issued; NULL for its default. request_id: a call repeated with the id of
 * a batch that still exists returns that batch and generates nothing. The
 * numbers are used up when the transaction commits; other calls on the same
 * series wait for that, those on other series do not.
 *
 * Errors: 42704 for an unknown series or label, 22023 for a NULL, a count
 * below 1, a label of another status or a request_id used with other
 * arguments, 54000 above the limit a call, 2200H where the series has fewer
 * numbers left, 55000 for a series that is not active, 25006 in a read-only
 * transaction.
 */
Datum
generate_batch(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Request		request;
	Batch		batch;

	PreventCommandIfReadOnly("cardgen.generate_batch()");
	ReadRequest(fcinfo, &request);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	OpenQueries();
	Generate(&request, &batch);
	tuplestore_putvalues(result->setResult, result->setDesc, (Datum[]) {
			Int32GetDatum(batch.batch_id), CStringGetTextDatum(batch.series_code),
			CStringGetTextDatum(RequireSeries(UseConfiguration(), batch.series_code)->name),
			TimestampTzGetDatum(batch.generated_on), Int32GetDatum(batch.card_count),
			CStringGetTextDatum(batch.status_label), TimestampTzGetDatum(batch.expires_on)},
			(bool[7]) {false});
	CloseQueries();
	return (Datum) 0;
}

/* What generate_cards keeps between its rows. */
typedef struct CardRows
{
	int32		batch_id;
	TransactionId transaction;	/* that generated them */
	NumberStream numbers;
} CardRows;

/* A cursor outlives a rollback to a savepoint set before its first row. */
static void
RequireGenerated(const CardRows *rows)
{
	if (!TransactionIdIsCurrentTransactionId(rows->transaction))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("batch %d has been rolled back", rows->batch_id),
				 errdetail("Its numbers will be generated again.")));
}

/*
 * generate_cards(series_code text, card_count int, status_label text = NULL,
 *		request_id uuid = NULL) -> TABLE(batch_id int, number text)
 *
 * generate_batch with the numbers as its result, in the order generated. The
 * whole batch is generated before the first row is returned.
 *
 * Errors: those of generate_batch, 55000 for a cursor whose batch was rolled
 * back.
 */
Datum
generate_cards(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	CardRows   *rows;
	Datum		values[2];

	if (SRF_IS_FIRSTCALL())
	{
		MemoryContext caller_context;
		Caller		caller;
		Request		request;
		Batch		batch;

		PreventCommandIfReadOnly("cardgen.generate_cards()");
		ReadRequest(fcinfo, &request);
		call = SRF_FIRSTCALL_INIT();
		caller_context = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		if (get_call_result_type(fcinfo, NULL, &call->tuple_desc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "generate_cards must return a row type");
		BlessTupleDesc(call->tuple_desc);
		rows = palloc(sizeof(CardRows));
		MemoryContextSwitchTo(caller_context);

		BecomeOwner(fcinfo, &caller);
		OpenQueries();
		Generate(&request, &batch);
		StreamBatch(&rows->numbers, &batch, call->multi_call_memory_ctx);
		CloseQueries();
		BecomeCaller(&caller);

		rows->batch_id = batch.batch_id;
		rows->transaction = GetCurrentTransactionId();
		call->user_fctx = rows;
	}

	call = SRF_PERCALL_SETUP();
	rows = call->user_fctx;
	RequireGenerated(rows);
	values[0] = Int32GetDatum(rows->batch_id);
	if (StreamNext(&rows->numbers, &values[1]))
		SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values,
																(bool[2]) {false})));
	SRF_RETURN_DONE(call);
}
