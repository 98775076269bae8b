/* The server's process: its shell, with a store that takes its time. */
#include "sim/inside.h"

#include <stdlib.h>
#include <string.h>

/* Connections at once; the tables for more would be most of a start. */
#define CONNS_MAX 256

/* A request that the core waits for. It is passed on after a while; if the
 * process dies first, it is answered into the void so that the core can be
 * released. */
struct held_request {
	struct held_request *next;
	struct store_request *request;
	store_done_fn *done;
	void *ctx;
	struct server_node *node;
	bool is_submitted;
};

static struct server_node *
node_of(void *ctx)
{
	return ctx;
}

/* ---- the store ---- */

static void
unlink_held(struct held_request *held)
{
	struct held_request **at = &held->node->held;

	while (*at != held)
		at = &(*at)->next;
	*at = held->next;
	free(held);
}

static void
on_done(struct store_request *request, enum err err)
{
	struct held_request *held = request->ctx;
	store_done_fn *done = held->done;
	bool is_last = request->kind != STORE_ACCOUNT_LIST || err != ERR_OK ||
	    request->account.name[0] == '\0';

	request->ctx = held->ctx;
	request->done = done;
	world_note(held->node->world, "stored", err, BYTES_NONE);
	if (is_last)
		unlink_held(held);
	done(request, err);
	if (!is_last) {
		request->ctx = held;
		request->done = on_done;
	}
}

static void plan_poll(struct server_node *node);

static void
start_again(void *owner, uint64_t life, void *data)
{
	struct server_node *node = owner;

	(void)data;
	if (node->life == life)
		world_server_start(node->world);
}

/* As sottod does when it cannot write any more; whoever looks after it
 * starts it again. */
static void
end_by_itself(struct server_node *node)
{
	world_server_kill(node->world, false);
	world_plan(node->world, 1000, start_again, node, node->life, NULL);
}

/* A store without threads works while it is polled: as long as somebody
 * waits for it. */
static void
poll_store(void *owner, uint64_t life, void *data)
{
	struct server_node *node = owner;
	enum err err = ERR_OK;

	(void)data;
	if (node->life != life || node->core == NULL)
		return;
	node->is_poll_planned = false;
	disk_use(node->world->disk);
	(void)store_sqlite_poll(node->sqlite);
	if (disk_has_failed(node->world->disk)) {
		world_server_kill(node->world, true);
		return;
	}
	if (store_sqlite_is_broken(node->sqlite)) {
		end_by_itself(node);
		return;
	}
	server_flush(node->core);
	if (!server_is_ready(node->core, &err) && err != ERR_OK) {
		end_by_itself(node);
		return;
	}
	for (struct held_request *h = node->held; h != NULL; h = h->next)
		if (h->is_submitted)
			plan_poll(node);
}

static void
plan_poll(struct server_node *node)
{
	struct world *w = node->world;

	if (node->is_poll_planned)
		return;
	node->is_poll_planned = true;
	world_plan(w, node->slow_ms + (w->options.is_calm ? 1 :
	    rng_below(&w->chance, 12)), poll_store, node, node->life, NULL);
}

static void
on_wake(void *ctx)
{
	plan_poll(ctx);
}

static void
pass_on(void *owner, uint64_t life, void *data)
{
	struct server_node *node = owner;

	if (node->life != life)
		return;
	for (struct held_request *h = node->held; h != NULL; h = h->next) {
		if (h == data) {
			struct store *store = store_sqlite_store(node->sqlite);

			h->is_submitted = true;
			store->submit(store, h->request);
			plan_poll(node);
			return;
		}
	}
}

static void
submit(struct store *store, struct store_request *request)
{
	struct server_node *node = (struct server_node *)((uintptr_t)store -
	    offsetof(struct server_node, store));
	struct held_request *held = calloc(1, sizeof *held);

	if (held == NULL)
		abort();
	*held = (struct held_request){ node->held, request, request->done,
		request->ctx, node, false };
	node->held = held;
	request->done = on_done;
	request->ctx = held;
	world_plan(node->world, node->world->options.is_calm ? 0 :
	    rng_below(&node->world->chance, 4), pass_on, node, node->life,
	    held);
}

/* ---- effects ---- */

static void
on_send(void *ctx, void *shell_conn, const uint8_t *p, size_t n)
{
	if (!node_of(ctx)->is_dying)
		net_say(shell_conn, p, n);
}

static void
on_close(void *ctx, void *shell_conn, bool at_once)
{
	if (!node_of(ctx)->is_dying)
		net_end_close(shell_conn, at_once);
}

static void
on_pause(void *ctx, void *shell_conn, bool is_paused)
{
	if (!node_of(ctx)->is_dying)
		net_end_pause(shell_conn, is_paused);
}

static void
tick(void *owner, uint64_t life, void *data)
{
	struct server_node *node = owner;

	(void)data;
	if (node->life != life || node->core == NULL ||
	    node->deadline > node->world->now)
		return;
	node->deadline = UINT64_MAX;
	server_tick(node->core);
	server_flush(node->core);
}

static void
on_deadline(void *ctx, uint64_t at_ms)
{
	struct server_node *node = node_of(ctx);
	uint64_t now = node->world->now;

	node->deadline = at_ms;
	if (at_ms != UINT64_MAX && !node->is_dying)
		world_plan(node->world, at_ms > now ? at_ms - now : 0, tick,
		    node, node->life, NULL);
}

static void
hear_bus(void *owner, uint64_t life, void *data)
{
	struct server_node *node = owner;
	struct wr *message = data;

	if (node->life == life && node->core != NULL) {
		server_bus(node->core, wr_bytes(message));
		server_flush(node->core);
	}
	wr_free(message);
	free(message);
}

static void
on_bus(void *ctx, unsigned shard, struct bytes message)
{
	struct server_node *node = node_of(ctx);
	struct wr *copy = calloc(1, sizeof *copy);

	(void)shard;
	if (copy == NULL)
		abort();
	*copy = wr_new();
	wr_put(copy, message);
	world_plan(node->world, 0, hear_bus, node, node->life, copy);
}

static void
on_random(void *ctx, void *out, size_t n)
{
	rng_fill(&((struct world *)ctx)->random, out, n);
}

/* ---- life and death ---- */

void
world_server_start(struct world *w)
{
	struct server_node *node = &w->server;
	struct server_effects effects = { on_send, on_close, on_pause,
		on_deadline, on_bus, node };
	struct env env = { world_clock, world_wall, on_random, w };
	struct server_config config = server_config_default();
	struct store_sqlite_options store = { "server.db", DISK_VFS, false,
		on_wake, node };
	const char *why = "";
	enum err err;

	if (node->core != NULL)
		return;
	world_note(w, "server starts", 0, BYTES_NONE);
	disk_use(w->disk);
	node->world = w;
	node->life++;
	node->is_poll_planned = false;
	node->store.submit = submit;
	err = store_sqlite_open(&store, &node->sqlite, &why);
	if (err != ERR_OK) {
		if (disk_has_failed(w->disk))
			disk_power_cut(w->disk);
		else if (!disk_is_broken(w->disk) && err != ERR_NOMEM)
			abort();
		world_plan(w, 1000, start_again, node, node->life, NULL);
		return;
	}
	config.guard = w->options.guard;
	config.ksf_memory_kib = 64 * 1024;
	config.ksf_passes = 1;
	config.max_conns = CONNS_MAX;
	if (server_new(&config, &w->keys, &env, &effects, &node->store,
		&node->core) != ERR_OK) {
		store_sqlite_close(node->sqlite);
		node->sqlite = NULL;
		world_plan(w, 1000, start_again, node, node->life, NULL);
		return;
	}
	server_flush(node->core);
}

bool
world_server_is_up(const struct world *w)
{
	enum err err;

	return w->server.core != NULL && server_is_ready(w->server.core, &err);
}

void
world_server_kill(struct world *w, bool with_power)
{
	struct server_node *node = &w->server;

	if (node->core == NULL)
		return;
	world_note(w, "server dies", with_power, BYTES_NONE);
	node->is_dying = true;
	node->life++;
	disk_use(w->disk);
	disk_hold(w->disk, true);
	for (struct world_conn *c = w->conns; c != NULL; c = c->next)
		if (c->b.program == NULL)
			net_end_die(&c->b);
	store_sqlite_close(node->sqlite);
	node->sqlite = NULL;
	disk_hold(w->disk, false);
	while (node->held != NULL) {
		struct held_request *held = node->held;

		held->request->account = (struct store_account){ 0 };
		on_done(held->request, ERR_IO);
	}
	for (struct world_conn *c = w->conns; c != NULL; c = c->next) {
		if (c->b.core != NULL) {
			server_closed(node->core, c->b.core);
			c->b.core = NULL;
		}
	}
	server_free(node->core);
	node->core = NULL;
	node->is_dying = false;
	if (with_power)
		disk_power_cut(w->disk);
}

void
world_server_doom(struct world *w, uint32_t n)
{
	disk_fail_after(w->disk, n);
}

void
world_server_break(struct world *w, uint32_t n, enum disk_fault how)
{
	disk_break_after(w->disk, n, how);
}

void
world_server_room(struct world *w, size_t more)
{
	disk_set_room(w->disk, more == SIZE_MAX ? more :
	    disk_used(w->disk) + more);
}

void
world_server_slow(struct world *w, uint32_t ms)
{
	w->server.slow_ms = ms;
}

void
world_disk_keep(struct world *w)
{
	disk_free(w->kept);
	w->kept = disk_copy(w->disk);
}

void
world_disk_put_back(struct world *w)
{
	struct disk *copy;

	if (w->kept == NULL || w->server.core != NULL)
		return;
	copy = disk_copy(w->kept);
	disk_free(w->disk);
	w->disk = copy;
	disk_use(copy);
}

struct disk *
world_disk(struct world *w)
{
	return w->disk;
}

struct server *
world_server(struct world *w)
{
	return w->server.core;
}

/* ---- the operator ---- */

struct asked {
	bool is_done;
	enum err err;
};

static void
on_asked(void *ctx, enum err err)
{
	struct asked *asked = ctx;

	asked->is_done = true;
	asked->err = err;
}

/* An answer may come when nobody waits any more, and is not the next one's. */
static struct asked *
new_asked(void)
{
	static struct asked all[16];
	static size_t next;
	struct asked *asked = &all[next++ % 16];

	*asked = (struct asked){ 0 };
	return asked;
}

static bool
is_asked(void *ctx)
{
	return ((struct asked *)ctx)->is_done;
}

bool
world_invite(struct world *w, const char *name, char *text)
{
	struct asked *asked = new_asked();
	struct wire_link link = { .at = world_address() };

	if (!world_server_is_up(w) ||
	    wire_name_parse(&link.name, bytes_str(name)) != ERR_OK)
		return false;
	server_invite(w->server.core, &link.name,
	    world_wall(w) + WIRE_INVITE_S, link.code, on_asked, asked);
	server_public_key(w->server.core, link.server_key);
	if (!world_until(w, 10000, is_asked, asked) || asked->err != ERR_OK)
		return false;
	wire_link_print(text, &link);
	return true;
}

bool
world_user(struct world *w, enum server_user_op op, const char *name)
{
	struct asked *asked = new_asked();
	struct wire_name who;

	if (!world_server_is_up(w) ||
	    wire_name_parse(&who, bytes_str(name)) != ERR_OK)
		return false;
	server_user(w->server.core, op, &who, on_asked, asked);
	server_flush(w->server.core);
	return world_until(w, 10000, is_asked, asked) && asked->err == ERR_OK;
}
