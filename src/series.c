/*
 * Card series: their format, their rules, their counter.
 */
#include "cardgen.h"

#include "catalog/pg_type.h"
#include "configuration.h"
#include "counter.h"
#include "miscadmin.h"
#include "query.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#define CODE_MAX_LENGTH			50
#define MAX_CARD_EXPIRY_DAYS	36500	/* a hundred years */
#define GUESSABLE_CAPACITY		1000000

static const char digits_and_capitals[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char digits_and_letters[] =
"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
static const char ten_digits[] = "0123456789";

/* One creation at a time, so that each sees the formats of the others. */
static PreparedQuery lock_series = {
	"LOCK TABLE cardgen.series IN SHARE ROW EXCLUSIVE MODE"
};

static PreparedQuery insert_series = {
	"INSERT INTO cardgen.series AS s (code, name, length, prefix, suffix, method, check_digit, card_offset,"
	" alphabet, card_type, description, max_active_cards, card_expiry_days, batch_retention, capacity)"
	" VALUES ($1, $2, $3, $4, $5, $6::cardgen.number_method, $7::cardgen.check_digit_method, $8,"
	" $9, $10::cardgen.card_type, $11, $12, $13, $14, $15) RETURNING s",
	15, {TEXTOID, TEXTOID, INT4OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT8OID,
	TEXTOID, TEXTOID, TEXTOID, INT4OID, INT4OID, INTERVALOID, INT8OID}
};

static PreparedQuery insert_key = {
	"INSERT INTO cardgen.series_key (series_code) VALUES ($1)",
	1, {TEXTOID}
};

static PreparedQuery insert_counter = {
	"INSERT INTO cardgen.series_counter (series_code) VALUES ($1)",
	1, {TEXTOID}
};

static PreparedQuery update_series = {
	"UPDATE cardgen.series s SET name = coalesce($2, s.name), description = coalesce($3, s.description),"
	" is_active = coalesce($4, s.is_active), max_active_cards = coalesce($5, s.max_active_cards),"
	" card_expiry_days = coalesce($6, s.card_expiry_days),"
	" batch_retention = coalesce($7, s.batch_retention) WHERE s.code = $1 RETURNING s",
	7, {TEXTOID, TEXTOID, TEXTOID, BOOLOID, INT4OID, INT4OID, INTERVALOID}
};

static PreparedQuery delete_series = {
	"WITH deleted_key AS (DELETE FROM cardgen.series_key WHERE series_code = $1),"
	" deleted_counter AS (DELETE FROM cardgen.series_counter WHERE series_code = $1)"
	" DELETE FROM cardgen.series WHERE code = $1",
	1, {TEXTOID}
};

PG_FUNCTION_INFO_V1(create_series);
PG_FUNCTION_INFO_V1(alter_series);
PG_FUNCTION_INFO_V1(drop_series);
PG_FUNCTION_INFO_V1(skip_numbers);

static void
CheckCharacters(const char *value, const char *allowed, const char *what, const char *hint)
{
	if (value[strspn(value, allowed)] != '\0')
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s \"%s\" has a character that is not allowed", what, value),
				 errhint("%s", hint)));
}

static void
CheckLength(const char *value, size_t least, size_t most, const char *what)
{
	size_t		length = strlen(value);

	if (length < least || length > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s \"%s\" must have %zu to %zu characters", what, value, least, most),
				 errdetail("It has %zu.", length)));
}

static void
CheckAffix(const char *affix, const char *what)
{
	CheckCharacters(affix, digits_and_letters, what, "Use letters A-Z and a-z and digits.");
	CheckLength(affix, 0, AFFIX_MAX_LENGTH, what);
}

static void
CheckAlphabet(const char *alphabet)
{
	CheckCharacters(alphabet, digits_and_capitals, "alphabet", "Use digits and capital letters A-Z.");
	CheckLength(alphabet, ALPHABET_MIN_LENGTH, ALPHABET_MAX_LENGTH, "alphabet");
	for (const char *at = alphabet; *at != '\0'; at++)
		if (strchr(at + 1, *at) != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("alphabet \"%s\" has the character \"%c\" twice", alphabet, *at)));
}

static void
CheckFormat(const NumberFormat *format)
{
	int			check_digits = format->check_digit == CHECK_DIGIT_NONE ? 0 : 1;
	int			affixes = format->prefix_length + format->suffix_length;
	int			least = Max(1 + check_digits, NUMBER_MIN_LENGTH - affixes);
	int			most = NUMBER_MAX_LENGTH - affixes;

	if (format->length < least || format->length > most)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("length %d is out of range", format->length),
				 errdetail("With this prefix and suffix it can be %d to %d, for %d to %d characters in all.",
						   least, most, least + affixes, most + affixes)));
	if (check_digits > 0 && strcmp(format->alphabet, ten_digits) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("alphabet \"%s\" can't have a check digit", format->alphabet),
				 errhint("Check digits go with the alphabet \"%s\" only.", ten_digits)));
	if (format->offset < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("card_offset " INT64_FORMAT " must not be negative", format->offset)));
	if (format->offset > 0 && format->method == METHOD_RANDOM)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a random series has no card_offset"),
				 errhint("Give card_offset with method => 'sequential'.")));
	if (FormatCapacity(format) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("card_offset " INT64_FORMAT " does not fit length %d",
						format->offset, format->length)));
}

/* What alter_series can change as well; NULL stands for unchanged. */
static void
CheckRules(const char *name, const int *max_active_cards, const int *card_expiry_days,
		   const Interval *batch_retention)
{
	if (name != NULL)
		CheckName(name, "name");
	if (max_active_cards != NULL && *max_active_cards < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("max_active_cards %d must be at least 1", *max_active_cards)));
	if (card_expiry_days != NULL &&
		(*card_expiry_days < 1 || *card_expiry_days > MAX_CARD_EXPIRY_DAYS))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("card_expiry_days %d must be from 1 to %d", *card_expiry_days, MAX_CARD_EXPIRY_DAYS)));
	if (batch_retention != NULL && !IsPositiveInterval(batch_retention))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("batch_retention \"%s\" must be positive",
						DatumGetCString(DirectFunctionCall1(interval_out, IntervalPGetDatum(batch_retention))))));
}

static const char *
EnumName(FunctionCallInfo fcinfo, int number, const char *name)
{
	RequireArgument(fcinfo, number, name);
	return DatumGetCString(DirectFunctionCall1(enum_out, PG_GETARG_DATUM(number)));
}

static NullableDatum
OptionalArgument(FunctionCallInfo fcinfo, int number)
{
	return fcinfo->args[number];
}

static const int *
OptionalInt4(FunctionCallInfo fcinfo, int number, int *value)
{
	if (PG_ARGISNULL(number))
		return NULL;
	*value = PG_GETARG_INT32(number);
	return value;
}

static const Interval *
OptionalInterval(FunctionCallInfo fcinfo, int number)
{
	return PG_ARGISNULL(number) ? NULL : PG_GETARG_INTERVAL_P(number);
}

/*
 * create_series(code text, name text, length int, prefix text = '',
 *		suffix text = '', method = 'random', check_digit = 'none',
 *		card_offset bigint = 0, alphabet text = '0123456789',
 *		card_type = 'digital', description text = '',
 *		max_active_cards int = 1, card_expiry_days int = NULL,
 *		batch_retention interval = NULL) -> cardgen.series
 *
 * code: 1 to 50 letters and digits. name: 1 to 255 characters. length:
 * characters between prefix and suffix, check digit included; the whole number
 * has 5 to 150. prefix, suffix: at most 50 letters and digits each. check_digit:
 * luhn as in ISO/IEC 7812-1, mod7 as on airline tickets. card_offset: the first
 * number of a sequential series. alphabet: 2 to 36 different characters of 0-9
 * and A-Z; their order is the order of the numerals. max_active_cards: at least
 * 1. card_expiry_days: 1 to 36500, NULL for never. batch_retention: positive,
 * NULL for cardgen.batch_retention.
 *
 * Errors: 22023 for an argument out of these bounds, 42710 for a code that
 * exists, 23P01 for a format whose numbers another series could have, 25006
 * in a read-only transaction.
 */
Datum
create_series(PG_FUNCTION_ARGS)
{
	const char *code;
	const char *name;
	const char *description;
	const char *method;
	const char *check_digit;
	const char *card_type;
	const char *prefix;
	const char *suffix;
	const char *alphabet;
	const Series *overlap;
	Configuration *configuration;
	NumberFormat format = {0};
	int			max_active_cards;
	int			card_expiry_days;
	int64		capacity;
	Datum		created;

	PreventCommandIfReadOnly("cardgen.create_series()");
	code = RequiredText(fcinfo, 0, "code");
	name = RequiredText(fcinfo, 1, "name");
	RequireArgument(fcinfo, 2, "length");
	prefix = RequiredText(fcinfo, 3, "prefix");
	suffix = RequiredText(fcinfo, 4, "suffix");
	method = EnumName(fcinfo, 5, "method");
	check_digit = EnumName(fcinfo, 6, "check_digit");
	RequireArgument(fcinfo, 7, "card_offset");
	alphabet = RequiredText(fcinfo, 8, "alphabet");
	card_type = EnumName(fcinfo, 9, "card_type");
	description = RequiredText(fcinfo, 10, "description");
	RequireArgument(fcinfo, 11, "max_active_cards");

	CheckCharacters(code, digits_and_letters, "series code", "Use letters A-Z and a-z and digits.");
	CheckLength(code, 1, CODE_MAX_LENGTH, "series code");
	max_active_cards = PG_GETARG_INT32(11);
	CheckRules(name, &max_active_cards,
			   OptionalInt4(fcinfo, 12, &card_expiry_days), OptionalInterval(fcinfo, 13));
	CheckAffix(prefix, "prefix");
	CheckAffix(suffix, "suffix");
	CheckAlphabet(alphabet);
	BuildFormat(&format, prefix, suffix, alphabet, method, check_digit,
				PG_GETARG_INT32(2), PG_GETARG_INT64(7));
	CheckFormat(&format);
	capacity = FormatCapacity(&format);

	OpenQueries();
	RunQuery(&lock_series, NULL);
	configuration = UseConfiguration();
	if (FindSeries(configuration, code) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("card series \"%s\" already exists", code)));
	overlap = FindOverlap(configuration, &format);
	if (overlap != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_EXCLUSION_VIOLATION),
				 errmsg("card series \"%s\" could have the same numbers as card series \"%s\"",
						code, overlap->code),
				 errdetail("The numbers of both have %d characters, and no position always tells them apart, letter case aside.",
						   FormatNumberLength(&format)),
				 errhint("Choose another prefix, suffix or length.")));

	RunQuery(&insert_series, (NullableDatum[]) {
			TextArgument(code), TextArgument(name), Int4Argument(format.length),
			TextArgument(prefix), TextArgument(suffix), TextArgument(method),
			TextArgument(check_digit), Int8Argument(format.offset), TextArgument(alphabet),
			TextArgument(card_type), TextArgument(description), Int4Argument(max_active_cards),
			OptionalArgument(fcinfo, 12), OptionalArgument(fcinfo, 13), Int8Argument(capacity)});
	created = ResultRow();
	RunQuery(&insert_key, (NullableDatum[]) {TextArgument(code)});
	RunQuery(&insert_counter, (NullableDatum[]) {TextArgument(code)});
	CloseQueries();

	if (format.method == METHOD_RANDOM && capacity < GUESSABLE_CAPACITY)
		ereport(NOTICE,
				(errmsg("card series \"%s\" has only " INT64_FORMAT " possible numbers", code, capacity),
				 errdetail("A number that is in use can be found by trying."),
				 errhint("A greater length makes the numbers harder to guess.")));

	PG_RETURN_DATUM(created);
}

/*
 * alter_series(code text, name text = NULL, description text = NULL,
 *		is_active boolean = NULL, max_active_cards int = NULL,
 *		card_expiry_days int = NULL, batch_retention interval = NULL)
 *		-> cardgen.series
 *
 * Bounds as in create_series; NULL leaves a property as it is. A series that
 * is not active neither generates numbers nor has its cards issued. Cards and
 * batches that exist keep the dates they have.
 *
 * Errors: 42704 for an unknown series, 22023 for an argument out of bounds,
 * 25006 in a read-only transaction.
 */
Datum
alter_series(PG_FUNCTION_ARGS)
{
	const char *code;
	const char *name;
	int			max_active_cards;
	int			card_expiry_days;
	Datum		altered;

	PreventCommandIfReadOnly("cardgen.alter_series()");
	code = RequiredText(fcinfo, 0, "code");
	name = OptionalText(fcinfo, 1);
	CheckRules(name, OptionalInt4(fcinfo, 4, &max_active_cards),
			   OptionalInt4(fcinfo, 5, &card_expiry_days), OptionalInterval(fcinfo, 6));

	RequireSeries(UseConfiguration(), code);
	OpenQueries();
	if (RunQuery(&update_series, (NullableDatum[]) {
				TextArgument(code), OptionalArgument(fcinfo, 1), OptionalArgument(fcinfo, 2),
				OptionalArgument(fcinfo, 3), OptionalArgument(fcinfo, 4),
				OptionalArgument(fcinfo, 5), OptionalArgument(fcinfo, 6)}) == 0)
		ReportUnknownSeries(code);
	altered = ResultRow();
	CloseQueries();
	PG_RETURN_DATUM(altered);
}

/*
 * drop_series(code text)
 *
 * Errors: 42704 for an unknown series, 55000 for one that has generated or
 * skipped a number, 25006 in a read-only transaction.
 */
Datum
drop_series(PG_FUNCTION_ARGS)
{
	const char *code;

	PreventCommandIfReadOnly("cardgen.drop_series()");
	code = RequiredText(fcinfo, 0, "code");

	OpenQueries();
	if (LockCounter(code) > 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("card series \"%s\" has generated numbers", code),
				 errdetail("Its key and counter are needed to recognize them and to never repeat one."),
				 errhint("Deactivate it with cardgen.alter_series(code => '%s', is_active => false).", code)));
	RunQuery(&delete_series, (NullableDatum[]) {TextArgument(code)});
	CloseQueries();
	PG_RETURN_VOID();
}

/*
 * skip_numbers(series_code text, count bigint)
 *
 * Passes over the next count numbers, at least 1: after a failover that lost
 * transactions, the numbers they handed out.
 *
 * Errors: 42704 for an unknown series, 22023 for a count below 1, 2200H where
 * the series has fewer numbers left, 25006 in a read-only transaction.
 */
Datum
skip_numbers(PG_FUNCTION_ARGS)
{
	const char *code;
	int64		count;
	int64		next_ordinal;

	PreventCommandIfReadOnly("cardgen.skip_numbers()");
	code = RequiredText(fcinfo, 0, "series_code");
	RequireArgument(fcinfo, 1, "count");
	count = PG_GETARG_INT64(1);
	if (count < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("count " INT64_FORMAT " must be at least 1", count)));

	OpenQueries();
	next_ordinal = LockCounter(code);
	AdvanceCounter(RequireSeries(UseConfiguration(), code), next_ordinal, count);
	CloseQueries();
	PG_RETURN_VOID();
}
