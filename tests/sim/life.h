/*
 * life - a store, the disk below it, and a model of what it must hold.
 *
 * The store gets random requests in groups, each one transaction. After any
 * accident it is looked at: it must hold what was acknowledged, or that with
 * the one group that was under way; nothing else, and no part of a group.
 */
#ifndef SIM_LIFE_H
#define SIM_LIFE_H

#include "model.h"
#include "sim/disk.h"
#include "store/sqlite.h"

#define LIFE_GROUP 5  /* requests that share a transaction, at most */
#define LIFE_PAST  32 /* states that are remembered */

struct life_asked {
	struct store_request q;
	struct model_box box;
	bool is_done;
	enum err err, want;
};

struct life {
	struct disk *disk;
	struct rng dice;
	struct store_sqlite *store; /* NULL while it is closed */
	struct model sure;  /* all that was acknowledged */
	struct model maybe; /* with the group that is under way */
	struct model *past; /* NULL, or the newest states, in a ring */
	uint64_t acked;     /* groups */
	struct life_asked group[LIFE_GROUP];
	unsigned unanswered; /* requests */
	const char *verdict; /* NULL: all is well */
};

/* Makes a store that is not open yet, on an empty disk. */
struct life *life_new(uint64_t seed);
void life_free(struct life *l);

/* Makes its verdict, if there is none yet. */
void life_judge(struct life *l, const char *verdict);

/* Opens the store; returns whether that went well. */
bool life_open(struct life *l);

/* Closes it, as a process does that ends, or that is killed. */
void life_close(struct life *l);
void life_kill(struct life *l);

/* Kills it while the power goes. */
void life_cut(struct life *l);

/*
 * Asks for a group of writes; returns whether they were acknowledged. If
 * not, all were refused, and they are in maybe but not in sure.
 */
bool life_work(struct life *l);

/* What the store holds, whole and with nothing besides. */
enum life_state {
	LIFE_SURE,     /* what was acknowledged */
	LIFE_MAYBE,    /* and the group that was under way */
	LIFE_PAST_ONE, /* what was acknowledged before */
	LIFE_WRONG,    /* something else */
	LIFE_DAMAGED,  /* SQLite says so, or cannot open it */
};

/* Looks at a copy, so that the files stay as they are. */
enum life_state life_look(struct life *l);

/* The same for whoever expects the first two; goes on from there. */
void life_settle(struct life *l);

/* A number from the environment. */
uint64_t life_number(const char *name, uint64_t otherwise);

/* Returns whether there is less time than usual, or a sanitizer. */
bool life_is_short(void);

#endif
