/*
 * greeting - a line's handshake: the ticket, and the two messages of
 * Noise_KKhfs between the devices' link keys (docs/PROTOCOL.md,
 * section 8).
 *
 * Prologue: sotto/1 line || version || the caller || the callee || the
 * ticket, so that a greeting belongs to these two, and to this introduction.
 * The callee looks at the ticket first; without a good one it computes
 * nothing. Each function fails with what the ticket or the handshake fails
 * with, or with NOMEM; the line is cut then.
 */
#ifndef CLIENT_GREETING_H
#define CLIENT_GREETING_H

#include "base/bytes.h"
#include "base/err.h"

struct client_line;

/* The caller: sends the ticket and message 1; message 2 is due. */
MUST_USE enum err client_greeting_say(struct client_line *line);

/* The callee: takes these, spends the ticket, and sends message 2; HELLO is
 * due. */
MUST_USE enum err client_greeting_answer(struct client_line *line,
    struct bytes record);

/* The caller: takes message 2; from now on the line is sealed. */
MUST_USE enum err client_greeting_finish(struct client_line *line,
    struct bytes record);

#endif
