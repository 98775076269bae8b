/*
 * guess - how often a password may be guessed.
 *
 * A guess is charged when it begins, with KE1, and given back when it was
 * right, with KE3. After a few that were wrong, the next one has to wait,
 * longer each time: never a lock, and never for a known device, which does
 * not guess. What was wrong is forgotten slowly. Sources are charged first,
 * then names; names without an account like the others. The table has a
 * fixed size and a keyed hash, so that nobody makes it grow or chooses whom
 * to share a place with.
 */
#ifndef SERVER_GUESS_H
#define SERVER_GUESS_H

#include "server/core.h"

/* Makes the tables. Fails with NOMEM. */
MUST_USE enum err server_guess_tables(struct server *s);

/* Returns 0 and charges, or how many milliseconds to wait first. */
uint32_t server_guess_charge(struct server *s, const struct server_conn *c,
    const struct wire_name *name);

/* Gives back what was charged. */
void server_guess_refund(struct server *s, const struct server_conn *c,
    const struct wire_name *name);

/*
 * Takes one of the questions that a pair of names has a minute: returns 0,
 * or how many milliseconds to wait first.
 */
uint32_t server_guess_pace(struct server *s, const struct wire_name *caller,
    const struct wire_name *callee);

#endif
