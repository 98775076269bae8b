/*
 * core - what the parts of the server's core share: the server, its
 * connections, and its people.
 *
 * A connection lives in a slot of a table made at the start. What it owns
 * beside the slot follows its state:
 *
 *   FIRST   a buffer for the first record, from a second table
 *   WAITING the same; the record is whole and admitted, and waits its turn
 *   OPEN    the channel stands: a vault with its keys, a login in progress
 *   LOGGED  the vault, with the session key; lines and questions if any
 *   ENDING  CLOSE is on its way out; what comes in is not looked at
 *   DEAD    the shell was told to close it
 *
 * and, in OPEN and LOGGED, buffers exactly as long as something is in them.
 *
 * Each shard keeps the connections that it accepted. The home shard of a
 * name keeps its account and knows its sessions (seats). The two speak
 * through server/bus.h only; a server_ref names a session across shards.
 */
#ifndef SERVER_CORE_H
#define SERVER_CORE_H

#include "base/list.h"
#include "base/secret.h"
#include "base/wheel.h"
#include "base/wr.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "noise/handshake.h"
#include "opaque/server.h"
#include "pact/channel.h"
#include "pact/guard.h"
#include "pact/keys.h"
#include "pact/ticket.h"
#include "server/server.h"

/* Names a connection on any shard; never the same one twice, for all
 * practical purposes. */
struct server_ref {
	uint32_t slot;
	uint32_t generation;
	uint16_t shard;
};

/* Returns whether two refs name the same. */
static inline bool
server_ref_equal(const struct server_ref *a, const struct server_ref *b)
{
	return a->slot == b->slot && a->generation == b->generation &&
	    a->shard == b->shard;
}

enum server_state {
	SERVER_FREE,
	SERVER_FIRST,
	SERVER_WAITING,
	SERVER_OPEN,
	SERVER_LOGGED,
	SERVER_ENDING,
	SERVER_DEAD,
};

/* Secrets of a channel and its session; in a struct secret. */
struct server_vault {
	struct pact_channel channel;
	uint8_t key[PACT_SESSION_KEY_LEN]; /* LOGGED */
	uint8_t device[PACT_DEVICE_ID_LEN];
	struct wire_name name;
};

/* Bytes given to the shell and not gone yet. */
struct server_chunk {
	struct server_chunk *next;
	size_t n;
	size_t left; /* to be told by server_sent */
	uint8_t p[];
};

/* Buffers of a connection that has something to say or half a record. */
struct server_io {
	struct wr pending; /* messages, in plain */
	struct server_chunk *first, *last;
	size_t out;        /* bytes in chunks, to be told by server_sent */
	size_t chunks;     /* that chunks take */
	uint8_t *in;       /* the beginning of a record */
	size_t have, want;
	size_t counted;    /* of all this, in the server's waiting_bytes */
	struct server_io *next_spare;
};

struct server_conn {
	void *shell;
	struct secret *vault;
	union {
		struct secret *login;     /* OPEN: struct server_login */
		struct server_talk *talk; /* LOGGED: may be NULL */
	} of;
	struct server_io *io;            /* may be NULL */
	struct server_conn *next_dirty;
	struct timer timer;
	uint64_t heard_ms; /* last record */
	uint64_t since_ms; /* accepted; from login on: logged in */
	uint64_t source;   /* keyed hash of where it comes from */
	uint32_t generation;
	uint32_t rekeyed_s;
	uint32_t entry;    /* FIRST: buffer of the first record */
	uint32_t credit;   /* bytes that it may get; until it is logged in,
	                    * no more than have come from it */
	uint16_t have;     /* FIRST: bytes in it */
	uint8_t state;
	uint8_t mode;
	bool is_dirty : 1;
	bool is_asked : 1;    /* a PING is out */
	bool is_sealed : 1;   /* ENDING: CLOSE was given to send */
	bool is_dismissed : 1; /* ENDING: closed as soon as that has left */
	bool is_opening : 1;  /* a record is being walked: the vault stays */
	bool is_loopback : 1;
	bool has_asked_key : 1;
	bool has_pass : 1;    /* shown, and good */
	bool is_password : 1; /* logged in by OPAQUE in this channel */
};

/* A session, as its account's home shard knows it. */
struct server_seat {
	struct server_ref ref;
	uint8_t device[PACT_DEVICE_ID_LEN];
	uint8_t mode;
	uint8_t lines;
	uint8_t asks;        /* answers that wait for the store */
	bool is_password;
};

struct server_account {
	struct wire_name name;
	uint8_t status;    /* as its owner wants it */
	uint8_t announced; /* as others were told last */
	struct timer later; /* to tell them */
	uint64_t paced_ms;
	bool is_enabled;
	bool has_record;
	uint64_t version;
	uint64_t roster_version;
	uint64_t created_s;
	uint8_t identity[32];
	uint8_t *roster;
	uint16_t roster_len;
	uint8_t given;            /* passes, lately */
	uint32_t given_s;
	uint8_t devices;          /* of the roster, until then */
	uint64_t devices_until_s;
	uint16_t seats_n, seats_cap;
	struct server_seat *seats;
	/* Ephemeral devices of the roster that have disconnected. */
	uint8_t (*gone)[PACT_DEVICE_ID_LEN];
	size_t gone_n;
};

/* Long-lived keys, in a struct secret. */
struct server_hold {
	struct noise_keypair channel;
	struct opaque_server opaque;
	uint8_t fake_seed[32];
	uint8_t pass_key[AEAD_CHACHAPOLY_KEY_LEN]; /* of devices' passes */
};

/* Buckets of the guard, by a hash of the source; a few share one. */
struct server_source {
	uint16_t conns;
	uint16_t tokens; /* sixteenths */
	uint32_t at_ms;
};

#define SERVER_WAITING_MAX    512
#define SERVER_MINUTE_KEY_LEN 32
#define SERVER_SPENT_WAYS     15
#define SERVER_SPENT_SETS     32768 /* a power of two; 4 MiB in all */

/* The budget of handshakes; see effort.h. */
struct server_budget {
	uint64_t at_ms;     /* tokens were counted */
	uint64_t period_ms; /* the period began */
	int32_t tokens;     /* handshakes; below zero a debt */
	uint32_t effort;    /* that is asked for; 0: none */
	uint32_t demand;    /* first records in the period */
	bool is_short;      /* tokens were few in it */
	int32_t work;       /* handshakes begun in this round */
	uint64_t work_ms;   /* the first of them */
	struct timer turn;  /* of who waits */
	size_t waiting_n;
	struct server_waiting {
		struct server_conn *conn;
		uint32_t effort;
	} waiting[SERVER_WAITING_MAX]; /* as they came */
};

/* Connections in the order in which they came to a state, or those of them
 * that are remembered: a ring as large as the table. */
struct server_line {
	struct server_comer {
		uint32_t slot, generation;
	} *ring;
	uint32_t first, next;
};

/* A key of challenges, and its minute; 0: none was drawn. */
struct server_minute {
	uint64_t minute;
	uint8_t key[SERVER_MINUTE_KEY_LEN];
};

/* Passes that were spent and have the same lowest bits; see pass.c. */
struct server_spent {
	uint64_t entries[SERVER_SPENT_WAYS];
	uint64_t floor; /* devices' passes that expire by then are refused */
};

/* Budget of one name or source for guesses; see guess.c. */
struct server_guess {
	uint64_t at_ms;    /* of the last one */
	uint64_t full_ms;  /* the hours' budget is whole again; names only */
	uint32_t forget_s; /* one was forgotten */
	uint16_t count;    /* that were wrong, or are not over */
};

/* Whoever has worked most for the next guess at a name; conn NULL: nobody. */
struct server_bid {
	struct timer turn;
	struct server_guess *of;
	struct server_conn *conn;
	uint32_t effort;
};

/* Budget of one pair of names for questions. */
struct server_pace {
	uint32_t at_s;
	uint16_t tokens;
};

#define SERVER_SOURCES 65536 /* powers of two */
#define SERVER_GUESSES 65536
#define SERVER_BIDS    64
#define SERVER_PACES   16384
#define SERVER_ENTRY   (2 + PACT_GUARD_FIRST_MAX)

struct server {
	struct server_config config;
	struct env env;
	struct server_effects effects;
	struct store *store;
	struct secret *hold;
	struct noise_pattern pattern;
	uint8_t guard_key[PACT_GUARD_KEY_LEN];
	uint8_t fake_record[OPAQUE_RECORD_LEN];
	uint8_t hash_key[SIPHASH_KEY_LEN]; /* of tables */
	uint8_t home_key[SIPHASH_KEY_LEN]; /* of homes: alike on all shards */
	struct server_stats stats;
	struct wheel wheel;
	uint64_t told_ms; /* the deadline that the shell knows */
	size_t ops;       /* requests at the store */
	bool is_ready, is_draining;
	enum err load_err;
	struct store_request load;

	/* connections */
	struct server_conn *conns;
	uint32_t conns_max, conns_high, conns_n;
	uint32_t conn_free; /* heads of lists through unused ones; + 1 */
	struct server_line silent;  /* FIRST */
	struct server_line waiting; /* OPEN: to log in */
	uint32_t open_n;
	uint8_t *entries;
	uint32_t entries_n, entries_high, entry_free;
	struct server_conn *dirty;
	struct server_io *spare;
	size_t spares, spares_size;
	struct wr sealed;   /* records on their way into a chunk */
	uint8_t *scratch;   /* one record, opened in place */

	/* budgets */
	struct server_source *sources;
	struct server_guess *guesses;
	struct server_bid bids[SERVER_BIDS];
	struct server_pace *paces;
	struct server_budget budget;
	struct server_minute minutes[2];
	struct server_spent *spent;

	/* people, in order of name */
	struct server_account **accounts;
	size_t accounts_n, accounts_cap;
	struct link questions;

	/* letters to ourselves */
	struct server_post *post_first, *post_last;
	bool is_delivering;
	bool has_lost; /* one, for want of memory */
};

static inline struct server_hold *
server_hold(const struct server *s)
{
	return (struct server_hold *)(void *)secret_bytes(s->hold);
}

static inline struct server_vault *
server_vault(const struct server_conn *c)
{
	return (struct server_vault *)(void *)secret_bytes(c->vault);
}

static inline uint64_t
server_now_ms(const struct server *s)
{
	return s->env.now_ms(s->env.ctx);
}

static inline uint64_t
server_now_s(const struct server *s)
{
	return s->env.wall_s(s->env.ctx);
}

static inline void
server_random(const struct server *s, void *out, size_t n)
{
	s->env.random(s->env.ctx, out, n);
}

/*
 * Ends every event: delivers the letters that it made and tells the shell of
 * a new deadline.
 */
void server_settle(struct server *s);

#endif
