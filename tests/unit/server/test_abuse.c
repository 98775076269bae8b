/*
 * What members and strangers could try against the server and against each
 * other: to be dropped in the middle of an answer, to drown others, to have
 * the server keep more than it should.
 */
#include "world.h"

#include "server/conn.h"

#include <stdlib.h>
#include <string.h>

static struct world w;
static struct guy alice, bob;

/* Asks for one answer that is not read; returns whether g is still there. */
static bool
ping_unread(struct guy *g)
{
	struct wire_PING m = { .token = 1 };

	g->is_deaf = true;
	if (!g->is_closed)
		guy_say(g, WIRE_PING, &m);
	return !g->is_closed;
}

/* Connects, begins a login, and lets n answers to pings pile up. */
static void
begin_login_and_pile_up(struct guy *g, size_t n)
{
	struct guy_login login;

	g->is_deaf = false;
	CHECK(guy_connect(g));
	guy_login_start(g, &login);
	guy_forget(g);
	while (n-- > 0)
		CHECK(ping_unread(g));
}

/* Whoever is dropped by the very ERROR of a login that failed leaves nothing
 * behind: the next connection has all its tries. */
TEST(dropped_by_the_error_of_a_login)
{
	struct wire_LOGIN_FINISH wrong = { .req = 9 };
	size_t n = 0;

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	guy_init(&w, &bob, "bob", "correct horse");
	begin_login_and_pile_up(&alice, 0);
	while (ping_unread(&alice))
		n++;
	begin_login_and_pile_up(&alice, n);
	guy_say(&alice, WIRE_LOGIN_FINISH, &wrong);
	CHECK(alice.is_closed);
	for (int i = 0; i < 2; i++) {
		struct guy_login login;

		if (i == 0)
			CHECK(guy_connect(&bob));
		guy_login_start(&bob, &login);
		guy_forget(&bob);
		guy_say(&bob, WIRE_LOGIN_FINISH, &wrong);
		CHECK_EQ(guy_take_error(&bob), WIRE_ERROR_LOGIN);
		CHECK(!bob.is_closed);
	}
	alice.is_deaf = false;
	world_free(&w);
}

/* A stranger who does not read is no burden. */
TEST(strangers_have_little_waiting)
{
	size_t most = 0;

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	CHECK(guy_connect(&alice));
	for (int i = 0; i < 10000 && ping_unread(&alice); i++)
		if (server_conn_waiting(alice.conn) > most)
			most = server_conn_waiting(alice.conn);
	CHECK(alice.is_closed);
	CHECK(most < 32768);
	alice.is_deaf = false;
	world_free(&w);
}

/* Introduces alice to bob; the id is the ticket's. */
static void
introduce(uint8_t id[16])
{
	struct wire_WANT want = { .req = ++alice.req, .name = bob.name,
		.paths = WIRE_PATH_RELAY };
	struct wire_ANSWER answer = { .verdict = WIRE_VERDICT_ACCEPT,
		.paths = WIRE_PATH_RELAY };
	struct wire_INTRODUCTION asked;
	struct wire_INTRODUCED got;

	guy_say(&alice, WIRE_WANT, &want);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	memcpy(answer.id, asked.id, sizeof answer.id);
	guy_say(&bob, WIRE_ANSWER, &answer);
	CHECK(guy_take(&alice, WIRE_INTRODUCED, &got));
	memcpy(id, got.id, 16);
}

/* Opens a stream from alice to bob; returns its number at bob's end. */
static uint32_t
open_stream(const uint8_t id[16])
{
	struct wire_STREAM_OPENED opened = { .stream = 0 };
	struct wire_STREAM_OPEN m;

	memcpy(m.id, id, sizeof m.id);
	guy_forget(&bob);
	guy_say(&alice, WIRE_STREAM_OPEN, &m);
	CHECK(guy_take(&bob, WIRE_STREAM_OPENED, &opened));
	return opened.stream;
}

static void
two_members(void)
{
	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_join(&w, &bob, "bob"));
}

/* A callee that has too much waiting already is dropped by the word that a
 * stream was opened, and the caller hears of both. */
TEST(dropped_by_an_opened_stream)
{
	struct wire_PERSON_GET ask = { .req = 1 };
	struct wire_STREAM_OPENED opened;
	struct wire_STREAM_CLOSE close;
	struct wire_STREAM_OPEN open;
	uint8_t id[4][16];
	uint32_t at_bob[3];

	two_members();
	ask.name = bob.name;
	for (size_t i = 0; i < 4; i++)
		introduce(id[i]);
	for (size_t i = 0; i < 3; i++)
		at_bob[i] = open_stream(id[i]);
	bob.is_deaf = true;
	while (!bob.is_closed && server_conn_waiting(bob.conn) <
	    WIRE_OUT_MAX + 5 * WIRE_CREDIT_MAX)
		guy_say(&bob, WIRE_PERSON_GET, &ask);
	for (size_t i = 0; i < 3; i++) {
		close.stream = at_bob[i];
		guy_say(&bob, WIRE_STREAM_CLOSE, &close);
	}
	CHECK(!bob.is_closed);
	guy_forget(&alice);
	memcpy(open.id, id[3], sizeof open.id);
	guy_say(&alice, WIRE_STREAM_OPEN, &open);
	CHECK(bob.is_closed);
	CHECK(guy_take(&alice, WIRE_STREAM_OPENED, &opened));
	CHECK(guy_take(&alice, WIRE_STREAM_CLOSE, &close));
	CHECK_EQ(close.stream, opened.stream);
	bob.is_deaf = false;
	world_free(&w);
}

/* Credit of nothing costs its sender nothing, so it is not passed on. */
TEST(empty_credit_drowns_nobody)
{
	struct wire_STREAM_CREDIT m = { .credit = 0 };
	struct wire_STREAM_OPENED opened = { .stream = 0 };
	struct wr out = wr_new();
	uint8_t id[16];

	two_members();
	introduce(id);
	(void)open_stream(id);
	CHECK(guy_take(&alice, WIRE_STREAM_OPENED, &opened));
	m.stream = opened.stream;
	bob.is_deaf = true;
	for (int i = 0; i < 5000; i++)
		guy_queue(&alice, &out, WIRE_STREAM_CREDIT, &m);
	for (int i = 0; i < 30; i++)
		guy_say_raw(&alice, wr_bytes(&out));
	wr_free(&out);
	CHECK(!bob.is_closed);
	CHECK(server_conn_waiting(bob.conn) < 4096);
	bob.is_deaf = false;
	world_free(&w);
}

CHECK_MAIN(T(dropped_by_the_error_of_a_login),
    T(strangers_have_little_waiting), T(dropped_by_an_opened_stream),
    T(empty_credit_drowns_nobody))
