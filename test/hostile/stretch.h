/*
 * Stretches of calls: of those that are committed, and of those that are
 * rolled back and must leave nothing.
 */
#ifndef HOSTILE_STRETCH_H
#define HOSTILE_STRETCH_H

#include <stdbool.h>

extern void RunStretch(bool rolls_back, long call_count);
extern void CheckStretches(void);

#endif
