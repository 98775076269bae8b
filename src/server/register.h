/*
 * register - becoming somebody: an invite's code, a password's record.
 *
 * The OPRF is evaluated only for somebody who shows a valid invite, and only
 * a few times for one. The record, the boxes and the first roster are
 * written in one transaction that uses the invite up; DONE is said when it
 * is durable.
 */
#ifndef SERVER_REGISTER_H
#define SERVER_REGISTER_H

#include "server/bus.h"

/* REGISTER_START and REGISTER_FINISH, in a channel without a session. */
MUST_USE enum err server_register_start(struct server *s,
    struct server_conn *c, const struct wire_REGISTER_START *m);
MUST_USE enum err server_register_finish(struct server *s,
    struct server_conn *c, const struct wire_REGISTER_FINISH *m,
    struct bytes body);

/* The answer to a code that was shown. c may be NULL. */
void server_register_tried(struct server *s, struct server_conn *c,
    const struct server_letter *letter);

/* At the home of the name: tries a code, makes an account. */
void server_register_try(struct server *s,
    const struct server_letter *letter);
void server_register_create(struct server *s,
    const struct server_letter *letter);

/* Writes the hash under which the store keeps a code. */
void server_register_hash(const uint8_t code[WIRE_CODE_LEN],
    uint8_t hash[32]);

#endif
