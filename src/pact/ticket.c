#include "pact/ticket.h"

#include "base/rd.h"
#include "base/wr.h"
#include "crypto/aead.h"
#include "crypto/ct.h"

#include <string.h>

#define BODY_LEN (PACT_TICKET_LEN - AEAD_XNONCE_LEN - AEAD_TAG_LEN)

/* The name takes its longest form, so that a ticket's length tells nothing. */
static void
put_name(struct wr *w, const struct wire_name *name)
{
	struct bytes text = wire_name_bytes(name);

	wr_vec8(w, text);
	wr_zero(w, WIRE_NAME_MAX - text.n);
}

static enum err
get_name(struct rd *r, struct wire_name *name)
{
	size_t n = rd_u8(r);
	struct bytes field = rd_view(r, WIRE_NAME_MAX);

	if (n > field.n)
		return ERR_DECODE;
	for (size_t i = n; i < field.n; i++)
		if (field.p[i] != 0)
			return ERR_DECODE;
	return wire_name_decode(name, (struct bytes){ field.p, n });
}

enum err
pact_ticket_seal(const struct pact_ticket *ticket,
    const uint8_t key[PACT_SESSION_KEY_LEN], const uint8_t random[24],
    uint8_t out[PACT_TICKET_LEN])
{
	struct wr w = wr_init(out, PACT_TICKET_LEN);
	struct bytes body = { out + AEAD_XNONCE_LEN, BODY_LEN };
	enum err err;

	wr_put(&w, (struct bytes){ random, AEAD_XNONCE_LEN });
	wr_put(&w, BYTES_OF(ticket->id));
	put_name(&w, &ticket->name);
	wr_put(&w, BYTES_OF(ticket->identity));
	wr_put(&w, BYTES_OF(ticket->device));
	wr_put(&w, BYTES_OF(ticket->link_key));
	wr_put(&w, BYTES_OF(ticket->nonce));
	wr_u8(&w, ticket->paths);
	wr_u64(&w, ticket->expires_ms);
	TRY(wr_done(&w));
	TRY(aead_seal(AEAD_XCHACHAPOLY, key, random,
	    BYTES_LIT(PACT_LABEL_TICKET), body, out + AEAD_XNONCE_LEN));
out:
	return err;
}

enum err
pact_ticket_open(struct bytes in, const uint8_t key[PACT_SESSION_KEY_LEN],
    struct pact_ticket *ticket)
{
	struct {
		uint8_t body[BODY_LEN];
	} s;
	struct bytes sealed = { in.p + AEAD_XNONCE_LEN,
		PACT_TICKET_LEN - AEAD_XNONCE_LEN };
	struct rd r = rd_init(BYTES_OF(s.body));
	enum err err;

	memset(ticket, 0, sizeof *ticket);
	NEED(in.n == PACT_TICKET_LEN, ERR_DECODE);
	TRY(aead_open(AEAD_XCHACHAPOLY, key, in.p,
	    BYTES_LIT(PACT_LABEL_TICKET), sealed, s.body));
	ct_unpoison(s.body, sizeof s.body); /* its key is the secret */
	rd_copy(&r, ticket->id, sizeof ticket->id);
	TRY(get_name(&r, &ticket->name));
	rd_copy(&r, ticket->identity, sizeof ticket->identity);
	rd_copy(&r, ticket->device, sizeof ticket->device);
	rd_copy(&r, ticket->link_key, sizeof ticket->link_key);
	rd_copy(&r, ticket->nonce, sizeof ticket->nonce);
	ticket->paths = rd_u8(&r);
	ticket->expires_ms = rd_u64(&r);
	TRY(rd_end(&r));
out:
	if (err != ERR_OK)
		memset(ticket, 0, sizeof *ticket);
	bytes_wipe(&s, sizeof s);
	return err;
}
