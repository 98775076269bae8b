/* A client's process: its shell, its home, and what it was told. */
#include "sim/inside.h"

#include "crypto/ksf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTEN_PORT 40000
#define LIED_PORT   25 /* who says that makes others knock there */

/* Argon2id takes so much less memory here than it is asked to: no cryptography
 * of a run takes longer than this would. */
#define KSF_LESS 64

static struct program *
program_of(void *ctx)
{
	return ctx;
}

/* Every program has an address of its own: 10.0.x.y. */
static struct wire_endpoint
endpoint_of(const struct program *p, uint16_t port)
{
	return (struct wire_endpoint){ { [10] = 0xff, [11] = 0xff, [12] = 10,
					   [14] = (uint8_t)(p->number >> 8),
					   [15] = (uint8_t)p->number },
		port };
}

/* In the network of the programs, or 203.0.113.1. */
static struct wire_endpoint
server_endpoint(const struct world *w)
{
	struct wire_endpoint at = { { [10] = 0xff, [11] = 0xff, [12] = 10,
					[13] = 1, [15] = 1 }, WIRE_PORT };

	if (w->options.is_public) {
		at.ip[12] = 203;
		at.ip[13] = 0;
		at.ip[14] = 113;
	}
	return at;
}

static void
flush(struct program *p)
{
	if (p->core != NULL)
		client_flush(p->core);
}

/* ---- connections ---- */

static struct world_end *
end_of(struct program *p, client_link link)
{
	for (struct world_conn *c = p->world->conns; c != NULL; c = c->next) {
		if (c->a.program == p && c->a.link == link && !c->a.is_closed)
			return &c->a;
		if (c->b.program == p && c->b.link == link && !c->b.is_closed)
			return &c->b;
	}
	return NULL;
}

void
end_bytes(struct world_end *end, struct bytes in)
{
	struct server_node *node;

	if (end->program != NULL) {
		if (end->program->core == NULL)
			return;
		client_bytes(end->program->core, end->link, in);
		flush(end->program);
		return;
	}
	node = &net_other(end)->program->world->server;
	if (node->core == NULL || end->core == NULL)
		return;
	server_bytes(node->core, end->core, in);
	server_flush(node->core);
}

/* The core may send more from inside; then that is queued as well. */
void
end_sent(struct world_end *end, size_t n)
{
	struct server_node *node;

	if (end->program != NULL) {
		if (end->program->core != NULL) {
			client_sent(end->program->core, end->link, n);
			flush(end->program);
		}
		return;
	}
	node = &net_other(end)->program->world->server;
	if (node->core != NULL && end->core != NULL) {
		server_sent(node->core, end->core, n);
		server_flush(node->core);
	}
}

void
end_closed(struct world_end *end)
{
	struct server_node *node;
	struct server_conn *core = end->core;

	if (end->program != NULL) {
		if (end->program->core != NULL && end->link != 0) {
			client_closed(end->program->core, end->link, ERR_IO);
			flush(end->program);
		}
		return;
	}
	node = &net_other(end)->program->world->server;
	end->core = NULL;
	if (node->core != NULL && core != NULL) {
		server_closed(node->core, core);
		server_flush(node->core);
	}
}

/* A connection that was asked for a while ago. */
struct dialing {
	struct program *from;
	unsigned life;
	client_link link;
	bool is_server;
	struct wire_endpoint to;
};

static struct program *
listener_at(struct world *w, const struct wire_endpoint *at)
{
	for (size_t i = 0; i < w->program_count; i++) {
		struct program *p = &w->programs[i];
		struct wire_endpoint own = endpoint_of(p, LISTEN_PORT);

		if (p->core != NULL && p->is_listening &&
		    memcmp(own.ip, at->ip, sizeof own.ip) == 0 &&
		    own.port == at->port)
			return p;
	}
	return NULL;
}

static bool
reach_server(struct world *w, struct world_conn *c,
    const struct wire_endpoint *from)
{
	if (w->server.core == NULL)
		return false;
	c->b.is_crooked = w->is_crooked;
	c->b.core = server_open(w->server.core, &c->b, from);
	return c->b.core != NULL;
}

static bool
reach_program(struct world *w, struct world_conn *c, struct program *from,
    const struct wire_endpoint *at)
{
	struct program *to = listener_at(w, at);
	struct wire_endpoint addr = endpoint_of(from, 50000);

	if (to == NULL)
		return false;
	c->b.program = to;
	c->a.is_crooked = from->is_crooked;
	c->b.is_crooked = to->is_crooked;
	c->b.link = client_accepted(to->core, &addr);
	return c->b.link != 0;
}

static void
arrive(void *owner, uint64_t arg, void *data)
{
	struct dialing *d = data;
	struct program *p = d->from;
	struct world *w = owner;
	struct wire_endpoint local = endpoint_of(p, 50000);
	struct wire_endpoint peer = d->is_server ? server_endpoint(w) : d->to;
	struct world_conn *c;

	(void)arg;
	if (p->core == NULL || p->life != d->life) {
		free(d);
		return;
	}
	c = net_conn(w);
	c->a.program = p;
	c->a.link = d->link;
	if (!(d->is_server ? reach_server(w, c, &local) :
			     reach_program(w, c, p, &d->to))) {
		c->a.is_closed = c->b.is_closed = true;
		client_closed(p->core, d->link, ERR_IO);
	} else {
		c->a.is_up = c->b.is_up = true;
		world_note(w, "connected", c->number, BYTES_NONE);
		client_connected(p->core, d->link, &local, &peer);
		if (!d->is_server)
			flush(c->b.program);
	}
	flush(p);
	free(d);
}

static void
dial(struct program *p, const struct dialing *what)
{
	struct dialing *d = malloc(sizeof *d);
	struct world *w = p->world;

	if (d == NULL)
		abort();
	*d = *what;
	world_plan(w, w->options.is_calm ? 1 : rng_below(&w->net, 40), arrive,
	    w, 0, d);
}

static void
on_connect(void *ctx, client_link link, const struct wire_address *at)
{
	struct program *p = program_of(ctx);
	struct wire_address known = world_address();
	struct dialing d = { .from = p, .life = p->life, .link = link,
		.is_server = strcmp(at->host, known.host) == 0 };

	dial(p, &d);
}

static void
on_connect_endpoint(void *ctx, client_link link,
    const struct wire_endpoint *at)
{
	struct program *p = program_of(ctx);
	struct wire_endpoint known = server_endpoint(p->world);
	struct dialing d = { .from = p, .life = p->life, .link = link,
		.to = *at, .is_server = at->port == known.port &&
		    memcmp(at->ip, known.ip, sizeof known.ip) == 0 };
	const struct world_crook *crook = p->world->crook;

	if (crook != NULL)
		crook->dialled(crook->ctx, p, at);
	dial(p, &d);
}

static void
on_send(void *ctx, client_link link, const uint8_t *p, size_t n)
{
	struct world_end *end = end_of(program_of(ctx), link);

	if (end != NULL)
		net_say(end, p, n);
}

static void
on_close(void *ctx, client_link link, bool at_once)
{
	struct world_end *end = end_of(program_of(ctx), link);

	if (end != NULL)
		net_end_close(end, at_once);
}

/* ---- listening, time, stretching ---- */

static void
tell_listening(void *owner, uint64_t life, void *data)
{
	struct program *p = owner;
	struct wire_endpoint at = endpoint_of(p,
	    p->is_lying ? LIED_PORT : LISTEN_PORT);

	(void)data;
	if (p->life != life || p->core == NULL)
		return;
	client_listening(p->core, &at, p->is_listening ? 1 : 0);
	flush(p);
}

static void
on_listen(void *ctx, bool is_on)
{
	struct program *p = program_of(ctx);

	p->is_listening = is_on;
	world_plan(p->world, 0, tell_listening, p, p->life, NULL);
}

static void
tick(void *owner, uint64_t life, void *data)
{
	struct program *p = owner;

	(void)data;
	if (p->life != life || p->core == NULL ||
	    p->deadline > p->world->now)
		return;
	p->deadline = UINT64_MAX;
	client_tick(p->core);
	flush(p);
}

static void
on_deadline(void *ctx, uint64_t at_ms)
{
	struct program *p = program_of(ctx);
	uint64_t now = p->world->now;

	p->deadline = at_ms;
	if (at_ms != UINT64_MAX)
		world_plan(p->world, at_ms > now ? at_ms - now : 0, tick, p,
		    p->life, NULL);
}

struct stretching {
	struct program *p;
	unsigned life;
	client_job job;
};

static void
stretched(void *owner, uint64_t arg, void *data)
{
	struct stretching *s = data;

	(void)owner;
	(void)arg;
	if (s->p->life == s->life && s->p->core != NULL) {
		client_job_done(s->p->core, s->job);
		flush(s->p);
	}
	free(s);
}

void
world_stretch(const struct world *w, struct client_stretch *work)
{
	struct ksf_params less = work->params;
	uint32_t params[2] = { work->params.passes, work->params.memory_kib };
	struct bytes parts[] = { BYTES_OF(params), BYTES_OF(work->salt),
		work->password };

	work->err = ERR_OK;
	less.memory_kib /= KSF_LESS;
	if (w->options.has_real_ksf)
		work->err = ksf_argon2id(less, work->password, work->salt,
		    work->out, sizeof work->out);
	else
		blake2b_parts(BYTES_NONE, parts, 3, work->out,
		    sizeof work->out);
}

/* The result is there at once; only the telling takes its time. */
static void
on_stretch(void *ctx, client_job job, struct client_stretch *work)
{
	struct program *p = program_of(ctx);
	struct stretching *s = malloc(sizeof *s);

	if (s == NULL)
		abort();
	world_stretch(p->world, work);
	*s = (struct stretching){ p, p->life, job };
	world_plan(p->world, 100, stretched, p->world, 0, s);
}

/* The same for a puzzle. */
static void
on_solve(void *ctx, client_job job, struct client_solve *work)
{
	struct program *p = program_of(ctx);
	struct stretching *s = malloc(sizeof *s);

	if (s == NULL)
		abort();
	work->is_solved = pact_guard_solve(&work->puzzle, &work->nonce,
	    work->tries);
	*s = (struct stretching){ p, p->life, job };
	world_plan(p->world, 50, stretched, p->world, 0, s);
}

/* ---- the home ---- */

struct saving {
	struct program *p;
	unsigned life;
	enum client_file file;
	uint64_t expect;
	uint8_t *content;
	size_t n;
};

static void
tell_saved(struct saving *s, enum err err)
{
	struct world_file *f = &s->p->home->files[s->file];
	struct bytes content = { f->p, f->n };

	if (s->p->life != s->life || s->p->core == NULL)
		return;
	client_saved(s->p->core, s->file, err, f->generation,
	    err == ERR_CONFLICT ? content : BYTES_NONE);
	flush(s->p);
}

/* A rename is all or nothing; whether it came before a crash, the seed says:
 * a dead program's save still happens half of the time. */
static void
save(void *owner, uint64_t arg, void *data)
{
	struct saving *s = data;
	struct world *w = owner;
	struct world_file *f = &s->p->home->files[s->file];
	bool is_dead = s->p->life != s->life;

	(void)arg;
	if (is_dead && rng_chance(&w->chance, 500)) {
		free(s->content);
		free(s);
		return;
	}
	if (f->generation != s->expect) {
		tell_saved(s, ERR_CONFLICT);
		free(s->content);
	} else {
		free(f->p);
		f->p = s->content;
		f->n = s->n;
		f->generation = s->n == 0 ? 0 : f->generation + 1;
		tell_saved(s, ERR_OK);
	}
	free(s);
}

static void
on_save(void *ctx, enum client_file file, uint64_t expect,
    struct bytes content)
{
	struct program *p = program_of(ctx);
	struct world *w = p->world;
	struct saving *s = calloc(1, sizeof *s);

	if (s == NULL)
		abort();
	*s = (struct saving){ p, p->life, file, expect,
		malloc(content.n + 1), content.n };
	if (s->content == NULL)
		abort();
	if (content.n != 0)
		memcpy(s->content, content.p, content.n);
	world_plan(w, w->options.is_calm ? 1 : rng_below(&w->chance, 30), save,
	    w, 0, s);
}

struct world_home *
world_home_new(struct world *w)
{
	if (w->home_count == WORLD_PROGRAMS)
		abort();
	return &w->homes[w->home_count++];
}

/* ---- what it was told ---- */

static const char *
name_in(const struct sotto_event *ev)
{
	switch (ev->type) {
	case SOTTO_PERSON:
	case SOTTO_PRESENCE:
		return ev->person.name;
	case SOTTO_ACCOUNT:
		return ev->account.name;
	case SOTTO_DEVICE:
		return ev->device.id;
	case SOTTO_SAFETY:
		return ev->safety.name;
	case SOTTO_QUESTION:
	case SOTTO_QUESTION_OVER:
	case SOTTO_SESSION_UP:
	case SOTTO_SESSION_DOWN:
	case SOTTO_MESSAGE:
	case SOTTO_SENT:
		return ev->session.name;
	case SOTTO_DONE:
	case SOTTO_NOTICE:
	case SOTTO_STATE:
		break;
	}
	return NULL;
}

static void
copy_string(char *out, size_t cap, const char *text, size_t n)
{
	(void)snprintf(out, cap, "%.*s", (int)n, text == NULL ? "" : text);
}

static void
on_event(void *ctx, const struct sotto_event *ev)
{
	struct program *p = program_of(ctx);
	struct world_event *e = &p->log[p->logged % WORLD_LOG];
	const char *name = name_in(ev);

	if (p->world->told != NULL)
		p->world->told(p->world->told_ctx, p, ev);
	memset(e, 0, sizeof *e);
	e->event = *ev;
	e->at_ms = p->world->now;
	copy_string(e->name, sizeof e->name, name,
	    name == NULL ? 0 : strlen(name));
	if (ev->type == SOTTO_MESSAGE)
		copy_string(e->text, sizeof e->text, ev->text.p, ev->text.n);
	if (ev->type == SOTTO_SAFETY)
		copy_string(e->text, sizeof e->text, ev->safety.number,
		    strlen(ev->safety.number));
	if (ev->type == SOTTO_STATE)
		copy_string(e->why, sizeof e->why, ev->state.why,
		    strlen(ev->state.why));
	if (ev->error.what != NULL)
		(void)snprintf(e->why, sizeof e->why, "%s: %s",
		    ev->error.what, ev->error.why == NULL ? "" :
		    ev->error.why);
	p->logged++;
	world_note(p->world, "told", ev->type, bytes_str(e->name));
}

const struct world_event *
program_last(const struct program *p, enum sotto_event_type type,
    const char *name)
{
	size_t first = p->logged > WORLD_LOG ? p->logged - WORLD_LOG : 0;

	for (size_t i = p->logged; i > first; i--) {
		const struct world_event *e = &p->log[(i - 1) % WORLD_LOG];

		if (e->event.type == type && (name == NULL ||
		    name[0] == '\0' || strcmp(e->name, name) == 0))
			return e;
	}
	return NULL;
}

size_t
program_count(const struct program *p, enum sotto_event_type type,
    const char *name)
{
	size_t first = p->logged > WORLD_LOG ? p->logged - WORLD_LOG : 0;
	size_t count = 0;

	for (size_t i = first; i < p->logged; i++) {
		const struct world_event *e = &p->log[i % WORLD_LOG];

		count += e->event.type == type && (name == NULL ||
		    name[0] == '\0' || strcmp(e->name, name) == 0);
	}
	return count;
}

int
program_outcome(const struct program *p, uint32_t command)
{
	size_t first = p->logged > WORLD_LOG ? p->logged - WORLD_LOG : 0;

	for (size_t i = p->logged; i > first; i--) {
		const struct world_event *e = &p->log[(i - 1) % WORLD_LOG];

		if (e->event.type == SOTTO_DONE && e->event.command == command)
			return (int)e->event.error.outcome;
	}
	return -1;
}

struct waiting {
	const struct program *p;
	uint32_t command;
};

static bool
is_finished(void *ctx)
{
	struct waiting *wait = ctx;

	return wait->p->core == NULL ||
	    program_outcome(wait->p, wait->command) >= 0;
}

int
program_wait(struct program *p, uint32_t command)
{
	struct waiting wait = { p, command };

	flush(p);
	(void)world_until(p->world, 60000, is_finished, &wait);
	return program_outcome(p, command);
}

/* ---- life and death ---- */

struct client_options
program_options(void)
{
	return (struct client_options){ .policy = SOTTO_POLICY_ACCEPT,
		.allows_unknown_server = true,
		.ksf = { 1, 64 * 1024 }, .device_label = "simulated" };
}

static void
on_random(void *ctx, void *out, size_t n)
{
	rng_fill(&program_of(ctx)->world->client_random, out, n);
}

static uint64_t
clock_ms(void *ctx)
{
	return program_of(ctx)->world->now;
}

static uint64_t
wall_s(void *ctx)
{
	const struct program *p = program_of(ctx);

	return world_wall_at(p->world, p->home->ahead_s);
}

struct program *
world_program(struct world *w, const char *label, struct world_home *home,
    const struct client_options *options)
{
	struct program *p = &w->programs[w->program_count];
	struct client_effects effects = { on_connect, on_connect_endpoint,
		on_send, on_close, on_listen, on_deadline, on_stretch,
		on_solve, on_save,
		on_event, p };
	struct env env = { clock_ms, wall_s, on_random, p };
	struct client_files files = { 0 };

	if (w->program_count == WORLD_PROGRAMS)
		abort();
	*p = (struct program){ .world = w, .label = label,
		.log = calloc(WORLD_LOG, sizeof *p->log),
		.number = (unsigned)++w->program_count, .life = 1,
		.deadline = UINT64_MAX,
		.home = home != NULL ? home : world_home_new(w) };
	for (size_t i = 0; i < CLIENT_FILES; i++) {
		files.content[i] = (struct bytes){ p->home->files[i].p,
			p->home->files[i].n };
		files.generation[i] = p->home->files[i].generation;
	}
	if (p->log == NULL)
		abort();
	world_note(w, "program starts", p->number, BYTES_NONE);
	if (client_new(options, &files, &env, &effects, &p->core) != ERR_OK)
		p->core = NULL;
	return p;
}

void
program_kill(struct program *p)
{
	struct client *core = p->core;

	if (core == NULL)
		return;
	world_note(p->world, "program dies", p->number, BYTES_NONE);
	p->core = NULL;
	p->life++;
	p->is_listening = false;
	for (struct world_conn *c = p->world->conns; c != NULL; c = c->next) {
		if (c->a.program == p)
			net_end_die(&c->a);
		if (c->b.program == p)
			net_end_die(&c->b);
	}
	client_free(core);
}

/* ---- a stranger ---- */

/* A stranger is a program that never runs. Returns a connection of theirs to
 * the server, from this address, or (at) to a program; NULL: it is refused. */
static struct world_conn *
come_as_stranger(struct world *w, const struct wire_endpoint *from,
    const struct wire_endpoint *at)
{
	struct world_conn *c;
	struct program *stranger;

	if (w->program_count == WORLD_PROGRAMS)
		return NULL;
	stranger = &w->programs[w->program_count++];
	*stranger = (struct program){ .world = w, .label = "stranger",
		.number = (unsigned)w->program_count };
	c = net_conn(w);
	c->a.program = stranger;
	c->a.is_up = c->b.is_up = true;
	if (at == NULL ? reach_server(w, c, from) :
			 reach_program(w, c, stranger, at))
		return c;
	c->a.is_closed = c->b.is_closed = true;
	return NULL;
}

struct world_conn *
world_stranger(struct world *w, const struct wire_endpoint *from)
{
	return come_as_stranger(w, from, NULL);
}

/* What comes back is counted. */
static void
say_as_stranger(struct world_conn *c, struct bytes bytes, size_t *answered)
{
	struct world *w;

	*answered = 0;
	if (c == NULL)
		return;
	w = end_world(&c->a);
	net_queue(&c->a, bytes.p, bytes.n);
	world_run(w, 2000);
	*answered = c->a.received;
	world_cut(w, c);
}

void
world_say_to(struct world *w, struct program *p, struct bytes bytes,
    size_t *answered)
{
	struct wire_endpoint at = endpoint_of(p, LISTEN_PORT);

	*answered = 0;
	if (p->core != NULL && p->is_listening)
		say_as_stranger(come_as_stranger(w, NULL, &at), bytes,
		    answered);
}

void
world_say_to_server(struct world *w, struct program *p, struct bytes bytes,
    size_t *answered)
{
	struct wire_endpoint from = endpoint_of(p, 50000);

	say_as_stranger(come_as_stranger(w, &from, NULL), bytes, answered);
}
