#include "wire/frame.h"

#include "base/rd.h"
#include "wire/messages.h"

#include <stdlib.h>
#include <string.h>

size_t
wire_frame_class(size_t n)
{
	size_t size = WIRE_RECORD_MIN;

	while (size < n + WIRE_RECORD_OVERHEAD)
		size *= 2;
	return size;
}

bool
wire_frame_is_class(size_t record)
{
	return record >= WIRE_RECORD_MIN && record <= WIRE_RECORD_MAX &&
	    (record & (record - 1)) == 0;
}

/* Returns the length of the message that starts at p, header included. */
static size_t
message_len(const uint8_t *p)
{
	return WIRE_HEADER_LEN +
	    ((size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]);
}

size_t
wire_frame_next(struct bytes pending, uint32_t *inside)
{
	size_t packed = WIRE_RECORD_PACKED - WIRE_RECORD_OVERHEAD;
	size_t n = *inside;

	if (n > WIRE_FRAME_MAX) {
		*inside -= WIRE_FRAME_MAX;
		return WIRE_FRAME_MAX;
	}
	*inside = 0;
	while (n < pending.n) {
		size_t len = message_len(pending.p + n);

		if (n + len > packed) {
			if (n > 0)
				return n;
			if (len <= WIRE_FRAME_MAX)
				return len;
			*inside = (uint32_t)(len - WIRE_FRAME_MAX);
			return WIRE_FRAME_MAX;
		}
		n += len;
	}
	return n;
}

void
wire_unframe_free(struct wire_unframe *u)
{
	if (u->body != NULL)
		bytes_wipe(u->body, u->have);
	free(u->body);
	*u = (struct wire_unframe){ 0 };
}

static bool
is_all_zero(struct bytes b)
{
	return b.n == 0 ||
	    (b.p[0] == 0 && memcmp(b.p, b.p + 1, b.n - 1) == 0);
}

/* Goes on with a message that began in an earlier record. */
static enum err
resume(struct wire_unframe *u, struct rd *r, wire_message_fn *on_message,
    void *ctx)
{
	size_t missing = u->len - u->have;
	struct bytes more = rd_view(r, missing < r->n ? missing : r->n);
	struct wire_unframe done;
	enum err err;

	if (more.n != 0)
		memcpy(u->body + u->have, more.p, more.n);
	u->have += (uint32_t)more.n;
	if (u->have < u->len)
		return ERR_OK;
	done = *u;
	*u = (struct wire_unframe){ 0 };
	err = on_message(done.type, (struct bytes){ done.body, done.len },
	    ctx);
	wire_unframe_free(&done);
	return err;
}

/* Keeps the start of a message that goes on in the next record. */
static enum err
suspend(struct wire_unframe *u, uint8_t type, uint32_t len, struct bytes part)
{
	u->body = malloc(len);
	if (u->body == NULL)
		return ERR_NOMEM;
	u->type = type;
	u->len = len;
	u->have = (uint32_t)part.n;
	if (part.n != 0)
		memcpy(u->body, part.p, part.n);
	return ERR_OK;
}

enum err
wire_unframe_record(struct wire_unframe *u, struct bytes plaintext,
    wire_cap_fn *cap, wire_message_fn *on_message, void *ctx)
{
	struct rd r = rd_init(plaintext);
	enum err err = ERR_OK;

	if (u->body != NULL)
		TRY(resume(u, &r, on_message, ctx));
	while (r.n > 0) {
		uint8_t type = rd_u8(&r);
		uint32_t len, most;

		if (type == WIRE_PAD) {
			NEED(is_all_zero(rd_rest(&r)), ERR_DECODE);
			break;
		}
		len = rd_u24(&r);
		NEED(r.err == ERR_OK, ERR_DECODE);
		most = cap(type, ctx);
		NEED(most != UINT32_MAX, ERR_STATE);
		NEED(len <= most, ERR_TOO_BIG);
		if (len > r.n) {
			/* Only a message that fills a largest record spans. */
			NEED(plaintext.n == WIRE_FRAME_MAX, ERR_DECODE);
			TRY(suspend(u, type, len, rd_rest(&r)));
			break;
		}
		TRY(on_message(type, rd_view(&r, len), ctx));
	}
out:
	return err;
}
