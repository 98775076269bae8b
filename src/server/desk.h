/*
 * desk - where the messages of clients arrive: who may say what when, and
 * which function deals with it.
 */
#ifndef SERVER_DESK_H
#define SERVER_DESK_H

#include "server/core.h"

/* The context of the two functions below. */
struct server_desk {
	struct server *s;
	struct server_conn *c;
};

/* A wire_cap_fn: how long a message of this type may be in the state that
 * the connection is in; one that must not come is refused. */
uint32_t server_desk_cap(uint8_t type, void *desk);

/* A wire_message_fn. Fails with GONE when the message has ended the
 * connection: nothing after it counts. */
MUST_USE enum err server_desk_message(uint8_t type, struct bytes body,
    void *desk);

#endif
