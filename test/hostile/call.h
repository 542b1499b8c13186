/*
 * One call of a function, with values that are made for it.
 */
#ifndef HOSTILE_CALL_H
#define HOSTILE_CALL_H

#include "hostile/value.h"
#include "hostile/world.h"

extern PGresult *Send(const char *sql, const Function *function, int count, const Value *values);
extern bool CallFunction(Function *function);
extern void CallThroughCursor(Function *function);

#endif
