/*
 * A whole server core, one shard or two, with stores in memory and five
 * clients who do as the input says: strangers with any bytes, members with
 * any messages, whole exchanges that are cut short, a store that is slow,
 * fails or lies, an operator, and time. Randomness and clock are the
 * world's, so a run repeats.
 *
 * The input is a flag (bit 0: two shards) and a list of steps: what, who,
 * and what the step takes. Afterwards everybody leaves; then nobody may be
 * counted, asked about or remembered.
 */
#include "base/rd.h"
#include "fuzz.h"
#include "server/conn.h"
#include "server/session.h"
#include "world.h"

#include "crypto/crypto.h"
#include "crypto/sig.h"

#include <string.h>

#define PEOPLE    5
#define INPUT_MAX 4096

/* What a world begins with, each time. */
struct start {
	struct world w;
	struct guy people[PEOPLE];
	struct shelf shelves[WORLD_SHARDS]; /* the accounts alone */
};

static struct start starts[2];
static struct guy people[PEOPLE];
static struct guy_login logins[PEOPLE];
static bool has_begun[PEOPLE]; /* a login that waits for its reply, or KE3 */
static uint8_t asked[16], ticket[16], nonce[16];

/* In the place of the tests' own: whatever the world's clients find wrong
 * ends the program. */
bool
check_true(bool ok, const char *what, const char *file, int line)
{
	if (!ok)
		(void)fprintf(stderr, "%s:%d: %s\n", file, line, what);
	MUST(ok);
	return true;
}

bool
check_err(enum err got, enum err want, const char *what, const char *file,
    int line)
{
	return check_true(got == want, what, file, line);
}

bool
check_u64(uint64_t got, uint64_t want, const char *what, const char *file,
    int line)
{
	return check_true(got == want, what, file, line);
}

/* ---- the start ---- */

static struct shelf *
shelf_of(struct world *w, unsigned shard)
{
	return shard == 0 ? &w->shelf : &w->other_shelf;
}

static void
set_up(struct start *start, unsigned shards)
{
	static const char *names[PEOPLE] = { "alice", "bob", "carol", "alice",
		"mallory" };
	struct server_config config = server_config_default();
	struct world *w = &start->w;

	config.max_conns = 8;
	config.shards = shards;
	world_init_with(w, &config);
	(void)shelf_run(&w->other_shelf);
	for (unsigned i = 0; i < PEOPLE; i++) {
		struct guy *g = &start->people[i];

		if (i == 3)
			guy_init_device(g, &start->people[0]);
		else
			guy_init(w, g, names[i], "correct horse");
		g->shard = i % shards;
		if (i < 3)
			MUST(guy_connect(g) && guy_register(g));
		if (i == 3)
			MUST(guy_connect(g) && guy_login(g, 0) &&
			    guy_add_device(g));
		guy_cut(g);
		guy_forget(g);
		wr_free(&g->in);
	}
	for (unsigned i = 0; i < shards; i++)
		start->shelves[i] = *shelf_of(w, i);
}

__attribute__((constructor)) static void
start_libraries(void)
{
	MUST(crypto_init() == ERR_OK);
	set_up(&starts[0], 1);
	set_up(&starts[1], 2);
}

/* Puts accounts back, and their views where they belong. */
static void
restore_shelf(struct shelf *to, const struct shelf *from)
{
	struct store store = to->store;

	memcpy(to, from, sizeof *to);
	to->store = store;
	for (size_t i = 0; i < to->accounts_n; i++) {
		struct shelf_account *a = &to->accounts[i];

		a->a.identity_box.p = a->identity_box;
		a->a.settings_box.p = a->settings_box;
		a->a.roster.p = a->roster;
	}
}

static struct world *
begin(struct start *start)
{
	struct world *w = &start->w;
	enum err err;

	for (unsigned i = 0; i < w->config.shards; i++) {
		server_free(w->servers[i]);
		restore_shelf(shelf_of(w, i), &start->shelves[i]);
	}
	w->now_ms = 9000000;
	w->seed = 1;
	world_start(w);
	for (unsigned i = 0; i < w->config.shards; i++) {
		(void)shelf_run(shelf_of(w, i));
		MUST(server_is_ready(w->servers[i], &err));
	}
	for (unsigned i = 0; i < PEOPLE; i++) {
		people[i] = start->people[i];
		people[i].in = wr_new();
		w->guys[i] = &people[i];
	}
	w->guys_n = PEOPLE;
	memset(logins, 0, sizeof logins);
	memset(has_begun, 0, sizeof has_begun);
	return w;
}

/* ---- the end ---- */

/* Lets time pass; of two shards the world knows one deadline. */
static void
pass(struct world *w, uint64_t ms)
{
	world_wait(w, ms);
	for (unsigned i = 0; i < w->config.shards; i++)
		server_tick(w->servers[i]);
	world_pump(w);
}

/* Everybody goes; nothing of them may be left. */
static void
end(struct world *w)
{
	struct server_user_info info;
	struct server_stats stats;

	for (unsigned i = 0; i < w->config.shards; i++)
		shelf_of(w, i)->is_slow = false;
	for (unsigned i = 0; i < PEOPLE; i++)
		guy_cut(&people[i]);
	pass(w, 20000);
	for (unsigned i = 0; i < w->config.shards; i++) {
		struct server *s = w->servers[i];

		MUST(server_is_drained(s));
		MUST(list_is_empty(&s->questions));
		MUST(s->ops == 0 && s->post_first == NULL);
		MUST(s->dirty == NULL && s->wheel.count == 0);
		server_get_stats(s, &stats);
		MUST(stats.sessions == 0 && stats.waiting_bytes == 0);
		for (size_t j = 0; j < SERVER_SOURCES; j++)
			MUST(s->sources[j].conns == 0);
		for (const struct wire_name *at = NULL;
		     server_user_next(s, at, &info); at = &info.name)
			MUST(info.sessions == 0 &&
			    info.status == WIRE_STATUS_OFFLINE);
	}
	for (unsigned i = 0; i < PEOPLE; i++)
		guy_free(&people[i]);
}

/* What holds whenever nothing moves: a channel that is over has no keys, and
 * every session has its seat. */
static void
look(struct world *w)
{
	struct server_user_info info;
	size_t seats = 0, sessions = 0;

	for (unsigned i = 0; i < w->config.shards; i++) {
		struct server *s = w->servers[i];

		for (const struct wire_name *at = NULL;
		     server_user_next(s, at, &info); at = &info.name)
			seats += info.sessions;
		for (uint32_t j = 0; j < s->conns_high; j++) {
			const struct server_conn *c = &s->conns[j];

			MUST((c->vault != NULL) == (c->state == SERVER_OPEN ||
			    c->state == SERVER_LOGGED));
			if (c->state == SERVER_LOGGED)
				sessions++;
		}
	}
	MUST(seats == sessions);
}

/* ---- steps ---- */

static bool
is_logged(const struct guy *g)
{
	return g->conn != NULL && g->is_up && !g->is_closed &&
	    g->conn->state == SERVER_LOGGED;
}

static bool
may_speak(const struct guy *g)
{
	return g->conn != NULL && g->is_up && !g->is_closed;
}

/* Hands bytes over as they are, from memory of exactly their size. */
static void
hand(struct guy *g, struct bytes b)
{
	uint8_t *copy = malloc(b.n + 1);

	MUST(copy != NULL);
	if (b.n != 0)
		memcpy(copy, b.p, b.n);
	if (g->conn != NULL && !g->is_closed && b.n != 0)
		server_bytes(g->w->servers[g->shard], g->conn,
		    (struct bytes){ copy, b.n });
	free(copy);
}

/* A message with the fields that the input gives, but for the ids that
 * nobody could guess: those are filled in. */
static void
fill_ids(uint8_t type, uint8_t *body, size_t n)
{
	if (n < 16)
		return;
	if (type == WIRE_ANSWER)
		memcpy(body, asked, 16);
	else if (type == WIRE_STREAM_OPEN)
		memcpy(body, ticket, 16);
	else if (type == WIRE_UNWANT)
		memcpy(body, nonce, 16);
}

static uint32_t
stream_of(const struct guy *g, uint8_t which)
{
	if (!is_logged(g) || g->conn->of.talk == NULL)
		return which;
	return g->conn->of.talk->halves[which % WIRE_STREAMS_MAX].number;
}

static void
put_message(struct rd *r, struct wr *to, const struct guy *g)
{
	uint8_t type = rd_u8(r), flags = rd_u8(r), body[600] = { 0 };
	size_t n = rd_u8(r) + ((flags & 2) != 0 ? 300U : 0U);
	struct bytes some = rd_view(r, n < r->n ? n : r->n);

	if (some.n != 0)
		memcpy(body, some.p, some.n);
	if ((flags & 1) != 0)
		fill_ids(type, body, n);
	if ((flags & 1) != 0 && type >= WIRE_STREAM_DATA &&
	    type <= WIRE_STREAM_CLOSE && n >= 4) {
		struct wr w = wr_init(body, 4);

		wr_u32(&w, stream_of(g, body[3]));
	}
	for (int i = 0; i < ((flags & 4) != 0 ? 200 : 1); i++) {
		wr_u8(to, type);
		wr_u24(to, (uint32_t)n);
		wr_put(to, (struct bytes){ body, n });
	}
}

/* Some messages in one go, without waiting for what comes of them. */
static void
say(struct rd *r, struct guy *g)
{
	struct wr plain = wr_new(), out = wr_new();

	for (uint8_t n = rd_u8(r) % 4; n > 0; n--)
		put_message(r, &plain, g);
	if (may_speak(g) && plain.n != 0) {
		MUST(pact_channel_seal(&g->channel, wr_bytes(&plain), false,
		    &out) == ERR_OK);
		hand(g, wr_bytes(&out));
	}
	wr_free(&plain);
	wr_free(&out);
}

/* Remembers the ids that were heard, and forgets the rest. */
static void
listen(struct guy *g)
{
	struct wire_INTRODUCTION question;
	struct wire_INTRODUCED got;

	while (guy_take(g, WIRE_INTRODUCTION, &question))
		memcpy(asked, question.id, sizeof asked);
	while (guy_take(g, WIRE_INTRODUCED, &got))
		memcpy(ticket, got.id, sizeof ticket);
	if (has_begun[g - people])
		(void)guy_take(g, WIRE_LOGIN_REPLY,
		    &logins[g - people].reply);
	guy_forget(g);
}

static void
want(struct rd *r, struct guy *g)
{
	struct wire_WANT m = { .req = 7, .paths = WIRE_PATH_RELAY };

	m.name = people[rd_u8(r) % PEOPLE].name;
	memset(m.nonce, rd_u8(r), sizeof m.nonce);
	memcpy(nonce, m.nonce, sizeof nonce);
	if (is_logged(g))
		guy_say(g, WIRE_WANT, &m);
}

static void
accept(struct guy *g)
{
	struct wire_ANSWER m = { .verdict = WIRE_VERDICT_ACCEPT,
		.paths = WIRE_PATH_RELAY };

	memcpy(m.id, asked, sizeof m.id);
	if (is_logged(g))
		guy_say(g, WIRE_ANSWER, &m);
}

static void
log_in(struct rd *r, struct guy *g)
{
	struct guy_login *login = &logins[g - people];
	uint8_t how = rd_u8(r);

	if (!may_speak(g) || g->is_deaf)
		return;
	switch (how % 4) {
	case 0:
		(void)guy_login_device(g, how >> 7);
		break;
	case 1:
		guy_login_start(g, login);
		has_begun[g - people] = true;
		(void)guy_take(g, WIRE_LOGIN_REPLY, &login->reply);
		break;
	case 2:
		if (!has_begun[g - people] || login->reply.ksf_passes == 0)
			break;
		guy_login_finish(g, login, how >> 7);
		has_begun[g - people] = false;
		break;
	default:
		(void)guy_login(g, how >> 7);
	}
}

static void
log_out(struct rd *r, struct guy *g)
{
	struct wire_LOGOUT m = { .scope = rd_u8(r) % 4 };
	struct wire_LOGOUT_REPLY reply;
	struct wire_LOGOUT_ACK ack;

	if (!is_logged(g))
		return;
	guy_say(g, WIRE_LOGOUT, &m);
	if (!guy_take(g, WIRE_LOGOUT_REPLY, &reply) || !may_speak(g))
		return;
	pact_keys_logout(g->k, PACT_LABEL_LOGOUT_2, m.challenge,
	    reply.challenge, ack.answer);
	guy_say(g, WIRE_LOGOUT_ACK, &ack);
}

static void
op_done(void *ctx, enum err err)
{
	(void)ctx;
	(void)err;
}

static void
operate(struct rd *r, struct world *w, struct guy *g)
{
	uint8_t code[WIRE_CODE_LEN], what = rd_u8(r) % 8;
	struct server *home = world_home(w, &g->name);
	struct shelf *shelf = shelf_of(w, home == w->server ? 0 : 1);

	if (what < 4)
		server_user(home, (enum server_user_op)what, &g->name,
		    op_done, NULL);
	else if (what == 4 && shelf->invites_n < SHELF_ACCOUNTS / 2)
		server_invite(home, &g->name, UINT64_MAX, code, op_done,
		    NULL);
	else if (what == 5)
		shelf->is_slow = !shelf->is_slow;
	else if (what == 6)
		shelf->is_broken = !shelf->is_broken;
	else
		shelf->is_lying = !shelf->is_lying;
}

/* Not while a store is slow: the clients of the world wait for invites. */
static void
join(struct world *w, struct guy *g)
{
	if (w->shelf.is_slow || w->other_shelf.is_slow || !may_speak(g) ||
	    g->is_deaf || g->roster.count > 2 ||
	    w->shelf.invites_n > SHELF_ACCOUNTS / 2 ||
	    w->other_shelf.invites_n > SHELF_ACCOUNTS / 2)
		return;
	(void)guy_register(g);
}

static void
step(struct rd *r, struct world *w)
{
	uint8_t what = rd_u8(r);
	struct guy *g = &people[rd_u8(r) % PEOPLE];

	switch (what % 16) {
	case 0:
		(void)guy_connect(g);
		break;
	case 1:
		log_in(r, g);
		break;
	case 2:
	case 3:
		say(r, g);
		break;
	case 4:
		world_pump(w);
		listen(g);
		break;
	case 5:
		want(r, g);
		break;
	case 6:
		accept(g);
		break;
	case 7:
		hand(g, rd_view(r, r->n < 40 ? r->n : rd_u8(r) % 32));
		break;
	case 8:
		pass(w, (uint64_t)rd_u8(r) * 1000);
		break;
	case 9:
		operate(r, w, g);
		break;
	case 10:
		log_out(r, g);
		break;
	case 11:
		guy_cut(g);
		break;
	case 12:
		g->is_deaf = !g->is_deaf;
		break;
	case 13:
		join(w, g);
		break;
	case 14:
		if (is_logged(g) && g->roster.count < 8 && !g->is_deaf)
			(void)guy_add_device(g);
		break;
	default:
		if (g->conn == NULL)
			g->from.ip[0] = rd_u8(r);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct rd r = rd_init((struct bytes){ p, n });
	struct world *w;

	if (n < 1 || n > INPUT_MAX)
		return 0;
	w = begin(&starts[rd_u8(&r) & 1]);
	for (int i = 0; i < 200 && r.n > 0; i++)
		step(&r, w);
	for (unsigned i = 0; i < w->config.shards; i++)
		shelf_of(w, i)->is_slow = false;
	world_pump(w);
	look(w);
	end(w);
	return 0;
}
