/*
 * Clocks that are years off, and clocks that jump: on one machine, on
 * another, on the server's, and on all at once. People join, log in, call,
 * change their password and their devices as if nothing were the matter;
 * only what must expire does.
 */
#include "client/core.h"
#include "sim/inside.h"
#include "sim/scene.h"

#include <stdio.h>
#include <string.h>

#define DAY_S  INT64_C(86400)
#define YEAR_S (365 * DAY_S)

static const char password[] = "correct horse battery staple";
static const char new_password[] = "quite another horse 93 staple";

static struct scene s;

static const int64_t jumps[] = { -10 * YEAR_S, -DAY_S, -3 * 3600, 3 * 3600,
	DAY_S, 10 * YEAR_S, /* over 2038-01-19, and over 2106-02-07 */
	INT64_C(357483647), INT64_C(2505000000),
	-INT64_C(1789999000) /* to 1970 */ };

#define JUMPS (sizeof jumps / sizeof jumps[0])

/* Whose clock is off. */
enum whose { ALICES, BOBS, SERVERS, WHOSE };

static void
jump(enum whose whose, int64_t seconds)
{
	world_jump(s.w, whose == ALICES ? s.alice->home :
		whose == BOBS ? s.bob->home : NULL, seconds);
}

static struct program *
machine(const char *name, const char *with, int64_t ahead_s, bool is_bare)
{
	struct client_options options = program_options();
	struct world_home *home = world_home_new(s.w);
	struct program *p;

	home->ahead_s = ahead_s;
	options.is_ephemeral = is_bare;
	p = world_program(s.w, name, home, &options);
	CHECK_OK(client_set_password(p->core, bytes_str(with)));
	return p;
}

static int
log_in(struct program *p, const char *name)
{
	struct wire_name who = scene_name(name);
	struct wire_address at = world_address();

	return scene_wait(p, client_login(p->core, &who, &at, NULL));
}

/* They talk, both ways. */
static void
talk(struct program *from, struct program *to, const char *name,
    const char *text)
{
	uint32_t line = scene_line(&s, from, name);

	scene_say(&s, from, line, to, text);
	CHECK(scene_is_shown(&s, text));
	CHECK_OK(client_hang_up(from->core, line));
	client_flush(from->core);
	world_run(s.w, 1000);
}

/* All that a person does, on machines whose clocks are off by so much; whose
 * of the two may be called by a bare machine. */
static void
everything(int64_t ahead_s, bool may_call_bob)
{
	struct program *carol, *bare, *device;
	char text[WIRE_LINK_TEXT_MAX];
	struct wire_link link;

	talk(s.alice, s.bob, "bob", "There.");
	talk(s.bob, s.alice, "alice", "And back.");

	CHECK(world_invite(s.w, "carol", text));
	CHECK_OK(wire_link_parse(&link, bytes_str(text)));
	carol = machine("carol", password, ahead_s, false);
	CHECK_EQ(scene_wait(carol, client_register(carol->core, &link)),
	    SOTTO_OK);

	device = machine("alice", password, ahead_s, false);
	CHECK_EQ(log_in(device, "alice"), SOTTO_OK);
	bare = machine("alice", password, ahead_s, true);
	CHECK_EQ(log_in(bare, "alice"), SOTTO_OK);
	CHECK_EQ(scene_wait(bare, client_list(bare->core)), SOTTO_OK);
	CHECK_EQ(scene_call(bare, "bob") == SOTTO_OK, may_call_bob);
	CHECK_EQ(scene_wait(bare, client_logout(bare->core,
	    SOTTO_LOGOUT_SESSION)), SOTTO_OK);

	CHECK_EQ(scene_wait(s.alice, client_remove_device(s.alice->core,
	    device->core->account.device)), SOTTO_OK);
	CHECK_EQ(scene_wait(s.alice, client_passwd(s.alice->core,
	    bytes_str(new_password))), SOTTO_OK);
	program_kill(s.alice);
	bare = machine("alice", new_password, ahead_s, true);
	CHECK_EQ(log_in(bare, "alice"), SOTTO_OK);
	CHECK_EQ(scene_alarms(s.alice) + scene_alarms(s.bob), 0);
}

/*
 * One clock is years away from the others since before its owner came. A
 * bare machine is known for a day: to somebody whose clock is further ahead
 * of the server's it has expired, and nothing else has.
 */
TEST(threat_44_a_clock_that_is_years_off)
{
	for (int whose = 0; whose < WHOSE; whose++) {
		for (size_t i = 0; i < JUMPS; i++) {
			int64_t bob_is_ahead = whose == BOBS ? jumps[i] :
			    whose == SERVERS ? -jumps[i] : 0;

			scene_begin(&s, &(struct scene_options){
				.seed = i + 1, .has_honest_server = true });
			jump((enum whose)whose, jumps[i]);
			world_run(s.w, 1000);
			everything(whose == ALICES ? jumps[i] : 0,
			    bob_is_ahead < 2 * DAY_S);
			scene_end(&s);
		}
	}
}

/* A clock that jumps while a line stands: it stays, and so does all else. */
TEST(threat_44_clocks_that_jump)
{
	static const char *const said[] = { "one", "two", "three", "four",
		"five", "six", "seven", "eight", "nine" };
	uint32_t at_alice, at_bob;

	scene_begin(&s, &(struct scene_options){ .seed = 5,
		.has_honest_server = true });
	at_alice = scene_line(&s, s.alice, "bob");
	at_bob = program_last(s.bob, SOTTO_SESSION_UP, "alice")
	    ->event.session.id;
	for (size_t i = 0; i < JUMPS; i++) {
		enum whose whose = (enum whose)(i % WHOSE);

		jump(whose, jumps[i]);
		if (i % 2 == 0)
			scene_say(&s, s.alice, at_alice, s.bob, said[i]);
		else
			scene_say(&s, s.bob, at_bob, s.alice, said[i]);
		CHECK(scene_is_shown(&s, said[i]));
		world_run(s.w, 100000);
		CHECK_EQ(scene_wait(s.alice, client_list(s.alice->core)),
		    SOTTO_OK);
	}
	CHECK_EQ(program_count(s.alice, SOTTO_SESSION_DOWN, NULL), 0);
	CHECK_EQ(program_count(s.bob, SOTTO_SESSION_DOWN, NULL), 0);
	CHECK_EQ(scene_alarms(s.alice) + scene_alarms(s.bob), 0);
	/* Later logins are as good, whatever the clocks now are. */
	world_server_kill(s.w, true);
	world_server_start(s.w);
	world_run(s.w, 60000);
	scene_still_works(&s);
	scene_end(&s);
}

/* And a bare machine that nobody used for a day is known no more, however
 * its clock stands. */
TEST(threat_44_what_must_expire_does)
{
	for (int64_t off = -YEAR_S; off <= YEAR_S; off += YEAR_S) {
		struct program *bare;

		scene_begin(&s, &(struct scene_options){ .seed = 6,
			.has_honest_server = true });
		bare = machine("alice", password, off, true);
		CHECK_EQ(log_in(bare, "alice"), SOTTO_OK);
		program_kill(bare);
		CHECK_EQ(scene_wait(s.alice, client_devices(s.alice->core)),
		    SOTTO_OK);
		CHECK_EQ(program_count(s.alice, SOTTO_DEVICE, NULL), 2);
		world_jump(s.w, NULL, DAY_S + 60);
		program_kill(s.alice);
		s.alice = scene_again(&s, "alice", s.alice->home);
		CHECK_EQ(scene_wait(s.alice, client_devices(s.alice->core)),
		    SOTTO_OK);
		CHECK_EQ(program_count(s.alice, SOTTO_DEVICE, NULL), 1);
		scene_end(&s);
	}
}

/* Whose device has expired, by a clock that is a day or more ahead of that,
 * is neither called nor listened to; a day less is no reason. */
TEST(threat_44_an_expired_device_is_nobody)
{
	for (int64_t off = 2 * DAY_S - 60; off <= 2 * DAY_S + 60; off += 120) {
		bool is_over = off > 2 * DAY_S;
		struct program *bare;

		scene_begin(&s, &(struct scene_options){ .seed = 7,
			.has_honest_server = true });
		program_kill(s.bob);
		world_run(s.w, 3000);
		bare = machine("bob", password, 0, true);
		(void)client_host(bare->core);
		CHECK_EQ(log_in(bare, "bob"), SOTTO_OK);
		world_run(s.w, 3000);
		jump(ALICES, off);
		CHECK_EQ(scene_call(s.alice, "bob"), is_over ?
			SOTTO_KEY_CHANGED : SOTTO_OK);
		world_run(s.w, 20000);
		if (is_over)
			CHECK_EQ(scene_call(bare, "alice"), SOTTO_REFUSED);
		CHECK_EQ(program_count(s.alice, SOTTO_SESSION_UP, NULL),
		    is_over ? 0 : 1);
		scene_end(&s);
	}
}

CHECK_MAIN(T(threat_44_a_clock_that_is_years_off),
    T(threat_44_clocks_that_jump), T(threat_44_what_must_expire_does),
    T(threat_44_an_expired_device_is_nobody))
