/*
 * conn - connections: what comes in, cut into records, and what goes out.
 *
 * Each belongs to the channel or to a line, which is told of what happens
 * through a table. A connection without an owner only waits for its end.
 * Bytes on their way out stay where they are until the shell says that they
 * have left.
 */
#ifndef CLIENT_CONN_H
#define CLIENT_CONN_H

#include "base/list.h"
#include "base/wr.h"
#include "client/client.h"

/* Records, put together from bytes that arrive cut up in any way. */
struct client_inbox {
	struct wr held; /* the start of a record; grows */
};

/* Called with a record, which may be overwritten. OK to go on. */
typedef enum err client_record_fn(void *ctx, uint8_t *record, size_t n);

/*
 * Takes bytes in and calls on_record for each whole record of them. Fails
 * with TOO_BIG, NOMEM, or what on_record returned.
 */
MUST_USE enum err client_inbox_feed(struct client_inbox *inbox,
    struct bytes in, client_record_fn *on_record, void *ctx);
void client_inbox_free(struct client_inbox *inbox);

struct client_conn;

struct client_conn_owner {
	void (*connected)(void *ctx, struct client_conn *conn);
	void (*bytes)(void *ctx, struct bytes in);
	void (*closed)(void *ctx, enum err err);
};

struct client_chunk {
	struct client_chunk *next;
	size_t n, left;
	uint8_t *p;
};

struct client_conn {
	struct link link;
	client_link id;
	const struct client_conn_owner *owner; /* NULL: nobody's any more */
	void *ctx;
	bool is_connected, is_closing;
	struct wire_endpoint local, peer;
	struct client_chunk *first, *last;
	size_t out; /* bytes in chunks */
};

/* A new connection that the shell is yet to be asked for; NULL: no memory. */
struct client_conn *client_conn_new(struct client *c,
    const struct client_conn_owner *owner, void *ctx);

/* Returns the connection of this number, or NULL. */
struct client_conn *client_conn_find(struct client *c, client_link id);

/* Sends what w holds, and takes its buffer. Fails with NOMEM. */
MUST_USE enum err client_conn_send(struct client *c,
    struct client_conn *conn, struct wr *w);

/* Takes a connection from its owner and has it closed. */
void client_conn_close(struct client *c, struct client_conn *conn,
    bool at_once);

/* n bytes have left; the connection is over. For client.c. */
void client_conn_sent(struct client_conn *conn, size_t n);
void client_conn_free(struct client_conn *conn);

#endif
