#include "client/line.h"

#include "client/call.h"
#include "client/core.h"
#include "client/greeting.h"
#include "client/people.h"
#include "client/texts.h"

#include <stdlib.h>
#include <string.h>

/* Lines that do not stand yet; each may hold a record. */
#define UNFINISHED_MAX 32

/* Bytes that wait because the path is slow. */
#define UNSENT_MAX (1024 * 1024)

static const char CUT[] = "The line was cut.";

/* ---- beginning and ending ---- */

static void on_timer(struct timer *t, void *ctx);

static struct client_line *
line_new(struct client *c, enum sotto_path path)
{
	struct client_line *line = calloc(1, sizeof *line);

	if (line == NULL)
		return NULL;
	line->client = c;
	line->path = path;
	line->pending = wr_new();
	line->stream.out = wr_new();
	line->since_ms = client_now_ms(c);
	line->timer.fire = on_timer;
	list_push_back(&c->lines, &line->link);
	client_arm(c, &line->timer, WIRE_LINE_HANDSHAKE_MS);
	return line;
}

struct client_line *
client_line_call(struct client *c, struct client_command *call,
    enum sotto_path path)
{
	struct client_line *line = line_new(c, path);

	if (line == NULL)
		return NULL;
	line->state = CLIENT_LINE_CONNECTING;
	line->is_caller = true;
	line->call = call;
	return line;
}

void
client_line_dial(struct client_line *line, const struct wire_endpoint *to)
{
	struct client *c = line->client;

	line->conn = client_conn_new(c, &client_line_owner, line);
	if (line->conn == NULL)
		client_line_cut(line, err_text(ERR_NOMEM));
	else
		c->effects.connect_endpoint(c->effects.ctx, line->conn->id,
		    to);
}

void
client_line_stream(struct client_line *line)
{
	struct wire_STREAM_OPEN m;

	memcpy(m.id, line->id, sizeof m.id);
	client_channel_say(line->client, WIRE_STREAM_OPEN, &m);
}

struct client_line *
client_line_answer(struct client *c, enum sotto_path path)
{
	struct client_line *line;
	size_t unfinished = 0;

	LIST_EACH (at, &c->lines)
		unfinished += LIST_ITEM(at, struct client_line, link)->state <
		    CLIENT_LINE_UP;
	if (unfinished >= UNFINISHED_MAX)
		return NULL;
	line = line_new(c, path);
	if (line != NULL)
		line->state = CLIENT_LINE_MESSAGE1;
	return line;
}

static void
line_free(struct client_line *line)
{
	struct client *c = line->client;

	wheel_cancel(&c->wheel, &line->timer);
	list_remove(&line->link);
	client_relay_close(line);
	if (line->conn != NULL)
		client_conn_close(c, line->conn, true);
	secret_free(line->handshake);
	if (line->sealed != NULL)
		pact_channel_wipe(client_line_sealed(line));
	secret_free(line->sealed);
	client_inbox_free(&line->inbox);
	wr_free(&line->pending);
	wr_free(&line->stream.out);
	free(line->said);
	bytes_wipe(line, sizeof *line);
	free(line);
}

void
client_line_end(struct client_line *line, const struct client_report *report)
{
	if (line->state == CLIENT_LINE_OVER)
		return;
	line->state = CLIENT_LINE_OVER;
	line->why = *report;
	wheel_cancel(&line->client->wheel, &line->timer);
	if (line->conn != NULL)
		client_conn_close(line->client, line->conn,
		    report->outcome != SOTTO_OK ||
			PLANTED(PLANT_LAST_WORDS_LOST));
	line->conn = NULL;
}

void
client_line_cut(struct client_line *line, const char *why)
{
	struct client_report r = client_report_make(SOTTO_NO_SERVER, why, "",
	    "%s", CUT);

	client_line_end(line, &r);
}

static enum err flush(struct client_line *line);

static size_t
unsent(const struct client_line *line)
{
	return line->pending.n + line->stream.out.n +
	    (line->conn == NULL ? 0 : line->conn->out);
}

bool
client_line_has_room(const struct client_line *line)
{
	return unsent(line) < UNSENT_MAX;
}

/* Texts leave room for what must be answered. */
void
client_line_put(struct client_line *line, enum wire_type type,
    const void *message)
{
	if (unsent(line) > 2 * UNSENT_MAX)
		client_line_cut(line,
		    "The other end asks, and does not listen.");
	else if (wire_encode(&line->pending, type, message) != ERR_OK)
		client_line_cut(line, err_text(ERR_NOMEM));
}

void
client_line_close(struct client_line *line, enum wire_close reason)
{
	struct wire_CLOSE m = { .reason = (uint8_t)reason };
	struct client_report ok = client_report_ok();

	if (line->state == CLIENT_LINE_UP) {
		client_line_put(line, WIRE_CLOSE, &m);
		(void)flush(line);
	}
	client_line_end(line, &ok);
}

/* ---- what comes ---- */

static void
stand(struct client_line *line)
{
	line->state = CLIENT_LINE_UP;
	line->heard_ms = client_now_ms(line->client);
	client_arm(line->client, &line->timer, WIRE_LINE_PING_MS);
}

/* The other end has answered. */
static enum err
on_message2(struct client_line *line, struct bytes record)
{
	enum err err;

	TRY(client_greeting_finish(line, record));
	stand(line);
	client_call_won(line);
out:
	return err;
}

static uint32_t
cap_of(uint8_t type, void *ctx)
{
	const struct client_line *line = ctx;
	const struct wire_kind *kind = wire_kind_of(type);
	bool is_hello = type == WIRE_HELLO;

	if (kind == NULL || !(kind->where & WIRE_ON_LINE) ||
	    is_hello != (line->state == CLIENT_LINE_HELLO))
		return UINT32_MAX;
	return kind->cap;
}

/* The caller's HELLO has opened: now there is a session. */
static enum err
on_hello(struct client_line *line, const struct wire_HELLO *m)
{
	if (memcmp(m->id, line->id, sizeof m->id) != 0)
		return ERR_DECODE;
	stand(line);
	if (client_call_twin(line)) {
		client_line_close(line, WIRE_CLOSE_TWIN);
		return ERR_GONE;
	}
	client_line_show(line);
	client_call_joined(line);
	return ERR_OK;
}

static enum err
on_message(uint8_t type, struct bytes body, void *ctx)
{
	union {
		max_align_t align;
		uint8_t bytes[WIRE_STRUCT_MAX];
		struct wire_HELLO hello;
		struct wire_TEXT text;
		struct wire_WRITTEN written;
	} m;
	struct client_line *line = ctx;
	struct client_report ok = client_report_ok();
	enum err err;

	TRY(wire_decode((enum wire_type)type, body, m.bytes));
	if (type == WIRE_HELLO) {
		TRY(on_hello(line, &m.hello));
	} else if (type == WIRE_TEXT) {
		TRY(client_texts_hear(line, &m.text));
	} else if (type == WIRE_WRITTEN) {
		TRY(client_texts_receipt(line, m.written.id));
	} else if (type == WIRE_PING) {
		client_line_put(line, WIRE_PONG, m.bytes);
	} else if (type == WIRE_CLOSE) {
		client_line_end(line, &ok);
	}
	NEED(line->state != CLIENT_LINE_OVER, ERR_GONE);
out:
	return err;
}

static enum err
on_record(void *ctx, uint8_t *record, size_t n)
{
	struct client_line *line = ctx;
	struct bytes bytes = { record, n };

	switch (line->state) {
	case CLIENT_LINE_MESSAGE1:
		return client_greeting_answer(line, bytes);
	case CLIENT_LINE_MESSAGE2:
		return on_message2(line, bytes);
	case CLIENT_LINE_HELLO:
	case CLIENT_LINE_UP:
		line->heard_ms = client_now_ms(line->client);
		line->is_asked = false;
		return pact_channel_open(client_line_sealed(line), record, n,
		    cap_of, on_message, line);
	case CLIENT_LINE_CONNECTING:
	case CLIENT_LINE_OVER:
		break;
	}
	return ERR_STATE;
}

void
client_line_bytes(struct client_line *line, struct bytes in)
{
	enum err err;

	if (line->state == CLIENT_LINE_OVER)
		return;
	err = client_inbox_feed(&line->inbox, in, on_record, line);
	if (err != ERR_OK && err != ERR_GONE)
		client_line_cut(line, err_class_of(err) == ERR_CLASS_LOCAL ?
			err_text(err) :
			"The other end broke the rules, or somebody altered"
			" what it sent.");
}

/* ---- the connection ---- */

void
client_line_begin(struct client_line *line)
{
	enum err err;

	if (line->state != CLIENT_LINE_CONNECTING || line->call == NULL)
		return;
	if (!client_call_may_begin(line)) {
		client_line_cut(line, "Another path was faster.");
		return;
	}
	err = client_greeting_say(line);
	if (err != ERR_OK)
		client_line_cut(line, err_text(err));
}

static void
on_connected(void *ctx, struct client_conn *conn)
{
	(void)conn;
	client_line_begin(ctx);
}

static void
on_bytes(void *ctx, struct bytes in)
{
	client_line_bytes(ctx, in);
}

static void
on_closed(void *ctx, enum err err)
{
	struct client_line *line = ctx;

	(void)err;
	line->conn = NULL;
	client_line_cut(line, "The connection ended without a word.");
}

const struct client_conn_owner client_line_owner = { on_connected, on_bytes,
	on_closed };

static void
on_timer(struct timer *t, void *ctx)
{
	struct client_line *line = LIST_ITEM(t, struct client_line, timer);
	struct wire_PING ping = { 0 };
	uint64_t quiet_ms;

	(void)ctx;
	if (line->state != CLIENT_LINE_UP) {
		client_line_cut(line, "The other end did not answer.");
		return;
	}
	quiet_ms = client_now_ms(line->client) - line->heard_ms;
	if (quiet_ms >= WIRE_LINE_PING_MS + WIRE_PONG_MS) {
		client_line_cut(line, "The other end does not answer.");
	} else if (quiet_ms < WIRE_LINE_PING_MS) {
		client_arm(line->client, t, WIRE_LINE_PING_MS - quiet_ms);
	} else {
		if (!line->is_asked)
			client_line_put(line, WIRE_PING, &ping);
		line->is_asked = true;
		client_arm(line->client, t,
		    WIRE_LINE_PING_MS + WIRE_PONG_MS - quiet_ms);
	}
}

/* ---- what the person does and sees ---- */

static void
tell(struct client_line *line, enum sotto_event_type type)
{
	struct client *c = line->client;
	struct sotto_event ev = { .type = type };

	if (type == SOTTO_SESSION_DOWN)
		ev.error = client_report_view(&line->why);
	ev.session.id = line->session;
	ev.session.name = line->peer.name.s;
	ev.session.path = line->path;
	ev.session.pin = client_pins_judge(&c->pins, &line->peer.name,
	    line->peer.identity);
	ev.session.is_caller = line->is_caller;
	c->effects.event(c->effects.ctx, &ev);
}

void
client_line_show(struct client_line *line)
{
	struct client *c = line->client;
	struct wire_HELLO hello;

	if (line->is_caller) {
		memcpy(hello.id, line->id, sizeof hello.id);
		client_line_put(line, WIRE_HELLO, &hello);
	}
	client_people_note(c, &line->peer.name, line->peer.identity,
	    line->peer.roster_version);
	if (line->session == 0)
		line->session = ++c->next_session;
	line->is_shown = true;
	line->call = NULL;
	tell(line, SOTTO_SESSION_UP);
}

struct client_line *
client_line_find(struct client *c, uint32_t session)
{
	LIST_EACH (at, &c->lines) {
		struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		if (line->is_shown && line->session == session &&
		    line->state == CLIENT_LINE_UP)
			return line;
	}
	return NULL;
}

size_t
client_line_count(const struct client *c)
{
	size_t n = 0;

	LIST_EACH (at, &c->lines) {
		const struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		n += line->is_shown && line->state == CLIENT_LINE_UP;
	}
	return n;
}

void
client_line_close_all(struct client *c)
{
	LIST_EACH (at, &c->lines)
		client_line_close(LIST_ITEM(at, struct client_line, link),
		    WIRE_CLOSE_DONE);
}

void
client_line_lost_server(struct client *c)
{
	LIST_EACH (at, &c->lines) {
		struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		/* The streams went with the channel. */
		line->stream.is_open = false;
		if (line->path == SOTTO_PATH_RELAY ||
		    line->state != CLIENT_LINE_UP)
			client_line_cut(line,
			    "The connection to the server was lost.");
	}
}

/* ---- sending ---- */

enum err
client_line_send(struct client_line *line, struct wr *w)
{
	if (line->path == SOTTO_PATH_RELAY)
		return client_relay_send(line, w);
	return line->conn == NULL ?
	    ERR_GONE : client_conn_send(line->client, line->conn, w);
}

static enum err
flush(struct client_line *line)
{
	struct wr out = wr_new();
	enum err err;

	TRY(pact_channel_seal(client_line_sealed(line),
	    wr_bytes(&line->pending), false, &out));
	wr_free(&line->pending);
	TRY(client_line_send(line, &out));
out:
	wr_free(&out);
	return err;
}

static void
bury(struct client_line *line)
{
	struct client *c = line->client;
	struct client_command *call = line->call;
	struct client_report why = line->why;

	if (line->is_shown)
		tell(line, SOTTO_SESSION_DOWN);
	line_free(line);
	if (call != NULL)
		client_call_lost(c, call, &why);
}

void
client_line_settle(struct client *c)
{
	struct wire_BUSY busy;

	LIST_EACH (at, &c->lines) {
		struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);
		enum err err = ERR_OK;

		if (line->state != CLIENT_LINE_OVER && line->pending.n > 0)
			err = flush(line);
		if (err != ERR_OK)
			client_line_cut(line, err_text(err));
	}
	LIST_EACH_SAFE (at, &c->lines) {
		struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		if (line->state == CLIENT_LINE_OVER)
			bury(line);
	}
	busy.lines = (uint8_t)client_line_count(c);
	if (PLANTED(PLANT_BUSY_STAYS) && busy.lines == 0)
		return;
	if (busy.lines == c->lines_told ||
	    c->session.state != CLIENT_SESSION_READY)
		return;
	c->lines_told = busy.lines;
	client_channel_say(c, WIRE_BUSY, &busy);
}

void
client_line_free_all(struct client *c)
{
	LIST_EACH_SAFE (at, &c->lines)
		line_free(LIST_ITEM(at, struct client_line, link));
}
