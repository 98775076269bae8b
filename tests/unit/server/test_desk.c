#include "world.h"

#include "server/core.h"

#include <stdlib.h>
#include <string.h>

static struct world w;
static struct guy alice, bob;

static void
in_state(struct guy *g, bool is_logged)
{
	if (g->is_up && !g->is_closed && !is_logged)
		guy_cut(g);
	CHECK(guy_connect(g));
	if (is_logged)
		CHECK(guy_login_device(g, 0));
	guy_forget(g);
}

/* The end, anywhere: each message cut short by one to all of its bytes, with
 * a length that says so and with one that does not. */
TEST(messages_cut_short)
{
	uint8_t message[1024], cut[1024];

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	for (unsigned type = 1; type < 256; type++) {
		const struct wire_kind *kind = wire_kind_of((uint8_t)type);
		bool is_logged;
		size_t n;

		if (kind == NULL || !(kind->where & WIRE_ON_CHANNEL) ||
		    !(kind->from & WIRE_FROM_CLIENT) ||
		    type == WIRE_REKEY || type == WIRE_REGISTER_FINISH)
			continue;
		is_logged = kind->when & WIRE_WHEN_LOGGED;
		n = guy_blank(&alice, (uint8_t)type, message, sizeof message);
		for (size_t less = 1; less <= n - WIRE_HEADER_LEN;
		     less += 1 + less / 4) {
			in_state(&alice, is_logged);
			memcpy(cut, message, n - less);
			cut[2] = (uint8_t)((n - less - WIRE_HEADER_LEN) >> 8);
			cut[3] = (uint8_t)(n - less - WIRE_HEADER_LEN);
			guy_say_raw(&alice, (struct bytes){ cut, n - less });
			CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_PROTOCOL);
			world_wait(&w, 1000);
		}
	}
	world_free(&w);
}

/* Two steps of a login at once, or in the wrong order. */
TEST(steps_out_of_order)
{
	struct wire_LOGIN_FINISH finish = { 0 };
	struct wire_LOGIN_START begin = { 0 };
	struct guy_login login;
	struct wr out = wr_new();

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	in_state(&alice, false);
	guy_say(&alice, WIRE_LOGIN_FINISH, &finish);
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_PROTOCOL);
	in_state(&alice, false);
	begin.name = alice.name;
	guy_queue(&alice, &out, WIRE_LOGIN_START, &begin);
	guy_queue(&alice, &out, WIRE_LOGIN_START, &begin);
	guy_say_raw(&alice, wr_bytes(&out));
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_PROTOCOL);
	world_wait(&w, 3600 * 1000);
	/* KE3 twice: the second answers nothing. */
	in_state(&alice, false);
	guy_login_start(&alice, &login);
	CHECK(guy_take(&alice, WIRE_LOGIN_REPLY, &login.reply));
	memset(finish.ke3, 1, sizeof finish.ke3);
	guy_say(&alice, WIRE_LOGIN_FINISH, &finish);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LOGIN);
	guy_login_finish(&alice, &login, 0);
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_PROTOCOL);
	wr_free(&out);
	world_free(&w);
}

/* Records that do not open, are no class, or are more than a stranger may
 * send. */
TEST(bad_records)
{
	static const uint16_t lens[] = { 0, 1, 15, 253, 254, 255, 510, 1022,
		1023, 2046, 65534, 65535 };
	uint8_t record[2 + 300] = { 0 };

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		in_state(&alice, false);
		record[0] = (uint8_t)(lens[i] >> 8);
		record[1] = (uint8_t)lens[i];
		server_bytes(w.server, alice.conn, BYTES_OF(record));
		world_pump(&w);
		if (lens[i] > 300 && lens[i] <= 1022)
			CHECK(!alice.is_closed); /* the rest may come */
		else
			CHECK_EQ(guy_take_close(&alice),
			    WIRE_CLOSE_PROTOCOL);
		world_wait(&w, 1000);
	}
	world_free(&w);
}

/* A record that comes twice, or comes back, opens nothing. */
TEST(replay_and_reflection)
{
	struct wire_PING ping = { .token = 1 }, pong;
	struct wr message = wr_new(), record = wr_new();
	struct guy *g = &alice;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_queue(g, &message, WIRE_PING, &ping);
	CHECK_OK(pact_channel_seal(&g->channel, wr_bytes(&message), false,
	    &record));
	server_bytes(w.server, g->conn, wr_bytes(&record));
	world_pump(&w);
	CHECK(guy_take(g, WIRE_PONG, &pong));
	server_bytes(w.server, g->conn, wr_bytes(&record));
	world_pump(&w);
	CHECK(!guy_take(g, WIRE_PONG, &pong));
	CHECK_EQ(guy_take_close(g), WIRE_CLOSE_PROTOCOL);
	/* What the server sends, sent back to it. */
	in_state(g, true);
	g->is_deaf = true;
	guy_say(g, WIRE_PING, &ping);
	CHECK_EQ(g->in.n, WIRE_RECORD_MIN);
	server_bytes(w.server, g->conn, wr_bytes(&g->in));
	g->is_deaf = false;
	world_pump(&w);
	CHECK_EQ(guy_take_close(g), WIRE_CLOSE_PROTOCOL);
	wr_free(&message);
	wr_free(&record);
	world_free(&w);
}

/* First records: any bytes, any cut, any flip of a good one; nobody who did
 * not make it for this server gets a byte. */
TEST(threat_20_garbage_gets_no_byte)
{
	uint8_t record[2000];

	world_init(&w);
	guy_init(&w, &bob, "bob", "correct horse");
	for (int i = 0; i < 3000; i++) {
		uint8_t r[4];
		size_t n;

		world_random(&w, r, sizeof r);
		n = (size_t)(r[0] << 8 | r[1]) % sizeof record;
		world_random(&w, record, sizeof record);
		if (r[2] & 1) { /* of a plausible length and beginning */
			n = 2 + 2 + PACT_GUARD_MESSAGE1_LEN +
			    PACT_GUARD_MAC_LEN;
			record[0] = (uint8_t)((n - 2) >> 8);
			record[1] = (uint8_t)(n - 2);
			record[2] = WIRE_VERSION;
			record[3] = r[3] % 6;
		}
		bob.is_closed = false;
		bob.conn = server_open(w.server, &bob, &bob.from);
		server_bytes(w.server, bob.conn,
		    (struct bytes){ record, n });
		CHECK(!bob.is_up);
		guy_cut(&bob);
	}
	CHECK_EQ(bob.got, 0);
	world_free(&w);
}

/* Messages with random bytes in them, inside good records. */
TEST(random_messages)
{
	static const uint8_t types[] = {
#define MESSAGE(NAME, number, where, from, when, cap, what) number,
#include "wire/messages.def"
#undef MESSAGE
	};
	uint8_t message[1024];

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	for (int i = 0; i < 4000; i++) {
		uint8_t r[4];
		size_t n;

		if (!alice.is_up || alice.is_closed) {
			/* Whoever guesses like this has to wait. */
			guy_cut(&alice);
			world_wait(&w, 1200 * 1000);
			in_state(&alice, i % 3 == 0);
			if (i % 3 == 1)
				CHECK(guy_login(&alice, WIRE_MODE_HOSTS));
		}
		world_random(&w, r, sizeof r);
		message[0] = types[r[0] % sizeof types];
		n = guy_blank(&alice, message[0], message, sizeof message);
		for (int flips = r[1] % 8; flips > 0 &&
		     n > WIRE_HEADER_LEN; flips--) {
			uint8_t at[2];

			world_random(&w, at, sizeof at);
			message[WIRE_HEADER_LEN + at[0] %
			    (n - WIRE_HEADER_LEN)] ^= at[1];
		}
		if (message[0] != WIRE_REKEY)
			guy_say_raw(&alice, (struct bytes){ message, n });
		if (r[2] % 4 == 0)
			world_wait(&w, 2000);
		guy_forget(&alice);
	}
	world_free(&w);
}

CHECK_MAIN(T(messages_cut_short),
    T(steps_out_of_order), T(bad_records),
    T(replay_and_reflection), T(threat_20_garbage_gets_no_byte),
    T(random_messages))
