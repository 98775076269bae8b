#include "crypto/crypto.h"
#include "crypto/evp.h"

#include <sodium.h>

enum err
crypto_init(void)
{
	if (sodium_init() < 0)
		return ERR_CRYPTO;
	return evp_init();
}

void
crypto_system_random(void *ctx, void *out, size_t n)
{
	(void)ctx;
	randombytes_buf(out, n);
}
