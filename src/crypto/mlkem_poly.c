#include "crypto/mlkem_poly.h"
#include "crypto/ct.h"
#include "crypto/hash.h"

#define Q 3329

/* zeta^BitRev7(i) * 2^16 modulo q, where zeta = 17 (FIPS 203 appendix A). */
static const int16_t zetas[128] = { -1044, -758, -359, -1517, 1493, 1422, 287,
	202, -171, 622, 1577, 182, 962, -1202, -1474, 1468, 573, -1325, 264,
	383, -829, 1458, -1602, -130, -681, 1017, 732, 608, -1542, 411, -205,
	-1571, 1223, 652, -552, 1015, -1293, 1491, -282, -1544, 516, -8, -320,
	-666, -1618, -1162, 126, 1469, -853, -90, -271, 830, 107, -1421, -247,
	-951, -398, 961, -1508, -725, 448, -1065, 677, -1275, -1103, 430, 555,
	843, -1251, 871, 1550, 105, 422, 587, 177, -235, -291, -460, 1574, 1653,
	-246, 778, 1159, -147, -777, 1483, -602, 1119, -1590, 644, -872, 349,
	418, 329, -156, -75, 817, 1097, 603, 610, 1322, -1285, -1465, 384,
	-1215, -136, 1218, -1335, -874, 220, -1187, -1659, -1185, -1530, -1278,
	794, -1510, -854, -870, 478, -108, -308, 996, 991, 958, -1460, 1522,
	1628 };

/* Returns a * 2^-16 modulo q, between -q and q, for |a| < q * 2^15. */
static inline int16_t
montgomery(int32_t a)
{
	const int16_t q_inverse = -3327; /* of q, modulo 2^16 */
	int16_t t = (int16_t)((int16_t)a * q_inverse);

	return (int16_t)((a - (int32_t)t * Q) >> 16);
}

/* Returns a * b * 2^-16 modulo q, between -q and q. */
static inline int16_t
multiply(int16_t a, int16_t b)
{
	return montgomery((int32_t)a * b);
}

/* Barrett: returns a modulo q, between -q/2 and q/2. */
static inline int16_t
reduce(int16_t a)
{
	const int32_t inverse = ((1 << 26) + Q / 2) / Q;
	int32_t t = (inverse * a + (1 << 25)) >> 26;

	return (int16_t)(a - t * Q);
}

/* Returns a reduced number as one from 0 to q - 1. */
static inline uint16_t
canonical(int16_t a)
{
	return (uint16_t)(a + ((a >> 15) & Q));
}

enum err
mlkem_poly_sample_ntt(
    struct mlkem_poly *p, const uint8_t rho[32], uint8_t a, uint8_t b)
{
	enum { RATE = 168, MAX_BLOCKS = 8 };
	const uint8_t indices[2] = { a, b };
	const struct bytes in[2] = { { rho, 32 }, BYTES_OF(indices) };
	uint8_t xof[MAX_BLOCKS * RATE];
	enum err err;
	size_t n;

	/*
	 * Three blocks hold enough in 99 of 100 cases, eight do with a
	 * certainty of more than 1 - 2^-128. libcrypto before 3.3 cannot
	 * continue an output, so more is asked for from the start.
	 */
	for (size_t len = 3 * RATE; len <= sizeof xof; len += RATE) {
		TRY(shake128(in, 2, xof, len));
		n = 0;
		for (size_t i = 0; i < len && n < MLKEM_N; i += 3) {
			int16_t d1 = (int16_t)(xof[i] | (xof[i + 1] & 15) << 8);
			int16_t d2 =
			    (int16_t)(xof[i + 1] >> 4 | xof[i + 2] << 4);

			if (d1 < Q)
				p->c[n++] = d1;
			if (d2 < Q && n < MLKEM_N)
				p->c[n++] = d2;
		}
		if (n == MLKEM_N)
			return ERR_OK;
	}
	err = ERR_CRYPTO;
out:
	return err;
}

enum err
mlkem_poly_sample_cbd(
    struct mlkem_poly *p, const uint8_t seed[32], uint8_t counter)
{
	const struct bytes in[2] = { { seed, 32 }, { &counter, 1 } };
	uint8_t bits[64 * 2];
	enum err err;

	TRY(shake256(in, 2, bits, sizeof bits));
	for (size_t i = 0; i < MLKEM_N; i++) {
		unsigned four = (unsigned)bits[i / 2] >> 4 * (i % 2);
		unsigned x = (four & 1) + (four >> 1 & 1);
		unsigned y = (four >> 2 & 1) + (four >> 3 & 1);

		p->c[i] = (int16_t)((int)x - (int)y);
	}
out:
	bytes_wipe(bits, sizeof bits);
	return err;
}

void
mlkem_poly_ntt(struct mlkem_poly *p)
{
	size_t i = 1;

	/* Each of the seven layers adds at most q. */
	for (size_t len = 128; len >= 2; len /= 2) {
		for (size_t start = 0; start < MLKEM_N; start += 2 * len) {
			int16_t zeta = zetas[i++];

			for (size_t j = start; j < start + len; j++) {
				int16_t t = multiply(zeta, p->c[j + len]);

				p->c[j + len] = (int16_t)(p->c[j] - t);
				p->c[j] = (int16_t)(p->c[j] + t);
			}
		}
	}
	for (i = 0; i < MLKEM_N; i++)
		p->c[i] = reduce(p->c[i]);
}

void
mlkem_poly_ntt_inverse(struct mlkem_poly *p)
{
	const int16_t scale = 1441; /* 2^32 / 128: see the header */
	size_t i = 127;

	for (size_t len = 2; len <= 128; len *= 2) {
		for (size_t start = 0; start < MLKEM_N; start += 2 * len) {
			int16_t zeta = zetas[i--];

			for (size_t j = start; j < start + len; j++) {
				int16_t t = p->c[j];
				int16_t u = p->c[j + len];

				p->c[j] = reduce((int16_t)(t + u));
				p->c[j + len] =
				    multiply(zeta, (int16_t)(u - t));
			}
		}
	}
	for (i = 0; i < MLKEM_N; i++)
		p->c[i] = reduce(multiply(p->c[i], scale));
}

void
mlkem_poly_dot(struct mlkem_poly *out, const struct mlkem_poly a[MLKEM_K],
    const struct mlkem_poly b[MLKEM_K])
{
	for (size_t i = 0; i < MLKEM_N; i += 2) {
		int16_t gamma = zetas[64 + i / 4];
		int32_t even = 0, odd = 0, high = 0;

		/* At most 6 * 4096 * q / 2, which montgomery can take. */
		for (size_t k = 0; k < MLKEM_K; k++) {
			const int16_t *x = a[k].c + i, *y = b[k].c + i;

			even += (int32_t)x[0] * y[0];
			odd += (int32_t)x[0] * y[1] + (int32_t)x[1] * y[0];
			high += (int32_t)x[1] * y[1];
		}
		high = (int32_t)montgomery(high) * gamma;
		even += i % 4 == 0 ? high : -high;
		out->c[i] = montgomery(even);
		out->c[i + 1] = montgomery(odd);
	}
}

void
mlkem_poly_from_product(struct mlkem_poly *p)
{
	const int16_t factor = 1353; /* 2^32 modulo q */

	for (size_t i = 0; i < MLKEM_N; i++)
		p->c[i] = multiply(p->c[i], factor);
}

void
mlkem_poly_add(struct mlkem_poly *a, const struct mlkem_poly *b)
{
	for (size_t i = 0; i < MLKEM_N; i++)
		a->c[i] = reduce((int16_t)(a->c[i] + b->c[i]));
}

void
mlkem_poly_sub(struct mlkem_poly *a, const struct mlkem_poly *b)
{
	for (size_t i = 0; i < MLKEM_N; i++)
		a->c[i] = reduce((int16_t)(a->c[i] - b->c[i]));
}

/* Algorithm 5: each number takes d bits, the lowest first. */
static inline void
pack(uint8_t *out, const uint16_t v[MLKEM_N], unsigned d)
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < MLKEM_N; i++) {
		bits |= (uint32_t)v[i] << have;
		for (have += d; have >= 8; have -= 8) {
			*out++ = (uint8_t)bits;
			bits >>= 8;
		}
	}
}

/* Algorithm 6. */
static inline void
unpack(uint16_t v[MLKEM_N], const uint8_t *in, unsigned d)
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < MLKEM_N; i++) {
		for (; have < d; have += 8)
			bits |= (uint32_t)*in++ << have;
		v[i] = (uint16_t)(bits & ((1U << d) - 1));
		bits >>= d;
		have -= d;
	}
}

void
mlkem_poly_encode(const struct mlkem_poly *p, uint8_t out[MLKEM_POLY_LEN(12)])
{
	uint16_t v[MLKEM_N];

	for (size_t i = 0; i < MLKEM_N; i++)
		v[i] = canonical(p->c[i]);
	pack(out, v, 12);
	bytes_wipe(v, sizeof v);
}

void
mlkem_poly_decode(struct mlkem_poly *p, const uint8_t in[MLKEM_POLY_LEN(12)])
{
	uint16_t v[MLKEM_N];

	unpack(v, in, 12);
	for (size_t i = 0; i < MLKEM_N; i++)
		p->c[i] = (int16_t)v[i];
	bytes_wipe(v, sizeof v);
}

/*
 * Returns round(x * 2^d / q) modulo 2^d, for x from 0 to q - 1. The division
 * is a multiplication with 2^36 / q, rounded up: its error stays below one
 * for every x * 2^d + q / 2 < 2^24.
 */
static inline uint16_t
compress(uint16_t x, unsigned d)
{
	const uint64_t inverse = (1ULL << 36) / Q + 1;
	uint64_t n = ((uint32_t)x << d) + Q / 2;

	return (uint16_t)((n * inverse >> 36) & ((1U << d) - 1));
}

void
mlkem_poly_compress(const struct mlkem_poly *p, uint8_t *out, unsigned d)
{
	uint16_t v[MLKEM_N];

	for (size_t i = 0; i < MLKEM_N; i++)
		v[i] = compress(canonical(p->c[i]), d);
	pack(out, v, d);
	bytes_wipe(v, sizeof v);
}

void
mlkem_poly_decompress(struct mlkem_poly *p, const uint8_t *in, unsigned d)
{
	uint16_t v[MLKEM_N];

	unpack(v, in, d);
	/* With d = 1 a compiler may see a choice in this product. */
	for (size_t i = 0; i < MLKEM_N; i++)
		p->c[i] = (int16_t)((ct_hide(v[i]) * Q + (1U << (d - 1))) >> d);
	bytes_wipe(v, sizeof v);
}
