#include "sottod/control.h"

#include "sottod/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

struct control {
	struct shell *shell;
	struct net_stream *stream; /* NULL: it has gone */
	bool is_asked, is_answered;
	char in[CONTROL_LINE_MAX];
	size_t n_in;
	char snapshot[64]; /* the file that whoever asked takes, or "" */
	struct line out; /* complete before it is sent */
};

static void
drop(struct control *c)
{
	char path[DIR_PATH_MAX];

	/* It was there for its taker, who has it or has gone. */
	if (c->snapshot[0] != '\0') {
		dir_path(path, c->shell->dir, c->snapshot);
		(void)unlink(path);
	}
	if (c->out.p != NULL)
		bytes_wipe(c->out.p, c->out.n);
	line_free(&c->out);
	free(c);
}

/* Appends text with everything that would end a field or line blanked. */
static void
put_field(struct line *l, const char *text)
{
	for (; *text != '\0'; text++)
		line_put(l, "%c", (uint8_t)*text < 0x20 ? ' ' : *text);
}

static void
on_line(void *ctx, const char *text)
{
	struct control *c = ctx;

	line_put(&c->out, "=");
	if (text == NULL)
		line_lose(&c->out);
	else
		put_field(&c->out, text);
	line_put(&c->out, "\n");
}

static void
on_end(void *ctx, const struct trouble *t)
{
	struct control *c = ctx;

	c->is_answered = true;
	if (t == NULL) {
		line_put(&c->out, ".\n");
	} else {
		c->snapshot[0] = '\0';
		line_put(&c->out, "!%d\t", t->code);
		put_field(&c->out, t->what);
		line_put(&c->out, "\t");
		put_field(&c->out, t->why);
		line_put(&c->out, "\t");
		put_field(&c->out, t->advice);
		line_put(&c->out, "\n");
	}
	if (c->stream == NULL)
		drop(c);
	else if (c->out.is_lost)
		net_close(c->stream, true);
	else
		net_send(c->stream, (const uint8_t *)c->out.p, c->out.n);
}

static void
run(struct control *c)
{
	struct admin_reply reply = { on_line, on_end, c };
	char *words[ADMIN_WORDS_MAX], *rest = NULL;
	unsigned n = 0;
	bool is_json;

	c->is_asked = true;
	for (char *word = strtok_r(c->in, " ", &rest);
	     word != NULL && n < ADMIN_WORDS_MAX;
	     word = strtok_r(NULL, " ", &rest))
		words[n++] = word;
	if (n < 2) {
		net_close(c->stream, true);
		return;
	}
	is_json = strcmp(words[0], "json") == 0;
	if (n == 3 && strcmp(words[1], "snapshot") == 0)
		(void)snprintf(c->snapshot, sizeof c->snapshot, "%s",
		    words[2]);
	admin_run(c->shell, words + 1, n - 1, is_json, &reply);
}

static void
on_bytes(void *ctx, const uint8_t *p, size_t n)
{
	struct control *c = ctx;
	const uint8_t *end = memchr(p, '\n', n);

	if (end != NULL)
		n = (size_t)(end - p);
	if (c->is_asked || n >= sizeof c->in - c->n_in ||
	    memchr(p, '\0', n) != NULL) {
		net_close(c->stream, true);
		return;
	}
	memcpy(c->in + c->n_in, p, n);
	c->n_in += n;
	c->in[c->n_in] = '\0';
	if (end != NULL)
		run(c);
}

static void
on_sent(void *ctx, size_t n)
{
	(void)ctx;
	(void)n;
}

static void
on_closed(void *ctx, enum err err)
{
	struct control *c = ctx;

	(void)err;
	c->stream = NULL;
	if (!c->is_asked || c->is_answered)
		drop(c);
}

static const struct net_stream_events events = { on_bytes, on_sent,
	on_closed };

static void
on_accept(void *ctx, struct net_stream *st)
{
	struct control *c = calloc(1, sizeof *c);

	if (c == NULL) {
		net_close(st, true);
		return;
	}
	c->shell = ctx;
	c->stream = st;
	net_stream_use(st, &events, c);
}

int
control_listen(struct shell *sh, struct trouble *t)
{
	char path[DIR_PATH_MAX];
	struct net_listener *l;
	enum err err;

	dir_path(path, sh->dir, "control");
	err = net_listen_unix(sh->net, path, on_accept, sh, &l);
	if (err == ERR_OK)
		return 0;
	return trouble_set(t, EX_UNAVAILABLE, "control socket",
	    err == ERR_ARG ? "name a folder with a shorter path by --data" :
	    "see whether the disk is full", "%s: %s", path,
	    err == ERR_ARG ? "path too long for a socket" :
	    net_why(sh->net));
}
