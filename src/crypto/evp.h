/*
 * evp - the libcrypto objects that this folder keeps and uses again.
 *
 * Looking an algorithm up by name costs more than a short operation, so
 * crypto_init looks all of them up once. The contexts of ciphers are kept as
 * well: each thread has one of every kind, made at its first use and freed
 * when the thread ends. None carries anything from one use to the next: who
 * borrows one begins with its own key, and overwrites it at the end.
 */
#ifndef CRYPTO_EVP_H
#define CRYPTO_EVP_H

#include "base/err.h"
#include "crypto/openssl.h"

#include <stdbool.h>

enum evp_digest { EVP_SHA3_256, EVP_SHA3_512, EVP_SHAKE128, EVP_SHAKE256,
	EVP_DIGESTS };
enum evp_cipher { EVP_CHACHAPOLY, EVP_AES128GCM, EVP_AES256GCM, EVP_CIPHERS };

/* Looks up every algorithm; once, before the rest. Fails with CRYPTO. */
MUST_USE enum err evp_init(void);

/* Returns a digest for EVP_DigestInit_ex2, or NULL before evp_init. */
const EVP_MD *evp_digest(enum evp_digest which);

/*
 * Returns this thread's context of a cipher, with the cipher set but without
 * a key, or NULL. It is borrowed until the next call for the same cipher in
 * this thread.
 */
EVP_CIPHER_CTX *evp_cipher_ctx(enum evp_cipher which);

#endif
