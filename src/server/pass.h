/*
 * pass - what a first record shows when one is required: a solved puzzle, or
 * a one-time pass of a known device.
 *
 * A challenge is a MAC of source and minute under a key of that minute: the
 * server keeps nothing of it, and it is good for that source until the next
 * minute ends. A device's pass is sealed under a key of the server's own and
 * says until when it holds, nothing else: nobody but the server can read
 * that, and not even the server who it was made for.
 *
 * Whatever has been shown is spent. The table of that has a fixed size, in
 * sets; a set that is full gives up the device's pass that would expire
 * first, and from then on takes none that expires as early: no pass is good
 * twice. The key outlives the process and the table does not, so a restart
 * makes a device's pass good once more; the same holds between shards.
 */
#ifndef SERVER_PASS_H
#define SERVER_PASS_H

#include "server/core.h"

/* Makes the table, and the key of devices' passes. Fails with NOMEM. */
MUST_USE enum err server_pass_tables(struct server *s);

/* Makes the challenge for a source, now. */
void server_pass_challenge(struct server *s, uint64_t source,
    uint8_t challenge[PACT_GUARD_CHALLENGE_LEN]);

/*
 * Checks what a first record shows, and spends it. Returns the effort shown,
 * SERVER_EFFORT_DEVICE for a device, or 0: nothing that holds. Cheapest
 * first; never touches a public key.
 */
uint32_t server_pass_check(struct server *s, uint64_t source,
    struct bytes record, const struct pact_guard_first *first);

/* Appends PASSES for a device of a, whose budget of them has a pace; nothing
 * when that is used up. */
MUST_USE enum err server_pass_give(struct server *s,
    struct server_account *a, struct wr *w);

#endif
