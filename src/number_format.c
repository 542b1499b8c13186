/*
 * What the numbers of a series look like: prefix, generated part, suffix.
 */
#include "number_format.h"

#include <string.h>

#define PAYMENT_CARD_MIN_DIGITS	13
#define PAYMENT_CARD_MAX_DIGITS	19

static inline char
ToUpper(char c)
{
	return c >= 'a' && c <= 'z' ? (char) (c - 'a' + 'A') : c;
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

int
FormatMinLength(const NumberFormat *format)
{
	int			affixes = format->prefix_length + format->suffix_length;
	int			least = format->check_digit == CHECK_DIGIT_NONE ? 1 : 2;

	return affixes + least < NUMBER_MIN_LENGTH ? NUMBER_MIN_LENGTH - affixes : least;
}

int
FormatMaxLength(const NumberFormat *format)
{
	return NUMBER_MAX_LENGTH - format->prefix_length - format->suffix_length;
}

char
RepeatedInAlphabet(const char *alphabet)
{
	while (*alphabet != '\0' && strchr(alphabet + 1, *alphabet) == NULL)
		alphabet++;
	return *alphabet;
}

bool
FormatIsDecimal(const NumberFormat *format)
{
	return strcmp(format->alphabet, DIGITS) == 0;
}

bool
FormatIsSound(const NumberFormat *format)
{
	if (format->prefix_length > AFFIX_MAX_LENGTH || format->suffix_length > AFFIX_MAX_LENGTH ||
		format->radix < ALPHABET_MIN_LENGTH || format->radix > ALPHABET_MAX_LENGTH ||
		format->length < FormatMinLength(format) || format->length > FormatMaxLength(format))
		return false;
	return strspn(format->prefix, DIGITS_AND_LETTERS) == (size_t) format->prefix_length &&
		strspn(format->suffix, DIGITS_AND_LETTERS) == (size_t) format->suffix_length &&
		strspn(format->alphabet, DIGITS_AND_CAPITALS) == (size_t) format->radix &&
		RepeatedInAlphabet(format->alphabet) == '\0' &&
		(format->check_digit == CHECK_DIGIT_NONE || FormatIsDecimal(format)) &&
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
		strspn(format->prefix, DIGITS) != (size_t) format->prefix_length)
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
