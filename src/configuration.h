/*
 * The series and status labels, kept in the memory of each backend.
 *
 * They are read again when a row of their tables has changed, in this backend
 * or another. What a function has in use stays as it was until its memory
 * context goes.
 */
#ifndef CARDGEN_CONFIGURATION_H
#define CARDGEN_CONFIGURATION_H

#include "postgres.h"

#include "compat.h"
#include "number_codec.h"
#include "utils/timestamp.h"

/* In the order of the type cardgen.card_status. */
typedef enum CardStatus
{
	STATUS_NOT_ISSUED,
	STATUS_ISSUED,
	STATUS_ACTIVE,
	STATUS_SUSPENDED,
	STATUS_EXPIRED,
	STATUS_DELETED
} CardStatus;

#define STATUS_COUNT (STATUS_DELETED + 1)

typedef struct StatusLabel
{
	const char *label;
	CardStatus	status;
} StatusLabel;

typedef struct Series
{
	const char *code;
	const char *name;
	NumberFormat format;
	int64		capacity;
	int			max_active_cards;
	int			card_expiry_days;	/* 0: cards do not expire */
	const Interval *batch_retention;	/* NULL: by the setting */
	bool		is_active;
	NumberCodec *codec;			/* NULL until SeriesCodec() */
} Series;

typedef struct Configuration Configuration;

/* The configuration of now, there until CurrentMemoryContext is reset. */
extern Configuration *UseConfiguration(void);

/* These report an unknown code or label. */
extern Series *RequireSeries(Configuration *configuration, const char *code);
extern const StatusLabel *RequireLabel(Configuration *configuration, const char *label);

extern void RequireActive(const Series *series);
pg_noreturn extern void ReportUnknownSeries(const char *code);

extern Series *FindSeries(Configuration *configuration, const char *code);
extern const StatusLabel *FindLabel(Configuration *configuration, const char *label);
extern const StatusLabel *DefaultLabel(Configuration *configuration, CardStatus status);

/* The series whose numbers would overlap a format's, or NULL. */
extern const Series *FindOverlap(Configuration *configuration, const NumberFormat *format);

/*
 * The series that a text could be a number of, and that number as printed;
 * series is NULL where no format fits.
 */
extern NumberMatch MatchNumber(Configuration *configuration, const char *text, size_t length,
							   Series **series, char *number);

/* A format from checked parts, enum values by their names. */
extern void BuildFormat(NumberFormat *format, const char *prefix, const char *suffix,
						const char *alphabet, const char *method, const char *check_digit,
						int length, int64 offset);

/* Within OpenQueries(): reads the key of the series the first time. */
extern const NumberCodec *SeriesCodec(Configuration *configuration, Series *series);

extern const char *StatusName(CardStatus status);
extern CardStatus StatusByName(const char *name);

#endif
