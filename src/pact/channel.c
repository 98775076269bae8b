#include "pact/channel.h"

#include "base/rd.h"

#include <string.h>

/* Member by member: a whole struct may be put together on the stack, and the
 * keys would stay there. */
void
pact_channel_begin(struct pact_channel *c, const struct noise_split *split,
    enum pact_channel_kind kind)
{
	memset(c, 0, sizeof *c);
	c->out = split->send;
	c->in = split->receive;
	c->kind = (uint8_t)kind;
}

void
pact_channel_wipe(struct pact_channel *c)
{
	wire_unframe_free(&c->unframe);
	bytes_wipe(c, sizeof *c);
}

/* Seals one record of `plain`, zeros up to its class after it. */
static enum err
seal_record(struct pact_channel *c, struct bytes plain, struct wr *out)
{
	size_t size = wire_frame_class(plain.n);
	size_t padded = size - WIRE_RECORD_OVERHEAD, start = out->n;
	struct bytes in;
	uint8_t *at;
	enum err err;

	wr_u16(out, (uint16_t)(size - 2));
	at = wr_reserve(out, size - 2);
	TRY(wr_done(out));
	memcpy(at, plain.p, plain.n);
	memset(at + plain.n, 0, padded - plain.n);
	in = (struct bytes){ at, padded };
	TRY(noise_transport_seal(&c->out, AEAD_CHACHAPOLY, BYTES_NONE, in, at));
	c->out_records++;
out:
	if (err != ERR_OK)
		out->n = start;
	return err;
}

static enum err
rekey_out(struct pact_channel *c)
{
	enum err err;

	TRY(noise_transport_rekey(&c->out, AEAD_CHACHAPOLY));
	c->out_records = 0;
	c->out_rekeys++;
out:
	return err;
}

/* Says REKEY in a record of its own, and does it. */
static enum err
announce_rekey(struct pact_channel *c, struct wr *out)
{
	struct wire_REKEY message = { .count = c->out_rekeys + 1 };
	uint8_t body[WIRE_HEADER_LEN + 4];
	struct wr w = wr_init(body, sizeof body);
	enum err err;

	TRY(wire_encode(&w, WIRE_REKEY, &message));
	TRY(seal_record(c, wr_bytes(&w), out));
	TRY(rekey_out(c));
out:
	return err;
}

enum err
pact_channel_seal(struct pact_channel *c, struct bytes pending,
    bool rekey_now, struct wr *out)
{
	bool is_line = c->kind == PACT_CHANNEL_LINE;
	enum err err = ERR_OK;

	while (pending.n > 0) {
		size_t n = wire_frame_next(pending, &c->inside);

		TRY(seal_record(c, (struct bytes){ pending.p, n }, out));
		pending.p += n;
		pending.n -= n;
		if (is_line)
			TRY(rekey_out(c));
		else if (c->inside == 0 &&
		    c->out_records >= WIRE_REKEY_RECORDS - 1)
			TRY(announce_rekey(c, out));
	}
	if (rekey_now && !is_line)
		TRY(announce_rekey(c, out));
out:
	return err;
}

/* What opening a record needs to know while its messages are walked. */
struct walk {
	struct pact_channel *channel;
	wire_cap_fn *cap;
	wire_message_fn *on_message;
	void *ctx;
	bool is_rekeyed; /* REKEY was seen: nothing may follow it */
};

static uint32_t
walk_cap(uint8_t type, void *ctx)
{
	struct walk *walk = ctx;

	if (walk->is_rekeyed)
		return UINT32_MAX;
	if (type == WIRE_REKEY && walk->channel->kind == PACT_CHANNEL_SERVER)
		return wire_kind_of(WIRE_REKEY)->cap;
	return walk->cap(type, walk->ctx);
}

static enum err
walk_message(uint8_t type, struct bytes body, void *ctx)
{
	struct walk *walk = ctx;
	struct wire_REKEY message;
	enum err err;

	if (type != WIRE_REKEY || walk->channel->kind != PACT_CHANNEL_SERVER)
		return walk->on_message(type, body, walk->ctx);
	TRY(wire_decode(WIRE_REKEY, body, &message));
	NEED(message.count == walk->channel->in_rekeys + 1, ERR_DECODE);
	walk->is_rekeyed = true;
out:
	return err;
}

enum err
pact_channel_open(struct pact_channel *c, uint8_t *record, size_t n,
    wire_cap_fn *cap, wire_message_fn *on_message, void *ctx)
{
	struct walk walk = { c, cap, on_message, ctx, false };
	struct bytes plain;
	enum err err;

	NEED(wire_frame_is_class(n + 2), ERR_DECODE);
	NEED(c->in_records < WIRE_REKEY_RECORDS, ERR_LIMIT);
	TRY(noise_transport_open(&c->in, AEAD_CHACHAPOLY, BYTES_NONE,
	    (struct bytes){ record, n }, record));
	c->in_records++;
	plain = (struct bytes){ record, n - AEAD_TAG_LEN };
	/* The line's next key is in place before its messages are acted on. */
	if (c->kind == PACT_CHANNEL_LINE) {
		TRY(noise_transport_rekey(&c->in, AEAD_CHACHAPOLY));
		c->in_records = 0;
	}
	TRY(wire_unframe_record(&c->unframe, plain, walk_cap, walk_message,
	    &walk));
	if (walk.is_rekeyed) {
		TRY(noise_transport_rekey(&c->in, AEAD_CHACHAPOLY));
		c->in_records = 0;
		c->in_rekeys++;
	}
out:
	return err;
}

size_t
pact_channel_cut(struct bytes in, size_t most, size_t *record_len,
    bool *too_big)
{
	struct rd r = rd_init(in);

	*record_len = rd_u16(&r);
	*too_big = r.err == ERR_OK && *record_len > most;
	if (r.err != ERR_OK || *too_big || r.n < *record_len)
		return 0;
	return 2 + *record_len;
}
