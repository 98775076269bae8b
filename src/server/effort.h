/*
 * effort - the budget of handshakes: what a stranger has to do for one, and
 * who is next when it runs out.
 *
 * Handshakes and logins cost tokens, which time gives back: about half of
 * one core, of whatever speed. A second in which they ran short doubles the
 * effort that a pass must show, up to PACT_GUARD_EFFORT_MAX; one in which they
 * did not takes a quarter off, down to none, or to the least for as long as
 * very many ask.
 * Whoever has shown a pass while there are no tokens waits in a table of
 * fixed size: the highest effort first, then the longest wait; known devices
 * before all. All of it is counted when somebody comes: an idle server has
 * nothing to do.
 */
#ifndef SERVER_EFFORT_H
#define SERVER_EFFORT_H

#include "server/core.h"

/* What a known device's pass counts for. */
#define SERVER_EFFORT_DEVICE UINT32_MAX

/* The least effort that is ever asked: a few milliseconds. */
#define SERVER_EFFORT_LEAST 8192

/* Costs, in handshakes. */
#define SERVER_EFFORT_LOGIN 2 /* KE1: five multiplications of ristretto */

void server_effort_init(struct server *s);

/* Somebody has come with a first record. Returns whether it takes a pass. */
bool server_effort_is_asked(struct server *s);

/* Returns what a challenge asks now, and what a pass must show: less, since
 * it may have risen while the client worked. */
uint32_t server_effort_asked(const struct server *s);
uint32_t server_effort_enough(const struct server *s);

enum server_turn {
	SERVER_TURN_NOW,
	SERVER_TURN_LATER, /* server_intake_shake will be called */
	SERVER_TURN_NEVER, /* those who wait have shown more, or as much */
};

/* Takes a handshake from the budget, for who has shown that effort. */
enum server_turn server_effort_take(struct server *s, struct server_conn *c,
    uint32_t effort);

/* c waits no more. */
void server_effort_leave(struct server *s, const struct server_conn *c);

/* Takes what else an admitted client costs; the budget may go below zero. */
void server_effort_charge(struct server *s, int handshakes);

/*
 * Work that counts for so many handshakes begins; and all that has begun in
 * this round has ended. What it took by the clock is charged if that is more:
 * on a slow machine, or a busy one, the budget is one of time.
 */
void server_effort_begin(struct server *s, int handshakes);
void server_effort_end(struct server *s);

#endif
