/*
 * store - durable writes a second: through the store's interface, with its
 * threads and group commit, beside bare SQLite that runs the same statements
 * on the same tables, in batches as large as ours came to be.
 *
 *	bench-store FOLDER
 *
 * The two take turns, so that a disk that is busy with others is busy for
 * both; each round gives one ratio, and the middle one counts.
 */
#include "store/db.h"
#include "store/sqlite.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define OUTSTANDING 1000
#define ROUNDS	    7
#define SECONDS	    0.4

static struct store_request requests[OUTSTANDING];
static struct store *store;
static int bell;
static uint64_t completed;
static bool is_stopping;

static _Noreturn void
die(const char *why)
{
	fprintf(stderr, "bench-store: %s\n", why);
	exit(1);
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* As the server's loop is woken. */
static void
wake(void *ctx)
{
	const uint64_t one = 1;

	(void)ctx;
	if (write(bell, &one, sizeof one) != sizeof one)
		die("the bell does not ring");
}

static void
wait_for_bell(void)
{
	struct pollfd at = { .fd = bell, .events = POLLIN };
	uint64_t count;

	(void)poll(&at, 1, 100);
	(void)!read(bell, &count, sizeof count);
}

static void
done(struct store_request *request, enum err err)
{
	if (err != ERR_OK)
		die(err_text(err));
	completed++;
	if (!is_stopping)
		store->submit(store, request);
}

/* An invite is a row of a few dozen bytes, and needs no other. */
static void
prepare(struct store_request *request, uint32_t number)
{
	*request =
	    (struct store_request){ .kind = STORE_INVITE_PUT, .done = done };
	(void)snprintf(request->invite.name, sizeof request->invite.name,
	    "name%u", number);
	memcpy(request->invite.hash, &number, sizeof number);
	request->invite.expires_s = 1;
	request->invite.tries = 1;
}

/* Returns writes a second; *batch becomes how many a commit had. */
static double
measure_ours(const char *path, size_t *batch)
{
	struct store_sqlite_options options = {
		.path = path, .is_threaded = true, .wake = wake
	};
	struct store_sqlite *sqlite;
	const char *why;
	uint64_t commits;
	double start, took;

	if (store_sqlite_open(&options, &sqlite, &why) != ERR_OK)
		die(why);
	store = store_sqlite_store(sqlite);
	commits = store_sqlite_commits(sqlite);
	completed = 0;
	is_stopping = false;
	start = now();
	for (uint32_t i = 0; i < OUTSTANDING; i++)
		store->submit(store, &requests[i]);
	while (now() - start < SECONDS) {
		wait_for_bell();
		(void)store_sqlite_poll(sqlite);
	}
	is_stopping = true;
	store_sqlite_drain(sqlite);
	took = now() - start;
	commits = store_sqlite_commits(sqlite) - commits;
	*batch = completed / commits;
	store_sqlite_close(sqlite);
	return (double)completed / took;
}

static void
put(struct store_db *db, const struct store_invite *invite)
{
	struct store_row r = store_row_begin(db, STORE_SQL_INVITE_PUT);

	store_row_bind_blob(&r, BYTES_OF(invite->hash));
	store_row_bind_text(&r, invite->name);
	store_row_bind_u64(&r, invite->expires_s);
	store_row_bind_u64(&r, invite->tries);
	(void)store_row_next(&r);
	store_row_end(&r);
}

static double
measure_raw(const char *path, size_t batch)
{
	struct store_db db;
	const char *why;
	size_t rows = 0;
	double start, took;

	if (store_db_open(&db, path, NULL, STORE_DB_OWNER, &why) != ERR_OK ||
	    store_db_migrate(&db, store_db_steps, STORE_SQLITE_SCHEMA, &why) !=
		ERR_OK)
		die(why);
	start = now();
	while (now() - start < SECONDS) {
		store_db_run(&db, STORE_SQL_BEGIN);
		for (size_t i = 0; i < batch; i++)
			put(&db, &requests[rows++ % OUTSTANDING].invite);
		store_db_run(&db, STORE_SQL_COMMIT);
		if (db.wal_pages >= 1000)
			store_db_checkpoint(&db);
	}
	took = now() - start;
	if (store_db_err(&db) != ERR_OK)
		die("raw SQLite failed");
	store_db_close(&db);
	return (double)rows / took;
}

struct round {
	double ours, raw;
};

static int
by_ratio(const void *a, const void *b)
{
	const struct round *x = a, *y = b;
	double d = x->ours / x->raw - y->ours / y->raw;

	return (d > 0) - (d < 0);
}

int
main(int argc, char **argv)
{
	struct round rounds[ROUNDS], *middle = &rounds[ROUNDS / 2];
	char ours[512], raw[512];
	size_t batch;

	if (argc != 2) {
		fprintf(stderr, "usage: bench-store FOLDER\n");
		return 64;
	}
	bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	(void)snprintf(ours, sizeof ours, "%s/ours.db", argv[1]);
	(void)snprintf(raw, sizeof raw, "%s/raw.db", argv[1]);
	for (uint32_t i = 0; i < OUTSTANDING; i++)
		prepare(&requests[i], i);
	for (size_t i = 0; i < ROUNDS; i++) {
		rounds[i].ours = measure_ours(ours, &batch);
		rounds[i].raw = measure_raw(raw, batch);
	}
	qsort(rounds, ROUNDS, sizeof rounds[0], by_ratio);
	printf("accepts_per_s %.0f\n", middle->ours);
	printf("raw_accepts_per_s %.0f\n", middle->raw);
	printf("batch %zu\n", batch);
	return 0;
}
