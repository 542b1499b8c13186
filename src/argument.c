/*
 * What every verb does with its arguments.
 */
#include "argument.h"

#include "cardgen.h"
#include "catalog/namespace.h"
#include "common/string.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#define NAME_MAX_CHARACTERS 255

void
RequireArgument(FunctionCallInfo fcinfo, int number, const char *name)
{
	if (PG_ARGISNULL(number))
		Refuse(MissingArgument(name));
}

char *
OptionalText(FunctionCallInfo fcinfo, int number)
{
	return PG_ARGISNULL(number) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(number));
}

char *
RequiredText(FunctionCallInfo fcinfo, int number, const char *name)
{
	RequireArgument(fcinfo, number, name);
	return OptionalText(fcinfo, number);
}

int32
BatchIdArgument(FunctionCallInfo fcinfo, int number)
{
	int64		batch_id;

	RequireArgument(fcinfo, number, "batch_id");
	batch_id = PG_GETARG_INT64(number);
	if (batch_id < PG_INT32_MIN || batch_id > PG_INT32_MAX)
		Refuse(UnknownBatch(batch_id));
	return (int32) batch_id;
}

/* Unicode's White_Space, and what takes no room at all. */
static bool
IsBlank(const char *character)
{
	const unsigned char *bytes = (const unsigned char *) character;
	size_t		length = (size_t) pg_utf_mblen(bytes);
	pg_wchar	code;

	if (strnlen(character, length) < length)
		return false;
	code = utf8_to_unicode(bytes);
	return (code >= 0x09 && code <= 0x0d) || code == 0x20 || code == 0x85 || code == 0xa0 ||
		code == 0x1680 || code == 0x180e || (code >= 0x2000 && code <= 0x200b) ||
		code == 0x2028 || code == 0x2029 || code == 0x202f || code == 0x205f ||
		code == 0x2060 || code == 0x3000 || code == 0xfeff;
}

/*
 * What bytes of SQL_ASCII mean no one knows, nor those for which an encoding has
 * no character: a blank in UTF-8 is taken for one.
 */
static const char *
InUtf8(const char *text)
{
	int			encoding = GetDatabaseEncoding();
	int			length = (int) strlen(text);
	Oid			conversion;
	unsigned char *converted;

	if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII || pg_is_ascii(text) ||
		(Size) length >= MaxAllocSize / MAX_CONVERSION_GROWTH)
		return text;
	conversion = FindDefaultConversionProc(encoding, PG_UTF8);
	if (!OidIsValid(conversion))
		return text;
	converted = palloc((Size) length * MAX_CONVERSION_GROWTH + 1);
	return pg_do_encoding_conversion_buf(conversion, encoding, PG_UTF8, (unsigned char *) unconstify(char *, text), length,
										 converted, length * MAX_CONVERSION_GROWTH + 1, true) < length ?
		text : (const char *) converted;
}

const char *
WithoutBlanks(const char *text, size_t *length)
{
	const char *begin = InUtf8(text);
	const char *end = begin + strlen(begin);

	while (begin < end && IsBlank(begin))
		begin += pg_utf_mblen((const unsigned char *) begin);
	while (begin < end)
	{
		const char *last = end - 1;

		while (last > begin && (*last & 0xc0) == 0x80)
			last--;
		if (!IsBlank(last) || last + pg_utf_mblen((const unsigned char *) last) != end)
			break;
		end = last;
	}
	*length = (size_t) (end - begin);
	return begin;
}

Refusal *
CheckName(const char *value, const char *what)
{
	int			characters = pg_mbstrlen(value);
	size_t		length;

	(void) WithoutBlanks(value, &length);
	if (length == 0)
		return EmptyText(what);
	if (characters > NAME_MAX_CHARACTERS)
		return TextTooLong(what, characters, NAME_MAX_CHARACTERS);
	return NULL;
}

Refusal *
CheckCustomerId(const char *customer_id, const char *what)
{
	Refusal    *refusal;
	size_t		length;

	if (customer_id == NULL)
		return MissingArgument(what);
	refusal = CheckName(customer_id, what);
	(void) WithoutBlanks(customer_id, &length);
	if (refusal == NULL && length != strlen(InUtf8(customer_id)))
		refusal = SurroundedByBlanks(what, customer_id);
	return refusal;
}

Elements
OptionalArray(FunctionCallInfo fcinfo, int number, const char *name)
{
	Elements	elements = {0};
	ArrayType  *array;
	int16		length;
	bool		by_value;
	char		alignment;

	if (PG_ARGISNULL(number))
		return elements;
	array = PG_GETARG_ARRAYTYPE_P(number);
	if (ARR_NDIM(array) > 1)
		Refuse(NotOneDimensional(name));
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
	deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment,
					  &elements.values, &elements.nulls, &elements.count);
	return elements;
}

const char **
RequiredTextArray(FunctionCallInfo fcinfo, int number, const char *name, int *count)
{
	Elements	elements;
	const char **texts;

	RequireArgument(fcinfo, number, name);
	elements = OptionalArray(fcinfo, number, name);
	*count = elements.count;
	texts = palloc(sizeof(char *) * (*count + 1));
	for (int i = 0; i < *count; i++)
		texts[i] = elements.nulls[i] ? NULL : TextDatumGetCString(elements.values[i]);
	pfree(elements.values);
	pfree(elements.nulls);
	return texts;
}

void
CheckCallSize(const char *name, int count)
{
	if (count > max_cards_per_call)
		Refuse(CallLimit(psprintf("number of %s", name), count, max_cards_per_call, false));
}

void
CheckArrays(const char *name, int count, const char *other, int other_count)
{
	if (count != other_count)
		Refuse(UnequalArrays(name, count, other, other_count));
	CheckCallSize(name, count);
}
