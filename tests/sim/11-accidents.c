/*
 * Accidents of the server's disk while an account changes: the power goes at
 * every operation that the change needs, or that operation fails, once or
 * for good until somebody mends the disk. Afterwards the account is wholly
 * as it was or wholly as it was to be; what was confirmed is so; and the two
 * friends can talk.
 */
#include "client/core.h"
#include "sim/inside.h"
#include "sim/scene.h"

#include <stdio.h>
#include <string.h>

static const char old_password[] = "correct horse battery staple";
static const char new_password[] = "quite another horse 93 staple";

enum accident { POWER, ERROR_ONCE, ERROR_FOR_GOOD, ACCIDENTS };

static struct scene s;
static struct world_home *second; /* of another device of alice's */
static uint8_t second_id[PACT_DEVICE_ID_LEN];
static char link_text[WIRE_LINK_TEXT_MAX];
static unsigned points;

/* ---- the accident ---- */

static void
start_again(void *owner, uint64_t arg, void *data)
{
	(void)arg;
	(void)data;
	world_server_start(owner);
}

static void
mend(void *owner, uint64_t arg, void *data)
{
	struct world *w = owner;

	(void)arg;
	(void)data;
	world_server_doom(w, 0);
	world_server_break(w, 0, DISK_ONCE);
	world_server_start(w);
}

static void
plan(enum accident accident, uint32_t n)
{
	if (accident == POWER)
		world_server_doom(s.w, n);
	else
		world_server_break(s.w, n, accident == ERROR_ONCE ?
		    DISK_ONCE : DISK_FOR_GOOD);
	for (uint64_t at = 1000; at < 60000; at += 1000)
		world_plan(s.w, at, start_again, s.w, 0, NULL);
	world_plan(s.w, 30000, mend, s.w, 0, NULL);
}

/* ---- the people ---- */

static struct program *
on_bare_machine(const char *name, const char *password)
{
	struct client_options options = program_options();
	struct program *p;

	options.is_ephemeral = true;
	p = world_program(s.w, name, NULL, &options);
	CHECK_OK(client_set_password(p->core, bytes_str(password)));
	return p;
}

/* The outcome of a login with nothing but name and password; on success with
 * the same identity as ever. */
static int
get_in(const char *name, const char *password, const uint8_t identity[32])
{
	struct program *p = on_bare_machine(name, password);
	struct wire_name who = scene_name(name);
	struct wire_address at = world_address();
	int outcome = scene_wait(p, client_login(p->core, &who, &at, NULL));

	if (outcome == SOTTO_OK && identity != NULL)
		CHECK(memcmp(p->core->account.identity, identity, 32) == 0);
	if (outcome == SOTTO_OK)
		CHECK_EQ(scene_wait(p, client_logout(p->core,
		    SOTTO_LOGOUT_SESSION)), SOTTO_OK);
	program_kill(p);
	return outcome;
}

static int
alice_gets_in(const char *password)
{
	return get_in("alice", password, s.people[0].identity);
}

/* Somebody who takes an invite; the outcome. */
static int
take(const char *name, const char *password)
{
	struct client_options options = program_options();
	struct program *p = world_program(s.w, name, NULL, &options);
	struct wire_link link;
	int outcome;

	CHECK_OK(wire_link_parse(&link, bytes_str(link_text)));
	CHECK_OK(client_set_password(p->core, bytes_str(password)));
	outcome = scene_wait(p, client_register(p->core, &link));
	program_kill(p);
	return outcome;
}

/* ---- the changes ---- */

static struct {
	bool is_done;
	enum err err;
} asked;

static void
on_asked(void *ctx, enum err err)
{
	(void)ctx;
	asked.is_done = true;
	asked.err = err;
}

/* What the operator does; confirmed if done says so. */
static bool
operate(enum server_user_op op)
{
	struct wire_name name = scene_name("alice");

	asked.is_done = false;
	asked.err = ERR_IO;
	server_user(s.w->server.core, op, &name, on_asked, NULL);
	server_flush(s.w->server.core);
	world_run(s.w, 20000);
	return asked.is_done && asked.err == ERR_OK;
}

static bool
do_passwd(void)
{
	return scene_wait(s.alice, client_passwd(s.alice->core,
	    bytes_str(new_password))) == SOTTO_OK;
}

static void
check_passwd(bool is_sure)
{
	bool is_new = alice_gets_in(new_password) == SOTTO_OK;

	CHECK(is_new || !is_sure);
	CHECK_EQ(alice_gets_in(old_password),
	    is_new ? SOTTO_WRONG_PASSWORD : SOTTO_OK);
}

static bool
do_removal(void)
{
	return scene_wait(s.alice, client_remove_device(s.alice->core,
	    second_id)) == SOTTO_OK;
}

static void
check_removal(bool is_sure)
{
	struct program *p = scene_again(&s, "alice", second);
	bool is_in = scene_wait(p, client_list(p->core)) == SOTTO_OK;

	CHECK(!is_in || !is_sure);
	program_kill(p);
	CHECK_EQ(alice_gets_in(old_password), SOTTO_OK);
	p = scene_again(&s, "alice", s.alice->home);
	CHECK_EQ(scene_wait(p, client_devices(p->core)), SOTTO_OK);
	CHECK_EQ(program_count(p, SOTTO_DEVICE, NULL), is_in ? 2 : 1);
	CHECK_EQ(scene_alarms(p), 0);
	program_kill(p);
}

static bool
do_register(void)
{
	return take("carol", new_password) == SOTTO_OK;
}

static void
check_register(bool is_sure)
{
	bool is_there = get_in("carol", new_password, NULL) == SOTTO_OK;

	CHECK(is_there || !is_sure);
	/* An invite makes one account, and is not lost without one. */
	CHECK_EQ(take("carol", old_password) == SOTTO_OK, !is_there);
}

static bool
do_disable(void)
{
	return operate(SERVER_USER_DISABLE);
}

static void
check_disable(bool is_sure)
{
	bool is_in = alice_gets_in(old_password) == SOTTO_OK;

	CHECK(!is_in || !is_sure);
	CHECK(operate(SERVER_USER_ENABLE));
	CHECK_EQ(alice_gets_in(old_password), SOTTO_OK);
}

static bool
do_reset(void)
{
	return operate(SERVER_USER_RESET);
}

/* The name can be had anew, if it is free and only then. */
static void
check_free(bool is_sure)
{
	bool is_in = alice_gets_in(old_password) == SOTTO_OK;

	CHECK(!is_in || !is_sure);
	CHECK_EQ(world_invite(s.w, "alice", link_text), !is_in);
	if (is_in)
		return;
	CHECK_EQ(take("alice", new_password), SOTTO_OK);
	CHECK_EQ(get_in("alice", new_password, NULL), SOTTO_OK);
	CHECK_EQ(get_in("alice", old_password, NULL), SOTTO_WRONG_PASSWORD);
}

static bool
do_remove(void)
{
	return operate(SERVER_USER_REMOVE);
}

/* ---- at every operation ---- */

struct change {
	bool (*change)(void); /* returns whether it was confirmed */
	void (*check)(bool is_sure);
};

static void
begin(void)
{
	struct program *p;

	scene_begin(&s, &(struct scene_options){ .seed = points + 1,
		.has_honest_server = true });
	p = scene_device(&s, "alice");
	second = p->home;
	memcpy(second_id, p->core->account.device, sizeof second_id);
	program_kill(p);
	CHECK(world_invite(s.w, "carol", link_text));
	world_run(s.w, 3000);
}

/* Returns whether the change needed that many operations. */
static bool
happens(const struct change *c, enum accident accident, uint32_t n)
{
	unsigned life;
	bool is_sure, has_happened;

	begin();
	life = s.w->server.life;
	plan(accident, n);
	is_sure = c->change();
	has_happened = s.w->server.life != life ||
	    disk_is_broken(world_disk(s.w));
	world_run(s.w, 90000);
	CHECK(world_server_is_up(s.w));
	program_kill(s.alice);
	c->check(is_sure);
	scene_end(&s);
	points++;
	return has_happened;
}

static void
at_every_operation(const struct change *c)
{
	unsigned before = points;

	for (int i = 0; i < ACCIDENTS; i++) {
		uint32_t n = 1;

		while (happens(c, (enum accident)i, n))
			n++;
		CHECK(n > 3);
	}
	printf("  %u accidents\n", points - before);
}

TEST(threat_39_a_password_is_the_old_or_the_new_one)
{
	at_every_operation(&(struct change){ do_passwd, check_passwd });
}

TEST(threat_39_a_device_is_there_or_removed)
{
	at_every_operation(&(struct change){ do_removal, check_removal });
}

TEST(threat_39_an_invite_makes_one_account)
{
	at_every_operation(&(struct change){ do_register, check_register });
}

TEST(threat_39_an_account_is_disabled_or_not)
{
	at_every_operation(&(struct change){ do_disable, check_disable });
}

TEST(threat_39_a_name_is_reset_or_not)
{
	at_every_operation(&(struct change){ do_reset, check_free });
}

TEST(threat_39_a_name_is_removed_or_not)
{
	at_every_operation(&(struct change){ do_remove, check_free });
}

/* ---- a disk that is full, or slow ---- */

TEST(a_full_disk_refuses_and_goes_on)
{
	unsigned life;
	struct program *bob;

	begin();
	life = s.w->server.life;
	world_server_room(s.w, 0);
	CHECK(!do_passwd());
	CHECK(!do_removal());
	CHECK(!do_register());
	/* What was there can be read, and people can talk. */
	CHECK_EQ(scene_wait(s.alice, client_devices(s.alice->core)), SOTTO_OK);
	CHECK_EQ(program_count(s.alice, SOTTO_DEVICE, NULL), 2);
	program_kill(s.bob);
	bob = scene_again(&s, "bob", s.bob->home);
	CHECK_EQ(scene_wait(bob, client_list(bob->core)), SOTTO_OK);
	CHECK_EQ(scene_call(bob, "alice"), SOTTO_OK);
	world_server_room(s.w, SIZE_MAX);
	CHECK(do_removal());
	CHECK(do_register());
	CHECK(do_passwd());
	CHECK_EQ(s.w->server.life, life);
	check_passwd(true);
	scene_end(&s);
}

TEST(a_slow_disk_delays_only_what_it_confirms)
{
	uint64_t before;
	uint32_t command;

	begin();
	world_server_slow(s.w, 5000);
	before = world_now(s.w);
	command = client_passwd(s.alice->core, bytes_str(new_password));
	client_flush(s.alice->core);
	CHECK_EQ(scene_wait(s.bob, client_list(s.bob->core)), SOTTO_OK);
	CHECK(world_now(s.w) - before < 5000);
	CHECK_EQ(program_outcome(s.alice, command), -1);
	CHECK_EQ(scene_wait(s.alice, command), SOTTO_OK);
	CHECK(world_now(s.w) - before >= 5000);
	world_server_slow(s.w, 0);
	check_passwd(true);
	scene_end(&s);
}

CHECK_MAIN(T(threat_39_a_password_is_the_old_or_the_new_one),
    T(threat_39_a_device_is_there_or_removed),
    T(threat_39_an_invite_makes_one_account),
    T(threat_39_an_account_is_disabled_or_not),
    T(threat_39_a_name_is_reset_or_not),
    T(threat_39_a_name_is_removed_or_not),
    T(a_full_disk_refuses_and_goes_on),
    T(a_slow_disk_delays_only_what_it_confirms))
