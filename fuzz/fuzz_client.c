/*
 * A whole client core with a home, after a real login, and everybody that it
 * speaks with: a server that has its keys, and says what the input says, in
 * right and wrong order; bob, whom the server introduces either way, with his
 * own keys and as much sense as the input; strangers; a person who does all
 * that a person can do; and time. Randomness and clock are the world's, so a
 * run repeats. The input is a list of steps; what must hold is in around.h.
 */
#include "around.h"
#include "base/rd.h"
#include "client/line.h"
#include "fuzz.h"

#include <string.h>

#define INPUT_MAX 4096

/* ---- steps ---- */

/* Room for a command: each may end in an event. */
static bool
may_ask(void)
{
	return around.commands < 500;
}

static void
command(struct rd *r)
{
	uint8_t what = rd_u8(r);
	struct client *c = around.core;
	uint64_t id;

	if (!may_ask())
		return;
	switch (what % 12) {
	case 0:
		around.commands = client_list(c);
		break;
	case 1:
		around.commands = client_host(c);
		around.hosts[around.commands] = true;
		break;
	case 2:
		around.commands = client_call(c, &papers.bob.name);
		break;
	case 3:
		around.commands =
		    client_verify(c, &papers.bob.name, what > 127);
		break;
	case 4:
		around.commands = client_devices(c);
		break;
	case 5:
		around.commands = client_set_status(c,
		    (enum sotto_status)(rd_u8(r) % 5));
		break;
	case 6:
		around.commands = client_logout(c,
		    (enum sotto_logout)(rd_u8(r) % 2));
		break;
	case 7:
		around.commands = client_whoami(c);
		break;
	case 8:
		(void)!client_answer(c, rd_u8(r), what > 127);
		break;
	case 9:
		(void)!client_say(c, around.up[rd_u8(r) % SHOWN],
		    BYTES_LIT("text"), &id);
		break;
	case 10:
		client_written(c, around.up[rd_u8(r) % SHOWN], rd_u8(r));
		break;
	default:
		(void)!client_hang_up(c, around.up[rd_u8(r) % SHOWN]);
	}
}

/* Any message, with what the input gives for a body, and, if it asks for
 * that, the number of a request or stream that is out in front. */
static void
say_any(struct rd *r)
{
	uint8_t type = rd_u8(r), flags = rd_u8(r), body[600] = { 0 };
	size_t n = rd_u8(r) + ((flags & 1) != 0 ? 300U : 0U);
	struct bytes some = rd_view(r, n < r->n ? n : r->n);
	const struct wr *old = &around.asked[rd_u8(r)];

	if (some.n != 0)
		memcpy(body, some.p, some.n);
	if ((flags & 2) != 0 && old->n >= 4)
		memcpy(body, old->p, 4);
	if ((flags & 4) != 0 && old->n >= 16)
		memcpy(body, old->p, 16);
	if (!around.stands)
		return;
	for (int i = 0; i < ((flags & 8) != 0 ? 100 : 1); i++) {
		wr_u8(&around.pending, type);
		wr_u24(&around.pending, (uint32_t)n);
		wr_put(&around.pending, (struct bytes){ body, n });
	}
	if ((flags & 16) == 0)
		around_flush();
}

static void
answer_want(struct rd *r, struct bytes body)
{
	uint8_t at[1 + WIRE_ENDPOINT_LEN] = { 1, [11] = 0xff, [12] = 0xff, 10,
		0, 0, 7, 0x20 };
	static const uint8_t ticket[PACT_TICKET_LEN] = { 1 };
	struct wire_INTRODUCED m = { .paths = rd_u8(r) & 3,
		.roster = wr_bytes(&papers.roster),
		.ticket = BYTES_OF(ticket) };
	struct wire_WANT asked;

	if (wire_decode(WIRE_WANT, body, &asked) != ERR_OK)
		return;
	m.req = asked.req;
	memcpy(m.nonce, asked.nonce, sizeof m.nonce);
	memset(m.id, rd_u8(r), sizeof m.id);
	memcpy(m.device, papers.bob.device, sizeof m.device);
	if ((m.paths & WIRE_PATH_DIRECT) != 0)
		m.endpoints = BYTES_OF(at);
	around_say(WIRE_INTRODUCED, &m);
}

static void
answer_logout(struct bytes body)
{
	struct wire_LOGOUT asked;
	struct wire_LOGOUT_REPLY m = { 0 };

	if (wire_decode(WIRE_LOGOUT, body, &asked) != ERR_OK)
		return;
	pact_keys_logout(around.k, PACT_LABEL_LOGOUT_1, asked.challenge,
	    m.challenge, m.answer);
	around_say(WIRE_LOGOUT_REPLY, &m);
}

/* The right answer to the newest request of a kind, bob's papers in it. */
static void
answer(struct rd *r)
{
	static const uint8_t kinds[] = { WIRE_LIST, WIRE_PERSON_GET,
		WIRE_WANT, WIRE_LOGOUT, WIRE_CHANGE, WIRE_STATUS_SET,
		WIRE_STREAM_OPEN, WIRE_DEVICE_LOGIN };
	uint8_t type = kinds[rd_u8(r) % sizeof kinds];
	struct bytes body = wr_bytes(&around.asked[type]);
	struct wire_STREAM_OPENED opened = { .stream = ++around.next_stream };
	struct wire_PEOPLE people = { .is_last = 1 };
	struct wire_PERSON person = { .name = papers.bob.name,
		.roster = wr_bytes(&papers.roster) };
	struct wire_DONE done;
	struct rd q = rd_init(body);

	if (!around.stands || body.n == 0)
		return;
	memcpy(person.identity, papers.bob.identity, 32);
	people.req = person.req = done.req = rd_u32(&q);
	if (type == WIRE_LIST) {
		around_say(WIRE_PEOPLE, &people);
	} else if (type == WIRE_PERSON_GET) {
		around_say(WIRE_PERSON, &person);
	} else if (type == WIRE_WANT) {
		answer_want(r, body);
	} else if (type == WIRE_LOGOUT) {
		answer_logout(body);
	} else if (type == WIRE_STREAM_OPEN && body.n == 16) {
		memcpy(opened.id, body.p, 16);
		(void)around_peer_new(false, 0, opened.stream);
		around_say(WIRE_STREAM_OPENED, &opened);
	} else if (type == WIRE_DEVICE_LOGIN) {
		around_login(body);
	} else {
		around_say(WIRE_DONE, &done);
	}
	around_flush();
}

/* bob would like to speak with alice. */
static void
introduce(struct rd *r)
{
	struct wire_INTRODUCTION m = { .name = papers.bob.name,
		.roster = wr_bytes(&papers.roster) };

	memset(m.id, rd_u8(r), sizeof m.id);
	m.paths = rd_u8(r) & 3;
	memcpy(m.device, papers.bob.device, sizeof m.device);
	if (!around.stands)
		return;
	around_say(WIRE_INTRODUCTION, &m);
	around_flush();
}

/* bob comes with a ticket, directly or through the server. */
static void
come(struct rd *r)
{
	struct pact_ticket t = { .name = papers.bob.name, .paths = 3,
		.expires_ms = around.now - around.since + 60000 };
	struct wire_endpoint from = { { [10] = 0xff, [11] = 0xff, 10 }, 9 };
	struct wire_STREAM_OPENED opened = { .stream = ++around.next_stream };
	uint8_t ticket[PACT_TICKET_LEN], random[24] = { 0 };
	uint8_t how = rd_u8(r);
	client_link link = 0;
	struct peer *p;

	memset(t.id, rd_u8(r), sizeof t.id);
	memcpy(t.identity, papers.bob.identity, 32);
	memcpy(t.device, papers.bob.device, sizeof t.device);
	x25519_public(papers.bob_link, t.link_key);
	if (!around.is_logged || around.core->keys == NULL)
		return;
	MUST(pact_ticket_seal(&t, around.k, random, ticket) == ERR_OK);
	if ((how & 1) != 0) {
		if (around_end_of(0) == NULL)
			return;
		link = client_accepted(around.core, &from);
		if (link == 0)
			return;
		around_end_new(link, false)->is_wanted = false;
	} else {
		memcpy(opened.id, t.id, sizeof opened.id);
		around_say(WIRE_STREAM_OPENED, &opened);
		around_flush();
	}
	p = around_peer_new(true, link, opened.stream);
	if (p == NULL)
		return;
	memcpy(p->id, t.id, sizeof p->id);
	around_peer_init(p, BYTES_OF(ticket));
	around_peer_write(p, BYTES_OF(ticket));
	around_pump();
	if (p->is_used && p->stands && (how & 2) != 0)
		around_peer_say(p, WIRE_HELLO, BYTES_OF(p->id));
}

/* What bob says on one of his lines. */
static void
bob_says(struct rd *r)
{
	struct peer *p = &around.peers[rd_u8(r) % PEERS];
	uint8_t what = rd_u8(r), body[64] = { 0 };
	size_t n = rd_u8(r) % sizeof body;
	struct bytes some = rd_view(r, n < r->n ? n : r->n);
	struct wr w = wr_init(body, sizeof body);

	if (!p->is_used || !p->stands)
		return;
	if (what == 0) {
		wr_u64(&w, ++p->text);
		wr_vec16(&w, BYTES_LIT("hello"));
		around_peer_say(p, WIRE_TEXT, wr_bytes(&w));
		return;
	}
	if (some.n != 0)
		memcpy(body, some.p, some.n);
	if (what < 128)
		around_peer_say(p, what < 4 ? (uint8_t)(0x80 + what) : what,
		    (struct bytes){ body, n });
	else
		around_peer_send(p, (struct bytes){ body, n });
}

static void
cut(struct rd *r)
{
	struct end *e = &around.ends[rd_u8(r) % LINKS];
	client_link id = e->id;

	if (id == 0 || e->is_wanted)
		return;
	if (id == around.server)
		around_forget();
	around_end_free(e);
	client_closed(around.core, id, ERR_IO);
}

static void
step(struct rd *r)
{
	switch (rd_u8(r) % 12) {
	case 0:
	case 1:
		command(r);
		break;
	case 2:
	case 3:
		say_any(r);
		break;
	case 4:
		answer(r);
		break;
	case 5:
		introduce(r);
		break;
	case 6:
		come(r);
		break;
	case 7:
		bob_says(r);
		break;
	case 8:
		around_pass((uint64_t)rd_u8(r) * 500);
		break;
	case 9:
		cut(r);
		break;
	case 10:
		around_hand(around.server,
		    rd_view(r, r->n < 40 ? r->n : rd_u8(r) % 32));
		break;
	default:
		around.is_quiet = !around.is_quiet;
	}
	around_pump();
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct rd r = rd_init((struct bytes){ p, n });

	if (n > INPUT_MAX)
		return 0;
	around_begin();
	for (int i = 0; i < 200 && r.n > 0; i++)
		step(&r);
	around_end();
	return 0;
}
