/*
 * Large orders: any number of cards, in batches that are committed one by one.
 *
 * An order is nothing but its batches. Each has the order's request_id and its
 * own place, by which a repeated call finds it, and what was asked for in all.
 */
#include "generate.h"

#include "access/htup_details.h"
#include "argument.h"
#include "cardgen.h"
#include "catalog/pg_type.h"
#include "counter.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "nodes/parsenodes.h"
#include "query.h"
#include "tcop/pquery.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

static PreparedQuery any_part = {
	"SELECT " BATCH_COLUMNS ", " REQUEST_COLUMNS ", b.cards_per_batch FROM cardgen.batch b"
	" WHERE b.request_id = $1 AND b.part > 0 LIMIT 1",
	1, {UUIDOID}
};

static PreparedQuery count_parts = {
	"SELECT coalesce(sum(card_count), 0)::bigint FROM cardgen.batch WHERE request_id = $1 AND part > 0",
	1, {UUIDOID}
};

static PreparedQuery read_parts = {
	"SELECT part, batch_id, card_count, is_listed FROM cardgen.batch"
	" WHERE request_id = $1 AND part > 0 ORDER BY part",
	1, {UUIDOID}
};

PG_FUNCTION_INFO_V1(generate_order);
PG_FUNCTION_INFO_V1(order_batches);

static pg_uuid_t *
OrderId(FunctionCallInfo fcinfo, int number)
{
	pg_uuid_t  *order_id;

	if (!PG_ARGISNULL(number))
		return PG_GETARG_UUID_P(number);

	order_id = DatumGetUUIDP(DirectFunctionCall1(gen_random_uuid, (Datum) 0));
	ereport(NOTICE,
			(errmsg("the order has request_id %s",
					DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(order_id)))),
			 errhint("Call again with this request_id to continue the order if it is interrupted.")));
	return order_id;
}

/* What is asked for, but for the part. */
static void
ReadOrder(FunctionCallInfo fcinfo, Request *order)
{
	order->series_code = RequiredText(fcinfo, 0, "series_code");
	order->requested_count = CardCountArgument(fcinfo, 1);
	order->status_label = OptionalText(fcinfo, 2);
	order->requested_size = fcinfo->args[4];
	if (!PG_ARGISNULL(4) && PG_GETARG_INT32(4) < 1)
		Refuse(BelowMinimum("cards_per_batch", PG_GETARG_INT32(4), 1));
	order->id = UuidArgument(OrderId(fcinfo, 3));
}

static void
ShowProgress(int64 done, int64 total)
{
	(void) set_config_option("application_name",
							 psprintf("cardgen order: " INT64_FORMAT " of " INT64_FORMAT, done, total),
							 PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

static void
ReportProgress(int32 batch_id, int64 done, int64 total, int64 generated, TimestampTz started)
{
	double		seconds = (double) (GetCurrentTimestamp() - started) / USECS_PER_SEC;

	ereport(NOTICE,
			(errmsg("batch %d: " INT64_FORMAT " of " INT64_FORMAT " cards, %d%%, %.0f cards a second",
					batch_id, done, total, (int) (100.0 * done / total), generated / seconds)));
}

/* How much of an order is there; its parts' size, where it has any. */
static int64
FindOrder(Request *order)
{
	Batch		first;

	if (RunQuery(&any_part, &order->id) == 0)
		return 0;
	ResultBatch(0, &first);
	RequireSameRequest(0, order, first.series_code);
	order->cards_per_batch = ResultInt4(0, BATCH_COLUMN_COUNT + REQUEST_COLUMN_COUNT);
	RunQuery(&count_parts, &order->id);
	return ResultInt8(0, 0);
}

/* Rather now than after hours. */
static void
CheckOrder(FunctionCallInfo fcinfo, Request *order)
{
	Caller		caller;
	int64		found;
	int64		missing;

	order->cards_per_batch = order->requested_size.isnull ? max_cards_per_call :
		DatumGetInt32(order->requested_size.value);
	BecomeOwner(fcinfo, &caller);
	OpenQueries();
	found = FindOrder(order);
	/* One that has begun goes on in its size. */
	if (found == 0 && order->cards_per_batch > max_cards_per_call)
		Refuse(CallLimit("cards_per_batch", order->cards_per_batch, max_cards_per_call, false));
	missing = order->requested_count - found;
	if (missing > 0)
	{
		const Series *series = RequireSeries(UseConfiguration(), order->series_code);
		int64		remaining;

		Require(CheckGenerates(series));
		remaining = RemainingOrdinals(series);
		if (missing > remaining)
			Refuse(SeriesExhausted(series->code, remaining, missing, series->capacity));
	}
	CloseQueries();
	BecomeCaller(&caller);
	if ((order->requested_count - 1) / order->cards_per_batch >= PG_INT32_MAX)
		Refuse(OutOfRange("card_count", order->requested_count, 1,
						  (int64) order->cards_per_batch * PG_INT32_MAX));
}

/* The batch of the next part, as an earlier call has made it or a new one. */
static bool
GeneratePart(FunctionCallInfo fcinfo, const Request *order, int64 done, Batch *batch)
{
	Request		request = *order;
	Caller		caller;
	bool		is_new;

	request.part = (int32) (done / order->cards_per_batch) + 1;
	request.card_count = Min(order->requested_count - done, order->cards_per_batch);
	BecomeOwner(fcinfo, &caller);
	OpenQueries();
	is_new = Generate(&request, batch);
	CloseQueries();
	BecomeCaller(&caller);
	return is_new;
}

/* A commit after each part; how many cards are new. */
static int64
GenerateParts(FunctionCallInfo fcinfo, const Request *order)
{
	TimestampTz started = GetCurrentTimestamp();
	MemoryContext part_context = AllocSetContextCreate(CurrentMemoryContext, "cardgen part of an order",
													   ALLOCSET_DEFAULT_SIZES);
	int64		generated = 0;
	int64		done = 0;

	while (done < order->requested_count)
	{
		MemoryContext caller_context = MemoryContextSwitchTo(part_context);
		Batch		batch;
		bool		is_new;

		CHECK_FOR_INTERRUPTS();
		EnsurePortalSnapshotExists();
		ShowProgress(done, order->requested_count);
		is_new = GeneratePart(fcinfo, order, done, &batch);
		done += batch.card_count;
		MemoryContextSwitchTo(caller_context);
		MemoryContextReset(part_context);
		if (is_new)
		{
			SPI_commit();
			generated += batch.card_count;
			ReportProgress(batch.batch_id, done, order->requested_count, generated, started);
		}
	}
	return generated;
}

/*
 * generate_order(series_code text, card_count bigint,
 *		status_label text = NULL, INOUT request_id uuid = NULL,
 *		cards_per_batch int = NULL), a procedure
 *
 * card_count: at least 1, in batches of cards_per_batch with a commit after
 * each: 1 to cardgen.max_cards_per_call, which is the size where it is NULL.
 * The other arguments are those of generate_batch. A call with the request_id
 * of an order, and its arguments, generates what is missing of it; NULL starts
 * a new one. The result is the order's id. A NOTICE a batch and
 * application_name in pg_stat_activity show how far it is.
 *
 * Errors: those of generate_batch; 54000 call_limit for cards_per_batch; 22023
 * out_of_range for more than 2^31 - 1 batches; 2D000 in_transaction_block.
 */
Datum
generate_order(PG_FUNCTION_ARGS)
{
	TupleDesc	result;
	Request		order;

	PreventCommandIfReadOnly("cardgen.generate_order()");
	if (((CallContext *) fcinfo->context)->atomic)
		Refuse(InTransactionBlock());
	ReadOrder(fcinfo, &order);
	if (get_call_result_type(fcinfo, NULL, &result) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "generate_order must return a row type");
	result = BlessTupleDesc(result);

	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	CheckOrder(fcinfo, &order);
	if (GenerateParts(fcinfo, &order) == 0)
		ereport(NOTICE,
				(errmsg("the order had all of its " INT64_FORMAT " cards already", order.requested_count)));
	SPI_finish();
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(result, &order.id.value, (bool[1]) {false})));
}

/*
 * order_batches(request_id uuid) ->
 *		TABLE(part int, batch_id int, card_count int, is_listed boolean)
 *
 * request_id: of the order. part: which of its batches, counted from 1. Those
 * that are there, on the list or not; no row of an id that no order has.
 *
 * Errors: 22023 null_argument.
 */
Datum
order_batches(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	uint64		count;

	RequireArgument(fcinfo, 0, "request_id");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	OpenQueries();
	count = ReadQuery(&read_parts, (NullableDatum[]) {fcinfo->args[0]});
	for (uint64 i = 0; i < count; i++)
		tuplestore_puttuple(result->setResult, SPI_tuptable->vals[i]);
	CloseQueries();
	return (Datum) 0;
}
