#include "client/conn.h"

#include "client/core.h"

#include <stdlib.h>
#include <string.h>

enum err
client_inbox_feed(struct client_inbox *inbox, struct bytes in,
    client_record_fn *on_record, void *ctx)
{
	struct wr *held = &inbox->held;
	size_t at = 0, n, len;
	bool too_big;
	enum err err = ERR_OK;

	held->grows = true;
	wr_put(held, in);
	TRY(wr_done(held));
	for (;;) {
		struct bytes left = { held->p + at, held->n - at };

		n = pact_channel_cut(left, WIRE_RECORD_MAX - 2, &len,
		    &too_big);
		NEED(!too_big, ERR_TOO_BIG);
		if (n == 0)
			break;
		TRY(on_record(ctx, held->p + at + 2, len));
		at += n;
	}
	if (at > 0)
		memmove(held->p, held->p + at, held->n - at);
	held->n -= at;
	if (held->n == 0)
		wr_free(held);
out:
	return err;
}

void
client_inbox_free(struct client_inbox *inbox)
{
	inbox->held.grows = true;
	wr_free(&inbox->held);
}

struct client_conn *
client_conn_new(struct client *c, const struct client_conn_owner *owner,
    void *ctx)
{
	struct client_conn *conn = calloc(1, sizeof *conn);

	if (conn == NULL)
		return NULL;
	conn->id = ++c->next_link;
	conn->owner = owner;
	conn->ctx = ctx;
	list_push_back(&c->conns, &conn->link);
	return conn;
}

struct client_conn *
client_conn_find(struct client *c, client_link id)
{
	LIST_EACH (at, &c->conns) {
		struct client_conn *conn =
		    LIST_ITEM(at, struct client_conn, link);

		if (conn->id == id)
			return conn;
	}
	return NULL;
}

enum err
client_conn_send(struct client *c, struct client_conn *conn, struct wr *w)
{
	struct client_chunk *chunk;
	size_t n;

	if (w->n == 0)
		return ERR_OK;
	chunk = calloc(1, sizeof *chunk);
	if (chunk == NULL)
		return ERR_NOMEM;
	chunk->p = wr_take(w, &n);
	if (chunk->p == NULL) {
		free(chunk);
		return ERR_NOMEM;
	}
	chunk->n = chunk->left = n;
	if (conn->last == NULL)
		conn->first = chunk;
	else
		conn->last->next = chunk;
	conn->last = chunk;
	conn->out += n;
	c->effects.send(c->effects.ctx, conn->id, chunk->p, n);
	return ERR_OK;
}

void
client_conn_close(struct client *c, struct client_conn *conn, bool at_once)
{
	conn->owner = NULL;
	conn->ctx = NULL;
	if (conn->is_closing)
		return;
	conn->is_closing = true;
	c->effects.close(c->effects.ctx, conn->id, at_once);
	/* For a link never connected no client_closed follows. */
	if (!conn->is_connected)
		client_conn_free(conn);
}

void
client_conn_sent(struct client_conn *conn, size_t n)
{
	while (n > 0 && conn->first != NULL) {
		struct client_chunk *chunk = conn->first;
		size_t part = n < chunk->left ? n : chunk->left;

		n -= part;
		conn->out -= part;
		chunk->left -= part;
		if (chunk->left > 0)
			return;
		conn->first = chunk->next;
		if (conn->first == NULL)
			conn->last = NULL;
		free(chunk->p);
		free(chunk);
	}
}

void
client_conn_free(struct client_conn *conn)
{
	client_conn_sent(conn, conn->out);
	list_remove(&conn->link);
	free(conn);
}
