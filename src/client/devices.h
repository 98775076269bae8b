/*
 * devices - the account's devices: listing them, and removing one.
 */
#ifndef CLIENT_DEVICES_H
#define CLIENT_DEVICES_H

#include "client/command.h"

/*
 * Says CHANGE with the next roster, without a device, and everything sealed
 * anew under a new data key, which the removed device does not know. The
 * new identity is kept in cmd->person until client_devices_adopt.
 */
MUST_USE enum err client_devices_exclude(struct client *c,
    struct client_command *cmd, const uint8_t device[PACT_DEVICE_ID_LEN]);

/* The server has made that change: takes over keys and versions. */
void client_devices_adopt(struct client *c, struct client_command *cmd);

#endif
