/*
 * Passes and budgets at their edges: sets of spent passes that are full,
 * clocks at their ends, those who wait without a timer, memory that is not
 * there.
 */
#include "world.h"

#include "server/conn.h"
#include "server/effort.h"
#include "server/guard.h"
#include "server/guess.h"
#include "server/pass.h"
#include "support/fault.h"

#include <stdlib.h>
#include <string.h>

/* As an entry of the table is made; see pass.c. */
#define DEVICE (1ULL << 24)
#define TAG(n) ((uint64_t)(n) << 25)

static struct world w;
static struct guy alice, bob, carol;
static uint8_t message1[PACT_GUARD_MESSAGE1_LEN];

static void
begin(enum server_guard guard)
{
	struct server_config config = server_config_default();

	config.guard = guard;
	world_init_with(&w, &config);
	guy_init(&w, &alice, "alice", "correct horse");
	guy_init(&w, &bob, "bob", "correct horse");
	guy_init(&w, &carol, "carol", "correct horse");
}

static uint64_t
minute(void)
{
	return w.now_ms / 60000 + 2;
}

/* A pass of a device, and the set in which it will be spent. */
static struct server_spent *
given(uint8_t pass[PACT_GUARD_PASS_LEN])
{
	struct server_account a = { .given = 0 };
	struct wr out = wr_new();

	CHECK_OK(server_pass_give(w.server, &a, &out));
	memcpy(pass, out.p + WIRE_HEADER_LEN + 4 + 2, PACT_GUARD_PASS_LEN);
	wr_free(&out);
	return &w.server->spent[siphash(w.server->hash_key,
	    (struct bytes){ pass, PACT_GUARD_PASS_LEN }) &
	    (SERVER_SPENT_SETS - 1)];
}

static uint32_t
show(const uint8_t pass[PACT_GUARD_PASS_LEN])
{
	struct pact_guard_first first = { .kind = PACT_GUARD_DEVICE,
		.pass = { pass, PACT_GUARD_PASS_LEN } };

	return server_pass_check(w.server, 1, BYTES_NONE, &first);
}

static void
fill(struct server_spent *set)
{
	for (size_t i = 0; i < SERVER_SPENT_WAYS; i++)
		set->entries[i] = TAG(i + 1) | (minute() + 2);
}

/* ---- the table of what is spent ---- */

TEST(a_set_full_of_puzzles_takes_nothing)
{
	uint8_t pass[PACT_GUARD_PASS_LEN];
	struct server_spent *set, before;

	begin(SERVER_GUARD_ALWAYS);
	set = given(pass);
	fill(set);
	before = *set;
	CHECK_EQ(show(pass), 0);
	CHECK(memcmp(set, &before, sizeof before) == 0);
	/* They are over after two minutes. */
	w.now_ms += 120000;
	CHECK_EQ(show(pass), SERVER_EFFORT_DEVICE);
	CHECK_EQ(show(pass), 0);
	world_free(&w);
}

TEST(the_devices_pass_that_expires_first_makes_room)
{
	uint8_t pass[PACT_GUARD_PASS_LEN], other[PACT_GUARD_PASS_LEN];
	struct server_spent *set;

	begin(SERVER_GUARD_ALWAYS);
	set = given(pass);
	fill(set);
	set->entries[3] = TAG(4) | DEVICE | (minute() + 9);
	set->entries[7] = TAG(8) | DEVICE | (minute() + 5);
	set->entries[9] = TAG(10) | DEVICE | (minute() + 5);
	CHECK_EQ(show(pass), SERVER_EFFORT_DEVICE);
	CHECK_EQ(show(pass), 0);
	CHECK(set->entries[7] >> 25 != 8);
	CHECK_EQ(set->floor, minute() + 5);
	/* The next one takes the place of one that expires no later. */
	set = given(other);
	fill(set);
	set->floor = minute() + 5;
	set->entries[9] = TAG(10) | DEVICE | (minute() + 5);
	CHECK_EQ(show(other), SERVER_EFFORT_DEVICE);
	CHECK_EQ(set->floor, minute() + 5);
	CHECK(set->entries[9] >> 25 != 10);
	world_free(&w);
}

/* What stands in the table but is over does not count: two passes may share
 * the bits that are kept. */
TEST(an_entry_that_is_over_is_not_looked_at)
{
	uint8_t pass[PACT_GUARD_PASS_LEN];
	struct server_spent *set;
	uint64_t hash;

	begin(SERVER_GUARD_ALWAYS);
	set = given(pass);
	hash = siphash(w.server->hash_key, BYTES_OF(pass));
	fill(set);
	set->entries[5] = hash >> 25 << 25 | DEVICE | minute();
	CHECK_EQ(show(pass), SERVER_EFFORT_DEVICE);
	world_free(&w);
}

TEST(clocks_have_ends)
{
	uint8_t pass[PACT_GUARD_PASS_LEN];

	begin(SERVER_GUARD_ALWAYS);
	(void)given(pass);
	/* Set back: no pass lives longer for that. */
	w.now_ms -= 60000;
	CHECK_EQ(show(pass), 0);
	w.now_ms += 60000;
	CHECK_EQ(show(pass), SERVER_EFFORT_DEVICE);
	/* Up for longer than minutes can be counted: nothing is spent, so
	 * nothing is let in. */
	w.now_ms = DEVICE * 60000;
	(void)given(pass);
	CHECK_EQ(show(pass), 0);
	world_free(&w);
}

/* Shown as early or late in a minute as may be, it is good once: nor does its
 * last minute bring it back. */
TEST(a_pass_stays_spent_until_its_last_second)
{
	uint8_t pass[PACT_GUARD_PASS_LEN];
	uint64_t start;

	begin(SERVER_GUARD_ALWAYS);
	start = w.now_ms / 60000 * 60000;
	for (uint64_t s = 0; s < 60; s++) {
		w.now_ms = start + s * 1000;
		(void)given(pass);
		w.now_ms += ((uint64_t)WIRE_PASS_S - 59) * 1000;
		CHECK_EQ(show(pass), SERVER_EFFORT_DEVICE);
		for (int i = 0; i < 58; i++) {
			w.now_ms += 1000;
			CHECK_EQ(show(pass), 0);
		}
		memset(w.server->spent, 0,
		    SERVER_SPENT_SETS * sizeof w.server->spent[0]);
		CHECK_EQ(show(pass), SERVER_EFFORT_DEVICE);
		w.now_ms += 1000;
		CHECK_EQ(show(pass), 0);
	}
	world_free(&w);
}

/* Nor does one that had to make room come back when the minute is another
 * part of itself. */
TEST(a_pass_that_made_room_stays_spent)
{
	uint8_t pass[PACT_GUARD_PASS_LEN];
	struct server_spent *set;
	uint64_t start;

	begin(SERVER_GUARD_ALWAYS);
	start = w.now_ms / 60000 * 60000;
	for (uint64_t s = 0; s < 60; s++) {
		w.now_ms = start + s * 1000;
		set = given(pass);
		w.now_ms = start + 59000;
		CHECK_EQ(show(pass), SERVER_EFFORT_DEVICE);
		set->floor = set->entries[0] & (DEVICE - 1);
		set->entries[0] = 0;
		w.now_ms += 1000;
		CHECK_EQ(show(pass), 0);
		/* The wall clock's seconds begin a little earlier. */
		w.ahead_s = 1;
		CHECK_EQ(show(pass), 0);
		w.now_ms -= 1000;
		CHECK_EQ(show(pass), 0);
		w.ahead_s = 0;
		memset(set, 0, sizeof *set);
	}
	world_free(&w);
}

/* The server that gave it knows a pass, after a restart, too; no other does,
 * whatever else the two have in common. */
TEST(the_key_of_passes_is_the_servers)
{
	struct server_keys keys;
	struct pact_guard_first first = { .kind = PACT_GUARD_DEVICE };
	uint8_t pass[PACT_GUARD_PASS_LEN];
	struct server *s;

	begin(SERVER_GUARD_ALWAYS);
	(void)given(pass);
	first.pass = BYTES_OF(pass);
	keys = w.keys;
	for (int i = 0; i < 2; i++) {
		CHECK_OK(server_new(&w.config, &keys, &w.env, &w.effects,
		    &w.shelf.store, &s));
		shelf_run(&w.shelf);
		CHECK_EQ(server_pass_check(s, 1, BYTES_NONE, &first),
		    i == 0 ? SERVER_EFFORT_DEVICE : 0);
		server_free(s);
		keys.channel_secret[5] ^= 1;
	}
	world_free(&w);
}

/* Nobody can foretell a challenge: each minute draws a key of its own. */
TEST(each_minute_has_a_key)
{
	static const uint8_t zeros[SERVER_MINUTE_KEY_LEN];
	uint8_t challenge[PACT_GUARD_CHALLENGE_LEN];
	uint8_t last[SERVER_MINUTE_KEY_LEN] = { 0 };

	begin(SERVER_GUARD_ALWAYS);
	for (int i = 0; i < 4; i++, w.now_ms += 60000) {
		struct server_minute *m = &w.server->minutes[minute() & 1];

		server_pass_challenge(w.server, 1, challenge);
		CHECK_EQ(m->minute, minute());
		CHECK(memcmp(m->key, zeros, sizeof zeros) != 0);
		CHECK(memcmp(m->key, last, sizeof last) != 0);
		memcpy(last, m->key, sizeof last);
	}
	world_free(&w);
}

/* ---- giving ---- */

TEST(passes_that_cannot_be_made)
{
	struct server_account a = { .given = 0 };
	uint8_t small[16];
	struct wr out = wr_new();

	begin(SERVER_GUARD_ALWAYS);
	fault_at(1);
	CHECK_ERR(server_pass_give(w.server, &a, &out), ERR_CRYPTO);
	CHECK(fault_end());
	CHECK_EQ(out.n, 0);
	out = wr_init(small, sizeof small);
	CHECK_ERR(server_pass_give(w.server, &a, &out), ERR_ROOM);
	CHECK_EQ(out.n, 0);
	world_free(&w);
}

/* ---- sources ---- */

/* Each source has so many connections, and others have theirs. */
TEST(a_source_has_so_many_connections)
{
	static struct server_conn *conns[8];

	begin(SERVER_GUARD_OFF);
	w.server->config.max_conns_source = 8;
	memset(alice.from.ip, 0x20, sizeof alice.from.ip);
	for (int i = 0; i < 8; i++) {
		conns[i] = server_open(w.server, &alice, &alice.from);
		CHECK(conns[i] != NULL);
	}
	CHECK(!guy_connect(&alice));
	memset(bob.from.ip, 0x21, sizeof bob.from.ip);
	CHECK(guy_connect(&bob));
	for (int i = 0; i < 8; i++)
		server_closed(w.server, conns[i]);
	CHECK(guy_connect(&alice));
	world_free(&w);
}

/* Whoever goes leaves nothing behind. */
TEST(a_source_is_left)
{
	size_t conns = 0;

	begin(SERVER_GUARD_OFF);
	CHECK(guy_connect(&alice) && guy_connect(&bob));
	guy_cut(&alice);
	guy_cut(&bob);
	for (size_t i = 0; i < SERVER_SOURCES; i++)
		conns += w.server->sources[i].conns;
	CHECK_EQ(conns, 0);
	world_free(&w);
}

/* A whole IPv4 address, or 64 bits of an IPv6 one; 127.0.0.0/8 and ::1 are
 * this machine, and nothing else is. */
TEST(what_a_source_is)
{
	static const uint8_t v4[16] = { [10] = 0xff, [11] = 0xff, [12] = 127,
		[15] = 1 };
	server_addr at = { .port = 0 };
	uint64_t one;

	begin(SERVER_GUARD_OFF);
	memcpy(at.ip, v4, sizeof at.ip);
	one = server_guard_source(w.server, &at);
	for (int bit = 0; bit < 32; bit++) {
		at.ip[12 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(server_guard_source(w.server, &at) != one);
		CHECK_EQ(server_guard_is_loopback(&at), bit >= 8);
		at.ip[12 + bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	memset(&at, 0, sizeof at);
	at.ip[15] = 1;
	CHECK(server_guard_is_loopback(&at));
	one = server_guard_source(w.server, &at);
	for (int bit = 0; bit < 128; bit++) {
		at.ip[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK_EQ(server_guard_source(w.server, &at) == one, bit >= 64);
		CHECK(!server_guard_is_loopback(&at));
		at.ip[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	world_free(&w);
}

/* What has no right mac1 costs its source nothing, since anybody could say
 * it; a question for the key costs as much as a first record. */
TEST(what_a_source_pays_for)
{
	struct pact_guard_first ask = { .kind = PACT_GUARD_ASK };
	size_t got = 0;

	begin(SERVER_GUARD_OFF);
	memset(alice.from.ip, 0x20, sizeof alice.from.ip);
	alice.flip = 8 * 40;
	for (int i = 0; i < 100; i++)
		CHECK(!guy_connect(&alice));
	alice.flip = 0;
	for (int i = 0; i < 40; i++) {
		CHECK(!guy_present(&alice, &ask));
		CHECK(alice.got > got);
		got = alice.got;
	}
	CHECK(!guy_present(&alice, &ask));
	CHECK_EQ(alice.got, got);
	world_free(&w);
}

/* A process whose clock begins at 0 knows its first callers, too. */
TEST(a_clock_that_begins)
{
	begin(SERVER_GUARD_OFF);
	w.now_ms = 0;
	w.server->budget.at_ms = w.server->budget.period_ms = 0;
	memset(alice.from.ip, 0x20, sizeof alice.from.ip);
	for (int i = 0; i < 40; i++)
		CHECK(guy_connect(&alice));
	CHECK(!guy_connect(&alice));
	w.now_ms = 48;
	CHECK(!guy_connect(&alice));
	w.now_ms = 54;
	CHECK(guy_connect(&alice));
	world_free(&w);
}

/* ---- those who wait ---- */

/* A puzzle of so much effort, presented while the budget is used up. */
static void
wait_with(struct guy *g, uint32_t effort)
{
	struct pact_guard_first first = { .kind = PACT_GUARD_PLAIN,
		.message1 = BYTES_OF(message1) };

	guy_new_message1(g, message1);
	CHECK(!guy_present(g, &first));
	g->asked.effort = effort;
	pact_guard_bind(&g->asked, first.message1);
	first.kind = PACT_GUARD_PUZZLE;
	memcpy(first.challenge, g->asked.challenge, sizeof first.challenge);
	first.effort = effort;
	CHECK(pact_guard_solve(&g->asked, &first.nonce, UINT32_MAX));
	CHECK(!guy_present(g, &first));
}

static void
use_up(void)
{
	w.server->budget.tokens = -3000;
	w.server->budget.at_ms = w.now_ms;
}

TEST(the_order_of_those_who_wait)
{
	begin(SERVER_GUARD_ALWAYS);
	use_up();
	wait_with(&alice, 2 * SERVER_EFFORT_LEAST);
	wait_with(&bob, SERVER_EFFORT_LEAST);
	wait_with(&carol, SERVER_EFFORT_LEAST);
	CHECK_EQ(w.server->budget.waiting_n, 3);
	/* One who goes is forgotten, wherever they stand; who does not wait,
	 * changes nothing. */
	guy_cut(&bob);
	world_pump(&w);
	CHECK_EQ(w.server->budget.waiting_n, 2);
	CHECK(w.server->budget.waiting[1].conn == carol.conn);
	CHECK(guy_present(&bob, &(struct pact_guard_first){
	    .kind = PACT_GUARD_ASK }) == false);
	server_effort_leave(w.server, bob.conn);
	CHECK_EQ(w.server->budget.waiting_n, 2);
	/* A table that is full sends away the last with the least. */
	for (size_t i = 2; i < SERVER_WAITING_MAX; i++)
		w.server->budget.waiting[w.server->budget.waiting_n++] =
		    (struct server_waiting){ alice.conn,
			    2 * SERVER_EFFORT_LEAST };
	wait_with(&bob, 3 * SERVER_EFFORT_LEAST);
	CHECK(carol.is_closed && !alice.is_closed && !bob.is_closed);
	w.server->budget.waiting_n = 1;
	w.server->budget.waiting[0] = (struct server_waiting){ bob.conn, 1 };
	alice.conn->state = SERVER_FIRST;
	world_free(&w);
}

/* While people wait, the budget is short, however much time has brought. */
TEST(who_waits_makes_it_short)
{
	begin(SERVER_GUARD_ALWAYS);
	use_up();
	wait_with(&alice, SERVER_EFFORT_LEAST);
	CHECK_EQ(w.server->budget.waiting_n, 1);
	w.now_ms += 5000; /* the timer is late */
	w.server->budget.is_short = false;
	CHECK(server_effort_is_asked(w.server));
	CHECK(w.server->budget.is_short);
	/* And nobody passes those who wait. */
	wait_with(&bob, 2 * SERVER_EFFORT_LEAST);
	CHECK_EQ(w.server->budget.waiting_n, 2);
	world_wait(&w, 1);
	CHECK(alice.is_up && bob.is_up);
	world_free(&w);
}

/* Without memory for the timer nobody waits in vain: the next one who comes
 * arms it. */
TEST(who_comes_next_arms_the_timer_again)
{
	struct server_budget *b;

	begin(SERVER_GUARD_ALWAYS);
	b = &w.server->budget;
	use_up();
	wait_with(&alice, SERVER_EFFORT_LEAST);
	CHECK(b->turn.slot != 0);
	/* The turn comes too early by a hair, and finds no memory. */
	fault_at(1);
	b->turn.fire(&b->turn, w.server);
	wheel_cancel(&w.server->wheel, &b->turn);
	(void)fault_end();
	CHECK_EQ(b->turn.slot, 0);
	CHECK_EQ(b->waiting_n, 1);
	/* Still none: whoever comes is asked for work again. */
	guy_new_message1(&bob, message1);
	CHECK(guy_connect(&bob) == false);
	fault_at(1);
	CHECK_EQ(server_effort_take(w.server, bob.conn, 1),
	    SERVER_TURN_NEVER);
	CHECK(fault_end());
	w.now_ms += 3000;
	wait_with(&bob, SERVER_EFFORT_LEAST);
	CHECK(b->turn.slot != 0);
	world_wait(&w, 10);
	CHECK(alice.is_up && bob.is_up);
	world_free(&w);
}

TEST(with_the_guard_off_a_full_table_refuses)
{
	uint64_t refused;

	begin(SERVER_GUARD_OFF);
	use_up();
	CHECK(!guy_connect(&alice) && !alice.is_closed);
	for (size_t i = 1; i < SERVER_WAITING_MAX; i++)
		w.server->budget.waiting[w.server->budget.waiting_n++] =
		    (struct server_waiting){ NULL, 0 };
	refused = w.server->stats.first_records_refused;
	CHECK(!guy_connect(&bob));
	CHECK(bob.is_closed && bob.asked.effort == 0);
	CHECK_EQ(w.server->stats.first_records_refused, refused + 1);
	w.server->budget.waiting_n = 1;
	world_free(&w);
}

/* However many have their turn at once: a few, and then the next round. */
TEST(turns_come_a_few_at_a_time)
{
	static struct guy many[10];
	static const char *const names[10] = { "n0", "n1", "n2", "n3", "n4",
		"n5", "n6", "n7", "n8", "n9" };

	begin(SERVER_GUARD_ALWAYS);
	use_up();
	for (size_t i = 0; i < 10; i++) {
		guy_init(&w, &many[i], names[i], "correct horse");
		wait_with(&many[i], SERVER_EFFORT_LEAST);
	}
	CHECK_EQ(w.server->budget.waiting_n, 10);
	w.now_ms += 5000;
	w.server->budget.turn.fire(&w.server->budget.turn, w.server);
	CHECK_EQ(w.server->budget.waiting_n, 2);
	world_wait(&w, 10);
	CHECK_EQ(w.server->budget.waiting_n, 0);
	for (size_t i = 0; i < 10; i++)
		CHECK(many[i].is_up);
	world_free(&w);
}

/* Work that took long is charged for the time, but not for all of it: the
 * clock may have stood still meanwhile. */
TEST(slow_work_costs_more)
{
	struct server_budget *b;

	begin(SERVER_GUARD_ALWAYS);
	b = &w.server->budget;
	for (uint64_t ms = 0; ms <= 1000; ms += 500) {
		int32_t before = b->tokens = 100;

		server_effort_begin(w.server, 1);
		w.now_ms += ms;
		b->at_ms = w.now_ms;
		server_effort_end(w.server);
		CHECK_EQ(before - b->tokens, ms == 0 ? 0 : 9);
		server_effort_end(w.server);
		CHECK_EQ(before - b->tokens, ms == 0 ? 0 : 9);
	}
	world_free(&w);
}

/* A login costs what it costs, from a budget that may be in debt, so far and
 * no further; and who spends the last half of it makes it short. */
TEST(logins_are_charged)
{
	struct guy_login login;
	struct server_budget *b;
	int32_t before;

	begin(SERVER_GUARD_AUTO);
	b = &w.server->budget;
	CHECK(guy_connect(&alice));
	before = b->tokens;
	guy_login_start(&alice, &login);
	CHECK_EQ(before - b->tokens, SERVER_EFFORT_LOGIN);
	b->tokens = 160;
	b->is_short = false;
	server_effort_charge(w.server, 10);
	CHECK_EQ(b->tokens, 150);
	CHECK(!b->is_short);
	server_effort_charge(w.server, 1);
	CHECK(b->is_short && b->effort != 0);
	b->tokens = 0;
	server_effort_charge(w.server, 7);
	CHECK_EQ(b->tokens, -7);
	b->tokens = -3000;
	server_effort_charge(w.server, 7);
	CHECK_EQ(b->tokens, -3000);
	world_free(&w);
}

/* ---- guesses ---- */

static enum server_guess_verdict
guess(struct server_conn *c, const struct wire_name *name, uint32_t effort,
    uint32_t *wait_ms)
{
	return server_guess_charge(w.server, c, name, effort, wait_ms);
}

/* Uses up the budget of a name; the next guess is 16 minutes away. */
static void
use_up_name(const struct wire_name *name)
{
	struct server_conn c = { .source = 50 };
	uint32_t wait_ms;

	for (int i = 0; i < 6; i++)
		CHECK_EQ(guess(&c, name, UINT32_MAX, &wait_ms),
		    SERVER_GUESS_NOW);
}

TEST(counts_have_ends)
{
	struct server_conn c = { .source = 9, .is_loopback = true };
	uint32_t wait_ms, zeros = 0;

	begin(SERVER_GUARD_OFF);
	/* A refund after all was forgotten takes nothing below nothing. */
	server_guess_refund(w.server, &c, &alice.name);
	for (size_t i = 0; i < SERVER_GUESSES; i++) {
		struct server_guess *g = &w.server->guesses[i];

		CHECK(g->count == 0 && g->full_ms == 0);
		g->count = UINT16_MAX;
		g->forget_s = (uint32_t)(w.now_ms / 1000);
	}
	CHECK_EQ(guess(&c, &alice.name, SERVER_GUESS_EFFORT, &wait_ms),
	    SERVER_GUESS_NOW);
	for (size_t i = 0; i < SERVER_GUESSES; i++)
		zeros += w.server->guesses[i].count == 0;
	CHECK_EQ(zeros, 0);
	world_free(&w);
}

/* Whoever knows the password is never asked to wait for having known it, but
 * gives back no more than was taken: not what others have guessed. */
TEST(what_a_refund_gives_back)
{
	struct server_conn c = { .source = 60 };
	uint32_t wait_ms;

	begin(SERVER_GUARD_OFF);
	for (int i = 0; i < 100; i++) {
		CHECK_EQ(guess(&c, &alice.name, 0, &wait_ms),
		    SERVER_GUESS_NOW);
		server_guess_refund(w.server, &c, &alice.name);
	}
	use_up_name(&alice.name);
	c.since_ms = w.now_ms;
	CHECK_EQ(guess(&c, &alice.name, SERVER_GUESS_EFFORT, &wait_ms),
	    SERVER_GUESS_WAIT);
	server_guess_refund(w.server, &c, &alice.name);
	CHECK_EQ(guess(&c, &alice.name, SERVER_GUESS_EFFORT, &wait_ms),
	    SERVER_GUESS_NOW);
	CHECK_EQ(guess(&c, &alice.name, SERVER_GUESS_EFFORT, &wait_ms),
	    SERVER_GUESS_WAIT);
	world_free(&w);
}

/* Of a source: thirty for nothing, then half a minute, twice as long each
 * time, up to twenty minutes; each is forgotten after an hour. */
TEST(how_long_a_source_waits)
{
	static const uint32_t waits_s[] = { 30, 60, 120, 240, 480, 960, 1200 };
	struct server_conn c = { .source = 61 };
	struct wire_name name = { "n00" };
	uint32_t wait_ms;

	begin(SERVER_GUARD_OFF);
	for (int i = 0; i < 30; i++) {
		name.s[1] = (char)('0' + i / 10);
		name.s[2] = (char)('0' + i % 10);
		CHECK_EQ(guess(&c, &name, 0, &wait_ms), SERVER_GUESS_NOW);
	}
	for (size_t i = 0; i < sizeof waits_s / sizeof waits_s[0]; i++) {
		name.s[0] = (char)('a' + i);
		CHECK_EQ(guess(&c, &name, UINT32_MAX, &wait_ms),
		    SERVER_GUESS_WAIT);
		CHECK_EQ(wait_ms, waits_s[i] * 1000);
		w.now_ms += wait_ms - 1;
		CHECK_EQ(guess(&c, &name, 0, &wait_ms), SERVER_GUESS_WAIT);
		CHECK_EQ(wait_ms, 1);
		w.now_ms++;
		CHECK_EQ(guess(&c, &name, 0, &wait_ms), SERVER_GUESS_NOW);
	}
	/* 37 were counted; eight hours later 29 are, and one is free. */
	w.now_ms += 8ULL * 3600 * 1000;
	name.s[0] = 'x';
	CHECK_EQ(guess(&c, &name, 0, &wait_ms), SERVER_GUESS_NOW);
	name.s[0] = 'y';
	CHECK_EQ(guess(&c, &name, 0, &wait_ms), SERVER_GUESS_WAIT);
	world_free(&w);
}

/* Of a name: three for nothing; work counts from so much on, and takes the
 * place of the delay. */
TEST(work_in_place_of_waiting)
{
	struct server_conn c = { .source = 62 };
	uint32_t wait_ms;

	begin(SERVER_GUARD_OFF);
	for (int i = 0; i < 3; i++)
		CHECK_EQ(guess(&c, &alice.name, 0, &wait_ms),
		    SERVER_GUESS_NOW);
	CHECK_EQ(guess(&c, &alice.name, SERVER_GUESS_EFFORT - 1, &wait_ms),
	    SERVER_GUESS_WAIT);
	CHECK_EQ(wait_ms, 30000);
	CHECK_EQ(guess(&c, &alice.name, SERVER_GUESS_EFFORT, &wait_ms),
	    SERVER_GUESS_NOW);
	world_free(&w);
}

TEST(a_bid_needs_a_timer_and_comes_before_those_who_come_later)
{
	struct server_conn late = { .source = 51 };
	uint32_t wait_ms;

	begin(SERVER_GUARD_OFF);
	use_up_name(&alice.name);
	w.now_ms += 16 * 60000 - 15000;
	CHECK(guy_connect(&alice));
	fault_at(1);
	CHECK_EQ(guess(alice.conn, &alice.name, SERVER_GUESS_EFFORT,
	    &wait_ms), SERVER_GUESS_WAIT);
	CHECK(fault_end());
	CHECK_EQ(wait_ms, 15000);
	CHECK_EQ(guess(alice.conn, &alice.name, SERVER_GUESS_EFFORT,
	    &wait_ms), SERVER_GUESS_HELD);
	/* The timer is late; nobody slips in before whoever has waited. */
	w.now_ms += 15000;
	late.since_ms = w.now_ms;
	CHECK_EQ(guess(&late, &alice.name, SERVER_GUESS_EFFORT, &wait_ms),
	    SERVER_GUESS_WAIT);
	CHECK_EQ(wait_ms, 1);
	server_guess_leave(w.server, alice.conn);
	world_free(&w);
}

/* A turn that was waited for is charged like any other guess: the next one is
 * a period away. */
TEST(a_turn_is_charged)
{
	struct server_conn late = { .source = 52 };
	uint32_t wait_ms;

	begin(SERVER_GUARD_OFF);
	use_up_name(&alice.name);
	w.now_ms += 16 * 60000 - 15000;
	CHECK(guy_connect(&alice));
	CHECK_EQ(guess(alice.conn, &alice.name, SERVER_GUESS_EFFORT,
	    &wait_ms), SERVER_GUESS_HELD);
	w.now_ms += 15000;
	server_tick(w.server);
	world_pump(&w);
	late.since_ms = w.now_ms;
	CHECK_EQ(guess(&late, &alice.name, SERVER_GUESS_EFFORT, &wait_ms),
	    SERVER_GUESS_WAIT);
	CHECK_EQ(wait_ms, 16 * 60000 - 10000); /* to come back in time */
	world_free(&w);
}

/* Among many bids the lowest gives way, wherever it is. */
TEST(the_lowest_bid_gives_way)
{
	uint32_t wait_ms;

	begin(SERVER_GUARD_OFF);
	use_up_name(&bob.name);
	use_up_name(&carol.name);
	w.now_ms += 16 * 60000 - 15000;
	CHECK(guy_connect(&alice) && guy_connect(&bob));
	for (size_t i = 0; i < 5; i++)
		w.server->bids[i] = (struct server_bid){
			.of = &w.server->guesses[i], .conn = alice.conn,
			.effort = UINT32_MAX };
	CHECK_EQ(guess(bob.conn, &bob.name, SERVER_GUESS_EFFORT, &wait_ms),
	    SERVER_GUESS_HELD);
	CHECK(w.server->bids[5].conn == bob.conn);
	for (size_t i = 6; i < SERVER_BIDS; i++)
		w.server->bids[i] = (struct server_bid){
			.of = &w.server->guesses[i], .conn = alice.conn,
			.effort = UINT32_MAX };
	CHECK_EQ(guess(alice.conn, &carol.name, 2 * SERVER_GUESS_EFFORT,
	    &wait_ms), SERVER_GUESS_HELD);
	CHECK(w.server->bids[5].conn == alice.conn);
	server_guess_leave(w.server, alice.conn);
	world_free(&w);
}

/* Of two servers with the same keys but one: nobody can foretell where a
 * name stands in the tables, nor what a name that nobody has is answered. */
TEST(what_a_server_is_keyed_by)
{
	static const uint8_t zeros[SIPHASH_KEY_LEN];
	struct server_keys keys;
	struct server *s;

	begin(SERVER_GUARD_AUTO);
	keys = w.keys;
	keys.fake_seed[9] ^= 1;
	CHECK_OK(server_new(&w.config, &keys, &w.env, &w.effects,
	    &w.shelf.store, &s));
	shelf_run(&w.shelf);
	CHECK(memcmp(s->hash_key, zeros, sizeof zeros) != 0);
	CHECK(memcmp(s->hash_key, w.server->hash_key, sizeof zeros) != 0);
	CHECK(memcmp(s->home_key, w.server->home_key, sizeof zeros) == 0);
	CHECK_BYTES(BYTES_OF(server_hold(s)->fake_seed),
	    BYTES_OF(keys.fake_seed));
	CHECK(memcmp(s->fake_record, w.server->fake_record,
	    sizeof s->fake_record) != 0);
	server_free(s);
	world_free(&w);
}

/* ---- memory ---- */

/* A server that cannot be made leaves nothing behind, and says so. */
TEST(a_server_needs_its_tables)
{
	struct server *s;
	unsigned faults = 0;
	enum err err;

	begin(SERVER_GUARD_AUTO);
	for (;;) {
		fault_at(faults + 1);
		err = server_new(&w.config, &w.keys, &w.env, &w.effects,
		    &w.shelf.store, &s);
		if (!fault_end())
			break;
		faults++;
		CHECK(err == ERR_NOMEM || err == ERR_CRYPTO);
		CHECK(s == NULL);
	}
	CHECK_OK(err);
	CHECK(faults >= 8);
	shelf_run(&w.shelf);
	CHECK(server_is_drained(s));
	server_free(s);
	world_free(&w);
}

CHECK_MAIN(T(a_set_full_of_puzzles_takes_nothing),
    T(the_devices_pass_that_expires_first_makes_room),
    T(an_entry_that_is_over_is_not_looked_at), T(clocks_have_ends),
    T(a_pass_stays_spent_until_its_last_second),
    T(a_pass_that_made_room_stays_spent), T(the_key_of_passes_is_the_servers),
    T(each_minute_has_a_key), T(passes_that_cannot_be_made),
    T(a_source_is_left), T(what_a_source_is), T(what_a_source_pays_for),
    T(a_source_has_so_many_connections),
    T(a_clock_that_begins), T(the_order_of_those_who_wait),
    T(who_waits_makes_it_short), T(who_comes_next_arms_the_timer_again),
    T(with_the_guard_off_a_full_table_refuses),
    T(turns_come_a_few_at_a_time), T(slow_work_costs_more),
    T(logins_are_charged), T(what_a_server_is_keyed_by),
    T(counts_have_ends), T(what_a_refund_gives_back),
    T(how_long_a_source_waits), T(work_in_place_of_waiting),
    T(a_bid_needs_a_timer_and_comes_before_those_who_come_later),
    T(a_turn_is_charged),
    T(the_lowest_bid_gives_way), T(a_server_needs_its_tables))
