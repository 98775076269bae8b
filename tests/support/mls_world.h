/*
 * mls_world - people with groups, for tests of mls.
 *
 * A world has one seeded source of randomness and one clock, and people who
 * are clients of it. The helpers check what they do; a test says only what is
 * particular about it.
 */
#ifndef SUPPORT_MLS_WORLD_H
#define SUPPORT_MLS_WORLD_H

#include "mls/mls.h"
#include "support/check.h"

#define WORLD_START_S 1700000000

struct world {
	uint64_t seed;
	uint64_t now_s;
	struct env env;
	struct mls_client client; /* what new people get; may be changed */
};

struct person {
	struct mls_client client;
	const char *name;
	uint8_t secret[MLS_MAX_SIG_SECRET];
	uint8_t public[MLS_MAX_SIG_PUBLIC];
	size_t public_len;
	uint16_t suite;
	struct mls_bundle *bundle; /* the newest one */
	struct mls_group *group;
};

/* The external PSK that everybody has: its id, and the key. */
#define WORLD_PSK_ID BYTES_LIT("what we agreed on")
#define WORLD_PSK    BYTES_LIT("the colour of the sky")

void world_init(struct world *w);

/* Makes a person with a signature key for a suite. */
void person_init(struct person *p, struct world *w, const char *name,
    uint16_t suite);
void person_free(struct person *p);
struct mls_identity person_identity(const struct person *p);

/* Makes a fresh key package and returns it. */
struct bytes person_key_package(struct person *p);

/* Creates a group with these extensions. */
void person_create(struct person *p, struct bytes extensions);

/* The n others, who have key packages out, join by this Welcome. */
void people_join(struct person *const *others, size_t n,
    struct bytes welcome);

/* Adds the others with one commit, merges, and lets them join. */
void person_add(struct person *p, struct person *const *others, size_t n);

/* Commits what p wants; the n others process it, all merge and must agree.
 * Those that it removes find out. */
void person_commit(struct person *p, struct person *const *others, size_t n);

/* One says something that the other reads. Return whether it worked. */
bool person_tells(struct person *from, struct person *to, const char *what);

/* Processes and merges; returns the result of processing. */
enum mls_result person_takes(struct person *p, struct bytes message);

/* Processes, and checks that a message that is refused changes no byte. */
enum mls_result person_tries(struct person *p, struct bytes message);

/* Whether all have the same authenticator and epoch. */
bool people_agree(struct person *const *all, size_t n);

/* Goes on with what was saved. */
void person_reloads(struct person *p);

/* Four people, three of them in one group; dan is outside. The world is to
 * be initialized before, and says what they are like. */
struct four {
	struct world w;
	struct person ann, bob, cyd, dan;
};

void four_meet(struct four *f, uint16_t suite, struct bytes extensions);
void four_free(struct four *f);

/* Checks that a call has this result. */
#define CHECK_MLS(call, want)                                                 \
	check_mls((call), (want), #call, __FILE__, __LINE__)
bool check_mls(enum mls_result got, enum mls_result want, const char *what,
    const char *file, int line);

#endif
