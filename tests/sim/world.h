/*
 * world - a server and many clients in one process, under one seed.
 *
 * The real cores, with virtual time between them. A world has one server
 * (with a disk that forgets), homes, and programs: a program is a client
 * core that works in a home, as a command or a chat does. Connections chunk,
 * delay, stall and cut what they carry, as the seed will have it; when a
 * process dies, a prefix of what it had sent still arrives.
 *
 * Everything that happens is an event at a time; world_step does the next
 * one. The hash of all of them tells two runs apart.
 */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "client/client.h"
#include "server/server.h"
#include "sim/disk.h"
#include "sim/rng.h"
#include "sotto.h"

#define WORLD_PROGRAMS 96
#define WORLD_LOG      200 /* events remembered of one program */

struct world;

struct world_options {
	uint64_t seed;
	bool is_calm;        /* no chunking, no stalls: for scenarios */
	bool has_real_ksf;   /* Argon2id, not the stand-in */
	bool is_public;      /* the server has an address of the internet */
	enum server_guard guard;
};

/* One end of a connection: the server's, or a program's. */
struct world_end {
	struct world_conn *conn;
	struct program *program;     /* NULL: the server's end */
	struct server_conn *core;    /* the server's end */
	client_link link;            /* a program's end */
	struct wr queue;             /* given to send, not yet in the pipe */
	struct wr pipe;              /* on its way to the other end */
	size_t received;             /* bytes that reached this end */
	uint64_t stalled_until;
	bool is_paused, is_closing, is_closed, is_up;
	bool is_pumping, is_delivering;
	bool is_crooked; /* its process lies: see world_crook in inside.h */
};

struct world_conn {
	struct world_end a, b; /* a connected to b */
	uint32_t number;
	bool is_cut;
	struct world_conn *next;
};

/* What one program was told, with its strings copied. */
struct world_event {
	struct sotto_event event;
	char name[40];
	char text[120];
	char why[120];
	uint64_t at_ms;
};

struct world_file {
	uint8_t *p;
	size_t n;
	uint64_t generation;
};

/* A folder of one account on one machine. */
struct world_home {
	struct world_file files[CLIENT_FILES];
	int64_t ahead_s; /* the machine's wall clock, of the true time */
};

struct program {
	struct world *world;
	struct client *core; /* NULL when it is not running */
	struct world_home *home;
	const char *label;
	unsigned number;
	unsigned life;       /* counts starts; an older one's events are void */
	bool is_listening;
	bool is_lying;       /* about where it listens */
	bool is_crooked;     /* its next lines to others go through the crook */
	uint64_t deadline;
	struct world_event *log; /* WORLD_LOG of them; NULL for a stranger */
	size_t logged;       /* all that were told; the last ones are kept */
};

/* Called for every run of bytes that enters a pipe. */
typedef void world_tap_fn(void *ctx, struct world_end *from,
    struct bytes bytes);

/* Called every few events, when nothing is half done. */
typedef void world_watch_fn(void *ctx);

/* Called for every event that a program is told, before it is logged. */
typedef void world_told_fn(void *ctx, struct program *p,
    const struct sotto_event *event);

struct world *world_new(const struct world_options *options);
void world_free(struct world *w);

void world_tap(struct world *w, world_tap_fn *fn, void *ctx);
void world_told(struct world *w, world_told_fn *fn, void *ctx);
void world_watch(struct world *w, world_watch_fn *fn, void *ctx);

/* ---- time ---- */

uint64_t world_now(const struct world *w);

/* The wall clock of a home's machine, or (NULL) of the server's, jumps. */
void world_jump(struct world *w, struct world_home *home, int64_t seconds);

/* Does the next event; returns whether there was one. */
bool world_step(struct world *w);

/* Runs for so long, or until done says so; returns whether it did. */
void world_run(struct world *w, uint64_t ms);
bool world_until(struct world *w, uint64_t ms, bool (*done)(void *ctx),
    void *ctx);

/* Plans run for later; delay 0 is still later than now. */
void world_plan(struct world *w, uint64_t delay_ms,
    void (*run)(void *owner, uint64_t arg, void *data), void *owner,
    uint64_t arg, void *data);

/* The hash of all that happened. */
void world_hash(const struct world *w, uint8_t hash[32]);
uint64_t world_events(const struct world *w);

struct rng *world_rng(struct world *w);

/* ---- the server ---- */

void world_server_start(struct world *w);
bool world_server_is_up(const struct world *w);

/* Kills the server where it stands; with power, its disk loses what was not
 * synced. */
void world_server_kill(struct world *w, bool with_power);

/* The server is killed with the power at the n'th operation of its disk. */
void world_server_doom(struct world *w, uint32_t n);

/*
 * The n'th operation of its disk from now fails, once or for good: then the
 * server ends by itself, and is started again each second until that works.
 */
void world_server_break(struct world *w, uint32_t n, enum disk_fault how);

/* Its disk may have so many bytes more than now; SIZE_MAX: no end. */
void world_server_room(struct world *w, size_t more);

/* Each commit takes so long, beyond what it does anyhow. */
void world_server_slow(struct world *w, uint32_t ms);

/* Keeps the disk as it is now, or puts back what was kept: an operator's
 * backup, or a server that wants the past back. The server must be down. */
void world_disk_keep(struct world *w);
void world_disk_put_back(struct world *w);
struct disk *world_disk(struct world *w);

struct server *world_server(struct world *w);

/* Makes an invite, durable; link holds WIRE_LINK_TEXT_MAX. */
bool world_invite(struct world *w, const char *name, char *link);

/* Does to an account what an operator does; returns whether it is done, and
 * durable. */
bool world_user(struct world *w, enum server_user_op op, const char *name);

/* The address at which programs reach the server. */
struct wire_address world_address(void);

/* ---- programs ---- */

struct world_home *world_home_new(struct world *w);

/* Starts a program in a home (NULL: one of its own). */
struct program *world_program(struct world *w, const char *label,
    struct world_home *home, const struct client_options *options);

/* Ends it, as a crash does. The struct stays, for its log. */
void program_kill(struct program *p);

struct client_options program_options(void);

/* The outcome of a command, or -1 while it has none. */
int program_outcome(const struct program *p, uint32_t command);

/* Runs the world until the command is done; returns the outcome, -1 when it
 * has none after a minute, or the program is dead. */
int program_wait(struct program *p, uint32_t command);

/* The newest logged event of a type that has this name ("" or NULL: any);
 * NULL if there is none. */
const struct world_event *program_last(const struct program *p,
    enum sotto_event_type type, const char *name);

/* How many logged events of that type have this name. */
size_t program_count(const struct program *p, enum sotto_event_type type,
    const char *name);

/* ---- what an attacker on the network does ---- */

/* A connection of a stranger to the server, from this address; NULL: it is
 * refused. */
struct world_conn *world_stranger(struct world *w,
    const struct wire_endpoint *from);

/* Cuts a connection in both directions. */
void world_cut(struct world *w, struct world_conn *c);
void world_cut_all(struct world *w);

/* Opens a connection to the server from the address of p and says bytes on
 * it; what comes back is counted by *answered. */
void world_say_to_server(struct world *w, struct program *p,
    struct bytes bytes, size_t *answered);

/* Opens a connection to a listening program and says bytes on it; what comes
 * back is counted by *answered. */
void world_say_to(struct world *w, struct program *p, struct bytes bytes,
    size_t *answered);

#endif
