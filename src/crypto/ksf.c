#include "crypto/ksf.h"

#include <sodium.h>
#include <string.h>

#define MIN_OUT_LEN    16
#define MAX_OUT_LEN    64
#define MIN_MEMORY_KIB (crypto_pwhash_argon2id_MEMLIMIT_MIN / 1024)

/* libsodium leaves what it gave below our frame, on the stack of a thread
 * that lives on; so deep. */
#define KSF_STACK (16 * 1024)

_Static_assert(KSF_SALT_LEN == crypto_pwhash_argon2id_SALTBYTES,
    "libsodium takes a salt of this length only");

enum err
ksf_argon2id(struct ksf_params params, struct bytes in,
    const uint8_t salt[KSF_SALT_LEN], uint8_t *out, size_t len)
{
	const char *password = in.n == 0 ? "" : (const char *)in.p;
	int status;

	if (len < MIN_OUT_LEN || len > MAX_OUT_LEN)
		return ERR_ARG;
	memset(out, 0, len);
	if (params.passes == 0 || params.passes > KSF_MAX_PASSES ||
	    params.memory_kib < MIN_MEMORY_KIB ||
	    params.memory_kib > KSF_MAX_MEMORY_KIB ||
	    in.n > crypto_pwhash_argon2id_PASSWD_MAX)
		return ERR_ARG;
	status = crypto_pwhash_argon2id(out, len, password, in.n, salt,
	    params.passes, (size_t)params.memory_kib * 1024,
	    crypto_pwhash_argon2id_ALG_ARGON2ID13);
	sodium_stackzero(KSF_STACK);
	if (status == 0)
		return ERR_OK;
	memset(out, 0, len);
	return ERR_NOMEM;
}
