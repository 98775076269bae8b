/*
 * bus - letters between shards, and to ourselves.
 *
 * Whatever is asked of the home shard of a name is a letter, with one shard
 * too. Letters to our own shard wait in a queue and are delivered before the
 * event that made them ends; letters to others are handed to the shell. A
 * letter carries a message of the wire, or part of one, wherever there is
 * one that says what is meant.
 */
#ifndef SERVER_BUS_H
#define SERVER_BUS_H

#include "server/core.h"

enum server_letter_kind {
	/* To a name's home. */
	SERVER_LETTER_LOOKUP, /* what rests of name, for a password login */
	SERVER_LETTER_TRY,    /* an invite: id is its code */
	SERVER_LETTER_CREATE, /* body: REGISTER_FINISH; id: credential id */
	SERVER_LETTER_JOIN,   /* a login has succeeded (body: the credential
			       * id of KE2), or wants to (body: a proof) */
	SERVER_LETTER_LEAVE,  /* a session is over */
	SERVER_LETTER_LOGOUT, /* all sessions of the device id are over */
	SERVER_LETTER_ASK,    /* a client's message, type and body */
	SERVER_LETTER_QUESTION, /* to the callee's home: see introduction */
	SERVER_LETTER_UNASK,  /* withdrawn: id is N_A; to the caller's home
			       * with the callee's name, then to its home */
	/* To a session. */
	SERVER_LETTER_LOOKED,
	SERVER_LETTER_TRIED,
	SERVER_LETTER_JOINED, /* body: LOGIN_OK, PASSES, encoded */
	SERVER_LETTER_DENIED, /* the login failed; number: code of ERROR */
	SERVER_LETTER_SAY,    /* body: an encoded message */
	SERVER_LETTER_END,    /* number: the reason of CLOSE */
	SERVER_LETTER_SEAL,   /* to the callee: seal a ticket */
	SERVER_LETTER_OUTCOME,/* to the caller: how the question ended */
	SERVER_LETTER_STREAM_OPEN, SERVER_LETTER_STREAM_OPENED,
	SERVER_LETTER_STREAM_DATA, SERVER_LETTER_STREAM_CREDIT,
	SERVER_LETTER_STREAM_CLOSE,
	/* To a shard. */
	SERVER_LETTER_ANNOUNCE, /* name's status is number now */
};

struct server_letter {
	uint8_t kind;
	uint8_t type;  /* of a message, mode, or status */
	uint8_t flags; /* SERVER_LETTER_ below */
	struct server_ref from, to;
	struct wire_name name;
	uint8_t id[16];
	uint32_t number;
	uint32_t req;
	uint64_t version;
	struct bytes body;
};

/* JOIN: by password. ASK: the session was logged in by password. LOOKED: the
 * account is there. */
enum { SERVER_LETTER_YES = 1 };

/* Returns the shard that is home to a name. */
unsigned server_bus_home(const struct server *s, const struct wire_name *name);

/* Posts a letter; all of it is copied. One that memory does not suffice for
 * is lost: whoever waits for its answer runs into a deadline, and sessions
 * and seats that it leaves alone are ended. */
void server_bus_post(struct server *s, unsigned shard,
    const struct server_letter *letter);

/* Posts to the home of letter->name, or to the shard of letter->to. */
void server_bus_post_home(struct server *s,
    const struct server_letter *letter);
void server_bus_post_session(struct server *s,
    const struct server_letter *letter);

/* Says a message to a session on any shard, or ERROR or DONE. */
void server_bus_say(struct server *s, struct server_ref to,
    enum wire_type type, const void *message);
void server_bus_error(struct server *s, struct server_ref to, uint32_t req,
    enum wire_error code, uint32_t wait_ms);
void server_bus_done(struct server *s, struct server_ref to, uint32_t req);

/* Delivers what waits in our own queue, until nothing does. */
void server_bus_run(struct server *s);

/* Throws away what waits. */
void server_bus_free(struct server *s);

#endif
