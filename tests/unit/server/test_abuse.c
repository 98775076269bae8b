/*
 * What members and strangers could try against the server and against each
 * other: to be dropped in the middle of an answer, to drown others, to have
 * the server keep more than it should.
 */
#include "world.h"

#include "server/account.h"
#include "server/buffer.h"
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
		if (server_buffer_waiting(alice.conn) > most)
			most = server_buffer_waiting(alice.conn);
	CHECK(alice.is_closed);
	CHECK(most < 32768);
	alice.is_deaf = false;
	world_free(&w);
}

/* Of those who let much wait the one goes who lets most; the sum is what was
 * counted, and never above the bound. */
TEST(threat_18_the_largest_goes)
{
	static struct guy carol;
	struct server_config config = server_config_default();
	struct wire_PERSON_GET ask = { .req = 1 };
	uint64_t most = 0;

	config.max_conns = 64;
	config.max_waiting = 512 * 1024;
	world_init_with(&w, &config);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_join(&w, &bob, "bob"));
	CHECK(guy_join(&w, &carol, "carol"));
	ask.name = alice.name;
	bob.is_deaf = carol.is_deaf = true;
	for (int i = 0; i < 10000 && !bob.is_closed; i++) {
		guy_say(i % 3 == 0 ? &carol : &bob, WIRE_PERSON_GET, &ask);
		if (!bob.is_closed && w.server->stats.waiting_bytes > most)
			most = w.server->stats.waiting_bytes;
	}
	CHECK(bob.is_closed);
	CHECK(!carol.is_closed && !alice.is_closed);
	CHECK(most <= config.max_waiting && most > 500 * 1024);
	CHECK(server_buffer_waiting(carol.conn) > 100 * 1024);
	guy_cut(&bob);
	CHECK(w.server->stats.waiting_bytes < 256 * 1024);
	guy_cut(&carol);
	CHECK_EQ(w.server->stats.waiting_bytes, 0);
	bob.is_deaf = carol.is_deaf = false;
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
	while (!bob.is_closed && server_buffer_waiting(bob.conn) <
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
	CHECK(server_buffer_waiting(bob.conn) < 4096);
	bob.is_deaf = false;
	world_free(&w);
}

/* An account that cannot be kept is not passed over in silence. */
TEST(a_bad_account_stops_the_start)
{
	static uint8_t big[WIRE_ROSTER_MAX + 1];
	struct server *other;
	enum err err;

	two_members();
	w.shelf.accounts[0].a.roster = BYTES_OF(big);
	CHECK_OK(server_new(&w.config, &w.keys, &w.env, &w.effects,
	    &w.shelf.store, &other));
	CHECK(shelf_run(&w.shelf));
	CHECK(!server_is_ready(other, &err));
	CHECK_ERR(err, ERR_DECODE);
	server_free(other);
	world_free(&w);
}

/* Who goes from busy to not busy and back all the time is heard of at a
 * pace, and in the end as they are. */
TEST(announcements_have_a_pace)
{
	struct wire_BUSY m = { .lines = 0 };
	struct wire_PRESENCE heard = { .status = 99 };
	struct wr out = wr_new();
	size_t n = 0;

	two_members();
	guy_forget(&bob);
	for (int i = 0; i < 4001; i++) {
		m.lines = !m.lines;
		guy_queue(&alice, &out, WIRE_BUSY, &m);
	}
	guy_say_raw(&alice, wr_bytes(&out));
	wr_free(&out);
	CHECK(bob.inbox_n < 10);
	world_wait(&w, 5000);
	while (guy_take(&bob, WIRE_PRESENCE, &heard))
		n++;
	CHECK_EQ(heard.status, WIRE_STATUS_BUSY);
	CHECK(n < 10);
	world_free(&w);
}

/* A disconnected ephemeral machine stays out when the roster goes on. */
TEST(gone_stays_gone)
{
	struct guy second;

	two_members();
	guy_init_device(&second, &bob);
	CHECK(guy_connect(&bob) && guy_login(&bob, 0));
	CHECK(guy_connect(&second) && guy_login(&second, 0));
	second.ephemeral_s = 1000;
	CHECK(guy_add_device(&second));
	guy_cut(&second);
	CHECK(guy_connect(&second));
	CHECK(!guy_login_device(&second, 0));
	bob.roster = second.roster;
	memcpy(bob.roster_bytes, second.roster_bytes, second.roster_len);
	bob.roster_len = second.roster_len;
	memset(bob.device, 7, sizeof bob.device);
	CHECK(guy_add_device(&bob));
	CHECK(guy_connect(&second));
	CHECK(!guy_login_device(&second, 0));
	world_free(&w);
}

/* One PASSWD_START makes one record. */
TEST(a_credential_is_used_once)
{
	uint8_t record[192], box[64] = { 0 };
	struct wire_CHANGE m = { .req = 1, .parts = WIRE_PART_RECORD |
		WIRE_PART_IDENTITY, .ksf_passes = 3, .ksf_memory_kib = 64,
		.record = BYTES_OF(record), .identity_version = 2,
		.identity_box = BYTES_OF(box) };
	struct wire_PASSWD_START start = { .req = 2 };
	struct wire_DONE done;

	two_members();
	CHECK(guy_connect(&bob) && guy_login(&bob, 0));
	memcpy(record, w.shelf.accounts[1].a.record, sizeof record);
	memcpy(start.request, record, sizeof start.request);
	guy_say(&bob, WIRE_PASSWD_START, &start);
	guy_say(&bob, WIRE_CHANGE, &m);
	CHECK(guy_take(&bob, WIRE_DONE, &done));
	m.identity_version = 3;
	guy_say(&bob, WIRE_CHANGE, &m);
	CHECK_EQ(guy_take_error(&bob), WIRE_ERROR_INVALID);
	world_free(&w);
}

/* Where registration is open, a channel has as many tries as an invite. */
TEST(open_registration_has_an_end)
{
	struct wire_REGISTER_START m = { .req = 1 };
	struct server_config config = server_config_default();
	struct wire_REGISTER_REPLY reply;
	int n = 0;

	config.max_conns = 16;
	config.is_open = true;
	world_init_with(&w, &config);
	guy_init(&w, &alice, "alice", "correct horse");
	CHECK(guy_connect(&alice));
	m.name = alice.name;
	m.request[0] = 0xe2; /* the base point */
	memcpy(m.request + 1, "\xf2\xae\x0a\x6a\xbc\x4e\x71\xa8\x84\xa9\x61"
	    "\xc5\x00\x51\x5f\x58\xe3\x0b\x6a\xa5\x82\xdd\x8d\xb6\xa6\x59"
	    "\x45\xe0\x8d\x2d\x76", 31);
	while (n < 20 && !alice.is_closed) {
		m.code[0] = (uint8_t)n;
		guy_say(&alice, WIRE_REGISTER_START, &m);
		if (guy_take(&alice, WIRE_REGISTER_REPLY, &reply))
			n++;
	}
	CHECK_EQ(n, WIRE_CODE_TRIES);
	CHECK(alice.is_closed);
	world_free(&w);
}

/* Drained means that the store has answered, too: the core may then go. */
TEST(drained_with_the_store)
{
	struct wire_STATUS_SET m = { .req = 1, .status = WIRE_STATUS_AWAY };

	two_members();
	w.shelf.is_slow = true;
	guy_say(&alice, WIRE_STATUS_SET, &m);
	server_drain(w.server);
	world_pump(&w);
	CHECK(alice.is_closed && bob.is_closed);
	CHECK(!server_is_drained(w.server));
	CHECK(server_open(w.server, &alice, &alice.from) == NULL);
	w.shelf.is_slow = false;
	world_pump(&w);
	CHECK(server_is_drained(w.server));
	world_free(&w);
}

/* Fewer connections than the table has room for, if the operator says so. */
TEST(connections_are_counted)
{
	struct server_config config;

	two_members();
	config = w.server->config;
	config.max_conns = 2;
	server_configure(w.server, &config);
	CHECK(server_open(w.server, &alice, &alice.from) == NULL);
	guy_cut(&bob);
	CHECK(guy_connect(&bob));
	CHECK_EQ(w.server->open_n, 1);
	CHECK(guy_login_device(&bob, 0));
	CHECK_EQ(w.server->open_n, 0);
	world_free(&w);
}

/* Who does not take the word that ends a session is cut. */
TEST(an_end_has_an_end)
{
	two_members();
	server_conn_end(w.server, bob.conn, WIRE_CLOSE_ENDED);
	server_flush(w.server);
	CHECK(bob.is_closed && !bob.is_cut);
	w.now_ms += 5000;
	server_tick(w.server);
	CHECK(bob.is_cut);
	world_free(&w);
}

/* A question for the key is zeros and nothing else. */
TEST(a_question_for_the_key_says_nothing)
{
	uint8_t ask[2 + PACT_GUARD_ASK_LEN] = { 0, PACT_GUARD_ASK_LEN,
		WIRE_VERSION, PACT_GUARD_ASK, [40] = 1 };

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	alice.conn = server_open(w.server, &alice, &alice.from);
	server_bytes(w.server, alice.conn, BYTES_OF(ask));
	CHECK(alice.is_closed);
	CHECK_EQ(alice.got, 0);
	world_free(&w);
}

/* For want of memory letters are lost; neither a session that was ended nor
 * a seat of one that is gone stays behind. */
TEST(lost_letters_leave_nobody_behind)
{
	struct wire_PING ping = { .token = 1 };
	struct wire_PRESENCE heard = { .status = 99 };
	struct server_user_info info;
	struct server_account *a;

	two_members();
	guy_forget(&bob);
	/* A seat of nobody, and a session without one. */
	a = server_account_get(w.server, &alice.name);
	a->seats[0].ref.generation++;
	w.server->has_lost = true;
	guy_say(&bob, WIRE_PING, &ping);
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_ENDED);
	CHECK(!bob.is_closed);
	CHECK(server_user_next(w.server, NULL, &info));
	CHECK_EQ(info.sessions, 0);
	CHECK(guy_take(&bob, WIRE_PRESENCE, &heard));
	CHECK_EQ(heard.status, WIRE_STATUS_OFFLINE);
	world_free(&w);
}

CHECK_MAIN(T(dropped_by_the_error_of_a_login),
    T(strangers_have_little_waiting),
    T(threat_18_the_largest_goes), T(dropped_by_an_opened_stream),
    T(empty_credit_drowns_nobody), T(a_bad_account_stops_the_start),
    T(announcements_have_a_pace), T(gone_stays_gone),
    T(a_credential_is_used_once), T(open_registration_has_an_end),
    T(drained_with_the_store),
    T(connections_are_counted), T(an_end_has_an_end),
    T(a_question_for_the_key_says_nothing),
    T(lost_letters_leave_nobody_behind))
