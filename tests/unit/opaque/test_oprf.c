/* The OPRF: expand_message_xmd by its vectors, and inputs that are refused. */
#include "crypto/crypto.h"
#include "opaque/oprf.h"
#include "support/check.h"

#include "base/hex.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define VECTORS "hash-to-curve/expand_message_xmd_SHA512_38.json"

__attribute__((constructor)) static void
start_libraries(void)
{
	if (crypto_init() != ERR_OK)
		abort();
}

static void
expands(const json_t *test, struct bytes dst)
{
	const char *msg = json_string_value(json_object_get(test, "msg"));
	const char *want =
	    json_string_value(json_object_get(test, "uniform_bytes"));
	uint8_t out[1024], wanted[1024];
	size_t n;

	if (!CHECK(msg != NULL && want != NULL))
		return;
	n = strlen(want) / 2;
	if (!CHECK(n > 0 && n <= sizeof out))
		return;
	CHECK_OK(hex_decode(wanted, n, bytes_str(want)));
	CHECK_OK(opaque_oprf_expand(
	    (struct bytes[]){ bytes_str(msg) }, 1, dst, out, n));
	CHECK_BYTES(((struct bytes){ out, n }), ((struct bytes){ wanted, n }));
}

TEST(expand_message_xmd_passes_its_vectors)
{
	const char *path = check_vectors(VECTORS);
	json_t *file, *test;
	size_t i;

	if (path == NULL) {
		check_skip("no " VECTORS, 10);
		return;
	}
	file = json_load_file(path, 0, NULL);
	if (!CHECK(file != NULL))
		return;
	CHECK(json_array_size(json_object_get(file, "tests")) > 0);
	json_array_foreach(json_object_get(file, "tests"), i, test)
	{
		expands(test,
		    bytes_str(json_string_value(json_object_get(file, "DST"))));
	}
	json_decref(file);
}

TEST(parts_are_one_message)
{
	static const struct bytes whole = { (const uint8_t *)"onetwo", 6 };
	static const struct bytes parts[] = { { (const uint8_t *)"one", 3 },
		{ NULL, 0 }, { (const uint8_t *)"two", 3 } };
	uint8_t a[100], b[100];

	CHECK_OK(opaque_oprf_expand(&whole, 1, BYTES_LIT("D"), a, sizeof a));
	CHECK_OK(opaque_oprf_expand(parts, 3, BYTES_LIT("D"), b, sizeof b));
	CHECK_BYTES(BYTES_OF(a), BYTES_OF(b));
}

TEST(expanding_has_limits)
{
	static uint8_t out[255 * 64 + 1], dst[256];
	struct bytes none = BYTES_NONE;

	CHECK_OK(opaque_oprf_expand(
	    &none, 1, (struct bytes){ dst, 255 }, out, 255 * 64));
	CHECK_ERR(
	    opaque_oprf_expand(&none, 1, BYTES_LIT("D"), out, 255 * 64 + 1),
	    ERR_ARG);
	CHECK_ERR(
	    opaque_oprf_expand(&none, 1, BYTES_OF(dst), out, 64), ERR_ARG);
	CHECK_ERR(opaque_oprf_expand(&none, 1, BYTES_NONE, out, 64), ERR_ARG);
}

static const uint8_t seed[OPRF_SEED_LEN] = "0123456789abcdef0123456789abcde";

TEST(the_blind_does_not_show)
{
	uint8_t key[OPRF_SCALAR_LEN], blind[OPRF_SCALAR_LEN];
	uint8_t blinded[2][OPRF_ELEMENT_LEN], evaluated[OPRF_ELEMENT_LEN];
	uint8_t output[2][OPRF_OUTPUT_LEN];
	uint8_t blind_seed[OPRF_SEED_LEN];

	memcpy(blind_seed, seed, sizeof blind_seed);
	CHECK_OK(opaque_oprf_derive_key(seed, BYTES_LIT("key"), key));
	for (size_t i = 0; i < 2; i++) {
		blind_seed[0] = (uint8_t)i;
		CHECK_OK(opaque_oprf_derive_key(
		    blind_seed, BYTES_LIT("blind"), blind));
		CHECK_OK(
		    opaque_oprf_blind(BYTES_LIT("input"), blind, blinded[i]));
		CHECK_OK(opaque_oprf_evaluate(key, blinded[i], evaluated));
		CHECK_OK(opaque_oprf_finalize(
		    BYTES_LIT("input"), blind, evaluated, output[i]));
	}
	CHECK(memcmp(blinded[0], blinded[1], OPRF_ELEMENT_LEN) != 0);
	CHECK_BYTES(BYTES_OF(output[0]), BYTES_OF(output[1]));
}

/* The identity, no canonical encoding, not on the curve. */
TEST(bad_elements_and_scalars_are_refused)
{
	static const uint8_t elements[][OPRF_ELEMENT_LEN] = {
		{ 0 },
		{ 1 },
		{ 0xed, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0x7f },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff },
	};
	static const uint8_t zero[OPRF_SCALAR_LEN];
	uint8_t key[OPRF_SCALAR_LEN], out[OPRF_ELEMENT_LEN];
	uint8_t output[OPRF_OUTPUT_LEN];

	CHECK_OK(opaque_oprf_derive_key(seed, BYTES_LIT("key"), key));
	for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++) {
		CHECK_ERR(opaque_oprf_evaluate(key, elements[i], out), ERR_KEY);
		CHECK_ERR(opaque_oprf_finalize(
			      BYTES_LIT("x"), key, elements[i], output),
		    ERR_KEY);
	}
	CHECK_ERR(opaque_oprf_blind(BYTES_LIT("x"), zero, out), ERR_KEY);
}

/* An element has one encoding; the top bit is never set in it. */
TEST(no_element_has_two_spellings)
{
	uint8_t key[OPRF_SCALAR_LEN], element[OPRF_ELEMENT_LEN];
	uint8_t out[OPRF_ELEMENT_LEN];

	CHECK_OK(opaque_oprf_derive_key(seed, BYTES_LIT("key"), key));
	CHECK_OK(opaque_oprf_blind(BYTES_LIT("x"), key, element));
	CHECK(ristretto_is_valid(element));
	CHECK_OK(opaque_oprf_evaluate(key, element, out));
	for (size_t bit = 0; bit < 8 * sizeof element; bit += 255) {
		element[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!ristretto_is_valid(element));
		CHECK_ERR(opaque_oprf_evaluate(key, element, out), ERR_KEY);
		element[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

TEST(long_inputs_are_refused)
{
	static uint8_t input[OPRF_MAX_INPUT_LEN + 1];
	uint8_t key[OPRF_SCALAR_LEN], out[OPRF_ELEMENT_LEN];
	uint8_t output[OPRF_OUTPUT_LEN];

	CHECK_OK(opaque_oprf_derive_key(seed, BYTES_LIT("key"), key));
	CHECK_OK(opaque_oprf_blind(
	    (struct bytes){ input, OPRF_MAX_INPUT_LEN }, key, out));
	CHECK_ERR(opaque_oprf_blind(BYTES_OF(input), key, out), ERR_ARG);
	CHECK_ERR(
	    opaque_oprf_finalize(BYTES_OF(input), key, out, output), ERR_ARG);
	CHECK_ERR(opaque_oprf_derive_key(seed,
		      (struct bytes){ input, OPRF_MAX_INFO_LEN + 1 }, key),
	    ERR_ARG);
}

CHECK_MAIN(T(expand_message_xmd_passes_its_vectors), T(parts_are_one_message),
    T(expanding_has_limits), T(the_blind_does_not_show),
    T(bad_elements_and_scalars_are_refused), T(no_element_has_two_spellings),
    T(long_inputs_are_refused))
