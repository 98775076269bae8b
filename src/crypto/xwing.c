#include "crypto/xwing.h"
#include "crypto/dh.h"
#include "crypto/hash.h"
#include "crypto/mlkem.h"

#include <string.h>

_Static_assert(XWING_PUBLIC_LEN == MLKEM768_EK_LEN + X25519_LEN,
    "a public key is both public keys");
_Static_assert(XWING_CT_LEN == MLKEM768_CT_LEN + X25519_LEN,
    "a ciphertext is a ciphertext and a public key");
_Static_assert(XWING_RANDOM_LEN == MLKEM768_RANDOM_LEN + X25519_LEN,
    "each half has its own randomness");

static const uint8_t label[] = { 0x5c, 0x2e, 0x2f, 0x2f, 0x5e, 0x5c };

/* expandDecapsulationKey, section 5.2; secret. */
struct expanded {
	uint8_t seeds[MLKEM768_SEED_LEN + X25519_LEN];
	uint8_t ek[MLKEM768_EK_LEN];
	uint8_t dk[MLKEM768_DK_LEN];
	uint8_t x_public[X25519_LEN];
};

static const uint8_t *
x_secret(const struct expanded *key)
{
	return key->seeds + MLKEM768_SEED_LEN;
}

static enum err
expand(struct expanded *key, const uint8_t seed[XWING_SEED_LEN])
{
	struct bytes in = { seed, XWING_SEED_LEN };
	enum err err;

	TRY(shake256(&in, 1, key->seeds, sizeof key->seeds));
	TRY(mlkem768_keygen(key->seeds, key->ek, key->dk));
	x25519_public(x_secret(key), key->x_public);
out:
	return err;
}

/* Section 5.3: SHA3-256(ss_M || ss_X || ct_X || pk_X || label). */
static enum err
combine(const uint8_t ss_m[MLKEM768_SHARED_LEN], const uint8_t ss_x[X25519_LEN],
    const uint8_t ct_x[X25519_LEN], const uint8_t pk_x[X25519_LEN],
    uint8_t shared[XWING_SHARED_LEN])
{
	const struct bytes parts[] = {
		{ ss_m, MLKEM768_SHARED_LEN },
		{ ss_x, X25519_LEN },
		{ ct_x, X25519_LEN },
		{ pk_x, X25519_LEN },
		BYTES_OF(label),
	};

	return sha3_256(parts, sizeof parts / sizeof parts[0], shared);
}

enum err
xwing_public(
    const uint8_t seed[XWING_SEED_LEN], uint8_t public[XWING_PUBLIC_LEN])
{
	struct expanded s;
	enum err err;

	TRY(expand(&s, seed));
	memcpy(public, s.ek, MLKEM768_EK_LEN);
	memcpy(public + MLKEM768_EK_LEN, s.x_public, X25519_LEN);
out:
	bytes_wipe(&s, sizeof s);
	if (err != ERR_OK)
		memset(public, 0, XWING_PUBLIC_LEN);
	return err;
}

enum err
xwing_encaps(const uint8_t public[XWING_PUBLIC_LEN],
    const uint8_t random[XWING_RANDOM_LEN], uint8_t ct[XWING_CT_LEN],
    uint8_t shared[XWING_SHARED_LEN])
{
	struct {
		uint8_t m[MLKEM768_SHARED_LEN];
		uint8_t x[X25519_LEN];
	} s;
	const uint8_t *pk_x = public + MLKEM768_EK_LEN;
	const uint8_t *e_x = random + MLKEM768_RANDOM_LEN;
	uint8_t *ct_x = ct + MLKEM768_CT_LEN;
	enum err err;

	TRY(mlkem768_encaps(public, random, ct, s.m));
	x25519_public(e_x, ct_x);
	TRY(x25519(e_x, pk_x, s.x));
	TRY(combine(s.m, s.x, ct_x, pk_x, shared));
out:
	bytes_wipe(&s, sizeof s);
	if (err != ERR_OK) {
		memset(ct, 0, XWING_CT_LEN);
		memset(shared, 0, XWING_SHARED_LEN);
	}
	return err;
}

enum err
xwing_decaps(const uint8_t seed[XWING_SEED_LEN], const uint8_t ct[XWING_CT_LEN],
    uint8_t shared[XWING_SHARED_LEN])
{
	struct {
		struct expanded key;
		uint8_t m[MLKEM768_SHARED_LEN];
		uint8_t x[X25519_LEN];
	} s;
	const uint8_t *ct_x = ct + MLKEM768_CT_LEN;
	enum err err;

	TRY(expand(&s.key, seed));
	TRY(mlkem768_decaps(s.key.dk, ct, s.m));
	TRY(x25519(x_secret(&s.key), ct_x, s.x));
	TRY(combine(s.m, s.x, ct_x, s.key.x_public, shared));
out:
	bytes_wipe(&s, sizeof s);
	if (err != ERR_OK)
		memset(shared, 0, XWING_SHARED_LEN);
	return err;
}
