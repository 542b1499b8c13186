/*
 * Check digits, lengths, capacity, overlap and matching.
 */
#include "number_format.h"

#include <ctype.h>
#include <string.h>

#include "formats.h"
#include "tap.h"

#define VECTORS "test/unit/check_digits.tsv"

/* The check digit as the schemes' own texts tell it, digit by digit. */
static char
PlainCheckDigit(CheckDigitMethod method, const char *digits, size_t length)
{
	int			luhn_sum = 0;
	int			gs1_sum = 0;
	int			remainder = 0;

	for (size_t i = 0; i < length; i++)
	{
		int			digit = digits[i] - '0';
		bool		is_weighted = (length - i) % 2 == 1;
		int			luhn = is_weighted ? digit * 2 : digit;

		remainder = (remainder * 10 + digit) % 7;
		luhn_sum += luhn / 10 + luhn % 10;
		gs1_sum += is_weighted ? digit * 3 : digit;
	}
	if (method == CHECK_DIGIT_MOD7)
		return (char) ('0' + remainder);
	if (method == CHECK_DIGIT_GS1)
		return (char) ('0' + (10 - gs1_sum % 10) % 10);
	return (char) ('0' + luhn_sum * 9 % 10);
}

static void
TestCheckDigits(void)
{
	FILE	   *file = OpenData(VECTORS);
	char		line[256];
	int			vectors = 0;

	while (fgets(line, sizeof(line), file) != NULL)
	{
		char		kind[8],
					digits[100],
					expected;
		CheckDigitMethod method;

		if (line[0] == '#')
			continue;
		if (sscanf(line, "%7s %99s %c", kind, digits, &expected) != 3)
		{
			Ok(false, "a line of " VECTORS " can be read");
			continue;
		}
		vectors++;
		method = CheckDigitByName(kind);
		Ok(method != CHECK_DIGIT_NONE && CheckDigit(method, digits, strlen(digits)) == expected,
		   "%s of %s is %c", kind, digits, expected);
	}
	fclose(file);
	Ok(vectors == 24, "24 published check digits");

	for (CheckDigitMethod method = CHECK_DIGIT_LUHN; method < CHECK_DIGIT_METHODS; method++)
	{
		int			wrong = 0;
		int			wrong_letters = 0;
		int			wrong_pieces = 0;
		int			undetected = 0;

		for (int k = 0; k < 3000; k++)
		{
			char		digits[150],
						text[300];
			size_t		length = 1 + Random() % sizeof(digits);
			size_t		text_length = 0;
			size_t		cut = Random() % (length + 1);
			size_t		changed = Random() % length;
			char		check_digit;

			for (size_t i = 0; i < length; i++)
			{
				static const char others[] = "AZaz/: @\xC3";

				digits[i] = (char) ('0' + Random() % 10);
				if (Random() % 2 == 0)
					text[text_length++] = others[Random() % (sizeof(others) - 1)];
				text[text_length++] = digits[i];
			}
			check_digit = PlainCheckDigit(method, digits, length);
			wrong += CheckDigit(method, digits, length) != check_digit;
			wrong_letters += CheckDigit(method, text, text_length) != check_digit;
			wrong_pieces += CheckDigitOfSum(method,
											CheckDigitSum(method, digits, cut, length - cut) +
											CheckDigitSum(method, digits + cut, length - cut, 0)) != check_digit;

			/* By less than seven, which mod7 can't see. */
			digits[changed] = (char) (digits[changed] + (digits[changed] < '5' ? 1 : -1) * (int) (1 + Random() % 5));
			undetected += CheckDigit(method, digits, length) == check_digit;
		}
		Ok(wrong == 0, "%s of 1 to 150 digits", check_digit_names[method]);
		Ok(wrong_letters == 0, "%s skips what is not a digit", check_digit_names[method]);
		Ok(wrong_pieces == 0, "%s in two pieces", check_digit_names[method]);
		Ok(undetected == 0, "%s finds a wrong digit", check_digit_names[method]);
	}
	Ok(CheckDigit(CHECK_DIGIT_LUHN, "", 0) == '0' && CheckDigit(CHECK_DIGIT_MOD7, "AB", 2) == '0' &&
	   CheckDigit(CHECK_DIGIT_GS1, "", 0) == '0', "the check digit of no digit is 0");
	Ok(CheckDigitByName("") == CHECK_DIGIT_NONE && CheckDigitByName("none") == CHECK_DIGIT_NONE &&
	   CheckDigitByName("Luhn") == CHECK_DIGIT_NONE, "no other name has a check digit");
}

static void
TestLengths(void)
{
	NumberFormat format = MakeFormat("GOLD", DIGITS, 16, CHECK_DIGIT_NONE, "2021",
									 METHOD_SEQUENTIAL, 10);

	Ok(FormatNumberLength(&format) == 24, "24 characters");
	Ok(FormatNumeralCount(&format) == 16, "16 numerals");
	format.check_digit = CHECK_DIGIT_LUHN;
	Ok(FormatNumberLength(&format) == 24, "24 characters with a check digit");
	Ok(FormatNumeralCount(&format) == 15, "15 numerals with a check digit");
}

static void
TestCapacity(void)
{
	static const struct
	{
		NumberMethod method;
		CheckDigitMethod check_digit;
		int			radix;
		int			length;
		int64_t		offset;
		int64_t		capacity;
	}			cases[] = {
		{METHOD_RANDOM, CHECK_DIGIT_NONE, 10, 5, 0, 100000},
		{METHOD_RANDOM, CHECK_DIGIT_NONE, 10, 5, 99999, 100000},
		{METHOD_RANDOM, CHECK_DIGIT_LUHN, 10, 5, 0, 10000},
		{METHOD_RANDOM, CHECK_DIGIT_MOD7, 10, 1, 0, 1},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 5, 0, 100000},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 5, 1, 99999},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 5, 99999, 1},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 5, 100000, 0},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 5, INT64_MAX, 0},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_MOD7, 10, 5, 9999, 1},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_MOD7, 10, 5, 10000, 0},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 5, -1, 0},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 5, INT64_MIN, 0},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 150, -1, 0},
		{METHOD_RANDOM, CHECK_DIGIT_NONE, 10, 5, -1, 100000},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 18, 0, INT64_C(1000000000000000000)},
		/* 10^19 lies between 2^63 and 2^64. */
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 19, 0, INT64_MAX},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 19, INT64_C(776627963145224193), INT64_MAX},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 19, INT64_C(776627963145224194), INT64_MAX - 1},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 19, INT64_MAX, INT64_C(776627963145224193)},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 20, INT64_MAX, INT64_MAX},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_LUHN, 10, 20, INT64_MAX, INT64_C(776627963145224193)},
		{METHOD_RANDOM, CHECK_DIGIT_NONE, 10, 19, INT64_MAX, INT64_MAX},
		{METHOD_RANDOM, CHECK_DIGIT_NONE, 10, 150, 0, INT64_MAX},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 10, 150, INT64_MAX, INT64_MAX},
		{METHOD_RANDOM, CHECK_DIGIT_NONE, 2, 1, 0, 2},
		{METHOD_RANDOM, CHECK_DIGIT_NONE, 2, 62, 0, INT64_C(1) << 62},
		{METHOD_RANDOM, CHECK_DIGIT_NONE, 2, 63, 0, INT64_MAX},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 2, 63, 1, INT64_MAX},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 2, 63, 2, INT64_MAX - 1},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 2, 63, INT64_MAX, 1},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 2, 64, INT64_MAX, INT64_MAX},
		{METHOD_SEQUENTIAL, CHECK_DIGIT_NONE, 4, 32, INT64_MAX, INT64_MAX},
		{METHOD_RANDOM, CHECK_DIGIT_NONE, 36, 12, 0, INT64_C(4738381338321616896)},
		{METHOD_RANDOM, CHECK_DIGIT_NONE, 36, 13, 0, INT64_MAX},
		{METHOD_RANDOM, CHECK_DIGIT_NONE, 20, 14, 0, INT64_C(1638400000000000000)},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		NumberFormat format = {
			.method = cases[i].method,
			.check_digit = cases[i].check_digit,
			.radix = cases[i].radix,
			.length = cases[i].length,
			.offset = cases[i].offset,
		};
		int64_t		capacity = FormatCapacity(&format);

		Ok(capacity == cases[i].capacity,
		   "%s, %s, radix %d, length %d, offset %lld: %lld numbers, got %lld",
		   cases[i].method == METHOD_RANDOM ? "random" : "sequential",
		   check_digit_names[cases[i].check_digit], cases[i].radix, cases[i].length,
		   (long long) cases[i].offset, (long long) cases[i].capacity,
		   (long long) capacity);
	}
}

/*
 * Every format of up to four positions over a few prefixes, alphabets and
 * suffixes, every pair of them, and every string over a small alphabet.
 */
static void
TestOverlap(void)
{
	enum
	{
		MAX_FORMATS = 500,
		LENGTH = 3
	};
	static const char *const affixes[] = {"", "0", "7", "A", "a", "b", "A0"};
	static const char *const alphabets[] = {DIGITS, "01", "70", "AB", "0A", "B1"};
	static const char characters[] = "0123456789AB";
	static NumberFormat formats[MAX_FORMATS];
	static uint8_t matches[MAX_FORMATS][12 * 12 * 12];
	int			count = 0;
	int			pairs = 0;
	int			overlapping = 0;
	int			missed = 0;
	int			imagined = 0;
	int			both = 0;

	for (size_t p = 0; p < sizeof(affixes) / sizeof(affixes[0]); p++)
		for (size_t s = 0; s < sizeof(affixes) / sizeof(affixes[0]); s++)
			for (size_t a = 0; a < sizeof(alphabets) / sizeof(alphabets[0]); a++)
				for (int check = 0; check < (a < 2 ? CHECK_DIGIT_METHODS : 1); check++)
				{
					int			length = LENGTH - (int) (strlen(affixes[p]) + strlen(affixes[s]));

					if (length >= 1 && count < MAX_FORMATS)
						formats[count++] = MakeFormat(affixes[p], alphabets[a], length,
													  (CheckDigitMethod) check, affixes[s],
													  METHOD_RANDOM, 0);
				}
	Ok(count > 200 && count < MAX_FORMATS, "%d formats to compare", count);

	for (int f = 0; f < count; f++)
		for (int n = 0; n < 12 * 12 * 12; n++)
		{
			char		text[LENGTH] = {characters[n / 144], characters[n / 12 % 12], characters[n % 12]};
			char		canonical[NUMBER_MAX_LENGTH + 1];

			matches[f][n] = (uint8_t) FormatMatch(&formats[f], text, LENGTH, canonical);
		}

	for (int a = 0; a < count; a++)
		for (int b = 0; b < count; b++)
		{
			bool		overlap = FormatsOverlap(&formats[a], &formats[b]);
			bool		common = false;

			for (int n = 0; n < 12 * 12 * 12; n++)
			{
				common |= matches[a][n] != NUMBER_MALFORMED && matches[b][n] != NUMBER_MALFORMED;
				both += !overlap && matches[a][n] == NUMBER_MATCHES && matches[b][n] == NUMBER_MATCHES;
			}
			pairs++;
			overlapping += overlap;
			missed += common && !overlap;
			imagined += overlap && !common;
			if (overlap != common && missed + imagined == 1)
				Note("%s[%s]{%d}%s %s and %s[%s]{%d}%s %s",
					 formats[a].prefix, formats[a].alphabet, formats[a].length, formats[a].suffix,
					 check_digit_names[formats[a].check_digit],
					 formats[b].prefix, formats[b].alphabet, formats[b].length, formats[b].suffix,
					 check_digit_names[formats[b].check_digit]);
		}
	Ok(missed == 0, "%d pairs, %d overlap: none missed", pairs, overlapping);
	Ok(imagined == 0, "no overlap seen that is not there");
	Ok(both == 0, "no string is a number of two formats that do not overlap");

	{
		NumberFormat a = MakeFormat("GOLD", DIGITS, 16, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0);
		NumberFormat b = MakeFormat("gold", DIGITS, 16, CHECK_DIGIT_LUHN, "", METHOD_SEQUENTIAL, 77);
		NumberFormat c = MakeFormat("GOL", DIGITS, 17, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0);
		NumberFormat d = MakeFormat("", "DGLO0123456789", 20, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0);
		NumberFormat e = MakeFormat("GOLD", DIGITS, 17, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0);
		NumberFormat f = MakeFormat("GOLD1", DIGITS, 15, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0);
		NumberFormat g = MakeFormat("GOLD", DIGITS, 15, CHECK_DIGIT_NONE, "x", METHOD_RANDOM, 0);
		NumberFormat h = MakeFormat("GOLD2", DIGITS, 15, CHECK_DIGIT_NONE, "", METHOD_RANDOM, 0);

		Ok(FormatsOverlap(&a, &b), "letter case, check digit, method and offset make no difference");
		Ok(!FormatsOverlap(&a, &c), "a letter against the digits");
		Ok(FormatsOverlap(&a, &d), "a prefix against an alphabet that has its letters");
		Ok(!FormatsOverlap(&a, &e), "another length");
		Ok(FormatsOverlap(&a, &f) && FormatsOverlap(&a, &h), "a prefix that goes on with a digit");
		Ok(!FormatsOverlap(&f, &h), "prefixes with another last digit");
		Ok(!FormatsOverlap(&a, &g), "a suffix against the digits");
	}
}

static void
TestPaymentCards(void)
{
	static const struct
	{
		const char *prefix;
		int			length;
		CheckDigitMethod check_digit;
		const char *suffix;
		bool		looks_like_one;
	}			cases[] = {
		{"4000", 12, CHECK_DIGIT_LUHN, "", true},
		{"2", 15, CHECK_DIGIT_LUHN, "", true},
		{"3", 15, CHECK_DIGIT_LUHN, "", true},
		{"6", 15, CHECK_DIGIT_LUHN, "", true},
		{"0", 15, CHECK_DIGIT_LUHN, "", false},
		{"1", 15, CHECK_DIGIT_LUHN, "", false},
		{"7", 15, CHECK_DIGIT_LUHN, "", false},
		{"9000", 12, CHECK_DIGIT_LUHN, "", false},
		{"", 16, CHECK_DIGIT_LUHN, "", true},
		{"", 12, CHECK_DIGIT_LUHN, "", false},
		{"", 13, CHECK_DIGIT_LUHN, "", true},
		{"", 19, CHECK_DIGIT_LUHN, "", true},
		{"", 20, CHECK_DIGIT_LUHN, "", false},
		{"40000", 8, CHECK_DIGIT_LUHN, "", true},
		{"40000", 7, CHECK_DIGIT_LUHN, "", false},
		{"40000", 14, CHECK_DIGIT_LUHN, "", true},
		{"40000", 15, CHECK_DIGIT_LUHN, "", false},
		{"4000", 12, CHECK_DIGIT_NONE, "", false},
		{"4000", 12, CHECK_DIGIT_MOD7, "", false},
		{"4000", 12, CHECK_DIGIT_GS1, "", false},
		{"4000", 11, CHECK_DIGIT_LUHN, "5", false},
		{"4000", 11, CHECK_DIGIT_LUHN, "A", false},
		{"A000", 12, CHECK_DIGIT_LUHN, "", false},
		{"4A00", 12, CHECK_DIGIT_LUHN, "", false},
		{"400a", 12, CHECK_DIGIT_LUHN, "", false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int method = METHOD_SEQUENTIAL; method <= METHOD_RANDOM; method++)
		{
			NumberFormat format = MakeFormat(cases[i].prefix, DIGITS, cases[i].length, cases[i].check_digit,
											 cases[i].suffix, (NumberMethod) method, 0);

			Ok(FormatLooksLikePaymentCard(&format) == cases[i].looks_like_one,
			   "prefix \"%s\", length %d, %s, suffix \"%s\": %s payment card", cases[i].prefix,
			   cases[i].length, check_digit_names[cases[i].check_digit], cases[i].suffix,
			   cases[i].looks_like_one ? "like a" : "no");
		}
}

static void
TestMatchForm(void)
{
	NumberFormat gold = MakeFormat("Gold", "23456789CFGHJMPQRVWX", 6, CHECK_DIGIT_NONE, "z9",
								   METHOD_RANDOM, 0);
	static const struct
	{
		const char *text;
		size_t		length;
		const char *name;
	}			malformed[] = {
		{"Gold234CFXz", 11, "one character short"},
		{"Gold234CFXz99", 13, "one character long"},
		{"", 0, "nothing"},
		{"Gold234CF0z9", 12, "a character that is not of the alphabet"},
		{"Gold234CFIz9", 12, "a letter that is not of the alphabet"},
		{"Gold234CFiz9", 12, "a lower-case letter that is not of the alphabet"},
		{"Bold234CFXz9", 12, "another prefix"},
		{"Gol0234CFXz9", 12, "a digit in place of a prefix's letter"},
		{"Gold234CFXz8", 12, "another suffix"},
		{"Gold234CFXy9", 12, "another letter in the suffix"},
		{"Gold234CF\0z9", 12, "a NUL among the numerals"},
		{"\0old234CFXz9", 12, "a NUL at the start"},
		{"Gold234CFXz\0", 12, "a NUL at the end"},
		{"Gold234CF\xC4z9", 12, "a byte above 127 among the numerals"},
		{"Gol\xE4" "234CFXz9", 12, "a byte above 127 in the prefix"},
		{"Gold234CFXz\xB9", 12, "a byte above 127 in the suffix"},
		{" Gold234CFXz", 12, "a blank in front"},
		{"Gold234CFXz ", 12, "a blank behind"},
		{"Gold234C Xz9", 12, "a blank within"},
		{"gOLD234CF\x18z9", 12, "a control character, a letter but for one bit"},
		{"GoLD@34CFXz9", 12, "the character before A"},
		{"GoLD`34CFXz9", 12, "the character before a"},
		{"GoLD[34CFXz9", 12, "the character after Z"},
		{"GoLD{34CFXz9", 12, "the character after z"},
		{"GoLD/34CFXz9", 12, "the character before 0"},
		{"GoLD:34CFXz9", 12, "the character after 9"},
	};
	char		canonical[NUMBER_MAX_LENGTH + 1];
	int			wrong = 0;

	Ok(Match(&gold, "Gold234CFXz9", 12, canonical) == NUMBER_MATCHES &&
	   strcmp(canonical, "Gold234CFXz9") == 0, "as printed");
	Ok(Match(&gold, "gOLD234cfxZ9", 12, canonical) == NUMBER_MATCHES &&
	   strcmp(canonical, "Gold234CFXz9") == 0, "in the other letter case");
	for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++)
		Ok(Match(&gold, malformed[i].text, malformed[i].length, canonical) == NUMBER_MALFORMED,
		   "malformed: %s", malformed[i].name);

	for (int byte = 0; byte < 256; byte++)
	{
		char		text[] = "Gold234CFXz9";
		bool		good = byte != 0 && strchr("23456789CFGHJMPQRVWX", toupper(byte)) != NULL;

		text[6] = (char) byte;
		wrong += Match(&gold, text, 12, canonical) != (good ? NUMBER_MATCHES : NUMBER_MALFORMED);
		text[6] = '4';
		text[1] = (char) byte;
		wrong += Match(&gold, text, 12, canonical) !=
			(byte == 'o' || byte == 'O' ? NUMBER_MATCHES : NUMBER_MALFORMED);
	}
	Ok(wrong == 0, "every byte as numeral and in the prefix");
}

/* With every digit at the place of the check digit, of which one is right. */
static void
TestMatchOfDigits(const NumberFormat *format, const char *number, size_t place, const char *name)
{
	size_t		length = strlen(number);
	char		canonical[NUMBER_MAX_LENGTH + 1];
	char		text[NUMBER_MAX_LENGTH + 1];

	memcpy(text, number, length + 1);
	for (int digit = '0'; digit <= '9'; digit++)
	{
		text[place] = (char) digit;
		Ok(Match(format, text, length, canonical) ==
		   (digit == number[place] ? NUMBER_MATCHES : NUMBER_BAD_CHECK_DIGIT), "%s: %s", name, text);
	}
}

static void
TestMatchCheckDigit(void)
{
	NumberFormat luhn = MakeFormat("7", DIGITS, 10, CHECK_DIGIT_LUHN, "", METHOD_RANDOM, 0);
	NumberFormat mod7 = MakeFormat("", DIGITS, 11, CHECK_DIGIT_MOD7, "A", METHOD_RANDOM, 0);
	NumberFormat gs1 = MakeFormat("629", DIGITS, 10, CHECK_DIGIT_GS1, "", METHOD_RANDOM, 0);
	char		canonical[NUMBER_MAX_LENGTH + 1];

	TestMatchOfDigits(&luhn, "79927398713", 10, "luhn");
	TestMatchOfDigits(&mod7, "33879725445a", 10, "mod7");
	TestMatchOfDigits(&gs1, "6291041500213", 12, "gs1");
	Ok(Match(&luhn, "79927398713", 11, canonical) == NUMBER_MATCHES &&
	   strcmp(canonical, "79927398713") == 0, "the right check digit, the prefix counted");
	Ok(Match(&luhn, "7992739871A", 11, canonical) == NUMBER_MALFORMED, "a letter for check digit");
	Ok(Match(&luhn, "7992739871\0", 11, canonical) == NUMBER_MALFORMED, "a NUL for check digit");
	Ok(Match(&luhn, "79927398A13", 11, canonical) == NUMBER_MALFORMED,
	   "a letter is malformed, whatever the check digit");
	Ok(Match(&luhn, "69927398713", 11, canonical) == NUMBER_MALFORMED,
	   "another prefix is malformed, whatever the check digit");

	Ok(Match(&mod7, "33879725445a", 12, canonical) == NUMBER_MATCHES &&
	   strcmp(canonical, "33879725445A") == 0, "mod7, and the suffix as printed");
	Ok(Match(&mod7, "33879725445B", 12, canonical) == NUMBER_MALFORMED,
	   "another suffix is malformed");
}

int
main(void)
{
	TestCheckDigits();
	TestLengths();
	TestCapacity();
	TestOverlap();
	TestPaymentCards();
	TestMatchForm();
	TestMatchCheckDigit();
	return DoneTesting();
}
