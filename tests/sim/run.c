#include "sim/run.h"

#include "sim/intruder.h"
#include "text/text.h"
#include "wire/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REAL_IN 10 /* one run in so many has Argon2id */
#define BUSY_IN 4  /* one in so many has a server that always asks for passes */

/* Programs that lie about where they listen. */
#define LIARS_IN_1000 60

/* How long a clock stays wrong. */
#define JUMP_MS 40000

/* People who join before anything else happens. */
#define MEMBERS_IN_1000 700

/* Makes up a password that is good enough. */
void
run_new_password(struct run *r, char out[128])
{
	uint8_t random[16];

	rng_fill(&r->dice, random, sizeof random);
	memset(out, 0, 128);
	text_passphrase(out, 128, random);
}

void
run_tell(const struct run *r, const char *what, const char *who, int outcome)
{
	if (r->is_verbose)
		printf("%8llu  %-14s %-6s %d\n",
		    (unsigned long long)world_now(r->w), what, who, outcome);
}

/* What a person reads when a command fails. */
void
run_tell_why(struct run *r, const struct program *p)
{
	const struct world_event *e = program_last(p, SOTTO_DONE, NULL);

	if (r->is_verbose && e != NULL && e->event.error.outcome != SOTTO_OK)
		printf("          %s\n", e->why);
}

/* ---- faults ---- */

static void
restart(void *owner, uint64_t arg, void *data)
{
	(void)arg;
	(void)data;
	world_server_start(owner);
}

static void
kill_server(void *owner, uint64_t with_power, void *data)
{
	struct world *w = owner;

	(void)data;
	world_server_kill(w, with_power != 0);
	world_plan(w, 200 + rng_below(world_rng(w), 4000), restart, w, 0,
	    NULL);
}

static void
doom_server(void *owner, uint64_t arg, void *data)
{
	(void)data;
	world_server_doom(owner, (uint32_t)arg);
	world_plan(owner, 6000, restart, owner, 0, NULL);
}

static void
cut_all(void *owner, uint64_t arg, void *data)
{
	(void)arg;
	(void)data;
	world_cut_all(owner);
}

static void
kill_program(void *owner, uint64_t life, void *data)
{
	struct program *p = owner;

	(void)data;
	if (p->life == life)
		program_kill(p);
}

static struct program *
any_program(struct run *r)
{
	for (int tries = 0; tries < 8; tries++) {
		struct run_person *who =
		    &r->people[rng_below(&r->dice, RUN_PEOPLE)];
		struct program *p =
		    who->programs[rng_below(&r->dice, RUN_HOMES)];

		if (p != NULL && p->core != NULL)
			return p;
	}
	return NULL;
}

/* ---- a bad disk, a wrong clock ---- */

static void
break_disk(void *owner, uint64_t n, void *data)
{
	struct world *w = owner;

	(void)data;
	world_server_break(w, (uint32_t)n, rng_chance(world_rng(w), 500) ?
	    DISK_ONCE : DISK_FOR_GOOD);
}

static void
fill_disk(void *owner, uint64_t room, void *data)
{
	(void)data;
	world_server_room(owner, (size_t)room);
}

static void
slow_disk(void *owner, uint64_t ms, void *data)
{
	(void)data;
	world_server_slow(owner, (uint32_t)ms);
}

static void
mend_disk(void *owner, uint64_t arg, void *data)
{
	(void)arg;
	(void)data;
	world_server_break(owner, 0, DISK_ONCE);
	world_server_room(owner, SIZE_MAX);
	world_server_slow(owner, 0);
}

/* The disk misbehaves in a way, and is mended some seconds later. */
static void
plan_disk(struct run *r, uint64_t when)
{
	switch (rng_below(&r->dice, 3)) {
	case 0:
		world_plan(r->w, when, break_disk, r->w,
		    1 + rng_below(&r->dice, 60), NULL);
		break;
	case 1:
		world_plan(r->w, when, fill_disk, r->w,
		    rng_below(&r->dice, 30000), NULL);
		break;
	default:
		world_plan(r->w, when, slow_disk, r->w,
		    100 + rng_below(&r->dice, 3000), NULL);
		break;
	}
	world_plan(r->w, when + 6000, mend_disk, r->w, 0, NULL);
}

static void
jump(void *owner, uint64_t seconds, void *data)
{
	struct run *r = owner;

	(void)data;
	world_jump(r->w, r->jumper, (int64_t)seconds);
}

/* One machine's clock is set wrong, and right again: the server's or that
 * of a home. One at a time. */
static void
plan_jump(struct run *r, uint64_t when)
{
	static const int64_t by[] = { 90, 4000, 90000, 40000000 };
	int64_t seconds = by[rng_below(&r->dice, 4)];
	struct program *p = any_program(r);

	if (world_now(r->w) < r->jumps_until)
		return;
	r->jumps_until = world_now(r->w) + when + JUMP_MS;
	r->jumper = p == NULL || rng_chance(&r->dice, 300) ? NULL : p->home;
	if (rng_chance(&r->dice, 500))
		seconds = -seconds;
	world_plan(r->w, when, jump, r, (uint64_t)seconds, NULL);
	world_plan(r->w, when + JUMP_MS, jump, r, (uint64_t)-seconds, NULL);
}

/* ---- whatever goes wrong ---- */

/* Something will, within the next seconds, perhaps. */
static void
plan_fault(struct run *r)
{
	uint64_t when = rng_below(&r->dice, 3000);
	struct program *victim;

	if (!rng_chance(&r->dice, 350))
		return;
	switch (rng_below(&r->dice, 7)) {
	case 0:
		world_plan(r->w, when, kill_server, r->w, 0, NULL);
		break;
	case 1:
		world_plan(r->w, when, kill_server, r->w, 1, NULL);
		break;
	case 2:
		world_plan(r->w, when / 10, doom_server, r->w,
		    1 + rng_below(&r->dice, 60), NULL);
		break;
	case 3:
		world_plan(r->w, when, cut_all, r->w, 0, NULL);
		break;
	case 4:
		plan_disk(r, when);
		break;
	case 5:
		plan_jump(r, when);
		break;
	default:
		victim = any_program(r);
		if (victim != NULL)
			world_plan(r->w, when, kill_program, victim,
			    victim->life, NULL);
		break;
	}
}

/* The power goes while the server writes down what comes next. */
static void
plan_doom(struct run *r)
{
	if (rng_chance(&r->dice, 400))
		world_plan(r->w, 100 + rng_below(&r->dice, 1500), doom_server,
		    r->w, 1 + rng_below(&r->dice, 12), NULL);
	else
		plan_fault(r);
}

/* ---- people ---- */

struct run_person *
run_anybody(struct run *r)
{
	return &r->people[rng_below(&r->dice, RUN_PEOPLE)];
}

bool
run_has_room(const struct run *r)
{
	return r->w->program_count + 16 < WORLD_PROGRAMS;
}

/* Starts a program in a home of theirs, with their password. */
struct program *
run_start(struct run *r, struct run_person *who, size_t home,
    const char *password)
{
	struct client_options options = program_options();
	struct program *p;

	if (!run_has_room(r))
		return NULL;
	if (who->programs[home] != NULL)
		program_kill(who->programs[home]);
	if (who->homes[home] == NULL)
		who->homes[home] = world_home_new(r->w);
	options.hides_address = rng_chance(&r->dice, 250);
	p = world_program(r->w, who->name, who->homes[home], &options);
	who->programs[home] = p;
	p->is_lying = rng_chance(&r->dice, LIARS_IN_1000);
	if (p->core == NULL || client_set_password(p->core,
	    bytes_str(password)) != ERR_OK)
		return NULL;
	return p;
}

struct wire_name
run_name(const char *text)
{
	struct wire_name name = { { 0 } };

	memcpy(name.s, text, strlen(text));
	return name;
}

void
run_join(struct run *r, struct run_person *who)
{
	char text[WIRE_LINK_TEXT_MAX];
	struct program *p;
	int outcome;

	if (!world_invite(r->w, who->name, text) ||
	    wire_link_parse(&who->link, bytes_str(text)) != ERR_OK)
		return;
	plan_doom(r);
	p = run_start(r, who, 0, who->password);
	if (p == NULL)
		return;
	outcome = program_wait(p, client_register(p->core, &who->link));
	run_tell(r, "join", who->name, outcome);
	program_kill(p);
	who->is_joined = outcome == SOTTO_OK;
	who->may_be_joined = !who->is_joined;
}

static void
act_join(struct run *r)
{
	struct run_person *who = run_anybody(r);

	if (!who->is_joined && !who->may_be_joined)
		run_join(r, who);
}

/* A program of theirs that hosts, started if there is none. */
struct program *
run_hosting(struct run *r, struct run_person *who, size_t home)
{
	struct program *p = who->programs[home];

	if (!who->is_joined || who->homes[home] == NULL ||
	    who->homes[home]->files[CLIENT_FILE_ACCOUNT].n == 0)
		return NULL;
	if (p != NULL && p->core != NULL)
		return p;
	p = run_start(r, who, home, who->password);
	if (p == NULL)
		return NULL;
	(void)client_host(p->core);
	client_flush(p->core);
	world_run(r->w, 2000);
	if (p->core != NULL)
		(void)program_wait(p, client_whoami(p->core));
	return p->core == NULL ? NULL : p;
}

bool
run_is_online(const struct program *p)
{
	const struct world_event *e = program_last(p, SOTTO_STATE, NULL);

	return p->core != NULL && e != NULL &&
	    e->event.state.state == SOTTO_STATE_ONLINE;
}

bool
run_is_online_since(const struct program *p, uint64_t at_ms)
{
	const struct world_event *e = program_last(p, SOTTO_STATE, NULL);

	return run_is_online(p) && e->at_ms <= at_ms;
}

bool
run_say(struct run *r, struct program *p, uint32_t session, int to,
    size_t length)
{
	static char text[WIRE_TEXT_MAX];
	size_t number = r->oracle.message_count, n;
	uint64_t id;

	if (number == ORACLE_MESSAGES || p->core == NULL)
		return false;
	n = oracle_text(&r->oracle, number, length, text);
	if (client_say(p->core, session, (struct bytes){
		(const uint8_t *)text, n }, &id) != ERR_OK)
		return false;
	oracle_said(&r->oracle, p, to, id, n);
	client_flush(p->core);
	return true;
}

static int
call_and_talk(struct run *r, struct program *p, const char *name)
{
	const struct world_event *up;
	struct wire_name callee = run_name(name);
	size_t before = program_count(p, SOTTO_SESSION_UP, name);
	int outcome;

	outcome = program_wait(p, client_call(p->core, &callee));
	up = program_last(p, SOTTO_SESSION_UP, name);
	if (outcome != SOTTO_OK || up == NULL ||
	    program_count(p, SOTTO_SESSION_UP, name) == before)
		return outcome;
	for (uint32_t i = 0; i <= rng_below(&r->dice, 3); i++)
		(void)run_say(r, p, up->event.session.id, oracle_person(name),
		    rng_chance(&r->dice, 100) ? 12000 : 0);
	world_run(r->w, 500 + rng_below(&r->dice, 2000));
	if (p->core != NULL && rng_chance(&r->dice, 500)) {
		if (client_hang_up(p->core, up->event.session.id) == ERR_OK)
			client_flush(p->core);
	}
	return outcome;
}

static void
act_talk(struct run *r)
{
	struct run_person *from = run_anybody(r), *to = run_anybody(r);
	struct program *b = run_hosting(r, to, 0), *a = run_hosting(r, from, 0);
	int outcome;

	if (from == to || a == NULL || b == NULL || a->core == NULL)
		return;
	plan_fault(r);
	outcome = call_and_talk(r, a, to->name);
	run_tell(r, "talk", to->name, outcome);
	run_tell_why(r, a);
	if (rng_chance(&r->dice, 300))
		oracle_replay(&r->oracle);
}

int
run_passwd(struct run *r, struct run_person *who, struct program *p)
{
	char fresh[128];
	int outcome;

	run_new_password(r, fresh);
	plan_doom(r);
	outcome = program_wait(p, client_passwd(p->core, bytes_str(fresh)));
	run_tell(r, "passwd", who->name, outcome);
	run_tell_why(r, p);
	memcpy(outcome == SOTTO_OK ? who->password : who->maybe, fresh,
	    sizeof fresh);
	return outcome;
}

/* A new password ends all other sessions, at once. */
static void
act_passwd(struct run *r)
{
	struct run_person *who = run_anybody(r);
	struct program *p = run_hosting(r, who, 0), *other = NULL;
	uint64_t before;

	if (p == NULL || who->maybe[0] != '\0')
		return;
	if (rng_chance(&r->dice, 500))
		other = run_hosting(r, who, 1);
	before = world_now(r->w);
	if (p->core == NULL || run_passwd(r, who, p) != SOTTO_OK ||
	    other == NULL || !run_is_online_since(other, before))
		return;
	world_run(r->w, RUN_AT_ONCE_MS);
	if (run_is_online_since(other, before))
		oracle_fail(&r->oracle, "a session lives on over a new "
					"password");
}

int
run_login_at(struct run *r, struct run_person *who, size_t home,
    const char *password)
{
	struct wire_address at = world_address();
	struct wire_name name = run_name(who->name);
	struct program *p = run_start(r, who, home, password);
	int outcome;

	if (p == NULL)
		return -1;
	outcome = program_wait(p, client_login(p->core, &name, &at, NULL));
	program_kill(p); /* as a command that has done its work */
	return outcome;
}

static void
act_second_device(struct run *r)
{
	struct run_person *who = run_anybody(r);
	int outcome;

	if (!who->is_joined || who->homes[1] != NULL || who->maybe[0] != '\0')
		return;
	plan_fault(r);
	outcome = run_login_at(r, who, 1, who->password);
	run_tell(r, "second device", who->name, outcome);
}

/* The first device removes the second; from then on that one is out. */
static void
act_remove_device(struct run *r)
{
	struct run_person *who = run_anybody(r);
	struct program *p = run_hosting(r, who, 0), *other;
	uint8_t id[16];
	uint64_t before;
	int outcome;

	other = run_hosting(r, who, 1);
	if (p == NULL || other == NULL || who->is_removed[1] ||
	    p->core == NULL || program_wait(p, client_devices(p->core)) !=
	    SOTTO_OK || other->core == NULL)
		return;
	if (program_wait(other, client_whoami(other->core)) != SOTTO_OK ||
	    !r->oracle.has_device[other->number - 1] || p->core == NULL)
		return;
	memcpy(id, r->oracle.devices[other->number - 1], sizeof id);
	before = world_now(r->w);
	outcome = program_wait(p, client_remove_device(p->core, id));
	run_tell(r, "remove device", who->name, outcome);
	run_tell_why(r, p);
	if (outcome != SOTTO_OK || r->is_rewound)
		return;
	who->is_removed[1] = true;
	if (run_is_online_since(other, before)) {
		world_run(r->w, RUN_AT_ONCE_MS);
		if (run_is_online_since(other, before))
			oracle_fail(&r->oracle, "a removed device's session "
						"lives on");
	}
	other = run_start(r, who, 1, who->password);
	if (other == NULL)
		return;
	outcome = program_wait(other, client_list(other->core));
	run_tell(r, "removed lists", who->name, outcome);
	if (outcome == SOTTO_OK)
		oracle_fail(&r->oracle, "a removed device got in");
}

static void
act_look(struct run *r)
{
	struct program *p = run_hosting(r, run_anybody(r), 0);
	struct run_person *other = run_anybody(r);
	struct wire_name name = run_name(other->name);
	int outcome;

	if (p == NULL)
		return;
	plan_fault(r);
	switch (rng_below(&r->dice, 4)) {
	case 0:
		outcome = program_wait(p, client_list(p->core));
		break;
	case 1:
		outcome = program_wait(p, client_set_status(p->core,
		    rng_chance(&r->dice, 500) ? SOTTO_AWAY :
						SOTTO_AVAILABLE));
		break;
	case 2:
		outcome = program_wait(p, client_verify(p->core, &name,
		    rng_chance(&r->dice, 500)));
		break;
	default:
		outcome = program_wait(p, client_logout(p->core,
		    SOTTO_LOGOUT_SESSION));
		program_kill(p);
		break;
	}
	run_tell(r, "look", p->label, outcome);
	run_tell_why(r, p);
}

/* Ends all that somebody runs. */
static void
leave(struct run_person *who)
{
	for (unsigned i = 0; i < sizeof who->programs / sizeof who->programs[0];
	     i++)
		if (who->programs[i] != NULL)
			program_kill(who->programs[i]);
}

/* The server's disk is set back to before a friend's second device was
 * added; the other friend, who has seen it, must not believe that. */
static void
act_rewind(struct run *r)
{
	struct run_person *from = &r->people[0], *to = &r->people[1];
	struct program *a, *b;
	const struct world_event *up;
	uint64_t before;
	int outcome;

	if (r->is_rewound || to->homes[2] != NULL || !to->is_joined ||
	    !from->is_joined || to->maybe[0] != '\0' ||
	    !world_server_is_up(r->w))
		return;
	world_disk_keep(r->w);
	if (run_login_at(r, to, 2, to->password) != SOTTO_OK)
		return;
	/* A line that stands may be with any of the devices. */
	leave(to);
	a = run_hosting(r, from, 0);
	b = run_hosting(r, to, 2);
	before = world_now(r->w);
	if (a == NULL || b == NULL || a->core == NULL ||
	    call_and_talk(r, a, to->name) != SOTTO_OK || a->core == NULL)
		return;
	/* A line from before would not have shown the new roster. */
	up = program_last(a, SOTTO_SESSION_UP, to->name);
	if (up == NULL || up->at_ms < before)
		return;
	world_run(r->w, 10000);
	leave(to);
	world_server_kill(r->w, false);
	world_disk_put_back(r->w);
	world_server_start(r->w);
	r->is_rewound = true;
	world_run(r->w, 70000);
	b = run_hosting(r, to, 0);
	if (a->core == NULL || b == NULL)
		return;
	outcome = call_and_talk(r, a, to->name);
	run_tell(r, "after rewind", to->name, outcome);
	if (outcome == SOTTO_OK)
		oracle_fail(&r->oracle, "an older roster was believed");
}

/* Logs out; returns whether what the program knew of keys is kept at the
 * server by then, as far as it said. */
static bool
keeps_pins(struct program *p)
{
	int outcome = p->core == NULL ? -1 :
	    program_wait(p, client_logout(p->core, SOTTO_LOGOUT_SESSION));

	return outcome == SOTTO_OK &&
	    program_last(p, SOTTO_NOTICE, NULL) == NULL;
}

/* The same for what an account's own device has seen: the boxes of its
 * settings and identity are set back, and it must not believe them. */
static void
act_rewind_boxes(struct run *r)
{
	struct run_person *who = &r->people[1], *other = &r->people[0];
	struct wire_name name = run_name(other->name);
	struct program *p;
	int outcome;

	if (r->is_rewound || !who->is_joined || !other->is_joined ||
	    who->maybe[0] != '\0' || !world_server_is_up(r->w))
		return;
	p = run_hosting(r, who, 0);
	world_disk_keep(r->w);
	if (p == NULL || p->core == NULL ||
	    program_wait(p, client_verify(p->core, &name, true)) != SOTTO_OK ||
	    !keeps_pins(p))
		return;
	world_run(r->w, 2000);
	program_kill(p);
	world_server_kill(r->w, false);
	world_disk_put_back(r->w);
	world_server_start(r->w);
	r->is_rewound = true;
	world_run(r->w, 5000);
	p = run_start(r, who, 0, who->password);
	if (p == NULL)
		return;
	outcome = program_wait(p, client_list(p->core));
	run_tell(r, "older boxes", who->name, outcome);
	if (outcome == SOTTO_OK)
		oracle_fail(&r->oracle, "an older settings box was believed");
}

/* Two devices write what they know of keys at the same time, and both are
 * told that it is kept. */
static void
act_pins(struct run *r)
{
	struct run_person *who = run_anybody(r);
	size_t first = (size_t)(who - r->people + 1) % RUN_PEOPLE;
	size_t second = (size_t)(who - r->people + 2) % RUN_PEOPLE;
	struct wire_name names[2] = { run_name(oracle_names[first]),
		run_name(oracle_names[second]) };
	struct program *p[2] = { run_hosting(r, who, 0) };
	bool are_kept = true;

	if (p[0] == NULL || who->maybe[0] != '\0')
		return;
	if (who->homes[1] == NULL)
		(void)run_login_at(r, who, 1, who->password);
	p[1] = run_hosting(r, who, 1);

	for (size_t i = 0; i < 2; i++)
		if (p[i] == NULL || p[i]->core == NULL ||
		    program_wait(p[i], client_verify(p[i]->core, &names[i],
		    true)) != SOTTO_OK)
			return;
	for (size_t i = 0; i < 2; i++) {
		are_kept = keeps_pins(p[i]) && are_kept;
		program_kill(p[i]);
	}
	run_tell(r, "both pins", who->name, are_kept);
	if (are_kept)
		who->has_verified[first] = who->has_verified[second] = true;
}

/* Somebody sits at a stranger's machine, until the connection is lost. */
static void
act_ephemeral(struct run *r)
{
	struct run_person *who = run_anybody(r);
	struct client_options options = program_options();
	struct wire_address at = world_address();
	struct wire_name name = run_name(who->name);
	unsigned life = r->w->server.life;
	struct program *p;
	uint64_t before;

	if (!who->is_joined || !run_has_room(r))
		return;
	options.is_ephemeral = true;
	p = world_program(r->w, who->name, NULL, &options);
	if (p->core == NULL || client_set_password(p->core,
	    bytes_str(who->password)) != ERR_OK)
		return;
	(void)client_host(p->core);
	if (program_wait(p, client_login(p->core, &name, &at, NULL)) ==
	    SOTTO_OK) {
		world_run(r->w, 3000);
		before = world_now(r->w);
		for (struct world_conn *c = r->w->conns; c != NULL;
		     c = c->next)
			if (c->a.program == p && run_is_online(p))
				world_cut(r->w, c);
		world_run(r->w, 2 * RUN_AT_ONCE_MS);
		if (run_is_online(p) && !run_is_online_since(p, before) &&
		    r->w->server.life == life)
			oracle_fail(&r->oracle, "an ephemeral device came "
						"back");
	}
	program_kill(p);
}

/* ---- a whole run ---- */

static run_action *const actions[] = { act_join, act_join,
	act_talk, act_talk, act_talk, act_talk, act_passwd, act_second_device,
	act_second_device, act_remove_device, act_look, act_look, act_rewind,
	act_rewind_boxes, act_pins, act_ephemeral, attack_parked,
	attack_guesses, attack_invites, attack_held_call, attack_held_call,
	attack_again, attack_rosters, deed_close, deed_reset };

void
run_act(struct run *r)
{
	size_t kinds = sizeof actions / sizeof actions[0];

	actions[rng_below(&r->dice, (uint32_t)kinds)](r);
	if (r->w->options.guard == SERVER_GUARD_ALWAYS && run_has_room(r) &&
	    rng_chance(&r->dice, 400))
		oracle_replay_pass(&r->oracle);
}

/* Nobody is made to knock where no line can be. */
static void
dialled(void *ctx, struct program *p, const struct wire_endpoint *at)
{
	struct run *r = ctx;

	(void)p;
	if (at->port < WIRE_MIN_DIAL_PORT)
		oracle_fail(&r->oracle, "a client was made a scanner");
}

void
run_begin(struct run *r, uint64_t seed, bool is_verbose)
{
	struct world_options options = { .seed = seed,
		.has_real_ksf = seed % REAL_IN == 0,
		.guard = seed % BUSY_IN == 0 ? SERVER_GUARD_ALWAYS :
					       SERVER_GUARD_AUTO };

	memset(r, 0, sizeof *r);
	r->w = world_new(&options);
	r->dice = rng_new(seed, "people");
	r->is_verbose = is_verbose;
	r->crook = (struct world_crook){ .heard = intruder_heard,
		.dialled = dialled, .ctx = r };
	r->w->crook = &r->crook;
	oracle_init(&r->oracle, r->w);
	r->oracle.is_verbose = is_verbose;
	for (size_t i = 0; i < RUN_PEOPLE; i++) {
		r->people[i].name = oracle_names[i];
		run_new_password(r, r->people[i].password);
	}
	world_run(r->w, 500);
	/* Most are people already when it begins to be difficult. */
	for (size_t i = 0; i < RUN_PEOPLE; i++)
		if (rng_chance(&r->dice, MEMBERS_IN_1000))
			run_join(r, &r->people[i]);
}

void
run_end(struct run *r)
{
	oracle_free(&r->oracle);
	world_free(r->w);
	intruder_free_all(r);
}
