/*
 * A server that does not take a change of an account: because another device
 * was first, because its disk fails, or with an answer that is none. The
 * client tries again where that is of use, and else says that nothing has
 * changed; which is true.
 */
#include "base/hex.h"
#include "client/core.h"
#include "sim/scene.h"

#include <string.h>

static const char old_password[] = "correct horse battery staple";
static const char new_password[] = "quite another horse 93 staple";

static struct scene s;
static struct program *second; /* another device of alice's */

static struct {
	enum wire_error code; /* 0: DONE, where something else is expected */
	uint8_t type;         /* of what is answered so */
	unsigned most, count; /* how often, and how often it was */
} refusal;

static bool
refuse(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_ERROR error = { .code = (uint8_t)refusal.code };
	struct wire_DONE done = { 0 };

	if (type != refusal.type || malice_victim(l) != s.alice ||
	    refusal.count == refusal.most)
		return true;
	refusal.count++;
	/* Every request begins with its number. */
	error.req = done.req = (uint32_t)body.p[0] << 24 |
	    (uint32_t)body.p[1] << 16 | (uint32_t)body.p[2] << 8 | body.p[3];
	if (refusal.code != 0)
		malice_say(l, WIRE_ERROR, &error);
	else
		malice_say(l, WIRE_DONE, &done);
	return false;
}

/* ---- alice, and what she does ---- */

static struct program *
alice_at(struct world_home *home, const char *password)
{
	struct client_options options = program_options();
	struct program *p = world_program(s.w, "alice", home, &options);

	CHECK_OK(client_set_password(p->core, bytes_str(password)));
	return p;
}

static uint32_t
log_in(struct client *c)
{
	struct wire_name name = scene_name("alice");
	struct wire_address at = world_address();

	return client_login(c, &name, &at, NULL);
}

static uint32_t
change_password(struct client *c)
{
	return client_passwd(c, bytes_str(new_password));
}

static uint32_t
remove_second(struct client *c)
{
	return client_remove_device(c, second->core->account.device);
}

static uint32_t
forget(struct client *c)
{
	return client_logout(c, SOTTO_LOGOUT_FORGET);
}

static uint32_t
confirm_bob(struct client *c)
{
	struct wire_name name = scene_name("bob");

	return client_verify(c, &name, true);
}

static uint32_t
show_bob(struct client *c)
{
	struct wire_name name = scene_name("bob");

	return client_verify(c, &name, false);
}

static uint32_t
go_away(struct client *c)
{
	return client_set_status(c, SOTTO_AWAY);
}

static uint32_t
call_bob(struct client *c)
{
	struct wire_name name = scene_name("bob");

	return client_call(c, &name);
}

static const struct deed {
	uint32_t (*start)(struct client *c);
	bool is_change;   /* said by CHANGE */
	bool is_new_home; /* at a machine that is no device yet */
} deeds[] = {
	{ change_password, true, false },
	{ remove_second, true, false },
	{ forget, true, false },
	{ log_in, true, true },
	{ show_bob, false, false },
	{ client_devices, false, false },
	{ client_list, false, false },
	{ go_away, false, false },
	{ call_bob, false, false },
};

#define DEEDS (sizeof deeds / sizeof deeds[0])

/* What each of them asks first of all, once logged in. */
static uint8_t
first_request(const struct deed *d)
{
	if (d->is_change)
		return WIRE_CHANGE;
	if (d->start == go_away)
		return WIRE_STATUS_SET;
	if (d->start == client_list)
		return WIRE_LIST;
	if (d->start == call_bob)
		return WIRE_WANT;
	return WIRE_PERSON_GET;
}

static void
begin(const struct deed *d, uint64_t seed)
{
	scene_begin(&s, &(struct scene_options){ .seed = seed });
	second = alice_at(NULL, old_password);
	CHECK_EQ(scene_wait(second, log_in(second->core)), SOTTO_OK);
	program_kill(s.alice);
	world_run(s.w, 3000);
	s.alice = alice_at(d->is_new_home ? NULL : s.alice->home,
	    old_password);
}

/* Does it while the server refuses; returns the outcome. */
static int
do_refused(const struct deed *d, enum wire_error code, unsigned most)
{
	int outcome;

	refusal.code = code;
	refusal.type = first_request(d);
	refusal.most = most;
	refusal.count = 0;
	s.m->on_heard = refuse;
	outcome = scene_wait(s.alice, d->start(s.alice->core));
	s.m->on_heard = NULL;
	CHECK(refusal.count > 0);
	return outcome;
}

/* The account is as it was: the password, and both devices. */
static void
look(void)
{
	struct program *p;
	char id[HEX_LEN(PACT_DEVICE_ID_LEN) + 1];

	world_run(s.w, 20000);
	hex_encode(id, BYTES_OF(second->core->account.device));
	p = alice_at(second->home, old_password);
	CHECK_EQ(scene_wait(p, client_devices(p->core)), SOTTO_OK);
	CHECK_EQ(program_count(p, SOTTO_DEVICE, id), 1);
	CHECK_EQ(program_count(p, SOTTO_DEVICE, NULL), 2);
	CHECK_EQ(scene_alarms(p), 0);
}

/* ---- tests ---- */

/* Another device was first, once or twice: it is done all the same. */
TEST(who_comes_second_tries_again)
{
	for (size_t i = 0; i < DEEDS && deeds[i].is_change; i++) {
		begin(&deeds[i], 1 + i);
		CHECK_EQ(do_refused(&deeds[i], WIRE_ERROR_CONFLICT, 2),
		    SOTTO_OK);
		scene_end(&s);
	}
}

/* A server that always says so is not believed for ever. */
TEST(tries_end)
{
	for (size_t i = 0; i < DEEDS && deeds[i].is_change; i++) {
		begin(&deeds[i], 20 + i);
		CHECK(do_refused(&deeds[i], WIRE_ERROR_CONFLICT, 1000) !=
		    SOTTO_OK);
		CHECK(refusal.count <= 5);
		look();
		scene_end(&s);
	}
}

/* The store fails: nothing has changed, and the person is told. */
TEST(a_store_that_fails_is_told)
{
	for (size_t i = 0; i < DEEDS; i++) {
		int outcome;

		begin(&deeds[i], 40 + i);
		outcome = do_refused(&deeds[i], WIRE_ERROR_STORE, 1000);
		CHECK(outcome > SOTTO_OK);
		look();
		scene_end(&s);
	}
}

/* What is confirmed is written after all, or said not to be; and a host goes
 * on. */
TEST(pins_are_written_or_the_person_hears)
{
	static const struct deed confirm = { confirm_bob, true, false };
	static const struct {
		enum wire_error code;
		unsigned most;
		bool hosts;
	} cases[] = { { WIRE_ERROR_CONFLICT, 2, false },
		{ WIRE_ERROR_CONFLICT, 1000, false },
		{ WIRE_ERROR_STORE, 1000, false },
		{ WIRE_ERROR_STORE, 1000, true } };

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct world_event *bob;
		struct program *p;

		begin(&confirm, 80 + i);
		if (cases[i].hosts) {
			(void)client_host(s.alice->core);
			client_flush(s.alice->core);
			world_run(s.w, 3000);
		}
		refusal.code = cases[i].code;
		refusal.type = WIRE_CHANGE;
		refusal.most = cases[i].most;
		refusal.count = 0;
		s.m->on_heard = refuse;
		CHECK_EQ(scene_wait(s.alice, confirm_bob(s.alice->core)) ==
		    SOTTO_OK, i == 0);
		world_run(s.w, 10000);
		CHECK(refusal.count > 0);
		s.m->on_heard = NULL;
		CHECK_EQ(program_count(s.alice, SOTTO_NOTICE, NULL) > 0,
		    i > 0);
		if (cases[i].hosts)
			CHECK_EQ(scene_wait(s.alice,
			    client_list(s.alice->core)), SOTTO_OK);
		program_kill(s.alice);
		p = alice_at(s.alice->home, old_password);
		CHECK_EQ(scene_wait(p, client_list(p->core)), SOTTO_OK);
		bob = program_last(p, SOTTO_PERSON, "bob");
		CHECK(bob != NULL && (bob->event.person.pin ==
		    SOTTO_PIN_VERIFIED) == (i == 0));
		look();
		scene_end(&s);
	}
}

/* DONE is no answer to what asks for more; of what it is one, it is said to
 * have been done, and what the server does then is its own affair. */
TEST(done_is_no_answer_to_a_question)
{
	for (size_t i = 0; i < DEEDS; i++) {
		int outcome;

		if (deeds[i].is_change || deeds[i].start == go_away)
			continue;
		begin(&deeds[i], 60 + i);
		outcome = do_refused(&deeds[i], (enum wire_error)0, 1000);
		CHECK(outcome > SOTTO_OK);
		look();
		scene_end(&s);
	}
}

CHECK_MAIN(T(who_comes_second_tries_again), T(tries_end),
    T(a_store_that_fails_is_told), T(pins_are_written_or_the_person_hears),
    T(done_is_no_answer_to_a_question))
