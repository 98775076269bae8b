/*
 * mlkem: the CCTV vectors, the arithmetic against its definitions, and what
 * is refused; for libcrypto's implementation, where there is one, and ours.
 */
#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "crypto/hash.h"
#include "crypto/mlkem.h"
#include "crypto/mlkem_poly.h"
#include "support/check.h"
#include "support/unhex.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define Q 3329

static const struct kem {
	enum err (*keygen)(const uint8_t seed[MLKEM768_SEED_LEN],
	    uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_DK_LEN]);
	enum err (*encaps)(const uint8_t ek[MLKEM768_EK_LEN],
	    const uint8_t m[MLKEM768_RANDOM_LEN], uint8_t ct[MLKEM768_CT_LEN],
	    uint8_t shared[MLKEM768_SHARED_LEN]);
	enum err (*decaps)(const uint8_t dk[MLKEM768_DK_LEN],
	    const uint8_t ct[MLKEM768_CT_LEN],
	    uint8_t shared[MLKEM768_SHARED_LEN]);
} kems[] = {
	{ mlkem768_keygen, mlkem768_encaps, mlkem768_decaps },
	{ mlkem_own_keygen, mlkem_own_encaps, mlkem_own_decaps },
};

#define N_KEMS (sizeof kems / sizeof kems[0])

static uint8_t ek[MLKEM768_EK_LEN], dk[MLKEM768_DK_LEN];
static uint8_t ct[MLKEM768_CT_LEN], shared[MLKEM768_SHARED_LEN];

/*
 * Copies the text of the first line "name = text" of a file of vectors.
 * Returns false when the folder is not there.
 */
static bool
read_line(const char *file, const char *name, char *text, size_t cap)
{
	const char *path = check_vectors(file);
	FILE *f = path == NULL ? NULL : fopen(path, "r");
	size_t n = strlen(name);
	bool found = false;

	if (f == NULL)
		return false;
	while (!found && fgets(text, (int)cap, f) != NULL)
		found = strncmp(text, name, n) == 0 &&
			strncmp(text + n, " = ", 3) == 0;
	(void)fclose(f);
	CHECK(found);
	memmove(text, text + n + 3, strlen(text + n + 3) + 1);
	text[strcspn(text, "\n")] = '\0';
	return found;
}

static struct bytes
read_hex(const char *file, const char *name)
{
	static char text[2 * 4096 + 100];

	return read_line(file, name, text, sizeof text) ? unhex(text)
							: BYTES_NONE;
}

/*
 * Encapsulation to the file's key, and back. The files are older than the
 * final text of FIPS 203, whose key generation hashes d || k, not d: the keys
 * cannot be made from their seeds.
 */
static void
exchange(const char *file)
{
	struct bytes public = read_hex(file, "ek");
	struct bytes secret = read_hex(file, "dk");
	struct bytes m = read_hex(file, "m"), key = read_hex(file, "K");

	CHECK_OK(crypto_init());
	if (public.n != sizeof ek || secret.n != sizeof dk || m.n != 32) {
		check_skip("the vectors are not here", 1);
		return;
	}
	for (size_t i = 0; i < N_KEMS; i++) {
		CHECK_OK(kems[i].encaps(public.p, m.p, ct, shared));
		CHECK_BYTES(BYTES_OF(ct), read_hex(file, "c"));
		CHECK_BYTES(BYTES_OF(shared), key);
		CHECK_OK(kems[i].decaps(secret.p, ct, shared));
		CHECK_BYTES(BYTES_OF(shared), key);
	}
}

TEST(cctv_intermediate)
{
	exchange("ml-kem/cctv-intermediate-768.txt");
}

/* Its matrix needs more of SHAKE128 than three blocks. */
TEST(cctv_unlucky_sample)
{
	exchange("ml-kem/cctv-unluckysample-768.txt");
}

/* The ciphertexts compared have zero bytes in them. */
TEST(cctv_strcmp)
{
	const char *file = "ml-kem/cctv-strcmp-768.txt";
	struct bytes key = read_hex(file, "K"), c = read_hex(file, "c");
	struct bytes secret = read_hex(file, "dk");

	CHECK_OK(crypto_init());
	if (c.n != sizeof ct || secret.n != sizeof dk) {
		check_skip("the vectors are not here", 1);
		return;
	}
	for (size_t i = 0; i < N_KEMS; i++) {
		CHECK_OK(kems[i].decaps(secret.p, c.p, shared));
		CHECK_BYTES(BYTES_OF(shared), key);
	}
}

/* Reads "{1, 2, ...}" into a polynomial. */
static bool
read_poly(const char *name, struct mlkem_poly *p)
{
	static char text[4096];
	char *at = text + 1;

	if (!read_line(
		"ml-kem/cctv-intermediate-768.txt", name, text, sizeof text))
		return false;
	for (size_t i = 0; i < MLKEM_N; i++) {
		p->c[i] = (int16_t)strtol(at, &at, 10);
		at++;
	}
	return true;
}

static void
check_poly(const struct mlkem_poly *got, const struct mlkem_poly *want)
{
	size_t same = 0;

	while (same < MLKEM_N && (got->c[same] + Q) % Q == want->c[same])
		same++;
	CHECK_EQ(same, MLKEM_N);
}

TEST(cctv_steps)
{
	struct bytes rho = read_hex("ml-kem/cctv-intermediate-768.txt", "ρ");
	struct bytes sigma = read_hex("ml-kem/cctv-intermediate-768.txt", "σ");
	struct mlkem_poly got, want;

	CHECK_OK(crypto_init());
	if (rho.n != 32 || sigma.n != 32) {
		check_skip("the vectors are not here", 3);
		return;
	}
	CHECK_OK(mlkem_poly_sample_ntt(&got, rho.p, 0, 0));
	CHECK(read_poly("A[0, 0]", &want));
	check_poly(&got, &want);
	CHECK_OK(mlkem_poly_sample_cbd(&got, sigma.p, 0));
	CHECK(read_poly("s[0]", &want));
	check_poly(&got, &want);
	mlkem_poly_ntt(&got);
	CHECK(read_poly("NTT(s[0])", &want));
	check_poly(&got, &want);
}

/* Fills a polynomial with numbers between -q/2 and q/2, and both ends. */
static void
fill(struct mlkem_poly *p, uint8_t counter)
{
	const struct bytes in = { &counter, 1 };
	uint8_t bytes[2 * MLKEM_N];

	CHECK_OK(shake128(&in, 1, bytes, sizeof bytes));
	for (size_t i = 0; i < MLKEM_N; i++)
		p->c[i] = (int16_t)((bytes[2 * i] | bytes[2 * i + 1] << 8) % Q -
				    Q / 2);
	p->c[0] = Q / 2;
	p->c[1] = -(Q / 2);
}

/* Products through the transform are products modulo X^256 + 1. */
TEST(products_are_what_they_should_be)
{
	struct mlkem_poly a[MLKEM_K], b[MLKEM_K], got;
	int64_t want[MLKEM_N] = { 0 };

	CHECK_OK(crypto_init());
	for (uint8_t k = 0; k < MLKEM_K; k++) {
		fill(&a[k], k);
		fill(&b[k], (uint8_t)(100 + k));
		for (size_t i = 0; i < MLKEM_N; i++)
			for (size_t j = 0; j < MLKEM_N; j++)
				want[(i + j) % MLKEM_N] +=
				    (i + j < MLKEM_N ? 1 : -1) *
				    (int64_t)a[k].c[i] * b[k].c[j];
		mlkem_poly_ntt(&a[k]);
		mlkem_poly_ntt(&b[k]);
	}
	mlkem_poly_dot(&got, a, b);
	mlkem_poly_ntt_inverse(&got);
	for (size_t i = 0; i < MLKEM_N; i++)
		CHECK_EQ((got.c[i] + Q) % Q, (want[i] % Q + Q) % Q);
}

/* Returns number i of a string of numbers of d bits. */
static unsigned
number(const uint8_t *in, size_t i, unsigned d)
{
	unsigned v = 0;

	for (unsigned bit = 0; bit < d; bit++)
		v |= (unsigned)(in[(i * d + bit) / 8] >> (i * d + bit) % 8 & 1)
		     << bit;
	return v;
}

/* Section 4.2.1, for every number modulo q. */
TEST(compression_is_rounding)
{
	static const unsigned bits[] = { 1, 4, 10 };
	uint8_t out[MLKEM_POLY_LEN(12)];
	struct mlkem_poly p, back;

	for (size_t b = 0; b < 3 * (Q + MLKEM_N - 1) / MLKEM_N; b++) {
		unsigned d = bits[b % 3], first = (unsigned)(b / 3) * MLKEM_N;

		for (unsigned i = 0; i < MLKEM_N; i++) {
			unsigned x = (first + i) % Q;

			p.c[i] = (int16_t)(x > Q / 2 ? (int)x - Q : (int)x);
		}
		mlkem_poly_compress(&p, out, d);
		mlkem_poly_decompress(&back, out, d);
		for (unsigned i = 0; i < MLKEM_N; i++) {
			unsigned x = (first + i) % Q;
			unsigned y = (2 * (x << d) + Q) / (2 * Q) % (1U << d);

			CHECK_EQ(number(out, i, d), y);
			CHECK_EQ(
			    back.c[i], (2 * y * Q + (1U << d)) / (2U << d));
		}
		mlkem_poly_encode(&p, out);
		mlkem_poly_decode(&back, out);
		for (unsigned i = 0; i < MLKEM_N; i++)
			CHECK_EQ(back.c[i], (first + i) % Q);
	}
}

static void
seed_of(uint8_t *out, size_t len, uint8_t counter)
{
	const struct bytes in[2] = { BYTES_LIT("seed "), { &counter, 1 } };

	CHECK_OK(crypto_init());
	CHECK_OK(shake256(in, 2, out, len));
}

TEST(the_implementations_agree)
{
	uint8_t seed[MLKEM768_SEED_LEN], m[MLKEM768_RANDOM_LEN];
	uint8_t other_ek[sizeof ek], other_dk[sizeof dk], other_ct[sizeof ct];
	uint8_t other_shared[sizeof shared];

	for (uint8_t i = 0; i < 50; i++) {
		seed_of(seed, sizeof seed, i);
		seed_of(m, sizeof m, (uint8_t)(200 + i));
		CHECK_OK(mlkem768_keygen(seed, ek, dk));
		CHECK_OK(mlkem_own_keygen(seed, other_ek, other_dk));
		CHECK_BYTES(BYTES_OF(other_ek), BYTES_OF(ek));
		CHECK_BYTES(BYTES_OF(other_dk), BYTES_OF(dk));
		CHECK_OK(mlkem768_encaps(ek, m, ct, shared));
		CHECK_OK(mlkem_own_encaps(ek, m, other_ct, other_shared));
		CHECK_BYTES(BYTES_OF(other_ct), BYTES_OF(ct));
		CHECK_BYTES(BYTES_OF(other_shared), BYTES_OF(shared));
		CHECK_OK(mlkem_own_decaps(dk, ct, other_shared));
		CHECK_BYTES(BYTES_OF(other_shared), BYTES_OF(shared));
	}
}

/* The rejection secret is J(z || c) (algorithm 18, line 7). */
TEST(a_changed_ciphertext_is_rejected_implicitly)
{
	uint8_t seed[MLKEM768_SEED_LEN], m[MLKEM768_RANDOM_LEN] = { 7 };
	uint8_t want[MLKEM768_SHARED_LEN];
	const struct bytes in[2] = { { dk + sizeof dk - 32, 32 },
		BYTES_OF(ct) };

	seed_of(seed, sizeof seed, 1);
	CHECK_OK(mlkem768_keygen(seed, ek, dk));
	CHECK_OK(mlkem768_encaps(ek, m, ct, shared));
	for (size_t i = 0; i < sizeof ct; i += 9) {
		ct[i] ^= (uint8_t)(1 << i % 8);
		CHECK_OK(shake256(in, 2, want, sizeof want));
		for (size_t k = 0; k < N_KEMS; k++) {
			CHECK_OK(kems[k].decaps(dk, ct, shared));
			CHECK_BYTES(BYTES_OF(shared), BYTES_OF(want));
		}
		ct[i] ^= (uint8_t)(1 << i % 8);
	}
}

/* Sections 7.2 and 7.3. */
TEST(bad_keys_are_refused)
{
	uint8_t seed[MLKEM768_SEED_LEN], m[MLKEM768_RANDOM_LEN] = { 7 };
	uint8_t bad[MLKEM768_EK_LEN];

	seed_of(seed, sizeof seed, 2);
	CHECK_OK(mlkem768_keygen(seed, ek, dk));
	for (size_t k = 0; k < N_KEMS; k++) {
		/* Each coefficient in its turn becomes q, then q - 1. */
		for (size_t i = 0; i < MLKEM_K * MLKEM_N; i += 17) {
			uint8_t *at = bad + i / 2 * 3;

			memcpy(bad, ek, sizeof bad);
			at[i % 2] =
			    i % 2 == 0
				? Q & 255
				: (uint8_t)((at[1] & 15) | (Q & 15) << 4);
			at[i % 2 + 1] = i % 2 == 0
					    ? (uint8_t)((at[1] & 0xf0) | Q >> 8)
					    : Q >> 4;
			memset(ct, 0x55, sizeof ct);
			CHECK_ERR(kems[k].encaps(bad, m, ct, shared), ERR_KEY);
			CHECK(ct_is_zero(ct, sizeof ct));
			CHECK(ct_is_zero(shared, sizeof shared));
			at[i % 2] =
			    (uint8_t)(at[i % 2] - (i % 2 == 0 ? 1 : 16));
			CHECK_OK(kems[k].encaps(bad, m, ct, shared));
		}
		for (size_t i = sizeof dk - 64; i < sizeof dk - 32; i++) {
			dk[i] ^= 1;
			memset(shared, 0x55, sizeof shared);
			CHECK_ERR(kems[k].decaps(dk, ct, shared), ERR_KEY);
			CHECK(ct_is_zero(shared, sizeof shared));
			dk[i] ^= 1;
		}
		CHECK_OK(kems[k].decaps(dk, ct, shared));
	}
}

CHECK_MAIN(T(cctv_intermediate), T(cctv_unlucky_sample), T(cctv_strcmp),
    T(cctv_steps), T(products_are_what_they_should_be),
    T(compression_is_rounding), T(the_implementations_agree),
    T(a_changed_ciphertext_is_rejected_implicitly), T(bad_keys_are_refused))
