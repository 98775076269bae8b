/*
 * passes - what the server has given this device for when it is busy: each
 * lets it in once without work. They rest in the state file, sealed.
 */
#ifndef CLIENT_PASSES_H
#define CLIENT_PASSES_H

#include "client/client.h"
#include "pact/guard.h"

/* No holes. */
struct client_passes {
	uint64_t until_s; /* until when the newest of them hold */
	uint64_t n;
	uint8_t at[WIRE_PASSES_MAX][PACT_GUARD_PASS_LEN];
};

/* Takes one out; returns whether there was one. */
bool client_passes_take(struct client *c, uint8_t pass[PACT_GUARD_PASS_LEN]);

/* The server has given some; kept if those that are here are few, or will
 * not hold much longer. Fails with DECODE. */
MUST_USE enum err client_passes_on_given(struct client *c,
    const struct wire_PASSES *m);

#endif
