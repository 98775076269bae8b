/*
 * proxy - somebody on the wire, who has no keys.
 *
 * It stands before the server, or before somebody who is called, and is shown
 * each record that passes, with its length in front: to let it pass, changed
 * or not, to keep it, and to send others whenever it likes, in either
 * direction.
 */
#ifndef SIM_PROXY_H
#define SIM_PROXY_H

#include "base/wr.h"
#include "sim/inside.h"

/* Out of the end that it stands before, and into it. */
enum proxy_way { PROXY_OUT, PROXY_IN };

struct proxy;

/* One connection. */
struct proxy_wire {
	struct proxy *proxy;
	struct world_end *end;
	struct wr held[2];   /* bytes of a record that is not whole */
	unsigned records[2]; /* that were seen before this one */
	struct proxy_wire *next;
};

/* Is shown a record, which it may change; returns whether it passes. */
typedef bool proxy_fn(struct proxy_wire *wire, enum proxy_way way,
    struct wr *record);

struct proxy {
	struct world *world;
	proxy_fn *on_record;
	struct proxy_wire *wires; /* the newest first */
	struct world_crook crook;
};

/* Stands before the server of w, from its next connection on. */
struct proxy *proxy_server(struct world *w);

/* Stands before p, when others connect to it directly. */
struct proxy *proxy_program(struct program *p);

/* Releases it, after its world. */
void proxy_free(struct proxy *proxy);

/* Sends bytes, which arrive after all that was sent before. */
void proxy_send(struct proxy_wire *wire, enum proxy_way way,
    struct bytes bytes);

/* Returns the newest open connection whose other end is p's, or NULL. */
struct proxy_wire *proxy_find(struct proxy *proxy, const struct program *p);

#endif
