/*
 * login - registering, logging in, and making this machine a device
 * (docs/PROTOCOL.md, section 4). The steps of a session until it is READY.
 */
#ifndef CLIENT_LOGIN_H
#define CLIENT_LOGIN_H

#include "client/session.h"

/* The channel stands: says the first message of the session's goal. */
void client_login_start(struct client *c);

/* Answers of the server; each fails with STATE when it is not due. */
MUST_USE enum err client_login_on_register_reply(struct client *c,
    const struct wire_REGISTER_REPLY *m);
MUST_USE enum err client_login_on_reply(struct client *c,
    const struct wire_LOGIN_REPLY *m);
MUST_USE enum err client_login_on_ok(struct client *c,
    const struct wire_LOGIN_OK *m);
void client_login_on_error(struct client *c, const struct wire_ERROR *m);

/* Starts to stretch for OPAQUE, whose salt is all zeros. */
MUST_USE enum err client_login_stretch(struct client *c,
    struct ksf_params params, const uint8_t in[64],
    void (*done)(struct client *c, enum err err, const uint8_t *stretched));

#endif
