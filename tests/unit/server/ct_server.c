/*
 * ct_server - the server's core on secrets that valgrind takes for undefined
 * (see tests/unit/crypto/ct_check.c for how that works): passes, the choice of
 * what a guess is answered with, the code of an invite, and the confirmed
 * logout. Handshakes and logins have programs of their own.
 */
#include "world.h"

#include "crypto/ct.h"
#include "server/core.h"
#include "server/effort.h"
#include "server/login.h"
#include "server/pass.h"
#include "server/register.h"

#include <string.h>

static struct world w;
static struct guy alice;
static uint8_t message1[PACT_GUARD_MESSAGE1_LEN];

static void
begin(void)
{
	world_init(&w);
	memset(message1, 7, sizeof message1);
}

TEST(threat_31_puzzles)
{
	struct pact_guard_first first = { .kind = PACT_GUARD_PUZZLE,
		.effort = SERVER_EFFORT_LEAST, .message1 = BYTES_OF(message1) };
	struct pact_guard_puzzle puzzle = { .effort = first.effort };
	const struct bytes record = BYTES_LIT("a first record");

	begin();
	/* The first one draws the key. */
	server_pass_challenge(w.server, 1, first.challenge);
	ct_poison(w.server->minutes, sizeof w.server->minutes);
	for (int i = 0; i < 2; i++) /* which minute is no secret */
		ct_unpoison(&w.server->minutes[i].minute,
		    sizeof w.server->minutes[i].minute);
	server_pass_challenge(w.server, 1, first.challenge);
	ct_unpoison(first.challenge, sizeof first.challenge);
	memcpy(puzzle.challenge, first.challenge, sizeof first.challenge);
	pact_guard_bind(&puzzle, first.message1);
	CHECK(pact_guard_solve(&puzzle, &first.nonce, UINT32_MAX));
	CHECK_EQ(server_pass_check(w.server, 2, record, &first), 0);
	CHECK_EQ(server_pass_check(w.server, 1, record, &first),
	    first.effort);
	ct_unpoison(w.server->minutes, sizeof w.server->minutes);
	world_free(&w);
}

TEST(threat_31_passes_of_devices)
{
	struct server_account a = { .given = 0 };
	struct pact_guard_first first = { .kind = PACT_GUARD_DEVICE };
	struct wr out = wr_new();
	uint8_t *key, *pass;

	begin();
	key = server_hold(w.server)->pass_key;
	ct_poison(key, AEAD_CHACHAPOLY_KEY_LEN);
	CHECK_OK(server_pass_give(w.server, &a, &out));
	ct_unpoison(out.p, out.n);
	pass = out.p + WIRE_HEADER_LEN + 4 + 2;
	first.pass = (struct bytes){ pass, PACT_GUARD_PASS_LEN };
	CHECK(server_pass_check(w.server, 1, BYTES_NONE, &first) != 0);
	pass[30] ^= 1;
	CHECK_EQ(server_pass_check(w.server, 1, BYTES_NONE, &first), 0);
	ct_unpoison(key, AEAD_CHACHAPOLY_KEY_LEN);
	wr_free(&out);
	world_free(&w);
}

/* The key that both ends prove to have. */
static void
logs_out(uint8_t flip)
{
	struct wire_LOGOUT logout = { .challenge = { 1 } };
	struct wire_LOGOUT_REPLY reply;
	struct wire_LOGOUT_ACK ack;
	uint8_t *key;

	begin();
	CHECK(guy_join(&w, &alice, "alice"));
	key = server_vault(alice.conn)->key;
	ct_poison(key, PACT_SESSION_KEY_LEN);
	ct_poison(alice.k, sizeof alice.k);
	guy_say(&alice, WIRE_LOGOUT, &logout);
	CHECK(guy_take(&alice, WIRE_LOGOUT_REPLY, &reply));
	ct_unpoison(&reply, sizeof reply);
	pact_keys_logout(alice.k, PACT_LABEL_LOGOUT_2, logout.challenge,
	    reply.challenge, ack.answer);
	ack.answer[31] ^= flip;
	guy_say(&alice, WIRE_LOGOUT_ACK, &ack);
	CHECK_EQ(guy_take_close(&alice), flip == 0 ? WIRE_CLOSE_DONE :
						     WIRE_CLOSE_PROTOCOL);
	world_free(&w);
}

TEST(threat_31_confirmed_logout)
{
	logs_out(0);
	logs_out(1);
}

/* From what the home has said to KE2; whether there is such an account is a
 * secret, and so are its record and all keys of the server's. */
static void
answers_a_guess(uint8_t flags)
{
	struct server_hold *hold;
	uint8_t body[8 + OPAQUE_RECORD_LEN] = { 0 };
	struct server_letter letter = { .kind = SERVER_LETTER_LOOKED,
		.flags = flags, .id = { 1 }, .body = BYTES_OF(body) };
	struct guy_login login;

	begin();
	guy_init(&w, &alice, "alice", "correct horse");
	CHECK(guy_connect(&alice));
	w.shelf.is_slow = true;
	guy_login_start(&alice, &login);
	hold = server_hold(w.server);
	memcpy(body + 8, w.server->fake_record, OPAQUE_RECORD_LEN);
	ct_poison(&hold->opaque, sizeof hold->opaque);
	ct_poison(hold->fake_seed, sizeof hold->fake_seed);
	ct_poison(w.server->fake_record, sizeof w.server->fake_record);
	ct_poison(body, sizeof body);
	ct_poison(letter.id, sizeof letter.id);
	ct_poison(&letter.flags, sizeof letter.flags);
	server_login_looked(w.server, alice.conn, &letter);
	CHECK_EQ(server_login_of(alice.conn)->step, SERVER_LOGIN_KE3);
	server_flush(w.server);
	CHECK(alice.in.n > OPAQUE_KE2_LEN);
	guy_cut(&alice);
	world_free(&w);
}

TEST(threat_31_whether_there_is_an_account)
{
	answers_a_guess(SERVER_LETTER_YES);
	answers_a_guess(0);
}

/* The code that REGISTER_START showed, and REGISTER_FINISH shows again. */
TEST(threat_31_the_code_of_an_invite)
{
	struct wire_REGISTER_FINISH m = { .name = { "alice" } };
	struct server_login *login;

	begin();
	guy_init(&w, &alice, "alice", "correct horse");
	CHECK(guy_connect(&alice));
	login = server_login_of(alice.conn);
	CHECK(login != NULL);
	login->step = SERVER_LOGIN_RECORD;
	login->name = m.name;
	memset(login->code, 4, sizeof login->code);
	memset(m.code, 4, sizeof m.code);
	m.code[15] ^= 1;
	ct_poison(login->code, sizeof login->code);
	CHECK_ERR(server_register_finish(w.server, alice.conn, &m,
	    BYTES_NONE), ERR_STATE);
	ct_unpoison(login->code, sizeof login->code);
	world_free(&w);
}

CHECK_MAIN(T(threat_31_puzzles), T(threat_31_passes_of_devices),
    T(threat_31_confirmed_logout), T(threat_31_whether_there_is_an_account),
    T(threat_31_the_code_of_an_invite))
