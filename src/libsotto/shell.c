#include "libsotto/shell.h"

#include "crypto/crypto.h"
#include "pact/guard.h"
#include "text/text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- the world, as the core sees it ---- */

static uint64_t
env_now_ms(void *ctx)
{
	const struct shell *sh = ctx;

	return sh->net == NULL ? 0 : net_now_ms(sh->net);
}

static uint64_t
wall_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t
env_wall_s(void *ctx)
{
	(void)ctx;
	return (uint64_t)time(NULL);
}

static struct wire_endpoint
endpoint_of(const struct net_addr *addr)
{
	struct wire_endpoint at = { .port = addr->port };

	memcpy(at.ip, addr->ip, sizeof at.ip);
	return at;
}

/* ---- links ---- */

static struct shell_link *
link_find(struct shell *sh, client_link id)
{
	if (sh->net == NULL)
		return NULL;
	for (size_t i = 0; i < SHELL_LINKS_MAX; i++)
		if (sh->links[i].id == id)
			return &sh->links[i];
	return NULL;
}

static struct shell_link *
link_new(struct shell *sh, client_link id)
{
	struct shell_link *l = link_find(sh, 0);

	if (l != NULL)
		*l = (struct shell_link){ .shell = sh, .id = id };
	return l;
}

static void
on_bytes(void *ctx, const uint8_t *p, size_t n)
{
	const struct shell_link *l = ctx;

	if (!l->shell->is_ending)
		client_bytes(l->shell->core, l->id, (struct bytes){ p, n });
}

static void
on_sent(void *ctx, size_t n)
{
	const struct shell_link *l = ctx;

	if (!l->shell->is_ending)
		client_sent(l->shell->core, l->id, n);
}

/* The link's place is free before the core hears of it, and may then be
 * taken by what the core does about it. */
static void
link_over(struct shell_link *l, enum err err)
{
	struct shell *sh = l->shell;
	client_link id = l->id;

	memset(l, 0, sizeof *l);
	if (!sh->is_ending)
		client_closed(sh->core, id, err);
}

static void
on_closed(void *ctx, enum err err)
{
	link_over(ctx, err);
}

static const struct net_stream_events stream_events = {
	.bytes = on_bytes,
	.sent = on_sent,
	.closed = on_closed,
};

static void
link_use(struct shell_link *l, struct net_stream *st)
{
	l->stream = st;
	net_stream_use(st, &stream_events, l);
}

static void
on_connected(void *ctx, struct net_stream *st, enum err err)
{
	struct shell_link *l = ctx;
	struct net_addr local, peer;
	struct wire_endpoint from, to;

	l->attempt = NULL;
	if (st == NULL) {
		link_over(l, err);
		return;
	}
	link_use(l, st);
	net_local(st, &local);
	net_peer(st, &peer);
	from = endpoint_of(&local);
	to = endpoint_of(&peer);
	if (l->is_server) {
		l->shell->to_server = local;
		l->shell->has_address_news = true;
	}
	if (!l->shell->is_ending)
		client_connected(l->shell->core, l->id, &from, &to);
}

/* What could not even begin is told at the end of the round. */
static void
link_fail(struct shell_link *l, enum err err)
{
	l->failed = err;
	net_wake(l->shell->net);
}

static void
do_connect(void *ctx, client_link id, const struct wire_address *at)
{
	struct shell *sh = ctx;
	struct shell_link *l = link_new(sh, id);
	enum err err;

	if (l == NULL)
		return;
	l->is_server = true;
	err = net_connect(sh->net, at->host, at->port, on_connected, l,
	    &l->attempt);
	if (err != ERR_OK)
		link_fail(l, err);
}

static void
do_connect_endpoint(void *ctx, client_link id, const struct wire_endpoint *at)
{
	struct shell *sh = ctx;
	struct shell_link *l = link_new(sh, id);
	struct net_addr addr = { .port = at->port };
	enum err err;

	if (l == NULL)
		return;
	memcpy(addr.ip, at->ip, sizeof addr.ip);
	err = net_connect_addr(sh->net, &addr, on_connected, l, &l->attempt);
	if (err != ERR_OK)
		link_fail(l, err);
}

static void
do_send(void *ctx, client_link id, const uint8_t *p, size_t n)
{
	const struct shell_link *l = link_find(ctx, id);

	if (l != NULL && l->stream != NULL)
		net_send(l->stream, p, n);
}

static void
do_close(void *ctx, client_link id, bool at_once)
{
	struct shell_link *l = link_find(ctx, id);

	if (l == NULL)
		return;
	if (l->stream != NULL) {
		net_close(l->stream, at_once);
		return;
	}
	if (l->attempt != NULL)
		net_cancel(l->attempt);
	memset(l, 0, sizeof *l);
}

/* ---- direct lines ---- */

static void
on_accepted(void *ctx, struct net_stream *st)
{
	struct shell *sh = ctx;
	struct net_addr addr;
	struct wire_endpoint peer;
	struct shell_link *l;
	client_link id;

	net_peer(st, &addr);
	peer = endpoint_of(&addr);
	l = sh->is_ending ? NULL : link_find(sh, 0);
	id = l == NULL ? 0 : client_accepted(sh->core, &peer);
	if (id == 0) {
		net_close(st, true);
		return;
	}
	*l = (struct shell_link){ .shell = sh, .id = id };
	link_use(l, st);
}

static void
do_listen(void *ctx, bool is_on)
{
	struct shell *sh = ctx;

	if (sh->net == NULL)
		return;
	sh->wants_listener = is_on;
	sh->has_listen_news = true;
	net_wake(sh->net);
}

static bool
is_v4(const struct net_addr *addr)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(addr->ip, mapped, sizeof mapped) == 0;
}

static bool
is_any(const struct net_addr *addr)
{
	static const uint8_t zeros[16];
	size_t from = is_v4(addr) ? 12 : 0;

	return memcmp(addr->ip + from, zeros, 16 - from) == 0;
}

/* Where others can reach the listener. */
static size_t
endpoints_of(const struct shell *sh,
    struct wire_endpoint out[SHELL_ENDPOINTS_MAX])
{
	struct net_addr at[SHELL_ENDPOINTS_MAX];
	size_t n = 0, kept = 0;

	if (!is_any(&sh->bound)) {
		out[0] = endpoint_of(&sh->bound);
		return 1;
	}
	if (!is_any(&sh->to_server))
		at[n++] = sh->to_server;
	n += net_addr_local(at + n, SHELL_ENDPOINTS_MAX - n);
	for (size_t i = 0; i < n; i++) {
		bool is_again = i > 0 && !is_any(&sh->to_server) &&
		    memcmp(at[i].ip, at[0].ip, sizeof at[i].ip) == 0;

		if (is_again || (is_v4(&sh->bound) && !is_v4(&at[i])))
			continue;
		out[kept] = endpoint_of(&at[i]);
		out[kept++].port = sh->bound.port;
	}
	return kept;
}

/* Starts or stops accepting, if that is new, and tells where. */
static void
settle_listener(struct shell *sh)
{
	struct wire_endpoint at[SHELL_ENDPOINTS_MAX];

	if (sh->has_listen_news) {
		if (sh->listener != NULL)
			net_listener_close(sh->listener);
		sh->listener = NULL;
		if (sh->wants_listener &&
		    net_listen(sh->net, &sh->listen_at, on_accepted, sh,
		        &sh->listener, &sh->bound) != ERR_OK)
			sh->listener = NULL;
	}
	if (sh->has_listen_news || sh->listener != NULL)
		client_listening(sh->core, at,
		    sh->listener == NULL ? 0 : endpoints_of(sh, at));
	sh->has_listen_news = false;
	sh->has_address_news = false;
}

/* ---- time, jobs, files ---- */

static void
on_deadline(void *ctx)
{
	const struct shell *sh = ctx;

	if (!sh->is_ending)
		client_tick(sh->core);
}

static void
do_deadline(void *ctx, uint64_t at_ms)
{
	struct shell *sh = ctx;

	if (sh->net != NULL)
		net_deadline(sh->net, at_ms, on_deadline, sh);
}

static void
job_work(void *ctx)
{
	const struct shell_job *job = ctx;
	struct client_stretch *stretch = job->stretch;
	struct client_solve *solve = job->solve;

	if (stretch != NULL)
		stretch->err = ksf_argon2id(stretch->params,
		    stretch->password, stretch->salt, stretch->out,
		    sizeof stretch->out);
	else
		solve->is_solved = pact_guard_solve(&solve->puzzle,
		    &solve->nonce, solve->tries);
}

static void
job_done(void *ctx)
{
	struct shell_job *job = ctx;
	struct shell *sh = job->shell;
	client_job id = job->id;

	memset(job, 0, sizeof *job);
	if (!sh->is_ending)
		client_job_done(sh->core, id);
}

/* Starts what does not belong on the loop; returns whether it was. */
static bool
start_job(struct shell *sh, const struct shell_job *what)
{
	struct shell_job *job = sh->jobs;

	while (job < sh->jobs + SHELL_JOBS_MAX - 1 && job->id != 0)
		job++;
	if (job->id != 0)
		abort(); /* more jobs than the core can have */
	*job = *what;
	job->shell = sh;
	if (net_job(sh->net, job_work, job_done, job) == ERR_OK)
		return true;
	job->is_refused = true;
	net_wake(sh->net);
	return false;
}

static void
do_stretch(void *ctx, client_job id, struct client_stretch *work)
{
	struct shell *sh = ctx;

	if (sh->net != NULL &&
	    !start_job(sh, &(struct shell_job){ .id = id, .stretch = work }))
		work->err = ERR_NOMEM;
}

static void
do_solve(void *ctx, client_job id, struct client_solve *work)
{
	struct shell *sh = ctx;

	if (sh->net != NULL &&
	    !start_job(sh, &(struct shell_job){ .id = id, .solve = work }))
		work->err = ERR_NOMEM;
}

static void
save_work(void *ctx)
{
	struct shell_save *save = ctx;

	save->err = home_write(save->shell->root, &save->shell->account,
	    &save->write);
}

static void
save_done(void *ctx)
{
	struct shell_save *save = ctx;
	struct home_write w = save->write;
	struct bytes content = { w.newer, w.newer_n };

	save->is_done = false;
	if (!save->shell->is_ending)
		client_saved(save->shell->core, w.file, save->err,
		    w.generation, content);
	home_write_wipe(&w);
}

static void
do_save(void *ctx, enum client_file file, uint64_t expect,
    struct bytes content)
{
	struct shell *sh = ctx;
	struct shell_save *save = &sh->saves[file];

	if (sh->net == NULL)
		return;
	*save = (struct shell_save){ .shell = sh,
		.write = { .file = file, .expect = expect,
		    .content = content } };
	if (sh->root == NULL) {
		save->write.generation = content.n == 0 ? 0 : expect + 1;
		save->is_done = true;
	} else if (net_job(sh->net, save_work, save_done, save) != ERR_OK) {
		save->err = ERR_NOMEM;
		save->is_done = true;
	}
	if (save->is_done)
		net_wake(sh->net);
}

static void
do_event(void *ctx, const struct sotto_event *event)
{
	struct shell *sh = ctx;
	struct sotto_event shown = *event;
	char at[WIRE_ADDRESS_TEXT_MAX], *qr = NULL;

	if (event->type == SOTTO_STATE &&
	    event->state.state == SOTTO_STATE_CONNECTING) {
		wire_address_print(at, &sh->account.at);
		shown.state.why = at;
	}
	if (event->type == SOTTO_MESSAGE)
		shown.text.time_ms = wall_ms(); /* the core's has seconds */
	if (event->type == SOTTO_SAFETY) {
		qr = text_qr(event->safety.number);
		shown.safety.qr = qr;
	}
	queue_push(&sh->events, &shown);
	free(qr);
}

/* ---- the round ---- */

static void
on_round(void *ctx)
{
	struct shell *sh = ctx;

	if (sh->core == NULL || sh->is_ending)
		return;
	for (size_t i = 0; i < SHELL_LINKS_MAX; i++)
		if (sh->links[i].id != 0 && sh->links[i].failed != ERR_OK)
			link_over(&sh->links[i], sh->links[i].failed);
	for (size_t i = 0; i < SHELL_JOBS_MAX; i++)
		if (sh->jobs[i].is_refused)
			job_done(&sh->jobs[i]);
	for (size_t i = 0; i < CLIENT_FILES; i++)
		if (sh->saves[i].is_done)
			save_done(&sh->saves[i]);
	if (sh->has_listen_news || sh->has_address_news)
		settle_listener(sh);
	client_flush(sh->core);
}

/* Waking is all that is needed: the round does the rest. */
static void
on_wake(void *ctx)
{
	(void)ctx;
}

enum err
shell_init(struct shell *sh, const char *root,
    const struct net_addr *listen_at)
{
	enum err err = ERR_OK;

	memset(sh, 0, sizeof *sh);
	queue_init(&sh->events);
	sh->listen_at = *listen_at;
	if (root != NULL) {
		sh->root = strdup(root);
		NEED(sh->root != NULL, ERR_NOMEM);
	}
	TRY(net_new(&sh->net));
	net_on_round(sh->net, on_round, sh);
	net_on_wake(sh->net, on_wake, sh);
out:
	return err;
}

enum err
shell_start(struct shell *sh, const struct client_options *options,
    const struct client_files *files)
{
	struct env env = { env_now_ms, env_wall_s, crypto_system_random, sh };
	struct client_effects effects = {
		.connect = do_connect,
		.connect_endpoint = do_connect_endpoint,
		.send = do_send,
		.close = do_close,
		.listen = do_listen,
		.deadline = do_deadline,
		.stretch = do_stretch,
		.solve = do_solve,
		.save = do_save,
		.event = do_event,
		.ctx = sh,
	};

	return client_new(options, files, &env, &effects, &sh->core);
}

void
shell_wake(struct shell *sh)
{
	net_wake(sh->net);
}

void
shell_wipe(struct shell *sh)
{
	/* The loop ends first: its jobs work on the core's bytes. What the
	 * core wants done while it ends finds no loop, and is not done. */
	sh->is_ending = true;
	net_free(sh->net);
	sh->net = NULL;
	if (sh->core != NULL)
		client_free(sh->core);
	queue_wipe(&sh->events);
	free(sh->root);
	memset(sh, 0, sizeof *sh);
}
