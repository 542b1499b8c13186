/*
 * The secret keys of the series: stored as they are, or wrapped where
 * cardgen.key_command is set.
 */
#ifndef CARDGEN_SERIES_KEY_H
#define CARDGEN_SERIES_KEY_H

#include "postgres.h"

#include "number_codec.h"
#include "utils/uuid.h"

/*
 * Fills in the key of a series, to be wiped by the caller. Reports (55000) one
 * that is missing or can't be unwrapped. Within OpenQueries().
 */
extern void ReadSeriesKey(const char *series_code, const pg_uuid_t *incarnation,
						  uint8 key[SERIES_KEY_LENGTH]);

/* Runs the command now where CreateSeriesKey() would have to, so that no lock is held meanwhile. */
extern void PrepareSeriesKey(void);

/* Stores a new random key. Within OpenQueries(). */
extern void CreateSeriesKey(const char *series_code, const pg_uuid_t *incarnation);

#endif
