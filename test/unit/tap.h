/*
 * Test Anything Protocol for the unit tests, which are run from the top of
 * the source tree, and for the libpq programs; and repeatable random numbers.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

extern int	tap_count;
extern int	tap_failures;
extern uint64_t tap_seed;

/* One test; its name is a printf format. */
extern void Ok(bool passed, const char *name, ...) __attribute__((format(printf, 2, 3)));

/* A remark on a failure, to be followed by Ok(false, ...). */
extern void Note(const char *remark, ...) __attribute__((format(printf, 1, 2)));

extern int	DoneTesting(void);
extern uint64_t Random(void);
extern uint64_t NextRandom(uint64_t *seed);
extern FILE *OpenData(const char *path);

/* Up to the first character that is no hexadecimal digit; the number of bytes. */
extern size_t FromHex(const char *hex, uint8_t *bytes);

#endif
