/*
 * Whole flows of both cores, with memory running out at every allocation of
 * one of them in turn. Nobody crashes, nothing leaks, every command is
 * answered or its program ends; what was confirmed holds; and when there is
 * memory again, all goes on.
 */
#include "alloc.h"
#include "client/command.h"
#include "client/core.h"
#include "crypto/crypto.h"
#include "sim/inside.h"
#include "sim/scene.h"

#include <stdlib.h>
#include <string.h>

static const char password[] = "correct horse battery staple";
static const char new_password[] = "quite another horse 93 staple";

static struct scene s;

static void
begin_with(const struct scene_options *options)
{
	scene_begin(&s, options);
	/* It is for those who have the memory to tell and to hear all. */
	world_told(s.w, NULL, NULL);
}

static void
begin(void)
{
	begin_with(&(struct scene_options){ .seed = 1,
		.has_honest_server = true });
}

/* Waits for a command, while memory may run out; -1 only for a program that
 * is no more. */
static int
wait_for(struct program *p, uint32_t command)
{
	int outcome = p->core == NULL ? -1 : program_wait(p, command);

	if (outcome == -1 && p->core != NULL)
		outcome = scene_wait(p, command);
	CHECK(outcome != -1 || command == 0);
	return outcome;
}

static struct program *
machine(const char *name, const char *with, struct world_home *home,
    bool is_bare)
{
	struct client_options options = program_options();
	struct program *p;

	options.is_ephemeral = is_bare;
	p = world_program(s.w, name, home, &options);
	if (p->core != NULL &&
	    client_set_password(p->core, bytes_str(with)) != ERR_OK)
		program_kill(p);
	return p;
}

static int
log_in(struct program *p, const char *name)
{
	struct wire_name who = { { 0 } };
	struct wire_address at = world_address();

	if (p->core == NULL)
		return -1;
	memcpy(who.s, name, strlen(name));
	return wait_for(p, client_login(p->core, &who, &at, NULL));
}

static int
comes_in(const char *name, const char *with)
{
	return log_in(machine(name, with, NULL, true), name);
}

/* A person whose program has ended, or does not host any more since there
 * was no memory for it, starts it anew. */
static struct program *
look_after(struct program *p)
{
	if (p->core != NULL && client_command_hosts(p->core))
		return p;
	program_kill(p);
	p = scene_again(&s, p->label, p->home);
	(void)client_host(p->core);
	client_flush(p->core);
	world_run(s.w, 3000);
	return p;
}

/* Says something on a line, if there is the memory for it. */
static void
say(struct program *p, const char *to, const char *text)
{
	const struct world_event *up = program_last(p, SOTTO_SESSION_UP, to);
	uint64_t id;

	if (up != NULL && client_say(p->core, up->event.session.id,
	    bytes_str(text), &id) == ERR_OK)
		client_flush(p->core);
	world_run(s.w, 1000);
}

static void
still_talk(void)
{
	const struct world_event *heard;
	uint32_t line = scene_line(&s, s.alice, "bob");

	say(s.alice, "bob", "And all is well.");
	heard = program_last(s.bob, SOTTO_MESSAGE, "alice");
	CHECK(heard != NULL && strcmp(heard->text, "And all is well.") == 0);
	CHECK_EQ(client_hang_up(s.alice->core, line), ERR_OK);
}

/* There is memory again: two friends can talk. */
static void
end(void)
{
	alloc_disarm();
	world_run(s.w, 190000);
	CHECK(world_server_is_up(s.w));
	s.alice = look_after(s.alice);
	s.bob = look_after(s.bob);
	still_talk();
	scene_end(&s);
}

/* ---- the flows ---- */

static void
join(void)
{
	char text[WIRE_LINK_TEXT_MAX];
	struct wire_link link;
	struct program *p;
	int outcome = -1;

	begin();
	CHECK(world_invite(s.w, "carol", text));
	CHECK_OK(wire_link_parse(&link, bytes_str(text)));
	alloc_arm();
	p = machine("carol", password, NULL, false);
	if (p->core != NULL)
		outcome = wait_for(p, client_register(p->core, &link));
	alloc_disarm();
	if (outcome == SOTTO_OK)
		CHECK_EQ(comes_in("carol", password), SOTTO_OK);
	end();
}

static void
come_in(void)
{
	begin();
	alloc_arm();
	(void)comes_in("alice", password);
	alloc_disarm();
	CHECK_EQ(comes_in("alice", password), SOTTO_OK);
	end();
}

static void
become_a_device(void)
{
	struct program *p;
	struct world_home *home;
	int outcome;

	begin();
	alloc_arm();
	p = machine("alice", password, NULL, false);
	home = p->home;
	outcome = log_in(p, "alice");
	alloc_disarm();
	world_run(s.w, 1000);
	program_kill(p);
	p = machine("alice", password, home, false);
	if (outcome == SOTTO_OK)
		CHECK_EQ(wait_for(p, client_list(p->core)), SOTTO_OK);
	end();
}

static void
look(void)
{
	begin();
	alloc_arm();
	(void)wait_for(s.alice, client_list(s.alice->core));
	(void)wait_for(s.alice, client_devices(s.alice->core));
	(void)wait_for(s.alice, client_set_status(s.alice->core, SOTTO_AWAY));
	(void)wait_for(s.alice, client_whoami(s.alice->core));
	end();
}

/* Calls, says something each way, and hangs up. */
static void
talk(void)
{
	struct wire_name who = scene_name("bob");
	const struct world_event *up;

	alloc_arm();
	(void)wait_for(s.alice, client_call(s.alice->core, &who));
	world_run(s.w, 2000);
	say(s.alice, "bob", "there");
	say(s.bob, "alice", "back");
	up = program_last(s.bob, SOTTO_SESSION_UP, "alice");
	if (up != NULL && client_hang_up(s.bob->core,
	    up->event.session.id) == ERR_OK)
		client_flush(s.bob->core);
	world_run(s.w, 1000);
	end();
}

static void
talk_directly(void)
{
	begin();
	talk();
}

static void
talk_over_the_relay(void)
{
	begin_with(&(struct scene_options){ .seed = 1,
		.has_honest_server = true, .hides_address = true });
	talk();
}

static void
change_password(void)
{
	bool is_new;
	int outcome;

	begin();
	alloc_arm();
	outcome = wait_for(s.alice, client_passwd(s.alice->core,
	    bytes_str(new_password)));
	alloc_disarm();
	world_run(s.w, 60000);
	is_new = comes_in("alice", new_password) == SOTTO_OK;
	CHECK(is_new || outcome != SOTTO_OK);
	CHECK_EQ(comes_in("alice", password) == SOTTO_OK, !is_new);
	program_kill(s.alice);
	program_kill(s.bob);
	scene_end(&s);
}

static void
remove_a_device(void)
{
	struct program *p;
	struct world_home *home;
	uint8_t id[PACT_DEVICE_ID_LEN];
	int outcome;

	begin();
	p = scene_device(&s, "alice");
	home = p->home;
	memcpy(id, p->core->account.device, sizeof id);
	program_kill(p);
	alloc_arm();
	outcome = wait_for(s.alice, client_remove_device(s.alice->core, id));
	alloc_disarm();
	world_run(s.w, 60000);
	p = machine("alice", password, home, false);
	if (outcome == SOTTO_OK)
		CHECK(wait_for(p, client_list(p->core)) != SOTTO_OK);
	program_kill(p);
	end();
}

static void
log_out(void)
{
	begin();
	alloc_arm();
	(void)wait_for(s.alice, client_logout(s.alice->core,
	    SOTTO_LOGOUT_SESSION));
	alloc_disarm();
	program_kill(s.alice);
	end();
}

/* ---- the operator ---- */

static bool is_done;
static enum err result;

static void
on_done(void *ctx, enum err err)
{
	(void)ctx;
	is_done = true;
	result = err;
}

static void
operate(void)
{
	static const enum server_user_op ops[] = { SERVER_USER_DISABLE,
		SERVER_USER_ENABLE, SERVER_USER_RESET, SERVER_USER_REMOVE };
	struct wire_name name = scene_name("carol");
	struct client_options options = program_options();
	char text[WIRE_LINK_TEXT_MAX];

	begin();
	program_kill(scene_join(&s, "carol", &options));
	alloc_arm();
	for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
		is_done = false;
		server_user(s.w->server.core, ops[i], &name, on_done, NULL);
		server_flush(s.w->server.core);
		world_run(s.w, 2000);
		CHECK(is_done);
	}
	(void)world_invite(s.w, "dave", text);
	alloc_disarm();
	if (result == ERR_OK)
		CHECK_EQ(comes_in("carol", password), SOTTO_WRONG_PASSWORD);
	end();
}

/* A server that starts with what is there, and starts again if it cannot. */
static void
start(void)
{
	begin();
	world_run(s.w, 1000);
	world_server_kill(s.w, true);
	alloc_arm();
	world_server_start(s.w);
	world_run(s.w, 5000);
	end();
}

TEST(threat_41_registration)
{
	alloc_at_every("registration", join);
}

TEST(threat_41_login_on_a_bare_machine)
{
	alloc_at_every("login on a bare machine", come_in);
}

TEST(threat_41_a_new_device)
{
	alloc_at_every("a new device", become_a_device);
}

TEST(threat_41_looking_around)
{
	alloc_at_every("looking around", look);
}

TEST(threat_41_a_direct_line)
{
	alloc_at_every("a direct line", talk_directly);
}

TEST(threat_41_a_relayed_line)
{
	alloc_at_every("a relayed line", talk_over_the_relay);
}

TEST(threat_41_passwd)
{
	alloc_at_every("passwd", change_password);
}

TEST(threat_41_removing_a_device)
{
	alloc_at_every("removing a device", remove_a_device);
}

TEST(threat_41_logout)
{
	alloc_at_every("logout", log_out);
}

TEST(threat_41_the_operator)
{
	alloc_at_every("the operator", operate);
}

TEST(threat_41_a_server_that_starts)
{
	alloc_at_every("a server that starts", start);
}

int
main(int argc, char **argv)
{
	static const struct check_test tests[] = {
		T(threat_41_registration),
		T(threat_41_login_on_a_bare_machine),
		T(threat_41_a_new_device),
		T(threat_41_looking_around),
		T(threat_41_a_direct_line),
		T(threat_41_a_relayed_line),
		T(threat_41_passwd),
		T(threat_41_removing_a_device),
		T(threat_41_logout),
		T(threat_41_the_operator),
		T(threat_41_a_server_that_starts),
	};

	alloc_take_sqlite();
	return check_run(tests, sizeof tests / sizeof tests[0], argc, argv);
}
