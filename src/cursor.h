/*
 * Cursors whose rows are numbers that can be rolled back.
 */
#ifndef CARDGEN_CURSOR_H
#define CARDGEN_CURSOR_H

#include "postgres.h"

/* Makes the cursor that is being read fail if what has been generated is rolled back. */
extern void TieCursorToTransaction(void);

#endif
