/*
 * login - from a channel that stands to a session.
 *
 * By password (OPAQUE: KE1, KE2, KE3), or by a known device's signature over
 * the channel's hash. One step at a time: a client waits for its answer.
 * What a login needs lives in one secret, from the handshake until the
 * session stands or the channel ends.
 */
#ifndef SERVER_LOGIN_H
#define SERVER_LOGIN_H

#include "server/bus.h"

/* What the channel waits for. */
enum server_login_step {
	SERVER_LOGIN_IDLE,     /* a request of the client */
	SERVER_LOGIN_TURN,     /* its turn: KE1 is kept, and worked for */
	SERVER_LOGIN_LOOKUP,   /* the home: KE1 is kept */
	SERVER_LOGIN_KE3,      /* LOGIN_FINISH */
	SERVER_LOGIN_JOIN,     /* the home: the proof was good */
	SERVER_LOGIN_TRY,      /* the home: an invite's code was shown */
	SERVER_LOGIN_RECORD,   /* REGISTER_FINISH */
	SERVER_LOGIN_CREATE,   /* the home: an account is being made */
};

struct server_login {
	uint8_t x[PACT_HASH_LEN]; /* secret of the channel */
	uint8_t h[PACT_HASH_LEN]; /* its hash */
	struct opaque_server_login opaque;
	uint8_t key[OPAQUE_SESSION_KEY_LEN]; /* after KE3 */
	uint8_t ke1[OPAQUE_KE1_LEN];         /* or the request of the OPRF */
	struct wire_name name;
	uint8_t device[PACT_DEVICE_ID_LEN];
	uint8_t code[WIRE_CODE_LEN];
	uint8_t credential_id[16]; /* of the new account, or at KE2 */
	uint64_t version;          /* of the account at KE2 */
	uint32_t req;
	uint8_t step;
	uint8_t mode;
	uint8_t failures;
	uint8_t tries; /* of codes; an invite has as many */
	bool is_password;
	bool is_invited; /* a code was good: a long record may come */
};

/* Makes one for a new channel. NULL: out of memory. */
struct secret *server_login_new(const uint8_t x[PACT_HASH_LEN],
    const uint8_t h[PACT_HASH_LEN]);

/* Wipes and releases c's. */
void server_login_free(struct server_conn *c);

/* Returns c's. */
struct server_login *server_login_of(const struct server_conn *c);

/* Returns whether the client may send more than a login takes. */
bool server_login_may_be_long(const struct server_conn *c);

/* Counts a failure and says ERROR; the third ends the channel. */
void server_login_failed(struct server *s, struct server_conn *c,
    uint32_t req, enum wire_error code);

/* The client's messages. */
MUST_USE enum err server_login_start(struct server *s, struct server_conn *c,
    const struct wire_LOGIN_START *m);
MUST_USE enum err server_login_finish(struct server *s,
    struct server_conn *c, const struct wire_LOGIN_FINISH *m);
MUST_USE enum err server_login_device(struct server *s,
    struct server_conn *c, const struct wire_DEVICE_LOGIN *m);

/* For guess.c: the guess that c has worked for may be made; or somebody has
 * worked more, and it has to wait. */
void server_login_on_turn(struct server *s, struct server_conn *c);
void server_login_outbid(struct server *s, struct server_conn *c,
    uint32_t wait_ms);

/* The home's answers. c may be NULL. */
void server_login_looked(struct server *s, struct server_conn *c,
    const struct server_letter *letter);
void server_login_joined(struct server *s, struct server_conn *c,
    const struct server_letter *letter);
void server_login_denied(struct server *s, struct server_conn *c,
    const struct server_letter *letter);

#endif
