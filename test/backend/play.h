/*
 * The play: each connection, in a thread of its own, makes calls until the
 * time is over.
 */
#ifndef BACKEND_PLAY_H
#define BACKEND_PLAY_H

#include "backend/worker.h"

extern void PlayAlone(Worker *workers, int count, double seconds);
extern void PlayMixed(Worker *workers, int count, double seconds);

#endif
