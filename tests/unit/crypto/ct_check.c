/*
 * ct_check - runs primitives on inputs that valgrind takes for undefined.
 *
 *	valgrind -q --error-exitcode=9 ct_check NAME
 *
 * Secrets are poisoned (crypto/ct.h), so that every branch and every address
 * that depends on one is an error of valgrind's: the primitives run in
 * constant time as far as this machine code goes. The name "leak" compares
 * a secret as nobody should, to show that such things are found.
 */
#include "crypto/aead.h"
#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "crypto/dh.h"
#include "crypto/hash.h"
#include "crypto/mlkem.h"
#include "crypto/sig.h"

#include <stdio.h>
#include <string.h>
#include <valgrind/valgrind.h>

#define S_LEN 1152 /* of the decryption key at the front of dk */
#define Z_LEN 32   /* at its end */

static uint8_t seed[MLKEM768_SEED_LEN], m[MLKEM768_RANDOM_LEN];
static uint8_t ek[MLKEM768_EK_LEN], dk[MLKEM768_DK_LEN];
static uint8_t ct[MLKEM768_CT_LEN], shared[MLKEM768_SHARED_LEN];

/* Makes a key and a ciphertext, all of it public so far. */
static enum err
start(void)
{
	enum err err;

	memset(seed, 3, sizeof seed);
	memset(m, 5, sizeof m);
	TRY(mlkem_own_keygen(seed, ek, dk));
	TRY(mlkem_own_encaps(ek, m, ct, shared));
out:
	return err;
}

static enum err
keygen(void)
{
	ct_poison(seed, sizeof seed);
	return mlkem_own_keygen(seed, ek, dk);
}

static enum err
encaps(void)
{
	ct_poison(m, sizeof m);
	return mlkem_own_encaps(ek, m, ct, shared);
}

static enum err
decaps(void)
{
	ct_poison(dk, S_LEN);
	ct_poison(dk + sizeof dk - Z_LEN, Z_LEN);
	return mlkem_own_decaps(dk, ct, shared);
}

/* The same with a ciphertext that is rejected. */
static enum err
reject(void)
{
	ct[9] ^= 1;
	return decaps();
}

static enum err
keyed(void)
{
	const struct bytes secret = BYTES_OF(seed), info = BYTES_LIT("info");
	static const uint8_t nonce[AEAD_XNONCE_LEN];
	static uint8_t out[4000 + AEAD_TAG_LEN], hash[HASH_MAX_LEN];
	enum err err = ERR_OK;

	ct_poison(seed, sizeof seed);
	for (enum hash_alg a = HASH_SHA256; a <= HASH_BLAKE2B; a++) {
		hmac(a, secret, info, hash);
		TRY(hkdf_expand(a, secret, info, out, 300));
	}
	blake2b_parts(secret, &info, 1, out, 16);
	TRY(aead_seal(AEAD_CHACHAPOLY, seed, nonce, info, secret, out));
	TRY(aead_seal(AEAD_XCHACHAPOLY, seed, nonce, info, secret, out));
	ct_poison(out, sizeof out);
	TRY(aead_seal(AEAD_CHACHAPOLY, seed, nonce, info,
	    (struct bytes){ out, 4000 }, out));
out:
	return err;
}

static enum err
curve(void)
{
	uint8_t public[32], sig[ED25519_SIG_LEN];

	ct_poison(seed, sizeof seed);
	x25519_public(seed, public);
	ed25519_public(seed, public);
	ed25519_sign(seed, BYTES_LIT("message"), sig);
	return ERR_OK;
}

static enum err
compare(void)
{
	bool equal, zero;

	ct_poison(seed, sizeof seed);
	equal = ct_equal(seed, m, sizeof m);
	zero = ct_is_zero(seed, sizeof seed);
	ct_select(shared, seed, m, sizeof m, equal);
	ct_unpoison(&equal, sizeof equal);
	ct_unpoison(&zero, sizeof zero);
	return equal || zero ? ERR_CRYPTO : ERR_OK;
}

static enum err
leak(void)
{
	size_t same = 0;

	ct_poison(seed, sizeof seed);
	while (same < sizeof m && seed[same] == m[same])
		same++;
	ct_unpoison(&same, sizeof same);
	return same == sizeof m ? ERR_CRYPTO : ERR_OK;
}

int
main(int argc, char **argv)
{
	static const struct {
		const char *name;
		enum err (*run)(void);
	} checks[] = {
		{ "keygen", keygen },
		{ "encaps", encaps },
		{ "decaps", decaps },
		{ "reject", reject },
		{ "keyed", keyed },
		{ "curve", curve },
		{ "compare", compare },
		{ "leak", leak },
	};
	enum err err;

	if (argc != 2 || !RUNNING_ON_VALGRIND) {
		(void)fputs("usage: valgrind ct_check NAME\n", stderr);
		return 64;
	}
	err = crypto_init();
	if (err == ERR_OK)
		err = start();
	for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
		if (err == ERR_OK && strcmp(argv[1], checks[i].name) == 0)
			return checks[i].run() == ERR_OK ? 0 : 1;
	(void)fprintf(stderr, "%s: %s\n", argv[1],
	    err == ERR_OK ? "unknown" : err_text(err));
	return 64;
}
