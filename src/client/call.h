/*
 * call - the caller's side of being introduced: asking for somebody, then
 * trying the ways to them until one line stands.
 *
 * Directly first; when that has not worked within a second, through the
 * server as well, and whoever is first wins. When nothing works, we ask once
 * more. When both people call at once, the line with the lower ticket id
 * survives at both ends: the one with the higher id waits for the other a
 * little before it shows its own.
 */
#ifndef CLIENT_CALL_H
#define CLIENT_CALL_H

#include "base/wheel.h"
#include "client/line.h"

enum client_call_state {
	CLIENT_CALL_NONE,
	CLIENT_CALL_ASKED,   /* WANT was said */
	CLIENT_CALL_DIALING, /* lines are being tried */
	CLIENT_CALL_TWIN,    /* ours stands; the other one is waited for */
};

struct client_call {
	enum client_call_state state;
	uint8_t nonce[16];
	uint8_t id[16];          /* of the ticket */
	struct client_peer peer;
	uint8_t paths;           /* WIRE_PATH_, as both sides allow */
	uint8_t ticket[WIRE_TICKET_MAX];
	size_t ticket_n;
	unsigned asks;
	bool is_relayed;         /* the relay was tried with this ticket */
	bool avoids_direct;      /* it has failed before */
	struct timer timer;
};

struct bytes client_call_ticket(const struct client_command *cmd);

/* Returns whether a call to name is under way. */
bool client_call_is_to(const struct client *c, const struct wire_name *name);

/* A caller's line may say message 1: no other line on its path has. */
bool client_call_may_begin(const struct client_line *line);

/* A caller's line stands. */
void client_call_won(struct client_line *line);

/* A caller's line that did not come to stand is gone. */
void client_call_lost(struct client *c, struct client_command *cmd,
    const struct client_report *why);

/* A callee's line stands. Twin: whether our own call to the same device has
 * a lower id, and this line must go. Joined: it stays, and our own call, if
 * there is one, has found its end in it. */
bool client_call_twin(const struct client_line *line);
void client_call_joined(struct client_line *line);

/* The command ends: gives up what it was doing. */
void client_call_stop(struct client *c, struct client_command *cmd);

#endif
