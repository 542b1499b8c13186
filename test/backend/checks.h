/*
 * What is checked at the end.
 */
#ifndef BACKEND_CHECKS_H
#define BACKEND_CHECKS_H

#include "backend/worker.h"

extern void CheckCalls(const Worker *workers, int count);
extern void CheckBatches(PGconn *connection);
extern void CheckCards(PGconn *connection);
extern void CheckLog(PGconn *connection);
extern void CheckLimits(PGconn *connection);

#endif
