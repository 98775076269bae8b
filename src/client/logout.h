/*
 * logout - the confirmed end of a session, in three messages, so that nobody
 * else ends it: a challenge, its answer under the session key with one back,
 * and that one's answer. Then both ends forget the key.
 */
#ifndef CLIENT_LOGOUT_H
#define CLIENT_LOGOUT_H

#include "client/command.h"

MUST_USE enum err client_logout_on_reply(struct client *c,
    const struct wire_LOGOUT_REPLY *m);

/* The last of the three was said: ends the session, and the commands that
 * lived on it. For the session, at a flush. */
void client_logout_finish(struct client *c);

/* The session has failed: whether that is all right, because the device is
 * off the roster already; what is left is to wipe the files. */
bool client_logout_survives(struct client *c, struct client_command *cmd);

#endif
