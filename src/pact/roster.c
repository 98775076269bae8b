#include "pact/roster.h"

#include "base/rd.h"
#include "crypto/hash.h"
#include "crypto/sig.h"

#include <string.h>

/* Entry without its signature, and what precedes it in what is signed. */
#define ENTRY_MAX (16 + 32 + 32 + 1 + PACT_ROSTER_LABEL_MAX + 8 + 8)
#define POSSESSION_MAX                                                        \
	(sizeof PACT_LABEL_POSSESSION + 1 + WIRE_NAME_MAX + 32 + ENTRY_MAX)

static void
put_entry(struct wr *w, const struct pact_roster_entry *entry)
{
	wr_put(w, BYTES_OF(entry->id));
	wr_put(w, BYTES_OF(entry->device_key));
	wr_put(w, BYTES_OF(entry->link_key));
	wr_vec8(w, bytes_str(entry->label));
	wr_u64(w, entry->added_s);
	wr_u64(w, entry->expires_s);
}

/* Appends what a device signs to show that it has its key. */
static void
put_possession(struct wr *w, const struct wire_name *name,
    const uint8_t identity[32], const struct pact_roster_entry *entry)
{
	wr_put(w, BYTES_LIT(PACT_LABEL_POSSESSION));
	wr_u8(w, 0);
	wr_vec8(w, wire_name_bytes(name));
	wr_put(w, (struct bytes){ identity, 32 });
	put_entry(w, entry);
}

enum err
pact_roster_sign_entry(struct pact_roster_entry *entry,
    const struct wire_name *name, const uint8_t identity[32],
    const uint8_t device_seed[32])
{
	uint8_t signed_bytes[POSSESSION_MAX];
	struct wr w = wr_init(signed_bytes, sizeof signed_bytes);
	enum err err;

	put_possession(&w, name, identity, entry);
	TRY(wr_done(&w));
	ed25519_sign(device_seed, wr_bytes(&w), entry->possession);
out:
	return err;
}

/* Writes the signature, or checks it, over label || 0 || body. */
static void
label_body(struct wr *w, struct bytes body)
{
	wr_put(w, BYTES_LIT(PACT_LABEL_ROSTER));
	wr_u8(w, 0);
	wr_put(w, body);
}

enum err
pact_roster_write(struct wr *w, const struct pact_roster *roster,
    const uint8_t identity_seed[32])
{
	struct wr signed_bytes = wr_new();
	size_t start = w->n;
	uint8_t sig[ED25519_SIG_LEN];
	enum err err;

	NEED(roster->count <= WIRE_ROSTER_DEVICES, ERR_LIMIT);
	wr_vec8(w, wire_name_bytes(&roster->name));
	wr_put(w, BYTES_OF(roster->identity));
	wr_u64(w, roster->version);
	wr_put(w, BYTES_OF(roster->previous));
	wr_u64(w, roster->time_s);
	wr_u8(w, (uint8_t)roster->count);
	for (size_t i = 0; i < roster->count; i++) {
		put_entry(w, &roster->entries[i]);
		wr_put(w, BYTES_OF(roster->entries[i].possession));
	}
	TRY(wr_done(w));
	label_body(&signed_bytes,
	    (struct bytes){ w->p + start, w->n - start });
	TRY(wr_done(&signed_bytes));
	ed25519_sign(identity_seed, wr_bytes(&signed_bytes), sig);
	wr_put(w, BYTES_OF(sig));
	TRY(wr_done(w));
out:
	wr_free(&signed_bytes);
	return err;
}

/* Labels are shown on terminals: printable ASCII only. */
static bool
is_label(struct bytes text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] > 0x7e)
			return false;
	return true;
}

static enum err
get_entry(struct rd *r, struct pact_roster_entry *entry)
{
	struct bytes label;

	rd_copy(r, entry->id, sizeof entry->id);
	rd_copy(r, entry->device_key, sizeof entry->device_key);
	rd_copy(r, entry->link_key, sizeof entry->link_key);
	label = rd_vec8(r, PACT_ROSTER_LABEL_MAX);
	if (!is_label(label))
		rd_fail(r, ERR_DECODE);
	else if (label.n != 0)
		memcpy(entry->label, label.p, label.n);
	entry->added_s = rd_u64(r);
	entry->expires_s = rd_u64(r);
	rd_copy(r, entry->possession, sizeof entry->possession);
	return r->err;
}

static enum err
check_entry(const struct pact_roster *roster, size_t i)
{
	const struct pact_roster_entry *entry = &roster->entries[i];
	uint8_t signed_bytes[POSSESSION_MAX];
	struct wr w = wr_init(signed_bytes, sizeof signed_bytes);
	enum err err;

	for (size_t j = 0; j < i; j++)
		NEED(memcmp(roster->entries[j].id, entry->id,
		    sizeof entry->id) != 0, ERR_AUTH);
	put_possession(&w, &roster->name, roster->identity, entry);
	TRY(wr_done(&w));
	TRY(ed25519_verify(entry->device_key, wr_bytes(&w),
	    BYTES_OF(entry->possession)));
out:
	return err;
}

static enum err
parse(struct bytes in, struct pact_roster *roster, struct bytes *body,
    struct bytes *sig)
{
	struct rd r = rd_init(in);
	enum err err;

	TRY(wire_name_decode(&roster->name, rd_vec8(&r, WIRE_NAME_MAX)));
	rd_copy(&r, roster->identity, sizeof roster->identity);
	roster->version = rd_u64(&r);
	rd_copy(&r, roster->previous, sizeof roster->previous);
	roster->time_s = rd_u64(&r);
	roster->count = rd_u8(&r);
	NEED(r.err == ERR_OK && roster->count <= WIRE_ROSTER_DEVICES,
	    ERR_DECODE);
	NEED(roster->version != 0, ERR_DECODE);
	for (size_t i = 0; i < roster->count; i++)
		TRY(get_entry(&r, &roster->entries[i]));
	*body = (struct bytes){ in.p, (size_t)(r.p - in.p) };
	*sig = rd_view(&r, ED25519_SIG_LEN);
	TRY(rd_end(&r));
out:
	return err;
}

enum err
pact_roster_read(struct bytes in, struct pact_roster *roster)
{
	struct wr signed_bytes = wr_new();
	struct bytes body, sig;
	enum err err;

	memset(roster, 0, sizeof *roster);
	NEED(in.n <= WIRE_ROSTER_MAX, ERR_TOO_BIG);
	TRY(parse(in, roster, &body, &sig));
	label_body(&signed_bytes, body);
	TRY(wr_done(&signed_bytes));
	TRY(ed25519_verify(roster->identity, wr_bytes(&signed_bytes), sig));
	for (size_t i = 0; i < roster->count; i++)
		TRY(check_entry(roster, i));
out:
	wr_free(&signed_bytes);
	if (err != ERR_OK)
		memset(roster, 0, sizeof *roster);
	return err;
}

enum err
pact_roster_parse(struct bytes in, struct pact_roster *roster)
{
	struct bytes body, sig;

	memset(roster, 0, sizeof *roster);
	return parse(in, roster, &body, &sig);
}

void
pact_roster_hash(struct bytes roster, uint8_t hash[32])
{
	blake2b_parts(BYTES_NONE, &roster, 1, hash, 32);
}

const struct pact_roster_entry *
pact_roster_find(const struct pact_roster *roster,
    const uint8_t id[PACT_DEVICE_ID_LEN], uint64_t now_s)
{
	for (size_t i = 0; i < roster->count; i++) {
		const struct pact_roster_entry *entry = &roster->entries[i];

		if (memcmp(entry->id, id, PACT_DEVICE_ID_LEN) != 0)
			continue;
		if (entry->expires_s != 0 && entry->expires_s <= now_s)
			return NULL;
		return entry;
	}
	return NULL;
}
