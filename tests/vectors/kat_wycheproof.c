/* Project Wycheproof: XDH computations and EdDSA verifications. */
#include "crypto/ct.h"
#include "crypto/dh.h"
#include "crypto/sig.h"
#include "kat.h"

#include <stdio.h>
#include <string.h>

typedef void (*case_fn)(struct kat *k, const json_t *group, const json_t *test);

/* Runs every test of every group of a file that is for this algorithm. */
static bool
run_file(struct kat *k, const json_t *file, const char *algorithm, case_fn run)
{
	const json_t *groups = json_object_get(file, "testGroups");
	const json_t *group, *tests, *test;
	size_t i, j;

	if (strcmp(kat_text(file, "algorithm"), algorithm) != 0 ||
	    !json_is_array(groups)) {
		(void)fprintf(stderr, "not Wycheproof's %s\n", algorithm);
		return false;
	}
	json_array_foreach(groups, i, group)
	{
		tests = json_object_get(group, "tests");
		json_array_foreach(tests, j, test)
		{
			kat_begin(k, "tcId %llu (%s)",
			    (unsigned long long)kat_number(test, "tcId", 0),
			    kat_text(test, "comment"));
			run(k, group, test);
			kat_end(k);
		}
	}
	return true;
}

/*
 * A shared secret of zeros is refused, as RFC 7748 6.1 allows; the file calls
 * that "acceptable". All else of "valid" and "acceptable" must be computed.
 */
static void
x25519_case(struct kat *k, const json_t *group, const json_t *test)
{
	struct bytes public = kat_hex(k, test, "public");
	struct bytes secret = kat_hex(k, test, "private");
	struct bytes want = kat_hex(k, test, "shared");
	const char *result = kat_text(test, "result");
	uint8_t shared[X25519_LEN] = { 0 };
	bool is_invalid = strcmp(result, "invalid") == 0, refused;

	(void)group;
	refused = public.n != X25519_LEN || secret.n != X25519_LEN ||
		  x25519(secret.p, public.p, shared) != ERR_OK;
	if (is_invalid) {
		kat_true(k, "refused", refused);
	} else if (want.n == X25519_LEN && ct_is_zero(want.p, want.n)) {
		kat_true(k, "zeros are refused", refused);
		kat_true(k, "and not valid", strcmp(result, "valid") != 0);
	} else {
		kat_true(k, "computed", !refused);
		kat_bytes(k, "shared", BYTES_OF(shared), want);
	}
}

static void
ed25519_case(struct kat *k, const json_t *group, const json_t *test)
{
	const json_t *key = json_object_get(group, "publicKey");
	struct bytes public, message, sig;
	const char *result = kat_text(test, "result");
	bool accepted;

	if (key == NULL)
		key = json_object_get(group, "key");
	public = kat_hex(k, key, "pk");
	message = kat_hex(k, test, "msg");
	sig = kat_hex(k, test, "sig");
	accepted = public.n == ED25519_PUBLIC_LEN &&
		   ed25519_verify(public.p, message, sig) == ERR_OK;
	if (strcmp(result, "valid") == 0)
		kat_true(k, "accepted", accepted);
	else if (strcmp(result, "invalid") == 0)
		kat_true(k, "refused", !accepted);
	else
		kat_true(k, "has a result", strcmp(result, "acceptable") == 0);
}

bool
kat_wycheproof_x25519(struct kat *k, const json_t *file)
{
	return run_file(k, file, "XDH", x25519_case);
}

bool
kat_wycheproof_ed25519(struct kat *k, const json_t *file)
{
	return run_file(k, file, "EDDSA", ed25519_case);
}
