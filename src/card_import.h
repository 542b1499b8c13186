/*
 * Cards that another system has generated, taken in.
 */
#ifndef CARDGEN_CARD_IMPORT_H
#define CARDGEN_CARD_IMPORT_H

#include "postgres.h"

#include "number_format.h"

/* Within OpenQueries(): reports a format that imported numbers have. */
extern void RequireNotImported(const char *series_code, const NumberFormat *format);

#endif
