#include "client/keyring.h"

#include "base/rd.h"
#include "client/derive.h"
#include "crypto/aead.h"

#include <string.h>

#define KEYRING_VERSION 1

/* Argon2id's own minimum, and what a small machine can still give. */
#define MEMORY_MIN_KIB 8
#define MEMORY_MAX_KIB (2U * 1024 * 1024)
#define PASSES_MAX     64

/* The product bounds the time: some 15 seconds of one core. */
#define WORK_MAX_KIB (8ULL * 1024 * 1024)

#define HEAD_LEN   (1 + 4 + 4 + KSF_SALT_LEN)
#define SEALED_LEN (sizeof(struct client_keys) + AEAD_TAG_LEN)
#define AD_MAX	   128

_Static_assert(HEAD_LEN + AEAD_XNONCE_LEN + SEALED_LEN == CLIENT_KEYRING_LEN,
    "CLIENT_KEYRING_LEN");
_Static_assert(sizeof(struct client_keys) == 96, "no holes in client_keys");

bool
client_keyring_is_bearable(struct ksf_params params)
{
	return params.passes >= 1 && params.passes <= PASSES_MAX &&
	    params.memory_kib >= MEMORY_MIN_KIB &&
	    params.memory_kib <= MEMORY_MAX_KIB &&
	    (uint64_t)params.passes * params.memory_kib <= WORK_MAX_KIB;
}

enum err
client_keyring_read_head(struct bytes in, struct client_keyring_head *head)
{
	struct rd r = rd_init(in);
	uint8_t version = rd_u8(&r);

	if (version != KEYRING_VERSION)
		return version > KEYRING_VERSION ? ERR_VERSION : ERR_DECODE;
	head->params.passes = rd_u32(&r);
	head->params.memory_kib = rd_u32(&r);
	rd_copy(&r, head->salt, sizeof head->salt);
	rd_view(&r, AEAD_XNONCE_LEN + SEALED_LEN);
	if (rd_end(&r) != ERR_OK || !client_keyring_is_bearable(head->params))
		return ERR_DECODE;
	return ERR_OK;
}

static void
write_head(struct wr *w, const struct client_keyring_head *head)
{
	wr_u8(w, KEYRING_VERSION);
	wr_u32(w, head->params.passes);
	wr_u32(w, head->params.memory_kib);
	wr_put(w, BYTES_OF(head->salt));
}

static void
write_ad(struct wr *w, const struct client_keyring_head *head,
    const struct client_account *account)
{
	wr_put(w, BYTES_LIT(CLIENT_LABEL_KEYRING));
	write_head(w, head);
	client_account_bind(account, w);
	wr_put(w, BYTES_OF(account->device));
}

enum err
client_keyring_open(struct bytes in, const struct client_account *account,
    const uint8_t stretched[CLIENT_STRETCHED_LEN], struct client_keys *keys)
{
	struct {
		uint8_t key[CLIENT_KEY_LEN];
		struct client_keys keys;
	} s;
	struct client_keyring_head head;
	uint8_t ad_bytes[AD_MAX];
	struct wr ad = wr_init(ad_bytes, sizeof ad_bytes);
	struct bytes sealed;
	enum err err;

	TRY(client_keyring_read_head(in, &head));
	write_ad(&ad, &head, account);
	TRY(wr_done(&ad));
	TRY(client_derive((struct bytes){ stretched, CLIENT_STRETCHED_LEN },
	    BYTES_LIT(CLIENT_LABEL_KEYRING), s.key));
	sealed = (struct bytes){ in.p + HEAD_LEN + AEAD_XNONCE_LEN,
		SEALED_LEN };
	TRY(aead_open(AEAD_XCHACHAPOLY, s.key, in.p + HEAD_LEN, wr_bytes(&ad),
	    sealed, (uint8_t *)&s.keys));
	*keys = s.keys;
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum err
client_keyring_seal(const struct client_keyring_head *head,
    const struct client_account *account,
    const uint8_t stretched[CLIENT_STRETCHED_LEN],
    const struct client_keys *keys, const uint8_t nonce[24], struct wr *w)
{
	struct {
		uint8_t key[CLIENT_KEY_LEN];
	} s;
	uint8_t ad_bytes[AD_MAX];
	struct wr ad = wr_init(ad_bytes, sizeof ad_bytes);
	uint8_t *sealed;
	enum err err;

	write_ad(&ad, head, account);
	TRY(wr_done(&ad));
	TRY(client_derive((struct bytes){ stretched, CLIENT_STRETCHED_LEN },
	    BYTES_LIT(CLIENT_LABEL_KEYRING), s.key));
	write_head(w, head);
	wr_put(w, (struct bytes){ nonce, AEAD_XNONCE_LEN });
	sealed = wr_reserve(w, SEALED_LEN);
	TRY(wr_done(w));
	TRY(aead_seal(AEAD_XCHACHAPOLY, s.key, nonce, wr_bytes(&ad),
	    (struct bytes){ (const uint8_t *)keys, sizeof *keys }, sealed));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}
