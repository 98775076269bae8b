/*
 * wheel - many timers behind one deadline.
 *
 * A binary heap of timers that stand inside their owners. The core arms and
 * cancels as it likes; the shell only ever knows wheel_deadline. Times are
 * milliseconds of the env's clock. Equal deadlines fire in the order they
 * were armed, so that a run can be repeated.
 */
#ifndef BASE_WHEEL_H
#define BASE_WHEEL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WHEEL_NEVER UINT64_MAX

struct timer {
	uint64_t at_ms;
	uint64_t order;
	size_t slot; /* place in the heap, from 1; 0 when not armed */
	void (*fire)(struct timer *t, void *ctx);
};

struct wheel {
	struct timer **heap; /* heap[1..count] */
	size_t count;
	size_t cap;
	uint64_t next_order;
};

/* Makes an empty wheel; nothing is allocated yet. */
struct wheel wheel_init(void);

/* Releases the heap; the timers belong to their owners. */
void wheel_free(struct wheel *w);

/*
 * Arms t to call fire at or after at_ms, moving it if it is armed. Fails
 * with NOMEM, t then as it was.
 */
MUST_USE enum err wheel_arm(struct wheel *w, struct timer *t, uint64_t at_ms);

/* Disarms t if it is armed. */
void wheel_cancel(struct wheel *w, struct timer *t);

/* Returns when the next timer is due, or WHEEL_NEVER. */
uint64_t wheel_deadline(const struct wheel *w);

/* Disarms and fires, in order, every timer that is due at now_ms. */
void wheel_run(struct wheel *w, uint64_t now_ms, void *ctx);

#endif
