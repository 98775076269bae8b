#include "world.h"

#include "crypto/sig.h"
#include "server/conn.h"

#include <string.h>

static struct world w;
static struct guy alice, bob, second, third;
static uint8_t box[64];

/* The record of a new password; its credential id is with the server. */
static bool
new_record(struct guy *g, const char *password, uint8_t record[192])
{
	struct opaque_binding binding = { .client_identity =
		wire_name_bytes(&g->name) };
	struct wire_PASSWD_START m = { .req = ++g->req };
	struct opaque_registration state = { 0 };
	struct wire_REGISTER_REPLY reply;
	uint8_t blind[64], nonce[32], stretch[64], export_key[64];

	world_random(&w, blind, sizeof blind);
	world_random(&w, nonce, sizeof nonce);
	CHECK_OK(opaque_client_register(&state, bytes_str(password), blind,
	    m.request));
	guy_say(g, WIRE_PASSWD_START, &m);
	if (!guy_take(g, WIRE_REGISTER_REPLY, &reply))
		return false;
	CHECK_OK(opaque_client_register_unblind(&state, bytes_str(password),
	    reply.response, stretch));
	CHECK_OK(opaque_client_register_finish(&state, &binding, stretch,
	    nonce, record, export_key));
	return true;
}

static bool
passwd(struct guy *g, const char *password)
{
	uint8_t record[192];
	struct wire_CHANGE m = { .parts = WIRE_PART_RECORD |
		WIRE_PART_IDENTITY, .ksf_passes = 3, .ksf_memory_kib = 64,
		.record = BYTES_OF(record), .identity_version = 2,
		.identity_box = BYTES_OF(box) };
	struct wire_DONE done;

	if (!new_record(g, password, record))
		return false;
	m.req = ++g->req;
	guy_say(g, WIRE_CHANGE, &m);
	return guy_take(g, WIRE_DONE, &done);
}

TEST(a_new_password)
{
	struct guy_login login;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_init_device(&second, &alice);
	CHECK(guy_connect(&second) && guy_login(&second, 0));
	/* A login that began before it must not end after it. */
	guy_init_device(&bob, &alice);
	CHECK(guy_connect(&bob));
	guy_login_start(&bob, &login);
	CHECK(guy_take(&bob, WIRE_LOGIN_REPLY, &login.reply));
	CHECK(passwd(&second, "battery staple"));
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_ENDED);
	CHECK(!second.is_closed);
	guy_login_finish(&bob, &login, 0);
	CHECK(login.is_right);
	CHECK_EQ(guy_take_error(&bob), WIRE_ERROR_LOGIN);
	/* The old one is over, the new one works, so do known devices. */
	CHECK(!guy_login(&bob, 0));
	bob.password = "battery staple";
	CHECK(guy_login(&bob, 0));
	CHECK(guy_connect(&alice) && guy_login_device(&alice, 0));
	world_free(&w);
}

TEST(a_password_needs_the_password)
{
	uint8_t record[192];

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(!new_record(&alice, "battery staple", record));
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_FORBIDDEN);
	CHECK(!guy_add_device(&alice));
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_FORBIDDEN);
	world_free(&w);
}

TEST(all_parts_or_none)
{
	uint8_t record[192];
	struct wire_CHANGE m = { .req = 3, .parts = WIRE_PART_RECORD |
		WIRE_PART_IDENTITY | WIRE_PART_SETTINGS, .ksf_passes = 3,
		.ksf_memory_kib = 64, .record = BYTES_OF(record),
		.identity_version = 2, .identity_box = BYTES_OF(box),
		.settings_version = 7, .settings_box = BYTES_OF(box) };
	struct wire_DONE done;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_connect(&alice) && guy_login(&alice, 0));
	CHECK(new_record(&alice, "battery staple", record));
	guy_say(&alice, WIRE_CHANGE, &m);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_CONFLICT);
	CHECK(guy_connect(&alice) && guy_login(&alice, 0));
	/* A record without the box that it opens. */
	CHECK(new_record(&alice, "battery staple", record));
	m.parts = WIRE_PART_RECORD;
	guy_say(&alice, WIRE_CHANGE, &m);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_INVALID);
	m.parts = WIRE_PART_RECORD | WIRE_PART_IDENTITY;
	m.record = BYTES_NONE;
	guy_say(&alice, WIRE_CHANGE, &m);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_INVALID);
	m.parts = WIRE_PART_SETTINGS;
	m.settings_version = 2;
	guy_say(&alice, WIRE_CHANGE, &m);
	CHECK(guy_take(&alice, WIRE_DONE, &done));
	guy_say(&alice, WIRE_CHANGE, &m);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_CONFLICT);
	m.parts = 0x80;
	guy_say(&alice, WIRE_CHANGE, &m);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_INVALID);
	world_free(&w);
}

/* An error of the disk that comes after the write: nobody knows. The server
 * goes by what is stored. */
TEST(a_write_that_failed_and_was_done)
{
	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_init_device(&second, &alice);
	CHECK(guy_connect(&second) && guy_login(&second, 0));
	w.shelf.is_lying = true;
	CHECK(!passwd(&second, "battery staple"));
	CHECK_EQ(guy_take_error(&second), WIRE_ERROR_STORE);
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_ENDED);
	w.shelf.is_lying = false;
	second.password = "battery staple";
	CHECK(guy_connect(&second) && guy_login(&second, 0));
	world_free(&w);
}

TEST(settings_come_back)
{
	struct wire_SETTINGS_GET ask = { .req = 4 };
	struct wire_CHANGE m = { .req = 3, .parts = WIRE_PART_SETTINGS,
		.settings_version = 2, .settings_box = BYTES_OF(box) };
	struct wire_SETTINGS settings;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	world_random(&w, box, sizeof box);
	guy_say(&alice, WIRE_CHANGE, &m);
	guy_say(&alice, WIRE_SETTINGS_GET, &ask);
	CHECK(guy_take(&alice, WIRE_SETTINGS, &settings));
	CHECK_EQ(settings.settings_version, 2);
	CHECK_BYTES(settings.settings_box, BYTES_OF(box));
	world_free(&w);
}

/* Sends g's roster; returns the code of ERROR, 0 for DONE. */
static enum wire_error
send_roster(struct guy *g)
{
	struct wire_CHANGE m = { .req = ++g->req, .parts = WIRE_PART_ROSTER,
		.roster = { g->roster_bytes, g->roster_len } };
	struct wire_DONE done;

	guy_say(g, WIRE_CHANGE, &m);
	if (guy_take(g, WIRE_DONE, &done))
		return (enum wire_error)0;
	return guy_take_error(g);
}

TEST(rosters_follow_each_other)
{
	struct guy copy;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_connect(&alice) && guy_login(&alice, 0));
	/* The same again; one too far; another predecessor. */
	CHECK_EQ(send_roster(&alice), WIRE_ERROR_CONFLICT);
	copy = alice;
	alice.roster.version++;
	guy_sign_roster(&alice);
	CHECK_EQ(send_roster(&alice), WIRE_ERROR_CONFLICT);
	alice.roster = copy.roster;
	guy_sign_roster(&alice);
	CHECK_EQ(send_roster(&alice), WIRE_ERROR_CONFLICT);
	/* Another identity's signature. */
	alice.roster = copy.roster;
	memcpy(alice.roster_bytes, copy.roster_bytes, copy.roster_len);
	alice.roster_len = copy.roster_len;
	alice.identity_seed[0] ^= 1;
	guy_sign_roster(&alice);
	CHECK_EQ(send_roster(&alice), WIRE_ERROR_INVALID);
	/* The next one. */
	alice.identity_seed[0] ^= 1;
	alice.roster = copy.roster;
	memcpy(alice.roster_bytes, copy.roster_bytes, copy.roster_len);
	alice.roster_len = copy.roster_len;
	guy_sign_roster(&alice);
	CHECK_EQ(send_roster(&alice), 0);
	world_free(&w);
}

/* Signs g's roster anew, with the entry of g's device, whosever it is. */
static void
sign_all(struct guy *g)
{
	struct pact_roster_entry *entry =
	    &g->roster.entries[g->roster.count - 1];
	struct wr out = wr_init(g->roster_bytes, sizeof g->roster_bytes);

	CHECK_OK(pact_roster_sign_entry(entry, &g->roster.name,
	    g->roster.identity, g->device_seed));
	CHECK_OK(pact_roster_write(&out, &g->roster, g->identity_seed));
	g->roster_len = out.n;
}

/* Whole in itself, and the next one; but another person's. */
TEST(a_roster_is_of_its_account)
{
	struct guy copy;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_connect(&alice) && guy_login(&alice, 0));
	guy_sign_roster(&alice);
	copy = alice;
	(void)strcpy(alice.roster.name.s, "bob");
	sign_all(&alice);
	CHECK_EQ(send_roster(&alice), WIRE_ERROR_INVALID);
	alice.roster = copy.roster;
	alice.identity_seed[0] ^= 1;
	ed25519_public(alice.identity_seed, alice.roster.identity);
	sign_all(&alice);
	CHECK_EQ(send_roster(&alice), WIRE_ERROR_INVALID);
	alice.identity_seed[0] ^= 1;
	alice.roster = copy.roster;
	sign_all(&alice);
	CHECK_EQ(send_roster(&alice), 0);
	world_free(&w);
}

/* A device that was to live for hours: it may not be given years, and what a
 * bare machine's clock may be wrong by is an hour. */
TEST(a_short_life_is_not_made_long)
{
	struct pact_roster_entry *entry;
	uint64_t now_s;
	struct guy copy;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_init_device(&second, &alice);
	CHECK(guy_connect(&second) && guy_login(&second, 0));
	second.ephemeral_s = 1000;
	CHECK(guy_add_device(&second));
	now_s = w.env.wall_s(w.env.ctx);
	guy_sign_roster(&second);
	copy = second;
	entry = &second.roster.entries[1];
	for (uint64_t more = 3601; more >= 3600; more--) {
		second.roster = copy.roster;
		entry->expires_s = now_s + WIRE_EPHEMERAL_S + more;
		sign_all(&second);
		CHECK_EQ(send_roster(&second), more == 3600 ? 0 :
							WIRE_ERROR_INVALID);
	}
	world_free(&w);
}

/* The box of the identity changes with the password, or with all that a
 * removed device has known; and a record is one. */
TEST(parts_that_go_together)
{
	uint8_t record[192];
	struct wire_CHANGE m = { .req = 3, .ksf_passes = 3,
		.ksf_memory_kib = 64, .record = BYTES_OF(record),
		.identity_version = 2, .identity_box = BYTES_OF(box),
		.settings_version = 2, .settings_box = BYTES_OF(box) };
	struct wire_DONE done;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_connect(&alice) && guy_login(&alice, 0));
	guy_sign_roster(&alice);
	m.roster = (struct bytes){ alice.roster_bytes, alice.roster_len };
	for (uint8_t i = 0; i < 3; i++) {
		static const uint8_t alone[3] = { 0, WIRE_PART_SETTINGS,
			WIRE_PART_ROSTER };

		m.parts = WIRE_PART_IDENTITY | alone[i];
		guy_say(&alice, WIRE_CHANGE, &m);
		CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_INVALID);
	}
	m.parts = WIRE_PART_IDENTITY | WIRE_PART_SETTINGS | WIRE_PART_ROSTER;
	guy_say(&alice, WIRE_CHANGE, &m);
	CHECK(guy_take(&alice, WIRE_DONE, &done));
	/* No element of the group is no key. */
	CHECK(new_record(&alice, "battery staple", record));
	memset(record, 0xff, 32);
	m.parts = WIRE_PART_RECORD | WIRE_PART_IDENTITY;
	m.identity_version = 3;
	guy_say(&alice, WIRE_CHANGE, &m);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_INVALID);
	world_free(&w);
}

/* However many questions there were before: eight may wait for the store. */
TEST(eight_answers_may_wait)
{
	struct wire_SETTINGS_GET ask = { .req = 4 };
	struct wire_STATUS_SET away = { .req = 5,
		.status = WIRE_STATUS_AWAY };
	struct wire_CHANGE change = { .req = 6, .parts = WIRE_PART_SETTINGS,
		.settings_version = 99, .settings_box = BYTES_OF(box) };
	struct wire_SETTINGS settings;
	struct wire_DONE done;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	for (int round = 0; round < 2; round++) {
		w.shelf.is_slow = true;
		for (int i = 0; i < 3; i++)
			guy_say(&alice, WIRE_STATUS_SET, &away);
		for (int i = 0; i < 3; i++)
			guy_say(&alice, WIRE_CHANGE, &change);
		for (int i = 0; i < 2; i++)
			guy_say(&alice, WIRE_SETTINGS_GET, &ask);
		CHECK_EQ(guy_take_error(&alice), 0);
		guy_say(&alice, WIRE_SETTINGS_GET, &ask);
		CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LIMIT);
		w.shelf.is_slow = false;
		world_pump(&w);
		for (int i = 0; i < 3; i++) {
			CHECK(guy_take(&alice, WIRE_DONE, &done));
			CHECK_EQ(guy_take_error(&alice),
			    WIRE_ERROR_CONFLICT);
		}
		CHECK(guy_take(&alice, WIRE_SETTINGS, &settings));
		guy_forget(&alice);
	}
	world_free(&w);
}

TEST(a_removed_device_is_out)
{
	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_init_device(&second, &alice);
	CHECK(guy_connect(&second) && guy_login(&second, 0));
	CHECK(guy_add_device(&second));
	CHECK(!alice.is_closed);
	/* Without alice's first machine. */
	second.roster.entries[0] = second.roster.entries[1];
	second.roster.count = 1;
	guy_sign_roster(&second);
	CHECK_EQ(send_roster(&second), 0);
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_ENDED);
	CHECK(!second.is_closed);
	CHECK(guy_connect(&alice));
	CHECK(!guy_login_device(&alice, 0));
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LOGIN);
	world_free(&w);
}

TEST(ephemeral_devices_expire)
{
	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	/* Too long a life is none. */
	guy_init_device(&third, &alice);
	CHECK(guy_connect(&third) && guy_login(&third, 0));
	third.ephemeral_s = 3 * WIRE_EPHEMERAL_S;
	CHECK(!guy_add_device(&third));
	CHECK_EQ(guy_take_error(&third), WIRE_ERROR_INVALID);
	guy_cut(&third);
	guy_init_device(&second, &alice);
	CHECK(guy_connect(&second) && guy_login(&second, 0));
	second.ephemeral_s = 1000;
	CHECK(guy_add_device(&second));
	guy_init_device(&bob, &second);
	memcpy(bob.device, second.device, sizeof bob.device);
	memcpy(bob.device_seed, second.device_seed, 32);
	CHECK(guy_connect(&bob) && guy_login_device(&bob, 0));
	guy_cut(&second);
	/* Another of its sessions lives. */
	CHECK(guy_connect(&second) && guy_login_device(&second, 0));
	guy_cut(&second);
	guy_cut(&bob);
	/* It went with its last session. */
	CHECK(guy_connect(&second));
	CHECK(!guy_login_device(&second, 0));
	/* And after a restart, which does not know, it still expires. */
	world_restart(&w);
	CHECK(guy_connect(&second) && guy_login_device(&second, 0));
	world_wait(&w, 1000 * 1000);
	CHECK(guy_connect(&bob));
	CHECK(!guy_login_device(&bob, 0));
	world_free(&w);
}

/* What was let in while the clock was wrong does not keep out what comes when
 * it is right again. */
TEST(a_clock_that_is_set_back_locks_nobody_out)
{
	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	w.ahead_s = 400 * 86400;
	guy_init_device(&second, &alice);
	CHECK(guy_connect(&second) && guy_login(&second, 0));
	second.ephemeral_s = WIRE_EPHEMERAL_S;
	CHECK(guy_add_device(&second));
	w.ahead_s = 0;
	guy_init_device(&third, &second);
	CHECK(guy_connect(&third) && guy_login(&third, 0));
	CHECK(guy_add_device(&third));
	/* A new one from the future is still none. */
	guy_init_device(&bob, &third);
	CHECK(guy_connect(&bob) && guy_login(&bob, 0));
	bob.ephemeral_s = 400 * 86400;
	CHECK(!guy_add_device(&bob));
	CHECK_EQ(guy_take_error(&bob), WIRE_ERROR_INVALID);
	world_free(&w);
}

static void
op_done(void *ctx, enum err err)
{
	*(enum err *)ctx = err;
}

static enum err
user(enum server_user_op op, const struct wire_name *name)
{
	enum err err = ERR_STATE;

	server_user(w.server, op, name, op_done, &err);
	world_pump(&w);
	return err;
}

TEST(what_operators_do)
{
	struct server_user_info info;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK_OK(user(SERVER_USER_DISABLE, &alice.name));
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_ENDED);
	CHECK(guy_connect(&alice));
	CHECK(!guy_login_device(&alice, 0));
	CHECK(!guy_login(&alice, 0));
	CHECK_OK(user(SERVER_USER_ENABLE, &alice.name));
	CHECK(guy_connect(&alice) && guy_login(&alice, 0));
	CHECK(server_user_next(w.server, NULL, &info));
	CHECK_EQ(info.sessions, 1);
	CHECK_EQ(info.devices, 1);
	CHECK(!server_user_next(w.server, &info.name, &info));
	CHECK_OK(user(SERVER_USER_RESET, &alice.name));
	CHECK(guy_connect(&alice));
	CHECK(!guy_login(&alice, 0));
	CHECK(!guy_login_device(&alice, 0));
	/* The name is joined anew, with a new identity. */
	guy_init(&w, &second, "alice", "another horse");
	CHECK(guy_connect(&second) && guy_register(&second));
	CHECK(guy_login(&second, 0));
	CHECK_OK(user(SERVER_USER_REMOVE, &alice.name));
	CHECK_EQ(guy_take_close(&second), WIRE_CLOSE_ENDED);
	CHECK_ERR(user(SERVER_USER_REMOVE, &alice.name), ERR_GONE);
	CHECK(!server_user_next(w.server, NULL, &info));
	world_free(&w);
}

/* Of what was reset nothing is left but the name; and it is no longer
 * disabled, or nobody could join it anew. */
TEST(what_a_reset_leaves)
{
	static const uint8_t zeros[32];
	struct server_user_info info;
	struct wire_PERSON_GET ask = { .req = 3 };

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_join(&w, &bob, "bob"));
	CHECK_OK(user(SERVER_USER_DISABLE, &alice.name));
	CHECK_OK(user(SERVER_USER_RESET, &alice.name));
	CHECK(server_user_next(w.server, NULL, &info));
	CHECK(info.is_enabled && !info.has_record);
	CHECK_EQ(info.devices, 0);
	CHECK(memcmp(info.identity, zeros, sizeof zeros) == 0);
	ask.name = alice.name;
	guy_say(&bob, WIRE_PERSON_GET, &ask);
	CHECK_EQ(guy_take_error(&bob), WIRE_ERROR_UNKNOWN);
	CHECK(w.shelf.accounts[0].a.is_enabled);
	world_free(&w);
}

/* The disk fails after the write: what was done is done, and shows. */
TEST(an_operators_write_that_failed_and_was_done)
{
	struct server_user_info info;

	for (int op = SERVER_USER_DISABLE; op <= SERVER_USER_REMOVE; op++) {
		world_init(&w);
		CHECK(guy_join(&w, &alice, "alice"));
		w.shelf.is_lying = true;
		CHECK_ERR(user((enum server_user_op)op, &alice.name), ERR_IO);
		CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_ENDED);
		w.shelf.is_lying = false;
		CHECK(guy_connect(&alice));
		CHECK(!guy_login_device(&alice, 0));
		CHECK_EQ(server_user_next(w.server, NULL, &info),
		    op != SERVER_USER_REMOVE);
		world_free(&w);
	}
}

/* What a session asked while its account was being disabled is not done: it
 * asked for an account that is no more what it was. */
TEST(a_change_behind_a_disabling)
{
	struct wire_CHANGE m = { .req = 3, .parts = WIRE_PART_SETTINGS,
		.settings_version = 2, .settings_box = BYTES_OF(box) };
	enum err err = ERR_STATE;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	w.shelf.is_slow = true;
	server_user(w.server, SERVER_USER_DISABLE, &alice.name, op_done,
	    &err);
	guy_say(&alice, WIRE_CHANGE, &m);
	w.shelf.is_slow = false;
	world_pump(&w);
	CHECK_OK(err);
	CHECK_EQ(w.shelf.accounts[0].a.settings_version, 1);
	world_free(&w);
}

/* ---- logins that are under way ---- */

static bool
change_password(void)
{
	guy_init_device(&second, &alice);
	return guy_connect(&second) && guy_login(&second, 0) &&
	    passwd(&second, "battery staple");
}

static bool
disable(void)
{
	return user(SERVER_USER_DISABLE, &alice.name) == ERR_OK;
}

static bool
disable_and_enable(void)
{
	return disable() && user(SERVER_USER_ENABLE, &alice.name) == ERR_OK;
}

static bool
reset(void)
{
	return user(SERVER_USER_RESET, &alice.name) == ERR_OK;
}

static bool
remove_all(void)
{
	return user(SERVER_USER_REMOVE, &alice.name) == ERR_OK;
}

static bool
join_anew(void)
{
	guy_init(&w, &second, "alice", "another horse");
	return guy_connect(&second) && guy_register(&second);
}

static bool
reset_and_join_anew(void)
{
	return reset() && join_anew();
}

static bool
remove_and_join_anew(void)
{
	return remove_all() && join_anew();
}

/* A new account's version is the time; here it is the one that the removed
 * account had come to. */
static bool
remove_and_join_with_the_same_version(void)
{
	uint64_t version = w.shelf.accounts[0].a.version;

	w.now_ms = (version - 1900000000) * 1000;
	return remove_and_join_anew() &&
	    w.shelf.accounts[0].a.version == version;
}

static bool (*const changes[])(void) = { change_password, disable,
	disable_and_enable, reset, reset_and_join_anew, remove_all,
	remove_and_join_anew, remove_and_join_with_the_same_version };

#define CHANGES (sizeof changes / sizeof changes[0])

/* KE2 was heard before the change, KE3 is said after it. Live sessions end
 * with the change itself. */
TEST(a_parked_login_survives_no_change)
{
	struct guy_login login;

	for (size_t i = 0; i < CHANGES; i++) {
		world_init(&w);
		CHECK(guy_join(&w, &alice, "alice"));
		/* The removed account has lived for a while. */
		CHECK(disable_and_enable());
		CHECK(guy_connect(&alice) && guy_login(&alice, 0));
		guy_init_device(&bob, &alice);
		CHECK(guy_connect(&bob));
		guy_login_start(&bob, &login);
		CHECK(guy_take(&bob, WIRE_LOGIN_REPLY, &login.reply));
		CHECK(changes[i]());
		CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_ENDED);
		guy_login_finish(&bob, &login, 0);
		CHECK(login.is_right);
		CHECK_EQ(guy_take_error(&bob), WIRE_ERROR_LOGIN);
		CHECK(bob.conn->state == SERVER_OPEN);
		world_free(&w);
	}
}

/* The login waits for the store when the change comes: it is answered by what
 * is there when the store has answered, and is in no session afterwards. */
TEST(a_login_at_the_store_survives_no_change)
{
	struct server_user_info info;
	struct guy_login login;
	enum err err = ERR_STATE;

	for (int op = SERVER_USER_DISABLE; op <= SERVER_USER_REMOVE; op++) {
		for (int by_device = 0; by_device < 2; by_device++) {
			world_init(&w);
			CHECK(guy_join(&w, &alice, "alice"));
			guy_cut(&alice);
			CHECK(guy_connect(&alice));
			if (by_device == 0) {
				guy_login_start(&alice, &login);
				CHECK(guy_take(&alice, WIRE_LOGIN_REPLY,
				    &login.reply));
			}
			w.shelf.is_slow = true;
			if (by_device == 0)
				guy_login_finish(&alice, &login, 0);
			else
				CHECK(!guy_login_device(&alice, 0));
			server_user(w.server, (enum server_user_op)op,
			    &alice.name, op_done, &err);
			w.shelf.is_slow = false;
			world_pump(&w);
			CHECK_OK(err);
			CHECK(alice.is_closed ||
			    alice.conn->state == SERVER_OPEN);
			if (server_user_next(w.server, NULL, &info))
				CHECK_EQ(info.sessions, 0);
			world_free(&w);
		}
	}
}

TEST(logout_of_a_device_ends_all_its_sessions)
{
	struct wire_LOGOUT m = { .scope = WIRE_LOGOUT_DEVICE };
	struct wire_LOGOUT_REPLY reply;
	struct wire_LOGOUT_ACK ack;

	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_init_device(&bob, &alice);
	memcpy(bob.device, alice.device, sizeof bob.device);
	memcpy(bob.device_seed, alice.device_seed, 32);
	guy_init_device(&second, &alice);
	CHECK(guy_connect(&bob) && guy_login_device(&bob, 0));
	guy_init_device(&third, &bob);
	memcpy(third.device, bob.device, sizeof third.device);
	memcpy(third.device_seed, bob.device_seed, 32);
	CHECK(guy_connect(&third) && guy_login_device(&third, 0));
	CHECK(guy_connect(&second) && guy_login(&second, 0));
	guy_say(&alice, WIRE_LOGOUT, &m);
	CHECK(guy_take(&alice, WIRE_LOGOUT_REPLY, &reply));
	CHECK(!bob.is_closed);
	pact_keys_logout(alice.k, PACT_LABEL_LOGOUT_2, m.challenge,
	    reply.challenge, ack.answer);
	guy_say(&alice, WIRE_LOGOUT_ACK, &ack);
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_DONE);
	CHECK_EQ(guy_take_close(&bob), WIRE_CLOSE_LOGOUT);
	CHECK_EQ(guy_take_close(&third), WIRE_CLOSE_LOGOUT);
	CHECK(!second.is_closed);
	world_free(&w);
}

CHECK_MAIN(T(a_new_password), T(a_password_needs_the_password),
    T(all_parts_or_none), T(a_write_that_failed_and_was_done),
    T(settings_come_back),
    T(rosters_follow_each_other), T(a_roster_is_of_its_account),
    T(a_short_life_is_not_made_long), T(parts_that_go_together),
    T(eight_answers_may_wait), T(what_a_reset_leaves),
    T(an_operators_write_that_failed_and_was_done),
    T(a_change_behind_a_disabling), T(a_removed_device_is_out),
    T(ephemeral_devices_expire),
    T(a_clock_that_is_set_back_locks_nobody_out), T(what_operators_do),
    T(a_parked_login_survives_no_change),
    T(a_login_at_the_store_survives_no_change),
    T(logout_of_a_device_ends_all_its_sessions))
