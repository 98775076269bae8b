/*
 * server - the server's core: it decides, and does no I/O.
 *
 * A deterministic state machine. Events go in through the functions of this
 * header; effects come out through the table that the shell gives at
 * creation. An effect returns at once and never calls back into the core.
 * Time and randomness come from the env. One thread.
 *
 * The shell calls server_flush after each round of events: whatever the
 * round gave to say on a connection is then packed into as few records as
 * possible, sealed and sent. It calls server_tick when the deadline that it
 * was last given has come.
 */
#ifndef SERVER_SERVER_H
#define SERVER_SERVER_H

#include "base/bytes.h"
#include "base/env.h"
#include "base/err.h"
#include "store/store.h"
#include "wire/messages.h"

struct server;

/* The core's side of a connection; opaque to the shell, which keeps it
 * beside its own. */
struct server_conn;

/* Where a connection comes from: IPv6, or IPv4 mapped; and port. */
typedef struct wire_endpoint server_addr;

struct server_effects {
	/*
	 * Sends n bytes. They belong to the core and stay where they are until
	 * server_sent has told that many to have left. Several sends of one
	 * connection queue up in order.
	 */
	void (*send)(void *ctx, void *shell_conn, const uint8_t *p, size_t n);
	/* Closes after what was sent has left, or at once (discarding). The
	 * shell calls server_closed when it has. */
	void (*close)(void *ctx, void *shell_conn, bool at_once);
	/* Stops and resumes reading. */
	void (*pause)(void *ctx, void *shell_conn, bool is_paused);
	/* server_tick is wanted at this time; replaces the last one. */
	void (*deadline)(void *ctx, uint64_t at_ms);
	/* Hands a message to another shard, by number. */
	void (*bus)(void *ctx, unsigned shard, struct bytes message);
	void *ctx;
};

/* Long-lived secrets, read from files by the shell and copied. */
struct server_keys {
	uint8_t channel_secret[32];  /* X25519, of Noise */
	uint8_t opaque_secret[32];   /* ristretto scalar, AKE key */
	uint8_t oprf_seed[64];
	uint8_t fake_seed[32];       /* stable fake answers */
};

enum server_guard { SERVER_GUARD_AUTO, SERVER_GUARD_ALWAYS, SERVER_GUARD_OFF };

struct server_config {
	enum server_guard guard;
	bool is_open;           /* registration without an invite */
	bool tells_key;         /* answers a bare machine's question */
	uint32_t max_conns;     /* slots of the connection table */
	uint32_t max_conns_source; /* per source, loopback excepted */
	uint64_t max_waiting;   /* bytes, for all clients together */
	uint32_t ksf_passes;    /* what unknown names are told */
	uint32_t ksf_memory_kib;
	unsigned shard, shards;
};

/* Sensible values for all of the above. */
struct server_config server_config_default(void);

/*
 * Makes a core. It reads all accounts from the store first; connections may
 * be opened at once, they wait. Fails with NOMEM. keys are copied.
 */
MUST_USE enum err server_new(const struct server_config *config,
    const struct server_keys *keys, const struct env *env,
    const struct server_effects *effects, struct store *store,
    struct server **out);

/* Wipes and releases everything; outstanding store requests must be done. */
void server_free(struct server *s);

/* Returns whether the accounts have been read, and with them the core is
 * ready to serve; an error of the store is told by *err. */
bool server_is_ready(const struct server *s, enum err *err);

/* Replaces the configuration, shard numbers excepted; max_conns only falls
 * below what the tables were made for. */
void server_configure(struct server *s, const struct server_config *config);

/* The public key that clients pin. */
void server_public_key(const struct server *s, uint8_t key[32]);

/* ---- connections ---- */

/* A connection was accepted. Returns the core's side, or NULL: close it. When
 * the table is nearly full, the one who has been silent for the longest is
 * closed for it, or has not logged in: they keep nobody out. */
struct server_conn *server_open(struct server *s, void *shell_conn,
    const server_addr *from);

/* Bytes arrived, cut up in any way. They are only read, never written. */
void server_bytes(struct server *s, struct server_conn *c, struct bytes in);

/* n bytes of what was given to send have left. */
void server_sent(struct server *s, struct server_conn *c, size_t n);

/* The connection is gone; c is invalid afterwards. */
void server_closed(struct server *s, struct server_conn *c);

/* Seals and sends what the events since the last flush gave to say. */
void server_flush(struct server *s);

/* The deadline has come. */
void server_tick(struct server *s);

/* Gives back memory that was taken for more people than there are now. To be
 * called some time after there was something to do. */
void server_rest(struct server *s);

/* A message from another shard. */
void server_bus(struct server *s, struct bytes message);

/* Stops: no new handshakes, every session is told and closed. */
void server_drain(struct server *s);

/* Returns whether no connection is left, and no request at the store. */
bool server_is_drained(const struct server *s);

/* ---- what the operator asks ---- */

/* Called once with how it went. */
typedef void server_op_fn(void *ctx, enum err err);

/* Makes an invite for a name: code gets WIRE_CODE_LEN random bytes at once;
 * done says when it is durable. CONFLICT: the name has an account. */
void server_invite(struct server *s, const struct wire_name *name,
    uint64_t expires_s, uint8_t code[WIRE_CODE_LEN], server_op_fn *done,
    void *ctx);

enum server_user_op { SERVER_USER_ENABLE, SERVER_USER_DISABLE,
	SERVER_USER_RESET, SERVER_USER_REMOVE };

/* Changes an account and ends its logins and sessions. GONE: no such name.
 * RESET is followed by server_invite by the caller. */
void server_user(struct server *s, enum server_user_op op,
    const struct wire_name *name, server_op_fn *done, void *ctx);

/* What is known of an account. */
struct server_user_info {
	struct wire_name name;
	bool is_enabled, has_record;
	uint8_t status;   /* as others see it */
	uint8_t devices;
	uint16_t sessions;
	uint64_t created_s;
	uint8_t identity[32];
};

/* Walks the accounts in order of name: fills *info with the first whose
 * name is greater than after (NULL: any); returns whether there is one. */
bool server_user_next(const struct server *s, const struct wire_name *after,
    struct server_user_info *info);

/* Counters, in one struct. */
#define SERVER_STATS(X)                                                       \
	X(sessions)                                                           \
	X(connections)                                                        \
	X(handshakes)                                                         \
	X(device_logins)                                                      \
	X(logins)                                                             \
	X(logins_failed)                                                      \
	X(guesses_delayed)                                                    \
	X(guesses_worked_for)                                                 \
	X(registrations)                                                      \
	X(passes_required)                                                    \
	X(passes_refused)                                                     \
	X(effort)                                                             \
	X(first_records_refused)                                              \
	X(pk_ops_without_pass)                                                \
	X(introductions)                                                      \
	X(tickets)                                                            \
	X(streams)                                                            \
	X(relayed_records)                                                    \
	X(relay_bytes)                                                        \
	X(waiting_bytes)                                                      \
	X(logouts)                                                            \
	X(closed_protocol)                                                    \
	X(closed_limit)

struct server_stats {
#define X(name) uint64_t name;
	SERVER_STATS(X)
#undef X
};

void server_get_stats(const struct server *s, struct server_stats *stats);

#endif
