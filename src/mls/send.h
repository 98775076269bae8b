/*
 * send - from signed content to a message that can be given away.
 */
#ifndef MLS_SEND_H
#define MLS_SEND_H

#include "mls/group.h"

/* How this client's handshake messages travel. */
enum mls_wire_format mls_send_format(const struct mls_group *g);

/*
 * Appends content of ours, signed in the current epoch, as MLSMessage of its
 * wire format. For a PrivateMessage that uses up the next key of our ratchet,
 * as the last thing that can fail.
 */
MUST_USE enum mls_result mls_send(struct mls_group *g,
    const struct mls_content *content, struct wr *out);

#endif
