/*
 * home - what the home shard of a name does with the letters for it: looks
 * accounts up for logins, seats sessions, and takes what clients ask to
 * where it is answered.
 */
#ifndef SERVER_HOME_H
#define SERVER_HOME_H

#include "server/bus.h"

/* Deals with one letter of the kinds that go to a name's home. */
void server_home_letter(struct server *s, const struct server_letter *letter);

#endif
