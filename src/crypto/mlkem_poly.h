/*
 * mlkem_poly - the polynomials of ML-KEM (FIPS 203): sampling, the number-
 * theoretic transform, products, and their encodings.
 *
 * Nothing here branches on a coefficient, divides by or looks up with one,
 * except mlkem_poly_sample_ntt, whose input is public. Numbers modulo q = 3329
 * are signed and kept small only as far as the next step needs it; "reduced"
 * means between -q/2 and q/2. A product of two numbers comes out divided by
 * 2^16 (Montgomery's form), and each function says what becomes of that
 * factor.
 */
#ifndef CRYPTO_MLKEM_POLY_H
#define CRYPTO_MLKEM_POLY_H

#include "base/bytes.h"
#include "base/err.h"

#define MLKEM_N 256
#define MLKEM_K 3 /* of ML-KEM-768 */

struct mlkem_poly {
	int16_t c[MLKEM_N];
};

/* Bytes of a polynomial whose coefficients are encoded in d bits. */
#define MLKEM_POLY_LEN(d) (32 * (d))

/*
 * Algorithm 7, of rho || a || b: an entry of the public matrix, already
 * transformed, from 0 to q - 1. Fails with CRYPTO.
 */
MUST_USE enum err mlkem_poly_sample_ntt(struct mlkem_poly *p,
    const uint8_t rho[32], uint8_t a, uint8_t b);

/*
 * Algorithm 8 with eta 2, of PRF(seed, counter): small secret coefficients,
 * from -2 to 2. Fails with CRYPTO.
 */
MUST_USE enum err mlkem_poly_sample_cbd(struct mlkem_poly *p,
    const uint8_t seed[32], uint8_t counter);

/* Algorithm 9, in place; from numbers between -q and q to reduced ones. */
void mlkem_poly_ntt(struct mlkem_poly *p);

/*
 * Algorithm 10, in place, of a product: takes the factor of 2^-16 out. From
 * numbers between -2q and 2q to reduced ones.
 */
void mlkem_poly_ntt_inverse(struct mlkem_poly *p);

/*
 * The sum of the MLKEM_K products (algorithms 11 and 12) of transformed
 * polynomials, times 2^-16, between -q and q. Those of a are between -4096
 * and 4096, those of b reduced.
 */
void mlkem_poly_dot(struct mlkem_poly *out,
    const struct mlkem_poly a[MLKEM_K], const struct mlkem_poly b[MLKEM_K]);

/* Takes the factor of 2^-16 out of a product that stays transformed. */
void mlkem_poly_from_product(struct mlkem_poly *p);

/* Adds b to, or subtracts it from, a; the result is reduced. */
void mlkem_poly_add(struct mlkem_poly *a, const struct mlkem_poly *b);
void mlkem_poly_sub(struct mlkem_poly *a, const struct mlkem_poly *b);

/* Algorithms 5 and 6 with d = 12. Encoding takes reduced numbers. */
void mlkem_poly_encode(const struct mlkem_poly *p,
    uint8_t out[MLKEM_POLY_LEN(12)]);
void mlkem_poly_decode(struct mlkem_poly *p,
    const uint8_t in[MLKEM_POLY_LEN(12)]);

/* Compress_d, then algorithm 5; d is 1, 4 or 10. Takes reduced numbers. */
void mlkem_poly_compress(const struct mlkem_poly *p, uint8_t *out,
    unsigned d);

/* Algorithm 6, then Decompress_d: from 0 to q. */
void mlkem_poly_decompress(struct mlkem_poly *p, const uint8_t *in,
    unsigned d);

#endif
