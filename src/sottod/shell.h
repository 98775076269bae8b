/*
 * shell - joins the server's core with the store and the network.
 *
 * The core decides; what it wants done is done here, and what happens is told
 * to it. The shell also runs without listening: so a command works on the
 * data of a server that is not running, by the same path as one that is.
 */
#ifndef SOTTOD_SHELL_H
#define SOTTOD_SHELL_H

#include "net/net.h"
#include "server/server.h"
#include "sottod/dir.h"
#include "store/sqlite.h"

struct shell {
	const struct dir *dir;
	char db_path[DIR_PATH_MAX];
	struct config config;
	struct net *net;
	struct store_sqlite *store;
	struct server *core;
	struct env env;
	uint8_t public_key[WIRE_KEY_LEN];
	uint64_t start_ms;
	struct net_listener *listeners[CONFIG_LISTEN_MAX];
	struct net_addr bound[CONFIG_LISTEN_MAX];
	unsigned n_listeners;
	unsigned jobs; /* under way on other threads */
	uint64_t fds;  /* that connections may have; 0: not known */
	uint64_t core_ms, drain_ms, watchdog_ms, rest_ms, deadline_ms;
	uint64_t watchdog_every_ms;
	bool is_draining;
	bool is_broken; /* the store has failed */
	bool is_full;   /* it had no room the last time */
};

/*
 * Opens the data in dir, which the caller has locked: reads the keys, opens
 * the database, makes the core, and waits until it has read the accounts.
 * With may_make what is not there is made. Returns 0, or fills *t and
 * returns its code.
 */
int shell_open(struct shell *sh, const struct dir *dir,
    const struct config *config, bool may_make, struct trouble *t);

/* Waits for what is under way, and closes everything. */
void shell_close(struct shell *sh);

/* Puts numbers for the names to listen on; one that has none stays. */
void shell_resolve(struct config *config);

/* Listens where the configuration says, or on inherited sockets. */
int shell_listen(struct shell *sh, struct trouble *t);

/* Runs until it is stopped, drained, or the store fails. */
void shell_run(struct shell *sh);

/* Stops listening, ends every session; shell_run returns when all are gone,
 * or after some seconds. */
void shell_drain(struct shell *sh);

/* Takes over what can change while serving. */
void shell_configure(struct shell *sh, const struct config *config);

/* Writes where people reach this server: what was given, else the public of
 * the configuration, else what the listening address is in their eyes. */
void shell_public(const struct shell *sh, const char *given,
    struct wire_address *at);

/* Copies the database to a new file on another thread, then calls done. */
void shell_snapshot(struct shell *sh, const char *path,
    void (*done)(void *ctx, enum err err), void *ctx);

#endif
