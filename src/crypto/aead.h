/*
 * aead - authenticated encryption with associated data.
 *
 * ChaCha20-Poly1305 (RFC 8439), AES-128-GCM and AES-256-GCM (SP 800-38D),
 * and XChaCha20-Poly1305 for random nonces. Input and output may be the
 * same memory, or must not overlap. The tag stands after the ciphertext.
 */
#ifndef CRYPTO_AEAD_H
#define CRYPTO_AEAD_H

#include "base/bytes.h"
#include "base/err.h"

enum aead_alg { AEAD_CHACHAPOLY, AEAD_AES128GCM, AEAD_AES256GCM,
	AEAD_XCHACHAPOLY };

#define AEAD_TAG_LEN         16
#define AEAD_MAX_KEY_LEN     32
#define AEAD_NONCE_LEN       12
#define AEAD_XNONCE_LEN      24
#define AEAD_CHACHAPOLY_KEY_LEN 32

/* Returns the bytes of key (32, 16, 32, 32) or nonce (12, 12, 12, 24). */
size_t aead_key_len(enum aead_alg alg);
size_t aead_nonce_len(enum aead_alg alg);

/*
 * Writes in.n + AEAD_TAG_LEN bytes to out. key and nonce have the lengths
 * above. Fails with CRYPTO only when a library refuses.
 */
MUST_USE enum err aead_seal(enum aead_alg alg, const uint8_t *key,
    const uint8_t *nonce, struct bytes ad, struct bytes in, uint8_t *out);

/*
 * Writes in.n - AEAD_TAG_LEN bytes to out, which may be NULL when that is
 * none. Fails with AUTH (also when in is too short), out then holding zeros
 * only.
 */
MUST_USE enum err aead_open(enum aead_alg alg, const uint8_t *key,
    const uint8_t *nonce, struct bytes ad, struct bytes in, uint8_t *out);

#endif
