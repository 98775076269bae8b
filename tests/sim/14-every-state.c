/*
 * Threat row 14, for a client: whatever the server says, whenever it says
 * it, and whatever a peer says on a line, what follows is written down here.
 * The server's own states are in unit/server/test_states.c.
 */
#include "client/core.h"
#include "client/line.h"
#include "sim/scene.h"
#include "support/named.h"

#include <stdio.h>
#include <string.h>

static struct scene s;

/* ---- messages ---- */

/* Encodes a message with a name where one is due, this number where one is
 * due, and zeros; returns its body. */
static struct bytes
blank(uint8_t type, uint32_t req, uint8_t *out, size_t cap)
{
	union {
		max_align_t align;
		uint8_t bytes[WIRE_STRUCT_MAX];
	} m = { 0 };
	struct wr to = wr_init(out, cap);

	if (wire_kind_of(type) == NULL)
		return (struct bytes){ memset(out, 0, 16), 16 };
	switch (type) {
#define NAMED(NAME)                                                           \
	case WIRE_##NAME:                                                     \
		((struct wire_##NAME *)(void *)&m)->name = scene_name("bob"); \
		break;
	WIRE_NAMED(NAMED)
	default:
		break;
	}
	switch (type) {
#define ANSWER(NAME)                                                          \
	case WIRE_##NAME:                                                     \
		((struct wire_##NAME *)(void *)&m)->req = req;                \
		break;
	ANSWER(ERROR)
	ANSWER(DONE)
	ANSWER(REGISTER_REPLY)
	ANSWER(LOGIN_REPLY)
	ANSWER(LOGIN_OK)
	ANSWER(SETTINGS)
	ANSWER(PEOPLE)
	ANSWER(PERSON)
	ANSWER(INTRODUCED)
	default:
		break;
	}
	CHECK_OK(wire_encode(&to, (enum wire_type)type, &m));
	return (struct bytes){ out + WIRE_HEADER_LEN,
		to.n - WIRE_HEADER_LEN };
}

/* All types there are, and some of the others, which are refused alike
 * before anybody looks where they come. */
static bool
is_tried(unsigned type)
{
	return wire_kind_of((uint8_t)type) != NULL || type % 128 == 71;
}

/* ---- from the server ---- */

/* Where a login can be, in the order of the columns. */
static const struct place {
	enum { REGISTER, ENROL, KNOWN } login;
	enum client_session_state state;
} places[] = {
	{ REGISTER, CLIENT_SESSION_REPLY },
	{ REGISTER, CLIENT_SESSION_STRETCH },
	{ REGISTER, CLIENT_SESSION_JOINED },
	{ ENROL, CLIENT_SESSION_REPLY },
	{ ENROL, CLIENT_SESSION_STRETCH },
	{ ENROL, CLIENT_SESSION_LOGIN_OK },
	{ ENROL, CLIENT_SESSION_ENROL },
	{ ENROL, CLIENT_SESSION_SEAL },
	{ ENROL, CLIENT_SESSION_SAVE },
	{ KNOWN, CLIENT_SESSION_LOGIN_OK },
	{ KNOWN, CLIENT_SESSION_READY },
};

#define PLACES (sizeof places / sizeof places[0])

struct reaching {
	struct program *p;
	enum client_session_state state;
};

static bool
is_there(void *ctx)
{
	const struct reaching *r = ctx;

	return r->p->core->session.state == r->state &&
	    r->p->core->channel.state == CLIENT_CHANNEL_OPEN;
}

static uint32_t
begin_login(const struct place *place, struct program **out)
{
	struct client_options options = program_options();
	struct wire_address at = world_address();
	struct wire_name name = scene_name("alice");
	char text[WIRE_LINK_TEXT_MAX];
	struct wire_link link;

	if (place->login == REGISTER) {
		*out = world_program(s.w, "carol", NULL, &options);
		CHECK_OK(client_set_password((*out)->core,
		    BYTES_LIT("orchid pebble tundra 41")));
		CHECK(world_invite(s.w, "carol", text));
		CHECK_OK(wire_link_parse(&link, bytes_str(text)));
		return client_register((*out)->core, &link);
	}
	if (place->login == ENROL) {
		*out = scene_again(&s, "alice", NULL);
		return client_login((*out)->core, &name, &at, NULL);
	}
	program_kill(s.alice);
	world_run(s.w, 1000);
	*out = s.alice = scene_again(&s, "alice", s.alice->home);
	return client_list((*out)->core);
}

/*
 * What follows:
 *
 *	e  the channel ends, and the login fails
 *	r  the channel ends, and what was asked for is done in another one
 *	-  nothing: it is what came anyway, or nobody waits for it
 */
#define BROKEN "eeeeeeeeree"

static const char *const follows_of[256] = {
	[WIRE_PING]              = "-----------",
	[WIRE_PONG]              = "-----------",
	[WIRE_ERROR]             = "e-ee-ee--e-",
	[WIRE_DONE]              = "e--e-e---e-",
	[WIRE_REGISTER_REPLY]    = "e-ee-ee--e-",
	[WIRE_SETTINGS]          = "eeeeee---e-",
	[WIRE_PASSES]            = "eeeeee---e-",
	[WIRE_PEOPLE]            = "eeeeee---e-",
	[WIRE_PERSON]            = "eeeeee---e-",
	[WIRE_PRESENCE]          = "eeeeee---e-",
	[WIRE_INTRODUCTION]      = "eeeeee---e-",
	[WIRE_INTRODUCTION_OVER] = "eeeeee---e-",
	[WIRE_INTRODUCED]        = "eeeeee---e-",
	[WIRE_STREAM_OPENED]     = "eeeeee---e-",
	[WIRE_STREAM_DATA]       = "eeeeee---e-",
	[WIRE_STREAM_CREDIT]     = "eeeeee---e-",
	[WIRE_STREAM_CLOSE]      = "eeeeee---e-",
};

static char
hear(const struct place *place, uint8_t type)
{
	struct reaching r = { .state = place->state };
	uint8_t message[1024];
	struct malice_link *l;
	uint32_t command;
	bool ends, is_ok;

	scene_begin(&s, &(struct scene_options){ .seed = 14 });
	command = begin_login(place, &r.p);
	client_flush(r.p->core);
	CHECK(world_until(s.w, 60000, is_there, &r));
	l = malice_find(s.m, r.p);
	CHECK(l != NULL && l->stands);
	malice_put(l, type, blank(type, r.p->core->session.req, message,
	    sizeof message));
	malice_flush(l);
	world_run(s.w, 30);
	ends = r.p->core->channel.state != CLIENT_CHANNEL_OPEN;
	is_ok = scene_wait(r.p, command) == SOTTO_OK;
	scene_still_works(&s);
	scene_end(&s);
	return ends ? is_ok ? 'r' : 'e' : is_ok ? '-' : '?';
}

TEST(threat_14_every_message_of_a_server_in_every_state)
{
	for (unsigned type = 1; type < 256; type++) {
		const char *want = follows_of[type] == NULL ? BROKEN :
							      follows_of[type];
		char got[PLACES + 1] = { 0 };

		if (!is_tried(type))
			continue;
		for (size_t i = 0; i < PLACES; i++)
			got[i] = hear(&places[i], (uint8_t)type);
		if (!CHECK(strcmp(got, want) == 0))
			printf("  0x%02x: %s, want %s\n", type, got, want);
	}
}

static unsigned starts;

static bool
wait_before_reply(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_ERROR wait = { .code = WIRE_ERROR_WAIT, .wait_ms = 1000 };

	if (type == WIRE_LOGIN_REPLY && body.n >= 4) {
		wait.req = (uint32_t)body.p[0] << 24 | (uint32_t)body.p[1] << 16
		    | (uint32_t)body.p[2] << 8 | body.p[3];
		malice_say(l, WIRE_ERROR, &wait);
	}
	return true;
}

static bool
count_starts(struct malice_link *l, uint8_t type, struct bytes body)
{
	(void)l;
	(void)body;
	starts += type == WIRE_LOGIN_START;
	return true;
}

/* A login that is told to wait works; answered all the same, it goes on from
 * the answer, and the work is for nothing. */
TEST(threat_14_an_answer_in_spite_of_a_wait)
{
	const struct place place = { ENROL, CLIENT_SESSION_REPLY };
	struct program *p;
	uint32_t command;

	scene_begin(&s, &(struct scene_options){ .seed = 15,
	    .on_said = wait_before_reply });
	s.m->on_heard = count_starts;
	starts = 0;
	command = begin_login(&place, &p);
	CHECK_EQ(scene_wait(p, command), SOTTO_OK);
	world_run(s.w, 10000);
	CHECK_EQ(starts, 1);
	scene_end(&s);
}

/* ---- from a peer ---- */

/* What stands in the place of HELLO, if anything. */
static uint8_t instead;

static bool
replace_hello(struct malice_link *l, uint8_t type, struct bytes body)
{
	uint8_t message[1024];

	(void)body;
	if (type != WIRE_HELLO || instead == 0)
		return true;
	malice_put(l, instead, blank(instead, 0, message, sizeof message));
	return false;
}

/* Whether alice is shown a session, and how it ended. */
static char
shown_to_alice(void)
{
	const struct world_event *down = program_last(s.alice,
	    SOTTO_SESSION_DOWN, "bob");

	if (program_count(s.alice, SOTTO_SESSION_UP, "bob") == 0)
		return 'n';
	return down == NULL ? '-' :
	    down->event.error.outcome == SOTTO_NO_SERVER ? 'e' : 'd';
}

/*
 * Where a line can be: bob calls and has not said HELLO; he has; alice has
 * called. What follows: no session is shown (n), the line is cut (e), it is
 * closed as asked for (d), nothing (-).
 */
#define NOT_ON_A_LINE "nee"

static const char *const line_follows_of[256] = {
	[WIRE_CLOSE] = "ndd",
	[WIRE_PING]  = "n--",
	[WIRE_PONG]  = "n--",
};

static char
hear_on_line(unsigned at, uint8_t type)
{
	uint8_t message[1024];
	struct malice_link *l;
	char follows;

	scene_begin(&s, &(struct scene_options){ .seed = 16,
	    .has_honest_server = true });
	s.m = malice_peer(s.bob);
	s.m->on_said = replace_hello;
	instead = at == 0 ? type : 0;
	if (at == 0) {
		(void)scene_call(s.bob, "alice");
	} else {
		(void)scene_line(&s, at == 1 ? s.bob : s.alice,
		    at == 1 ? "alice" : "bob");
		l = malice_find(s.m, s.alice);
		CHECK(l != NULL && l->stands);
		malice_put(l, type, blank(type, 0, message, sizeof message));
		malice_flush(l);
	}
	world_run(s.w, 500);
	follows = shown_to_alice();
	scene_end(&s);
	return follows;
}

TEST(threat_14_every_message_of_a_peer_in_every_state)
{
	for (unsigned type = 1; type < 256; type++) {
		const char *want = line_follows_of[type] == NULL ?
		    NOT_ON_A_LINE : line_follows_of[type];
		char got[4] = { 0 };

		if (!is_tried(type))
			continue;
		for (unsigned at = 0; at < 3; at++)
			got[at] = hear_on_line(at, (uint8_t)type);
		if (!CHECK(strcmp(got, want) == 0))
			printf("  0x%02x: %s, want %s\n", type, got, want);
	}
}

CHECK_MAIN(T(threat_14_every_message_of_a_server_in_every_state),
    T(threat_14_an_answer_in_spite_of_a_wait),
    T(threat_14_every_message_of_a_peer_in_every_state))
