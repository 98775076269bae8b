/*
 * dh - Diffie-Hellman: X25519 (RFC 7748), and P-256 for HPKE.
 */
#ifndef CRYPTO_DH_H
#define CRYPTO_DH_H

#include "base/bytes.h"
#include "base/err.h"

#define X25519_LEN      32 /* public key, secret key and output alike */
#define P256_SECRET_LEN 32
#define P256_PUBLIC_LEN 65 /* uncompressed point */
#define P256_SHORT_LEN  33 /* compressed point */
#define P256_SHARED_LEN 32 /* x coordinate */

/* Writes the public key of secret. */
void x25519_public(const uint8_t secret[X25519_LEN],
    uint8_t public[X25519_LEN]);

/* Writes the shared secret. An all-zero one fails with KEY (RFC 7748 6.1). */
MUST_USE enum err x25519(const uint8_t secret[X25519_LEN],
    const uint8_t public[X25519_LEN], uint8_t shared[X25519_LEN]);

/*
 * The same over P-256. A secret that is not between 1 and the order - 1, and
 * a point that is not on the curve, fail with KEY.
 */
MUST_USE enum err p256_public(const uint8_t secret[P256_SECRET_LEN],
    uint8_t public[P256_PUBLIC_LEN]);
MUST_USE enum err p256(const uint8_t secret[P256_SECRET_LEN],
    const uint8_t public[P256_PUBLIC_LEN], uint8_t shared[P256_SHARED_LEN]);

/* Fails with KEY unless public is an uncompressed point of the curve. */
MUST_USE enum err p256_check(const uint8_t public[P256_PUBLIC_LEN]);

#endif
