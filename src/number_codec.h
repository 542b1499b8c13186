/*
 * Ordinal to card number and back: a number format and a series' key.
 *
 * Ordinal n of a sequential series is written as offset + n; of a random
 * series as the FF1 encryption of n. Where the format has fewer than
 * FF1_MIN_STRINGS numbers, that is repeated until the result is one of them
 * (cycle walking): up to FF1_MIN_STRINGS times, for the smallest formats.
 */
#ifndef CARDGEN_NUMBER_CODEC_H
#define CARDGEN_NUMBER_CODEC_H

#include "ff1.h"
#include "number_format.h"

#define SERIES_KEY_LENGTH 32

typedef struct NumberCodec
{
	NumberFormat format;
	int64_t		capacity;
	unsigned	prefix_sum;		/* the prefix's share of the check digit's sum */
	uint8_t		numeral_of[256];	/* by character of the alphabet */
	Ff1			permutation;	/* of a random series */
} NumberCodec;

/* False where libcrypto refuses; CodecClear is safe either way. */
extern bool CodecInit(NumberCodec *codec, const NumberFormat *format,
					  const uint8_t key[SERIES_KEY_LENGTH]);
extern void CodecClear(NumberCodec *codec);

/*
 * The numbers of count ordinals, all below the capacity; number i starts at
 * numbers + i * stride and has no terminator. False where libcrypto refuses.
 */
extern bool CodecEncode(const NumberCodec *codec, const int64_t *ordinals,
						size_t count, char *numbers, size_t stride);

/*
 * The ordinal of a number that FormatMatch has accepted; -1 where the number
 * lies below the offset or beyond the capacity; -2 where libcrypto refuses.
 */
#define ORDINAL_NONE	INT64_C(-1)
#define ORDINAL_FAILED	INT64_C(-2)

extern int64_t CodecDecode(const NumberCodec *codec, const char *number);

/* The same of many, which costs less; false where libcrypto refuses. */
extern bool CodecDecodeEach(const NumberCodec *codec, const char *const *numbers, size_t count,
							int64_t *ordinals);

#endif
