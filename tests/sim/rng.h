/*
 * rng - seeded streams of numbers, one for each class of choices, so that a
 * new kind of fault does not move all others.
 */
#ifndef SIM_RNG_H
#define SIM_RNG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rng {
	uint64_t s;
};

/* Returns the stream of that name under seed. */
struct rng rng_new(uint64_t seed, const char *name);

uint64_t rng_next(struct rng *r);

/* Returns a number below n, which is not 0. */
uint32_t rng_below(struct rng *r, uint32_t n);

/* Returns true in so many of 1,000 cases. */
bool rng_chance(struct rng *r, uint32_t in_1000);

/* Fills n bytes. */
void rng_fill(struct rng *r, void *out, size_t n);

#endif
