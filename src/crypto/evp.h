/*
 * evp - the libcrypto objects that this folder keeps and uses again.
 *
 * Looking an algorithm up by name and allocating a context for it cost more
 * than a short operation. So crypto_init looks all of them up once, and each
 * thread has one context of every kind, made at its first use and freed when
 * the thread ends. No context carries anything from one use to the next:
 * who borrows one begins with its own key, and overwrites it at the end.
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

/*
 * Returns this thread's context for a digest, ready for data, or NULL. It is
 * borrowed until the next call for the same digest in this thread.
 */
EVP_MD_CTX *evp_digest_ctx(enum evp_digest which);

/*
 * Returns this thread's context of a cipher, with the cipher set but without
 * a key, or NULL. The same rule holds.
 */
EVP_CIPHER_CTX *evp_cipher_ctx(enum evp_cipher which);

#endif
