/*
 * buffer - what waits for the client of a connection, and the part of a
 * record that waits for the rest.
 *
 * A connection has buffers exactly as long as something is in them. What
 * they take in all connections together is counted, and bounded: when it is
 * more than the configuration allows, the connection for which most waits
 * is dropped, then the next, until it is enough. So the many who do not
 * read cost no more memory than that, and those who do are left alone.
 */
#ifndef SERVER_BUFFER_H
#define SERVER_BUFFER_H

#include "server/core.h"

/* Returns c's buffers, made if need be. NULL: out of memory. */
struct server_io *server_buffer_get(struct server *s, struct server_conn *c);

/* Counts what c's buffers take, and gives them back if nothing is in them;
 * to be called when something has changed in them. */
void server_buffer_tidy(struct server *s, struct server_conn *c);

/* Gives c's buffers back, with what is in them. */
void server_buffer_release(struct server *s, struct server_conn *c);

/* Releases the buffers that are kept for the next who needs some. */
void server_buffer_free_spares(struct server *s);

/* Returns how many bytes wait at the server for c's client. */
size_t server_buffer_waiting(const struct server_conn *c);

/* Hands a copy of bytes to the shell as they are. Fails with NOMEM, or with
 * LIMIT when a stranger would get more bytes than have come from them. */
MUST_USE enum err server_buffer_send(struct server *s, struct server_conn *c,
    struct bytes out);

/* Forgets n bytes of what was handed to the shell: they have left. */
void server_buffer_sent(struct server_conn *c, size_t n);

/* Seals into records what is pending for c, and hands them to the shell.
 * Fails with NOMEM, or as pact_channel_seal does. */
MUST_USE enum err server_buffer_seal(struct server *s, struct server_conn *c);

/* Drops connections, those for which most waits first, while all of them
 * together are over the bound. */
void server_buffer_bound(struct server *s);

#endif
