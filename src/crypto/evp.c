#include "crypto/evp.h"

#include <pthread.h>
#include <stdlib.h>

static const char *const digest_names[EVP_DIGESTS] = {
	[EVP_SHA3_256] = "SHA3-256",
	[EVP_SHA3_512] = "SHA3-512",
	[EVP_SHAKE128] = "SHAKE128",
	[EVP_SHAKE256] = "SHAKE256",
};

static const char *const cipher_names[EVP_CIPHERS] = {
	[EVP_CHACHAPOLY] = "ChaCha20-Poly1305",
	[EVP_AES128GCM] = "AES-128-GCM",
	[EVP_AES256GCM] = "AES-256-GCM",
};

/* Written by evp_init only. */
static EVP_MD *digests[EVP_DIGESTS];
static EVP_CIPHER *ciphers[EVP_CIPHERS];
static pthread_key_t at_thread_end;
static bool ready;

struct contexts {
	EVP_CIPHER_CTX *cipher[EVP_CIPHERS];
};

static _Thread_local struct contexts *mine;

static void
contexts_free(void *p)
{
	struct contexts *c = p;

	for (size_t i = 0; i < EVP_CIPHERS; i++)
		EVP_CIPHER_CTX_free(c->cipher[i]);
	free(c);
	mine = NULL;
}

enum err
evp_init(void)
{
	if (ready)
		return ERR_OK;
	for (size_t i = 0; i < EVP_DIGESTS; i++) {
		digests[i] = EVP_MD_fetch(NULL, digest_names[i], NULL);
		if (digests[i] == NULL)
			return ERR_CRYPTO;
	}
	for (size_t i = 0; i < EVP_CIPHERS; i++) {
		ciphers[i] = EVP_CIPHER_fetch(NULL, cipher_names[i], NULL);
		if (ciphers[i] == NULL)
			return ERR_CRYPTO;
	}
	if (pthread_key_create(&at_thread_end, contexts_free) != 0)
		return ERR_CRYPTO;
	ready = true;
	return ERR_OK;
}

static struct contexts *
contexts(void)
{
	if (mine != NULL || !ready)
		return mine;
	mine = calloc(1, sizeof *mine);
	if (mine != NULL && pthread_setspecific(at_thread_end, mine) != 0) {
		free(mine);
		mine = NULL;
	}
	return mine;
}

const EVP_MD *
evp_digest(enum evp_digest which)
{
	return digests[which];
}

EVP_CIPHER_CTX *
evp_cipher_ctx(enum evp_cipher which)
{
	struct contexts *c = contexts();
	EVP_CIPHER_CTX *ctx;

	if (c == NULL)
		return NULL;
	if (c->cipher[which] != NULL)
		return c->cipher[which];
	ctx = EVP_CIPHER_CTX_new();
	if (ctx == NULL ||
	    EVP_CipherInit_ex2(ctx, ciphers[which], NULL, NULL, 1, NULL) != 1) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	c->cipher[which] = ctx;
	return ctx;
}
