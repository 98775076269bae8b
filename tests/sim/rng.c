#include "sim/rng.h"

struct rng
rng_new(uint64_t seed, const char *name)
{
	struct rng r = { seed * 0x9e3779b97f4a7c15 + 1 };

	for (; *name != '\0'; name++) {
		r.s ^= (uint8_t)*name;
		(void)rng_next(&r);
	}
	return r;
}

/* splitmix64: any state is a good state. */
uint64_t
rng_next(struct rng *r)
{
	uint64_t z = r->s += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

uint32_t
rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)((rng_next(r) >> 32) * n >> 32);
}

bool
rng_chance(struct rng *r, uint32_t in_1000)
{
	return rng_below(r, 1000) < in_1000;
}

void
rng_fill(struct rng *r, void *out, size_t n)
{
	uint8_t *to = out;

	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(rng_next(r) >> 56);
}
