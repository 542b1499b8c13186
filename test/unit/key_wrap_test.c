/*
 * AES key wrap against the published vectors, and what it refuses.
 */
#include "key_wrap.h"

#include <string.h>

#include <openssl/err.h>

#include "tap.h"

#define VECTORS "test/unit/key_wrap_rfc3394.tsv"

static void
TestVectors(void)
{
	FILE	   *file = OpenData(VECTORS);
	char		line[512];
	int			vectors = 0;

	while (fgets(line, sizeof(line), file) != NULL)
	{
		char		section[8],
					wrapping_key_hex[80],
					key_hex[80],
					wrapped_hex[100];
		uint8_t		wrapping_key[32],
					key[32],
					expected[40],
					wrapped[40],
					unwrapped[32];
		size_t		wrapping_key_length,
					key_length;

		if (line[0] == '#')
			continue;
		if (sscanf(line, "%7s %79s %79s %99s", section, wrapping_key_hex, key_hex, wrapped_hex) != 4)
		{
			Ok(false, "a line of " VECTORS " can be read");
			continue;
		}
		vectors++;
		wrapping_key_length = FromHex(wrapping_key_hex, wrapping_key);
		key_length = FromHex(key_hex, key);
		FromHex(wrapped_hex, expected);

		Ok(KeyWrap(wrapping_key, wrapping_key_length, key, key_length, wrapped) &&
		   memcmp(wrapped, expected, key_length + KEY_WRAP_OVERHEAD) == 0,
		   "section %s: %zu bytes, wrapped under %zu", section, key_length, wrapping_key_length);
		Ok(KeyUnwrap(wrapping_key, wrapping_key_length, expected, unwrapped, key_length) &&
		   memcmp(unwrapped, key, key_length) == 0, "section %s: and back", section);
	}
	fclose(file);
	Ok(vectors == 6, "%d vectors", vectors);
}

static void
FillRandomly(uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t) Random();
}

/* One bit of what was wrapped, or of the wrapping key, is another. */
static void
TestForgery(void)
{
	uint8_t		wrapping_key[32],
				key[32],
				wrapped[40],
				unwrapped[32] = {0};
	int			accepted = 0;

	FillRandomly(wrapping_key, sizeof(wrapping_key));
	FillRandomly(key, sizeof(key));
	Ok(KeyWrap(wrapping_key, 32, key, 32, wrapped), "a random key is wrapped");
	for (int bit = 0; bit < 8 * 40; bit++)
	{
		wrapped[bit / 8] ^= (uint8_t) (1 << bit % 8);
		accepted += KeyUnwrap(wrapping_key, 32, wrapped, unwrapped, 32);
		accepted += memcmp(unwrapped, key, 32) == 0;
		wrapped[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	for (int bit = 0; bit < 8 * 32; bit++)
	{
		wrapping_key[bit / 8] ^= (uint8_t) (1 << bit % 8);
		accepted += KeyUnwrap(wrapping_key, 32, wrapped, unwrapped, 32);
		wrapping_key[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	Ok(accepted == 0, "no other bit makes it a key");
	Ok(ERR_peek_error() == 0, "no error of libcrypto is left for others");
	Ok(KeyUnwrap(wrapping_key, 32, wrapped, unwrapped, 32) && memcmp(unwrapped, key, 32) == 0,
	   "the right ones do");
}

static void
TestBounds(void)
{
	static const size_t lengths[] = {0, 8, 15, 17, 31, 33, 64};
	uint8_t		wrapping_key[64] = {0},
				key[32] = {0},
				wrapped[40];

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
		Ok(!KeyWrap(wrapping_key, lengths[i], key, 32, wrapped) &&
		   !KeyUnwrap(wrapping_key, lengths[i], wrapped, key, 32),
		   "no wrapping key has %zu bytes", lengths[i]);
	Ok(!KeyWrap(wrapping_key, 32, key, 8, wrapped), "8 bytes are too few to be wrapped");
	Ok(!KeyWrap(wrapping_key, 32, key, 31, wrapped), "31 are no multiple of 8");
}

int
main(void)
{
	TestVectors();
	TestForgery();
	TestBounds();
	return DoneTesting();
}
