/*
 * The channel of a client, and a server in this file that has the key that
 * it should have, or stands in front of one that does. What a server with
 * its real core may say is in tests/sim.
 */
#include "client/core.h"
#include "crypto/crypto.h"
#include "crypto/dh.h"
#include "noise/handshake.h"
#include "support/check.h"

#include <string.h>

#define RECORDS 64

static struct {
	struct client *c;
	uint32_t login;
	uint64_t now_ms;
	client_link link;        /* the newest that was asked for */
	unsigned links;
	bool is_closed;          /* it, by the client */
	struct wr said;          /* whole records that came on it */
	uint8_t *chunk;          /* sent and not yet told */
	client_job job;
	struct client_solve *work;
	unsigned jobs;
	int outcome;             /* of login; -1: under way */
	struct noise_keypair pair; /* the server's */
	struct pact_channel sealed;
	unsigned pings;
	unsigned starts;         /* LOGIN_START, and the newest: */
	struct wire_LOGIN_START start;
} t;

static const struct wire_endpoint here = { { [15] = 1 }, 40000 };
static const struct wire_endpoint there = { { [15] = 1 }, 7368 };

static uint64_t
now_ms(void *ctx)
{
	(void)ctx;
	return t.now_ms;
}

static void
fill(void *ctx, void *out, size_t n)
{
	static uint8_t next;

	(void)ctx;
	memset(out, ++next, n);
}

static void
on_link(client_link link)
{
	t.link = link;
	t.links++;
	t.is_closed = false;
	wr_free(&t.said);
}

static void
on_connect(void *ctx, client_link link, const struct wire_address *at)
{
	(void)ctx;
	(void)at;
	on_link(link);
}

static void
on_connect_endpoint(void *ctx, client_link link,
    const struct wire_endpoint *at)
{
	(void)ctx;
	CHECK(memcmp(at, &there, sizeof there) == 0);
	on_link(link);
}

static void
on_send(void *ctx, client_link link, const uint8_t *p, size_t n)
{
	(void)ctx;
	if (link == t.link)
		wr_put(&t.said, (struct bytes){ p, n });
}

static void
on_close(void *ctx, client_link link, bool at_once)
{
	(void)ctx;
	(void)at_once;
	if (link == t.link)
		t.is_closed = true;
}

static void
on_deadline(void *ctx, uint64_t at_ms)
{
	(void)ctx;
	(void)at_ms;
}

static void
on_solve(void *ctx, client_job job, struct client_solve *work)
{
	(void)ctx;
	t.job = job;
	t.work = work;
	t.jobs++;
}

static void
on_event(void *ctx, const struct sotto_event *ev)
{
	(void)ctx;
	if (ev->type == SOTTO_DONE && ev->command == t.login)
		t.outcome = (int)ev->error.outcome;
}

/* A client that logs in at a server whose key it knows, or does not. */
static void
begin(bool knows_key)
{
	struct client_options options = { .ksf = { 1, 8 },
		.allows_unknown_server = true };
	struct env env = { now_ms, now_ms, fill, NULL };
	struct client_effects effects = { .connect = on_connect,
		.connect_endpoint = on_connect_endpoint, .send = on_send,
		.close = on_close, .deadline = on_deadline,
		.solve = on_solve, .event = on_event };
	struct wire_address at = { "example.net", 7368 };
	struct wire_name name;
	uint8_t secret[X25519_LEN] = { 8 };

	CHECK_OK(crypto_init());
	memset(&t, 0, sizeof t);
	t.said = wr_new();
	t.now_ms = 5000;
	t.outcome = -1;
	noise_keypair_init(&t.pair, secret);
	CHECK_OK(wire_name_parse(&name, bytes_str("alice")));
	CHECK_OK(client_new(&options, NULL, &env, &effects, &t.c));
	CHECK_OK(client_set_password(t.c,
	    BYTES_LIT("correct horse battery staple")));
	t.login = client_login(t.c, &name, &at,
	    knows_key ? t.pair.public : NULL);
	client_flush(t.c);
	CHECK_EQ(t.links, 1);
}

static void
end(void)
{
	client_free(t.c);
	wr_free(&t.said);
	pact_channel_wipe(&t.sealed);
}

/* The link that was asked for stands. */
static void
connect(void)
{
	client_connected(t.c, t.link, &here, &there);
	client_flush(t.c);
}

/* Says a record of this content to the client. */
static void
answer(struct bytes content)
{
	struct wr w = wr_new();

	wr_vec16(&w, content);
	client_bytes(t.c, t.link, wr_bytes(&w));
	wr_free(&w);
	client_flush(t.c);
}

/* The first record, as it came. */
static struct bytes
first_record(void)
{
	return (struct bytes){ t.said.p + 2, t.said.n - 2 };
}

static struct pact_guard_first
read_first(void)
{
	struct pact_guard_first first = { .kind = 0 };
	uint8_t key[PACT_GUARD_KEY_LEN];

	pact_guard_key(t.pair.public, key);
	CHECK(t.said.n > 2);
	CHECK_OK(pact_guard_read_first(first_record(), key, &first));
	return first;
}

/* A challenge of this effort; its mac is right, or made for another record,
 * or another effort. */
enum lie { TRUE_ONE, OTHER_RECORD, OTHER_EFFORT, OTHER_KEY };

static void
challenge(uint32_t effort, enum lie lie)
{
	uint8_t content[1 + PACT_GUARD_CHALLENGE_LEN + 4 + PACT_GUARD_MAC_LEN];
	uint8_t key[PACT_GUARD_KEY_LEN], mac[PACT_GUARD_MAC_LEN];
	uint8_t bytes[PACT_GUARD_CHALLENGE_LEN];
	struct wr w = wr_init(content, sizeof content);
	struct bytes record = first_record();

	memset(bytes, (int)t.links, sizeof bytes);
	pact_guard_key(t.pair.public, key);
	if (lie == OTHER_KEY)
		key[0] ^= 1;
	if (lie == OTHER_RECORD)
		t.said.p[t.said.n - 1] ^= 1;
	pact_guard_challenge_mac(key, record, bytes,
	    effort + (lie == OTHER_EFFORT), mac);
	wr_u8(&w, PACT_GUARD_CHALLENGE);
	wr_put(&w, BYTES_OF(bytes));
	wr_u32(&w, effort);
	wr_put(&w, BYTES_OF(mac));
	CHECK_OK(wr_done(&w));
	answer(wr_bytes(&w));
}

/* The machine has worked for so long, and found nothing. */
static void
work(uint64_t ms)
{
	t.now_ms += ms;
	t.work->nonce += t.work->tries;
	t.work->is_solved = false;
	client_job_done(t.c, t.job);
	client_flush(t.c);
}

static void
solve(void)
{
	while (!pact_guard_solve(&t.work->puzzle, &t.work->nonce, 1000))
		continue;
	t.work->is_solved = true;
	client_job_done(t.c, t.job);
	client_flush(t.c);
}

/* The server's part of the handshake. */
static void
shake(void)
{
	struct pact_guard_first first = read_first();
	struct noise_random random = { { 3 }, { 4 }, { 5 } };
	struct noise_keys keys = { .s = &t.pair };
	struct noise_pattern pattern;
	struct noise_handshake hs;
	struct noise_split split;
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN], none[1];
	struct wr payload = wr_init(none, 0), w = wr_new();

	pact_keys_channel_prologue(prologue);
	CHECK_OK(noise_pattern_parse(&pattern, PACT_CHANNEL_PROTOCOL));
	CHECK_OK(noise_handshake_init(&hs, &pattern, NOISE_RESPONDER,
	    BYTES_OF(prologue), &keys));
	CHECK_OK(noise_handshake_read(&hs, first.message1, &payload));
	wr_u8(&w, PACT_GUARD_MESSAGE2);
	CHECK_OK(noise_handshake_write(&hs, &random, BYTES_NONE, &w));
	CHECK_OK(noise_handshake_split(&hs, &split));
	pact_channel_begin(&t.sealed, &split, PACT_CHANNEL_SERVER);
	wr_reset(&t.said);
	answer(wr_bytes(&w));
	wr_free(&w);
}

static uint32_t
any_cap(uint8_t type, void *ctx)
{
	(void)ctx;
	return wire_kind_of(type)->cap;
}

static enum err
on_heard(uint8_t type, struct bytes body, void *ctx)
{
	(void)ctx;
	t.pings += type == WIRE_PING;
	if (type != WIRE_LOGIN_START)
		return ERR_OK;
	t.starts++;
	return wire_decode(WIRE_LOGIN_START, body, &t.start);
}

/* Opens what the client has said on the channel. */
static void
hear(void)
{
	size_t at = 0, len;
	bool too_big;

	for (;;) {
		struct bytes left = { t.said.p + at, t.said.n - at };
		size_t n = pact_channel_cut(left, WIRE_RECORD_MAX - 2, &len,
		    &too_big);

		if (n == 0)
			break;
		CHECK_OK(pact_channel_open(&t.sealed, t.said.p + at + 2, len,
		    any_cap, on_heard, NULL));
		at += n;
	}
	wr_reset(&t.said);
}

/* Says a message on the channel. */
static void
say(enum wire_type type, const void *message)
{
	struct wr w = wr_new(), out = wr_new();

	CHECK_OK(wire_encode(&w, type, message));
	CHECK_OK(pact_channel_seal(&t.sealed, wr_bytes(&w), false, &out));
	client_bytes(t.c, t.link, wr_bytes(&out));
	client_flush(t.c);
	wr_free(&w);
	wr_free(&out);
}

static void
pass(uint64_t ms)
{
	t.now_ms += ms;
	client_tick(t.c);
	client_flush(t.c);
}

/* A channel, and a login on it that may take its time. */
static void
begin_open(void)
{
	begin(true);
	connect();
	shake();
	hear();
	wheel_cancel(&t.c->wheel, &t.c->session.timer);
}

/* ---- the tests ---- */

TEST(a_server_with_its_key_is_spoken_with)
{
	begin(true);
	connect();
	shake();
	CHECK_EQ(t.c->channel.state, CLIENT_CHANNEL_OPEN);
	CHECK_EQ(t.outcome, -1);
	hear();
	end();
}

/* Who knows a server's key is told another one by nobody. */
TEST(a_key_that_was_not_asked_for_is_not_taken)
{
	uint8_t content[1 + WIRE_KEY_LEN] = { PACT_GUARD_KEY, 9, 9, 9 };

	begin(true);
	connect();
	answer(BYTES_OF(content));
	CHECK_EQ(t.outcome, SOTTO_NO_SERVER);
	CHECK_EQ(t.links, 1);
	CHECK(t.is_closed);
	CHECK_BYTES(BYTES_OF(t.c->account.server_key),
	    BYTES_OF(t.pair.public));
	end();
}

/* A key that the server itself has told is used, and is not a verified one;
 * one of zeros is none. */
TEST(a_key_that_was_asked_for_is_not_verified)
{
	uint8_t content[1 + WIRE_KEY_LEN] = { PACT_GUARD_KEY };

	begin(false);
	t.c->account.is_server_verified = true;
	connect();
	memcpy(content + 1, t.pair.public, WIRE_KEY_LEN);
	answer(BYTES_OF(content));
	CHECK_EQ(t.links, 2);
	CHECK(!t.c->account.is_server_verified);
	connect();
	shake();
	CHECK_EQ(t.c->channel.state, CLIENT_CHANNEL_OPEN);
	end();
	begin(false);
	connect();
	memset(content + 1, 0, WIRE_KEY_LEN);
	answer(BYTES_OF(content));
	CHECK_EQ(t.outcome, SOTTO_KEY_CHANGED);
	CHECK_EQ(t.links, 1);
	end();
}

/* Nobody who has not the server's key makes a client work, or lets it spend
 * its passes. */
TEST(a_challenge_is_the_servers)
{
	for (enum lie lie = OTHER_RECORD; lie <= OTHER_KEY; lie++) {
		begin(true);
		t.c->seen.passes.n = 2;
		t.c->seen.passes.until_s = UINT64_MAX;
		connect();
		challenge(1, lie);
		CHECK_EQ(t.outcome, SOTTO_KEY_CHANGED);
		CHECK_EQ(t.jobs, 0);
		CHECK_EQ(t.links, 1);
		CHECK_EQ(t.c->seen.passes.n, 2);
		end();
	}
	begin(true);
	connect();
	challenge(1, TRUE_ONE);
	CHECK_EQ(t.jobs, 1);
	solve();
	CHECK_EQ(t.links, 2);
	connect();
	CHECK_EQ(read_first().kind, PACT_GUARD_PUZZLE);
	shake();
	CHECK_EQ(t.c->channel.state, CLIENT_CHANNEL_OPEN);
	end();
}

/* Two of a device's passes are tried, and the rest kept for later. */
TEST(two_passes_are_tried)
{
	begin(true);
	t.c->seen.passes.n = 5;
	t.c->seen.passes.until_s = UINT64_MAX;
	for (unsigned i = 0; i < 2; i++) {
		connect();
		challenge(1, TRUE_ONE);
		CHECK_EQ(t.jobs, 0);
	}
	connect();
	CHECK_EQ(read_first().kind, PACT_GUARD_DEVICE);
	challenge(1, TRUE_ONE);
	CHECK_EQ(t.jobs, 1);
	CHECK_EQ(t.c->seen.passes.n, 3);
	end();
}

/* A server that is never content does not keep a client at it. */
TEST(challenges_come_to_an_end)
{
	unsigned n = 0;

	begin(true);
	for (; t.outcome < 0 && n < 100; n++) {
		connect();
		challenge(1, TRUE_ONE);
		if (t.outcome < 0)
			solve();
	}
	CHECK_EQ(t.outcome, SOTTO_WAIT);
	CHECK_EQ(n, 9);
	end();
}

/* Ten seconds are worked, on all puzzles together. */
TEST(work_comes_to_an_end)
{
	begin(true);
	connect();
	challenge(PACT_GUARD_EFFORT_MAX, TRUE_ONE);
	work(PACT_GUARD_WORK_MS / 2);
	CHECK_EQ(t.jobs, 2);
	work(PACT_GUARD_WORK_MS / 2);
	CHECK_EQ(t.outcome, SOTTO_WAIT);
	CHECK_EQ(t.jobs, 2);
	end();
	begin(true);
	connect();
	challenge(1, TRUE_ONE);
	t.now_ms += PACT_GUARD_WORK_MS;
	solve();
	connect();
	challenge(1, TRUE_ONE);
	CHECK_EQ(t.outcome, SOTTO_WAIT);
	CHECK_EQ(t.jobs, 1);
	end();
}

/* A server that says nothing is asked once, and given up. */
TEST(silence_is_asked_about_and_ends)
{
	begin_open();
	pass(WIRE_PING_MS - 1);
	CHECK_EQ(t.said.n, 0);
	pass(1);
	hear();
	CHECK_EQ(t.pings, 1);
	CHECK(!t.is_closed);
	pass(WIRE_PONG_MS);
	CHECK(t.is_closed);
	end();
}

/* One that answers every PING, and no login, is given up as well. */
TEST(a_login_takes_two_minutes)
{
	struct wire_PONG pong = { 0 };

	begin(true);
	connect();
	shake();
	for (unsigned i = 0; i < 11; i++) {
		pass(10000);
		say(WIRE_PONG, &pong);
	}
	CHECK_EQ(t.outcome, -1);
	pass(10000);
	CHECK_EQ(t.outcome, SOTTO_NO_SERVER);
	end();
}

/* Keys are changed every hour, though little is said. */
TEST(an_hour_ends_a_key)
{
	struct wire_PONG pong = { 0 };

	begin_open();
	for (unsigned i = 0; i < 65; i++) {
		pass(WIRE_PING_MS);
		hear();
		say(WIRE_PONG, &pong);
	}
	CHECK(!t.is_closed);
	CHECK_EQ(t.pings, 65);
	CHECK_EQ(t.sealed.in_rekeys, 2);
	end();
}

/* The server has heard too many guesses: it asks for patience, or work. */
static void
ask_for_patience(uint32_t wait_ms)
{
	struct wire_ERROR m = { .req = t.start.req, .code = WIRE_ERROR_WAIT,
		.wait_ms = wait_ms };

	say(WIRE_ERROR, &m);
}

/* The machine finds a solution, at once. */
static void
find(void)
{
	t.work->is_solved = true;
	client_job_done(t.c, t.job);
	client_flush(t.c);
	hear();
}

/* Bids for a login rise up to what no client goes beyond. What was made for
 * a login that failed is forgotten. */
TEST(bids_come_to_an_end)
{
	begin_open();
	CHECK_EQ(t.starts, 1);
	CHECK_EQ(t.start.effort, 0);
	for (uint32_t effort = 1U << 18; effort <= PACT_GUARD_EFFORT_MAX;
	     effort *= 4) {
		ask_for_patience(1000);
		CHECK_EQ(t.work->puzzle.effort, effort);
		find();
		CHECK_EQ(t.start.effort, effort);
	}
	CHECK_EQ(t.jobs, 3);
	CHECK_EQ(t.outcome, -1);
	CHECK(t.c->keys != NULL);
	ask_for_patience(1000);
	CHECK_EQ(t.outcome, SOTTO_WAIT);
	CHECK_EQ(t.jobs, 3);
	CHECK_EQ(t.starts, 4);
	CHECK(t.c->keys == NULL);
	end();
}

TEST(bidding_takes_ten_seconds)
{
	begin_open();
	ask_for_patience(1000);
	work(PACT_GUARD_WORK_MS - 1);
	CHECK_EQ(t.outcome, -1);
	work(1);
	CHECK_EQ(t.outcome, SOTTO_WAIT);
	end();
	begin_open();
	ask_for_patience(1000);
	t.now_ms += PACT_GUARD_WORK_MS;
	find();
	ask_for_patience(1000);
	CHECK_EQ(t.outcome, SOTTO_WAIT);
	CHECK_EQ(t.jobs, 1);
	end();
}

/* When the wait is not about who works most, it is told. */
TEST(a_long_wait_is_no_auction)
{
	begin_open();
	ask_for_patience(1000);
	find();
	ask_for_patience(20001);
	CHECK_EQ(t.outcome, SOTTO_WAIT);
	CHECK_EQ(t.jobs, 1);
	end();
}

CHECK_MAIN(T(a_server_with_its_key_is_spoken_with),
    T(a_key_that_was_not_asked_for_is_not_taken),
    T(a_key_that_was_asked_for_is_not_verified),
    T(a_challenge_is_the_servers), T(two_passes_are_tried),
    T(challenges_come_to_an_end), T(work_comes_to_an_end),
    T(silence_is_asked_about_and_ends), T(a_login_takes_two_minutes),
    T(an_hour_ends_a_key),
    T(bids_come_to_an_end), T(bidding_takes_ten_seconds),
    T(a_long_wait_is_no_auction))
