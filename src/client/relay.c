#include "client/relay.h"

#include "client/core.h"
#include "client/introduction.h"
#include "client/line.h"

#include <string.h>

/* Credit is given back in steps, not for every message. */
#define CREDIT_STEP (WIRE_CREDIT_MAX / 4)

static struct client_line *
find(struct client *c, uint32_t number)
{
	LIST_EACH (at, &c->lines) {
		struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		if (line->stream.is_open && line->stream.number == number)
			return line;
	}
	return NULL;
}

static void
refuse(struct client *c, uint32_t number)
{
	struct wire_STREAM_CLOSE m = { .stream = number };

	client_channel_say(c, WIRE_STREAM_CLOSE, &m);
}

/* Sends as much of what waits as there is credit for. */
static void
pump(struct client_line *line)
{
	struct client_stream *s = &line->stream;
	size_t at = 0;

	while (s->is_open && at < s->out.n &&
	    (s->credit > 0 || PLANTED(PLANT_RELAY_CREDIT_IGNORED))) {
		size_t n = s->out.n - at;
		struct wire_STREAM_DATA m = { .stream = s->number };

		if (PLANTED(PLANT_RELAY_CREDIT_IGNORED))
			s->credit = WIRE_CREDIT_MAX;
		if (n > s->credit)
			n = s->credit;
		if (n > WIRE_STREAM_CHUNK)
			n = WIRE_STREAM_CHUNK;
		m.data = (struct bytes){ s->out.p + at, n };
		client_channel_say(line->client, WIRE_STREAM_DATA, &m);
		s->credit -= (uint32_t)n;
		at += n;
	}
	if (at > 0)
		memmove(s->out.p, s->out.p + at, s->out.n - at);
	s->out.n -= at;
	if (s->out.n == 0)
		wr_free(&s->out);
}

enum err
client_relay_send(struct client_line *line, struct wr *w)
{
	struct client_stream *s = &line->stream;

	wr_put(&s->out, wr_bytes(w));
	wr_free(w);
	if (wr_done(&s->out) != ERR_OK)
		return ERR_NOMEM;
	pump(line);
	return ERR_OK;
}

void
client_relay_close(struct client_line *line)
{
	if (!line->stream.is_open)
		return;
	line->stream.is_open = false;
	refuse(line->client, line->stream.number);
}

/* Returns the line that a stream with this ticket's id is for, or NULL. */
static struct client_line *
line_for(struct client *c, const uint8_t id[16])
{
	LIST_EACH (at, &c->lines) {
		struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		if (line->is_caller && line->path == SOTTO_PATH_RELAY &&
		    line->state == CLIENT_LINE_CONNECTING &&
		    !line->stream.is_open &&
		    memcmp(line->id, id, sizeof line->id) == 0)
			return line;
	}
	if (client_introduction_find(c, id) == NULL)
		return NULL;
	return client_line_answer(c, SOTTO_PATH_RELAY);
}

enum err
client_relay_on_opened(struct client *c, const struct wire_STREAM_OPENED *m)
{
	struct client_line *line;

	if (find(c, m->stream) != NULL)
		return ERR_STATE;
	line = line_for(c, m->id);
	if (line == NULL) {
		refuse(c, m->stream);
		return ERR_OK;
	}
	line->stream.is_open = true;
	line->stream.number = m->stream;
	line->stream.credit = WIRE_CREDIT_MAX;
	line->stream.window = WIRE_CREDIT_MAX;
	if (line->is_caller)
		client_line_begin(line);
	return ERR_OK;
}

enum err
client_relay_on_data(struct client *c, const struct wire_STREAM_DATA *m)
{
	struct client_line *line = find(c, m->stream);
	struct client_stream *s;
	struct wire_STREAM_CREDIT credit = { .stream = m->stream };

	/* It may have been closed here while this was on its way. */
	if (line == NULL)
		return ERR_OK;
	s = &line->stream;
	if (m->data.n > s->window)
		return ERR_DECODE;
	s->window -= (uint32_t)m->data.n;
	s->taken += (uint32_t)m->data.n;
	client_line_bytes(line, m->data);
	if (s->taken < CREDIT_STEP || line->state == CLIENT_LINE_OVER)
		return ERR_OK;
	credit.credit = s->taken;
	s->window += s->taken;
	s->taken = 0;
	client_channel_say(c, WIRE_STREAM_CREDIT, &credit);
	return ERR_OK;
}

enum err
client_relay_on_credit(struct client *c, const struct wire_STREAM_CREDIT *m)
{
	struct client_line *line = find(c, m->stream);

	if (line == NULL)
		return ERR_OK;
	if (m->credit > WIRE_CREDIT_MAX - line->stream.credit)
		return ERR_DECODE;
	line->stream.credit += m->credit;
	pump(line);
	return ERR_OK;
}

void
client_relay_on_close(struct client *c, const struct wire_STREAM_CLOSE *m)
{
	struct client_line *line = find(c, m->stream);

	if (line == NULL)
		return;
	line->stream.is_open = false;
	client_line_cut(line, "The stream ended without a word.");
}
