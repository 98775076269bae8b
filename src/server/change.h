/*
 * change - what an account's owner changes: password, boxes, roster.
 *
 * One CHANGE is one transaction at the store, judged before and compared
 * there; the directory follows, and DONE is said, when it is durable. A new
 * password ends all other sessions and every login under way; a device that
 * the new roster does not name loses its sessions.
 */
#ifndef SERVER_CHANGE_H
#define SERVER_CHANGE_H

#include "server/bus.h"

/* CHANGE, at home. The letter's id is the credential id of the new record,
 * given with PASSWD_START (flag YES). */
void server_change(struct server *s, struct server_account *a,
    const struct server_letter *letter, const struct wire_CHANGE *m);

#endif
