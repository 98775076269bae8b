/*
 * client - the side that knows the password (RFC 9807 sections 5.2, 6.2.1
 * and 6.2.3).
 *
 * Registration and login take the same three steps. The first makes the
 * message for the server; the second gives 64 bytes of the server's answer
 * to be stretched; the third is given the stretched bytes and finishes.
 * Stretching stands between two calls because it takes a second or so: a
 * core hands it out as a job. The RFC's Stretch is Argon2id with an all-zero
 * salt of 16 bytes.
 *
 *   opaque_client_register         opaque_client_login
 *   opaque_client_register_unblind opaque_client_login_unblind
 *   opaque_client_register_finish  opaque_client_login_finish
 *
 * The password is the caller's, given twice and not kept. The states hold
 * secrets; they are the caller's memory, and wiped by the caller, whatever
 * happened; a wiped state expects a new beginning. A call that fails leaves
 * its state unchanged; a call out of order fails with STATE.
 */
#ifndef OPAQUE_CLIENT_H
#define OPAQUE_CLIENT_H

#include "opaque/envelope.h"

#define OPAQUE_BLIND_SEED_LEN RISTRETTO_UNIFORM_LEN

enum opaque_client_stage {
	OPAQUE_CLIENT_NEW,
	OPAQUE_CLIENT_ASKED,
	OPAQUE_CLIENT_UNBLINDED,
};

struct opaque_registration {
	enum opaque_client_stage stage;
	uint8_t blind[OPRF_SCALAR_LEN];
	uint8_t oprf_output[OPRF_OUTPUT_LEN];
	uint8_t server_public[OPAQUE_PUBLIC_LEN];
};

struct opaque_login {
	enum opaque_client_stage stage;
	uint8_t blind[OPRF_SCALAR_LEN];
	uint8_t oprf_output[OPRF_OUTPUT_LEN];
	uint8_t client_secret[OPAQUE_SECRET_LEN]; /* of the keyshare */
	uint8_t ke1[OPAQUE_KE1_LEN];
	uint8_t ke2[OPAQUE_KE2_LEN];
};

/* The randomness of a login. The blind is blind_seed modulo the group order,
 * little-endian. */
struct opaque_login_random {
	uint8_t blind_seed[OPAQUE_BLIND_SEED_LEN];
	uint8_t client_nonce[OPAQUE_NONCE_LEN];
	uint8_t keyshare_seed[OPAQUE_SEED_LEN];
};

/* What a login gives, once the server has proved that it has the record. */
struct opaque_login_result {
	uint8_t ke3[OPAQUE_KE3_LEN]; /* for the server; the rest is secret */
	uint8_t session_key[OPAQUE_SESSION_KEY_LEN];
	uint8_t export_key[OPAQUE_EXPORT_KEY_LEN];
	uint8_t server_public[OPAQUE_PUBLIC_LEN];
};

/*
 * CreateRegistrationRequest (5.2.1). Fails with ARG when password is longer
 * than OPRF_MAX_INPUT_LEN; KEY with negligible probability.
 */
MUST_USE enum err opaque_client_register(struct opaque_registration *state,
    struct bytes password, const uint8_t blind_seed[OPAQUE_BLIND_SEED_LEN],
    uint8_t request[OPAQUE_REQUEST_LEN]);

/*
 * First half of FinalizeRegistrationRequest (5.2.3): writes what is to be
 * stretched. Fails with STATE, or with KEY when response is not of a server
 * that follows the protocol.
 */
MUST_USE enum err opaque_client_register_unblind(
    struct opaque_registration *state, struct bytes password,
    const uint8_t response[OPAQUE_RESPONSE_LEN],
    uint8_t to_stretch[OPAQUE_STRETCH_LEN]);

/*
 * Second half: writes the record for the server to store, and export_key.
 * state->server_public is the server's key, for a caller that expects one.
 * Fails with STATE or ARG.
 */
MUST_USE enum err opaque_client_register_finish(
    const struct opaque_registration *state,
    const struct opaque_binding *binding,
    const uint8_t stretched[OPAQUE_STRETCH_LEN],
    const uint8_t envelope_nonce[OPAQUE_NONCE_LEN],
    uint8_t record[OPAQUE_RECORD_LEN],
    uint8_t export_key[OPAQUE_EXPORT_KEY_LEN]);

/* GenerateKE1 (6.2.1). Fails as opaque_client_register. */
MUST_USE enum err opaque_client_login(struct opaque_login *state,
    struct bytes password, const struct opaque_login_random *random,
    uint8_t ke1[OPAQUE_KE1_LEN]);

/*
 * First part of GenerateKE3 (6.2.3): takes KE2 in and writes what is to be
 * stretched. Fails with STATE, or KEY for an invalid element.
 */
MUST_USE enum err opaque_client_login_unblind(struct opaque_login *state,
    struct bytes password, const uint8_t ke2[OPAQUE_KE2_LEN],
    uint8_t to_stretch[OPAQUE_STRETCH_LEN]);

/*
 * The rest of GenerateKE3. Fails with AUTH when the password is wrong, the
 * account is unknown, or the server or the binding is another one than at
 * registration (which of these, nobody can tell); out is then zeros. Fails
 * with STATE or ARG.
 */
MUST_USE enum err opaque_client_login_finish(const struct opaque_login *state,
    const struct opaque_binding *binding,
    const uint8_t stretched[OPAQUE_STRETCH_LEN],
    struct opaque_login_result *out);

#endif
