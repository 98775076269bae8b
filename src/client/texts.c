#include "client/texts.h"

#include "client/core.h"
#include "client/line.h"
#include "client/pins.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>

/* Texts on their way. */
#define SAID_MAX 1024

static void
show(struct client_line *line, const struct wire_TEXT *m)
{
	struct client *c = line->client;
	struct sotto_event ev = { .type = SOTTO_MESSAGE };

	line->text_in = m->id;
	ev.session.id = line->session;
	ev.session.name = line->peer.name.s;
	ev.session.path = line->path;
	ev.session.pin = client_pins_judge(&c->pins, &line->peer.name,
	    line->peer.identity);
	ev.session.is_caller = line->is_caller;
	ev.text.p = (const char *)m->text.p;
	ev.text.n = m->text.n;
	ev.text.id = m->id;
	ev.text.time_ms = client_now_s(c) * 1000;
	c->effects.event(c->effects.ctx, &ev);
}

/* Who was called hears of the session, by HELLO, when the caller's person
 * does, and speaks then. */
enum err
client_texts_hear(struct client_line *line, const struct wire_TEXT *m)
{
	enum err err = ERR_OK;

	NEED(line->is_shown, ERR_STATE);
	NEED(m->id > line->text_in && text_is_utf8(m->text), ERR_DECODE);
	show(line, m);
out:
	return err;
}

/* The oldest texts come first. */
enum err
client_texts_receipt(struct client_line *line, uint64_t id)
{
	struct client *c = line->client;
	size_t i = 0;

	while (i < line->said_n && line->said[i].line_id != id)
		i++;
	if (i == line->said_n)
		return ERR_STATE;
	if (line->is_shown) {
		struct sotto_event ev = { .type = SOTTO_SENT };

		ev.session.id = line->session;
		ev.session.name = line->peer.name.s;
		ev.session.path = line->path;
		ev.sent.id = line->said[i].id;
		ev.sent.ms = (uint32_t)(client_now_ms(c) -
		    line->said[i].at_ms);
		c->effects.event(c->effects.ctx, &ev);
	}
	line->said_n--;
	memmove(&line->said[i], &line->said[i + 1],
	    (line->said_n - i) * sizeof line->said[0]);
	return ERR_OK;
}

static enum err
remember(struct client_line *line, uint64_t line_id)
{
	struct client *c = line->client;
	size_t cap = line->said_cap == 0 ? 8 : 2 * line->said_cap;

	if (line->said_n == SAID_MAX)
		return ERR_LIMIT;
	if (line->said_n == line->said_cap) {
		struct client_said *said = realloc(line->said,
		    cap * sizeof *said);

		if (said == NULL)
			return ERR_NOMEM;
		line->said = said;
		line->said_cap = cap;
	}
	line->said[line->said_n++] = (struct client_said){ ++c->next_said,
		line_id, client_now_ms(c) };
	return ERR_OK;
}

enum err
client_texts_say(struct client_line *line, struct bytes text, uint64_t *id)
{
	struct wire_TEXT m = { .id = line->text_out + 1, .text = text };
	enum err err = ERR_OK;

	NEED(text.n > 0 && text.n <= WIRE_TEXT_MAX && text_is_utf8(text),
	    ERR_ARG);
	NEED(client_pins_judge(&line->client->pins, &line->peer.name,
		 line->peer.identity) != SOTTO_PIN_CHANGED ||
		PLANTED(PLANT_SAID_TO_CHANGED_KEY), ERR_KEY);
	NEED(client_line_has_room(line), ERR_LIMIT);
	TRY(remember(line, m.id));
	client_line_put(line, WIRE_TEXT, &m);
	line->text_out = m.id;
	*id = line->client->next_said;
out:
	return err;
}

void
client_texts_written(struct client_line *line, uint64_t id)
{
	struct wire_WRITTEN m = { .id = id };

	client_line_put(line, WIRE_WRITTEN, &m);
}
