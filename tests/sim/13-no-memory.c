/*
 * A client whose memory, or libcrypto, gives out at one call, over most of
 * what a person can do with an account. Every command ends; whoever hears that
 * it is done can rely on it; and the next program in that home works.
 *
 * Every third call in turn; CALLS_EACH=1 is each of them.
 */
#include "client/core.h"
#include "sim/scene.h"
#include "support/fault.h"

#include <stdlib.h>
#include <string.h>

static const char password[] = "correct horse battery staple";
static const char new_password[] = "quite another horse 93 staple";

static struct client *victim; /* whose calls count */
static bool is_member, is_changed, may_be_changed;

/* ---- whose calls count ---- */

#define WRAP(type, name, params, args)                                        \
	type __real_##name params;                                            \
	type __wrap_##name params;                                            \
	type __wrap_##name params                                             \
	{                                                                     \
		type result;                                                  \
		fault_hold(c != victim);                                      \
		result = __real_##name args;                                  \
		fault_hold(true);                                             \
		return result;                                                \
	}

#define WRAP_VOID(name, params, args)                                         \
	void __real_##name params;                                            \
	void __wrap_##name params;                                            \
	void __wrap_##name params                                             \
	{                                                                     \
		fault_hold(c != victim);                                      \
		__real_##name args;                                           \
		fault_hold(true);                                             \
	}

WRAP(uint32_t, client_register,
    (struct client *c, const struct wire_link *link), (c, link))
WRAP(uint32_t, client_host, (struct client *c), (c))
WRAP(uint32_t, client_list, (struct client *c), (c))
WRAP(uint32_t, client_set_status, (struct client *c, enum sotto_status status),
    (c, status))
WRAP(uint32_t, client_devices, (struct client *c), (c))
WRAP(uint32_t, client_remove_device,
    (struct client *c, const uint8_t id[PACT_DEVICE_ID_LEN]), (c, id))
WRAP(uint32_t, client_verify,
    (struct client *c, const struct wire_name *name, bool confirm),
    (c, name, confirm))
WRAP(uint32_t, client_passwd, (struct client *c, struct bytes p), (c, p))
WRAP(uint32_t, client_logout, (struct client *c, enum sotto_logout scope),
    (c, scope))
WRAP(uint32_t, client_call, (struct client *c, const struct wire_name *name),
    (c, name))
WRAP(enum err, client_say,
    (struct client *c, uint32_t session, struct bytes text, uint64_t *id),
    (c, session, text, id))
WRAP(client_link, client_accepted,
    (struct client *c, const struct wire_endpoint *at), (c, at))
WRAP_VOID(client_connected,
    (struct client *c, client_link link, const struct wire_endpoint *local,
	const struct wire_endpoint *remote),
    (c, link, local, remote))
WRAP_VOID(client_bytes, (struct client *c, client_link link, struct bytes in),
    (c, link, in))
WRAP_VOID(client_sent, (struct client *c, client_link link, size_t n),
    (c, link, n))
WRAP_VOID(client_closed, (struct client *c, client_link link, enum err err),
    (c, link, err))
WRAP_VOID(client_listening,
    (struct client *c, const struct wire_endpoint *at, size_t n), (c, at, n))
WRAP_VOID(client_job_done, (struct client *c, client_job job), (c, job))
WRAP_VOID(client_saved,
    (struct client *c, enum client_file file, enum err err,
	uint64_t generation, struct bytes content),
    (c, file, err, generation, content))
WRAP_VOID(client_flush, (struct client *c), (c))
WRAP_VOID(client_tick, (struct client *c), (c))

/* The shell's own work, out of a call of the core. */
static struct client_effects shell;

#define EFFECT(name, params, args)                                            \
	static void on_##name params                                          \
	{                                                                     \
		fault_hold(true);                                             \
		shell.name args;                                              \
		fault_hold(false);                                            \
	}

EFFECT(connect, (void *ctx, client_link link, const struct wire_address *at),
    (ctx, link, at))
EFFECT(connect_endpoint,
    (void *ctx, client_link link, const struct wire_endpoint *at),
    (ctx, link, at))
EFFECT(send, (void *ctx, client_link link, const uint8_t *p, size_t n),
    (ctx, link, p, n))
EFFECT(close, (void *ctx, client_link link, bool at_once),
    (ctx, link, at_once))
EFFECT(listen, (void *ctx, bool is_on), (ctx, is_on))
EFFECT(deadline, (void *ctx, uint64_t at_ms), (ctx, at_ms))
EFFECT(stretch, (void *ctx, client_job job, struct client_stretch *work),
    (ctx, job, work))
EFFECT(solve, (void *ctx, client_job job, struct client_solve *work),
    (ctx, job, work))
EFFECT(save,
    (void *ctx, enum client_file file, uint64_t expect, struct bytes content),
    (ctx, file, expect, content))
EFFECT(event, (void *ctx, const struct sotto_event *event), (ctx, event))

/* ---- the people ---- */

static struct world *w;
static struct program *alice, *bob, *second;

static struct program *
start(const char *label, struct world_home *home, const char *secret)
{
	struct client_options options = program_options();
	struct program *p = world_program(w, label, home, &options);

	CHECK_OK(client_set_password(p->core, bytes_str(secret)));
	return p;
}

static struct wire_link
invite(const char *name)
{
	char text[WIRE_LINK_TEXT_MAX];
	struct wire_link link;

	CHECK(world_invite(w, name, text));
	CHECK_OK(wire_link_parse(&link, bytes_str(text)));
	return link;
}

static void
begin(void)
{
	struct wire_link link;

	w = world_new(&(struct world_options){ .seed = 5, .is_calm = true });
	world_run(w, 100);
	bob = start("bob", NULL, password);
	link = invite("bob");
	CHECK_EQ(scene_wait(bob, client_register(bob->core, &link)),
	    SOTTO_OK);
	(void)client_host(bob->core);
	client_flush(bob->core);
	world_run(w, 3000);
	alice = start("alice", NULL, password);
	shell = alice->core->effects;
	alice->core->effects = (struct client_effects){ on_connect,
		on_connect_endpoint, on_send, on_close, on_listen,
		on_deadline, on_stretch, on_solve, on_save, on_event,
		shell.ctx };
	victim = alice->core;
	fault_hold(true);
	is_member = is_changed = may_be_changed = false;
}

/* ---- what alice does ---- */

/* Every command ends. */
static int
end_of(uint32_t command)
{
	int outcome = scene_wait(alice, command);

	CHECK(command != 0 && outcome >= 0);
	return outcome;
}

static void
speak(void)
{
	const struct world_event *up;
	struct wire_name name = scene_name("bob");
	uint64_t id;

	(void)end_of(client_call(alice->core, &name));
	world_run(w, 1000);
	up = program_last(alice, SOTTO_SESSION_UP, "bob");
	if (up == NULL)
		return;
	(void)!client_say(alice->core, up->event.session.id,
	    BYTES_LIT("hello"), &id);
	client_flush(alice->core);
	world_run(w, 1000);
	(void)!client_hang_up(alice->core, up->event.session.id);
	client_flush(alice->core);
	world_run(w, 5000);
	name = scene_name("alice");
	CHECK(scene_wait(bob, client_call(bob->core, &name)) >= 0);
	world_run(w, 5000);
}

static void
live(void)
{
	struct wire_link link = invite("alice");
	struct wire_name name = scene_name("bob");
	struct wire_address at = world_address();

	is_member = end_of(client_register(alice->core, &link)) == SOTTO_OK;
	/* What was not written down shows before it is written once more. */
	if (!is_member || fault_has_come())
		return;
	(void)client_host(alice->core);
	client_flush(alice->core);
	world_run(w, 3000);
	(void)end_of(client_list(alice->core));
	(void)end_of(client_set_status(alice->core, SOTTO_AWAY));
	speak();
	(void)end_of(client_verify(alice->core, &name, true));
	name = scene_name("alice");
	second = start("second", NULL, password);
	if (scene_wait(second, client_login(second->core, &name, &at,
	    NULL)) == SOTTO_OK)
		(void)end_of(client_remove_device(alice->core,
		    second->core->account.device));
	(void)end_of(client_devices(alice->core));
	may_be_changed = true;
	is_changed = end_of(client_passwd(alice->core,
	    bytes_str(new_password))) == SOTTO_OK;
	(void)end_of(client_logout(alice->core, SOTTO_LOGOUT_SESSION));
}

static int
list_with(const char *secret)
{
	struct program *p = start("alice", alice->home, secret);

	return scene_wait(p, client_list(p->core));
}

/* What was confirmed is so, and the home is of use. */
static void
look(void)
{
	int outcome;

	victim = NULL;
	program_kill(alice);
	world_run(w, 120000);
	if (is_member) {
		outcome = list_with(may_be_changed ? new_password : password);
		if (may_be_changed && !is_changed && outcome != SOTTO_OK)
			outcome = list_with(password);
		CHECK_EQ(outcome, SOTTO_OK);
	}
	world_free(w);
}

TEST(memory_gives_out_at_one_call)
{
	const char *each = getenv("CALLS_EACH");
	unsigned step = each == NULL ? 3 : (unsigned)atoi(each), n;
	bool has_come = true;

	for (n = 1; has_come; n += step) {
		begin();
		fault_at(n);
		live();
		has_come = fault_end();
		if (!has_come)
			CHECK(is_member && is_changed);
		look();
	}
	CHECK(n > 500);
}

CHECK_MAIN(T(memory_gives_out_at_one_call))
