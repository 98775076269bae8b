/*
 * people - the list of members, and what is told of one of them.
 */
#ifndef SERVER_PEOPLE_H
#define SERVER_PEOPLE_H

#include "server/bus.h"

/* LIST: says everybody whose home is here, in order of name. */
void server_people_list(struct server *s, const struct server_letter *letter,
    const struct wire_LIST *m);

/* PERSON_GET, at the person's home. */
void server_people_get(struct server *s, const struct server_letter *letter,
    const struct wire_PERSON_GET *m);

/* SETTINGS_GET: reads the settings box of the asker's account. */
void server_people_settings(struct server *s, struct server_account *a,
    const struct server_letter *letter, const struct wire_SETTINGS_GET *m);

#endif
