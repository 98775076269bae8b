/*
 * kat opaque - RFC 9807 test vectors of the ristretto255-SHA512
 * configuration: registration and login with a real record, and the answer
 * that a fake record gives. Key stretching is Identity in them.
 */
#include "kat.h"
#include "opaque/client.h"
#include "opaque/server.h"

#include <stdio.h>
#include <string.h>

struct vector {
	struct kat *k;
	const json_t *inputs;
	const json_t *outputs;
	struct opaque_server server;
	struct opaque_binding binding;
	uint8_t record[OPAQUE_RECORD_LEN];
	uint8_t export_key[OPAQUE_EXPORT_KEY_LEN];
};

static struct bytes
input(struct vector *v, const char *name)
{
	return kat_hex(v->k, v->inputs, name);
}

/* Copies an input of exactly n bytes to out. */
static void
load(struct vector *v, const char *name, uint8_t *out, size_t n)
{
	struct bytes b = input(v, name);

	if (kat_true(v->k, name, b.n == n && b.p != NULL))
		memcpy(out, b.p, n);
}

static void
is_output(struct vector *v, const char *name, struct bytes got)
{
	kat_bytes(v->k, name, got, kat_hex(v->k, v->outputs, name));
}

/* A blind of the file is a scalar: smaller than any modulus needs. */
static void
load_blind(
    struct vector *v, const char *name, uint8_t seed[OPAQUE_BLIND_SEED_LEN])
{
	memset(seed, 0, OPAQUE_BLIND_SEED_LEN);
	load(v, name, seed, OPRF_SCALAR_LEN);
}

static void
registers(struct vector *v)
{
	struct kat *k = v->k;
	struct opaque_registration state;
	uint8_t blind[OPAQUE_BLIND_SEED_LEN], nonce[OPAQUE_NONCE_LEN] = { 0 };
	uint8_t request[OPAQUE_REQUEST_LEN], response[OPAQUE_RESPONSE_LEN];
	uint8_t stretched[OPAQUE_STRETCH_LEN];
	struct bytes password = input(v, "password");

	load_blind(v, "blind_registration", blind);
	load(v, "envelope_nonce", nonce, sizeof nonce);
	if (!kat_err(k, "register",
		opaque_client_register(&state, password, blind, request),
		ERR_OK))
		return;
	is_output(v, "registration_request", BYTES_OF(request));
	kat_err(k, "response",
	    opaque_server_register(&v->server,
		input(v, "credential_identifier"), request, response),
	    ERR_OK);
	is_output(v, "registration_response", BYTES_OF(response));
	kat_err(k, "unblind",
	    opaque_client_register_unblind(
		&state, password, response, stretched),
	    ERR_OK);
	kat_err(k, "finish",
	    opaque_client_register_finish(&state, &v->binding, stretched, nonce,
		v->record, v->export_key),
	    ERR_OK);
	is_output(v, "registration_upload", BYTES_OF(v->record));
	is_output(v, "export_key", BYTES_OF(v->export_key));
}

/* Answers ke1 with the file's randomness; KE2 must be the file's. */
static void
answers(struct vector *v, const uint8_t ke1[OPAQUE_KE1_LEN],
    struct opaque_server_login *state, uint8_t ke2[OPAQUE_KE2_LEN])
{
	struct opaque_account account = {
		.credential_identifier = input(v, "credential_identifier"),
		.record = v->record,
		.binding = v->binding,
	};
	struct opaque_server_random random = { 0 };

	load(v, "masking_nonce", random.masking_nonce, OPAQUE_NONCE_LEN);
	load(v, "server_nonce", random.server_nonce, OPAQUE_NONCE_LEN);
	load(v, "server_keyshare_seed", random.keyshare_seed, OPAQUE_SEED_LEN);
	kat_err(v->k, "KE2",
	    opaque_server_login(&v->server, &account, ke1, &random, state, ke2),
	    ERR_OK);
	is_output(v, "KE2", (struct bytes){ ke2, OPAQUE_KE2_LEN });
}

static void
logs_in(struct vector *v)
{
	struct kat *k = v->k;
	struct opaque_login state;
	struct opaque_login_random random = { 0 };
	struct opaque_login_result result;
	struct opaque_server_login server;
	uint8_t ke1[OPAQUE_KE1_LEN], ke2[OPAQUE_KE2_LEN];
	uint8_t stretched[OPAQUE_STRETCH_LEN];
	uint8_t session_key[OPAQUE_SESSION_KEY_LEN] = { 0 };
	struct bytes password = input(v, "password");

	load_blind(v, "blind_login", random.blind_seed);
	load(v, "client_nonce", random.client_nonce, OPAQUE_NONCE_LEN);
	load(v, "client_keyshare_seed", random.keyshare_seed, OPAQUE_SEED_LEN);
	if (!kat_err(k, "KE1",
		opaque_client_login(&state, password, &random, ke1), ERR_OK))
		return;
	is_output(v, "KE1", BYTES_OF(ke1));
	answers(v, ke1, &server, ke2);
	if (!kat_err(k, "unblind",
		opaque_client_login_unblind(&state, password, ke2, stretched),
		ERR_OK) ||
	    !kat_err(k, "KE3",
		opaque_client_login_finish(
		    &state, &v->binding, stretched, &result),
		ERR_OK))
		return;
	is_output(v, "KE3", BYTES_OF(result.ke3));
	is_output(v, "session_key", BYTES_OF(result.session_key));
	is_output(v, "export_key", BYTES_OF(result.export_key));
	kat_err(k, "finish",
	    opaque_server_finish(&server, result.ke3, session_key), ERR_OK);
	is_output(v, "session_key", BYTES_OF(session_key));
}

/* client_public_key, masking_key, and an envelope of zeros. */
static void
answers_for_nobody(struct vector *v)
{
	struct opaque_server_login state;
	uint8_t ke1[OPAQUE_KE1_LEN] = { 0 }, ke2[OPAQUE_KE2_LEN];

	memset(v->record, 0, OPAQUE_RECORD_LEN);
	load(v, "client_public_key", v->record, OPAQUE_PUBLIC_LEN);
	load(v, "masking_key", v->record + OPAQUE_PUBLIC_LEN, OPAQUE_HASH_LEN);
	load(v, "KE1", ke1, sizeof ke1);
	answers(v, ke1, &state, ke2);
}

static void
run_vector(struct kat *k, const json_t *vector, bool fake)
{
	struct vector v = {
		.k = k,
		.inputs = json_object_get(vector, "inputs"),
		.outputs = json_object_get(vector, "outputs"),
	};

	v.binding.context =
	    kat_hex(k, json_object_get(vector, "config"), "Context");
	v.binding.client_identity = input(&v, "client_identity");
	v.binding.server_identity = input(&v, "server_identity");
	load(&v, "oprf_seed", v.server.oprf_seed, OPAQUE_OPRF_SEED_LEN);
	load(&v, "server_private_key", v.server.key.secret, OPAQUE_SECRET_LEN);
	load(&v, "server_public_key", v.server.key.public, OPAQUE_PUBLIC_LEN);
	if (fake) {
		answers_for_nobody(&v);
		return;
	}
	registers(&v);
	logs_in(&v);
}

bool
kat_opaque(struct kat *k, const json_t *file)
{
	const json_t *vector;
	size_t i;

	if (!json_is_array(file)) {
		(void)fputs("not a file of OPAQUE vectors\n", stderr);
		return false;
	}
	json_array_foreach(file, i, vector)
	{
		const json_t *config = json_object_get(vector, "config");
		const char *suite = kat_text(config, "OPRF");
		const char *ksf = kat_text(config, "KSF");
		bool fake = strcmp(kat_text(config, "Fake"), "True") == 0;

		if (strcmp(suite, "ristretto255-SHA512") != 0 ||
		    strcmp(kat_text(config, "Group"), "ristretto255") != 0 ||
		    strcmp(ksf, "Identity") != 0) {
			printf("not counted: vector %zu, %s with %s\n", i + 1,
			    suite, ksf);
			continue;
		}
		kat_begin(
		    k, "vector %zu%s", i + 1, fake ? ", fake record" : "");
		run_vector(k, vector, fake);
		kat_end(k);
	}
	return true;
}
