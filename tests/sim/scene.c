#include "sim/scene.h"

#include "client/core.h"
#include "client/line.h"
#include "crypto/dh.h"
#include "crypto/sig.h"

#include <malloc.h>
#include <string.h>

#define WAIT_MS 600000

static const char password[] = "correct horse battery staple";

/* ---- what must hold ---- */

static struct scene_person *
person_of(struct scene *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (name != NULL && strcmp(s->people[i].name, name) == 0)
			return &s->people[i];
	return NULL;
}

/* Whose keys the line has, and whose name it shows. */
static void
look_at_line(struct scene *s, struct program *p, const struct sotto_event *ev)
{
	const struct client_line *line = client_line_find(p->core,
	    ev->session.id);
	const struct scene_person *who = person_of(s, ev->session.name);

	CHECK(line != NULL);
	if (line == NULL || s->may_be_fooled)
		return;
	CHECK(who != NULL);
	CHECK(who != NULL && memcmp(line->peer.identity, who->identity,
	    sizeof who->identity) == 0);
	CHECK_EQ(ev->session.pin == SOTTO_PIN_CHANGED, false);
}

static void
look_at_text(struct scene *s, struct program *p, const struct sotto_event *ev)
{
	for (size_t i = 0; i < s->said; i++) {
		struct scene_text *t = &s->texts[i];

		if (strlen(t->text) != ev->text.n ||
		    memcmp(t->text, ev->text.p, ev->text.n) != 0)
			continue;
		CHECK(t->to == p);
		CHECK(strcmp(t->from->label, ev->session.name) == 0);
		CHECK(!t->is_shown);
		t->is_shown = true;
		return;
	}
	(void)check_true(false, "a text was shown that nobody has said",
	    __FILE__, __LINE__);
}

static void
look_at_receipt(struct scene *s, struct program *p,
    const struct sotto_event *ev)
{
	for (size_t i = 0; i < s->said; i++) {
		struct scene_text *t = &s->texts[i];

		if (t->from != p || t->id != ev->sent.id)
			continue;
		CHECK(t->is_shown && !t->is_sent);
		t->is_sent = true;
		return;
	}
	(void)check_true(false, "a receipt came for what nobody has said",
	    __FILE__, __LINE__);
}

static void
on_told(void *ctx, struct program *p, const struct sotto_event *ev)
{
	struct scene *s = ctx;

	if (ev->type == SOTTO_SESSION_UP)
		look_at_line(s, p, ev);
	else if (ev->type == SOTTO_MESSAGE)
		look_at_text(s, p, ev);
	else if (ev->type == SOTTO_SENT)
		look_at_receipt(s, p, ev);
}

/* ---- people ---- */

struct wire_name
scene_name(const char *text)
{
	struct wire_name name;

	CHECK_OK(wire_name_parse(&name, bytes_str(text)));
	return name;
}

static void
host(struct program *p)
{
	(void)client_host(p->core);
	client_flush(p->core);
	world_run(p->world, 3000);
}

struct program *
scene_join(struct scene *s, const char *name,
    const struct client_options *options)
{
	struct scene_person *who = &s->people[s->count++];
	char text[WIRE_LINK_TEXT_MAX];
	struct wire_link link;

	who->name = name;
	who->program = world_program(s->w, name, NULL, options);
	CHECK(world_invite(s->w, name, text));
	CHECK_OK(wire_link_parse(&link, bytes_str(text)));
	CHECK_OK(client_set_password(who->program->core,
	    BYTES_LIT(password)));
	CHECK_EQ(program_wait(who->program,
	    client_register(who->program->core, &link)), SOTTO_OK);
	memcpy(who->identity, who->program->core->account.identity,
	    sizeof who->identity);
	host(who->program);
	return who->program;
}

struct program *
scene_again(struct scene *s, const char *name, struct world_home *home)
{
	struct client_options options = program_options();
	struct scene_person *who = person_of(s, name);

	who->program = world_program(s->w, name, home, &options);
	CHECK_OK(client_set_password(who->program->core,
	    BYTES_LIT(password)));
	return who->program;
}

struct program *
scene_device(struct scene *s, const char *name)
{
	struct program *p = scene_again(s, name, NULL);
	struct wire_name who = scene_name(name);
	struct wire_address at = world_address();

	CHECK_EQ(scene_wait(p, client_login(p->core, &who, &at, NULL)),
	    SOTTO_OK);
	return p;
}

void
scene_begin(struct scene *s, const struct scene_options *options)
{
	struct world_options world = { 
		.seed = options->seed, .is_calm = true,
		.is_public = options->is_public };
	struct client_options plain = program_options();
	struct client_options alice = plain, bob = plain;

	memset(s, 0, sizeof *s);
	s->w = world_new(&world);
	if (!options->has_honest_server) {
		s->m = malice_server(s->w);
		s->m->on_said = options->on_said;
	}
	world_told(s->w, on_told, s);
	world_run(s->w, 100);
	alice.hides_address = options->hides_address;
	if (options->asks)
		bob.policy = SOTTO_POLICY_ASK;
	s->alice = scene_join(s, "alice", &alice);
	s->bob = scene_join(s, "bob", &bob);
	if (options->with_mallory)
		s->mallory = scene_join(s, "mallory", &plain);
}

void
scene_end(struct scene *s)
{
	world_free(s->w);
	if (s->m != NULL)
		malice_free(s->m);
}

/* ---- what they do ---- */

struct waiting {
	const struct program *p;
	uint32_t command;
};

static bool
is_finished(void *ctx)
{
	const struct waiting *wait = ctx;

	return program_outcome(wait->p, wait->command) >= 0;
}

int
scene_wait(struct program *p, uint32_t command)
{
	struct waiting wait = { p, command };

	client_flush(p->core);
	(void)world_until(p->world, WAIT_MS, is_finished, &wait);
	return program_outcome(p, command);
}

int
scene_call(struct program *p, const char *name)
{
	struct wire_name who = scene_name(name);

	return scene_wait(p, client_call(p->core, &who));
}

uint32_t
scene_line(struct scene *s, struct program *p, const char *name)
{
	const struct world_event *up;

	CHECK_EQ(scene_call(p, name), SOTTO_OK);
	world_run(s->w, 1000); /* HELLO is on its way */
	up = program_last(p, SOTTO_SESSION_UP, name);
	CHECK(up != NULL);
	return up == NULL ? 0 : up->event.session.id;
}

void
scene_put(struct scene *s, struct program *from, uint32_t session,
    struct program *to, const char *text)
{
	struct scene_text *t = &s->texts[s->said++];
	enum err err;

	*t = (struct scene_text){ .from = from, .to = to, .text = text };
	err = client_say(from->core, session, bytes_str(text), &t->id);
	CHECK(err == ERR_OK || err == ERR_GONE);
	client_flush(from->core);
}

void
scene_say(struct scene *s, struct program *from, uint32_t session,
    struct program *to, const char *text)
{
	scene_put(s, from, session, to, text);
	world_run(s->w, 1000);
}

bool
scene_is_shown(const struct scene *s, const char *text)
{
	for (size_t i = 0; i < s->said; i++)
		if (strcmp(s->texts[i].text, text) == 0)
			return s->texts[i].is_shown;
	return false;
}

void
scene_still_works(struct scene *s)
{
	static const char text[] = "Still here, and nobody between us.";

	if (s->m != NULL) {
		s->m->on_said = s->m->on_heard = NULL;
		s->m->on_raw = NULL;
	}
	world_run(s->w, 130000); /* pauses and old tickets are over */
	scene_say(s, s->alice, scene_line(s, s->alice, "bob"), s->bob, text);
	CHECK(scene_is_shown(s, text));
}

size_t
scene_alarms(const struct program *p)
{
	size_t first = p->logged > WORLD_LOG ? p->logged - WORLD_LOG : 0;
	size_t n = 0;

	for (size_t i = first; i < p->logged; i++) {
		const struct sotto_event *ev = &p->log[i % WORLD_LOG].event;

		n += ev->type == SOTTO_NOTICE &&
		    ev->error.outcome == SOTTO_KEY_CHANGED;
	}
	return n;
}

/* ---- what liars make ---- */

void
scene_roster(struct wr *w, const char *name, const uint8_t seed[32],
    uint64_t version)
{
	struct pact_roster roster = { .name = scene_name(name),
		.version = version, .time_s = 1790000000, .count = 1 };
	struct pact_roster_entry *entry = &roster.entries[0];

	ed25519_public(seed, roster.identity);
	memcpy(entry->id, seed, sizeof entry->id);
	ed25519_public(seed, entry->device_key);
	x25519_public(seed, entry->link_key);
	(void)strcpy(entry->label, "forged");
	CHECK_OK(pact_roster_sign_entry(entry, &roster.name, roster.identity,
	    seed));
	CHECK_OK(pact_roster_write(w, &roster, seed));
}

void
scene_bad_record(struct malice_link *l, unsigned which)
{
	uint8_t plain[1024] = { 0 }, raw[258] = { 1, 0 };
	size_t n = WIRE_RECORD_MIN - WIRE_RECORD_OVERHEAD;
	struct wire_PING ping = { 3 };

	switch (which) {
	case 0:
		n++;
		break;
	case 1:
		n = 0;
		break;
	case 2: /* the start of a message that a small record cuts */
		plain[0] = WIRE_PING;
		plain[3] = 8;
		memmove(plain + n - 6, plain, 4);
		memcpy(plain, "\x03\0\0\x08", 4);
		for (size_t i = 12; i + 12 <= n - 6; i += 12)
			memcpy(plain + i, "\x03\0\0\x08", 4);
		memset(plain + n - n % 12, WIRE_PING, n % 12);
		break;
	case 3: /* longer than its cap */
		memcpy(plain, "\x02\0\0\x09", 4);
		break;
	case 4:
		memcpy(plain, "\x02\xff\xff\xff", 4);
		break;
	case 5:
		plain[0] = 0x7e;
		break;
	case 6: /* something in the padding */
		plain[n - 1] = 1;
		break;
	case 7:
		malice_say(l, WIRE_PING, &ping);
		malice_flush(l);
		malice_bytes(l, wr_bytes(&l->last));
		return;
	case 8:
		malice_bytes(l, BYTES_OF(raw));
		return;
	case 9: /* a record of no bytes at all */
		malice_bytes(l, BYTES_LIT("\0\0"));
		return;
	default: /* shorter than its message */
		memcpy(plain, "\x02\0\0\x07", 4);
	}
	malice_record(l, (struct bytes){ plain, n });
}

size_t
scene_heap(void)
{
	return mallinfo2().uordblks;
}
