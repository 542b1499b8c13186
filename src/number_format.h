/*
 * What the numbers of a series look like: prefix, generated part, suffix.
 *
 * Pure: no key, no server. The check digit is the last character of the
 * generated part.
 */
#ifndef CARDGEN_NUMBER_FORMAT_H
#define CARDGEN_NUMBER_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check_digit.h"

#define NUMBER_MIN_LENGTH	5
#define NUMBER_MAX_LENGTH	150
#define AFFIX_MAX_LENGTH	50
#define ALPHABET_MIN_LENGTH	2
#define ALPHABET_MAX_LENGTH	36

#define DIGITS "0123456789"
#define DIGITS_AND_CAPITALS DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS_AND_LETTERS DIGITS_AND_CAPITALS "abcdefghijklmnopqrstuvwxyz"

typedef enum NumberMethod
{
	METHOD_SEQUENTIAL,
	METHOD_RANDOM
} NumberMethod;

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

/* Characters of a whole number; of the generated part without check digit. */
extern int	FormatNumberLength(const NumberFormat *format);
extern int	FormatNumeralCount(const NumberFormat *format);

/* Could a series have this format? And what of it is wrong, for whoever has to say so. */
extern bool FormatIsSound(const NumberFormat *format);
extern int	FormatMinLength(const NumberFormat *format);
extern int	FormatMaxLength(const NumberFormat *format);
extern bool FormatIsDecimal(const NumberFormat *format);
extern char RepeatedInAlphabet(const char *alphabet);	/* or '\0' */

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
