#include "server/buffer.h"

#include "server/conn.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of buffers that are kept for whoever needs some next, and of the
 * one in which records are sealed. */
#define SPARES     64
#define SPARES_MAX (256 * 1024)
#define SEALED_MAX (128 * 1024)

/* ---- buffers ---- */

struct server_io *
server_buffer_get(struct server *s, struct server_conn *c)
{
	if (c->io != NULL)
		return c->io;
	if (s->spare != NULL) {
		c->io = s->spare;
		s->spare = c->io->next_spare;
		c->io->next_spare = NULL;
		s->spares--;
		s->spares_size -= c->io->pending.cap;
		return c->io;
	}
	c->io = calloc(1, sizeof *c->io);
	if (c->io != NULL)
		c->io->pending = wr_new();
	return c->io;
}

static void
count(struct server *s, struct server_io *io, size_t size)
{
	s->stats.waiting_bytes += size;
	s->stats.waiting_bytes -= io->counted;
	io->counted = size;
}

/* Keeps buffers for the next, or releases them; they are empty. */
static void
keep_spare(struct server *s, struct server_io *io)
{
	struct wr pending = io->pending;

	if (s->spares == SPARES ||
	    s->spares_size + pending.cap > SPARES_MAX) {
		wr_free(&io->pending);
		free(io);
		return;
	}
	if (pending.n != 0)
		bytes_wipe(pending.p, pending.n);
	wr_reset(&pending);
	*io = (struct server_io){ .pending = pending,
		.next_spare = s->spare };
	s->spare = io;
	s->spares++;
	s->spares_size += pending.cap;
}

void
server_buffer_release(struct server *s, struct server_conn *c)
{
	struct server_io *io = c->io;

	if (io == NULL)
		return;
	c->io = NULL;
	count(s, io, 0);
	while (io->first != NULL) {
		struct server_chunk *chunk = io->first;

		io->first = chunk->next;
		free(chunk);
	}
	if (io->in != NULL)
		bytes_wipe(io->in, io->have);
	free(io->in);
	keep_spare(s, io);
}

void
server_buffer_tidy(struct server *s, struct server_conn *c)
{
	struct server_io *io = c->io;

	if (io == NULL)
		return;
	if (io->pending.n == 0 && io->first == NULL && io->in == NULL)
		server_buffer_release(s, c);
	else
		count(s, io, io->pending.cap + io->chunks +
		    (io->in != NULL ? io->want : 0));
}

void
server_buffer_free_spares(struct server *s)
{
	while (s->spare != NULL) {
		struct server_io *io = s->spare;

		s->spare = io->next_spare;
		wr_free(&io->pending);
		free(io);
	}
	s->spares = s->spares_size = 0;
}

size_t
server_buffer_waiting(const struct server_conn *c)
{
	return c->io == NULL ? 0 : c->io->pending.n + c->io->out;
}

/* ---- on the way out ---- */

enum err
server_buffer_send(struct server *s, struct server_conn *c, struct bytes out)
{
	struct server_io *io = server_buffer_get(s, c);
	struct server_chunk *chunk;

	if (out.n > c->credit)
		return ERR_LIMIT;
	chunk = malloc(sizeof *chunk + out.n);
	if (io == NULL || chunk == NULL) {
		free(chunk);
		return ERR_NOMEM;
	}
	if (c->credit != UINT32_MAX)
		c->credit -= (uint32_t)out.n;
	chunk->next = NULL;
	chunk->n = chunk->left = out.n;
	memcpy(chunk->p, out.p, out.n);
	if (io->first == NULL)
		io->first = chunk;
	else
		io->last->next = chunk;
	io->last = chunk;
	io->out += out.n;
	io->chunks += sizeof *chunk + out.n;
	server_buffer_tidy(s, c);
	s->effects.send(s->effects.ctx, c->shell, chunk->p, chunk->n);
	return ERR_OK;
}

void
server_buffer_sent(struct server_conn *c, size_t n)
{
	struct server_io *io = c->io;

	while (n > 0 && io != NULL && io->first != NULL) {
		struct server_chunk *chunk = io->first;
		size_t some = n < chunk->left ? n : chunk->left;

		chunk->left -= some;
		io->out -= some;
		n -= some;
		if (chunk->left > 0)
			break;
		io->first = chunk->next;
		io->chunks -= sizeof *chunk + chunk->n;
		free(chunk);
	}
}

enum err
server_buffer_seal(struct server *s, struct server_conn *c)
{
	struct wr *pending = &c->io->pending;
	uint32_t now_s = (uint32_t)(server_now_ms(s) / 1000);
	bool is_due = now_s - c->rekeyed_s >= WIRE_REKEY_MS / 1000;
	enum err err;

	wr_reset(&s->sealed);
	TRY(pact_channel_seal(&server_vault(c)->channel, wr_bytes(pending),
	    is_due, &s->sealed));
	if (is_due)
		c->rekeyed_s = now_s;
	bytes_wipe(pending->p, pending->n);
	wr_reset(pending);
	TRY(server_buffer_send(s, c, wr_bytes(&s->sealed)));
out:
	if (s->sealed.cap > SEALED_MAX)
		wr_free(&s->sealed);
	return err;
}

/* ---- the bound ---- */

/* Returns the connection whose buffers take most, and what those of all
 * take; such as are dropped already do not count. */
static struct server_conn *
largest(struct server *s, size_t *all)
{
	struct server_conn *most = NULL;

	*all = 0;
	for (uint32_t i = 0; i < s->conns_high; i++) {
		struct server_conn *c = &s->conns[i];

		if (c->state == SERVER_DEAD || c->io == NULL)
			continue;
		*all += c->io->counted;
		if (most == NULL || c->io->counted > most->io->counted)
			most = c;
	}
	return most;
}

void
server_buffer_bound(struct server *s)
{
	while (s->stats.waiting_bytes > s->config.max_waiting) {
		size_t all;
		struct server_conn *most = largest(s, &all);

		if (all <= s->config.max_waiting)
			return;
		s->stats.closed_limit++;
		server_conn_drop(s, most);
	}
}
