#include "cli/cmd.h"
#include "cli/run.h"
#include "cli/show.h"
#include "cli/signals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A server lets one ask another only so often: up to this is waited for. */
#define PATIENCE_MS 60000

/* One message: what is said, and what became of it. */
struct message {
	char text[SOTTO_TEXT_MAX + 1]; /* one byte too many shows as such */
	size_t n;
	char name[SOTTO_NAME_MAX + 1];
	uint32_t session;
	enum sotto_path path;
	uint64_t id;
	bool is_sent, is_down;
};

static void
on_event(struct run *run, const struct sotto_event *ev)
{
	struct message *m = run->ctx;

	if (ev->type == SOTTO_SESSION_UP && ev->session.is_caller &&
	    m->session == 0) {
		m->session = ev->session.id;
		m->path = ev->session.path;
		(void)snprintf(m->name, sizeof m->name, "%s",
		    ev->session.name);
	} else if (ev->session.id != m->session || m->session == 0) {
		return;
	} else if (ev->type == SOTTO_SENT && ev->sent.id == m->id) {
		m->is_sent = true;
		show_sent(run->out, m->name, m->path, ev->sent.ms);
	} else if (ev->type == SOTTO_SESSION_DOWN) {
		m->is_down = true;
	}
}

static void
append(struct message *m, const char *text, size_t n)
{
	size_t left = sizeof m->text - m->n;

	if (n > left)
		n = left;
	memcpy(m->text + m->n, text, n);
	m->n += n;
}

/* Everything on stdin, as it is. */
static int
read_stdin(const struct options *o, struct message *m)
{
	ssize_t got = 1;

	while (got > 0 && m->n < sizeof m->text) {
		got = read(STDIN_FILENO, m->text + m->n,
		    sizeof m->text - m->n);
		if (got < 0 && errno == EINTR && signals_caught() == 0)
			got = 1;
		else if (got > 0)
			m->n += (size_t)got;
	}
	if (signals_caught() != 0)
		return 128 + signals_caught();
	if (got >= 0)
		return 0;
	return out_fail(o->out, SOTTO_NO_INPUT,
	    "Standard input can not be read.", strerror(errno), "");
}

static void
join_args(const struct options *o, struct message *m)
{
	for (int i = 1; i < o->n_args; i++) {
		if (i > 1)
			append(m, " ", 1);
		append(m, o->args[i], strlen(o->args[i]));
	}
}

static int
get_text(const struct options *o, struct message *m)
{
	int code = 0;

	if (o->n_args == 2 && strcmp(o->args[1], "-") == 0)
		code = read_stdin(o, m);
	else
		join_args(o, m);
	if (code == 0 && m->n == 0)
		return out_fail(o->out, SOTTO_USAGE,
		    "There is nothing to send.", "The message is empty.", "");
	if (code == 0 && m->n > SOTTO_TEXT_MAX)
		return out_fail(o->out, SOTTO_USAGE,
		    "The message is too long.",
		    "A message is at most 16384 bytes.", "");
	return code;
}

/* Brings the line about. */
static int
call(struct run *run, const char *name)
{
	int code;

	run->patience_ms = PATIENCE_MS;
	out_progress(run->out, "waiting for %s to accept", name);
	do
		code = run_await(run, sotto_call(run->s, name));
	while (code == SOTTO_WAIT && run_wait(run));
	return code;
}

/* Says it, and waits for the receipt. */
static int
say(struct run *run, struct message *m)
{
	m->id = sotto_say(run->s, m->session, m->text, m->n);
	if (m->id == 0) {
		out_error(run->out, sotto_last_error(run->s));
		return (int)sotto_last_error(run->s)->outcome;
	}
	while (!m->is_sent && !m->is_down && signals_caught() == 0)
		(void)run_turn(run, -1, -1);
	if (signals_caught() != 0)
		return 128 + signals_caught();
	if (m->is_sent)
		return 0;
	return out_fail(run->out, SOTTO_NOT_THERE,
	    "The message may not have been read.",
	    "The line ended before the other program had shown it.",
	    "Send it again.");
}

int
cmd_send(const struct options *o)
{
	struct message *m = calloc(1, sizeof *m);
	struct run run = { 0 };
	int code;

	if (m == NULL)
		return out_fail(o->out, SOTTO_UNAVAILABLE,
		    "There is no memory.", "", "");
	code = get_text(o, m);
	if (code == 0) {
		code = run_begin(&run, o, on_event, m);
		if (code == 0)
			code = call(&run, o->args[0]);
		if (code == 0)
			code = say(&run, m);
		code = run_end(&run, code);
	}
	explicit_bzero(m, sizeof *m);
	free(m);
	return code;
}
