/*
 * AES key wrap, RFC 3394 (also SP 800-38F's KW). AES comes from libcrypto;
 * nothing here knows of PostgreSQL.
 */
#ifndef CARDGEN_KEY_WRAP_H
#define CARDGEN_KEY_WRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* By how much a wrapped key is longer. */
#define KEY_WRAP_OVERHEAD	8

/*
 * A wrapping key has 16, 24 or 32 bytes; the length of key, a multiple of 8
 * from 16 on, is that of the key as it is. KeyUnwrap is false where the wrapped
 * key is not one, or was wrapped under another key; both where libcrypto refuses.
 */
extern bool KeyWrap(const uint8_t *wrapping_key, size_t wrapping_key_length,
					const uint8_t *key, size_t key_length, uint8_t *wrapped);
extern bool KeyUnwrap(const uint8_t *wrapping_key, size_t wrapping_key_length,
					  const uint8_t *wrapped, uint8_t *key, size_t key_length);

#endif
