/*
 * xwing - the hybrid KEM of ML-KEM-768 and X25519
 * (draft-connolly-cfrg-xwing-kem-10; MLKEM768-X25519 in HPKE).
 *
 * A secret key is a seed of 32 bytes and is expanded at each use: the scheme
 * is only proven for keys made so.
 */
#ifndef CRYPTO_XWING_H
#define CRYPTO_XWING_H

#include "base/bytes.h"
#include "base/err.h"

#define XWING_SEED_LEN   32
#define XWING_PUBLIC_LEN 1216 /* ML-KEM-768 key || X25519 key */
#define XWING_CT_LEN     1120 /* ML-KEM-768 ciphertext || X25519 key */
#define XWING_RANDOM_LEN 64   /* ML-KEM's m || X25519 secret */
#define XWING_SHARED_LEN 32

/* Section 5.2: writes the public key of seed. Fails with CRYPTO. */
MUST_USE enum err xwing_public(const uint8_t seed[XWING_SEED_LEN],
    uint8_t public[XWING_PUBLIC_LEN]);

/*
 * Section 5.4, with its randomness given. Fails with KEY when public is not
 * reduced (FIPS 203 7.2) or its X25519 part has small order.
 */
MUST_USE enum err xwing_encaps(const uint8_t public[XWING_PUBLIC_LEN],
    const uint8_t random[XWING_RANDOM_LEN], uint8_t ct[XWING_CT_LEN],
    uint8_t shared[XWING_SHARED_LEN]);

/* Section 5.5. A wrong ML-KEM ciphertext gives another secret; an X25519 part
 * of small order fails with KEY. */
MUST_USE enum err xwing_decaps(const uint8_t seed[XWING_SEED_LEN],
    const uint8_t ct[XWING_CT_LEN], uint8_t shared[XWING_SHARED_LEN]);

#endif
