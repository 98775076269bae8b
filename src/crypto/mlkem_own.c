/*
 * ML-KEM-768 after FIPS 203; numbers of algorithms and the names of variables
 * are the standard's (a hat is written _hat).
 */
#include "crypto/ct.h"
#include "crypto/hash.h"
#include "crypto/mlkem.h"
#include "crypto/mlkem_poly.h"

#include <string.h>

#define K  MLKEM_K
#define DU 10
#define DV 4

#define VEC_LEN (K * MLKEM_POLY_LEN(12))
#define EK_RHO	VEC_LEN			  /* ek: t_hat || rho */
#define DK_EK	VEC_LEN			  /* dk: s_hat || ek */
#define DK_H	(DK_EK + MLKEM768_EK_LEN) /* || H(ek) */
#define DK_Z	(DK_H + 32)		  /* || z */
#define CT_V	(K * MLKEM_POLY_LEN(DU))  /* ct: u || v */

_Static_assert(EK_RHO + 32 == MLKEM768_EK_LEN, "ek is t_hat || rho");
_Static_assert(DK_Z + 32 == MLKEM768_DK_LEN, "dk ends with z");
_Static_assert(CT_V + MLKEM_POLY_LEN(DV) == MLKEM768_CT_LEN, "ct is u || v");

/* Fills n polynomials with noise, counting up from the given counter. */
static enum err
sample_noise(
    struct mlkem_poly *p, size_t n, const uint8_t seed[32], uint8_t counter)
{
	enum err err = ERR_OK;

	for (size_t i = 0; i < n; i++)
		TRY(mlkem_poly_sample_cbd(&p[i], seed, (uint8_t)(counter + i)));
out:
	return err;
}

/* Row i of the matrix A_hat, or of its transpose. */
static enum err
sample_row(
    struct mlkem_poly row[K], const uint8_t rho[32], uint8_t i, bool transposed)
{
	enum err err = ERR_OK;

	for (uint8_t j = 0; j < K; j++)
		TRY(mlkem_poly_sample_ntt(
		    &row[j], rho, transposed ? i : j, transposed ? j : i));
out:
	return err;
}

/* Algorithm 13, K-PKE.KeyGen. */
static enum err
pke_keygen(
    const uint8_t d[32], uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[VEC_LEN])
{
	static const uint8_t k = K;
	const struct bytes seed[2] = { { d, 32 }, { &k, 1 } };
	struct mlkem_poly row[K];
	struct {
		uint8_t rho_sigma[64];
		struct mlkem_poly s[K], e[K], t_hat;
	} s;
	uint8_t *rho = s.rho_sigma, *sigma = s.rho_sigma + 32;
	enum err err;

	TRY(sha3_512(seed, 2, s.rho_sigma));
	ct_unpoison(rho, 32); /* is part of the public key */
	TRY(sample_noise(s.s, K, sigma, 0));
	TRY(sample_noise(s.e, K, sigma, K));
	for (size_t i = 0; i < K; i++) {
		mlkem_poly_ntt(&s.s[i]);
		mlkem_poly_ntt(&s.e[i]);
		mlkem_poly_encode(&s.s[i], dk + i * MLKEM_POLY_LEN(12));
	}
	for (uint8_t i = 0; i < K; i++) {
		TRY(sample_row(row, rho, i, false));
		mlkem_poly_dot(&s.t_hat, row, s.s);
		mlkem_poly_from_product(&s.t_hat);
		mlkem_poly_add(&s.t_hat, &s.e[i]);
		mlkem_poly_encode(&s.t_hat, ek + i * MLKEM_POLY_LEN(12));
	}
	memcpy(ek + EK_RHO, rho, 32);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

/* Algorithm 14, K-PKE.Encrypt. */
static enum err
pke_encrypt(const uint8_t ek[MLKEM768_EK_LEN], const uint8_t m[32],
    const uint8_t r[32], uint8_t ct[MLKEM768_CT_LEN])
{
	struct mlkem_poly row[K];
	struct {
		struct mlkem_poly y[K], e1[K], e2, u, v, mu;
	} s;
	enum err err;

	TRY(sample_noise(s.y, K, r, 0));
	TRY(sample_noise(s.e1, K, r, K));
	TRY(sample_noise(&s.e2, 1, r, 2 * K));
	for (size_t i = 0; i < K; i++)
		mlkem_poly_ntt(&s.y[i]);
	for (uint8_t i = 0; i < K; i++) {
		TRY(sample_row(row, ek + EK_RHO, i, true));
		mlkem_poly_dot(&s.u, row, s.y);
		mlkem_poly_ntt_inverse(&s.u);
		mlkem_poly_add(&s.u, &s.e1[i]);
		mlkem_poly_compress(&s.u, ct + i * MLKEM_POLY_LEN(DU), DU);
	}
	for (size_t i = 0; i < K; i++)
		mlkem_poly_decode(&row[i], ek + i * MLKEM_POLY_LEN(12));
	mlkem_poly_dot(&s.v, row, s.y);
	mlkem_poly_ntt_inverse(&s.v);
	mlkem_poly_add(&s.v, &s.e2);
	mlkem_poly_decompress(&s.mu, m, 1);
	mlkem_poly_add(&s.v, &s.mu);
	mlkem_poly_compress(&s.v, ct + CT_V, DV);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

/* Algorithm 15, K-PKE.Decrypt. */
static void
pke_decrypt(
    const uint8_t dk[VEC_LEN], const uint8_t ct[MLKEM768_CT_LEN], uint8_t m[32])
{
	struct {
		struct mlkem_poly u[K], s_hat[K], w, product;
	} s;

	for (size_t i = 0; i < K; i++) {
		mlkem_poly_decompress(&s.u[i], ct + i * MLKEM_POLY_LEN(DU), DU);
		mlkem_poly_ntt(&s.u[i]);
		mlkem_poly_decode(&s.s_hat[i], dk + i * MLKEM_POLY_LEN(12));
	}
	mlkem_poly_dot(&s.product, s.s_hat, s.u);
	mlkem_poly_ntt_inverse(&s.product);
	mlkem_poly_decompress(&s.w, ct + CT_V, DV);
	mlkem_poly_sub(&s.w, &s.product);
	mlkem_poly_compress(&s.w, m, 1);
	bytes_wipe(&s, sizeof s);
}

/* H of section 4.1, of an encapsulation key. */
static enum err
hash_ek(const uint8_t ek[MLKEM768_EK_LEN], uint8_t h[32])
{
	const struct bytes in = { ek, MLKEM768_EK_LEN };

	return sha3_256(&in, 1, h);
}

/* The modulus check of section 7.2. */
static bool
is_reduced(const uint8_t ek[MLKEM768_EK_LEN])
{
	struct mlkem_poly p;
	uint16_t too_big = 0;

	for (size_t i = 0; i < K; i++) {
		mlkem_poly_decode(&p, ek + i * MLKEM_POLY_LEN(12));
		for (size_t j = 0; j < MLKEM_N; j++)
			too_big |= (uint16_t)(3328 - p.c[j]) >> 15;
	}
	return too_big == 0;
}

/* Algorithm 16, ML-KEM.KeyGen_internal. */
enum err
mlkem_own_keygen(const uint8_t seed[MLKEM768_SEED_LEN],
    uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_DK_LEN])
{
	const uint8_t *d = seed, *z = seed + 32;
	enum err err;

	TRY(pke_keygen(d, ek, dk));
	ct_unpoison(ek, MLKEM768_EK_LEN); /* is public, once it is made */
	memcpy(dk + DK_EK, ek, MLKEM768_EK_LEN);
	TRY(hash_ek(ek, dk + DK_H));
	memcpy(dk + DK_Z, z, 32);
out:
	if (err != ERR_OK) {
		memset(ek, 0, MLKEM768_EK_LEN);
		bytes_wipe(dk, MLKEM768_DK_LEN);
	}
	return err;
}

/* Algorithm 17, ML-KEM.Encaps_internal. */
enum err
mlkem_own_encaps(const uint8_t ek[MLKEM768_EK_LEN],
    const uint8_t m[MLKEM768_RANDOM_LEN], uint8_t ct[MLKEM768_CT_LEN],
    uint8_t shared[MLKEM768_SHARED_LEN])
{
	uint8_t h[32];
	const struct bytes in[2] = { { m, MLKEM768_RANDOM_LEN }, BYTES_OF(h) };
	struct {
		uint8_t key_r[64];
	} s;
	enum err err;

	NEED(is_reduced(ek), ERR_KEY);
	TRY(hash_ek(ek, h));
	TRY(sha3_512(in, 2, s.key_r));
	TRY(pke_encrypt(ek, m, s.key_r + 32, ct));
	memcpy(shared, s.key_r, MLKEM768_SHARED_LEN);
out:
	bytes_wipe(&s, sizeof s);
	if (err != ERR_OK) {
		memset(ct, 0, MLKEM768_CT_LEN);
		memset(shared, 0, MLKEM768_SHARED_LEN);
	}
	return err;
}

/* Algorithm 18, ML-KEM.Decaps_internal, after the hash check of 7.3. */
enum err
mlkem_own_decaps(const uint8_t dk[MLKEM768_DK_LEN],
    const uint8_t ct[MLKEM768_CT_LEN], uint8_t shared[MLKEM768_SHARED_LEN])
{
	const uint8_t *ek = dk + DK_EK, *h = dk + DK_H, *z = dk + DK_Z;
	uint8_t h_now[32];
	struct {
		uint8_t m[32], key_r[64], key_bar[32];
		uint8_t ct[MLKEM768_CT_LEN];
	} s;
	const struct bytes g_in[2] = { BYTES_OF(s.m), { h, 32 } };
	const struct bytes j_in[2] = { { z, 32 }, { ct, MLKEM768_CT_LEN } };
	enum err err;

	TRY(hash_ek(ek, h_now));
	NEED(ct_equal(h, h_now, sizeof h_now), ERR_KEY);
	pke_decrypt(dk, ct, s.m);
	TRY(sha3_512(g_in, 2, s.key_r));
	TRY(shake256(j_in, 2, s.key_bar, sizeof s.key_bar));
	TRY(pke_encrypt(ek, s.m, s.key_r + 32, s.ct));
	ct_select(shared, s.key_r, s.key_bar, MLKEM768_SHARED_LEN,
	    ct_equal(ct, s.ct, sizeof s.ct));
out:
	bytes_wipe(&s, sizeof s);
	if (err != ERR_OK)
		memset(shared, 0, MLKEM768_SHARED_LEN);
	return err;
}
