/*
 * ksf - key stretching: Argon2id (RFC 9106), version 0x13, one lane.
 *
 * Slow by design: a core asks its shell for it as a job.
 */
#ifndef CRYPTO_KSF_H
#define CRYPTO_KSF_H

#include "base/bytes.h"
#include "base/err.h"

#define KSF_SALT_LEN 16

/*
 * More is refused: the parameters may come from the other side, and must not
 * be a way to take all memory or never to end.
 */
#define KSF_MAX_PASSES     64
#define KSF_MAX_MEMORY_KIB (4U << 20)

struct ksf_params {
	uint32_t passes;
	uint32_t memory_kib;
};

/*
 * Writes len (16 to 64) bytes to out. Fails with ARG when len, passes (from
 * 1) or memory_kib (from 8) is out of range, with NOMEM when there is not
 * that much memory.
 */
MUST_USE enum err ksf_argon2id(struct ksf_params params, struct bytes in,
    const uint8_t salt[KSF_SALT_LEN], uint8_t *out, size_t len);

#endif
