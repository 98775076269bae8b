#include "server/guard.h"

#include <stdlib.h>
#include <string.h>

/* First records a second from one source, and at once. Scripts on this very
 * machine log in as fast as they can, and strangers do not come from here. */
#define RATE           20
#define BURST          40
#define LOOPBACK_RATE  2000
#define LOOPBACK_BURST 4000

/* Handshakes a second in all, and at once: about half of one core. */
#define WORK_RATE  2500
#define WORK_BURST 5000

/* Tokens are counted in sixteenths. */
#define TOKEN 16

static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
	0xff };

enum err
server_guard_tables(struct server *s)
{
	s->sources = calloc(SERVER_SOURCES, sizeof s->sources[0]);
	s->work = WORK_BURST;
	s->work_at_ms = server_now_ms(s);
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

bool
server_guard_enter(struct server *s, struct server_conn *c,
    const server_addr *from)
{
	struct server_source *source;

	c->source = (uint32_t)server_guard_source(s, from) &
	    (SERVER_SOURCES - 1);
	c->is_loopback = server_guard_is_loopback(from);
	source = &s->sources[c->source];
	source->conns++;
	return c->is_loopback || source->conns <= s->config.max_conns_source;
}

void
server_guard_leave(struct server *s, struct server_conn *c)
{
	s->sources[c->source].conns--;
}

/* Takes one token of the source's bucket. A bucket that was never used has
 * the time 0 and no tokens, and has filled up since. */
static bool
pay_source(struct server *s, struct server_conn *c)
{
	struct server_source *source = &s->sources[c->source];
	uint64_t rate = c->is_loopback ? LOOPBACK_RATE : RATE;
	uint64_t most = c->is_loopback ? LOOPBACK_BURST : BURST;
	uint32_t now = (uint32_t)server_now_ms(s);
	uint64_t passed = (uint32_t)(now - source->at_ms);
	uint64_t tokens = source->tokens + passed * rate * TOKEN / 1000;

	if (source->at_ms == 0 || tokens > most * TOKEN)
		tokens = most * TOKEN;
	/* What is too little for a sixteenth is not forgotten. */
	if (passed * rate * TOKEN >= 1000 || source->at_ms == 0)
		source->at_ms = now == 0 ? 1 : now;
	else
		tokens = source->tokens;
	if (tokens < TOKEN) {
		source->tokens = (uint16_t)tokens;
		return false;
	}
	source->tokens = (uint16_t)(tokens - TOKEN);
	return true;
}

/* Takes one handshake from the budget of the whole server. */
static bool
pay_work(struct server *s)
{
	uint64_t now = server_now_ms(s);
	uint64_t earned = (now - s->work_at_ms) * WORK_RATE / 1000;

	if (earned > 0) {
		s->work_at_ms = now;
		s->work = (uint32_t)(s->work + earned > WORK_BURST ?
		    WORK_BURST : s->work + earned);
	}
	if (s->work == 0)
		return false;
	s->work--;
	return true;
}

enum server_guard_verdict
server_guard_judge(struct server *s, struct server_conn *c,
    struct bytes record, struct pact_guard_first *first)
{
	enum err err = pact_guard_read_first(record, s->guard_key, first);

	if (err != ERR_OK || !pay_source(s, c)) {
		s->stats.first_records_refused++;
		return SERVER_GUARD_REFUSED;
	}
	if (first->kind == PACT_GUARD_ASK)
		return SERVER_GUARD_ASKS_KEY;
	if (!pay_work(s)) {
		s->stats.first_records_refused++;
		return SERVER_GUARD_REFUSED;
	}
	if (first->kind == PACT_GUARD_PLAIN)
		s->stats.pk_ops_without_pass++;
	return SERVER_GUARD_ADMITTED;
}
