#include "server/guard.h"

#include "server/effort.h"
#include "server/pass.h"

#include <stdlib.h>
#include <string.h>

/* First records a second from one source, and at once. Scripts on this very
 * machine log in as fast as they can, and strangers do not come from here. */
#define RATE           20
#define BURST          40
#define LOOPBACK_RATE  2000
#define LOOPBACK_BURST 4000

/* Tokens are counted in sixteenths. */
#define TOKEN 16

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
	0xff };

enum err
server_guard_tables(struct server *s)
{
	s->sources = calloc(SERVER_SOURCES, sizeof s->sources[0]);
	server_effort_init(s);
	return s->sources == NULL ? ERR_NOMEM : ERR_OK;
}

static bool
is_mapped(const server_addr *from)
{
	return memcmp(from->ip, mapped, sizeof mapped) == 0;
}

bool
server_guard_is_loopback(const server_addr *from)
{
	static const uint8_t one[16] = { [15] = 1 };

	if (is_mapped(from))
		return from->ip[12] == 127;
	return memcmp(from->ip, one, sizeof one) == 0;
}

uint64_t
server_guard_source(const struct server *s, const server_addr *from)
{
	return siphash(s->hash_key,
	    (struct bytes){ from->ip, is_mapped(from) ? 16 : 8 });
}

static struct server_source *
bucket_of(struct server *s, const struct server_conn *c)
{
	return &s->sources[c->source & (SERVER_SOURCES - 1)];
}

bool
server_guard_enter(struct server *s, struct server_conn *c,
    const server_addr *from)
{
	struct server_source *source;

	c->source = server_guard_source(s, from);
	c->is_loopback = server_guard_is_loopback(from);
	source = bucket_of(s, c);
	source->conns++;
	return c->is_loopback || source->conns <= s->config.max_conns_source;
}

void
server_guard_leave(struct server *s, struct server_conn *c)
{
	bucket_of(s, c)->conns--;
}

/* Takes one token of the source's bucket. A bucket that was never used has
 * the time 0 and no tokens, and has filled up since. */
static bool
pay_source(struct server *s, struct server_conn *c)
{
	struct server_source *source = bucket_of(s, c);
	uint64_t rate = c->is_loopback ? LOOPBACK_RATE : RATE;
	uint64_t most = c->is_loopback ? LOOPBACK_BURST : BURST;
	uint32_t now = (uint32_t)server_now_ms(s) | 1; /* never 0 */
	uint64_t passed = (uint32_t)(now - source->at_ms);
	uint64_t tokens = source->tokens + passed * rate * TOKEN / 1000;

	if (source->at_ms == 0 || tokens > most * TOKEN)
		tokens = most * TOKEN;
	/* What is too little for a sixteenth is not forgotten. */
	if (passed * rate * TOKEN >= 1000 || source->at_ms == 0)
		source->at_ms = now;
	else
		tokens = source->tokens;
	if (tokens < TOKEN) {
		source->tokens = (uint16_t)tokens;
		return false;
	}
	source->tokens = (uint16_t)(tokens - TOKEN);
	return true;
}

/* What is left to be judged: the pass, if it takes one, and the budget. */
static enum server_guard_verdict
judge_pass(struct server *s, struct server_conn *c, struct bytes record,
    const struct pact_guard_first *first)
{
	uint32_t effort = 0;

	if (server_effort_is_asked(s)) {
		effort = server_pass_check(s, c->source, record, first);
		if (effort == 0 && first->kind != PACT_GUARD_PLAIN)
			s->stats.passes_refused++;
		if (effort == 0)
			return SERVER_GUARD_WANTS_PASS;
	}
	c->has_pass = effort != 0;
	switch (server_effort_take(s, c, effort)) {
	case SERVER_TURN_NOW:
		return SERVER_GUARD_ADMITTED;
	case SERVER_TURN_LATER:
		return SERVER_GUARD_WAITS;
	case SERVER_TURN_NEVER:
		break;
	}
	if (s->config.guard != SERVER_GUARD_OFF)
		return SERVER_GUARD_WANTS_PASS;
	s->stats.first_records_refused++;
	return SERVER_GUARD_REFUSED;
}

enum server_guard_verdict
server_guard_judge(struct server *s, struct server_conn *c,
    struct bytes record)
{
	struct pact_guard_first first;
	enum err err = pact_guard_read_first(record, s->guard_key, &first);

	if (err != ERR_OK || !pay_source(s, c)) {
		s->stats.first_records_refused++;
		return SERVER_GUARD_REFUSED;
	}
	if (first.kind == PACT_GUARD_ASK)
		return SERVER_GUARD_ASKS_KEY;
	return judge_pass(s, c, record, &first);
}
