/*
 * Ordinals to numbers and back.
 */
#include "number_codec.h"

#include <string.h>

#include <openssl/evp.h>

#include "formats.h"
#include "tap.h"

#define LETTERS		"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOOK_ALIKE	"23456789CFGHJMPQRVWX"
#define GUARD		'#'

static const char *const method_names[] = {"sequential", "random"};
static const char *const alphabets[] = {"01", DIGITS, LOOK_ALIKE, DIGITS LETTERS};

/* The bytes 0 to 31. */
static uint8_t key[SERIES_KEY_LENGTH];

static NumberCodec
MakeCodec(NumberFormat format)
{
	NumberCodec codec;

	if (!CodecInit(&codec, &format, key))
	{
		printf("Bail out! no codec\n");
		exit(EXIT_FAILURE);
	}
	return codec;
}

/* The number of an ordinal, terminated; a question mark where it failed. */
static const char *
Number(const NumberCodec *codec, int64_t ordinal, char *number)
{
	if (!CodecEncode(codec, &ordinal, 1, number, NUMBER_MAX_LENGTH))
		return "?";
	number[FormatNumberLength(&codec->format)] = '\0';
	return number;
}

/* radix^length, 0 where it exceeds 64 bits. */
static uint64_t
Power(const char *alphabet, int length)
{
	uint64_t	power = 1;

	while (length-- > 0)
	{
		if (power > UINT64_MAX / strlen(alphabet))
			return 0;
		power *= strlen(alphabet);
	}
	return power;
}

/*
 * Numbers that must stay what they are, or the numbers of every series ever
 * made would change. Random ones agree with another FF1: that of Bouncy Castle
 * 1.72, which takes no fewer than a million values, or one that was written
 * anew from the standard.
 */
static void
TestKnownNumbers(void)
{
	static const struct
	{
		const char *prefix;
		const char *alphabet;
		int			length;
		CheckDigitMethod check_digit;
		const char *suffix;
		NumberMethod method;
		int64_t		offset;
		int64_t		ordinal;
		const char *number;
	}			cases[] = {
		{"GOLD", DIGITS, 16, CHECK_DIGIT_NONE, "2021", METHOD_SEQUENTIAL, 10, 0, "GOLD00000000000000102021"},
		{"GOLD", DIGITS, 16, CHECK_DIGIT_NONE, "2021", METHOD_SEQUENTIAL, 10, 99989, "GOLD00000000000999992021"},
		{"GOLD", DIGITS, 16, CHECK_DIGIT_NONE, "2021", METHOD_SEQUENTIAL, 10, INT64_C(9999999999999989), "GOLD99999999999999992021"},
		{"411111", DIGITS, 10, CHECK_DIGIT_LUHN, "", METHOD_SEQUENTIAL, 111111111, 0, "4111111111111111"},
		{"4A1B1C1D1E1", DIGITS, 10, CHECK_DIGIT_LUHN, "77", METHOD_SEQUENTIAL, 111111111, 0, "4A1B1C1D1E1111111111177"},
		{"", DIGITS, 11, CHECK_DIGIT_MOD7, "", METHOD_SEQUENTIAL, 0, INT64_C(3387972544), "33879725445"},
		{"3387", DIGITS, 7, CHECK_DIGIT_MOD7, "99", METHOD_SEQUENTIAL, 972544, 0, "3387972544599"},
		{"629", DIGITS, 10, CHECK_DIGIT_GS1, "", METHOD_SEQUENTIAL, 104150021, 0, "6291041500213"},
		{"", DIGITS, 8, CHECK_DIGIT_GS1, "", METHOD_SEQUENTIAL, 0, 7351353, "73513537"},
		{"0B3A", DIGITS, 10, CHECK_DIGIT_GS1, "X1", METHOD_SEQUENTIAL, 600029145, 0, "0B3A6000291452X1"},
		{"V", LOOK_ALIKE, 5, CHECK_DIGIT_NONE, "", METHOD_SEQUENTIAL, 0, 0, "V22222"},
		{"V", LOOK_ALIKE, 5, CHECK_DIGIT_NONE, "", METHOD_SEQUENTIAL, 0, 20 * 20 + 19, "V2232X"},
		{"", "9876543210", 5, CHECK_DIGIT_NONE, "", METHOD_SEQUENTIAL, 0, 1234, "98765"},
		{"", DIGITS, 25, CHECK_DIGIT_NONE, "", METHOD_SEQUENTIAL, INT64_MAX, INT64_MAX - 1, "0000018446744073709551613"},
		{"", DIGITS, 16, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 0, "4800013222104218"},
		{"", DIGITS, 16, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 1, "5931468481056754"},
		{"", DIGITS, 16, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 123456789, "3212316888808923"},
		{"", DIGITS, 16, CHECK_DIGIT_LUHN, "", METHOD_RANDOM, 0, 0, "1723102420748970"},
		{"9", DIGITS, 16, CHECK_DIGIT_MOD7, "", METHOD_RANDOM, 0, 99999, "90137284252236933"},
		{"", DIGITS, 19, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 0, "9881429174045784135"},
		{"", DIGITS, 36, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, INT64_C(9223372036854775806), "787678298921240995670012721496455599"},
		{"", DIGITS, 40, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, INT64_C(9223372036854775806), "2776843283957433408984247948554962808967"},
		{"", DIGITS, 100, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 42, "7291850808191365564157880646705846739682731906429168033740808634553849424095852839661578699783853627"},
		{"V", LOOK_ALIKE, 12, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 0, "VFJC425JCF875"},
		{"V", LOOK_ALIKE, 12, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, INT64_C(3999999999999999), "VPJX2Q3H78X5C"},
		{"", DIGITS LETTERS, 24, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 42, "RQTF1MHHBGQ5S96U8CJYIN0R"},
		{"9000", DIGITS, 12, CHECK_DIGIT_LUHN, "", METHOD_RANDOM, 0, 0, "9000338962095126"},
		{"29", DIGITS, 11, CHECK_DIGIT_GS1, "", METHOD_RANDOM, 0, 0, "2904592786909"},
		{"", DIGITS, 16, CHECK_DIGIT_GS1, "", METHOD_RANDOM, 0, 1, "4500074890642247"},
		{"", DIGITS, 17, CHECK_DIGIT_GS1, "", METHOD_RANDOM, 0, 5, "58681192108710377"},

		/* A million numbers or few more: the least that are not walked. */
		{"", DIGITS, 6, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 0, "920033"},
		{"", DIGITS, 6, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 999999, "032463"},
		{"9000", DIGITS, 7, CHECK_DIGIT_MOD7, "X", METHOD_RANDOM, 0, 1, "90002886606X"},
		{"", "01", 20, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 0, "10010101100010101011"},
		{"", "01", 20, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 1048575, "00110101101000001110"},
		{"", LOOK_ALIKE, 5, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 3, "52M85"},
		{"", LETTERS "01234", 5, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 123456, "USHXJ"},
		{"", DIGITS LETTERS, 4, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 1679615, "DOEM"},

		/* Fewer: walked. */
		{"", LETTERS "01234", 4, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 923520, "IJG1"},
		{"", "01", 19, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 524287, "1001001010111011110"},
		{"", DIGITS, 5, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 0, "01123"},
		{"", DIGITS, 5, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 99999, "49691"},
		{"T", DIGITS, 5, CHECK_DIGIT_MOD7, "", METHOD_RANDOM, 0, 42, "T27296"},
		{"20", DIGITS, 6, CHECK_DIGIT_GS1, "", METHOD_RANDOM, 0, 0, "20011239"},
		{"", DIGITS LETTERS, 3, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 46655, "POE"},
		{"", "01", 6, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 63, "111100"},
		{"", DIGITS, 1, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 0, "0"},
		{"", DIGITS, 1, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0, 9, "3"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		NumberCodec codec = MakeCodec(MakeFormat(cases[i].prefix, cases[i].alphabet, cases[i].length,
												 cases[i].check_digit, cases[i].suffix,
												 cases[i].method, cases[i].offset));
		char		number[NUMBER_MAX_LENGTH + 1];

		Ok(strcmp(Number(&codec, cases[i].ordinal, number), cases[i].number) == 0,
		   "%s, %s, ordinal %lld is %s", method_names[cases[i].method],
		   check_digit_names[cases[i].check_digit], (long long) cases[i].ordinal, cases[i].number);
		if (strcmp(number, cases[i].number) != 0)
			Note("got %s", number);
		Ok(CodecDecode(&codec, cases[i].number) == cases[i].ordinal, "and back");
		CodecClear(&codec);
	}
}

/* Walks take long, so fewer of them are made. */
static bool
IsWalked(const NumberCodec *codec)
{
	return codec->format.method == METHOD_RANDOM && codec->capacity < FF1_MIN_STRINGS;
}

/* Encodes, matches, compares with the canonical form, decodes. */
static bool
RoundTrip(const NumberCodec *codec, int64_t ordinal)
{
	const NumberFormat *format = &codec->format;
	size_t		length = (size_t) FormatNumberLength(format);
	char		number[NUMBER_MAX_LENGTH + 1];
	char		canonical[NUMBER_MAX_LENGTH + 1];

	return CodecEncode(codec, &ordinal, 1, number, length) &&
		FormatMatch(format, number, length, canonical) == NUMBER_MATCHES &&
		memcmp(number, canonical, length) == 0 &&
		CodecDecode(codec, canonical) == ordinal;
}

static void
TestRoundTrips(void)
{
	for (int method = METHOD_SEQUENTIAL; method <= METHOD_RANDOM; method++)
		for (int check = CHECK_DIGIT_NONE; check < CHECK_DIGIT_METHODS; check++)
			for (size_t a = 0; a < sizeof(alphabets) / sizeof(alphabets[0]); a++)
			{
				int			failed = 0;

				if (check != CHECK_DIGIT_NONE && strcmp(alphabets[a], DIGITS) != 0)
					continue;
				for (int length = 1; length <= NUMBER_MAX_LENGTH; length++)
				{
					const char *prefix = length > NUMBER_MAX_LENGTH - 5 ? "" : length % 2 == 0 ? "A7" : "39";
					const char *suffix = length > NUMBER_MAX_LENGTH - 5 ? "" : length % 3 == 0 ? "" : "8Z1";
					NumberCodec codec = MakeCodec(MakeFormat(prefix, alphabets[a], length,
															 (CheckDigitMethod) check, suffix,
															 (NumberMethod) method, length > 4 ? 13 : 0));
					int64_t		last = codec.capacity - 1;
					int			before = failed;

					failed += last < 0;
					for (int64_t k = 0; k < (IsWalked(&codec) ? 1 : 3); k++)
					{
						if (k > last)
							continue;
						failed += !RoundTrip(&codec, k);
						failed += !RoundTrip(&codec, last - k);
						failed += !RoundTrip(&codec, last / 2 + (k <= last / 2 ? k : 0));
						failed += !RoundTrip(&codec, (int64_t) (Random() % (uint64_t) codec.capacity));
					}
					if (failed > before && before == 0)
						Note("length %d", length);
					CodecClear(&codec);
				}
				Ok(failed == 0, "%s, %s, %zu characters, length 1 to 150: there and back",
				   method_names[method], check_digit_names[check], strlen(alphabets[a]));
			}
}

/* Every ordinal of small formats: all numbers, each once; and back, some where walks are long. */
static void
TestPermutations(void)
{
	static const struct
	{
		const char *alphabet;
		int			longest;
	}			shapes[] = {
		{DIGITS, 6}, {"01", 16}, {"XYZ", 10}, {"ABCDE", 7}, {LOOK_ALIKE, 4}, {DIGITS LETTERS, 3}
	};
	static uint8_t seen[1000000];
	static char numbers[1000000 * 7];

	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
		for (int length = 1; length <= shapes[s].longest; length++)
			for (int check = 0; check < (s == 0 ? CHECK_DIGIT_METHODS : 1); check++)
			{
				int			whole = length + (check != 0);
				NumberCodec codec = MakeCodec(MakeFormat("", shapes[s].alphabet, whole,
														 (CheckDigitMethod) check, "",
														 METHOD_RANDOM, 0));
				NumberCodec plain = MakeCodec(MakeFormat("", shapes[s].alphabet, length,
														 CHECK_DIGIT_NONE, "",
														 METHOD_SEQUENTIAL, 0));
				int64_t		capacity = (int64_t) Power(shapes[s].alphabet, length);
				int64_t		step = IsWalked(&codec) ? 7 : 1;
				char	   *many = numbers;
				int			failed = 0;
				int64_t		unmoved = 0;

				if (s == 1)
					many = malloc((size_t) (capacity * whole));
				memset(seen, 0, sizeof(seen));
				failed += codec.capacity != capacity;
				failed += !EncodeEvery(&codec, 0, 1, (size_t) capacity, many, (size_t) whole);
				for (int64_t i = 0; i < capacity; i++)
				{
					const char *number = many + i * whole;
					int64_t		value = CodecDecode(&plain, number);

					if (value < 0 || value >= capacity || seen[value]++ != 0)
						failed++;
					unmoved += value == i;
					if (i % step == 0)
						failed += CodecDecode(&codec, number) != i;
					failed += check != 0 && CheckDigit((CheckDigitMethod) check, number,
													   (size_t) length) != number[length];
				}
				Ok(failed == 0, "%zu characters, length %d, %s: %lld numbers, each once",
				   strlen(shapes[s].alphabet), whole, check_digit_names[check], (long long) capacity);
				if (capacity >= 1000)
					Ok(unmoved < 10, "and not in order");
				if (many != numbers)
					free(many);
				CodecClear(&codec);
				CodecClear(&plain);
			}
}

/* In chunks as one by one, and back, the bytes between the numbers left alone. */
static void
TestStride(void)
{
	static const struct
	{
		const char *alphabet;
		int			length;
		NumberMethod method;
		CheckDigitMethod check_digit;
		int64_t		first;
		int64_t		step;
		size_t		count;
	}			cases[] = {
		{DIGITS, 16, METHOD_RANDOM, CHECK_DIGIT_LUHN, 0, 1, 2 * FF1_LOCKSTEP + 1},
		{DIGITS, 16, METHOD_SEQUENTIAL, CHECK_DIGIT_MOD7, 99999000, 1, 2 * FF1_LOCKSTEP + 1},
		{DIGITS, 16, METHOD_RANDOM, CHECK_DIGIT_NONE, 99999990, 1, 100},
		{DIGITS, 16, METHOD_RANDOM, CHECK_DIGIT_NONE, 5, 1, 1},
		{DIGITS, 16, METHOD_RANDOM, CHECK_DIGIT_NONE, 5, 1, 0},
		{DIGITS, 16, METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 5, 1, 0},
		{DIGITS, 36, METHOD_RANDOM, CHECK_DIGIT_MOD7, INT64_C(999999999999999000), 1, FF1_LOCKSTEP + 7},
		{LOOK_ALIKE, 12, METHOD_RANDOM, CHECK_DIGIT_NONE, 63999990, 1, 2000},
		{DIGITS LETTERS, 60, METHOD_RANDOM, CHECK_DIGIT_NONE, INT64_MAX - 1 - 50, 1, 50},
		{DIGITS, 60, METHOD_RANDOM, CHECK_DIGIT_LUHN, 0, 1, 0},
		{"01", 5, METHOD_RANDOM, CHECK_DIGIT_NONE, 3, 1, 20},
		{DIGITS, 5, METHOD_RANDOM, CHECK_DIGIT_LUHN, 7000, 1, 2 * FF1_LOCKSTEP + 1},
		{DIGITS, 2, METHOD_RANDOM, CHECK_DIGIT_LUHN, 0, 1, 10},
		{DIGITS, 16, METHOD_RANDOM, CHECK_DIGIT_LUHN, 99999900, 7, 100},
		{DIGITS, 16, METHOD_RANDOM, CHECK_DIGIT_NONE, 0, 99999999, FF1_LOCKSTEP + 1},
		{DIGITS, 16, METHOD_SEQUENTIAL, CHECK_DIGIT_MOD7, 0, 3, FF1_LOCKSTEP + 1},
		{DIGITS, 36, METHOD_RANDOM, CHECK_DIGIT_MOD7, INT64_C(999999999999999000), 2, 2000},
		{DIGITS, 60, METHOD_RANDOM, CHECK_DIGIT_LUHN, 0, 5, 3},
		{DIGITS, 5, METHOD_RANDOM, CHECK_DIGIT_LUHN, 1, 2, 2000},
	};
	enum
	{
		STRIDE = 97
	};
	static char numbers[(2 * FF1_LOCKSTEP + 2) * STRIDE];
	static const char *each[2 * FF1_LOCKSTEP + 2];
	static int64_t ordinals[2 * FF1_LOCKSTEP + 2];

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++)
	{
		NumberCodec codec = MakeCodec(MakeFormat("GOLD7", cases[c].alphabet, cases[c].length,
												 cases[c].check_digit, "x2",
												 cases[c].method, 0));
		size_t		length = (size_t) FormatNumberLength(&codec.format);
		int			failed = 0;
		int			touched = 0;

		memset(numbers, GUARD, sizeof(numbers));
		failed += !EncodeEvery(&codec, cases[c].first, cases[c].step, cases[c].count, numbers, STRIDE);
		for (size_t i = 0; i < sizeof(numbers); i++)
			touched += numbers[i] != GUARD &&
				(i / STRIDE >= cases[c].count || i % STRIDE >= length);
		for (size_t i = 0; i < cases[c].count; i++)
		{
			char		number[NUMBER_MAX_LENGTH + 1];

			Number(&codec, cases[c].first + (int64_t) i * cases[c].step, number);
			failed += memcmp(number, numbers + i * STRIDE, length) != 0;
		}
		Ok(failed == 0, "%zu numbers of %zu characters, %s, every %lld: as one by one", cases[c].count, length,
		   method_names[cases[c].method], (long long) cases[c].step);
		Ok(touched == 0, "nothing written but the numbers");
		for (size_t i = 0; i < cases[c].count; i++)
			each[i] = numbers + i * STRIDE;
		Ok(CodecDecodeEach(&codec, each, cases[c].count, ordinals), "decoded together");
		failed = 0;
		for (size_t i = 0; i < cases[c].count; i++)
			failed += ordinals[i] != cases[c].first + (int64_t) i * cases[c].step;
		Ok(failed == 0, "each to its ordinal");
		CodecClear(&codec);
	}
}

/* The number whose decryption has the value 2^64 * high + low. */
static void
NumberOfValue(const NumberCodec *codec, uint64_t high, uint64_t low, char *number)
{
	const NumberFormat *format = &codec->format;
	uint8_t		numerals[NUMBER_MAX_LENGTH] = {0};

	for (int i = FormatNumeralCount(format); i-- > 0;)
	{
		uint64_t	radix = (uint64_t) format->radix;
		uint64_t	upper = (high % radix) << 32 | low >> 32;
		uint64_t	lower = (upper % radix) << 32 | (low & UINT32_MAX);

		numerals[i] = (uint8_t) (lower % radix);
		high /= radix;
		low = (upper / radix) << 32 | lower / radix;
	}
	if (format->method == METHOD_RANDOM)
		Ff1Encrypt(&codec->permutation, numerals);
	for (int i = 0; i < FormatNumeralCount(format); i++)
		number[format->prefix_length + i] = format->alphabet[numerals[i]];
}

static void
TestBounds(void)
{
	static const struct
	{
		const char *alphabet;
		int			length;
	}			shapes[] = {
		{"01", 63}, {"01", 64}, {"01", 65}, {"01", 122}, {"01", 123}, {"01", 150},
		{DIGITS, 19}, {DIGITS, 20}, {DIGITS, 34}, {DIGITS, 36}, {DIGITS, 37}, {DIGITS, 150},
		{LOOK_ALIKE, 16}, {LOOK_ALIKE, 30}, {DIGITS LETTERS, 13}, {DIGITS LETTERS, 22},
		{DIGITS LETTERS, 24}, {DIGITS LETTERS, 150}
	};

	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
		for (int method = METHOD_SEQUENTIAL; method <= METHOD_RANDOM; method++)
		{
			static const uint64_t values[] = {INT64_MAX, (uint64_t) INT64_MAX + 1, UINT64_MAX - 1, UINT64_MAX};
			NumberCodec codec = MakeCodec(MakeFormat("", shapes[s].alphabet, shapes[s].length,
													 CHECK_DIGIT_NONE, "", (NumberMethod) method, 0));
			uint64_t	strings = Power(shapes[s].alphabet, shapes[s].length);
			double		approximately = 1;
			double		high_limit = 4.0 * ((uint64_t) 1 << 63);
			char		number[NUMBER_MAX_LENGTH + 1];
			int			failed = 0;

			for (int i = 0; i < shapes[s].length; i++)
				approximately *= (double) strlen(shapes[s].alphabet);

			failed += codec.capacity != INT64_MAX;
			NumberOfValue(&codec, 0, INT64_MAX - 1, number);
			failed += CodecDecode(&codec, number) != INT64_MAX - 1;
			for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
			{
				if (strings != 0 && values[i] >= strings)
					continue;
				NumberOfValue(&codec, 0, values[i], number);
				failed += CodecDecode(&codec, number) != ORDINAL_NONE;
			}

			/* What 64 bits alone would take for small ordinals. */
			for (int high = 0; high < 63 && high_limit < approximately; high++, high_limit *= 2)
				for (uint64_t low = 0; low < 3; low++)
				{
					NumberOfValue(&codec, UINT64_C(1) << high, low, number);
					failed += CodecDecode(&codec, number) != ORDINAL_NONE;
				}

			/* And the greatest string of all; a random series has it somewhere. */
			memset(number, shapes[s].alphabet[strlen(shapes[s].alphabet) - 1], sizeof(number));
			failed += method == METHOD_SEQUENTIAL && CodecDecode(&codec, number) != ORDINAL_NONE;
			Ok(failed == 0, "%s, %zu characters, length %d: nothing beyond 2^63 - 2",
			   method_names[method], strlen(shapes[s].alphabet), shapes[s].length);
			CodecClear(&codec);
		}
}

static void
TestOffsets(void)
{
	static const struct
	{
		int			length;
		int64_t		offset;
		const char *first;
		const char *before;
		const char *last;
		const char *after;
	}			cases[] = {
		{5, 10, "00010", "00009", "99999", NULL},
		{19, INT64_MAX, "9223372036854775807", "9223372036854775806", "9999999999999999999", NULL},
		{20, INT64_MAX, "09223372036854775807", "09223372036854775806",
		"18446744073709551613", "18446744073709551614"},
		{20, 0, "00000000000000000000", NULL, "09223372036854775806", "09223372036854775807"},
		{21, INT64_MAX - 1, "009223372036854775806", "009223372036854775805",
		"018446744073709551612", "018446744073709551613"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		NumberCodec codec = MakeCodec(MakeFormat("", DIGITS, cases[i].length, CHECK_DIGIT_NONE, "",
												 METHOD_SEQUENTIAL, cases[i].offset));
		char		number[NUMBER_MAX_LENGTH + 1];

		Ok(strcmp(Number(&codec, 0, number), cases[i].first) == 0 &&
		   CodecDecode(&codec, cases[i].first) == 0, "the first number is %s", cases[i].first);
		Ok(strcmp(Number(&codec, codec.capacity - 1, number), cases[i].last) == 0 &&
		   CodecDecode(&codec, cases[i].last) == codec.capacity - 1,
		   "the last number is %s", cases[i].last);
		if (cases[i].before != NULL)
			Ok(CodecDecode(&codec, cases[i].before) == ORDINAL_NONE, "%s comes before", cases[i].before);
		if (cases[i].after != NULL)
			Ok(CodecDecode(&codec, cases[i].after) == ORDINAL_NONE, "%s comes after", cases[i].after);
		CodecClear(&codec);
	}
}

static void
TestKeys(void)
{
	NumberFormat format = MakeFormat("", DIGITS, 16, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0);
	NumberCodec one = MakeCodec(format);
	NumberCodec other;
	static const Ff1 nothing;
	int			alike = 0;

	for (int byte = 0; byte < SERIES_KEY_LENGTH; byte++)
	{
		char		a[NUMBER_MAX_LENGTH + 1],
					b[NUMBER_MAX_LENGTH + 1];

		key[byte] ^= 1;
		other = MakeCodec(format);
		key[byte] ^= 1;
		for (int64_t i = 0; i < 50; i++)
			alike += strcmp(Number(&one, i, a), Number(&other, i, b)) == 0;
		CodecClear(&other);
	}
	Ok(alike == 0, "another bit in any byte of the key, other numbers");
	CodecClear(&one);
	Ok(memcmp(&one.permutation, &nothing, sizeof(nothing)) == 0, "nothing of the key is left");
}

static void
TestRefusal(void)
{
	static const int lengths[] = {1, 16, 60};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
	{
		NumberCodec codec = MakeCodec(MakeFormat("", DIGITS, lengths[i], CHECK_DIGIT_NONE, "",
												 METHOD_RANDOM, 0));
		char		number[NUMBER_MAX_LENGTH + 1];

		Number(&codec, 0, number);
		EVP_CIPHER_CTX_reset(codec.permutation.cipher);
		Ok(CodecDecode(&codec, number) == ORDINAL_FAILED, "%d digits: libcrypto's refusal is told", lengths[i]);
		Ok(!CodecDecodeEach(&codec, &(const char *) {number}, 1, &(int64_t) {0}), "and when decoding many");
		Ok(!EncodeEvery(&codec, 0, 1, 1, number, sizeof(number)), "and when encoding");
		CodecClear(&codec);
	}
}

/*
 * Whether numbers of consecutive ordinals look drawn at random: no correlation
 * with the ordinal, none with the number before, all characters alike often at
 * each place. The limits are five and six standard deviations.
 */
static bool
LooksRandom(const NumberCodec *codec, int64_t first)
{
	enum
	{
		SAMPLE = 50000
	};
	int			length = FormatNumberLength(&codec->format);
	int			radix = codec->format.radix;
	char	   *numbers = malloc(SAMPLE * (size_t) length);
	double	   *values = malloc(SAMPLE * sizeof(double));
	double		mean = 0;
	double		variance = 0;
	double		with_ordinal = 0;
	double		with_previous = 0;
	double		chi_square = 0;

	EncodeEvery(codec, first, 1, SAMPLE, numbers, (size_t) length);
	for (int i = 0; i < SAMPLE; i++)
	{
		values[i] = 0;
		for (int k = 0; k < length; k++)
			values[i] = values[i] * radix + codec->numeral_of[(unsigned char) numbers[i * length + k]];
		mean += values[i] / SAMPLE;
	}
	for (int i = 0; i < SAMPLE; i++)
	{
		variance += (values[i] - mean) * (values[i] - mean);
		with_ordinal += (values[i] - mean) * (i - (SAMPLE - 1) / 2.0);
		if (i > 0)
			with_previous += (values[i] - mean) * (values[i - 1] - mean);
	}
	with_ordinal *= with_ordinal / variance / ((double) SAMPLE * ((double) SAMPLE * SAMPLE - 1) / 12);
	with_previous *= with_previous / variance / variance;

	for (int k = 0; k < length; k++)
	{
		double		expected = (double) SAMPLE / radix;
		int			counts[ALPHABET_MAX_LENGTH] = {0};
		double		sum = 0;

		for (int i = 0; i < SAMPLE; i++)
			counts[codec->numeral_of[(unsigned char) numbers[i * length + k]]]++;
		for (int c = 0; c < radix; c++)
			sum += (counts[c] - expected) * (counts[c] - expected) / expected;
		if (sum > chi_square)
			chi_square = sum;
	}
	free(numbers);
	free(values);

	Note("squared correlation with the ordinal %.6f, with the number before %.6f; greatest chi-square %.1f",
		 with_ordinal, with_previous, chi_square);
	chi_square -= radix - 1;
	return with_ordinal < 25.0 / SAMPLE && with_previous < 25.0 / SAMPLE &&
		(chi_square < 0 || chi_square * chi_square < 72 * (radix - 1));
}

static void
TestRandomness(void)
{
	static const struct
	{
		const char *alphabet;
		int			length;
		int64_t		first;
	}			shapes[] = {
		{DIGITS, 6, 0}, {DIGITS, 15, 0}, {DIGITS, 16, INT64_C(1234567890123)}, {DIGITS, 19, 0},
		{DIGITS, 36, 0}, {DIGITS, 40, 0}, {LOOK_ALIKE, 12, 0}, {"01", 40, 7}, {DIGITS LETTERS, 8, 0}
	};

	for (size_t s = 0; s < sizeof(shapes) / sizeof(shapes[0]); s++)
		for (int method = METHOD_SEQUENTIAL; method <= METHOD_RANDOM; method++)
		{
			NumberCodec codec = MakeCodec(MakeFormat("", shapes[s].alphabet, shapes[s].length,
													 CHECK_DIGIT_NONE, "", (NumberMethod) method, 0));

			Ok(LooksRandom(&codec, shapes[s].first) == (method == METHOD_RANDOM),
			   "%zu characters, length %d: %s %s random", strlen(shapes[s].alphabet),
			   shapes[s].length, method_names[method],
			   method == METHOD_RANDOM ? "looks" : "does not look");
			CodecClear(&codec);
		}
}

int
main(void)
{
	for (int i = 0; i < SERIES_KEY_LENGTH; i++)
		key[i] = (uint8_t) i;

	TestKnownNumbers();
	TestRoundTrips();
	TestPermutations();
	TestStride();
	TestBounds();
	TestOffsets();
	TestKeys();
	TestRefusal();
	TestRandomness();
	return DoneTesting();
}
