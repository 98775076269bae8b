/*
 * texts - what is said over a line, and the receipts for it.
 *
 * Texts are numbered upwards; a receipt says that a text was written out at
 * the other end. At most 1,024 texts wait for theirs.
 */
#ifndef CLIENT_TEXTS_H
#define CLIENT_TEXTS_H

#include "client/client.h"

struct client_line;

/* Says a text, which gets the number *id; limits and errors as client_say. */
MUST_USE enum err client_texts_say(struct client_line *line,
    struct bytes text, uint64_t *id);

/* Says that a text was written out here. */
void client_texts_written(struct client_line *line, uint64_t id);

/* What came: a text, which is shown, or a receipt. Each fails with DECODE or
 * STATE when it breaks the rules. */
MUST_USE enum err client_texts_hear(struct client_line *line,
    const struct wire_TEXT *m);
MUST_USE enum err client_texts_receipt(struct client_line *line, uint64_t id);

#endif
