/* The network: each direction of a connection is a queue of bytes that the
 * core still owns, and a pipe of bytes on their way. */
#include "sim/inside.h"

#include <stdlib.h>
#include <string.h>

#define PIPE_MAX 65536

struct world_end *
net_other(struct world_end *end)
{
	return end == &end->conn->a ? &end->conn->b : &end->conn->a;
}

struct world *
end_world(struct world_end *end)
{
	struct world_end *other = net_other(end);

	return end->program != NULL ? end->program->world :
				      other->program->world;
}

struct world_conn *
net_conn(struct world *w)
{
	struct world_conn *c = calloc(1, sizeof *c);

	if (c == NULL)
		abort();
	c->a.conn = c->b.conn = c;
	c->a.queue = c->a.pipe = wr_new();
	c->b.queue = c->b.pipe = wr_new();
	c->number = w->next_conn++;
	c->next = w->conns;
	w->conns = c;
	return c;
}

/* Removes the first n bytes. */
static void
drop(struct wr *w, size_t n)
{
	memmove(w->p, w->p + n, w->n - n);
	w->n -= n;
}

static uint64_t
delay(struct world *w)
{
	if (w->options.is_calm)
		return 1;
	return rng_chance(&w->net, 50) ? rng_below(&w->net, 300) :
					 rng_below(&w->net, 8);
}

static size_t
chunk(struct world *w, size_t n)
{
	static const uint32_t most[] = { 1, 7, 64, 1500, 65536 };
	uint32_t limit;

	if (w->options.is_calm)
		return n;
	limit = most[rng_below(&w->net, 5)];
	/* Byte by byte is for short runs, or no run would ever end. */
	if (limit < 64 && n > 600)
		limit = 1500;
	limit = 1 + rng_below(&w->net, limit);
	return n < limit ? n : limit;
}

static void deliver(void *owner, uint64_t arg, void *data);

static void
plan_delivery(struct world_end *from)
{
	struct world *w = end_world(from);
	uint64_t wait = delay(w);

	if (from->is_delivering || from->pipe.n == 0)
		return;
	from->is_delivering = true;
	if (w->now + wait < from->stalled_until)
		wait = from->stalled_until - w->now;
	world_plan(w, wait, deliver, from, 0, NULL);
}

/* Moves bytes from the core's queue into the pipe, and tells the core. */
static void
pump(void *owner, uint64_t arg, void *data)
{
	struct world_end *from = owner;
	struct world *w = end_world(from);
	size_t room = PIPE_MAX - from->pipe.n, n = from->queue.n;

	(void)arg;
	(void)data;
	from->is_pumping = false;
	if (from->is_closed)
		return;
	if (n > room)
		n = room;
	if (n > 0) {
		struct bytes moved = { from->queue.p, n };

		if (w->tap != NULL)
			w->tap(w->tap_ctx, from, moved);
		wr_put(&from->pipe, moved);
		drop(&from->queue, n);
		plan_delivery(from);
		if (!from->is_crooked)
			end_sent(from, n);
	}
	if (from->is_closing && from->queue.n == 0 && from->pipe.n == 0)
		net_end_close(from, true);
}

static void
plan_pump(struct world_end *from)
{
	if (from->is_pumping)
		return;
	from->is_pumping = true;
	world_plan(end_world(from), 0, pump, from, 0, NULL);
}

void
net_queue(struct world_end *from, const uint8_t *p, size_t n)
{
	if (from->is_closed)
		return;
	wr_put(&from->queue, (struct bytes){ p, n });
	plan_pump(from);
}

void
net_again(struct world_end *from, struct bytes bytes)
{
	if (from->is_closed || net_other(from)->is_closed)
		return;
	wr_put(&from->pipe, bytes);
	plan_delivery(from);
}

/* What a crook was given has left, as far as the core knows. */
static void
believe_sent(void *owner, uint64_t n, void *data)
{
	(void)data;
	end_sent(owner, (size_t)n);
}

void
net_say(struct world_end *from, const uint8_t *p, size_t n)
{
	struct world *w = end_world(from);

	if (!from->is_crooked) {
		net_queue(from, p, n);
		return;
	}
	w->crook->said(w->crook->ctx, from, (struct bytes){ p, n });
	world_plan(w, 0, believe_sent, from, n, NULL);
}

static void
deliver(void *owner, uint64_t arg, void *data)
{
	struct world_end *from = owner, *to = net_other(from);
	struct world *w = end_world(from);
	uint8_t *copy;
	size_t n;

	(void)arg;
	(void)data;
	from->is_delivering = false;
	if (to->is_closed || from->pipe.n == 0 || to->is_paused)
		return;
	n = chunk(w, from->pipe.n);
	copy = malloc(n);
	if (copy == NULL)
		abort();
	memcpy(copy, from->pipe.p, n);
	drop(&from->pipe, n);
	to->received += n;
	world_note(w, "bytes", from->conn->number, (struct bytes){ copy, n });
	if (to->is_crooked)
		w->crook->heard(w->crook->ctx, to, (struct bytes){ copy, n });
	else
		end_bytes(to, (struct bytes){ copy, n });
	free(copy);
	if (from->queue.n > 0 || from->is_closing)
		plan_pump(from);
	plan_delivery(from);
}

/* The last event of an end. */
static void
hear_close(void *owner, uint64_t arg, void *data)
{
	struct world_end *end = owner;

	(void)arg;
	(void)data;
	if (end->is_closed)
		return;
	end->is_closed = true;
	end_closed(end);
}

/* The other end hears it after what is still on its way. */
static void
announce(void *owner, uint64_t arg, void *data)
{
	struct world_end *from = owner, *to = net_other(from);

	(void)arg;
	(void)data;
	if (to->is_closed)
		return;
	if (from->pipe.n > 0 && !to->is_paused) {
		plan_delivery(from);
		world_plan(end_world(from), 5, announce, from, 0, NULL);
		return;
	}
	hear_close(to, 0, NULL);
}

void
net_end_close(struct world_end *end, bool at_once)
{
	if (end->is_closed)
		return;
	if (!at_once && (end->queue.n > 0 || end->pipe.n > 0)) {
		end->is_closing = true;
		plan_pump(end);
		return;
	}
	wr_reset(&end->queue);
	world_plan(end_world(end), 0, hear_close, end, 0, NULL);
	world_plan(end_world(end), 1, announce, end, 0, NULL);
}

void
net_end_die(struct world_end *end)
{
	struct world *w = end_world(end);

	if (end->is_closed)
		return;
	end->is_closed = true;
	wr_reset(&end->queue);
	/* The kernel may have sent all of it already. */
	if (end->pipe.n > 0 && rng_chance(&w->net, 500))
		end->pipe.n = rng_below(&w->net, (uint32_t)end->pipe.n + 1);
	world_plan(w, 1, announce, end, 0, NULL);
}

void
net_end_pause(struct world_end *end, bool is_paused)
{
	end->is_paused = is_paused;
	if (!is_paused)
		plan_delivery(net_other(end));
}

void
world_cut(struct world *w, struct world_conn *c)
{
	world_note(w, "cut", c->number, BYTES_NONE);
	if (!c->is_cut) {
		c->is_cut = true;
		wr_reset(&c->a.queue);
		wr_reset(&c->b.queue);
		wr_reset(&c->a.pipe);
		wr_reset(&c->b.pipe);
		world_plan(w, 0, hear_close, &c->a, 0, NULL);
		world_plan(w, 0, hear_close, &c->b, 0, NULL);
	}
}

void
world_cut_all(struct world *w)
{
	for (struct world_conn *c = w->conns; c != NULL; c = c->next)
		if (c->a.is_up && !c->a.is_closed)
			world_cut(w, c);
}

void
net_free(struct world *w)
{
	while (w->conns != NULL) {
		struct world_conn *c = w->conns;

		w->conns = c->next;
		wr_free(&c->a.queue);
		wr_free(&c->a.pipe);
		wr_free(&c->b.queue);
		wr_free(&c->b.pipe);
		free(c);
	}
}
