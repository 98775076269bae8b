#include "server/pass.h"

#include "server/effort.h"

#include "base/plant.h"
#include "base/rd.h"
#include "crypto/aead.h"
#include "crypto/ct.h"

#include <stdlib.h>
#include <string.h>

#define MINUTE_MS 60000

/* One account is handed so many passes at once, and one each so often: what
 * a member could hoard in a week is some seconds of the server's time. */
#define GIVEN_MOST 8
#define GIVEN_S    30

_Static_assert(AEAD_XNONCE_LEN + 8 + AEAD_TAG_LEN == PACT_GUARD_PASS_LEN,
    "a pass is a nonce and a sealed time");

enum err
server_pass_tables(struct server *s)
{
	struct server_hold *hold = server_hold(s);
	struct bytes label = BYTES_LIT(PACT_LABEL_PASS);

	blake2b_parts(BYTES_OF(hold->channel.secret), &label, 1,
	    hold->pass_key, sizeof hold->pass_key);
	s->spent = calloc(SERVER_SPENT_SETS, sizeof s->spent[0]);
	return s->spent == NULL ? ERR_NOMEM : ERR_OK;
}

/* Minutes on the clock that nobody can set, from 2: no key is that of 0. */
static uint64_t
minute_of(const struct server *s)
{
	return server_now_ms(s) / MINUTE_MS + 2;
}

/* ---- challenges ---- */

/* The key of a minute; drawn when that minute needs one. NULL: none was. */
static const uint8_t *
key_of(struct server *s, uint64_t minute, bool may_draw)
{
	struct server_minute *m = &s->minutes[minute & 1];

	if (m->minute != minute) {
		if (!may_draw)
			return NULL;
		m->minute = minute;
		server_random(s, m->key, sizeof m->key);
	}
	return m->key;
}

static void
make_challenge(const uint8_t *key, uint64_t source, uint64_t minute,
    uint8_t challenge[PACT_GUARD_CHALLENGE_LEN])
{
	uint8_t numbers[16];
	struct wr w = wr_init(numbers, sizeof numbers);
	struct bytes part = BYTES_OF(numbers);

	wr_u64(&w, source);
	wr_u64(&w, minute);
	blake2b_parts((struct bytes){ key, SERVER_MINUTE_KEY_LEN }, &part, 1,
	    challenge, PACT_GUARD_CHALLENGE_LEN);
}

void
server_pass_challenge(struct server *s, uint64_t source,
    uint8_t challenge[PACT_GUARD_CHALLENGE_LEN])
{
	uint64_t minute = minute_of(s);

	make_challenge(key_of(s, minute, true), source, minute, challenge);
}

/* Returns the minute of a challenge for this source, or 0. */
static uint64_t
minute_of_challenge(struct server *s, uint64_t source,
    const uint8_t challenge[PACT_GUARD_CHALLENGE_LEN])
{
	uint8_t want[PACT_GUARD_CHALLENGE_LEN];
	uint64_t now = minute_of(s);

	for (uint64_t minute = now; minute + 1 >= now; minute--) {
		const uint8_t *key = key_of(s, minute, false);

		if (key == NULL)
			continue;
		make_challenge(key, source, minute, want);
		if (ct_verdict(ct_equal(want, challenge, sizeof want)))
			return minute;
	}
	return 0;
}

/* ---- what is spent ---- */

/*
 * An entry: a tag of what was spent, whether it was a device's, and the
 * minute from which it cannot be shown anyhow. 0 is a free one.
 */
#define TAG_SHIFT  25
#define DEVICE_BIT (1U << 24)
#define MINUTES    (DEVICE_BIT - 1)

static bool
is_over(uint64_t entry, uint64_t minute)
{
	return (entry & MINUTES) <= minute;
}

/* Returns the place of the next entry in a set, or -1: all are puzzles that
 * still hold. A device's pass that makes room raises the floor. */
static int
place_in(struct server_spent *set, uint64_t minute)
{
	int first = -1;

	for (int i = 0; i < SERVER_SPENT_WAYS; i++) {
		uint64_t entry = set->entries[i];

		if (is_over(entry, minute))
			return i;
		if ((entry & DEVICE_BIT) != 0 && (first < 0 ||
		    (entry & MINUTES) < (set->entries[first] & MINUTES)))
			first = i;
	}
	if (first >= 0 && (set->entries[first] & MINUTES) > set->floor)
		set->floor = set->entries[first] & MINUTES;
	return first;
}

/* Spends what has this hash; returns whether it was not spent before. */
static bool
spend(struct server *s, uint64_t hash, uint64_t until, bool is_device)
{
	struct server_spent *set = &s->spent[hash & (SERVER_SPENT_SETS - 1)];
	uint64_t tag = hash >> TAG_SHIFT << TAG_SHIFT;
	uint64_t minute = minute_of(s);
	int place;

	/* The seconds of two clocks do not begin at once, so that one pass may
	 * seem to end in either of two minutes. */
	if (until > MINUTES || (is_device && until <= set->floor + 1))
		return false;
	for (int i = 0; i < SERVER_SPENT_WAYS; i++) {
		uint64_t entry = set->entries[i];

		if (entry >> TAG_SHIFT << TAG_SHIFT == tag &&
		    !is_over(entry, minute) &&
		    !PLANTED(is_device ? PLANT_DEVICE_PASS_REUSED :
					 PLANT_PASS_REUSED))
			return false;
	}
	place = place_in(set, minute);
	if (place < 0)
		return false;
	set->entries[place] = tag | (is_device ? DEVICE_BIT : 0) | until;
	return true;
}

/* ---- checking ---- */

/* What is spent is the record: nothing of it can be changed without another
 * solution. */
static uint32_t
check_puzzle(struct server *s, uint64_t source, struct bytes record,
    const struct pact_guard_first *first)
{
	struct pact_guard_puzzle puzzle = { .effort = first->effort };
	uint64_t minute;

	if (first->effort < server_effort_enough(s))
		return 0;
	minute = minute_of_challenge(s, source, first->challenge);
	if (minute == 0)
		return 0;
	memcpy(puzzle.challenge, first->challenge, sizeof puzzle.challenge);
	if (!PLANTED(PLANT_PASS_NOT_BOUND))
		pact_guard_bind(&puzzle, first->message1);
	if (!pact_guard_is_solved(&puzzle, first->nonce) ||
	    !spend(s, siphash(s->hash_key, record), minute + 2, false))
		return 0;
	return first->effort;
}

static uint32_t
check_device(struct server *s, struct bytes pass)
{
	struct bytes sealed = { pass.p + AEAD_XNONCE_LEN,
		pass.n - AEAD_XNONCE_LEN };
	uint8_t plain[8];
	struct rd r = rd_init(BYTES_OF(plain));
	uint64_t now = server_now_s(s), until_s;

	if (aead_open(AEAD_XCHACHAPOLY, server_hold(s)->pass_key, pass.p,
	    BYTES_LIT(PACT_LABEL_PASS), sealed, plain) != ERR_OK)
		return 0;
	ct_unpoison(plain, sizeof plain); /* sealed, but no secret */
	until_s = rd_u64(&r);
	/* For longer than any is given: the clock was set back since. */
	if (until_s <= now || until_s > now + WIRE_PASS_S)
		return 0;
	/* The first minute in which it does not hold any more, or the next. */
	until_s += server_now_ms(s) / 1000 - now;
	if (!spend(s, siphash(s->hash_key, pass), until_s / 60 + 3, true))
		return 0;
	return SERVER_EFFORT_DEVICE;
}

uint32_t
server_pass_check(struct server *s, uint64_t source, struct bytes record,
    const struct pact_guard_first *first)
{
	if (first->kind == PACT_GUARD_PUZZLE)
		return check_puzzle(s, source, record, first);
	if (first->kind == PACT_GUARD_DEVICE)
		return check_device(s, first->pass);
	return 0;
}

/* ---- giving ---- */

static enum err
make_pass(const struct server *s, struct wr *w)
{
	uint8_t nonce[AEAD_XNONCE_LEN], plain[8];
	struct wr p = wr_init(plain, sizeof plain);
	uint8_t *sealed;
	enum err err;

	server_random(s, nonce, sizeof nonce);
	wr_u64(&p, server_now_s(s) + WIRE_PASS_S);
	wr_put(w, BYTES_OF(nonce));
	sealed = wr_reserve(w, sizeof plain + AEAD_TAG_LEN);
	TRY(wr_done(w));
	TRY(aead_seal(AEAD_XCHACHAPOLY, server_hold(s)->pass_key, nonce,
	    BYTES_LIT(PACT_LABEL_PASS), BYTES_OF(plain), sealed));
out:
	return err;
}

/* Returns how many passes a may be given, and takes them from its budget;
 * `given` counts those that were, and time gives them back. */
static unsigned
take_given(const struct server *s, struct server_account *a)
{
	uint32_t now_s = (uint32_t)(server_now_ms(s) / 1000);
	uint32_t back = (now_s - a->given_s) / GIVEN_S;
	unsigned n = WIRE_PASSES_GIVEN;

	if (back >= a->given) {
		a->given = 0;
		a->given_s = now_s;
	} else {
		a->given = (uint8_t)(a->given - back);
		a->given_s += back * GIVEN_S;
	}
	if (n > GIVEN_MOST - (unsigned)a->given)
		n = GIVEN_MOST - (unsigned)a->given;
	a->given = (uint8_t)(a->given + n);
	return n;
}

enum err
server_pass_give(struct server *s, struct server_account *a, struct wr *w)
{
	uint8_t buf[WIRE_PASSES_GIVEN * PACT_GUARD_PASS_LEN];
	struct wr passes = wr_init(buf, sizeof buf);
	struct wire_PASSES m = { .life_s = WIRE_PASS_S };
	enum err err = ERR_OK;

	for (unsigned n = take_given(s, a); n > 0; n--)
		TRY(make_pass(s, &passes));
	m.passes = wr_bytes(&passes);
	if (m.passes.n > 0)
		TRY(wire_encode(w, WIRE_PASSES, &m));
out:
	return err;
}
