/* Joining: an invite makes one account, of one form, once. */
#include "world.h"

#include "server/core.h"

#include <string.h>

static struct world w;
static struct guy alice, other, third;
static uint8_t code[WIRE_CODE_LEN];

static void
begin(bool is_open)
{
	struct server_config config = server_config_default();

	config.max_conns = 64;
	config.is_open = is_open;
	world_init_with(&w, &config);
	guy_init(&w, &alice, "alice", "correct horse");
	guy_init(&w, &other, "alice", "another horse");
	memset(code, 0x21, sizeof code);
}

static void
op_done(void *ctx, enum err err)
{
	*(enum err *)ctx = err;
}

static uint64_t
now_s(void)
{
	return w.env.wall_s(w.env.ctx);
}

static void
invite(const char *name, uint64_t for_s)
{
	struct wire_name who;
	enum err err = ERR_STATE;

	CHECK_OK(wire_name_parse(&who, bytes_str(name)));
	server_invite(w.server, &who, now_s() + for_s, code, op_done, &err);
	world_pump(&w);
	CHECK_OK(err);
}

/* A joining between its messages. */
struct joining {
	struct opaque_registration state;
	struct wire_REGISTER_FINISH finish;
};

/* Says REGISTER_START; returns 0, or the code of ERROR. */
static enum wire_error
start(struct guy *g, struct joining *j)
{
	struct wire_REGISTER_START m = { .req = ++g->req, .name = g->name };
	struct wire_REGISTER_REPLY reply;
	struct opaque_binding binding = { .client_identity =
		wire_name_bytes(&g->name) };
	uint8_t blind[64], nonce[32] = { 4 }, stretch[64], export_key[64];
	static uint8_t box[100];

	memset(j, 0, sizeof *j);
	memcpy(m.code, code, sizeof m.code);
	world_random(&w, blind, sizeof blind);
	CHECK_OK(opaque_client_register(&j->state, bytes_str(g->password),
	    blind, m.request));
	guy_say(g, WIRE_REGISTER_START, &m);
	if (!guy_take(g, WIRE_REGISTER_REPLY, &reply))
		return guy_take_error(g);
	CHECK_OK(opaque_client_register_unblind(&j->state,
	    bytes_str(g->password), reply.response, stretch));
	CHECK_OK(opaque_client_register_finish(&j->state, &binding, stretch,
	    nonce, j->finish.record, export_key));
	g->roster.version = 0;
	guy_sign_roster(g);
	j->finish.req = ++g->req;
	j->finish.name = g->name;
	j->finish.ksf_passes = 3;
	j->finish.ksf_memory_kib = 64;
	memcpy(j->finish.code, code, sizeof code);
	memcpy(j->finish.identity, g->identity, 32);
	j->finish.identity_box = j->finish.settings_box = BYTES_OF(box);
	j->finish.roster = (struct bytes){ g->roster_bytes, g->roster_len };
	return (enum wire_error)0;
}

/* Says REGISTER_FINISH; returns 0 for DONE, or the code of ERROR. */
static enum wire_error
finish(struct guy *g, const struct joining *j)
{
	struct wire_DONE done;

	guy_say(g, WIRE_REGISTER_FINISH, &j->finish);
	if (guy_take(g, WIRE_DONE, &done))
		return (enum wire_error)0;
	return guy_take_error(g);
}

static void
sign_again(struct guy *g, struct joining *j)
{
	struct wr roster = wr_init(g->roster_bytes, sizeof g->roster_bytes);

	CHECK_OK(pact_roster_write(&roster, &g->roster, g->identity_seed));
	j->finish.roster = wr_bytes(&roster);
}

/* Each thing that is not as it must be. */
TEST(an_account_has_one_form)
{
	struct joining j;

	for (int what = 0; what < 7; what++) {
		begin(false);
		alice.roster_len = 0;
		invite("alice", 100);
		CHECK(guy_connect(&alice));
		CHECK_EQ(start(&alice, &j), 0);
		if (what == 1)
			memset(j.finish.record, 0xff, 32);
		if (what == 2)
			alice.roster_bytes[40] ^= 1;
		if (what == 3) {
			(void)strcpy(alice.roster.name.s, "bob");
			sign_again(&alice, &j);
		}
		if (what == 4)
			j.finish.identity[0] ^= 1;
		if (what == 5) {
			alice.roster.previous[3] = 1;
			sign_again(&alice, &j);
		}
		if (what == 6) {
			alice.roster.version = 2;
			sign_again(&alice, &j);
		}
		CHECK_EQ(finish(&alice, &j), what == 0 ? 0 :
							 WIRE_ERROR_INVALID);
		CHECK_EQ(w.shelf.accounts_n, what == 0);
		world_free(&w);
	}
}

/* FINISH is for the name and the code of START, and comes after it. */
TEST(a_joining_is_one)
{
	struct joining j;

	for (int what = 0; what < 3; what++) {
		begin(false);
		alice.roster_len = 0;
		invite("alice", 100);
		CHECK(guy_connect(&alice));
		CHECK_EQ(start(&alice, &j), 0);
		if (what == 0)
			(void)strcpy(j.finish.name.s, "bob");
		if (what == 1)
			j.finish.code[15] ^= 1;
		if (what == 2)
			CHECK(guy_connect(&alice));
		CHECK_EQ(finish(&alice, &j), 0);
		CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_PROTOCOL);
		CHECK_EQ(w.shelf.accounts_n, 0);
		world_free(&w);
	}
}

/* The request of the OPRF is no element: nothing is evaluated. */
TEST(a_request_is_an_element)
{
	struct wire_REGISTER_START m = { .req = 1 };

	begin(false);
	invite("alice", 100);
	CHECK(guy_connect(&alice));
	m.name = alice.name;
	memcpy(m.code, code, sizeof m.code);
	memset(m.request, 0xff, sizeof m.request);
	guy_say(&alice, WIRE_REGISTER_START, &m);
	CHECK_EQ(guy_take_close(&alice), WIRE_CLOSE_PROTOCOL);
	world_free(&w);
}

TEST(invites_run_out)
{
	struct joining j;

	begin(false);
	invite("alice", 100);
	w.now_ms += 100 * 1000;
	CHECK(guy_connect(&alice));
	CHECK_EQ(start(&alice, &j), WIRE_ERROR_INVITE);
	/* By time, by tries, and by use. */
	invite("alice", 100);
	for (int i = 0; i < WIRE_CODE_TRIES; i++) {
		CHECK(guy_connect(&alice));
		CHECK_EQ(start(&alice, &j), 0);
	}
	CHECK(guy_connect(&other));
	CHECK_EQ(start(&other, &j), WIRE_ERROR_INVITE);
	world_free(&w);
}

/* Two who were invited to one name: the first one has it. */
TEST(a_name_is_taken_once)
{
	struct joining mine, theirs;
	uint8_t first[WIRE_CODE_LEN];

	begin(false);
	alice.roster_len = other.roster_len = 0;
	invite("alice", 100);
	CHECK(guy_connect(&alice));
	CHECK_EQ(start(&alice, &mine), 0);
	memcpy(first, code, sizeof first);
	invite("alice", 100);
	CHECK(guy_connect(&other));
	CHECK_EQ(start(&other, &theirs), 0);
	CHECK_EQ(finish(&alice, &mine), 0);
	CHECK_EQ(finish(&other, &theirs), WIRE_ERROR_TAKEN);
	CHECK_EQ(w.shelf.accounts_n, 1);
	world_free(&w);
}

/* Where registration is open, a name that nobody has is anybody's, one that
 * somebody has is taken, and one that was reset needs its invite. */
TEST(open_registration)
{
	struct joining j;
	enum err err = ERR_STATE;

	begin(true);
	alice.roster_len = other.roster_len = 0;
	CHECK(guy_connect(&alice));
	CHECK_EQ(start(&alice, &j), 0);
	CHECK_EQ(finish(&alice, &j), 0);
	CHECK(guy_connect(&other));
	CHECK_EQ(start(&other, &j), WIRE_ERROR_TAKEN);
	server_user(w.server, SERVER_USER_RESET, &alice.name, op_done, &err);
	world_pump(&w);
	CHECK_OK(err);
	CHECK(guy_connect(&other));
	CHECK_EQ(start(&other, &j), WIRE_ERROR_INVITE);
	invite("alice", 100);
	CHECK(guy_connect(&other));
	CHECK_EQ(start(&other, &j), 0);
	CHECK_EQ(finish(&other, &j), 0);
	/* A store that fails is not the name's fault. */
	w.shelf.is_broken = true;
	guy_init(&w, &third, "bob", "correct horse");
	CHECK(guy_connect(&third));
	CHECK_EQ(start(&third, &j), WIRE_ERROR_STORE);
	world_free(&w);
}

CHECK_MAIN(T(an_account_has_one_form), T(a_joining_is_one),
    T(a_request_is_an_element), T(invites_run_out), T(a_name_is_taken_once),
    T(open_registration))
