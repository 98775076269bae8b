/*
 * run - one command from its beginning to its confirmed logout.
 *
 * A command begins a run, which opens the home and gets the password; starts
 * something with a function of sotto.h and awaits its end, while the events
 * that come meanwhile go to its handler; and ends the run, which logs out,
 * also after a signal, then within a short time.
 */
#ifndef CLI_RUN_H
#define CLI_RUN_H

#include "cli/options.h"
#include "cli/password.h"

struct run;

/* Called for each event but the ends of awaited commands. It may call
 * functions of sotto.h, but nothing of this header. */
typedef void run_handler(struct run *run, const struct sotto_event *ev);

struct run {
	const struct options *o;
	struct out *out;
	struct sotto *s;
	run_handler *on_event; /* may be NULL */
	void *ctx;
	bool is_online; /* a session stands, which is to be ended */
	uint32_t host;  /* of receive and chat: what keeps them there */
	uint32_t awaited;
	bool is_done;
	bool is_ending;
	int code; /* of the last command that was awaited */
	uint32_t wait_ms; /* that the server asked that command for, or 0 */
	/* How much longer a command may be asked to wait, while online: such
	 * a one does not count as an error. */
	uint32_t patience_ms;
};

/* Opens the home, without a password. Returns 0 or an exit code. */
int run_open(struct run *run, const struct options *o, run_handler *on_event,
    void *ctx);

/* The same, gets the account's password, and with --ephemeral logs in. For a
 * command that stays, begins that as well, so that one session serves both. */
int run_begin(struct run *run, const struct options *o,
    run_handler *on_event, void *ctx);

/* Gives the password to the session and wipes it. Returns 0 or 8. */
int run_set_password(struct run *run, struct password *p);

/*
 * Waits until command (0: it could not begin) has ended. Returns its exit
 * code, after saying why it failed; 128 + n when a signal came first.
 */
int run_await(struct run *run, uint32_t command);

/* Waits for as long as the server asked the last command to, when there is
 * patience for it. Returns whether the command may be begun again. */
bool run_wait(struct run *run);

/*
 * Works once: waits up to timeout_ms (-1: without end) for an event, a
 * signal, or input on fd (-1: none). Returns whether fd has input.
 */
bool run_turn(struct run *run, int fd, int timeout_ms);

/* Says goodbye to the server and releases everything. Returns the exit code
 * of the program: code, or 128 + n after a signal. */
int run_end(struct run *run, int code);

#endif
