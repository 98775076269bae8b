/* The faults end, and within bounds everything is as it should be. */
#include "sim/run.h"

#include "server/account.h"
#include "server/conn.h"
#include "server/presence.h"
#include "server/session.h"

#include <string.h>

/* What was planned to go wrong has gone wrong, and been mended. */
#define FAULTS_MS 50000

/* All is quiet after the last fault; everybody is back; a call is made; what
 * was said has been shown. */
#define QUIET_MS 120000
#define BACK_MS  60000
#define CALL_MS  60000
#define SAID_MS  30000
#define DONE_MS  10000

/* More than a stream carries without being asked for more. */
#define LONG_TEXTS 6
#define LONG_TEXT  15000

/* Logs in on a bare machine; who has to wait, waits. */
static int
login_bare(struct run *r, struct run_person *who, const char *password)
{
	int outcome = -1;

	for (int tries = 0; tries < 3; tries++) {
		const struct world_event *e;

		outcome = run_login_at(r, who, 1, password);
		if (outcome != SOTTO_WAIT)
			break;
		e = program_last(who->programs[1], SOTTO_DONE, NULL);
		world_run(r->w, e->event.error.wait_ms + 1000);
	}
	return outcome;
}

/* Whatever happened, who was told to have an account has one: a bare
 * machine, name and password are enough. */
static void
check_account(struct run *r, struct run_person *who)
{
	int outcome;

	if (!who->is_joined || !run_has_room(r))
		return;
	who->homes[1] = NULL;
	if (who->programs[1] != NULL)
		program_kill(who->programs[1]);
	who->programs[1] = NULL;
	outcome = login_bare(r, who, who->password);
	if (outcome != SOTTO_OK && who->maybe[0] != '\0') {
		world_run(r->w, 120000);
		outcome = login_bare(r, who, who->maybe);
		if (outcome == SOTTO_OK)
			memcpy(who->password, who->maybe, sizeof who->maybe);
	}
	who->maybe[0] = '\0';
	run_tell(r, "bare machine", who->name, outcome);
	if (who->programs[1] != NULL)
		run_tell_why(r, who->programs[1]);
	if (outcome != SOTTO_OK)
		oracle_fail(&r->oracle, "an account that was confirmed is "
					"not there any more");
}

/* ---- those who are well again ---- */

/* One program of each person, that hosts at the bare machine of before. */
struct crowd {
	struct run *run;
	struct run_person *people[RUN_PEOPLE];
	struct program *programs[RUN_PEOPLE];
	uint32_t commands[RUN_PEOPLE];
	uint32_t sessions[RUN_PEOPLE];
	size_t n, first; /* message said since */
};

static bool
is_back(void *ctx)
{
	struct crowd *c = ctx;

	for (size_t i = 0; i < c->n; i++)
		if (!run_is_online(c->programs[i]))
			return false;
	return true;
}

static bool
gather(struct run *r, struct crowd *c)
{
	*c = (struct crowd){ .run = r };
	/* Nobody else is there to answer for them. */
	for (size_t i = 0; i < r->w->program_count; i++)
		program_kill(&r->w->programs[i]);
	for (size_t i = 0; i < RUN_PEOPLE; i++) {
		struct run_person *who = &r->people[i];

		if (!who->is_joined)
			continue;
		c->programs[c->n] = run_hosting(r, who, 1);
		c->people[c->n] = who;
		if (c->programs[c->n] == NULL) {
			oracle_fail(&r->oracle, "a healed program does not "
						"run");
			return false;
		}
		c->n++;
	}
	if (!world_until(r->w, BACK_MS, is_back, c))
		oracle_fail(&r->oracle, "somebody does not come back");
	return r->oracle.verdict == NULL;
}

/* Everybody is shown as there, and nobody as busy without a line. */
static void
check_presence(struct crowd *c)
{
	struct program *p = c->programs[0];
	int outcome = program_wait(p, client_list(p->core));

	if (outcome != SOTTO_OK) {
		oracle_fail(&c->run->oracle, "there is no list");
		return;
	}
	for (size_t i = 0; i < c->n; i++) {
		const struct world_event *e = program_last(p, SOTTO_PERSON,
		    c->people[i]->name);

		if (e == NULL || e->event.person.status == SOTTO_OFFLINE)
			oracle_fail(&c->run->oracle, "somebody who is there "
						     "is not shown");
		else if (e->event.person.status == SOTTO_BUSY)
			oracle_fail(&c->run->oracle, "somebody who has hung "
						     "up is shown as busy");
	}
}

/* What was confirmed as kept is; and where identities are new, everybody
 * takes them, so that they can call. */
static void
check_pins(struct crowd *c)
{
	struct run *r = c->run;

	for (size_t i = 0; i < c->n; i++) {
		for (size_t j = 0; j < c->n; j++) {
			struct program *p = c->programs[i];
			const char *name = c->people[j]->name;
			struct wire_name other = run_name(name);
			const struct world_event *e;
			size_t number = (size_t)(c->people[j] - r->people);

			if (i == j || (!r->was_reset &&
			    !c->people[i]->has_verified[number]))
				continue;
			(void)program_wait(p, client_verify(p->core, &other,
			    !c->people[i]->has_verified[number]));
			e = program_last(p, SOTTO_SAFETY, name);
			if (e == NULL ||
			    e->event.safety.pin != SOTTO_PIN_VERIFIED)
				oracle_fail(&r->oracle, "a key that was "
				    "verified is not any more");
		}
	}
}

/* ---- calls ---- */

static bool
is_answered(void *ctx)
{
	struct crowd *c = ctx;

	for (size_t i = 0; i < c->n; i++)
		if (c->commands[i] != 0 &&
		    program_outcome(c->programs[i], c->commands[i]) < 0)
			return false;
	return true;
}

/* Those with a command have called, all at once; each gets a line, and none
 * has to ask twice. */
static void
check_calls(struct crowd *c, size_t calls, uint64_t asked)
{
	struct oracle *o = &c->run->oracle;

	for (size_t i = 0; i < c->n; i++)
		client_flush(c->programs[i]->core);
	(void)world_until(c->run->w, CALL_MS, is_answered, c);
	for (size_t i = 0; i < c->n; i++) {
		if (c->commands[i] == 0)
			continue;
		run_tell(c->run, "healed", c->people[i]->name,
		    program_outcome(c->programs[i], c->commands[i]));
		if (program_outcome(c->programs[i], c->commands[i]) !=
		    SOTTO_OK)
			oracle_fail(o, "two friends cannot talk any more");
	}
	if (world_server(c->run->w)->stats.introductions > asked + calls)
		oracle_fail(o, "a call took more than one introduction");
}

/* Calls from each of those for which there is a number. */
static void
call_all(struct crowd *c, const int to[RUN_PEOPLE])
{
	size_t calls = 0;
	uint64_t asked = world_server(c->run->w)->stats.introductions;

	memset(c->commands, 0, sizeof c->commands);
	for (size_t i = 0; i < c->n; i++) {
		struct wire_name name;

		if (to[i] < 0 || (size_t)to[i] >= c->n)
			continue;
		name = run_name(c->people[to[i]]->name);
		c->commands[i] = client_call(c->programs[i]->core, &name);
		calls++;
	}
	check_calls(c, calls, asked);
}

static bool
is_said(void *ctx)
{
	struct crowd *c = ctx;

	return oracle_is_sent(&c->run->oracle, c->first);
}

static bool
is_shown(void *ctx)
{
	struct crowd *c = ctx;

	return oracle_is_shown(&c->run->oracle, c->first);
}

/* Whoever has a line that stands says something on it: all of it is shown,
 * and what was said last before the line is closed, too. */
static void
talk_all(struct crowd *c, const int to[RUN_PEOPLE])
{
	struct run *r = c->run;
	const struct world_event *up;

	r->oracle.message_count = 0;
	for (size_t i = 0; i < c->n; i++) {
		c->sessions[i] = 0;
		if (to[i] < 0 || (size_t)to[i] >= c->n)
			continue;
		up = program_last(c->programs[i], SOTTO_SESSION_UP,
		    c->people[to[i]]->name);
		c->sessions[i] = up == NULL ? 0 : up->event.session.id;
		for (int n = 0; n < LONG_TEXTS; n++)
			(void)run_say(r, c->programs[i], c->sessions[i],
			    oracle_person(c->people[to[i]]->name), LONG_TEXT);
	}
	if (r->oracle.message_count == 0 ||
	    !world_until(r->w, SAID_MS, is_said, c))
		oracle_fail(&r->oracle, "what is said in peace is not heard");
	for (size_t i = 0; i < c->n; i++) {
		/* Who has hung up does not hear any more. */
		if (c->sessions[i] == 0 || to[to[i]] == (int)i)
			continue;
		(void)run_say(r, c->programs[i], c->sessions[i],
		    oracle_person(c->people[to[i]]->name), 0);
		if (client_hang_up(c->programs[i]->core, c->sessions[i]) ==
		    ERR_OK)
			client_flush(c->programs[i]->core);
	}
	if (!world_until(r->w, SAID_MS, is_shown, c))
		oracle_fail(&r->oracle, "the last words are lost");
	world_run(r->w, DONE_MS);
}

/* ---- the server at rest ---- */

/* Nothing is left of what was asked, carried or said. */
static void
check_rest(struct run *r, size_t sessions)
{
	struct server *s = world_server(r->w);
	size_t left = s->ops + (list_first(&s->questions) != NULL) +
	    (s->dirty != NULL) + (s->post_first != NULL) +
	    s->budget.waiting_n + (s->conns_n != sessions) +
	    (s->stats.sessions != sessions);

	for (uint32_t i = 0; i < s->conns_high; i++) {
		const struct server_conn *c = &s->conns[i];

		if (c->state == SERVER_FREE)
			continue;
		left += c->io != NULL;
		if (c->state == SERVER_LOGGED && c->of.talk != NULL)
			left += c->of.talk->halves_n + c->of.talk->is_asking;
	}
	if (left != 0)
		oracle_fail(&r->oracle, "the server does not come to rest");
	if (sessions > 0)
		return;
	for (size_t i = 0; i < s->accounts_n; i++)
		if (s->accounts[i]->seats_n != 0 ||
		    server_presence_shown(s->accounts[i]) !=
			WIRE_STATUS_OFFLINE)
			oracle_fail(&r->oracle, "somebody who has gone is "
						"shown");
}

static void
check_crowd(struct run *r)
{
	static const int to_first[] = { -1, 0, 0 };
	static const int both_ways[] = { 1, 0, -1 };
	static const int one_way[] = { 1, -1, -1 };
	static const int to_last[] = { -1, 2, -1 };
	struct crowd c;

	if (!gather(r, &c) || c.n == 0)
		return;
	check_pins(&c);
	check_presence(&c);
	if (c.n > 1) {
		call_all(&c, to_first);
		talk_all(&c, to_first);
		call_all(&c, both_ways);
		talk_all(&c, both_ways);
		talk_all(&c, one_way);
	}
	if (c.n > 2) {
		call_all(&c, to_last);
		talk_all(&c, to_last);
	}
	check_presence(&c);
	check_rest(r, c.n);
	for (size_t i = 0; i < c.n; i++)
		program_kill(c.programs[i]);
}

void
heal(struct run *r)
{
	world_run(r->w, FAULTS_MS);
	world_server_doom(r->w, 0);
	world_server_start(r->w);
	r->oracle.again_in = 0;
	world_run(r->w, QUIET_MS);
	for (size_t i = 0; i < RUN_PEOPLE && !r->is_rewound; i++)
		check_account(r, &r->people[i]);
	if (!r->is_rewound && r->oracle.verdict == NULL)
		check_crowd(r);
	for (size_t i = 0; i < r->w->program_count; i++)
		program_kill(&r->w->programs[i]);
	world_run(r->w, QUIET_MS);
	if (r->oracle.verdict == NULL)
		check_rest(r, 0);
	oracle_search(&r->oracle);
}
