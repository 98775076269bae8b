#include "world.h"

#include "server/core.h"

#include <string.h>

static struct world w;
static struct guy alice, bob, carol, second;

static void
want(struct guy *g, const struct guy *whom)
{
	struct wire_WANT m = { .req = ++g->req, .name = whom->name,
		.paths = WIRE_PATH_DIRECT | WIRE_PATH_RELAY };

	m.nonce[0] = (uint8_t)g->req;
	guy_say(g, WIRE_WANT, &m);
}

static void
answer(struct guy *g, const uint8_t id[16], uint8_t verdict)
{
	static const struct wire_endpoint at = { { [15] = 1 }, 4000 };
	uint8_t endpoints[1 + WIRE_ENDPOINT_LEN];
	struct wire_ANSWER m = { .verdict = verdict,
		.paths = WIRE_PATH_DIRECT | WIRE_PATH_RELAY };

	memcpy(m.id, id, sizeof m.id);
	m.endpoints = wire_endpoints_encode(endpoints, &at, 1);
	guy_say(g, WIRE_ANSWER, &m);
}

static void
begin(void)
{
	world_init(&w);
	CHECK(guy_join(&w, &alice, "alice"));
	CHECK(guy_join(&w, &bob, "bob"));
	guy_forget(&alice);
	guy_forget(&bob);
}

TEST(a_ticket_opens_for_the_callee_only)
{
	struct wire_INTRODUCTION asked;
	struct wire_INTRODUCED got;
	struct pact_ticket ticket;
	struct pact_roster roster;

	begin();
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	CHECK(wire_name_equal(&asked.name, &alice.name));
	CHECK_OK(pact_roster_read(asked.roster, &roster));
	CHECK_BYTES(BYTES_OF(asked.device), BYTES_OF(alice.device));
	CHECK(!guy_take(&alice, WIRE_INTRODUCED, &got));
	answer(&bob, asked.id, WIRE_VERDICT_ACCEPT);
	CHECK(guy_take(&alice, WIRE_INTRODUCED, &got));
	CHECK_EQ(got.req, alice.req);
	CHECK_EQ(got.nonce[0], alice.req);
	CHECK_EQ(got.endpoints.n, 1 + WIRE_ENDPOINT_LEN);
	CHECK_OK(pact_roster_read(got.roster, &roster));
	CHECK_BYTES(BYTES_OF(roster.identity), BYTES_OF(bob.identity));
	CHECK_ERR(pact_ticket_open(got.ticket, alice.k, &ticket), ERR_AUTH);
	CHECK_OK(pact_ticket_open(got.ticket, bob.k, &ticket));
	CHECK_BYTES(BYTES_OF(ticket.id), BYTES_OF(got.id));
	CHECK(wire_name_equal(&ticket.name, &alice.name));
	CHECK_BYTES(BYTES_OF(ticket.identity), BYTES_OF(alice.identity));
	CHECK_BYTES(BYTES_OF(ticket.device), BYTES_OF(alice.device));
	CHECK_BYTES(BYTES_OF(ticket.link_key), BYTES_OF(alice.link_key));
	CHECK_BYTES(BYTES_OF(ticket.nonce), BYTES_OF(got.nonce));
	CHECK_EQ(ticket.expires_ms, WIRE_TICKET_MS);
	world_free(&w);
}

TEST(refusal)
{
	struct wire_INTRODUCTION asked;

	begin();
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	answer(&bob, asked.id, WIRE_VERDICT_REFUSE);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_REFUSED);
	/* A second answer, or one to nothing, changes nothing. */
	answer(&bob, asked.id, WIRE_VERDICT_ACCEPT);
	CHECK_EQ(alice.inbox_n, 1);
	CHECK(!bob.is_closed);
	world_free(&w);
}

TEST(several_sessions_of_one_person)
{
	struct wire_INTRODUCTION first, other;
	struct wire_INTRODUCTION_OVER over;
	struct wire_INTRODUCED got;
	struct pact_ticket ticket;

	begin();
	guy_init_device(&second, &bob);
	CHECK(guy_connect(&second) && guy_login(&second, WIRE_MODE_HOSTS));
	/* A machine that the roster does not name is not asked. */
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &first));
	CHECK(!guy_take(&second, WIRE_INTRODUCTION, &other));
	answer(&bob, first.id, WIRE_VERDICT_REFUSE);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_REFUSED);
	/* From now on it is; the first yes wins, a no of one is no no. */
	CHECK(guy_add_device(&second));
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &first));
	CHECK(guy_take(&second, WIRE_INTRODUCTION, &other));
	answer(&bob, first.id, WIRE_VERDICT_REFUSE);
	CHECK_EQ(guy_take_error(&alice), 0);
	answer(&second, other.id, WIRE_VERDICT_ACCEPT);
	CHECK(guy_take(&alice, WIRE_INTRODUCED, &got));
	CHECK_BYTES(BYTES_OF(got.device), BYTES_OF(second.device));
	CHECK_OK(pact_ticket_open(got.ticket, second.k, &ticket));
	CHECK_ERR(pact_ticket_open(got.ticket, bob.k, &ticket), ERR_AUTH);
	want(&alice, &bob);
	CHECK(guy_take(&second, WIRE_INTRODUCTION, &other));
	answer(&second, other.id, WIRE_VERDICT_ACCEPT);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION_OVER, &over));
	CHECK_BYTES(BYTES_OF(over.id), BYTES_OF(other.id));
	world_free(&w);
}

TEST(who_is_not_there)
{
	struct wire_STATUS_SET hide = { .req = 5,
		.status = WIRE_STATUS_INVISIBLE };

	begin();
	guy_init(&w, &carol, "carol", "correct horse");
	want(&alice, &carol);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_UNKNOWN);
	want(&alice, &alice);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_INVALID);
	guy_say(&bob, WIRE_STATUS_SET, &hide);
	want(&alice, &bob);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_OFFLINE);
	CHECK_EQ(bob.inbox_n, 1);
	guy_cut(&bob);
	want(&alice, &bob);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_OFFLINE);
	world_free(&w);
}

TEST(the_callee_goes_away)
{
	struct wire_INTRODUCTION asked;

	begin();
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	guy_cut(&bob);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_OFFLINE);
	world_free(&w);
}

TEST(the_caller_changes_their_mind)
{
	struct wire_INTRODUCTION asked;
	struct wire_INTRODUCTION_OVER over;
	struct wire_UNWANT m = { { 0 } };

	begin();
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	m.nonce[0] = (uint8_t)alice.req;
	guy_say(&alice, WIRE_UNWANT, &m);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION_OVER, &over));
	answer(&bob, asked.id, WIRE_VERDICT_ACCEPT);
	CHECK_EQ(alice.inbox_n, 0);
	/* And one who hangs up in between. */
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	guy_cut(&alice);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION_OVER, &over));
	world_free(&w);
}

/* WANT and UNWANT in one record: the withdrawal must not overtake. */
TEST(want_and_unwant_at_once)
{
	struct wire_WANT yes = { .req = 1, .paths = WIRE_PATH_RELAY };
	struct wire_UNWANT no = { { 0 } };
	struct wire_INTRODUCTION_OVER over;
	struct wr out = wr_new();

	begin();
	yes.name = bob.name;
	guy_queue(&alice, &out, WIRE_WANT, &yes);
	guy_queue(&alice, &out, WIRE_UNWANT, &no);
	guy_say_raw(&alice, wr_bytes(&out));
	wr_free(&out);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION_OVER, &over));
	world_free(&w);
}

TEST(nobody_waits_for_ever)
{
	struct wire_INTRODUCTION asked;
	struct wire_INTRODUCTION_OVER over;

	begin();
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	world_wait(&w, WIRE_CONSENT_MS + 1);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_OFFLINE);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION_OVER, &over));
	world_free(&w);
}

TEST(six_a_minute_and_one_at_a_time)
{
	struct wire_INTRODUCTION asked;
	struct wire_ERROR error;

	begin();
	for (int i = 0; i < WIRE_ASKS_A_MINUTE; i++) {
		want(&alice, &bob);
		CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
		want(&alice, &bob);
		CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_LIMIT);
		answer(&bob, asked.id, WIRE_VERDICT_REFUSE);
		CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_REFUSED);
	}
	want(&alice, &bob);
	CHECK(guy_take(&alice, WIRE_ERROR, &error));
	CHECK_EQ(error.code, WIRE_ERROR_WAIT);
	CHECK(error.wait_ms > 0 && error.wait_ms <= 60000);
	world_wait(&w, error.wait_ms);
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	world_free(&w);
}

/* Only who was asked can answer; the id alone is not enough. */
TEST(who_was_not_asked_does_not_answer)
{
	struct wire_INTRODUCTION asked;
	struct wire_INTRODUCED got;

	begin();
	CHECK(guy_join(&w, &carol, "carol"));
	guy_init_device(&second, &bob);
	CHECK(guy_connect(&second) && guy_login(&second, WIRE_MODE_HOSTS));
	guy_forget(&alice);
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	answer(&carol, asked.id, WIRE_VERDICT_ACCEPT);
	answer(&carol, asked.id, WIRE_VERDICT_REFUSE);
	answer(&second, asked.id, WIRE_VERDICT_ACCEPT);
	answer(&second, asked.id, WIRE_VERDICT_REFUSE);
	CHECK_EQ(alice.inbox_n, 0);
	answer(&bob, asked.id, WIRE_VERDICT_ACCEPT);
	CHECK(guy_take(&alice, WIRE_INTRODUCED, &got));
	CHECK_BYTES(BYTES_OF(got.device), BYTES_OF(bob.device));
	world_free(&w);
}

/* Neither side is given a path that it did not offer, nor an address that
 * nobody may dial. */
TEST(paths_are_what_both_allow)
{
	static const struct wire_endpoint at = { { [15] = 1 }, 4000 };
	uint8_t endpoints[1 + WIRE_ENDPOINT_LEN];
	struct wire_WANT ask = { .name = bob.name, .paths = WIRE_PATH_RELAY };
	struct wire_ANSWER yes = { .verdict = WIRE_VERDICT_ACCEPT };
	struct wire_INTRODUCTION asked;
	struct wire_INTRODUCED got;
	struct pact_ticket ticket;

	for (uint8_t paths = 0; paths < 4; paths++) {
		begin();
		ask.name = bob.name;
		guy_say(&alice, WIRE_WANT, &ask);
		CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
		CHECK_EQ(asked.paths, WIRE_PATH_RELAY);
		memcpy(yes.id, asked.id, sizeof yes.id);
		yes.endpoints = wire_endpoints_encode(endpoints, &at, 1);
		yes.paths = paths;
		guy_say(&bob, WIRE_ANSWER, &yes);
		if (paths & WIRE_PATH_RELAY) {
			CHECK(guy_take(&alice, WIRE_INTRODUCED, &got));
			CHECK_EQ(got.paths, WIRE_PATH_RELAY);
			CHECK_EQ(got.endpoints.n, 0);
			CHECK_OK(pact_ticket_open(got.ticket, bob.k,
			    &ticket));
			CHECK_EQ(ticket.paths, WIRE_PATH_RELAY);
		} else {
			CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_REFUSED);
		}
		world_free(&w);
	}
	/* Endpoints that are none are no yes. */
	begin();
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	memcpy(yes.id, asked.id, sizeof yes.id);
	yes.paths = WIRE_PATH_DIRECT;
	endpoints[0] = 2;
	guy_say(&bob, WIRE_ANSWER, &yes);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_REFUSED);
	world_free(&w);
}

/* A machine that the roster does not name may look, but not call; and a
 * session that does not host is not called. */
TEST(who_may_call_and_be_called)
{
	struct wire_INTRODUCTION asked;

	begin();
	guy_init_device(&second, &bob);
	CHECK(guy_connect(&second) && guy_login(&second, 0));
	want(&second, &alice);
	CHECK_EQ(guy_take_error(&second), WIRE_ERROR_FORBIDDEN);
	CHECK(!guy_take(&alice, WIRE_INTRODUCTION, &asked));
	CHECK(guy_add_device(&second));
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	CHECK(!guy_take(&second, WIRE_INTRODUCTION, &asked));
	answer(&bob, asked.id, WIRE_VERDICT_REFUSE);
	want(&second, &alice);
	CHECK(guy_take(&alice, WIRE_INTRODUCTION, &asked));
	world_free(&w);
}

/* Two who chose the same nonce: each withdraws their own question only, and
 * by no other nonce. */
TEST(a_question_is_withdrawn_by_its_caller)
{
	struct wire_INTRODUCTION hers, theirs;
	struct wire_INTRODUCTION_OVER over;
	struct wire_INTRODUCED got;
	struct wire_UNWANT m = { { 0 } };

	begin();
	CHECK(guy_join(&w, &carol, "carol"));
	guy_forget(&alice);
	guy_forget(&bob);
	carol.req = alice.req;
	want(&alice, &bob);
	want(&carol, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &hers));
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &theirs));
	m.nonce[0] = (uint8_t)(alice.req + 1);
	guy_say(&carol, WIRE_UNWANT, &m);
	CHECK(!guy_take(&bob, WIRE_INTRODUCTION_OVER, &over));
	m.nonce[0] = (uint8_t)alice.req;
	guy_say(&carol, WIRE_UNWANT, &m);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION_OVER, &over));
	CHECK_BYTES(BYTES_OF(over.id), BYTES_OF(theirs.id));
	CHECK(!guy_take(&bob, WIRE_INTRODUCTION_OVER, &over));
	answer(&bob, hers.id, WIRE_VERDICT_ACCEPT);
	CHECK(guy_take(&alice, WIRE_INTRODUCED, &got));
	world_free(&w);
}

/* The pace is that of a pair, and those who are not there have one, too. */
TEST(each_pair_has_its_pace)
{
	struct wire_INTRODUCTION asked;
	static struct guy nobody;

	begin();
	CHECK(guy_join(&w, &carol, "carol"));
	guy_init(&w, &nobody, "nobody", "correct horse");
	guy_forget(&alice);
	for (int i = 0; i < WIRE_ASKS_A_MINUTE; i++) {
		want(&alice, &nobody);
		CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_UNKNOWN);
	}
	want(&alice, &nobody);
	CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_WAIT);
	want(&alice, &bob);
	CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
	want(&carol, &nobody);
	CHECK_EQ(guy_take_error(&carol), WIRE_ERROR_UNKNOWN);
	world_free(&w);
}

/* What seals a ticket, and what it is called, comes from the server alone,
 * and new each time; each lives from when it was made. */
TEST(no_two_tickets_are_alike)
{
	struct wire_INTRODUCTION asked;
	struct wire_INTRODUCED got[2];
	struct pact_ticket ticket;

	begin();
	for (int i = 0; i < 2; i++) {
		alice.req = 7;
		want(&alice, &bob);
		CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
		CHECK(memcmp(asked.id + 1, "\0\0\0\0\0\0\0", 8) != 0);
		answer(&bob, asked.id, WIRE_VERDICT_ACCEPT);
		CHECK(guy_take(&alice, WIRE_INTRODUCED, &got[i]));
		CHECK_OK(pact_ticket_open(got[i].ticket, bob.k, &ticket));
		CHECK_EQ(ticket.expires_ms, WIRE_TICKET_MS + i * 30000);
		world_wait(&w, 30000);
	}
	CHECK(memcmp(got[0].ticket.p, got[1].ticket.p, 24) != 0);
	CHECK(memcmp(got[0].id, got[1].id, sizeof got[0].id) != 0);
	world_free(&w);
}

/* One says no and the others nothing: that is a no, when time is over. */
TEST(a_no_is_remembered)
{
	struct wire_INTRODUCTION asked;

	for (int has_gone = 0; has_gone < 2; has_gone++) {
		begin();
		guy_init_device(&second, &bob);
		CHECK(guy_connect(&second));
		CHECK(guy_login(&second, WIRE_MODE_HOSTS));
		CHECK(guy_add_device(&second));
		want(&alice, &bob);
		CHECK(guy_take(&bob, WIRE_INTRODUCTION, &asked));
		answer(&bob, asked.id, WIRE_VERDICT_REFUSE);
		CHECK_EQ(guy_take_error(&alice), 0);
		if (has_gone)
			guy_cut(&second);
		else
			world_wait(&w, WIRE_CONSENT_MS);
		CHECK_EQ(guy_take_error(&alice), WIRE_ERROR_REFUSED);
		world_free(&w);
	}
}

CHECK_MAIN(T(who_was_not_asked_does_not_answer),
    T(paths_are_what_both_allow), T(who_may_call_and_be_called),
    T(a_question_is_withdrawn_by_its_caller), T(each_pair_has_its_pace),
    T(no_two_tickets_are_alike), T(a_no_is_remembered),
    T(a_ticket_opens_for_the_callee_only), T(refusal),
    T(several_sessions_of_one_person), T(who_is_not_there),
    T(the_callee_goes_away), T(the_caller_changes_their_mind),
    T(want_and_unwant_at_once), T(nobody_waits_for_ever),
    T(six_a_minute_and_one_at_a_time))
