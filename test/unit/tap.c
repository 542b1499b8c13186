/*
 * Test Anything Protocol, and repeatable random numbers.
 */
#include "tap.h"

int			tap_count;
int			tap_failures;
uint64_t	tap_seed = UINT64_C(0x9E3779B97F4A7C15);

void
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

void
Note(const char *remark, ...)
{
	va_list		arguments;

	printf("# ");
	va_start(arguments, remark);
	vprintf(remark, arguments);
	va_end(arguments);
	putchar('\n');
}

int
DoneTesting(void)
{
	printf("1..%d\n", tap_count);
	return tap_failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The same sequence in every run. */
uint64_t
Random(void)
{
	return NextRandom(&tap_seed);
}

/* xorshift64* */
uint64_t
NextRandom(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(0x2545F4914F6CDD1D);
}

FILE *
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

size_t
FromHex(const char *hex, uint8_t *bytes)
{
	size_t		length = 0;
	unsigned	byte;

	while (sscanf(hex + 2 * length, "%2x", &byte) == 1)
		bytes[length++] = (uint8_t) byte;
	return length;
}
