/*
 * ML-KEM-768 in the format of NIST's ACVP: key generation, encapsulation,
 * decapsulation and the two key checks. Every case is run against the
 * implementation that sotto uses and against our own.
 */
#include "crypto/mlkem.h"
#include "kat.h"

#include <stdio.h>
#include <string.h>

static const struct kem {
	const char *name;
	enum err (*keygen)(const uint8_t seed[MLKEM768_SEED_LEN],
	    uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_DK_LEN]);
	enum err (*encaps)(const uint8_t ek[MLKEM768_EK_LEN],
	    const uint8_t m[MLKEM768_RANDOM_LEN], uint8_t ct[MLKEM768_CT_LEN],
	    uint8_t shared[MLKEM768_SHARED_LEN]);
	enum err (*decaps)(const uint8_t dk[MLKEM768_DK_LEN],
	    const uint8_t ct[MLKEM768_CT_LEN],
	    uint8_t shared[MLKEM768_SHARED_LEN]);
} kems[] = {
	{ "mlkem768", mlkem768_keygen, mlkem768_encaps, mlkem768_decaps },
	{ "mlkem_own", mlkem_own_keygen, mlkem_own_encaps, mlkem_own_decaps },
};

/* One test of a group, with one of the implementations. */
struct run {
	struct kat *k;
	const json_t *group, *test;
	const struct kem *kem;
};

typedef void (*case_fn)(const struct run *r);

/*
 * Returns the value at name, of the test or else of its group, if it has
 * this length; otherwise an empty range, and the case fails.
 */
static struct bytes
value(const struct run *r, const char *name, size_t len)
{
	struct bytes b = kat_hex(r->k, r->test, name);

	if (b.p == NULL)
		b = kat_hex(r->k, r->group, name);
	return kat_true(r->k, name, b.n == len) ? b : BYTES_NONE;
}

static void
keygen_case(const struct run *r)
{
	struct bytes d = value(r, "d", 32), z = value(r, "z", 32);
	uint8_t seed[MLKEM768_SEED_LEN];
	uint8_t ek[MLKEM768_EK_LEN], dk[MLKEM768_DK_LEN];

	if (d.n == 0 || z.n == 0)
		return;
	memcpy(seed, d.p, 32);
	memcpy(seed + 32, z.p, 32);
	kat_err(r->k, "keygen", r->kem->keygen(seed, ek, dk), ERR_OK);
	kat_bytes(r->k, "ek", BYTES_OF(ek), value(r, "ek", sizeof ek));
	kat_bytes(r->k, "dk", BYTES_OF(dk), value(r, "dk", sizeof dk));
}

static void
encaps_case(const struct run *r)
{
	struct bytes ek = value(r, "ek", MLKEM768_EK_LEN);
	struct bytes m = value(r, "m", MLKEM768_RANDOM_LEN);
	uint8_t ct[MLKEM768_CT_LEN], shared[MLKEM768_SHARED_LEN];

	if (ek.n == 0 || m.n == 0)
		return;
	kat_err(r->k, "encaps", r->kem->encaps(ek.p, m.p, ct, shared), ERR_OK);
	kat_bytes(r->k, "c", BYTES_OF(ct), value(r, "c", sizeof ct));
	kat_bytes(r->k, "k", BYTES_OF(shared), value(r, "k", sizeof shared));
}

static void
decaps_case(const struct run *r)
{
	struct bytes dk = value(r, "dk", MLKEM768_DK_LEN);
	struct bytes ct = value(r, "c", MLKEM768_CT_LEN);
	uint8_t shared[MLKEM768_SHARED_LEN];

	if (dk.n == 0 || ct.n == 0)
		return;
	kat_err(r->k, "decaps", r->kem->decaps(dk.p, ct.p, shared), ERR_OK);
	kat_bytes(r->k, "k", BYTES_OF(shared), value(r, "k", sizeof shared));
}

static void
check_key(const struct run *r, bool accepted)
{
	kat_true(r->k, "the key is judged as the file says",
	    accepted == json_is_true(json_object_get(r->test, "testPassed")));
}

static void
encaps_key_case(const struct run *r)
{
	static const uint8_t m[MLKEM768_RANDOM_LEN];
	struct bytes ek = kat_hex(r->k, r->test, "ek");
	uint8_t ct[MLKEM768_CT_LEN], shared[MLKEM768_SHARED_LEN];

	check_key(r, ek.n == MLKEM768_EK_LEN &&
			 r->kem->encaps(ek.p, m, ct, shared) == ERR_OK);
}

static void
decaps_key_case(const struct run *r)
{
	static const uint8_t ct[MLKEM768_CT_LEN];
	struct bytes dk = kat_hex(r->k, r->test, "dk");
	uint8_t shared[MLKEM768_SHARED_LEN];

	check_key(r, dk.n == MLKEM768_DK_LEN &&
			 r->kem->decaps(dk.p, ct, shared) == ERR_OK);
}

/* Returns what runs a group's tests, or NULL. */
static case_fn
case_of(const char *mode, const char *function)
{
	static const struct {
		const char *function;
		case_fn run;
	} functions[] = {
		{ "encapsulation", encaps_case },
		{ "decapsulation", decaps_case },
		{ "encapsulationKeyCheck", encaps_key_case },
		{ "decapsulationKeyCheck", decaps_key_case },
	};

	if (strcmp(mode, "keyGen") == 0)
		return keygen_case;
	for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++)
		if (strcmp(functions[i].function, function) == 0)
			return functions[i].run;
	return NULL;
}

static bool
run_group(struct kat *k, const char *mode, const json_t *group)
{
	const json_t *tests = json_object_get(group, "tests"), *test;
	const char *set = kat_text(group, "parameterSet");
	const char *function = kat_text(group, "function");
	case_fn run = case_of(mode, function);
	size_t i, j;

	if (strcmp(set, "ML-KEM-768") != 0) {
		printf(
		    "not run: %zu tests of %s\n", json_array_size(tests), set);
		return true;
	}
	if (run == NULL) {
		(void)fprintf(stderr, "unknown function \"%s\"\n", function);
		return false;
	}
	json_array_foreach(tests, i, test)
	{
		kat_begin(k, "tcId %llu",
		    (unsigned long long)kat_number(test, "tcId", 0));
		for (j = 0; j < sizeof kems / sizeof kems[0]; j++) {
			struct run r = { k, group, test, &kems[j] };

			run(&r);
			if (k->case_failed)
				printf("  with %s\n", kems[j].name);
		}
		kat_end(k);
	}
	return true;
}

/* ACVP's own files are an array: its version, then the vectors. */
static const json_t *
vectors_of(const json_t *file)
{
	const json_t *part;
	size_t i;

	json_array_foreach(file, i,
	    part) if (json_object_get(part, "testGroups") != NULL) return part;
	return file;
}

bool
kat_mlkem(struct kat *k, const json_t *file)
{
	const json_t *vectors = vectors_of(file);
	const json_t *groups = json_object_get(vectors, "testGroups"), *group;
	const char *mode = kat_text(vectors, "mode");
	size_t i;

	if (strcmp(kat_text(vectors, "algorithm"), "ML-KEM") != 0 ||
	    !json_is_array(groups)) {
		(void)fputs("not ACVP's ML-KEM\n", stderr);
		return false;
	}
	json_array_foreach(
	    groups, i, group) if (!run_group(k, mode, group)) return false;
	return true;
}
