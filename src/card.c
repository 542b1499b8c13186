/*
 * Cards: found by their number, issued, and what becomes of them.
 */
#include "batch.h"

#include "access/xact.h"
#include "cardgen.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "citus.h"
#include "common/hashfn.h"
#include "counter.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "query.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

/*
 * Issues to one customer wait for each other. Many customers share a lock, so
 * that a transaction that issues to thousands can't fill the lock table. It is
 * taken ahead of the card's own lock, by everyone.
 */
#define CUSTOMER_LOCKS 1024

#define EXPIRE_STEP 1000

/* A card of which the list of numbers or a row of the table card tells. */
typedef struct Card
{
	const char *series_code;
	bool		has_row;
	NullableDatum batch_id;
	int64		ordinal;
	CardStatus	status;
	const char *status_label;
	const char *customer_id;	/* NULL: not issued */
	TimestampTz generated_on;
	NullableDatum issued_on;
	NullableDatum expires_on;
} Card;

static PreparedQuery find_card_row = {
	"SELECT number, series_code, status, status_label, batch_id, generated_on, customer_id, issued_on,"
	" expires_on FROM cardgen.card WHERE number = $1",
	1, {TEXTOID}
};

#define CARD_ROW \
	"SELECT batch_id, ordinal, status::text, status_label, customer_id, generated_on, issued_on, expires_on" \
	" FROM cardgen.card WHERE number = $1"

static PreparedQuery read_card = {CARD_ROW, 1, {TEXTOID}};
static PreparedQuery lock_card = {CARD_ROW " FOR NO KEY UPDATE", 1, {TEXTOID}};

/* Nothing is returned where a row has come that the caller does not know of. */
static PreparedQuery store_card = {
	"INSERT INTO cardgen.card AS c (number, series_code, batch_id, ordinal, status, status_label,"
	" customer_id, generated_on, issued_on, expires_on)"
	" VALUES ($1, $2, $3, $4, $5::cardgen.card_status, $6, $7, $8, $9, $10)"
	" ON CONFLICT (number) DO UPDATE SET status = excluded.status, status_label = excluded.status_label,"
	" customer_id = excluded.customer_id, issued_on = excluded.issued_on, expires_on = excluded.expires_on"
	" WHERE $11 RETURNING ROW(c.*)::cardgen.card",
	11, {TEXTOID, TEXTOID, INT4OID, INT8OID, TEXTOID, TEXTOID,
	TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID, DATEOID, BOOLOID}
};

/*
 * Not VALUES: what Citus copies from a SELECT it commits in two phases, along
 * with what changes on the coordinator, a series' counter above all.
 */
static PreparedQuery log_change = {
	"INSERT INTO cardgen.card_status_log (number, from_label, to_label, reason) SELECT $1, $2, $3, $4",
	4, {TEXTOID, TEXTOID, TEXTOID, TEXTOID}
};

static PreparedQuery count_cards = {
	"SELECT count(*) FILTER (WHERE series_code = $2), count(*) FROM cardgen.card"
	" WHERE customer_id = $1 AND (status = 'active' OR (NOT $3 AND status IN ('issued', 'suspended')))",
	3, {TEXTOID, TEXTOID, BOOLOID}
};

#define CARD_IS_DUE "expires_on < $1 AND status IN ('issued', 'active', 'suspended')"

#define EXPIRE_CARDS(due_number, card_number) \
	"WITH due AS (" \
	"  SELECT number, status_label FROM cardgen.card WHERE " CARD_IS_DUE due_number \
	"  ORDER BY expires_on LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED)," \
	" expired AS (" \
	"  UPDATE cardgen.card c SET status = 'expired', status_label = $3 FROM due" \
	"  WHERE c.number = due.number" card_number " RETURNING due.number, due.status_label)" \
	" INSERT INTO cardgen.card_status_log (number, from_label, to_label, reason)" \
	" SELECT number, status_label, $3, 'past its expiry date' FROM expired"

static PreparedQuery expire_some_cards = {
	EXPIRE_CARDS("", ""),
	3, {DATEOID, INT4OID, TEXTOID}
};

/* Citus locks rows of one shard at a time. */
static PreparedQuery expire_cards_of_shard = {
	EXPIRE_CARDS(" AND number = ANY ($4)", " AND c.number = ANY ($4)"),
	4, {DATEOID, INT4OID, TEXTOID, TEXTARRAYOID}
};

static PreparedQuery due_numbers_by_shard = {
	"SELECT pg_catalog.array_agg(number) FROM"
	" (SELECT number FROM cardgen.card WHERE " CARD_IS_DUE " ORDER BY expires_on LIMIT $2) due"
	" GROUP BY pg_catalog.get_shard_id_for_distribution_column('cardgen.card', number)",
	2, {DATEOID, INT4OID}
};

PG_FUNCTION_INFO_V1(find_card);
PG_FUNCTION_INFO_V1(classify_number);
PG_FUNCTION_INFO_V1(issue_card);
PG_FUNCTION_INFO_V1(issue_new_card);
PG_FUNCTION_INFO_V1(set_card_status);
PG_FUNCTION_INFO_V1(expire_cards);

/* Surrounding blanks are the reader's or the keyboard's, not the card's. */
static NumberMatch
IdentifyNumber(Configuration *configuration, const char *text, Series **series, char *number)
{
	static const char blanks[] = " \t\r\n\f\v";
	size_t		length;

	text += strspn(text, blanks);
	length = strlen(text);
	while (length > 0 && strchr(blanks, text[length - 1]) != NULL)
		length--;
	return MatchNumber(configuration, text, length, series, number);
}

static int64
NumberOrdinal(Configuration *configuration, Series *series, const char *number)
{
	int64		ordinal = CodecDecode(SeriesCodec(configuration, series), number);

	if (ordinal == ORDINAL_FAILED)
		elog(ERROR, "could not decrypt with libcrypto");
	return ordinal;
}

/*
 * find_card(number text) -> TABLE(number text, series_code text,
 *		status cardgen.card_status, status_label text, batch_id int,
 *		generated_on timestamptz, customer_id text, issued_on timestamptz,
 *		expires_on date)
 *
 * number: as printed; surrounding blanks and letter case make no difference.
 * No row where there is no such card: see classify_number. expires_on: the
 * last day on which the card is valid.
 *
 * Errors: 22023 for a NULL.
 */
Datum
find_card(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Configuration *configuration = UseConfiguration();
	char		number[NUMBER_MAX_LENGTH + 1];
	const char *text = RequiredText(fcinfo, 0, "number");
	Datum		values[9] = {0};
	bool		nulls[9] = {false};
	Series	   *series;
	Batch		batch;

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (IdentifyNumber(configuration, text, &series, number) != NUMBER_MATCHES)
		return (Datum) 0;

	OpenQueries();
	if (ReadQuery(&find_card_row, (NullableDatum[]) {TextArgument(number)}) > 0)
	{
		for (int i = 0; i < 9; i++)
			values[i] = ResultDatum(0, i, &nulls[i]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	else
	{
		int64		ordinal = NumberOrdinal(configuration, series, number);

		if (ordinal >= 0 && FindBatchOfOrdinal(series->code, ordinal, &batch))
		{
			Oid			status_type = TupleDescAttr(result->setDesc, 2)->atttypid;

			values[0] = CStringGetTextDatum(number);
			values[1] = CStringGetTextDatum(series->code);
			values[2] = DirectFunctionCall2(enum_in, CStringGetDatum(StatusName(STATUS_NOT_ISSUED)),
											ObjectIdGetDatum(status_type));
			values[3] = CStringGetTextDatum(batch.status_label);
			values[4] = Int32GetDatum(batch.batch_id);
			values[5] = TimestampTzGetDatum(batch.generated_on);
			nulls[6] = nulls[7] = nulls[8] = true;
			tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		}
	}
	CloseQueries();
	return (Datum) 0;
}

/* The card in the row that a query has found, if it has. */
static bool
ResultCard(uint64 found, const char *series_code, Card *card)
{
	if (found == 0)
		return false;
	card->series_code = series_code;
	card->has_row = true;
	card->batch_id.value = ResultDatum(0, 0, &card->batch_id.isnull);
	card->ordinal = ResultInt8(0, 1);
	card->status = StatusByName(ResultText(0, 2));
	card->status_label = ResultText(0, 3);
	card->customer_id = ResultText(0, 4);
	card->generated_on = ResultTimestamp(0, 5);
	card->issued_on.value = ResultDatum(0, 6, &card->issued_on.isnull);
	card->expires_on.value = ResultDatum(0, 7, &card->expires_on.isnull);
	return true;
}

/* Why there is no card of an ordinal that no batch has. */
static const char *
MissingCard(const Series *series, int64 ordinal)
{
	return ordinal >= 0 && ordinal < ReadCounter(series->code) ? "batch_removed" : "never_generated";
}

/*
 * classify_number(number text) -> text
 *
 * number: as for find_card. The status of the card, or why there is none:
 * malformed (no series has such numbers), bad_check_digit, never_generated,
 * batch_removed (generated or skipped, and not issued before its batch went).
 *
 * Errors: 22023 for a NULL.
 */
Datum
classify_number(PG_FUNCTION_ARGS)
{
	Configuration *configuration = UseConfiguration();
	char		number[NUMBER_MAX_LENGTH + 1];
	const char *class;
	Series	   *series;
	Card		card;
	Batch		batch;
	int64		ordinal;

	switch (IdentifyNumber(configuration, RequiredText(fcinfo, 0, "number"), &series, number))
	{
		case NUMBER_MALFORMED:
			PG_RETURN_TEXT_P(cstring_to_text("malformed"));
		case NUMBER_BAD_CHECK_DIGIT:
			PG_RETURN_TEXT_P(cstring_to_text("bad_check_digit"));
		case NUMBER_MATCHES:
			break;
	}

	OpenQueries();
	if (ResultCard(ReadQuery(&read_card, (NullableDatum[]) {TextArgument(number)}), series->code, &card))
		class = StatusName(card.status);
	else
	{
		ordinal = NumberOrdinal(configuration, series, number);
		class = ordinal >= 0 && FindBatchOfOrdinal(series->code, ordinal, &batch) ?
			StatusName(STATUS_NOT_ISSUED) : MissingCard(series, ordinal);
	}
	CloseQueries();
	PG_RETURN_TEXT_P(cstring_to_text(class));
}

static void
ReportNoCard(const char *number, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("card \"%s\" does not exist", number),
			 errdetail("%s", detail)));
}

/* Fills in the series and the number as printed, or reports what is wrong. */
static Series *
RequireNumber(Configuration *configuration, const char *text, char *number)
{
	Series	   *series;

	switch (IdentifyNumber(configuration, text, &series, number))
	{
		case NUMBER_MALFORMED:
			ReportNoCard(text, "No card series has numbers of this form.");
			break;
		case NUMBER_BAD_CHECK_DIGIT:
			ReportNoCard(text, "Its check digit is wrong.");
			break;
		case NUMBER_MATCHES:
			break;
	}
	return series;
}

/*
 * The card as it is now, locked, its batch kept where that is what it lives
 * by. The batch comes first: a removal takes its locks in the same order.
 */
static void
LockCard(Configuration *configuration, Series *series, const char *number, Card *card)
{
	int64		ordinal = NumberOrdinal(configuration, series, number);
	Batch		batch;
	bool		has_batch = ordinal >= 0 && KeepBatchOfOrdinal(series->code, ordinal, &batch);

	if (ResultCard(RunQuery(&lock_card, (NullableDatum[]) {TextArgument(number)}), series->code, card))
		return;
	if (!has_batch)
		ReportNoCard(number, strcmp(MissingCard(series, ordinal), "batch_removed") == 0 ?
					 "Its batch has been removed." : "It was never generated.");

	*card = (Card) {
		.series_code = series->code,
		.batch_id = Int4Argument(batch.batch_id),
		.ordinal = ordinal,
		.status = STATUS_NOT_ISSUED,
		.status_label = batch.status_label,
		.generated_on = batch.generated_on,
		.issued_on = NullArgument(),
		.expires_on = NullArgument()
	};
}

static Oid
CardTable(void)
{
	return get_relname_relid("card", get_namespace_oid("cardgen", false));
}

static void
LockCustomer(const char *customer_id)
{
	uint32		hash = hash_bytes((const unsigned char *) customer_id, (int) strlen(customer_id));

	LockDatabaseObject(CardTable(), hash % CUSTOMER_LOCKS, 0, ExclusiveLock);
}

static bool
Counts(CardStatus status)
{
	return status == STATUS_ACTIVE ||
		(!count_only_active && (status == STATUS_ISSUED || status == STATUS_SUSPENDED));
}

/* Whatever the isolation level, cards that others have issued by now count. */
static void
CheckLimits(const Series *series, const char *customer_id, CardStatus from, CardStatus to)
{
	int64		of_series;
	int64		of_all;

	if (Counts(from) || !Counts(to))
		return;
	LockCustomer(customer_id);
	ReadLatest(&count_cards, (NullableDatum[]) {
			TextArgument(customer_id), TextArgument(series->code), BoolArgument(count_only_active)});
	of_series = ResultInt8(0, 0);
	of_all = ResultInt8(0, 1);

	if (of_series >= series->max_active_cards)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("customer \"%s\" can't hold another card of series \"%s\"",
						customer_id, series->code),
				 errdetail("The customer holds " INT64_FORMAT "; the series allows %d.",
						   of_series, series->max_active_cards)));
	if (max_active_cards_per_customer > 0 && of_all >= max_active_cards_per_customer)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("customer \"%s\" can't hold another card", customer_id),
				 errdetail("The customer holds " INT64_FORMAT "; cardgen.max_active_cards_per_customer is %d.",
						   of_all, max_active_cards_per_customer)));
}

/* True where the card was as the caller knows it, and is stored now. */
static bool
StoreCard(const char *number, const Card *card)
{
	return RunQuery(&store_card, (NullableDatum[]) {
			TextArgument(number), TextArgument(card->series_code), card->batch_id,
			Int8Argument(card->ordinal), TextArgument(StatusName(card->status)),
			TextArgument(card->status_label), TextArgument(card->customer_id),
			TimestampArgument(card->generated_on), card->issued_on, card->expires_on,
			BoolArgument(card->has_row)}) > 0;
}

static void
LogChange(const char *number, const char *from_label, const char *to_label, const char *reason)
{
	RunQuery(&log_change, (NullableDatum[]) {
			TextArgument(number), TextArgument(from_label),
			TextArgument(to_label), TextArgument(reason)});
}

static DateADT
Today(void)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();

	return DatumGetDateADT(DirectFunctionCall1(timestamptz_date, TimestampTzGetDatum(now)));
}

static void
MarkIssued(Card *card, const Series *series, const char *customer_id)
{
	card->customer_id = customer_id;
	card->issued_on = TimestampArgument(GetCurrentTransactionStartTimestamp());
	card->expires_on = series->card_expiry_days == 0 ? NullArgument() :
		DatumArgument(DateADTGetDatum(Today() + series->card_expiry_days));
}

static const StatusLabel *
RequireIssuingLabel(Configuration *configuration, const char *label)
{
	const StatusLabel *found = label == NULL ?
		DefaultLabel(configuration, STATUS_ISSUED) : RequireLabel(configuration, label);

	if (found->status != STATUS_ISSUED && found->status != STATUS_ACTIVE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a card can't be issued with status label \"%s\"", label),
				 errdetail("The label stands for the status \"%s\".", StatusName(found->status)),
				 errhint("Choose a label of the status \"issued\" or \"active\".")));
	return found;
}

/*
 * issue_card(number text, customer_id text, status_label text = NULL)
 *		-> cardgen.card
 *
 * number: as for find_card. customer_id: 1 to 255 characters. status_label:
 * one of the status issued or active; NULL for the default of issued. The card
 * expires on the day that is the series' card_expiry_days after today.
 *
 * Errors: 42704 for a number of which there is no card (the detail says why)
 * and for an unknown label; 55000 where the card has been issued, the series
 * is not active, or the customer holds as many cards as allowed; 22023 for a
 * NULL, a bad customer_id or a label of another status; 25006 in a read-only
 * transaction.
 */
Datum
issue_card(PG_FUNCTION_ARGS)
{
	Configuration *configuration;
	const StatusLabel *label;
	const char *customer_id;
	const char *from_label;
	char		number[NUMBER_MAX_LENGTH + 1];
	Series	   *series;
	Card		card;
	Datum		issued;

	PreventCommandIfReadOnly("cardgen.issue_card()");
	configuration = UseConfiguration();
	RequireArgument(fcinfo, 0, "number");
	customer_id = RequiredText(fcinfo, 1, "customer_id");
	CheckName(customer_id, "customer_id");
	label = RequireIssuingLabel(configuration, OptionalText(fcinfo, 2));
	series = RequireNumber(configuration, RequiredText(fcinfo, 0, "number"), number);
	RequireActive(series);

	OpenQueries();
	LockCustomer(customer_id);
	do
	{
		LockCard(configuration, series, number, &card);
		if (card.status != STATUS_NOT_ISSUED)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("card \"%s\" has been issued", number)));
		CheckLimits(series, customer_id, card.status, label->status);

		from_label = card.status_label;
		card.status = label->status;
		card.status_label = label->label;
		MarkIssued(&card, series, customer_id);
	} while (!StoreCard(number, &card));
	issued = ResultRow();
	LogChange(number, from_label, label->label, NULL);
	CloseQueries();
	PG_RETURN_DATUM(issued);
}

/*
 * issue_new_card(series_code text, customer_id text,
 *		status_label text = NULL) -> cardgen.card
 *
 * Generates the next number of a series and issues it: issue_card without a
 * batch, for a digital card at registration. The card's batch_id is null.
 *
 * Errors: those of issue_card, 42704 for an unknown series, 2200H where the
 * series has no number left.
 */
Datum
issue_new_card(PG_FUNCTION_ARGS)
{
	Configuration *configuration;
	const StatusLabel *label;
	const char *customer_id;
	char		number[NUMBER_MAX_LENGTH + 1];
	Series	   *series;
	Card		card = {0};
	Datum		issued;

	PreventCommandIfReadOnly("cardgen.issue_new_card()");
	configuration = UseConfiguration();
	RequireArgument(fcinfo, 0, "series_code");
	customer_id = RequiredText(fcinfo, 1, "customer_id");
	CheckName(customer_id, "customer_id");
	label = RequireIssuingLabel(configuration, OptionalText(fcinfo, 2));

	OpenQueries();
	LockCustomer(customer_id);
	card.ordinal = LockCounter(RequiredText(fcinfo, 0, "series_code"));
	/* From now on the series can't be dropped. */
	configuration = UseConfiguration();
	series = RequireSeries(configuration, RequiredText(fcinfo, 0, "series_code"));
	RequireActive(series);
	CheckLimits(series, customer_id, STATUS_NOT_ISSUED, label->status);

	card.series_code = series->code;
	card.batch_id = NullArgument();
	card.status = label->status;
	card.status_label = label->label;
	card.generated_on = GetCurrentTransactionStartTimestamp();
	MarkIssued(&card, series, customer_id);
	AdvanceCounter(series, card.ordinal, 1);
	if (!CodecEncode(SeriesCodec(configuration, series), card.ordinal, 1, number, sizeof(number)))
		elog(ERROR, "could not encrypt with libcrypto");
	number[FormatNumberLength(&series->format)] = '\0';

	if (!StoreCard(number, &card))
		elog(ERROR, "card \"%s\" exists already", number);
	issued = ResultRow();
	LogChange(number, DefaultLabel(configuration, STATUS_NOT_ISSUED)->label, label->label, NULL);
	CloseQueries();
	PG_RETURN_DATUM(issued);
}

/* How the statuses of a set are named in a sentence. */
static const char *
NameStatuses(int set)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int status = 0; status < STATUS_COUNT; status++)
	{
		if ((set & (1 << status)) == 0)
			continue;
		set &= ~(1 << status);
		appendStringInfo(&names, "%s\"%s\"", names.len == 0 ? "" : set == 0 ? " or " : ", ",
						 StatusName((CardStatus) status));
	}
	return names.data;
}

static void
CheckChange(const char *number, const Card *card, const StatusLabel *label)
{
#define TO(status) (1 << (status))
	static const int allowed[STATUS_COUNT] = {
		[STATUS_NOT_ISSUED] = TO(STATUS_NOT_ISSUED),
		[STATUS_ISSUED] = TO(STATUS_ACTIVE) | TO(STATUS_EXPIRED) | TO(STATUS_DELETED),
		[STATUS_ACTIVE] = TO(STATUS_SUSPENDED) | TO(STATUS_EXPIRED) | TO(STATUS_DELETED),
		[STATUS_SUSPENDED] = TO(STATUS_ACTIVE) | TO(STATUS_EXPIRED) | TO(STATUS_DELETED)
	};

	if ((allowed[card->status] & TO(label->status)) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("card \"%s\" can't change from status \"%s\" to \"%s\"",
						number, StatusName(card->status), StatusName(label->status)),
				 allowed[card->status] == 0 ? errdetail("The status \"%s\" is final.", StatusName(card->status)) :
				 card->status == STATUS_NOT_ISSUED ? errdetail("It has not been issued.") :
				 errdetail("It can change to %s.", NameStatuses(allowed[card->status])),
				 card->status != STATUS_NOT_ISSUED ? 0 :
				 label->status == STATUS_EXPIRED || label->status == STATUS_DELETED ?
				 errhint("It goes with its batch, see cardgen.remove_batch().") :
				 errhint("Issue the card with cardgen.issue_card().")));
	if (strcmp(card->status_label, label->label) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("card \"%s\" has status label \"%s\" already", number, label->label)));
#undef TO
}

/*
 * set_card_status(number text, status_label text, reason text = NULL)
 *		-> cardgen.card
 *
 * number: as for find_card. status_label: its status must be one that the
 * card's may change to: not_issued to not_issued with another label; issued
 * to active; active to suspended and back; these three to expired or deleted,
 * which are final. reason: kept in card_status_log.
 *
 * Errors: 42704 for a number of which there is no card and for an unknown
 * label; 55000 for a change that is not allowed or a customer who would hold
 * more cards than allowed; 22023 for a NULL; 25006 in a read-only transaction.
 */
Datum
set_card_status(PG_FUNCTION_ARGS)
{
	Configuration *configuration;
	const StatusLabel *label;
	const char *from_label;
	char		number[NUMBER_MAX_LENGTH + 1];
	Series	   *series;
	Card		card;
	Datum		changed;

	PreventCommandIfReadOnly("cardgen.set_card_status()");
	configuration = UseConfiguration();
	RequireArgument(fcinfo, 0, "number");
	label = RequireLabel(configuration, RequiredText(fcinfo, 1, "status_label"));
	series = RequireNumber(configuration, RequiredText(fcinfo, 0, "number"), number);

	OpenQueries();
	/* A card never changes hands, so its customer can be locked ahead of it. */
	if (Counts(label->status) &&
		ResultCard(ReadLatest(&read_card, (NullableDatum[]) {TextArgument(number)}), series->code, &card) &&
		card.customer_id != NULL)
		LockCustomer(card.customer_id);
	do
	{
		LockCard(configuration, series, number, &card);
		CheckChange(number, &card, label);
		if (card.customer_id != NULL)
			CheckLimits(series, card.customer_id, card.status, label->status);
		from_label = card.status_label;
		card.status = label->status;
		card.status_label = label->label;
	} while (!StoreCard(number, &card));
	changed = ResultRow();
	LogChange(number, from_label, label->label, OptionalText(fcinfo, 2));
	CloseQueries();
	PG_RETURN_DATUM(changed);
}

/* How many cards a step has expired; today and the label are the arguments. */
static uint64
ExpireSomeCards(NullableDatum today, NullableDatum label)
{
	return RunQuery(&expire_some_cards, (NullableDatum[]) {
			today, Int4Argument(EXPIRE_STEP), label});
}

static uint64
ExpireSomeCardsByShard(NullableDatum today, NullableDatum label)
{
	NullableDatum step = Int4Argument(EXPIRE_STEP);
	uint64		shards = RunQuery(&due_numbers_by_shard, (NullableDatum[]) {today, step});
	SPITupleTable *due = SPI_tuptable;
	NullableDatum *numbers = palloc(sizeof(NullableDatum) * (shards + 1));
	uint64		expired = 0;

	for (uint64 i = 0; i < shards; i++)
		numbers[i].value = ResultDatum(i, 0, &numbers[i].isnull);
	for (uint64 i = 0; i < shards; i++)
		expired += RunQuery(&expire_cards_of_shard, (NullableDatum[]) {today, step, label, numbers[i]});
	pfree(numbers);
	SPI_freetuptable(due);
	return expired;
}

/*
 * expire_cards() -> int
 *
 * Gives cards past their expires_on the default label of the status expired;
 * returns how many. Works in steps, and leaves out cards that another
 * transaction is changing: the next call finds them.
 *
 * Errors: 25006 in a read-only transaction.
 */
Datum
expire_cards(PG_FUNCTION_ARGS)
{
	NullableDatum today;
	NullableDatum label;
	bool		by_shard;
	uint64		expired;
	int32		total = 0;

	PreventCommandIfReadOnly("cardgen.expire_cards()");
	today = DatumArgument(DateADTGetDatum(Today()));
	label = TextArgument(DefaultLabel(UseConfiguration(), STATUS_EXPIRED)->label);
	by_shard = IsDistributed(CardTable());

	OpenQueries();
	do
	{
		CHECK_FOR_INTERRUPTS();
		expired = by_shard ? ExpireSomeCardsByShard(today, label) : ExpireSomeCards(today, label);
		total += (int32) expired;
	} while (expired > 0);
	CloseQueries();
	PG_RETURN_INT32(total);
}
