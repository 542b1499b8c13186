/*
 * Generation: ordinals of a series, the batch, its numbers.
 */
#include "generate.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "argument.h"
#include "cardgen.h"
#include "catalog/pg_type.h"
#include "counter.h"
#include "cursor.h"
#include "funcapi.h"
#include "generated_card.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "number_stream.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

/* A request_id that another series' call took in the meantime inserts nothing. */
static PreparedQuery insert_batch = {
	"INSERT INTO cardgen.batch AS b (batch_id, series_code, first_ordinal, ordinals, card_count, status_label,"
	" generated_on, expires_on, issuable_until, request_id, part, requested_count, requested_size, cards_per_batch,"
	" requested_label, incarnation)"
	" SELECT $1, $2, $3, (SELECT range_agg(int8range(r.first, r.behind)) FROM unnest($4, $5) r (first, behind)),"
	" $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17"
	" ON CONFLICT (request_id, part) DO NOTHING RETURNING " BATCH_COLUMNS,
	17, {INT4OID, TEXTOID, INT8OID, INT8ARRAYOID, INT8ARRAYOID, INT4OID, TEXTOID,
	TIMESTAMPTZOID, TIMESTAMPTZOID, TIMESTAMPTZOID, UUIDOID, INT4OID, INT8OID, INT4OID, INT4OID, TEXTOID, UUIDOID}
};

PG_FUNCTION_INFO_V1(generate_batch);
PG_FUNCTION_INFO_V1(generate_cards);

static void
ReadRequest(FunctionCallInfo fcinfo, Request *request)
{
	request->series_code = RequiredText(fcinfo, 0, "series_code");
	request->card_count = CardCountArgument(fcinfo, 1);
	request->status_label = OptionalText(fcinfo, 2);
	request->id = fcinfo->args[3];
	request->part = 0;
	request->requested_count = request->card_count;
	request->requested_size = NullArgument();
	request->cards_per_batch = (int32) Min(request->card_count, PG_INT32_MAX);
}

/* An end for the list, and for the cards that are not issued, which is never earlier. */
static void
SetEnds(const Series *series, TimestampTz generated_on, NullableDatum *expires_on, NullableDatum *issuable_until)
{
	TimestampTz listed = series->batch_retention != NULL ?
		AddRetention(generated_on, series->batch_retention) : DefaultBatchExpiry(generated_on);
	TimestampTz issuable = series->stock_retention != NULL ?
		AddRetention(generated_on, series->stock_retention) :
		series->is_physical ? DT_NOEND : listed;

	*expires_on = EndArgument(listed);
	*issuable_until = EndArgument(Max(listed, issuable));
}

/* The ends of runs as arrays, of a batch that is not a single run. */
static void
RunArrays(const Ordinals *ordinals, NullableDatum *firsts, NullableDatum *ends)
{
	Datum	   *values;

	*firsts = *ends = NullArgument();
	if (ordinals->run_count == 1)
		return;
	values = palloc(sizeof(Datum) * ordinals->run_count);
	for (int i = 0; i < ordinals->run_count; i++)
		values[i] = Int64GetDatum(ordinals->runs[i].first);
	*firsts = ArrayOf(INT8OID, values, NULL, ordinals->run_count);
	for (int i = 0; i < ordinals->run_count; i++)
		values[i] = Int64GetDatum(ordinals->runs[i].end);
	*ends = ArrayOf(INT8OID, values, NULL, ordinals->run_count);
}

static void
InsertBatch(const Request *request, const Series *series, int32 batch_id, const Ordinals *ordinals,
			int64 counted_from, const StatusLabel *label, Batch *batch)
{
	TimestampTz generated_on = GetCurrentTransactionStartTimestamp();
	bool		is_between = ordinals->run_count > 1 && ordinals->runs[0].first < counted_from;
	NullableDatum firsts;
	NullableDatum ends;
	NullableDatum expires_on;
	NullableDatum issuable_until;

	SetEnds(series, generated_on, &expires_on, &issuable_until);
	RunArrays(ordinals, &firsts, &ends);
	if (RunQuery(&insert_batch, (NullableDatum[]) {
				Int4Argument(batch_id), TextArgument(series->code),
				is_between ? NullArgument() : Int8Argument(ordinals->runs[0].first), firsts, ends,
				Int4Argument((int32) request->card_count), TextArgument(label->label),
				TimestampArgument(generated_on), expires_on, issuable_until,
				request->id, Int4Argument(request->part), Int8Argument(request->requested_count),
				request->requested_size, Int4Argument(request->cards_per_batch),
				TextArgument(request->status_label), UuidArgument(&series->incarnation)}) == 0)
		RefuseBatch(request);
	ResultBatch(0, batch);
}

/*
 * A repeated request is looked for before anything that may have changed since
 * is checked, and again when no other call on the series can be under way. The
 * series is read with its counter locked: from then on it can't be dropped.
 */
bool
Generate(const Request *request, Batch *batch)
{
	Configuration *configuration;
	const StatusLabel *label;
	const NumberCodec *codec;
	Series	   *series;
	Counter		counter;
	Ordinals	ordinals;
	int32		batch_id;

	TieCursorToTransaction();
	if (FindEarlierBatch(request, batch))
		return false;
	if (request->part == 0 && request->card_count > max_cards_per_call)
		Refuse(CallLimit("card_count", request->card_count, max_cards_per_call, true));
	series = LockSeries(request->series_code, &configuration, &counter);
	if (FindEarlierBatch(request, batch))
		return false;

	label = RequireNotIssuedLabel(configuration, request->status_label);
	Require(CheckGenerates(series));

	/* A key that can't be had is no reason to use up the id of a batch. */
	codec = SeriesCodec(series);
	batch_id = TakeBatch(series, &counter, request->card_count, &ordinals);
	InsertBatch(request, series, batch_id, &ordinals, counter.next_ordinal, label, batch);
	StoreNumbers(batch, &ordinals, codec);
	return true;
}

/*
 * generate_batch(series_code text, card_count bigint,
 *		status_label text = NULL, request_id uuid = NULL) ->
 *		TABLE(batch_id int, series_code text, series_name text,
 *		generated_on timestamptz, card_count int, status_label text,
 *		expires_on timestamptz), one row
 *
 * card_count: 1 to cardgen.max_cards_per_call. status_label: one of the status
 * not_issued; NULL for its default. request_id: a call repeated with the id of
 * a batch that still exists returns that batch and generates nothing. The
 * numbers are used up when the transaction commits; other calls for a batch of
 * the same series wait for that, those on other series do not. expires_on:
 * until when the list is kept; NULL: no end.
 *
 * Errors: 42704 unknown_series, unknown_label; 22023 null_argument,
 * below_minimum, wrong_label, request_reused; 54000 call_limit; 2200H
 * series_exhausted; 55000 series_inactive, series_imported, label_missing,
 * key_missing; 40001 concurrent_change; 25006 in a read-only transaction.
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
	(void) Generate(&request, &batch);
	tuplestore_putvalues(result->setResult, result->setDesc, (Datum[]) {
			Int32GetDatum(batch.batch_id), CStringGetTextDatum(batch.series_code),
			CStringGetTextDatum(RequireSeries(UseConfiguration(), batch.series_code)->name),
			TimestampTzGetDatum(batch.generated_on), Int32GetDatum(batch.card_count),
			CStringGetTextDatum(batch.status_label), batch.expires_on.value},
			(bool[7]) {[6] = batch.expires_on.isnull});
	CloseQueries();
	return (Datum) 0;
}

/* What generate_cards keeps between its rows. */
typedef struct CardRows
{
	int32		batch_id;
	NumberStream numbers;
} CardRows;

/*
 * generate_cards(series_code text, card_count bigint,
 *		status_label text = NULL, request_id uuid = NULL) -> TABLE(batch_id int, number text)
 *
 * generate_batch with the numbers as its result, in the order generated. The
 * whole batch is generated before the first row is returned.
 *
 * Errors: those of generate_batch. A cursor ends with PostgreSQL's own 55000
 * once its batch has been rolled back.
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
		(void) Generate(&request, &batch);
		StreamBatch(&rows->numbers, &batch, call->multi_call_memory_ctx);
		CloseQueries();
		BecomeCaller(&caller);

		rows->batch_id = batch.batch_id;
		call->user_fctx = rows;
	}

	call = SRF_PERCALL_SETUP();
	rows = call->user_fctx;
	values[0] = Int32GetDatum(rows->batch_id);
	if (StreamNext(&rows->numbers, &values[1]))
		SRF_RETURN_NEXT(call, HeapTupleGetDatum(heap_form_tuple(call->tuple_desc, values,
																(bool[2]) {false})));
	SRF_RETURN_DONE(call);
}
