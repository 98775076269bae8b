/*
 * Floods of strangers, in virtual time: what the core lets them do to those
 * who belong here. What work costs is a model of a slow machine; everything
 * else is the real core.
 */
#include "world.h"

#include "server/core.h"
#include "server/effort.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct world w;

/* ---- strangers: connections without a client behind them ---- */

#define STRANGERS 8192

struct stranger {
	struct server_conn *conn; /* NULL: a free one */
	uint64_t since_ms, lived_ms;
	size_t got;
	bool is_closed;
};

/* The longest answer to whoever is not let in. */
#define CHALLENGE_LEN                                                         \
	(2 + 1 + PACT_GUARD_CHALLENGE_LEN + 4 + PACT_GUARD_MAC_LEN)

static struct stranger strangers[STRANGERS];
static size_t strangers_n, strangers_in;
static struct server_effects of_guys;

static struct stranger *
stranger_of(void *shell_conn)
{
	struct stranger *st = shell_conn;

	return st >= strangers && st < strangers + STRANGERS ? st : NULL;
}

static void
on_send(void *ctx, void *shell_conn, const uint8_t *p, size_t n)
{
	struct stranger *st = stranger_of(shell_conn);

	if (st == NULL)
		of_guys.send(ctx, shell_conn, p, n);
	else
		st->got += n;
}

static void
on_close(void *ctx, void *shell_conn, bool at_once)
{
	struct stranger *st = stranger_of(shell_conn);

	if (st == NULL) {
		of_guys.close(ctx, shell_conn, at_once);
		return;
	}
	st->is_closed = true;
	st->lived_ms = w.now_ms - st->since_ms;
}

static void
on_pause(void *ctx, void *shell_conn, bool is_paused)
{
	if (stranger_of(shell_conn) == NULL)
		of_guys.pause(ctx, shell_conn, is_paused);
}

static void
begin(uint32_t max_conns)
{
	struct server_config config = server_config_default();

	config.max_conns = max_conns;
	world_init_with(&w, &config);
	of_guys = w.server->effects;
	w.server->effects.send = on_send;
	w.server->effects.close = on_close;
	w.server->effects.pause = on_pause;
	memset(strangers, 0, sizeof strangers);
	strangers_n = 0;
}

/* Comes from one of so many addresses 10.x.y.z. */
static void
come(struct stranger *st, uint32_t source)
{
	server_addr from = { .ip = { [10] = 0xff, [11] = 0xff, [12] = 10,
		[13] = (uint8_t)(source >> 16), [14] = (uint8_t)(source >> 8),
		[15] = (uint8_t)source }, .port = 1024 };

	*st = (struct stranger){ .since_ms = w.now_ms };
	st->conn = server_open(w.server, st, &from);
	CHECK(st->conn != NULL);
}

static void
go(struct stranger *st)
{
	struct server_conn *c = st->conn;

	st->conn = NULL;
	if (c == NULL)
		return;
	strangers_in += st->got > CHALLENGE_LEN;
	server_closed(w.server, c);
}

/* A first record without a pass, which any stranger can make. */
static void
write_plain(struct wr *record)
{
	struct guy nobody = { .w = &w };
	uint8_t message1[PACT_GUARD_MESSAGE1_LEN], key[PACT_GUARD_KEY_LEN];
	struct pact_guard_first plain = { .kind = PACT_GUARD_PLAIN,
		.message1 = BYTES_OF(message1) };
	size_t mark = wr_begin(record, 2);

	guy_new_message1(&nobody, message1);
	pact_guard_key(w.server_key, key);
	CHECK_OK(pact_guard_write_first(record, key, &plain));
	wr_end(record, mark, 2);
}

/* ---- row 16 ---- */

#define SLOW 5000

/* 5,000 say a byte in five seconds: none gets more time than the others, and
 * nothing that they say gets them any. */
TEST(threat_16_slow_connections)
{
	static const uint8_t first[] = { 5, 0, WIRE_VERSION };
	static struct guy alice;
	size_t closed = 0;

	begin(STRANGERS + 64);
	CHECK(guy_join(&w, &alice, "alice"));
	for (uint32_t i = 0; i < SLOW; i++)
		come(&strangers[i], i);
	for (size_t s = 0; s < 15; s += 5) {
		for (size_t i = 0; i < SLOW; i++)
			if (!strangers[i].is_closed)
				server_bytes(w.server, strangers[i].conn,
				    (struct bytes){ &first[s / 5], 1 });
		CHECK(guy_connect(&alice) && guy_login_device(&alice, 0));
		guy_forget(&alice);
		world_wait(&w, 5000);
	}
	for (size_t i = 0; i < SLOW; i++) {
		closed += strangers[i].is_closed &&
		    strangers[i].lived_ms >= WIRE_HANDSHAKE_MS &&
		    strangers[i].lived_ms <= 12000 && strangers[i].got == 0;
		go(&strangers[i]);
	}
	CHECK_EQ(closed, SLOW);
	world_free(&w);
}

/* ---- a full table ---- */

#define TABLE 64

/* Three times as many strangers as there is room for, who all say this and
 * stay: the one who came first goes for the next who comes. Sessions stay,
 * and whoever belongs here comes in. */
static void
fill_table(struct bytes said)
{
	static struct guy alice, bob;
	struct server_config config;
	size_t closed = 0;

	begin(TABLE);
	/* Room that the table does not have is not counted upon. */
	config = w.server->config;
	config.max_conns = 10 * TABLE;
	config.guard = SERVER_GUARD_OFF;
	server_configure(w.server, &config);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_join(&w, &bob, "bob"));
	guy_cut(&bob);
	for (uint32_t i = 0; i < 3 * TABLE; i++) {
		come(&strangers[i], i);
		server_bytes(w.server, strangers[i].conn, said);
		for (uint32_t j = 0; j <= i; j++) {
			if (strangers[j].conn == NULL ||
			    !strangers[j].is_closed)
				continue;
			closed++;
			CHECK(i - j >= TABLE / 2);
			go(&strangers[j]);
		}
	}
	CHECK(closed >= 2 * TABLE);
	CHECK(!alice.is_closed);
	CHECK(guy_connect(&bob) && guy_login_device(&bob, 0));
	for (size_t i = 0; i < 3 * TABLE; i++)
		go(&strangers[i]);
	CHECK_EQ(w.server->open_n, 0);
	world_free(&w);
}

TEST(the_silent_make_room)
{
	fill_table((struct bytes){ (const uint8_t *)"\5", 1 });
}

/* A handshake lasts no longer in the table than a login needs. */
TEST(who_does_not_log_in_makes_room)
{
	struct wr record = wr_new();

	begin(TABLE);
	write_plain(&record);
	world_free(&w);
	/* Every world has the same keys. */
	fill_table(wr_bytes(&record));
	CHECK_EQ(strangers_in, 3 * TABLE);
	wr_free(&record);
}

/* ---- row 17: a core, and what work costs it, in us ---- */

#define COST_HANDSHAKE 150
#define COST_LOGIN     250 /* KE1 to LOGIN_OK */
#define COST_REFUSAL   20  /* accept, a hash, a challenge, close */
#define COST_DELIVERY  10

/* What a client's core tries of nonces in a microsecond. */
#define TRIES_US 1

#define SECONDS   10
#define OFFERED   12    /* strangers in a millisecond */
#define SOURCES   10000
#define PAYING_MS 20    /* the strangers' cores solve a puzzle so often */
#define LOGIN_MS  50    /* somebody logs in so often */
#define WAYS      1000  /* us that a message is under way to and fro */

static unsigned slowness; /* of this machine, in times */
static uint64_t epoch_ms;
static uint64_t clock_us; /* when the core has done what came so far */
static uint64_t handshakes, refusals;

static struct server_stats
stats(void)
{
	struct server_stats s;

	server_get_stats(w.server, &s);
	return s;
}

/* Something comes at that time, and waits for its turn. */
static void
arrive(uint64_t at_us)
{
	if (clock_us < at_us)
		clock_us = at_us;
	w.now_ms = epoch_ms + clock_us / 1000;
	if (w.deadline_ms <= w.now_ms) {
		w.deadline_ms = UINT64_MAX;
		server_tick(w.server);
		world_pump(&w);
	}
}

/* Charges what has been done since the last time, and so much more. */
static void
work(uint64_t more_us)
{
	struct server_stats s = stats();
	uint64_t refused = s.first_records_refused + s.passes_required;

	clock_us += slowness * (more_us +
	    (s.handshakes - handshakes) * COST_HANDSHAKE +
	    (refused - refusals) * COST_REFUSAL);
	handshakes = s.handshakes;
	refusals = refused;
}

/* ---- who pays: strangers with one core, and callers ---- */

/* Somebody on the way in. */
struct caller {
	struct guy guy;
	bool has_pass, is_by_password;
	uint8_t pass[PACT_GUARD_PASS_LEN];
	uint8_t message1[PACT_GUARD_MESSAGE1_LEN];
	struct pact_guard_first first;
	bool is_under_way, is_working;
	uint64_t since_us, ready_us;
};

static void
present(struct caller *c, uint64_t now_us)
{
	arrive(now_us);
	(void)guy_present(&c->guy, &c->first);
	work(0);
	c->is_working = false;
}

static void
call(struct caller *c, uint64_t now_us)
{
	guy_new_message1(&c->guy, c->message1);
	c->first = (struct pact_guard_first){ .message1 =
		BYTES_OF(c->message1), .kind = c->has_pass ?
		PACT_GUARD_DEVICE : PACT_GUARD_PLAIN,
		.pass = BYTES_OF(c->pass) };
	c->has_pass = false;
	c->is_under_way = true;
	c->since_us = now_us;
	present(c, now_us);
}

static void
solve(struct caller *c, uint64_t now_us)
{
	struct pact_guard_puzzle puzzle = c->guy.asked;

	pact_guard_bind(&puzzle, c->first.message1);
	c->first.kind = PACT_GUARD_PUZZLE;
	c->first.effort = puzzle.effort;
	memcpy(c->first.challenge, puzzle.challenge,
	    sizeof c->first.challenge);
	c->first.nonce = 0;
	CHECK(pact_guard_solve(&puzzle, &c->first.nonce, UINT32_MAX));
	c->is_working = true;
	c->ready_us = now_us + (c->first.nonce + 1) / TRIES_US;
}

/* Returns whether the channel stands by now. */
static bool
is_through(struct caller *c, uint64_t now_us)
{
	if (c->guy.is_up)
		return true;
	if (c->is_working && now_us >= c->ready_us)
		present(c, now_us);
	else if (!c->is_working && c->guy.asked.effort != 0)
		solve(c, now_us);
	return c->guy.is_up;
}

static void
log_in(struct caller *c)
{
	struct wire_PASSES m;

	if (c->is_by_password)
		CHECK(guy_login(&c->guy, 0));
	else
		CHECK(guy_login_device(&c->guy, 0));
	work(COST_LOGIN);
	if (guy_take(&c->guy, WIRE_PASSES, &m)) {
		c->has_pass = !c->is_by_password;
		memcpy(c->pass, m.passes.p, sizeof c->pass);
	}
	guy_forget(&c->guy);
	guy_cut(&c->guy);
	c->is_under_way = false;
}

/* ---- the flood ---- */

#define CALLERS 16
#define LATE_US 5000000

static struct caller callers[CALLERS], payer;
static struct guy alice, bob;
static uint32_t stream;
static uint64_t delays[1000 * SECONDS];
static size_t delays_n, calls, in_time, paid, entered;

static void
join_all(void)
{
	struct wire_WANT want = { .req = 1, .paths = WIRE_PATH_RELAY };
	struct wire_ANSWER answer = { .verdict = WIRE_VERDICT_ACCEPT,
		.paths = WIRE_PATH_RELAY };
	struct wire_INTRODUCTION asked;
	struct wire_INTRODUCED got;
	struct wire_STREAM_OPEN open;
	struct wire_STREAM_OPENED opened;
	char name[] = "caller-a";

	memset(callers, 0, sizeof callers);
	for (size_t i = 0; i < CALLERS; i++) {
		name[7] = (char)('a' + i);
		CHECK(guy_join(&w, &callers[i].guy, name));
		guy_cut(&callers[i].guy);
		guy_forget(&callers[i].guy);
		callers[i].guy.from.ip[0] = 0x20;
		callers[i].guy.from.ip[7] = (uint8_t)i;
		callers[i].is_by_password = i % 2 == 0;
	}
	guy_init(&w, &payer.guy, "payer", "");
	payer.guy.from.ip[0] = 0x30;
	CHECK(guy_join(&w, &alice, "alice") && guy_join(&w, &bob, "bob"));
	want.name = bob.name;
	guy_say(&alice, WIRE_WANT, &want);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	memcpy(answer.id, asked.id, sizeof answer.id);
	guy_say(&bob, WIRE_ANSWER, &answer);
	CHECK(guy_take(&alice, WIRE_INTRODUCED, &got));
	memcpy(open.id, got.id, sizeof open.id);
	guy_say(&alice, WIRE_STREAM_OPEN, &open);
	CHECK(guy_take(&alice, WIRE_STREAM_OPENED, &opened));
	stream = opened.stream;
	guy_forget(&alice);
	guy_forget(&bob);
}

/* One of the strangers says a first record, and takes what comes. */
static void
attack(struct bytes record, uint64_t at_us)
{
	struct stranger *st = &strangers[strangers_n % 1024];

	go(st);
	arrive(at_us);
	come(st, (uint32_t)(strangers_n++ % SOURCES));
	server_bytes(w.server, st->conn, record);
	work(0);
	if (st->is_closed || st->got != 0)
		go(st);
}

/* The strangers' own core solves as well, and hangs up when it is in. */
static void
pay(uint64_t now_us)
{
	if (!payer.is_under_way && now_us % (PAYING_MS * 1000) == 0) {
		payer.guy.from.ip[6]++;
		call(&payer, now_us);
	}
	if (payer.is_under_way && is_through(&payer, now_us)) {
		paid += payer.first.kind == PACT_GUARD_PUZZLE;
		entered++;
		guy_cut(&payer.guy);
		payer.is_under_way = false;
	}
}

static void
deliver(uint64_t at_us)
{
	static const uint8_t text[100];
	struct wire_STREAM_DATA m = { stream, BYTES_OF(text) };
	struct wire_STREAM_CREDIT credit = { 0, sizeof text };

	arrive(at_us);
	guy_say(&alice, WIRE_STREAM_DATA, &m);
	CHECK(guy_take(&bob, WIRE_STREAM_DATA, &m));
	work(COST_DELIVERY);
	delays[delays_n++] = clock_us - at_us;
	credit.stream = m.stream;
	guy_say(&bob, WIRE_STREAM_CREDIT, &credit);
	guy_forget(&alice);
	guy_forget(&bob);
}

static void
let_in(uint64_t now_us)
{
	size_t next = now_us / (LOGIN_MS * 1000) % CALLERS;

	if (now_us % (LOGIN_MS * 1000) == 0 && !callers[next].is_under_way) {
		calls++;
		call(&callers[next], now_us);
	}
	for (size_t i = 0; i < CALLERS; i++) {
		struct caller *c = &callers[i];

		if (!c->is_under_way || !is_through(c, now_us))
			continue;
		log_in(c);
		entered++;
		in_time += clock_us - c->since_us <= LATE_US;
	}
}

/* The same seconds, with so many strangers in a millisecond. */
static void
run(unsigned offered)
{
	struct wr record = wr_new();

	write_plain(&record);
	epoch_ms = w.now_ms;
	clock_us = 0;
	work(0);
	clock_us = delays_n = calls = in_time = paid = entered = 0;
	strangers_in = 0;
	for (uint64_t ms = 0; ms < 1000 * SECONDS; ms++) {
		uint64_t now_us = ms * 1000, said_us = now_us + ms * 7 % 1000;
		unsigned i = 0;

		let_in(now_us);
		if (offered != 0)
			pay(now_us);
		for (; i < offered && now_us + i * 1000 / offered < said_us;
		     i++)
			attack(wr_bytes(&record), now_us + i * 1000 / offered);
		deliver(said_us);
		for (; i < offered; i++)
			attack(wr_bytes(&record), now_us + i * 1000 / offered);
	}
	wr_free(&record);
}

static int
by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Of 100 deliveries one may take longer; the ways to and fro included. */
static uint64_t
p99_us(void)
{
	qsort(delays, delays_n, sizeof delays[0], by_size);
	return delays[delays_n * 99 / 100] + WAYS;
}

/* Runs quiet, then flooded, on a machine that is slower by so much. */
static struct server_stats
compare(unsigned slower, unsigned offered)
{
	struct server_stats before, after;
	uint64_t quiet, flooded;

	begin(STRANGERS + 64);
	slowness = slower;
	join_all();
	run(0);
	quiet = p99_us();
	CHECK_EQ(in_time, calls);
	before = stats();
	run(offered);
	flooded = p99_us();
	after = stats();
	for (size_t i = 0; i < STRANGERS; i++)
		go(&strangers[i]);
	printf("     p99 %llu us, flooded %llu us; %zu of %zu logins within "
	    "5 s; of %zu strangers in for nothing %zu, for work %zu\n",
	    (unsigned long long)quiet, (unsigned long long)flooded, in_time,
	    calls, strangers_n, strangers_in, paid);
	CHECK(flooded <= 2 * quiet);
	CHECK(calls >= 200);
	CHECK(in_time * 100 >= calls * 95);
	CHECK(paid > 0);
	/* Whoever is refused costs no public-key operation. */
	CHECK_EQ(after.handshakes - before.handshakes,
	    strangers_in + entered);
	return after;
}

/* 12,000 first records a second, from 10,000 sources, on a core that does
 * 2,400 logins: who is in has their messages at most twice as late, and who
 * belongs here comes in. */
TEST(threat_17_handshakes)
{
	struct server_stats after = compare(1, OFFERED);

	/* They were there before anybody was asked to pay. */
	CHECK(strangers_in <= 600);
	CHECK_EQ(after.effort, SERVER_EFFORT_LEAST);
	world_free(&w);
}

/* What a fast machine does with half of a core is more than all of a slow
 * one: the budget is one of time. */
TEST(a_slow_machine_asks_sooner)
{
	(void)compare(4, 2);
	world_free(&w);
}

CHECK_MAIN(T(threat_16_slow_connections), T(the_silent_make_room),
    T(who_does_not_log_in_makes_room), T(threat_17_handshakes),
    T(a_slow_machine_asks_sooner))
