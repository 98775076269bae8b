#include "sim/malice.h"

#include "client/core.h"
#include "client/line.h"
#include "pact/guard.h"
#include "server/core.h"
#include "sim/inside.h"

#include <stdlib.h>
#include <string.h>

/* The liar's own code never fails: the simulator has memory. */
static void
must(bool ok)
{
	if (!ok)
		abort();
}

static struct malice_link *
link_of(struct malice *m, struct world_end *end)
{
	struct malice_link *l = m->links;

	while (l != NULL && l->end != end)
		l = l->next;
	if (l != NULL)
		return l;
	l = calloc(1, sizeof *l);
	must(l != NULL);
	l->malice = m;
	l->end = end;
	l->to_victim = l->to_core = l->last = wr_new();
	l->from_victim = l->from_core = wr_new();
	l->next = m->links;
	m->links = l;
	return l;
}

struct program *
malice_victim(const struct malice_link *l)
{
	return net_other(l->end)->program;
}

struct malice_link *
malice_find(struct malice *m, const struct program *p)
{
	for (struct malice_link *l = m->links; l != NULL; l = l->next)
		if (malice_victim(l) == p && !l->end->is_closed)
			return l;
	return NULL;
}

/* ---- keys ---- */

/* Both sides begin with what the core has, and then go their own ways. */
static void
take_keys(struct malice_link *l, const struct pact_channel *from)
{
	l->victim = (struct pact_channel){ .out = from->out, .in = from->in,
		.kind = from->kind };
	l->core = (struct pact_channel){ .out = from->in, .in = from->out,
		.kind = from->kind };
	l->stands = true;
}

/* A line stands as soon as its core has read the handshake to the end. */
static void
take_line(struct malice_link *l)
{
	struct client *c = l->end->program->core;

	if (c == NULL)
		return;
	LIST_EACH (at, &c->lines) {
		const struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		if (line->conn != NULL && line->conn->id == l->end->link &&
		    (line->state == CLIENT_LINE_HELLO ||
			line->state == CLIENT_LINE_UP))
			take_keys(l, (const struct pact_channel *)
			    (const void *)secret_view(line->sealed).p);
	}
}

static void
take_session(struct malice_link *l)
{
	const struct server_conn *c = l->end->core;

	if (l->end->program == NULL && c != NULL && c->vault != NULL &&
	    c->state == SERVER_LOGGED)
		memcpy(l->key, server_vault(c)->key, sizeof l->key);
}

/* ---- records ---- */

typedef void record_fn(struct malice_link *l, uint8_t *record, size_t n);

/* Gives whole records, without their lengths, to fn. */
static void
feed(struct malice_link *l, struct wr *held, struct bytes in, record_fn *fn)
{
	size_t len, n;
	bool too_big;

	wr_put(held, in);
	for (;;) {
		uint8_t *record;

		n = pact_channel_cut(wr_bytes(held), WIRE_RECORD_MAX - 2,
		    &len, &too_big);
		must(!too_big && wr_done(held) == ERR_OK);
		if (n == 0)
			return;
		record = malloc(len + 1);
		must(record != NULL);
		memcpy(record, held->p + 2, len);
		memmove(held->p, held->p + n, held->n - n);
		held->n -= n;
		fn(l, record, len);
		free(record);
	}
}

static uint32_t
cap_of(uint8_t type, void *ctx)
{
	const struct wire_kind *kind = wire_kind_of(type);

	(void)ctx;
	return kind == NULL ? UINT32_MAX : kind->cap;
}

static void
put(struct wr *w, uint8_t type, struct bytes body)
{
	wr_u8(w, type);
	wr_u24(w, (uint32_t)body.n);
	wr_put(w, body);
	must(wr_done(w) == ERR_OK);
}

/* A record with its length in front. */
static struct wr
framed(const uint8_t *record, size_t n)
{
	struct wr w = wr_new();

	wr_vec16(&w, (struct bytes){ record, n });
	must(wr_done(&w) == ERR_OK);
	return w;
}

void
malice_bytes(struct malice_link *l, struct bytes bytes)
{
	net_queue(l->end, bytes.p, bytes.n);
}

static void
flush_victim(struct malice_link *l)
{
	if (l->to_victim.n == 0 || !l->stands)
		return;
	wr_free(&l->last);
	l->last = wr_new();
	must(pact_channel_seal(&l->victim, wr_bytes(&l->to_victim), false,
		 &l->last) == ERR_OK);
	wr_free(&l->to_victim);
	l->to_victim = wr_new();
	malice_bytes(l, wr_bytes(&l->last));
}

/* The core hears bytes, and then its shell flushes it; in between, a line's
 * first keys are there, and nothing is sealed with them yet. */
static void
give_core(struct malice_link *l, struct bytes bytes)
{
	struct server_node *node = &l->malice->world->server;
	struct program *p = l->end->program;

	if (p == NULL) {
		if (node->core != NULL && l->end->core != NULL)
			server_bytes(node->core, l->end->core, bytes);
		take_session(l);
		if (node->core != NULL)
			server_flush(node->core);
	} else if (p->core != NULL) {
		client_bytes(p->core, l->end->link, bytes);
		if (!l->stands)
			take_line(l);
		if (p->core != NULL)
			client_flush(p->core);
	}
}

static void
flush_core(struct malice_link *l)
{
	struct wr out = wr_new();

	if (l->to_core.n == 0 || !l->stands)
		return;
	must(pact_channel_seal(&l->core, wr_bytes(&l->to_core), false,
		 &out) == ERR_OK);
	wr_free(&l->to_core);
	l->to_core = wr_new();
	give_core(l, wr_bytes(&out));
	wr_free(&out);
}

void
malice_flush(struct malice_link *l)
{
	flush_victim(l);
	flush_core(l);
}

void
malice_record(struct malice_link *l, struct bytes plain)
{
	uint8_t *record = malloc(plain.n + AEAD_TAG_LEN);
	struct wr w;

	must(record != NULL &&
	    noise_transport_seal(&l->victim.out, AEAD_CHACHAPOLY, BYTES_NONE,
		plain, record) == ERR_OK);
	if (l->victim.kind == PACT_CHANNEL_LINE)
		must(noise_transport_rekey(&l->victim.out,
			 AEAD_CHACHAPOLY) == ERR_OK);
	w = framed(record, plain.n + AEAD_TAG_LEN);
	malice_bytes(l, wr_bytes(&w));
	wr_free(&w);
	free(record);
}

/* ---- what the core says ---- */

static enum err
said_message(uint8_t type, struct bytes body, void *ctx)
{
	struct malice_link *l = ctx;
	malice_fn *lie = l->malice->on_said;

	l->said++;
	if (lie == NULL || lie(l, type, body))
		put(&l->to_victim, type, body);
	return ERR_OK;
}

static void
said_record(struct malice_link *l, uint8_t *record, size_t n)
{
	malice_raw_fn *lie = l->malice->on_raw;
	struct wr w;

	if (l->stands) {
		must(pact_channel_open(&l->core, record, n, cap_of,
			 said_message, l) == ERR_OK);
		return;
	}
	/* Of a server's first records, this one makes the channel stand. */
	if (l->end->program == NULL && n > 0 &&
	    record[0] == PACT_GUARD_MESSAGE2)
		take_keys(l, &server_vault(l->end->core)->channel);
	if (lie != NULL && !lie(l, true, record, n))
		return;
	w = framed(record, n);
	malice_bytes(l, wr_bytes(&w));
	wr_free(&w);
}

static void
on_said(void *ctx, struct world_end *end, struct bytes bytes)
{
	struct malice_link *l = link_of(ctx, end);

	feed(l, &l->from_core, bytes, said_record);
	flush_victim(l);
}

/* ---- what the victim says ---- */

static enum err
heard_message(uint8_t type, struct bytes body, void *ctx)
{
	struct malice_link *l = ctx;
	malice_fn *lie = l->malice->on_heard;

	if (lie == NULL || lie(l, type, body))
		put(&l->to_core, type, body);
	return ERR_OK;
}

static void
heard_record(struct malice_link *l, uint8_t *record, size_t n)
{
	malice_raw_fn *lie = l->malice->on_raw;
	struct wr w;

	if (l->stands) {
		must(pact_channel_open(&l->victim, record, n, cap_of,
			 heard_message, l) == ERR_OK);
		flush_core(l);
		return;
	}
	if (lie != NULL && !lie(l, false, record, n))
		return;
	w = framed(record, n);
	give_core(l, wr_bytes(&w));
	wr_free(&w);
}

static void
on_heard(void *ctx, struct world_end *end, struct bytes bytes)
{
	struct malice_link *l = link_of(ctx, end);

	feed(l, &l->from_victim, bytes, heard_record);
	flush_victim(l);
}

/* ---- lies ---- */

void
malice_put(struct malice_link *l, uint8_t type, struct bytes body)
{
	put(&l->to_victim, type, body);
}

void
malice_say(struct malice_link *l, enum wire_type type, const void *message)
{
	must(wire_encode(&l->to_victim, type, message) == ERR_OK);
}

void
malice_tell(struct malice_link *l, enum wire_type type, const void *message)
{
	must(wire_encode(&l->to_core, type, message) == ERR_OK);
}

static void
on_dialled(void *ctx, struct program *p, const struct wire_endpoint *at)
{
	struct malice *m = ctx;

	(void)p;
	if (m->dialled < MALICE_DIALS)
		m->dials[m->dialled] = *at;
	m->dialled++;
}

/* ---- beginning and ending ---- */

static struct malice *
malice_new(struct world *w)
{
	struct malice *m = calloc(1, sizeof *m);
	struct world_crook *crook = calloc(1, sizeof *crook);

	must(m != NULL && crook != NULL && w->crook == NULL);
	m->world = w;
	*crook = (struct world_crook){ on_said, on_heard, on_dialled, m };
	w->crook = m->crook = crook;
	return m;
}

struct malice *
malice_server(struct world *w)
{
	w->is_crooked = true;
	return malice_new(w);
}

struct malice *
malice_peer(struct program *p)
{
	p->is_crooked = true;
	return malice_new(p->world);
}

void
malice_free(struct malice *m)
{
	while (m->links != NULL) {
		struct malice_link *l = m->links;

		m->links = l->next;
		pact_channel_wipe(&l->victim);
		pact_channel_wipe(&l->core);
		wr_free(&l->to_victim);
		wr_free(&l->to_core);
		wr_free(&l->from_victim);
		wr_free(&l->from_core);
		wr_free(&l->last);
		free(l);
	}
	free(m->crook);
	free(m);
}
