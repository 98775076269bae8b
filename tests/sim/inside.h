/*
 * inside - what the files of the simulator share among themselves; tests use
 * world.h only.
 */
#ifndef SIM_INSIDE_H
#define SIM_INSIDE_H

#include "crypto/hash.h"
#include "sim/agenda.h"
#include "sim/world.h"
#include "store/sqlite.h"

struct held_request;

/* The server's process: core, store, and what it will be told. */
struct server_node {
	struct world *world;
	struct server *core; /* NULL when it is not running */
	struct store_sqlite *sqlite;
	struct store store;  /* stands before it, to delay and to die */
	struct held_request *held;
	unsigned life;
	uint64_t deadline;
	bool is_poll_planned;
	bool is_dying; /* effects go nowhere */
	uint32_t slow_ms;  /* of each commit */
	int64_t ahead_s;   /* its wall clock, of the true time */
};

/* Somebody between a core and its connections, who is given whatever the core
 * says, and whatever comes for it, instead of the other side; and who hears
 * where programs dial. */
struct world_crook {
	void (*said)(void *ctx, struct world_end *end, struct bytes bytes);
	void (*heard)(void *ctx, struct world_end *end, struct bytes bytes);
	void (*dialled)(void *ctx, struct program *p,
	    const struct wire_endpoint *at);
	void *ctx;
};

struct world {
	struct world_options options;
	uint64_t now;
	uint64_t events;
	struct hash hash;
	struct agenda agenda;
	struct rng chance, net, disk_rng, random, client_random;
	struct disk *disk, *kept;
	struct server_node server;
	struct server_keys keys;
	struct world_conn *conns;
	uint32_t next_conn;
	struct program programs[WORLD_PROGRAMS];
	size_t program_count;
	struct world_home homes[WORLD_PROGRAMS];
	size_t home_count;
	world_tap_fn *tap;
	void *tap_ctx;
	world_told_fn *told;
	void *told_ctx;
	world_watch_fn *watch;
	void *watch_ctx;
	const struct world_crook *crook; /* or NULL */
	bool is_crooked;                 /* the server is */
};

/* Mixes what happened into the run's hash. */
void world_note(struct world *w, const char *what, uint64_t number,
    struct bytes bytes);

/* Stretches a password as all programs of the world do. */
void world_stretch(const struct world *w, struct client_stretch *work);

/* The clocks of the server; ctx is the world. */
uint64_t world_clock(void *ctx);
uint64_t world_wall(void *ctx);

/* What a wall clock shows that is so far ahead. */
uint64_t world_wall_at(const struct world *w, int64_t ahead_s);

/* ---- net.c ---- */

/* Makes a connection whose ends know each other, not yet up. */
struct world_conn *net_conn(struct world *w);

/* Takes bytes that an end's core gave to send. */
void net_queue(struct world_end *from, const uint8_t *p, size_t n);

/* Puts bytes on the way once more, as a network may. */
void net_again(struct world_end *from, struct bytes bytes);

/* Closes an end: what was queued leaves first, or nothing more. */
void net_end_close(struct world_end *end, bool at_once);

/* The process of this end has died: a prefix of what is on its way arrives,
 * then the other end hears that it is closed. */
void net_end_die(struct world_end *end);

/* Takes bytes from an end's core, for the other end or for the crook. */
void net_say(struct world_end *from, const uint8_t *p, size_t n);

void net_end_pause(struct world_end *end, bool is_paused);
struct world_end *net_other(struct world_end *end);
void net_free(struct world *w);

/* Called by net.c for what reaches an end. */
void end_bytes(struct world_end *end, struct bytes in);
void end_sent(struct world_end *end, size_t n);
struct world *end_world(struct world_end *end);
void end_closed(struct world_end *end);

#endif
