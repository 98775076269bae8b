/* dh: published values, and which points are refused. */
#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "crypto/dh.h"
#include "crypto/hpke.h"
#include "crypto/mlkem.h"
#include "crypto/xwing.h"
#include "support/check.h"
#include "support/unhex.h"

#include <string.h>

/* Bob's half of RFC 7748 6.1. */
TEST(x25519_of_the_rfc)
{
	const struct bytes secret = unhex("5dab087e624a8a4b79e17f8b83800ee6"
					  "6f3bb1292618b6fd1c2f8b27ff88e0eb");
	const struct bytes alice = unhex("8520f0098930a754748b7ddcb43ef75a"
					 "0dbf3a0d26381af4eba4a98eaa9b4e6a");
	uint8_t bob[X25519_LEN], shared[X25519_LEN];

	x25519_public(secret.p, bob);
	CHECK_BYTES(BYTES_OF(bob), unhex("de9edb7d7b7dc1b4d35b61c2ece43537"
					 "3f8343c85b78674dadfc7e146f882b4f"));
	CHECK_OK(x25519(secret.p, alice.p, shared));
	CHECK_BYTES(
	    BYTES_OF(shared), unhex("4a5d9d5ba4ce2de1728e3bf480350f25"
				    "e07e21c947d19e3376f09b3c1e161742"));
}

/* The points of small order, and their other spellings. */
TEST(x25519_refuses_a_zero_output)
{
	static const char *const points[] = {
		"00000000000000000000000000000000000000000000000000000000000000"
		"00",
		"01000000000000000000000000000000000000000000000000000000000000"
		"00",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b8"
		"00",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11"
		"57",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
	};
	uint8_t secret[X25519_LEN], shared[X25519_LEN];

	memset(secret, 0x42, sizeof secret);
	for (size_t i = 0; i < sizeof points / sizeof points[0]; i++) {
		memset(shared, 0x55, sizeof shared);
		CHECK_ERR(x25519(secret, unhex(points[i]).p, shared), ERR_KEY);
		CHECK(ct_is_zero(shared, sizeof shared));
	}
}

/* RFC 5903 8.1. */
TEST(p256_of_the_rfc)
{
	const struct bytes i = unhex("c88f01f510d9ac3f70a292daa2316de5"
				     "44e9aab8afe84049c62a9c57862d1433");
	const struct bytes r = unhex("c6ef9c5d78ae012a011164acb397ce20"
				     "88685d8f06bf9be0b283ab46476bee53");
	const struct bytes shared = unhex("d6840f6b42f6edafd13116e0e1256520"
					  "2fef8e9ece7dce03812464d04b9442de");
	uint8_t gi[P256_PUBLIC_LEN], gr[P256_PUBLIC_LEN], out[P256_SHARED_LEN];

	CHECK_OK(p256_public(i.p, gi));
	CHECK_BYTES(BYTES_OF(gi),
	    unhex("04dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c"
		  "37725811805271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f"
		  "58389e0577b8990bb3"));
	CHECK_OK(p256_public(r.p, gr));
	CHECK_OK(p256(i.p, gr, out));
	CHECK_BYTES(BYTES_OF(out), shared);
	CHECK_OK(p256(r.p, gi, out));
	CHECK_BYTES(BYTES_OF(out), shared);
}

TEST(p256_refuses_what_is_no_key)
{
	/* The order of the group. */
	const struct bytes order = unhex("ffffffff00000000ffffffffffffffff"
					 "bce6faada7179e84f3b9cac2fc632551");
	uint8_t secret[P256_SECRET_LEN] = { 0 }, public[P256_PUBLIC_LEN];
	uint8_t point[P256_PUBLIC_LEN], out[P256_SHARED_LEN];

	CHECK_ERR(p256_public(secret, public), ERR_KEY);
	CHECK_ERR(p256_public(order.p, public), ERR_KEY);
	CHECK(ct_is_zero(public, sizeof public));
	secret[31] = 1;
	CHECK_OK(p256_public(secret, public));

	memcpy(point, public, sizeof point);
	point[64] ^= 1; /* not on the curve */
	memset(out, 0x55, sizeof out);
	CHECK_ERR(p256(secret, point, out), ERR_KEY);
	CHECK(ct_is_zero(out, sizeof out));
	for (unsigned form = 0; form < 256; form++) {
		memcpy(point, public, sizeof point);
		point[0] = (uint8_t)form;
		CHECK_ERR(
		    p256(secret, point, out), form == 4 ? ERR_OK : ERR_KEY);
	}
}

static enum err
check(enum hpke_kem kem, const uint8_t *key)
{
	return hpke_check_public(kem,
	    (struct bytes){ key, hpke_public_len(kem) });
}

/* An X-Wing key is two: neither may be one of the kind that are none, which
 * are looked for in keys that come from others. */
TEST(keys_to_which_nothing_is_sealed)
{
	static uint8_t secret[32] = { 7 };
	uint8_t key[XWING_PUBLIC_LEN], *x = key + MLKEM768_EK_LEN;

	CHECK_OK(crypto_init());
	CHECK_OK(hpke_public(HPKE_XWING, BYTES_OF(secret), key));
	CHECK_OK(check(HPKE_XWING, key));
	CHECK_OK(check(HPKE_MLKEM768, key));
	CHECK_OK(check(HPKE_X25519, x));
	/* 3328 is a coefficient, and 3329 is none; in either place. */
	memcpy(key, "\x00\x0d\xd0", 3);
	CHECK_OK(check(HPKE_XWING, key));
	memcpy(key, "\x01\x0d\xd0", 3);
	CHECK_ERR(check(HPKE_XWING, key), ERR_KEY);
	CHECK_ERR(check(HPKE_MLKEM768, key), ERR_KEY);
	memcpy(key, "\x00\x1d\xd0", 3);
	CHECK_ERR(check(HPKE_XWING, key), ERR_KEY);
	CHECK_ERR(check(HPKE_MLKEM768, key), ERR_KEY);
	memcpy(key, "\x00\x0d\xd0", 3);
	memset(x, 0, X25519_LEN);
	CHECK_ERR(check(HPKE_XWING, key), ERR_KEY);
	CHECK_ERR(check(HPKE_X25519, x), ERR_KEY);
	x[31] = 0x80;
	CHECK_ERR(check(HPKE_XWING, key), ERR_KEY);
	x[0] = 9;
	CHECK_OK(check(HPKE_XWING, key));
	CHECK_ERR(hpke_check_public(HPKE_XWING,
	    (struct bytes){ key, sizeof key - 1 }), ERR_KEY);
}

CHECK_MAIN(T(x25519_of_the_rfc), T(x25519_refuses_a_zero_output),
    T(p256_of_the_rfc), T(p256_refuses_what_is_no_key),
    T(keys_to_which_nothing_is_sealed))
