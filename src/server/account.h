/*
 * account - the people of this server, as their home shard keeps them in
 * memory: who they are, which devices they have, which sessions live.
 *
 * Read from the store at the start, and changed when the store has said that
 * a change is durable, never before. Passwords' records and boxes stay in
 * the store. The directory is an array in order of name.
 */
#ifndef SERVER_ACCOUNT_H
#define SERVER_ACCOUNT_H

#include "pact/roster.h"
#include "server/core.h"

/* Asks the store for all accounts; the server is ready when they are here. */
void server_account_load(struct server *s);

/* Releases the directory. */
void server_account_free_all(struct server *s);

/* Returns the account of a name, or NULL. */
struct server_account *server_account_get(const struct server *s,
    const struct wire_name *name);

/* Returns the account that is looked at in the place of one that is not
 * there, any of them, but for a name the same one; NULL when there is none. */
const struct server_account *server_account_other(const struct server *s,
    const struct wire_name *name);

/* Returns the place of the first account with a name greater than after
 * (NULL: of the first). */
size_t server_account_after(const struct server *s,
    const struct wire_name *after);

/*
 * Memory for what the store is asked to change: taken before it is asked, so
 * that what it has done can be shown at once, and is not confirmed to one
 * and unknown to all others.
 */
struct server_room {
	uint8_t *roster;
	struct server_account *account;
};

/* Takes what a name with a roster of n bytes will need. NOMEM. */
MUST_USE enum err server_account_reserve(struct server *s,
    const struct wire_name *name, size_t n, struct server_room *room);

/* Frees what of it was not used up. */
void server_account_release(struct server_room *room);

/* Makes the account of what is stored now, or makes it again. Sessions of an
 * account that is there stay. room may be NULL; what was reserved there is
 * used up. Fails with NOMEM (not with room) or DECODE. */
MUST_USE enum err server_account_put(struct server *s,
    const struct store_account *stored, struct server_room *room);

/* Replaces the roster by one that is stored. The same. */
MUST_USE enum err server_account_set_roster(struct server_account *a,
    uint64_t version, struct bytes roster, struct server_room *room);

/* Forgets an account; its sessions are ended. */
void server_account_remove(struct server *s, struct server_account *a);

/* Returns whether a device is in the roster and may be used now; *entry gets
 * what the roster says of it. */
bool server_account_device(const struct server *s,
    const struct server_account *a, const uint8_t id[PACT_DEVICE_ID_LEN],
    struct pact_roster_entry *entry);

/* Returns how many devices the roster has now. */
uint8_t server_account_devices(const struct server *s,
    struct server_account *a);

struct bytes server_account_roster(const struct server_account *a);

#endif
