/*
 * A libFuzzer target: any format, any ordinal, any text. A text that matches
 * must decode to an ordinal that encodes to it, or to none; an ordinal must
 * encode to a text that matches and decodes to it.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -Isrc test/unit/fuzz_codec.c \
 *		src/ff1.c src/check_digit.c src/number_format.c src/number_codec.c -lcrypto -o fuzz_codec
 */
#include <stdlib.h>
#include <string.h>

#include "formats.h"

#define MAX_COUNT	3

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct Input
{
	const uint8_t *data;
	size_t		size;
} Input;

static void
Require(bool condition)
{
	if (!condition)
		abort();
}

static uint8_t
TakeByte(Input *input)
{
	if (input->size == 0)
		return 0;
	input->size--;
	return *input->data++;
}

static uint64_t
TakeWord(Input *input)
{
	uint64_t	word = 0;

	for (int i = 0; i < 8; i++)
		word = word << 8 | TakeByte(input);
	return word;
}

static int
TakeAffix(Input *input, char *affix)
{
	int			length = TakeByte(input) % (AFFIX_MAX_LENGTH + 1);

	for (int i = 0; i < length; i++)
		affix[i] = DIGITS_AND_LETTERS[TakeByte(input) % (sizeof(DIGITS_AND_LETTERS) - 1)];
	return length;
}

static NumberFormat
TakeFormat(Input *input)
{
	NumberFormat format = {0};
	int			room;

	format.method = (NumberMethod) (TakeByte(input) % 2);
	format.check_digit = (CheckDigitMethod) (TakeByte(input) % CHECK_DIGIT_METHODS);
	format.prefix_length = TakeAffix(input, format.prefix);
	format.suffix_length = TakeAffix(input, format.suffix);
	room = NUMBER_MAX_LENGTH - format.prefix_length - format.suffix_length;
	format.length = 1 + TakeByte(input) % room;
	format.offset = (int64_t) (TakeWord(input) >> (1 + TakeByte(input) % 63));

	memcpy(format.alphabet, DIGITS_AND_LETTERS, 10);
	format.radix = 10;
	if (format.check_digit == CHECK_DIGIT_NONE)
	{
		/* Distinct characters, drawn by exchanging. */
		memcpy(format.alphabet, DIGITS_AND_LETTERS, ALPHABET_MAX_LENGTH);
		format.radix = ALPHABET_MIN_LENGTH +
			TakeByte(input) % (ALPHABET_MAX_LENGTH - ALPHABET_MIN_LENGTH + 1);
		for (int i = 0; i < format.radix; i++)
		{
			int			other = i + TakeByte(input) % (ALPHABET_MAX_LENGTH - i);
			char		character = format.alphabet[i];

			format.alphabet[i] = format.alphabet[other];
			format.alphabet[other] = character;
		}
		memset(format.alphabet + format.radix, 0, sizeof(format.alphabet) - (size_t) format.radix);
	}

	/* Walks of more than a thousand steps a number would take all the time. */
	if (format.method == METHOD_RANDOM && FormatCapacity(&format) < FF1_MIN_STRINGS / 1000)
		format.method = METHOD_SEQUENTIAL;
	return format;
}

static void
EncodeAndBack(const NumberCodec *codec, uint64_t word)
{
	const NumberFormat *format = &codec->format;
	size_t		length = (size_t) FormatNumberLength(format);
	int64_t		first = (int64_t) (word % (uint64_t) codec->capacity);
	int64_t		left = codec->capacity - first;
	size_t		count = left < MAX_COUNT ? (size_t) left : MAX_COUNT;
	char	   *numbers = malloc(count * length);

	Require(EncodeEvery(codec, first, 1, count, numbers, length));
	for (size_t i = 0; i < count; i++)
	{
		char		canonical[NUMBER_MAX_LENGTH + 1];

		Require(Match(format, numbers + i * length, length, canonical) == NUMBER_MATCHES);
		Require(memcmp(canonical, numbers + i * length, length) == 0);
		Require(CodecDecode(codec, canonical) == first + (int64_t) i);
		for (size_t k = 0; k < i; k++)
			Require(memcmp(numbers + i * length, numbers + k * length, length) != 0);
	}
	free(numbers);
}

static void
DecodeAndBack(const NumberCodec *codec, const char *canonical)
{
	size_t		length = (size_t) FormatNumberLength(&codec->format);
	int64_t		ordinal = CodecDecode(codec, canonical);
	char		number[NUMBER_MAX_LENGTH];

	Require(ordinal >= ORDINAL_NONE && ordinal < codec->capacity);
	if (ordinal == ORDINAL_NONE)
		return;
	Require(CodecEncode(codec, &ordinal, 1, number, length));
	Require(memcmp(number, canonical, length) == 0);
}

/* Text that is almost a number: the remaining bytes made characters of it. */
static void
MatchAndBack(const NumberCodec *codec, Input input)
{
	const NumberFormat *format = &codec->format;
	int			front = format->prefix_length + FormatNumeralCount(format);
	size_t		length = (size_t) FormatNumberLength(format);
	char		text[NUMBER_MAX_LENGTH];
	char		canonical[NUMBER_MAX_LENGTH + 1];

	memcpy(text, format->prefix, (size_t) format->prefix_length);
	for (int i = format->prefix_length; i < front; i++)
		text[i] = format->alphabet[TakeByte(&input) % format->radix];
	if (format->check_digit != CHECK_DIGIT_NONE)
		text[front] = CheckDigit(format->check_digit, text, (size_t) front);
	memcpy(text + format->prefix_length + format->length, format->suffix,
		   (size_t) format->suffix_length);
	Require(Match(format, text, length, canonical) == NUMBER_MATCHES);
	DecodeAndBack(codec, canonical);

	text[TakeByte(&input) % length] = (char) TakeByte(&input);
	if (Match(format, text, length, canonical) == NUMBER_MATCHES)
		DecodeAndBack(codec, canonical);
}

static void
Permute(Input *input)
{
	uint8_t		key[32],
				tweak[FF1_MAX_TWEAK],
				plain[FF1_MAX_NUMERALS] = {0},
				numerals[FF1_MAX_NUMERALS];
	size_t		key_length = 16 + 8 * (size_t) (TakeByte(input) % 3);
	size_t		tweak_length = TakeByte(input) % (FF1_MAX_TWEAK + 1);
	unsigned	radix = 2 + TakeByte(input) % (FF1_MAX_RADIX - 1);
	unsigned	count = TakeByte(input) % (FF1_MAX_NUMERALS + 2);
	Ff1			ff1;

	for (size_t i = 0; i < key_length; i++)
		key[i] = TakeByte(input);
	for (size_t i = 0; i < tweak_length; i++)
		tweak[i] = TakeByte(input);
	if (Ff1Init(&ff1, key, key_length, tweak, tweak_length, radix, count))
	{
		for (unsigned i = 0; i < count; i++)
			plain[i] = (uint8_t) (TakeByte(input) % radix);
		memcpy(numerals, plain, count);
		Require(Ff1Encrypt(&ff1, numerals));
		for (unsigned i = 0; i < count; i++)
			Require(numerals[i] < radix);
		Require(Ff1Decrypt(&ff1, numerals) && memcmp(numerals, plain, count) == 0);
	}
	Ff1Clear(&ff1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Input		input = {data, size};
	NumberFormat format;
	NumberFormat other;
	NumberCodec codec;
	uint8_t		key[SERIES_KEY_LENGTH];
	char		canonical[NUMBER_MAX_LENGTH + 1];

	if (TakeByte(&input) % 4 == 0)
	{
		Permute(&input);
		return 0;
	}

	format = TakeFormat(&input);
	for (int i = 0; i < SERIES_KEY_LENGTH; i++)
		key[i] = TakeByte(&input);
	Require(CodecInit(&codec, &format, key));
	if (codec.capacity > 0)
		EncodeAndBack(&codec, TakeWord(&input));
	MatchAndBack(&codec, input);

	/* The rest as it is, and as another format's number. */
	if (Match(&format, input.data, input.size, canonical) == NUMBER_MATCHES)
		DecodeAndBack(&codec, canonical);
	CodecClear(&codec);

	other = TakeFormat(&input);
	Require(FormatsOverlap(&format, &format));
	Require(FormatsOverlap(&format, &other) == FormatsOverlap(&other, &format));
	if (Match(&format, input.data, input.size, canonical) == NUMBER_MATCHES &&
		Match(&other, input.data, input.size, canonical) == NUMBER_MATCHES)
		Require(FormatsOverlap(&format, &other));
	return 0;
}
