/*
 * passwd - changing the password: a new OPAQUE record, and both boxes sealed
 * anew, in one change at the server.
 *
 * When the connection is lost before the server's answer, nobody knows which
 * password is valid. Then the new one is tried, and after it the old one.
 */
#ifndef CLIENT_PASSWD_H
#define CLIENT_PASSWD_H

#include "client/command.h"

/* The session has failed: whether the command goes on in another one. */
bool client_passwd_survives(struct client *c, struct client_command *cmd,
    const struct client_report *report);

#endif
