/*
 * AES key wrap, RFC 3394.
 */
#include "key_wrap.h"

#include <openssl/err.h>
#include <openssl/evp.h>

static const EVP_CIPHER *
CipherFor(size_t wrapping_key_length)
{
	switch (wrapping_key_length)
	{
		case 16:
			return EVP_aes_128_wrap();
		case 24:
			return EVP_aes_192_wrap();
		case 32:
			return EVP_aes_256_wrap();
		default:
			return NULL;
	}
}

static bool
Apply(bool is_wrapping, const uint8_t *wrapping_key, size_t wrapping_key_length,
	  const uint8_t *input, size_t input_length, uint8_t *output, size_t output_length)
{
	const EVP_CIPHER *wrap = CipherFor(wrapping_key_length);
	EVP_CIPHER_CTX *cipher;
	int			written = 0;
	bool		is_done;

	if (wrap == NULL)
		return false;
	/* Who uses libcrypto next must not find the errors of this. */
	ERR_set_mark();
	cipher = EVP_CIPHER_CTX_new();
	if (cipher != NULL)
		EVP_CIPHER_CTX_set_flags(cipher, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	is_done = cipher != NULL &&
		EVP_CipherInit_ex(cipher, wrap, NULL, wrapping_key, NULL, is_wrapping) == 1 &&
		EVP_CipherUpdate(cipher, output, &written, input, (int) input_length) == 1 &&
		(size_t) written == output_length;
	EVP_CIPHER_CTX_free(cipher);
	ERR_pop_to_mark();
	return is_done;
}

bool
KeyWrap(const uint8_t *wrapping_key, size_t wrapping_key_length,
		const uint8_t *key, size_t key_length, uint8_t *wrapped)
{
	return Apply(true, wrapping_key, wrapping_key_length,
				 key, key_length, wrapped, key_length + KEY_WRAP_OVERHEAD);
}

bool
KeyUnwrap(const uint8_t *wrapping_key, size_t wrapping_key_length,
		  const uint8_t *wrapped, uint8_t *key, size_t key_length)
{
	return Apply(false, wrapping_key, wrapping_key_length,
				 wrapped, key_length + KEY_WRAP_OVERHEAD, key, key_length);
}
