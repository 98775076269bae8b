/*
 * Somebody on the wire between real clients and the real server, without a
 * key: what is changed, repeated, given back or led elsewhere, and a server
 * that is none. scene.h says what must hold whatever it is; the figures by
 * the ten thousand are in unit/server/test_wire.c and unit/pact/test_wire.c.
 */
#include "sim/proxy.h"

#include "client/core.h"
#include "client/introduction.h"
#include "client/line.h"
#include "crypto/dh.h"
#include "noise/handshake.h"
#include "pact/guard.h"
#include "sim/scene.h"

#include <stdio.h>
#include <string.h>

static struct scene s;
static struct proxy *proxy;

static struct plot {
	enum proxy_way way;
	size_t bit;       /* of the first record in that way */
	size_t at;        /* a byte of it, and what it becomes */
	uint8_t value;
	unsigned hits;
	struct wr held;
} plot;

static void
begin(const struct scene_options *options)
{
	struct scene_options honest = *options;

	honest.has_honest_server = true;
	memset(&plot, 0, sizeof plot);
	plot.held = wr_new();
	scene_begin(&s, &honest);
}

static void
end(void)
{
	scene_end(&s);
	proxy_free(proxy);
	wr_free(&plot.held);
}

/* All connections are made anew, past the proxy; alice's program asks and
 * goes, and does not come back by itself. */
static void
begin_with_visitor(void)
{
	begin(&(struct scene_options){ 0 });
	proxy = proxy_server(s.w);
	program_kill(s.alice);
	world_run(s.w, 3000);
	s.alice = scene_again(&s, "alice", s.alice->home);
}

/* ---- the handshake with the server ---- */

static bool
flip_bit(struct proxy_wire *wire, enum proxy_way way, struct wr *record)
{
	if (way == plot.way && wire->records[way] == 0) {
		record->p[plot.bit / 8 % record->n] ^=
		    (uint8_t)(1 << plot.bit % 8);
		plot.hits++;
	}
	return true;
}

/* Bits from all over both records, 400 of them: no session, and a clean end
 * each time. */
TEST(threat_05_no_session_by_an_altered_handshake)
{
	unsigned before;

	begin_with_visitor();
	proxy->on_record = flip_bit;
	for (unsigned i = 0; i < 400; i++) {
		plot.way = i % 2 == 0 ? PROXY_IN : PROXY_OUT;
		plot.bit = (size_t)i * 23;
		world_run(s.w, 1000);
		before = plot.hits;
		CHECK(scene_wait(s.alice, client_list(s.alice->core)) > 0);
		CHECK(plot.hits > before); /* it may have tried again */
	}
	proxy->on_record = NULL;
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)), SOTTO_OK);
	end();
}

static bool
set_byte(struct proxy_wire *wire, enum proxy_way way, struct wr *record)
{
	if (way == plot.way && wire->records[way] == 0 &&
	    record->p[plot.at] != plot.value) {
		record->p[plot.at] = plot.value;
		plot.hits++;
	}
	return true;
}

/* Version and kind of the first record, and the kind of its answer, as all
 * that they are not. */
TEST(threat_11_no_session_by_another_version_or_kind)
{
	static const struct {
		enum proxy_way way;
		size_t at;
	} fields[] = { { PROXY_IN, 2 }, { PROXY_IN, 3 }, { PROXY_OUT, 2 } };
	unsigned refused = 0;

	begin_with_visitor();
	proxy->on_record = set_byte;
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		plot.way = fields[i].way;
		plot.at = fields[i].at;
		for (unsigned v = 0; v < 256; v++) {
			unsigned before = plot.hits;
			int outcome;

			plot.value = (uint8_t)v;
			world_run(s.w, 1000);
			outcome = scene_wait(s.alice,
			    client_list(s.alice->core));
			CHECK((outcome > 0) == (plot.hits > before));
			if (plot.hits > before) {
				refused++;
				continue;
			}
			/* It is what it was: the only one that is taken. */
			CHECK_EQ(outcome, SOTTO_OK);
			world_cut(s.w, proxy_find(proxy, s.alice)->end->conn);
		}
	}
	CHECK_EQ(refused, 3 * 255);
	end();
}

/* ---- the first record of a line ---- */

static bool
keep_first(struct proxy_wire *wire, enum proxy_way way, struct wr *record)
{
	if (way == PROXY_OUT || wire->records[way] != 0)
		return true;
	wr_reset(&plot.held);
	wr_put(&plot.held, wr_bytes(record));
	plot.hits++;
	return false;
}

static bool
has_first(void *ctx)
{
	(void)ctx;
	return plot.hits > 0;
}

/* Connects to bob and says bytes; returns whether he answers a caller. */
static bool
answers(struct client *bob, struct bytes bytes)
{
	struct wire_endpoint from = { { [10] = 0xff, [11] = 0xff, [12] = 10,
					  [14] = 9, [15] = 9 }, 50000 };
	client_link link = client_accepted(bob, &from);
	bool is_answered = false;

	CHECK(link != 0);
	client_bytes(bob, link, bytes);
	LIST_EACH (at, &bob->lines) {
		const struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		is_answered |= line->state == CLIENT_LINE_HELLO ||
		    line->state == CLIENT_LINE_UP;
	}
	client_flush(bob);
	client_closed(bob, link, ERR_IO);
	client_flush(bob);
	return is_answered;
}

/* A true caller's record is kept on its way, and shown to bob with each of
 * its 11,800 bits changed, and in 1,000 splices with an older one of the same
 * caller: he answers none of them, and then the true one. */
TEST(threat_05_every_bit_of_a_callers_record)
{
	struct wire_name bob = scene_name("bob");
	struct wr older = wr_new();
	uint8_t mixed[2048];
	struct rng chance = rng_new(5, "splices");

	begin(&(struct scene_options){ 0 });
	proxy = proxy_program(s.bob);
	proxy->on_record = keep_first;
	s.alice->core->options.paths = SOTTO_PATHS_DIRECT_ONLY;
	for (int i = 0; i < 2; i++) {
		wr_reset(&older);
		wr_put(&older, wr_bytes(&plot.held));
		plot.hits = 0;
		world_run(s.w, 60000);
		(void)client_call(s.alice->core, &bob);
		client_flush(s.alice->core);
		CHECK(world_until(s.w, 60000, has_first, NULL));
	}
	CHECK(plot.held.n == older.n && older.n < sizeof mixed);
	for (size_t i = 0; i < 8 * plot.held.n; i++) {
		plot.held.p[i / 8] ^= (uint8_t)(1 << i % 8);
		CHECK(!answers(s.bob->core, wr_bytes(&plot.held)));
		plot.held.p[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (int i = 0; i < 1000; i++) {
		size_t from = rng_below(&chance, (uint32_t)older.n - 1);
		size_t n = 1 + rng_below(&chance, (uint32_t)(older.n - from));

		memcpy(mixed, plot.held.p, plot.held.n);
		memcpy(mixed + from, older.p + from, n);
		if (memcmp(mixed, plot.held.p, plot.held.n) != 0)
			CHECK(!answers(s.bob->core,
			    (struct bytes){ mixed, older.n }));
	}
	CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL), 0);
	CHECK(answers(s.bob->core, wr_bytes(&plot.held)));
	wr_free(&older);
	end();
}

/* ---- who the callee takes the caller and himself for ---- */

/* The pieces of what bob believes, each to be another one. */
static struct bytes
belief(struct client *bob, unsigned which)
{
	struct client_account *us = &bob->account;
	struct client_introduction *in = LIST_ITEM(bob->introductions.next,
	    struct client_introduction, link);
	struct bytes parts[] = { BYTES_OF(us->name.s), BYTES_OF(us->identity),
		BYTES_OF(us->device), BYTES_OF(client_keys(bob)->link_secret),
		BYTES_OF(in->peer.name.s), BYTES_OF(in->peer.identity),
		BYTES_OF(in->peer.device), BYTES_OF(in->peer.link_key),
		BYTES_OF(in->id) };

	return which < sizeof parts / sizeof parts[0] ? parts[which] :
							BYTES_NONE;
}

/* A true caller's record meets a callee for whom one thing is different: his
 * own name, identity, device or key, or the caller's, or the introduction. He
 * does not answer; as soon as it is right again he does. */
TEST(threat_10_a_callee_answers_for_himself_only)
{
	struct wire_name bob = scene_name("bob");
	unsigned scripts = 0;

	begin(&(struct scene_options){ 0 });
	proxy = proxy_program(s.bob);
	proxy->on_record = keep_first;
	s.alice->core->options.paths = SOTTO_PATHS_DIRECT_ONLY;
	(void)client_call(s.alice->core, &bob);
	client_flush(s.alice->core);
	CHECK(world_until(s.w, 60000, has_first, NULL));
	CHECK(!list_is_empty(&s.bob->core->introductions));
	for (;; scripts++) {
		uint8_t *at = (uint8_t *)(uintptr_t)
		    belief(s.bob->core, scripts).p;

		if (at == NULL)
			break;
		at[1] ^= 1;
		CHECK(!answers(s.bob->core, wr_bytes(&plot.held)));
		at[1] ^= 1;
	}
	CHECK_EQ(scripts, 9);
	CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL), 0);
	CHECK(answers(s.bob->core, wr_bytes(&plot.held)));
	end();
}

/* ---- somebody on the wire has the callee's link key ---- */

static struct {
	struct noise_symmetric sym;
	struct noise_keypair e, victim;
	uint8_t caller_public[X25519_LEN], dk[MLKEM768_DK_LEN];
	unsigned guess, sent, answered;
} forger;

static void
mix(const uint8_t secret[X25519_LEN], const uint8_t public[X25519_LEN])
{
	uint8_t shared[X25519_LEN];

	CHECK_OK(x25519(secret, public, shared));
	CHECK_OK(noise_symmetric_mix_key(&forger.sym, BYTES_OF(shared)));
}

/* What both ends have hashed before the first message. */
static void
begin_forged(struct bytes ticket)
{
	const struct client_account *ends[] = { &s.alice->core->account,
		&s.bob->core->account };
	struct wr prologue = wr_new();
	struct noise_keypair caller;

	noise_keypair_init(&caller, client_keys(s.alice->core)->link_secret);
	noise_keypair_init(&forger.victim,
	    client_keys(s.bob->core)->link_secret);
	memcpy(forger.caller_public, caller.public, X25519_LEN);
	wr_put(&prologue, BYTES_LIT(PACT_LABEL_LINE));
	wr_u8(&prologue, WIRE_VERSION);
	for (int i = 0; i < 2; i++)
		pact_keys_line_end(&prologue, &ends[i]->name,
		    ends[i]->identity, ends[i]->device);
	wr_put(&prologue, ticket);
	noise_symmetric_init(&forger.sym, AEAD_CHACHAPOLY, HASH_BLAKE2B,
	    PACT_LINE_PROTOCOL);
	noise_symmetric_mix_hash(&forger.sym, wr_bytes(&prologue));
	noise_symmetric_mix_hash(&forger.sym, BYTES_OF(forger.caller_public));
	noise_symmetric_mix_hash(&forger.sym, BYTES_OF(forger.victim.public));
	wr_free(&prologue);
}

/* Message 1 as alice would write it: bob's key makes ss as hers does. */
static void
forge_message1(uint8_t message[PACT_GUARD_MESSAGE1_LEN])
{
	uint8_t secret[X25519_LEN], seed[MLKEM768_SEED_LEN];
	uint8_t ek[MLKEM768_EK_LEN];

	rng_fill(&s.w->chance, secret, sizeof secret);
	rng_fill(&s.w->chance, seed, sizeof seed);
	noise_keypair_init(&forger.e, secret);
	CHECK_OK(mlkem768_keygen(seed, ek, forger.dk));
	memcpy(message, forger.e.public, X25519_LEN);
	noise_symmetric_mix_hash(&forger.sym, BYTES_OF(forger.e.public));
	mix(forger.e.secret, forger.victim.public);
	CHECK_OK(noise_symmetric_seal(&forger.sym, BYTES_OF(ek),
	    message + X25519_LEN));
	mix(forger.victim.secret, forger.caller_public);
	CHECK_OK(noise_symmetric_seal(&forger.sym, BYTES_NONE,
	    message + PACT_GUARD_MESSAGE1_LEN - AEAD_TAG_LEN));
}

/* Reads bob's answer as far as it goes, puts a guess in the place of se,
 * and makes the line's first record of it. */
static void
forge_hello(const uint8_t *answer, struct wr *out)
{
	uint8_t ct[MLKEM768_CT_LEN], shared[MLKEM768_SHARED_LEN];
	uint8_t x[HASH_MAX_LEN];
	struct pact_channel line = { .kind = PACT_CHANNEL_LINE };
	struct client_introduction *in = LIST_ITEM(
	    s.bob->core->introductions.next, struct client_introduction, link);
	struct wire_HELLO hello;
	struct wr pending = wr_new();

	noise_symmetric_mix_hash(&forger.sym,
	    (struct bytes){ answer, X25519_LEN });
	mix(forger.e.secret, answer);
	CHECK_OK(noise_symmetric_open(&forger.sym, (struct bytes){ answer +
	    X25519_LEN, MLKEM768_CT_LEN + AEAD_TAG_LEN }, ct));
	CHECK_OK(mlkem768_decaps(forger.dk, ct, shared));
	CHECK_OK(noise_symmetric_mix_key(&forger.sym, BYTES_OF(shared)));
	if (forger.guess == 0)
		mix(forger.victim.secret, answer);
	else if (forger.guess == 1)
		mix(forger.victim.secret, forger.caller_public);
	else
		mix(forger.e.secret, answer);
	CHECK_OK(noise_symmetric_split(&forger.sym, &line.out, &line.in, x));
	memcpy(hello.id, in->id, sizeof hello.id);
	CHECK_OK(wire_encode(&pending, WIRE_HELLO, &hello));
	CHECK_OK(pact_channel_seal(&line, wr_bytes(&pending), false, out));
	wr_free(&pending);
}

static bool
forge(struct proxy_wire *wire, enum proxy_way way, struct wr *record)
{
	struct wr hello = wr_new();
	uint8_t *message1 = record->p + record->n - PACT_GUARD_MESSAGE1_LEN;

	if (wire->records[way] != 0)
		return false;
	if (way == PROXY_IN) {
		begin_forged((struct bytes){ record->p + 4,
		    (size_t)(message1 - record->p) - 4 });
		forge_message1(message1);
		forger.sent++;
		return true;
	}
	CHECK_EQ(record->n, 2 + PACT_GUARD_MESSAGE2_LEN);
	forger.answered++;
	forge_hello(record->p + 2, &hello);
	proxy_send(wire, PROXY_IN, wr_bytes(&hello));
	wr_free(&hello);
	return false;
}

/* The wire is between alice and bob, and whoever sits there has bob's link
 * key and, since she calls, a ticket of hers. He answers their first message,
 * as he must; but of what they say then nothing opens, and he has no session
 * with her. */
TEST(threat_09_a_callees_key_makes_no_session_with_him)
{
	begin(&(struct scene_options){ 0 });
	proxy = proxy_program(s.bob);
	proxy->on_record = forge;
	memset(&forger, 0, sizeof forger);
	s.alice->core->options.paths = SOTTO_PATHS_DIRECT_ONLY;
	for (unsigned i = 0; i < 12; i++) {
		forger.guess = i % 3;
		CHECK(scene_call(s.alice, "bob") > 0);
		world_run(s.w, 60000);
	}
	CHECK(forger.sent >= 12 && forger.answered == forger.sent);
	CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL), 0);
	CHECK_EQ(program_count(s.alice, SOTTO_SESSION_UP, NULL), 0);
	proxy->on_record = NULL;
	CHECK_EQ(scene_call(s.alice, "bob"), SOTTO_OK);
	end();
}

/* ---- a server that is none ---- */

/* Who stands between has a key of their own, and a channel to either side. */
static struct middle {
	struct noise_keypair own;
	uint8_t true_key[32];
	struct proxy_wire *wire;
	struct noise_handshake to_server;
	struct pact_channel client, server;
	bool stands;              /* the channel to the server */
	struct wr pending;        /* what the client said before that */
	unsigned names, proofs, welcomes;
	bool is_honest;           /* passes all on, unread */
} middle;

static const struct noise_pattern *
channel_pattern(void)
{
	static struct noise_pattern pattern;

	CHECK_OK(noise_pattern_parse(&pattern, PACT_CHANNEL_PROTOCOL));
	return &pattern;
}

static void
middle_random(struct noise_random *random)
{
	rng_fill(&s.w->chance, random, sizeof *random);
}

static struct pact_channel
take_channel(struct noise_handshake *hs)
{
	struct noise_split split;

	CHECK_OK(noise_handshake_split(hs, &split));
	return (struct pact_channel){ .out = split.send, .in = split.receive,
		.kind = PACT_CHANNEL_SERVER };
}

static void
send_framed(enum proxy_way way, struct bytes record)
{
	struct wr w = wr_new();

	wr_vec16(&w, record);
	proxy_send(middle.wire, way, wr_bytes(&w));
	wr_free(&w);
}

/* The client's Noise message 1 is for the false key; ours is for the true
 * one. */
static void
shake_hands(struct bytes record)
{
	struct noise_keys ours = { .s = &middle.own };
	struct noise_keys theirs = { .rs = middle.true_key };
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN], key[PACT_GUARD_KEY_LEN];
	uint8_t message1[PACT_GUARD_MESSAGE1_LEN];
	struct wr m = wr_init(message1, sizeof message1);
	struct wr nothing = wr_init(NULL, 0), answer = wr_new();
	struct pact_guard_first first;
	struct noise_handshake hs;
	struct noise_random random;

	pact_keys_channel_prologue(prologue);
	pact_guard_key(middle.own.public, key);
	CHECK_OK(pact_guard_read_first(record, key, &first));
	CHECK_OK(noise_handshake_init(&hs, channel_pattern(), NOISE_RESPONDER,
	    BYTES_OF(prologue), &ours));
	CHECK_OK(noise_handshake_read(&hs, first.message1, &nothing));
	wr_u8(&answer, PACT_GUARD_MESSAGE2);
	middle_random(&random);
	CHECK_OK(noise_handshake_write(&hs, &random, BYTES_NONE, &answer));
	middle.client = take_channel(&hs);
	send_framed(PROXY_OUT, wr_bytes(&answer));
	CHECK_OK(noise_handshake_init(&middle.to_server, channel_pattern(),
	    NOISE_INITIATOR, BYTES_OF(prologue), &theirs));
	middle_random(&random);
	CHECK_OK(noise_handshake_write(&middle.to_server, &random, BYTES_NONE,
	    &m));
	pact_guard_key(middle.true_key, key);
	first = (struct pact_guard_first){ .kind = PACT_GUARD_PLAIN,
		.message1 = wr_bytes(&m) };
	wr_reset(&answer);
	CHECK_OK(pact_guard_write_first(&answer, key, &first));
	send_framed(PROXY_IN, wr_bytes(&answer));
	wr_free(&answer);
}

static uint32_t
any_cap(uint8_t type, void *ctx)
{
	const struct wire_kind *kind = wire_kind_of(type);

	(void)ctx;
	return kind == NULL ? UINT32_MAX : kind->cap;
}

static enum err
read_message(uint8_t type, struct bytes body, void *ctx)
{
	struct wr *w = ctx;

	middle.names += type == WIRE_LOGIN_START || type == WIRE_DEVICE_LOGIN;
	middle.proofs += type == WIRE_LOGIN_FINISH;
	middle.welcomes += type == WIRE_LOGIN_OK;
	wr_u8(w, type);
	wr_u24(w, (uint32_t)body.n);
	wr_put(w, body);
	return ERR_OK;
}

/* Opens what one side said, and says it to the other. */
static void
carry(enum proxy_way way, struct wr *record)
{
	struct pact_channel *from = way == PROXY_IN ? &middle.client :
						      &middle.server;
	struct pact_channel *to = way == PROXY_IN ? &middle.server :
						    &middle.client;
	struct wr sealed = wr_new();

	CHECK_OK(pact_channel_open(from, record->p + 2, record->n - 2,
	    any_cap, read_message, &middle.pending));
	if (middle.stands && middle.pending.n > 0) {
		CHECK_OK(pact_channel_seal(to, wr_bytes(&middle.pending),
		    false, &sealed));
		wr_reset(&middle.pending);
		proxy_send(middle.wire, way, wr_bytes(&sealed));
	}
	wr_free(&sealed);
}

static void
hear_server(struct wr *record)
{
	struct wr nothing = wr_init(NULL, 0), sealed = wr_new();

	CHECK_EQ(record->p[2], PACT_GUARD_MESSAGE2);
	CHECK_OK(noise_handshake_read(&middle.to_server,
	    (struct bytes){ record->p + 3, record->n - 3 }, &nothing));
	middle.server = take_channel(&middle.to_server);
	middle.stands = true;
	if (middle.pending.n > 0) {
		CHECK_OK(pact_channel_seal(&middle.server,
		    wr_bytes(&middle.pending), false, &sealed));
		wr_reset(&middle.pending);
		proxy_send(middle.wire, PROXY_IN, wr_bytes(&sealed));
	}
	wr_free(&sealed);
}

static bool
stand_between(struct proxy_wire *wire, enum proxy_way way,
    struct wr *record)
{
	bool is_first = wire->records[way] == 0;

	if (middle.is_honest)
		return true;
	if (is_first && way == PROXY_OUT && record->p[2] == PACT_GUARD_KEY) {
		memcpy(middle.true_key, record->p + 3, 32);
		memcpy(record->p + 3, middle.own.public, 32);
		return true;
	}
	if (is_first && way == PROXY_IN && record->p[3] == PACT_GUARD_ASK)
		return true;
	if (is_first && way == PROXY_IN) {
		middle.wire = wire;
		shake_hands((struct bytes){ record->p + 2, record->n - 2 });
	} else if (wire == middle.wire && is_first) {
		hear_server(record);
	} else if (wire == middle.wire) {
		carry(way, record);
	} else {
		return true;
	}
	return false;
}

/* A bare machine asks the server for its key, and is given another; behind
 * that key stands somebody who has a channel to the server as well, and
 * carries every message from one to the other. They learn the name. The
 * login fails at the client before it has proven anything; at the server too,
 * and nothing is left at the bare machine. */
TEST(threat_05_a_false_server_makes_no_session)
{
	const uint8_t secret[X25519_LEN] = { 7 };
	struct wire_name alice = scene_name("alice");
	struct wire_address at = world_address();
	int outcome;

	begin(&(struct scene_options){ 0 });
	proxy = proxy_server(s.w);
	proxy->on_record = stand_between;
	for (int round = 0; round < 2; round++) {
		memset(&middle, 0, sizeof middle);
		middle.pending = wr_new();
		middle.is_honest = round == 1;
		noise_keypair_init(&middle.own, secret);
		s.alice = scene_again(&s, "alice", NULL);
		outcome = scene_wait(s.alice,
		    client_login(s.alice->core, &alice, &at, NULL));
		wr_free(&middle.pending);
		if (round == 1)
			break;
		CHECK(outcome > 0);
		CHECK_EQ(middle.names, 1);
		CHECK_EQ(middle.proofs, 0);
		CHECK_EQ(middle.welcomes, 0);
		CHECK(!s.alice->core->has_account);
		program_kill(s.alice);
		world_run(s.w, 60000);
	}
	CHECK_EQ(outcome, SOTTO_OK);
	end();
}

/* ---- records again, back, and elsewhere ---- */

#define PAST 4

enum harm { HARM_REPLAY, HARM_ECHO, HARM_CROSS };

static struct {
	enum harm harm;
	enum proxy_way way;
	bool is_direct;  /* the line's own connection, not the channel */
	bool is_relayed; /* the channel, and it carries the line */
	bool is_armed;
	unsigned back;  /* how old what is replayed is */
	struct wr old[PAST];
	size_t seen;
	unsigned hits;
} trick;

static bool
do_trick(struct proxy_wire *wire, enum proxy_way way, struct wr *record)
{
	struct proxy_wire *other;
	struct wr *slot = &trick.old[trick.seen % PAST];

	if (way != trick.way || wire->records[way] == 0 ||
	    (!trick.is_direct && net_other(wire->end)->program != s.alice))
		return true;
	if (trick.is_armed && trick.harm == HARM_REPLAY &&
	    trick.seen >= trick.back) {
		proxy_send(wire, way,
		    wr_bytes(&trick.old[(trick.seen - trick.back) % PAST]));
		trick.is_armed = false;
		trick.hits++;
	} else if (trick.is_armed && trick.harm == HARM_ECHO) {
		proxy_send(wire, way == PROXY_IN ? PROXY_OUT : PROXY_IN,
		    wr_bytes(record));
		trick.is_armed = false;
		trick.hits++;
	} else if (trick.is_armed && trick.harm == HARM_CROSS) {
		other = proxy_find(proxy, s.bob);
		CHECK(other != NULL && other != wire);
		proxy_send(other, way, wr_bytes(record));
		trick.is_armed = false;
		trick.hits++;
	}
	wr_reset(slot);
	wr_put(slot, wr_bytes(record));
	trick.seen++;
	return true;
}

/* A text that was never said before. */
static const char *
new_text(void)
{
	static char texts[SCENE_TEXTS][32];
	static unsigned number;
	char *text = texts[number % SCENE_TEXTS];

	(void)snprintf(text, sizeof texts[0], "text number %u", number++);
	return text;
}

/* Both say something, and ask the server something. Returns whether both
 * texts were shown. */
static bool
speak(uint32_t line)
{
	const struct world_event *up = program_last(s.bob, SOTTO_SESSION_UP,
	    "alice");
	const char *hers = new_text(), *his = new_text();

	CHECK(up != NULL);
	(void)client_list(s.alice->core);
	client_flush(s.alice->core);
	scene_say(&s, s.alice, line, s.bob, hers);
	scene_say(&s, s.bob, up->event.session.id, s.alice, his);
	return scene_is_shown(&s, hers) && scene_is_shown(&s, his);
}

/* Alice and bob speak while a record is harmed; then both have found each
 * other again, if they had to, and what is said now is shown. */
static void
speak_through_it(void)
{
	uint32_t line = scene_line(&s, s.alice, "bob");

	for (trick.seen = 0; trick.seen < PAST;)
		CHECK(speak(line));
	trick.is_armed = true;
	(void)speak(line);
	world_run(s.w, 30000);
	CHECK(!trick.is_armed);
	CHECK(client_line_find(s.alice->core, line) == NULL ||
	    (!trick.is_direct && !trick.is_relayed));
	line = scene_line(&s, s.alice, "bob");
	CHECK(speak(line));
	CHECK_OK(client_hang_up(s.alice->core, line));
	client_flush(s.alice->core);
	world_run(s.w, 30000);
}

/* Both paths: with the address hidden the line goes through the server, and
 * a record of the channel carries it. */
static void
harm(enum harm harm, bool is_direct, bool is_relayed)
{
	for (int way = PROXY_OUT; way <= PROXY_IN; way++) {
		begin(&(struct scene_options){ .hides_address = is_relayed });
		proxy = is_direct ? proxy_program(s.bob) : proxy_server(s.w);
		if (!is_direct) {
			world_cut_all(s.w);
			world_run(s.w, 30000);
		}
		memset(&trick, 0, sizeof trick);
		for (size_t i = 0; i < PAST; i++)
			trick.old[i] = wr_new();
		trick.harm = harm;
		trick.way = (enum proxy_way)way;
		trick.is_direct = is_direct;
		trick.is_relayed = is_relayed;
		proxy->on_record = do_trick;
		for (trick.back = 1; trick.back < PAST; trick.back++)
			speak_through_it();
		CHECK_EQ(trick.hits, PAST - 1);
		for (size_t i = 0; i < PAST; i++)
			wr_free(&trick.old[i]);
		end();
	}
}

/* A record that comes again ends what it comes on, as cut, for it is not the
 * next one. Nothing is shown twice; who hosts is back by itself, and the
 * people go on. */
TEST(threat_07_what_comes_again_is_not_shown_again)
{
	harm(HARM_REPLAY, false, false);
	harm(HARM_REPLAY, false, true);
	harm(HARM_REPLAY, true, false);
}

/* The same for what comes back to who sent it, and what goes to another
 * device's channel. */
TEST(threat_08_what_comes_back_is_not_taken)
{
	harm(HARM_ECHO, false, false);
	harm(HARM_ECHO, false, true);
	harm(HARM_ECHO, true, false);
	harm(HARM_CROSS, false, false);
	harm(HARM_CROSS, false, true);
}

CHECK_MAIN(T(threat_05_no_session_by_an_altered_handshake),
    T(threat_05_every_bit_of_a_callers_record),
    T(threat_05_a_false_server_makes_no_session),
    T(threat_07_what_comes_again_is_not_shown_again),
    T(threat_08_what_comes_back_is_not_taken),
    T(threat_09_a_callees_key_makes_no_session_with_him),
    T(threat_10_a_callee_answers_for_himself_only),
    T(threat_11_no_session_by_another_version_or_kind))
