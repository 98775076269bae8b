/*
 * Who gets what: by password, by device, by an invite; and what an account
 * that is not there costs and says.
 */
#include "world.h"

#include "crypto/sig.h"
#include "server/account.h"
#include "server/core.h"
#include "server/presence.h"

#include <string.h>

static struct world w;
static struct guy alice, bob, carol;

static void
op_done(void *ctx, enum err err)
{
	*(enum err *)ctx = err;
}

/* Says DEVICE_LOGIN, and leaves the answer to be looked at. */
static void
say_device_login(struct guy *g)
{
	struct wire_DEVICE_LOGIN m = { .req = ++g->req, .name = g->name };
	struct wr said = wr_new();

	memcpy(m.device, g->device, sizeof m.device);
	pact_keys_device_login(&said, g->h, &g->name, g->device);
	ed25519_sign(g->device_seed, wr_bytes(&said), m.signature);
	wr_free(&said);
	guy_say(g, WIRE_DEVICE_LOGIN, &m);
}

/* The box of the identity is for whoever has just shown the password, in the
 * channel where they did. */
TEST(the_identity_box_needs_the_password)
{
	struct guy_login login;
	struct wire_LOGIN_OK ok;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_connect(&alice));
	guy_login_start(&alice, &login);
	CHECK(guy_take(&alice, WIRE_LOGIN_REPLY, &login.reply));
	guy_login_finish(&alice, &login, 0);
	CHECK(guy_take(&alice, WIRE_LOGIN_OK, &ok));
	CHECK_EQ(ok.identity_box.n, 100);
	/* What guy_k is made of is shown by the key that both have. */
	CHECK_BYTES(BYTES_OF(server_vault(alice.conn)->key),
	    BYTES_OF(alice.k));
	CHECK(guy_connect(&alice));
	say_device_login(&alice);
	CHECK(guy_take(&alice, WIRE_LOGIN_OK, &ok));
	CHECK_EQ(ok.identity_box.n, 0);
	CHECK_EQ(ok.settings_box.n, 100);
	world_free(&w);
}

/* A good password whose login was denied after all makes no password login of
 * the device login that follows it in the channel. */
TEST(a_denied_password_is_forgotten)
{
	struct wire_PASSWD_START start = { .req = 9 };
	struct guy_login login;
	enum err err = ERR_STATE;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_connect(&alice));
	guy_login_start(&alice, &login);
	CHECK(guy_take(&alice, WIRE_LOGIN_REPLY, &login.reply));
	for (int op = SERVER_USER_DISABLE; op >= SERVER_USER_ENABLE; op--) {
		server_user(w.server, (enum server_user_op)op, &alice.name,
		    op_done, &err);
		world_pump(&w);
		CHECK_OK(err);
	}
	guy_login_finish(&alice, &login, 0);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LOGIN);
	CHECK(guy_login_device(&alice, 0));
	guy_say(&alice, WIRE_PASSWD_START, &start);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_FORBIDDEN);
	world_free(&w);
}

/* Who failed by one name may come by another in the same channel, and is
 * looked at by that one: what is charged is what is asked. */
TEST(a_login_is_for_the_name_that_it_says)
{
	struct wire_name hers;

	for (int by_device = 0; by_device < 2; by_device++) {
		world_init(&w);
		CHECK(guy_join(&w, &alice, "alice"));
		CHECK(guy_join(&w, &bob, "bob"));
		hers = alice.name;
		CHECK(guy_connect(&bob));
		(void)strcpy(bob.name.s, hers.s);
		bob.password = "wrong horse";
		CHECK(!(by_device ? guy_login_device(&bob, 0) :
		    guy_login(&bob, 0)));
		CHECK_EQ(guy_take_error(&bob), WIRE_ERROR_LOGIN);
		(void)strcpy(bob.name.s, "bob");
		memset(bob.name.s + 4, 0, sizeof bob.name.s - 4);
		bob.password = "correct horse";
		CHECK(by_device ? guy_login_device(&bob, 0) :
		    guy_login(&bob, 0));
		CHECK(wire_name_equal(&server_vault(bob.conn)->name,
		    &bob.name));
		world_free(&w);
	}
}

TEST(three_wrong_logins_end_a_channel)
{
	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	CHECK(guy_connect(&alice) && guy_register(&alice));
	CHECK(guy_connect(&alice));
	alice.password = "wrong horse";
	for (int i = 1; i <= 3; i++) {
		CHECK(!alice.is_closed);
		CHECK(!guy_login(&alice, 0));
		CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LOGIN);
	}
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_LIMIT);
	world_free(&w);
}

/* A mode that is not there yet is none, by password or by device. */
TEST(modes_are_known)
{
	struct guy_login login;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	for (uint8_t bit = 0; bit < 8; bit++) {
		bool is_known = 1 << bit == WIRE_MODE_HOSTS;

		CHECK(guy_connect(&alice));
		guy_login_start(&alice, &login);
		CHECK(guy_take(&alice, WIRE_LOGIN_REPLY, &login.reply));
		guy_login_finish(&alice, &login, (uint8_t)(1 << bit));
		CHECK_EQ(guy_take_close(&alice) < 0, is_known);
		guy_forget(&alice);
		CHECK(guy_connect(&alice));
		CHECK_EQ(guy_login_device(&alice, (uint8_t)(1 << bit)),
		    is_known);
		CHECK_EQ(guy_take_close(&alice) < 0, is_known);
		guy_cut(&alice);
		world_wait(&w, 3600000); /* for the guess */
	}
	world_free(&w);
}

/* A disabled account stays it over a restart, and an ephemeral device ends at
 * its second whether or not anybody was there. */
TEST(what_a_restart_keeps)
{
	struct server_user_info info;
	enum err err = ERR_STATE;
	uint64_t until_ms;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_init_device(&bob, &alice);
	CHECK(guy_connect(&bob) && guy_login(&bob, 0));
	bob.ephemeral_s = 1000;
	until_ms = w.now_ms + 1000 * 1000;
	CHECK(guy_add_device(&bob));
	world_restart(&w);
	CHECK(server_user_next(w.server, NULL, &info));
	CHECK_EQ(info.devices, 2);
	w.now_ms = until_ms - 1;
	CHECK(server_user_next(w.server, NULL, &info));
	CHECK_EQ(info.devices, 2);
	CHECK(guy_connect(&bob) && guy_login_device(&bob, 0));
	world_restart(&w);
	w.now_ms = until_ms;
	CHECK(server_user_next(w.server, NULL, &info));
	CHECK_EQ(info.devices, 1);
	CHECK(guy_connect(&bob));
	CHECK(!guy_login_device(&bob, 0));
	server_user(w.server, SERVER_USER_DISABLE, &alice.name, op_done, &err);
	world_pump(&w);
	CHECK_OK(err);
	world_restart(&w);
	CHECK(server_user_next(w.server, NULL, &info));
	CHECK(!info.is_enabled);
	CHECK(guy_connect(&alice));
	CHECK(!guy_login_device(&alice, 0));
	world_free(&w);
}

/* An account has so many sessions, and what its devices sign is checked
 * first. */
TEST(sessions_are_counted)
{
	struct server_account *a;
	struct server_seat seat = { .ref = { .shard = 9 } };
	struct wire_name name;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_connect(&alice));
	name = alice.name;
	a = server_account_get(w.server, &name);
	for (uint32_t i = 0; i < WIRE_SESSIONS_MAX; i++) {
		seat.ref.slot = i;
		CHECK_OK(server_presence_join(w.server, a, &seat));
	}
	CHECK_ERR(server_presence_join(w.server, a, &seat), ERR_LIMIT);
	CHECK(!guy_login_device(&alice, 0));
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LIMIT);
	seat.ref.slot = 0;
	server_presence_leave(w.server, a, seat.ref);
	CHECK(guy_login_device(&alice, 0));
	world_free(&w);
}

/* Every byte of a code, and a code for those who have none to give. */
TEST(a_code_is_all_of_its_bytes)
{
	struct wire_REGISTER_START m = { .req = 7 };
	struct wire_REGISTER_REPLY reply;
	uint8_t code[WIRE_CODE_LEN];
	enum err err = ERR_STATE;

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	server_invite(w.server, &alice.name, UINT32_MAX, code, op_done, &err);
	world_pump(&w);
	CHECK_OK(err);
	m.name = alice.name;
	m.request[0] = 0xe2; /* the base point */
	memcpy(m.request + 1, "\xf2\xae\x0a\x6a\xbc\x4e\x71\xa8\x84\xa9\x61"
	    "\xc5\x00\x51\x5f\x58\xe3\x0b\x6a\xa5\x82\xdd\x8d\xb6\xa6\x59"
	    "\x45\xe0\x8d\x2d\x76", 31);
	for (size_t i = 0; i < sizeof code; i++) {
		memcpy(m.code, code, sizeof code);
		m.code[i] ^= 1;
		CHECK(guy_connect(&alice));
		guy_say(&alice, WIRE_REGISTER_START, &m);
		CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_INVITE);
	}
	memcpy(m.code, code, sizeof code);
	guy_say(&alice, WIRE_REGISTER_START, &m);
	CHECK(guy_take(&alice, WIRE_REGISTER_REPLY, &reply));
	/* Who is a member needs none. */
	CHECK(guy_connect(&alice) && guy_register(&alice));
	server_invite(w.server, &alice.name, UINT32_MAX, code, op_done, &err);
	CHECK_ERR(err, ERR_CONFLICT);
	world_free(&w);
}

/* What the OPRF is keyed by is drawn for each account and each password. */
TEST(credentials_are_new_each_time)
{
	static const uint8_t zeros[16];
	uint8_t first[16];
	struct wire_PASSWD_START start = { .req = 9 };
	struct wire_REGISTER_REPLY reply[2];

	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	CHECK(guy_connect(&alice) && guy_register(&alice));
	memcpy(first, w.shelf.accounts[0].a.credential_id, sizeof first);
	CHECK(memcmp(first, zeros, sizeof zeros) != 0);
	CHECK(guy_login(&alice, 0));
	memcpy(start.request, w.shelf.accounts[0].a.record, 32);
	for (int i = 0; i < 2; i++) {
		guy_say(&alice, WIRE_PASSWD_START, &start);
		CHECK(guy_take(&alice, WIRE_REGISTER_REPLY, &reply[i]));
	}
	CHECK(memcmp(reply[0].response, reply[1].response, 32) != 0);
	world_free(&w);
}

/* How to stretch is what an account was made with; for a name that nobody
 * has it is what this server tells newcomers, even if it has no people. */
TEST(how_unknown_names_stretch)
{
	struct guy_login login;

	world_init(&w);
	guy_init(&w, &bob, "bob", "correct horse");
	guy_init(&w, &alice, "alice", "correct horse");
	for (int i = 0; i < 2; i++) {
		CHECK(guy_connect(&bob));
		guy_login_start(&bob, &login);
		CHECK(guy_take(&bob, WIRE_LOGIN_REPLY, &login.reply));
		CHECK_EQ(login.reply.ksf_passes, w.config.ksf_passes);
		CHECK_EQ(login.reply.ksf_memory_kib, w.config.ksf_memory_kib);
		CHECK(guy_connect(&alice) && (i == 1 || guy_register(&alice)));
	}
	guy_login_start(&alice, &login);
	CHECK(guy_take(&alice, WIRE_LOGIN_REPLY, &login.reply));
	CHECK_EQ(login.reply.ksf_memory_kib, 64);
	world_free(&w);
}

/* Signatures that were checked; see meson.build. */
static unsigned checked;

enum err __real_ed25519_verify(const uint8_t key[32], struct bytes said,
    struct bytes sig);
enum err __wrap_ed25519_verify(const uint8_t key[32], struct bytes said,
    struct bytes sig);

enum err
__wrap_ed25519_verify(const uint8_t key[32], struct bytes said,
    struct bytes sig)
{
	checked++;
	return __real_ed25519_verify(key, said, sig);
}

/* A name that is not there, a device that is not, one that may not come, and
 * a wrong signature cost one check each, and say the same. */
TEST(threat_04_a_device_login_costs_one_signature)
{
	struct wire_DEVICE_LOGIN m = { .req = 7 };
	struct wire_ERROR error;
	enum err err = ERR_STATE;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_init(&w, &bob, "nobody", "correct horse");
	guy_init(&w, &carol, "carol", "correct horse");
	for (int what = 0; what < 4; what++) {
		m.name = what == 0 ? bob.name : alice.name;
		memcpy(m.device, alice.device, sizeof m.device);
		m.device[0] ^= what == 1;
		if (what == 3) {
			server_user(w.server, SERVER_USER_DISABLE,
			    &alice.name, op_done, &err);
			world_pump(&w);
			CHECK_OK(err);
		}
		CHECK(guy_connect(&carol));
		checked = 0;
		guy_say(&carol, WIRE_DEVICE_LOGIN, &m);
		CHECK(guy_take(&carol, WIRE_ERROR, &error));
		CHECK_EQ(error.code, WIRE_ERROR_LOGIN);
		CHECK_EQ(checked, 1);
	}
	world_free(&w);
}

CHECK_MAIN(T(the_identity_box_needs_the_password),
    T(a_denied_password_is_forgotten),
    T(a_login_is_for_the_name_that_it_says),
    T(three_wrong_logins_end_a_channel),
    T(modes_are_known),
    T(what_a_restart_keeps),
    T(sessions_are_counted),
    T(a_code_is_all_of_its_bytes),
    T(credentials_are_new_each_time),
    T(how_unknown_names_stretch),
    T(threat_04_a_device_login_costs_one_signature))
