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
static struct guy alice, mallory;

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

/* What the server has for every source and name, as a connection. */
static uint32_t
try_at_once(uint32_t source, const struct wire_name *name)
{
	struct server_conn c = { .source = source & (SERVER_SOURCES - 1) };

	return server_guess_charge(w.server, &c, name);
}

/* One source after the other, every second of thirty days. */
static void
besiege(const char *name)
{
	struct tally tally = { .n = 0 };
	struct wire_name whose;
	size_t beyond = 0;

	CHECK_OK(wire_name_parse(&whose, bytes_str(name)));
	for (uint32_t n = 0; n < 30 * DAY_MS / 1000; n++) {
		if (try_at_once(n % SOURCES, &whose) == 0)
			beyond += !note(&tally, w.now_ms);
		w.now_ms += 1000;
	}
	CHECK_EQ(beyond, 0);
	/* Never a lock: whoever waits has a turn. */
	CHECK(tally.n >= 24 * 30);
}

TEST(thirty_days_against_one_account)
{
	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	besiege("alice");
	besiege("nobody");
	world_free(&w);
}

/* Known or not, a name has the same turns at the same times. */
TEST(unknown_names_wait_like_known_ones)
{
	struct wire_name nobody;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK_OK(wire_name_parse(&nobody, bytes_str("nobody")));
	for (uint32_t n = 0; n < 2 * DAY_MS / 10000; n++) {
		uint32_t a = try_at_once(2 * n % SOURCES, &alice.name);
		uint32_t b = try_at_once((2 * n + 1) % SOURCES, &nobody);

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
 * comes and goes with a device that is known. */
TEST(the_owner_is_let_in_all_the_while)
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
		    !guy_login_device(&alice, WIRE_MODE_HOSTS))
			break;
		logins++;
		guy_forget(&alice);
		guy_forget(&mallory);
		world_wait(&w, error.wait_ms + 1);
	}
	CHECK(w.now_ms >= end);
	CHECK_EQ(logins, tally.n + refused);
	CHECK_EQ(beyond, 0);
	CHECK(tally.n >= 2 * 24);
	world_free(&w);
}

CHECK_MAIN(T(thirty_days_against_one_account),
    T(unknown_names_wait_like_known_ones), T(the_owner_is_let_in_all_the_while))
