/*
 * What can be done with a batch there is: look, download, verify, relabel.
 */
#include "batch.h"

#include "argument.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "query.h"
#include "utils/memutils.h"
#include "utils/multirangetypes.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#define BATCH_BY_ID \
	"SELECT " BATCH_COLUMNS " FROM cardgen.batch b WHERE b.batch_id = $1"

static PreparedQuery batch_by_id[] = {
	[BATCH_READ] = {BATCH_BY_ID, 1, {INT4OID}},
	[BATCH_CHANGE] = {BATCH_BY_ID " FOR NO KEY UPDATE", 1, {INT4OID}},
	[BATCH_REMOVE] = {BATCH_BY_ID " FOR UPDATE", 1, {INT4OID}}
};

#define HAS(ordinal) "coalesce(b.ordinals @> " ordinal ", " ordinal " - b.first_ordinal < b.card_count)"

/* Batches that lie between others are few: only where a series was about to end. */
#define BATCH_BETWEEN(columns) \
	"SELECT " columns " FROM cardgen.batch b" \
	" WHERE b.series_code = $1 AND b.first_ordinal IS NULL AND b.ordinals @> $2"

/* The others do not overlap, so only the last start can be it. */
static PreparedQuery read_batch_of_ordinal[] = {
	{"SELECT " ORIGIN_COLUMNS " FROM cardgen.batch b"
	" WHERE b.series_code = $1 AND b.first_ordinal <= $2 ORDER BY b.first_ordinal DESC LIMIT 1",
	2, {TEXTOID, INT8OID}},
	{BATCH_BETWEEN(ORIGIN_COLUMNS), 2, {TEXTOID, INT8OID}}
};

/* Locks nothing where the ordinal's own batch has gone. */
static PreparedQuery keep_batch_of_ordinal[] = {
	{"SELECT " BATCH_COLUMNS " FROM cardgen.batch b WHERE b.batch_id ="
	" (SELECT l.batch_id FROM cardgen.batch l WHERE l.series_code = $1 AND l.first_ordinal <= $2"
	"  ORDER BY l.first_ordinal DESC LIMIT 1)"
	" AND " HAS("$2") " FOR KEY SHARE",
	2, {TEXTOID, INT8OID}},
	{BATCH_BETWEEN(BATCH_COLUMNS) " FOR KEY SHARE", 2, {TEXTOID, INT8OID}}
};

static PreparedQuery find_generated = {
	"SELECT n.ordinal FROM unnest($2) AS n (ordinal) WHERE"
	" (SELECT " HAS("n.ordinal") " FROM cardgen.batch b"
	"  WHERE b.series_code = $1 AND b.first_ordinal <= n.ordinal ORDER BY b.first_ordinal DESC LIMIT 1)"
	" OR EXISTS (SELECT FROM cardgen.batch b"
	"  WHERE b.series_code = $1 AND b.first_ordinal IS NULL AND b.ordinals @> n.ordinal) ORDER BY n.ordinal",
	2, {TEXTOID, INT8ARRAYOID}
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

static void
ResultOrigin(uint64 row, Batch *batch)
{
	batch->batch_id = ResultInt4(row, 0);
	batch->status_label = ResultText(row, 1);
	batch->generated_on = ResultTimestamp(row, 2);
	batch->incarnation = ResultUuid(row, 3);
	batch->first_ordinal = ResultColumn(row, 4);
	batch->card_count = ResultInt4(row, 5);
	batch->ordinals = ResultColumn(row, 6);
}

void
ResultBatch(uint64 row, Batch *batch)
{
	ResultOrigin(row, batch);
	batch->series_code = ResultText(row, 7);
	batch->expires_on = ResultColumn(row, 8);
	batch->is_listed = ResultBool(row, 9);
}

void
RequireBatch(int32 batch_id, BatchLock lock, Batch *batch)
{
	NullableDatum arguments[] = {Int4Argument(batch_id)};
	uint64		found = lock == BATCH_READ ?
		ReadQuery(&batch_by_id[lock], arguments) : RunQuery(&batch_by_id[lock], arguments);

	if (found == 0)
		Refuse(UnknownBatch(batch_id));
	ResultBatch(0, batch);
}

static void
RequireListedBatch(int32 batch_id, Batch *batch)
{
	RequireBatch(batch_id, BATCH_READ, batch);
	if (!batch->is_listed)
		Refuse(ListRemoved(batch_id));
}

static void
AppendMultirange(Ordinals *ordinals, Datum value)
{
	MultirangeType *multirange = DatumGetMultirangeTypeP(value);
	TypeCacheEntry *range_type = lookup_type_cache(MultirangeTypeGetOid(multirange), TYPECACHE_MULTIRANGE_INFO)->rngtype;
	RangeType **ranges;
	int32		count;

	multirange_deserialize(range_type, multirange, &count, &ranges);
	for (int32 i = 0; i < count; i++)
	{
		RangeBound	first;
		RangeBound	end;
		bool		is_empty;

		range_deserialize(range_type, ranges[i], &first, &end, &is_empty);
		AppendRun(ordinals, DatumGetInt64(first.val), DatumGetInt64(end.val));
	}
}

void
BatchOrdinals(const Batch *batch, Ordinals *ordinals)
{
	InitOrdinals(ordinals);
	if (!batch->ordinals.isnull)
		AppendMultirange(ordinals, batch->ordinals.value);
	else
	{
		int64		first = DatumGetInt64(batch->first_ordinal.value);

		AppendRun(ordinals, first, first + batch->card_count);
	}
	if (ordinals->count != batch->card_count)
		Refuse(BatchBroken(batch->batch_id));
}

static bool
HasOrdinal(const Batch *batch, int64 ordinal)
{
	Ordinals	ordinals;

	if (batch->ordinals.isnull)
		return ordinal - DatumGetInt64(batch->first_ordinal.value) < batch->card_count;
	BatchOrdinals(batch, &ordinals);
	return OrdinalPlace(&ordinals, ordinal) >= 0;
}

static bool
ReadOrigin(uint64 (*read) (PreparedQuery *, const NullableDatum *), const char *series_code, int64 ordinal,
		   Batch *batch)
{
	NullableDatum arguments[] = {TextArgument(series_code), Int8Argument(ordinal)};

	for (size_t i = 0; i < lengthof(read_batch_of_ordinal); i++)
	{
		bool		found = read(&read_batch_of_ordinal[i], arguments) > 0;

		if (found)
		{
			ResultOrigin(0, batch);
			batch->series_code = series_code;
			found = HasOrdinal(batch, ordinal);
		}
		SPI_freetuptable(SPI_tuptable);
		if (found)
			return true;
	}
	return false;
}

bool
FindBatchOfOrdinal(const char *series_code, int64 ordinal, Batch *batch)
{
	return ReadOrigin(ReadQuery, series_code, ordinal, batch);
}

bool
FindLatestBatchOfOrdinal(const char *series_code, int64 ordinal, Batch *batch)
{
	return ReadOrigin(ReadLatest, series_code, ordinal, batch);
}

bool
KeepBatchOfOrdinal(const char *series_code, int64 ordinal, Batch *batch)
{
	NullableDatum arguments[] = {TextArgument(series_code), Int8Argument(ordinal)};

	for (size_t i = 0; i < lengthof(keep_batch_of_ordinal); i++)
	{
		bool		found = RunQuery(&keep_batch_of_ordinal[i], arguments) > 0;

		if (found)
			ResultBatch(0, batch);
		SPI_freetuptable(SPI_tuptable);
		if (found)
			return true;
	}
	return false;
}

void
FindGenerated(const char *series_code, const int64 *ordinals, int count, bool *is_generated)
{
	Datum	   *values = palloc_array(Datum, count);
	uint64		found;
	uint64		row = 0;

	for (int i = 0; i < count; i++)
		values[i] = Int64GetDatum(ordinals[i]);
	found = ReadLatest(&find_generated, (NullableDatum[]) {
			TextArgument(series_code), ArrayOf(INT8OID, values, NULL, count)});
	for (int i = 0; i < count; i++)
	{
		is_generated[i] = row < found && ResultInt8(row, 0) == ordinals[i];
		row += is_generated[i] ? 1 : 0;
	}
	SPI_freetuptable(SPI_tuptable);
	pfree(values);
}

static bool
CanHave(const Series *series, const Ordinals *ordinals)
{
	const OrdinalRun *last = &ordinals->runs[ordinals->run_count - 1];

	return ordinals->runs[0].first >= 0 && last->first < last->end && last->end <= series->capacity;
}

const NumberCodec *
BatchCodec(const Batch *batch, Ordinals *ordinals)
{
	Configuration *configuration = UseConfiguration();
	Series	   *series = CurrentSeries(&configuration, batch->series_code, &batch->incarnation);

	BatchOrdinals(batch, ordinals);
	if (!CanHave(series, ordinals))
		Refuse(BatchBroken(batch->batch_id));
	return SeriesCodec(series);
}

void
StreamBatch(NumberStream *stream, const Batch *batch, MemoryContext context)
{
	MemoryContext caller_context = MemoryContextSwitchTo(context);
	Ordinals	ordinals;
	const NumberCodec *codec = BatchCodec(batch, &ordinals);

	StreamInit(stream, codec, &ordinals);
	MemoryContextSwitchTo(caller_context);
}

const StatusLabel *
RequireNotIssuedLabel(Configuration *configuration, const char *label)
{
	const StatusLabel *found = LabelOrDefault(configuration, label, STATUS_NOT_ISSUED);

	if (found->status != STATUS_NOT_ISSUED)
		Refuse(WrongLabel("a batch can't have", label, StatusName(found->status),
						  "Choose a label of the status \"not_issued\"."));
	return found;
}

static FuncCallContext *
StartDownload(FunctionCallInfo fcinfo)
{
	FuncCallContext *call;
	NumberStream *stream;
	Caller		caller;
	Batch		batch;
	int32		batch_id;

	batch_id = BatchIdArgument(fcinfo, 0);
	call = SRF_FIRSTCALL_INIT();
	stream = MemoryContextAlloc(call->multi_call_memory_ctx, sizeof(NumberStream));

	BecomeOwner(fcinfo, &caller);
	OpenQueries();
	RequireListedBatch(batch_id, &batch);
	StreamBatch(stream, &batch, call->multi_call_memory_ctx);
	CloseQueries();
	BecomeCaller(&caller);

	call->user_fctx = stream;
	return call;
}

/*
 * download_batch(batch_id bigint) -> SETOF text
 *
 * The numbers of a batch in the order generated, the same every time: they
 * are computed, not read. COPY (SELECT cardgen.download_batch(42)) TO STDOUT
 * streams them, one a line.
 *
 * Errors: 42704 unknown_batch; 55000 list_removed; 22023 null_argument.
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
	Ordinals	ordinals;		/* of the batch */
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
		place = OrdinalPlace(&verification->ordinals, ordinal);
	}
	if (place < 0 || (verification->seen[place / 8] & (1 << (place % 8))) != 0)
		return;
	verification->seen[place / 8] |= (uint8) (1 << (place % 8));
	verification->matched++;
}

/*
 * verify_batch(batch_id bigint) ->
 *		TABLE(card_count int, stored bigint, missing bigint, unexpected bigint)
 *
 * The stored list of a batch against the computed one: numbers stored, numbers
 * of the batch that are not among them, and stored ones that are another
 * batch's, no number of the series, or there twice. A whole batch has stored =
 * card_count and zeros.
 *
 * Errors: 42704 unknown_batch; 55000 list_removed; 22023 null_argument.
 */
Datum
verify_batch(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Verification verification = {0};
	MemoryContext row_context;
	MemoryContext caller_context;
	Portal		cursor;
	uint64		found;
	Batch		batch;
	int32		batch_id;

	batch_id = BatchIdArgument(fcinfo, 0);
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);

	OpenQueries();
	RequireListedBatch(batch_id, &batch);
	verification.codec = BatchCodec(&batch, &verification.ordinals);
	verification.seen = palloc0(batch.card_count / 8 + 1);

	row_context = AllocSetContextCreate(CurrentMemoryContext, "cardgen stored numbers",
										ALLOCSET_DEFAULT_SIZES);
	cursor = OpenCursor(&stored_numbers, (NullableDatum[]) {Int4Argument(batch.batch_id)}, true);
	caller_context = MemoryContextSwitchTo(row_context);
	while ((found = FetchRows(cursor, STREAM_CHUNK)) > 0)
	{
		CHECK_FOR_INTERRUPTS();
		for (uint64 row = 0; row < found; row++)
			VerifyNumber(&verification, ResultText(row, 0));
		MemoryContextReset(row_context);
		SPI_freetuptable(SPI_tuptable);
	}
	MemoryContextSwitchTo(caller_context);
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
 * set_batch_label(batch_id bigint, status_label text)
 *
 * status_label: one of the status not_issued. Cards that have a label of their
 * own keep it.
 *
 * Errors: 42704 unknown_batch, unknown_label; 22023 wrong_label, null_argument;
 * 25006 in a read-only transaction.
 */
Datum
set_batch_label(PG_FUNCTION_ARGS)
{
	const StatusLabel *label;
	Batch		batch;
	int32		batch_id;

	PreventCommandIfReadOnly("cardgen.set_batch_label()");
	batch_id = BatchIdArgument(fcinfo, 0);
	label = RequireNotIssuedLabel(UseConfiguration(), RequiredText(fcinfo, 1, "status_label"));

	OpenQueries();
	RequireBatch(batch_id, BATCH_CHANGE, &batch);
	WriteRow(&update_label, (NullableDatum[]) {
			Int4Argument(batch.batch_id), TextArgument(label->label)}, "batch");
	CloseQueries();
	PG_RETURN_VOID();
}
