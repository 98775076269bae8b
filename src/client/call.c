#include "client/call.h"

#include "client/command.h"
#include "client/core.h"
#include "client/dial.h"
#include "client/introduction.h"
#include "client/people.h"

#include <string.h>

/* How long the other person may think, and the server may take. */
#define ANSWER_MS (WIRE_CONSENT_MS + 15000)

/* How long the line with the higher id waits for the lower one; and how long
 * after it began a line still counts as one of two at once. */
#define TWIN_MS	      3000
#define TWIN_RECENT_MS 15000

#define ASKS_MAX 2

static void
finish(struct client *c, struct client_command *cmd,
    enum sotto_outcome outcome, const char *why)
{
	struct client_report r = client_report_make(outcome, why, "",
	    outcome == SOTTO_NOT_THERE ? "%s cannot be reached." :
					 "There is no line to %s.",
	    cmd->name.s);

	client_command_done(c, cmd, &r);
}

static struct client_command *
command_of(const struct timer *t)
{
	return LIST_ITEM(t, struct client_command, call.timer);
}

struct bytes
client_call_ticket(const struct client_command *cmd)
{
	return (struct bytes){ cmd->call.ticket, cmd->call.ticket_n };
}

/* Returns the call to name that is under way, or NULL. */
static struct client_command *
call_to(const struct client *c, const struct wire_name *name)
{
	LIST_EACH (at, &c->commands) {
		struct client_command *cmd =
		    LIST_ITEM(at, struct client_command, link);

		if (cmd->type == CLIENT_COMMAND_CALL &&
		    cmd->call.state != CLIENT_CALL_NONE &&
		    wire_name_equal(&cmd->name, name))
			return cmd;
	}
	return NULL;
}

bool
client_call_is_to(const struct client *c, const struct wire_name *name)
{
	return call_to(c, name) != NULL;
}

/* ---- asking ---- */

static void
on_no_answer(struct timer *t, void *ctx)
{
	finish(ctx, command_of(t), SOTTO_NOT_THERE, "Nobody answered.");
}

static void
ask(struct client *c, struct client_command *cmd)
{
	struct client_call *call = &cmd->call;
	struct wire_WANT m = { .name = cmd->name };

	m.paths = client_introduction_paths(c);
	if (call->avoids_direct)
		m.paths &= (uint8_t)~WIRE_PATH_DIRECT;
	if (m.paths == 0) {
		finish(c, cmd, SOTTO_USAGE, "No path is allowed: a direct line"
		    " shows this machine's address.");
		return;
	}
	call->asks++;
	call->is_relayed = false;
	client_random(c, call->nonce, sizeof call->nonce);
	memcpy(m.nonce, call->nonce, sizeof m.nonce);
	m.req = cmd->req = ++c->next_req;
	call->state = CLIENT_CALL_ASKED;
	call->timer.fire = on_no_answer;
	client_arm(c, &call->timer, ANSWER_MS);
	client_channel_say(c, WIRE_WANT, &m);
}

static void
start(struct client *c, struct client_command *cmd)
{
	if (wire_name_equal(&cmd->name, &c->account.name)) {
		finish(c, cmd, SOTTO_USAGE, "That is you.");
		return;
	}
	LIST_EACH (at, &c->lines) {
		struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		if (line->is_shown && line->state == CLIENT_LINE_UP &&
		    wire_name_equal(&line->peer.name, &cmd->name)) {
			client_command_ok(c, cmd);
			return;
		}
	}
	ask(c, cmd);
}

static void
refused(struct client *c, struct client_command *cmd,
    const struct wire_ERROR *error)
{
	struct client_report r;

	cmd->call.state = CLIENT_CALL_NONE;
	if (error->code == WIRE_ERROR_OFFLINE) {
		r = client_report_make(SOTTO_NOT_THERE,
		    "No device of theirs is reachable now.",
		    "Try again later.", "%s is offline.", cmd->name.s);
	} else if (error->code == WIRE_ERROR_REFUSED) {
		r = client_report_make(SOTTO_REFUSED,
		    "They do not want to speak now.", "", "%s refuses.",
		    cmd->name.s);
	} else if (error->code == WIRE_ERROR_UNKNOWN) {
		r = client_report_make(SOTTO_NOT_THERE,
		    "The server knows nobody of that name.", "See list.",
		    "There is no %s.", cmd->name.s);
	} else {
		r = client_report_error(error, "There is no line.");
	}
	client_command_done(c, cmd, &r);
}

/* ---- dialling ---- */

static size_t
count_lines(const struct client *c, const struct client_command *cmd)
{
	size_t n = 0;

	LIST_EACH (at, &c->lines) {
		const struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		n += line->call == cmd && line->state != CLIENT_LINE_OVER;
	}
	return n;
}

static struct client_line *
new_line(struct client *c, struct client_command *cmd, enum sotto_path path)
{
	struct client_line *line = client_line_call(c, cmd, path);

	if (line == NULL)
		return NULL;
	memcpy(line->id, cmd->call.id, sizeof line->id);
	line->peer = cmd->call.peer;
	return line;
}

static void
dial_direct(struct client *c, struct client_command *cmd,
    const struct wire_endpoint *at, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct client_line *line;

		if (!client_dial_is_allowed(&at[i], &c->channel.server))
			continue;
		line = new_line(c, cmd, SOTTO_PATH_DIRECT);
		if (line != NULL)
			client_line_dial(line, &at[i]);
	}
}

static void
dial_relay(struct client *c, struct client_command *cmd)
{
	struct client_line *line;

	if (cmd->call.is_relayed || !(cmd->call.paths & WIRE_PATH_RELAY))
		return;
	cmd->call.is_relayed = true;
	line = new_line(c, cmd, SOTTO_PATH_RELAY);
	if (line != NULL)
		client_line_stream(line);
}

static void
on_slow(struct timer *t, void *ctx)
{
	dial_relay(ctx, command_of(t));
}

static void
dial(struct client *c, struct client_command *cmd,
    const struct wire_endpoint *at, size_t n)
{
	struct client_call *call = &cmd->call;

	call->state = CLIENT_CALL_DIALING;
	wheel_cancel(&c->wheel, &call->timer);
	if (call->paths & WIRE_PATH_DIRECT)
		dial_direct(c, cmd, at, n);
	if (count_lines(c, cmd) == 0) {
		dial_relay(c, cmd);
	} else {
		call->timer.fire = on_slow;
		client_arm(c, &call->timer, WIRE_DIRECT_MS);
	}
	if (count_lines(c, cmd) == 0)
		finish(c, cmd, SOTTO_NOT_THERE,
		    "There is no path that both sides allow.");
}

static enum client_trust
take_peer(struct client *c, struct client_command *cmd,
    const struct wire_INTRODUCED *m)
{
	struct pact_roster roster;
	enum client_trust trust = client_people_read(c, &cmd->name, m->roster,
	    &roster);

	if (trust == CLIENT_TRUST_YES &&
	    !client_people_peer(c, &roster, m->device, &cmd->call.peer))
		trust = CLIENT_TRUST_BROKEN;
	return trust;
}

static enum err
answer(struct client *c, struct client_command *cmd, enum wire_type type,
    const void *message)
{
	const struct wire_INTRODUCED *m = message;
	struct client_call *call = &cmd->call;
	struct wire_endpoint at[WIRE_ENDPOINTS_MAX];
	enum client_trust trust;
	struct client_report r;
	size_t n;
	enum err err = ERR_OK;

	NEED(type == WIRE_INTRODUCED, ERR_STATE);
	/* Another session of theirs accepts too: one is enough. */
	if (call->state != CLIENT_CALL_ASKED)
		return ERR_OK;
	NEED(memcmp(m->nonce, call->nonce, sizeof m->nonce) == 0 &&
		m->ticket.n > 0 && m->ticket.n <= sizeof call->ticket,
	    ERR_DECODE);
	TRY(wire_endpoints_decode(m->endpoints, at, &n));
	trust = take_peer(c, cmd, m);
	if (trust != CLIENT_TRUST_YES) {
		r = client_people_alarm(c, &cmd->name, trust);
		client_command_done(c, cmd, &r);
		return ERR_OK;
	}
	memcpy(call->id, m->id, sizeof call->id);
	memcpy(call->ticket, m->ticket.p, m->ticket.n);
	call->ticket_n = m->ticket.n;
	call->paths = m->paths & client_introduction_paths(c);
	if (call->avoids_direct)
		call->paths &= (uint8_t)~WIRE_PATH_DIRECT;
	dial(c, cmd, at, n);
out:
	return err;
}

bool
client_call_may_begin(const struct client_line *line)
{
	LIST_EACH (at, &line->client->lines) {
		const struct client_line *other =
		    LIST_ITEM(at, struct client_line, link);

		if (other != line && other->call == line->call &&
		    other->path == line->path &&
		    other->state == CLIENT_LINE_MESSAGE2)
			return false;
	}
	return true;
}

void
client_call_lost(struct client *c, struct client_command *cmd,
    const struct client_report *why)
{
	struct client_call *call = &cmd->call;

	if (call->state == CLIENT_CALL_TWIN || count_lines(c, cmd) > 0)
		return;
	dial_relay(c, cmd);
	if (count_lines(c, cmd) > 0)
		return;
	if (call->asks < ASKS_MAX &&
	    c->session.state == CLIENT_SESSION_READY) {
		call->avoids_direct =
		    (client_introduction_paths(c) & WIRE_PATH_RELAY) != 0;
		ask(c, cmd);
		return;
	}
	finish(c, cmd, SOTTO_NOT_THERE, why->why);
}

/* ---- standing ---- */

static void
show(struct client *c, struct client_command *cmd, struct client_line *line)
{
	client_line_show(line);
	client_command_ok(c, cmd);
}

/* The line with the lower id has not come: ours is the one. */
static void
on_no_twin(struct timer *t, void *ctx)
{
	struct client_command *cmd = command_of(t);
	struct client *c = ctx;

	LIST_EACH (at, &c->lines) {
		struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		if (line->call == cmd && line->state == CLIENT_LINE_UP) {
			show(c, cmd, line);
			return;
		}
	}
	finish(c, cmd, SOTTO_NOT_THERE,
	    "Both called at once, and neither line came to stand.");
}

void
client_call_won(struct client_line *line)
{
	struct client *c = line->client;
	struct client_command *cmd = line->call;
	struct client_call *call = &cmd->call;

	LIST_EACH (at, &c->lines) {
		struct client_line *other =
		    LIST_ITEM(at, struct client_line, link);

		if (other == line || other->call != cmd)
			continue;
		other->call = NULL;
		client_line_cut(other, "Another path was faster.");
	}
	wheel_cancel(&c->wheel, &call->timer);
	if (client_introduction_has_lower(c, &line->peer, line->id)) {
		call->state = CLIENT_CALL_TWIN;
		call->timer.fire = on_no_twin;
		client_arm(c, &call->timer, TWIN_MS);
		return;
	}
	show(c, cmd, line);
}

bool
client_call_twin(const struct client_line *line)
{
	struct client *c = line->client;
	const struct client_command *cmd = call_to(c, &line->peer.name);
	uint64_t now = client_now_ms(c);

	if (cmd != NULL && cmd->call.state >= CLIENT_CALL_DIALING &&
	    memcmp(cmd->call.peer.device, line->peer.device,
		sizeof line->peer.device) == 0 &&
	    memcmp(cmd->call.id, line->id, sizeof line->id) < 0)
		return true;
	LIST_EACH (at, &c->lines) {
		const struct client_line *other =
		    LIST_ITEM(at, struct client_line, link);

		if (other != line && other->is_caller && other->is_shown &&
		    other->state == CLIENT_LINE_UP &&
		    now - other->since_ms < TWIN_RECENT_MS &&
		    wire_name_equal(&other->peer.name, &line->peer.name) &&
		    memcmp(other->peer.device, line->peer.device,
			sizeof line->peer.device) == 0 &&
		    memcmp(other->id, line->id, sizeof line->id) < 0)
			return true;
	}
	return false;
}

void
client_call_joined(struct client_line *line)
{
	struct client *c = line->client;
	struct client_command *cmd = call_to(c, &line->peer.name);

	if (cmd != NULL)
		client_command_ok(c, cmd);
}

void
client_call_stop(struct client *c, struct client_command *cmd)
{
	struct client_call *call = &cmd->call;
	struct wire_UNWANT m;

	wheel_cancel(&c->wheel, &call->timer);
	if (call->state == CLIENT_CALL_ASKED &&
	    c->session.state == CLIENT_SESSION_READY) {
		memcpy(m.nonce, call->nonce, sizeof m.nonce);
		client_channel_say(c, WIRE_UNWANT, &m);
	}
	LIST_EACH (at, &c->lines) {
		struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		if (line->call != cmd)
			continue;
		line->call = NULL;
		client_line_close(line, WIRE_CLOSE_TWIN);
	}
}

const struct client_command_kind client_call_kind = {
	.start = start,
	.answer = answer,
	.refused = refused,
	.failed = "There is no line.",
};
