/*
 * guess - how often a password may be guessed.
 *
 * A guess is charged when it begins, with KE1, and given back when it was
 * right, with KE3. After a few that were wrong, the next one has to wait,
 * longer each time: never a lock, and never for a known device, which does
 * not guess. What was wrong is forgotten slowly. Sources are charged first,
 * then names; names without an account like the others.
 *
 * A name has a budget for the hours as well, which nothing exceeds. Of it,
 * those who do not work leave some; it goes to those who do, without the
 * delay. When that is used up, too, the next guess goes to whoever has
 * worked most: shortly before it may be made, the highest bid is held, and
 * who is outbid hears that it has to wait. Work does not buy a source more
 * guesses, but for this machine's own addresses, where a proxy can stand for
 * very many people.
 *
 * The tables have a fixed size and a keyed hash, so that nobody makes them
 * grow or chooses whom to share a place with.
 */
#ifndef SERVER_GUESS_H
#define SERVER_GUESS_H

#include "server/core.h"

/* The least work that counts: half a second of a slow machine. */
#define SERVER_GUESS_EFFORT (1U << 18)

/* Makes the tables. Fails with NOMEM. */
MUST_USE enum err server_guess_tables(struct server *s);

enum server_guess_verdict {
	SERVER_GUESS_NOW,  /* it is charged */
	SERVER_GUESS_HELD, /* server_login_on_turn or _outbid will be called */
	SERVER_GUESS_WAIT, /* for *wait_ms */
};

/* Judges a guess, for which the client has shown that effort, or 0. */
enum server_guess_verdict server_guess_charge(struct server *s,
    struct server_conn *c, const struct wire_name *name, uint32_t effort,
    uint32_t *wait_ms);

/* Gives back what was charged. */
void server_guess_refund(struct server *s, const struct server_conn *c,
    const struct wire_name *name);

/* c does not want its turn any more. */
void server_guess_leave(struct server *s, const struct server_conn *c);

/*
 * Takes one of the questions that a pair of names has a minute: returns 0,
 * or how many milliseconds to wait first.
 */
uint32_t server_guess_pace(struct server *s, const struct wire_name *caller,
    const struct wire_name *callee);

#endif
