/*
 * The guard: what a first record must show before the first scalar
 * multiplication, what the server asks for, and who is next.
 */
#include "world.h"

#include "server/core.h"
#include "server/effort.h"
#include "server/pass.h"

#include <malloc.h>
#include <string.h>

static struct world w;
static struct guy alice, bob;
static uint8_t message1[PACT_GUARD_MESSAGE1_LEN];

static void
begin(enum server_guard guard)
{
	struct server_config config = server_config_default();

	config.max_conns = SERVER_WAITING_MAX + 64;
	config.guard = guard;
	world_init_with(&w, &config);
	guy_init(&w, &alice, "alice", "correct horse");
	guy_init(&w, &bob, "bob", "correct horse");
}

static struct server_stats
stats(void)
{
	struct server_stats s;

	server_get_stats(w.server, &s);
	return s;
}

static struct pact_guard_first
plain(struct guy *g)
{
	guy_new_message1(g, message1);
	return (struct pact_guard_first){ .kind = PACT_GUARD_PLAIN,
		.message1 = BYTES_OF(message1) };
}

/* Asks for a challenge and solves it, with more than what it asks for. */
static struct pact_guard_first
solved(struct guy *g, uint32_t effort)
{
	struct pact_guard_first first = plain(g);

	CHECK(!guy_present(g, &first));
	CHECK(g->asked.effort >= SERVER_EFFORT_LEAST);
	if (effort != 0)
		g->asked.effort = effort;
	pact_guard_bind(&g->asked, first.message1);
	first.kind = PACT_GUARD_PUZZLE;
	memcpy(first.challenge, g->asked.challenge, sizeof first.challenge);
	first.effort = g->asked.effort;
	CHECK(pact_guard_solve(&g->asked, &first.nonce, UINT32_MAX));
	return first;
}

/* A pass of a device, made by the server for whoever. */
static struct pact_guard_first
given(struct guy *g, uint8_t pass[PACT_GUARD_PASS_LEN])
{
	struct server_account a = { .given = 0 };
	struct pact_guard_first first = plain(g);
	struct wr out = wr_new();

	CHECK_OK(server_pass_give(w.server, &a, &out));
	memcpy(pass, out.p + WIRE_HEADER_LEN + 4 + 2, PACT_GUARD_PASS_LEN);
	wr_free(&out);
	first.kind = PACT_GUARD_DEVICE;
	first.pass = (struct bytes){ pass, PACT_GUARD_PASS_LEN };
	return first;
}

/* ---- refusing ---- */

/* From the cheapest on; none of it costs a public-key operation. */
TEST(the_order_of_refusal)
{
	struct pact_guard_first first;
	uint8_t pass[PACT_GUARD_PASS_LEN];
	size_t before;

	begin(SERVER_GUARD_ALWAYS);
	memset(alice.from.ip, 0x20, sizeof alice.from.ip);
	alice.flip = 8 * 3; /* version */
	CHECK(!guy_connect(&alice));
	alice.flip = 8 * 40; /* mac1 */
	CHECK(!guy_connect(&alice));
	alice.flip = 0;
	CHECK_EQ(alice.got, 0);
	CHECK_EQ(stats().first_records_refused, 2);
	CHECK_EQ(stats().passes_required, 0);
	/* No pass, a wrong puzzle, a wrong pass of a device. */
	CHECK(!guy_connect(&alice));
	CHECK_EQ(stats().passes_required, 1);
	CHECK_EQ(stats().passes_refused, 0);
	first = solved(&alice, 0);
	first.nonce++;
	CHECK(!guy_present(&alice, &first));
	CHECK_EQ(stats().passes_refused, 1);
	first = given(&alice, pass);
	pass[0] ^= 1;
	CHECK(!guy_present(&alice, &first));
	CHECK_EQ(stats().passes_refused, 2);
	CHECK_EQ(stats().passes_required, 4);
	/* The challenge has left, and nobody waits for alice to close. */
	CHECK(alice.asked.effort != 0 && alice.is_closed && alice.is_cut);
	/* The budget of the source comes before all passes. */
	first = solved(&alice, 0);
	for (int i = 0; i < 40; i++)
		(void)guy_connect(&alice);
	before = alice.got;
	CHECK(!guy_present(&alice, &first));
	CHECK_EQ(alice.got, before);
	CHECK_EQ(stats().handshakes, 0);
	CHECK_EQ(stats().pk_ops_without_pass, 0);
	world_free(&w);
}

TEST(off_asks_for_nothing)
{
	begin(SERVER_GUARD_OFF);
	w.server->budget.effort = SERVER_EFFORT_LEAST;
	CHECK(guy_connect(&alice));
	CHECK_EQ(stats().passes_required, 0);
	CHECK_EQ(stats().pk_ops_without_pass, 1);
	world_free(&w);
}

/* What goes out to somebody who is not logged in is never more than what has
 * come in, at no point of the way. */
TEST(threat_20_no_amplification)
{
	struct guy_login login;

	begin(SERVER_GUARD_ALWAYS);
	CHECK(!guy_connect(&alice));
	CHECK(alice.got <= alice.said);
	guy_cut(&alice);
	w.server->config.guard = SERVER_GUARD_OFF;
	alice.got = alice.said = 0;
	CHECK(guy_connect(&alice));
	CHECK(alice.got <= alice.said);
	guy_login_start(&alice, &login);
	CHECK(guy_take(&alice, WIRE_LOGIN_REPLY, &login.reply));
	CHECK(alice.got <= alice.said);
	guy_login_finish(&alice, &login, 0);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LOGIN);
	CHECK(alice.got <= alice.said);
	world_wait(&w, WIRE_LOGIN_MS + 1);
	CHECK(alice.is_closed);
	CHECK(alice.got <= alice.said);
	world_free(&w);
}

/* Opens a connection and lets the first n bytes of b arrive. */
static void
begin_with(struct guy *g, struct bytes b, size_t n)
{
	guy_cut(g);
	g->in.n = 0;
	g->is_closed = g->is_cut = false;
	g->got = g->said = 0;
	g->conn = server_open(w.server, g, &g->from);
	server_bytes(w.server, g->conn, (struct bytes){ b.p, n });
	g->said = n;
	world_pump(&w);
	CHECK(g->got <= g->said);
}

/* Every beginning of a first record: nothing comes back before it is whole,
 * then `answer` bytes, fewer than it has; and no more when it is given up. */
static void
cut_first(const struct pact_guard_first *first, size_t answer)
{
	struct wr record = wr_new();
	uint8_t key[PACT_GUARD_KEY_LEN];
	size_t mark = wr_begin(&record, 2);

	pact_guard_key(w.server_key, key);
	CHECK_OK(pact_guard_write_first(&record, key, first));
	wr_end(&record, mark, 2);
	for (size_t n = 0; n <= record.n; n++) {
		begin_with(&alice, wr_bytes(&record), n);
		CHECK_EQ(alice.got > 0, n == record.n);
		/* A puzzle is not good for long. */
		world_wait(&w, n % 64 == 0 && first->kind !=
		    PACT_GUARD_PUZZLE ? WIRE_LOGIN_MS + 1 : 50);
		CHECK(alice.got <= alice.said);
	}
	CHECK_EQ(alice.got, answer);
	wr_free(&record);
}

/* Every beginning of a message's record in a channel; before it there may be
 * KE1. */
static void
cut_message(enum wire_type type, const void *message, bool is_after_ke1)
{
	struct wr plain = wr_new(), record = wr_new();
	struct guy_login login;
	size_t most = 1;

	guy_queue(&alice, &plain, type, message);
	for (size_t n = 0; n <= most; n++) {
		alice.got = alice.said = 0;
		CHECK(guy_connect(&alice));
		if (is_after_ke1) {
			guy_login_start(&alice, &login);
			CHECK(guy_take(&alice, WIRE_LOGIN_REPLY,
			    &login.reply));
		}
		guy_forget(&alice);
		wr_reset(&record);
		CHECK_OK(pact_channel_seal(&alice.channel, wr_bytes(&plain),
		    false, &record));
		most = record.n;
		server_bytes(w.server, alice.conn,
		    (struct bytes){ record.p, n });
		alice.said += n;
		world_pump(&w);
		CHECK(alice.got <= alice.said);
		/* Guesses are counted by the hour. */
		world_wait(&w, n == most || is_after_ke1 ? 3600000 : 1000);
		CHECK(alice.got <= alice.said);
	}
	wr_free(&plain);
	wr_free(&record);
}

/* What was recorded of each way to a login, cut at every byte. */
TEST(threat_20_every_prefix_gets_less_than_it_is)
{
	struct pact_guard_first ask = { .kind = PACT_GUARD_ASK }, first;
	uint8_t pass[PACT_GUARD_PASS_LEN];
	struct wire_LOGIN_START start = { .req = 1 };
	struct wire_LOGIN_FINISH finish = { .req = 2 };
	struct wire_DEVICE_LOGIN device = { .req = 3 };
	struct wire_REGISTER_START join = { .req = 4 };
	struct wire_PING ping = { .token = 5 };
	struct wire_CLOSE close = { .reason = WIRE_CLOSE_DONE };

	begin(SERVER_GUARD_ALWAYS);
	cut_first(&ask, 2 + 1 + 32);
	first = plain(&alice);
	cut_first(&first, 2 + 1 + 16 + 4 + 16);
	first = solved(&alice, 0);
	cut_first(&first, 2 + 1 + PACT_GUARD_MESSAGE2_LEN);
	first = given(&alice, pass);
	cut_first(&first, 2 + 1 + PACT_GUARD_MESSAGE2_LEN);
	w.server->config.guard = SERVER_GUARD_OFF;
	first = plain(&alice);
	cut_first(&first, 2 + 1 + PACT_GUARD_MESSAGE2_LEN);
	start.name = device.name = join.name = alice.name;
	start.ke1[0] = start.ke1[64] = 1;
	cut_message(WIRE_LOGIN_START, &start, false);
	cut_message(WIRE_LOGIN_FINISH, &finish, true);
	cut_message(WIRE_DEVICE_LOGIN, &device, false);
	cut_message(WIRE_REGISTER_START, &join, false);
	cut_message(WIRE_PING, &ping, false);
	cut_message(WIRE_CLOSE, &close, false);
	world_free(&w);
}

/* A word at the end would be more than what came before it: whoever is not
 * logged in is cut without one. */
TEST(threat_20_no_last_word_to_strangers)
{
	const uint8_t too_big[] = { 0xff, 0xff };

	begin(SERVER_GUARD_OFF);
	alice.got = alice.said = 0;
	CHECK(guy_connect(&alice));
	server_bytes(w.server, alice.conn, BYTES_OF(too_big));
	alice.said += sizeof too_big;
	world_pump(&w);
	CHECK(alice.got <= alice.said && alice.is_closed);

	/* Who is logged in is told that the server stops, others are not. */
	CHECK(guy_connect(&bob) && guy_register(&bob) &&
	    guy_connect(&bob) && guy_login_device(&bob, 0));
	alice.got = alice.said = 0;
	CHECK(guy_connect(&alice));
	server_drain(w.server);
	world_pump(&w);
	CHECK(alice.got <= alice.said && alice.is_closed);
	CHECK_EQ(guy_take_close(&bob), WIRE_CLOSE_STOPPING);
	world_free(&w);
}

TEST(a_login_says_zeros_and_nothing_else)
{
	static const uint8_t places[] = { 0, 100, 227, 228 };
	struct wire_LOGIN_START m = { .req = 1 };
	struct opaque_login_random random;
	struct opaque_login state = { 0 };
	struct wire_LOGIN_REPLY reply;

	begin(SERVER_GUARD_OFF);
	m.name = alice.name;
	world_random(&w, &random, sizeof random);
	CHECK_OK(opaque_client_login(&state, bytes_str("correct horse"),
	    &random, m.ke1));
	for (size_t i = 0; i < sizeof places; i++) {
		bool is_all_zero = places[i] == sizeof m.zeros;

		if (!is_all_zero)
			m.zeros[places[i]] = 1;
		CHECK(guy_connect(&alice));
		guy_say(&alice, WIRE_LOGIN_START, &m);
		CHECK_EQ(guy_take(&alice, WIRE_LOGIN_REPLY, &reply),
		    is_all_zero);
		CHECK_EQ(guy_take_close(&alice), is_all_zero ? -1 :
						      WIRE_CLOSE_PROTOCOL);
		memset(m.zeros, 0, sizeof m.zeros);
	}
	world_free(&w);
}

/* ---- puzzles ---- */

TEST(a_puzzle_lets_in_once)
{
	struct pact_guard_first first;

	begin(SERVER_GUARD_ALWAYS);
	first = solved(&alice, SERVER_EFFORT_LEAST - 1);
	CHECK(!guy_present(&alice, &first));
	first = solved(&alice, 0);
	CHECK(guy_present(&alice, &first));
	CHECK_EQ(stats().handshakes, 1);
	CHECK(!guy_present(&alice, &first));
	CHECK(!guy_present(&alice, &first));
	CHECK_EQ(stats().passes_refused, 3);
	CHECK_EQ(stats().handshakes, 1);
	CHECK_EQ(stats().pk_ops_without_pass, 0);
	world_free(&w);
}

/* Each bit of a puzzle's answer, and message 1. */
TEST(every_field_of_a_puzzle_counts)
{
	struct pact_guard_first good, first;
	uint8_t kept[PACT_GUARD_MESSAGE1_LEN];

	begin(SERVER_GUARD_ALWAYS);
	good = first = solved(&alice, 0);
	for (int bit = 0; bit < 8 * PACT_GUARD_CHALLENGE_LEN; bit++) {
		first.challenge[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!guy_present(&alice, &first));
		first = good;
	}
	for (int bit = 0; bit < 32; bit++) {
		first.effort ^= 1U << bit;
		CHECK(!guy_present(&alice, &first));
		first = good;
	}
	for (int bit = 0; bit < 64; bit++) {
		first.nonce ^= 1ULL << bit;
		CHECK(!guy_present(&alice, &first));
		first = good;
	}
	memcpy(kept, message1, sizeof kept);
	plain(&bob);
	CHECK(!guy_present(&bob, &good));
	memcpy(message1, kept, sizeof message1);
	CHECK_EQ(stats().handshakes, 0);
	CHECK(guy_present(&alice, &good));
	world_free(&w);
}

/* An IPv4 address, or 64 bits of an IPv6 one. */
TEST(a_challenge_is_for_its_source)
{
	struct pact_guard_first first;

	begin(SERVER_GUARD_ALWAYS);
	memset(alice.from.ip, 0x20, sizeof alice.from.ip);
	first = solved(&alice, 0);
	alice.from.ip[7] ^= 1;
	CHECK(!guy_present(&alice, &first));
	alice.from.ip[7] ^= 1;
	alice.from.ip[8] ^= 1;
	CHECK(guy_present(&alice, &first));
	world_free(&w);
}

TEST(a_challenge_is_for_a_minute_or_two)
{
	struct pact_guard_first first;

	begin(SERVER_GUARD_ALWAYS);
	first = solved(&alice, 0);
	world_wait(&w, 60000);
	CHECK(guy_present(&alice, &first));
	first = solved(&alice, 0);
	world_wait(&w, 120000);
	CHECK(!guy_present(&alice, &first));
	/* A spent one does not come back with the minutes. */
	first = solved(&alice, 0);
	CHECK(guy_present(&alice, &first));
	for (int i = 0; i < 5; i++) {
		world_wait(&w, 30000);
		CHECK(!guy_present(&alice, &first));
	}
	world_free(&w);
}

/* ---- devices ---- */

TEST(a_device_pass_lets_in_once)
{
	struct pact_guard_first first;
	uint8_t pass[PACT_GUARD_PASS_LEN];

	begin(SERVER_GUARD_ALWAYS);
	first = given(&alice, pass);
	for (size_t bit = 0; bit < 8 * sizeof pass; bit++) {
		pass[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CHECK(!guy_present(&alice, &first));
		pass[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CHECK(guy_present(&alice, &first));
	/* It is spent for every source, and for every message. */
	bob.from.ip[15] = 9;
	plain(&bob);
	CHECK(!guy_present(&bob, &first));
	CHECK_EQ(stats().handshakes, 1);
	CHECK_EQ(stats().pk_ops_without_pass, 0);
	first = given(&alice, pass);
	world_wait(&w, (uint64_t)WIRE_PASS_S * 1000);
	CHECK(!guy_present(&alice, &first));
	world_free(&w);
}

TEST(a_login_brings_passes_at_a_pace)
{
	struct pact_guard_first first;
	struct wire_PASSES m;
	size_t n = 0;

	begin(SERVER_GUARD_AUTO);
	CHECK(guy_connect(&alice) && guy_register(&alice));
	for (int i = 0; i < 20; i++) {
		CHECK(guy_connect(&alice) && guy_login_device(&alice, 0));
		if (guy_take(&alice, WIRE_PASSES, &m))
			n += m.passes.n / PACT_GUARD_PASS_LEN;
	}
	CHECK_EQ(n, 8);
	world_wait(&w, 60000);
	CHECK(guy_connect(&alice) && guy_login_device(&alice, 0));
	CHECK(guy_take(&alice, WIRE_PASSES, &m));
	CHECK_EQ(m.passes.n, 2 * PACT_GUARD_PASS_LEN);
	CHECK_EQ(m.life_s, WIRE_PASS_S);
	w.server->config.guard = SERVER_GUARD_ALWAYS;
	first = plain(&alice);
	first.kind = PACT_GUARD_DEVICE;
	first.pass = (struct bytes){ m.passes.p, PACT_GUARD_PASS_LEN };
	CHECK(guy_present(&alice, &first));
	CHECK(guy_login_device(&alice, 0));
	world_free(&w);
}

#define CROWD (SERVER_SPENT_WAYS + 5)

/* Makes passes until so many of them share a set. */
static void
crowd(uint8_t out[CROWD][PACT_GUARD_PASS_LEN])
{
	uint8_t buf[WIRE_HEADER_LEN + 4 + 2 +
	    WIRE_PASSES_GIVEN * PACT_GUARD_PASS_LEN];
	size_t n = 0;

	for (size_t i = 0; i < 64UL * SERVER_SPENT_SETS && n < CROWD; i++) {
		struct bytes pass = { buf + WIRE_HEADER_LEN + 4 + 2 +
			i % WIRE_PASSES_GIVEN * PACT_GUARD_PASS_LEN,
			PACT_GUARD_PASS_LEN };
		struct server_account a = { .given = 0 };
		struct wr w1 = wr_init(buf, sizeof buf);

		if (i % WIRE_PASSES_GIVEN == 0 &&
		    server_pass_give(w.server, &a, &w1) != ERR_OK)
			break;
		if ((siphash(w.server->hash_key, pass) &
			(SERVER_SPENT_SETS - 1)) == 0)
			memcpy(out[n++], pass.p, pass.n);
	}
	CHECK_EQ(n, CROWD);
}

static size_t
check_all(uint8_t passes[CROWD][PACT_GUARD_PASS_LEN])
{
	struct pact_guard_first first = { .kind = PACT_GUARD_DEVICE };
	size_t good = 0;

	for (size_t i = 0; i < CROWD; i++) {
		first.pass = (struct bytes){ passes[i], PACT_GUARD_PASS_LEN };
		good += server_pass_check(w.server, 1, BYTES_NONE, &first) != 0;
	}
	return good;
}

/* The table does not grow. A set that is full gives up one device's pass,
 * and takes none from then on that expires as early: that one above all. */
TEST(no_pass_is_good_twice_in_a_full_table)
{
	static uint8_t passes[CROWD][PACT_GUARD_PASS_LEN];
	struct mallinfo2 before, after;

	begin(SERVER_GUARD_ALWAYS);
	crowd(passes);
	before = mallinfo2();
	CHECK_EQ(check_all(passes), SERVER_SPENT_WAYS + 1);
	CHECK_EQ(check_all(passes), 0);
	after = mallinfo2();
	CHECK_EQ(before.uordblks, after.uordblks);
	world_free(&w);
}

/* ---- effort ---- */

/* Nothing is asked of the first ones; of too many, more and more; and less
 * when they go, down to nothing. */
TEST(effort_follows_the_load)
{
	uint32_t highest;
	size_t let_in = 0;

	begin(SERVER_GUARD_AUTO);
	CHECK_EQ(server_effort_is_asked(w.server), false);
	while (!server_effort_is_asked(w.server) && let_in < 5000) {
		CHECK_EQ(server_effort_take(w.server, NULL, 0),
		    SERVER_TURN_NOW);
		let_in++;
	}
	CHECK(let_in > 100 && let_in < 5000);
	CHECK_EQ(server_effort_asked(w.server), SERVER_EFFORT_LEAST);
	for (uint32_t second = 1; second <= 12; second++) {
		w.now_ms += 1000;
		CHECK(server_effort_is_asked(w.server));
		server_effort_charge(w.server, 4000);
	}
	highest = server_effort_asked(w.server);
	CHECK_EQ(highest, PACT_GUARD_EFFORT_MAX);
	CHECK_EQ(stats().effort, highest);
	CHECK(server_effort_enough(w.server) < highest);
	/* Many come still, and show nothing: they are asked for the least. */
	for (uint32_t second = 1; second <= 60; second++) {
		w.now_ms += 1000;
		for (int i = 0; i < 2000; i++)
			CHECK(server_effort_is_asked(w.server));
		CHECK(server_effort_asked(w.server) <= highest);
		highest = server_effort_asked(w.server);
	}
	CHECK_EQ(highest, SERVER_EFFORT_LEAST);
	/* Nobody comes any more. */
	w.now_ms += 3000;
	CHECK(!server_effort_is_asked(w.server));
	CHECK_EQ(stats().effort, 0);
	world_free(&w);
}

/* With the budget used up, whoever has shown most is next, and known devices
 * come first; a table that is full sends away whoever has shown least. */
TEST(the_highest_effort_is_next)
{
	static struct guy more[3];
	struct pact_guard_first first;
	uint8_t pass[PACT_GUARD_PASS_LEN];
	static const char *names[] = { "carol", "dave", "erin" };

	begin(SERVER_GUARD_ALWAYS);
	for (int i = 0; i < 3; i++)
		guy_init(&w, &more[i], names[i], "correct horse");
	server_effort_charge(w.server, 1000);
	server_effort_charge(w.server, 600);
	first = solved(&more[0], 0);
	CHECK(!guy_present(&more[0], &first) && !more[0].is_closed);
	first = solved(&more[1], SERVER_EFFORT_LEAST * 2);
	CHECK(!guy_present(&more[1], &first) && !more[1].is_closed);
	first = given(&more[2], pass);
	CHECK(!guy_present(&more[2], &first) && !more[2].is_closed);
	CHECK_EQ(w.server->budget.waiting_n, 3);
	/* As many tokens as one needs, three times. */
	w.server->budget.tokens = 0;
	w.server->budget.at_ms = w.now_ms;
	w.now_ms = w.deadline_ms;
	w.server->budget.at_ms = w.now_ms;
	w.server->budget.tokens = 1;
	server_tick(w.server);
	world_pump(&w);
	CHECK(more[2].is_up && !more[1].is_up && !more[0].is_up);
	w.now_ms = w.deadline_ms;
	w.server->budget.at_ms = w.now_ms;
	w.server->budget.tokens = 1;
	server_tick(w.server);
	world_pump(&w);
	CHECK(more[1].is_up && !more[0].is_up);
	world_wait(&w, 10);
	CHECK(more[0].is_up);
	CHECK_EQ(w.server->budget.waiting_n, 0);
	CHECK_EQ(stats().handshakes, 3);
	world_free(&w);
}

/* Many whose turn has come at once are no long round for all others. */
TEST(turns_are_given_a_few_at_once)
{
	static struct guy many[10];
	uint8_t pass[PACT_GUARD_PASS_LEN];
	char name[] = "guy-a";

	begin(SERVER_GUARD_ALWAYS);
	server_effort_charge(w.server, 1000);
	for (int i = 0; i < 10; i++) {
		struct pact_guard_first first;

		name[4] = (char)('a' + i);
		guy_init(&w, &many[i], name, "correct horse");
		first = given(&many[i], pass);
		CHECK(!guy_present(&many[i], &first) && !many[i].is_closed);
	}
	CHECK_EQ(w.server->budget.waiting_n, 10);
	w.now_ms = w.deadline_ms;
	w.server->budget.at_ms = w.now_ms;
	w.server->budget.tokens = 10;
	server_tick(w.server);
	CHECK_EQ(w.server->budget.waiting_n, 2);
	CHECK_EQ(stats().handshakes, 8);
	world_wait(&w, 10);
	CHECK_EQ(w.server->budget.waiting_n, 0);
	CHECK_EQ(stats().handshakes, 10);
	world_free(&w);
}

/* Six tokens a millisecond are half of a core, with three that come back;
 * ten times the number is the most that anything counts for. */
TEST(work_is_charged_by_the_clock)
{
	int32_t tokens;

	begin(SERVER_GUARD_AUTO);
	tokens = w.server->budget.tokens;
	server_effort_begin(w.server, 1);
	server_effort_end(w.server);
	CHECK_EQ(w.server->budget.tokens, tokens);
	server_effort_begin(w.server, 1);
	w.now_ms++;
	server_effort_end(w.server);
	CHECK_EQ(w.server->budget.tokens, tokens - 5);
	server_effort_begin(w.server, 4);
	server_effort_begin(w.server, 4);
	server_effort_end(w.server);
	CHECK_EQ(w.server->budget.tokens, tokens - 5);
	server_effort_begin(w.server, 1);
	w.now_ms += 1000;
	server_effort_end(w.server);
	CHECK_EQ(w.server->budget.tokens, tokens - 9);
	world_free(&w);
}

TEST(who_has_shown_least_makes_room)
{
	struct pact_guard_first first;

	begin(SERVER_GUARD_ALWAYS);
	server_effort_charge(w.server, 2000);
	server_effort_charge(w.server, 1000);
	first = solved(&alice, 0);
	CHECK(!guy_present(&alice, &first) && !alice.is_closed);
	for (size_t i = 1; i < SERVER_WAITING_MAX; i++)
		w.server->budget.waiting[w.server->budget.waiting_n++] =
		    (struct server_waiting){ NULL, SERVER_EFFORT_DEVICE };
	/* As much is not more. */
	first = solved(&bob, 0);
	CHECK(!guy_present(&bob, &first));
	CHECK(bob.is_closed && bob.asked.effort != 0);
	CHECK(!alice.is_closed);
	first = solved(&bob, SERVER_EFFORT_LEAST * 2);
	CHECK(!guy_present(&bob, &first) && !bob.is_closed);
	CHECK(alice.is_closed && alice.asked.effort != 0);
	CHECK_EQ(w.server->budget.waiting_n, SERVER_WAITING_MAX);
	w.server->budget.waiting_n = 1;
	w.server->budget.waiting[0].conn = bob.conn;
	/* Whoever waits has nothing to say, and has ten seconds at most. */
	first = plain(&alice);
	server_bytes(w.server, bob.conn, BYTES_LIT("x"));
	CHECK(bob.is_closed && bob.is_cut);
	CHECK_EQ(w.server->budget.waiting_n, 0);
	world_free(&w);
}

CHECK_MAIN(T(the_order_of_refusal), T(off_asks_for_nothing),
    T(threat_20_no_amplification),
    T(threat_20_every_prefix_gets_less_than_it_is),
    T(threat_20_no_last_word_to_strangers),
    T(a_login_says_zeros_and_nothing_else),
    T(a_puzzle_lets_in_once), T(every_field_of_a_puzzle_counts),
    T(a_challenge_is_for_its_source), T(a_challenge_is_for_a_minute_or_two),
    T(a_device_pass_lets_in_once), T(a_login_brings_passes_at_a_pace),
    T(no_pass_is_good_twice_in_a_full_table), T(effort_follows_the_load),
    T(the_highest_effort_is_next), T(turns_are_given_a_few_at_once),
    T(work_is_charged_by_the_clock), T(who_has_shown_least_makes_room))
