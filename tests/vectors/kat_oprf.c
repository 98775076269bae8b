/*
 * kat oprf - RFC 9497 test vectors: ristretto255-SHA512 in mode 0.
 *
 * A batch has its elements in one string, separated by commas; each is one
 * evaluation. A case is one vector.
 */
#include "kat.h"
#include "opaque/oprf.h"

#include <stdio.h>
#include <string.h>

/* Returns element number i of a comma-separated field, or { NULL, 0 }. */
static struct bytes
element(struct kat *k, const json_t *vector, const char *name, size_t i)
{
	const char *text = kat_text(vector, name);
	struct bytes out;
	json_t *one;

	for (; i > 0; i--) {
		text = strchr(text, ',');
		if (text == NULL)
			return BYTES_NONE;
		text++;
	}
	one = json_stringn(text, strcspn(text, ","));
	out = kat_hex_value(k, one);
	json_decref(one);
	return out;
}

static void
evaluate(struct kat *k, const json_t *vector, struct bytes key, size_t i)
{
	struct bytes input = element(k, vector, "Input", i);
	struct bytes blind = element(k, vector, "Blind", i);
	uint8_t blinded[OPRF_ELEMENT_LEN], evaluated[OPRF_ELEMENT_LEN];
	uint8_t output[OPRF_OUTPUT_LEN];

	if (!kat_true(k, "Blind", blind.n == OPRF_SCALAR_LEN) ||
	    !kat_true(k, "Input", input.p != NULL))
		return;
	kat_err(k, "Blind", opaque_oprf_blind(input, blind.p, blinded), ERR_OK);
	kat_bytes(k, "BlindedElement", BYTES_OF(blinded),
	    element(k, vector, "BlindedElement", i));
	kat_err(k, "BlindEvaluate",
	    opaque_oprf_evaluate(key.p, blinded, evaluated), ERR_OK);
	kat_bytes(k, "EvaluationElement", BYTES_OF(evaluated),
	    element(k, vector, "EvaluationElement", i));
	kat_err(k, "Finalize",
	    opaque_oprf_finalize(input, blind.p, evaluated, output), ERR_OK);
	kat_bytes(
	    k, "Output", BYTES_OF(output), element(k, vector, "Output", i));
}

static void
run_vector(struct kat *k, const json_t *suite, const json_t *vector)
{
	struct bytes seed = kat_hex(k, suite, "seed");
	struct bytes info = kat_hex(k, suite, "keyInfo");
	struct bytes want = kat_hex(k, suite, "skSm");
	uint8_t derived[OPRF_SCALAR_LEN];

	if (!kat_true(k, "skSm", want.n == OPRF_SCALAR_LEN))
		return;
	if (seed.n == OPRF_SEED_LEN) {
		kat_err(k, "DeriveKeyPair",
		    opaque_oprf_derive_key(seed.p, info, derived), ERR_OK);
		kat_bytes(k, "skSm", BYTES_OF(derived), want);
	}
	for (size_t i = 0; i < kat_number(vector, "Batch", 1); i++)
		evaluate(k, vector, want, i);
}

bool
kat_oprf(struct kat *k, const json_t *file)
{
	const json_t *suite, *vectors, *vector;
	size_t i, j;

	if (!json_is_array(file)) {
		(void)fputs("not a file of OPRF vectors\n", stderr);
		return false;
	}
	json_array_foreach(file, i, suite)
	{
		const char *name = kat_text(suite, "identifier");
		uint64_t mode = kat_number(suite, "mode", 0);

		vectors = json_object_get(suite, "vectors");
		if (strcmp(name, "ristretto255-SHA512") != 0 || mode != 0) {
			printf("not counted: %zu of %s mode %llu\n",
			    json_array_size(vectors), name,
			    (unsigned long long)mode);
			continue;
		}
		json_array_foreach(vectors, j, vector)
		{
			kat_begin(k, "%s, vector %zu", name, j + 1);
			run_vector(k, suite, vector);
			kat_end(k);
		}
	}
	return true;
}
