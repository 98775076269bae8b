/*
 * What must be drawn anew each time is: the ephemeral keys of handshakes, the
 * blinds and nonces of logins, the nonces of boxes and files, whose keys are
 * used again, and the keys of a new account. A server sees all of what its
 * clients say; whoever has a home sees its files. No value may come twice.
 */
#include "base/rd.h"
#include "client/keyring.h"
#include "opaque/message.h"
#include "pact/ticket.h"
#include "sim/scene.h"

#include <string.h>

#define LEN	   16 /* so much of a value is looked at */
#define VALUES_MAX 512

static struct scene s;

static struct {
	const char *what;
	uint8_t bytes[LEN];
} values[VALUES_MAX];

static size_t count;

/* Takes note of a value that nobody has seen before. */
static void
note(const char *what, const uint8_t *value)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(values[i].bytes, value, LEN) == 0)
			(void)check_true(false, what, __FILE__, __LINE__);
	if (!CHECK(count < VALUES_MAX))
		return;
	values[count].what = what;
	memcpy(values[count++].bytes, value, LEN);
}

static size_t
count_of(const char *what)
{
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		n += strcmp(values[i].what, what) == 0;
	return n;
}

static void
note_ke1(const uint8_t ke1[OPAQUE_KE1_LEN])
{
	note("blinded", ke1);
	note("client nonce", ke1 + 32);
	note("keyshare", ke1 + 64);
}

/* A record ends with its envelope, a box has its version in front. */
static void
note_account(const uint8_t record[OPAQUE_RECORD_LEN], struct bytes identity,
    struct bytes settings)
{
	if (record != NULL)
		note("envelope",
		    record + OPAQUE_RECORD_LEN - OPAQUE_ENVELOPE_LEN);
	if (identity.n > 0)
		note("identity box", identity.p + 1);
	if (settings.n > 0)
		note("settings box", settings.p + 1);
}

static void
note_device(struct bytes bytes)
{
	struct pact_roster roster;

	CHECK_OK(pact_roster_read(bytes, &roster));
	note("identity", roster.identity);
	note("device", roster.entries[0].id);
	note("device key", roster.entries[0].device_key);
	note("link key", roster.entries[0].link_key);
}

static bool
look(struct malice_link *l, uint8_t type, struct bytes body)
{
	union {
		struct wire_REGISTER_START start;
		struct wire_REGISTER_FINISH finish;
		struct wire_LOGIN_START login;
		struct wire_PASSWD_START passwd;
		struct wire_CHANGE change;
		struct wire_LOGOUT logout;
		struct wire_WANT want;
	} m;

	(void)l;
	if (type == WIRE_REGISTER_START) {
		CHECK_OK(wire_decode(WIRE_REGISTER_START, body, &m));
		note("blinded", m.start.request);
	} else if (type == WIRE_REGISTER_FINISH) {
		CHECK_OK(wire_decode(WIRE_REGISTER_FINISH, body, &m));
		note_account(m.finish.record, m.finish.identity_box,
		    m.finish.settings_box);
		note_device(m.finish.roster);
	} else if (type == WIRE_LOGIN_START) {
		CHECK_OK(wire_decode(WIRE_LOGIN_START, body, &m));
		note_ke1(m.login.ke1);
	} else if (type == WIRE_PASSWD_START) {
		CHECK_OK(wire_decode(WIRE_PASSWD_START, body, &m));
		note("blinded", m.passwd.request);
	} else if (type == WIRE_CHANGE) {
		CHECK_OK(wire_decode(WIRE_CHANGE, body, &m));
		note_account(m.change.record.n > 0 ? m.change.record.p : NULL,
		    m.change.identity_box, m.change.settings_box);
	} else if (type == WIRE_LOGOUT) {
		CHECK_OK(wire_decode(WIRE_LOGOUT, body, &m));
		note("logout", m.logout.challenge);
	} else if (type == WIRE_WANT) {
		CHECK_OK(wire_decode(WIRE_WANT, body, &m));
		note("want", m.want.nonce);
	}
	return true;
}

/* The first record of either end: of a channel, an ephemeral key stands
 * behind version and kind, or the kind; of a line, behind the ticket. */
static void
look_at_first(void *ctx, struct world_end *from, struct bytes bytes)
{
	bool is_caller = from == &from->conn->a;
	bool is_line = from->conn->b.program != NULL;
	struct world_end *other = is_caller ? &from->conn->b : &from->conn->a;

	(void)ctx;
	if (other->received + other->pipe.n > bytes.n || bytes.n < 1000)
		return;
	if (!is_line && is_caller)
		note("channel", bytes.p + 4);
	else if (!is_line)
		note("server", bytes.p + 3);
	else if (is_caller)
		note("caller", bytes.p + 4 + PACT_TICKET_LEN);
	else
		note("callee", bytes.p + 2);
}

/* What stands in a home, if it is new. */
static void
look_at_home(const struct program *p)
{
	static const char *const names[CLIENT_FILES] = {
		[CLIENT_FILE_KEYRING] = "keyring",
		[CLIENT_FILE_STATE] = "state" };
	static const size_t at[CLIENT_FILES] = {
		[CLIENT_FILE_KEYRING] = 1 + 4 + 4 + 16,
		[CLIENT_FILE_STATE] = 1 };

	for (size_t i = 0; i < CLIENT_FILES; i++) {
		const struct world_file *f = &p->home->files[i];

		if (names[i] == NULL || !CHECK(f->n > at[i] + LEN))
			continue;
		note(names[i], f->p + at[i]);
		if (i == CLIENT_FILE_KEYRING)
			note("salt", f->p + 1 + 4 + 4);
	}
}

/* To each of two, twice: also a password comes blinded otherwise. */
static void
change_password(struct program *p)
{
	static const char *const passwords[] = {
		"quite another horse 93 staple",
		"correct horse battery staple" };

	for (unsigned i = 0; i < 4; i++) {
		CHECK_EQ(scene_wait(p, client_passwd(p->core,
		    bytes_str(passwords[i % 2]))), SOTTO_OK);
		look_at_home(p);
	}
}

static void
call_and_leave(struct program *p, const char *name)
{
	for (unsigned i = 0; i < 3; i++) {
		CHECK_OK(client_hang_up(p->core, scene_line(&s, p, name)));
		client_flush(p->core);
		world_run(s.w, 60000);
	}
}

static bool
begin_to_look(struct malice_link *l, uint8_t type, struct bytes body)
{
	l->malice->on_heard = look;
	world_tap(s.w, look_at_first, NULL);
	(void)type;
	(void)body;
	return true;
}

TEST(nothing_is_drawn_twice)
{
	struct client_options plain = program_options();

	scene_begin(&s, &(struct scene_options){ .on_said = begin_to_look });
	(void)scene_join(&s, "carol", &plain);
	look_at_home(s.alice);
	change_password(s.alice);
	call_and_leave(s.alice, "bob");
	program_kill(scene_device(&s, "alice"));
	for (unsigned i = 0; i < 3; i++) {
		CHECK_EQ(scene_wait(s.bob, client_logout(s.bob->core,
		    SOTTO_LOGOUT_SESSION)), SOTTO_OK);
		s.bob = scene_again(&s, "bob", s.bob->home);
		CHECK_EQ(scene_wait(s.bob, client_list(s.bob->core)),
		    SOTTO_OK);
	}
	CHECK(count_of("blinded") >= 6);
	CHECK(count_of("keyshare") >= 3);
	CHECK(count_of("envelope") >= 4);
	CHECK(count_of("identity box") >= 4);
	CHECK(count_of("settings box") >= 4);
	CHECK(count_of("link key") >= 2);
	CHECK(count_of("logout") >= 3);
	CHECK(count_of("want") >= 3);
	CHECK(count_of("channel") >= 6);
	CHECK(count_of("server") >= 6);
	CHECK(count_of("caller") >= 3);
	CHECK(count_of("callee") >= 3);
	CHECK(count_of("keyring") >= 3);
	CHECK(count_of("state") >= 3);
	scene_end(&s);
}

CHECK_MAIN(T(nothing_is_drawn_twice))
