/*
 * Generation of a batch, for whoever asks for one.
 */
#ifndef CARDGEN_GENERATE_H
#define CARDGEN_GENERATE_H

#include "request.h"

/* A batch that was generated for the request before is returned as it is. Within OpenQueries(). */
extern void Generate(const Request *request, Batch *batch);

#endif
