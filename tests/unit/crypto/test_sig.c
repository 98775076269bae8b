/* sig: published values, and how strict verification is. */
#include "crypto/crypto.h"
#include "crypto/dh.h"
#include "crypto/hash.h"
#include "crypto/ristretto.h"
#include "crypto/sig.h"
#include "support/check.h"
#include "support/unhex.h"

#include <string.h>

/* The seed, key and signature of RFC 8032 7.1, test 1. */
static const char seed_1[] =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char public_1[] =
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
static const char sig_1[] =
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
    "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b";

TEST(ed25519_of_the_rfc)
{
	const struct bytes seed = unhex(seed_1), sig = unhex(sig_1);
	uint8_t public[ED25519_PUBLIC_LEN], got[ED25519_SIG_LEN];

	ed25519_public(seed.p, public);
	CHECK_BYTES(BYTES_OF(public), unhex(public_1));
	ed25519_sign(seed.p, BYTES_NONE, got);
	CHECK_BYTES(BYTES_OF(got), sig);
	CHECK_OK(ed25519_verify(public, BYTES_NONE, sig));
}

TEST(ed25519_notices_every_changed_byte)
{
	const struct bytes seed = unhex(seed_1);
	uint8_t public[ED25519_PUBLIC_LEN], sig[ED25519_SIG_LEN];
	uint8_t message[40] = { 1, 2, 3 };

	ed25519_public(seed.p, public);
	ed25519_sign(seed.p, BYTES_OF(message), sig);
	for (size_t i = 0; i < sizeof sig; i++) {
		sig[i] ^= 4;
		CHECK_ERR(
		    ed25519_verify(public, BYTES_OF(message), BYTES_OF(sig)),
		    ERR_AUTH);
		sig[i] ^= 4;
	}
	for (size_t i = 0; i < sizeof message; i++) {
		message[i] ^= 4;
		CHECK_ERR(
		    ed25519_verify(public, BYTES_OF(message), BYTES_OF(sig)),
		    ERR_AUTH);
		message[i] ^= 4;
	}
	for (size_t n = 0; n < sizeof sig; n++)
		CHECK_ERR(ed25519_verify(public, BYTES_OF(message),
			      ((struct bytes){ sig, n })),
		    ERR_AUTH);
	CHECK_OK(ed25519_verify(public, BYTES_OF(message), BYTES_OF(sig)));
}

/* s and s + L mean the same scalar: only the first may pass. */
TEST(ed25519_has_one_form_of_s)
{
	const struct bytes order = unhex("edd3f55c1a631258d69cf7a2def9de14"
					 "00000000000000000000000000000010");
	const struct bytes sig = unhex(sig_1), public = unhex(public_1);
	uint8_t other[ED25519_SIG_LEN];
	unsigned carry = 0;

	memcpy(other, sig.p, sizeof other);
	for (size_t i = 0; i < 32; i++) {
		carry += (unsigned)other[32 + i] + order.p[i];
		other[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	CHECK_OK(ed25519_verify(public.p, BYTES_NONE, sig));
	CHECK_ERR(
	    ed25519_verify(public.p, BYTES_NONE, BYTES_OF(other)), ERR_AUTH);
}

/*
 * Under a key A of small order, (s * B, s) satisfies the equation for every
 * message with hash * A = 0: for each under the identity, for one in eight at
 * least under the others.
 */
TEST(ed25519_refuses_keys_of_small_order)
{
	static const char *const keys[] = {
		"01000000000000000000000000000000000000000000000000000000000000"
		"00",
		"01000000000000000000000000000000000000000000000000000000000000"
		"80",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"00000000000000000000000000000000000000000000000000000000000000"
		"00",
		"00000000000000000000000000000000000000000000000000000000000000"
		"80",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc"
		"05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03"
		"7a",
	};
	uint8_t wide[64], sig[ED25519_SIG_LEN];
	uint8_t message;

	/* The secret scalar of RFC 8032 5.1.5, modulo the order. */
	hash_one(HASH_SHA512, unhex(seed_1), wide);
	wide[0] &= 248;
	wide[31] = (uint8_t)((wide[31] & 127) | 64);
	memset(wide + 32, 0, 32);
	memcpy(sig, unhex(public_1).p, 32);
	ristretto_scalar_reduce(wide, sig + 32);
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		for (message = 0; message < 64; message++)
			CHECK_ERR(
			    ed25519_verify(unhex(keys[i]).p,
				((struct bytes){ &message, 1 }), BYTES_OF(sig)),
			    ERR_AUTH);
}

TEST(ecdsa_signs_and_verifies)
{
	uint8_t secret[P256_SECRET_LEN] = { 0 }, public[P256_PUBLIC_LEN];
	uint8_t sig[ECDSA_MAX_SIG_LEN], compressed[P256_SHORT_LEN];
	size_t n;

	CHECK_ERR(ecdsa_p256_sign(secret, BYTES_LIT("m"), sig, &n), ERR_KEY);
	CHECK_EQ(n, 0);
	secret[31] = 9;
	CHECK_OK(p256_public(secret, public));
	CHECK_OK(ecdsa_p256_sign(secret, BYTES_LIT("message"), sig, &n));
	CHECK(n <= sizeof sig);
	CHECK_OK(ecdsa_p256_verify(BYTES_OF(public), BYTES_LIT("message"),
	    (struct bytes){ sig, n }));
	CHECK_ERR(ecdsa_p256_verify(BYTES_OF(public), BYTES_LIT("massage"),
		      ((struct bytes){ sig, n })),
	    ERR_AUTH);
	CHECK_ERR(ecdsa_p256_verify(BYTES_OF(public), BYTES_LIT("message"),
		      ((struct bytes){ sig, n - 1 })),
	    ERR_AUTH);
	CHECK_ERR(ecdsa_p256_verify(BYTES_OF(public), BYTES_LIT("message"),
		      BYTES_NONE),
	    ERR_AUTH);
	memcpy(compressed, public, sizeof compressed);
	compressed[0] = (uint8_t)(2 + (public[64] & 1));
	CHECK_OK(ecdsa_p256_verify(BYTES_OF(compressed), BYTES_LIT("message"),
	    (struct bytes){ sig, n }));
	compressed[0] ^= 1;
	CHECK_ERR(ecdsa_p256_verify(BYTES_OF(compressed), BYTES_LIT("message"),
		      ((struct bytes){ sig, n })),
	    ERR_AUTH);
	public[64] ^= 1;
	CHECK_ERR(ecdsa_p256_verify(BYTES_OF(public), BYTES_LIT("message"),
		      ((struct bytes){ sig, n })),
	    ERR_AUTH);
}

CHECK_MAIN(T(ed25519_of_the_rfc), T(ed25519_notices_every_changed_byte),
    T(ed25519_has_one_form_of_s), T(ed25519_refuses_keys_of_small_order),
    T(ecdsa_signs_and_verifies))
