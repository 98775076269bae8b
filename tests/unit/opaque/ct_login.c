/*
 * ct_login - a registration and a login on secrets that valgrind takes for
 * undefined (see tests/unit/crypto/ct_check.c for how that works).
 *
 * The password, the server's seed and key, records and all randomness are
 * secret. What goes over the wire is public once it is sent, and so is
 * whether it was taken. Run with a real record and a fake one, which nothing
 * but the last verdict may tell apart.
 */
#include "crypto/crypto.h"
#include "crypto/ct.h"
#include "opaque/client.h"
#include "opaque/server.h"

#include <stdio.h>
#include <string.h>
#include <valgrind/valgrind.h>

static struct opaque_server server;
static uint8_t record[OPAQUE_RECORD_LEN];
static const struct opaque_binding binding = { { 0 }, { 0 }, { 0 } };
static uint8_t text[] = "correct horse battery staple";
static const struct bytes password = { text, sizeof text - 1 };

/* The randomness of everybody, which is the same. */
static struct {
	uint8_t blind[OPAQUE_BLIND_SEED_LEN];
	uint8_t nonce[OPAQUE_NONCE_LEN];
	uint8_t fake[OPAQUE_FAKE_SEED_LEN];
	struct opaque_login_random client;
	struct opaque_server_random server;
} randomness;

static enum err
start(void)
{
	uint8_t seed[OPAQUE_SEED_LEN] = { 1 };
	enum err err;

	memset(server.oprf_seed, 2, sizeof server.oprf_seed);
	memset(&randomness, 3, sizeof randomness);
	ct_poison(seed, sizeof seed);
	ct_poison(server.oprf_seed, sizeof server.oprf_seed);
	ct_poison(&randomness, sizeof randomness);
	ct_poison(text, sizeof text);
	TRY(opaque_ake_keypair(seed, &server.key));
	ct_unpoison(server.key.public, OPAQUE_PUBLIC_LEN);
out:
	return err;
}

static enum err
registers(void)
{
	struct opaque_registration state;
	uint8_t request[OPAQUE_REQUEST_LEN], response[OPAQUE_RESPONSE_LEN];
	uint8_t stretch[OPAQUE_STRETCH_LEN], key[OPAQUE_EXPORT_KEY_LEN];
	enum err err;

	TRY(opaque_client_register(
	    &state, password, randomness.blind, request));
	ct_unpoison(request, sizeof request);
	TRY(opaque_server_register(&server, BYTES_NONE, request, response));
	ct_unpoison(response, sizeof response);
	TRY(opaque_client_register_unblind(
	    &state, password, response, stretch));
	TRY(opaque_client_register_finish(
	    &state, &binding, stretch, randomness.nonce, record, key));
out:
	return err;
}

static enum err
logs_in(void)
{
	struct opaque_account account = { .record = record };
	struct opaque_login login;
	struct opaque_login_result result;
	struct opaque_server_login state;
	uint8_t ke1[OPAQUE_KE1_LEN], ke2[OPAQUE_KE2_LEN];
	uint8_t stretch[OPAQUE_STRETCH_LEN], key[OPAQUE_SESSION_KEY_LEN];
	enum err err;

	TRY(opaque_client_login(&login, password, &randomness.client, ke1));
	ct_unpoison(ke1, sizeof ke1);
	TRY(opaque_server_login(
	    &server, &account, ke1, &randomness.server, &state, ke2));
	ct_unpoison(ke2, sizeof ke2);
	TRY(opaque_client_login_unblind(&login, password, ke2, stretch));
	TRY(opaque_client_login_finish(&login, &binding, stretch, &result));
	ct_unpoison(result.ke3, sizeof result.ke3);
	TRY(opaque_server_finish(&state, result.ke3, key));
out:
	return err;
}

int
main(int argc, char **argv)
{
	bool fake = argc == 2 && strcmp(argv[1], "fake") == 0;
	enum err err;

	if (!RUNNING_ON_VALGRIND) {
		(void)fputs("usage: valgrind ct_login real|fake\n", stderr);
		return 64;
	}
	TRY(crypto_init());
	TRY(start());
	TRY(registers());
	if (fake)
		TRY(opaque_server_fake_record(
		    randomness.fake, BYTES_NONE, record));
	TRY(logs_in());
out:
	(void)fprintf(stderr, "%s\n", err_text(err));
	return err == (fake ? ERR_AUTH : ERR_OK) ? 0 : 1;
}
