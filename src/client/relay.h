/*
 * relay - a line's bytes as a stream through the server.
 *
 * Each way has a window of WIRE_CREDIT_MAX bytes, which the receiver opens
 * again as it takes bytes in. What does not fit waits here.
 */
#ifndef CLIENT_RELAY_H
#define CLIENT_RELAY_H

#include "base/wr.h"
#include "client/client.h"

struct client_line;

struct client_stream {
	bool is_open;
	uint32_t number;  /* the server's name for it */
	uint32_t credit;  /* bytes that we may still send */
	uint32_t window;  /* bytes that may still come */
	uint32_t taken;   /* bytes that came, and are to be credited */
	struct wr out;    /* what waits for credit; grows */
};

/* Takes the bytes of w and sends what the credit allows. Fails with NOMEM. */
MUST_USE enum err client_relay_send(struct client_line *line, struct wr *w);

/* Says STREAM_CLOSE, if there is a stream. */
void client_relay_close(struct client_line *line);

/* What the server says about streams. Each fails with DECODE or STATE when
 * it breaks the rules. */
MUST_USE enum err client_relay_on_opened(struct client *c,
    const struct wire_STREAM_OPENED *m);
MUST_USE enum err client_relay_on_data(struct client *c,
    const struct wire_STREAM_DATA *m);
MUST_USE enum err client_relay_on_credit(struct client *c,
    const struct wire_STREAM_CREDIT *m);
void client_relay_on_close(struct client *c,
    const struct wire_STREAM_CLOSE *m);

#endif
