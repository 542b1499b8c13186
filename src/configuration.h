/*
 * The series and status labels, kept in the memory of each backend.
 *
 * Labels are read at once, a series when it is first needed: by its code, or
 * for a number that could be one of its own. All is read again when a row of
 * their tables has changed, in this backend or another. What a function has in
 * use stays as it was until its memory context goes.
 */
#ifndef CARDGEN_CONFIGURATION_H
#define CARDGEN_CONFIGURATION_H

#include "postgres.h"

#include "refusal.h"
#include "series_row.h"

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

static inline bool
IsFinal(CardStatus status)
{
	return status == STATUS_EXPIRED || status == STATUS_DELETED;
}

typedef struct StatusLabel
{
	const char *label;
	CardStatus	status;
} StatusLabel;

typedef struct Configuration Configuration;

/* The configuration of now, there until CurrentMemoryContext is reset. */
extern Configuration *UseConfiguration(void);

/* These report an unknown code or label. */
extern Series *RequireSeries(Configuration *configuration, const char *code);
extern const StatusLabel *RequireLabel(Configuration *configuration, const char *label);

/* These a status without a label as well. Label NULL: the default one of the status. */
extern const StatusLabel *DefaultLabel(Configuration *configuration, CardStatus status);
extern const StatusLabel *LabelOrDefault(Configuration *configuration, const char *label, CardStatus status);

extern Series *FindSeries(Configuration *configuration, const char *code);
extern const StatusLabel *FindLabel(Configuration *configuration, const char *label);

/*
 * A series can be dropped and created again under its code: is the one in
 * memory the one that a row is of? Rows can be seen before the message that
 * the configuration has changed comes; CurrentSeries() reads it again then.
 */
extern bool IsOfSeries(const Series *series, const pg_uuid_t *incarnation);
extern Series *CurrentSeries(Configuration **configuration, const char *code,
							 const pg_uuid_t *incarnation);
extern void RereadConfiguration(Configuration **configuration);

/* Can its cards be issued? Can it generate numbers? */
extern Refusal *CheckActive(const Series *series);
extern Refusal *CheckGenerates(const Series *series);

/*
 * The series that a text could be a number of, and that number as printed;
 * series is NULL where no format fits.
 */
extern NumberMatch MatchNumber(Configuration *configuration, const char *text, size_t length,
							   Series **series, char *number);

/* Reads the series with numbers of a length, once: for whoever looks for many of them. */
extern void LearnSeriesOfLength(Configuration *configuration, size_t length);

/* Are there series whose numbers have no format? */
extern bool HasImportedSeries(const Configuration *configuration);

/* Within OpenQueries(): reads the key of the series the first time. */
extern const NumberCodec *SeriesCodec(Series *series);

extern const char *StatusName(CardStatus status);
extern CardStatus StatusByName(const char *name);

#endif
