#include "cli/run.h"
#include "cli/signals.h"

#include <poll.h>
#include <string.h>
#include <time.h>

/* A goodbye takes a round trip; a server that does not answer it will end
 * the session by itself. */
#define GOODBYE_MS        5000
#define GOODBYE_SIGNAL_MS 2000

static uint64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int
fail_last(struct run *run)
{
	const struct sotto_error *e = sotto_last_error(run->s);

	out_error(run->out, e);
	return (int)e->outcome;
}

/* ---- beginning ---- */

int
run_open(struct run *run, const struct options *o, run_handler *on_event,
    void *ctx)
{
	struct sotto_options so = {
		.home = o->home,
		.account = o->account,
		.ephemeral = o->ephemeral != NULL,
		.listen = o->listen,
		.paths = o->paths,
		.hide_address = o->hides_address,
		.allow_unknown_server = o->asks_server_key,
		.policy = o->policy,
		.stretch_mib = o->stretch_mib,
		.stretch_passes = o->stretch_passes,
	};

	*run = (struct run){ .o = o, .out = o->out, .on_event = on_event,
		.ctx = ctx };
	if (o->ephemeral != NULL)
		so.account = so.home = NULL;
	return sotto_new(&so, &run->s) == SOTTO_OK ? 0 : fail_last(run);
}

int
run_set_password(struct run *run, struct password *p)
{
	enum sotto_outcome outcome = sotto_set_password(run->s, p->s, p->n);

	password_wipe(p);
	if (outcome == SOTTO_OK)
		return 0;
	if (outcome != SOTTO_USAGE)
		return fail_last(run);
	return out_fail(run->out, SOTTO_WRONG_PASSWORD,
	    "The password is wrong.",
	    "A password is UTF-8 text of 8 to 1024 bytes, and this is not.",
	    "");
}

/* Lets others reach us, for a command that stays. */
static int
begin_host(struct run *run)
{
	if (run->o->command != CMD_RECEIVE && run->o->command != CMD_CHAT)
		return 0;
	run->host = sotto_host(run->s);
	return run->host == 0 ? fail_last(run) : 0;
}

/* Logs in, for this run only. */
static int
begin_ephemeral(struct run *run)
{
	uint32_t login = sotto_login(run->s, run->o->ephemeral,
	    run->o->server_key);
	int code;

	if (login == 0)
		return fail_last(run);
	code = begin_host(run);
	return code != 0 ? code : run_await(run, login);
}

int
run_begin(struct run *run, const struct options *o, run_handler *on_event,
    void *ctx)
{
	struct password p = { .n = 0 };
	int code = run_open(run, o, on_event, ctx);

	if (code == 0)
		code = password_get(o, &p);
	if (code == 0)
		code = run_set_password(run, &p);
	password_wipe(&p);
	if (code != 0)
		return code;
	return o->ephemeral != NULL ? begin_ephemeral(run) : begin_host(run);
}

/* ---- the loop ---- */

static void
show_offline(struct run *run, const struct sotto_event *ev)
{
	size_t n = strlen(ev->state.why);

	if (n > 0 && ev->state.why[n - 1] == '.')
		n--;
	/* An error, or the end of a logout, says more. */
	if (ev->state.wait_ms > 0)
		out_progress(run->out, "connection lost%s%.*s; trying again "
		    "in %u s", n == 0 ? "" : ": ", (int)n, ev->state.why,
		    (ev->state.wait_ms + 999) / 1000);
}

static void
show_state(struct run *run, const struct sotto_event *ev)
{
	switch (ev->state.state) {
	case SOTTO_STATE_CONNECTING:
		out_progress(run->out, "connecting to %s", ev->state.why);
		break;
	case SOTTO_STATE_WORKING:
		out_progress(run->out, "working%s%s",
		    ev->state.why[0] == '\0' ? "" : ": ", ev->state.why);
		break;
	case SOTTO_STATE_WAITING:
		out_progress(run->out, "waiting %u s for %s",
		    (ev->state.wait_ms + 999) / 1000, ev->state.why);
		break;
	case SOTTO_STATE_ONLINE:
		run->is_online = true;
		out_progress(run->out, "online");
		break;
	case SOTTO_STATE_OFFLINE:
		run->is_online = false;
		show_offline(run, ev);
		break;
	}
}

static void
take_done(struct run *run, const struct sotto_error *e)
{
	run->is_done = true;
	run->code = (int)e->outcome;
	run->wait_ms = 0;
	if (run->code == 0 || run->is_ending)
		return;
	if (e->outcome != SOTTO_WAIT || !run->is_online || e->wait_ms == 0 ||
	    e->wait_ms > run->patience_ms) {
		out_error(run->out, e);
		return;
	}
	run->wait_ms = e->wait_ms;
	run->patience_ms -= e->wait_ms;
}

static void
take_event(struct run *run, const struct sotto_event *ev)
{
	if (ev->type == SOTTO_DONE && ev->command == run->awaited) {
		take_done(run, &ev->error);
		return;
	}
	if (run->is_ending)
		return;
	if (ev->type == SOTTO_STATE)
		show_state(run, ev);
	else if (ev->type == SOTTO_NOTICE && run->out->verbosity >= 0)
		out_error(run->out, &ev->error);
	if (run->on_event != NULL)
		run->on_event(run, ev);
}

static void
take_events(struct run *run)
{
	struct sotto_event ev;

	while (sotto_next(run->s, &ev))
		take_event(run, &ev);
}

static int
sooner(int a, int b)
{
	if (a < 0 || (b >= 0 && b < a))
		return b;
	return a;
}

bool
run_turn(struct run *run, int fd, int timeout_ms)
{
	struct pollfd fds[3] = {
		{ .fd = sotto_fd(run->s), .events = POLLIN },
		{ .fd = signals_caught() == 0 ? signals_fd() : -1,
		    .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};

	timeout_ms = sooner(timeout_ms, sotto_timeout(run->s));
	(void)poll(fds, 3, timeout_ms);
	sotto_step(run->s, 0);
	take_events(run);
	return fds[2].revents != 0;
}

/* Awaits a command until a time, or without end; whether it has ended. */
static bool
await_until(struct run *run, uint32_t command, uint64_t until_ms)
{
	int first_signal = signals_caught();

	run->awaited = command;
	run->is_done = false;
	take_events(run);
	while (!run->is_done && signals_caught() == first_signal) {
		uint64_t now = until_ms == UINT64_MAX ? 0 : now_ms();

		if (now > until_ms)
			break;
		(void)run_turn(run, -1, until_ms == UINT64_MAX ?
		        -1 :
		        (int)(until_ms - now) + 1);
	}
	run->awaited = 0;
	return run->is_done;
}

int
run_await(struct run *run, uint32_t command)
{
	if (command == 0)
		return fail_last(run);
	if (signals_caught() != 0 ||
	    !await_until(run, command, UINT64_MAX))
		return 128 + signals_caught();
	return run->code;
}

bool
run_wait(struct run *run)
{
	uint64_t until_ms = now_ms() + run->wait_ms, now;

	if (run->wait_ms == 0)
		return false;
	if (run->out->verbosity >= 0)
		out_say(run->out, "The server asks for patience: waiting %u s.",
		    (run->wait_ms + 999) / 1000);
	run->wait_ms = 0;
	while ((now = now_ms()) < until_ms && signals_caught() == 0)
		(void)run_turn(run, -1, (int)(until_ms - now));
	return signals_caught() == 0;
}

int
run_end(struct run *run, int code)
{
	uint64_t patience = signals_caught() != 0 ? GOODBYE_SIGNAL_MS :
	                                            GOODBYE_MS;
	uint32_t command;

	if (run->s != NULL && run->is_online) {
		/* What goes wrong while leaving is of no use to anyone. */
		run->on_event = NULL;
		run->is_ending = true;
		command = sotto_logout(run->s, SOTTO_LOGOUT_SESSION);
		if (command != 0)
			(void)await_until(run, command, now_ms() + patience);
	}
	sotto_free(run->s);
	run->s = NULL;
	if (signals_caught() != 0)
		return 128 + signals_caught();
	return code;
}
