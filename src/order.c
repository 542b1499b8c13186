/*
 * Large orders: any number of cards, in batches that are committed one by one.
 *
 * An order is nothing but its batches. Each has a request_id made from the
 * order's and the batch's place, by which a repeated call finds it.
 */
#include "generate.h"

#include <openssl/sha.h>

#include "access/xact.h"
#include "cardgen.h"
#include "counter.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "port/pg_bswap.h"
#include "query.h"
#include "tcop/pquery.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(generate_order);
PG_FUNCTION_INFO_V1(order_batches);

/* RFC 9562, section 5.8: a UUID of version 8, from a hash. */
static NullableDatum
PartId(const pg_uuid_t *order_id, int32 part)
{
	pg_uuid_t  *part_id = palloc(sizeof(pg_uuid_t));
	uint32		number = pg_hton32((uint32) part);
	uint8		named[UUID_LEN + sizeof(number)];
	uint8		hash[SHA256_DIGEST_LENGTH];

	memcpy(named, order_id->data, UUID_LEN);
	memcpy(named + UUID_LEN, &number, sizeof(number));
	SHA256(named, sizeof(named), hash);
	memcpy(part_id->data, hash, UUID_LEN);
	part_id->data[6] = (part_id->data[6] & 0x0f) | 0x80;
	part_id->data[8] = (part_id->data[8] & 0x3f) | 0x80;
	return DatumArgument(UUIDPGetDatum(part_id));
}

static const pg_uuid_t *
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

/* The batch of the part, as an earlier call has made it or a new one. */
static bool
GeneratePart(FunctionCallInfo fcinfo, const pg_uuid_t *order_id, int32 part, int64 remaining,
			 Batch *batch)
{
	Request		request = {
		.series_code = text_to_cstring(PG_GETARG_TEXT_PP(0)),
		.status_label = OptionalText(fcinfo, 2),
		.id = PartId(order_id, part),
		.named_id = UUIDPGetDatum(order_id)
	};
	Caller		caller;
	bool		is_new;

	BecomeOwner(fcinfo, &caller);
	OpenQueries();
	is_new = !FindBatchOfRequest(request.id, batch);
	/* Rather now than after hours. */
	if (is_new)
		CheckRemaining(RequireSeries(UseConfiguration(), request.series_code),
					   ReadCounter(request.series_code), remaining);
	request.card_count = is_new ? (int32) Min(remaining, max_cards_per_call) : batch->card_count;
	Generate(&request, batch);
	CloseQueries();
	BecomeCaller(&caller);
	return is_new;
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

/*
 * generate_order(series_code text, card_count bigint,
 *		status_label text = NULL, request_id uuid = NULL), a procedure
 *
 * card_count: at least 1, in batches of cardgen.max_cards_per_call with a
 * commit after each. The other arguments are those of generate_batch. A call
 * with the request_id of an order goes on where that order stopped; NULL
 * starts a new one and tells its id. A NOTICE a batch and application_name in
 * pg_stat_activity show how far it is.
 *
 * Errors: those of generate_batch; 22023 where the order has more cards than
 * card_count already; 2D000 inside a transaction block.
 */
Datum
generate_order(PG_FUNCTION_ARGS)
{
	MemoryContext part_context;
	MemoryContext caller_context;
	const pg_uuid_t *order_id;
	TimestampTz started = GetCurrentTimestamp();
	int64		card_count;
	int64		done = 0;
	int64		generated = 0;

	PreventCommandIfReadOnly("cardgen.generate_order()");
	if (((CallContext *) fcinfo->context)->atomic)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
				 errmsg("an order can't be generated inside a transaction block"),
				 errdetail("It commits after each batch."),
				 errhint("Use cardgen.generate_batch() there.")));
	RequireArgument(fcinfo, 0, "series_code");
	RequireArgument(fcinfo, 1, "card_count");
	card_count = PG_GETARG_INT64(1);
	if (card_count < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("card_count " INT64_FORMAT " must be at least 1", card_count)));
	order_id = OrderId(fcinfo, 3);

	if (SPI_connect_ext(SPI_OPT_NONATOMIC) != SPI_OK_CONNECT)
		elog(ERROR, "could not connect to SPI");
	part_context = AllocSetContextCreate(CurrentMemoryContext, "cardgen part of an order",
										 ALLOCSET_DEFAULT_SIZES);
	for (int32 part = 1; done < card_count; part++)
	{
		Batch		batch;
		bool		is_new;

		caller_context = MemoryContextSwitchTo(part_context);
		EnsurePortalSnapshotExists();
		ShowProgress(done, card_count);
		is_new = GeneratePart(fcinfo, order_id, part, card_count - done, &batch);
		done += batch.card_count;
		MemoryContextSwitchTo(caller_context);
		MemoryContextReset(part_context);
		if (done > card_count)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("the order has more than " INT64_FORMAT " cards already", card_count),
					 errhint("Repeat a call with all its arguments, and give a new one a new request_id.")));
		SPI_commit();
		if (is_new)
		{
			generated += batch.card_count;
			ReportProgress(batch.batch_id, done, card_count, generated, started);
		}
	}
	SPI_finish();
	if (generated == 0)
		ereport(NOTICE,
				(errmsg("the order had all of its " INT64_FORMAT " cards already", card_count)));
	PG_RETURN_VOID();
}

/*
 * order_batches(request_id uuid) ->
 *		TABLE(part int, batch_id int, card_count int)
 *
 * The batches of an order from the first on, up to one that has been removed
 * or not been generated yet.
 *
 * Errors: 22023 for a NULL.
 */
Datum
order_batches(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Batch		batch;

	RequireArgument(fcinfo, 0, "request_id");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	OpenQueries();
	for (int32 part = 1; FindBatchOfRequest(PartId(PG_GETARG_UUID_P(0), part), &batch); part++)
		tuplestore_putvalues(result->setResult, result->setDesc, (Datum[]) {
				Int32GetDatum(part), Int32GetDatum(batch.batch_id), Int32GetDatum(batch.card_count)},
				(bool[3]) {false});
	CloseQueries();
	return (Datum) 0;
}
