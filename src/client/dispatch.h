/*
 * dispatch - who is told of which message of the server's.
 */
#ifndef CLIENT_DISPATCH_H
#define CLIENT_DISPATCH_H

#include "client/client.h"

/* Gives the struct of type to whoever it is for. Fails with STATE for what
 * is not expected, or as the one who was told. */
MUST_USE enum err client_dispatch(struct client *c, enum wire_type type,
    const void *message);

#endif
