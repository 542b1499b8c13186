/*
 * The table series: its rows by code, by a number and by a format.
 */
#include "series_row.h"

#include "catalog/pg_type.h"
#include "query.h"
#include "refusal.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#define SERIES_COLUMNS \
	"code, name, incarnation, method = 'imported', card_type = 'physical', is_active," \
	" prefix, suffix, alphabet, method::text, check_digit::text, coalesce(length, 0), card_offset," \
	" max_active_cards, coalesce(card_expiry_days, 0), batch_retention, stock_retention"

#define NUMBER_LENGTH "length(prefix) + length + length(suffix)"

static PreparedQuery read_series = {
	"SELECT " SERIES_COLUMNS " FROM cardgen.series WHERE code = $1",
	1, {TEXTOID}
};

static PreparedQuery read_of_length = {
	"SELECT " SERIES_COLUMNS " FROM cardgen.series WHERE " NUMBER_LENGTH " = $1",
	1, {INT4OID}
};

/* Those of a length with a prefix and suffix that a text in capitals has. */
static PreparedQuery read_candidates = {
	"SELECT " SERIES_COLUMNS " FROM cardgen.series WHERE " NUMBER_LENGTH " = $1 AND upper(prefix) = ANY ($2)"
	" AND upper(suffix) = right($3, length(suffix))",
	3, {INT4OID, TEXTARRAYOID, TEXTOID}
};

/* Those of a length whose prefix begins another one or is begun by it. */
static PreparedQuery read_neighbours = {
	"SELECT " SERIES_COLUMNS " FROM cardgen.series WHERE " NUMBER_LENGTH " = $1 AND"
	" (upper(prefix) = ANY ($2) OR (upper(prefix) >= $3 AND upper(prefix) < $3 || '~'))",
	3, {INT4OID, TEXTARRAYOID, TEXTOID}
};

void
BuildFormat(NumberFormat *format, const char *prefix, const char *suffix,
			const char *alphabet, const char *method, const char *check_digit,
			int length, int64 offset)
{
	format->prefix_length = (int) strlcpy(format->prefix, prefix, sizeof(format->prefix));
	format->suffix_length = (int) strlcpy(format->suffix, suffix, sizeof(format->suffix));
	format->radix = (int) strlcpy(format->alphabet, alphabet, sizeof(format->alphabet));
	format->method = strcmp(method, "random") == 0 ? METHOD_RANDOM : METHOD_SEQUENTIAL;
	format->check_digit = CheckDigitByName(check_digit);
	format->length = length;
	format->offset = offset;
}

static const Interval *
CopyInterval(MemoryContext context, uint64 row, int column)
{
	bool		is_null;
	Datum		interval = ResultDatum(row, column, &is_null);
	Interval   *copy;

	if (is_null)
		return NULL;
	copy = MemoryContextAlloc(context, sizeof(Interval));
	*copy = *DatumGetIntervalP(interval);
	return copy;
}

Series *
ResultSeries(uint64 row, MemoryContext context)
{
	Series	   *series = MemoryContextAllocZero(context, sizeof(Series));

	series->code = MemoryContextStrdup(context, ResultText(row, 0));
	series->name = MemoryContextStrdup(context, ResultText(row, 1));
	series->incarnation = ResultUuid(row, 2);
	series->is_imported = ResultBool(row, 3);
	series->is_physical = ResultBool(row, 4);
	series->is_active = ResultBool(row, 5);
	BuildFormat(&series->format, ResultText(row, 6), ResultText(row, 7), ResultText(row, 8),
				ResultText(row, 9), ResultText(row, 10), ResultInt4(row, 11), ResultInt8(row, 12));
	series->max_active_cards = ResultInt4(row, 13);
	series->card_expiry_days = ResultInt4(row, 14);
	series->batch_retention = CopyInterval(context, row, 15);
	series->stock_retention = CopyInterval(context, row, 16);

	/* No verb writes another one, but whoever owns the table can. */
	if (!series->is_imported && !FormatIsSound(&series->format))
		Refuse(SeriesBroken(series->code));
	series->capacity = series->is_imported ? 0 : FormatCapacity(&series->format);
	return series;
}

/* The beginnings of a text, from the empty one to those of so many characters. */
static Datum
Beginnings(const char *text, int most)
{
	Datum		beginnings[AFFIX_MAX_LENGTH + 1];

	for (int i = 0; i <= most; i++)
		beginnings[i] = PointerGetDatum(cstring_to_text_with_len(text, i));
	return PointerGetDatum(construct_array(beginnings, most + 1, TEXTOID, -1, false, TYPALIGN_INT));
}

char *
InCapitals(const char *text, size_t length)
{
	char	   *capitals = pnstrdup(text, length);

	for (char *at = capitals; *at != '\0'; at++)
		*at = (char) pg_ascii_toupper((unsigned char) *at);
	return capitals;
}

const char *
FindOverlap(const NumberFormat *format)
{
	char	   *prefix = InCapitals(format->prefix, (size_t) format->prefix_length);
	const char *overlap = NULL;
	uint64		count = ReadLatest(&read_neighbours, (NullableDatum[]) {
			Int4Argument(FormatNumberLength(format)),
			DatumArgument(Beginnings(prefix, format->prefix_length)), TextArgument(prefix)});

	for (uint64 i = 0; i < count && overlap == NULL; i++)
	{
		Series	   *series = ResultSeries(i, CurrentMemoryContext);

		if (FormatsOverlap(&series->format, format))
			overlap = series->code;
		else
			pfree(series);
	}
	return overlap;
}

bool
ReadSeriesOfCode(const char *code)
{
	return ReadLatest(&read_series, (NullableDatum[]) {TextArgument(code)}) > 0;
}

uint64
ReadSeriesOfLength(size_t length)
{
	return ReadLatest(&read_of_length, (NullableDatum[]) {Int4Argument((int) length)});
}

uint64
ReadSeriesOfNumber(const char *number, size_t length)
{
	char	   *capitals = InCapitals(number, length);

	return ReadLatest(&read_candidates, (NullableDatum[]) {
			Int4Argument((int) length),
			DatumArgument(Beginnings(capitals, Min((int) length, AFFIX_MAX_LENGTH))),
			TextArgument(capitals)});
}
