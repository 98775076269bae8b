/*
 * A server whose memory, or libcrypto, gives out at one call: at every one in
 * turn, over the lives of two people. Whoever it hits is told so or loses the
 * connection; everybody else is served, nothing stays behind, and what was
 * confirmed is there.
 */
#include "world.h"

#include "server/core.h"
#include "support/fault.h"

#include <stdlib.h>
#include <string.h>

static struct world w;
static struct guy alice, bob, third, late;
static bool is_alice, is_bob; /* confirmed to be a member */
static const char *password;  /* of alice; NULL: either may be valid */

/* ---- whose calls count: the server's, and nobody else's ---- */

#define WRAP(name, params, args)                                              \
	void __real_##name params;                                            \
	void __wrap_##name params;                                            \
	void __wrap_##name params                                             \
	{                                                                     \
		fault_hold(false);                                            \
		__real_##name args;                                           \
		fault_hold(true);                                             \
	}

WRAP(server_bytes, (struct server *s, struct server_conn *c, struct bytes in),
    (s, c, in))
WRAP(server_sent, (struct server *s, struct server_conn *c, size_t n),
    (s, c, n))
WRAP(server_closed, (struct server *s, struct server_conn *c), (s, c))
WRAP(server_flush, (struct server *s), (s))
WRAP(server_tick, (struct server *s), (s))
WRAP(server_invite,
    (struct server *s, const struct wire_name *name, uint64_t expires_s,
	uint8_t code[WIRE_CODE_LEN], server_op_fn *done, void *ctx),
    (s, name, expires_s, code, done, ctx))
WRAP(server_user,
    (struct server *s, enum server_user_op op, const struct wire_name *name,
	server_op_fn *done, void *ctx),
    (s, op, name, done, ctx))

struct server_conn *__real_server_open(struct server *s, void *shell,
    const server_addr *from);
struct server_conn *__wrap_server_open(struct server *s, void *shell,
    const server_addr *from);
struct server_conn *
__wrap_server_open(struct server *s, void *shell, const server_addr *from)
{
	struct server_conn *c;

	fault_hold(false);
	c = __real_server_open(s, shell, from);
	fault_hold(true);
	return c;
}

/* The shell's own work, out of a call of the server. */
static struct server_effects effects;

static void
on_send(void *ctx, void *shell, const uint8_t *p, size_t n)
{
	fault_hold(true);
	effects.send(ctx, shell, p, n);
	fault_hold(false);
}

/* Completions of the store are calls of the server, too. */
#define WAITING 64

static struct store store, *shelf;
static struct {
	struct store_request *request;
	void (*done)(struct store_request *request, enum err err);
} waiting[WAITING];

static void
on_done(struct store_request *request, enum err err)
{
	size_t i = 0;

	while (waiting[i].request != request)
		i++;
	waiting[i].request = NULL;
	fault_hold(false);
	waiting[i].done(request, err);
	fault_hold(true);
}

static void
submit(struct store *s, struct store_request *request)
{
	size_t i = 0;

	(void)s;
	while (waiting[i].request != NULL)
		i++;
	waiting[i].request = request;
	waiting[i].done = request->done;
	request->done = on_done;
	shelf->submit(shelf, request);
}

static void
begin(void)
{
	world_init(&w);
	fault_hold(true);
	effects = w.effects;
	w.server->effects.send = on_send;
	shelf = w.server->store;
	store.submit = submit;
	w.server->store = &store;
	guy_init(&w, &alice, "alice", "correct horse");
	guy_init(&w, &bob, "bob", "correct horse");
	guy_init_device(&third, &alice);
	is_alice = is_bob = false;
	password = alice.password;
}

/* ---- two lives ---- */

static bool
may_speak(const struct guy *g)
{
	return g->conn != NULL && g->is_up && !g->is_closed;
}

static bool
say(struct guy *g, enum wire_type type, const void *message)
{
	if (may_speak(g))
		guy_say(g, type, message);
	return may_speak(g);
}

static bool
connect(struct guy *g)
{
	guy_forget(g);
	return guy_connect(g) && may_speak(g);
}

/* Settings, status, list, and what else a session asks. */
static void
ask_about(struct guy *g)
{
	uint8_t box[64] = { 1 };
	struct wire_LIST list = { .req = ++g->req };
	struct wire_PERSON_GET person = { .req = ++g->req,
		.name = alice.name };
	struct wire_STATUS_SET status = { .req = ++g->req,
		.status = WIRE_STATUS_AWAY };
	struct wire_SETTINGS_GET get = { .req = ++g->req };
	struct wire_CHANGE change = { .req = ++g->req,
		.parts = WIRE_PART_SETTINGS, .settings_version = 2,
		.settings_box = BYTES_OF(box) };

	(void)say(g, WIRE_LIST, &list);
	(void)say(g, WIRE_PERSON_GET, &person);
	(void)say(g, WIRE_CHANGE, &change);
	(void)say(g, WIRE_SETTINGS_GET, &get);
	(void)say(g, WIRE_STATUS_SET, &status);
}

/* alice wants bob, and they speak by way of the relay. */
static void
call(void)
{
	struct wire_WANT want = { .req = ++alice.req, .name = bob.name,
		.paths = WIRE_PATH_RELAY };
	struct wire_ANSWER answer = { .verdict = WIRE_VERDICT_ACCEPT,
		.paths = WIRE_PATH_RELAY };
	struct wire_INTRODUCTION asked;
	struct wire_INTRODUCED got;
	struct wire_STREAM_OPEN open;
	struct wire_STREAM_OPENED opened;
	struct wire_STREAM_DATA data;
	uint8_t text[2000] = { 7 };

	(void)say(&alice, WIRE_WANT, &want);
	if (!guy_take(&bob, WIRE_INTRODUCTION, &asked))
		return;
	memcpy(answer.id, asked.id, sizeof answer.id);
	(void)say(&bob, WIRE_ANSWER, &answer);
	if (!guy_take(&alice, WIRE_INTRODUCED, &got))
		return;
	memcpy(open.id, got.id, sizeof open.id);
	(void)say(&alice, WIRE_STREAM_OPEN, &open);
	if (!guy_take(&alice, WIRE_STREAM_OPENED, &opened))
		return;
	data = (struct wire_STREAM_DATA){ opened.stream, BYTES_OF(text) };
	(void)say(&alice, WIRE_STREAM_DATA, &data);
}

/* alice changes her password, from another machine. */
static void
change_password(void)
{
	struct opaque_binding binding = { .client_identity =
		wire_name_bytes(&alice.name) };
	struct wire_PASSWD_START start = { .req = ++third.req };
	struct opaque_registration state = { 0 };
	struct wire_REGISTER_REPLY reply;
	uint8_t blind[64] = { 1 }, nonce[32] = { 2 }, stretch[64];
	uint8_t export_key[64], record[192], box[64] = { 3 };
	struct wire_CHANGE m = { .parts = WIRE_PART_RECORD |
		WIRE_PART_IDENTITY, .ksf_passes = 3, .ksf_memory_kib = 64,
		.record = BYTES_OF(record), .identity_version = 2,
		.identity_box = BYTES_OF(box) };
	struct bytes new_password = BYTES_LIT("battery staple");
	struct wire_DONE done;

	CHECK_OK(opaque_client_register(&state, new_password, blind,
	    start.request));
	(void)say(&third, WIRE_PASSWD_START, &start);
	if (!guy_take(&third, WIRE_REGISTER_REPLY, &reply))
		return;
	CHECK_OK(opaque_client_register_unblind(&state, new_password,
	    reply.response, stretch));
	CHECK_OK(opaque_client_register_finish(&state, &binding, stretch,
	    nonce, record, export_key));
	m.req = ++third.req;
	password = NULL;
	(void)say(&third, WIRE_CHANGE, &m);
	if (guy_take(&third, WIRE_DONE, &done) && done.req == m.req)
		password = "battery staple";
}

static void
op_done(void *ctx, enum err err)
{
	*(enum err *)ctx = err;
}

static void
live(void)
{
	struct wire_LOGOUT logout = { .scope = WIRE_LOGOUT_DEVICE };
	enum err err = ERR_STATE;

	if (connect(&alice))
		is_alice = guy_register(&alice);
	if (connect(&bob))
		is_bob = guy_register(&bob);
	if (connect(&alice))
		(void)guy_login(&alice, WIRE_MODE_HOSTS);
	if (connect(&bob))
		(void)guy_login_device(&bob, WIRE_MODE_HOSTS);
	if (connect(&third) && guy_login(&third, 0) && may_speak(&third))
		(void)guy_add_device(&third);
	ask_about(&alice);
	call();
	if (may_speak(&third))
		change_password();
	(void)say(&bob, WIRE_LOGOUT, &logout);
	server_user(w.server, SERVER_USER_DISABLE, &bob.name, op_done, &err);
	world_pump(&w);
	server_user(w.server, SERVER_USER_ENABLE, &bob.name, op_done, &err);
	world_pump(&w);
	/* The operator reads that it failed, and does it again. */
	if (err != ERR_OK)
		is_bob = false;
	world_wait(&w, 40000);
}

/* ---- afterwards ---- */

/* The next process knows what was confirmed. */
static void
look(void)
{
	guy_init(&w, &late, "zoe", "correct horse");
	CHECK(connect(&late) && guy_register(&late));
	CHECK(connect(&late) && guy_login_device(&late, 0));
	guy_cut(&alice);
	guy_cut(&bob);
	guy_cut(&third);
	guy_cut(&late);
	world_wait(&w, 600000);
	CHECK(server_is_drained(w.server));
	world_restart(&w);
	if (is_bob)
		CHECK(connect(&bob) && guy_login(&bob, 0));
	if (is_alice && password != NULL)
		alice.password = password;
	if (is_alice) {
		bool is_in = connect(&alice) && guy_login(&alice, 0);

		if (!is_in && password == NULL) {
			alice.password = "battery staple";
			is_in = connect(&alice) && guy_login(&alice, 0);
		}
		CHECK(is_in);
	}
	world_free(&w);
}

TEST(memory_gives_out_at_every_call)
{
	unsigned faults = 0;
	bool has_come;

	do {
		begin();
		fault_at(faults + 1);
		live();
		has_come = fault_end();
		if (!has_come)
			CHECK(is_alice && is_bob && password != NULL);
		look();
		faults += has_come;
	} while (has_come);
	CHECK(faults > 200);
}

CHECK_MAIN(T(memory_gives_out_at_every_call))
