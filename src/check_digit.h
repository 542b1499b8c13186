/*
 * Check digits.
 *
 * Pure: no server. A check digit is computed over every digit in front of it;
 * letters are skipped.
 */
#ifndef CARDGEN_CHECK_DIGIT_H
#define CARDGEN_CHECK_DIGIT_H

#include <stdbool.h>
#include <stddef.h>

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

static inline bool
IsDigit(char c)
{
	return c >= '0' && c <= '9';
}

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

#endif
