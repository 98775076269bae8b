/*
 * A malicious server, and who somebody is: it has its own keys, the store and
 * every channel, and lies about people, their devices and their boxes. Each
 * test says what the lie is; scene.h says what must hold whatever it is.
 */
#include "client/core.h"
#include "client/line.h"
#include "crypto/sig.h"
#include "sim/scene.h"

#include "base/rd.h"

#include <stdlib.h>
#include <string.h>

/* What a LOGIN_OK takes over from another one. */
enum {
	TAKE_KEY = 1,
	TAKE_IDENTITY_BOX = 2,
	TAKE_IDENTITY_VERSION = 4,
	TAKE_SETTINGS_BOX = 8,
	TAKE_SETTINGS_VERSION = 16,
	TAKE_ROSTER = 32,
};

static struct scene s;

/* The lie that is told. */
static struct plot {
	uint8_t type;            /* of the message that is altered, */
	struct program *victim;  /* on the way to whom; NULL: anybody */
	struct wr roster;        /* put in the place of the true one */
	const uint8_t *identity; /* and this, and this, unless NULL */
	const uint8_t *device;
	unsigned take;           /* of LOGIN_OK, out of: */
	struct wr *other;
	unsigned hits;
} plot;

/* The newest messages of a kind to a person, as the server meant them. */
static struct wr kept_login[SCENE_PEOPLE], kept_person;

static const uint8_t liar[32] = { 0x11, 0x22, 0x33 };

static bool
keep(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wr *w = NULL;

	for (size_t i = 0; i < s.count && type == WIRE_LOGIN_OK; i++)
		if (strcmp(s.people[i].name, malice_victim(l)->label) == 0)
			w = &kept_login[i];
	if (type == WIRE_PERSON)
		w = &kept_person;
	if (w == NULL)
		return true;
	wr_free(w);
	*w = wr_new();
	wr_put(w, body);
	return true;
}

static void
begin(const struct scene_options *options)
{
	struct scene_options o = *options;

	memset(&plot, 0, sizeof plot);
	plot.roster = wr_new();
	o.on_said = keep;
	scene_begin(&s, &o);
}

static void
end(void)
{
	scene_end(&s);
	wr_free(&plot.roster);
	wr_free(&kept_person);
	for (size_t i = 0; i < SCENE_PEOPLE; i++)
		wr_free(&kept_login[i]);
}

/* ---- the lies ---- */

static void
alter_login(struct wire_LOGIN_OK *m)
{
	struct wire_LOGIN_OK old = { 0 };

	if (plot.other != NULL)
		CHECK_OK(wire_decode(WIRE_LOGIN_OK, wr_bytes(plot.other),
		    &old));
	if (plot.take & TAKE_KEY)
		memcpy(m->identity, old.identity, sizeof m->identity);
	if (plot.take & TAKE_IDENTITY_BOX)
		m->identity_box = old.identity_box;
	if (plot.take & TAKE_IDENTITY_VERSION)
		m->identity_version = old.identity_version;
	if (plot.take & TAKE_SETTINGS_BOX)
		m->settings_box = old.settings_box;
	if (plot.take & TAKE_SETTINGS_VERSION)
		m->settings_version = old.settings_version;
	if (plot.take & TAKE_ROSTER)
		m->roster = old.roster;
}

/* Puts another roster, key or device into a message. */
static bool
swap(struct malice_link *l, uint8_t type, struct bytes body)
{
	union {
		struct wire_PERSON person;
		struct wire_INTRODUCTION asked;
		struct wire_INTRODUCED introduced;
		struct wire_LOGIN_OK login;
	} m;
	struct bytes roster = wr_bytes(&plot.roster);

	if (type != plot.type ||
	    (plot.victim != NULL && malice_victim(l) != plot.victim))
		return true;
	plot.hits++;
	CHECK_OK(wire_decode((enum wire_type)type, body, &m));
	if (type == WIRE_PERSON) {
		if (roster.n > 0)
			m.person.roster = roster;
		if (plot.identity != NULL)
			memcpy(m.person.identity, plot.identity, 32);
	} else if (type == WIRE_INTRODUCTION) {
		if (roster.n > 0)
			m.asked.roster = roster;
		if (plot.device != NULL)
			memcpy(m.asked.device, plot.device, 16);
	} else if (type == WIRE_INTRODUCED) {
		if (roster.n > 0)
			m.introduced.roster = roster;
		if (plot.device != NULL)
			memcpy(m.introduced.device, plot.device, 16);
	} else {
		alter_login(&m.login);
		if (roster.n > 0)
			m.login.roster = roster;
		if (plot.identity != NULL)
			memcpy(m.login.identity, plot.identity, 32);
	}
	malice_say(l, (enum wire_type)type, &m);
	return false;
}

static void
lie(enum wire_type type, struct program *victim)
{
	plot.type = (uint8_t)type;
	plot.victim = victim;
	s.m->on_said = swap;
}

/* Puts the liar's key into bob's entry of the list. */
static bool
swap_in_list(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_PEOPLE m;
	struct wire_person person;
	struct wr entries = wr_new();

	if (type != WIRE_PEOPLE)
		return true;
	CHECK_OK(wire_decode(WIRE_PEOPLE, body, &m));
	for (struct rd r = rd_init(m.entries); r.n > 0;) {
		wire_person_get(&r, &person);
		if (strcmp(person.name.s, "bob") == 0)
			ed25519_public(liar, person.identity);
		wire_person_put(&entries, &person);
	}
	m.entries = wr_bytes(&entries);
	malice_say(l, WIRE_PEOPLE, &m);
	wr_free(&entries);
	return false;
}

/* ---- what the victims see ---- */

/* A call that must come to nothing, with an alarm. */
static void
call_is_stopped(void)
{
	size_t alarms = scene_alarms(s.alice);

	CHECK_EQ(scene_call(s.alice, "bob"), SOTTO_KEY_CHANGED);
	CHECK(plot.hits > 0);
	CHECK_EQ(scene_alarms(s.alice), alarms + 1);
	CHECK_EQ(program_count(s.alice, SOTTO_SESSION_UP, NULL),
	    program_count(s.bob, SOTTO_SESSION_UP, NULL));
}

/* A question that must not reach bob, with an alarm for him. */
static void
question_is_stopped(void)
{
	size_t alarms = scene_alarms(s.bob);
	size_t ups = program_count(s.bob, SOTTO_SESSION_UP, NULL);

	CHECK(scene_call(s.alice, "bob") != SOTTO_OK);
	CHECK(plot.hits > 0);
	CHECK(scene_alarms(s.bob) > alarms);
	CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL), ups);
	CHECK_EQ(program_count(s.bob, SOTTO_QUESTION, NULL), 0);
}

static enum sotto_pin
pin_in_list(void)
{
	const struct world_event *bob;

	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)), SOTTO_OK);
	bob = program_last(s.alice, SOTTO_PERSON, "bob");
	return bob == NULL ? SOTTO_PIN_NONE : bob->event.person.pin;
}

static int
verify(struct program *p, const char *name)
{
	struct wire_name who = scene_name(name);

	return scene_wait(p, client_verify(p->core, &who, false));
}

static void
meet(void)
{
	CHECK_OK(client_hang_up(s.alice->core,
	    scene_line(&s, s.alice, "bob")));
	client_flush(s.alice->core);
	world_run(s.w, 20000);
}

/* Keeps bob's roster as the server has it now. */
static void
keep_roster(struct wr *w)
{
	struct wire_PERSON m;

	CHECK_EQ(scene_wait(s.bob, client_devices(s.bob->core)), SOTTO_OK);
	CHECK_OK(wire_decode(WIRE_PERSON, wr_bytes(&kept_person), &m));
	wr_put(w, m.roster);
}

/* ---- other people's keys ---- */

/* The list shows another key for bob, whom alice has never met: nothing is
 * remembered of it. */
TEST(a_list_pins_nobody)
{
	begin(&(struct scene_options){ 0 });
	s.m->on_said = swap_in_list;
	CHECK_EQ(pin_in_list(), SOTTO_PIN_NONE);
	scene_still_works(&s);
	CHECK_EQ(pin_in_list(), SOTTO_PIN_PINNED);
	end();
}

/* The list shows another key for bob, whom alice has met. */
TEST(another_key_in_the_list_is_seen)
{
	begin(&(struct scene_options){ 0 });
	meet();
	s.m->on_said = swap_in_list;
	CHECK_EQ(pin_in_list(), SOTTO_PIN_CHANGED);
	s.m->on_said = NULL;
	CHECK_EQ(pin_in_list(), SOTTO_PIN_PINNED);
	end();
}

/* PERSON shows another key, with a roster that it signs, before alice has met
 * bob: nobody can tell, but the two of them when they compare numbers. */
TEST(safety_numbers_tell_a_first_contact_that_was_lied_about)
{
	const struct world_event *one, *two;
	uint8_t key[32];

	begin(&(struct scene_options){ 0 });
	ed25519_public(liar, key);
	plot.identity = key;
	scene_roster(&plot.roster, "bob", liar, 1);
	lie(WIRE_PERSON, s.alice);
	CHECK_EQ(verify(s.alice, "bob"), SOTTO_OK);
	CHECK_EQ(verify(s.bob, "alice"), SOTTO_OK);
	one = program_last(s.alice, SOTTO_SAFETY, "bob");
	two = program_last(s.bob, SOTTO_SAFETY, "alice");
	CHECK(one != NULL && two != NULL && strcmp(one->text, two->text) != 0);
	scene_still_works(&s);
	end();
}

/* PERSON shows another key after alice has met bob. */
TEST(another_key_of_a_person_is_seen)
{
	const struct world_event *shown;
	uint8_t key[32];

	begin(&(struct scene_options){ 0 });
	meet();
	ed25519_public(liar, key);
	plot.identity = key;
	scene_roster(&plot.roster, "bob", liar, 9);
	lie(WIRE_PERSON, s.alice);
	CHECK_EQ(verify(s.alice, "bob"), SOTTO_OK);
	shown = program_last(s.alice, SOTTO_SAFETY, "bob");
	CHECK(shown != NULL &&
	    shown->event.safety.pin == SOTTO_PIN_CHANGED);
	s.m->on_said = NULL;
	CHECK_EQ(pin_in_list(), SOTTO_PIN_PINNED);
	end();
}

/* PERSON shows bob's true roster beside another key. */
TEST(a_person_has_one_key)
{
	uint8_t key[32];

	begin(&(struct scene_options){ 0 });
	ed25519_public(liar, key);
	plot.identity = key;
	lie(WIRE_PERSON, s.alice);
	CHECK_EQ(verify(s.alice, "bob"), SOTTO_KEY_CHANGED);
	CHECK_EQ(scene_alarms(s.alice), 1);
	end();
}

/* INTRODUCED shows another key after alice has met bob. */
TEST(another_key_of_a_callee_stops_the_call)
{
	begin(&(struct scene_options){ 0 });
	meet();
	scene_roster(&plot.roster, "bob", liar, 9);
	plot.device = liar;
	lie(WIRE_INTRODUCED, s.alice);
	call_is_stopped();
	scene_still_works(&s);
	end();
}

/* INTRODUCTION shows another key after bob has met alice. */
TEST(another_key_of_a_caller_stops_the_question)
{
	begin(&(struct scene_options){ .asks = true });
	s.bob->core->options.policy = SOTTO_POLICY_ACCEPT;
	meet();
	s.bob->core->options.policy = SOTTO_POLICY_ASK;
	scene_roster(&plot.roster, "alice", liar, 9);
	plot.device = liar;
	lie(WIRE_INTRODUCTION, s.bob);
	question_is_stopped();
	end();
}

/* INTRODUCTION shows another key of alice, whom bob has never met: he may be
 * asked, but who comes with alice's key does not get in. */
TEST(a_caller_under_another_key_does_not_come_in)
{
	begin(&(struct scene_options){ 0 });
	scene_roster(&plot.roster, "alice", liar, 1);
	plot.device = liar;
	lie(WIRE_INTRODUCTION, s.bob);
	CHECK(scene_call(s.alice, "bob") != SOTTO_OK);
	CHECK(plot.hits > 0);
	CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL), 0);
	scene_still_works(&s);
	end();
}

/* mallory's roster, a true one, in the place of bob's, before and after
 * alice has met him. */
TEST(a_foreign_roster_stops_the_call)
{
	struct wire_LOGIN_OK m;

	begin(&(struct scene_options){ .with_mallory = true });
	CHECK_OK(wire_decode(WIRE_LOGIN_OK, wr_bytes(&kept_login[2]), &m));
	wr_put(&plot.roster, m.roster);
	plot.device = s.mallory->core->account.device;
	lie(WIRE_INTRODUCED, s.alice);
	call_is_stopped();
	s.m->on_said = NULL;
	meet();
	lie(WIRE_INTRODUCED, s.alice);
	call_is_stopped();
	end();
}

/* mallory's roster in the place of alice's, shown to bob. */
TEST(a_foreign_roster_stops_the_question)
{
	struct wire_LOGIN_OK m;

	begin(&(struct scene_options){ .asks = true, .with_mallory = true });
	CHECK_OK(wire_decode(WIRE_LOGIN_OK, wr_bytes(&kept_login[2]), &m));
	wr_put(&plot.roster, m.roster);
	plot.device = s.mallory->core->account.device;
	lie(WIRE_INTRODUCTION, s.bob);
	question_is_stopped();
	end();
}

/* The server introduces mallory when alice wants bob, all else being true. */
static bool
want_mallory(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_WANT m;

	if (type != WIRE_WANT || malice_victim(l) != s.alice)
		return true;
	CHECK_OK(wire_decode(WIRE_WANT, body, &m));
	m.name = scene_name("mallory");
	malice_tell(l, WIRE_WANT, &m);
	plot.hits++;
	return false;
}

TEST(another_person_does_not_answer_for_bob)
{
	begin(&(struct scene_options){ .with_mallory = true });
	s.m->on_heard = want_mallory;
	call_is_stopped();
	CHECK_EQ(program_count(s.mallory, SOTTO_SESSION_UP, NULL), 0);
	end();
}

/* Makes mallory believe that she is bob, with a key of the liar's, and signs
 * the roster that says so. */
static void
dress_up(void)
{
	struct client *c = s.mallory->core;
	struct pact_roster roster = { .name = scene_name("bob"),
		.version = 1, .time_s = 1790000000, .count = 1 };

	c->account.name = roster.name;
	ed25519_public(liar, c->account.identity);
	memcpy(roster.identity, c->account.identity, 32);
	CHECK_OK(client_own_entry(c, &roster.entries[0]));
	CHECK_OK(pact_roster_write(&plot.roster, &roster, liar));
	plot.device = c->account.device;
	s.m->on_heard = want_mallory;
	lie(WIRE_INTRODUCED, s.alice);
}

/* The server has an accomplice play bob to alice, who has never met him: she
 * is fooled, as SECURITY says, until they compare numbers. */
TEST(an_unverified_first_contact_can_be_stood_in_for)
{
	const struct world_event *up;

	begin(&(struct scene_options){ .with_mallory = true });
	s.may_be_fooled = true;
	dress_up();
	(void)scene_line(&s, s.alice, "bob");
	up = program_last(s.alice, SOTTO_SESSION_UP, "bob");
	CHECK(up != NULL && up->event.session.pin != SOTTO_PIN_VERIFIED);
	CHECK_EQ(program_count(s.bob, SOTTO_SESSION_UP, NULL), 0);
	end();
}

/* The same, when alice has met bob before. */
TEST(a_known_contact_cannot_be_stood_in_for)
{
	begin(&(struct scene_options){ .with_mallory = true });
	meet();
	dress_up();
	call_is_stopped();
	CHECK_EQ(program_count(s.mallory, SOTTO_SESSION_UP, NULL), 0);
	end();
}

/* Each part of bob's roster in turn has one bit flipped. */
TEST(a_forged_entry_stops_the_call)
{
	begin(&(struct scene_options){ 0 });
	keep_roster(&plot.roster);
	lie(WIRE_INTRODUCED, s.alice);
	for (size_t i = 0; i < plot.roster.n; i += 7) {
		world_run(s.w, 60000); /* six questions a minute */
		plot.roster.p[i] ^= 0x10;
		call_is_stopped();
		plot.roster.p[i] ^= 0x10;
	}
	end();
}

/* INTRODUCED names a device that bob's roster does not have. */
TEST(a_device_off_the_roster_stops_the_call)
{
	begin(&(struct scene_options){ 0 });
	plot.device = liar;
	lie(WIRE_INTRODUCED, s.alice);
	call_is_stopped();
	end();
}

/* INTRODUCTION names a device that alice's roster does not have: bob is not
 * asked. */
TEST(a_device_off_the_roster_stops_the_question)
{
	begin(&(struct scene_options){ .asks = true });
	plot.device = liar;
	lie(WIRE_INTRODUCTION, s.bob);
	CHECK_EQ(scene_call(s.alice, "bob"), SOTTO_REFUSED);
	CHECK(plot.hits > 0);
	CHECK_EQ(program_count(s.bob, SOTTO_QUESTION, NULL), 0);
	end();
}

/* bob's roster of the time before his second device, after alice has seen
 * the later one. */
TEST(an_older_roster_stops_the_call)
{
	begin(&(struct scene_options){ 0 });
	keep_roster(&plot.roster);
	program_kill(scene_device(&s, "bob"));
	meet();
	lie(WIRE_INTRODUCED, s.alice);
	call_is_stopped();
	lie(WIRE_PERSON, s.alice);
	CHECK_EQ(verify(s.alice, "bob"), SOTTO_KEY_CHANGED);
	scene_still_works(&s);
	end();
}

/* The same about the caller: alice's roster of the time before her second
 * device, after bob has seen the later one. */
TEST(an_older_roster_stops_the_question)
{
	struct wire_LOGIN_OK m;

	begin(&(struct scene_options){ 0 });
	CHECK_OK(wire_decode(WIRE_LOGIN_OK, wr_bytes(&kept_login[0]), &m));
	wr_put(&plot.roster, m.roster);
	program_kill(scene_device(&s, "alice"));
	meet();
	lie(WIRE_INTRODUCTION, s.bob);
	question_is_stopped();
	scene_still_works(&s);
	end();
}

/* bob removes a device: who has seen that is not shown it again; who has
 * not, is, as SECURITY says. */
TEST(a_removal_can_be_hidden_from_those_only_who_have_not_seen_it)
{
	struct program *lost;
	uint8_t id[16];

	begin(&(struct scene_options){ 0 });
	lost = scene_device(&s, "bob");
	memcpy(id, lost->core->account.device, sizeof id);
	keep_roster(&plot.roster);
	program_kill(lost);
	CHECK_EQ(scene_wait(s.bob, client_remove_device(s.bob->core, id)),
	    SOTTO_OK);
	world_run(s.w, 5000);
	lie(WIRE_INTRODUCED, s.alice);
	CHECK_EQ(scene_call(s.alice, "bob"), SOTTO_OK);
	CHECK(plot.hits > 0);
	s.m->on_said = NULL;
	world_run(s.w, 3000);
	CHECK_OK(client_hang_up(s.alice->core, program_last(s.alice,
	    SOTTO_SESSION_UP, "bob")->event.session.id));
	world_run(s.w, 20000);
	meet();
	lie(WIRE_INTRODUCED, s.alice);
	call_is_stopped();
	end();
}

/* ---- one's own account ---- */

/* alice's program starts again, logs in with a lie, and must find it out;
 * the account is as before when the lie is over. */
static void
login_is_stopped(bool with_password, bool alarms)
{
	struct wire_name name = scene_name("alice");
	struct wire_address at = world_address();
	uint8_t before[32];

	memcpy(before, s.people[0].identity, sizeof before);
	program_kill(s.alice);
	world_run(s.w, 5000);
	s.alice = scene_again(&s, "alice", s.alice->home);
	lie(WIRE_LOGIN_OK, s.alice);
	plot.hits = 0;
	CHECK_EQ(scene_wait(s.alice, with_password ?
	    client_login(s.alice->core, &name, &at, NULL) :
	    client_list(s.alice->core)), SOTTO_KEY_CHANGED);
	CHECK(plot.hits > 0);
	CHECK(!alarms || scene_alarms(s.alice) > 0);
	CHECK_EQ(program_count(s.alice, SOTTO_PERSON, NULL), 0);
	s.m->on_said = NULL;
	CHECK_EQ(scene_wait(s.alice, with_password ?
	    client_login(s.alice->core, &name, &at, NULL) :
	    client_list(s.alice->core)), SOTTO_OK);
	CHECK(memcmp(s.alice->core->account.identity, before,
	    sizeof before) == 0);
}

/* Takes parts of mallory's account for alice's. */
static void
mix_up(unsigned take, bool with_password)
{
	begin(&(struct scene_options){ .with_mallory = true });
	plot.take = take;
	plot.other = &kept_login[2];
	login_is_stopped(with_password, false);
	end();
}

/* Everybody's login is answered with the parts of mallory's account. */
TEST(a_foreign_roster_at_login)
{
	mix_up(TAKE_ROSTER, false);
}

TEST(a_foreign_identity_at_login)
{
	mix_up(TAKE_KEY, false);
}

TEST(a_foreign_settings_box_at_login)
{
	mix_up(TAKE_SETTINGS_BOX, false);
}

TEST(a_foreign_account_at_login)
{
	mix_up(TAKE_KEY | TAKE_ROSTER | TAKE_SETTINGS_BOX |
	    TAKE_SETTINGS_VERSION, false);
}

/* What is not in the other LOGIN_OK is empty: mallory logged in with her
 * device, so there is no identity box in it. */
TEST(a_missing_identity_box)
{
	mix_up(TAKE_IDENTITY_BOX, true);
}

/* mallory's whole account, the identity box of a password login and all. */
TEST(a_foreign_account_at_a_password_login)
{
	struct program *p;

	begin(&(struct scene_options){ .with_mallory = true });
	p = scene_device(&s, "mallory");
	program_kill(p);
	plot.other = &kept_login[2];
	plot.take = TAKE_IDENTITY_BOX;
	login_is_stopped(true, false);
	plot.take = 63;
	login_is_stopped(true, true);
	end();
}

/* A roster that the server has signed itself, in alice's name. */
TEST(a_forged_roster_at_login)
{
	begin(&(struct scene_options){ 0 });
	scene_roster(&plot.roster, "alice", liar, 9);
	login_is_stopped(false, false);
	end();
}

/* And with the key that signed it. */
TEST(a_forged_identity_at_login)
{
	uint8_t key[32];

	begin(&(struct scene_options){ 0 });
	scene_roster(&plot.roster, "alice", liar, 9);
	ed25519_public(liar, key);
	plot.identity = key;
	login_is_stopped(false, true);
	login_is_stopped(true, true);
	end();
}

/* Keeps alice's LOGIN_OK of a password login, then lets her account change:
 * another device, another pin, another password. */
static void
turn_the_page(struct wr *old)
{
	static const char password[] = "another correct horse";
	struct program *p;

	program_kill(scene_device(&s, "alice"));
	p = scene_device(&s, "alice");
	program_kill(p);
	*old = wr_new();
	wr_put(old, wr_bytes(&kept_login[0]));
	program_kill(scene_device(&s, "alice"));
	s.people[0].program = s.alice;
	world_run(s.w, 2000);
	meet();
	CHECK_EQ(scene_wait(s.alice, client_passwd(s.alice->core,
	    BYTES_LIT(password))), SOTTO_OK);
	world_run(s.w, 5000);
	CHECK_EQ(scene_wait(s.alice, client_passwd(s.alice->core,
	    BYTES_LIT("correct horse battery staple"))), SOTTO_OK);
	world_run(s.w, 5000);
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)), SOTTO_OK);
}

/* Parts of alice's account as they were before, each with its old version. */
TEST(an_older_state_of_the_account_raises_the_alarm)
{
	static const unsigned parts[] = { TAKE_ROSTER,
		TAKE_SETTINGS_BOX | TAKE_SETTINGS_VERSION,
		TAKE_IDENTITY_VERSION, TAKE_SETTINGS_VERSION, 62 };
	struct wr old;

	begin(&(struct scene_options){ 0 });
	turn_the_page(&old);
	plot.other = &old;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		plot.take = parts[i];
		login_is_stopped(false, true);
	}
	plot.take = TAKE_IDENTITY_BOX | TAKE_IDENTITY_VERSION;
	login_is_stopped(true, true);
	wr_free(&old);
	end();
}

/* A login, in which the server shows a forged account, comes to nothing; then,
 * in the same program, it shows alice's own as it was before. */
TEST(a_lie_does_not_prepare_the_next_one)
{
	struct wire_name name = scene_name("alice");
	struct wire_address at = world_address();
	uint8_t key[32];
	struct wr old;

	begin(&(struct scene_options){ 0 });
	turn_the_page(&old);
	program_kill(s.alice);
	world_run(s.w, 5000);
	s.alice = scene_again(&s, "alice", s.alice->home);
	ed25519_public(liar, key);
	plot.identity = key;
	scene_roster(&plot.roster, "alice", liar, 9);
	lie(WIRE_LOGIN_OK, s.alice);
	CHECK_EQ(scene_wait(s.alice, client_login(s.alice->core, &name, &at,
	    NULL)), SOTTO_KEY_CHANGED);
	plot.identity = NULL;
	wr_reset(&plot.roster);
	plot.other = &old;
	plot.take = TAKE_ROSTER;
	CHECK_EQ(scene_wait(s.alice, client_login(s.alice->core, &name, &at,
	    NULL)), SOTTO_KEY_CHANGED);
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)),
	    SOTTO_KEY_CHANGED);
	s.m->on_said = NULL;
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)), SOTTO_OK);
	CHECK_EQ(program_last(s.alice, SOTTO_PERSON, "bob")
		     ->event.person.pin, SOTTO_PIN_PINNED);
	wr_free(&old);
	end();
}

/* An old box under its new version. */
TEST(an_old_box_does_not_open_as_a_new_one)
{
	struct wr old;

	begin(&(struct scene_options){ 0 });
	turn_the_page(&old);
	plot.other = &old;
	plot.take = TAKE_SETTINGS_BOX;
	login_is_stopped(false, false);
	plot.take = TAKE_IDENTITY_BOX;
	login_is_stopped(true, false);
	wr_free(&old);
	end();
}

/* The roster that `devices` is shown: older than the one at login, forged,
 * another person's. */
TEST(ones_own_devices_cannot_be_lied_about)
{
	struct wire_LOGIN_OK m;
	struct wr old;

	begin(&(struct scene_options){ .with_mallory = true });
	turn_the_page(&old);
	CHECK_OK(wire_decode(WIRE_LOGIN_OK, wr_bytes(&old), &m));
	lie(WIRE_PERSON, s.alice);
	for (int i = 0; i < 3; i++) {
		wr_reset(&plot.roster);
		if (i == 1)
			CHECK_OK(wire_decode(WIRE_LOGIN_OK,
			    wr_bytes(&kept_login[2]), &m));
		if (i == 2)
			scene_roster(&plot.roster, "alice", liar, 99);
		else
			wr_put(&plot.roster, m.roster);
		CHECK_EQ(scene_wait(s.alice, client_devices(s.alice->core)),
		    SOTTO_KEY_CHANGED);
	}
	CHECK_EQ(scene_alarms(s.alice), 3);
	CHECK_EQ(program_count(s.alice, SOTTO_DEVICE, NULL), 0);
	wr_free(&old);
	end();
}

/* alice writes her pins; the server says that another device was first, and
 * shows, as what that device wrote, the box of before. */
static bool
refuse_change(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_ERROR conflict = { .code = WIRE_ERROR_CONFLICT };
	struct wire_SETTINGS shown = { 0 };
	struct wire_LOGIN_OK old;
	struct rd r = rd_init(body);

	if (type != WIRE_CHANGE && type != WIRE_SETTINGS_GET)
		return true;
	conflict.req = shown.req = rd_u32(&r);
	CHECK_OK(wire_decode(WIRE_LOGIN_OK, wr_bytes(plot.other), &old));
	shown.settings_version = old.settings_version;
	shown.settings_box = old.settings_box;
	if (type == WIRE_CHANGE)
		malice_say(l, WIRE_ERROR, &conflict);
	else
		malice_say(l, WIRE_SETTINGS, &shown);
	plot.hits++;
	return false;
}

TEST(pins_are_not_turned_back_while_they_are_written)
{
	struct wire_name bob = scene_name("bob");

	begin(&(struct scene_options){ 0 });
	plot.other = &kept_login[0];
	meet();
	s.m->on_heard = refuse_change;
	(void)scene_wait(s.alice, client_verify(s.alice->core, &bob, true));
	world_run(s.w, 5000);
	CHECK(plot.hits >= 2);
	CHECK(scene_alarms(s.alice) > 0);
	end();
}

CHECK_MAIN(T(a_list_pins_nobody), T(another_key_in_the_list_is_seen),
    T(safety_numbers_tell_a_first_contact_that_was_lied_about),
    T(another_key_of_a_person_is_seen), T(a_person_has_one_key),
    T(another_key_of_a_callee_stops_the_call),
    T(another_key_of_a_caller_stops_the_question),
    T(a_caller_under_another_key_does_not_come_in),
    T(a_foreign_roster_stops_the_call),
    T(a_foreign_roster_stops_the_question),
    T(another_person_does_not_answer_for_bob),
    T(an_unverified_first_contact_can_be_stood_in_for),
    T(a_known_contact_cannot_be_stood_in_for),
    T(a_forged_entry_stops_the_call),
    T(a_device_off_the_roster_stops_the_call),
    T(a_device_off_the_roster_stops_the_question),
    T(an_older_roster_stops_the_call),
    T(an_older_roster_stops_the_question),
    T(a_removal_can_be_hidden_from_those_only_who_have_not_seen_it),
    T(a_foreign_roster_at_login), T(a_foreign_identity_at_login),
    T(a_foreign_settings_box_at_login), T(a_foreign_account_at_login),
    T(a_missing_identity_box),
    T(a_foreign_account_at_a_password_login),
    T(a_forged_roster_at_login), T(a_forged_identity_at_login),
    T(an_older_state_of_the_account_raises_the_alarm),
    T(a_lie_does_not_prepare_the_next_one),
    T(an_old_box_does_not_open_as_a_new_one),
    T(ones_own_devices_cannot_be_lied_about),
    T(pins_are_not_turned_back_while_they_are_written))
