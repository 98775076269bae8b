/* ristretto: the values of RFC 9496, and what is refused. */
#include "crypto/ct.h"
#include "crypto/hash.h"
#include "crypto/ristretto.h"
#include "support/check.h"
#include "support/unhex.h"

#include <string.h>

static const char generator[] =
    "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";

/* RFC 9496 A.1. */
TEST(multiples_of_the_generator)
{
	uint8_t scalar[RISTRETTO_LEN] = { 1 }, out[RISTRETTO_LEN];

	CHECK_OK(ristretto_mul_base(scalar, out));
	CHECK_BYTES(BYTES_OF(out), unhex(generator));
	scalar[0] = 2;
	CHECK_OK(ristretto_mul_base(scalar, out));
	CHECK_BYTES(BYTES_OF(out), unhex("6a493210f7499cd17fecb510ae0cea23"
					 "a110e8d5b901f8acadd3095c73a3b919"));
	CHECK_OK(ristretto_mul(scalar, unhex(generator).p, out));
	CHECK_BYTES(BYTES_OF(out), unhex("6a493210f7499cd17fecb510ae0cea23"
					 "a110e8d5b901f8acadd3095c73a3b919"));
}

/* RFC 9496 A.3. */
TEST(from_uniform_bytes)
{
	uint8_t uniform[RISTRETTO_UNIFORM_LEN], out[RISTRETTO_LEN];

	hash_one(HASH_SHA512,
	    BYTES_LIT("Ristretto is traditionally a short shot of espresso "
		      "coffee"),
	    uniform);
	CHECK_BYTES(BYTES_OF(uniform),
	    unhex("5d1be09e3d0c82fc538112490e35701979d99e06ca3e2b5b54bffe8b"
		  "4dc772c14d98b696a1bbfb5ca32c436cc61c16563790306c79eaca77"
		  "05668b47dffe5bb6"));
	ristretto_from_uniform(uniform, out);
	CHECK_BYTES(BYTES_OF(out), unhex("3066f82a1a747d45120d1740f1435853"
					 "1a8f04bbffe6a819f86dfe50f44a0a46"));
	CHECK(ristretto_is_valid(out));
}

/* Some of RFC 9496 A.2, and the identity. */
TEST(bad_encodings_are_refused)
{
	static const char *const bad[] = {
		"00ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"ff",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"f3ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"01000000000000000000000000000000000000000000000000000000000000"
		"00",
		"01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
		"7f",
		"00000000000000000000000000000000000000000000000000000000000000"
		"00",
	};
	uint8_t scalar[RISTRETTO_LEN] = { 5 }, out[RISTRETTO_LEN];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		CHECK(!ristretto_is_valid(unhex(bad[i]).p));
		memset(out, 0x55, sizeof out);
		CHECK_ERR(ristretto_mul(scalar, unhex(bad[i]).p, out), ERR_KEY);
		CHECK(ct_is_zero(out, sizeof out));
	}
	CHECK(ristretto_is_valid(unhex(generator).p));
}

TEST(blinding_can_be_undone)
{
	uint8_t wide[RISTRETTO_UNIFORM_LEN], blind[RISTRETTO_LEN];
	uint8_t inverse[RISTRETTO_LEN], element[RISTRETTO_LEN];
	uint8_t out[RISTRETTO_LEN];

	for (uint8_t i = 1; i < 20; i++) {
		memset(wide, i, sizeof wide);
		ristretto_from_uniform(wide, element);
		ristretto_scalar_reduce(wide, blind);
		CHECK_OK(ristretto_scalar_invert(blind, inverse));
		CHECK_OK(ristretto_mul(blind, element, out));
		CHECK_OK(ristretto_mul(inverse, out, out));
		CHECK_BYTES(BYTES_OF(out), BYTES_OF(element));
	}
}

TEST(a_zero_scalar_is_refused)
{
	static const uint8_t zero[RISTRETTO_LEN];
	uint8_t out[RISTRETTO_LEN];

	memset(out, 0x55, sizeof out);
	CHECK_ERR(ristretto_scalar_invert(zero, out), ERR_KEY);
	CHECK(ct_is_zero(out, sizeof out));
	CHECK_ERR(ristretto_mul_base(zero, out), ERR_KEY);
	CHECK_ERR(ristretto_mul(zero, unhex(generator).p, out), ERR_KEY);
}

CHECK_MAIN(T(multiples_of_the_generator), T(from_uniform_bytes),
    T(bad_encodings_are_refused), T(blinding_can_be_undone),
    T(a_zero_scalar_is_refused))
