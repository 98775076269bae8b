/* Threat row 2: thirty days of guessing from ten thousand machines. */
#include "world.h"

#include "server/core.h"
#include "server/guess.h"

#include <string.h>

#define HOUR_MS	     3600000u
#define DAY_MS	     (24 * HOUR_MS)
#define SOURCES	     10000
#define MOST_AN_HOUR 10
#define MOST_A_DAY   100

static struct world w;
static struct guy alice, mallory, bare;

/* Guesses that got a KE2, in windows that slide. */
struct tally {
	uint64_t at[MOST_A_DAY + 1]; /* the last ones, in a ring */
	size_t n;
};

/* Notes a guess; returns whether the windows that end here are within the
 * limits. */
static bool
note(struct tally *t, uint64_t now_ms)
{
	const size_t cap = MOST_A_DAY + 1;
	bool is_fine = true;

	t->at[t->n % cap] = now_ms;
	if (t->n >= MOST_AN_HOUR &&
	    now_ms - t->at[(t->n - MOST_AN_HOUR) % cap] < HOUR_MS)
		is_fine = false;
	if (t->n >= MOST_A_DAY &&
	    now_ms - t->at[(t->n - MOST_A_DAY) % cap] < DAY_MS)
		is_fine = false;
	t->n++;
	return is_fine;
}

static void
from_source(struct guy *g, uint32_t n)
{
	/* 198.18.0.0/15 is for measurements. */
	g->from = (server_addr){ 0 };
	g->from.ip[10] = g->from.ip[11] = 0xff;
	g->from.ip[12] = 198;
	g->from.ip[13] = (uint8_t)(18 + (n >> 16));
	g->from.ip[14] = (uint8_t)(n >> 8);
	g->from.ip[15] = (uint8_t)n;
}

/* What the server has for every source and name, as a connection; returns 0,
 * or how long to wait. */
static uint32_t
try_at_once(uint32_t source, const struct wire_name *name, uint32_t effort)
{
	struct server_conn c = { .source = source & (SERVER_SOURCES - 1) };
	uint32_t wait_ms;

	/* Too old a channel for its bid to be held. */
	c.since_ms = w.now_ms - WIRE_LOGIN_MS;
	if (server_guess_charge(w.server, &c, name, effort, &wait_ms) ==
	    SERVER_GUESS_NOW)
		return 0;
	return wait_ms == 0 ? UINT32_MAX : wait_ms;
}

/* How besiegers go about it. */
struct siege {
	uint64_t rests_ms; /* how long they lie low, to be forgotten */
	uint64_t every_ms; /* after each rest they come once in so long */
	size_t tries;      /* until the next rest */
	uint32_t effort;
};

/* One source after the other, thirty days long; returns how many guesses
 * were answered. */
static size_t
besiege(const char *name, const struct siege *siege)
{
	struct tally tally = { .n = 0 };
	struct wire_name whose;
	size_t beyond = 0, n = 0;
	uint64_t end = w.now_ms + 30ULL * DAY_MS;

	CHECK_OK(wire_name_parse(&whose, bytes_str(name)));
	for (; w.now_ms < end; n++) {
		uint32_t source = (uint32_t)(n % SOURCES);

		if (try_at_once(source, &whose, siege->effort) == 0)
			beyond += !note(&tally, w.now_ms);
		w.now_ms += n % siege->tries == siege->tries - 1 ?
		    siege->rests_ms : siege->every_ms;
	}
	CHECK_EQ(beyond, 0);
	return tally.n;
}

/* Whatever besiegers do, known and unknown names alike: no more than 10 in an
 * hour that slides and 100 in such a day; and never a lock. */
TEST(threat_02_thirty_days_from_ten_thousand_sources)
{
	static const struct siege sieges[] = {
		{ 1000, 1000, 1, 0 },
		{ 3000, 3000, 1, SERVER_GUESS_EFFORT },
		{ 20000, 5000, 7, UINT32_MAX },
		{ 7 * HOUR_MS, 10000, 600, 0 },
		{ DAY_MS, 10000, 8000, SERVER_GUESS_EFFORT },
		{ HOUR_MS, 60000, 30, 0 },
	};
	static const char *const names[] = { "alice", "nobody" };

	for (size_t i = 0; i < sizeof sieges / sizeof sieges[0]; i++) {
		size_t n[2];

		for (size_t k = 0; k < 2; k++) {
			world_init(&w);
			CHECK(guy_join(&w, &alice, "alice"));
			n[k] = besiege(names[k], &sieges[i]);
			world_free(&w);
		}
		CHECK_EQ(n[0], n[1]);
		CHECK(n[0] >= 30);
	}
}

/* Known or not, a name has the same turns at the same times. */
TEST(threat_02_unknown_names_wait_like_known_ones)
{
	struct wire_name nobody;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK_OK(wire_name_parse(&nobody, bytes_str("nobody")));
	for (uint32_t n = 0; n < 2 * DAY_MS / 10000; n++) {
		uint32_t effort = n % 3 == 0 ? SERVER_GUESS_EFFORT : 0;
		uint32_t a = try_at_once(2 * n % SOURCES, &alice.name, effort);
		uint32_t b = try_at_once((2 * n + 1) % SOURCES, &nobody,
		    effort);

		if (a != b) {
			CHECK_EQ(a, b);
			break;
		}
		w.now_ms += 10000;
	}
	world_free(&w);
}

/* With whole channels and real KE1: each wait is sat out to the
 * millisecond, and each try comes from another machine. Meanwhile the owner
 * comes and goes with a device that is known, at once each time. */
TEST(threat_02_a_known_device_is_let_in_all_the_while)
{
	struct tally tally = { .n = 0 };
	size_t beyond = 0, refused = 0, logins = 0;
	uint32_t source = 0;
	uint64_t end;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_init(&w, &mallory, "alice", "guess");
	end = w.now_ms + 2 * DAY_MS;
	while (w.now_ms < end) {
		struct guy_login login;
		struct wire_ERROR error = { 0 };
		uint64_t asked_ms = w.now_ms;

		from_source(&mallory, source++ % SOURCES);
		if (!CHECK(guy_connect(&mallory)))
			break;
		guy_login_start(&mallory, &login);
		if (guy_take(&mallory, WIRE_LOGIN_REPLY, &login.reply))
			beyond += !note(&tally, w.now_ms);
		else if (guy_take(&mallory, WIRE_ERROR, &error))
			refused++;
		guy_cut(&mallory);
		if (!guy_connect(&alice) ||
		    !guy_login_device(&alice, WIRE_MODE_HOSTS) ||
		    !CHECK(w.now_ms - asked_ms <= 1000))
			break;
		logins++;
		guy_forget(&alice);
		guy_forget(&mallory);
		world_wait(&w, error.wait_ms + 1);
	}
	CHECK(w.now_ms >= end);
	CHECK_EQ(logins, tally.n + refused);
	CHECK_EQ(beyond, 0);
	CHECK(tally.n >= 24);
	world_free(&w);
}

/* An hour of a guess each second, from everywhere, by those who show that
 * effort. */
static void
flood_an_hour(uint32_t effort)
{
	static uint32_t n;

	for (uint64_t end = w.now_ms + HOUR_MS; w.now_ms < end;
	    world_wait(&w, 1000))
		(void)try_at_once(n++ % SOURCES, &alice.name, effort);
}

static void
on_a_bare_machine(uint32_t effort)
{
	guy_init(&w, &bare, "alice", "correct horse");
	from_source(&bare, 77777);
	bare.effort = effort;
}

/* The owner on a bare machine, while ten thousand guess and do not work: a
 * little work, and no wait. */
TEST(threat_02_who_works_passes_those_who_do_not)
{
	size_t n = 0;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	on_a_bare_machine(0);
	for (int i = 0; i < 48; i++) {
		flood_an_hour(0);
		guy_forget(&bare);
		CHECK(guy_connect(&bare));
		bare.effort = 0;
		if (guy_login(&bare, 0))
			continue;
		CHECK_EQ(guy_take_error(&bare), WIRE_ERROR_WAIT);
		bare.effort = SERVER_GUESS_EFFORT;
		CHECK(guy_login(&bare, 0));
		n++;
	}
	CHECK(n >= 24);
	world_free(&w);
}

/* Connects and asks for a turn; returns 0, or how long to wait. An answer is
 * left in the inbox. */
static uint32_t
bid(struct guy *g, struct guy_login *login)
{
	struct wire_ERROR error = { 0 };

	CHECK(guy_connect(g));
	guy_login_start(g, login);
	if (guy_take(g, WIRE_ERROR, &error))
		CHECK_EQ(error.code, WIRE_ERROR_WAIT);
	return error.wait_ms;
}

/* They work, too: then whoever works most has the next turn, which comes
 * within sixteen minutes. */
TEST(threat_02_the_highest_effort_has_the_next_turn)
{
	struct guy_login login, theirs;
	struct wire_ERROR error;
	uint64_t asked_ms;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_init(&w, &mallory, "alice", "guess");
	mallory.effort = SERVER_GUESS_EFFORT;
	on_a_bare_machine(2 * SERVER_GUESS_EFFORT);
	for (uint32_t i = 0; i < 3; i++) {
		flood_an_hour(SERVER_GUESS_EFFORT);
		asked_ms = w.now_ms;
		/* The highest bid so far is held. */
		from_source(&mallory, i);
		while ((error.wait_ms = bid(&mallory, &theirs)) != 0)
			world_wait(&w, error.wait_ms);
		CHECK(!guy_take(&mallory, WIRE_LOGIN_REPLY, &theirs.reply));
		CHECK_EQ(bid(&bare, &login), 0);
		CHECK(guy_take(&mallory, WIRE_ERROR, &error));
		CHECK_EQ(error.code, WIRE_ERROR_WAIT);
		/* No more is no more. */
		CHECK(bid(&mallory, &theirs) > 0);
		world_wait(&w, error.wait_ms);
		CHECK(guy_take(&bare, WIRE_LOGIN_REPLY, &login.reply));
		guy_login_finish(&bare, &login, 0);
		CHECK(login.is_right);
		CHECK(w.now_ms - asked_ms <= 16 * 60000);
		guy_forget(&bare);
		guy_forget(&mallory);
	}
	world_free(&w);
}

/* Who leaves before their turn has used nothing up, and leaves nothing. */
TEST(a_turn_that_nobody_waits_for)
{
	struct guy_login login;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	on_a_bare_machine(SERVER_GUESS_EFFORT);
	for (int how = 0; how < 2; how++) {
		struct wire_CLOSE close = { .reason = WIRE_CLOSE_DONE };
		uint32_t wait_ms;

		flood_an_hour(SERVER_GUESS_EFFORT);
		while ((wait_ms = bid(&bare, &login)) != 0)
			world_wait(&w, wait_ms);
		CHECK(!guy_take(&bare, WIRE_LOGIN_REPLY, &login.reply));
		if (how == 0)
			guy_cut(&bare);
		else
			guy_say(&bare, WIRE_CLOSE, &close);
		world_wait(&w, 60000);
		for (size_t i = 0; i < SERVER_BIDS; i++)
			CHECK(w.server->bids[i].conn == NULL);
		CHECK_EQ(bid(&bare, &login), 0);
		CHECK(guy_take(&bare, WIRE_LOGIN_REPLY, &login.reply));
		guy_forget(&bare);
	}
	world_free(&w);
}

/* Bids have their places; when all are taken, the lowest gives way to a
 * higher one, and to no other. */
TEST(bids_have_fixed_memory)
{
	static struct guy many[3];
	static const char *const names[] = { "carol", "dave", "erin" };
	struct guy_login login;
	struct wire_ERROR error;

	world_init(&w);
	for (size_t i = 0; i < 3; i++) {
		guy_init(&w, &many[i], names[i], "guess");
		many[i].effort = SERVER_GUESS_EFFORT;
		from_source(&many[i], (uint32_t)i);
		for (int n = 0; n < 6; n++)
			(void)try_at_once(50, &many[i].name, UINT32_MAX);
	}
	world_wait(&w, 16 * 60000 - 15000);
	CHECK_EQ(bid(&many[0], &login), 0);
	for (size_t i = 1; i < SERVER_BIDS; i++)
		w.server->bids[i] = (struct server_bid){
			.of = &w.server->guesses[i],
			.conn = many[0].conn, .effort = UINT32_MAX };
	CHECK(bid(&many[1], &login) > 0);
	CHECK(!guy_take(&many[0], WIRE_ERROR, &error));
	many[2].effort = 2 * SERVER_GUESS_EFFORT;
	CHECK_EQ(bid(&many[2], &login), 0);
	CHECK(guy_take(&many[0], WIRE_ERROR, &error));
	guy_cut(&many[0]);
	for (size_t i = 1; i < SERVER_BIDS; i++)
		CHECK(w.server->bids[i].conn == NULL);
	world_wait(&w, error.wait_ms);
	CHECK(guy_take(&many[2], WIRE_LOGIN_REPLY, &login.reply));
	world_free(&w);
}

/* What is said to have been worked, and was not, ends the channel; so does
 * work for another channel, name, or KE1. */
TEST(every_part_of_a_bid_counts)
{
	struct wire_LOGIN_START good = { .effort = SERVER_GUESS_EFFORT };
	struct opaque_login_random random;
	struct opaque_login state;

	world_init(&w);
	guy_init(&w, &bare, "alice", "correct horse");
	for (int part = 0; part < 6; part++) {
		struct pact_guard_puzzle puzzle;
		struct wire_LOGIN_START m = good;

		CHECK(guy_connect(&bare));
		world_random(&w, &random, sizeof random);
		CHECK_OK(opaque_client_login(&state, bytes_str("x"), &random,
		    m.ke1));
		m.name = bare.name;
		pact_guard_login(&puzzle, BYTES_OF(bare.h),
		    wire_name_bytes(&m.name), BYTES_OF(m.ke1), m.effort);
		CHECK(pact_guard_solve(&puzzle, &m.nonce, UINT32_MAX));
		if (part == 1)
			m.nonce++;
		if (part == 2)
			m.effort++;
		if (part == 3)
			m.name.s[0] = 'b';
		if (part == 4)
			m.ke1[95] ^= 1;
		if (part == 5)
			m.effort = 0;
		guy_say(&bare, WIRE_LOGIN_START, &m);
		if (part == 0)
			CHECK(guy_take(&bare, WIRE_LOGIN_REPLY, &(struct
			    wire_LOGIN_REPLY){ 0 }));
		else
			CHECK_EQ(guy_take_close(&bare), WIRE_CLOSE_PROTOCOL);
		guy_forget(&bare);
	}
	world_free(&w);
}

/* One source has thirty tries over all names, and work buys it no more;
 * behind an address of this machine there may be a proxy, and work does. */
TEST(sources_are_counted_over_all_names)
{
	struct server_conn c[2] = { { .source = 7 },
		{ .source = 9, .is_loopback = true } };
	static const size_t most[2] = { 30, 1000 };

	world_init(&w);
	for (size_t k = 0; k < 2; k++) {
		enum server_guess_verdict verdict = SERVER_GUESS_NOW;
		struct wire_name name = { .s = "aaaa" };
		uint32_t wait_ms;
		size_t n;

		for (n = 0; n < 2000; n++) {
			name.s[0] = (char)('a' + n % 26);
			name.s[1] = (char)('a' + n / 26 % 26);
			name.s[2] = (char)('a' + n / 676 % 26);
			name.s[3] = (char)('a' + k);
			verdict = server_guess_charge(w.server, &c[k], &name,
			    0, &wait_ms);
			if (verdict != SERVER_GUESS_NOW)
				break;
		}
		CHECK_EQ(n, most[k]);
		CHECK_EQ(wait_ms, 30000);
		name.s[0] = '_';
		verdict = server_guess_charge(w.server, &c[k], &name,
		    SERVER_GUESS_EFFORT, &wait_ms);
		CHECK_EQ(verdict, k == 0 ? SERVER_GUESS_WAIT :
					   SERVER_GUESS_NOW);
	}
	world_free(&w);
}

/* A member's own logins do not give a source its guesses back. */
TEST(good_logins_do_not_hide_wrong_ones)
{
	struct server_conn c = { .source = 7 };
	struct wire_name own, name = { .s = "aa" };
	uint32_t wait_ms;

	world_init(&w);
	CHECK_OK(wire_name_parse(&own, bytes_str("mallory")));
	CHECK_EQ(server_guess_charge(w.server, &c, &own, 0, &wait_ms),
	    SERVER_GUESS_NOW);
	for (int n = 0; n < 30; n++) {
		name.s[0] = (char)('a' + n % 26);
		name.s[1] = (char)('a' + n / 26);
		CHECK_EQ(server_guess_charge(w.server, &c, &name, 0,
		    &wait_ms), n < 29 ? SERVER_GUESS_NOW : SERVER_GUESS_WAIT);
	}
	world_wait(&w, wait_ms);
	CHECK_EQ(server_guess_charge(w.server, &c, &name, 0, &wait_ms),
	    SERVER_GUESS_NOW);
	server_guess_refund(w.server, &c, &own);
	CHECK_EQ(server_guess_charge(w.server, &c, &name, 0, &wait_ms),
	    SERVER_GUESS_WAIT);
	world_free(&w);
}

CHECK_MAIN(T(threat_02_thirty_days_from_ten_thousand_sources),
    T(threat_02_unknown_names_wait_like_known_ones),
    T(threat_02_a_known_device_is_let_in_all_the_while),
    T(threat_02_who_works_passes_those_who_do_not),
    T(threat_02_the_highest_effort_has_the_next_turn),
    T(a_turn_that_nobody_waits_for), T(bids_have_fixed_memory),
    T(every_part_of_a_bid_counts), T(sources_are_counted_over_all_names),
    T(good_logins_do_not_hide_wrong_ones))
