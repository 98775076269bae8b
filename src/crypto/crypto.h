/*
 * crypto - the start of the primitives, and what all of them share.
 *
 * This folder is the only user of libsodium and libcrypto. It holds thin,
 * typed doors to primitives and nothing that is a protocol. Nothing here
 * generates randomness: whatever needs some takes it as an argument, so that
 * everything above can be replayed. Secret temporaries are wiped before a
 * function returns; outputs of a failed call are zeros.
 */
#ifndef CRYPTO_CRYPTO_H
#define CRYPTO_CRYPTO_H

#include "base/bytes.h"
#include "base/err.h"

/* Prepares the libraries. Call once, first. Fails with CRYPTO. */
MUST_USE enum err crypto_init(void);

/* Fills n bytes from the system's generator: for shells, never for cores. */
void crypto_system_random(void *ctx, void *out, size_t n);

#endif
