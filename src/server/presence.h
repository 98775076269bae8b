/*
 * presence - who is here: the sessions (seats) of each account, the status
 * that others see, and who is told.
 *
 * A person is online while any session lives. Sessions that host are
 * announced to all others that do; short ones, of a command that looks
 * something up, only show in lists. Invisible is shown as offline.
 */
#ifndef SERVER_PRESENCE_H
#define SERVER_PRESENCE_H

#include "server/bus.h"

/* Returns the session's seat, or NULL. */
struct server_seat *server_presence_seat(const struct server_account *a,
    struct server_ref ref);

/* Seats a new session. Fails with LIMIT or NOMEM. */
MUST_USE enum err server_presence_join(struct server *s,
    struct server_account *a, const struct server_seat *seat);

/* Takes a seat away, if it is there, and what hangs on it. */
void server_presence_leave(struct server *s, struct server_account *a,
    struct server_ref ref);

/* Ends all sessions but one (NULL: all). */
void server_presence_end_all(struct server *s, struct server_account *a,
    const struct server_ref *but);

/* Ends the sessions of a device but one (NULL: none excepted); they are told
 * the reason. */
void server_presence_end_device(struct server *s, struct server_account *a,
    const uint8_t device[PACT_DEVICE_ID_LEN], const struct server_ref *but,
    enum wire_close reason);

/* After letters were lost: takes away seats whose session is not there, and
 * ends sessions that have no seat. Both are looked for on this shard. */
void server_presence_mend(struct server *s);

/* Returns what others see. */
enum wire_status server_presence_shown(const struct server_account *a);

/* Tells others if what they see has changed: at once, or, when that happens
 * too often, a little later. */
void server_presence_update(struct server *s, struct server_account *a);

/* Tells others that an account without sessions is about to go, unless they
 * know; its timer is disarmed. */
void server_presence_forget(struct server *s, struct server_account *a);

/* Says to every hosting session of this shard what the letter announces. */
void server_presence_announce(struct server *s,
    const struct server_letter *letter);

/* STATUS_SET and BUSY, at home. */
void server_presence_set(struct server *s, struct server_account *a,
    const struct server_letter *letter, const struct wire_STATUS_SET *m);
void server_presence_busy(struct server *s, struct server_account *a,
    const struct server_letter *letter, const struct wire_BUSY *m);

#endif
