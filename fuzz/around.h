/*
 * around - what is around one client core in a fuzz target: its shell, a
 * server that has its own keys and the papers of two accounts, and bob, with
 * his. The papers are made once, by two people who join in the simulator.
 *
 * What must hold whatever is said is looked at here: each command ends once,
 * what is shown belongs to a session that was shown, and at the end nothing
 * is left.
 */
#ifndef FUZZ_AROUND_H
#define FUZZ_AROUND_H

#include "client/core.h"
#include "noise/handshake.h"
#include "pact/channel.h"
#include "pact/ticket.h"

#define LINKS 40
#define PEERS 4
#define SHOWN 64
#define JOBS  4

/* What there is before the first input. */
struct papers {
	uint8_t file[CLIENT_FILES][1024];
	size_t file_n[CLIENT_FILES];
	uint8_t server_secret[32];
	struct wr login_ok, roster; /* alice's LOGIN_OK, bob's roster */
	struct client_account alice, bob;
	uint8_t bob_link[32];
	struct noise_pattern channel, line;
};

/* A connection, as the shell has it. */
struct end {
	client_link id; /* 0: none */
	bool is_server, is_wanted, is_closing;
	struct wr in;   /* what the core has sent, and nobody read */
	size_t unsent;
};

/* bob's end of a line. */
struct peer {
	bool is_used, is_caller, stands;
	client_link link; /* or, 0, */
	uint32_t stream;
	uint8_t id[16];
	struct noise_handshake hs;
	struct pact_channel channel;
	struct wr in, ticket;
	uint64_t text;
};

struct around {
	struct client *core;
	uint64_t now, seed, deadline;
	struct end ends[LINKS];
	client_job jobs[JOBS];
	struct {
		bool is_due;
		uint64_t generation;
	} files[CLIENT_FILES];
	uint32_t commands, done[512]; /* begun; how often each has ended */
	bool hosts[512];              /* it need not end */
	uint32_t up[SHOWN];           /* sessions that are shown */
	bool is_quiet;                /* the server answers nothing itself */
	/* The server's channel. */
	client_link server;
	bool stands, is_logged;
	struct pact_channel channel;
	uint8_t x[64], h[64], k[PACT_SESSION_KEY_LEN];
	uint64_t since;
	struct wr in, asked[256]; /* the newest request of each type */
	struct wr pending;
	struct peer peers[PEERS];
	uint32_t next_stream;
};

extern struct papers papers;
extern struct around around;

/* A core with its home, logged in and hosting; and the end: the server falls
 * silent, and whatever waits must end. */
void around_begin(void);
void around_end(void);

/* Does what the shell, the server and bob have to do, until nothing moves;
 * or for so long. */
void around_pump(void);
void around_pass(uint64_t ms);

/* ---- connections ---- */

/* Returns the end of a link (0: a free place), or NULL. */
struct end *around_end_of(client_link id);
struct end *around_end_new(client_link id, bool is_server);
void around_end_free(struct end *e);

/* Hands bytes to the core, from memory of exactly their size. */
void around_hand(client_link link, struct bytes b);

/* ---- the server ---- */

/* Says a message with the next flush. */
void around_say(enum wire_type type, const void *message);
void around_flush(void);

/* Answers a DEVICE_LOGIN. */
void around_login(struct bytes body);

/* The server's end of the channel is gone. */
void around_forget(void);

/* ---- bob ---- */

/* bob's end of a line, over a link or (0) a stream; NULL: he has enough. */
struct peer *around_peer_new(bool is_caller, client_link link,
    uint32_t stream);

/* Begins the handshake, and writes his next message of it. */
void around_peer_init(struct peer *p, struct bytes ticket);
void around_peer_write(struct peer *p, struct bytes ticket);

/* Sends a message, sealed; or bytes as they are. */
void around_peer_say(struct peer *p, uint8_t type, struct bytes body);
void around_peer_send(struct peer *p, struct bytes b);

#endif
