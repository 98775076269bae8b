/*
 * people - who there is: the list, statuses, safety numbers, oneself.
 */
#ifndef CLIENT_PEOPLE_H
#define CLIENT_PEOPLE_H

#include "client/client.h"
#include "pact/roster.h"

/* How much somebody's roster is to be believed. */
enum client_trust {
	CLIENT_TRUST_YES,
	CLIENT_TRUST_CHANGED,  /* signed by another identity key */
	CLIENT_TRUST_OLDER,    /* older than one that was seen */
	CLIENT_TRUST_BROKEN,   /* malformed, or not signed as it should be */
};

/*
 * Reads a roster that the server shows for a name, and holds it against the
 * pin. A newer version, or a name without a pin, is not noted down here:
 * see client_people_note.
 */
enum client_trust client_people_read(const struct client *c,
    const struct wire_name *name, struct bytes bytes,
    struct pact_roster *roster);

struct client_peer;

/* Fills in whom that device of a roster stands for; returns false, and leaves
 * *peer, where the roster does not have it (any more). */
bool client_people_peer(const struct client *c,
    const struct pact_roster *roster,
    const uint8_t device[PACT_DEVICE_ID_LEN], struct client_peer *peer);

/* Says what is wrong with it, loudly, and returns the same as a report. */
struct client_report client_people_alarm(struct client *c,
    const struct wire_name *name, enum client_trust trust);

/* Pins the identity key of a roster at its first use, or notes that this
 * version of it was seen. */
void client_people_note(struct client *c, const struct wire_name *name,
    const uint8_t identity[32], uint64_t roster_version);

/* Ends the commands that have confirmed a key: well, once all pins are at the
 * server (NULL), or with what became of that. */
void client_people_confirmed(struct client *c,
    const struct client_report *report);

void client_people_on_presence(struct client *c,
    const struct wire_PRESENCE *m);

#endif
