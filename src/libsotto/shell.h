/*
 * shell - does what the client's core decides: connections, the clock, the
 * disk, and long work on other threads.
 *
 * An effect of the core is done, or noted and done at the end of the loop's
 * round; whatever comes of it goes back into the core from the loop, never
 * from inside the effect.
 *
 * Of the addresses at which a listener is reached, the core is told that one
 * first through which this machine reaches its server: whoever speaks through
 * the same server most likely reaches it too.
 */
#ifndef LIBSOTTO_SHELL_H
#define LIBSOTTO_SHELL_H

#include "client/client.h"
#include "libsotto/home.h"
#include "libsotto/queue.h"
#include "net/net.h"

/* The server, and lines with their attempts: the core has at most
 * WIRE_LINES_MAX lines, each with a few connections at first. */
#define SHELL_LINKS_MAX 128

/* Stretching runs for one or two passwords at a time, and one puzzle. */
#define SHELL_JOBS_MAX 5

#define SHELL_ENDPOINTS_MAX 16

struct shell;

struct shell_link {
	struct shell *shell;
	client_link id; /* 0: free */
	struct net_attempt *attempt;
	struct net_stream *stream;
	bool is_server;
	enum err failed; /* to be told at the end of the round */
};

struct shell_job {
	struct shell *shell;
	client_job id;               /* 0: free */
	struct client_stretch *stretch; /* one of these */
	struct client_solve *solve;
	bool is_refused;             /* there was no thread for it */
};

struct shell_save {
	struct shell *shell;
	struct home_write write;
	enum err err;
	bool is_done; /* to be told at the end of the round */
};

struct shell {
	struct net *net;
	struct client *core; /* NULL until there is an account */
	struct queue events;
	char *root; /* the home, or NULL: nothing is written */
	struct home_account account;
	struct net_addr listen_at;
	struct net_listener *listener;
	struct net_addr bound;     /* of the listener */
	struct net_addr to_server; /* our end of the way to the server */
	bool wants_listener;
	bool has_listen_news;  /* wants_listener has changed */
	bool has_address_news; /* to_server has changed */
	bool is_ending;
	struct shell_link links[SHELL_LINKS_MAX];
	struct shell_job jobs[SHELL_JOBS_MAX];
	struct shell_save saves[CLIENT_FILES];
};

/*
 * Prepares a shell without a core. root is copied; NULL: nothing is written.
 * listen_at is where direct lines are accepted. IO or NOMEM.
 */
MUST_USE enum err shell_init(struct shell *sh, const char *root,
    const struct net_addr *listen_at);

/* Makes the core of shell.account with these files. As client_new. */
MUST_USE enum err shell_start(struct shell *sh,
    const struct client_options *options, const struct client_files *files);

/* Lets the next round do what commands have begun; what is begun together
 * is done together. */
void shell_wake(struct shell *sh);

/* Ends everything at once and wipes it. */
void shell_wipe(struct shell *sh);

#endif
