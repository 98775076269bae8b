/*
 * primitives - what the primitives cost here and now, in microseconds of CPU:
 * the limits that the costs of the protocols are sums of. Each figure is the
 * best of several rounds, since whatever disturbs only adds.
 */
#include "crypto/aead.h"
#include "crypto/crypto.h"
#include "crypto/dh.h"
#include "crypto/mlkem.h"
#include "crypto/ristretto.h"
#include "crypto/sig.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define ROUNDS 7

static uint8_t a[MLKEM768_DK_LEN], b[MLKEM768_DK_LEN], c[MLKEM768_DK_LEN];
static uint8_t big[16384 + AEAD_TAG_LEN];
static uint8_t ek[MLKEM768_EK_LEN], element[RISTRETTO_LEN];
static uint8_t public[ED25519_PUBLIC_LEN], sig[ED25519_SIG_LEN];

static enum err
do_x25519(void)
{
	a[0]++;
	return x25519(a, public, b);
}

static enum err
do_x25519_base(void)
{
	a[0]++;
	x25519_public(a, b);
	return ERR_OK;
}

static enum err
do_encaps(void)
{
	return mlkem768_encaps(ek, a, b, c);
}

static enum err
do_ristretto(void)
{
	return ristretto_mul(a, element, b);
}

static enum err
do_ristretto_base(void)
{
	return ristretto_mul_base(a, b);
}

static enum err
do_verify(void)
{
	return ed25519_verify(public, BYTES_LIT("m"), BYTES_OF(sig));
}

static enum err
seal(size_t n)
{
	return aead_seal(
	    AEAD_CHACHAPOLY, a, a, BYTES_NONE, (struct bytes){ big, n }, big);
}

static enum err
do_seal_512(void)
{
	return seal(512 - 18);
}

static enum err
do_seal_16k(void)
{
	return seal(16384 - 18);
}

static double
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void
measure(const char *name, enum err (*run)(void), int n)
{
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		double start = now_us(), each;

		for (int i = 0; i < n; i++)
			if (run() != ERR_OK)
				printf("%s failed\n", name);
		each = (now_us() - start) / n;
		best = each < best ? each : best;
	}
	printf("%s_us %.3f\n", name, best);
}

int
main(void)
{
	uint8_t seed[MLKEM768_SEED_LEN] = { 1 };

	if (crypto_init() != ERR_OK || mlkem768_keygen(seed, ek, b) != ERR_OK)
		return 1;
	memset(a, 7, sizeof a);
	a[31] = 1;
	ristretto_from_uniform(seed, element);
	ed25519_public(seed, public);
	ed25519_sign(seed, BYTES_LIT("m"), sig);
	measure("verify", do_verify, 200);
	x25519_public(seed, public);
	measure("x25519", do_x25519, 200);
	measure("x25519_base", do_x25519_base, 200);
	measure("mlkem_encaps", do_encaps, 200);
	measure("ristretto", do_ristretto, 100);
	measure("ristretto_base", do_ristretto_base, 200);
	measure("seal_512", do_seal_512, 2000);
	measure("seal_16k", do_seal_16k, 500);
	return 0;
}
