/*
 * ask - how a command gets something done: by the server that runs, else by
 * taking the lock and doing it here, in the same way.
 */
#ifndef SOTTOD_ASK_H
#define SOTTOD_ASK_H

#include "sottod/dir.h"

/* Who gets the output. */
struct ask_sink {
	void (*line)(void *ctx, const char *text);
	/* Called after all went well, while the server or the lock is still
	 * held, as the user who began; may be NULL. Returns 0, or a code with
	 * *t filled. */
	int (*last)(void *ctx, struct trouble *t);
	void *ctx;
};

/* Prints each line on stdout. */
extern const struct ask_sink ask_print;

/*
 * Asks for the n words of admin.h, of the data that c names. With may_make
 * the data is made if there is none. Returns the exit code; trouble is said.
 */
int ask(const struct config *c, const char *const *words, unsigned n,
    bool is_json, bool may_make, const struct ask_sink *sink);

/*
 * Takes the folder's lock for a server. One that serves is a reason to give
 * up at once; a command at work is waited for. Returns 0, or 69 with *t.
 */
int ask_lock(struct dir *d, struct trouble *t);

#endif
