/*
 * hash - hash functions, HMAC (RFC 2104), HKDF (RFC 5869), SHA-3, SipHash.
 */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include "base/bytes.h"
#include "base/err.h"

enum hash_alg { HASH_SHA256, HASH_SHA384, HASH_SHA512, HASH_BLAKE2B };

#define HASH_MAX_LEN       64
#define HASH_MAX_BLOCK_LEN 128
#define SIPHASH_KEY_LEN    16

/* Returns the bytes of output (32, 48, 64, 64) or block (64, 128 ...). */
size_t hash_len(enum hash_alg alg);
size_t hash_block_len(enum hash_alg alg);

/*
 * A hash in progress, in caller storage, without heap. hash_final wipes it.
 * hash_copy forks it (for transcripts).
 */
struct hash {
	enum hash_alg alg;
	_Alignas(64) uint8_t state[448];
};
void hash_init(struct hash *h, enum hash_alg alg);
void hash_update(struct hash *h, struct bytes in);
void hash_final(struct hash *h, uint8_t *out);
void hash_copy(struct hash *to, const struct hash *from);

/* Writes hash_len(alg) bytes: the hash of the n parts, one after another. */
void hash_parts(enum hash_alg alg, const struct bytes *parts, size_t n,
    uint8_t *out);

/* The same of one part. */
void hash_one(enum hash_alg alg, struct bytes in, uint8_t *out);

/* HMAC of the n parts under key; writes hash_len(alg) bytes. */
void hmac_parts(enum hash_alg alg, struct bytes key,
    const struct bytes *parts, size_t n, uint8_t *out);
void hmac(enum hash_alg alg, struct bytes key, struct bytes in, uint8_t *out);

/* RFC 5869 2.2: writes hash_len(alg) bytes to prk. */
void hkdf_extract(enum hash_alg alg, struct bytes salt, struct bytes ikm,
    uint8_t *prk);

/* RFC 5869 2.3: writes len <= 255 * hash_len(alg) bytes, else fails ARG. */
MUST_USE enum err hkdf_expand(enum hash_alg alg, struct bytes prk,
    struct bytes info, uint8_t *out, size_t len);

/*
 * The same for several expansions of one prk, which is hashed once: hkdf_init,
 * any number of hkdf_next, hkdf_wipe. Secret, in caller storage.
 */
struct hkdf {
	struct hash inner, outer;
};
void hkdf_init(struct hkdf *h, enum hash_alg alg, struct bytes prk);
MUST_USE enum err hkdf_next(const struct hkdf *h, struct bytes info,
    uint8_t *out, size_t len);
void hkdf_wipe(struct hkdf *h);

/*
 * Keyed or unkeyed BLAKE2b (RFC 7693) with out_len 1 to 64 and a key of 0 to
 * 64 bytes, over the n parts.
 */
void blake2b_parts(struct bytes key, const struct bytes *parts, size_t n,
    uint8_t *out, size_t out_len);

/* FIPS 202, one-shot over the n parts. */
MUST_USE enum err sha3_256(const struct bytes *parts, size_t n,
    uint8_t out[32]);
MUST_USE enum err sha3_512(const struct bytes *parts, size_t n,
    uint8_t out[64]);
MUST_USE enum err shake128(const struct bytes *parts, size_t n, uint8_t *out,
    size_t len);
MUST_USE enum err shake256(const struct bytes *parts, size_t n, uint8_t *out,
    size_t len);

/* SipHash-2-4, for hash tables. */
uint64_t siphash(const uint8_t key[SIPHASH_KEY_LEN], struct bytes in);

#endif
