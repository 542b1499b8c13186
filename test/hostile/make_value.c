/*
 * Values for an argument of any type but text.
 */
#include "hostile/make.h"

#include <string.h>

Value
MakeInteger(const Argument *argument, bool is_polite)
{
	static const int64_t edges[] = {
		0, 1, -1, 2, 5, 10, 36, 50, 51, 149, 150, 151, 299, 300, 301, 1000, 36500, 36501, 99999, 100000, 100001,
		INT32_MAX, INT32_MIN, INT32_MAX - 1, INT64_C(4294967296), INT64_MAX, INT64_MIN, INT64_MAX - 1
	};
	static const char *const broken[] = {"", " ", "1.5", "0x10", "12abc", "NaN", "99999999999999999999", "--1"};
	int64_t		number;
	char		text[30];

	if (!is_polite && Chance(20))
		return String(PICK(broken));
	if (!is_polite)
		number = Chance(80) ? edges[Choose(28)] : (int64_t) Random();
	else if (IsNamed(argument, "batch_id"))
		number = atoll(PickFrom(&batch_ids));
	else if (IsNamed(argument, "card_offset"))
		number = 0;
	else
		number = 1 + Choose(40);

	if (Chance(50))
	{
		unsigned char binary[8] = {0};
		int			size = argument->kind == INT4 ? 4 : 8;

		for (int i = 0; i < size; i++)
			binary[i] = (unsigned char) ((uint64_t) number >> (8 * (size - 1 - i)));
		return Bytes(binary, (size_t) (!is_polite && Chance(10) ? Choose(9) : size), 1);
	}
	snprintf(text, sizeof(text), "%lld", (long long) number);
	return String(text);
}

static Value
MakeRandomBytes(size_t size)
{
	char		bytes[16] = {0};

	for (size_t i = 0; i < size; i++)
		bytes[i] = (char) (Chance(50) ? 0 : Chance(30) ? 0xFF : Choose(256));
	return Bytes(bytes, Chance(2) ? size - 1 : size, 1);
}

static Value
MakeUuid(void)
{
	static const char *const texts[] = {
		"", "x", "00000000-0000-0000-0000-000000000000", "{ffffffff-ffff-ffff-ffff-ffffffffffff}",
		"00000000-0000-0000-0000-00000000000", "0000000000000000000000000000000g"
	};

	if (Chance(40))
		return MakeRandomBytes(16);
	return String(Chance(50) ? PickFrom(&request_ids) : PICK(texts));
}

Value
MakeInterval(void)
{
	static const char *const texts[] = {
		"30 days", "1 microsecond", "0", "-1 day", "1 mon -30 days", "1 mon -29 days", "-1 mon 31 days",
		"9999 years", "10000 years", "178000000 years", "2147483647 months", "-2147483648 months",
		"-100000 months 3100000 days", "-90000 months 2800000 days", "3540000 months -106150000 days",
		"2147483647 days", "-100000 months 2147483647 days", "-9223372036854775807 microseconds",
		"9223372036854775807 microseconds", "infinity", "-infinity", "", "forever", "99999999999 years"
	};

	return Chance(30) ? MakeRandomBytes(16) : String(PICK(texts));
}

static Value
MakeTimestamp(void)
{
	static const char *const texts[] = {
		"infinity", "-infinity", "epoch", "now", "tomorrow", "294276-12-31 23:59:59.999999+00", "300000-01-01",
		"4714-11-24 00:00:00+00 BC", "4715-01-01 BC", "2030-02-30", "", "soon", "2030-01-01 12:00 Mars/Olympus",
		"2100-01-01"
	};

	return Chance(40) ? MakeRandomBytes(8) : String(PICK(texts));
}

static Value
MakeEnum(const Argument *argument, bool is_polite)
{
	char		right[64] = "";
	int			count = PQntuples(enum_values.result);

	/* Its values are next to each other. */
	for (int i = Choose(count), tries = 0; tries < count && right[0] == '\0'; i = (i + 1) % count, tries++)
		if ((Oid) strtoul(PQgetvalue(enum_values.result, i, 1), NULL, 10) == argument->type)
			snprintf(right, sizeof(right), "%s", PQgetvalue(enum_values.result, i, 0));
	if (!is_polite)
		return Spoil(right);
	return Bytes(right, strlen(right), Chance(50));
}

static Value
MakeBoolean(bool is_polite)
{
	static const char *const texts[] = {"t", "f", "on", "no", "1", "maybe", ""};

	if (is_polite)
		return String(texts[Choose(5)]);
	return Chance(40) ? MakeRandomBytes(1) : String(PICK(texts));
}

static Value
MakeDate(void)
{
	static const char *const texts[] = {
		"infinity", "-infinity", "epoch", "today", "5874897-12-31", "5874898-01-01", "4714-11-24 BC", "4715-01-01 BC",
		"2030-02-30", "", "soon", "2100-01-01"
	};

	return Chance(40) ? MakeRandomBytes(4) : String(PICK(texts));
}

Value
MakeElement(const Argument *argument, bool is_polite)
{
	if (!is_polite && Chance(15))
		return Null();
	switch (argument->kind)
	{
		case INT4:
		case INT8:
			return MakeInteger(argument, is_polite);
		case BOOL:
			return MakeBoolean(is_polite);
		case UUID:
			return is_polite && Chance(70) ? Null() : MakeUuid();
		case INTERVAL:
			return is_polite ? Null() : MakeInterval();
		case TIMESTAMPTZ:
			return is_polite ? String("2100-01-01") : MakeTimestamp();
		case DATE:
			return is_polite ? String("2100-01-01") : MakeDate();
		case ENUM:
			return MakeEnum(argument, is_polite);
		default:
			return MakeText(argument, is_polite);
	}
}

Value
MakeValue(const Argument *argument, bool is_polite)
{
	return argument->is_array ? MakeArray(argument, is_polite) : MakeElement(argument, is_polite);
}
