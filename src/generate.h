/*
 * Generation of a batch, for whoever asks for one.
 */
#ifndef CARDGEN_GENERATE_H
#define CARDGEN_GENERATE_H

#include "request.h"

/* False where it is returned as it was generated for the request before. Within OpenQueries(). */
extern bool Generate(const Request *request, Batch *batch);

#endif
