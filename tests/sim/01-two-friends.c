/*
 * Two friends: a server, a name and a password each, and a private line
 * between them. Reads like the protocol: who joins, who is there, who calls,
 * what is said, and what is gone at the end.
 */
#include "client/core.h"
#include "sim/world.h"
#include "support/check.h"

#include <string.h>

static const char alice_password[] = "correct horse alice staple";
static const char bob_password[] = "correct horse bob battery";

static struct world *
calm_world(uint64_t seed)
{
	struct world_options options = { .seed = seed, .is_calm = true };
	struct world *w = world_new(&options);

	world_run(w, 100);
	CHECK(world_server_is_up(w));
	return w;
}

/* A new person: an invite, a program, and an account. */
static struct program *
join(struct world *w, const char *name, const char *password)
{
	struct client_options options = program_options();
	struct program *p = world_program(w, name, NULL, &options);
	struct wire_link link;
	char text[WIRE_LINK_TEXT_MAX];

	CHECK(world_invite(w, name, text));
	CHECK_OK(wire_link_parse(&link, bytes_str(text)));
	CHECK_OK(client_set_password(p->core, bytes_str(password)));
	CHECK_EQ(program_wait(p, client_register(p->core, &link)), SOTTO_OK);
	return p;
}

static struct wire_name
name_of(const char *text)
{
	struct wire_name name;

	CHECK_OK(wire_name_parse(&name, bytes_str(text)));
	return name;
}

/* Calls, and returns the session's number. */
static uint32_t
call(struct program *p, const char *name)
{
	struct wire_name who = name_of(name);
	const struct world_event *up;

	CHECK_EQ(program_wait(p, client_call(p->core, &who)), SOTTO_OK);
	world_run(p->world, 1000); /* HELLO is on its way */
	up = program_last(p, SOTTO_SESSION_UP, name);
	if (!CHECK(up != NULL))
		return 0;
	return up->event.session.id;
}

static void
say(struct program *p, uint32_t session, const char *text)
{
	uint64_t id;

	CHECK_OK(client_say(p->core, session, bytes_str(text), &id));
	client_flush(p->core);
	world_run(p->world, 1000);
}

/* The person has read the newest message: the program says so. */
static void
read_aloud(struct program *p, const char *from, const char *text)
{
	const struct world_event *m = program_last(p, SOTTO_MESSAGE, from);

	if (!CHECK(m != NULL))
		return;
	CHECK(strcmp(m->text, text) == 0);
	client_written(p->core, m->event.session.id, m->event.text.id);
	client_flush(p->core);
	world_run(p->world, 1000);
}

TEST(they_meet_and_talk_directly)
{
	struct world *w = calm_world(1);
	struct program *alice = join(w, "alice", alice_password);
	struct program *bob = join(w, "bob", bob_password);
	uint32_t line;

	(void)client_host(bob->core);
	client_flush(bob->core);
	world_run(w, 3000);
	CHECK_EQ(program_wait(alice, client_list(alice->core)), SOTTO_OK);
	CHECK_EQ(program_last(alice, SOTTO_PERSON, "bob")->event.person.status,
	    SOTTO_AVAILABLE);

	line = call(alice, "bob");
	CHECK_EQ(program_last(alice, SOTTO_SESSION_UP, "bob")
		     ->event.session.path, SOTTO_PATH_DIRECT);
	CHECK_EQ(program_last(bob, SOTTO_SESSION_UP, "alice")
		     ->event.session.path, SOTTO_PATH_DIRECT);
	say(alice, line, "Hello bob, just between us.");
	read_aloud(bob, "alice", "Hello bob, just between us.");
	CHECK_EQ(program_count(alice, SOTTO_SENT, "bob"), 1);

	say(bob, program_last(bob, SOTTO_SESSION_UP, "alice")
		     ->event.session.id, "Hello alice.");
	read_aloud(alice, "bob", "Hello alice.");

	CHECK_OK(client_hang_up(alice->core, line));
	client_flush(alice->core);
	world_run(w, 1000);
	CHECK_EQ(program_last(bob, SOTTO_SESSION_DOWN, "alice")
		     ->event.error.outcome, SOTTO_OK);
	CHECK_EQ(program_wait(alice, client_logout(alice->core,
	    SOTTO_LOGOUT_SESSION)), SOTTO_OK);
	/* There is nothing left that opens anything. */
	CHECK(alice->core->password == NULL && alice->core->keys == NULL);
	CHECK(alice->core->session.key == NULL);
	CHECK(alice->core->session.login == NULL);
	CHECK(alice->core->session.person == NULL);
	CHECK(alice->core->channel.sealed == NULL);
	CHECK(alice->core->channel.x == NULL);
	world_free(w);
}

TEST(the_server_carries_what_it_cannot_read)
{
	static const char secret[] = "the relay must not read this";
	struct world *w = calm_world(2);
	struct program *alice = join(w, "alice", alice_password);
	struct client_options options = program_options();
	struct program *bob = join(w, "bob", bob_password), *hidden;
	struct server_stats stats;

	options.hides_address = true;
	program_kill(bob);
	hidden = world_program(w, "bob", bob->home, &options);
	CHECK_OK(client_set_password(hidden->core, bytes_str(bob_password)));
	(void)client_host(hidden->core);
	client_flush(hidden->core);
	world_run(w, 3000);

	say(alice, call(alice, "bob"), secret);
	CHECK_EQ(program_last(alice, SOTTO_SESSION_UP, "bob")
		     ->event.session.path, SOTTO_PATH_RELAY);
	read_aloud(hidden, "alice", secret);
	CHECK_EQ(program_count(alice, SOTTO_SENT, "bob"), 1);
	server_get_stats(world_server(w), &stats);
	CHECK(stats.relayed_records > 0);
	CHECK(!disk_holds(world_disk(w), bytes_str(secret)));
	world_free(w);
}

/* Who logs out says goodbye to everybody first. */
TEST(a_logout_ends_what_is_said)
{
	struct world *w = calm_world(8);
	struct program *alice = join(w, "alice", alice_password);
	struct program *bob = join(w, "bob", bob_password);
	const struct world_event *down;

	(void)client_host(bob->core);
	client_flush(bob->core);
	world_run(w, 3000);
	(void)call(alice, "bob");
	CHECK_EQ(program_wait(alice, client_logout(alice->core,
	    SOTTO_LOGOUT_SESSION)), SOTTO_OK);
	CHECK(list_is_empty(&alice->core->lines));
	world_run(w, 3000);
	down = program_last(bob, SOTTO_SESSION_DOWN, "alice");
	if (CHECK(down != NULL))
		CHECK_EQ(down->event.error.outcome, SOTTO_OK);
	world_free(w);
}

/* Who stays tries again, after pauses that grow up to a quarter of a minute,
 * none as long as the other: a server that comes back is not stormed. */
TEST(threat_47_pauses_grow_and_differ)
{
	struct world *w = calm_world(7);
	struct program *alice = join(w, "alice", alice_password);
	uint64_t base = 1000;
	uint32_t before = 0;
	unsigned n = 0, same = 0;

	(void)client_host(alice->core);
	client_flush(alice->core);
	world_run(w, 3000);
	world_server_kill(w, false);
	world_run(w, 240000);
	for (size_t i = 0; i < alice->logged; i++) {
		const struct sotto_event *ev = &alice->log[i].event;

		if (ev->type != SOTTO_STATE ||
		    ev->state.state != SOTTO_STATE_OFFLINE)
			continue;
		CHECK(ev->state.wait_ms >= base / 2);
		CHECK(ev->state.wait_ms <= base);
		same += ev->state.wait_ms == base ||
		    ev->state.wait_ms == before;
		before = ev->state.wait_ms;
		base = base < 7500 ? 2 * base : 15000;
		n++;
	}
	CHECK(alice->logged <= WORLD_LOG);
	CHECK(n >= 12 && n <= 40);
	CHECK(same < 3);
	world_server_start(w);
	world_run(w, 30000);
	CHECK_EQ(alice->core->session.state, CLIENT_SESSION_READY);
	CHECK_EQ(alice->core->session.attempts, 0);
	world_free(w);
}

/* Whose program dies, or whose connection is cut, has not said goodbye: what
 * was said last may not have been read. */
TEST(a_cut_is_no_goodbye)
{
	struct world *w = calm_world(6);
	struct program *alice = join(w, "alice", alice_password);
	struct program *bob = join(w, "bob", bob_password);
	const struct world_event *down;

	for (unsigned i = 0; i < 2; i++) {
		(void)client_host(bob->core);
		client_flush(bob->core);
		world_run(w, 3000);
		(void)call(alice, "bob");
		CHECK_EQ(program_last(alice, SOTTO_SESSION_UP, "bob")
			     ->event.session.path, SOTTO_PATH_DIRECT);
		if (i == 0)
			world_cut_all(w);
		else
			program_kill(bob);
		world_run(w, 20000);
		down = program_last(alice, SOTTO_SESSION_DOWN, "bob");
		if (CHECK(down != NULL))
			CHECK(down->event.error.outcome != SOTTO_OK);
		CHECK_EQ(program_count(alice, SOTTO_SESSION_DOWN, "bob"),
		    i + 1);
	}
	world_free(w);
}

TEST(who_is_not_there_cannot_be_called)
{
	struct world *w = calm_world(3);
	struct program *alice = join(w, "alice", alice_password);
	struct wire_name bob = name_of("bob"), nobody = name_of("nobody");
	struct program *away = join(w, "bob", bob_password);

	program_kill(away);
	world_run(w, 1000);
	CHECK_EQ(program_wait(alice, client_call(alice->core, &bob)),
	    SOTTO_NOT_THERE);
	CHECK_EQ(program_wait(alice, client_call(alice->core, &nobody)),
	    SOTTO_NOT_THERE);
	world_free(w);
}

TEST(who_says_no_is_not_disturbed)
{
	struct world *w = calm_world(4);
	struct program *alice = join(w, "alice", alice_password);
	struct program *bob = join(w, "bob", bob_password), *busy;
	struct client_options options = program_options();
	struct wire_name name = name_of("bob");

	options.policy = SOTTO_POLICY_REFUSE;
	program_kill(bob);
	busy = world_program(w, "bob", bob->home, &options);
	CHECK_OK(client_set_password(busy->core, bytes_str(bob_password)));
	(void)client_host(busy->core);
	client_flush(busy->core);
	world_run(w, 3000);
	CHECK_EQ(program_wait(alice, client_call(alice->core, &name)),
	    SOTTO_REFUSED);
	CHECK_EQ(program_count(busy, SOTTO_SESSION_UP, NULL), 0);
	world_free(w);
}

TEST(a_bare_machine_and_a_password_give_everything_back)
{
	struct world *w = calm_world(5);
	struct program *alice = join(w, "alice", alice_password), *again;
	struct client_options options = program_options();
	struct wire_name name = name_of("alice");
	struct wire_address at = world_address();

	CHECK_EQ(program_wait(alice, client_whoami(alice->core)), SOTTO_OK);
	program_kill(alice);
	again = world_program(w, "alice", NULL, &options);
	CHECK_OK(client_set_password(again->core, bytes_str("wrong password")));
	CHECK_EQ(program_wait(again, client_login(again->core, &name, &at,
	    NULL)), SOTTO_WRONG_PASSWORD);
	CHECK_OK(client_set_password(again->core, bytes_str(alice_password)));
	CHECK_EQ(program_wait(again, client_login(again->core, &name, &at,
	    NULL)), SOTTO_OK);
	CHECK_EQ(program_wait(again, client_devices(again->core)), SOTTO_OK);
	CHECK_EQ(program_count(again, SOTTO_DEVICE, NULL), 2);
	world_free(w);
}

TEST(both_see_the_same_safety_number)
{
	struct world *w = calm_world(6);
	struct program *alice = join(w, "alice", alice_password);
	struct program *bob = join(w, "bob", bob_password);
	struct wire_name a = name_of("alice"), b = name_of("bob");
	const struct world_event *one, *two;

	CHECK_EQ(program_wait(alice, client_verify(alice->core, &b, false)),
	    SOTTO_OK);
	CHECK_EQ(program_wait(bob, client_verify(bob->core, &a, true)),
	    SOTTO_OK);
	one = program_last(alice, SOTTO_SAFETY, "bob");
	two = program_last(bob, SOTTO_SAFETY, "alice");
	if (CHECK(one != NULL && two != NULL)) {
		CHECK(strcmp(one->text, two->text) == 0);
		CHECK_EQ(strlen(one->text), 12 * 5 + 11);
		CHECK_EQ(two->event.safety.pin, SOTTO_PIN_VERIFIED);
	}
	world_free(w);
}

CHECK_MAIN(T(they_meet_and_talk_directly),
    T(the_server_carries_what_it_cannot_read),
    T(a_logout_ends_what_is_said), T(threat_47_pauses_grow_and_differ),
    T(a_cut_is_no_goodbye),
    T(who_is_not_there_cannot_be_called), T(who_says_no_is_not_disturbed),
    T(a_bare_machine_and_a_password_give_everything_back),
    T(both_see_the_same_safety_number))
