/*
 * names - whether the time of a login tells that there is such an account.
 *
 *	bench-names FOLDER [SAMPLES]
 *
 * One server core with a real store, in this process. KE1 for names with an
 * account and for names without, in random order; what is measured is the
 * CPU time from the record's bytes until KE2 was given to send, the store's
 * read included. Both kinds of name are as many, as long, and spread alike,
 * so that no cache knows more of one kind.
 *
 * Prints "name value" lines: medians, and Welch's t (welch.h).
 */
#include "world.h"

#include "welch.h"

#include "server/guess.h"
#include "server/login.h"
#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POOL	4096 /* names of each kind */
#define WARM_UP 2000
#define SAMPLES 100000

enum kind { KNOWN, UNKNOWN, KINDS };

static struct world w;
static struct guy guy;
static struct wire_name names[KINDS][POOL];
static struct store_sqlite *store;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "bench-names: %s\n", what);
	exit(1);
}

static double
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static uint32_t
any(uint32_t below)
{
	uint32_t n;

	world_random(&w, &n, sizeof n);
	return n % below;
}

/* ---- accounts ---- */

static size_t done_n;

static void
on_done(struct store_request *q, enum err err)
{
	(void)q;
	must(err == ERR_OK, "the store fails");
	done_n++;
}

static struct wire_name
make_name(void)
{
	struct wire_name name = { .s = "" };

	for (size_t i = 0; i < 12; i++)
		name.s[i] = (char)('a' + any(26));
	return name;
}

/* Each account stands in for one of the names without. */
static void
make_unknown(void)
{
	static bool is_taken[POOL];

	for (size_t n = 0; n < POOL;) {
		struct wire_name name = make_name();
		uint64_t at = siphash(w.server->hash_key,
		    wire_name_bytes(&name)) % POOL;

		if (is_taken[at])
			continue;
		is_taken[at] = true;
		names[UNKNOWN][n++] = name;
	}
}

/* Everybody has what the one has who has joined. */
static void
make_accounts(const struct store_account *like)
{
	struct store_request *all = calloc(2UL * POOL, sizeof *all);
	struct store *to = store_sqlite_store(store);

	must(all != NULL, "no memory");
	for (size_t i = 0; i < POOL; i++) {
		struct store_request *invite = &all[2 * i];
		struct store_request *create = &all[2 * i + 1];

		*invite = (struct store_request){ .kind = STORE_INVITE_PUT,
			.done = on_done };
		memcpy(invite->invite.name, names[KNOWN][i].s,
		    sizeof invite->invite.name);
		memcpy(invite->invite.hash, &i, sizeof i);
		invite->invite.expires_s = UINT32_MAX;
		invite->invite.tries = 5;
		*create = (struct store_request){ .account = *like,
			.kind = STORE_ACCOUNT_CREATE, .done = on_done };
		memcpy(create->account.name, names[KNOWN][i].s,
		    sizeof create->account.name);
		memcpy(create->invite_hash, &i, sizeof i);
		world_random(&w, create->account.credential_id,
		    sizeof create->account.credential_id);
		to->submit(to, invite);
		to->submit(to, create);
	}
	store_sqlite_drain(store);
	must(done_n == 2UL * POOL, "not all accounts were made");
	free(all);
}

static void
begin(const char *folder)
{
	char path[512];
	struct store_sqlite_options options = { .path = path };
	const char *why = "";
	enum err err;

	world_init(&w);
	must(guy_join(&w, &guy, "alice"), "cannot join");
	guy_cut(&guy);
	for (size_t i = 0; i < POOL; i++)
		names[KNOWN][i] = make_name();
	(void)snprintf(path, sizeof path, "%s/names.db", folder);
	must(store_sqlite_open(&options, &store, &why) == ERR_OK, why);
	make_accounts(&w.shelf.accounts[0].a);
	server_free(w.server);
	must(server_new(&w.config, &w.keys, &w.env, &w.effects,
	    store_sqlite_store(store), &w.server) == ERR_OK, "no server");
	w.servers[0] = w.server;
	store_sqlite_drain(store);
	must(server_is_ready(w.server, &err), "the server is not ready");
	make_unknown();
	must(guy_connect(&guy), "cannot connect");
}

/* ---- logins ---- */

static void
make_start(struct wire_LOGIN_START *m)
{
	struct opaque_login_random random;
	struct opaque_login state;

	world_random(&w, &random, sizeof random);
	must(opaque_client_login(&state, bytes_str("guess"), &random,
	    m->ke1) == ERR_OK, "no KE1");
}

/* One KE1; the channel is then as it was before. */
static double
login(struct wire_LOGIN_START *m)
{
	struct wr plain = wr_new(), record = wr_new();
	struct server_login *of = server_login_of(guy.conn);
	double begun, us;

	m->req++;
	guy_queue(&guy, &plain, WIRE_LOGIN_START, m);
	must(pact_channel_seal(&guy.channel, wr_bytes(&plain), false,
	    &record) == ERR_OK, "no memory");
	guy.in.n = guy.unsent = 0;
	begun = now_us();
	server_bytes(w.server, guy.conn, wr_bytes(&record));
	while (store_sqlite_poll(store) > 0)
		continue;
	server_flush(w.server);
	us = now_us() - begun;
	must(of->step == SERVER_LOGIN_KE3, "KE2 did not come");
	server_sent(w.server, guy.conn, guy.unsent);
	server_guess_refund(w.server, guy.conn, &m->name);
	of->step = SERVER_LOGIN_IDLE;
	wr_free(&plain);
	wr_free(&record);
	return us;
}

static void
tell(struct welch_sample *samples, size_t n)
{
	double worst = welch_worst(samples, n);

	(void)printf("samples %zu\n", n);
	(void)printf("known_us %.2f\n", welch_median(samples, n, KNOWN));
	(void)printf("unknown_us %.2f\n", welch_median(samples, n, UNKNOWN));
	(void)printf("t %.2f\n", worst);
}

int
main(int argc, char **argv)
{
	size_t n = argc == 3 ? strtoul(argv[2], NULL, 10) : SAMPLES;
	struct wire_LOGIN_START m = { .req = 0 };
	struct welch_sample *samples;

	must(argc >= 2 && n >= 100, "usage: bench-names FOLDER [SAMPLES]");
	samples = calloc(n, sizeof *samples);
	must(samples != NULL, "no memory");
	begin(argv[1]);
	make_start(&m);
	for (size_t i = 0; i < WARM_UP + n; i++) {
		enum kind kind = (enum kind)any(KINDS);
		struct welch_sample *to =
		    &samples[i < WARM_UP ? 0 : i - WARM_UP];

		m.name = names[kind][any(POOL)];
		to->value = login(&m);
		to->kind = kind;
	}
	tell(samples, n);
	return 0;
}
