#include "world.h"

#include "server/core.h"

#include <stdio.h>
#include <string.h>

static struct world w;
static struct guy alice, bob, carol;

TEST(handshake)
{
	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	CHECK(guy_connect(&alice));
	world_free(&w);
}

TEST(handshake_in_single_bytes)
{
	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	alice.chunk = 1;
	CHECK(guy_connect(&alice));
	CHECK(guy_register(&alice));
	CHECK(guy_login(&alice, 0));
	world_free(&w);
}

TEST(a_wrong_server_key_gets_no_byte)
{
	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	w.server_key[3] ^= 1;
	CHECK(!guy_connect(&alice));
	CHECK(alice.is_closed);
	CHECK(alice.is_cut);
	CHECK_EQ(alice.got, 0);
	world_free(&w);
}

/* Any bit of the first record, on its way to the server. */
TEST(a_flipped_bit_stops_the_handshake)
{
	size_t bits = 8 * (2 + 2 + PACT_GUARD_MESSAGE1_LEN +
	    PACT_GUARD_MAC_LEN);
	struct server_stats stats;

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	for (alice.flip = 1; alice.flip <= bits; alice.flip += 7)
		CHECK(!guy_connect(&alice));
	CHECK_EQ(alice.got, 0);
	server_get_stats(w.server, &stats);
	CHECK_EQ(stats.handshakes, 0);
	CHECK_EQ(stats.pk_ops_without_pass, 0);
	world_free(&w);
}

TEST(a_bare_machine_asks_for_the_key)
{
	uint8_t ask[2 + PACT_GUARD_ASK_LEN] = { 0, PACT_GUARD_ASK_LEN,
		WIRE_VERSION, PACT_GUARD_ASK };

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	alice.conn = server_open(w.server, &alice, &alice.from);
	server_bytes(w.server, alice.conn, BYTES_OF(ask));
	CHECK_EQ(alice.in.n, 2 + 1 + 32);
	CHECK_BYTES(((struct bytes){ alice.in.p + 3, 32 }),
	    BYTES_OF(w.server_key));
	/* It is told once, and not where that is switched off. */
	server_bytes(w.server, alice.conn, BYTES_OF(ask));
	CHECK(alice.is_cut);
	CHECK_EQ(alice.in.n, 2 + 1 + 32);
	guy_cut(&alice);
	w.server->config.tells_key = false;
	alice.is_closed = alice.is_cut = false;
	alice.conn = server_open(w.server, &alice, &alice.from);
	server_bytes(w.server, alice.conn, BYTES_OF(ask));
	CHECK(alice.is_cut);
	CHECK_EQ(alice.in.n, 0);
	world_free(&w);
}

/* Both public keys of message 2 are new, and what was opened is not left in
 * the memory where it was. */
TEST(each_channel_has_its_own_keys)
{
	uint8_t message2[2][PACT_GUARD_MESSAGE2_LEN];
	struct wire_PING ping = { .token = 5 };

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	alice.is_deaf = true;
	for (int i = 0; i < 2; i++) {
		CHECK(!guy_connect(&alice));
		CHECK_EQ(alice.in.n, 2 + 1 + PACT_GUARD_MESSAGE2_LEN);
		memcpy(message2[i], alice.in.p + 3, sizeof message2[i]);
	}
	CHECK(memcmp(message2[0], message2[1], 32) != 0);
	alice.is_deaf = false;
	CHECK(guy_connect(&alice));
	guy_say(&alice, WIRE_PING, &ping);
	CHECK(guy_take(&alice, WIRE_PONG, &ping));
	for (size_t i = 0; i < 254; i++)
		CHECK_EQ(w.server->scratch[i], 0);
	world_free(&w);
}

TEST(register_and_log_in)
{
	struct server_stats stats;

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	CHECK(guy_connect(&alice));
	CHECK(guy_register(&alice));
	/* In the same channel, and in new ones, both ways. */
	CHECK(guy_login(&alice, 0));
	CHECK(guy_connect(&alice));
	CHECK(guy_login(&alice, 0));
	CHECK(guy_connect(&alice));
	CHECK(guy_login_device(&alice, WIRE_MODE_HOSTS));
	server_get_stats(w.server, &stats);
	CHECK_EQ(stats.logins, 2);
	CHECK_EQ(stats.device_logins, 1);
	CHECK_EQ(stats.sessions, 1);
	world_free(&w);
}

TEST(a_wrong_password_is_refused)
{
	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	CHECK(guy_connect(&alice) && guy_register(&alice));
	alice.password = "wrong horse";
	CHECK(!guy_login(&alice, 0));
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LOGIN);
	alice.password = "correct horse";
	CHECK(guy_login(&alice, 0));
	world_free(&w);
}

/* Whether there is such an account shows in no length, no request at the
 * store, and no answer; and the fake is stable. */
TEST(unknown_names_look_like_known_ones)
{
	struct guy_login known, unknown, again;
	size_t got[2], gets[2];

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	guy_init(&w, &bob, "bob", "correct horse");
	CHECK(guy_connect(&alice) && guy_register(&alice));
	CHECK(guy_connect(&alice) && guy_connect(&bob));
	alice.password = "wrong horse";
	got[0] = alice.got;
	got[1] = bob.got;
	gets[0] = w.shelf.gets;
	guy_login_start(&alice, &known);
	gets[1] = w.shelf.gets;
	guy_login_start(&bob, &unknown);
	CHECK_EQ(w.shelf.gets - gets[1], gets[1] - gets[0]);
	CHECK_EQ(w.shelf.misses, 0);
	CHECK(guy_take(&alice, WIRE_LOGIN_REPLY, &known.reply));
	CHECK(guy_take(&bob, WIRE_LOGIN_REPLY, &unknown.reply));
	guy_login_finish(&alice, &known, 0);
	guy_login_finish(&bob, &unknown, 0);
	CHECK(!known.is_right);
	CHECK(!unknown.is_right);
	CHECK_EQ(alice.got - got[0], bob.got - got[1]);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LOGIN);
	CHECK_EQ(guy_take_error(&bob), WIRE_ERROR_LOGIN);
	/* The OPRF's key is the same each time: the blinded element is not,
	 * but the stretching that is asked for and the credential are. */
	guy_login_start(&bob, &again);
	CHECK(guy_take(&bob, WIRE_LOGIN_REPLY, &again.reply));
	CHECK_EQ(again.reply.ksf_memory_kib, unknown.reply.ksf_memory_kib);
	world_free(&w);
}

/* What a login makes the server do, as far as it shows. No holes. */
struct trace {
	size_t got[2], sends[2], gets, letters, passes, memory_kib, error;
};

/* A login that fails, with everything that it caused. */
static struct trace
trace_of(struct guy *g)
{
	struct trace t = { .gets = w.shelf.gets };
	struct guy_login login;
	size_t got = g->got, sends = g->sends;

	guy_login_start(g, &login);
	CHECK(guy_take(g, WIRE_LOGIN_REPLY, &login.reply));
	t.got[0] = g->got - got;
	t.sends[0] = g->sends - sends;
	t.passes = login.reply.ksf_passes;
	t.memory_kib = login.reply.ksf_memory_kib;
	guy_login_finish(g, &login, 0);
	CHECK(!login.is_right);
	t.error = guy_take_error(g);
	t.got[1] = g->got - got;
	t.sends[1] = g->sends - sends;
	t.gets = w.shelf.gets - t.gets;
	t.letters = g->inbox_n;
	guy_forget(g);
	return t;
}

/* 1,000 logins for names with an account, and as many for names without, of
 * which each is another one: in all lengths, in what the store is asked and
 * finds, in what is sent and said, they are the same. */
TEST(threat_04_names_are_not_told_apart)
{
	size_t differ = 0;

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	CHECK(guy_connect(&alice) && guy_register(&alice));
	/* The server's setting, which the programs share. */
	w.server->config.ksf_passes = w.shelf.accounts[0].a.ksf_passes;
	w.server->config.ksf_memory_kib =
	    w.shelf.accounts[0].a.ksf_memory_kib;
	guy_init(&w, &bob, "bob", "correct horse");
	alice.password = "wrong horse";
	guy_forget(&alice);
	for (unsigned i = 0; i < 1000; i++) {
		struct trace known, unknown;

		for (unsigned at = 0, n = i; at < 5; at++, n /= 10)
			bob.name.s[at] = (char)('0' + n % 10);
		CHECK(guy_connect(&alice) && guy_connect(&bob));
		known = trace_of(&alice);
		unknown = trace_of(&bob);
		differ += memcmp(&known, &unknown, sizeof known) != 0;
		CHECK_EQ(known.error, WIRE_ERROR_LOGIN);
		/* Guesses are counted by the hour. */
		w.now_ms += 3600000;
	}
	CHECK_EQ(differ, 0);
	CHECK_EQ(w.shelf.misses, 0);
	world_free(&w);
}

/* Each account is read for about as many of the names that are not there:
 * one that is read each time is read faster. */
TEST(threat_04_everybody_stands_in)
{
	static struct guy four[4];
	static const char *const names[4] = { "alice", "bob", "carol", "dave" };
	struct guy_login login;

	world_init(&w);
	for (size_t i = 0; i < 4; i++) {
		guy_init(&w, &four[i], names[i], "correct horse");
		CHECK(guy_connect(&four[i]) && guy_register(&four[i]));
	}
	guy_init(&w, &carol, "nobody", "correct horse");
	for (unsigned i = 0; i < 200; i++) {
		carol.name.s[0] = (char)('a' + i % 26);
		carol.name.s[1] = (char)('a' + i / 26);
		CHECK(guy_connect(&carol));
		guy_login_start(&carol, &login);
		CHECK(guy_take(&carol, WIRE_LOGIN_REPLY, &login.reply));
		guy_forget(&carol);
		w.now_ms += 3600000;
	}
	for (size_t i = 0; i < 4; i++)
		CHECK(w.shelf.accounts[i].reads >= 25);
	world_free(&w);
}

TEST(an_invite_is_used_once)
{
	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	guy_init(&w, &bob, "alice", "another horse");
	CHECK(guy_connect(&alice) && guy_register(&alice));
	CHECK(guy_connect(&bob));
	CHECK(!guy_register(&bob));
	world_free(&w);
}

TEST(a_wrong_code_gets_no_oprf)
{
	struct wire_REGISTER_START m = { .req = 7 };

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	CHECK(guy_connect(&alice) && guy_register(&alice));
	CHECK(guy_connect(&alice));
	m.name = alice.name;
	guy_say(&alice, WIRE_REGISTER_START, &m);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_INVITE);
	guy_init(&w, &bob, "bob", "correct horse");
	m.name = bob.name;
	guy_say(&alice, WIRE_REGISTER_START, &m);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_INVITE);
	world_free(&w);
}

/* Nothing is acknowledged before the store has said that it is durable. */
TEST(done_waits_for_the_store)
{
	struct wire_STATUS_SET m = { .req = 9, .status = WIRE_STATUS_AWAY };
	struct wire_DONE done;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	w.shelf.is_slow = true;
	guy_say(&alice, WIRE_STATUS_SET, &m);
	CHECK(!guy_take(&alice, WIRE_DONE, &done));
	w.shelf.is_slow = false;
	world_pump(&w);
	CHECK(guy_take(&alice, WIRE_DONE, &done));
	w.shelf.is_broken = true;
	guy_say(&alice, WIRE_STATUS_SET, &m);
	CHECK(!guy_take(&alice, WIRE_DONE, &done));
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_STORE);
	world_free(&w);
}

TEST(an_account_waits_for_the_store)
{
	struct wire_DONE done;

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	w.shelf.is_slow_to_create = true;
	CHECK(guy_connect(&alice));
	CHECK(!guy_register(&alice));
	CHECK(!alice.is_closed);
	w.shelf.is_slow_to_create = false;
	world_pump(&w);
	CHECK(guy_take(&alice, WIRE_DONE, &done));
	CHECK(guy_login(&alice, 0));
	world_free(&w);
}

TEST(a_change_waits_for_the_store)
{
	uint8_t box[10] = { 1 };
	struct wire_CHANGE m = { .req = 3, .parts = WIRE_PART_SETTINGS,
		.settings_version = 2, .settings_box = BYTES_OF(box) };
	struct wire_DONE done;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	w.shelf.is_slow = true;
	guy_say(&alice, WIRE_CHANGE, &m);
	CHECK(!guy_take(&alice, WIRE_DONE, &done));
	w.shelf.is_slow = false;
	world_pump(&w);
	CHECK(guy_take(&alice, WIRE_DONE, &done));
	world_free(&w);
}

/* Connections that come before the accounts are read are not read. */
TEST(who_comes_too_early_waits)
{
	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_cut(&alice);
	server_free(w.server);
	world_start(&w);
	alice.conn = server_open(w.server, &alice, &alice.from);
	CHECK(alice.is_paused);
	shelf_run(&w.shelf);
	CHECK(!alice.is_paused);
	guy_cut(&alice);
	CHECK(guy_connect(&alice) && guy_login_device(&alice, 0));
	CHECK(!alice.is_paused);
	world_free(&w);
}

TEST(a_device_must_be_in_the_roster)
{
	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_init_device(&bob, &alice);
	CHECK(guy_connect(&bob));
	CHECK(!guy_login_device(&bob, 0));
	CHECK_EQ(guy_take_error(&bob), WIRE_ERROR_LOGIN);
	/* With the password it gets in, adds itself, and is known. */
	CHECK(guy_login(&bob, 0));
	CHECK(guy_add_device(&bob));
	CHECK(guy_connect(&bob));
	CHECK(guy_login_device(&bob, 0));
	world_free(&w);
}

TEST(a_login_belongs_to_its_channel)
{
	struct wire_DEVICE_LOGIN m = { .req = 1 };

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_connect(&alice));
	m.name = alice.name;
	memcpy(m.device, alice.device, sizeof m.device);
	/* A signature over another channel's hash. */
	alice.h[0] ^= 1;
	CHECK(!guy_login_device(&alice, 0));
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LOGIN);
	guy_say(&alice, WIRE_DEVICE_LOGIN, &m);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LOGIN);
	world_free(&w);
}

TEST(guesses_have_to_wait)
{
	struct wire_ERROR error;

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	guy_init(&w, &bob, "bob", "wrong horse");
	CHECK(guy_connect(&alice) && guy_register(&alice));
	bob.name = alice.name;
	for (int i = 0; i < 3; i++) {
		if (!bob.is_up || bob.is_closed)
			CHECK(guy_connect(&bob));
		CHECK(!guy_login(&bob, 0));
		CHECK_EQ(guy_take_error(&bob), WIRE_ERROR_LOGIN);
	}
	CHECK(guy_connect(&bob));
	CHECK(!guy_login(&bob, 0));
	CHECK(guy_take(&bob, WIRE_ERROR, &error));
	CHECK_EQ(error.code, WIRE_ERROR_WAIT);
	CHECK(error.wait_ms > 0 && error.wait_ms <= 30000);
	/* The owner's known device does not wait. */
	CHECK(guy_connect(&alice) && guy_login_device(&alice, 0));
	world_wait(&w, error.wait_ms);
	bob.password = "correct horse";
	CHECK(guy_connect(&bob) && guy_login(&bob, 0));
	world_free(&w);
}

TEST(at_most_ten_guesses_an_hour)
{
	size_t guesses = 0;

	world_init(&w);
	guy_init(&w, &bob, "nobody", "wrong horse");
	for (uint64_t until = w.now_ms + 3600000; w.now_ms < until;
	     world_wait(&w, 5000)) {
		struct guy_login login;

		CHECK(guy_connect(&bob));
		guy_login_start(&bob, &login);
		if (guy_take(&bob, WIRE_LOGIN_REPLY, &login.reply))
			guesses++;
		guy_forget(&bob);
	}
	CHECK(guesses > 5 && guesses <= 10);
	world_free(&w);
}

/* K is the same at both ends, is where it should be, and nowhere after. */
TEST(logout_wipes_the_key)
{
	struct wire_LOGOUT m = { .scope = WIRE_LOGOUT_SESSION,
		.challenge = { 1, 2, 3 } };
	struct wire_LOGOUT_REPLY reply;
	struct wire_LOGOUT_ACK ack;
	struct server_vault *vault;
	struct server_stats stats;
	uint8_t want[32] = { 0 };

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	vault = server_vault(alice.conn);
	CHECK_BYTES(BYTES_OF(vault->key), BYTES_OF(alice.k));
	guy_say(&alice, WIRE_LOGOUT, &m);
	CHECK(guy_take(&alice, WIRE_LOGOUT_REPLY, &reply));
	CHECK(memcmp(reply.challenge, want, sizeof reply.challenge) != 0);
	pact_keys_logout(alice.k, PACT_LABEL_LOGOUT_1, m.challenge,
	    reply.challenge, want);
	CHECK_BYTES(BYTES_OF(reply.answer), BYTES_OF(want));
	pact_keys_logout(alice.k, PACT_LABEL_LOGOUT_2, m.challenge,
	    reply.challenge, ack.answer);
	guy_say(&alice, WIRE_LOGOUT_ACK, &ack);
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_DONE);
	CHECK(alice.is_closed && !alice.is_cut);
	CHECK(memcmp(vault->key, alice.k, sizeof alice.k) != 0);
	server_get_stats(w.server, &stats);
	CHECK_EQ(stats.sessions, 0);
	CHECK_EQ(stats.logouts, 1);
	world_free(&w);
}

TEST(a_cut_wipes_the_key)
{
	struct server_vault *vault;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	vault = server_vault(alice.conn);
	CHECK_BYTES(BYTES_OF(vault->key), BYTES_OF(alice.k));
	guy_cut(&alice);
	/* The region of secrets stays where it is, and what was freed in it
	 * is zeros. */
	CHECK(memcmp(vault->key, alice.k, sizeof alice.k) != 0);
	world_free(&w);
}

TEST(a_forged_logout_ends_nothing_for_others)
{
	struct wire_LOGOUT m = { 0 };
	struct wire_LOGOUT_ACK ack = { 0 };

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_say(&alice, WIRE_LOGOUT, &m);
	guy_say(&alice, WIRE_LOGOUT_ACK, &ack);
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_PROTOCOL);
	world_free(&w);
}

TEST(deadlines)
{
	struct wire_PING ping;

	world_init(&w);
	/* Nothing said at all. */
	guy_init(&w, &alice, "alice", "correct horse");
	alice.conn = server_open(w.server, &alice, &alice.from);
	world_wait(&w, WIRE_HANDSHAKE_MS + 1);
	CHECK(alice.is_closed);
	/* A channel without a login, which is owed no word. */
	CHECK(guy_connect(&alice));
	world_wait(&w, WIRE_LOGIN_MS + 1);
	CHECK(alice.is_closed);
	CHECK_EQ(guy_take_close(&alice), -1);
	/* A session that does not answer. */
	CHECK(guy_connect(&alice) && guy_register(&alice));
	CHECK(guy_login(&alice, 0));
	world_wait(&w, WIRE_PING_MS + 1);
	CHECK(guy_take(&alice, WIRE_PING, &ping));
	guy_say(&alice, WIRE_PONG, &ping);
	world_wait(&w, WIRE_PING_MS + 1);
	CHECK(guy_take(&alice, WIRE_PING, &ping));
	world_wait(&w, WIRE_PONG_MS + 1);
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_IDLE);
	world_free(&w);
}

TEST(sources_have_a_budget)
{
	size_t up = 0;

	world_init(&w);
	guy_init(&w, &carol, "carol", "correct horse");
	memset(carol.from.ip, 0x20, sizeof carol.from.ip);
	for (int i = 0; i < 100; i++)
		if (guy_connect(&carol))
			up++;
	CHECK_EQ(up, 40);
	world_wait(&w, 1000);
	for (int i = 0; i < 100; i++)
		if (guy_connect(&carol))
			up++;
	CHECK_EQ(up, 60);
	world_free(&w);
}

CHECK_MAIN(T(handshake), T(handshake_in_single_bytes),
    T(a_wrong_server_key_gets_no_byte),
    T(a_flipped_bit_stops_the_handshake), T(a_bare_machine_asks_for_the_key),
    T(each_channel_has_its_own_keys), T(register_and_log_in),
    T(a_wrong_password_is_refused),
    T(unknown_names_look_like_known_ones),
    T(threat_04_names_are_not_told_apart), T(threat_04_everybody_stands_in),
    T(an_invite_is_used_once),
    T(a_wrong_code_gets_no_oprf), T(done_waits_for_the_store),
    T(an_account_waits_for_the_store), T(a_change_waits_for_the_store),
    T(who_comes_too_early_waits),
    T(a_device_must_be_in_the_roster), T(a_login_belongs_to_its_channel),
    T(guesses_have_to_wait), T(at_most_ten_guesses_an_hour),
    T(logout_wipes_the_key), T(a_cut_wipes_the_key),
    T(a_forged_logout_ends_nothing_for_others),
    T(deadlines), T(sources_have_a_budget))
