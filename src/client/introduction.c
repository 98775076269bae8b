#include "client/introduction.h"

#include "client/call.h"
#include "client/core.h"
#include "client/dial.h"
#include "client/people.h"
#include "pact/ticket.h"

#include <stdlib.h>
#include <string.h>

#define INTRODUCTIONS_MAX 32

/* A ticket's life is counted by our clock; this is for the way to us. */
#define KEEP_MS (WIRE_TICKET_MS + 15000)

uint8_t
client_introduction_paths(const struct client *c)
{
	uint8_t paths = WIRE_PATH_DIRECT | WIRE_PATH_RELAY;

	if (c->options.paths == SOTTO_PATHS_RELAY_ONLY ||
	    c->options.hides_address)
		paths &= (uint8_t)~WIRE_PATH_DIRECT;
	if (c->options.paths == SOTTO_PATHS_DIRECT_ONLY)
		paths &= (uint8_t)~WIRE_PATH_RELAY;
	return paths;
}

static struct client_introduction *
find(struct client *c, const uint8_t id[16])
{
	LIST_EACH (at, &c->introductions) {
		struct client_introduction *in =
		    LIST_ITEM(at, struct client_introduction, link);

		if (memcmp(in->id, id, sizeof in->id) == 0)
			return in;
	}
	return NULL;
}

struct client_introduction *
client_introduction_find(struct client *c, const uint8_t id[16])
{
	struct client_introduction *in = find(c, id);

	return in != NULL && in->is_accepted ? in : NULL;
}

static bool
is_same_device(const struct client_peer *a, const struct client_peer *b)
{
	return wire_name_equal(&a->name, &b->name) &&
	    memcmp(a->device, b->device, sizeof a->device) == 0;
}

/* Whether the caller who was introduced is still to say HELLO. */
static bool
is_due(struct client *c, const struct client_introduction *in)
{
	if (!in->is_spent)
		return in->is_accepted;
	LIST_EACH (at, &c->lines) {
		const struct client_line *line =
		    LIST_ITEM(at, struct client_line, link);

		if (line->state == CLIENT_LINE_HELLO &&
		    memcmp(line->id, in->id, sizeof in->id) == 0)
			return true;
	}
	return false;
}

bool
client_introduction_has_lower(struct client *c,
    const struct client_peer *peer, const uint8_t id[16])
{
	LIST_EACH (at, &c->introductions) {
		const struct client_introduction *in =
		    LIST_ITEM(at, struct client_introduction, link);

		if (is_due(c, in) && is_same_device(&in->peer, peer) &&
		    memcmp(in->id, id, sizeof in->id) < 0)
			return true;
	}
	return false;
}

static void
forget(struct client *c, struct client_introduction *in)
{
	wheel_cancel(&c->wheel, &in->timer);
	list_remove(&in->link);
	free(in);
}

/* Tells the person of a question, or that it is withdrawn. */
static void
tell(struct client *c, const struct client_introduction *in,
    enum sotto_event_type type)
{
	struct sotto_event ev = { .type = type };

	ev.session.id = in->session;
	ev.session.name = in->peer.name.s;
	ev.session.pin = client_pins_judge(&c->pins, &in->peer.name,
	    in->peer.identity);
	c->effects.event(c->effects.ctx, &ev);
}

void
client_introduction_clear(struct client *c)
{
	LIST_EACH_SAFE (at, &c->introductions) {
		struct client_introduction *in =
		    LIST_ITEM(at, struct client_introduction, link);

		if (!in->is_accepted)
			tell(c, in, SOTTO_QUESTION_OVER);
		forget(c, in);
	}
}

/* ---- answering ---- */

static void
refuse(struct client *c, const uint8_t id[16])
{
	struct wire_ANSWER m = { .verdict = WIRE_VERDICT_REFUSE };

	memcpy(m.id, id, sizeof m.id);
	client_channel_say(c, WIRE_ANSWER, &m);
}

static bool
is_unspecified(const uint8_t ip[16])
{
	static const uint8_t v4[16] = { [10] = 0xff, [11] = 0xff };
	static const uint8_t v6[16];

	return memcmp(ip, v4, 16) == 0 || memcmp(ip, v6, 16) == 0;
}

/* Where a caller can find us: where we listen, or, when that is everywhere,
 * the address by which we reach the server. */
static size_t
endpoints_of(const struct client *c,
    struct wire_endpoint out[WIRE_ENDPOINTS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < c->listening_n && n < WIRE_ENDPOINTS_MAX;
	     i++) {
		struct wire_endpoint at = c->listening[i];

		if (is_unspecified(at.ip))
			memcpy(at.ip, c->channel.local.ip, sizeof at.ip);
		if (client_dial_scope(at.ip) == CLIENT_SCOPE_NEVER)
			continue;
		if (n == 1 && memcmp(&out[0], &at, sizeof at) == 0)
			continue;
		out[n++] = at;
	}
	return n;
}

static void
on_kept(struct timer *t, void *ctx)
{
	forget(ctx, LIST_ITEM(t, struct client_introduction, timer));
}

static void
accept_it(struct client *c, struct client_introduction *in)
{
	struct wire_endpoint at[WIRE_ENDPOINTS_MAX];
	uint8_t buf[1 + WIRE_ENDPOINTS_MAX * WIRE_ENDPOINT_LEN];
	struct wire_ANSWER m = { .verdict = WIRE_VERDICT_ACCEPT };
	size_t n = 0;

	if (in->paths & WIRE_PATH_DIRECT)
		n = endpoints_of(c, at);
	if (n == 0)
		in->paths &= (uint8_t)~WIRE_PATH_DIRECT;
	if (in->paths == 0) {
		refuse(c, in->id);
		forget(c, in);
		return;
	}
	memcpy(m.id, in->id, sizeof m.id);
	m.paths = in->paths;
	m.endpoints = wire_endpoints_encode(buf, at, n);
	client_channel_say(c, WIRE_ANSWER, &m);
	in->is_accepted = true;
	in->timer.fire = on_kept;
	client_arm(c, &in->timer, KEEP_MS);
}

static void
on_no_consent(struct timer *t, void *ctx)
{
	struct client *c = ctx;
	struct client_introduction *in =
	    LIST_ITEM(t, struct client_introduction, timer);

	tell(c, in, SOTTO_QUESTION_OVER);
	refuse(c, in->id);
	forget(c, in);
}

/* Whether the person has agreed already: by calling the same name, or by
 * accepting this device a moment ago. */
static bool
is_agreed(struct client *c, const struct client_introduction *asked)
{
	if (client_call_is_to(c, &asked->peer.name))
		return true;
	LIST_EACH (at, &c->introductions) {
		const struct client_introduction *in =
		    LIST_ITEM(at, struct client_introduction, link);

		if (in != asked && in->is_accepted &&
		    is_same_device(&in->peer, &asked->peer))
			return true;
	}
	return false;
}

enum err
client_introduction_answer(struct client *c, uint32_t session, bool accept)
{
	LIST_EACH (at, &c->introductions) {
		struct client_introduction *in =
		    LIST_ITEM(at, struct client_introduction, link);

		if (in->session != session || in->is_accepted)
			continue;
		if (accept) {
			accept_it(c, in);
		} else {
			refuse(c, in->id);
			forget(c, in);
		}
		return ERR_OK;
	}
	return ERR_GONE;
}

/* ---- being asked ---- */

/* Fills in who asks, if the roster is to be believed. */
static bool
take_peer(struct client *c, const struct wire_INTRODUCTION *m,
    struct client_peer *peer)
{
	struct pact_roster roster;
	enum client_trust trust = client_people_read(c, &m->name, m->roster,
	    &roster);

	if (trust != CLIENT_TRUST_YES) {
		(void)client_people_alarm(c, &m->name, trust);
		return false;
	}
	return client_people_peer(c, &roster, m->device, peer);
}

static void
decide(struct client *c, struct client_introduction *in)
{
	if (c->options.policy == SOTTO_POLICY_ACCEPT || is_agreed(c, in)) {
		accept_it(c, in);
	} else if (c->options.policy == SOTTO_POLICY_ASK) {
		tell(c, in, SOTTO_QUESTION);
	} else {
		refuse(c, in->id);
		forget(c, in);
	}
}

enum err
client_introduction_on_asked(struct client *c,
    const struct wire_INTRODUCTION *m)
{
	struct client_introduction *in;
	size_t n = 0;

	if (find(c, m->id) != NULL)
		return ERR_STATE;
	LIST_EACH (at, &c->introductions)
		n++;
	in = n >= INTRODUCTIONS_MAX ? NULL : calloc(1, sizeof *in);
	if (in == NULL || !take_peer(c, m, &in->peer)) {
		free(in);
		refuse(c, m->id);
		return ERR_OK;
	}
	memcpy(in->id, m->id, sizeof in->id);
	in->paths = m->paths & client_introduction_paths(c);
	in->session = ++c->next_session;
	in->timer.fire = on_no_consent;
	list_push_back(&c->introductions, &in->link);
	client_arm(c, &in->timer, WIRE_CONSENT_MS);
	decide(c, in);
	return ERR_OK;
}

void
client_introduction_on_over(struct client *c,
    const struct wire_INTRODUCTION_OVER *m)
{
	struct client_introduction *in = find(c, m->id);

	if (in == NULL || in->is_spent)
		return;
	if (!in->is_accepted)
		tell(c, in, SOTTO_QUESTION_OVER);
	forget(c, in);
}

/* ---- tickets ---- */

enum err
client_introduction_admit(struct client *c, struct bytes ticket,
    enum sotto_path path, struct client_introduction **out)
{
	const struct client_session *s = &c->session;
	uint8_t bit = path == SOTTO_PATH_RELAY ? WIRE_PATH_RELAY :
						 WIRE_PATH_DIRECT;
	struct client_introduction *in;
	struct pact_ticket t = { 0 };
	enum err err = ERR_OK;

	NEED(s->key != NULL, ERR_STATE);
	TRY(pact_ticket_open(ticket, secret_bytes(s->key), &t));
	in = client_introduction_find(c, t.id);
	NEED(in != NULL, ERR_GONE);
	NEED(wire_name_equal(&t.name, &in->peer.name) &&
		memcmp(t.identity, in->peer.identity, 32) == 0 &&
		memcmp(t.device, in->peer.device, sizeof t.device) == 0 &&
		memcmp(t.link_key, in->peer.link_key, 32) == 0 &&
		(in->paths & t.paths & bit) != 0, ERR_KEY);
	NEED(client_now_ms(c) - s->since_ms <= t.expires_ms ||
		PLANTED(PLANT_TICKET_NEVER_EXPIRES), ERR_EXPIRED);
	NEED(!in->is_spent || PLANTED(PLANT_TICKET_TWICE), ERR_REPLAY);
	*out = in;
out:
	bytes_wipe(&t, sizeof t);
	return err;
}
