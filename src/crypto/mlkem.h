/*
 * mlkem - ML-KEM-768 (FIPS 203), deterministic at its interface.
 *
 * From libcrypto where that is 3.5 or newer; else our own implementation,
 * which is constant-time in its secrets. Both pass the same vectors, and the
 * own one is built and tested everywhere (mlkem_own_*).
 */
#ifndef CRYPTO_MLKEM_H
#define CRYPTO_MLKEM_H

#include "base/bytes.h"
#include "base/err.h"

#define MLKEM768_SEED_LEN   64   /* d || z */
#define MLKEM768_EK_LEN     1184 /* encapsulation key */
#define MLKEM768_DK_LEN     2400 /* expanded decapsulation key */
#define MLKEM768_CT_LEN     1088
#define MLKEM768_RANDOM_LEN 32 /* m */
#define MLKEM768_SHARED_LEN 32

/* ML-KEM.KeyGen_internal(d, z), algorithm 16. */
MUST_USE enum err mlkem768_keygen(const uint8_t seed[MLKEM768_SEED_LEN],
    uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_DK_LEN]);

/*
 * ML-KEM.Encaps_internal(ek, m), algorithm 17, after the modulus check of
 * section 7.2: fails with KEY when a coefficient of ek is not reduced.
 */
MUST_USE enum err mlkem768_encaps(const uint8_t ek[MLKEM768_EK_LEN],
    const uint8_t m[MLKEM768_RANDOM_LEN], uint8_t ct[MLKEM768_CT_LEN],
    uint8_t shared[MLKEM768_SHARED_LEN]);

/*
 * ML-KEM.Decaps_internal(dk, ct), algorithm 18; a wrong ciphertext gives the
 * implicit-rejection secret. Fails with KEY when the hash inside dk is wrong
 * (section 7.3).
 */
MUST_USE enum err mlkem768_decaps(const uint8_t dk[MLKEM768_DK_LEN],
    const uint8_t ct[MLKEM768_CT_LEN], uint8_t shared[MLKEM768_SHARED_LEN]);

/* Our own implementation of the three, whatever libcrypto there is. */
MUST_USE enum err mlkem_own_keygen(const uint8_t seed[MLKEM768_SEED_LEN],
    uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_DK_LEN]);
MUST_USE enum err mlkem_own_encaps(const uint8_t ek[MLKEM768_EK_LEN],
    const uint8_t m[MLKEM768_RANDOM_LEN], uint8_t ct[MLKEM768_CT_LEN],
    uint8_t shared[MLKEM768_SHARED_LEN]);
MUST_USE enum err mlkem_own_decaps(const uint8_t dk[MLKEM768_DK_LEN],
    const uint8_t ct[MLKEM768_CT_LEN], uint8_t shared[MLKEM768_SHARED_LEN]);

#endif
