/*
 * Changing an account, with the connection cut at every step: before and
 * after each message of the client reaches the server, and before each answer
 * reaches the client; and the client goes on by itself, or dies there and is
 * started anew. Whatever the moment, the account is wholly as it was or wholly
 * as it was to be, everybody who has the right password gets in with all that
 * was there, and nobody is told anything else.
 */
#include "base/hex.h"
#include "client/core.h"
#include "sim/inside.h"
#include "sim/scene.h"

#include <stdlib.h>
#include <string.h>

static const char old_password[] = "correct horse battery staple";
static const char new_password[] = "quite another horse 93 staple";

static struct scene s;
static struct program *second; /* another device of alice's */

/* Where the connection is cut. */
enum where {
	BEFORE_THE_SERVER, /* the message is lost */
	AFTER_THE_SERVER,  /* it arrives, its answer has nowhere to go */
	BEFORE_THE_CLIENT, /* the answer is made, and lost */
	WHERES,
};

static struct {
	enum where where;
	bool kills;               /* the client dies as well */
	unsigned at, count;       /* the how-manieth message, and how far */
	struct malice_link *link; /* the one that is cut; NULL: none yet */
} cut;

/* ---- the cut ---- */

static void
do_cut(void *owner, uint64_t kills, void *data)
{
	world_cut(owner, ((struct malice_link *)data)->end->conn);
	if (kills != 0)
		program_kill(s.alice);
}

/* Returns whether this message is one that passes. */
static bool
pass(struct malice_link *l, bool is_heard)
{
	if (malice_victim(l) != s.alice)
		return true;
	if (cut.link != NULL)
		return l != cut.link;
	if (is_heard != (cut.where != BEFORE_THE_CLIENT) ||
	    cut.count++ != cut.at)
		return true;
	cut.link = l;
	world_plan(s.w, 0, do_cut, s.w, cut.kills, l);
	return cut.where == AFTER_THE_SERVER;
}

static bool
on_heard(struct malice_link *l, uint8_t type, struct bytes body)
{
	(void)type;
	(void)body;
	return pass(l, true);
}

static bool
on_said(struct malice_link *l, uint8_t type, struct bytes body)
{
	(void)type;
	(void)body;
	return pass(l, false);
}

/* ---- the people ---- */

/* A program of alice's, in a home that exists, or (NULL) on a bare machine
 * that keeps nothing. */
static struct program *
alice_at(struct world_home *home, const char *password)
{
	struct client_options options = program_options();
	struct program *p;

	options.is_ephemeral = home == NULL;
	p = world_program(s.w, "alice", home, &options);
	CHECK_OK(client_set_password(p->core, bytes_str(password)));
	return p;
}

static uint32_t
log_in(struct program *p)
{
	struct wire_name name = scene_name("alice");
	struct wire_address at = world_address();

	return client_login(p->core, &name, &at, NULL);
}

/* Whether this password gives a bare machine the account: its identity, its
 * devices, and the pin that alice has of bob. */
static bool
gives_everything(const char *password)
{
	struct program *bare = alice_at(NULL, password);
	const struct world_event *bob;
	int outcome = scene_wait(bare, log_in(bare));

	if (outcome != SOTTO_OK) {
		CHECK_EQ(outcome, SOTTO_WRONG_PASSWORD);
		program_kill(bare);
		return false;
	}
	CHECK(memcmp(bare->core->account.identity, s.people[0].identity,
	    32) == 0);
	CHECK_EQ(scene_wait(bare, client_list(bare->core)), SOTTO_OK);
	bob = program_last(bare, SOTTO_PERSON, "bob");
	CHECK(bob != NULL && bob->event.person.pin == SOTTO_PIN_PINNED);
	CHECK_EQ(scene_wait(bare, client_logout(bare->core,
	    SOTTO_LOGOUT_SESSION)), SOTTO_OK);
	program_kill(bare);
	return true;
}

static void
begin(void)
{
	cut.link = NULL;
	cut.count = 0;
	scene_begin(&s, &(struct scene_options){ .seed = 1 + cut.at });
	CHECK_OK(client_hang_up(s.alice->core,
	    scene_line(&s, s.alice, "bob")));
	client_flush(s.alice->core);
	world_run(s.w, 20000);
	second = alice_at(world_home_new(s.w), old_password);
	second->core->options.is_ephemeral = false;
	CHECK_EQ(scene_wait(second, log_in(second)), SOTTO_OK);
	/* The program that changes something is a command of its own. */
	program_kill(s.alice);
	world_run(s.w, 3000);
	s.alice = alice_at(s.alice->home, old_password);
}

/* Does what is to be cut. Returns the outcome, -1 when nobody heard it. */
static int
try(uint32_t command)
{
	int outcome;

	s.m->on_heard = on_heard;
	s.m->on_said = on_said;
	outcome = scene_wait(s.alice, command);
	s.m->on_heard = s.m->on_said = NULL;
	world_run(s.w, 20000);
	CHECK_EQ(outcome == -1, cut.kills && cut.link != NULL);
	return outcome;
}

/* Runs once for every message until one is not reached any more. */
static void
at_every_step(void (*once)(void))
{
	for (unsigned i = 0; i < 2 * WHERES; i++) {
		cut.where = (enum where)(i % WHERES);
		cut.kills = i >= WHERES;
		cut.at = 0;
		do {
			begin();
			once();
			scene_end(&s);
		} while (cut.at++ < cut.count);
		/* CLOSE is not the only one. */
		CHECK(cut.at > 3);
	}
}

/* ---- passwd ---- */

static void
passwd_once(void)
{
	int outcome = try(client_passwd(s.alice->core,
	    bytes_str(new_password)));
	bool is_new = gives_everything(new_password);
	const char *password = is_new ? new_password : old_password;

	/* One password is valid, and not two. */
	CHECK_EQ(gives_everything(old_password), !is_new);
	/* A client that lives finds out which. */
	if (!cut.kills)
		CHECK_EQ(outcome, is_new ? SOTTO_OK : SOTTO_NO_SERVER);
	program_kill(s.alice);
	s.alice = alice_at(s.alice->home, password);
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)), SOTTO_OK);
	/* So does the other machine, when it is told the valid one. */
	program_kill(second);
	second = alice_at(second->home, is_new ? new_password : old_password);
	CHECK_EQ(scene_wait(second, client_list(second->core)), SOTTO_OK);
	CHECK_EQ(scene_alarms(s.alice) + scene_alarms(second), 0);
}

TEST(a_password_is_the_old_or_the_new_one)
{
	at_every_step(passwd_once);
}

/* ---- devices ---- */

/* Whether alice's list of devices has the second one. */
static bool
has_second(void)
{
	char id[HEX_LEN(PACT_DEVICE_ID_LEN) + 1];
	struct program *p = alice_at(s.alice->home, old_password);

	hex_encode(id, BYTES_OF(second->core->account.device));
	CHECK_EQ(scene_wait(p, client_devices(p->core)), SOTTO_OK);
	CHECK_EQ(scene_alarms(p), 0);
	return program_count(p, SOTTO_DEVICE, id) == 1;
}

/* The second machine is in, or knows that it is out. */
static void
second_is(bool is_in)
{
	struct program *p = alice_at(second->home, old_password);
	int outcome = scene_wait(p, client_list(p->core));

	if (is_in)
		CHECK_EQ(outcome, SOTTO_OK);
	else
		CHECK(outcome == SOTTO_FAILED || outcome == SOTTO_KEY_CHANGED);
}

static void
remove_once(void)
{
	int outcome = try(client_remove_device(s.alice->core,
	    second->core->account.device));
	bool is_in = has_second();

	if (outcome == SOTTO_OK)
		CHECK(!is_in);
	else if (outcome != -1)
		CHECK_EQ(outcome, SOTTO_NO_SERVER);
	second_is(is_in);
	CHECK(gives_everything(old_password));
}

TEST(a_device_is_there_or_removed)
{
	at_every_step(remove_once);
}

/* A machine removes itself; what it forgets at home is none of the server's
 * business, and is gone in any case once the answer was heard. */
static void
forget_once(void)
{
	struct program *first = s.alice;
	bool is_in;
	int outcome;

	s.alice = alice_at(second->home, old_password);
	outcome = try(client_logout(s.alice->core, SOTTO_LOGOUT_FORGET));
	if (outcome == SOTTO_OK)
		for (size_t i = 0; i < CLIENT_FILES; i++)
			CHECK_EQ(s.alice->home->files[i].n, 0);
	s.alice = first;
	is_in = has_second();
	if (outcome == SOTTO_OK)
		CHECK(!is_in);
	if (outcome != SOTTO_OK && is_in)
		second_is(true);
	CHECK(gives_everything(old_password));
}

TEST(a_machine_that_is_forgotten_is_there_or_not)
{
	at_every_step(forget_once);
}

/* A bare machine becomes a device, or can become one later. */
static void
login_once(void)
{
	struct program *first = s.alice;
	struct world_home *home = world_home_new(s.w);
	int outcome;

	s.alice = alice_at(home, old_password);
	outcome = try(log_in(s.alice));
	if (outcome != SOTTO_OK) {
		program_kill(s.alice);
		s.alice = alice_at(home, old_password);
		CHECK_EQ(scene_wait(s.alice, log_in(s.alice)), SOTTO_OK);
	}
	CHECK_EQ(scene_wait(s.alice, client_devices(s.alice->core)), SOTTO_OK);
	CHECK_EQ(program_count(s.alice, SOTTO_DEVICE, NULL) >= 3, true);
	CHECK_EQ(scene_alarms(s.alice), 0);
	s.alice = first;
	CHECK(has_second());
	CHECK(gives_everything(old_password));
}

TEST(a_machine_can_become_a_device_after_all)
{
	at_every_step(login_once);
}

static void
join_again(const char *password)
{
	struct client_options options = program_options();
	struct program *p = world_program(s.w, "alice", NULL, &options);
	char text[WIRE_LINK_TEXT_MAX];
	struct wire_link link;

	CHECK(world_invite(s.w, "alice", text));
	CHECK_OK(wire_link_parse(&link, bytes_str(text)));
	CHECK_OK(client_set_password(p->core, bytes_str(password)));
	CHECK_EQ(scene_wait(p, client_register(p->core, &link)), SOTTO_OK);
	program_kill(p);
}

/* The account is begun anew under the name, with this password; a machine
 * that has known it before, and is given that password, does not take the new
 * identity for the old one, not even when it does not open the keyring. */
static void
begins_anew(const char *password)
{
	struct world_home *home;
	struct program *p;
	uint8_t before[32];

	scene_begin(&s, &(struct scene_options){
		.has_honest_server = true });
	home = s.alice->home;
	memcpy(before, s.people[0].identity, sizeof before);
	program_kill(s.alice);
	CHECK(world_user(s.w, SERVER_USER_RESET, "alice"));
	join_again(password);
	p = alice_at(home, password);
	CHECK_EQ(scene_wait(p, client_passwd(p->core,
	    BYTES_LIT("yet another horse 17 staple"))), SOTTO_KEY_CHANGED);
	CHECK(scene_alarms(p) > 0);
	CHECK_BYTES(BYTES_OF(p->core->account.identity), BYTES_OF(before));
	scene_end(&s);
}

TEST(an_account_begun_anew_is_another_one)
{
	begins_anew(old_password);
	begins_anew(new_password);
}

/* A removed machine that is given the right password is told, and changes
 * nothing. */
TEST(a_removed_machine_changes_nothing)
{
	begin();
	CHECK_EQ(scene_wait(s.alice, client_remove_device(s.alice->core,
	    second->core->account.device)), SOTTO_OK);
	/* What it has does not open what is sealed from now on. */
	CHECK(memcmp(client_keys(s.alice->core)->data_key,
	    client_keys(second->core)->data_key, 32) != 0);
	program_kill(second);
	second = alice_at(second->home, old_password);
	CHECK_EQ(scene_wait(second, client_passwd(second->core,
	    bytes_str(new_password))), SOTTO_KEY_CHANGED);
	CHECK(gives_everything(old_password));
	scene_end(&s);
}

/* Who has changed the account has seen its new state, and takes no older one
 * from then on. */
TEST(a_change_is_seen_by_who_made_it)
{
	const struct client_seen *seen;
	struct client_seen before;

	begin();
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)), SOTTO_OK);
	seen = &s.alice->core->seen;
	before = *seen;
	CHECK_EQ(scene_wait(s.alice, client_passwd(s.alice->core,
	    bytes_str(new_password))), SOTTO_OK);
	CHECK_EQ(seen->identity, before.identity + 1);
	CHECK_EQ(seen->settings, before.settings + 1);
	CHECK_EQ(scene_wait(s.alice, client_remove_device(s.alice->core,
	    second->core->account.device)), SOTTO_OK);
	CHECK_EQ(seen->identity, before.identity + 2);
	CHECK_EQ(seen->settings, before.settings + 2);
	CHECK_EQ(seen->roster, before.roster + 1);
	scene_end(&s);
}

/* What the server has told alice at a login, to be told again. */
static struct wr kept;

static bool
keep_login(struct malice_link *l, uint8_t type, struct bytes body)
{
	if (type == WIRE_LOGIN_OK && malice_victim(l) == s.alice) {
		wr_free(&kept);
		wr_put(&kept, body);
	}
	return true;
}

static bool
turn_settings_back(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_LOGIN_OK m, old;

	if (type != WIRE_LOGIN_OK || malice_victim(l) != s.alice)
		return true;
	CHECK_OK(wire_decode(WIRE_LOGIN_OK, body, &m));
	CHECK_OK(wire_decode(WIRE_LOGIN_OK, wr_bytes(&kept), &old));
	CHECK(old.settings_version < m.settings_version);
	m.settings_version = old.settings_version;
	m.settings_box = old.settings_box;
	malice_say(l, WIRE_LOGIN_OK, &m);
	return false;
}

static void
restart(void)
{
	program_kill(s.alice);
	world_run(s.w, 3000);
	s.alice = alice_at(s.alice->home, old_password);
}

/* A program of alice's has only seen that her other machine has written
 * something; the next one knows of it, though nothing else was done. */
TEST(what_was_seen_outlives_the_program)
{
	struct wire_name bob = scene_name("bob");

	begin();
	kept = wr_new();
	s.m->on_said = keep_login;
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)), SOTTO_OK);
	s.m->on_said = NULL;
	CHECK_EQ(scene_wait(second, client_verify(second->core, &bob, true)),
	    SOTTO_OK);
	world_run(s.w, 5000);
	restart();
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)), SOTTO_OK);
	restart();
	s.m->on_said = turn_settings_back;
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)),
	    SOTTO_KEY_CHANGED);
	CHECK_EQ(scene_alarms(s.alice), 1);
	scene_end(&s);
	wr_free(&kept);
}

/* The password was changed; the server goes back to where the old one was
 * good, and is given that. It does not open the keyring, which is newer. */
TEST(a_password_is_not_changed_back_behind_a_machine)
{
	begin();
	world_server_kill(s.w, false);
	world_disk_keep(s.w);
	world_server_start(s.w);
	world_run(s.w, 20000);
	CHECK_EQ(scene_wait(s.alice, client_passwd(s.alice->core,
	    bytes_str(new_password))), SOTTO_OK);
	program_kill(s.alice);
	world_run(s.w, 3000);
	world_server_kill(s.w, false);
	world_disk_put_back(s.w);
	world_server_start(s.w);
	s.alice = alice_at(s.alice->home, old_password);
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)),
	    SOTTO_KEY_CHANGED);
	CHECK(scene_alarms(s.alice) > 0);
	scene_end(&s);
}

static unsigned logins;

static bool
look_at_seen(struct malice_link *l, uint8_t type, struct bytes body)
{
	(void)body;
	if (type != WIRE_LOGIN_OK || malice_victim(l) != s.alice)
		return true;
	CHECK_EQ(s.alice->core->seen.identity, 2);
	logins++;
	return true;
}

/* The file of what was seen is lost: the account's own has the version of the
 * identity box, in which all keys are. */
TEST(a_lost_state_does_not_forget_the_identity_box)
{
	struct world_file *state;

	begin();
	CHECK_EQ(scene_wait(s.alice, client_remove_device(s.alice->core,
	    second->core->account.device)), SOTTO_OK);
	program_kill(s.alice);
	world_run(s.w, 3000);
	state = &s.alice->home->files[CLIENT_FILE_STATE];
	free(state->p);
	*state = (struct world_file){ 0 };
	s.alice = alice_at(s.alice->home, old_password);
	s.m->on_said = look_at_seen;
	CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)), SOTTO_OK);
	CHECK_EQ(logins, 1);
	scene_end(&s);
}

CHECK_MAIN(T(an_account_begun_anew_is_another_one),
    T(a_removed_machine_changes_nothing),
    T(a_change_is_seen_by_who_made_it),
    T(a_password_is_not_changed_back_behind_a_machine),
    T(a_lost_state_does_not_forget_the_identity_box),
    T(what_was_seen_outlives_the_program),
    T(a_password_is_the_old_or_the_new_one),
    T(a_device_is_there_or_removed),
    T(a_machine_that_is_forgotten_is_there_or_not),
    T(a_machine_can_become_a_device_after_all))
