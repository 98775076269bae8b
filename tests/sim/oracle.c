#include "sim/oracle.h"

#include "base/hex.h"
#include "base/rd.h"
#include "crypto/hash.h"
#include "noise/handshake.h"
#include "pact/channel.h"
#include "pact/guard.h"
#include "pact/keys.h"
#include "pact/ticket.h"
#include "server/buffer.h"
#include "server/conn.h"
#include "server/session.h"
#include "sim/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A limit is looked at before a message is taken, which may be this long. */
#define QUEUE_SLACK (310 * 1024)

const char *const oracle_names[ORACLE_PEOPLE] = { "alice", "bob", "carol",
	"dave" };

int
oracle_person(const char *name)
{
	for (int i = 0; i < ORACLE_PEOPLE; i++)
		if (name != NULL && strcmp(oracle_names[i], name) == 0)
			return i;
	return -1;
}

void
oracle_fail(struct oracle *o, const char *what)
{
	if (o->verdict == NULL)
		o->verdict = what;
}

/* ---- messages ---- */

size_t
oracle_text(const struct oracle *o, size_t number, size_t length,
    char out[WIRE_TEXT_MAX])
{
	char canary[HEX_LEN(sizeof o->canary) + 1];
	size_t n;

	hex_encode(canary, BYTES_OF(o->canary));
	n = (size_t)snprintf(out, 64, "%zu %s", number, canary);
	if (length <= n)
		return n;
	memset(out + n, '.', length - n);
	return length;
}

void
oracle_said(struct oracle *o, struct program *p, int to, uint64_t id,
    size_t length)
{
	o->messages[o->message_count++] = (struct oracle_message){
		.sender = p->number,
		.from = (uint8_t)oracle_person(p->label), .to = (uint8_t)to,
		.id = id, .length = length };
}

bool
oracle_is_shown(const struct oracle *o, size_t first)
{
	for (size_t i = first; i < o->message_count; i++)
		if (!o->messages[i].is_shown)
			return false;
	return true;
}

bool
oracle_is_sent(const struct oracle *o, size_t first)
{
	for (size_t i = first; i < o->message_count; i++)
		if (!o->messages[i].is_sent)
			return false;
	return true;
}

/* The person has read it. */
struct reading {
	struct program *p;
	unsigned life;
	uint32_t session;
	uint64_t id;
};

static void
has_read(void *owner, uint64_t arg, void *data)
{
	struct reading *r = data;

	(void)owner;
	(void)arg;
	if (r->p->core != NULL && r->p->life == r->life) {
		client_written(r->p->core, r->session, r->id);
		client_flush(r->p->core);
	}
	free(r);
}

static void
plan_reading(struct oracle *o, struct program *p,
    const struct sotto_event *ev)
{
	struct reading *r = malloc(sizeof *r);

	if (r == NULL)
		abort();
	*r = (struct reading){ p, p->life, ev->session.id, ev->text.id };
	world_plan(o->world, 10, has_read, o->world, 0, r);
}

static void
on_message(struct oracle *o, struct program *p, const struct sotto_event *ev)
{
	static char want[WIRE_TEXT_MAX];
	struct oracle_message *m;
	char digits[8];
	size_t number;

	(void)snprintf(digits, sizeof digits, "%.*s",
	    (int)(ev->text.n < 6 ? ev->text.n : 6), ev->text.p);
	number = strtoul(digits, NULL, 10);
	if (number >= o->message_count) {
		oracle_fail(o, "a message was shown that nobody has said");
		return;
	}
	m = &o->messages[number];
	(void)oracle_text(o, number, m->length, want);
	if (ev->text.n != m->length ||
	    memcmp(ev->text.p, want, m->length) != 0)
		oracle_fail(o, "a message was shown with another text");
	else if (oracle_person(p->label) != m->to)
		oracle_fail(o, "a message was shown to somebody else");
	else if (oracle_person(ev->session.name) != m->from)
		oracle_fail(o, "a message was shown under another name");
	else if (m->is_shown)
		oracle_fail(o, "a message was shown twice");
	m->is_shown = true;
	plan_reading(o, p, ev);
}

static void
on_sent(struct oracle *o, struct program *p, const struct sotto_event *ev)
{
	for (size_t i = 0; i < o->message_count; i++) {
		struct oracle_message *m = &o->messages[i];

		if (m->sender != p->number || m->id != ev->sent.id ||
		    m->to != oracle_person(ev->session.name))
			continue;
		if (!m->is_shown)
			oracle_fail(o, "a receipt came for what was not shown");
		m->is_sent = true;
		return;
	}
	oracle_fail(o, "a receipt came for what was not said");
}

/* ---- sessions ---- */

/*
 * A direct line is shown to the callee when HELLO has come: ticket, Noise
 * message 1, and one record of the smallest class, on some connection.
 */
#define FIRST_LEN (2 + 2 + PACT_TICKET_LEN + PACT_GUARD_MESSAGE1_LEN)

static bool
has_heard_hello(const struct oracle *o, const struct program *callee)
{
	for (struct world_conn *c = o->world->conns; c != NULL; c = c->next)
		if (c->b.program == callee &&
		    c->b.received >= FIRST_LEN + WIRE_RECORD_MIN)
			return true;
	return false;
}

static void
on_session(struct oracle *o, struct program *p, const struct sotto_event *ev)
{
	if (oracle_person(ev->session.name) < 0)
		oracle_fail(o, "a session with somebody unknown");
	else if (!ev->session.is_caller &&
	    ev->session.path == SOTTO_PATH_DIRECT && !has_heard_hello(o, p))
		oracle_fail(o, "a session was shown before HELLO");
}

/* Device ids are told in hexadecimal. */
static void
on_account(struct oracle *o, struct program *p, const struct sotto_event *ev)
{
	if (ev->account.device == NULL)
		return;
	o->has_device[p->number - 1] = hex_decode(o->devices[p->number - 1],
	    16, bytes_str(ev->account.device)) == ERR_OK;
}

static void
print_line_event(const struct oracle *o, const struct program *p,
    const struct sotto_event *ev)
{
	static const char *const words[] = { [SOTTO_SESSION_UP] = "up",
		[SOTTO_SESSION_DOWN] = "down", [SOTTO_MESSAGE] = "message",
		[SOTTO_SENT] = "sent" };

	if (ev->type == SOTTO_SESSION_UP || ev->type == SOTTO_SESSION_DOWN ||
	    ev->type == SOTTO_MESSAGE || ev->type == SOTTO_SENT)
		printf("%8llu    %s (%u): %s %u %s %s %s\n",
		    (unsigned long long)world_now(o->world), p->label,
		    p->number, words[ev->type], ev->session.id,
		    ev->session.name,
		    ev->session.path == SOTTO_PATH_RELAY ? "relay" : "direct",
		    ev->session.is_caller ? "caller" : "callee");
	if (ev->type == SOTTO_NOTICE)
		printf("%8llu    %s (%u): %s %s\n",
		    (unsigned long long)world_now(o->world), p->label,
		    p->number, ev->error.what, ev->error.why);
}

static void
on_told(void *ctx, struct program *p, const struct sotto_event *ev)
{
	struct oracle *o = ctx;

	if (o->is_verbose)
		print_line_event(o, p, ev);
	if (ev->type == SOTTO_MESSAGE)
		on_message(o, p, ev);
	else if (ev->type == SOTTO_SENT)
		on_sent(o, p, ev);
	else if (ev->type == SOTTO_SESSION_UP)
		on_session(o, p, ev);
	else if (ev->type == SOTTO_ACCOUNT)
		on_account(o, p, ev);
}

/* ---- what passes on the wire ---- */

/* Mixes as Noise does: h = HASH(h || data). */
static void
mix(uint8_t h[64], struct bytes data)
{
	struct bytes parts[] = { { h, 64 }, data };

	hash_parts(HASH_BLAKE2B, parts, 2, h);
}

/*
 * Computes a channel's handshake hash from what anybody on the wire sees, and
 * the server's public key.
 */
static void
public_hash(struct oracle *o, struct bytes message1, struct bytes message2,
    uint8_t h[64])
{
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN], server[32];
	struct rd one = rd_init(message1), two = rd_init(message2);

	memset(h, 0, 64);
	memcpy(h, PACT_CHANNEL_PROTOCOL, sizeof PACT_CHANNEL_PROTOCOL - 1);
	pact_keys_channel_prologue(prologue);
	server_public_key(world_server(o->world), server);
	mix(h, BYTES_OF(prologue));
	mix(h, BYTES_OF(server));
	mix(h, rd_view(&one, 32));
	mix(h, rd_view(&one, 1184 + 16));
	mix(h, rd_view(&one, 16));
	mix(h, rd_view(&two, 32));
	mix(h, rd_view(&two, 1088 + 16));
	mix(h, rd_view(&two, 16));
}

/* Keeps a first record with a pass that the server has accepted. */
static void
keep_pass(struct oracle *o, const struct world_conn *c, struct bytes record)
{
	wr_reset(&o->pass.record);
	wr_put(&o->pass.record, record);
	o->pass.program = c->a.program;
	/* What a server said that has died since may still be on its way. */
	o->pass.server_life = o->channel_life;
}

/* Watches the beginnings of channels: the first record of each side. */
static void
watch_channel(struct oracle *o, struct world_end *from, struct bytes bytes)
{
	struct world_conn *c = from->conn;
	struct bytes first, answer;
	size_t len;

	if (o->channel != c) {
		if (from != &c->a || c->b.received + c->a.pipe.n != 0)
			return;
		o->channel = c;
		o->channel_life = o->world->server.life;
		wr_reset(&o->client_first);
		wr_reset(&o->server_first);
	}
	wr_put(from == &c->a ? &o->client_first : &o->server_first, bytes);
	first = wr_bytes(&o->client_first);
	answer = wr_bytes(&o->server_first);
	if (first.n < 4)
		return;
	len = 2 + ((size_t)first.p[0] << 8 | first.p[1]);
	if (first.n < len || answer.n < 2 + 1 + PACT_GUARD_MESSAGE2_LEN ||
	    first.p[3] == PACT_GUARD_ASK || answer.p[2] !=
	    PACT_GUARD_MESSAGE2 || world_server(o->world) == NULL)
		return;
	if (first.p[3] != PACT_GUARD_PLAIN)
		keep_pass(o, c, (struct bytes){ first.p, len });
	if (o->hash_count < WORLD_PROGRAMS) {
		struct oracle_hash *at = &o->hashes[o->hash_count++];

		at->program = c->a.program;
		public_hash(o, (struct bytes){ first.p + len -
		    PACT_GUARD_MAC_LEN - PACT_GUARD_MESSAGE1_LEN,
		    PACT_GUARD_MESSAGE1_LEN }, (struct bytes){ answer.p + 3,
		    PACT_GUARD_MESSAGE2_LEN }, at->h);
	}
	o->channel = NULL;
}

/* Tries to open a ticket with keys made of public bytes alone. */
static void
try_ticket(struct oracle *o, struct program *callee, struct bytes ticket)
{
	static const uint8_t zeros[128];
	struct wire_name name;
	struct pact_ticket opened;
	uint8_t key[PACT_SESSION_KEY_LEN];

	if (!o->has_device[callee->number - 1] ||
	    wire_name_parse(&name, bytes_str(callee->label)) != ERR_OK)
		return;
	for (size_t i = 0; i < o->hash_count; i++) {
		const uint8_t *h = o->hashes[i].h;
		struct bytes guesses[] = { BYTES_NONE, { zeros, 64 },
			{ h, 64 } };

		for (size_t g = 0; g < 3; g++) {
			if (pact_keys_session(guesses[g], BYTES_NONE, h,
				&name, o->devices[callee->number - 1],
				key) == ERR_OK &&
			    pact_ticket_open(ticket, key, &opened) == ERR_OK)
				oracle_fail(o, "a session key was made of "
					       "public bytes alone");
		}
	}
}

/* Nothing of it arrives, and there will be no other. */
static void
hold(void *owner, uint64_t arg, void *data)
{
	struct oracle *o = owner;

	(void)arg;
	(void)data;
	world_cut(o->world, o->call.conn);
	program_kill(o->call.caller);
}

static void
keep_call(struct oracle *o)
{
	struct rd r = rd_init(wr_bytes(&o->growing.bytes));

	wr_free(&o->call.bytes);
	o->call = o->growing;
	o->growing = (struct oracle_call){ .bytes = wr_new() };
	(void)rd_u16(&r);
	if (o->held.caller == o->call.caller && o->held.record.n == 0) {
		o->held.callee = o->call.callee;
		wr_put(&o->held.record, wr_bytes(&o->call.bytes));
		world_plan(o->world, 0, hold, o, 0, NULL);
	}
	try_ticket(o, o->call.callee, rd_vec16(&r, WIRE_TICKET_MAX));
}

/* Watches the beginnings of direct lines: ticket and Noise message 1. */
static void
watch_line(struct oracle *o, struct world_end *from, struct bytes bytes)
{
	struct world_conn *c = from->conn;
	struct oracle_call *g = &o->growing;
	struct rd r;

	if (from != &c->a || from->program->core == NULL ||
	    o->call.conn == c)
		return;
	if (g->conn != c) {
		wr_free(&g->bytes);
		*g = (struct oracle_call){ from->program, c->b.program, c,
			wr_new(), 0, false };
	}
	wr_put(&g->bytes, bytes);
	r = rd_init(wr_bytes(&g->bytes));
	g->want = 2 + (size_t)rd_u16(&r);
	if (r.err == ERR_OK && g->bytes.n >= g->want) {
		g->bytes.n = g->want;
		keep_call(o);
	}
}

/* Half a minute later nothing is left of the connection. */
static void
check_again(void *owner, uint64_t arg, void *data)
{
	struct oracle *o = owner;

	(void)arg;
	(void)data;
	if (!o->again->a.is_closed && !o->again->b.is_closed)
		oracle_fail(o, "a record was opened twice");
	o->again = NULL;
}

static void
say_again(void *owner, uint64_t arg, void *data)
{
	struct wr *record = data;

	(void)arg;
	net_again(owner, wr_bytes(record));
	wr_free(record);
	free(record);
}

/* A record of a channel or a line that stands: of either end, once the
 * caller's has the answer to its handshake. */
static void
watch_record(struct oracle *o, struct world_end *from, struct bytes bytes)
{
	struct wr *record;

	if (o->again_in == 0 || o->again != NULL || from->is_crooked ||
	    from->conn->a.received < 2 + PACT_GUARD_MESSAGE2_LEN ||
	    net_other(from)->is_crooked || --o->again_in > 0)
		return;
	record = calloc(1, sizeof *record);
	if (record == NULL)
		abort();
	*record = wr_new();
	wr_put(record, bytes);
	o->again = from->conn;
	world_plan(o->world, 0, say_again, from, 0, record);
	world_plan(o->world, 30000, check_again, o, 0, NULL);
}

static void
on_tap(void *ctx, struct world_end *from, struct bytes bytes)
{
	struct oracle *o = ctx;
	char canary[HEX_LEN(sizeof o->canary) + 1];

	hex_encode(canary, BYTES_OF(o->canary));
	if (memmem(bytes.p, bytes.n, canary, sizeof canary - 1) != NULL)
		oracle_fail(o, "a message went over the wire in the clear");
	watch_record(o, from, bytes);
	if (from->conn->b.program == NULL)
		watch_channel(o, from, bytes);
	else
		watch_line(o, from, bytes);
}

void
oracle_replay(struct oracle *o)
{
	size_t answered;
	struct oracle_call *call = &o->call;

	if (call->callee == NULL || call->callee->core == NULL ||
	    call->conn->b.received < call->want ||
	    call->conn->a.received == 0)
		return;
	world_say_to(o->world, call->callee, wr_bytes(&call->bytes),
	    &answered);
	if (answered > 0)
		oracle_fail(o, "a spent ticket was answered");
}

/* A Noise message 1 of a stranger who knows the server. */
static void
strange_message1(struct oracle *o, const uint8_t server[32], struct wr *w)
{
	static struct noise_pattern pattern;
	struct noise_keys keys = { .rs = server };
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN];
	struct noise_handshake hs;
	struct noise_random random;

	pact_keys_channel_prologue(prologue);
	rng_fill(world_rng(o->world), &random, sizeof random);
	if (noise_pattern_parse(&pattern, PACT_CHANNEL_PROTOCOL) != ERR_OK ||
	    noise_handshake_init(&hs, &pattern, NOISE_INITIATOR,
		BYTES_OF(prologue), &keys) != ERR_OK ||
	    noise_handshake_write(&hs, &random, BYTES_NONE, w) != ERR_OK)
		abort();
}

/* Whether what first shows is a puzzle's solution. */
static bool
is_solved(const struct pact_guard_first *first)
{
	struct pact_guard_puzzle puzzle = { .effort = first->effort };

	if (first->kind != PACT_GUARD_PUZZLE)
		return false;
	memcpy(puzzle.challenge, first->challenge, sizeof puzzle.challenge);
	pact_guard_bind(&puzzle, first->message1);
	return pact_guard_is_solved(&puzzle, first->nonce);
}

/* The pass of a record, with a message 1 that it was not made for. */
static void
steal_pass(struct oracle *o, struct bytes record, struct wr *out)
{
	uint8_t server[32], key[PACT_GUARD_KEY_LEN];
	struct pact_guard_first first;
	struct wr message1 = wr_new();
	size_t mark = wr_begin(out, 2);

	server_public_key(world_server(o->world), server);
	pact_guard_key(server, key);
	if (pact_guard_read_first(record, key, &first) != ERR_OK)
		abort();
	/* One in some thousand messages has the same solution. */
	do {
		wr_reset(&message1);
		strange_message1(o, server, &message1);
		first.message1 = wr_bytes(&message1);
	} while (is_solved(&first));
	if (pact_guard_write_first(out, key, &first) != ERR_OK)
		abort();
	wr_end(out, mark, 2);
	wr_free(&message1);
}

/* Whether a first record is answered by a handshake, by the server whose life
 * this is: to another one its passes are new. */
static bool
is_let_in(struct oracle *o, struct program *as, struct bytes record,
    unsigned life)
{
	size_t answered;

	world_say_to_server(o->world, as, record, &answered);
	return answered > PACT_GUARD_MESSAGE2_LEN &&
	    o->world->server.life == life;
}

void
oracle_replay_pass(struct oracle *o)
{
	/* What it tries is watched like everything else. */
	struct oracle_pass pass = o->pass;
	struct bytes record = wr_bytes(&pass.record);
	struct wr stolen = wr_new();

	o->pass = (struct oracle_pass){ .record = wr_new() };
	if (record.n != 0 && world_server_is_up(o->world) &&
	    o->world->options.guard == SERVER_GUARD_ALWAYS) {
		steal_pass(o, (struct bytes){ record.p + 2, record.n - 2 },
		    &stolen);
		if (is_let_in(o, pass.program, record, pass.server_life))
			oracle_fail(o, "a pass was good twice");
		if (is_let_in(o, pass.program, wr_bytes(&stolen),
			pass.server_life))
			oracle_fail(o, "a pass was good for somebody else");
	}
	wr_free(&stolen);
	wr_free(&pass.record);
}

/* ---- inside the server ---- */

/* What waits for one client is what was counted, and bounded. */
static void
check_queue(struct oracle *o, const struct server_conn *c, size_t *all)
{
	size_t out = 0;

	if (c->io == NULL)
		return;
	for (const struct server_chunk *at = c->io->first; at != NULL;
	     at = at->next) {
		out += at->left;
		*all += sizeof *at + at->n;
	}
	*all += c->io->pending.cap + (c->io->in != NULL ? c->io->want : 0);
	if (out != c->io->out)
		oracle_fail(o, "the server miscounts what it keeps");
	if (server_buffer_waiting(c) > WIRE_OUT_MAX + QUEUE_SLACK +
	    server_session_relay_room(c))
		oracle_fail(o, "the server keeps too much for one client");
	if (c->state != SERVER_LOGGED || c->of.talk == NULL)
		return;
	for (size_t i = 0; i < WIRE_STREAMS_MAX; i++)
		if (c->of.talk->halves[i].credit > WIRE_CREDIT_MAX)
			oracle_fail(o, "a stream has more than its credit");
}

/* Every session has one seat, and every seat a session. */
static void
check_seats(struct oracle *o, struct server *s, size_t sessions)
{
	size_t seats = 0;

	for (size_t i = 0; i < s->accounts_n; i++) {
		const struct server_account *a = s->accounts[i];

		seats += a->seats_n;
		for (size_t j = 0; j < a->seats_n; j++) {
			const struct server_conn *c = server_conn_find(s,
			    a->seats[j].ref);

			if (c == NULL || c->state != SERVER_LOGGED ||
			    !wire_name_equal(&server_vault(c)->name, &a->name))
				oracle_fail(o, "somebody who has gone is "
					       "taken to be there");
		}
	}
	if (seats != sessions || s->stats.sessions != sessions)
		oracle_fail(o, "the server miscounts its sessions");
}

static void
on_watch(void *ctx)
{
	struct oracle *o = ctx;
	struct server *s = world_server(o->world);
	size_t sessions = 0, waiting = 0;

	if (s == NULL)
		return;
	for (uint32_t i = 0; i < s->conns_high; i++) {
		if (s->conns[i].state == SERVER_FREE)
			continue;
		sessions += s->conns[i].state == SERVER_LOGGED;
		check_queue(o, &s->conns[i], &waiting);
	}
	if (waiting != s->stats.waiting_bytes)
		oracle_fail(o, "the server miscounts what waits in it");
	check_seats(o, s, sessions);
}

void
oracle_search(struct oracle *o)
{
	char canary[HEX_LEN(sizeof o->canary) + 1];

	hex_encode(canary, BYTES_OF(o->canary));
	if (disk_holds(world_disk(o->world), bytes_str(canary)) ||
	    disk_holds(world_disk(o->world), BYTES_OF(o->canary)))
		oracle_fail(o, "the server's disk holds what was said");
}

void
oracle_init(struct oracle *o, struct world *w)
{
	memset(o, 0, sizeof *o);
	o->world = w;
	o->call.bytes = o->growing.bytes = wr_new();
	o->client_first = o->server_first = o->pass.record = wr_new();
	o->held.record = wr_new();
	rng_fill(world_rng(w), o->canary, sizeof o->canary);
	world_tap(w, on_tap, o);
	world_told(w, on_told, o);
	world_watch(w, on_watch, o);
}

void
oracle_free(struct oracle *o)
{
	world_tap(o->world, NULL, NULL);
	world_told(o->world, NULL, NULL);
	world_watch(o->world, NULL, NULL);
	wr_free(&o->held.record);
	wr_free(&o->call.bytes);
	wr_free(&o->growing.bytes);
	wr_free(&o->client_first);
	wr_free(&o->server_first);
	wr_free(&o->pass.record);
}
