/*
 * Arrays for an argument: of the length that all have in a call, or of another
 * one, with nulls, more dimensions and subscripts of their own.
 */
#include "hostile/make.h"

#include <string.h>

#define POLITE_LENGTH	3
#define TOO_MANY		301		/* cardgen.max_cards_per_call is 300 */

static int
ChooseLength(void)
{
	switch (Choose(10))
	{
		case 0:
			return 0;
		case 1:
			return TOO_MANY;
		case 2:
			return 1 + Choose(20);
		default:
			return POLITE_LENGTH;
	}
}

/* Of an array's text; what is binary stands there as the bytes it has. */
static void
AddMadeElement(ArrayText *array, const Argument *argument, bool is_polite)
{
	Value		element = MakeElement(argument, is_polite);

	/* Three hundred of the longest would be more than the arena has. */
	if (element.length > 1000)
		element.data[1000] = '\0';
	if (element.is_binary && argument->kind != TEXT)
		element = String("infinity");
	AddElement(array, element.data);
}

/* The text with something around it that makes another array of it, or none. */
static Value
Wrap(const char *text)
{
	static const char *const wrappings[][2] = {
		{"{", "}"}, {"{{x,y,z},", "}"}, {"[0:2]=", ""}, {"[-2147483648:-2147483646]=", ""}, {"{", ""}, {"", "}"}
	};
	const char *const *wrapping = wrappings[Choose(6)];
	size_t		size = strlen(text) + 40;
	Value		value = {Allocate(size), 0, 0};

	value.length = snprintf(value.data, size, "%s%s%s", wrapping[0], text, wrapping[1]);
	return value;
}

Value
MakeArray(const Argument *argument, bool is_polite)
{
	int			length = is_polite ? POLITE_LENGTH : ChooseLength();
	int			hostile = is_polite ? -1 : Choose(length + 1);
	ArrayText	array = {0};
	Value		value;

	if (!is_polite && Chance(15))
		return Null();
	for (int i = 0; i < length; i++)
		AddMadeElement(&array, argument, i != hostile);
	CloseArray(&array);
	value = !is_polite && Chance(15) ? Wrap(array.text) : String(array.text);
	free(array.text);
	return value;
}
