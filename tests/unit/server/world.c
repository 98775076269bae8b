#include "world.h"

#include "base/rd.h"
#include "crypto/crypto.h"
#include "crypto/sig.h"
#include "server/bus.h"
#include "support/named.h"

#include <stdlib.h>
#include <string.h>

/* ---- the world ---- */

static uint64_t
now_ms(void *ctx)
{
	return ((struct world *)ctx)->now_ms;
}

static uint64_t
wall_s(void *ctx)
{
	struct world *w = ctx;

	return 1900000000 + w->now_ms / 1000 + w->ahead_s;
}

static void
fill_random(void *ctx, void *out, size_t n)
{
	world_random(ctx, out, n);
}

void
world_random(struct world *w, void *out, size_t n)
{
	uint8_t *p = out;

	/* splitmix64: good enough for tests, and the same in every run. */
	for (size_t i = 0; i < n; i++) {
		uint64_t z = w->seed += 0x9e3779b97f4a7c15;

		z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
		z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
		p[i] = (uint8_t)(z ^ (z >> 31));
	}
}

static void
on_send(void *ctx, void *shell_conn, const uint8_t *p, size_t n)
{
	struct guy *g = shell_conn;

	(void)ctx;
	wr_put(&g->in, (struct bytes){ p, n });
	g->unsent += n;
	g->got += n;
	g->sends++;
}

static void
on_close(void *ctx, void *shell_conn, bool at_once)
{
	struct guy *g = shell_conn;

	(void)ctx;
	g->is_closed = true;
	g->is_cut = at_once;
}

static void
on_pause(void *ctx, void *shell_conn, bool is_paused)
{
	(void)ctx;
	((struct guy *)shell_conn)->is_paused = is_paused;
}

static void
on_deadline(void *ctx, uint64_t at_ms)
{
	((struct world *)ctx)->deadline_ms = at_ms;
}

static void
on_bus(void *ctx, unsigned shard, struct bytes message)
{
	struct world *w = ctx;

	CHECK(shard < w->config.shards);
	wr_vec32(&w->bus[shard], message);
}

/* Delivers what is on its way to a shard; returns whether anything was. */
static bool
deliver(struct world *w, unsigned shard)
{
	struct wr letters = w->bus[shard];
	struct rd r = rd_init(wr_bytes(&letters));
	bool was_any = r.n > 0;

	w->bus[shard] = wr_new();
	while (r.n > 0)
		server_bus(w->servers[shard], rd_vec32(&r, UINT32_MAX));
	CHECK_OK(rd_end(&r));
	wr_free(&letters);
	return was_any;
}

void
world_start(struct world *w)
{
	struct shelf *shelves[WORLD_SHARDS] = { &w->shelf, &w->other_shelf };
	enum err err;

	w->deadline_ms = UINT64_MAX;
	for (unsigned i = 0; i < w->config.shards; i++) {
		struct server_config config = w->config;

		config.shard = i;
		w->bus[i] = wr_new();
		CHECK_OK(server_new(&config, &w->keys, &w->env, &w->effects,
		    &shelves[i]->store, &w->servers[i]));
		CHECK(!server_is_ready(w->servers[i], &err));
	}
	w->server = w->servers[0];
}

struct server *
world_home(struct world *w, const struct wire_name *name)
{
	return w->servers[server_bus_home(w->server, name)];
}

void
world_restart(struct world *w)
{
	for (size_t i = 0; i < w->guys_n; i++) {
		w->guys[i]->conn = NULL;
		w->guys[i]->unsent = 0;
	}
	server_free(w->server);
	world_start(w);
	shelf_run(&w->shelf);
}

void
world_init_shards(struct world *w)
{
	struct server_config config = server_config_default();

	config.max_conns = 64;
	config.shards = 2;
	world_init_with(w, &config);
	shelf_run(&w->other_shelf);
}

void
world_init_with(struct world *w, const struct server_config *config)
{
	enum err err;

	CHECK_OK(crypto_init());
	memset(w, 0, sizeof *w);
	w->now_ms = 5000000;
	w->seed = 1;
	shelf_init(&w->shelf);
	shelf_init(&w->other_shelf);
	w->env = (struct env){ now_ms, wall_s, fill_random, w };
	w->effects = (struct server_effects){ on_send, on_close, on_pause,
		on_deadline, on_bus, w };
	w->config = *config;
	world_random(w, &w->keys, sizeof w->keys);
	w->keys.opaque_secret[31] &= 0x0f; /* below the group's order */
	world_start(w);
	shelf_run(&w->shelf);
	CHECK(server_is_ready(w->server, &err));
	server_public_key(w->server, w->server_key);
}

void
world_init(struct world *w)
{
	struct server_config config = server_config_default();

	config.max_conns = 64;
	world_init_with(w, &config);
}

void
world_free(struct world *w)
{
	for (size_t i = 0; i < w->guys_n; i++)
		guy_cut(w->guys[i]);
	w->shelf.is_slow = false;
	world_pump(w);
	for (unsigned i = 0; i < w->config.shards; i++) {
		CHECK(server_is_drained(w->servers[i]));
		server_free(w->servers[i]);
		wr_free(&w->bus[i]);
	}
	for (size_t i = 0; i < w->guys_n; i++)
		guy_free(w->guys[i]);
}

static uint32_t
any_cap(uint8_t type, void *ctx)
{
	const struct wire_kind *kind = wire_kind_of(type);

	(void)ctx;
	return kind == NULL ? UINT32_MAX : kind->cap;
}

static enum err
to_inbox(uint8_t type, struct bytes body, void *ctx)
{
	struct guy *g = ctx;
	struct letterbox *box = &g->inbox[g->inbox_n];

	CHECK(wire_kind_of(type)->from & WIRE_FROM_SERVER);
	if (g->inbox_n == WORLD_INBOX)
		return ERR_OK;
	g->inbox_n++;
	*box = (struct letterbox){ type, body.n, malloc(body.n + 1) };
	if (body.n != 0)
		memcpy(box->body, body.p, body.n);
	return ERR_OK;
}

static void
take_challenge(struct guy *g, struct bytes record)
{
	struct rd r = rd_init(record);

	(void)rd_u8(&r);
	rd_copy(&r, g->asked.challenge, sizeof g->asked.challenge);
	g->asked.effort = rd_u32(&r);
	(void)rd_view(&r, PACT_GUARD_MAC_LEN);
	CHECK_OK(rd_end(&r));
}

/* The server's first record. */
static void
finish_handshake(struct guy *g, struct bytes record)
{
	struct noise_split split;
	struct wr nothing = wr_init(NULL, 0);

	if (record.p[0] == PACT_GUARD_CHALLENGE) {
		take_challenge(g, record);
		return;
	}
	if (record.n != 1 + PACT_GUARD_MESSAGE2_LEN ||
	    record.p[0] != PACT_GUARD_MESSAGE2)
		return;
	record.p++;
	record.n--;
	CHECK_OK(noise_handshake_read(&g->hs, record, &nothing));
	CHECK_OK(noise_handshake_split(&g->hs, &split));
	g->channel = (struct pact_channel){ .out = split.send,
		.in = split.receive, .kind = PACT_CHANNEL_SERVER };
	memcpy(g->x, split.x, sizeof g->x);
	memcpy(g->h, split.h, sizeof g->h);
	g->is_up = true;
}

static bool
guy_read(struct guy *g)
{
	struct bytes in = wr_bytes(&g->in);
	size_t at = 0, took, len;
	bool too_big;

	for (;;) {
		took = pact_channel_cut((struct bytes){ in.p + at, in.n - at },
		    WIRE_RECORD_MAX - 2, &len, &too_big);
		if (took == 0)
			break;
		if (!g->is_up)
			finish_handshake(g,
			    (struct bytes){ in.p + at + 2, len });
		else
			CHECK_OK(pact_channel_open(&g->channel,
			    g->in.p + at + 2, len, any_cap, to_inbox, g));
		at += took;
	}
	if (at == 0)
		return false;
	memmove(g->in.p, g->in.p + at, g->in.n - at);
	g->in.n -= at;
	return true;
}

static bool
guy_step(struct guy *g)
{
	struct world *w = g->w;
	bool moved = g->is_deaf ? false : guy_read(g);

	if (g->conn != NULL && g->unsent > 0 && !g->is_deaf) {
		size_t n = g->unsent;

		g->unsent = 0;
		server_sent(w->servers[g->shard], g->conn, n);
		moved = true;
	}
	if (g->conn != NULL && g->is_closed) {
		struct server_conn *c = g->conn;

		g->conn = NULL;
		server_closed(w->servers[g->shard], c);
		moved = true;
	}
	return moved;
}

void
world_pump(struct world *w)
{
	bool moved = true;

	while (moved) {
		moved = shelf_run(&w->shelf);
		if (shelf_run(&w->other_shelf))
			moved = true;
		for (unsigned i = 0; i < w->config.shards; i++) {
			if (deliver(w, i))
				moved = true;
			server_flush(w->servers[i]);
		}
		for (size_t i = 0; i < w->guys_n; i++)
			if (guy_step(w->guys[i]))
				moved = true;
	}
}

void
world_wait(struct world *w, uint64_t ms)
{
	uint64_t until = w->now_ms + ms;

	while (w->deadline_ms <= until) {
		if (w->deadline_ms > w->now_ms)
			w->now_ms = w->deadline_ms;
		w->deadline_ms = UINT64_MAX;
		for (unsigned i = 0; i < w->config.shards; i++)
			server_tick(w->servers[i]);
		world_pump(w);
	}
	w->now_ms = until;
	world_pump(w);
}

/* ---- clients ---- */

void
guy_init(struct world *w, struct guy *g, const char *name,
    const char *password)
{
	memset(g, 0, sizeof *g);
	g->w = w;
	CHECK_OK(wire_name_parse(&g->name, bytes_str(name)));
	g->password = password;
	g->in = wr_new();
	g->from.ip[15] = 1;
	world_random(w, g->identity_seed, sizeof g->identity_seed);
	ed25519_public(g->identity_seed, g->identity);
	world_random(w, g->device_seed, sizeof g->device_seed);
	world_random(w, g->device, sizeof g->device);
	world_random(w, g->link_key, sizeof g->link_key);
	w->guys[w->guys_n++] = g;
}

void
guy_init_device(struct guy *other, const struct guy *g)
{
	guy_init(g->w, other, g->name.s, g->password);
	memcpy(other->identity_seed, g->identity_seed, 32);
	memcpy(other->identity, g->identity, 32);
	other->roster = g->roster;
	memcpy(other->roster_bytes, g->roster_bytes, g->roster_len);
	other->roster_len = g->roster_len;
}

void
guy_forget(struct guy *g)
{
	for (size_t i = 0; i < g->inbox_n; i++)
		free(g->inbox[i].body);
	g->inbox_n = 0;
}

void
guy_cut(struct guy *g)
{
	struct server_conn *c = g->conn;

	g->conn = NULL;
	g->unsent = 0;
	g->in.n = 0; /* unread, where it was deaf */
	if (c != NULL)
		server_closed(g->w->servers[g->shard], c);
	world_pump(g->w);
	pact_channel_wipe(&g->channel);
	g->is_up = false;
}

void
guy_free(struct guy *g)
{
	guy_forget(g);
	wr_free(&g->in);
}

static void
hand_over(struct guy *g, struct bytes b)
{
	while (b.n > 0 && g->conn != NULL && !g->is_closed) {
		size_t n = g->chunk == 0 || g->chunk > b.n ? b.n : g->chunk;
		uint8_t *copy = malloc(n);

		g->said += n;
		/* A block of its own, so that reading past it is seen. */
		memcpy(copy, b.p, n);
		server_bytes(g->w->servers[g->shard], g->conn,
		    (struct bytes){ copy, n });
		free(copy);
		b.p += n;
		b.n -= n;
	}
}

void
guy_new_message1(struct guy *g, uint8_t message1[PACT_GUARD_MESSAGE1_LEN])
{
	static struct noise_pattern pattern;
	struct noise_keys keys = { .rs = g->w->server_key };
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN];
	struct noise_random random;
	struct wr w = wr_init(message1, PACT_GUARD_MESSAGE1_LEN);

	CHECK_OK(noise_pattern_parse(&pattern, PACT_CHANNEL_PROTOCOL));
	pact_keys_channel_prologue(prologue);
	CHECK_OK(noise_handshake_init(&g->hs, &pattern, NOISE_INITIATOR,
	    BYTES_OF(prologue), &keys));
	world_random(g->w, &random, sizeof random);
	CHECK_OK(noise_handshake_write(&g->hs, &random, BYTES_NONE, &w));
}

bool
guy_present(struct guy *g, const struct pact_guard_first *first)
{
	uint8_t key[PACT_GUARD_KEY_LEN];
	struct wr record = wr_new();
	size_t mark;

	guy_cut(g);
	g->is_closed = g->is_cut = false;
	g->asked.effort = 0;
	pact_guard_key(g->w->server_key, key);
	mark = wr_begin(&record, 2);
	CHECK_OK(pact_guard_write_first(&record, key, first));
	wr_end(&record, mark, 2);
	if (g->flip != 0)
		record.p[(g->flip - 1) / 8] ^=
		    (uint8_t)(1 << (g->flip - 1) % 8);
	g->conn = server_open(g->w->servers[g->shard], g, &g->from);
	if (g->conn != NULL)
		hand_over(g, wr_bytes(&record));
	world_pump(g->w);
	wr_free(&record);
	return g->is_up;
}

bool
guy_connect(struct guy *g)
{
	uint8_t message1[PACT_GUARD_MESSAGE1_LEN];
	struct pact_guard_first first = { .kind = PACT_GUARD_PLAIN,
		.message1 = BYTES_OF(message1) };

	guy_new_message1(g, message1);
	return guy_present(g, &first);
}

void
guy_say_raw(struct guy *g, struct bytes encoded)
{
	struct wr out = wr_new();

	CHECK_OK(pact_channel_seal(&g->channel, encoded, false, &out));
	hand_over(g, wr_bytes(&out));
	wr_free(&out);
	world_pump(g->w);
}

void
guy_queue(struct guy *g, struct wr *w, enum wire_type type,
    const void *message)
{
	(void)g;
	CHECK_OK(wire_encode(w, type, message));
}

void
guy_say(struct guy *g, enum wire_type type, const void *message)
{
	struct wr w = wr_new();

	guy_queue(g, &w, type, message);
	guy_say_raw(g, wr_bytes(&w));
	wr_free(&w);
}

size_t
guy_blank(const struct guy *g, uint8_t type, uint8_t *out, size_t cap)
{
	union {
		uint8_t bytes[WIRE_STRUCT_MAX];
		max_align_t align;
	} m = { { 0 } };
	struct wr to = wr_init(out, cap);

	switch (type) {
#define NAMED(NAME)                                                           \
	case WIRE_##NAME:                                                     \
		((struct wire_##NAME *)(void *)&m)->name = g->name;        \
		break;
	WIRE_NAMED(NAMED)
	default:
		break;
	}
	CHECK_OK(wire_encode(&to, (enum wire_type)type, &m));
	return to.n;
}

bool
guy_take(struct guy *g, enum wire_type type, void *message)
{
	for (size_t i = 0; i < g->inbox_n; i++) {
		struct letterbox box = g->inbox[i];

		if (box.type != type)
			continue;
		CHECK_OK(wire_decode(type, (struct bytes){ box.body, box.n },
		    message));
		/* Moved behind the end: the views live on until forget. */
		memmove(&g->inbox[i], &g->inbox[i + 1],
		    (g->inbox_n - i - 1) * sizeof box);
		box.type = 0;
		g->inbox[g->inbox_n - 1] = box;
		return true;
	}
	return false;
}

enum wire_error
guy_take_error(struct guy *g)
{
	struct wire_ERROR m;

	return guy_take(g, WIRE_ERROR, &m) ? (enum wire_error)m.code :
	    (enum wire_error)0;
}

int
guy_take_close(struct guy *g)
{
	struct wire_CLOSE m;

	return guy_take(g, WIRE_CLOSE, &m) ? m.reason : -1;
}

/* ---- accounts ---- */

void
guy_sign_roster(struct guy *g)
{
	struct wr w = wr_init(g->roster_bytes, sizeof g->roster_bytes);

	if (g->roster_len != 0)
		pact_roster_hash((struct bytes){ g->roster_bytes,
		    g->roster_len }, g->roster.previous);
	g->roster.name = g->name;
	g->roster.version++;
	g->roster.time_s = wall_s(g->w);
	memcpy(g->roster.identity, g->identity, 32);
	CHECK_OK(pact_roster_write(&w, &g->roster, g->identity_seed));
	g->roster_len = w.n;
}

static void
add_entry(struct guy *g)
{
	struct pact_roster_entry *entry =
	    &g->roster.entries[g->roster.count++];

	*entry = (struct pact_roster_entry){ .label = "a machine",
		.added_s = wall_s(g->w), .expires_s = g->ephemeral_s == 0 ? 0 :
		wall_s(g->w) + g->ephemeral_s };
	memcpy(entry->id, g->device, sizeof entry->id);
	ed25519_public(g->device_seed, entry->device_key);
	memcpy(entry->link_key, g->link_key, sizeof entry->link_key);
	CHECK_OK(pact_roster_sign_entry(entry, &g->name, g->identity,
	    g->device_seed));
}

static void
invite_done(void *ctx, enum err err)
{
	*(enum err *)ctx = err;
}

static struct opaque_binding
binding_of(const struct guy *g, struct bytes context)
{
	return (struct opaque_binding){ .context = context,
		.client_identity = wire_name_bytes(&g->name) };
}

bool
guy_register(struct guy *g)
{
	struct wire_REGISTER_START start = { .req = ++g->req,
		.name = g->name };
	struct wire_REGISTER_FINISH finish = { .name = g->name,
		.ksf_passes = 3, .ksf_memory_kib = 64 };
	struct opaque_binding binding = binding_of(g, BYTES_NONE);
	struct opaque_registration state = { 0 };
	struct wire_REGISTER_REPLY reply;
	struct wire_DONE done;
	uint8_t blind[64], nonce[32], stretch[64], export_key[64];
	uint8_t box[100];
	enum err err = ERR_STATE;

	server_invite(world_home(g->w, &g->name), &g->name, wall_s(g->w) + 100,
	    start.code, invite_done, &err);
	world_pump(g->w);
	if (err != ERR_OK)
		return false;
	world_random(g->w, blind, sizeof blind);
	world_random(g->w, nonce, sizeof nonce);
	world_random(g->w, box, sizeof box);
	CHECK_OK(opaque_client_register(&state, bytes_str(g->password), blind,
	    start.request));
	guy_say(g, WIRE_REGISTER_START, &start);
	if (!guy_take(g, WIRE_REGISTER_REPLY, &reply))
		return false;
	CHECK_OK(opaque_client_register_unblind(&state,
	    bytes_str(g->password), reply.response, stretch));
	CHECK_OK(opaque_client_register_finish(&state, &binding, stretch,
	    nonce, finish.record, export_key));
	add_entry(g);
	guy_sign_roster(g);
	finish.req = ++g->req;
	memcpy(finish.code, start.code, sizeof finish.code);
	memcpy(finish.identity, g->identity, 32);
	finish.identity_box = finish.settings_box = BYTES_OF(box);
	finish.roster = (struct bytes){ g->roster_bytes, g->roster_len };
	guy_say(g, WIRE_REGISTER_FINISH, &finish);
	return guy_take(g, WIRE_DONE, &done) && done.req == g->req;
}

void
guy_login_start(struct guy *g, struct guy_login *login)
{
	struct wire_LOGIN_START start = { .req = ++g->req, .name = g->name };
	struct opaque_login_random random;
	struct pact_guard_puzzle puzzle;

	memset(login, 0, sizeof *login);
	world_random(g->w, &random, sizeof random);
	CHECK_OK(opaque_client_login(&login->state, bytes_str(g->password),
	    &random, start.ke1));
	start.effort = g->effort;
	pact_guard_login(&puzzle, BYTES_OF(g->h), wire_name_bytes(&g->name),
	    BYTES_OF(start.ke1), start.effort);
	if (start.effort != 0)
		CHECK(pact_guard_solve(&puzzle, &start.nonce, UINT32_MAX));
	guy_say(g, WIRE_LOGIN_START, &start);
}

void
guy_login_finish(struct guy *g, struct guy_login *login, uint8_t mode)
{
	struct wire_LOGIN_FINISH finish = { .req = ++g->req, .mode = mode };
	uint8_t context[PACT_LOGIN_CONTEXT_LEN], stretch[64];
	struct opaque_binding binding = binding_of(g, BYTES_OF(context));

	pact_keys_login_context(g->h, context);
	CHECK_OK(opaque_client_login_unblind(&login->state,
	    bytes_str(g->password), login->reply.ke2, stretch));
	login->is_right = opaque_client_login_finish(&login->state, &binding,
	    stretch, &login->result) == ERR_OK;
	memcpy(finish.ke3, login->result.ke3, sizeof finish.ke3);
	memcpy(finish.device, g->device, sizeof finish.device);
	CHECK_OK(pact_keys_session(BYTES_OF(g->x),
	    BYTES_OF(login->result.session_key), g->h, &g->name, g->device,
	    g->k));
	guy_say(g, WIRE_LOGIN_FINISH, &finish);
}

bool
guy_login(struct guy *g, uint8_t mode)
{
	struct guy_login login;
	struct wire_LOGIN_OK ok;

	guy_login_start(g, &login);
	if (!guy_take(g, WIRE_LOGIN_REPLY, &login.reply))
		return false;
	guy_login_finish(g, &login, mode);
	return login.is_right && guy_take(g, WIRE_LOGIN_OK, &ok);
}

bool
guy_login_device(struct guy *g, uint8_t mode)
{
	struct wire_DEVICE_LOGIN m = { .req = ++g->req, .name = g->name,
		.mode = mode };
	struct wire_LOGIN_OK ok;
	struct wr w = wr_new();

	memcpy(m.device, g->device, sizeof m.device);
	pact_keys_device_login(&w, g->h, &g->name, g->device);
	ed25519_sign(g->device_seed, wr_bytes(&w), m.signature);
	wr_free(&w);
	CHECK_OK(pact_keys_session(BYTES_OF(g->x), BYTES_NONE, g->h, &g->name,
	    g->device, g->k));
	guy_say(g, WIRE_DEVICE_LOGIN, &m);
	return guy_take(g, WIRE_LOGIN_OK, &ok);
}

bool
guy_add_device(struct guy *g)
{
	struct wire_CHANGE m = { .req = ++g->req, .parts = WIRE_PART_ROSTER };
	struct wire_DONE done;

	add_entry(g);
	guy_sign_roster(g);
	m.roster = (struct bytes){ g->roster_bytes, g->roster_len };
	guy_say(g, WIRE_CHANGE, &m);
	return guy_take(g, WIRE_DONE, &done);
}

bool
guy_join(struct world *w, struct guy *g, const char *name)
{
	guy_init(w, g, name, "correct horse");
	return guy_connect(g) && guy_register(g) && guy_connect(g) &&
	    guy_login_device(g, WIRE_MODE_HOSTS);
}
