/*
 * channel - the sealed way to the server (docs/PROTOCOL.md,
 * sections 1 and 2).
 *
 *   CONNECTING  the shell connects
 *   ASKED       a server whose key is not known was asked for it
 *   SHAKING     Noise message 1 was sent
 *   SOLVING     the server wants work first; a nonce is looked for, by jobs
 *               of a moment each
 *   OPEN        records of messages go both ways
 *   OVER        ended; the session learns why at the next flush
 *
 * NONE is a channel that nobody wants. Everything that the server says is
 * bounded by the table of messages; whatever breaks a rule ends the channel.
 */
#ifndef CLIENT_CHANNEL_H
#define CLIENT_CHANNEL_H

#include "base/secret.h"
#include "base/wheel.h"
#include "base/wr.h"
#include "client/conn.h"
#include "client/report.h"
#include "pact/channel.h"
#include "pact/guard.h"
#include "pact/keys.h"

enum client_channel_state {
	CLIENT_CHANNEL_NONE,
	CLIENT_CHANNEL_CONNECTING,
	CLIENT_CHANNEL_ASKED,
	CLIENT_CHANNEL_SHAKING,
	CLIENT_CHANNEL_SOLVING,
	CLIENT_CHANNEL_OPEN,
	CLIENT_CHANNEL_OVER,
};

struct client_channel {
	enum client_channel_state state;
	struct client_conn *conn;
	struct client_inbox inbox;
	struct wr pending;        /* messages to be sealed; grows */
	struct timer timer;
	struct client_report why; /* OVER */

	/* Until it is open. */
	struct secret *handshake; /* struct noise_handshake */
	uint8_t guard_key[PACT_GUARD_KEY_LEN];
	uint8_t message1[PACT_GUARD_MESSAGE1_LEN];
	struct pact_guard_first first; /* what was, or will be, sent */
	struct wr first_record;   /* grows */
	uint8_t pass[PACT_GUARD_PASS_LEN];
	struct pact_guard_puzzle puzzle;
	uint64_t nonce;           /* the next one to try */
	uint64_t slice_ms;        /* the last job began */
	uint64_t worked_ms;       /* on all puzzles of this channel */
	uint32_t challenges;      /* that came */
	uint32_t said_again;      /* first records without an answer */
	bool has_told;            /* how long it will take */

	/* Since it is open. */
	struct secret *sealed;    /* struct pact_channel */
	uint8_t h[PACT_HASH_LEN];
	struct secret *x;         /* PACT_HASH_LEN bytes */
	struct wire_endpoint local, server;
	uint64_t heard_ms, rekeyed_ms;
	bool is_asked;            /* a PING is out */
};

/* Begins to connect to the account's server. */
void client_channel_open(struct client *c);

/* Queues a message; an open channel is implied. */
void client_channel_say(struct client *c, enum wire_type type,
    const void *message);

/* Says CLOSE, if it is open, and forgets the channel and its keys. */
void client_channel_close(struct client *c, enum wire_close reason);

/* Ends it because of what happened; client_session_on_over follows. */
void client_channel_end(struct client *c,
    const struct client_report *report);

/* For client.c: a job of the solver is done. */
void client_channel_on_solved(struct client *c);

/* Seals and sends what is queued. */
void client_channel_flush(struct client *c);

#endif
