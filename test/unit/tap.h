/*
 * Test Anything Protocol for the unit tests, which are run from the top of
 * the source tree.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static int	tap_count;
static int	tap_failures;
static uint64_t tap_seed = UINT64_C(0x9E3779B97F4A7C15);

/* One test; its name is a printf format. */
__attribute__((format(printf, 2, 3)))
static inline void
Ok(bool passed, const char *name, ...)
{
	va_list		arguments;

	printf("%s %d - ", passed ? "ok" : "not ok", ++tap_count);
	va_start(arguments, name);
	vprintf(name, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
	tap_failures += !passed;
}

/* A remark on a failure, to be followed by Ok(false, ...). */
__attribute__((format(printf, 1, 2)))
static inline void
Note(const char *remark, ...)
{
	va_list		arguments;

	printf("# ");
	va_start(arguments, remark);
	vprintf(remark, arguments);
	va_end(arguments);
	putchar('\n');
}

static inline int
DoneTesting(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* xorshift64*, the same sequence in every run. */
static inline uint64_t
Random(void)
{
	tap_seed ^= tap_seed >> 12;
	tap_seed ^= tap_seed << 25;
	tap_seed ^= tap_seed >> 27;
	return tap_seed * UINT64_C(0x2545F4914F6CDD1D);
}

static inline FILE *
OpenData(const char *path)
{
	FILE	   *file = fopen(path, "r");

	if (file == NULL)
	{
		printf("Bail out! can't open %s\n", path);
		exit(EXIT_FAILURE);
	}
	return file;
}

#endif
