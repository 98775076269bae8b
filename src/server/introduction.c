#include "server/introduction.h"

#include "server/account.h"
#include "server/conn.h"
#include "server/guess.h"
#include "server/presence.h"
#include "server/session.h"

#include "base/plant.h"
#include "base/rd.h"

#include <stdlib.h>
#include <string.h>

#define PATHS (WIRE_PATH_DIRECT | WIRE_PATH_RELAY)

/* What the homes tell each other and the sessions of a caller. */
struct caller {
	struct server_ref ref;
	uint32_t req;
	uint8_t nonce[16];
	uint8_t paths;
	struct wire_name name;
	uint8_t identity[32];
	uint8_t device[PACT_DEVICE_ID_LEN];
	uint8_t link_key[32];
};

/* A question that waits for an answer, at the home of the callee. */
struct question {
	struct link link; /* in server.questions */
	struct timer timer;
	uint8_t id[16];
	struct wire_name callee;
	struct caller caller;
	size_t asked_n;
	bool was_refused; /* by one of those that were asked */
	struct server_ref asked[WIRE_SESSIONS_MAX];
};

/* ---- callers as bytes ---- */

static void
put_caller(struct wr *w, const struct caller *caller)
{
	wr_u32(w, caller->ref.slot);
	wr_u32(w, caller->ref.generation);
	wr_u16(w, caller->ref.shard);
	wr_u32(w, caller->req);
	wr_put(w, BYTES_OF(caller->nonce));
	wr_u8(w, caller->paths);
	wr_put(w, BYTES_OF(caller->name.s));
	wr_put(w, BYTES_OF(caller->identity));
	wr_put(w, BYTES_OF(caller->device));
	wr_put(w, BYTES_OF(caller->link_key));
}

static void
get_caller(struct rd *r, struct caller *caller)
{
	caller->ref.slot = rd_u32(r);
	caller->ref.generation = rd_u32(r);
	caller->ref.shard = rd_u16(r);
	caller->req = rd_u32(r);
	rd_copy(r, caller->nonce, sizeof caller->nonce);
	caller->paths = rd_u8(r);
	rd_copy(r, caller->name.s, sizeof caller->name.s);
	rd_copy(r, caller->identity, sizeof caller->identity);
	rd_copy(r, caller->device, sizeof caller->device);
	rd_copy(r, caller->link_key, sizeof caller->link_key);
}

/* ---- at the caller's session ---- */

enum err
server_introduction_ask(struct server *s, struct server_conn *c,
    const struct wire_WANT *m, struct bytes body)
{
	const struct wire_name *name = &server_vault(c)->name;
	struct server_talk *talk = server_session_talk(c);

	if (talk == NULL)
		return ERR_NOMEM;
	if (wire_name_equal(name, &m->name) || (m->paths & PATHS) == 0 ||
	    (m->paths & ~PATHS) != 0) {
		server_conn_error(s, c, m->req, WIRE_ERROR_INVALID, 0);
	} else if (talk->is_asking) {
		server_conn_error(s, c, m->req, WIRE_ERROR_LIMIT, 0);
	} else {
		talk->is_asking = true;
		talk->ask_req = m->req;
		talk->ask_name = m->name;
		memcpy(talk->ask_nonce, m->nonce, sizeof talk->ask_nonce);
		server_session_ask(s, c, name, WIRE_WANT, body);
	}
	server_session_tidy(s, c);
	return ERR_OK;
}

void
server_introduction_withdraw(struct server *s, struct server_conn *c)
{
	struct server_talk *talk = c->of.talk;
	struct server_letter letter = { .kind = SERVER_LETTER_UNASK,
		.from = server_conn_ref(s, c),
		.name = server_vault(c)->name };

	if (talk == NULL || !talk->is_asking)
		return;
	talk->is_asking = false;
	letter.body = BYTES_OF(talk->ask_name.s);
	memcpy(letter.id, talk->ask_nonce, sizeof letter.id);
	server_bus_post_home(s, &letter);
}

enum err
server_introduction_unwant(struct server *s, struct server_conn *c,
    const struct wire_UNWANT *m)
{
	struct server_talk *talk = c->of.talk;

	/* The answer may have crossed it. */
	if (talk == NULL || !talk->is_asking ||
	    memcmp(talk->ask_nonce, m->nonce, sizeof m->nonce) != 0)
		return ERR_OK;
	server_introduction_withdraw(s, c);
	server_session_tidy(s, c);
	return ERR_OK;
}

/* Remembers a ticket in the place of one that is used or too old, or else of
 * the oldest. */
static void
remember(struct server *s, struct server_talk *talk,
    const struct server_letter *letter)
{
	struct server_live *oldest = &talk->tickets[0];

	for (size_t i = 1; i < WIRE_LINES_MAX; i++)
		if (talk->tickets[i].until_ms < oldest->until_ms)
			oldest = &talk->tickets[i];
	*oldest = (struct server_live){ .callee = letter->from,
		.until_ms = server_now_ms(s) + WIRE_TICKET_MS };
	memcpy(oldest->id, letter->id, sizeof oldest->id);
}

void
server_introduction_outcome(struct server *s, struct server_conn *c,
    const struct server_letter *letter)
{
	struct server_talk *talk;

	if (c == NULL || c->state != SERVER_LOGGED)
		return;
	talk = c->of.talk;
	if (talk == NULL || !talk->is_asking || talk->ask_req != letter->req)
		return;
	talk->is_asking = false;
	if (letter->body.n == 0) {
		server_conn_error(s, c, letter->req,
		    (enum wire_error)letter->number,
		    (uint32_t)letter->version);
	} else {
		remember(s, talk, letter);
		s->stats.tickets++;
		server_conn_say_raw(s, c, letter->body);
	}
	server_session_tidy(s, c);
}

/* ---- at the callee's session ---- */

void
server_introduction_seal(struct server *s, struct server_conn *c,
    const struct server_letter *letter)
{
	struct server_letter outcome = { .kind = SERVER_LETTER_OUTCOME,
		.from = letter->to, .number = WIRE_ERROR_OFFLINE };
	struct rd r = rd_init(letter->body);
	struct pact_ticket ticket = { 0 };
	uint8_t random[24], sealed[PACT_TICKET_LEN];
	struct wire_INTRODUCED m;
	struct caller caller;
	struct wr w = wr_new();
	enum err err;

	get_caller(&r, &caller);
	if (wire_decode(WIRE_INTRODUCED, rd_rest(&r), &m) != ERR_OK)
		return;
	outcome.to = caller.ref;
	outcome.req = caller.req;
	memcpy(outcome.id, m.id, sizeof outcome.id);
	NEED(c != NULL && c->state == SERVER_LOGGED, ERR_GONE);
	memcpy(ticket.id, m.id, sizeof ticket.id);
	ticket.name = caller.name;
	memcpy(ticket.identity, caller.identity, sizeof ticket.identity);
	memcpy(ticket.device, caller.device, sizeof ticket.device);
	memcpy(ticket.link_key, caller.link_key, sizeof ticket.link_key);
	memcpy(ticket.nonce, caller.nonce, sizeof ticket.nonce);
	ticket.paths = m.paths;
	ticket.expires_ms = server_now_ms(s) - c->since_ms + WIRE_TICKET_MS;
	server_random(s, random, sizeof random);
	TRY(pact_ticket_seal(&ticket, server_vault(c)->key, random, sealed));
	m.ticket = BYTES_OF(sealed);
	TRY(wire_encode(&w, WIRE_INTRODUCED, &m));
	outcome.body = wr_bytes(&w);
out:
	if (err != ERR_OK)
		outcome.body = BYTES_NONE;
	server_bus_post_session(s, &outcome);
	wr_free(&w);
}

/* ---- at the caller's home ---- */

static void
fail(struct server *s, const struct caller *caller, enum wire_error code,
    uint32_t wait_ms)
{
	struct server_letter outcome = { .kind = SERVER_LETTER_OUTCOME,
		.to = caller->ref, .req = caller->req, .number = code,
		.version = wait_ms };

	server_bus_post_session(s, &outcome);
}

void
server_introduction_want(struct server *s, struct server_account *a,
    const struct server_letter *letter, const struct wire_WANT *m)
{
	struct server_seat *seat = server_presence_seat(a, letter->from);
	struct server_letter question = { .kind = SERVER_LETTER_QUESTION,
		.from = letter->from, .name = m->name };
	struct caller caller = { .ref = letter->from, .req = m->req,
		.paths = m->paths, .name = a->name };
	struct pact_roster_entry entry;
	struct wr w = wr_new();

	s->stats.introductions++;
	/* Only a device that the roster names can be known again. */
	if (!server_account_device(s, a, seat->device, &entry)) {
		fail(s, &caller, WIRE_ERROR_FORBIDDEN, 0);
		return;
	}
	memcpy(caller.nonce, m->nonce, sizeof caller.nonce);
	memcpy(caller.identity, a->identity, sizeof caller.identity);
	memcpy(caller.device, seat->device, sizeof caller.device);
	memcpy(caller.link_key, entry.link_key, sizeof caller.link_key);
	put_caller(&w, &caller);
	wr_put(&w, server_account_roster(a));
	if (wr_done(&w) == ERR_OK) {
		question.body = wr_bytes(&w);
		server_bus_post_home(s, &question);
	} else {
		fail(s, &caller, WIRE_ERROR_LIMIT, 0);
	}
	wr_free(&w);
}

/* ---- at the callee's home ---- */

static void
question_free(struct server *s, struct question *q)
{
	list_remove(&q->link);
	wheel_cancel(&s->wheel, &q->timer);
	free(q);
}

/* Tells those that were asked, but one, that they need not answer. */
static void
call_off(struct server *s, const struct question *q,
    const struct server_ref *but)
{
	struct wire_INTRODUCTION_OVER over;

	memcpy(over.id, q->id, sizeof over.id);
	for (size_t i = 0; i < q->asked_n; i++)
		if (but == NULL || !server_ref_equal(&q->asked[i], but))
			server_bus_say(s, q->asked[i],
			    WIRE_INTRODUCTION_OVER, &over);
}

/* Nobody answers: the caller is told, those still asked are called off. */
static void
question_fail(struct server *s, struct question *q, enum wire_error code)
{
	fail(s, &q->caller, code, 0);
	call_off(s, q, NULL);
	question_free(s, q);
}

static void
too_late(struct timer *t, void *ctx)
{
	struct question *q = LIST_ITEM(t, struct question, timer);

	question_fail(ctx, q, q->was_refused ? WIRE_ERROR_REFUSED :
	    WIRE_ERROR_OFFLINE);
}

/* Asks every hosting session on a device of the roster. */
static void
ask_all(struct server *s, struct question *q, const struct server_account *b,
    struct bytes roster)
{
	struct wire_INTRODUCTION m = { .name = q->caller.name,
		.paths = q->caller.paths, .roster = roster };
	struct pact_roster_entry entry;

	memcpy(m.id, q->id, sizeof m.id);
	memcpy(m.device, q->caller.device, sizeof m.device);
	for (size_t i = 0; i < b->seats_n; i++) {
		const struct server_seat *seat = &b->seats[i];

		if (!(seat->mode & WIRE_MODE_HOSTS) ||
		    !server_account_device(s, b, seat->device, &entry))
			continue;
		q->asked[q->asked_n++] = seat->ref;
		server_bus_say(s, seat->ref, WIRE_INTRODUCTION, &m);
	}
}

void
server_introduction_question(struct server *s,
    const struct server_letter *letter)
{
	const struct server_account *b = server_account_get(s, &letter->name);
	struct rd r = rd_init(letter->body);
	struct caller caller;
	struct question *q;
	uint32_t wait_ms;

	get_caller(&r, &caller);
	if (r.err != ERR_OK)
		return;
	wait_ms = server_guess_pace(s, &caller.name, &letter->name);
	if (wait_ms != 0) {
		fail(s, &caller, WIRE_ERROR_WAIT, wait_ms);
		return;
	}
	if (b == NULL || !b->has_record) {
		fail(s, &caller, WIRE_ERROR_UNKNOWN, 0);
		return;
	}
	if (server_presence_shown(b) == WIRE_STATUS_OFFLINE) {
		fail(s, &caller, WIRE_ERROR_OFFLINE, 0);
		return;
	}
	q = calloc(1, sizeof *q);
	if (q == NULL) {
		fail(s, &caller, WIRE_ERROR_LIMIT, 0);
		return;
	}
	q->callee = letter->name;
	q->caller = caller;
	q->timer.fire = too_late;
	server_random(s, q->id, sizeof q->id);
	list_push_back(&s->questions, &q->link);
	ask_all(s, q, b, rd_rest(&r));
	if (q->asked_n == 0)
		question_fail(s, q, WIRE_ERROR_OFFLINE);
	else if (wheel_arm(&s->wheel, &q->timer,
	    server_now_ms(s) + WIRE_CONSENT_MS) != ERR_OK)
		question_fail(s, q, WIRE_ERROR_LIMIT);
}

/* Takes one of those that were asked off the list; returns whether it was
 * there. */
static bool
strike(struct question *q, const struct server_ref *ref)
{
	for (size_t i = 0; i < q->asked_n; i++) {
		if (!server_ref_equal(&q->asked[i], ref))
			continue;
		q->asked[i] = q->asked[--q->asked_n];
		return true;
	}
	return false;
}

/* Has the ticket sealed where the callee's key is. */
static void
accept(struct server *s, struct question *q, const struct server_account *b,
    const struct server_seat *seat, const struct wire_ANSWER *answer)
{
	struct server_letter letter = { .kind = SERVER_LETTER_SEAL,
		.to = seat->ref };
	struct wire_INTRODUCED m = { .req = q->caller.req,
		.paths = answer->paths & q->caller.paths,
		.roster = server_account_roster(b) };
	struct wr w = wr_new();
	size_t mark;

	if (m.paths & WIRE_PATH_DIRECT)
		m.endpoints = answer->endpoints;
	memcpy(m.nonce, q->caller.nonce, sizeof m.nonce);
	memcpy(m.id, q->id, sizeof m.id);
	memcpy(m.device, seat->device, sizeof m.device);
	if (PLANTED(PLANT_ANSWER_TO_ANOTHER))
		q = LIST_ITEM(s->questions.prev, struct question, link);
	put_caller(&w, &q->caller);
	mark = w.n;
	if (wire_encode(&w, WIRE_INTRODUCED, &m) == ERR_OK) {
		/* The body alone: the header comes with the ticket. */
		memmove(w.p + mark, w.p + mark + WIRE_HEADER_LEN,
		    w.n - mark - WIRE_HEADER_LEN);
		letter.body = (struct bytes){ w.p, w.n - WIRE_HEADER_LEN };
		server_bus_post_session(s, &letter);
	} else {
		fail(s, &q->caller, WIRE_ERROR_LIMIT, 0);
	}
	wr_free(&w);
}

static struct question *
question_find(struct server *s, const uint8_t id[16])
{
	LIST_EACH (at, &s->questions) {
		struct question *q = LIST_ITEM(at, struct question, link);

		if (memcmp(q->id, id, sizeof q->id) == 0)
			return q;
	}
	return NULL;
}

bool
server_introduction_is_answer(const struct wire_ANSWER *m)
{
	return m->verdict <= WIRE_VERDICT_ACCEPT && (m->paths & ~PATHS) == 0;
}

void
server_introduction_answer(struct server *s,
    const struct server_letter *letter, const struct wire_ANSWER *m)
{
	const struct server_account *b = server_account_get(s, &letter->name);
	struct wire_endpoint endpoints[WIRE_ENDPOINTS_MAX];
	struct question *q = question_find(s, m->id);
	bool is_yes = m->verdict == WIRE_VERDICT_ACCEPT;
	struct server_seat *seat;
	size_t n;

	/* It may be over already, or never have been this session's. */
	if (q == NULL || !wire_name_equal(&q->callee, &letter->name) ||
	    !strike(q, &letter->from))
		return;
	seat = server_presence_seat(b, letter->from);
	if (is_yes && (m->paths & q->caller.paths & PATHS) != 0 &&
	    wire_endpoints_decode(m->endpoints, endpoints, &n) == ERR_OK) {
		accept(s, q, b, seat, m);
		call_off(s, q, NULL);
		question_free(s, q);
		return;
	}
	q->was_refused = true;
	if (q->asked_n == 0)
		question_fail(s, q, WIRE_ERROR_REFUSED);
}

void
server_introduction_unask(struct server *s,
    const struct server_letter *letter)
{
	struct server_letter on = *letter;

	/* It goes the way that the question went, or it would overtake it. */
	if (letter->body.n == sizeof on.name.s) {
		memcpy(on.name.s, letter->body.p, sizeof on.name.s);
		on.body = BYTES_NONE;
		server_bus_post_home(s, &on);
		return;
	}
	LIST_EACH_SAFE (at, &s->questions) {
		struct question *q = LIST_ITEM(at, struct question, link);

		if (!server_ref_equal(&q->caller.ref, &letter->from) ||
		    memcmp(q->caller.nonce, letter->id,
		    sizeof letter->id) != 0)
			continue;
		call_off(s, q, NULL);
		question_free(s, q);
	}
}

void
server_introduction_gone(struct server *s, const struct wire_name *callee,
    struct server_ref ref)
{
	LIST_EACH_SAFE (at, &s->questions) {
		struct question *q = LIST_ITEM(at, struct question, link);

		if (!wire_name_equal(&q->callee, callee) ||
		    !strike(q, &ref) || q->asked_n != 0)
			continue;
		question_fail(s, q, q->was_refused ? WIRE_ERROR_REFUSED :
		    WIRE_ERROR_OFFLINE);
	}
}

void
server_introduction_free_all(struct server *s)
{
	LIST_EACH_SAFE (at, &s->questions)
		question_free(s, LIST_ITEM(at, struct question, link));
}
