/*
 * relay - streams: the bytes of a line, through the server.
 *
 * A caller opens one with the id of a ticket that it was given and that is
 * not used or too old. Each end has half of the stream: a number of its own,
 * and the credit that the other end has given it. Data is copied once, out
 * of the opened record into what waits for the peer; the server makes no
 * credit, so what waits is bounded by what the peers have granted.
 */
#ifndef SERVER_RELAY_H
#define SERVER_RELAY_H

#include "server/bus.h"

/* The client's messages. */
MUST_USE enum err server_relay_open(struct server *s, struct server_conn *c,
    const struct wire_STREAM_OPEN *m);
MUST_USE enum err server_relay_data(struct server *s, struct server_conn *c,
    struct bytes body);
MUST_USE enum err server_relay_credit(struct server *s,
    struct server_conn *c, const struct wire_STREAM_CREDIT *m);
MUST_USE enum err server_relay_close(struct server *s, struct server_conn *c,
    const struct wire_STREAM_CLOSE *m);

/* What the other end's shard says. c may be NULL. */
void server_relay_letter(struct server *s, struct server_conn *c,
    const struct server_letter *letter);

/* Ends all streams of a session that ends. */
void server_relay_end_all(struct server *s, struct server_conn *c);

#endif
