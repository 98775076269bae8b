/*
 * conn - one connection: from accept to its last byte.
 *
 * Slots, buffers, what is said, pings, deadlines, and the end. What comes in
 * is taken apart in intake.c; what messages mean is not known in either:
 * server/desk.h says who may say what when, and has it done.
 */
#ifndef SERVER_CONN_H
#define SERVER_CONN_H

#include "server/core.h"

/* Makes the tables of connections. Fails with NOMEM. */
MUST_USE enum err server_conn_tables(struct server *s);

/* Releases all connections, and the tables. */
void server_conn_free_tables(struct server *s);

/* Returns the session or channel that ref names, or NULL if it is gone. */
struct server_conn *server_conn_find(struct server *s, struct server_ref ref);

/* Returns the name of a connection for other shards. */
struct server_ref server_conn_ref(const struct server *s,
    const struct server_conn *c);

/* Gives message to be said with the next flush. A connection whose client
 * does not read is dropped once too much waits for it. */
void server_conn_say(struct server *s, struct server_conn *c,
    enum wire_type type, const void *message);

/* The same for a message that is encoded already, header and all. */
void server_conn_say_raw(struct server *s, struct server_conn *c,
    struct bytes encoded);

/* Says ERROR or DONE for a request. */
void server_conn_error(struct server *s, struct server_conn *c, uint32_t req,
    enum wire_error code, uint32_t wait_ms);
void server_conn_done(struct server *s, struct server_conn *c, uint32_t req);

/* Returns a writer for messages of c, or NULL (out of memory; c is then
 * dropped, as it is when it is over its limit). For the relay. */
struct wr *server_conn_writer(struct server *s, struct server_conn *c);

/* Says why, and closes once that has left. Ends the session, if any; its
 * key is wiped before this returns. */
void server_conn_end(struct server *s, struct server_conn *c,
    enum wire_close reason);

/* Closes at once, without a word. */
void server_conn_drop(struct server *s, struct server_conn *c);

/* ---- for intake.c ---- */

/* Returns the buffer of c's first record, SERVER_ENTRY bytes. */
uint8_t *server_conn_entry(const struct server *s,
    const struct server_conn *c);

/* The channel stands: vault and login are there, the entry goes back. */
void server_conn_opened(struct server *s, struct server_conn *c);

/* Hands answer to the shell as it is, and closes once that has left, whether
 * the client closes or not. For a connection that has no channel yet. */
void server_conn_dismiss(struct server *s, struct server_conn *c,
    struct bytes answer);

/* Wipes and releases the keys of the channel. */
void server_conn_free_vault(struct server_conn *c);

/* ---- for login.c ---- */

/* The connection is logged in from now on; its deadline is one for pings. */
void server_conn_logged(struct server *s, struct server_conn *c);

#endif
