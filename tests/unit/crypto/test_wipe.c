/*
 * What is left in memory after a primitive has run: the test looks through
 * all writable memory of the process, its stack included, for the secrets
 * that went in. It keeps them inverted, so as not to find its own.
 */
#include "crypto/aead.h"
#include "crypto/crypto.h"
#include "crypto/dh.h"
#include "crypto/hash.h"
#include "crypto/ksf.h"
#include "crypto/mlkem.h"
#include "crypto/ristretto.h"
#include "crypto/sig.h"
#include "support/check.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>

#define PIECE 16 /* what counts as a trace */

static uint8_t inverted[64];
static size_t secret_len, found;

/* Makes another secret. */
static void
make_secret(uint8_t *out, size_t n)
{
	static uint32_t state = 12345;

	for (size_t i = 0; i < n; i++) {
		state = state * 1103515245 + 12345;
		out[i] = (uint8_t)(state >> 16);
	}
}

/* Returns whether the n bytes at p hold a piece of the secret. */
static bool
has_piece(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i + PIECE <= n; i++)
		for (size_t at = 0; at + PIECE <= secret_len; at += PIECE) {
			size_t same = 0;

			while (same < PIECE &&
			       (p[i + same] ^ inverted[at + same]) == 0xff)
				same++;
			if (same == PIECE)
				return true;
		}
	return false;
}

/* Counts the stretches of memory that hold a piece of the secret. */
static void
search(void)
{
	static uint8_t page[1 << 16];
	FILE *maps = fopen("/proc/self/maps", "r");
	int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	uintptr_t from, to;
	char line[512], mode[8];

	found = 0;
	CHECK(maps != NULL && mem >= 0);
	while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
		if (sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %7s", &from, &to,
			mode) != 3 ||
		    mode[1] != 'w')
			continue;
		for (; from < to; from += sizeof page - PIECE) {
			size_t n =
			    to - from < sizeof page ? to - from : sizeof page;
			ssize_t got = pread(mem, page, n, (off_t)from);

			if (got > 0)
				found += has_piece(page, (size_t)got);
			memset(page, 0, sizeof page);
		}
	}
	(void)close(mem);
	(void)fclose(maps);
}

/*
 * Searches on a stack of its own: the search would overwrite what lies below
 * the caller's frame, where traces are most likely.
 */
static size_t
traces(size_t len)
{
	static uint8_t stack[1 << 16];
	static ucontext_t here, there;

	secret_len = len;
	CHECK(getcontext(&there) == 0);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = sizeof stack;
	there.uc_link = &here;
	makecontext(&there, search, 0);
	CHECK(swapcontext(&here, &there) == 0);
	return found;
}

/* Wipes a secret, of at most 64 bytes, and checks that it was the last one. */
static void
wipe_last(uint8_t *secret, size_t n)
{
	for (size_t i = 0; i < n; i++)
		inverted[i] = (uint8_t)~secret[i];
	bytes_wipe(secret, n);
	CHECK_EQ(traces(n), 0);
}

/* It has to find one secret, before it is believed that it finds none. */
TEST(the_search_finds)
{
	static uint8_t secret[32], copy[32];

	make_secret(secret, sizeof secret);
	memcpy(copy, secret, sizeof copy);
	for (size_t i = 0; i < sizeof secret; i++)
		inverted[i] = (uint8_t)~secret[i];
	bytes_wipe(secret, sizeof secret);
	CHECK(traces(sizeof secret) > 0);
	wipe_last(copy, sizeof copy);
}

TEST(aead)
{
	static uint8_t key[32], out[5000 + AEAD_TAG_LEN], in[5000];
	const uint8_t nonce[AEAD_XNONCE_LEN] = { 1 };

	CHECK_OK(crypto_init());
	for (enum aead_alg a = AEAD_CHACHAPOLY; a <= AEAD_XCHACHAPOLY; a++)
		for (size_t n = 10; n < sizeof in; n += 4000) {
			make_secret(key, sizeof key);
			CHECK_OK(aead_seal(a, key, nonce, BYTES_NONE,
			    (struct bytes){ in, n }, out));
			CHECK_OK(aead_open(a, key, nonce, BYTES_NONE,
			    (struct bytes){ out, n + AEAD_TAG_LEN }, out));
			out[0] ^= 1;
			CHECK_ERR(
			    aead_open(a, key, nonce, BYTES_NONE,
				((struct bytes){ out, n + AEAD_TAG_LEN }), out),
			    ERR_AUTH);
			wipe_last(key, sizeof key);
		}
}

TEST(plaintext)
{
	static uint8_t key[32], text[48], out[sizeof text + AEAD_TAG_LEN];
	const uint8_t nonce[AEAD_XNONCE_LEN] = { 1 };

	CHECK_OK(crypto_init());
	for (enum aead_alg a = AEAD_CHACHAPOLY; a <= AEAD_XCHACHAPOLY; a++) {
		make_secret(text, sizeof text);
		CHECK_OK(
		    aead_seal(a, key, nonce, BYTES_NONE, BYTES_OF(text), out));
		bytes_wipe(text, sizeof text);
		CHECK_OK(
		    aead_open(a, key, nonce, BYTES_NONE, BYTES_OF(out), text));
		wipe_last(text, sizeof text);
	}
}

TEST(hashes)
{
	static uint8_t secret[64], out[300];
	const struct bytes in = BYTES_OF(secret);

	CHECK_OK(crypto_init());
	for (enum hash_alg a = HASH_SHA256; a <= HASH_BLAKE2B; a++) {
		make_secret(secret, sizeof secret);
		hash_one(a, in, out);
		hmac(a, in, in, out);
		hkdf_extract(a, in, in, out);
		wipe_last(out, hash_len(a));
		hash_one(a, in, out);
		wipe_last(out, hash_len(a));
		CHECK_OK(hkdf_expand(a, in, in, out, sizeof out));
		wipe_last(out + sizeof out - 40, 32);
		wipe_last(out, 64);
		wipe_last(secret, sizeof secret);
	}
	make_secret(secret, sizeof secret);
	blake2b_parts(in, &in, 1, out, 16);
	wipe_last(out, 16);
	wipe_last(secret, sizeof secret);
}

TEST(keccak)
{
	static uint8_t secret[64], out[300];
	const struct bytes in = BYTES_OF(secret);

	CHECK_OK(crypto_init());
	make_secret(secret, sizeof secret);
	CHECK_OK(sha3_256(&in, 1, out));
	CHECK_OK(sha3_512(&in, 1, out));
	CHECK_OK(shake128(&in, 1, out, sizeof out));
	CHECK_OK(shake256(&in, 1, out, sizeof out));
	wipe_last(secret, sizeof secret);
}

TEST(mlkem_seed)
{
	static uint8_t seed[MLKEM768_SEED_LEN], ek[MLKEM768_EK_LEN];
	static uint8_t dk[MLKEM768_DK_LEN];

	CHECK_OK(crypto_init());
	make_secret(seed, sizeof seed);
	CHECK_OK(mlkem_own_keygen(seed, ek, dk));
	bytes_wipe(seed, sizeof seed);
	bytes_wipe(dk, sizeof dk);
	CHECK_EQ(traces(sizeof seed), 0);
}

TEST(mlkem_message)
{
	static uint8_t seed[MLKEM768_SEED_LEN], ek[MLKEM768_EK_LEN];
	static uint8_t dk[MLKEM768_DK_LEN], ct[MLKEM768_CT_LEN];
	static uint8_t m[MLKEM768_RANDOM_LEN], shared[MLKEM768_SHARED_LEN];

	CHECK_OK(crypto_init());
	CHECK_OK(mlkem_own_keygen(seed, ek, dk));
	make_secret(m, sizeof m);
	CHECK_OK(mlkem_own_encaps(ek, m, ct, shared));
	wipe_last(m, sizeof m);
	wipe_last(shared, sizeof shared);
	CHECK_OK(mlkem_own_decaps(dk, ct, shared));
	wipe_last(shared, sizeof shared);
}

TEST(curve25519)
{
	static uint8_t secret[32], out[64], shared[32];

	make_secret(secret, sizeof secret);
	x25519_public(secret, out);
	CHECK_OK(x25519(secret, out, shared));
	wipe_last(shared, sizeof shared);
	ed25519_public(secret, out);
	ed25519_sign(secret, BYTES_LIT("message"), out);
	wipe_last(secret, sizeof secret);
}

TEST(ristretto)
{
	static uint8_t uniform[64], secret[32], out[32], shared[32];

	make_secret(uniform, sizeof uniform);
	ristretto_from_uniform(uniform, out);
	ristretto_scalar_reduce(uniform, secret);
	wipe_last(uniform, sizeof uniform);
	CHECK_OK(ristretto_mul(secret, out, shared));
	wipe_last(shared, sizeof shared);
	CHECK_OK(ristretto_mul_base(secret, shared));
	CHECK_OK(ristretto_scalar_invert(secret, shared));
	wipe_last(shared, sizeof shared);
	wipe_last(secret, sizeof secret);
}

TEST(p256_keys)
{
	static uint8_t secret[32], public[65], sig[ECDSA_MAX_SIG_LEN];
	static uint8_t shared[32];
	size_t n;

	CHECK_OK(crypto_init());
	make_secret(secret, sizeof secret);
	CHECK_OK(p256_public(secret, public));
	CHECK_OK(p256(secret, public, shared));
	wipe_last(shared, sizeof shared);
	CHECK_OK(ecdsa_p256_sign(secret, BYTES_LIT("message"), sig, &n));
	wipe_last(secret, sizeof secret);
}

TEST(password)
{
	static uint8_t secret[32], out[64];

	CHECK_OK(crypto_init());
	make_secret(secret, sizeof secret);
	CHECK_OK(ksf_argon2id((struct ksf_params){ 1, 64 }, BYTES_OF(secret),
	    (const uint8_t[KSF_SALT_LEN]){ 0 }, out, sizeof out));
	wipe_last(secret, sizeof secret);
}

CHECK_MAIN(T(the_search_finds), T(aead), T(plaintext), T(hashes), T(keccak),
    T(mlkem_seed), T(mlkem_message), T(curve25519), T(ristretto),
    T(p256_keys), T(password))
