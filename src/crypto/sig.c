#include "crypto/sig.h"
#include "crypto/dh.h"
#include "crypto/openssl.h"

#include <sodium.h>
#include <string.h>

void
ed25519_public(
    const uint8_t seed[ED25519_SEED_LEN], uint8_t public[ED25519_PUBLIC_LEN])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	(void)crypto_sign_seed_keypair(public, secret, seed);
	bytes_wipe(secret, sizeof secret);
}

void
ed25519_sign(const uint8_t seed[ED25519_SEED_LEN], struct bytes message,
    uint8_t sig[ED25519_SIG_LEN])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	uint8_t public[ED25519_PUBLIC_LEN];

	(void)crypto_sign_seed_keypair(public, secret, seed);
	(void)crypto_sign_detached(sig, NULL, message.p, message.n, secret);
	bytes_wipe(secret, sizeof secret);
}

void
ed25519_sign_as(const uint8_t seed[ED25519_SEED_LEN],
    const uint8_t public[ED25519_PUBLIC_LEN], struct bytes message,
    uint8_t sig[ED25519_SIG_LEN])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];

	memcpy(secret, seed, ED25519_SEED_LEN);
	memcpy(secret + ED25519_SEED_LEN, public, ED25519_PUBLIC_LEN);
	(void)crypto_sign_detached(sig, NULL, message.p, message.n, secret);
	bytes_wipe(secret, sizeof secret);
}

enum err
ed25519_verify(const uint8_t public[ED25519_PUBLIC_LEN], struct bytes message,
    struct bytes sig)
{
	if (sig.n != ED25519_SIG_LEN)
		return ERR_AUTH;
	if (crypto_sign_verify_detached(sig.p, message.p, message.n, public) !=
	    0)
		return ERR_AUTH;
	return ERR_OK;
}

/* Returns a key of P-256, public only when secret is NULL; NULL on failure. */
static EVP_PKEY *
p256_key(const uint8_t *secret, struct bytes public)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;
	BIGNUM *scalar = NULL;
	enum err err = ERR_OK;

	NEED(build != NULL && ctx != NULL, ERR_NOMEM);
	NEED(OSSL_PARAM_BLD_push_utf8_string(
		 build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1,
	    ERR_CRYPTO);
	NEED(OSSL_PARAM_BLD_push_octet_string(
		 build, OSSL_PKEY_PARAM_PUB_KEY, public.p, public.n) == 1,
	    ERR_CRYPTO);
	if (secret != NULL) {
		scalar = BN_secure_new();
		NEED(scalar != NULL &&
			 BN_bin2bn(secret, P256_SECRET_LEN, scalar) != NULL,
		    ERR_NOMEM);
		NEED(OSSL_PARAM_BLD_push_BN_pad(build, OSSL_PKEY_PARAM_PRIV_KEY,
			 scalar, P256_SECRET_LEN) == 1,
		    ERR_CRYPTO);
	}
	params = OSSL_PARAM_BLD_to_param(build);
	NEED(params != NULL && EVP_PKEY_fromdata_init(ctx) == 1, ERR_CRYPTO);
	NEED(EVP_PKEY_fromdata(ctx, &key,
		 secret != NULL ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
		 params) == 1,
	    ERR_CRYPTO);
out:
	OSSL_PARAM_free(params);
	BN_clear_free(scalar);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_BLD_free(build);
	return err == ERR_OK ? key : NULL;
}

enum err
ecdsa_p256_sign(const uint8_t secret[32], struct bytes message,
    uint8_t sig[ECDSA_MAX_SIG_LEN], size_t *sig_len)
{
	uint8_t public[P256_PUBLIC_LEN];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY *key = NULL;
	size_t len = ECDSA_MAX_SIG_LEN;
	enum err err;

	*sig_len = 0;
	TRY(p256_public(secret, public));
	key = p256_key(secret, BYTES_OF(public));
	NEED(key != NULL && ctx != NULL, ERR_NOMEM);
	NEED(EVP_DigestSignInit_ex(
		 ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1,
	    ERR_CRYPTO);
	NEED(EVP_DigestSign(ctx, sig, &len, message.p, message.n) == 1,
	    ERR_CRYPTO);
	*sig_len = len;
out:
	EVP_PKEY_free(key);
	EVP_MD_CTX_free(ctx);
	if (err != ERR_OK)
		memset(sig, 0, ECDSA_MAX_SIG_LEN);
	return err;
}

/* The hybrid forms (6, 7) would be other spellings of a key. */
static bool is_point(struct bytes public)
{
	if (public.n == P256_SHORT_LEN)
		return public.p[0] == 2 || public.p[0] == 3;
	return public.n == P256_PUBLIC_LEN && public.p[0] == 4;
}

enum err
ecdsa_p256_verify(struct bytes public, struct bytes message, struct bytes sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY *key = NULL;
	enum err err = ERR_OK;

	NEED(ctx != NULL, ERR_NOMEM);
	NEED(is_point(public), ERR_AUTH);
	key = p256_key(NULL, public);
	NEED(key != NULL, ERR_AUTH);
	NEED(EVP_DigestVerifyInit_ex(
		 ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1,
	    ERR_CRYPTO);
	NEED(EVP_DigestVerify(ctx, sig.p, sig.n, message.p, message.n) == 1,
	    ERR_AUTH);
out:
	EVP_PKEY_free(key);
	EVP_MD_CTX_free(ctx);
	return err;
}
