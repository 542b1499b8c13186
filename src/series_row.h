/*
 * The table series: its rows by code, by a number and by a format.
 */
#ifndef CARDGEN_SERIES_ROW_H
#define CARDGEN_SERIES_ROW_H

#include "postgres.h"

#include "number_codec.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

/* Of the longest code, with the end of the string. */
#define SERIES_CODE_SIZE 51

typedef struct Series
{
	const char *code;
	const char *name;
	pg_uuid_t	incarnation;
	bool		is_imported;	/* no format, capacity or codec */
	bool		is_physical;
	bool		is_active;
	NumberFormat format;
	int64		capacity;
	int			max_active_cards;
	int			card_expiry_days;	/* 0: cards do not expire */
	const Interval *batch_retention;	/* NULL: by the setting */
	const Interval *stock_retention;	/* NULL: by the card type */
	NumberCodec *codec;			/* NULL until SeriesCodec() */
	struct Series *next_of_shape;
} Series;

/* A format from checked parts, enum values by their names. */
extern void BuildFormat(NumberFormat *format, const char *prefix, const char *suffix,
						const char *alphabet, const char *method, const char *check_digit,
						int length, int64 offset);

/*
 * All within OpenQueries(), in the newest snapshot. The rows are in
 * SPI_tuptable: that of a code, those with numbers of a length, or those that
 * a number could be of.
 */
extern bool ReadSeriesOfCode(const char *code);
extern uint64 ReadSeriesOfLength(size_t length);
extern uint64 ReadSeriesOfNumber(const char *number, size_t length);
extern Series *ResultSeries(uint64 row, MemoryContext context);

/* The code of a series whose numbers would overlap a format's, or NULL. */
extern const char *FindOverlap(const NumberFormat *format);

extern char *InCapitals(const char *text, size_t length);

#endif
