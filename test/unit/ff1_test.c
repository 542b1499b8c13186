/*
 * FF1 against the published vectors, against a second implementation that
 * follows the standard word by word with libcrypto's big numbers, and the
 * lockstep path against the general one.
 */
#include "ff1.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/evp.h>

#include "tap.h"

#define VECTORS "test/unit/ff1_sp800_38g.tsv"

static uint8_t key[32];
static uint8_t tweak[FF1_MAX_TWEAK];

static void
FromText(const char *text, uint8_t *numerals)
{
	for (; *text != '\0'; text++)
		*numerals++ = (uint8_t) (*text <= '9' ? *text - '0' : *text - 'a' + 10);
}

static uint64_t
Value(const uint8_t *numerals, unsigned count, unsigned radix)
{
	uint64_t	value = 0;

	while (count-- > 0)
		value = value * radix + *numerals++;
	return value;
}

static void
RandomNumerals(uint8_t *numerals, unsigned count, unsigned radix)
{
	for (unsigned i = 0; i < count; i++)
		numerals[i] = (uint8_t) (Random() % radix);
}

/* Whether the halves path turns the one string into the other and back. */
static bool
HalvesAgree(const Ff1 *ff1, const uint8_t *plain, const uint8_t *enciphered)
{
	unsigned	u = ff1->left_count;
	unsigned	v = ff1->right_count;
	uint64_t	left = Value(plain, u, ff1->radix);
	uint64_t	right = Value(plain + u, v, ff1->radix);

	if (!Ff1EncryptHalves(ff1, &left, &right, 1) ||
		left != Value(enciphered, u, ff1->radix) ||
		right != Value(enciphered + u, v, ff1->radix))
		return false;
	return Ff1DecryptHalves(ff1, &left, &right, 1) &&
		left == Value(plain, u, ff1->radix) &&
		right == Value(plain + u, v, ff1->radix);
}

static void
TestVectors(void)
{
	FILE	   *file = OpenData(VECTORS);
	char		line[512];
	int			vectors = 0;
	int			with_halves = 0;

	while (fgets(line, sizeof(line), file) != NULL)
	{
		char		key_hex[80],
					tweak_hex[80],
					plain_text[FF1_MAX_NUMERALS + 1],
					cipher_text[FF1_MAX_NUMERALS + 1];
		uint8_t		vector_key[32],
					vector_tweak[FF1_MAX_TWEAK],
					plain[FF1_MAX_NUMERALS] = {0},
					enciphered[FF1_MAX_NUMERALS] = {0},
					numerals[FF1_MAX_NUMERALS];
		size_t		key_length,
					tweak_length;
		unsigned	radix,
					count;
		Ff1			ff1;

		if (line[0] == '#')
			continue;
		if (sscanf(line, "%79s %79s %u %150s %150s", key_hex, tweak_hex, &radix,
				   plain_text, cipher_text) != 5)
		{
			Ok(false, "a line of " VECTORS " can be read");
			continue;
		}
		vectors++;
		key_length = FromHex(key_hex, vector_key);
		tweak_length = FromHex(tweak_hex, vector_tweak);
		count = (unsigned) strlen(plain_text);
		FromText(plain_text, plain);
		FromText(cipher_text, enciphered);

		Ok(Ff1Init(&ff1, vector_key, key_length, vector_tweak, tweak_length, radix, count),
		   "vector %d: AES-%zu, radix %u, tweak of %zu bytes", vectors, key_length * 8,
		   radix, tweak_length);
		memcpy(numerals, plain, count);
		Ok(Ff1Encrypt(&ff1, numerals) && memcmp(numerals, enciphered, count) == 0,
		   "vector %d encrypts to %s", vectors, cipher_text);
		Ok(Ff1Decrypt(&ff1, numerals) && memcmp(numerals, plain, count) == 0,
		   "vector %d decrypts to %s", vectors, plain_text);
		Ok(Ff1HasHalves(&ff1) == (tweak_length == 0),
		   "vector %d has halves if the tweak is empty", vectors);
		if (Ff1HasHalves(&ff1))
		{
			with_halves++;
			Ok(HalvesAgree(&ff1, plain, enciphered), "vector %d by halves", vectors);
		}
		Ff1Clear(&ff1);
	}
	fclose(file);
	Ok(vectors == 9 && with_halves == 3, "9 vectors, 3 of them by halves");
}

static void
TestBounds(void)
{
	static const struct
	{
		size_t		key_length,
					tweak_length;
		unsigned	radix,
					count;
		bool		good;
		const char *name;
	}			cases[] = {
		{32, 0, 10, 6, true, "1000000 strings"},
		{32, 0, 10, 5, false, "100000 strings"},
		{32, 0, 2, 20, true, "1048576 strings"},
		{32, 0, 2, 19, false, "524288 strings"},
		{32, 0, 31, 4, false, "923521 strings"},
		{32, 0, 36, 4, true, "1679616 strings"},
		{32, 0, 36, 1, false, "one numeral"},
		{32, 0, 36, 0, false, "no numeral"},
		{32, 0, 36, 150, true, "150 numerals"},
		{32, 0, 36, 151, false, "151 numerals"},
		{32, 0, 37, 10, false, "radix 37"},
		{32, 0, 1, 150, false, "radix 1"},
		{32, 0, 0, 150, false, "radix 0"},
		{32, 64, 10, 10, true, "a tweak of 64 bytes"},
		{32, 65, 10, 10, false, "a tweak of 65 bytes"},
		{16, 0, 10, 10, true, "a key of 16 bytes"},
		{24, 0, 10, 10, true, "a key of 24 bytes"},
		{0, 0, 10, 10, false, "no key"},
		{15, 0, 10, 10, false, "a key of 15 bytes"},
		{31, 0, 10, 10, false, "a key of 31 bytes"},
	};
	static const Ff1 nothing;
	uint8_t		long_tweak[FF1_MAX_TWEAK + 1] = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Ff1			ff1 = {0};

		Ok(Ff1Init(&ff1, key, cases[i].key_length, long_tweak, cases[i].tweak_length,
				   cases[i].radix, cases[i].count) == cases[i].good,
		   "%s: %s", cases[i].good ? "taken" : "refused", cases[i].name);
		Ff1Clear(&ff1);
		Ok(memcmp(&ff1, &nothing, sizeof(ff1)) == 0, "nothing left of it: %s", cases[i].name);
	}
}

/* libcrypto's refusal, by a cipher context without a cipher. */
static void
TestRefusal(void)
{
	uint8_t		numerals[60] = {0};
	uint64_t	left[2] = {0, 0},
				right[2] = {0, 0};
	Ff1			ff1;

	for (unsigned count = 15; count <= 60; count += 45)
	{
		Ff1Init(&ff1, key, 32, NULL, 0, 10, count);
		EVP_CIPHER_CTX_reset(ff1.cipher);
		Ok(!Ff1Encrypt(&ff1, numerals) && !Ff1Decrypt(&ff1, numerals),
		   "%u numerals: libcrypto's refusal is told", count);
		if (Ff1HasHalves(&ff1))
			Ok(!Ff1EncryptHalves(&ff1, left, right, 2) &&
			   !Ff1DecryptHalves(&ff1, left, right, 2),
			   "%u numerals by halves: libcrypto's refusal is told", count);
		Ff1Clear(&ff1);
	}
}

static BIGNUM *
Num(const uint8_t *numerals, unsigned count, unsigned radix)
{
	BIGNUM	   *value = BN_new();

	BN_zero(value);
	for (unsigned i = 0; i < count; i++)
	{
		BN_mul_word(value, radix);
		BN_add_word(value, numerals[i]);
	}
	return value;
}

static void
Cipher(EVP_CIPHER_CTX *cipher, uint8_t block[16])
{
	int			length;

	EVP_EncryptUpdate(cipher, block, &length, block, 16);
}

/* Algorithm 7 of SP 800-38G, step by step. */
static void
ReferenceEncrypt(const uint8_t *aes_key, const uint8_t *t_bytes, unsigned t,
				 unsigned radix, uint8_t *x, unsigned n)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	BN_CTX	   *context = BN_CTX_new();
	BIGNUM	   *power = BN_new();
	unsigned	u = n / 2;
	unsigned	v = n - u;
	unsigned	b;
	unsigned	d;
	uint8_t		a_half[FF1_MAX_NUMERALS],
				b_half[FF1_MAX_NUMERALS],
				p[16] = {1, 2, 1, 0, 0, 0, 10, 0};

	EVP_EncryptInit_ex(cipher, EVP_aes_256_ecb(), NULL, aes_key, NULL);
	EVP_CIPHER_CTX_set_padding(cipher, 0);

	memcpy(a_half, x, u);
	memcpy(b_half, x + u, v);
	BN_one(power);
	for (unsigned i = 0; i < v; i++)
		BN_mul_word(power, radix);
	BN_sub_word(power, 1);
	b = (unsigned) BN_num_bytes(power);
	d = 4 * ((b + 3) / 4) + 4;
	p[5] = (uint8_t) radix;
	p[7] = (uint8_t) u;
	p[11] = (uint8_t) n;
	p[15] = (uint8_t) t;

	for (unsigned i = 0; i < 10; i++)
	{
		unsigned	m = i % 2 == 0 ? u : v;
		unsigned	length = 16;
		uint8_t		message[256] = {0},
					r[16] = {0},
					s[128];
		BIGNUM	   *num_b = Num(b_half, i % 2 == 0 ? v : u, radix);
		BIGNUM	   *c = Num(a_half, m, radix);
		BIGNUM	   *y;

		memcpy(message, p, 16);
		if (t > 0)
			memcpy(message + length, t_bytes, t);
		length += t;
		while ((length + 1 + b) % 16 != 0)
			message[length++] = 0;
		message[length++] = (uint8_t) i;
		BN_bn2binpad(num_b, message + length, (int) b);
		length += b;

		for (unsigned block = 0; block < length; block += 16)
		{
			for (unsigned k = 0; k < 16; k++)
				r[k] ^= message[block + k];
			Cipher(cipher, r);
		}
		memcpy(s, r, 16);
		for (unsigned j = 1; 16 * j < d; j++)
		{
			memcpy(s + 16 * j, r, 16);
			s[16 * j + 15] ^= (uint8_t) j;
			Cipher(cipher, s + 16 * j);
		}

		y = BN_bin2bn(s, (int) d, NULL);
		BN_one(power);
		for (unsigned k = 0; k < m; k++)
			BN_mul_word(power, radix);
		BN_mod_add(c, c, y, power, context);
		memcpy(a_half, b_half, sizeof(a_half));
		for (unsigned k = m; k-- > 0;)
			b_half[k] = (uint8_t) BN_div_word(c, radix);
		BN_free(num_b);
		BN_free(c);
		BN_free(y);
	}
	memcpy(x, a_half, u);
	memcpy(x + u, b_half, v);
	BN_free(power);
	BN_CTX_free(context);
	EVP_CIPHER_CTX_free(cipher);
}

static void
TestAgainstReference(void)
{
	for (unsigned radix = 2; radix <= FF1_MAX_RADIX; radix++)
	{
		unsigned	compared = 0;
		unsigned	failed = 0;

		for (unsigned n = 2; n <= FF1_MAX_NUMERALS; n++)
		{
			/* An empty one each time, and one of any length. */
			for (unsigned k = 0; k < 2; k++)
			{
				unsigned	t = k == 0 ? 0 : (unsigned) (Random() % (FF1_MAX_TWEAK + 1));
				uint8_t		plain[FF1_MAX_NUMERALS],
							expected[FF1_MAX_NUMERALS],
							numerals[FF1_MAX_NUMERALS];
				Ff1			ff1;

				if (!Ff1Init(&ff1, key, 32, tweak, t, radix, n))
				{
					Ff1Clear(&ff1);
					continue;
				}
				RandomNumerals(plain, n, radix);
				memcpy(numerals, plain, n);
				memcpy(expected, plain, n);
				ReferenceEncrypt(key, tweak, t, radix, expected, n);
				compared++;
				if (!Ff1Encrypt(&ff1, numerals) || memcmp(numerals, expected, n) != 0 ||
					!Ff1Decrypt(&ff1, numerals) || memcmp(numerals, plain, n) != 0)
					failed++;
				if (failed == 1)
					Note("radix %u, %u numerals, tweak of %u bytes", radix, n, t);
				Ff1Clear(&ff1);
			}
		}
		Ok(failed == 0 && compared >= 262, "radix %u: as the standard's steps, %u strings",
		   radix, compared);
	}
}

static void
TestHalvesAgainstGeneral(void)
{
	enum
	{
		STRINGS = 40
	};

	for (unsigned radix = 2; radix <= FF1_MAX_RADIX; radix++)
	{
		unsigned	longest = 0;
		unsigned	expected_longest = 0;
		unsigned	failed = 0;
		uint64_t	power = 1;

		while (power <= (FF1_MAX_MODULUS - 1) / radix)
		{
			power *= radix;
			expected_longest += 2;
		}

		for (unsigned n = 2; n <= FF1_MAX_NUMERALS; n++)
		{
			Ff1			ff1;

			if (Ff1Init(&ff1, key, 32, NULL, 0, radix, n) && Ff1HasHalves(&ff1))
			{
				longest = n;
				for (unsigned k = 0; k < STRINGS; k++)
				{
					uint8_t		plain[FF1_MAX_NUMERALS],
								enciphered[FF1_MAX_NUMERALS];

					RandomNumerals(plain, n, radix);
					if (k < 2)
						memset(plain, k == 0 ? 0 : (int) radix - 1, n);
					memcpy(enciphered, plain, n);
					Ff1Encrypt(&ff1, enciphered);
					failed += !HalvesAgree(&ff1, plain, enciphered);
				}
				if (failed > 0 && failed <= STRINGS)
					Note("radix %u, %u numerals: %u", radix, n, failed);
			}
			Ff1Clear(&ff1);
		}
		Ok(failed == 0, "radix %u: halves as the general path", radix);
		Ok(longest == expected_longest, "radix %u: halves up to %u numerals", radix,
		   expected_longest);
	}
}

static void
TestLockstep(void)
{
	static const struct
	{
		unsigned	radix,
					count;
		const char *name;
	}			shapes[] = {
		{10, 15, "d = 8"},
		{10, 19, "d = 12, radix^u below 2^32"},
		{10, 36, "d = 12"},
		{2, 64, "radix^v = 2^32"},
		{2, 65, "radix^v = 2^33"},
		{7, 25, "radix^v little above 2^32"},
		{36, 22, "radix^v near 2^57"},
		{31, 24, "radix^v near 2^60"},
	};
	static const size_t counts[] = {0, 1, 2, FF1_LOCKSTEP - 1, FF1_LOCKSTEP,
		FF1_LOCKSTEP + 1, 2 * FF1_LOCKSTEP, 5 * FF1_LOCKSTEP / 2};
	static uint64_t left[3 * FF1_LOCKSTEP],
				right[3 * FF1_LOCKSTEP],
				plain_left[3 * FF1_LOCKSTEP],
				plain_right[3 * FF1_LOCKSTEP];

	for (size_t k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++)
	{
		unsigned	u = shapes[k].count / 2;
		Ff1			ff1;

		Ff1Init(&ff1, key, 32, NULL, 0, shapes[k].radix, shapes[k].count);
		for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
		{
			size_t		count = counts[c];
			size_t		failed = 0;

			for (size_t i = 0; i < 3 * FF1_LOCKSTEP; i++)
			{
				left[i] = plain_left[i] = Random() % ff1.left_modulus.value;
				right[i] = plain_right[i] = Random() % ff1.right_modulus.value;
			}
			failed += !Ff1EncryptHalves(&ff1, left, right, count);
			for (size_t i = 0; i < count; i++)
			{
				uint8_t		numerals[FF1_MAX_NUMERALS];
				uint64_t	a = plain_left[i];
				uint64_t	b = plain_right[i];

				for (unsigned n = shapes[k].count; n-- > u; b /= shapes[k].radix)
					numerals[n] = (uint8_t) (b % shapes[k].radix);
				for (unsigned n = u; n-- > 0; a /= shapes[k].radix)
					numerals[n] = (uint8_t) (a % shapes[k].radix);
				Ff1Encrypt(&ff1, numerals);
				failed += left[i] != Value(numerals, u, shapes[k].radix) ||
					right[i] != Value(numerals + u, shapes[k].count - u, shapes[k].radix);
			}
			for (size_t i = count; i < 3 * FF1_LOCKSTEP; i++)
				failed += left[i] != plain_left[i] || right[i] != plain_right[i];
			failed += !Ff1DecryptHalves(&ff1, left, right, count);
			failed += memcmp(left, plain_left, sizeof(left)) != 0 ||
				memcmp(right, plain_right, sizeof(right)) != 0;
			Ok(failed == 0, "%s: %zu in lockstep, not one more", shapes[k].name, count);
		}
		Ff1Clear(&ff1);
	}
}

int
main(void)
{
	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t) Random();
	for (unsigned i = 0; i < sizeof(tweak); i++)
		tweak[i] = (uint8_t) Random();

	TestVectors();
	TestBounds();
	TestRefusal();
	TestAgainstReference();
	TestHalvesAgainstGeneral();
	TestLockstep();
	return DoneTesting();
}
