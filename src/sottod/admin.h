/*
 * admin - what operators ask of a server, as words in and lines out.
 *
 * The same words reach a live server through its control socket and, where
 * none runs, a shell that the command itself has opened.
 *
 *	invite NAME SECONDS PUBLIC    a link, valid so long; PUBLIC may be -
 *	user list
 *	user show NAME
 *	user disable|enable|remove NAME
 *	user reset NAME SECONDS PUBLIC
 *	stats
 *	snapshot FILE                 a copy of the database as DIR/FILE;
 *	                              answers with the server's public key.
 *	                              A server removes it when whoever asked
 *	                              closes the connection
 */
#ifndef SOTTOD_ADMIN_H
#define SOTTOD_ADMIN_H

#include "sottod/shell.h"

#define ADMIN_WORDS_MAX 8

struct admin_reply {
	/* A line of output, without newline; NULL: memory ran out, and the
	 * answer is not whole. */
	void (*line)(void *ctx, const char *text);
	/* The end, once: NULL, or what went wrong. */
	void (*end)(void *ctx, const struct trouble *t);
	void *ctx;
};

/* Does what n words say. They need live only until it returns; the reply may
 * come later. */
void admin_run(struct shell *sh, char *const *words, unsigned n, bool is_json,
    const struct admin_reply *reply);

/* Opens what the figures are read from, while files can still be opened. */
void admin_open(void);

#endif
