/*
 * Card series: made, altered, dropped, and numbers of them skipped.
 */
#include "postgres.h"

#include "access/xact.h"
#include "argument.h"
#include "card_find.h"
#include "cardgen.h"
#include "catalog/pg_type.h"
#include "configuration.h"
#include "counter.h"
#include "miscadmin.h"
#include "query.h"
#include "series_key.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#define MAX_CARD_EXPIRY_DAYS	36500	/* a hundred years */
#define GUESSABLE_CAPACITY		1000000

/* One creation at a time, so that each sees the formats of the others, and no import meanwhile. */
static PreparedQuery lock_series = {
	"LOCK TABLE cardgen.series IN SHARE ROW EXCLUSIVE MODE"
};

static PreparedQuery insert_series = {
	"INSERT INTO cardgen.series AS s (code, name, length, prefix, suffix, method, check_digit, card_offset,"
	" alphabet, card_type, description, max_active_cards, card_expiry_days, batch_retention, stock_retention,"
	" capacity, incarnation)"
	" VALUES ($1, $2, $3, $4, $5, $6::cardgen.number_method, $7::cardgen.check_digit_method, $8,"
	" $9, $10::cardgen.card_type, $11, $12, $13, $14, $15, $16, $17) RETURNING s",
	17, {TEXTOID, TEXTOID, INT4OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, INT8OID,
	TEXTOID, TEXTOID, TEXTOID, INT4OID, INT4OID, INTERVALOID, INTERVALOID, INT8OID, UUIDOID}
};

static PreparedQuery insert_counter = {
	"INSERT INTO cardgen.series_counter (series_code, incarnation) VALUES ($1, $2)",
	2, {TEXTOID, UUIDOID}
};

/* Zero stands for what leaving it out in create_series means. */
static PreparedQuery update_series = {
	"UPDATE cardgen.series s SET name = coalesce($2, s.name), description = coalesce($3, s.description),"
	" is_active = coalesce($4, s.is_active), max_active_cards = coalesce($5, s.max_active_cards),"
	" card_expiry_days = nullif(coalesce($6, s.card_expiry_days), 0),"
	" batch_retention = nullif(coalesce($7, s.batch_retention), '0'),"
	" stock_retention = nullif(coalesce($8, s.stock_retention), '0') WHERE s.code = $1 RETURNING s",
	8, {TEXTOID, TEXTOID, TEXTOID, BOOLOID, INT4OID, INT4OID, INTERVALOID, INTERVALOID}
};

static PreparedQuery has_cards = {
	"SELECT EXISTS (SELECT FROM cardgen.reserved_range WHERE series_code = $1)"
	" OR EXISTS (SELECT FROM cardgen.card WHERE series_code = $1)",
	1, {TEXTOID}
};

static PreparedQuery delete_series = {
	"WITH deleted_key AS (DELETE FROM cardgen.series_key WHERE series_code = $1),"
	" deleted_counter AS (DELETE FROM cardgen.series_counter WHERE series_code = $1)"
	" DELETE FROM cardgen.series WHERE code = $1",
	1, {TEXTOID}
};

static PreparedQuery left_of_series = {
	"SELECT 'series_key' FROM cardgen.series_key WHERE series_code = $1"
	" UNION ALL SELECT 'series_counter' FROM cardgen.series_counter WHERE series_code = $1",
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
		Refuse(CharacterNotAllowed(what, value, hint));
}

static void
CheckLength(const char *value, size_t least, size_t most, const char *what)
{
	size_t		length = strlen(value);

	if (length < least || length > most)
		Refuse(LengthOutOfRange(what, value, least, most));
}

static void
CheckAffix(const char *affix, const char *what)
{
	CheckCharacters(affix, DIGITS_AND_LETTERS, what, "Use letters A-Z and a-z and digits.");
	CheckLength(affix, 0, AFFIX_MAX_LENGTH, what);
}

static void
CheckAlphabet(const char *alphabet)
{
	char		repeated = RepeatedInAlphabet(alphabet);

	CheckCharacters(alphabet, DIGITS_AND_CAPITALS, "alphabet", "Use digits and capital letters A-Z.");
	CheckLength(alphabet, ALPHABET_MIN_LENGTH, ALPHABET_MAX_LENGTH, "alphabet");
	if (repeated != '\0')
		Refuse(RepeatedCharacter(alphabet, repeated));
}

static void
CheckFormat(const NumberFormat *format)
{
	int			least = FormatMinLength(format);
	int			most = FormatMaxLength(format);

	if (format->length < least || format->length > most)
		Refuse(FormatLength(format->length, least, most, format->prefix_length + format->suffix_length));
	if (format->check_digit != CHECK_DIGIT_NONE && !FormatIsDecimal(format))
		Refuse(CheckDigitAlphabet(format->alphabet));
	if (format->offset < 0)
		Refuse(NegativeOffset(format->offset));
	if (format->offset > 0 && format->method == METHOD_RANDOM)
		Refuse(OffsetOfRandom());
	if (FormatCapacity(format) == 0)
		Refuse(OffsetTooLarge(format->offset, format->length));
}

static bool
IsZero(const Interval *interval)
{
	return interval->month == 0 && interval->day == 0 && interval->time == 0;
}

static void
CheckRetention(FunctionCallInfo fcinfo, int number, const char *what, bool zero_resets)
{
	const Interval *retention;

	if (PG_ARGISNULL(number))
		return;
	retention = PG_GETARG_INTERVAL_P(number);
	if (!IsPositiveInterval(retention) && !(zero_resets && IsZero(retention)))
		Refuse(NotPositive(what, DatumGetCString(DirectFunctionCall1(interval_out,
																	 IntervalPGetDatum(retention)))));
}

/*
 * What alter_series can change as well: its arguments, from that number on.
 * Zero resets there.
 */
static void
CheckRules(FunctionCallInfo fcinfo, int number, const char *name, bool zero_resets)
{
	int64		least = zero_resets ? 0 : 1;

	if (name != NULL)
		Require(CheckName(name, "name"));
	if (!PG_ARGISNULL(number) && PG_GETARG_INT32(number) < 1)
		Refuse(BelowMinimum("max_active_cards", PG_GETARG_INT32(number), 1));
	if (!PG_ARGISNULL(number + 1) &&
		(PG_GETARG_INT32(number + 1) < least || PG_GETARG_INT32(number + 1) > MAX_CARD_EXPIRY_DAYS))
		Refuse(OutOfRange("card_expiry_days", PG_GETARG_INT32(number + 1), least, MAX_CARD_EXPIRY_DAYS));
	CheckRetention(fcinfo, number + 2, "batch_retention", zero_resets);
	CheckRetention(fcinfo, number + 3, "stock_retention", zero_resets);
}

static const char *
EnumName(FunctionCallInfo fcinfo, int number, const char *name)
{
	RequireArgument(fcinfo, number, name);
	return DatumGetCString(DirectFunctionCall1(enum_out, PG_GETARG_DATUM(number)));
}

/* The arguments that describe a format; an imported series has none of them. */
static void
ReadFormat(FunctionCallInfo fcinfo, bool is_imported, NumberFormat *format)
{
	const char *prefix = RequiredText(fcinfo, 3, "prefix");
	const char *suffix = RequiredText(fcinfo, 4, "suffix");
	const char *check_digit = EnumName(fcinfo, 6, "check_digit");
	const char *alphabet = RequiredText(fcinfo, 8, "alphabet");

	RequireArgument(fcinfo, 7, "card_offset");
	if (is_imported)
	{
		const char *described =
			!PG_ARGISNULL(2) ? "length" : prefix[0] != '\0' ? "prefix" : suffix[0] != '\0' ? "suffix" :
			strcmp(check_digit, "none") != 0 ? "check digit" : PG_GETARG_INT64(7) != 0 ? "card_offset" :
			strcmp(alphabet, DIGITS) != 0 ? "alphabet" : NULL;

		if (described != NULL)
			Refuse(FormatOfImported(described));
		return;
	}
	RequireArgument(fcinfo, 2, "length");
	CheckAffix(prefix, "prefix");
	CheckAffix(suffix, "suffix");
	CheckAlphabet(alphabet);
	BuildFormat(format, prefix, suffix, alphabet, EnumName(fcinfo, 5, "method"), check_digit,
				PG_GETARG_INT32(2), PG_GETARG_INT64(7));
	CheckFormat(format);
}

/* With the table locked against other creations and imports. */
static void
CheckUnique(const char *code, bool is_imported, const NumberFormat *format)
{
	Configuration *configuration = UseConfiguration();
	const char *overlap;

	if (FindSeries(configuration, code) != NULL)
		Refuse(SeriesExists(code));
	if (is_imported)
		return;
	overlap = FindOverlap(format);
	if (overlap != NULL)
		Refuse(FormatOverlaps(code, overlap, FormatNumberLength(format)));
	if (HasImportedSeries(configuration))
		RequireNotImported(code, format);
}

static void
NoteGuessable(const char *code, int64 capacity)
{
	ereport(NOTICE,
			(errmsg("card series \"%s\" has only " INT64_FORMAT " possible numbers", code, capacity),
			 errdetail("A number that is in use can be found by trying."),
			 errhint("A greater length makes the numbers harder to guess.")));
}

static void
NoteLikePaymentCards(const char *code, const NumberFormat *format)
{
	ereport(NOTICE,
			(errmsg("numbers of card series \"%s\" can look like those of payment cards", code),
			 errdetail("They have %d digits, the last one a Luhn check digit, and can begin with 2 to 6.",
					   FormatNumberLength(format)),
			 errhint("Tills and scanners for card data may take them for such. Begin the prefix with 9000 or a letter, or choose another check digit.")));
}

/*
 * create_series(code text, name text, length int, prefix text = '',
 *		suffix text = '', method = 'random', check_digit = 'none',
 *		card_offset bigint = 0, alphabet text = '0123456789',
 *		card_type = 'digital', description text = '',
 *		max_active_cards int = 1, card_expiry_days int = NULL,
 *		batch_retention interval = NULL, stock_retention interval = NULL)
 *		-> cardgen.series
 *
 * code: 1 to 50 letters and digits. name: 1 to 255 characters. length:
 * characters between prefix and suffix, check digit included; the whole number
 * has 5 to 150. prefix, suffix: at most 50 letters and digits each. method:
 * imported for cards that come by import only; then length must be NULL, and
 * what else describes a format left out. check_digit: luhn as in ISO/IEC
 * 7812-1, mod7 as on airline tickets, gs1 as on EAN and UPC barcodes (GS1
 * General Specifications). card_offset: the first number of a sequential
 * series. alphabet: 2 to 36 different characters of 0-9 and A-Z; their order is
 * the order of the numerals. card_type: digital or physical, see stock_retention.
 * description: any text. max_active_cards: at least 1. card_expiry_days: 1
 * to 36500, NULL for never. batch_retention: how long the list is kept,
 * positive, NULL for cardgen.batch_retention. stock_retention: how long cards
 * can be issued, positive, less than the list is kept counts as that long;
 * NULL: digital cards as long as that, physical ones for good. Returns the
 * series' row.
 *
 * A NOTICE tells where the numbers can be guessed, and where they look like
 * those of payment cards.
 *
 * Errors: 22023 null_argument, empty_text, text_too_long, length_out_of_range,
 * character_not_allowed, repeated_character, check_digit_alphabet,
 * negative_offset, offset_of_random, offset_too_large, format_length,
 * format_of_imported, below_minimum, out_of_range, not_positive; 42710
 * series_exists; 23P01 format_overlap, format_imported; 25006 in a read-only
 * transaction.
 */
Datum
create_series(PG_FUNCTION_ARGS)
{
	NumberFormat format = {0};
	const char *code;
	const char *name;
	const char *method;
	const char *card_type;
	pg_uuid_t  *incarnation;
	bool		is_imported;
	int64		capacity = 0;
	Datum		created;

	PreventCommandIfReadOnly("cardgen.create_series()");
	code = RequiredText(fcinfo, 0, "code");
	name = RequiredText(fcinfo, 1, "name");
	method = EnumName(fcinfo, 5, "method");
	card_type = EnumName(fcinfo, 9, "card_type");
	RequireArgument(fcinfo, 10, "description");
	RequireArgument(fcinfo, 11, "max_active_cards");

	CheckCharacters(code, DIGITS_AND_LETTERS, "series code", "Use letters A-Z and a-z and digits.");
	CheckLength(code, 1, SERIES_CODE_SIZE - 1, "series code");
	CheckRules(fcinfo, 11, name, false);
	is_imported = strcmp(method, "imported") == 0;
	ReadFormat(fcinfo, is_imported, &format);
	if (!is_imported)
		capacity = FormatCapacity(&format);

	PrepareSeriesKey();
	OpenQueries();
	RunQuery(&lock_series, NULL);
	CheckUnique(code, is_imported, &format);
	incarnation = DatumGetUUIDP(DirectFunctionCall1(gen_random_uuid, (Datum) 0));
	WriteRow(&insert_series, (NullableDatum[]) {
			TextArgument(code), TextArgument(name), fcinfo->args[2], fcinfo->args[3], fcinfo->args[4],
			TextArgument(method), TextArgument(EnumName(fcinfo, 6, "check_digit")), fcinfo->args[7],
			fcinfo->args[8], TextArgument(card_type), fcinfo->args[10], fcinfo->args[11],
			fcinfo->args[12], fcinfo->args[13], fcinfo->args[14],
			is_imported ? NullArgument() : Int8Argument(capacity), UuidArgument(incarnation)}, "series");
	created = ResultRow();
	CreateSeriesKey(code, incarnation);
	WriteRow(&insert_counter, (NullableDatum[]) {TextArgument(code), UuidArgument(incarnation)}, "series_counter");
	CloseQueries();

	if (format.method == METHOD_RANDOM && capacity > 0 && capacity < GUESSABLE_CAPACITY)
		NoteGuessable(code, capacity);
	if (FormatLooksLikePaymentCard(&format))
		NoteLikePaymentCards(code, &format);
	PG_RETURN_DATUM(created);
}

/*
 * alter_series(code text, name text = NULL, description text = NULL,
 *		is_active boolean = NULL, max_active_cards int = NULL,
 *		card_expiry_days int = NULL, batch_retention interval = NULL,
 *		stock_retention interval = NULL) -> cardgen.series
 *
 * Bounds as in create_series; NULL leaves a property as it is, and zero sets
 * card_expiry_days, batch_retention or stock_retention back to what leaving it
 * out there means. A series that is not active neither generates numbers nor
 * has its cards issued. Cards and batches that exist keep the dates they have.
 *
 * Errors: 42704 unknown_series; 22023 null_argument, empty_text, text_too_long,
 * below_minimum, out_of_range, not_positive; 40001 concurrent_change; 25006 in
 * a read-only transaction.
 */
Datum
alter_series(PG_FUNCTION_ARGS)
{
	const char *code;
	Datum		altered;

	PreventCommandIfReadOnly("cardgen.alter_series()");
	code = RequiredText(fcinfo, 0, "code");
	CheckRules(fcinfo, 4, OptionalText(fcinfo, 1), true);

	OpenQueries();
	RequireSeries(UseConfiguration(), code);
	if (RunQuery(&update_series, (NullableDatum[]) {
				TextArgument(code), fcinfo->args[1], fcinfo->args[2], fcinfo->args[3],
				fcinfo->args[4], fcinfo->args[5], fcinfo->args[6], fcinfo->args[7]}) == 0)
		Refuse(IsolationUsesXactSnapshot() ? ConcurrentChange("the card series") :
			   ReadSeriesOfCode(code) ? WriteSuppressed("series") : UnknownSeries(code));
	altered = ResultRow();
	CloseQueries();
	PG_RETURN_DATUM(altered);
}

/*
 * drop_series(code text)
 *
 * code: of a series that has no numbers; its key goes with it.
 *
 * Errors: 42704 unknown_series; 55000 series_used for one that has generated,
 * skipped or imported a number; 22023 null_argument; 40001 concurrent_change;
 * 25006 in a read-only transaction.
 */
Datum
drop_series(PG_FUNCTION_ARGS)
{
	NullableDatum argument;
	const char *code;
	Counter		counter;

	PreventCommandIfReadOnly("cardgen.drop_series()");
	code = RequiredText(fcinfo, 0, "code");

	OpenQueries();
	argument = TextArgument(code);
	LockCounter(code, &counter);
	if (counter.next_ordinal == 0)
		ReadLatest(&has_cards, &argument);
	if (counter.next_ordinal > 0 || ResultBool(0, 0))
		Refuse(SeriesUsed(code));
	WriteRow(&delete_series, &argument, "series");
	if (ReadLatest(&left_of_series, &argument) > 0)
		Refuse(IsolationUsesXactSnapshot() ? ConcurrentChange("the card series") : WriteSuppressed(ResultText(0, 0)));
	CloseQueries();
	PG_RETURN_VOID();
}

/*
 * skip_numbers(series_code text, count bigint)
 *
 * Passes over the next count numbers, at least 1: after a failover that lost
 * transactions, the numbers they handed out. Where sessions have issued cards
 * side by side, each goes on at a place of its own: as many are passed over at
 * each of these places.
 *
 * Errors: 42704 unknown_series; 22023 null_argument, below_minimum; 2200H
 * series_exhausted where fewer are left; 55000 series_imported; 40001
 * concurrent_change; 25006 in a read-only transaction.
 */
Datum
skip_numbers(PG_FUNCTION_ARGS)
{
	Configuration *configuration;
	const char *code;
	Series	   *series;
	Counter		counter;
	int64		count;

	PreventCommandIfReadOnly("cardgen.skip_numbers()");
	code = RequiredText(fcinfo, 0, "series_code");
	RequireArgument(fcinfo, 1, "count");
	count = PG_GETARG_INT64(1);
	if (count < 1)
		Refuse(BelowMinimum("count", count, 1));

	OpenQueries();
	series = LockSeries(code, &configuration, &counter);
	if (series->is_imported)
		Refuse(SeriesImported(code));
	SkipOrdinals(series, &counter, count);
	CloseQueries();
	PG_RETURN_VOID();
}
