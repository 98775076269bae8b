/*
 * random - whole lives of a few people under a seed, with every fault that
 * the world knows, and the oracle watching.
 *
 *	sim-random [--seed N] [--seeds N] [--share I/N] [--plant NAME]
 *	    [--verbose]
 *
 * Without --plant every seed must pass. With it, the bug of that name is in
 * the cores, and some seed must fail. One seed is one run, always the same:
 * some seeds are run twice and their hashes compared. --seed alone runs that
 * one; a share of all seeds is for several processes side by side.
 */
#include "base/plant.h"
#include "sim/inside.h"
#include "sim/oracle.h"
#include "text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEOPLE  3
#define HOMES   3
#define TWICE_IN 200 /* one seed in so many is run twice */
#define SEEDS   20000
#define REAL_IN 10 /* one run in so many has Argon2id */
#define BUSY_IN 4  /* one in so many has a server that always asks for passes */

#ifndef __has_feature
#define __has_feature(x) 0
#endif

/* A sanitizer takes a multiple of the time. */
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define IS_SLOW true
#else
#define IS_SLOW false
#endif

static const struct {
	const char *name;
	enum plant plant;
} plants[] = {
	{ "ack-before-commit", PLANT_ACK_BEFORE_COMMIT },
	{ "ticket-twice", PLANT_TICKET_TWICE },
	{ "session-before-hello", PLANT_SESSION_BEFORE_HELLO },
	{ "key-from-h", PLANT_KEY_FROM_H },
	{ "roster-rollback", PLANT_ROSTER_ROLLBACK },
	{ "refused-device-logs-in", PLANT_REFUSED_DEVICE_LOGS_IN },
	{ "pass-reused", PLANT_PASS_REUSED },
	{ "pass-not-bound", PLANT_PASS_NOT_BOUND },
};

struct person {
	const char *name;
	char password[128], maybe[128]; /* maybe: a change without an answer */
	bool is_joined;     /* an answer said so */
	bool may_be_joined; /* no answer came */
	struct world_home *homes[HOMES];
	struct program *programs[HOMES];
	bool is_removed[HOMES];
};

struct run {
	struct world *w;
	struct oracle oracle;
	struct rng dice;
	struct person people[PEOPLE];
	bool is_rewound;
	bool is_verbose;
};

/* Makes up a password that is good enough. */
static void
new_password(struct run *r, char out[128])
{
	uint8_t random[16];

	rng_fill(&r->dice, random, sizeof random);
	memset(out, 0, 128);
	text_passphrase(out, 128, random);
}

static void
tell(const struct run *r, const char *what, const char *who, int outcome)
{
	if (r->is_verbose)
		printf("%8llu  %-14s %-6s %d\n",
		    (unsigned long long)world_now(r->w), what, who, outcome);
}

/* What a person reads when a command fails. */
static void
tell_why(struct run *r, const struct program *p)
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
		struct person *who = &r->people[rng_below(&r->dice, PEOPLE)];
		struct program *p = who->programs[rng_below(&r->dice, HOMES)];

		if (p != NULL && p->core != NULL)
			return p;
	}
	return NULL;
}

/* Something will go wrong within the next seconds, perhaps. */
static void
plan_fault(struct run *r)
{
	uint64_t when = rng_below(&r->dice, 3000);
	struct program *victim;

	if (!rng_chance(&r->dice, 350))
		return;
	switch (rng_below(&r->dice, 5)) {
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

static struct person *
anybody(struct run *r)
{
	return &r->people[rng_below(&r->dice, PEOPLE)];
}

static bool
has_room(const struct run *r)
{
	return r->w->program_count + 16 < WORLD_PROGRAMS;
}

/* Starts a program in a home of theirs, with their password. */
static struct program *
start(struct run *r, struct person *who, size_t home, const char *password)
{
	struct client_options options = program_options();
	struct program *p;

	if (!has_room(r))
		return NULL;
	if (who->programs[home] != NULL)
		program_kill(who->programs[home]);
	if (who->homes[home] == NULL)
		who->homes[home] = world_home_new(r->w);
	options.hides_address = rng_chance(&r->dice, 250);
	p = world_program(r->w, who->name, who->homes[home], &options);
	who->programs[home] = p;
	if (p->core == NULL || client_set_password(p->core,
	    bytes_str(password)) != ERR_OK)
		return NULL;
	return p;
}

static void
act_join(struct run *r)
{
	struct person *who = anybody(r);
	char text[WIRE_LINK_TEXT_MAX];
	struct wire_link link;
	struct program *p;
	int outcome;

	if (who->is_joined || who->may_be_joined ||
	    !world_invite(r->w, who->name, text) ||
	    wire_link_parse(&link, bytes_str(text)) != ERR_OK)
		return;
	plan_doom(r);
	p = start(r, who, 0, who->password);
	if (p == NULL)
		return;
	outcome = program_wait(p, client_register(p->core, &link));
	tell(r, "join", who->name, outcome);
	program_kill(p);
	who->is_joined = outcome == SOTTO_OK;
	who->may_be_joined = !who->is_joined;
}

/* A program of theirs that hosts, started if there is none. */
static struct program *
hosting(struct run *r, struct person *who, size_t home)
{
	struct program *p = who->programs[home];

	if (!who->is_joined || who->homes[home] == NULL ||
	    who->homes[home]->files[CLIENT_FILE_ACCOUNT].n == 0)
		return NULL;
	if (p != NULL && p->core != NULL)
		return p;
	p = start(r, who, home, who->password);
	if (p == NULL)
		return NULL;
	(void)client_host(p->core);
	client_flush(p->core);
	world_run(r->w, 2000);
	if (p->core != NULL)
		(void)program_wait(p, client_whoami(p->core));
	return p->core == NULL ? NULL : p;
}

static void
say_something(struct run *r, struct program *p, uint32_t session, int to)
{
	size_t number = r->oracle.message_count;
	char text[64];
	uint64_t id;

	if (number == ORACLE_MESSAGES || p->core == NULL)
		return;
	oracle_text(&r->oracle, number, text, sizeof text);
	if (client_say(p->core, session, bytes_str(text), &id) != ERR_OK)
		return;
	oracle_said(&r->oracle, p, to, id, number);
	client_flush(p->core);
}

static int
call_and_talk(struct run *r, struct program *p, const char *name)
{
	const struct world_event *up;
	struct wire_name callee = { { 0 } };
	size_t before = program_count(p, SOTTO_SESSION_UP, name);
	int outcome;

	memcpy(callee.s, name, strlen(name));
	outcome = program_wait(p, client_call(p->core, &callee));
	up = program_last(p, SOTTO_SESSION_UP, name);
	if (outcome != SOTTO_OK || up == NULL ||
	    program_count(p, SOTTO_SESSION_UP, name) == before)
		return outcome;
	for (uint32_t i = 0; i <= rng_below(&r->dice, 3); i++)
		say_something(r, p, up->event.session.id,
		    oracle_person(name));
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
	struct person *from = anybody(r), *to = anybody(r);
	struct program *b = hosting(r, to, 0), *a = hosting(r, from, 0);
	int outcome;

	if (from == to || a == NULL || b == NULL || a->core == NULL)
		return;
	plan_fault(r);
	outcome = call_and_talk(r, a, to->name);
	tell(r, "talk", to->name, outcome);
	tell_why(r, a);
	if (rng_chance(&r->dice, 300))
		oracle_replay(&r->oracle);
}

static void
act_passwd(struct run *r)
{
	struct person *who = anybody(r);
	struct program *p = hosting(r, who, 0);
	char fresh[128];
	int outcome;

	if (p == NULL || who->maybe[0] != '\0')
		return;
	new_password(r, fresh);
	plan_doom(r);
	outcome = program_wait(p, client_passwd(p->core, bytes_str(fresh)));
	tell(r, "passwd", who->name, outcome);
	tell_why(r, p);
	memcpy(outcome == SOTTO_OK ? who->password : who->maybe, fresh,
	    sizeof fresh);
}

static int
login_at(struct run *r, struct person *who, size_t home, const char *password)
{
	struct wire_address at = world_address();
	struct wire_name name = { { 0 } };
	struct program *p = start(r, who, home, password);
	int outcome;

	if (p == NULL)
		return -1;
	memcpy(name.s, who->name, strlen(who->name));
	outcome = program_wait(p, client_login(p->core, &name, &at, NULL));
	program_kill(p); /* as a command that has done its work */
	return outcome;
}

static void
act_second_device(struct run *r)
{
	struct person *who = anybody(r);
	int outcome;

	if (!who->is_joined || who->homes[1] != NULL || who->maybe[0] != '\0')
		return;
	plan_fault(r);
	outcome = login_at(r, who, 1, who->password);
	tell(r, "second device", who->name, outcome);
}

/* The first device removes the second; from then on that one is out. */
static void
act_remove_device(struct run *r)
{
	struct person *who = anybody(r);
	struct program *p = hosting(r, who, 0), *other;
	uint8_t id[16];
	int outcome;

	other = hosting(r, who, 1);
	if (p == NULL || other == NULL || who->is_removed[1] ||
	    p->core == NULL || program_wait(p, client_devices(p->core)) !=
	    SOTTO_OK || other->core == NULL)
		return;
	if (program_wait(other, client_whoami(other->core)) != SOTTO_OK ||
	    !r->oracle.has_device[other->number - 1] || p->core == NULL)
		return;
	memcpy(id, r->oracle.devices[other->number - 1], sizeof id);
	outcome = program_wait(p, client_remove_device(p->core, id));
	tell(r, "remove device", who->name, outcome);
	tell_why(r, p);
	if (outcome != SOTTO_OK || r->is_rewound)
		return;
	who->is_removed[1] = true;
	other = start(r, who, 1, who->password);
	if (other == NULL)
		return;
	outcome = program_wait(other, client_list(other->core));
	tell(r, "removed lists", who->name, outcome);
	if (outcome == SOTTO_OK)
		oracle_fail(&r->oracle, "a removed device got in");
}

static void
act_look(struct run *r)
{
	struct program *p = hosting(r, anybody(r), 0);
	struct person *other = anybody(r);
	struct wire_name name = { { 0 } };
	int outcome;

	if (p == NULL)
		return;
	plan_fault(r);
	memcpy(name.s, other->name, strlen(other->name));
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
	tell(r, "look", p->label, outcome);
	tell_why(r, p);
}

/* The server's disk is set back to before a friend's second device was
 * added; the other friend, who has seen it, must not believe that. */
static void
act_rewind(struct run *r)
{
	struct person *from = &r->people[0], *to = &r->people[1];
	struct program *a, *b;
	int outcome;

	if (r->is_rewound || to->homes[2] != NULL || !to->is_joined ||
	    !from->is_joined || to->maybe[0] != '\0' || !world_server_is_up(r->w))
		return;
	world_disk_keep(r->w);
	if (login_at(r, to, 2, to->password) != SOTTO_OK)
		return;
	/* Their line, if there is one, is with the first device. */
	if (to->programs[0] != NULL)
		program_kill(to->programs[0]);
	a = hosting(r, from, 0);
	b = hosting(r, to, 2);
	if (a == NULL || b == NULL || a->core == NULL ||
	    call_and_talk(r, a, to->name) != SOTTO_OK || a->core == NULL)
		return;
	world_run(r->w, 10000);
	program_kill(b);
	world_server_kill(r->w, false);
	world_disk_put_back(r->w);
	world_server_start(r->w);
	r->is_rewound = true;
	world_run(r->w, 70000);
	if (to->programs[0] != NULL)
		program_kill(to->programs[0]);
	b = hosting(r, to, 0);
	if (a->core == NULL || b == NULL)
		return;
	outcome = call_and_talk(r, a, to->name);
	tell(r, "after rewind", to->name, outcome);
	if (outcome == SOTTO_OK)
		oracle_fail(&r->oracle, "an older roster was believed");
}

/* ---- a whole run ---- */

static void (*const actions[])(struct run *r) = { act_join, act_join,
	act_talk, act_talk, act_talk, act_talk, act_passwd, act_second_device,
	act_remove_device, act_look, act_look, act_rewind };

/* Whatever happened, who was told to have an account has one: a bare
 * machine, name and password are enough. */
static void
check_account(struct run *r, struct person *who)
{
	int outcome;

	if (!who->is_joined || !has_room(r))
		return;
	who->homes[1] = NULL;
	who->programs[1] = NULL;
	outcome = login_at(r, who, 1, who->password);
	if (outcome != SOTTO_OK && who->maybe[0] != '\0') {
		world_run(r->w, 120000);
		outcome = login_at(r, who, 1, who->maybe);
		if (outcome == SOTTO_OK)
			memcpy(who->password, who->maybe, sizeof who->maybe);
	}
	tell(r, "bare machine", who->name, outcome);
	/* It has logged in, and hosts nothing: whoever hosts starts anew. */
	program_kill(who->programs[1]);
	if (outcome != SOTTO_OK)
		oracle_fail(&r->oracle, "an account that was confirmed is "
					"not there any more");
}

static void
heal(struct run *r)
{
	struct program *a, *b;
	int outcome = -1;

	world_run(r->w, 20000);
	world_server_doom(r->w, 0);
	world_server_start(r->w);
	world_run(r->w, 120000);
	for (size_t i = 0; i < PEOPLE && !r->is_rewound; i++)
		check_account(r, &r->people[i]);
	oracle_search(&r->oracle);
	if (r->is_rewound || r->oracle.verdict != NULL ||
	    !r->people[0].is_joined || !r->people[1].is_joined)
		return;
	a = hosting(r, &r->people[0], 1);
	b = hosting(r, &r->people[1], 1);
	if (a == NULL || b == NULL)
		oracle_fail(&r->oracle, "a healed program does not run");
	else
		outcome = call_and_talk(r, a, r->people[1].name);
	tell(r, "healed", r->people[1].name, outcome);
	if (outcome != SOTTO_OK)
		oracle_fail(&r->oracle, "two friends cannot talk any more");
}

/* Runs a seed; returns the verdict, NULL for none. */
static const char *
run_seed(uint64_t seed, bool is_verbose, uint8_t hash[32], uint64_t *events)
{
	struct world_options options = { .seed = seed,
		.has_real_ksf = seed % REAL_IN == 0,
		.guard = seed % BUSY_IN == 0 ? SERVER_GUARD_ALWAYS :
					       SERVER_GUARD_AUTO };
	struct run *r = calloc(1, sizeof *r);
	const char *verdict;

	if (r == NULL)
		abort();
	r->w = world_new(&options);
	r->dice = rng_new(seed, "people");
	r->is_verbose = is_verbose;
	oracle_init(&r->oracle, r->w);
	r->oracle.is_verbose = is_verbose;
	for (size_t i = 0; i < PEOPLE; i++) {
		r->people[i].name = oracle_names[i];
		new_password(r, r->people[i].password);
	}
	world_run(r->w, 500);
	for (uint32_t n = 8 + rng_below(&r->dice, 16); n > 0; n--) {
		size_t kinds = sizeof actions / sizeof actions[0];

		if (r->oracle.verdict != NULL)
			break;
		actions[rng_below(&r->dice, (uint32_t)kinds)](r);
		if (options.guard == SERVER_GUARD_ALWAYS && has_room(r) &&
		    rng_chance(&r->dice, 400))
			oracle_replay_pass(&r->oracle);
		world_run(r->w, rng_below(&r->dice, 3000));
	}
	if (r->oracle.verdict == NULL)
		heal(r);
	verdict = r->oracle.verdict;
	world_hash(r->w, hash);
	*events += world_events(r->w);
	oracle_free(&r->oracle);
	world_free(r->w);
	free(r);
	return verdict;
}

/* Which runs are wanted: share `part` of `parts` equal ones. */
struct asked {
	uint64_t first, count;
	unsigned part, parts;
	const char *plant;
	bool is_verbose;
};

static int
usage(void)
{
	fprintf(stderr, "usage: sim-random [--seed N] [--seeds N] "
			"[--share I/N] [--plant NAME] [--verbose]\n");
	return 64;
}

static bool
set_plant(const char *name)
{
	for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
		if (strcmp(plants[i].name, name) == 0) {
			sotto_plant = (int)plants[i].plant;
			return true;
		}
	}
	return false;
}

/* Runs until the planted bug shows; returns the exit code. */
static int
hunt(const struct asked *asked, const char *program)
{
	uint8_t hash[32];
	uint64_t events = 0;

	for (uint64_t seed = asked->first; seed < asked->first + asked->count;
	     seed++) {
		const char *verdict = run_seed(seed, asked->is_verbose, hash,
		    &events);

		if (verdict != NULL) {
			printf("found by %s --plant %s --seed %llu --verbose"
			       "   # %s\n", program, asked->plant,
			    (unsigned long long)seed, verdict);
			printf("1 passed, 0 failed, 0 skipped\n");
			return 0;
		}
	}
	printf("FAIL %s: %llu seeds did not find the planted bug %s\n",
	    program, (unsigned long long)asked->count, asked->plant);
	printf("0 passed, 1 failed, 0 skipped\n");
	return 1;
}

static int
check(const struct asked *asked, const char *program)
{
	uint8_t hash[32], again[32];
	uint64_t events = 0, passed = 0, failed = 0;
	uint64_t from = asked->first + asked->count * (asked->part - 1) /
	    asked->parts;
	uint64_t to = asked->first + asked->count * asked->part / asked->parts;

	for (uint64_t seed = from; seed < to; seed++) {
		const char *verdict = run_seed(seed, asked->is_verbose, hash,
		    &events);

		if (verdict == NULL && seed % TWICE_IN == 1 &&
		    (run_seed(seed, false, again, &events) != NULL ||
			memcmp(hash, again, sizeof hash) != 0))
			verdict = "a second run went another way";
		passed += verdict == NULL;
		failed += verdict != NULL;
		if (verdict != NULL)
			printf("FAIL %s --seed %llu --verbose   # %s\n",
			    program, (unsigned long long)seed, verdict);
	}
	printf("seeds %llu to %llu of %llu, %llu events\n",
	    (unsigned long long)from, (unsigned long long)to - 1,
	    (unsigned long long)asked->count, (unsigned long long)events);
	printf("%llu passed, %llu failed, 0 skipped\n",
	    (unsigned long long)passed, (unsigned long long)failed);
	return failed > 0;
}

/* How many seeds make a test: SEEDS says so, or else how much time a build
 * takes for one. */
static uint64_t
usual_count(void)
{
	const char *seeds = getenv("SEEDS");

	if (seeds != NULL)
		return strtoull(seeds, NULL, 10);
	return getenv("SOTTO_QUICK") != NULL || IS_SLOW ? SEEDS / 10 : SEEDS;
}

/* Takes one option with its value; returns whether there is such a one. */
static bool
take_option(struct asked *asked, const char *name, const char *value)
{
	if (strcmp(name, "--seed") == 0)
		asked->first = strtoull(value, NULL, 10);
	else if (strcmp(name, "--seeds") == 0)
		asked->count = strtoull(value, NULL, 10);
	else if (strcmp(name, "--plant") == 0)
		asked->plant = value;
	else
		return strcmp(name, "--share") == 0 &&
		    sscanf(value, "%u/%u", &asked->part, &asked->parts) == 2 &&
		    asked->part > 0 && asked->part <= asked->parts;
	return true;
}

int
main(int argc, char **argv)
{
	struct asked asked = { .part = 1, .parts = 1 };

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--verbose") == 0)
			asked.is_verbose = true;
		else if (i + 1 == argc ||
		    !take_option(&asked, argv[i], argv[i + 1]))
			return usage();
		else
			i++;
	}
	if (asked.count == 0)
		asked.count = asked.first != 0 ? 1 : usual_count();
	if (asked.first == 0)
		asked.first = 1;
	if (asked.plant == NULL)
		return check(&asked, argv[0]);
	if (!set_plant(asked.plant))
		return usage();
	return hunt(&asked, argv[0]);
}
