/*
 * introduction - the callee's side of being introduced: whether we want to
 * speak with somebody, and who may then come with a ticket.
 *
 * Consent comes before addresses: only who is accepted is told where we are.
 * The ticket that the server then gives to the caller opens under our
 * session key; it counts once, only for this caller, only for a while on our
 * own clock, and dies with the key.
 */
#ifndef CLIENT_INTRODUCTION_H
#define CLIENT_INTRODUCTION_H

#include "base/list.h"
#include "base/wheel.h"
#include "client/line.h"

struct client_introduction {
	struct link link;
	uint8_t id[16];
	uint32_t session;  /* its number for the person */
	struct client_peer peer;
	uint8_t paths;     /* WIRE_PATH_, as both sides allow */
	bool is_accepted;
	bool is_spent;     /* a ticket's message 1 has opened */
	struct timer timer;
};

/* Returns the paths that this client allows. */
uint8_t client_introduction_paths(const struct client *c);

MUST_USE enum err client_introduction_on_asked(struct client *c,
    const struct wire_INTRODUCTION *m);
void client_introduction_on_over(struct client *c,
    const struct wire_INTRODUCTION_OVER *m);

/* The person's answer. Fails with GONE: there is no such question. */
MUST_USE enum err client_introduction_answer(struct client *c,
    uint32_t session, bool accept);

/* Returns the accepted introduction with this id, or NULL. */
struct client_introduction *client_introduction_find(struct client *c,
    const uint8_t id[16]);

/* Returns whether the same device was accepted here with a lower id, and is
 * still to come. */
bool client_introduction_has_lower(struct client *c,
    const struct client_peer *peer, const uint8_t id[16]);

/*
 * Checks a ticket. Fails with STATE (no session), DECODE or AUTH (it does
 * not open), GONE (not accepted here), KEY (not this caller's, or not for
 * this path), EXPIRED, REPLAY. No public-key operation is done.
 */
MUST_USE enum err client_introduction_admit(struct client *c,
    struct bytes ticket, enum sotto_path path,
    struct client_introduction **out);

/* Forgets all of them: the session key is gone. */
void client_introduction_clear(struct client *c);

#endif
