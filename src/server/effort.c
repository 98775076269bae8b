#include "server/effort.h"

#include "server/intake.h"

#include <string.h>

/* Handshakes a second, and at once. */
#define RATE  3000
#define BURST 300

/* Below that the budget runs short. */
#define SHORT (BURST / 2)

/* Logins may take from the future, for so long. */
#define DEBT RATE

#define PERIOD_MS 1000

/* Work that has taken longer than was counted with is charged for the time,
 * up to so many times: half of a core is what strangers get of a slow machine,
 * too. */
#define TOKENS_MS 6
#define SLOWEST   10

/* Whose turn has come at the same time, at most. */
#define TURNS 8

/* First records in a period that keep the least effort asked for. */
#define MANY (RATE / 2)

/* A pass is enough up to three rises after it was asked for. */
#define RISEN 8

void
server_effort_init(struct server *s)
{
	s->budget.tokens = BURST;
	s->budget.at_ms = s->budget.period_ms = server_now_ms(s);
}

static void
end_period(struct server_budget *b)
{
	uint32_t floor = b->demand >= MANY ? SERVER_EFFORT_LEAST : 0;

	if (b->is_short) {
		b->effort *= 2;
		if (b->effort > PACT_GUARD_EFFORT_MAX)
			b->effort = PACT_GUARD_EFFORT_MAX;
	} else if (b->effort > 0) {
		b->effort -= b->effort / 4;
		if (b->effort < SERVER_EFFORT_LEAST)
			b->effort = floor;
	}
	b->is_short = false;
	b->demand = 0;
}

/* Counts what time has brought. */
static void
update(struct server *s)
{
	struct server_budget *b = &s->budget;
	uint64_t now = server_now_ms(s);
	uint64_t earned = (now - b->at_ms) * RATE / 1000;
	int32_t room = BURST - b->tokens;

	b->at_ms = now;
	b->tokens += earned < (uint64_t)room ? (int32_t)earned : room;
	while (now - b->period_ms >= PERIOD_MS) {
		end_period(b);
		b->period_ms += PERIOD_MS;
		/* The rest of a long silence changes nothing. */
		if (b->effort == 0)
			b->period_ms = now;
	}
	s->stats.effort = b->effort;
}

static void
notice_shortage(struct server *s)
{
	struct server_budget *b = &s->budget;

	if (b->tokens >= SHORT && b->waiting_n == 0)
		return;
	b->is_short = true;
	if (b->effort == 0)
		b->effort = SERVER_EFFORT_LEAST;
}

bool
server_effort_is_asked(struct server *s)
{
	update(s);
	s->budget.demand++;
	notice_shortage(s);
	return s->config.guard == SERVER_GUARD_ALWAYS ||
	    (s->config.guard == SERVER_GUARD_AUTO && s->budget.effort > 0);
}

uint32_t
server_effort_asked(const struct server *s)
{
	return s->budget.effort > SERVER_EFFORT_LEAST ? s->budget.effort :
							SERVER_EFFORT_LEAST;
}

uint32_t
server_effort_enough(const struct server *s)
{
	uint32_t least = s->budget.effort / RISEN;

	return least > SERVER_EFFORT_LEAST ? least : SERVER_EFFORT_LEAST;
}

/* ---- who is next ---- */

static void
forget(struct server_budget *b, size_t i)
{
	b->waiting_n--;
	memmove(&b->waiting[i], &b->waiting[i + 1],
	    (b->waiting_n - i) * sizeof b->waiting[0]);
}

/* The first of those with the highest effort. */
static size_t
best_of(const struct server_budget *b)
{
	size_t best = 0;

	for (size_t i = 1; i < b->waiting_n; i++)
		if (b->waiting[i].effort > b->waiting[best].effort)
			best = i;
	return best;
}

/* The last of those with the lowest. */
static size_t
worst_of(const struct server_budget *b)
{
	size_t worst = 0;

	for (size_t i = 1; i < b->waiting_n; i++)
		if (b->waiting[i].effort <= b->waiting[worst].effort)
			worst = i;
	return worst;
}

static void on_turn(struct timer *t, void *ctx);

static enum err
arm(struct server *s)
{
	struct server_budget *b = &s->budget;
	uint64_t missing = b->tokens < 1 ? (uint64_t)(1 - b->tokens) : 1;

	b->turn.fire = on_turn;
	return wheel_arm(&s->wheel, &b->turn, server_now_ms(s) +
	    (missing * 1000 + RATE - 1) / RATE);
}

static void
on_turn(struct timer *t, void *ctx)
{
	struct server *s = ctx;
	struct server_budget *b = &s->budget;

	(void)t;
	update(s);
	for (int n = 0; n < TURNS && b->waiting_n > 0 && b->tokens > 0; n++) {
		size_t i = best_of(b);
		struct server_conn *c = b->waiting[i].conn;

		forget(b, i);
		b->tokens--;
		c->state = SERVER_FIRST;
		server_intake_shake(s, c);
	}
	/* Without a timer the next one who comes arms it again, or their
	 * deadline ends them. */
	if (b->waiting_n > 0)
		(void)!arm(s);
}

static enum server_turn
wait(struct server *s, struct server_conn *c, uint32_t effort)
{
	struct server_budget *b = &s->budget;

	if (b->waiting_n == SERVER_WAITING_MAX) {
		size_t i = worst_of(b);
		struct server_conn *other = b->waiting[i].conn;

		if (b->waiting[i].effort >= effort)
			return SERVER_TURN_NEVER;
		forget(b, i);
		other->state = SERVER_FIRST;
		server_intake_challenge(s, other);
	}
	if (b->turn.slot == 0 && arm(s) != ERR_OK)
		return SERVER_TURN_NEVER;
	b->waiting[b->waiting_n++] = (struct server_waiting){ c, effort };
	c->state = SERVER_WAITING;
	return SERVER_TURN_LATER;
}

enum server_turn
server_effort_take(struct server *s, struct server_conn *c, uint32_t effort)
{
	struct server_budget *b = &s->budget;

	if (b->tokens <= 0 || b->waiting_n > 0)
		return wait(s, c, effort);
	b->tokens--;
	return SERVER_TURN_NOW;
}

void
server_effort_leave(struct server *s, const struct server_conn *c)
{
	for (size_t i = 0; i < s->budget.waiting_n; i++) {
		if (s->budget.waiting[i].conn == c) {
			forget(&s->budget, i);
			return;
		}
	}
}

void
server_effort_charge(struct server *s, int handshakes)
{
	update(s);
	if (s->budget.tokens > -DEBT)
		s->budget.tokens -= handshakes;
	notice_shortage(s);
}

void
server_effort_begin(struct server *s, int handshakes)
{
	struct server_budget *b = &s->budget;

	if (b->work == 0)
		b->work_ms = server_now_ms(s);
	b->work += handshakes;
}

void
server_effort_end(struct server *s)
{
	struct server_budget *b = &s->budget;
	int64_t took, most = (int64_t)b->work * SLOWEST;

	if (b->work == 0)
		return;
	took = (int64_t)(server_now_ms(s) - b->work_ms) * TOKENS_MS;
	if (took > most)
		took = most;
	if (took > b->work)
		server_effort_charge(s, (int)took - b->work);
	b->work = 0;
}
