/* What an operator does to people. */
#include "sim/run.h"

#include "sim/intruder.h"

#include <string.h>

static void
kill_all(struct run_person *who)
{
	for (size_t i = 0; i < RUN_HOMES; i++)
		if (who->programs[i] != NULL)
			program_kill(who->programs[i]);
}

/* Whoever was online has heard that the account is closed. */
static void
check_sessions(struct run *r, struct run_person *who, uint64_t before)
{
	world_run(r->w, RUN_AT_ONCE_MS);
	for (size_t i = 0; i < RUN_HOMES; i++)
		if (who->programs[i] != NULL &&
		    run_is_online_since(who->programs[i], before))
			oracle_fail(&r->oracle, "a session of a closed "
						"account lives on");
}

static void
check_closed(struct run *r, struct run_person *who)
{
	struct program *p = run_start(r, who, 0, who->password);
	int outcome;

	if (p == NULL)
		return;
	outcome = program_wait(p, client_list(p->core));
	run_tell(r, "closed lists", who->name, outcome);
	if (outcome == SOTTO_OK)
		oracle_fail(&r->oracle, "a closed account let a device in");
}

/* An operator says it until it is done. */
static bool
open_again(struct run *r, const struct run_person *who)
{
	for (int tries = 0; tries < 10; tries++) {
		if (world_user(r->w, SERVER_USER_ENABLE, who->name))
			return true;
		world_run(r->w, 5000);
	}
	return false;
}

/* An account is closed for a while, perhaps in the middle of a login of
 * somebody who knows the password. */
void
deed_close(struct run *r)
{
	struct run_person *who = run_anybody(r);
	struct intruder *parked = NULL;
	bool is_closed, is_parked = false;
	uint64_t before;

	if (!who->is_joined || !run_has_room(r) || r->is_rewound)
		return;
	(void)run_hosting(r, who, 0);
	if (!who->was_guessed && who->maybe[0] == '\0')
		parked = intruder_new(r);
	if (parked != NULL) {
		who->was_guessed = true;
		is_parked = intruder_begin_login(parked, who->name,
		    who->password);
	}
	before = world_now(r->w);
	is_closed = world_user(r->w, SERVER_USER_DISABLE, who->name);
	run_tell(r, "close", who->name, is_closed);
	if (is_closed && is_parked && intruder_ask(parked, WIRE_LOGIN_FINISH,
	    &parked->finish, WIRE_LOGIN_OK, 10000))
		oracle_fail(&r->oracle, "a login ended in a closed account");
	if (parked != NULL)
		intruder_leave(parked);
	if (is_closed) {
		check_sessions(r, who, before);
		check_closed(r, who);
	}
	kill_all(who);
	if (open_again(r, who))
		return;
	who->is_joined = false;
	who->may_be_joined = true;
}

/* Somebody begins anew, with another identity key, which their friend will
 * see: on the line that stands, or on the next one. */
static void
check_line(struct run *r, struct program *a, uint32_t session,
    struct run_person *who)
{
	struct wire_name name = run_name(who->name);

	int outcome = a->core == NULL ? -1 :
	    program_wait(a, client_verify(a->core, &name, true));

	run_tell(r, "verified anew", who->name, outcome);
	if (outcome == SOTTO_OK && run_say(r, a, session,
	    oracle_person(who->name), 0))
		oracle_fail(&r->oracle, "something was said to a key that is "
					"no more");
}

static void
check_call(struct run *r, struct program *a, struct program *old,
    struct run_person *who)
{
	struct wire_name name = run_name(who->name);
	uint64_t before;
	const struct world_event *up;

	program_kill(old);
	world_run(r->w, 3000);
	before = world_now(r->w);
	if (a->core == NULL)
		return;
	run_tell(r, "call anew", who->name,
	    program_wait(a, client_call(a->core, &name)));
	up = program_last(a, SOTTO_SESSION_UP, who->name);
	if (up != NULL && up->at_ms > before)
		oracle_fail(&r->oracle, "another identity key was believed "
					"without a word");
	if (a->core != NULL)
		(void)program_wait(a, client_verify(a->core, &name, true));
}

/* Forgets what was known of somebody whose account is reset. */
static void
forget(struct run *r, struct run_person *who)
{
	size_t number = (size_t)(who - r->people);

	for (size_t i = 0; i < RUN_PEOPLE; i++)
		r->people[i].has_verified[number] =
		    who->has_verified[i] = false;
	for (size_t i = 0; i < RUN_HOMES; i++) {
		if (i > 0 && who->programs[i] != NULL)
			program_kill(who->programs[i]);
		who->programs[i] = NULL;
		who->homes[i] = NULL;
		who->is_removed[i] = false;
	}
	who->is_joined = false;
	r->was_reset = true;
	run_new_password(r, who->password);
}

void
deed_reset(struct run *r)
{
	struct run_person *who = run_anybody(r), *friend = run_anybody(r);
	struct program *old = run_hosting(r, who, 0);
	struct program *a = run_hosting(r, friend, 0);
	struct wire_name name = run_name(who->name);
	const struct world_event *up;
	uint32_t session;

	if (who == friend || old == NULL || a == NULL || a->core == NULL ||
	    r->is_rewound || who->maybe[0] != '\0' || !run_has_room(r) ||
	    program_wait(a, client_call(a->core, &name)) != SOTTO_OK)
		return;
	up = program_last(a, SOTTO_SESSION_UP, who->name);
	if (up == NULL)
		return;
	session = up->event.session.id;
	if (!world_user(r->w, SERVER_USER_RESET, who->name)) {
		who->is_joined = false;
		who->may_be_joined = true;
		return;
	}
	forget(r, who);
	run_join(r, who);
	run_tell(r, "reset", who->name, who->is_joined);
	if (who->is_joined && run_hosting(r, who, 0) != NULL) {
		if (rng_chance(&r->dice, 500))
			check_line(r, a, session, who);
		else
			check_call(r, a, old, who);
	}
	program_kill(old);
}
