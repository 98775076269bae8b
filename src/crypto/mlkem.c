#include "crypto/mlkem.h"
#include "crypto/openssl.h"

#include <string.h>

#if OPENSSL_VERSION_NUMBER >= 0x30500000L

/*
 * Makes a key of libcrypto's from one octet-string parameter. Returns NULL
 * when that is refused.
 */
static EVP_PKEY *
key_from(const char *param, const uint8_t *value, size_t len, int selection)
{
	EVP_PKEY_CTX *ctx =
	    EVP_PKEY_CTX_new_from_name(NULL, "ML-KEM-768", NULL);
	EVP_PKEY *key = NULL;
	uint8_t copy[MLKEM768_DK_LEN];
	OSSL_PARAM params[2] = {
		OSSL_PARAM_construct_octet_string(param, copy, len),
		OSSL_PARAM_construct_end(),
	};

	memcpy(copy, value, len);
	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, selection, params) != 1)
		key = NULL;
	bytes_wipe(copy, sizeof copy);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static enum err
get_octets(EVP_PKEY *key, const char *param, uint8_t *out, size_t len)
{
	size_t got = 0;

	if (EVP_PKEY_get_octet_string_param(key, param, out, len, &got) != 1 ||
	    got != len)
		return ERR_CRYPTO;
	return ERR_OK;
}

enum err
mlkem768_keygen(const uint8_t seed[MLKEM768_SEED_LEN],
    uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_DK_LEN])
{
	EVP_PKEY *key = key_from(OSSL_PKEY_PARAM_ML_KEM_SEED, seed,
	    MLKEM768_SEED_LEN, EVP_PKEY_KEYPAIR);
	enum err err;

	NEED(key != NULL, ERR_CRYPTO);
	TRY(get_octets(key, OSSL_PKEY_PARAM_PUB_KEY, ek, MLKEM768_EK_LEN));
	TRY(get_octets(key, OSSL_PKEY_PARAM_PRIV_KEY, dk, MLKEM768_DK_LEN));
out:
	EVP_PKEY_free(key);
	if (err != ERR_OK) {
		memset(ek, 0, MLKEM768_EK_LEN);
		bytes_wipe(dk, MLKEM768_DK_LEN);
	}
	return err;
}

enum err
mlkem768_encaps(const uint8_t ek[MLKEM768_EK_LEN],
    const uint8_t m[MLKEM768_RANDOM_LEN], uint8_t ct[MLKEM768_CT_LEN],
    uint8_t shared[MLKEM768_SHARED_LEN])
{
	EVP_PKEY *key = key_from(
	    OSSL_PKEY_PARAM_PUB_KEY, ek, MLKEM768_EK_LEN, EVP_PKEY_PUBLIC_KEY);
	EVP_PKEY_CTX *ctx = NULL;
	struct {
		uint8_t m[MLKEM768_RANDOM_LEN];
	} s;
	OSSL_PARAM params[2] = {
		OSSL_PARAM_construct_octet_string(
		    OSSL_KEM_PARAM_IKME, s.m, sizeof s.m),
		OSSL_PARAM_construct_end(),
	};
	size_t ct_len = MLKEM768_CT_LEN, shared_len = MLKEM768_SHARED_LEN;
	enum err err = ERR_OK;

	memcpy(s.m, m, sizeof s.m);
	NEED(key != NULL, ERR_KEY);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	NEED(ctx != NULL, ERR_NOMEM);
	NEED(EVP_PKEY_encapsulate_init(ctx, params) == 1, ERR_CRYPTO);
	NEED(EVP_PKEY_encapsulate(ctx, ct, &ct_len, shared, &shared_len) == 1,
	    ERR_CRYPTO);
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	bytes_wipe(&s, sizeof s);
	if (err != ERR_OK) {
		memset(ct, 0, MLKEM768_CT_LEN);
		memset(shared, 0, MLKEM768_SHARED_LEN);
	}
	return err;
}

enum err
mlkem768_decaps(const uint8_t dk[MLKEM768_DK_LEN],
    const uint8_t ct[MLKEM768_CT_LEN], uint8_t shared[MLKEM768_SHARED_LEN])
{
	EVP_PKEY *key = key_from(
	    OSSL_PKEY_PARAM_PRIV_KEY, dk, MLKEM768_DK_LEN, EVP_PKEY_KEYPAIR);
	EVP_PKEY_CTX *ctx = NULL;
	size_t shared_len = MLKEM768_SHARED_LEN;
	enum err err = ERR_OK;

	NEED(key != NULL, ERR_KEY);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
	NEED(ctx != NULL, ERR_NOMEM);
	NEED(EVP_PKEY_decapsulate_init(ctx, NULL) == 1, ERR_CRYPTO);
	NEED(EVP_PKEY_decapsulate(
		 ctx, shared, &shared_len, ct, MLKEM768_CT_LEN) == 1,
	    ERR_CRYPTO);
out:
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (err != ERR_OK)
		memset(shared, 0, MLKEM768_SHARED_LEN);
	return err;
}

#else

enum err
mlkem768_keygen(const uint8_t seed[MLKEM768_SEED_LEN],
    uint8_t ek[MLKEM768_EK_LEN], uint8_t dk[MLKEM768_DK_LEN])
{
	return mlkem_own_keygen(seed, ek, dk);
}

enum err
mlkem768_encaps(const uint8_t ek[MLKEM768_EK_LEN],
    const uint8_t m[MLKEM768_RANDOM_LEN], uint8_t ct[MLKEM768_CT_LEN],
    uint8_t shared[MLKEM768_SHARED_LEN])
{
	return mlkem_own_encaps(ek, m, ct, shared);
}

enum err
mlkem768_decaps(const uint8_t dk[MLKEM768_DK_LEN],
    const uint8_t ct[MLKEM768_CT_LEN], uint8_t shared[MLKEM768_SHARED_LEN])
{
	return mlkem_own_decaps(dk, ct, shared);
}

#endif
