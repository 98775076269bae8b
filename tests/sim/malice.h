/*
 * malice - a server, or a peer, that lies.
 *
 * Its core is the real one, and honest; between the core and its connections
 * stands somebody who has the core's keys. Every channel's keys are taken in
 * the moment in which it comes to stand; from then on each record, in either
 * direction, is opened, its messages are shown to a lie, which lets them
 * pass, or does something else, and what is left is sealed anew. So a lie can
 * drop, alter, repeat, reorder and invent messages, at any time, and neither
 * end can tell by the channel.
 */
#ifndef SIM_MALICE_H
#define SIM_MALICE_H

#include "pact/channel.h"
#include "pact/roster.h"
#include "sim/world.h"
#include "wire/messages.h"

struct malice;

/* One connection of the liar's. */
struct malice_link {
	struct malice *malice;
	struct world_end *end;
	struct malice_link *next;
	bool stands;                       /* the keys are here */
	struct pact_channel victim, core;  /* towards either side */
	struct wr to_victim, to_core;      /* messages that wait; grow */
	struct wr from_victim, from_core;  /* bytes of a record not whole */
	struct wr last;                    /* the newest record as sent */
	unsigned said;                     /* messages of the core so far */
	uint8_t key[PACT_SESSION_KEY_LEN]; /* a server's: K, when logged in */
};

/* Is shown a message; returns whether it passes. */
typedef bool malice_fn(struct malice_link *l, uint8_t type,
    struct bytes body);

/* Is shown a record of a handshake, to be altered in place; returns whether
 * it passes. */
typedef bool malice_raw_fn(struct malice_link *l, bool is_core,
    uint8_t *record, size_t n);

#define MALICE_DIALS 32

struct malice {
	struct world *world;
	malice_fn *on_said;  /* what the core says; NULL: all pass */
	malice_fn *on_heard; /* what the victim says */
	malice_raw_fn *on_raw;
	struct malice_link *links;
	struct wire_endpoint dials[MALICE_DIALS]; /* of anybody's lines */
	size_t dialled;
	struct world_crook *crook;
};

/* Makes the server of w a liar, from its next connection on. */
struct malice *malice_server(struct world *w);

/* Makes p one, on its direct lines; the server is honest. */
struct malice *malice_peer(struct program *p);

/* Releases it, after its world. */
void malice_free(struct malice *m);

/* Returns the newest open connection of the server with p; or of a lying
 * peer with p. NULL: there is none. */
struct malice_link *malice_find(struct malice *m, const struct program *p);

/* The program at the other end. */
struct program *malice_victim(const struct malice_link *l);

/* Says a message to the victim, or to the core: now, or, out of a lie, with
 * what passes. malice_put takes any type and any body. */
void malice_say(struct malice_link *l, enum wire_type type,
    const void *message);
void malice_put(struct malice_link *l, uint8_t type, struct bytes body);
void malice_tell(struct malice_link *l, enum wire_type type,
    const void *message);
void malice_flush(struct malice_link *l);

/* Sends bytes as they are. */
void malice_bytes(struct malice_link *l, struct bytes bytes);

/* Seals plaintext of exactly this size as one record, no class looked at. */
void malice_record(struct malice_link *l, struct bytes plain);

#endif
