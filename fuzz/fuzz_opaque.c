/*
 * OPAQUE: a registration and a login with one message altered on the way.
 * Byte 0 chooses the message, the rest is added to it bit by bit. Both sides
 * succeed if, and only if, nothing was altered.
 */
#include "fuzz.h"
#include "crypto/crypto.h"
#include "opaque/client.h"
#include "opaque/server.h"

__attribute__((constructor)) static void
start_libraries(void)
{
	MUST(crypto_init() == ERR_OK);
}

struct alteration {
	struct bytes input; /* byte 0, and what to add */
	uint8_t number;     /* of the message that is next */
	bool done;          /* some bit was changed */
};

/* Counts a message that is on its way, and alters it if it is the one. */
static void
pass(struct alteration *a, uint8_t *message, size_t n)
{
	if (a->input.n == 0 || a->number++ != a->input.p[0] % 6)
		return;
	for (size_t i = 0; i < n && i + 1 < a->input.n; i++) {
		message[i] ^= a->input.p[i + 1];
		a->done |= a->input.p[i + 1] != 0;
	}
}

static enum err
registers(const struct opaque_server *server, struct alteration *a,
    uint8_t record[OPAQUE_RECORD_LEN])
{
	static const uint8_t blind[OPAQUE_BLIND_SEED_LEN] = { 1 };
	uint8_t request[OPAQUE_REQUEST_LEN], response[OPAQUE_RESPONSE_LEN];
	uint8_t stretch[OPAQUE_STRETCH_LEN], key[OPAQUE_EXPORT_KEY_LEN];
	struct opaque_registration reg;
	enum err err;

	TRY(opaque_client_register(&reg, BYTES_LIT("pw"), blind, request));
	pass(a, request, sizeof request);
	TRY(opaque_server_register(server, BYTES_NONE, request, response));
	pass(a, response, sizeof response);
	TRY(opaque_client_register_unblind(
	    &reg, BYTES_LIT("pw"), response, stretch));
	TRY(opaque_client_register_finish(
	    &reg, &(struct opaque_binding){ 0 }, stretch, blind, record, key));
	pass(a, record, OPAQUE_RECORD_LEN);
out:
	return err;
}

static enum err
logs_in(const struct opaque_server *server, struct alteration *a,
    const uint8_t record[OPAQUE_RECORD_LEN])
{
	static const struct opaque_login_random cr = { { 2 }, { 3 }, { 4 } };
	static const struct opaque_server_random sr = { { 5 }, { 6 }, { 7 } };
	struct opaque_account account = { .record = record };
	uint8_t ke1[OPAQUE_KE1_LEN], ke2[OPAQUE_KE2_LEN];
	uint8_t stretch[OPAQUE_STRETCH_LEN], key[OPAQUE_SESSION_KEY_LEN];
	struct opaque_login login;
	struct opaque_server_login state;
	struct opaque_login_result result;
	enum err err;

	TRY(opaque_client_login(&login, BYTES_LIT("pw"), &cr, ke1));
	pass(a, ke1, sizeof ke1);
	TRY(opaque_server_login(server, &account, ke1, &sr, &state, ke2));
	pass(a, ke2, sizeof ke2);
	TRY(opaque_client_login_unblind(&login, BYTES_LIT("pw"), ke2, stretch));
	TRY(opaque_client_login_finish(
	    &login, &account.binding, stretch, &result));
	pass(a, result.ke3, sizeof result.ke3);
	TRY(opaque_server_finish(&state, result.ke3, key));
out:
	return err;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t seed[OPAQUE_SEED_LEN] = { 8 };
	struct opaque_server server = { .oprf_seed = { 9 } };
	struct alteration a = { .input = { data, size } };
	uint8_t record[OPAQUE_RECORD_LEN];
	enum err err;

	MUST(opaque_ake_keypair(seed, &server.key) == ERR_OK);
	TRY(registers(&server, &a, record));
	TRY(logs_in(&server, &a, record));
out:
	MUST((err == ERR_OK) == !a.done);
	return 0;
}
