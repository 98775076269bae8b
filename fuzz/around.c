#include "around.h"

#include "base/rd.h"
#include "client/line.h"
#include "crypto/crypto.h"
#include "fuzz.h"
#include "pact/guard.h"
#include "sim/inside.h"
#include "sim/malice.h"

#include <string.h>

#define ROUNDS 400

/* ---- what there is before the first input ---- */

struct papers papers;
struct around around;

static const char password[] = "correct horse battery staple";

static bool
keep_login(struct malice_link *l, uint8_t type, struct bytes body)
{
	struct wire_LOGIN_OK m;
	bool is_alice = strcmp(malice_victim(l)->label, "alice") == 0;

	if (type != WIRE_LOGIN_OK)
		return true;
	MUST(wire_decode(WIRE_LOGIN_OK, body, &m) == ERR_OK);
	if (is_alice) {
		wr_reset(&papers.login_ok);
		wr_put(&papers.login_ok, body);
	} else {
		wr_reset(&papers.roster);
		wr_put(&papers.roster, m.roster);
	}
	return true;
}

static struct program *
join(struct world *w, const char *name)
{
	struct client_options options = program_options();
	struct program *p = world_program(w, name, NULL, &options);
	char text[WIRE_LINK_TEXT_MAX];
	struct wire_link link;

	MUST(world_invite(w, name, text));
	MUST(wire_link_parse(&link, bytes_str(text)) == ERR_OK);
	MUST(client_set_password(p->core, BYTES_LIT(password)) == ERR_OK);
	MUST(program_wait(p, client_register(p->core, &link)) == SOTTO_OK);
	world_run(w, 1000);
	return p;
}

__attribute__((constructor)) static void
set_up(void)
{
	struct world_options options = { .seed = 1, .is_calm = true };
	struct world *w = world_new(&options);
	struct malice *m = malice_server(w);
	struct program *alice, *bob;

	papers.login_ok = papers.roster = wr_new();
	m->on_said = keep_login;
	world_run(w, 100);
	alice = join(w, "alice");
	bob = join(w, "bob");
	papers.alice = alice->core->account;
	papers.bob = bob->core->account;
	memcpy(papers.bob_link, client_keys(bob->core)->link_secret, 32);
	memcpy(papers.server_secret, w->keys.channel_secret, 32);
	for (size_t i = 0; i < CLIENT_FILES; i++) {
		const struct world_file *f = &alice->home->files[i];

		MUST(f->n > 0 && f->n <= sizeof papers.file[i]);
		memcpy(papers.file[i], f->p, f->n);
		papers.file_n[i] = f->n;
	}
	MUST(noise_pattern_parse(&papers.channel, PACT_CHANNEL_PROTOCOL) ==
	    ERR_OK);
	MUST(noise_pattern_parse(&papers.line, PACT_LINE_PROTOCOL) == ERR_OK);
	world_free(w);
	malice_free(m);
}

/* ---- the world of one input ---- */

static uint64_t
now_ms(void *ctx)
{
	(void)ctx;
	return around.now;
}

static uint64_t
wall_s(void *ctx)
{
	(void)ctx;
	return 1790000000 + around.now / 1000;
}

static void
fill(void *ctx, void *out, size_t n)
{
	uint8_t *p = out;

	(void)ctx;
	for (size_t i = 0; i < n; i++) {
		around.seed = around.seed * 6364136223846793005ULL +
		    1442695040888963407ULL;
		p[i] = (uint8_t)(around.seed >> 56);
	}
}

struct end *
around_end_of(client_link id)
{
	for (size_t i = 0; i < LINKS; i++)
		if (around.ends[i].id == id)
			return &around.ends[i];
	return NULL;
}

/* Takes a place for a link; NULL when there is none. */
struct end *
around_end_new(client_link id, bool is_server)
{
	struct end *e = around_end_of(0);

	if (e == NULL)
		return NULL;
	*e = (struct end){ .id = id, .is_server = is_server,
		.is_wanted = true, .in = wr_new() };
	return e;
}

void
around_end_free(struct end *e)
{
	wr_free(&e->in);
	*e = (struct end){ 0 };
}

/* ---- effects ---- */

static void
on_connect(void *ctx, client_link link, const struct wire_address *at)
{
	(void)ctx;
	(void)at;
	MUST(around_end_new(link, true) != NULL);
}

static void
on_connect_endpoint(void *ctx, client_link link,
    const struct wire_endpoint *at)
{
	(void)ctx;
	MUST(at->port >= WIRE_MIN_DIAL_PORT);
	MUST(around_end_new(link, false) != NULL);
}

static void
on_send(void *ctx, client_link link, const uint8_t *p, size_t n)
{
	struct end *e = around_end_of(link);

	(void)ctx;
	MUST(e != NULL && !e->is_wanted && !e->is_closing);
	wr_put(&e->in, (struct bytes){ p, n });
	e->unsent += n;
}

static void
on_close(void *ctx, client_link link, bool at_once)
{
	struct end *e = around_end_of(link);

	(void)ctx;
	(void)at_once;
	MUST(e != NULL);
	if (e->is_wanted)
		around_end_free(e); /* no client_closed follows */
	else
		e->is_closing = true;
}

static void
on_listen(void *ctx, bool is_on)
{
	(void)ctx;
	(void)is_on;
}

static void
on_deadline(void *ctx, uint64_t at_ms)
{
	(void)ctx;
	around.deadline = at_ms;
}

/* Both are done at once, and told of in the next round. */
static void
put_job(client_job job)
{
	size_t i = 0;

	while (i < JOBS && around.jobs[i] != 0)
		i++;
	MUST(i < JOBS);
	around.jobs[i] = job;
}

/* As the simulator does it: the home was sealed there. */
static void
on_stretch(void *ctx, client_job job, struct client_stretch *work)
{
	uint32_t params[2] = { work->params.passes, work->params.memory_kib };
	struct bytes parts[] = { BYTES_OF(params), BYTES_OF(work->salt),
		work->password };

	(void)ctx;
	blake2b_parts(BYTES_NONE, parts, 3, work->out, sizeof work->out);
	work->err = ERR_OK;
	put_job(job);
}

static void
on_solve(void *ctx, client_job job, struct client_solve *work)
{
	(void)ctx;
	work->is_solved = pact_guard_solve(&work->puzzle, &work->nonce,
	    work->tries);
	work->err = ERR_OK;
	put_job(job);
}

static void
on_save(void *ctx, enum client_file file, uint64_t expect,
    struct bytes content)
{
	(void)ctx;
	MUST(!around.files[file].is_due &&
	    expect == around.files[file].generation);
	around.files[file].is_due = true;
	around.files[file].generation = content.n == 0 ? 0 : expect + 1;
}

static size_t
find_up(uint32_t session)
{
	size_t i = 0;

	while (i < SHOWN && around.up[i] != session)
		i++;
	return i;
}

static void
on_event(void *ctx, const struct sotto_event *ev)
{
	(void)ctx;
	if (ev->type == SOTTO_DONE) {
		/* One that is refused ends before its number is known. */
		MUST(ev->command > 0 && ev->command <= around.commands + 1);
		MUST(++around.done[ev->command] == 1);
	} else if (ev->type == SOTTO_SESSION_UP) {
		MUST(ev->session.id != 0 && find_up(0) < SHOWN);
		MUST(find_up(ev->session.id) == SHOWN);
		MUST(strcmp(ev->session.name, "bob") == 0);
		MUST(ev->session.pin != SOTTO_PIN_CHANGED);
		around.up[find_up(0)] = ev->session.id;
	} else if (ev->type == SOTTO_SESSION_DOWN) {
		MUST(find_up(ev->session.id) < SHOWN);
		around.up[find_up(ev->session.id)] = 0;
	} else if (ev->type == SOTTO_MESSAGE || ev->type == SOTTO_SENT) {
		MUST(ev->session.id != 0);
		MUST(find_up(ev->session.id) < SHOWN);
	}
}

/* ---- the server ---- */

void
around_say(enum wire_type type, const void *message)
{
	MUST(wire_encode(&around.pending, type, message) == ERR_OK);
}

/* From memory of exactly their size. */
void
around_hand(client_link link, struct bytes b)
{
	struct end *e = around_end_of(link);
	uint8_t *copy = malloc(b.n + 1);

	MUST(copy != NULL);
	if (b.n != 0)
		memcpy(copy, b.p, b.n);
	if (e != NULL && !e->is_wanted && !e->is_closing && b.n != 0)
		client_bytes(around.core, link, (struct bytes){ copy, b.n });
	free(copy);
}

void
around_flush(void)
{
	struct wr out = wr_new();

	if (around.stands && around.pending.n > 0) {
		MUST(pact_channel_seal(&around.channel,
		    wr_bytes(&around.pending),
			 false, &out) == ERR_OK);
		around_hand(around.server, wr_bytes(&out));
	}
	wr_reset(&around.pending);
	wr_free(&out);
}

void
around_login(struct bytes body)
{
	struct wire_DEVICE_LOGIN asked;
	struct wire_LOGIN_OK m;

	MUST(wire_decode(WIRE_DEVICE_LOGIN, body, &asked) == ERR_OK);
	MUST(wire_decode(WIRE_LOGIN_OK, wr_bytes(&papers.login_ok), &m) ==
	    ERR_OK);
	m.req = asked.req;
	around_say(WIRE_LOGIN_OK, &m);
	MUST(pact_keys_session(BYTES_OF(around.x), BYTES_NONE, around.h,
	    &asked.name,
		 asked.device, around.k) == ERR_OK);
	around.is_logged = true;
	around.since = around.now;
}

static struct peer *
peer_of_stream(uint32_t stream)
{
	for (size_t i = 0; i < PEERS; i++)
		if (around.peers[i].is_used && around.peers[i].link == 0 &&
		    around.peers[i].stream == stream)
			return &around.peers[i];
	return NULL;
}

static enum err
on_said(uint8_t type, struct bytes body, void *ctx)
{
	struct wire_STREAM_DATA m;
	struct peer *p;

	(void)ctx;
	wr_reset(&around.asked[type]);
	wr_put(&around.asked[type], body);
	if (type == WIRE_DEVICE_LOGIN && !around.is_quiet)
		around_login(body);
	if (type == WIRE_STREAM_DATA) {
		MUST(wire_decode(WIRE_STREAM_DATA, body, &m) == ERR_OK);
		p = peer_of_stream(m.stream);
		if (p != NULL)
			wr_put(&p->in, m.data);
	}
	return ERR_OK;
}

static uint32_t
any_cap(uint8_t type, void *ctx)
{
	const struct wire_kind *kind = wire_kind_of(type);

	(void)ctx;
	MUST(kind != NULL);
	return kind->cap;
}

/* Answers the first record. */
static void
shake(struct bytes record)
{
	struct pact_guard_first first;
	struct noise_handshake hs;
	struct noise_keypair pair;
	struct noise_keys keys = { .s = &pair };
	struct noise_random random;
	struct noise_split split;
	uint8_t prologue[PACT_CHANNEL_PROLOGUE_LEN], guard[32];
	struct wr none = wr_init(NULL, 0), w = wr_new();
	size_t mark;

	noise_keypair_init(&pair, papers.server_secret);
	pact_guard_key(pair.public, guard);
	MUST(pact_guard_read_first(record, guard, &first) == ERR_OK);
	pact_keys_channel_prologue(prologue);
	MUST(noise_handshake_init(&hs, &papers.channel, NOISE_RESPONDER,
		 BYTES_OF(prologue), &keys) == ERR_OK);
	MUST(noise_handshake_read(&hs, first.message1, &none) == ERR_OK);
	fill(NULL, &random, sizeof random);
	mark = wr_begin(&w, 2);
	wr_u8(&w, PACT_GUARD_MESSAGE2);
	MUST(noise_handshake_write(&hs, &random, BYTES_NONE, &w) == ERR_OK);
	wr_end(&w, mark, 2);
	MUST(noise_handshake_split(&hs, &split) == ERR_OK);
	around.channel = (struct pact_channel){ .out = split.send,
		.in = split.receive, .kind = PACT_CHANNEL_SERVER };
	memcpy(around.x, split.x, sizeof around.x);
	memcpy(around.h, split.h, sizeof around.h);
	around.stands = true;
	around_hand(around.server, wr_bytes(&w));
	wr_free(&w);
}

/* Takes whole records out of what has come. */
static bool
take(struct wr *in, struct wr *record)
{
	size_t len, n;
	bool too_big;

	n = pact_channel_cut(wr_bytes(in), WIRE_RECORD_MAX - 2, &len,
	    &too_big);
	if (n == 0)
		return false;
	wr_reset(record);
	wr_put(record, (struct bytes){ in->p + 2, len });
	memmove(in->p, in->p + n, in->n - n);
	in->n -= n;
	return true;
}

void
around_forget(void)
{
	pact_channel_wipe(&around.channel);
	around.stands = around.is_logged = false;
	around.server = 0;
	wr_reset(&around.pending);
	for (size_t i = 0; i < PEERS; i++)
		if (around.peers[i].link == 0)
			around.peers[i].is_used = false;
}

static bool
serve(struct end *e)
{
	struct wr record = wr_new();
	bool is_some = false;

	while (e->id == around.server && take(&e->in, &record)) {
		is_some = true;
		if (!around.stands)
			shake(wr_bytes(&record));
		else
			MUST(pact_channel_open(&around.channel,
			    record.p, record.n,
				 any_cap, on_said, NULL) == ERR_OK);
	}
	around_flush();
	wr_free(&record);
	return is_some;
}

/* ---- bob ---- */

void
around_peer_send(struct peer *p, struct bytes b)
{
	struct wire_STREAM_DATA m = { .stream = p->stream };

	if (p->link != 0) {
		around_hand(p->link, b);
		return;
	}
	while (b.n > 0 && around.is_logged) {
		m.data = (struct bytes){ b.p,
			b.n < WIRE_STREAM_CHUNK ? b.n : WIRE_STREAM_CHUNK };
		around_say(WIRE_STREAM_DATA, &m);
		b.p += m.data.n;
		b.n -= m.data.n;
	}
	around_flush();
}

static void
put_end(struct wr *w, const struct client_account *who)
{
	pact_keys_line_end(w, &who->name, who->identity, who->device);
}

void
around_peer_init(struct peer *p, struct bytes ticket)
{
	struct noise_keypair pair;
	uint8_t alice[32];
	struct noise_keys keys = { .s = &pair, .rs = alice };
	struct client_keys *theirs = client_keys(around.core);
	struct wr prologue = wr_new();

	noise_keypair_init(&pair, papers.bob_link);
	x25519_public(theirs->link_secret, alice);
	wr_put(&prologue, BYTES_LIT(PACT_LABEL_LINE));
	wr_u8(&prologue, WIRE_VERSION);
	put_end(&prologue, p->is_caller ? &papers.bob : &papers.alice);
	put_end(&prologue, p->is_caller ? &papers.alice : &papers.bob);
	wr_put(&prologue, ticket);
	MUST(noise_handshake_init(&p->hs, &papers.line, p->is_caller ?
		 NOISE_INITIATOR : NOISE_RESPONDER, wr_bytes(&prologue),
		 &keys) == ERR_OK);
	wr_free(&prologue);
}

void
around_peer_write(struct peer *p, struct bytes ticket)
{
	struct noise_random random;
	struct wr w = wr_new();
	size_t mark = wr_begin(&w, 2);

	if (p->is_caller)
		wr_vec16(&w, ticket);
	fill(NULL, &random, sizeof random);
	MUST(noise_handshake_write(&p->hs, &random, BYTES_NONE, &w) ==
	    ERR_OK);
	wr_end(&w, mark, 2);
	around_peer_send(p, wr_bytes(&w));
	wr_free(&w);
}

static void
peer_split(struct peer *p)
{
	struct noise_split split;

	if (noise_handshake_split(&p->hs, &split) != ERR_OK)
		return;
	p->channel = (struct pact_channel){ .out = split.send,
		.in = split.receive, .kind = PACT_CHANNEL_LINE };
	p->stands = true;
}

void
around_peer_say(struct peer *p, uint8_t type, struct bytes body)
{
	struct wr plain = wr_new(), out = wr_new();

	wr_u8(&plain, type);
	wr_u24(&plain, (uint32_t)body.n);
	wr_put(&plain, body);
	MUST(pact_channel_seal(&p->channel, wr_bytes(&plain), false, &out) ==
	    ERR_OK);
	around_peer_send(p, wr_bytes(&out));
	wr_free(&plain);
	wr_free(&out);
}

static enum err
peer_hears(uint8_t type, struct bytes body, void *ctx)
{
	(void)type;
	(void)body;
	(void)ctx;
	return ERR_OK;
}

static void
peer_record(struct peer *p, struct wr *record)
{
	struct wr none = wr_init(NULL, 0);
	struct rd r = rd_init(wr_bytes(record));
	struct bytes ticket;

	if (p->stands) {
		if (pact_channel_open(&p->channel, record->p, record->n,
			any_cap, peer_hears, NULL) != ERR_OK)
			p->is_used = false;
	} else if (p->is_caller) {
		if (noise_handshake_read(&p->hs, wr_bytes(record), &none) ==
		    ERR_OK)
			peer_split(p);
	} else {
		ticket = rd_vec16(&r, WIRE_TICKET_MAX);
		around_peer_init(p, ticket);
		if (noise_handshake_read(&p->hs, rd_rest(&r), &none) ==
		    ERR_OK) {
			around_peer_write(p, BYTES_NONE);
			peer_split(p);
		}
	}
}

static bool
peers_work(void)
{
	struct wr record = wr_new();
	bool is_some = false;

	for (size_t i = 0; i < PEERS; i++) {
		struct peer *p = &around.peers[i];

		while (p->is_used && take(&p->in, &record)) {
			peer_record(p, &record);
			is_some = true;
		}
	}
	wr_free(&record);
	return is_some;
}

struct peer *
around_peer_new(bool is_caller, client_link link, uint32_t stream)
{
	for (size_t i = 0; i < PEERS; i++) {
		struct peer *p = &around.peers[i];

		if (p->is_used)
			continue;
		pact_channel_wipe(&p->channel);
		wr_free(&p->in);
		*p = (struct peer){ .is_used = true, .is_caller = is_caller,
			.link = link, .stream = stream, .in = wr_new() };
		return p;
	}
	return NULL;
}

/* ---- the shell ---- */

static bool
work_jobs(void)
{
	for (size_t i = 0; i < JOBS; i++) {
		client_job job = around.jobs[i];

		if (job == 0)
			continue;
		around.jobs[i] = 0;
		client_job_done(around.core, job);
		return true;
	}
	return false;
}

static bool
work_files(void)
{
	for (size_t i = 0; i < CLIENT_FILES; i++) {
		if (!around.files[i].is_due)
			continue;
		around.files[i].is_due = false;
		client_saved(around.core, (enum client_file)i, ERR_OK,
		    around.files[i].generation, BYTES_NONE);
		return true;
	}
	return false;
}

static bool
work_end(struct end *e)
{
	struct wire_endpoint at = { { [10] = 0xff, [11] = 0xff, 10, 0, 0, 9 },
		4000 };
	client_link id = e->id;
	size_t n = e->unsent;
	struct peer *p;

	if (e->is_wanted && e->is_server) {
		e->is_wanted = false;
		around_forget();
		around.server = id;
		client_connected(around.core, id, &at, &at);
	} else if (e->is_wanted) {
		e->is_wanted = false;
		(void)around_peer_new(false, id, 0);
		client_connected(around.core, id, &at, &at);
	} else if (n > 0) {
		e->unsent = 0;
		client_sent(around.core, id, n);
	} else if (e->is_server && id == around.server && serve(e)) {
		return true;
	} else if (!e->is_server && e->in.n > 0) {
		for (size_t i = 0; i < PEERS; i++) {
			p = &around.peers[i];
			if (p->is_used && p->link == id)
				wr_put(&p->in, wr_bytes(&e->in));
		}
		wr_reset(&e->in);
	} else if (e->is_closing) {
		if (id == around.server)
			around_forget();
		around_end_free(e);
		client_closed(around.core, id, ERR_OK);
	} else {
		return false;
	}
	return true;
}

/* Until nothing moves, or for a while: who pings can go on for ever. */
void
around_pump(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		bool is_some;

		client_flush(around.core);
		is_some = work_jobs() || work_files() || peers_work();
		for (size_t j = 0; j < LINKS; j++)
			if (around.ends[j].id != 0)
				is_some |= work_end(&around.ends[j]);
		if (!is_some)
			return;
	}
}

void
around_pass(uint64_t ms)
{
	uint64_t until = around.now + ms;

	for (int i = 0; i < 100 && around.deadline <= until; i++) {
		if (around.deadline > around.now)
			around.now = around.deadline;
		around.deadline = UINT64_MAX;
		client_tick(around.core);
		around_pump();
	}
	around.now = until;
	client_tick(around.core);
	around_pump();
}

/* ---- the beginning and the end ---- */

void
around_begin(void)
{
	static const struct client_effects effects = { on_connect,
		on_connect_endpoint, on_send, on_close, on_listen,
		on_deadline, on_stretch, on_solve, on_save, on_event, NULL };
	static const struct env env = { now_ms, wall_s, fill, NULL };
	struct client_options options = program_options();
	struct wire_endpoint at = { { [10] = 0xff, [11] = 0xff, 10, 0, 0, 9 },
		40000 };
	struct client_files files = { 0 };

	memset(&around, 0, sizeof around);
	around.now = 5000;
	around.seed = 1;
	around.deadline = UINT64_MAX;
	around.in = around.pending = wr_new();
	for (size_t i = 0; i < 256; i++)
		around.asked[i] = wr_new();
	for (size_t i = 0; i < CLIENT_FILES; i++) {
		files.content[i] = (struct bytes){ papers.file[i],
			papers.file_n[i] };
		files.generation[i] = around.files[i].generation = 1;
	}
	MUST(client_new(&options, &files, &env, &effects, &around.core) ==
	    ERR_OK);
	MUST(client_set_password(around.core, BYTES_LIT(password)) == ERR_OK);
	around.commands = client_host(around.core);
	around_pump();
	client_listening(around.core, &at, 1);
	around_pump();
	MUST(around.is_logged &&
	    around.core->session.state == CLIENT_SESSION_READY);
}

/* The server falls silent: whatever waits must end. */
void
around_end(void)
{
	around.is_quiet = true;
	for (int i = 0; i < 30; i++)
		around_pass(20000);
	for (uint32_t i = 2; i <= around.commands; i++)
		MUST(around.done[i] == 1 || around.hosts[i]);
	client_free(around.core);
	for (size_t i = 0; i < LINKS; i++)
		around_end_free(&around.ends[i]);
	for (size_t i = 0; i < PEERS; i++) {
		pact_channel_wipe(&around.peers[i].channel);
		wr_free(&around.peers[i].in);
	}
	for (size_t i = 0; i < 256; i++)
		wr_free(&around.asked[i]);
	pact_channel_wipe(&around.channel);
	wr_free(&around.pending);
}
