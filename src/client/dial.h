/*
 * dial - which addresses a client connects to because somebody else says so.
 *
 * A caller dials what the server passes on from the callee. So that nobody
 * turns a client into a scanner of its own network, well-known ports are
 * out, and the addresses of a machine or a local network count only for a
 * client that reaches its server through such an address itself.
 */
#ifndef CLIENT_DIAL_H
#define CLIENT_DIAL_H

#include "base/bytes.h"
#include "wire/messages.h"

enum client_scope {
	CLIENT_SCOPE_NEVER, /* unspecified, multicast, reserved */
	CLIENT_SCOPE_LOOPBACK,
	CLIENT_SCOPE_LOCAL, /* link-local or private */
	CLIENT_SCOPE_PUBLIC,
};

enum client_scope client_dial_scope(const uint8_t ip[16]);

/* Returns whether a client whose server is at `server` may dial `to`. */
bool client_dial_is_allowed(const struct wire_endpoint *to,
    const struct wire_endpoint *server);

#endif
