#include "crypto/aead.h"
#include "crypto/ct.h"
#include "crypto/evp.h"

#include <sodium.h>
#include <string.h>

/*
 * From this length on libcrypto's vector code for ChaCha20-Poly1305 makes
 * up for its slower start.
 */
#define LARGE_LEN 2048

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
	NEED(EVP_CipherFinal_ex(ctx, none, &len) == 1, ERR_AUTH);
out:
	forget(ctx);
	return err;
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
		(void)crypto_aead_chacha20poly1305_ietf_encrypt(
		    out, NULL, in.p, in.n, ad.p, ad.n, NULL, nonce, key);
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
		status = crypto_aead_chacha20poly1305_ietf_decrypt(
		    out, NULL, NULL, in.p, in.n, ad.p, ad.n, nonce, key);
	else
		err = evp_open(context(alg), key, nonce, ad, text, out);
	if (ct_verdict(status != 0))
		err = ERR_AUTH;
	if (err != ERR_OK && text.n > 0)
		memset(out, 0, text.n);
	return err;
}
