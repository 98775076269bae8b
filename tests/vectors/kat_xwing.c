/* X-Wing: draft-connolly-cfrg-xwing-kem-10, appendix C. */
#include "crypto/xwing.h"
#include "kat.h"

#include <stdio.h>

static void
run_case(struct kat *k, const json_t *test)
{
	struct bytes seed = kat_hex(k, test, "seed");
	struct bytes eseed = kat_hex(k, test, "eseed");
	uint8_t public[XWING_PUBLIC_LEN], ct[XWING_CT_LEN];
	uint8_t shared[XWING_SHARED_LEN], again[XWING_SHARED_LEN];

	if (!kat_true(k, "seed", seed.n == XWING_SEED_LEN) ||
	    !kat_true(k, "eseed", eseed.n == XWING_RANDOM_LEN))
		return;
	kat_bytes(k, "sk", seed, kat_hex(k, test, "sk"));
	kat_err(k, "GenerateKeyPair", xwing_public(seed.p, public), ERR_OK);
	kat_bytes(k, "pk", BYTES_OF(public), kat_hex(k, test, "pk"));
	kat_err(k, "Encapsulate", xwing_encaps(public, eseed.p, ct, shared),
	    ERR_OK);
	kat_bytes(k, "ct", BYTES_OF(ct), kat_hex(k, test, "ct"));
	kat_bytes(k, "ss", BYTES_OF(shared), kat_hex(k, test, "ss"));
	kat_err(k, "Decapsulate", xwing_decaps(seed.p, ct, again), ERR_OK);
	kat_bytes(k, "ss, decapsulated", BYTES_OF(again), BYTES_OF(shared));
}

bool
kat_xwing(struct kat *k, const json_t *file)
{
	const json_t *test;
	size_t i;

	if (!json_is_array(file)) {
		(void)fputs("not a list of X-Wing vectors\n", stderr);
		return false;
	}
	json_array_foreach(file, i, test)
	{
		kat_begin(k, "%zu", i);
		run_case(k, test);
		kat_end(k);
	}
	return true;
}
