/*
 * What calls ended with: which errors may come, and which must.
 */
#ifndef HOSTILE_JUDGE_H
#define HOSTILE_JUDGE_H

#include "hostile/value.h"
#include "hostile/world.h"

#define MAX_REMARKS		10

extern long call_number;

/* Clears the result, and returns whether it is a success. */
extern bool Judge(PGresult *result, const Function *function, int count, const Value *values);
extern void CountWarning(void *argument, const PGresult *result);

extern void CheckJudgements(void);
extern bool IsCovered(void);
extern void CheckCoverage(void);
extern void PrintTally(void);

#endif
