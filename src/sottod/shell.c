#include "sottod/shell.h"

#include "crypto/crypto.h"
#include "sottod/keys.h"
#include "sottod/notify.h"

#include <errno.h>
#include <malloc.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#define DRAIN_MS   10000
#define REST_MS    20000
#define FD_RESERVE 64 /* for the database, logs, control, keys */
#define FIRST_FD   3  /* of sd_listen_fds(3) */

/* One connection. There are thousands. */
struct shell_conn {
	struct shell *shell;
	struct net_stream *stream;
	struct server_conn *core;
};

/* ---- the env ---- */

static uint64_t
now_ms(void *ctx)
{
	return net_now_ms(ctx);
}

static uint64_t
wall_s(void *ctx)
{
	(void)ctx;
	return (uint64_t)time(NULL);
}

/* ---- deadlines: one of the loop for those of the shell ---- */

static void on_deadline(void *ctx);

static void
arm(struct shell *sh)
{
	uint64_t first = sh->core_ms;

	if (sh->drain_ms < first)
		first = sh->drain_ms;
	if (sh->watchdog_ms < first)
		first = sh->watchdog_ms;
	if (sh->rest_ms < first)
		first = sh->rest_ms;
	if (first == sh->deadline_ms)
		return;
	sh->deadline_ms = first;
	net_deadline(sh->net, first, on_deadline, sh);
}

static void
on_deadline(void *ctx)
{
	struct shell *sh = ctx;
	uint64_t now = net_now_ms(sh->net);

	sh->deadline_ms = UINT64_MAX;
	if (sh->drain_ms <= now) {
		sh->drain_ms = UINT64_MAX;
		net_stop(sh->net);
	}
	if (sh->watchdog_ms <= now) {
		sh->watchdog_ms = now + sh->watchdog_every_ms;
		notify_watchdog();
	}
	if (sh->rest_ms <= now) {
		sh->rest_ms = UINT64_MAX;
		server_rest(sh->core);
		(void)malloc_trim(0);
	}
	if (sh->core_ms <= now) {
		sh->core_ms = UINT64_MAX;
		server_tick(sh->core);
	}
	arm(sh);
}

/* There is something to do, so there may be something to give back later. */
static void
stir(struct shell *sh)
{
	if (sh->rest_ms != UINT64_MAX)
		return;
	sh->rest_ms = net_now_ms(sh->net) + REST_MS;
	arm(sh);
}

/* ---- what the core wants done ---- */

static void
effect_send(void *ctx, void *conn, const uint8_t *p, size_t n)
{
	(void)ctx;
	net_send(((struct shell_conn *)conn)->stream, p, n);
}

static void
effect_close(void *ctx, void *conn, bool at_once)
{
	(void)ctx;
	net_close(((struct shell_conn *)conn)->stream, at_once);
}

static void
effect_pause(void *ctx, void *conn, bool is_paused)
{
	(void)ctx;
	net_pause(((struct shell_conn *)conn)->stream, is_paused);
}

static void
effect_deadline(void *ctx, uint64_t at_ms)
{
	struct shell *sh = ctx;

	sh->core_ms = at_ms;
	arm(sh);
}

/* There is one shard, and what it says to itself stays in the core. */
static void
effect_bus(void *ctx, unsigned shard, struct bytes message)
{
	(void)ctx;
	(void)message;
	log_say(LOG_ERROR, "a message for shard %u, which is not there",
	    shard);
}

/* ---- what happens ---- */

static void
on_bytes(void *ctx, const uint8_t *p, size_t n)
{
	struct shell_conn *conn = ctx;

	stir(conn->shell);
	server_bytes(conn->shell->core, conn->core, (struct bytes){ p, n });
}

static void
on_sent(void *ctx, size_t n)
{
	struct shell_conn *conn = ctx;

	server_sent(conn->shell->core, conn->core, n);
}

static void
on_closed(void *ctx, enum err err)
{
	struct shell_conn *conn = ctx;

	(void)err;
	if (conn->core != NULL)
		server_closed(conn->shell->core, conn->core);
	free(conn);
}

static const struct net_stream_events stream_events = { on_bytes, on_sent,
	on_closed };

static void
on_accept(void *ctx, struct net_stream *st)
{
	struct shell *sh = ctx;
	struct shell_conn *conn = calloc(1, sizeof *conn);
	struct net_addr from;
	server_addr at = { 0 };

	if (conn == NULL) {
		net_close(st, true);
		return;
	}
	stir(sh);
	conn->shell = sh;
	conn->stream = st;
	net_peer(st, &from);
	memcpy(at.ip, from.ip, sizeof at.ip);
	at.port = from.port;
	net_stream_use(st, &stream_events, conn);
	conn->core = server_open(sh->core, conn, &at);
	if (conn->core == NULL)
		net_close(st, true);
}

static void
on_wake(void *ctx)
{
	struct shell *sh = ctx;

	(void)store_sqlite_poll(sh->store);
	if (sh->is_full != store_sqlite_is_full(sh->store)) {
		sh->is_full = !sh->is_full;
		log_say(LOG_ERROR, sh->is_full ?
			"the disk is full: nothing can be written" :
			"there is room on the disk again");
	}
	/* Nothing more can be promised; a restart finds what is true. */
	if (!sh->is_broken && store_sqlite_is_broken(sh->store)) {
		sh->is_broken = true;
		log_say(LOG_ERROR, "the database cannot be written; stopping");
		net_stop(sh->net);
	}
}

static void
wake(void *ctx)
{
	struct shell *sh = ctx;

	net_wake(sh->net);
}

static void
on_round(void *ctx)
{
	struct shell *sh = ctx;

	if (sh->core == NULL)
		return;
	server_flush(sh->core);
	if (sh->is_draining && server_is_drained(sh->core))
		net_stop(sh->net);
}

/* ---- opening ---- */

/* What is there, and whether that will do. */
static int
find_keys(const struct dir *dir, struct server_keys *keys, bool may_make,
    struct trouble *t)
{
	bool has_keys = dir_has(dir, "keys"), has_db = dir_has_database(dir);
	int code = 0;

	if (!has_keys && has_db)
		return trouble_set(t, EX_CONFIG, "keys",
		    "put keys/ back, from a backup made with --keys; without "
		    "them nobody can log in",
		    "%s has a database, but no keys", dir->path);
	if (!has_keys && !may_make)
		return trouble_set(t, EX_UNAVAILABLE, "data folder",
		    "start a server with it first, or name another one with "
		    "--data", "%s is empty", dir->path);
	if (!has_keys)
		code = keys_make(dir, t);
	if (code == 0)
		code = keys_read(dir, keys, t);
	if (code == 0 && has_keys && !has_db && !may_make)
		return trouble_set(t, EX_UNAVAILABLE, "data folder",
		    "sottod restore FILE brings the accounts back; sottod "
		    "serve begins without any",
		    "%s has keys, but no database", dir->path);
	if (code == 0 && has_keys && !has_db)
		log_say(LOG_WARN, "%s has keys, but no database: beginning "
		    "without accounts", dir->path);
	return code;
}

static int
open_store(struct shell *sh, struct trouble *t)
{
	struct store_sqlite_options options = { .path = sh->db_path,
		.is_threaded = true, .wake = wake, .ctx = sh };
	const char *why;
	enum err err;

	dir_path(sh->db_path, sh->dir, "sotto.db");
	err = store_sqlite_open(&options, &sh->store, &why);
	if (err == ERR_OK)
		return 0;
	return trouble_set(t, err == ERR_VERSION ? EX_CONFIG : EX_UNAVAILABLE,
	    "database", err == ERR_VERSION ?
	    "use that version of sottod, or a backup made before it" :
	    "sottod check says more", "%s: %s", sh->db_path, why);
}

static int
make_core(struct shell *sh, const struct server_keys *keys, struct trouble *t)
{
	struct server_effects effects = { .send = effect_send,
		.close = effect_close, .pause = effect_pause,
		.deadline = effect_deadline, .bus = effect_bus, .ctx = sh };
	enum err err = server_new(&sh->config.server, keys, &sh->env,
	    &effects, store_sqlite_store(sh->store), &sh->core);

	if (err == ERR_OK) {
		server_public_key(sh->core, sh->public_key);
		while (!server_is_ready(sh->core, &err) && err == ERR_OK)
			net_step(sh->net, -1);
	}
	if (err == ERR_OK)
		return 0;
	return trouble_set(t, EXIT_FAILURE, "server", "sottod check says more",
	    "the accounts cannot be read: %s", err_text(err));
}

int
shell_open(struct shell *sh, const struct dir *dir,
    const struct config *config, bool may_make, struct trouble *t)
{
	struct {
		struct server_keys keys;
	} s;
	int code;

	*sh = (struct shell){ .dir = dir, .config = *config,
		.core_ms = UINT64_MAX, .drain_ms = UINT64_MAX,
		.watchdog_ms = UINT64_MAX, .rest_ms = UINT64_MAX,
		.deadline_ms = UINT64_MAX };
	if (net_new(&sh->net) != ERR_OK)
		return trouble_set(t, EXIT_FAILURE, "server",
		    "free some memory and descriptors", "no event loop");
	sh->start_ms = net_now_ms(sh->net);
	sh->env = (struct env){ .now_ms = now_ms, .wall_s = wall_s,
		.random = crypto_system_random, .ctx = sh->net };
	net_on_wake(sh->net, on_wake, sh);
	net_on_round(sh->net, on_round, sh);
	code = find_keys(dir, &s.keys, may_make, t);
	if (code == 0)
		code = open_store(sh, t);
	if (code == 0)
		code = make_core(sh, &s.keys, t);
	bytes_wipe(&s, sizeof s);
	if (code != 0)
		shell_close(sh);
	return code;
}

void
shell_close(struct shell *sh)
{
	/* What others still do for us, then the streams, whose ends the core
	 * hears of, then what the core waits for at the store; the loop last,
	 * since the store's threads wake it: it must not tell us. */
	while (sh->jobs > 0)
		net_step(sh->net, -1);
	if (sh->net != NULL)
		net_close_all(sh->net);
	if (sh->store != NULL)
		store_sqlite_drain(sh->store);
	if (sh->net != NULL)
		net_silence(sh->net);
	server_free(sh->core);
	store_sqlite_close(sh->store);
	net_free(sh->net);
	*sh = (struct shell){ 0 };
}

/* ---- listening ---- */

static int
listen_inherited(struct shell *sh, int count, struct trouble *t)
{
	for (int i = 0; i < count && sh->n_listeners < CONFIG_LISTEN_MAX;
	     i++) {
		if (net_listen_fd(sh->net, FIRST_FD + i, on_accept, sh,
		    &sh->listeners[sh->n_listeners],
		    &sh->bound[sh->n_listeners]) != ERR_OK)
			return trouble_set(t, EX_UNAVAILABLE, "listening",
			    "hand over TCP sockets only",
			    "inherited descriptor %d is no TCP socket",
			    FIRST_FD + i);
		sh->n_listeners++;
	}
	return 0;
}

/* Resolves a name, of this machine, to listen on. */
static enum err
listen_address(const struct wire_address *at, struct net_addr *addr)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_PASSIVE }, *list = NULL;
	char number[NI_MAXHOST];
	enum err err = net_addr_parse(addr, at->host, at->port);

	if (err == ERR_OK)
		return err;
	if (getaddrinfo(at->host, NULL, &hints, &list) == 0 && list != NULL &&
	    getnameinfo(list->ai_addr, list->ai_addrlen, number,
	    sizeof number, NULL, 0, NI_NUMERICHOST) == 0)
		err = net_addr_parse(addr, number, at->port);
	if (list != NULL)
		freeaddrinfo(list);
	return err;
}

void
shell_resolve(struct config *config)
{
	char number[56];
	struct net_addr addr;

	for (unsigned i = 0; i < config->n_listen; i++) {
		struct wire_address *at = &config->listen[i];

		if (listen_address(at, &addr) == ERR_OK) {
			net_addr_print(number, &addr);
			(void)!wire_address_parse(at, bytes_str(number),
			    true);
		}
	}
}

/* The core decides who goes when there is no room; so it knows how much room
 * there is. */
static void
configure_core(struct shell *sh)
{
	struct server_config config = sh->config.server;

	if (sh->fds != 0 && sh->fds < config.max_conns)
		config.max_conns = (uint32_t)sh->fds;
	server_configure(sh->core, &config);
}

int
shell_listen(struct shell *sh, struct trouble *t)
{
	int inherited = notify_sockets();
	char text[WIRE_ADDRESS_TEXT_MAX];
	struct net_addr addr;
	struct rlimit fds;

	if (getrlimit(RLIMIT_NOFILE, &fds) == 0) {
		fds.rlim_cur = fds.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &fds);
	}
	if (getrlimit(RLIMIT_NOFILE, &fds) == 0 && fds.rlim_cur > FD_RESERVE) {
		sh->fds = fds.rlim_cur - FD_RESERVE;
		net_reserve(sh->net, sh->fds);
		configure_core(sh);
	}
	sh->watchdog_every_ms = notify_watchdog_ms();
	if (sh->watchdog_every_ms != 0) {
		sh->watchdog_ms = net_now_ms(sh->net) + sh->watchdog_every_ms;
		arm(sh);
	}
	if (inherited > 0)
		return listen_inherited(sh, inherited, t);
	for (unsigned i = 0; i < sh->config.n_listen; i++) {
		wire_address_print(text, &sh->config.listen[i]);
		if (listen_address(&sh->config.listen[i], &addr) != ERR_OK)
			return trouble_set(t, EX_UNAVAILABLE, "listening",
			    "name an address of this machine with --listen",
			    "%s is no address of this machine", text);
		if (net_listen(sh->net, &addr, on_accept, sh,
		    &sh->listeners[i], &sh->bound[i]) != ERR_OK)
			return trouble_set(t, EX_UNAVAILABLE, "listening",
			    "stop what listens there, or name another port "
			    "with --listen", "%s: %s", text,
			    net_why(sh->net));
		sh->n_listeners++;
	}
	return 0;
}

/* ---- running ---- */

void
shell_run(struct shell *sh)
{
	net_run(sh->net);
}

void
shell_drain(struct shell *sh)
{
	sh->is_draining = true;
	for (unsigned i = 0; i < sh->n_listeners; i++)
		net_listener_close(sh->listeners[i]);
	sh->n_listeners = 0;
	server_drain(sh->core);
	sh->drain_ms = net_now_ms(sh->net) + DRAIN_MS;
	arm(sh);
}

void
shell_configure(struct shell *sh, const struct config *config)
{
	sh->config.public = config->public;
	sh->config.log = config->log;
	sh->config.server = config->server;
	configure_core(sh);
}

/* ---- where people reach us ---- */

/* How far an address reaches: 2 everywhere, 1 a private network, 0 less. */
static int
reach(const struct net_addr *addr)
{
	const uint8_t *ip = addr->ip, *v4 = ip + 12;
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (memcmp(ip, mapped, sizeof mapped) == 0) {
		if (v4[0] == 127 || v4[0] == 0 ||
		    (v4[0] == 169 && v4[1] == 254))
			return 0;
		return v4[0] == 10 || (v4[0] == 192 && v4[1] == 168) ||
		    (v4[0] == 172 && (v4[1] & 0xf0) == 16) ||
		    (v4[0] == 100 && (v4[1] & 0xc0) == 64) ? 1 : 2;
	}
	if ((ip[0] & 0xe0) == 0x20)
		return 2;
	return (ip[0] & 0xfe) == 0xfc ? 1 : 0;
}

static void
set_number(struct wire_address *at, const struct net_addr *addr)
{
	char text[56];

	net_addr_print(text, addr);
	if (wire_address_parse(at, bytes_str(text), true) != ERR_OK)
		*at = (struct wire_address){ .port = addr->port };
}

static bool
is_any(const struct net_addr *addr)
{
	static const uint8_t any[16], any_v4[16] = { [10] = 0xff,
		[11] = 0xff };

	return memcmp(addr->ip, any, 16) == 0 ||
	    memcmp(addr->ip, any_v4, 16) == 0;
}

/* A full host name, else the address that reaches farthest. */
static void
name_machine(struct wire_address *at, uint16_t port)
{
	struct net_addr local[32], best;
	size_t n = net_addr_local(local, 32);
	char host[256] = "";
	int best_reach = 0;

	if (gethostname(host, sizeof host - 1) == 0 &&
	    strchr(host, '.') != NULL && strlen(host) <= WIRE_HOST_MAX) {
		*at = (struct wire_address){ .port = port };
		(void)strcpy(at->host, host);
		return;
	}
	(void)!net_addr_parse(&best, "127.0.0.1", port);
	for (size_t i = 0; i < n; i++) {
		if (reach(&local[i]) <= best_reach)
			continue;
		best_reach = reach(&local[i]);
		best = local[i];
	}
	best.port = port;
	set_number(at, &best);
}

void
shell_public(const struct shell *sh, const char *given,
    struct wire_address *at)
{
	struct net_addr addr = { .port = WIRE_PORT };

	if (given != NULL &&
	    wire_address_parse(at, bytes_str(given), false) == ERR_OK)
		return;
	if (sh->config.public.host[0] != '\0') {
		*at = sh->config.public;
		return;
	}
	if (sh->n_listeners > 0)
		addr = sh->bound[0];
	else if (sh->config.n_listen > 0 &&
	    listen_address(&sh->config.listen[0], &addr) != ERR_OK)
		addr = (struct net_addr){ .port = WIRE_PORT };
	if (addr.port == 0)
		addr.port = WIRE_PORT;
	if (is_any(&addr))
		name_machine(at, addr.port);
	else
		set_number(at, &addr);
}

/* ---- snapshots ---- */

struct snapshot {
	struct shell *shell;
	char path[DIR_PATH_MAX];
	enum err err;
	void (*done)(void *ctx, enum err err);
	void *ctx;
};

static void
snapshot_work(void *ctx)
{
	struct snapshot *snap = ctx;

	snap->err = store_sqlite_backup(snap->shell->store, snap->path);
}

static void
snapshot_done(void *ctx)
{
	struct snapshot *snap = ctx;

	snap->shell->jobs--;
	snap->done(snap->ctx, snap->err);
	free(snap);
}

void
shell_snapshot(struct shell *sh, const char *path,
    void (*done)(void *ctx, enum err err), void *ctx)
{
	struct snapshot *snap = calloc(1, sizeof *snap);

	if (snap == NULL) {
		done(ctx, ERR_NOMEM);
		return;
	}
	snap->shell = sh;
	(void)snprintf(snap->path, sizeof snap->path, "%s", path);
	snap->done = done;
	snap->ctx = ctx;
	if (net_job(sh->net, snapshot_work, snapshot_done, snap) != ERR_OK) {
		free(snap);
		done(ctx, ERR_NOMEM);
		return;
	}
	sh->jobs++;
}
