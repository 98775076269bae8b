#include "server/guess.h"

#include <stdlib.h>
#include <string.h>

/* Wrong guesses that cost nothing; many people share one source. */
#define FREE_NAME   3
#define FREE_SOURCE 30

/* The first delay, doubled with each further guess, and the longest: at most
 * ten guesses in the first hour, three in every other. */
#define FIRST_DELAY_MS 30000
#define MOST_DELAY_MS  1200000

/* One wrong guess is forgotten in this time. */
#define FORGET_S 3600

enum err
server_guess_tables(struct server *s)
{
	s->guesses = calloc(SERVER_GUESSES, sizeof s->guesses[0]);
	s->paces = calloc(SERVER_PACES, sizeof s->paces[0]);
	return s->guesses == NULL || s->paces == NULL ? ERR_NOMEM : ERR_OK;
}

static struct server_guess *
of_name(struct server *s, const struct wire_name *name)
{
	uint64_t hash = siphash(s->hash_key, wire_name_bytes(name));

	return &s->guesses[hash & (SERVER_GUESSES - 1)];
}

static struct server_guess *
of_source(struct server *s, const struct server_conn *c)
{
	uint8_t key[5] = { 0xff, (uint8_t)(c->source >> 24),
		(uint8_t)(c->source >> 16), (uint8_t)(c->source >> 8),
		(uint8_t)c->source };
	uint64_t hash = siphash(s->hash_key, BYTES_OF(key));

	return &s->guesses[hash & (SERVER_GUESSES - 1)];
}

static void
forget(struct server *s, struct server_guess *g)
{
	uint32_t now_s = (uint32_t)(server_now_ms(s) / 1000);
	uint32_t n = (now_s - g->at_s) / FORGET_S;

	g->count = n >= g->count ? 0 : (uint16_t)(g->count - n);
	g->at_s += n * FORGET_S;
	if (g->count == 0)
		g->at_s = now_s;
}

static void
charge(struct server *s, struct server_guess *g, uint16_t free_ones)
{
	uint64_t delay = FIRST_DELAY_MS;

	if (g->count < UINT16_MAX)
		g->count++;
	if (g->count < free_ones)
		return;
	for (int i = free_ones; i < g->count && delay < MOST_DELAY_MS; i++)
		delay *= 2;
	if (delay > MOST_DELAY_MS)
		delay = MOST_DELAY_MS;
	g->until_ms = server_now_ms(s) + delay;
}

static uint32_t
wait_of(struct server *s, struct server_guess *g)
{
	uint64_t now = server_now_ms(s);

	forget(s, g);
	return g->until_ms > now ? (uint32_t)(g->until_ms - now) : 0;
}

uint32_t
server_guess_charge(struct server *s, const struct server_conn *c,
    const struct wire_name *name)
{
	struct server_guess *source = of_source(s, c);
	struct server_guess *account = of_name(s, name);
	uint32_t wait = c->is_loopback ? 0 : wait_of(s, source);

	if (wait == 0)
		wait = wait_of(s, account);
	if (wait != 0)
		return wait;
	if (!c->is_loopback)
		charge(s, source, FREE_SOURCE);
	charge(s, account, FREE_NAME);
	return 0;
}

static void
refund(struct server_guess *g)
{
	if (g->count > 0)
		g->count--;
	g->until_ms = 0;
}

void
server_guess_refund(struct server *s, const struct server_conn *c,
    const struct wire_name *name)
{
	if (!c->is_loopback)
		refund(of_source(s, c));
	refund(of_name(s, name));
}

uint32_t
server_guess_pace(struct server *s, const struct wire_name *caller,
    const struct wire_name *callee)
{
	struct bytes parts[] = { BYTES_OF(caller->s), BYTES_OF(callee->s) };
	uint8_t pair[2 * sizeof caller->s];
	uint32_t now_s = (uint32_t)(server_now_ms(s) / 1000), earned;
	struct server_pace *p;

	memcpy(pair, parts[0].p, parts[0].n);
	memcpy(pair + parts[0].n, parts[1].p, parts[1].n);
	p = &s->paces[siphash(s->hash_key, BYTES_OF(pair)) &
	    (SERVER_PACES - 1)];
	/* tokens counts those that were used; time gives them back. */
	earned = (now_s - p->at_s) * WIRE_ASKS_A_MINUTE / 60;
	if (earned >= p->tokens) {
		p->tokens = 0;
		p->at_s = now_s;
	} else {
		p->tokens = (uint16_t)(p->tokens - earned);
		p->at_s += earned * 60 / WIRE_ASKS_A_MINUTE;
	}
	if (p->tokens >= WIRE_ASKS_A_MINUTE)
		return (60 / WIRE_ASKS_A_MINUTE - (now_s - p->at_s)) * 1000;
	p->tokens++;
	return 0;
}
