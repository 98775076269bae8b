/*
 * oprf - the oblivious pseudorandom function under OPAQUE: RFC 9497, mode 0
 * (OPRF), suite ristretto255-SHA512.
 *
 * The client learns F(key, input) and the server, who has the key, learns
 * nothing: the client blinds its input, the server evaluates the blinded
 * element, the client removes the blind.
 */
#ifndef OPAQUE_OPRF_H
#define OPAQUE_OPRF_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/ristretto.h"

#define OPRF_ELEMENT_LEN   RISTRETTO_LEN /* Noe */
#define OPRF_SCALAR_LEN    RISTRETTO_LEN /* Ns, Nok */
#define OPRF_OUTPUT_LEN    64            /* Nh */
#define OPRF_SEED_LEN      32
#define OPRF_MAX_INPUT_LEN 65535
#define OPRF_MAX_INFO_LEN  64 /* of those that OPAQUE uses */

/*
 * expand_message_xmd with SHA-512 (RFC 9380 section 5.3.1) of the n parts,
 * one after another. Fails with ARG when len is over 65535 or 255 blocks of
 * 64, or dst is empty or longer than 255.
 */
MUST_USE enum err opaque_oprf_expand(const struct bytes *parts, size_t n,
    struct bytes dst, uint8_t *out, size_t len);

/*
 * DeriveKeyPair, without the public key (RFC 9497 section 3.2.1). Fails with
 * ARG when info is longer than OPRF_MAX_INFO_LEN.
 */
MUST_USE enum err opaque_oprf_derive_key(const uint8_t seed[OPRF_SEED_LEN],
    struct bytes info, uint8_t key[OPRF_SCALAR_LEN]);

/*
 * Blind (section 3.3.1). blind is a uniformly chosen scalar other than 0.
 * Fails with ARG when input is longer than OPRF_MAX_INPUT_LEN, with KEY when
 * it maps to the identity or blind is 0.
 */
MUST_USE enum err opaque_oprf_blind(struct bytes input,
    const uint8_t blind[OPRF_SCALAR_LEN], uint8_t blinded[OPRF_ELEMENT_LEN]);

/* BlindEvaluate (section 3.3.1). Fails with KEY for an invalid element. */
MUST_USE enum err opaque_oprf_evaluate(const uint8_t key[OPRF_SCALAR_LEN],
    const uint8_t blinded[OPRF_ELEMENT_LEN],
    uint8_t evaluated[OPRF_ELEMENT_LEN]);

/*
 * Finalize (section 3.3.1): the function's output, for the same input and
 * blind. Fails with ARG or KEY as above.
 */
MUST_USE enum err opaque_oprf_finalize(struct bytes input,
    const uint8_t blind[OPRF_SCALAR_LEN],
    const uint8_t evaluated[OPRF_ELEMENT_LEN], uint8_t output[OPRF_OUTPUT_LEN]);

#endif
