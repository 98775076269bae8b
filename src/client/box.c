#include "client/box.h"

#include "base/rd.h"
#include "client/derive.h"
#include "crypto/aead.h"
#include "crypto/ct.h"
#include "crypto/sig.h"

#define BOX_VERSION 1
#define PAD	    1024
#define AD_MAX	    96

_Static_assert(sizeof(struct client_identity) == 64, "no holes");

/* One of the two boxes, as sealing and opening see it. */
struct box {
	struct bytes label;
	struct bytes secret;
	const struct client_account *account;
	uint64_t version;
};

static enum err
prepare(const struct box *box, uint8_t key[CLIENT_KEY_LEN], struct wr *ad)
{
	wr_put(ad, box->label);
	client_account_bind(box->account, ad);
	wr_u64(ad, box->version);
	if (wr_done(ad) != ERR_OK)
		return wr_done(ad);
	return client_derive(box->secret, box->label, key);
}

static enum err
seal(const struct box *box, struct bytes plain, const uint8_t nonce[24],
    struct wr *w)
{
	uint8_t key[CLIENT_KEY_LEN], ad_bytes[AD_MAX];
	struct wr ad = wr_init(ad_bytes, sizeof ad_bytes);
	uint8_t *sealed;
	enum err err;

	TRY(prepare(box, key, &ad));
	wr_u8(w, BOX_VERSION);
	wr_put(w, (struct bytes){ nonce, AEAD_XNONCE_LEN });
	sealed = wr_reserve(w, plain.n + AEAD_TAG_LEN);
	TRY(wr_done(w));
	TRY(aead_seal(AEAD_XCHACHAPOLY, key, nonce, wr_bytes(&ad), plain,
	    sealed));
out:
	bytes_wipe(key, sizeof key);
	return err;
}

/* Writes the plaintext, *n bytes, to out, which has room for in.n. */
static enum err
open(const struct box *box, struct bytes in, uint8_t *out, size_t *n)
{
	uint8_t key[CLIENT_KEY_LEN], ad_bytes[AD_MAX];
	struct wr ad = wr_init(ad_bytes, sizeof ad_bytes);
	struct rd r = rd_init(in);
	uint8_t version = rd_u8(&r);
	struct bytes nonce = rd_view(&r, AEAD_XNONCE_LEN), sealed;
	enum err err = ERR_OK;

	NEED(r.err == ERR_OK && version != 0, ERR_DECODE);
	NEED(version == BOX_VERSION, ERR_VERSION);
	sealed = rd_rest(&r);
	NEED(sealed.n >= AEAD_TAG_LEN, ERR_DECODE);
	TRY(prepare(box, key, &ad));
	TRY(aead_open(AEAD_XCHACHAPOLY, key, nonce.p, wr_bytes(&ad), sealed,
	    out));
	*n = sealed.n - AEAD_TAG_LEN;
out:
	bytes_wipe(key, sizeof key);
	return err;
}

static struct box
identity_box(const struct client_account *account,
    const uint8_t export_key[64], uint64_t version)
{
	return (struct box){ BYTES_LIT(PACT_LABEL_IDENTITY_BOX),
		{ export_key, 64 }, account, version };
}

static struct box
settings_box(const struct client_account *account,
    const uint8_t data_key[32], uint64_t version)
{
	return (struct box){ BYTES_LIT(PACT_LABEL_SETTINGS_BOX),
		{ data_key, 32 }, account, version };
}

enum err
client_box_seal_identity(const struct client_identity *identity,
    const struct client_account *account, const uint8_t export_key[64],
    uint64_t version, const uint8_t nonce[24], struct wr *w)
{
	struct box box = identity_box(account, export_key, version);

	return seal(&box,
	    (struct bytes){ (const uint8_t *)identity, sizeof *identity },
	    nonce, w);
}

enum err
client_box_open_identity(struct bytes in,
    const struct client_account *account, const uint8_t export_key[64],
    uint64_t version, struct client_identity *identity)
{
	struct {
		uint8_t plain[CLIENT_IDENTITY_BOX_LEN];
	} s;
	struct box box = identity_box(account, export_key, version);
	struct rd r;
	uint8_t public[ED25519_PUBLIC_LEN];
	size_t n;
	enum err err = ERR_OK;

	NEED(in.n == CLIENT_IDENTITY_BOX_LEN, ERR_DECODE);
	TRY(open(&box, in, s.plain, &n));
	r = rd_init((struct bytes){ s.plain, n });
	rd_copy(&r, identity->seed, sizeof identity->seed);
	rd_copy(&r, identity->data_key, sizeof identity->data_key);
	TRY(rd_end(&r));
	ed25519_public(identity->seed, public);
	NEED(ct_verdict(ct_equal(public, account->identity, sizeof public)),
	    ERR_KEY);
out:
	if (err != ERR_OK)
		bytes_wipe(identity, sizeof *identity);
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
client_box_seal_settings(struct bytes settings,
    const struct client_account *account, const uint8_t data_key[32],
    uint64_t version, const uint8_t nonce[24], struct wr *w)
{
	struct box box = settings_box(account, data_key, version);
	struct wr plain = wr_new();
	enum err err;

	wr_vec24(&plain, settings);
	wr_zero(&plain, PAD - 1 - (plain.n + PAD - 1) % PAD);
	TRY(wr_done(&plain));
	TRY(seal(&box, wr_bytes(&plain), nonce, w));
out:
	wr_free(&plain);
	return err;
}

enum err
client_box_open_settings(struct bytes in,
    const struct client_account *account, const uint8_t data_key[32],
    uint64_t version, struct wr *out)
{
	struct box box = settings_box(account, data_key, version);
	struct wr plain = wr_new();
	struct rd r;
	uint8_t *at;
	size_t n;
	enum err err = ERR_OK;

	NEED(in.n <= WIRE_SETTINGS_BOX_MAX, ERR_DECODE);
	at = wr_reserve(&plain, in.n + 1);
	TRY(wr_done(&plain));
	TRY(open(&box, in, at, &n));
	r = rd_init((struct bytes){ at, n });
	wr_put(out, rd_vec24(&r, n));
	TRY(r.err);
	TRY(wr_done(out));
out:
	wr_free(&plain);
	return err;
}
