/*
 * Texts for an argument: broken, strange, long, and almost right.
 */
#include "hostile/make.h"

#include <string.h>

#define LONGEST_TEXT	(1 << 20)

/* Of UTF-8: wrong starts, overlong, cut off, surrogate, beyond Unicode. */
static const char *const broken_texts[] = {
	"\xFF", "\x80", "\xC0\x80", "\xE2\x82", "\xED\xA0\x80", "\xF5\x80\x80\x80", "abc\xC3", "\xF0\x9F\x92"
};

static const char *const strange_texts[] = {
	"", " ", "\t\n\r\v\f", "%s%n%d%1$s", "'", "''; DROP SCHEMA cardgen CASCADE; --", "\"", "\\", "\\N", "$1",
	"$$", "NULL", "\x01\x02\x1B[31m\x7F", "\xC3\xA9", "e\xCC\x81", "\xE2\x80\xAE", ("\xEF\xBB\xBF" "GOLD"),
	"\xF0\x9F\x92\xB3", "\xC2\xA0", "\xEF\xBC\x91\xEF\xBC\x92", "0", "-1", "true", "{}", "(,)", "infinity"
};

static Value
MakeLongText(void)
{
	static const int lengths[] = {49, 50, 51, 149, 150, 151, 152, 255, 256, 1023, 8192, 65536};
	int			length = Chance(2) ? LONGEST_TEXT : lengths[Choose(12)];
	Value		value = {Allocate((size_t) length + 1), length, Chance(50)};
	char		filler = "0A a"[Choose(4)];

	for (int i = 0; i < length; i++)
		value.data[i] = Chance(1) ? (char) ('0' + Choose(10)) : filler;
	value.data[length] = '\0';
	return value;
}

/* Almost the text: a character changed, added, left out, or its case. */
Value
Spoil(const char *text)
{
	static const char characters[] = "0123456789ABCXYZabcxyz -_.\n\x01";
	char		spoiled[400];
	int			length = snprintf(spoiled, sizeof(spoiled) - 20, "%s", text);
	int			place;
	char		other = characters[Choose((int) sizeof(characters) - 1)];

	if (length >= (int) sizeof(spoiled) - 20)
		length = (int) sizeof(spoiled) - 21;
	if (length == 0)
		return Bytes(&other, 1, 0);
	place = Choose(length);
	switch (Choose(7))
	{
		case 0:					/* one off */
			spoiled[place] = (char) ('0' + (spoiled[place] - '0' + 1 + Choose(9)) % 10);
			spoiled[place] = spoiled[place] < ' ' ? ' ' : spoiled[place];
			break;
		case 1:
			spoiled[place] = other;
			break;
		case 2:
			memmove(spoiled + place + 1, spoiled + place, (size_t) (length - place));
			spoiled[place] = other;
			length++;
			break;
		case 3:
			memmove(spoiled + place, spoiled + place + 1, (size_t) (length - place));
			length--;
			break;
		case 4:
			for (int i = 0; i < length; i++)
				if (spoiled[i] >= 'A' && spoiled[i] <= 'Z')
					spoiled[i] = (char) (spoiled[i] + 'a' - 'A');
			break;
		case 5:
			length = snprintf(spoiled, sizeof(spoiled), " \t%.300s\r\n", text);
			break;
		default:
			if (place + 1 < length)
			{
				other = spoiled[place];
				spoiled[place] = spoiled[place + 1];
				spoiled[place + 1] = other;
			}
			break;
	}
	return Bytes(spoiled, (size_t) length, Chance(50));
}

Value
MakeHostileText(void)
{
	switch (Choose(8))
	{
		case 0:
			return String(PICK(broken_texts));
		case 1:
			return Bytes("GO\0LD", 5, 1);
		case 2:
			return MakeLongText();
		case 3:
			return Spoil(PickFrom(&numbers));
		case 4:
			return Spoil(PickFrom(&labels));
		default:
			return String(PICK(strange_texts));
	}
}

bool
IsNamed(const Argument *argument, const char *name)
{
	return strcmp(argument->topic, name) == 0;
}

Value
MakeText(const Argument *argument, bool is_polite)
{
	static const char *const affixes[] = {"A", "ab", "9", "4000", "9000", "GOLD", "X7Y", "0", "zz", "made"};
	static const char *const alphabets[] = {
		"0123456789", "01", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", "23456789CFGHJMPQRVWX", "ZYX", "A", "AA", "abc"
	};
	char		made[20];
	static const char *const frequent_labels[] = {"NOT_ISSUED", "Printed", "ISSUED", "ACTIVE"};
	const char *right = made;

	if (!is_polite && Chance(50))
		return MakeHostileText();
	snprintf(made, sizeof(made), "made%d", Choose(1000));
	if (strstr(argument->topic, "number") != NULL)
		right = PickFrom(&numbers);
	else if (IsNamed(argument, "series_code") || (IsNamed(argument, "code") && Chance(20)))
		right = PickFrom(&codes);
	else if (IsNamed(argument, "status_label") && Chance(80))
		right = PICK(frequent_labels);
	else if (strstr(argument->topic, "label") != NULL)
		right = PickFrom(&labels);
	else if (IsNamed(argument, "alphabet"))
		right = is_polite ? alphabets[Choose(3)] : PICK(alphabets);
	else if (IsNamed(argument, "prefix") || IsNamed(argument, "suffix"))
		right = Chance(50) ? "" : PICK(affixes);
	if (!is_polite && Chance(70))
		return Spoil(right);
	return Bytes(right, strlen(right), Chance(50));
}
