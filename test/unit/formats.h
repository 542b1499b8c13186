/* Number formats for the unit tests, in one line each. */
#ifndef FORMATS_H
#define FORMATS_H

#include <string.h>

#include "number_format.h"

#define DIGITS	"0123456789"

static inline NumberFormat
MakeFormat(const char *prefix, const char *alphabet, int length,
		   CheckDigitMethod check_digit, const char *suffix,
		   NumberMethod method, int64_t offset)
{
	NumberFormat format = {
		.method = method,
		.check_digit = check_digit,
		.length = length,
		.prefix_length = (int) strlen(prefix),
		.suffix_length = (int) strlen(suffix),
		.radix = (int) strlen(alphabet),
		.offset = offset,
	};

	memcpy(format.prefix, prefix, strlen(prefix) + 1);
	memcpy(format.suffix, suffix, strlen(suffix) + 1);
	memcpy(format.alphabet, alphabet, strlen(alphabet) + 1);
	return format;
}

#endif
