/*
 * What the numbers of a series look like: prefix, generated part, suffix.
 *
 * Pure: no key, no server. The check digit is the last character of the
 * generated part and is computed over every digit in front of it, letters
 * of the prefix skipped.
 */
#ifndef CARDGEN_NUMBER_FORMAT_H
#define CARDGEN_NUMBER_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NUMBER_MIN_LENGTH	5
#define NUMBER_MAX_LENGTH	150
#define AFFIX_MAX_LENGTH	50
#define ALPHABET_MIN_LENGTH	2
#define ALPHABET_MAX_LENGTH	36

typedef enum NumberMethod
{
	METHOD_SEQUENTIAL,
	METHOD_RANDOM
} NumberMethod;

typedef enum CheckDigitMethod
{
	CHECK_DIGIT_NONE,
	CHECK_DIGIT_LUHN,			/* ISO/IEC 7812-1, annex B */
	CHECK_DIGIT_MOD7,			/* the number in front, modulo 7 (airline tickets) */
	CHECK_DIGIT_GS1				/* GS1 General Specifications (EAN, UPC) */
} CheckDigitMethod;

#define CHECK_DIGIT_METHODS (CHECK_DIGIT_GS1 + 1)

extern const char *const check_digit_names[CHECK_DIGIT_METHODS];

/* None where the name is unknown. */
extern CheckDigitMethod CheckDigitByName(const char *name);

typedef struct NumberFormat
{
	NumberMethod method;
	CheckDigitMethod check_digit;
	int			length;			/* of the generated part, check digit included */
	int			prefix_length;
	int			suffix_length;
	int			radix;			/* length of the alphabet */
	int64_t		offset;			/* sequential: the value of ordinal 0 */
	char		prefix[AFFIX_MAX_LENGTH + 1];
	char		suffix[AFFIX_MAX_LENGTH + 1];
	char		alphabet[ALPHABET_MAX_LENGTH + 1];
} NumberFormat;

typedef enum NumberMatch
{
	NUMBER_MATCHES,
	NUMBER_MALFORMED,
	NUMBER_BAD_CHECK_DIGIT
} NumberMatch;

/* The check digit of the digits in a text, other characters skipped. */
extern char CheckDigit(CheckDigitMethod method, const char *text, size_t length);

/*
 * The same in pieces: the sums of consecutive pieces, each with the number of
 * digits that follow it up to the check digit, add up to the whole's sum.
 */
extern unsigned CheckDigitSum(CheckDigitMethod method, const char *text,
							  size_t length, size_t digits_behind);

static inline char
CheckDigitOfSum(CheckDigitMethod method, unsigned sum)
{
	return (char) ('0' + (method == CHECK_DIGIT_MOD7 ? sum % 7 : sum * 9 % 10));
}

/* Characters of a whole number; of the generated part without check digit. */
extern int	FormatNumberLength(const NumberFormat *format);
extern int	FormatNumeralCount(const NumberFormat *format);

/* Could a series have this format? What it takes from a user is checked in more words. */
extern bool FormatIsSound(const NumberFormat *format);

/* Numbers the format has from its offset on, at most 2^63 - 1; 0: none. */
extern int64_t FormatCapacity(const NumberFormat *format);

/* Could some string be a number of both? Letter case makes no difference. */
extern bool FormatsOverlap(const NumberFormat *a, const NumberFormat *b);

/*
 * Can a whole number be taken for a payment card's: 13 to 19 digits, the last
 * one Luhn's, the first one 2 to 6, as banks and merchants have it (ISO/IEC
 * 7812-1)?
 */
extern bool FormatLooksLikePaymentCard(const NumberFormat *format);

/*
 * Is the text a number of the format, letter case aside? If so canonical,
 * of NUMBER_MAX_LENGTH + 1 bytes, gets the number as it is printed.
 */
extern NumberMatch FormatMatch(const NumberFormat *format, const char *text,
							   size_t length, char *canonical);

#endif
