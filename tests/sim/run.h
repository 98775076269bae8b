/*
 * run - whole lives of a few people under a seed.
 *
 * A run is a world, its oracle, and what is known of each person: what they
 * were told and may rely on, and nothing else. run.c has what people do in
 * good faith and the faults that meet them; deed.c what an operator does to
 * them; attack.c what others try; heal.c what must be well again in the end.
 */
#ifndef SIM_RUN_H
#define SIM_RUN_H

#include "sim/inside.h"
#include "sim/oracle.h"
#include "wire/address.h"

#define RUN_PEOPLE 3
#define RUN_HOMES  3

/* What happens at once has happened by then, over the slowest link. */
#define RUN_AT_ONCE_MS 20000

struct run_person {
	const char *name;
	char password[128], maybe[128]; /* maybe: a change without an answer */
	bool is_joined;     /* an answer said so */
	bool may_be_joined; /* no answer came */
	struct wire_link link; /* of the invite that was used */
	struct world_home *homes[RUN_HOMES];
	struct program *programs[RUN_HOMES];
	bool is_removed[RUN_HOMES];
	bool has_verified[RUN_PEOPLE]; /* and was told that it is kept */
	bool was_guessed;              /* somebody has left a login open */
};

struct run {
	struct world *w;
	struct oracle oracle;
	struct rng dice;
	struct run_person people[RUN_PEOPLE];
	struct world_crook crook;
	struct intruder *intruders; /* all that were made */
	uint32_t next_intruder;
	struct world_home *jumper; /* whose clock is wrong until then */
	uint64_t jumps_until;
	bool is_rewound;
	bool was_reset;     /* somebody has another identity key now */
	bool is_verbose;
};

/* Makes the world of a seed, and people who have not joined. */
void run_begin(struct run *r, uint64_t seed, bool is_verbose);
void run_end(struct run *r);

/* Somebody does something, or suffers it. */
void run_act(struct run *r);

/* ---- for deed.c, attack.c and heal.c ---- */

typedef void run_action(struct run *r);

run_action attack_parked, attack_guesses, attack_invites, attack_held_call,
    attack_again, attack_rosters;
run_action deed_close, deed_reset;

struct run_person *run_anybody(struct run *r);

/* Returns whether a few more programs can be started. */
bool run_has_room(const struct run *r);

/* Prints what came of something, if anybody wants to know. */
void run_tell(const struct run *r, const char *what, const char *who,
    int outcome);
void run_tell_why(struct run *r, const struct program *p);

/* Makes up a password that is good enough. */
void run_new_password(struct run *r, char out[128]);

/* Invites somebody, who joins with a home of their own; sets what is known
 * of that. */
void run_join(struct run *r, struct run_person *who);

/* Returns a program of theirs that hosts, started if there is none; NULL: it
 * cannot be. */
struct program *run_hosting(struct run *r, struct run_person *who,
    size_t home);

/* Starts a program in a home of theirs, with a password. NULL: it does not
 * run. */
struct program *run_start(struct run *r, struct run_person *who, size_t home,
    const char *password);

/* Makes a home a device, with a program that has no other work. */
int run_login_at(struct run *r, struct run_person *who, size_t home,
    const char *password);

/* Changes a password; sets what is known of that. */
int run_passwd(struct run *r, struct run_person *who, struct program *p);

/* Says a text of this length at least; returns whether it was taken. */
bool run_say(struct run *r, struct program *p, uint32_t session, int to,
    size_t length);

/* The wire's form of a person's name. */
struct wire_name run_name(const char *name);

/* Returns whether the program is online as far as it was told; and whether
 * it was told nothing else since then. */
bool run_is_online(const struct program *p);
bool run_is_online_since(const struct program *p, uint64_t at_ms);

/* ---- heal.c ---- */

/* Lets the faults end, and looks that everything settles. */
void heal(struct run *r);

#endif
