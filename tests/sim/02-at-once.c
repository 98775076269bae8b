/*
 * At once: two people call each other in the same moment, and have one line;
 * a password is changed while the connection is cut; a machine leaves for
 * good.
 */
#include "sim/world.h"
#include "support/check.h"

#include <string.h>

#define SEEDS 60

static const char old_password[] = "correct horse battery staple";
static const char new_password[] = "another horse upon that battery";

static struct wire_name
name_of(const char *text)
{
	struct wire_name name;

	CHECK_OK(wire_name_parse(&name, bytes_str(text)));
	return name;
}

static struct program *
join(struct world *w, const char *name)
{
	struct client_options options = program_options();
	struct program *p = world_program(w, name, NULL, &options);
	struct wire_link link;
	char text[WIRE_LINK_TEXT_MAX];

	CHECK(world_invite(w, name, text));
	CHECK_OK(wire_link_parse(&link, bytes_str(text)));
	CHECK_OK(client_set_password(p->core, bytes_str(old_password)));
	CHECK_EQ(program_wait(p, client_register(p->core, &link)), SOTTO_OK);
	return p;
}

static struct world *
new_world(uint64_t seed)
{
	struct world_options options = { .seed = seed };
	struct world *w = world_new(&options);

	world_run(w, 500);
	return w;
}

/* A program of that home, after its last one has ended. */
static struct program *
start(struct world *w, struct program *old, const char *password)
{
	struct client_options options = program_options();
	struct program *p;

	program_kill(old);
	p = world_program(w, old->label, old->home, &options);
	CHECK_OK(client_set_password(p->core, bytes_str(password)));
	return p;
}

static void
host(struct program *p)
{
	(void)client_host(p->core);
	client_flush(p->core);
	world_run(p->world, 3000);
}

static size_t
standing(const struct program *p, const char *name)
{
	return program_count(p, SOTTO_SESSION_UP, name) -
	    program_count(p, SOTTO_SESSION_DOWN, name);
}

/* Whoever asked first or waited longer: both have the same one line. */
static void
call_at_once(uint64_t seed)
{
	struct world *w = new_world(seed);
	struct program *alice = start(w, join(w, "alice"), old_password);
	struct program *bob = start(w, join(w, "bob"), old_password);
	struct wire_name a = name_of("alice"), b = name_of("bob");
	uint32_t one, two;
	uint64_t id;

	host(alice);
	host(bob);
	one = client_call(alice->core, &b);
	client_flush(alice->core);
	world_run(w, seed % 7 * 20);
	two = client_call(bob->core, &a);
	CHECK_EQ(program_wait(bob, two), SOTTO_OK);
	CHECK_EQ(program_wait(alice, one), SOTTO_OK);
	world_run(w, 5000);
	CHECK_EQ(standing(alice, "bob"), 1);
	CHECK_EQ(standing(bob, "alice"), 1);
	CHECK_OK(client_say(alice->core,
	    program_last(alice, SOTTO_SESSION_UP, "bob")->event.session.id,
	    BYTES_LIT("you too?"), &id));
	client_flush(alice->core);
	world_run(w, 3000);
	CHECK_EQ(program_count(bob, SOTTO_MESSAGE, "alice"), 1);
	world_free(w);
}

TEST(two_who_call_at_once_have_one_line)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		call_at_once(seed);
}

/* Whenever the connection is cut, the answer is true: the password that is
 * said to be valid lets a bare machine in. */
static void
change_and_cut(uint64_t seed)
{
	struct world *w = new_world(seed);
	struct program *p = start(w, join(w, "alice"), old_password), *bare;
	struct client_options options = program_options();
	struct wire_name name = name_of("alice");
	struct wire_address at = world_address();
	uint32_t command = client_passwd(p->core, bytes_str(new_password));
	int outcome;

	client_flush(p->core);
	world_run(w, 200 + seed * 17);
	world_cut_all(w);
	outcome = program_wait(p, command);
	world_run(w, 5000);
	bare = world_program(w, "alice", NULL, &options);
	CHECK_OK(client_set_password(bare->core, bytes_str(
	    outcome == SOTTO_OK ? new_password : old_password)));
	CHECK_EQ(program_wait(bare, client_login(bare->core, &name, &at,
	    NULL)), SOTTO_OK);
	/* And the machine itself knows it. */
	p = start(w, p, outcome == SOTTO_OK ? new_password : old_password);
	CHECK_EQ(program_wait(p, client_list(p->core)), SOTTO_OK);
	world_free(w);
}

TEST(a_cut_while_the_password_changes_leaves_no_doubt)
{
	for (uint64_t seed = 1; seed <= SEEDS; seed++)
		change_and_cut(seed);
}

TEST(a_machine_that_is_forgotten_leaves_nothing)
{
	struct world *w = new_world(7);
	struct program *first = start(w, join(w, "alice"), old_password);
	struct program *second;
	struct client_options options = program_options();
	struct wire_name name = name_of("alice");
	struct wire_address at = world_address();

	second = world_program(w, "alice", NULL, &options);
	CHECK_OK(client_set_password(second->core, bytes_str(old_password)));
	CHECK_EQ(program_wait(second, client_login(second->core, &name, &at,
	    NULL)), SOTTO_OK);
	CHECK_EQ(program_wait(second, client_logout(second->core,
	    SOTTO_LOGOUT_FORGET)), SOTTO_OK);
	for (size_t i = 0; i < CLIENT_FILES; i++)
		CHECK_EQ(second->home->files[i].n, 0);
	/* The other one has a new data key to fetch, and is alone. */
	CHECK_EQ(program_wait(first, client_devices(first->core)), SOTTO_OK);
	CHECK_EQ(program_count(first, SOTTO_DEVICE, NULL), 1);
	first = start(w, first, old_password);
	CHECK_EQ(program_wait(first, client_list(first->core)), SOTTO_OK);
	world_free(w);
}

TEST(an_ephemeral_machine_leaves_no_entry)
{
	struct world *w = new_world(8);
	struct program *alice = start(w, join(w, "alice"), old_password);
	struct client_options options = program_options();
	struct program *guest;
	struct wire_name name = name_of("alice");
	struct wire_address at = world_address();

	options.is_ephemeral = true;
	guest = world_program(w, "guest", NULL, &options);
	CHECK_OK(client_set_password(guest->core, bytes_str(old_password)));
	CHECK_EQ(program_wait(guest, client_login(guest->core, &name, &at,
	    NULL)), SOTTO_OK);
	CHECK_EQ(program_wait(guest, client_devices(guest->core)), SOTTO_OK);
	CHECK_EQ(program_count(guest, SOTTO_DEVICE, NULL), 2);
	CHECK_EQ(program_wait(guest, client_logout(guest->core,
	    SOTTO_LOGOUT_SESSION)), SOTTO_OK);
	for (size_t i = 0; i < CLIENT_FILES; i++)
		CHECK_EQ(guest->home->files[i].n, 0);
	CHECK_EQ(program_wait(alice, client_devices(alice->core)), SOTTO_OK);
	CHECK_EQ(program_count(alice, SOTTO_DEVICE, NULL), 1);
	world_free(w);
}

TEST(the_new_password_opens_an_old_machine)
{
	struct world *w = new_world(9);
	struct program *one = start(w, join(w, "alice"), old_password), *two;
	struct client_options options = program_options();
	struct wire_name name = name_of("alice");
	struct wire_address at = world_address();

	two = world_program(w, "alice", NULL, &options);
	CHECK_OK(client_set_password(two->core, bytes_str(old_password)));
	CHECK_EQ(program_wait(two, client_login(two->core, &name, &at,
	    NULL)), SOTTO_OK);
	CHECK_EQ(program_wait(one, client_passwd(one->core,
	    bytes_str(new_password))), SOTTO_OK);
	/* The old one opens the keyring, and is not enough. */
	two = start(w, two, old_password);
	CHECK_EQ(program_wait(two, client_list(two->core)),
	    SOTTO_WRONG_PASSWORD);
	/* The new one is not called wrong by whoever cannot ask. */
	world_server_kill(w, false);
	two = start(w, two, new_password);
	CHECK_EQ(program_wait(two, client_list(two->core)), SOTTO_NO_SERVER);
	world_server_start(w);
	two = start(w, two, new_password);
	CHECK_EQ(program_wait(two, client_list(two->core)), SOTTO_OK);
	CHECK_EQ(program_wait(two, client_devices(two->core)), SOTTO_OK);
	CHECK_EQ(program_count(two, SOTTO_DEVICE, NULL), 2);
	two = start(w, two, new_password);
	CHECK_EQ(program_wait(two, client_list(two->core)), SOTTO_OK);
	world_free(w);
}

/* Whoever has no room for another device hears what to do, and it helps. */
TEST(the_seventeenth_device_is_told_why)
{
	struct world *w = new_world(12);
	struct program *alice = start(w, join(w, "alice"), old_password);
	struct client_options options = program_options();
	struct wire_name name = name_of("alice");
	struct wire_address at = world_address();
	const struct world_event *last;
	struct program *bare;

	for (size_t i = 1; i <= WIRE_ROSTER_DEVICES; i++) {
		bare = world_program(w, "alice", NULL, &options);
		CHECK_OK(client_set_password(bare->core,
		    bytes_str(old_password)));
		CHECK_EQ(program_wait(bare, client_login(bare->core, &name,
		    &at, NULL)), i < WIRE_ROSTER_DEVICES ? SOTTO_OK :
		    SOTTO_FAILED);
		if (i < WIRE_ROSTER_DEVICES)
			program_kill(bare);
	}
	last = program_last(bare, SOTTO_DONE, NULL);
	CHECK(last != NULL && strstr(last->why, "as many devices") != NULL);
	program_kill(bare);

	CHECK_EQ(program_wait(alice, client_devices(alice->core)), SOTTO_OK);
	CHECK_EQ(program_count(alice, SOTTO_DEVICE, NULL),
	    WIRE_ROSTER_DEVICES);
	world_free(w);
}

/* The pin that a program which starts now has. */
static enum sotto_pin
pin_of(struct world *w, struct program **p, const char *whom)
{
	struct wire_name name = name_of(whom);
	const struct world_event *told;

	*p = start(w, *p, old_password);
	CHECK_EQ(program_wait(*p, client_verify((*p)->core, &name, false)),
	    SOTTO_OK);
	told = program_last(*p, SOTTO_SAFETY, whom);
	return told == NULL ? SOTTO_PIN_CHANGED : told->event.safety.pin;
}

TEST(a_key_is_confirmed_when_that_is_kept)
{
	struct world *w = new_world(11);
	struct program *alice = join(w, "alice"), *bob = join(w, "bob");
	struct wire_name name = name_of("bob");
	uint32_t twice;

	(void)bob;
	world_server_room(w, 0);
	CHECK_EQ(program_wait(alice, client_verify(alice->core, &name,
	    true)), SOTTO_NO_SERVER);
	CHECK_EQ(program_count(alice, SOTTO_SAFETY, NULL), 0);
	CHECK_EQ(pin_of(w, &alice, "bob"), SOTTO_PIN_NONE);

	world_server_room(w, SIZE_MAX);
	twice = client_verify(alice->core, &name, true);
	CHECK_EQ(program_wait(alice, client_verify(alice->core, &name,
	    true)), SOTTO_OK);
	CHECK_EQ(program_outcome(alice, twice), SOTTO_OK);
	CHECK_EQ(pin_of(w, &alice, "bob"), SOTTO_PIN_VERIFIED);
	CHECK_EQ(program_wait(alice, client_verify(alice->core, &name,
	    true)), SOTTO_OK);
	world_free(w);
}

CHECK_MAIN(T(two_who_call_at_once_have_one_line),
    T(a_cut_while_the_password_changes_leaves_no_doubt),
    T(a_machine_that_is_forgotten_leaves_nothing),
    T(an_ephemeral_machine_leaves_no_entry),
    T(the_new_password_opens_an_old_machine),
    T(the_seventeenth_device_is_told_why),
    T(a_key_is_confirmed_when_that_is_kept))
