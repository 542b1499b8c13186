/*
 * Check digits.
 */
#include "check_digit.h"

#include <string.h>

/* 10^i mod 7, for i modulo 6. */
static const unsigned char mod7_weights[6] = {1, 3, 2, 6, 4, 5};

/* What every second digit counts, the one next to the check digit first. */
static const unsigned char luhn_weighted[10] = {0, 2, 4, 6, 8, 1, 3, 5, 7, 9};
static const unsigned char gs1_weighted[10] = {0, 3, 6, 9, 12, 15, 18, 21, 24, 27};

const char *const check_digit_names[CHECK_DIGIT_METHODS] = {"none", "luhn", "mod7", "gs1"};

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
