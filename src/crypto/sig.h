/*
 * sig - signatures: Ed25519 (RFC 8032), and ECDSA on P-256 with SHA-256.
 *
 * Ed25519 secret keys are the 32-byte seed. Verification is strict: small
 * order keys, non-canonical points and scalars are refused.
 */
#ifndef CRYPTO_SIG_H
#define CRYPTO_SIG_H

#include "base/bytes.h"
#include "base/err.h"

#define ED25519_SEED_LEN   32
#define ED25519_PUBLIC_LEN 32
#define ED25519_SIG_LEN    64
#define ECDSA_MAX_SIG_LEN  72 /* DER */

/* Writes the public key of a seed. */
void ed25519_public(const uint8_t seed[ED25519_SEED_LEN],
    uint8_t public[ED25519_PUBLIC_LEN]);

/* Signs message with the key of seed. */
void ed25519_sign(const uint8_t seed[ED25519_SEED_LEN], struct bytes message,
    uint8_t sig[ED25519_SIG_LEN]);

/*
 * The same for a caller who keeps the public key, at half the cost. public
 * must be the one of seed: a signature with another tells the secret.
 */
void ed25519_sign_as(const uint8_t seed[ED25519_SEED_LEN],
    const uint8_t public[ED25519_PUBLIC_LEN], struct bytes message,
    uint8_t sig[ED25519_SIG_LEN]);

/* Fails with AUTH unless sig is public's signature of message. */
MUST_USE enum err ed25519_verify(const uint8_t public[ED25519_PUBLIC_LEN],
    struct bytes message, struct bytes sig);

/*
 * ECDSA with SHA-256 over P-256; secret is a 32-byte scalar, public a point,
 * uncompressed (65 bytes) or compressed (33), signatures are DER of at most
 * ECDSA_MAX_SIG_LEN bytes. The nonce is libcrypto's, so this is the one
 * function here that cannot be replayed. Signing fails with KEY when secret
 * is not between 1 and the order - 1; verifying fails with AUTH.
 */
MUST_USE enum err ecdsa_p256_sign(const uint8_t secret[32],
    struct bytes message, uint8_t sig[ECDSA_MAX_SIG_LEN], size_t *sig_len);
MUST_USE enum err ecdsa_p256_verify(struct bytes public,
    struct bytes message, struct bytes sig);

#endif
