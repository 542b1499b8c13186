/*
 * What the numbers of a series look like: prefix, generated part, suffix.
 */
#include "number_format.h"

#include <string.h>

#define PAYMENT_CARD_MIN_DIGITS	13
#define PAYMENT_CARD_MAX_DIGITS	19

/* 10^i mod 7, for i modulo 6. */
static const unsigned char mod7_weights[6] = {1, 3, 2, 6, 4, 5};

/* What every second digit counts, the one next to the check digit first. */
static const unsigned char luhn_weighted[10] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
static const unsigned char gs1_weighted[10] = {0, 3, 6, 9, 12, 15, 18, 21, 24, 27};

const char *const check_digit_names[CHECK_DIGIT_METHODS] = {"none", "luhn", "mod7", "gs1"};

static inline bool
IsDigit(char c)
{
	return c >= '0' && c <= '9';
}

static inline char
ToUpper(char c)
{
	return c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
}

CheckDigitMethod
CheckDigitByName(const char *name)
{
	int			method = CHECK_DIGIT_METHODS - 1;

	while (method > CHECK_DIGIT_NONE && strcmp(name, check_digit_names[method]) != 0)
		method--;
	return (CheckDigitMethod) method;
}

static unsigned
AlternatingSum(const unsigned char weighted[10], const char *text, size_t length,
			   size_t digits_behind)
{
	bool		is_weighted = digits_behind % 2 == 0;
	unsigned	sum = 0;

	while (length-- > 0)
	{
		if (!IsDigit(text[length]))
			continue;
		sum += is_weighted ? weighted[text[length] - '0'] :
			(unsigned) (text[length] - '0');
		is_weighted = !is_weighted;
	}
	return sum;
}

static unsigned
Mod7Sum(const char *text, size_t length, size_t digits_behind)
{
	size_t		place = digits_behind % 6;
	unsigned	sum = 0;

	while (length-- > 0)
	{
		if (!IsDigit(text[length]))
			continue;
		sum += (unsigned) (text[length] - '0') * mod7_weights[place];
		place = place == 5 ? 0 : place + 1;
	}
	return sum;
}

unsigned
CheckDigitSum(CheckDigitMethod method, const char *text, size_t length,
			  size_t digits_behind)
{
	switch (method)
	{
		case CHECK_DIGIT_NONE:
			break;
		case CHECK_DIGIT_LUHN:
			return AlternatingSum(luhn_weighted, text, length, digits_behind);
		case CHECK_DIGIT_MOD7:
			return Mod7Sum(text, length, digits_behind);
		case CHECK_DIGIT_GS1:
			return AlternatingSum(gs1_weighted, text, length, digits_behind);
	}
	return 0;
}

char
CheckDigit(CheckDigitMethod method, const char *text, size_t length)
{
	return CheckDigitOfSum(method, CheckDigitSum(method, text, length, 0));
}

int
FormatNumberLength(const NumberFormat *format)
{
	return format->prefix_length + format->length + format->suffix_length;
}

int
FormatNumeralCount(const NumberFormat *format)
{
	return format->length - (format->check_digit != CHECK_DIGIT_NONE);
}

int64_t
FormatCapacity(const NumberFormat *format)
{
	uint64_t	offset = 0;
	uint64_t	values = 1;

	if (format->method == METHOD_SEQUENTIAL)
	{
		if (format->offset < 0)
			return 0;
		offset = (uint64_t) format->offset;
	}

	for (int i = FormatNumeralCount(format); i > 0; i--)
	{
		/* From 2^64 on no offset matters. */
		if (values > UINT64_MAX / (unsigned) format->radix)
			return INT64_MAX;
		values *= (unsigned) format->radix;
	}

	if (values <= offset)
		return 0;
	return values - offset > INT64_MAX ? INT64_MAX : (int64_t) (values - offset);
}

static bool
IsAlphanumeric(const char *text, int length)
{
	return strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") >= (size_t) length;
}

bool
FormatIsSound(const NumberFormat *format)
{
	int			number_length;

	if (format->prefix_length > AFFIX_MAX_LENGTH || format->suffix_length > AFFIX_MAX_LENGTH ||
		format->radix < ALPHABET_MIN_LENGTH || format->radix > ALPHABET_MAX_LENGTH ||
		format->length > NUMBER_MAX_LENGTH || FormatNumeralCount(format) < 1)
		return false;
	number_length = FormatNumberLength(format);
	if (number_length < NUMBER_MIN_LENGTH || number_length > NUMBER_MAX_LENGTH ||
		!IsAlphanumeric(format->prefix, format->prefix_length) ||
		!IsAlphanumeric(format->suffix, format->suffix_length) ||
		strspn(format->alphabet, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") < (size_t) format->radix)
		return false;
	for (int i = 0; i < format->radix; i++)
		if (strchr(format->alphabet + i + 1, format->alphabet[i]) != NULL)
			return false;
	return (format->check_digit == CHECK_DIGIT_NONE || strcmp(format->alphabet, "0123456789") == 0) &&
		FormatCapacity(format) > 0;
}

/* A character as a bit: 0-9, then A-Z. */
static uint64_t
CharacterSet(char c)
{
	return UINT64_C(1) << (IsDigit(c) ? c - '0' : ToUpper(c) - 'A' + 10);
}

/* The characters that may stand at a position of the format's numbers. */
static uint64_t
PositionSet(const NumberFormat *format, int position)
{
	uint64_t	set = 0;

	if (position < format->prefix_length)
		return CharacterSet(format->prefix[position]);
	position -= format->prefix_length;
	if (position >= format->length)
		return CharacterSet(format->suffix[position - format->length]);
	if (position >= FormatNumeralCount(format))
		return (1 << 10) - 1;
	for (int i = 0; i < format->radix; i++)
		set |= CharacterSet(format->alphabet[i]);
	return set;
}

bool
FormatsOverlap(const NumberFormat *a, const NumberFormat *b)
{
	int			length = FormatNumberLength(a);

	if (length != FormatNumberLength(b))
		return false;
	for (int i = 0; i < length; i++)
	{
		if ((PositionSet(a, i) & PositionSet(b, i)) == 0)
			return false;
	}
	return true;
}

bool
FormatLooksLikePaymentCard(const NumberFormat *format)
{
	int			length = FormatNumberLength(format);
	char		first = format->prefix[0];

	/* With a check digit the generated part is digits. */
	if (format->check_digit != CHECK_DIGIT_LUHN || format->suffix_length > 0 ||
		length < PAYMENT_CARD_MIN_DIGITS || length > PAYMENT_CARD_MAX_DIGITS ||
		strspn(format->prefix, "0123456789") != (size_t) format->prefix_length)
		return false;
	return format->prefix_length == 0 || (first >= '2' && first <= '6');
}

/* Copies the affix as it is printed; false where the text has another one. */
static bool
MatchAffix(const char *affix, int length, const char *text, char *canonical)
{
	for (int i = 0; i < length; i++)
	{
		if (ToUpper(text[i]) != ToUpper(affix[i]))
			return false;
		canonical[i] = affix[i];
	}
	return true;
}

NumberMatch
FormatMatch(const NumberFormat *format, const char *text, size_t length,
			char *canonical)
{
	int			numeral_count = FormatNumeralCount(format);
	int			front = format->prefix_length + numeral_count;
	int			end = format->prefix_length + format->length;

	if (length != (size_t) FormatNumberLength(format) ||
		!MatchAffix(format->prefix, format->prefix_length, text, canonical) ||
		!MatchAffix(format->suffix, format->suffix_length, text + end, canonical + end))
		return NUMBER_MALFORMED;

	for (int i = format->prefix_length; i < front; i++)
	{
		canonical[i] = ToUpper(text[i]);
		if (memchr(format->alphabet, canonical[i], (size_t) format->radix) == NULL)
			return NUMBER_MALFORMED;
	}
	canonical[length] = '\0';

	if (format->check_digit != CHECK_DIGIT_NONE)
	{
		if (!IsDigit(text[front]))
			return NUMBER_MALFORMED;
		canonical[front] = text[front];
		if (text[front] != CheckDigit(format->check_digit, canonical, (size_t) front))
			return NUMBER_BAD_CHECK_DIGIT;
	}
	return NUMBER_MATCHES;
}
