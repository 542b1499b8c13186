/*
 * FF1 format-preserving encryption, NIST SP 800-38G, section 5.1.
 *
 * Letters and step numbers in the comments are those of the standard's
 * algorithms 7 (FF1.Encrypt) and 8 (FF1.Decrypt). The Feistel network works
 * in place: even rounds change the left half by the right one, odd rounds the
 * other way round, so decryption is the same rounds backwards, subtracting.
 */
#include "ff1.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#define ROUNDS				10
#define BLOCK				16
#define MAX_HALF			((FF1_MAX_NUMERALS + 1) / 2)

/* 36^75 has 388 bits: b is at most 49, d at most 56. */
#define MAX_HALF_BYTES		49
#define MAX_LIMBS			14
#define MAX_ROUND_BLOCKS	4
#define MAX_Q				(FF1_MAX_TWEAK + 1 + MAX_HALF_BYTES + BLOCK)

/* What a round of the general path leaves behind of the key, to be wiped. */
typedef struct Scratch
{
	uint8_t		s[MAX_ROUND_BLOCKS * BLOCK];
	uint32_t	limbs[MAX_LIMBS];
	uint8_t		y[MAX_HALF];
} Scratch;

/* Spelled out, because compilers make one instruction of it then. */
static inline uint32_t
LoadBigEndian32(const uint8_t *bytes)
{
	return (uint32_t) bytes[0] << 24 | (uint32_t) bytes[1] << 16 |
		(uint32_t) bytes[2] << 8 | (uint32_t) bytes[3];
}

static inline uint64_t
LoadBigEndian(const uint8_t *bytes)
{
	return (uint64_t) bytes[0] << 56 | (uint64_t) bytes[1] << 48 |
		(uint64_t) bytes[2] << 40 | (uint64_t) bytes[3] << 32 |
		(uint64_t) bytes[4] << 24 | (uint64_t) bytes[5] << 16 |
		(uint64_t) bytes[6] << 8 | (uint64_t) bytes[7];
}

static inline void
StoreBigEndian(uint8_t *bytes, uint64_t value)
{
	uint8_t		native[8];

	memcpy(native, &value, 8);
	value = LoadBigEndian(native);
	memcpy(bytes, &value, 8);
}

/* The upper half of the 128-bit product. */
static inline uint64_t
MultiplyHigh(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	return (uint64_t) ((unsigned __int128) a * b >> 64);
#else
	uint64_t	a_low = (uint32_t) a,
				a_high = a >> 32,
				b_low = (uint32_t) b,
				b_high = b >> 32;
	uint64_t	middle = a_high * b_low + (a_low * b_low >> 32);
	uint64_t	middle_low = a_low * b_high + (uint32_t) middle;

	return a_high * b_high + (middle >> 32) + (middle_low >> 32);
#endif
}

static inline bool
IsWide(uint64_t modulus)
{
	return modulus > UINT64_C(1) << 32;
}

static void
SetModulus(Ff1Modulus *modulus, unsigned radix, unsigned numeral_count)
{
	uint64_t	value = 1;
	uint64_t	remainder = 1;
	uint64_t	reciprocal = 0;

	memset(modulus, 0, sizeof(*modulus));
	for (unsigned i = 0; i < numeral_count; i++)
	{
		if (value > (FF1_MAX_MODULUS - 1) / radix)
			return;
		value *= radix;
	}

	for (int bit = IsWide(value) ? 96 : 64; bit > 0; bit--)
	{
		remainder *= 2;
		reciprocal *= 2;
		if (remainder >= value)
		{
			remainder -= value;
			reciprocal++;
		}
	}
	modulus->value = value;
	modulus->reciprocal = reciprocal;
}

/* Less the modulus where it is not below it, without a branch. */
static inline uint64_t
ReduceOnce(uint64_t value, uint64_t modulus)
{
	uint64_t	less = value - modulus;

	return less + (modulus & -(less >> 63));
}

/*
 * Remainders by Barrett's method: the quotient from the reciprocal is the
 * true one or up to one less, up to two less where the modulus is wide and
 * the value's lowest 32 bits had no part in it.
 */
static inline uint64_t
Remainder(Ff1Modulus modulus, uint64_t value)
{
	uint64_t	quotient = MultiplyHigh(value, modulus.reciprocal);

	return ReduceOnce(value - quotient * modulus.value, modulus.value);
}

static inline uint64_t
WideRemainder(Ff1Modulus modulus, uint64_t high, uint32_t low)
{
	uint64_t	quotient = MultiplyHigh(high, modulus.reciprocal);
	uint64_t	remainder = (high << 32 | low) - quotient * modulus.value;

	return ReduceOnce(ReduceOnce(remainder, modulus.value), modulus.value);
}

/* The value of a half's numerals, least significant limb first. */
static void
NumeralsToLimbs(const Ff1 *ff1, const uint8_t *numerals, unsigned count,
				uint32_t limbs[MAX_LIMBS])
{
	unsigned	used = 0;

	memset(limbs, 0, MAX_LIMBS * sizeof(*limbs));
	for (unsigned i = 0; i < count;)
	{
		uint32_t	factor = 1;
		uint64_t	carry = 0;

		do
		{
			carry = carry * ff1->radix + numerals[i++];
			factor *= ff1->radix;
		} while (i < count && factor != ff1->group_modulus);

		for (unsigned k = 0; k < used; k++)
		{
			carry += (uint64_t) limbs[k] * factor;
			limbs[k] = (uint32_t) carry;
			carry >>= 32;
		}
		if (carry != 0 && used < MAX_LIMBS)
			limbs[used++] = (uint32_t) carry;
	}
}

/* The count least significant numerals of the limbs, which are used up. */
static void
LimbsToNumerals(const Ff1 *ff1, uint32_t *limbs, unsigned limb_count,
				uint8_t *numerals, unsigned count)
{
	while (count > 0)
	{
		uint64_t	remainder = 0;

		for (unsigned k = limb_count; k-- > 0;)
		{
			remainder = remainder << 32 | limbs[k];
			limbs[k] = (uint32_t) (remainder / ff1->group_modulus);
			remainder %= ff1->group_modulus;
		}
		while (limb_count > 0 && limbs[limb_count - 1] == 0)
			limb_count--;

		for (unsigned i = 0; i < ff1->group_count && count > 0; i++)
		{
			numerals[--count] = (uint8_t) (remainder % ff1->radix);
			remainder /= ff1->radix;
		}
	}
}

static bool
Encipher(const Ff1 *ff1, uint8_t *blocks, size_t count)
{
	int			length;

	return EVP_EncryptUpdate(ff1->cipher, blocks, &length, blocks,
							 (int) (count * BLOCK)) == 1;
}

static bool
SetKey(Ff1 *ff1, const uint8_t *key, size_t key_length)
{
	const EVP_CIPHER *cipher = key_length == 16 ? EVP_aes_128_ecb() :
		key_length == 24 ? EVP_aes_192_ecb() : EVP_aes_256_ecb();

	ff1->cipher = EVP_CIPHER_CTX_new();
	return ff1->cipher != NULL &&
		EVP_EncryptInit_ex(ff1->cipher, cipher, NULL, key, NULL) == 1 &&
		EVP_CIPHER_CTX_set_padding(ff1->cipher, 0) == 1;
}

/* Steps 1 to 5, and the cipher of P, which every round's CBC-MAC begins with. */
bool
Ff1Init(Ff1 *ff1, const uint8_t *key, size_t key_length,
		const uint8_t *tweak, size_t tweak_length,
		unsigned radix, unsigned numeral_count)
{
	uint8_t		greatest[MAX_HALF];
	uint32_t	limbs[MAX_LIMBS];
	unsigned	bits = 32 * MAX_LIMBS;
	unsigned	strings = 1;
	uint8_t	   *p;

	memset(ff1, 0, sizeof(*ff1));
	if ((key_length != 16 && key_length != 24 && key_length != 32) ||
		tweak_length > FF1_MAX_TWEAK ||
		radix < 2 || radix > FF1_MAX_RADIX ||
		numeral_count < 2 || numeral_count > FF1_MAX_NUMERALS)
		return false;
	for (unsigned i = 0; i < numeral_count && strings < FF1_MIN_STRINGS; i++)
		strings *= radix;
	if (strings < FF1_MIN_STRINGS)
		return false;

	ff1->radix = radix;
	ff1->numeral_count = numeral_count;
	ff1->left_count = numeral_count / 2;
	ff1->right_count = numeral_count - ff1->left_count;
	ff1->tweak_length = tweak_length;
	if (tweak_length > 0)
		memcpy(ff1->tweak, tweak, tweak_length);
	ff1->group_modulus = 1;
	while (ff1->group_modulus <= UINT32_MAX / radix)
	{
		ff1->group_modulus *= radix;
		ff1->group_count++;
	}
	SetModulus(&ff1->left_modulus, radix, ff1->left_count);
	SetModulus(&ff1->right_modulus, radix, ff1->right_count);

	memset(greatest, (int) radix - 1, sizeof(greatest));
	NumeralsToLimbs(ff1, greatest, ff1->right_count, limbs);
	while ((limbs[(bits - 1) / 32] >> (bits - 1) % 32 & 1) == 0)
		bits--;
	ff1->half_bytes = (bits + 7) / 8;
	ff1->round_bytes = (ff1->half_bytes + 3) / 4 * 4 + 4;

	p = ff1->first_block;
	p[0] = 1;
	p[1] = 2;
	p[2] = 1;
	p[5] = (uint8_t) radix;
	p[6] = ROUNDS;
	p[7] = (uint8_t) ff1->left_count;
	p[11] = (uint8_t) numeral_count;
	p[15] = (uint8_t) tweak_length;
	return SetKey(ff1, key, key_length) && Encipher(ff1, p, 1);
}

void
Ff1Clear(Ff1 *ff1)
{
	EVP_CIPHER_CTX_free(ff1->cipher);
	OPENSSL_cleanse(ff1, sizeof(*ff1));
}

/* Steps 6i to 6iii: the d bytes S of a round, in room for whole blocks. */
static bool
RoundBytes(const Ff1 *ff1, unsigned round, const uint8_t *half, unsigned count,
		   Scratch *scratch)
{
	uint8_t		q[MAX_Q] = {0};
	uint8_t    *s = scratch->s;
	uint32_t   *limbs = scratch->limbs;
	size_t		q_length;
	size_t		blocks = (ff1->round_bytes + BLOCK - 1) / BLOCK;

	q_length = (ff1->tweak_length + 1 + ff1->half_bytes + BLOCK - 1) / BLOCK * BLOCK;
	if (ff1->tweak_length > 0)
		memcpy(q, ff1->tweak, ff1->tweak_length);
	q[q_length - ff1->half_bytes - 1] = (uint8_t) round;
	NumeralsToLimbs(ff1, half, count, limbs);
	for (unsigned i = 0; i < ff1->half_bytes; i++)
		q[q_length - 1 - i] = (uint8_t) (limbs[i / 4] >> (i % 4 * 8));

	memcpy(s, ff1->first_block, BLOCK);
	for (size_t i = 0; i < q_length; i += BLOCK)
	{
		for (size_t k = 0; k < BLOCK; k++)
			s[k] ^= q[i + k];
		if (!Encipher(ff1, s, 1))
			return false;
	}

	for (size_t i = 1; i < blocks; i++)
	{
		memcpy(s + i * BLOCK, s, BLOCK);
		s[i * BLOCK + BLOCK - 1] ^= (uint8_t) i;
	}
	return blocks == 1 || Encipher(ff1, s + BLOCK, blocks - 1);
}

/* One round: the target half plus or minus y of the source half. */
static bool
Round(const Ff1 *ff1, unsigned round, uint8_t *numerals, bool encrypt,
	  Scratch *scratch)
{
	bool		even = round % 2 == 0;
	uint8_t    *target = even ? numerals : numerals + ff1->left_count;
	const uint8_t *source = even ? numerals + ff1->left_count : numerals;
	unsigned	target_count = even ? ff1->left_count : ff1->right_count;
	unsigned	source_count = even ? ff1->right_count : ff1->left_count;
	unsigned	limb_count = ff1->round_bytes / 4;
	uint8_t    *y = scratch->y;
	unsigned	carry = 0;

	if (!RoundBytes(ff1, round, source, source_count, scratch))
		return false;
	for (unsigned i = 0; i < limb_count; i++)
		scratch->limbs[limb_count - 1 - i] = LoadBigEndian32(scratch->s + 4 * i);
	LimbsToNumerals(ff1, scratch->limbs, limb_count, y, target_count);

	for (unsigned i = target_count; i-- > 0;)
	{
		unsigned	sum = encrypt ? target[i] + y[i] + carry :
			target[i] + ff1->radix - y[i] - carry;

		carry = (sum >= ff1->radix) == encrypt;
		target[i] = (uint8_t) (sum >= ff1->radix ? sum - ff1->radix : sum);
	}
	return true;
}

static bool
Rounds(const Ff1 *ff1, uint8_t *numerals, bool encrypt)
{
	Scratch		scratch = {0};
	bool		done = true;

	for (unsigned i = 0; done && i < ROUNDS; i++)
		done = Round(ff1, encrypt ? i : ROUNDS - 1 - i, numerals, encrypt, &scratch);
	OPENSSL_cleanse(&scratch, sizeof(scratch));
	return done;
}

bool
Ff1Encrypt(const Ff1 *ff1, uint8_t *numerals)
{
	return Rounds(ff1, numerals, true);
}

bool
Ff1Decrypt(const Ff1 *ff1, uint8_t *numerals)
{
	return Rounds(ff1, numerals, false);
}

bool
Ff1HasHalves(const Ff1 *ff1)
{
	return ff1->tweak_length == 0 && ff1->right_modulus.value != 0;
}

/* The first d bytes of an enciphered block modulo radix^u or radix^v. */
typedef enum RoundShape
{
	D8,							/* b <= 4 */
	D12,						/* b <= 8 */
	D12_NARROW					/* the same, but radix^u <= 2^32 < radix^v */
} RoundShape;

static inline uint64_t
RoundValue(const uint8_t *block, Ff1Modulus modulus, RoundShape shape)
{
	uint64_t	high = LoadBigEndian(block);
	uint32_t	low = LoadBigEndian32(block + 8);

	if (shape == D12)
		return WideRemainder(modulus, high, low);
	high = Remainder(modulus, high);
	return shape == D8 ? high : Remainder(modulus, high << 32 | low);
}

/* Half plus y, below the modulus. */
static inline uint64_t
AddRoundValue(uint64_t half, const uint8_t *block, Ff1Modulus modulus, RoundShape shape)
{
	uint64_t	high = LoadBigEndian(block);

	/* One remainder will do for both, but for the rare sum that overflows. */
	if (shape == D8 && high + half >= high)
		return Remainder(modulus, high + half);
	return ReduceOnce(half + RoundValue(block, modulus, shape), modulus.value);
}

static inline uint64_t
SubtractRoundValue(uint64_t half, const uint8_t *block, Ff1Modulus modulus, RoundShape shape)
{
	return ReduceOnce(half + modulus.value - RoundValue(block, modulus, shape),
					  modulus.value);
}

/*
 * With an empty tweak and b <= 8, Q is one block: at least seven zero bytes,
 * the round's number, the half in b bytes. This is its xor with the cipher of
 * P, but for the half.
 */
typedef struct RoundBlock
{
	uint64_t	high;
	uint64_t	low;
} RoundBlock;

static RoundBlock
BlockOfRound(const Ff1 *ff1, unsigned round)
{
	uint8_t		q[BLOCK] = {0};

	q[BLOCK - 1 - ff1->half_bytes] = (uint8_t) round;
	return (RoundBlock) {
		LoadBigEndian(ff1->first_block) ^ LoadBigEndian(q),
		LoadBigEndian(ff1->first_block + 8) ^ LoadBigEndian(q + 8)
	};
}

static inline void
StoreBlock(uint8_t *block, RoundBlock of_round, uint64_t half)
{
	StoreBigEndian(block, of_round.high);
	StoreBigEndian(block + 8, of_round.low ^ half);
}

/*
 * Steps 6iv to 6vi, and the block of the next round, which takes the changed
 * halves. Inlined, once for each shape.
 */
static inline void
ChangeHalves(uint64_t *halves, size_t count, uint8_t *blocks, RoundBlock next,
			 Ff1Modulus modulus, RoundShape shape, bool encrypt)
{
	for (size_t i = 0; i < count; i++)
	{
		uint8_t    *block = blocks + i * BLOCK;

		halves[i] = encrypt ? AddRoundValue(halves[i], block, modulus, shape) :
			SubtractRoundValue(halves[i], block, modulus, shape);
		StoreBlock(block, next, halves[i]);
	}
}

static bool
HalvesRound(const Ff1 *ff1, unsigned round, uint64_t *target, size_t count,
			uint8_t *blocks, bool encrypt)
{
	Ff1Modulus	modulus = round % 2 == 0 ? ff1->left_modulus : ff1->right_modulus;
	RoundBlock	next = BlockOfRound(ff1, encrypt ? round + 1 : round - 1);

	if (!Encipher(ff1, blocks, count))
		return false;

	if (ff1->round_bytes == 8)
		ChangeHalves(target, count, blocks, next, modulus, D8, encrypt);
	else if (IsWide(modulus.value))
		ChangeHalves(target, count, blocks, next, modulus, D12, encrypt);
	else
		ChangeHalves(target, count, blocks, next, modulus, D12_NARROW, encrypt);
	return true;
}

static bool
HalvesRounds(const Ff1 *ff1, uint64_t *left, uint64_t *right, size_t count,
			 bool encrypt)
{
	uint8_t		blocks[FF1_LOCKSTEP * BLOCK];
	size_t		used = count < FF1_LOCKSTEP ? count : FF1_LOCKSTEP;
	RoundBlock	first = BlockOfRound(ff1, encrypt ? 0 : ROUNDS - 1);
	size_t		chunk;
	bool		done = true;

	for (; done && count > 0; count -= chunk)
	{
		const uint64_t *source = encrypt ? right : left;

		chunk = count < FF1_LOCKSTEP ? count : FF1_LOCKSTEP;
		for (size_t i = 0; i < chunk; i++)
			StoreBlock(blocks + i * BLOCK, first, source[i]);
		for (unsigned i = 0; done && i < ROUNDS; i++)
		{
			unsigned	round = encrypt ? i : ROUNDS - 1 - i;

			done = HalvesRound(ff1, round, round % 2 == 0 ? left : right,
							   chunk, blocks, encrypt);
		}
		left += chunk;
		right += chunk;
	}
	OPENSSL_cleanse(blocks, used * BLOCK);
	return done;
}

bool
Ff1EncryptHalves(const Ff1 *ff1, uint64_t *left, uint64_t *right, size_t count)
{
	return HalvesRounds(ff1, left, right, count, true);
}

bool
Ff1DecryptHalves(const Ff1 *ff1, uint64_t *left, uint64_t *right, size_t count)
{
	return HalvesRounds(ff1, left, right, count, false);
}
