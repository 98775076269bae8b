#include "opaque/oprf.h"

#include "base/reveal.h"
#include "crypto/ct.h"
#include "crypto/hash.h"

#include <string.h>

#define SHA512_LEN       64
#define SHA512_BLOCK_LEN 128

/* contextString = "OPRFV1-" || I2OSP(mode, 1) || "-" || identifier */
#define CONTEXT "OPRFV1-\0-ristretto255-SHA512"

enum err
opaque_oprf_expand(const struct bytes *parts, size_t n, struct bytes dst,
    uint8_t *out, size_t len)
{
	static const uint8_t z_pad[SHA512_BLOCK_LEN];
	struct {
		struct hash hash;
		uint8_t b_0[SHA512_LEN];
		uint8_t b_i[SHA512_LEN];
	} s;
	uint8_t l_i_b_str[] = { (uint8_t)(len >> 8), (uint8_t)len, 0 };
	uint8_t dst_len = (uint8_t)dst.n;
	enum err err = ERR_OK;

	NEED(len <= 255 * SHA512_LEN, ERR_ARG);
	NEED(dst.n > 0 && dst.n <= UINT8_MAX, ERR_ARG);

	/* b_0 = H(Z_pad || msg || l_i_b_str || I2OSP(0, 1) || DST_prime) */
	hash_init(&s.hash, HASH_SHA512);
	hash_update(&s.hash, BYTES_OF(z_pad));
	for (size_t i = 0; i < n; i++)
		hash_update(&s.hash, parts[i]);
	hash_update(&s.hash, BYTES_OF(l_i_b_str));
	hash_update(&s.hash, dst);
	hash_update(&s.hash, (struct bytes){ &dst_len, 1 });
	hash_final(&s.hash, s.b_0);

	/* b_i = H(strxor(b_0, b_(i - 1)) || I2OSP(i, 1) || DST_prime) */
	memset(s.b_i, 0, sizeof s.b_i);
	for (uint8_t i = 1; len != 0; i++) {
		struct bytes b_i[] = { BYTES_OF(s.b_i), { &i, 1 }, dst,
			{ &dst_len, 1 } };
		size_t take = len < SHA512_LEN ? len : SHA512_LEN;

		for (size_t j = 0; j < SHA512_LEN; j++)
			s.b_i[j] ^= s.b_0[j];
		hash_parts(HASH_SHA512, b_i, 4, s.b_i);
		memcpy(out, s.b_i, take);
		out += take;
		len -= take;
	}
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

/* HashToGroup (RFC 9497 section 4.1). */
static enum err
hash_to_group(struct bytes input, uint8_t element[OPRF_ELEMENT_LEN])
{
	struct {
		uint8_t uniform[RISTRETTO_UNIFORM_LEN];
	} s;
	enum err err;

	TRY(opaque_oprf_expand(&input, 1, BYTES_LIT("HashToGroup-" CONTEXT),
	    s.uniform, sizeof s.uniform));
	ristretto_from_uniform(s.uniform, element);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
opaque_oprf_derive_key(const uint8_t seed[OPRF_SEED_LEN], struct bytes info,
    uint8_t key[OPRF_SCALAR_LEN])
{
	struct {
		uint8_t uniform[RISTRETTO_UNIFORM_LEN];
	} s;
	uint8_t counter = 0;
	uint8_t info_len[] = { 0, (uint8_t)info.n };
	struct bytes derive_input[] = { { seed, OPRF_SEED_LEN },
		BYTES_OF(info_len), info, { &counter, 1 } };
	enum err err;

	NEED(info.n <= OPRF_MAX_INFO_LEN, ERR_ARG);
	do {
		NEED(counter != UINT8_MAX, ERR_KEY);
		TRY(opaque_oprf_expand(derive_input, 4,
		    BYTES_LIT("DeriveKeyPair" CONTEXT), s.uniform,
		    sizeof s.uniform));
		ristretto_scalar_reduce(s.uniform, key);
		counter++;
	} while (ct_verdict(ct_is_zero(key, OPRF_SCALAR_LEN)));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
opaque_oprf_blind(struct bytes input, const uint8_t blind[OPRF_SCALAR_LEN],
    uint8_t blinded[OPRF_ELEMENT_LEN])
{
	struct {
		uint8_t element[OPRF_ELEMENT_LEN];
	} s;
	enum err err;

	NEED(input.n <= OPRF_MAX_INPUT_LEN, ERR_ARG);
	TRY(hash_to_group(input, s.element));
	TRY(ristretto_mul(blind, s.element, blinded));
	REVEAL("oprf", s.element);
	REVEAL_BYTES("oprf", blind, OPRF_SCALAR_LEN);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
opaque_oprf_evaluate(const uint8_t key[OPRF_SCALAR_LEN],
    const uint8_t blinded[OPRF_ELEMENT_LEN],
    uint8_t evaluated[OPRF_ELEMENT_LEN])
{
	return ristretto_mul(key, blinded, evaluated);
}

enum err
opaque_oprf_finalize(struct bytes input, const uint8_t blind[OPRF_SCALAR_LEN],
    const uint8_t evaluated[OPRF_ELEMENT_LEN], uint8_t output[OPRF_OUTPUT_LEN])
{
	static const uint8_t element_len[] = { 0, OPRF_ELEMENT_LEN };
	struct {
		uint8_t inverse[OPRF_SCALAR_LEN];
		uint8_t element[OPRF_ELEMENT_LEN];
	} s;
	uint8_t input_len[] = { (uint8_t)(input.n >> 8), (uint8_t)input.n };
	struct bytes hash_input[] = { BYTES_OF(input_len), input,
		BYTES_OF(element_len), BYTES_OF(s.element),
		BYTES_LIT("Finalize") };
	enum err err;

	NEED(input.n <= OPRF_MAX_INPUT_LEN, ERR_ARG);
	TRY(ristretto_scalar_invert(blind, s.inverse));
	TRY(ristretto_mul(s.inverse, evaluated, s.element));
	hash_parts(HASH_SHA512, hash_input, 5, output);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}
