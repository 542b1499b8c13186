/*
 * FF1 format-preserving encryption, NIST SP 800-38G, section 5.1.
 *
 * A permutation of the strings of numeral_count numerals in a radix. Knows
 * nothing of card numbers or of PostgreSQL; AES comes from libcrypto.
 */
#ifndef CARDGEN_FF1_H
#define CARDGEN_FF1_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FF1_MAX_RADIX		36
#define FF1_MAX_NUMERALS	150
#define FF1_MAX_TWEAK		64

/* The least radix^n: the standard advises it, the drafts of its revision 1 require it. */
#define FF1_MIN_STRINGS		1000000

/* radix^u or radix^v, below FF1_MAX_MODULUS or left 0, and what divides by it. */
#define FF1_MAX_MODULUS (UINT64_C(1) << 62)

typedef struct Ff1Modulus
{
	uint64_t	value;
	uint64_t	reciprocal;		/* floor(2^64 / value), from 2^32 + 1 on 2^96 / value */
} Ff1Modulus;

typedef struct Ff1
{
	void	   *cipher;			/* EVP_CIPHER_CTX, AES-ECB with the key set */
	unsigned	radix;
	unsigned	numeral_count;	/* n of the standard */
	unsigned	left_count;		/* u: numerals in the left half */
	unsigned	right_count;	/* v: numerals in the right half */
	unsigned	half_bytes;		/* b: bytes that hold v numerals */
	unsigned	round_bytes;	/* d: bytes of a round's output that count */
	size_t		tweak_length;
	uint8_t		tweak[FF1_MAX_TWEAK];
	uint8_t		first_block[16];	/* the CBC-MAC after P, alike in every round */
	unsigned	group_count;	/* numerals whose value fits 32 bits */
	uint32_t	group_modulus;	/* radix^group_count */
	Ff1Modulus	left_modulus;
	Ff1Modulus	right_modulus;
} Ff1;

/*
 * A key of 16, 24 or 32 bytes. False where libcrypto refuses or an argument
 * is out of bounds; Ff1Clear is safe either way.
 */
extern bool Ff1Init(Ff1 *ff1, const uint8_t *key, size_t key_length,
					const uint8_t *tweak, size_t tweak_length,
					unsigned radix, unsigned numeral_count);
extern void Ff1Clear(Ff1 *ff1);

/* One string of any length, a numeral a byte, most significant first. */
extern bool Ff1Encrypt(const Ff1 *ff1, uint8_t *numerals);
extern bool Ff1Decrypt(const Ff1 *ff1, uint8_t *numerals);

/*
 * Many strings at once, each as its two halves' values; only where both
 * moduli are below FF1_MAX_MODULUS and the tweak is empty (Ff1HasHalves).
 */
#define FF1_LOCKSTEP 1024

extern bool Ff1HasHalves(const Ff1 *ff1);
extern bool Ff1EncryptHalves(const Ff1 *ff1, uint64_t *left, uint64_t *right,
							 size_t count);
extern bool Ff1DecryptHalves(const Ff1 *ff1, uint64_t *left, uint64_t *right,
							 size_t count);

#endif
