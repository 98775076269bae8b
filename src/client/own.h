/*
 * own - this account's own roster: reading what the server shows, and making
 * the next version.
 */
#ifndef CLIENT_OWN_H
#define CLIENT_OWN_H

#include "base/wr.h"
#include "client/account.h"
#include "client/client.h"
#include "pact/roster.h"

struct client_own {
	struct pact_roster *roster; /* NULL: none known */
	struct wr bytes;            /* as signed; grows */
};

void client_own_free(struct client_own *own);

/*
 * Takes over a roster. Fails with DECODE or AUTH (form and signatures), KEY
 * (not of this account's name and identity key), ROLLBACK (its version is
 * below `seen`), NOMEM; own is then as it was.
 */
MUST_USE enum err client_own_take(struct client_own *own, struct bytes in,
    const struct client_account *account, uint64_t seen);

/* Returns this machine's entry, or NULL. */
const struct pact_roster_entry *client_own_find(const struct client_own *own,
    const uint8_t device[PACT_DEVICE_ID_LEN]);

/* How the next version differs: without a device, with this one. */
struct client_own_change {
	const uint8_t *without;                 /* device id, or NULL */
	const struct pact_roster_entry *with;   /* or NULL */
	uint64_t now_s;
};

/*
 * Appends the next version, signed; expired entries are left out. own may be
 * without a roster: then it is the account's first. Fails with LIMIT: too
 * many devices.
 */
MUST_USE enum err client_own_next(const struct client_own *own,
    const struct client_account *account,
    const struct client_own_change *change, const uint8_t identity_seed[32],
    struct wr *w);

/* Fills this machine's entry from its keys, and signs it. */
MUST_USE enum err client_own_entry(const struct client *c,
    struct pact_roster_entry *entry);

#endif
