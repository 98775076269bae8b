#include "sim/proxy.h"

#include "pact/channel.h"

#include <stdlib.h>
#include <string.h>

static struct proxy_wire *
wire_of(struct proxy *proxy, struct world_end *end)
{
	struct proxy_wire *wire = proxy->wires;

	while (wire != NULL && wire->end != end)
		wire = wire->next;
	if (wire != NULL)
		return wire;
	wire = calloc(1, sizeof *wire);
	if (wire == NULL)
		abort();
	*wire = (struct proxy_wire){ proxy, end, { wr_new(), wr_new() },
		{ 0, 0 }, proxy->wires };
	proxy->wires = wire;
	return wire;
}

struct proxy_wire *
proxy_find(struct proxy *proxy, const struct program *p)
{
	for (struct proxy_wire *w = proxy->wires; w != NULL; w = w->next)
		if (net_other(w->end)->program == p && !w->end->is_closed)
			return w;
	return NULL;
}

/* ---- sending ---- */

/* A core is never given bytes out of what it does itself. */
static void
arrive(void *owner, uint64_t n, void *data)
{
	struct world_end *end = owner;

	if (!end->is_closed)
		end_bytes(end, (struct bytes){ data, (size_t)n });
	free(data);
}

void
proxy_send(struct proxy_wire *wire, enum proxy_way way, struct bytes bytes)
{
	uint8_t *copy;

	if (way == PROXY_OUT) {
		net_queue(wire->end, bytes.p, bytes.n);
		return;
	}
	copy = malloc(bytes.n + 1);
	if (copy == NULL)
		abort();
	if (bytes.n != 0)
		memcpy(copy, bytes.p, bytes.n);
	world_plan(wire->proxy->world, 0, arrive, wire->end, bytes.n, copy);
}

/* ---- what passes ---- */

static void
pass(struct proxy_wire *wire, enum proxy_way way, struct bytes bytes)
{
	struct wr *held = &wire->held[way];
	size_t n, len;
	bool too_big;

	wr_put(held, bytes);
	while ((n = pact_channel_cut(wr_bytes(held), WIRE_RECORD_MAX - 2,
	    &len, &too_big)) != 0) {
		proxy_fn *fn = wire->proxy->on_record;
		struct wr record = wr_new();

		wr_put(&record, (struct bytes){ held->p, n });
		memmove(held->p, held->p + n, held->n - n);
		held->n -= n;
		if (fn == NULL || fn(wire, way, &record))
			proxy_send(wire, way, wr_bytes(&record));
		wire->records[way]++;
		wr_free(&record);
	}
}

static void
on_said(void *ctx, struct world_end *end, struct bytes bytes)
{
	pass(wire_of(ctx, end), PROXY_OUT, bytes);
}

static void
on_heard(void *ctx, struct world_end *end, struct bytes bytes)
{
	pass(wire_of(ctx, end), PROXY_IN, bytes);
}

static void
on_dialled(void *ctx, struct program *p, const struct wire_endpoint *at)
{
	(void)ctx;
	(void)p;
	(void)at;
}

/* ---- beginning and ending ---- */

static struct proxy *
proxy_new(struct world *w)
{
	struct proxy *proxy = calloc(1, sizeof *proxy);

	if (proxy == NULL || w->crook != NULL)
		abort();
	proxy->world = w;
	proxy->crook = (struct world_crook){ on_said, on_heard, on_dialled,
		proxy };
	w->crook = &proxy->crook;
	return proxy;
}

struct proxy *
proxy_server(struct world *w)
{
	w->is_crooked = true;
	return proxy_new(w);
}

struct proxy *
proxy_program(struct program *p)
{
	p->is_crooked = true;
	return proxy_new(p->world);
}

void
proxy_free(struct proxy *proxy)
{
	while (proxy->wires != NULL) {
		struct proxy_wire *wire = proxy->wires;

		proxy->wires = wire->next;
		wr_free(&wire->held[0]);
		wr_free(&wire->held[1]);
		free(wire);
	}
	free(proxy);
}
