/*
 * The functions to call, as the catalogs describe them.
 */
#ifndef HOSTILE_CATALOG_H
#define HOSTILE_CATALOG_H

#include "hostile/world.h"

extern void ReadFunctions(void);

#endif
