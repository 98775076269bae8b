/*
 * introduction - bringing a caller and a callee together.
 *
 *	A's session   WANT, one at a time        -> home of A
 *	home of A     adds A's roster            -> home of B   (QUESTION)
 *	home of B     INTRODUCTION to each of B's hosting sessions, and waits
 *	B's session   ANSWER                     -> home of B
 *	home of B     the first yes wins         -> B's session (SEAL)
 *	B's session   seals a ticket under its session key
 *	                                         -> A's session (OUTCOME)
 *	A's session   INTRODUCED, or ERROR when all refuse, are gone, or take
 *	              too long
 *
 * The question lives at the home of B, where its sessions are known. A
 * ticket is sealed where the session's key is, and nowhere else.
 */
#ifndef SERVER_INTRODUCTION_H
#define SERVER_INTRODUCTION_H

#include "server/bus.h"

/* ---- at the session ---- */

/* The client's messages. */
MUST_USE enum err server_introduction_ask(struct server *s,
    struct server_conn *c, const struct wire_WANT *m, struct bytes body);
MUST_USE enum err server_introduction_unwant(struct server *s,
    struct server_conn *c, const struct wire_UNWANT *m);

/* Withdraws the question of a session that ends, if it has one. */
void server_introduction_withdraw(struct server *s, struct server_conn *c);

/* SEAL at the callee's session, OUTCOME at the caller's. c may be NULL. */
void server_introduction_seal(struct server *s, struct server_conn *c,
    const struct server_letter *letter);
void server_introduction_outcome(struct server *s, struct server_conn *c,
    const struct server_letter *letter);

/* ---- at the homes ---- */

/* WANT, at the home of the caller, whose account a is. */
void server_introduction_want(struct server *s, struct server_account *a,
    const struct server_letter *letter, const struct wire_WANT *m);

/* Whether verdict and paths of an ANSWER are known ones. */
bool server_introduction_is_answer(const struct wire_ANSWER *m);

/* The question, its answer and its withdrawal, at the home of the callee. */
void server_introduction_question(struct server *s,
    const struct server_letter *letter);
void server_introduction_answer(struct server *s,
    const struct server_letter *letter, const struct wire_ANSWER *m);
void server_introduction_unask(struct server *s,
    const struct server_letter *letter);

/* A session of callee is over: it will not answer any more. */
void server_introduction_gone(struct server *s,
    const struct wire_name *callee, struct server_ref ref);

/* Releases all questions. */
void server_introduction_free_all(struct server *s);

#endif
