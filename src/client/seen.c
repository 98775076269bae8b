#include "client/seen.h"

#include "base/rd.h"
#include "client/derive.h"
#include "crypto/aead.h"

#define SEEN_VERSION 1
#define PLAIN_LEN    (CLIENT_SEEN_LEN - 1 - AEAD_XNONCE_LEN - AEAD_TAG_LEN)
#define AD_MAX	     96

static bool
raise(uint64_t *at, uint64_t to)
{
	bool is_higher = to > *at;

	if (is_higher)
		*at = to;
	return is_higher;
}

bool
client_seen_raise(struct client_seen *seen, const struct client_seen *other)
{
	bool changed = raise(&seen->identity, other->identity);

	changed |= raise(&seen->settings, other->settings);
	changed |= raise(&seen->roster, other->roster);
	return changed;
}

/* The key and the associated data. */
static enum err
prepare(const struct client_account *account, const uint8_t device_seed[32],
    uint8_t key[CLIENT_KEY_LEN], struct wr *ad)
{
	wr_put(ad, BYTES_LIT(CLIENT_LABEL_STATE));
	client_account_bind(account, ad);
	wr_put(ad, BYTES_OF(account->device));
	if (wr_done(ad) != ERR_OK)
		return wr_done(ad);
	return client_derive((struct bytes){ device_seed, 32 },
	    BYTES_LIT(CLIENT_LABEL_STATE), key);
}

static void
write_plain(struct wr *w, const struct client_seen *seen)
{
	wr_u64(w, seen->identity);
	wr_u64(w, seen->settings);
	wr_u64(w, seen->roster);
	wr_u64(w, seen->passes.until_s);
	wr_u8(w, (uint8_t)seen->passes.n);
	wr_put(w, BYTES_OF(seen->passes.at));
}

static enum err
read_plain(struct rd *r, struct client_seen *seen)
{
	seen->identity = rd_u64(r);
	seen->settings = rd_u64(r);
	seen->roster = rd_u64(r);
	seen->passes.until_s = rd_u64(r);
	seen->passes.n = rd_u8(r);
	rd_copy(r, seen->passes.at, sizeof seen->passes.at);
	if (seen->passes.n > WIRE_PASSES_MAX)
		return ERR_DECODE;
	return rd_end(r);
}

enum err
client_seen_seal(const struct client_seen *seen,
    const struct client_account *account, const uint8_t device_seed[32],
    const uint8_t nonce[24], struct wr *w)
{
	struct {
		uint8_t key[CLIENT_KEY_LEN];
		uint8_t plain[PLAIN_LEN];
	} s;
	uint8_t ad_bytes[AD_MAX];
	struct wr ad = wr_init(ad_bytes, sizeof ad_bytes);
	struct wr p = wr_init(s.plain, sizeof s.plain);
	uint8_t *sealed;
	enum err err;

	TRY(prepare(account, device_seed, s.key, &ad));
	write_plain(&p, seen);
	TRY(wr_done(&p));
	wr_u8(w, SEEN_VERSION);
	wr_put(w, (struct bytes){ nonce, AEAD_XNONCE_LEN });
	sealed = wr_reserve(w, PLAIN_LEN + AEAD_TAG_LEN);
	TRY(wr_done(w));
	TRY(aead_seal(AEAD_XCHACHAPOLY, s.key, nonce, wr_bytes(&ad),
	    wr_bytes(&p), sealed));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
client_seen_open(struct bytes in, const struct client_account *account,
    const uint8_t device_seed[32], struct client_seen *seen)
{
	struct {
		uint8_t key[CLIENT_KEY_LEN];
		uint8_t plain[PLAIN_LEN];
		struct client_seen seen;
	} s;
	uint8_t ad_bytes[AD_MAX];
	struct wr ad = wr_init(ad_bytes, sizeof ad_bytes);
	struct rd r = rd_init(in), p = rd_init(BYTES_OF(s.plain));
	uint8_t version = rd_u8(&r);
	struct bytes nonce, sealed;
	enum err err = ERR_OK;

	NEED(version == SEEN_VERSION, version > SEEN_VERSION ? ERR_VERSION :
							       ERR_DECODE);
	nonce = rd_view(&r, AEAD_XNONCE_LEN);
	sealed = rd_view(&r, PLAIN_LEN + AEAD_TAG_LEN);
	TRY(rd_end(&r));
	TRY(prepare(account, device_seed, s.key, &ad));
	TRY(aead_open(AEAD_XCHACHAPOLY, s.key, nonce.p, wr_bytes(&ad), sealed,
	    s.plain));
	TRY(read_plain(&p, &s.seen));
	*seen = s.seen;
out:
	bytes_wipe(&s, sizeof s);
	return err;
}
