#include "peer.h"

#include "crypto/crypto.h"
#include "crypto/ksf.h"
#include "opaque/client.h"
#include "opaque/server.h"

#include <string.h>

/* What the peer's server has besides its seed and key. */
#define SETUP_LEN (OPAQUE_OPRF_SEED_LEN + OPAQUE_SECRET_LEN + OPAQUE_SECRET_LEN)

static struct opaque_server server;
static uint8_t fake_seed[OPAQUE_FAKE_SEED_LEN];
static struct {
	struct opaque_binding binding;
	uint8_t text[3][256];
} bound;
static struct opaque_registration registration;
static struct opaque_login login;
static struct opaque_server_login pending;

/* opaque-server SETUP -> SERVER_PUBLIC */
static enum err
set_server(struct peer *p)
{
	uint8_t setup[SETUP_LEN];
	enum err err;

	TRY(peer_copy(p, 1, setup, sizeof setup));
	memcpy(server.oprf_seed, setup, OPAQUE_OPRF_SEED_LEN);
	memcpy(
	    server.key.secret, setup + OPAQUE_OPRF_SEED_LEN, OPAQUE_SECRET_LEN);
	TRY(ristretto_mul_base(server.key.secret, server.key.public));
	crypto_system_random(NULL, fake_seed, sizeof fake_seed);
	peer_answer(p, BYTES_OF(server.key.public));
out:
	return err;
}

/* opaque-binding CONTEXT SERVER CLIENT */
static enum err
set_binding(struct peer *p)
{
	struct bytes *field[] = { &bound.binding.context,
		&bound.binding.server_identity,
		&bound.binding.client_identity };
	struct bytes b;
	enum err err;

	for (size_t i = 0; i < 3; i++) {
		TRY(peer_bytes(p, i + 1, &b));
		NEED(b.n <= sizeof bound.text[i], ERR_ARG);
		if (b.n != 0)
			memcpy(bound.text[i], b.p, b.n);
		*field[i] = (struct bytes){ bound.text[i], b.n };
	}
out:
	return err;
}

/* opaque-register PASSWORD -> REQUEST */
static enum err
registers(struct peer *p)
{
	uint8_t blind[OPAQUE_BLIND_SEED_LEN], request[OPAQUE_REQUEST_LEN];
	struct bytes password;
	enum err err;

	crypto_system_random(NULL, blind, sizeof blind);
	TRY(peer_bytes(p, 1, &password));
	TRY(opaque_client_register(&registration, password, blind, request));
	peer_answer(p, BYTES_OF(request));
out:
	return err;
}

/* opaque-respond CREDENTIAL REQUEST -> RESPONSE */
static enum err
responds(struct peer *p)
{
	uint8_t request[OPAQUE_REQUEST_LEN], response[OPAQUE_RESPONSE_LEN];
	struct bytes credential;
	enum err err;

	TRY(peer_bytes(p, 1, &credential));
	TRY(peer_copy(p, 2, request, sizeof request));
	TRY(opaque_server_register(&server, credential, request, response));
	peer_answer(p, BYTES_OF(response));
out:
	return err;
}

/* Stretches with Argon2id, of words i (passes) and i + 1 (KiB). */
static enum err
stretch(struct peer *p, size_t i, uint8_t bytes[OPAQUE_STRETCH_LEN])
{
	static const uint8_t salt[KSF_SALT_LEN];
	uint8_t in[OPAQUE_STRETCH_LEN];
	struct ksf_params params;
	enum err err;

	memcpy(in, bytes, sizeof in);
	TRY(peer_number(p, i, &params.passes));
	TRY(peer_number(p, i + 1, &params.memory_kib));
	TRY(ksf_argon2id(
	    params, BYTES_OF(in), salt, bytes, OPAQUE_STRETCH_LEN));
out:
	return err;
}

/* opaque-record PASSWORD RESPONSE PASSES KIB -> RECORD EXPORT_KEY */
static enum err
makes_record(struct peer *p)
{
	uint8_t response[OPAQUE_RESPONSE_LEN], bytes[OPAQUE_STRETCH_LEN];
	uint8_t nonce[OPAQUE_NONCE_LEN], record[OPAQUE_RECORD_LEN];
	uint8_t export_key[OPAQUE_EXPORT_KEY_LEN];
	struct bytes password;
	enum err err;

	crypto_system_random(NULL, nonce, sizeof nonce);
	TRY(peer_bytes(p, 1, &password));
	TRY(peer_copy(p, 2, response, sizeof response));
	TRY(opaque_client_register_unblind(
	    &registration, password, response, bytes));
	TRY(stretch(p, 3, bytes));
	TRY(opaque_client_register_finish(
	    &registration, &bound.binding, bytes, nonce, record, export_key));
	peer_answer(p, BYTES_OF(record));
	peer_answer(p, BYTES_OF(export_key));
out:
	return err;
}

/* opaque-ke1 PASSWORD -> KE1 */
static enum err
makes_ke1(struct peer *p)
{
	struct opaque_login_random random;
	uint8_t ke1[OPAQUE_KE1_LEN];
	struct bytes password;
	enum err err;

	crypto_system_random(NULL, &random, sizeof random);
	TRY(peer_bytes(p, 1, &password));
	TRY(opaque_client_login(&login, password, &random, ke1));
	peer_answer(p, BYTES_OF(ke1));
out:
	return err;
}

/* opaque-ke2 CREDENTIAL RECORD KE1 -> KE2; without a record, a fake one */
static enum err
makes_ke2(struct peer *p)
{
	struct opaque_server_random random;
	struct opaque_account account = { .binding = bound.binding };
	uint8_t fake[OPAQUE_RECORD_LEN];
	uint8_t ke1[OPAQUE_KE1_LEN], ke2[OPAQUE_KE2_LEN];
	struct bytes record;
	enum err err;

	crypto_system_random(NULL, &random, sizeof random);
	TRY(peer_bytes(p, 1, &account.credential_identifier));
	TRY(peer_bytes(p, 2, &record));
	TRY(peer_copy(p, 3, ke1, sizeof ke1));
	TRY(opaque_server_fake_record(
	    fake_seed, account.credential_identifier, fake));
	NEED(record.n == 0 || record.n == OPAQUE_RECORD_LEN, ERR_ARG);
	account.record = record.n == 0 ? fake : record.p;
	TRY(opaque_server_login(
	    &server, &account, ke1, &random, &pending, ke2));
	peer_answer(p, BYTES_OF(ke2));
out:
	return err;
}

/* opaque-ke3 PASSWORD KE2 PASSES KIB -> KE3 SESSION EXPORT SERVER_PUBLIC */
static enum err
makes_ke3(struct peer *p)
{
	uint8_t ke2[OPAQUE_KE2_LEN], bytes[OPAQUE_STRETCH_LEN];
	struct opaque_login_result result;
	struct bytes password;
	enum err err;

	TRY(peer_bytes(p, 1, &password));
	TRY(peer_copy(p, 2, ke2, sizeof ke2));
	TRY(opaque_client_login_unblind(&login, password, ke2, bytes));
	TRY(stretch(p, 3, bytes));
	TRY(opaque_client_login_finish(&login, &bound.binding, bytes, &result));
	peer_answer(p, BYTES_OF(result.ke3));
	peer_answer(p, BYTES_OF(result.session_key));
	peer_answer(p, BYTES_OF(result.export_key));
	peer_answer(p, BYTES_OF(result.server_public));
out:
	return err;
}

/* opaque-finish KE3 -> SESSION */
static enum err
finishes(struct peer *p)
{
	uint8_t ke3[OPAQUE_KE3_LEN], session_key[OPAQUE_SESSION_KEY_LEN];
	enum err err;

	TRY(peer_copy(p, 1, ke3, sizeof ke3));
	TRY(opaque_server_finish(&pending, ke3, session_key));
	peer_answer(p, BYTES_OF(session_key));
out:
	return err;
}

const struct peer_command peer_opaque[] = {
	{ "opaque-server", 1, set_server },
	{ "opaque-binding", 3, set_binding },
	{ "opaque-register", 1, registers },
	{ "opaque-respond", 2, responds },
	{ "opaque-record", 4, makes_record },
	{ "opaque-ke1", 1, makes_ke1 },
	{ "opaque-ke2", 3, makes_ke2 },
	{ "opaque-ke3", 4, makes_ke3 },
	{ "opaque-finish", 1, finishes },
	{ NULL, 0, NULL },
};
