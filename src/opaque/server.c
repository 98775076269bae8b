#include "opaque/server.h"

#include "base/rd.h"
#include "base/wr.h"
#include "crypto/ct.h"
#include "crypto/hash.h"
#include "opaque/envelope.h"

#include <string.h>

/*
 * The OPRF key of an account (5.2.2):
 *
 *   seed = Expand(oprf_seed, concat(credential_identifier, "OprfKey"), Nok)
 *   (oprf_key, _) = DeriveKeyPair(seed, "OPAQUE-DeriveKeyPair")
 */
static enum err
derive_oprf_key(const struct opaque_server *server,
    struct bytes credential_identifier, uint8_t key[OPRF_SCALAR_LEN])
{
	static const char label[] = "OprfKey";
	struct {
		uint8_t seed[OPRF_SEED_LEN];
	} s;
	uint8_t info[OPAQUE_MAX_CREDENTIAL_ID + sizeof label];
	struct wr w = wr_init(info, sizeof info);
	enum err err;

	NEED(credential_identifier.n <= OPAQUE_MAX_CREDENTIAL_ID, ERR_ARG);
	wr_put(&w, credential_identifier);
	wr_put(&w, bytes_str(label));
	TRY(wr_done(&w));
	TRY(hkdf_expand(HASH_SHA512, BYTES_OF(server->oprf_seed), wr_bytes(&w),
	    s.seed, sizeof s.seed));
	TRY(opaque_oprf_derive_key(
	    s.seed, BYTES_LIT("OPAQUE-DeriveKeyPair"), key));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

static enum err
evaluate(const struct opaque_server *server, struct bytes credential_identifier,
    const uint8_t blinded[OPRF_ELEMENT_LEN],
    uint8_t evaluated[OPRF_ELEMENT_LEN])
{
	struct {
		uint8_t key[OPRF_SCALAR_LEN];
	} s;
	enum err err;

	TRY(derive_oprf_key(server, credential_identifier, s.key));
	TRY(opaque_oprf_evaluate(s.key, blinded, evaluated));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
opaque_server_register(const struct opaque_server *server,
    struct bytes credential_identifier,
    const uint8_t request[OPAQUE_REQUEST_LEN],
    uint8_t response[OPAQUE_RESPONSE_LEN])
{
	uint8_t evaluated[OPRF_ELEMENT_LEN];
	struct wr w = wr_init(response, OPAQUE_RESPONSE_LEN);
	enum err err;

	TRY(evaluate(server, credential_identifier, request, evaluated));
	wr_put(&w, BYTES_OF(evaluated));
	wr_put(&w, BYTES_OF(server->key.public));
	TRY(wr_done(&w));
out:
	return err;
}

struct record_view {
	struct bytes client_public;
	struct bytes masking_key;
	struct bytes envelope;
};

static enum err
view_record(const uint8_t record[OPAQUE_RECORD_LEN], struct record_view *view)
{
	struct rd r = rd_init((struct bytes){ record, OPAQUE_RECORD_LEN });

	view->client_public = rd_view(&r, OPAQUE_PUBLIC_LEN);
	view->masking_key = rd_view(&r, OPAQUE_HASH_LEN);
	view->envelope = rd_view(&r, OPAQUE_ENVELOPE_LEN);
	return rd_end(&r);
}

enum err
opaque_server_check_record(const uint8_t record[OPAQUE_RECORD_LEN])
{
	struct record_view view;
	enum err err;

	TRY(view_record(record, &view));
	NEED(ristretto_is_valid(view.client_public.p), ERR_KEY);
out:
	return err;
}

/*
 * CreateCredentialResponse (6.3.2.2): evaluated_message, masking_nonce and
 * masked_response, the start of KE2.
 */
static enum err
write_credential_response(const struct opaque_server *server,
    const struct opaque_account *account, struct bytes blinded,
    const uint8_t masking_nonce[OPAQUE_NONCE_LEN], struct wr *w)
{
	uint8_t evaluated[OPRF_ELEMENT_LEN], masked[OPAQUE_MASKED_LEN];
	uint8_t plain[OPAQUE_MASKED_LEN];
	struct wr p = wr_init(plain, sizeof plain);
	struct record_view record;
	enum err err;

	TRY(view_record(account->record, &record));
	TRY(evaluate(
	    server, account->credential_identifier, blinded.p, evaluated));
	wr_put(&p, BYTES_OF(server->key.public));
	wr_put(&p, record.envelope);
	TRY(wr_done(&p));
	TRY(opaque_envelope_mask(
	    record.masking_key.p, masking_nonce, plain, masked));
	wr_put(w, BYTES_OF(evaluated));
	wr_put(w, (struct bytes){ masking_nonce, OPAQUE_NONCE_LEN });
	wr_put(w, BYTES_OF(masked));
	TRY(wr_done(w));
out:
	return err;
}

/*
 * AuthServerRespond (6.4.4), after the start of KE2 is written:
 *
 *   dh1 = server keyshare * client keyshare
 *   dh2 = server key      * client keyshare
 *   dh3 = server keyshare * client key
 */
enum err
opaque_server_login(const struct opaque_server *server,
    const struct opaque_account *account, const uint8_t ke1[OPAQUE_KE1_LEN],
    const struct opaque_server_random *random,
    struct opaque_server_login *state, uint8_t ke2[OPAQUE_KE2_LEN])
{
	struct {
		struct opaque_keypair keyshare;
		struct opaque_dh dh;
		struct opaque_ake ake;
	} s;
	struct rd r = rd_init((struct bytes){ ke1, OPAQUE_KE1_LEN });
	struct bytes blinded = rd_view(&r, OPRF_ELEMENT_LEN);
	struct bytes client_nonce = rd_view(&r, OPAQUE_NONCE_LEN);
	struct bytes client_keyshare = rd_view(&r, OPAQUE_PUBLIC_LEN);
	struct wr w = wr_init(ke2, OPAQUE_KE2_LEN);
	struct record_view record;
	struct opaque_transcript transcript = { &account->binding, NULL,
		server->key.public, ke1, ke2 };
	enum err err;

	(void)client_nonce;
	TRY(rd_end(&r));
	TRY(view_record(account->record, &record));
	transcript.client_public = record.client_public.p;

	TRY(write_credential_response(
	    server, account, blinded, random->masking_nonce, &w));
	TRY(opaque_ake_keypair(random->keyshare_seed, &s.keyshare));
	wr_put(&w, BYTES_OF(random->server_nonce));
	wr_put(&w, BYTES_OF(s.keyshare.public));

	TRY(ristretto_mul(
	    s.keyshare.secret, client_keyshare.p, s.dh.shared[0]));
	TRY(ristretto_mul(
	    server->key.secret, client_keyshare.p, s.dh.shared[1]));
	TRY(ristretto_mul(
	    s.keyshare.secret, record.client_public.p, s.dh.shared[2]));
	TRY(opaque_ake_derive(&s.dh, &transcript, &s.ake));
	wr_put(&w, BYTES_OF(s.ake.server_mac));
	TRY(wr_done(&w));

	memcpy(state->expected_client_mac, s.ake.client_mac, OPAQUE_MAC_LEN);
	memcpy(state->session_key, s.ake.session_key, OPAQUE_SESSION_KEY_LEN);
out:
	if (err != ERR_OK) {
		bytes_wipe(state, sizeof *state);
		bytes_wipe(ke2, OPAQUE_KE2_LEN);
	}
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
opaque_server_finish(struct opaque_server_login *state,
    const uint8_t ke3[OPAQUE_KE3_LEN],
    uint8_t session_key[OPAQUE_SESSION_KEY_LEN])
{
	enum err err = ERR_OK;

	NEED(!ct_verdict(
		 ct_is_zero(state->expected_client_mac, OPAQUE_MAC_LEN)),
	    ERR_STATE);
	NEED(ct_verdict(
		 ct_equal(state->expected_client_mac, ke3, OPAQUE_MAC_LEN)),
	    ERR_AUTH);
	memcpy(session_key, state->session_key, OPAQUE_SESSION_KEY_LEN);
out:
	bytes_wipe(state, sizeof *state);
	return err;
}

enum err
opaque_server_fake_record(const uint8_t seed[OPAQUE_FAKE_SEED_LEN],
    struct bytes credential_identifier, uint8_t record[OPAQUE_RECORD_LEN])
{
	static const char label[] = "sotto/1 opaque fake record";
	struct {
		struct {
			uint8_t client_seed[OPAQUE_SEED_LEN];
			uint8_t masking_key[OPAQUE_HASH_LEN];
		} random;
		struct opaque_keypair client;
	} s;
	uint8_t info[sizeof label + OPAQUE_MAX_CREDENTIAL_ID];
	struct wr i = wr_init(info, sizeof info);
	struct wr w = wr_init(record, OPAQUE_RECORD_LEN);
	enum err err;

	NEED(credential_identifier.n <= OPAQUE_MAX_CREDENTIAL_ID, ERR_ARG);
	wr_put(&i, BYTES_OF(label));
	wr_put(&i, credential_identifier);
	TRY(wr_done(&i));
	TRY(hkdf_expand(HASH_SHA512,
	    (struct bytes){ seed, OPAQUE_FAKE_SEED_LEN }, wr_bytes(&i),
	    (uint8_t *)&s.random, sizeof s.random));
	TRY(opaque_ake_keypair(s.random.client_seed, &s.client));
	wr_put(&w, BYTES_OF(s.client.public));
	wr_put(&w, BYTES_OF(s.random.masking_key));
	wr_zero(&w, OPAQUE_ENVELOPE_LEN);
	TRY(wr_done(&w));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}
