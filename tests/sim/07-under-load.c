/*
 * Under load: a server that asks everybody for a pass. Strangers come in by
 * work, known devices by what they were given at their last login, and
 * whoever is asked for too much is told to wait. And a password that many
 * guess at: its owner on a bare machine works, and comes in.
 */
#include "client/core.h"
#include "pact/guard.h"
#include "server/core.h"
#include "server/guess.h"
#include "sim/world.h"
#include "support/check.h"

#include <string.h>

static const char password[] = "correct horse alice staple";

/* First records that went to the server, by kind. */
static unsigned kinds[PACT_GUARD_ASK + 1];

static void
count_first(void *ctx, struct world_end *from, struct bytes bytes)
{
	struct world_conn *c = from->conn;

	(void)ctx;
	if (from == &c->a && c->b.program == NULL && c->b.received == 0 &&
	    bytes.n > 3 && bytes.p[3] <= PACT_GUARD_ASK)
		kinds[bytes.p[3]]++;
}

static struct world *
busy_world(uint64_t seed)
{
	struct world_options options = { .seed = seed, .is_calm = true,
		.guard = SERVER_GUARD_ALWAYS };
	struct world *w = world_new(&options);

	memset(kinds, 0, sizeof kinds);
	world_tap(w, count_first, NULL);
	world_run(w, 100);
	CHECK(world_server_is_up(w));
	return w;
}

static struct program *
start(struct world *w, struct world_home *home)
{
	struct client_options options = program_options();
	struct program *p = world_program(w, "alice", home, &options);

	CHECK_OK(client_set_password(p->core, bytes_str(password)));
	return p;
}

static struct program *
join(struct world *w)
{
	struct program *p = start(w, NULL);
	struct wire_link link;
	char text[WIRE_LINK_TEXT_MAX];

	CHECK(world_invite(w, "alice", text));
	CHECK_OK(wire_link_parse(&link, bytes_str(text)));
	CHECK_EQ(program_wait(p, client_register(p->core, &link)), SOTTO_OK);
	return p;
}

/* What a program was told of its connection: the newest of a state. */
static const struct world_event *
state_of(const struct program *p, enum sotto_state state)
{
	for (size_t i = p->logged; i > 0; i--)
		if (p->log[i - 1].event.type == SOTTO_STATE &&
		    p->log[i - 1].event.state.state == state)
			return &p->log[i - 1];
	return NULL;
}

TEST(strangers_come_in_by_work)
{
	struct world *w = busy_world(1);
	struct server_stats stats;

	(void)join(w);
	server_get_stats(world_server(w), &stats);
	CHECK(kinds[PACT_GUARD_PUZZLE] >= 1);
	CHECK_EQ(kinds[PACT_GUARD_DEVICE], 0);
	CHECK_EQ(stats.passes_required, kinds[PACT_GUARD_PLAIN]);
	CHECK_EQ(stats.passes_refused, 0);
	CHECK_EQ(stats.pk_ops_without_pass, 0);
	CHECK_EQ(stats.handshakes, kinds[PACT_GUARD_PUZZLE]);
	world_free(w);
}

TEST(known_devices_come_in_without)
{
	struct world *w = busy_world(2);
	struct program *p = join(w);
	struct world_home *home = p->home;
	unsigned puzzles;

	/* The first login of the device brings it its passes. */
	CHECK_EQ(program_wait(p, client_whoami(p->core)), SOTTO_OK);
	program_kill(p);
	puzzles = kinds[PACT_GUARD_PUZZLE];
	for (unsigned i = 1; i <= 3; i++) {
		world_run(w, 60000);
		p = start(w, home);
		CHECK_EQ(program_wait(p, client_list(p->core)), SOTTO_OK);
		program_kill(p);
		CHECK_EQ(kinds[PACT_GUARD_DEVICE], i);
		CHECK_EQ(kinds[PACT_GUARD_PUZZLE], puzzles);
	}
	world_free(w);
}

/* A restart of the server makes no work for those who belong here. */
TEST(passes_outlive_a_restart)
{
	struct world *w = busy_world(3);
	struct program *p = join(w);
	struct world_home *home = p->home;
	unsigned puzzles;

	CHECK_EQ(program_wait(p, client_whoami(p->core)), SOTTO_OK);
	program_kill(p);
	world_server_kill(w, true);
	world_server_start(w);
	world_run(w, 1000);
	puzzles = kinds[PACT_GUARD_PUZZLE];
	p = start(w, home);
	CHECK_EQ(program_wait(p, client_list(p->core)), SOTTO_OK);
	CHECK_EQ(kinds[PACT_GUARD_PUZZLE], puzzles);
	world_free(w);
}

/* Passes that were used up, or are too old, are no way in and no obstacle. */
TEST(old_passes_are_in_nobodys_way)
{
	struct world *w = busy_world(4);
	struct program *p = join(w);
	struct world_home *home = p->home;

	CHECK_EQ(program_wait(p, client_whoami(p->core)), SOTTO_OK);
	program_kill(p);
	world_run(w, (uint64_t)WIRE_PASS_S * 1000 + 1000);
	p = start(w, home);
	CHECK_EQ(program_wait(p, client_list(p->core)), SOTTO_OK);
	CHECK_EQ(kinds[PACT_GUARD_DEVICE], 0);
	world_free(w);
}

/* Logs in from a bare machine while the server asks for so much. */
static struct program *
login_at(struct world *w, uint32_t effort, int *outcome)
{
	struct wire_address at = world_address();
	struct program *p = start(w, NULL);
	struct wire_name name;

	CHECK_OK(wire_name_parse(&name, bytes_str("alice")));
	world_server(w)->budget.period_ms = world_now(w);
	world_server(w)->budget.effort = effort;
	*outcome = program_wait(p, client_login(p->core, &name, &at, NULL));
	return p;
}

TEST(who_waits_is_told_for_whom)
{
	struct world *w = busy_world(5);
	const struct world_event *e;
	int outcome;

	program_kill(join(w));
	e = state_of(login_at(w, 1U << 20, &outcome), SOTTO_STATE_WAITING);
	CHECK_EQ(outcome, SOTTO_OK);
	if (CHECK(e != NULL)) {
		CHECK(strcmp(e->why, "alice's server: it is busy") == 0);
		CHECK(e->event.state.wait_ms > 0);
		CHECK(e->event.state.wait_ms <= PACT_GUARD_WORK_MS);
	}
	world_free(w);
}

/* More than any honest server asks for is not even begun. */
TEST(too_much_work_is_a_reason_to_wait)
{
	struct world *w = busy_world(6);
	const struct world_event *e;
	struct program *p;
	int outcome;

	program_kill(join(w));
	p = login_at(w, PACT_GUARD_EFFORT_MAX + 1, &outcome);
	CHECK_EQ(outcome, SOTTO_WAIT);
	e = program_last(p, SOTTO_DONE, NULL);
	CHECK(e != NULL && e->event.error.wait_ms > 0);
	CHECK(state_of(p, SOTTO_STATE_WAITING) == NULL);
	world_free(w);
}

/* Who stays, and is asked for more work than there is in a client, comes back
 * when the server's minute is over, and not before. */
TEST(who_has_to_wait_does)
{
	struct world *w = busy_world(8);
	struct program *p = join(w);
	const struct world_event *e;

	(void)client_host(p->core);
	client_flush(p->core);
	world_run(w, 5000);
	CHECK(client_session_is_logged_in(p->core));
	p->core->seen.passes.n = 0;
	world_server(w)->budget.period_ms = world_now(w);
	world_server(w)->budget.effort = PACT_GUARD_EFFORT_MAX + 1;
	world_cut_all(w);
	world_run(w, 2000); /* the first pause, and the answer after it */
	e = state_of(p, SOTTO_STATE_OFFLINE);
	CHECK(e != NULL && e->event.state.wait_ms >= 30000);
	world_run(w, 120000);
	CHECK(client_session_is_logged_in(p->core));
	world_free(w);
}

/* Guesses at alice's password, until no more is answered. */
static void
guess_at_alice(struct world *w, uint32_t effort)
{
	struct wire_name name;
	uint32_t wait_ms;

	CHECK_OK(wire_name_parse(&name, bytes_str("alice")));
	for (uint64_t i = 0; i < 20; i++) {
		struct server_conn c = { .source = i };

		(void)server_guess_charge(world_server(w), &c, &name, effort,
		    &wait_ms);
	}
}

static struct program *
login(struct world *w, int *outcome)
{
	struct wire_address at = world_address();
	struct program *p = start(w, NULL);
	struct wire_name name;

	CHECK_OK(wire_name_parse(&name, bytes_str("alice")));
	*outcome = program_wait(p, client_login(p->core, &name, &at, NULL));
	return p;
}

TEST(threat_02_the_owner_works_past_those_who_guess)
{
	struct world *w = busy_world(7);
	const struct world_event *e;
	uint64_t begun_ms;
	int outcome;

	world_server(w)->config.guard = SERVER_GUARD_AUTO;
	program_kill(join(w));
	guess_at_alice(w, 0);
	begun_ms = world_now(w);
	e = state_of(login(w, &outcome), SOTTO_STATE_WORKING);
	CHECK_EQ(outcome, SOTTO_OK);
	CHECK(world_now(w) - begun_ms < 20000);
	CHECK(e != NULL);
	/* All work: the owner hears when the next turn is, and has it. */
	guess_at_alice(w, SERVER_GUESS_EFFORT);
	e = program_last(login(w, &outcome), SOTTO_DONE, NULL);
	CHECK_EQ(outcome, SOTTO_WAIT);
	if (CHECK(e != NULL && e->event.error.wait_ms > 0)) {
		CHECK(e->event.error.wait_ms <= 16 * 60000);
		world_run(w, e->event.error.wait_ms);
	}
	guess_at_alice(w, 0);
	(void)login(w, &outcome);
	CHECK_EQ(outcome, SOTTO_OK);
	CHECK(world_server(w)->stats.guesses_worked_for >= 2);
	world_free(w);
}

static unsigned to_cut;

static void
cut_it(void *owner, uint64_t arg, void *conn)
{
	(void)arg;
	world_cut(owner, conn);
}

/* A server without room ends connections before their first record has
 * come. */
static void
cut_first(void *ctx, struct world_end *from, struct bytes bytes)
{
	struct world_conn *c = from->conn;

	if (from != &c->a || c->b.program != NULL || c->b.received != 0 ||
	    bytes.n <= 3 || to_cut == 0)
		return;
	to_cut--;
	world_plan(ctx, 0, cut_it, ctx, 0, c);
}

TEST(a_first_record_is_said_again)
{
	struct world *w = busy_world(7);
	int outcome;

	program_kill(join(w));
	world_tap(w, cut_first, w);
	to_cut = 3;
	program_kill(login_at(w, 0, &outcome));
	CHECK_EQ(outcome, SOTTO_OK);
	CHECK_EQ(to_cut, 0);
	to_cut = 100;
	(void)login_at(w, 0, &outcome);
	CHECK_EQ(outcome, SOTTO_NO_SERVER);
	CHECK_EQ(to_cut, 96);
	world_free(w);
}

CHECK_MAIN(T(strangers_come_in_by_work), T(known_devices_come_in_without),
    T(passes_outlive_a_restart), T(old_passes_are_in_nobodys_way),
    T(who_waits_is_told_for_whom), T(too_much_work_is_a_reason_to_wait),
    T(who_has_to_wait_does),
    T(threat_02_the_owner_works_past_those_who_guess),
    T(a_first_record_is_said_again))
