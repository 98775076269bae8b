/*
 * server - the side that knows records (RFC 9807 sections 5.2.2, 6.2.2,
 * 6.2.4 and 10.9).
 *
 * The server keeps one OPRF seed and one key for all accounts; a record and
 * a credential identifier for each. Somebody who is not there gets the same
 * answer, in the same time, from a fake record: both go through
 * opaque_server_login, which does not know which it was given. Between KE2
 * and KE3 there are 128 bytes to remember.
 */
#ifndef OPAQUE_SERVER_H
#define OPAQUE_SERVER_H

#include "opaque/ake.h"

#define OPAQUE_OPRF_SEED_LEN     64
#define OPAQUE_FAKE_SEED_LEN     64
#define OPAQUE_MAX_CREDENTIAL_ID 255

/* A server's long-lived secrets. */
struct opaque_server {
	uint8_t oprf_seed[OPAQUE_OPRF_SEED_LEN];
	struct opaque_keypair key;
};

/* One account, as far as a login needs it; borrowed. */
struct opaque_account {
	struct bytes credential_identifier; /* to OPAQUE_MAX_CREDENTIAL_ID */
	const uint8_t *record;              /* OPAQUE_RECORD_LEN */
	struct opaque_binding binding;
};

struct opaque_server_random {
	uint8_t masking_nonce[OPAQUE_NONCE_LEN];
	uint8_t server_nonce[OPAQUE_NONCE_LEN];
	uint8_t keyshare_seed[OPAQUE_SEED_LEN];
};

/* What a server remembers of a login until KE3 comes. */
struct opaque_server_login {
	uint8_t expected_client_mac[OPAQUE_MAC_LEN];
	uint8_t session_key[OPAQUE_SESSION_KEY_LEN];
};

_Static_assert(sizeof(struct opaque_server_login) == 128,
    "a login that waits costs 128 bytes");

/*
 * CreateRegistrationResponse (5.2.2). Whoever may call this at will has an
 * oracle for guesses: the caller sees to it that it is paid for. Fails with
 * ARG for a credential identifier that is too long, KEY for an invalid
 * request.
 */
MUST_USE enum err opaque_server_register(const struct opaque_server *server,
    struct bytes credential_identifier,
    const uint8_t request[OPAQUE_REQUEST_LEN],
    uint8_t response[OPAQUE_RESPONSE_LEN]);

/* Fails with KEY unless record is one that a login can be made with. */
MUST_USE enum err opaque_server_check_record(
    const uint8_t record[OPAQUE_RECORD_LEN]);

/*
 * GenerateKE2 (6.2.2), for a real record or a fake one. Fails with ARG for
 * an identifier or binding that is too long, KEY when ke1 holds an invalid
 * element; state and ke2 are then zeros.
 */
MUST_USE enum err opaque_server_login(const struct opaque_server *server,
    const struct opaque_account *account, const uint8_t ke1[OPAQUE_KE1_LEN],
    const struct opaque_server_random *random,
    struct opaque_server_login *state, uint8_t ke2[OPAQUE_KE2_LEN]);

/*
 * ServerFinish (6.2.4): writes the session key. Wipes state whatever the
 * result, so that one KE2 answers one KE3. Fails with AUTH.
 */
MUST_USE enum err opaque_server_finish(struct opaque_server_login *state,
    const uint8_t ke3[OPAQUE_KE3_LEN],
    uint8_t session_key[OPAQUE_SESSION_KEY_LEN]);

/*
 * The record of an account that does not exist (6.3.2.2, 10.9): the same
 * one each time for a seed and an identifier. It costs a multiplication
 * that a stored record does not; nothing of a record shows, so one fake,
 * made when the server starts, serves all names and keeps times equal. What
 * must differ by name, and be stable, is the credential identifier.
 */
MUST_USE enum err opaque_server_fake_record(
    const uint8_t seed[OPAQUE_FAKE_SEED_LEN],
    struct bytes credential_identifier, uint8_t record[OPAQUE_RECORD_LEN]);

#endif
