/*
 * world - a server core, a store in memory, a clock that stands still, and
 * clients made of noise, opaque and pact: what the tests of the core need.
 *
 * Nothing happens by itself. A test lets clients say things, calls
 * world_pump to have everything arrive everywhere, and looks at what the
 * clients got.
 */
#ifndef UNIT_SERVER_WORLD_H
#define UNIT_SERVER_WORLD_H

#include "base/wr.h"
#include "noise/handshake.h"
#include "opaque/client.h"
#include "pact/channel.h"
#include "pact/guard.h"
#include "pact/keys.h"
#include "pact/roster.h"
#include "pact/ticket.h"
#include "server/server.h"
#include "shelf.h"
#include "support/check.h"

#define WORLD_SHARDS   2
#define WORLD_GUYS     24
#define WORLD_INBOX    256

/* ---- clients ---- */

struct letterbox {
	uint8_t type;
	size_t n;
	uint8_t *body;
};

struct guy {
	struct world *w;
	unsigned shard;    /* which one this machine's connections reach */
	struct wire_name name;
	const char *password;
	struct server_conn *conn; /* NULL: not connected */
	server_addr from;
	bool is_closed;    /* by the server */
	bool is_cut;       /* without a CLOSE */
	size_t flip;       /* bit of the first record to flip, from 1 */
	size_t chunk;      /* bytes handed over at once; 0: all */
	/* the channel */
	struct noise_handshake hs;
	struct pact_channel channel;
	bool is_up;
	bool is_paused;    /* the server does not want to read */
	bool is_deaf;      /* reads nothing for now */
	uint8_t x[HASH_MAX_LEN], h[HASH_MAX_LEN];
	uint8_t k[PACT_SESSION_KEY_LEN];
	struct wr in;      /* bytes from the server */
	size_t unsent;     /* bytes not yet told to have left */
	size_t got;        /* bytes from the server, ever */
	size_t sends;      /* and in how many parts */
	size_t said;       /* bytes to it */
	struct pact_guard_puzzle asked; /* by the last challenge; effort 0 */
	uint32_t effort;   /* to work for a password login; 0: none */
	struct letterbox inbox[WORLD_INBOX]; /* more is dropped */
	size_t inbox_n;
	/* who they are */
	uint8_t identity_seed[32], identity[32];
	uint8_t device_seed[32], device[PACT_DEVICE_ID_LEN];
	uint8_t link_key[32];
	struct pact_roster roster;
	uint8_t roster_bytes[WIRE_ROSTER_MAX];
	size_t roster_len;
	uint64_t ephemeral_s; /* how long this device lives; 0: for ever */
	uint32_t req;
};

struct world {
	struct server *server; /* the only one, or the first shard */
	struct server *servers[WORLD_SHARDS];
	struct server_config config;
	struct server_keys keys;
	struct shelf shelf;       /* of the first shard */
	struct shelf other_shelf; /* of the second */
	struct wr bus[WORLD_SHARDS]; /* letters on their way */
	struct env env;
	struct server_effects effects;
	uint64_t now_ms, deadline_ms;
	uint64_t ahead_s; /* the wall clock is wrong by so much */
	uint64_t seed;
	uint8_t server_key[32];
	struct guy *guys[WORLD_GUYS];
	size_t guys_n;
};

/* Makes a world with a server that is ready. */
void world_init(struct world *w);
void world_init_with(struct world *w, const struct server_config *config);
void world_free(struct world *w);

/* The same with two shards, each with a store of its own. */
void world_init_shards(struct world *w);

/* Returns the shard that is home to a name. */
struct server *world_home(struct world *w, const struct wire_name *name);

/* Ends the server without a word, and starts another one on what the store
 * has. */
void world_restart(struct world *w);

/* Makes the server alone: the store has not answered yet. */
void world_start(struct world *w);

/* Lets everything arrive, until nothing moves. */
void world_pump(struct world *w);

/* Lets time pass, and the server's deadlines with it. */
void world_wait(struct world *w, uint64_t ms);

/* Fills n bytes from the world's stream. */
void world_random(struct world *w, void *out, size_t n);

/* Makes a client of this name, with new keys; not connected. */
void guy_init(struct world *w, struct guy *g, const char *name,
    const char *password);
void guy_free(struct guy *g);

/* Gives another client the account of g: same identity, new device. */
void guy_init_device(struct guy *other, const struct guy *g);

/* Connects and shakes hands; returns whether the channel stands. */
bool guy_connect(struct guy *g);

/* The same in two steps, with whatever first record: a new Noise message 1;
 * and a connection that says the record. A challenge is in g->asked. */
void guy_new_message1(struct guy *g,
    uint8_t message1[PACT_GUARD_MESSAGE1_LEN]);
bool guy_present(struct guy *g, const struct pact_guard_first *first);

/* Cuts the connection. */
void guy_cut(struct guy *g);

/* Says a message, or raw bytes of one; pumps. */
void guy_say(struct guy *g, enum wire_type type, const void *message);
void guy_say_raw(struct guy *g, struct bytes encoded);

/* The same without pumping, to be sent with the next guy_say. */
void guy_queue(struct guy *g, struct wr *w, enum wire_type type,
    const void *message);

/* Writes a message of this type whose fields are all zero, but for g's name;
 * returns its length. */
size_t guy_blank(const struct guy *g, uint8_t type, uint8_t *out, size_t cap);

/* Takes the first message of a type out of the inbox; returns whether there
 * was one, decoded into message (views point into memory that lives until
 * guy_forget). */
bool guy_take(struct guy *g, enum wire_type type, void *message);

/* Takes an ERROR; returns its code, or 0. */
enum wire_error guy_take_error(struct guy *g);

/* Takes a CLOSE; returns its reason, or -1. */
int guy_take_close(struct guy *g);

/* Forgets all messages. */
void guy_forget(struct guy *g);

/* Becomes a member by an invite; the channel stays open. */
bool guy_register(struct guy *g);

/* Logs in by password, or by device key; mode as in the message. */
bool guy_login(struct guy *g, uint8_t mode);
bool guy_login_device(struct guy *g, uint8_t mode);

/* The steps of a password login: KE1, and KE3 from the answer. */
struct guy_login {
	struct opaque_login state;
	struct wire_LOGIN_REPLY reply;
	struct opaque_login_result result;
	bool is_right;
};
void guy_login_start(struct guy *g, struct guy_login *login);
void guy_login_finish(struct guy *g, struct guy_login *login, uint8_t mode);

/* Writes the roster that g's account has next, with g->roster's entries. */
void guy_sign_roster(struct guy *g);

/* Adds g's device to the roster and sends it. Needs a password login. */
bool guy_add_device(struct guy *g);

/* registers, connects anew, and logs in by device, hosting. */
bool guy_join(struct world *w, struct guy *g, const char *name);

#endif
