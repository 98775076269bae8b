/*
 * ristretto - the prime-order group ristretto255 (RFC 9496), for OPAQUE.
 */
#ifndef CRYPTO_RISTRETTO_H
#define CRYPTO_RISTRETTO_H

#include "base/bytes.h"
#include "base/err.h"

#define RISTRETTO_LEN         32 /* element and scalar alike */
#define RISTRETTO_UNIFORM_LEN 64

/* Maps 64 uniform bytes to an element (RFC 9496 4.3.4). */
void ristretto_from_uniform(const uint8_t in[RISTRETTO_UNIFORM_LEN],
    uint8_t element[RISTRETTO_LEN]);

/* Reduces 64 bytes, little-endian, modulo the group order. */
void ristretto_scalar_reduce(const uint8_t in[RISTRETTO_UNIFORM_LEN],
    uint8_t scalar[RISTRETTO_LEN]);

/* Writes 1/scalar. A zero scalar fails with KEY. */
MUST_USE enum err ristretto_scalar_invert(const uint8_t scalar[RISTRETTO_LEN],
    uint8_t inverse[RISTRETTO_LEN]);

/*
 * Returns whether in is the canonical encoding of an element other than the
 * identity.
 */
bool ristretto_is_valid(const uint8_t in[RISTRETTO_LEN]);

/*
 * Writes scalar * element. An invalid element or an identity result fails
 * with KEY.
 */
MUST_USE enum err ristretto_mul(const uint8_t scalar[RISTRETTO_LEN],
    const uint8_t element[RISTRETTO_LEN], uint8_t out[RISTRETTO_LEN]);

/* Writes scalar * G; a zero scalar fails with KEY. */
MUST_USE enum err ristretto_mul_base(const uint8_t scalar[RISTRETTO_LEN],
    uint8_t out[RISTRETTO_LEN]);

#endif
