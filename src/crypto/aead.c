#include "crypto/aead.h"
#include "crypto/ct.h"
#include "crypto/evp.h"

#include <sodium.h>
#include <stddef.h>
#include <string.h>

/*
 * From this length on libcrypto's vector code for ChaCha20-Poly1305 makes
 * up for its slower start.
 */
#define LARGE_LEN 2048

/* A block of ChaCha20; the first one makes the key of Poly1305. */
#define BLOCK_LEN 64

static const struct {
	size_t key_len;
	size_t nonce_len;
} sizes[] = {
	[AEAD_CHACHAPOLY] = { AEAD_CHACHAPOLY_KEY_LEN, AEAD_NONCE_LEN },
	[AEAD_AES128GCM] = { 16, AEAD_NONCE_LEN },
	[AEAD_AES256GCM] = { 32, AEAD_NONCE_LEN },
	[AEAD_XCHACHAPOLY] = { AEAD_CHACHAPOLY_KEY_LEN, AEAD_XNONCE_LEN },
};

size_t
aead_key_len(enum aead_alg alg)
{
	return sizes[alg].key_len;
}

size_t
aead_nonce_len(enum aead_alg alg)
{
	return sizes[alg].nonce_len;
}

static EVP_CIPHER_CTX *
context(enum aead_alg alg)
{
	switch (alg) {
	case AEAD_AES128GCM:
		return evp_cipher_ctx(EVP_AES128GCM);
	case AEAD_AES256GCM:
		return evp_cipher_ctx(EVP_AES256GCM);
	case AEAD_CHACHAPOLY:
	case AEAD_XCHACHAPOLY:
		break;
	}
	return evp_cipher_ctx(EVP_CHACHAPOLY);
}

/* Runs in through the context, in pieces that fit its lengths. */
static bool
run(EVP_CIPHER_CTX *ctx, struct bytes in, uint8_t *out)
{
	const size_t piece = 1 << 30;
	size_t done, take;
	int len;

	for (done = 0; done < in.n; done += take) {
		take = in.n - done < piece ? in.n - done : piece;
		if (EVP_CipherUpdate(ctx, out == NULL ? NULL : out + done, &len,
			in.p + done, (int)take) != 1)
			return false;
	}
	return true;
}

/* A context is shared: nothing of a key or a message may stay in it. */
static void
forget(EVP_CIPHER_CTX *ctx)
{
	static const uint8_t zeros[AEAD_MAX_KEY_LEN];
	uint8_t out[1];
	int len;

	(void)EVP_CipherInit_ex2(ctx, NULL, zeros, zeros, 1, NULL);
	(void)EVP_CipherUpdate(ctx, out, &len, zeros, 1);
}

static enum err
evp_seal(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *nonce,
    struct bytes ad, struct bytes in, uint8_t *out)
{
	uint8_t none[AEAD_TAG_LEN];
	enum err err = ERR_OK;
	int len;

	if (ctx == NULL)
		return ERR_CRYPTO;
	NEED(EVP_CipherInit_ex2(ctx, NULL, key, nonce, 1, NULL) == 1,
	    ERR_CRYPTO);
	NEED(run(ctx, ad, NULL) && run(ctx, in, out), ERR_CRYPTO);
	NEED(EVP_CipherFinal_ex(ctx, none, &len) == 1, ERR_CRYPTO);
	NEED(EVP_CIPHER_CTX_ctrl(
		 ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_LEN, out + in.n) == 1,
	    ERR_CRYPTO);
out:
	forget(ctx);
	return err;
}

/* in is without the tag. */
static enum err
evp_open(EVP_CIPHER_CTX *ctx, const uint8_t *key, const uint8_t *nonce,
    struct bytes ad, struct bytes in, uint8_t *out)
{
	uint8_t tag[AEAD_TAG_LEN], none[AEAD_TAG_LEN];
	enum err err = ERR_OK;
	int len;

	if (ctx == NULL)
		return ERR_CRYPTO;
	memcpy(tag, in.p + in.n, sizeof tag);
	NEED(EVP_CipherInit_ex2(ctx, NULL, key, nonce, 0, NULL) == 1,
	    ERR_CRYPTO);
	NEED(EVP_CIPHER_CTX_ctrl(
		 ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_LEN, tag) == 1,
	    ERR_CRYPTO);
	NEED(run(ctx, ad, NULL) && run(ctx, in, out), ERR_CRYPTO);
	NEED(ct_verdict(EVP_CipherFinal_ex(ctx, none, &len) == 1), ERR_AUTH);
out:
	forget(ctx);
	return err;
}

/*
 * RFC 8439 2.8 for short messages, out of libsodium's two parts. Its whole
 * computes the first block apart and the last ones one by one; in one run
 * over both, most of a record of 512 bytes is vector code, which halves the
 * time of what servers do most.
 */
struct chachapoly {
	crypto_onetimeauth_poly1305_state mac;
	uint8_t text[BLOCK_LEN + LARGE_LEN]; /* a block, then the message */
};

/* The message, sealed or opened, in c->text + BLOCK_LEN. */
static void
chachapoly_run(struct chachapoly *c, const uint8_t *key, const uint8_t *nonce,
    struct bytes in)
{
	memset(c->text, 0, BLOCK_LEN);
	if (in.n > 0)
		memcpy(c->text + BLOCK_LEN, in.p, in.n);
	(void)crypto_stream_chacha20_ietf_xor_ic(
	    c->text, c->text, BLOCK_LEN + in.n, nonce, 0, key);
}

static void
mac_padded(struct chachapoly *c, struct bytes b)
{
	static const uint8_t zeros[16];

	if (b.n > 0)
		(void)crypto_onetimeauth_poly1305_update(&c->mac, b.p, b.n);
	(void)crypto_onetimeauth_poly1305_update(
	    &c->mac, zeros, (16 - b.n % 16) % 16);
}

static void
chachapoly_tag(struct chachapoly *c, struct bytes ad, struct bytes sealed,
    uint8_t tag[AEAD_TAG_LEN])
{
	uint8_t lens[16];

	for (size_t i = 0; i < 8; i++) {
		lens[i] = (uint8_t)((uint64_t)ad.n >> 8 * i);
		lens[8 + i] = (uint8_t)((uint64_t)sealed.n >> 8 * i);
	}
	(void)crypto_onetimeauth_poly1305_init(&c->mac, c->text);
	mac_padded(c, ad);
	mac_padded(c, sealed);
	(void)crypto_onetimeauth_poly1305_update(&c->mac, lens, sizeof lens);
	(void)crypto_onetimeauth_poly1305_final(&c->mac, tag);
}

static void
chachapoly_seal(const uint8_t *key, const uint8_t *nonce, struct bytes ad,
    struct bytes in, uint8_t *out)
{
	struct chachapoly c;

	chachapoly_run(&c, key, nonce, in);
	if (in.n > 0)
		memcpy(out, c.text + BLOCK_LEN, in.n);
	chachapoly_tag(&c, ad, (struct bytes){ out, in.n }, out + in.n);
	/* Sealed bytes, too: a rekey makes them a key. */
	bytes_wipe(&c, offsetof(struct chachapoly, text) + BLOCK_LEN + in.n);
}

/* in is without the tag, which follows it. */
static enum err
chachapoly_open(const uint8_t *key, const uint8_t *nonce, struct bytes ad,
    struct bytes in, uint8_t *out)
{
	struct chachapoly c;
	uint8_t tag[AEAD_TAG_LEN];
	enum err err = ERR_OK;

	chachapoly_run(&c, key, nonce, in);
	chachapoly_tag(&c, ad, in, tag);
	NEED(ct_verdict(ct_equal(tag, in.p + in.n, sizeof tag)), ERR_AUTH);
	if (in.n > 0)
		memcpy(out, c.text + BLOCK_LEN, in.n);
out:
	bytes_wipe(&c, offsetof(struct chachapoly, text) + BLOCK_LEN + in.n);
	return err;
}

/*
 * AES-256-GCM for short messages, where the processor has it: libcrypto's
 * start and end cost more than the message.
 */
static bool
is_short_gcm(enum aead_alg alg, size_t n)
{
	return alg == AEAD_AES256GCM && n < LARGE_LEN &&
	       crypto_aead_aes256gcm_is_available() == 1;
}

/* Some builds of libsodium leave round keys below our frame; so deep. */
#define GCM_STACK 2048

static void
gcm_seal(const uint8_t *key, const uint8_t *nonce, struct bytes ad,
    struct bytes in, uint8_t *out)
{
	crypto_aead_aes256gcm_state state;

	(void)crypto_aead_aes256gcm_beforenm(&state, key);
	(void)crypto_aead_aes256gcm_encrypt_afternm(
	    out, NULL, in.p, in.n, ad.p, ad.n, NULL, nonce, &state);
	bytes_wipe(&state, sizeof state);
	sodium_stackzero(GCM_STACK);
}

static enum err
gcm_open(const uint8_t *key, const uint8_t *nonce, struct bytes ad,
    struct bytes in, uint8_t *out)
{
	crypto_aead_aes256gcm_state state;
	int status;

	(void)crypto_aead_aes256gcm_beforenm(&state, key);
	status = crypto_aead_aes256gcm_decrypt_afternm(
	    out, NULL, NULL, in.p, in.n, ad.p, ad.n, nonce, &state);
	bytes_wipe(&state, sizeof state);
	sodium_stackzero(GCM_STACK);
	return ct_verdict(status != 0) ? ERR_AUTH : ERR_OK;
}

enum err
aead_seal(enum aead_alg alg, const uint8_t *key, const uint8_t *nonce,
    struct bytes ad, struct bytes in, uint8_t *out)
{
	enum err err = ERR_OK;

	if (alg == AEAD_XCHACHAPOLY)
		(void)crypto_aead_xchacha20poly1305_ietf_encrypt(
		    out, NULL, in.p, in.n, ad.p, ad.n, NULL, nonce, key);
	else if (alg == AEAD_CHACHAPOLY && in.n < LARGE_LEN)
		chachapoly_seal(key, nonce, ad, in, out);
	else if (is_short_gcm(alg, in.n))
		gcm_seal(key, nonce, ad, in, out);
	else
		err = evp_seal(context(alg), key, nonce, ad, in, out);
	if (err != ERR_OK)
		memset(out, 0, in.n + AEAD_TAG_LEN);
	return err;
}

enum err
aead_open(enum aead_alg alg, const uint8_t *key, const uint8_t *nonce,
    struct bytes ad, struct bytes in, uint8_t *out)
{
	struct bytes text = in;
	enum err err = ERR_OK;
	int status = 0;

	if (in.n < AEAD_TAG_LEN)
		return ERR_AUTH;
	text.n -= AEAD_TAG_LEN;
	if (alg == AEAD_XCHACHAPOLY)
		status = crypto_aead_xchacha20poly1305_ietf_decrypt(
		    out, NULL, NULL, in.p, in.n, ad.p, ad.n, nonce, key);
	else if (alg == AEAD_CHACHAPOLY && text.n < LARGE_LEN)
		err = chachapoly_open(key, nonce, ad, text, out);
	else if (is_short_gcm(alg, text.n))
		err = gcm_open(key, nonce, ad, in, out);
	else
		err = evp_open(context(alg), key, nonce, ad, text, out);
	if (ct_verdict(status != 0))
		err = ERR_AUTH;
	if (err != ERR_OK && text.n > 0)
		memset(out, 0, text.n);
	return err;
}
