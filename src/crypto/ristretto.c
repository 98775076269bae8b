#include "crypto/ristretto.h"
#include "crypto/ct.h"

#include <sodium.h>
#include <string.h>

void
ristretto_from_uniform(
    const uint8_t in[RISTRETTO_UNIFORM_LEN], uint8_t element[RISTRETTO_LEN])
{
	(void)crypto_core_ristretto255_from_hash(element, in);
}

void
ristretto_scalar_reduce(
    const uint8_t in[RISTRETTO_UNIFORM_LEN], uint8_t scalar[RISTRETTO_LEN])
{
	crypto_core_ristretto255_scalar_reduce(scalar, in);
}

/* Gives key material out, or zeros and the error. */
static enum err
result(int status, uint8_t out[RISTRETTO_LEN])
{
	if (ct_verdict(status == 0))
		return ERR_OK;
	memset(out, 0, RISTRETTO_LEN);
	return ERR_KEY;
}

enum err
ristretto_scalar_invert(
    const uint8_t scalar[RISTRETTO_LEN], uint8_t inverse[RISTRETTO_LEN])
{
	return result(
	    crypto_core_ristretto255_scalar_invert(inverse, scalar), inverse);
}

/*
 * RFC 9496 4.3.1 refuses encodings of 2^255 and more. libsodium 1.0.18
 * ignores that bit, which would give every element a second spelling.
 */
static bool
is_below_2_255(const uint8_t in[RISTRETTO_LEN])
{
	return ct_verdict(in[RISTRETTO_LEN - 1] >> 7 == 0);
}

bool
ristretto_is_valid(const uint8_t in[RISTRETTO_LEN])
{
	/* The identity is encoded as zeros (RFC 9496 4.3.2). */
	return is_below_2_255(in) &&
	       crypto_core_ristretto255_is_valid_point(in) == 1 &&
	       !ct_is_zero(in, RISTRETTO_LEN);
}

enum err
ristretto_mul(const uint8_t scalar[RISTRETTO_LEN],
    const uint8_t element[RISTRETTO_LEN], uint8_t out[RISTRETTO_LEN])
{
	if (!is_below_2_255(element))
		return result(-1, out);
	return result(
	    crypto_scalarmult_ristretto255(out, scalar, element), out);
}

enum err
ristretto_mul_base(
    const uint8_t scalar[RISTRETTO_LEN], uint8_t out[RISTRETTO_LEN])
{
	return result(crypto_scalarmult_ristretto255_base(out, scalar), out);
}
