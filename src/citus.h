/*
 * Citus: are the tables spread over several machines, and is this the one
 * that answers for them?
 */
#ifndef CARDGEN_CITUS_H
#define CARDGEN_CITUS_H

#include "postgres.h"

/* Is the table one of Citus, its rows elsewhere? */
extern bool IsDistributed(Oid relation);

/* Refuses to work on a machine that only keeps rows for a coordinator. */
extern void RequireCoordinator(void);

#endif
