/*
 * What a call asks to be generated, and whether it was asked for before.
 */
#include "request.h"

#include "argument.h"
#include "catalog/pg_type.h"
#include "query.h"
#include "utils/fmgrprotos.h"
#include "utils/uuid.h"

static PreparedQuery batch_of_request = {
	"SELECT " BATCH_COLUMNS ", " REQUEST_COLUMNS " FROM cardgen.batch b WHERE b.request_id = $1 AND b.part = $2",
	2, {UUIDOID, INT4OID}
};

/* An order's parts are counted from 1, a batch that is no part of one has the number 0. */
static PreparedQuery any_of_parts = {
	"SELECT FROM cardgen.batch WHERE request_id = $1 AND part BETWEEN $2 AND $3 LIMIT 1",
	3, {UUIDOID, INT4OID, INT4OID}
};

int64
CardCountArgument(FunctionCallInfo fcinfo, int number)
{
	int64		card_count;

	RequireArgument(fcinfo, number, "card_count");
	card_count = PG_GETARG_INT64(number);
	if (card_count < 1)
		Refuse(BelowMinimum("card_count", card_count, 1));
	return card_count;
}

void
RefuseReuse(const Request *request)
{
	Refuse(RequestReused(DatumGetCString(DirectFunctionCall1(uuid_out, request->id.value))));
}

void
RefuseBatch(const Request *request)
{
	if (request->id.isnull ||
		ReadLatest(&batch_of_request, (NullableDatum[]) {request->id, Int4Argument(request->part)}) == 0)
		Refuse(WriteSuppressed("batch"));
	RefuseReuse(request);
}

void
RequireSameRequest(uint64 row, const Request *request, const char *series_code)
{
	const char *label = ResultText(row, BATCH_COLUMN_COUNT + 1);
	NullableDatum size = ResultColumn(row, BATCH_COLUMN_COUNT + 2);

	if (strcmp(series_code, request->series_code) != 0 ||
		ResultInt8(row, BATCH_COLUMN_COUNT) != request->requested_count ||
		size.isnull != request->requested_size.isnull ||
		(!size.isnull && DatumGetInt32(size.value) != DatumGetInt32(request->requested_size.value)) ||
		(label == NULL) != (request->status_label == NULL) ||
		(label != NULL && strcmp(label, request->status_label) != 0))
		RefuseReuse(request);
}

/* Has an order the id of this batch, or a batch the id of this order? */
static bool
IsUsedOtherwise(const Request *request)
{
	bool		is_batch = request->part == 0;

	return ReadLatest(&any_of_parts, (NullableDatum[]) {
			request->id, Int4Argument(is_batch ? 1 : 0), Int4Argument(is_batch ? PG_INT32_MAX : 0)}) > 0;
}

bool
FindEarlierBatch(const Request *request, Batch *batch)
{
	if (request->id.isnull)
		return false;
	if (IsUsedOtherwise(request))
		RefuseReuse(request);
	if (RunQuery(&batch_of_request, (NullableDatum[]) {request->id, Int4Argument(request->part)}) == 0)
		return false;
	ResultBatch(0, batch);
	RequireSameRequest(0, request, batch->series_code);
	if (batch->card_count != request->card_count)
		RefuseReuse(request);
	return true;
}
