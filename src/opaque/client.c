#include "opaque/client.h"

#include "base/rd.h"
#include "base/wr.h"
#include "crypto/ct.h"
#include "crypto/hash.h"

#include <string.h>

enum err
opaque_client_register(struct opaque_registration *state, struct bytes password,
    const uint8_t blind_seed[OPAQUE_BLIND_SEED_LEN],
    uint8_t request[OPAQUE_REQUEST_LEN])
{
	struct {
		struct opaque_registration next;
	} s = { .next.stage = OPAQUE_CLIENT_ASKED };
	enum err err;

	ristretto_scalar_reduce(blind_seed, s.next.blind);
	TRY(opaque_oprf_blind(password, s.next.blind, request));
	*state = s.next;
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
opaque_client_register_unblind(struct opaque_registration *state,
    struct bytes password, const uint8_t response[OPAQUE_RESPONSE_LEN],
    uint8_t to_stretch[OPAQUE_STRETCH_LEN])
{
	struct {
		struct opaque_registration next;
	} s = { .next = *state };
	struct rd r = rd_init((struct bytes){ response, OPAQUE_RESPONSE_LEN });
	struct bytes evaluated = rd_view(&r, OPRF_ELEMENT_LEN);
	enum err err;

	NEED(state->stage == OPAQUE_CLIENT_ASKED, ERR_STATE);
	rd_copy(&r, s.next.server_public, OPAQUE_PUBLIC_LEN);
	TRY(rd_end(&r));
	NEED(ristretto_is_valid(s.next.server_public), ERR_KEY);
	TRY(opaque_oprf_finalize(
	    password, s.next.blind, evaluated.p, s.next.oprf_output));
	memcpy(to_stretch, s.next.oprf_output, OPAQUE_STRETCH_LEN);
	s.next.stage = OPAQUE_CLIENT_UNBLINDED;
	*state = s.next;
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
opaque_client_register_finish(const struct opaque_registration *state,
    const struct opaque_binding *binding,
    const uint8_t stretched[OPAQUE_STRETCH_LEN],
    const uint8_t envelope_nonce[OPAQUE_NONCE_LEN],
    uint8_t record[OPAQUE_RECORD_LEN],
    uint8_t export_key[OPAQUE_EXPORT_KEY_LEN])
{
	struct {
		uint8_t randomized_password[OPAQUE_HASH_LEN];
		uint8_t masking_key[OPAQUE_HASH_LEN];
		struct opaque_credentials credentials;
	} s;
	uint8_t envelope[OPAQUE_ENVELOPE_LEN];
	struct wr w = wr_init(record, OPAQUE_RECORD_LEN);
	enum err err;

	NEED(state->stage == OPAQUE_CLIENT_UNBLINDED, ERR_STATE);
	opaque_envelope_randomize(
	    state->oprf_output, stretched, s.randomized_password);
	TRY(opaque_envelope_masking_key(s.randomized_password, s.masking_key));
	TRY(opaque_envelope_store(s.randomized_password, state->server_public,
	    binding, envelope_nonce, envelope, &s.credentials));
	wr_put(&w, BYTES_OF(s.credentials.client.public));
	wr_put(&w, BYTES_OF(s.masking_key));
	wr_put(&w, BYTES_OF(envelope));
	TRY(wr_done(&w));
	memcpy(export_key, s.credentials.export_key, OPAQUE_EXPORT_KEY_LEN);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
opaque_client_login(struct opaque_login *state, struct bytes password,
    const struct opaque_login_random *random, uint8_t ke1[OPAQUE_KE1_LEN])
{
	struct {
		struct opaque_login next;
		struct opaque_keypair keyshare;
	} s = { .next.stage = OPAQUE_CLIENT_ASKED };
	uint8_t blinded[OPRF_ELEMENT_LEN];
	struct wr w = wr_init(s.next.ke1, OPAQUE_KE1_LEN);
	enum err err;

	ristretto_scalar_reduce(random->blind_seed, s.next.blind);
	TRY(opaque_oprf_blind(password, s.next.blind, blinded));
	TRY(opaque_ake_keypair(random->keyshare_seed, &s.keyshare));
	memcpy(s.next.client_secret, s.keyshare.secret, OPAQUE_SECRET_LEN);
	wr_put(&w, BYTES_OF(blinded));
	wr_put(&w, BYTES_OF(random->client_nonce));
	wr_put(&w, BYTES_OF(s.keyshare.public));
	TRY(wr_done(&w));
	memcpy(ke1, s.next.ke1, OPAQUE_KE1_LEN);
	*state = s.next;
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
opaque_client_login_unblind(struct opaque_login *state, struct bytes password,
    const uint8_t ke2[OPAQUE_KE2_LEN], uint8_t to_stretch[OPAQUE_STRETCH_LEN])
{
	struct {
		struct opaque_login next;
	} s = { .next = *state };
	struct rd r = rd_init((struct bytes){ ke2, OPAQUE_KE2_LEN });
	struct bytes evaluated = rd_view(&r, OPRF_ELEMENT_LEN);
	enum err err;

	NEED(state->stage == OPAQUE_CLIENT_ASKED, ERR_STATE);
	TRY(opaque_oprf_finalize(
	    password, s.next.blind, evaluated.p, s.next.oprf_output));
	memcpy(s.next.ke2, ke2, OPAQUE_KE2_LEN);
	memcpy(to_stretch, s.next.oprf_output, OPAQUE_STRETCH_LEN);
	s.next.stage = OPAQUE_CLIENT_UNBLINDED;
	*state = s.next;
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

/* The parts of KE2 that a client looks at, besides the OPRF's. */
struct ke2_view {
	struct bytes masking_nonce;
	struct bytes masked_response;
	struct bytes server_public_keyshare;
	struct bytes server_mac;
};

static enum err
view_ke2(const uint8_t ke2[OPAQUE_KE2_LEN], struct ke2_view *view)
{
	struct rd r = rd_init((struct bytes){ ke2, OPAQUE_KE2_LEN });

	(void)rd_view(&r, OPRF_ELEMENT_LEN);
	view->masking_nonce = rd_view(&r, OPAQUE_NONCE_LEN);
	view->masked_response = rd_view(&r, OPAQUE_MASKED_LEN);
	(void)rd_view(&r, OPAQUE_NONCE_LEN);
	view->server_public_keyshare = rd_view(&r, OPAQUE_PUBLIC_LEN);
	view->server_mac = rd_view(&r, OPAQUE_MAC_LEN);
	return rd_end(&r);
}

/*
 * RecoverCredentials (6.3.2.3), from the OPRF output on: takes the mask off
 * the server's answer and opens the envelope that was under it.
 */
static enum err
recover(const struct opaque_login *state, const struct ke2_view *ke2,
    const struct opaque_binding *binding,
    const uint8_t stretched[OPAQUE_STRETCH_LEN],
    uint8_t server_public[OPAQUE_PUBLIC_LEN],
    struct opaque_credentials *credentials)
{
	struct {
		uint8_t randomized_password[OPAQUE_HASH_LEN];
		uint8_t masking_key[OPAQUE_HASH_LEN];
		uint8_t response[OPAQUE_MASKED_LEN];
	} s;
	struct rd r = rd_init(BYTES_OF(s.response));
	struct bytes envelope;
	enum err err;

	opaque_envelope_randomize(
	    state->oprf_output, stretched, s.randomized_password);
	TRY(opaque_envelope_masking_key(s.randomized_password, s.masking_key));
	TRY(opaque_envelope_mask(s.masking_key, ke2->masking_nonce.p,
	    ke2->masked_response.p, s.response));
	rd_copy(&r, server_public, OPAQUE_PUBLIC_LEN);
	envelope = rd_view(&r, OPAQUE_ENVELOPE_LEN);
	TRY(rd_end(&r));
	TRY(opaque_envelope_recover(s.randomized_password, server_public,
	    binding, envelope.p, credentials));
	ct_unpoison(server_public, OPAQUE_PUBLIC_LEN);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

/*
 * AuthClientFinalize (6.4.3):
 *
 *   dh1 = client keyshare * server keyshare
 *   dh2 = client keyshare * server key
 *   dh3 = client key      * server keyshare
 */
enum err
opaque_client_login_finish(const struct opaque_login *state,
    const struct opaque_binding *binding,
    const uint8_t stretched[OPAQUE_STRETCH_LEN],
    struct opaque_login_result *out)
{
	struct {
		struct opaque_credentials credentials;
		struct opaque_dh dh;
		struct opaque_ake ake;
	} s;
	uint8_t server_public[OPAQUE_PUBLIC_LEN];
	struct ke2_view ke2;
	struct opaque_transcript transcript = { binding,
		s.credentials.client.public, server_public, state->ke1,
		state->ke2 };
	enum err err;

	NEED(state->stage == OPAQUE_CLIENT_UNBLINDED, ERR_STATE);
	TRY(view_ke2(state->ke2, &ke2));
	TRY(recover(
	    state, &ke2, binding, stretched, server_public, &s.credentials));

	TRY(ristretto_mul(state->client_secret, ke2.server_public_keyshare.p,
	    s.dh.shared[0]));
	TRY(ristretto_mul(state->client_secret, server_public, s.dh.shared[1]));
	TRY(ristretto_mul(s.credentials.client.secret,
	    ke2.server_public_keyshare.p, s.dh.shared[2]));
	TRY(opaque_ake_derive(&s.dh, &transcript, &s.ake));
	NEED(ct_verdict(ct_equal(
		 s.ake.server_mac, ke2.server_mac.p, OPAQUE_MAC_LEN)),
	    ERR_AUTH);

	memcpy(out->ke3, s.ake.client_mac, OPAQUE_KE3_LEN);
	memcpy(out->session_key, s.ake.session_key, OPAQUE_SESSION_KEY_LEN);
	memcpy(
	    out->export_key, s.credentials.export_key, OPAQUE_EXPORT_KEY_LEN);
	memcpy(out->server_public, server_public, OPAQUE_PUBLIC_LEN);
out:
	if (err == ERR_KEY)
		err = ERR_AUTH;
	if (err != ERR_OK)
		bytes_wipe(out, sizeof *out);
	bytes_wipe(&s, sizeof s);
	return err;
}
