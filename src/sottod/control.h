/*
 * control - the socket DIR/control, through which commands reach a server
 * that runs.
 *
 * One request a connection, a line of words: `plain` or `json`, then those of
 * admin.h. The answer is lines: `=` and a line of output; at the end `.`, or
 * `!` and trouble: code, what, why and advice, with tabs between. The server
 * leaves the closing to the client. Only its owner can open the socket.
 */
#ifndef SOTTOD_CONTROL_H
#define SOTTOD_CONTROL_H

#include "sottod/shell.h"

#define CONTROL_LINE_MAX 1024

/* Listens. Returns 0, or 69 with *t. */
int control_listen(struct shell *sh, struct trouble *t);

#endif
