/*
 * intake - what becomes of a first record that is complete: for the guard,
 * which may let it wait for its turn.
 */
#ifndef SERVER_INTAKE_H
#define SERVER_INTAKE_H

#include "server/core.h"

/* c, whose first record was admitted, shakes hands: the first scalar
 * multiplication is in here. */
void server_intake_shake(struct server *s, struct server_conn *c);

/* Answers c's first record by a challenge, and forgets the connection. */
void server_intake_challenge(struct server *s, struct server_conn *c);

#endif
