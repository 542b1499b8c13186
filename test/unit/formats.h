/* Number formats for the unit tests, in one line each. */
#ifndef FORMATS_H
#define FORMATS_H

#include <stdlib.h>
#include <string.h>

#include "number_codec.h"

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

/* The numbers of every step-th ordinal. */
static inline bool
EncodeEvery(const NumberCodec *codec, int64_t first, int64_t step, size_t count, char *numbers, size_t stride)
{
	int64_t	   *ordinals = malloc(count * sizeof(int64_t));
	bool		is_done;

	for (size_t i = 0; i < count; i++)
		ordinals[i] = first + (int64_t) i * step;
	is_done = CodecEncode(codec, ordinals, count, numbers, stride);
	free(ordinals);
	return is_done;
}

/* The text in a block of its own, so that reading past it is seen. */
static inline NumberMatch
Match(const NumberFormat *format, const void *text, size_t length, char *canonical)
{
	char	   *copy = malloc(length > 0 ? length : 1);
	NumberMatch match;

	memcpy(copy, text, length);
	match = FormatMatch(format, copy, length, canonical);
	free(copy);
	return match;
}

#endif
