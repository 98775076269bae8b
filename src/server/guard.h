/*
 * guard - who is let in, in the order of what refusing costs.
 *
 * Size and version; mac1; the budget of the source; the pass, if one is
 * required, with the table of spent ones; the budget of the server; only then
 * the first multiplication. Until a first record is admitted, a connection
 * costs its slot and one buffer of a table made at the start. Whoever is
 * refused gets no byte, but for the challenge that asks for a pass.
 */
#ifndef SERVER_GUARD_H
#define SERVER_GUARD_H

#include "server/core.h"

/* Makes the table of sources. Fails with NOMEM. */
MUST_USE enum err server_guard_tables(struct server *s);

/* Counts a connection from this source; returns whether it may stay. It is
 * counted either way, until server_guard_leave. */
bool server_guard_enter(struct server *s, struct server_conn *c,
    const server_addr *from);
void server_guard_leave(struct server *s, struct server_conn *c);

enum server_guard_verdict {
	SERVER_GUARD_REFUSED,
	SERVER_GUARD_ASKS_KEY,
	SERVER_GUARD_WANTS_PASS, /* to be answered by a challenge */
	SERVER_GUARD_WAITS,      /* its turn will come */
	SERVER_GUARD_ADMITTED,
};

/* Judges a first record (without its two bytes of length). */
enum server_guard_verdict server_guard_judge(struct server *s,
    struct server_conn *c, struct bytes record);

/* Returns whether an address is this machine's own. */
bool server_guard_is_loopback(const server_addr *from);

/* Returns a keyed hash of a source: an IPv4 address, or the first 64 bits of
 * an IPv6 one. */
uint64_t server_guard_source(const struct server *s, const server_addr *from);

#endif
