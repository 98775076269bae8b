#include "server/guess.h"

#include "server/login.h"

#include <stdlib.h>
#include <string.h>

/*
 * Delays: wrong guesses that cost nothing, the delay after the next one,
 * doubled with each further one, the longest, and how soon one is forgotten.
 * Many people share a source, and very many one of this machine's addresses,
 * if a proxy runs here.
 */
struct delays {
	uint16_t free;
	uint32_t first_ms, most_ms, forget_s;
};

static const struct delays of_names = { 3, 30000, 3600000, 3600 };
static const struct delays of_sources = { 30, 30000, 1200000, 3600 };
static const struct delays of_loopback = { 1000, 30000, 1200000, 100 };

/*
 * The budget of a name: so many at once, and one each so often: at most 9 in
 * an hour, 96 in a day. The last ones are for those who work.
 */
#define AT_ONCE   6
#define RESERVE   2
#define PERIOD_MS (16 * 60 * 1000)

/* A bid is held for so long; and what a login takes after that. */
#define HOLD_MS  20000
#define LOGIN_MS 10000

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

static const struct delays *
delays_of(const struct server_conn *c)
{
	return c->is_loopback ? &of_loopback : &of_sources;
}

/* ---- delays ---- */

static void
forget(struct server *s, struct server_guess *g, const struct delays *d)
{
	uint32_t now_s = (uint32_t)(server_now_ms(s) / 1000);
	uint32_t n = (now_s - g->forget_s) / d->forget_s;

	g->count = n >= g->count ? 0 : (uint16_t)(g->count - n);
	g->forget_s += n * d->forget_s;
	if (g->count == 0)
		g->forget_s = now_s;
}

/* Returns how long the delay after the last guess still is. */
static uint64_t
delay_left(struct server *s, struct server_guess *g, const struct delays *d)
{
	uint64_t now = server_now_ms(s), delay = d->first_ms;

	forget(s, g, d);
	if (g->count < d->free)
		return 0;
	for (int i = d->free; i < g->count && delay < d->most_ms; i++)
		delay *= 2;
	if (delay > d->most_ms)
		delay = d->most_ms;
	return g->at_ms + delay > now ? g->at_ms + delay - now : 0;
}

static void
count(struct server *s, struct server_guess *g)
{
	g->at_ms = server_now_ms(s);
	if (g->count < UINT16_MAX)
		g->count++;
}

static void
uncount(struct server_guess *g)
{
	if (g->count > 0)
		g->count--;
}

/* ---- the budget ---- */

/* Returns how long until `n` guesses at once could be made. */
static uint64_t
budget_left(const struct server *s, const struct server_guess *g, unsigned n)
{
	uint64_t begins = server_now_ms(s) +
	    (uint64_t)(AT_ONCE - n) * PERIOD_MS;

	return g->full_ms > begins ? g->full_ms - begins : 0;
}

static void
charge(struct server *s, struct server_guess *source,
    struct server_guess *account, uint32_t effort)
{
	uint64_t now = server_now_ms(s);

	count(s, source);
	count(s, account);
	if (account->full_ms < now)
		account->full_ms = now;
	account->full_ms += PERIOD_MS;
	if (effort != 0)
		s->stats.guesses_worked_for++;
}

/* ---- bids ---- */

static struct server_bid *
bid_for(struct server *s, const struct server_guess *g)
{
	for (size_t i = 0; i < SERVER_BIDS; i++)
		if (s->bids[i].conn != NULL && s->bids[i].of == g)
			return &s->bids[i];
	return NULL;
}

static void
end_bid(struct server *s, struct server_bid *bid)
{
	wheel_cancel(&s->wheel, &bid->turn);
	bid->conn = NULL;
}

static void
on_turn(struct timer *t, void *ctx)
{
	struct server *s = ctx;
	struct server_bid *bid = LIST_ITEM(t, struct server_bid, turn);
	struct server_conn *c = bid->conn;

	charge(s, of_source(s, c), bid->of, bid->effort);
	end_bid(s, bid);
	server_login_on_turn(s, c);
}

/* Returns a place for a bid: a free one, or the lowest, if that is lower. */
static struct server_bid *
place_for(struct server *s, uint32_t effort)
{
	struct server_bid *lowest = &s->bids[0];

	for (size_t i = 0; i < SERVER_BIDS; i++) {
		if (s->bids[i].conn == NULL)
			return &s->bids[i];
		if (s->bids[i].effort < lowest->effort)
			lowest = &s->bids[i];
	}
	return lowest->effort < effort ? lowest : NULL;
}

/* Holds a bid for the next guess, which may be made in wait_ms; returns
 * whether it is the highest. */
static bool
hold(struct server *s, struct server_conn *c, struct server_guess *g,
    uint32_t effort, uint64_t wait_ms)
{
	uint64_t now = server_now_ms(s);
	struct server_bid *bid = bid_for(s, g);
	struct server_conn *other;

	if (wait_ms > HOLD_MS || now + wait_ms + LOGIN_MS >
	    c->since_ms + WIRE_LOGIN_MS)
		return false;
	if (bid != NULL && bid->effort >= effort)
		return false;
	if (bid == NULL)
		bid = place_for(s, effort);
	if (bid == NULL)
		return false;
	other = bid->conn;
	end_bid(s, bid);
	if (other != NULL)
		server_login_outbid(s, other, (uint32_t)wait_ms);
	bid->turn.fire = on_turn;
	if (wheel_arm(&s->wheel, &bid->turn, now + wait_ms) != ERR_OK)
		return false;
	bid->of = g;
	bid->conn = c;
	bid->effort = effort;
	return true;
}

void
server_guess_leave(struct server *s, const struct server_conn *c)
{
	for (size_t i = 0; i < SERVER_BIDS; i++)
		if (s->bids[i].conn == c)
			end_bid(s, &s->bids[i]);
}

/* ---- guesses ---- */

enum server_guess_verdict
server_guess_charge(struct server *s, struct server_conn *c,
    const struct wire_name *name, uint32_t effort, uint32_t *wait_ms)
{
	struct server_guess *source = of_source(s, c);
	struct server_guess *account = of_name(s, name);
	bool has_worked = effort >= SERVER_GUESS_EFFORT;
	uint64_t wait = delay_left(s, source, delays_of(c)), delay;

	*wait_ms = (uint32_t)wait;
	if (wait != 0 && !(has_worked && c->is_loopback))
		return SERVER_GUESS_WAIT;
	delay = delay_left(s, account, &of_names);
	wait = budget_left(s, account, has_worked ? 1 : RESERVE + 1);
	if (!has_worked && delay > wait)
		wait = delay;
	if (bid_for(s, account) != NULL && wait == 0)
		wait = 1;
	*wait_ms = (uint32_t)wait;
	if (wait == 0) {
		charge(s, source, account, has_worked ? effort : 0);
		return SERVER_GUESS_NOW;
	}
	if (has_worked && hold(s, c, account, effort, wait))
		return SERVER_GUESS_HELD;
	/* Who works comes back in time to have its bid held. */
	if (has_worked && wait > HOLD_MS)
		*wait_ms -= HOLD_MS / 2;
	return SERVER_GUESS_WAIT;
}

void
server_guess_refund(struct server *s, const struct server_conn *c,
    const struct wire_name *name)
{
	struct server_guess *account = of_name(s, name);

	uncount(of_source(s, c));
	uncount(account);
	if (account->full_ms >= PERIOD_MS)
		account->full_ms -= PERIOD_MS;
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
