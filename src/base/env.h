/*
 * env - the only way out of a deterministic core: what time it is, and
 * randomness. A shell gives one at creation; the simulator gives a virtual
 * clock and a seeded stream, the programs the monotonic clock and the
 * system's generator.
 */
#ifndef BASE_ENV_H
#define BASE_ENV_H

#include <stddef.h>
#include <stdint.h>

struct env {
	/* Milliseconds on a monotonic clock of unspecified origin. */
	uint64_t (*now_ms)(void *ctx);
	/* Seconds since 1970, for what people read and long expiries only. */
	uint64_t (*wall_s)(void *ctx);
	/* Fills n bytes with unpredictable ones; never fails. */
	void (*random)(void *ctx, void *out, size_t n);
	void *ctx;
};

#endif
