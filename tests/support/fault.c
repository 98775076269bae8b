#include "support/fault.h"

#include "base/secret.h"
#include "base/wheel.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/mlkem.h"

#include <stdlib.h>

/* How many calls are left until one fails; 0: none does. */
static unsigned left;
static bool held;

void
fault_at(unsigned n)
{
	left = n;
}

bool
fault_has_come(void)
{
	return left == 0;
}

bool
fault_end(void)
{
	bool has_come = fault_has_come();

	left = 0;
	return has_come;
}

void
fault_hold(bool is_held)
{
	held = is_held;
}

static bool
fails(void)
{
	return !held && left > 0 && --left == 0;
}

/* The linker sends a call of NAME to __wrap_NAME, and has the function itself
 * as __real_NAME. */
#define FAULT(type, none, name, params, args)                                 \
	type __real_##name params;                                            \
	type __wrap_##name params;                                            \
	type __wrap_##name params                                             \
	{                                                                     \
		return fails() ? (none) : __real_##name args;                 \
	}

FAULT(void *, NULL, malloc, (size_t n), (n))
FAULT(void *, NULL, calloc, (size_t n, size_t each), (n, each))
FAULT(void *, NULL, realloc, (void *p, size_t n), (p, n))
FAULT(struct secret *, NULL, secret_new, (size_t n), (n))
FAULT(struct secret *, NULL, secret_dup, (struct bytes b), (b))
FAULT(enum err, ERR_NOMEM, wheel_arm,
    (struct wheel *w, struct timer *t, uint64_t at_ms), (w, t, at_ms))
FAULT(enum err, ERR_CRYPTO, aead_seal,
    (enum aead_alg alg, const uint8_t *key, const uint8_t *nonce,
	struct bytes ad, struct bytes in, uint8_t *out),
    (alg, key, nonce, ad, in, out))
FAULT(enum err, ERR_CRYPTO, hkdf_expand,
    (enum hash_alg alg, struct bytes prk, struct bytes info, uint8_t *out,
	size_t len),
    (alg, prk, info, out, len))
FAULT(enum err, ERR_CRYPTO, mlkem768_keygen,
    (const uint8_t seed[MLKEM768_SEED_LEN], uint8_t ek[MLKEM768_EK_LEN],
	uint8_t dk[MLKEM768_DK_LEN]),
    (seed, ek, dk))
FAULT(enum err, ERR_CRYPTO, mlkem768_encaps,
    (const uint8_t ek[MLKEM768_EK_LEN], const uint8_t m[MLKEM768_RANDOM_LEN],
	uint8_t ct[MLKEM768_CT_LEN], uint8_t shared[MLKEM768_SHARED_LEN]),
    (ek, m, ct, shared))
FAULT(enum err, ERR_CRYPTO, mlkem768_decaps,
    (const uint8_t dk[MLKEM768_DK_LEN], const uint8_t ct[MLKEM768_CT_LEN],
	uint8_t shared[MLKEM768_SHARED_LEN]),
    (dk, ct, shared))
