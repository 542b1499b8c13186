/*
 * Ordinal to card number and back.
 */
#include "number_codec.h"

#include <string.h>

/* Left and right halves of many numbers, as FF1 takes them. */
typedef struct Halves
{
	uint64_t	left[FF1_LOCKSTEP];
	uint64_t	right[FF1_LOCKSTEP];
} Halves;

typedef bool (*Permute) (const Ff1 *, uint64_t *, uint64_t *, size_t);

/*
 * A format with fewer than FF1_MIN_STRINGS numbers is walked into exactly as
 * many values, whatever its alphabet: powers of other radixes lie up to 28
 * times as high, and so much longer would the walks be.
 */
#define WALKED_RADIX	10
#define WALKED_NUMERALS	6

static bool
IsWalked(const NumberCodec *codec)
{
	return codec->capacity < FF1_MIN_STRINGS;
}

bool
CodecInit(NumberCodec *codec, const NumberFormat *format,
		  const uint8_t key[SERIES_KEY_LENGTH])
{
	memset(codec, 0, sizeof(*codec));
	codec->format = *format;
	codec->capacity = FormatCapacity(format);
	codec->prefix_sum = CheckDigitSum(format->check_digit, format->prefix,
									  (size_t) format->prefix_length,
									  (size_t) FormatNumeralCount(format));
	for (int i = 0; i < format->radix; i++)
		codec->numeral_of[(unsigned char) format->alphabet[i]] = (uint8_t) i;

	return format->method != METHOD_RANDOM ||
		Ff1Init(&codec->permutation, key, SERIES_KEY_LENGTH, NULL, 0,
				IsWalked(codec) ? WALKED_RADIX : (unsigned) format->radix,
				IsWalked(codec) ? WALKED_NUMERALS : (unsigned) FormatNumeralCount(format));
}

void
CodecClear(NumberCodec *codec)
{
	Ff1Clear(&codec->permutation);
}

/*
 * Permutes at most FF1_LOCKSTEP values of the format, side by side, each until
 * it is one of the format again. The walks end: each is on a cycle that it
 * entered from such a value. No two share a value on the way, so together they
 * have at most FF1_MIN_STRINGS steps.
 */
static bool
Walk(const NumberCodec *codec, Permute permute, uint64_t *values, size_t count)
{
	const Ff1  *ff1 = &codec->permutation;
	uint64_t	modulus = ff1->right_modulus.value;
	Halves		walking;
	uint16_t	place[FF1_LOCKSTEP];

	for (size_t i = 0; i < count; i++)
	{
		walking.left[i] = values[i] / modulus;
		walking.right[i] = values[i] % modulus;
		place[i] = (uint16_t) i;
	}

	while (count > 0)
	{
		size_t		still_walking = 0;

		if (!permute(ff1, walking.left, walking.right, count))
			return false;
		for (size_t i = 0; i < count; i++)
		{
			uint64_t	value = walking.left[i] * modulus + walking.right[i];

			if (value < (uint64_t) codec->capacity)
			{
				values[place[i]] = value;
				continue;
			}
			walking.left[still_walking] = walking.left[i];
			walking.right[still_walking] = walking.right[i];
			place[still_walking++] = place[i];
		}
		count = still_walking;
	}
	return true;
}

/* Inlined with the radix constant where that is worth it. */
static inline void
WriteNumerals(const NumberCodec *codec, char *text, unsigned count,
			  uint64_t value, unsigned radix)
{
	while (count > 0)
	{
		text[--count] = codec->format.alphabet[value % radix];
		value /= radix;
	}
}

static unsigned
GeneratedSum(const NumberCodec *codec, const char *generated)
{
	return CheckDigitSum(codec->format.check_digit, generated,
						 (size_t) FormatNumeralCount(&codec->format), 0);
}

/* Everything but the numerals, which stand there already. */
static inline void
WriteAround(const NumberCodec *codec, char *number, unsigned generated_sum)
{
	const NumberFormat *format = &codec->format;
	char	   *generated = number + format->prefix_length;

	if (format->prefix_length > 0)
		memcpy(number, format->prefix, (size_t) format->prefix_length);
	if (format->suffix_length > 0)
		memcpy(generated + format->length, format->suffix, (size_t) format->suffix_length);
	if (format->check_digit != CHECK_DIGIT_NONE)
		generated[format->length - 1] =
			CheckDigitOfSum(format->check_digit, codec->prefix_sum + generated_sum);
}

/* Numbers from halves, the right one of right_count numerals. */
static inline void
WriteNumbers(const NumberCodec *codec, const Halves *halves, size_t count,
			 unsigned right_count, char *numbers, size_t stride, unsigned radix)
{
	unsigned	left_count = (unsigned) FormatNumeralCount(&codec->format) - right_count;

	for (size_t i = 0; i < count; i++)
	{
		char	   *number = numbers + i * stride;
		char	   *generated = number + codec->format.prefix_length;

		WriteNumerals(codec, generated, left_count, halves->left[i], radix);
		WriteNumerals(codec, generated + left_count, right_count, halves->right[i], radix);
		WriteAround(codec, number, GeneratedSum(codec, generated));
	}
}

#define EACH_BYTE(value) (UINT64_C(0x0101010101010101) * (value))

/*
 * The eight digits of a value, a byte each, the last one lowest. Both halves,
 * then all quarters are divided at once, by multiplying with 1/100 and 1/10 as
 * 10486/2^20 and 103/2^10, which are near enough.
 */
static inline uint64_t
EightDigits(uint64_t value)
{
	uint64_t	digits = value / 10000 << 32 | value % 10000;
	uint64_t	quotients = digits * 10486 >> 20 & UINT64_C(0x0000007f0000007f);

	digits += quotients * ((1 << 16) - 100);
	quotients = digits * 103 >> 10 & UINT64_C(0x000f000f000f000f);
	return digits + quotients * ((1 << 8) - 10);
}

/* CheckDigitSum() of them, Luhn's or GS1's, the last one being next to the check digit. */
static inline unsigned
EightDigitsSum(uint64_t digits, bool is_luhn)
{
	uint64_t	weighted = digits & UINT64_C(0x00ff00ff00ff00ff);
	uint64_t	above_four = (weighted + EACH_BYTE(3)) >> 3 & EACH_BYTE(1);
	uint64_t	more = is_luhn ? weighted - above_four * 9 : weighted * 2;

	return (unsigned) ((digits + more) * EACH_BYTE(1) >> 56);
}

/* Spelled out, because compilers make one instruction of it then. */
static inline void
WriteBytes(char *text, uint64_t bytes)
{
	text[0] = (char) (bytes >> 56);
	text[1] = (char) (bytes >> 48);
	text[2] = (char) (bytes >> 40);
	text[3] = (char) (bytes >> 32);
	text[4] = (char) (bytes >> 24);
	text[5] = (char) (bytes >> 16);
	text[6] = (char) (bytes >> 8);
	text[7] = (char) bytes;
}

static bool
HasEightDigits(const NumberCodec *codec, unsigned right_count)
{
	return right_count == 8 && FormatNumeralCount(&codec->format) >= 15 &&
		FormatIsDecimal(&codec->format);
}

/*
 * WriteNumbers for halves of eight digits, or seven and eight: the usual card
 * number of sixteen. What is written behind a left half of seven is written
 * over by the right one.
 */
static void
WriteEightDigits(const NumberCodec *codec, const Halves *halves, size_t count,
				 char *numbers, size_t stride)
{
	unsigned	left_count = (unsigned) FormatNumeralCount(&codec->format) - 8;
	bool		is_luhn = codec->format.check_digit == CHECK_DIGIT_LUHN;
	bool		is_alternating = is_luhn || codec->format.check_digit == CHECK_DIGIT_GS1;

	for (size_t i = 0; i < count; i++)
	{
		char	   *number = numbers + i * stride;
		char	   *generated = number + codec->format.prefix_length;
		uint64_t	left = EightDigits(halves->left[i]);
		uint64_t	right = EightDigits(halves->right[i]);

		WriteBytes(generated, (left + EACH_BYTE('0')) << (8 - left_count) * 8);
		WriteBytes(generated + left_count, right + EACH_BYTE('0'));
		WriteAround(codec, number, is_alternating ?
					EightDigitsSum(left, is_luhn) + EightDigitsSum(right, is_luhn) :
					GeneratedSum(codec, generated));
	}
}

/* As one value, in the right half. */
static bool
EncodeWalked(const NumberCodec *codec, const int64_t *ordinals, Halves *halves, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		halves->left[i] = 0;
		halves->right[i] = (uint64_t) ordinals[i];
	}
	return Walk(codec, Ff1EncryptHalves, halves->right, count);
}

/* Most ordinals follow each other, which saves the divisions. */
static bool
EncodeRandom(const NumberCodec *codec, const int64_t *ordinals, Halves *halves, size_t count)
{
	const Ff1  *ff1 = &codec->permutation;
	uint64_t	modulus = ff1->right_modulus.value;
	uint64_t	left = 0;
	uint64_t	right = 0;

	for (size_t i = 0; i < count; i++)
	{
		right++;
		if (i == 0 || ordinals[i] != ordinals[i - 1] + 1 || right == modulus)
		{
			left = (uint64_t) ordinals[i] / modulus;
			right = (uint64_t) ordinals[i] % modulus;
		}
		halves->left[i] = left;
		halves->right[i] = right;
	}
	return Ff1EncryptHalves(ff1, halves->left, halves->right, count);
}

/* Numbers too long for halves of 64 bits. */
static bool
EncodeLong(const NumberCodec *codec, const int64_t *ordinals, size_t count,
		   char *numbers, size_t stride)
{
	unsigned	numeral_count = codec->permutation.numeral_count;

	for (size_t i = 0; i < count; i++)
	{
		char	   *number = numbers + i * stride;
		uint8_t		numerals[FF1_MAX_NUMERALS];
		uint64_t	value = (uint64_t) ordinals[i];

		for (unsigned k = numeral_count; k-- > 0;)
		{
			numerals[k] = (uint8_t) (value % codec->permutation.radix);
			value /= codec->permutation.radix;
		}
		if (!Ff1Encrypt(&codec->permutation, numerals))
			return false;
		for (unsigned k = 0; k < numeral_count; k++)
			number[(unsigned) codec->format.prefix_length + k] =
				codec->format.alphabet[numerals[k]];
		WriteAround(codec, number,
					GeneratedSum(codec, number + codec->format.prefix_length));
	}
	return true;
}

bool
CodecEncode(const NumberCodec *codec, const int64_t *ordinals, size_t count,
			char *numbers, size_t stride)
{
	const NumberFormat *format = &codec->format;
	bool		random = format->method == METHOD_RANDOM;
	unsigned	right_count = (unsigned) FormatNumeralCount(format);
	Halves		halves;
	size_t		chunk;

	if (random && !Ff1HasHalves(&codec->permutation))
		return EncodeLong(codec, ordinals, count, numbers, stride);
	if (random && !IsWalked(codec))
		right_count = codec->permutation.right_count;

	for (; count > 0; count -= chunk)
	{
		chunk = count < FF1_LOCKSTEP ? count : FF1_LOCKSTEP;
		if (random)
		{
			if (IsWalked(codec) ? !EncodeWalked(codec, ordinals, &halves, chunk) :
				!EncodeRandom(codec, ordinals, &halves, chunk))
				return false;
		}
		else
		{
			for (size_t i = 0; i < chunk; i++)
			{
				halves.left[i] = 0;
				halves.right[i] = (uint64_t) format->offset + (uint64_t) ordinals[i];
			}
		}

		if (HasEightDigits(codec, right_count))
			WriteEightDigits(codec, &halves, chunk, numbers, stride);
		else if (format->radix == 10)
			WriteNumbers(codec, &halves, chunk, right_count, numbers, stride, 10);
		else
			WriteNumbers(codec, &halves, chunk, right_count, numbers, stride,
						 (unsigned) format->radix);
		ordinals += chunk;
		numbers += chunk * stride;
	}
	return true;
}

/* The value of some numerals; false where it exceeds 64 bits. */
static bool
ReadNumerals(const NumberCodec *codec, const char *text, unsigned count, uint64_t *value)
{
	unsigned	radix = (unsigned) codec->format.radix;

	*value = 0;
	for (unsigned i = 0; i < count; i++)
	{
		uint8_t		numeral = codec->numeral_of[(unsigned char) text[i]];

		if (*value > (UINT64_MAX - numeral) / radix)
			return false;
		*value = *value * radix + numeral;
	}
	return true;
}

static int64_t
DecodeSequential(const NumberCodec *codec, const char *generated)
{
	uint64_t	offset = (uint64_t) codec->format.offset;
	uint64_t	value;

	if (!ReadNumerals(codec, generated, (unsigned) FormatNumeralCount(&codec->format),
					  &value) ||
		value < offset || value - offset >= (uint64_t) codec->capacity)
		return ORDINAL_NONE;
	return (int64_t) (value - offset);
}

static int64_t
DecodeWalked(const NumberCodec *codec, const char *generated)
{
	uint64_t	value;

	ReadNumerals(codec, generated, (unsigned) FormatNumeralCount(&codec->format), &value);
	return Walk(codec, Ff1DecryptHalves, &value, 1) ? (int64_t) value : ORDINAL_FAILED;
}

/* At most FF1_LOCKSTEP, side by side. */
static bool
DecodeRandom(const NumberCodec *codec, const char *const *numbers, size_t count, int64_t *ordinals)
{
	const Ff1  *ff1 = &codec->permutation;
	uint64_t	modulus = ff1->right_modulus.value;
	Halves		halves;

	for (size_t i = 0; i < count; i++)
	{
		const char *generated = numbers[i] + codec->format.prefix_length;

		ReadNumerals(codec, generated, ff1->left_count, &halves.left[i]);
		ReadNumerals(codec, generated + ff1->left_count, ff1->right_count, &halves.right[i]);
	}
	if (!Ff1DecryptHalves(ff1, halves.left, halves.right, count))
		return false;
	for (size_t i = 0; i < count; i++)
	{
		uint64_t	left = halves.left[i];
		uint64_t	right = halves.right[i];

		ordinals[i] = left > (UINT64_MAX - right) / modulus || left * modulus + right >= (uint64_t) codec->capacity ?
			ORDINAL_NONE : (int64_t) (left * modulus + right);
	}
	return true;
}

static int64_t
DecodeLong(const NumberCodec *codec, const char *generated)
{
	const Ff1  *ff1 = &codec->permutation;
	uint8_t		numerals[FF1_MAX_NUMERALS];
	uint64_t	capacity = (uint64_t) codec->capacity;
	uint64_t	value = 0;

	for (unsigned i = 0; i < ff1->numeral_count; i++)
		numerals[i] = codec->numeral_of[(unsigned char) generated[i]];
	if (!Ff1Decrypt(ff1, numerals))
		return ORDINAL_FAILED;

	for (unsigned i = 0; i < ff1->numeral_count; i++)
	{
		if (value > (capacity - 1 - numerals[i]) / ff1->radix)
			return ORDINAL_NONE;
		value = value * ff1->radix + numerals[i];
	}
	return (int64_t) value;
}

/* All but a random series' whose halves are decrypted side by side. */
static int64_t
DecodeAlone(const NumberCodec *codec, const char *number)
{
	const char *generated = number + codec->format.prefix_length;

	return codec->format.method != METHOD_RANDOM ? DecodeSequential(codec, generated) :
		IsWalked(codec) ? DecodeWalked(codec, generated) : DecodeLong(codec, generated);
}

bool
CodecDecodeEach(const NumberCodec *codec, const char *const *numbers, size_t count, int64_t *ordinals)
{
	bool		is_side_by_side = codec->format.method == METHOD_RANDOM && !IsWalked(codec) &&
		Ff1HasHalves(&codec->permutation);
	size_t		chunk = 1;

	for (; count > 0; count -= chunk)
	{
		if (is_side_by_side)
		{
			chunk = count < FF1_LOCKSTEP ? count : FF1_LOCKSTEP;
			if (!DecodeRandom(codec, numbers, chunk, ordinals))
				return false;
		}
		else
		{
			*ordinals = DecodeAlone(codec, *numbers);
			if (*ordinals == ORDINAL_FAILED)
				return false;
		}
		numbers += chunk;
		ordinals += chunk;
	}
	return true;
}

int64_t
CodecDecode(const NumberCodec *codec, const char *number)
{
	int64_t		ordinal;

	return CodecDecodeEach(codec, &number, 1, &ordinal) ? ordinal : ORDINAL_FAILED;
}
