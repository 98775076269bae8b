/*
 * session - a logged-in session, at the shard that has its connection: its
 * key, what hangs on it, and its end.
 *
 * What it needs only at times (streams, tickets, a question, a password
 * change, a logout) is in a struct server_talk, made when first needed and
 * released when nothing is in it.
 */
#ifndef SERVER_SESSION_H
#define SERVER_SESSION_H

#include "server/bus.h"

/* A ticket that this session was given, until it is used or too old. */
struct server_live {
	uint8_t id[16];
	struct server_ref callee;
	uint64_t until_ms; /* 0: none */
};

/* This session's end of a stream. */
struct server_half {
	uint32_t number;      /* here; 0: none */
	uint32_t peer_number; /* there; 0: not known yet */
	struct server_ref peer;
	uint32_t credit;      /* bytes that this end may send */
	uint8_t id[16];
};

struct server_talk {
	struct server_half halves[WIRE_STREAMS_MAX];
	struct server_live tickets[WIRE_LINES_MAX];
	size_t halves_n;
	uint32_t serial; /* of stream numbers */
	/* WANT that is not answered. */
	bool is_asking;
	uint32_t ask_req;
	uint8_t ask_nonce[16];
	struct wire_name ask_name;
	/* PASSWD_START that was answered. */
	bool has_credential;
	uint8_t credential_id[16];
	/* LOGOUT that is not acknowledged. */
	bool is_leaving;
	uint8_t scope;
	uint8_t client_challenge[16];
	uint8_t server_challenge[16];
};

/* Returns c's talk, made if need be. NULL: out of memory. */
struct server_talk *server_session_talk(struct server_conn *c);

/* Releases c's talk if nothing is in it. */
void server_session_tidy(struct server *s, struct server_conn *c);

/* Returns how many bytes the relay may have waiting for c. */
size_t server_session_relay_room(const struct server_conn *c);

/* Ends the session at its home, its streams and questions, and wipes its
 * key. For server/conn.h alone, which calls it however a session ends. */
void server_session_leave(struct server *s, struct server_conn *c);

/* Asks the home of name what a client said. */
void server_session_ask(struct server *s, struct server_conn *c,
    const struct wire_name *name, enum wire_type type, struct bytes body);

/* The client's messages. */
MUST_USE enum err server_session_passwd(struct server *s,
    struct server_conn *c, const struct wire_PASSWD_START *m);
MUST_USE enum err server_session_change(struct server *s,
    struct server_conn *c, const struct wire_CHANGE *m, struct bytes body);
MUST_USE enum err server_session_logout(struct server *s,
    struct server_conn *c, const struct wire_LOGOUT *m);
MUST_USE enum err server_session_logout_ack(struct server *s,
    struct server_conn *c, const struct wire_LOGOUT_ACK *m);

#endif
