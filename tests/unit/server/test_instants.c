/*
 * A login and a change at the same instant: what is true when the answer
 * comes decides, in whatever order the store has come to see the two.
 */
#include "world.h"

#include "server/conn.h"

#include <string.h>

static struct world w;
static struct guy alice, second;
static uint8_t box[64];

static void
op_done(void *ctx, enum err err)
{
	*(enum err *)ctx = err;
}

static void
begin(void)
{
	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	guy_init_device(&second, &alice);
	CHECK(guy_connect(&second) && guy_login(&second, 0));
	CHECK(guy_connect(&alice));
}

static unsigned
sessions(void)
{
	struct server_user_info info;

	return server_user_next(w.server, NULL, &info) ? info.sessions : 0;
}

/* Begins a new password, with the old one's record; it waits for the store. */
static void
say_passwd(void)
{
	uint8_t record[192];
	struct wire_PASSWD_START start = { .req = 2 };
	struct wire_CHANGE m = { .req = 3, .parts = WIRE_PART_RECORD |
		WIRE_PART_IDENTITY, .ksf_passes = 3, .ksf_memory_kib = 64,
		.record = BYTES_OF(record), .identity_version = 2,
		.identity_box = BYTES_OF(box) };

	memcpy(record, w.shelf.accounts[0].a.record, sizeof record);
	memcpy(start.request, record, sizeof start.request);
	guy_say(&second, WIRE_PASSWD_START, &start);
	guy_say(&second, WIRE_CHANGE, &m);
}

/* Takes alice's device out of the roster; it waits for the store. */
static void
say_removal(void)
{
	struct wire_CHANGE m = { .req = 3, .parts = WIRE_PART_ROSTER };

	second.roster.count = 0;
	guy_sign_roster(&second);
	m.roster = (struct bytes){ second.roster_bytes, second.roster_len };
	guy_say(&second, WIRE_CHANGE, &m);
}

/* A change that waits at the store; a login that is there behind it, and was
 * right when it came. */
TEST(a_login_behind_a_change)
{
	static enum err err;
	struct guy_login login;

	/* disable, reset, remove; a new password; a device's removal */
	for (int what = SERVER_USER_DISABLE; what <= SERVER_USER_REMOVE + 2;
	     what++) {
		/* by password; by device; and the read overtakes the write */
		for (int how = 0; how < 4; how++) {
			bool by_device = how & 1;

			if ((what == SERVER_USER_REMOVE + 1 && by_device) ||
			    (what == SERVER_USER_REMOVE + 2 && !by_device))
				continue;
			begin();
			if (!by_device) {
				guy_login_start(&alice, &login);
				CHECK(guy_take(&alice, WIRE_LOGIN_REPLY,
				    &login.reply));
			}
			w.shelf.is_slow = true;
			w.shelf.reads_early = how & 2;
			if (what == SERVER_USER_REMOVE + 1)
				say_passwd();
			else if (what == SERVER_USER_REMOVE + 2)
				say_removal();
			else
				server_user(w.server,
				    (enum server_user_op)what, &alice.name,
				    op_done, &err);
			if (by_device)
				CHECK(!guy_login_device(&alice, 0));
			else
				guy_login_finish(&alice, &login, 0);
			w.shelf.is_slow = false;
			world_pump(&w);
			CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LOGIN);
			CHECK_EQ(alice.conn->state, SERVER_OPEN);
			CHECK_EQ(sessions(), what > SERVER_USER_REMOVE);
			world_free(&w);
		}
	}
}

/* The same, with a disk that has written and says that it has not: what is
 * stored decides, though the directory does not know yet. */
TEST(a_login_behind_a_change_that_failed_and_was_done)
{
	static enum err err;
	struct guy_login login;

	begin();
	guy_login_start(&alice, &login);
	CHECK(guy_take(&alice, WIRE_LOGIN_REPLY, &login.reply));
	w.shelf.is_slow = w.shelf.is_lying = true;
	server_user(w.server, SERVER_USER_DISABLE, &alice.name, op_done, &err);
	guy_login_finish(&alice, &login, 0);
	w.shelf.is_slow = false;
	world_pump(&w);
	CHECK_ERR(err, ERR_IO);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LOGIN);
	CHECK_EQ(sessions(), 0);
	world_free(&w);
}

/* Who hangs up while the store is asked has no session when it answers. */
TEST(who_hangs_up_while_logging_in)
{
	begin();
	guy_cut(&second);
	w.shelf.is_slow = true;
	CHECK(!guy_login_device(&alice, 0));
	guy_cut(&alice);
	w.shelf.is_slow = false;
	world_pump(&w);
	CHECK_EQ(sessions(), 0);
	world_free(&w);
}

/* Nor has the next one who happens to get the same slot: what is on its way
 * to the one who hung up is for nobody. */
TEST(an_answer_for_who_hung_up_is_nobodys)
{
	static struct guy bob;
	struct server_user_info info;
	struct server_conn *slot;

	begin();
	guy_cut(&second);
	CHECK(guy_join(&w, &bob, "bob"));
	guy_cut(&bob);
	slot = alice.conn;
	w.shelf.is_slow = true;
	CHECK(!guy_login_device(&alice, 0));
	guy_cut(&alice);
	CHECK(guy_connect(&bob) && bob.conn == slot);
	CHECK(!guy_login_device(&bob, 0));
	w.shelf.is_slow = false;
	world_pump(&w);
	CHECK(!bob.is_closed);
	CHECK_EQ(bob.conn->state, SERVER_LOGGED);
	CHECK_EQ(sessions(), 0);
	CHECK(server_user_next(w.server, &alice.name, &info));
	CHECK_EQ(info.sessions, 1);
	world_free(&w);
}

/* An account that was made though the disk said no is there for its owner,
 * without a restart. */
TEST(a_joining_that_failed_and_was_done)
{
	world_init(&w);
	guy_init(&w, &alice, "alice", "correct horse");
	CHECK(guy_connect(&alice));
	w.shelf.is_slow_to_create = true;
	CHECK(!guy_register(&alice));
	w.shelf.is_slow_to_create = false;
	w.shelf.is_lying = true;
	world_pump(&w);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_STORE);
	w.shelf.is_lying = false;
	CHECK(guy_connect(&alice) && guy_login_device(&alice, 0));
	world_free(&w);
}

CHECK_MAIN(T(a_login_behind_a_change),
    T(a_login_behind_a_change_that_failed_and_was_done),
    T(who_hangs_up_while_logging_in),
    T(an_answer_for_who_hung_up_is_nobodys),
    T(a_joining_that_failed_and_was_done))
