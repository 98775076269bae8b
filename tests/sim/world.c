/* Time, and the making and ending of a world. */
#include "sim/inside.h"

#include "crypto/crypto.h"
#include "crypto/ristretto.h"

#include <stdlib.h>
#include <string.h>

/* Where the clocks of people stand at the start; the monotonic one is not 0
 * either, so that nobody takes 0 for "never". */
#define WALL_START_S 1790000000
#define START_MS     5000

#define WATCH_EVERY 8

uint64_t
world_clock(void *ctx)
{
	return ((const struct world *)ctx)->now;
}

uint64_t
world_wall_at(const struct world *w, int64_t ahead_s)
{
	return WALL_START_S + w->now / 1000 + (uint64_t)ahead_s;
}

uint64_t
world_wall(void *ctx)
{
	const struct world *w = ctx;

	return world_wall_at(w, w->server.ahead_s);
}

void
world_jump(struct world *w, struct world_home *home, int64_t seconds)
{
	int64_t *ahead_s = home == NULL ? &w->server.ahead_s : &home->ahead_s;

	*ahead_s += seconds;
	world_note(w, "clock jumps", (uint64_t)*ahead_s, BYTES_NONE);
}

uint64_t
world_now(const struct world *w)
{
	return w->now;
}

uint64_t
world_events(const struct world *w)
{
	return w->events;
}

struct rng *
world_rng(struct world *w)
{
	return &w->chance;
}

struct wire_address
world_address(void)
{
	return (struct wire_address){ "server.test", WIRE_PORT };
}

void
world_tap(struct world *w, world_tap_fn *fn, void *ctx)
{
	w->tap = fn;
	w->tap_ctx = ctx;
}

void
world_told(struct world *w, world_told_fn *fn, void *ctx)
{
	w->told = fn;
	w->told_ctx = ctx;
}

void
world_watch(struct world *w, world_watch_fn *fn, void *ctx)
{
	w->watch = fn;
	w->watch_ctx = ctx;
}

static void
make_keys(struct world *w)
{
	uint8_t uniform[RISTRETTO_UNIFORM_LEN];

	rng_fill(&w->random, w->keys.channel_secret,
	    sizeof w->keys.channel_secret);
	rng_fill(&w->random, uniform, sizeof uniform);
	ristretto_scalar_reduce(uniform, w->keys.opaque_secret);
	rng_fill(&w->random, w->keys.oprf_seed, sizeof w->keys.oprf_seed);
	rng_fill(&w->random, w->keys.fake_seed, sizeof w->keys.fake_seed);
}

struct world *
world_new(const struct world_options *options)
{
	struct world *w = calloc(1, sizeof *w);
	uint64_t seed = options->seed;

	if (w == NULL || crypto_init() != ERR_OK)
		abort();
	w->options = *options;
	w->now = START_MS;
	w->chance = rng_new(seed, "chance");
	w->net = rng_new(seed, "network");
	w->random = rng_new(seed, "server's randomness");
	w->client_random = rng_new(seed, "clients' randomness");
	hash_init(&w->hash, HASH_BLAKE2B);
	w->disk = disk_new(rng_new(seed, "disk"));
	make_keys(w);
	world_server_start(w);
	return w;
}

void
world_free(struct world *w)
{
	struct agenda_item item;

	for (size_t i = 0; i < w->program_count; i++)
		program_kill(&w->programs[i]);
	world_server_kill(w, false);
	/* Some items own memory: let them release it. */
	while (agenda_take(&w->agenda, &item))
		if (item.data != NULL)
			item.run(item.owner, item.arg, item.data);
	for (size_t i = 0; i < w->program_count; i++)
		free(w->programs[i].log);
	agenda_free(&w->agenda);
	net_free(w);
	for (size_t i = 0; i < w->home_count; i++)
		for (size_t f = 0; f < CLIENT_FILES; f++)
			free(w->homes[i].files[f].p);
	disk_free(w->disk);
	disk_free(w->kept);
	free(w);
}

void
world_plan(struct world *w, uint64_t delay_ms,
    void (*run)(void *owner, uint64_t arg, void *data), void *owner,
    uint64_t arg, void *data)
{
	struct agenda_item item = { .at_ms = w->now + delay_ms, .run = run,
		.owner = owner, .arg = arg, .data = data };

	agenda_add(&w->agenda, &item);
}

void
world_note(struct world *w, const char *what, uint64_t number,
    struct bytes bytes)
{
	uint64_t numbers[2] = { w->now, number };

	hash_update(&w->hash, BYTES_OF(numbers));
	hash_update(&w->hash, bytes_str(what));
	hash_update(&w->hash, bytes);
}

void
world_hash(const struct world *w, uint8_t hash[32])
{
	struct hash copy;
	uint8_t whole[HASH_MAX_LEN];

	hash_copy(&copy, &w->hash);
	hash_final(&copy, whole);
	memcpy(hash, whole, 32);
}

bool
world_step(struct world *w)
{
	struct agenda_item item;

	if (!agenda_take(&w->agenda, &item))
		return false;
	if (item.at_ms > w->now)
		w->now = item.at_ms;
	w->events++;
	item.run(item.owner, item.arg, item.data);
	if (w->watch != NULL && w->events % WATCH_EVERY == 0)
		w->watch(w->watch_ctx);
	return true;
}

bool
world_until(struct world *w, uint64_t ms, bool (*done)(void *ctx), void *ctx)
{
	uint64_t end = w->now + ms;

	while (!done(ctx)) {
		if (agenda_next(&w->agenda) > end) {
			w->now = end;
			return done(ctx);
		}
		(void)world_step(w);
	}
	return true;
}

static bool
is_never(void *ctx)
{
	(void)ctx;
	return false;
}

void
world_run(struct world *w, uint64_t ms)
{
	(void)world_until(w, ms, is_never, NULL);
}
