/*
 * The list of a batch, as it was downloaded.
 */
#ifndef BACKEND_DOWNLOAD_H
#define BACKEND_DOWNLOAD_H

#include "backend/operations.h"

extern void CheckList(const char *text, int id, int count);
extern Outcome Download(Worker *worker, int id, int count);

#endif
