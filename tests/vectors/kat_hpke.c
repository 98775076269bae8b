/* HPKE: RFC 9180 appendix A, and the same with draft-ietf-hpke-pq's KEMs. */
#include "crypto/hpke.h"
#include "kat.h"

#include <stdio.h>

#define MAX_TEXT 4096

/* What one vector gives, as both ends see it. */
struct vector {
	struct hpke_suite suite;
	struct hpke_receiver sender, receiver;
	struct bytes ikm_e;
};

static bool
is_known(struct hpke_suite s)
{
	return hpke_public_len(s.kem) != 0 &&
	       (s.kdf <= HPKE_HKDF_SHA512 || s.kdf == HPKE_SHAKE256) &&
	       (s.aead <= HPKE_CHACHAPOLY || s.aead == HPKE_EXPORT_ONLY);
}

/* DeriveKeyPair gives the receiver's keys, and the sender's in Auth modes. */
static void
check_keys(struct kat *k, const json_t *test, struct vector *v)
{
	static const char *const names[2][3] = {
		{ "ikmR", "skRm", "pkRm" },
		{ "ikmS", "skSm", "pkSm" },
	};
	enum hpke_kem kem = v->suite.kem;
	uint8_t *secret, *public;

	for (size_t i = 0; i < 2; i++) {
		struct bytes ikm = kat_hex(k, test, names[i][0]);

		if (ikm.p == NULL)
			continue;
		secret = kat_space(k, hpke_secret_len(kem));
		public = kat_space(k, hpke_public_len(kem));
		kat_err(k, "DeriveKeyPair",
		    hpke_derive_key_pair(kem, ikm, secret, public), ERR_OK);
		kat_bytes(k, names[i][1],
		    (struct bytes){ secret, hpke_secret_len(kem) },
		    kat_hex(k, test, names[i][1]));
		kat_bytes(k, names[i][2],
		    (struct bytes){ public, hpke_public_len(kem) },
		    kat_hex(k, test, names[i][2]));
		kat_err(k, "the public key is usable",
		    hpke_check_public(kem, kat_hex(k, test, names[i][2])),
		    ERR_OK);
	}
}

static void
read_vector(struct kat *k, const json_t *test, struct vector *v)
{
	struct hpke_mode mode = {
		.psk = kat_hex(k, test, "psk"),
		.psk_id = kat_hex(k, test, "psk_id"),
	};

	v->sender.info = v->receiver.info = kat_hex(k, test, "info");
	v->sender.mode = v->receiver.mode = mode;
	v->sender.key = kat_hex(k, test, "pkRm");
	v->receiver.key = kat_hex(k, test, "skRm");
	v->sender.mode.sender = kat_hex(k, test, "skSm");
	v->receiver.mode.sender = kat_hex(k, test, "pkSm");
	v->ikm_e = kat_hex(k, test, "ikmE");
}

static void
check_encryptions(struct kat *k, const json_t *test, struct hpke ends[2])
{
	const json_t *list = json_object_get(test, "encryptions"), *one;
	uint8_t out[MAX_TEXT + AEAD_TAG_LEN];
	size_t i;

	json_array_foreach(list, i, one)
	{
		struct bytes aad = kat_hex(k, one, "aad");
		struct bytes pt = kat_hex(k, one, "pt");
		struct bytes ct = kat_hex(k, one, "ct");

		if (!kat_true(k, "a text has a length that is tested here",
			pt.n <= MAX_TEXT && ct.n <= sizeof out))
			return;
		ends[0].seq = ends[1].seq = kat_number(one, "seq", i);
		kat_err(k, "Seal", hpke_seal(&ends[0], aad, pt, out), ERR_OK);
		kat_bytes(
		    k, "ct", (struct bytes){ out, pt.n + AEAD_TAG_LEN }, ct);
		kat_err(k, "Open", hpke_open(&ends[1], aad, ct, out), ERR_OK);
		kat_bytes(k, "pt", (struct bytes){ out, pt.n }, pt);
	}
}

static void
check_exports(struct kat *k, const json_t *test, const struct hpke *end)
{
	const json_t *list = json_object_get(test, "exports"), *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		size_t len = (size_t)kat_number(one, "L", 32);
		uint8_t *out;

		if (!kat_true(k, "L", len <= MAX_TEXT))
			return;
		out = kat_space(k, len);
		kat_err(k, "Export",
		    hpke_export(
			end, kat_hex(k, one, "exporter_context"), out, len),
		    ERR_OK);
		kat_bytes(k, "exported_value", (struct bytes){ out, len },
		    kat_hex(k, one, "exported_value"));
	}
}

static void
run_case(struct kat *k, const json_t *test, struct hpke_suite suite)
{
	struct vector v = { .suite = suite };
	uint8_t enc[HPKE_MAX_ENC_LEN];
	struct bytes want = kat_hex(k, test, "enc");
	struct hpke ends[2];

	check_keys(k, test, &v);
	read_vector(k, test, &v);
	if (!kat_true(k, "ikmE", v.ikm_e.n == hpke_random_len(suite.kem)) ||
	    !kat_err(k, "SetupS",
		hpke_setup_sender(&ends[0], suite, &v.sender, v.ikm_e.p, enc),
		ERR_OK) ||
	    !kat_bytes(k, "enc", (struct bytes){ enc, hpke_enc_len(suite.kem) },
		want) ||
	    !kat_err(k, "SetupR",
		hpke_setup_receiver(&ends[1], suite, &v.receiver, want),
		ERR_OK))
		return;
	kat_bytes(k, "shared_secret", BYTES_OF(ends[0].shared),
	    kat_hex(k, test, "shared_secret"));
	kat_bytes(k, "shared_secret at the receiver", BYTES_OF(ends[1].shared),
	    BYTES_OF(ends[0].shared));
	check_encryptions(k, test, ends);
	check_exports(k, test, &ends[1]);
}

bool
kat_hpke(struct kat *k, const json_t *file)
{
	const json_t *test;
	size_t i;

	if (!json_is_array(file)) {
		(void)fputs("not a list of HPKE vectors\n", stderr);
		return false;
	}
	json_array_foreach(file, i, test)
	{
		struct hpke_suite suite = {
			(enum hpke_kem)kat_number(test, "kem_id", 0),
			(enum hpke_kdf)kat_number(test, "kdf_id", 0),
			(enum hpke_aead)kat_number(test, "aead_id", 0),
		};

		kat_begin(k, "%zu (mode %u, kem %#x, kdf %#x, aead %#x)", i,
		    (unsigned)kat_number(test, "mode", 0), suite.kem, suite.kdf,
		    suite.aead);
		if (is_known(suite)) {
			run_case(k, test, suite);
			kat_end(k);
		} else {
			kat_not_run(k, "a suite that we do not have");
		}
	}
	return true;
}
