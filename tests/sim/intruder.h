/*
 * intruder - a client without scruples, and without a core.
 *
 * It speaks the channel's protocol message by message, as it likes: begins a
 * login and leaves it, shows a code that is not its own, comes again and
 * again from new addresses. What the server says to it is kept, the newest of
 * each type.
 */
#ifndef SIM_INTRUDER_H
#define SIM_INTRUDER_H

#include "noise/handshake.h"
#include "opaque/client.h"
#include "pact/channel.h"
#include "sim/run.h"

struct intruder {
	struct intruder *next;
	struct run *run;
	struct world_conn *conn;
	struct noise_handshake hs;
	struct pact_channel channel;
	uint8_t h[HASH_MAX_LEN];
	struct wr in;                /* bytes of a record that is not whole */
	bool is_up;
	unsigned got[256];           /* messages, by type */
	struct wr last[256];         /* the newest one's body */
	uint32_t req;
	struct opaque_login login;
	struct wire_LOGIN_FINISH finish;
};

/* Connects from an address of its own and shakes hands. NULL: the server
 * does not let it in. */
struct intruder *intruder_new(struct run *r);

/* Goes away. What it was told stays, until the run ends. */
void intruder_leave(struct intruder *i);

/* Says a message; returns whether an answer of this type comes within so
 * long. */
bool intruder_ask(struct intruder *i, enum wire_type type,
    const void *message, enum wire_type answer, uint64_t ms);

/* Begins a password login: says KE1, and makes KE3 of the answer, to be said
 * whenever it likes. Returns whether KE2 came and the password is right. */
bool intruder_begin_login(struct intruder *i, const char *name,
    const char *password);

/* Hears what the server says; for the run's crook. */
void intruder_heard(void *ctx, struct world_end *end, struct bytes bytes);

/* Releases all of a run, after its world. */
void intruder_free_all(struct run *r);

#endif
