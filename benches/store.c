/*
 * store - durable writes a second: through the store's interface, with its
 * thread and group commit, beside bare SQLite writing the same rows in
 * batches as large as the ones that came together here.
 *
 *	bench-store FOLDER
 */
#include "store/sqlite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OUTSTANDING 1000
#define SECONDS     2.0

static struct store_request requests[OUTSTANDING];
static struct store *store;
static volatile int woken;
static uint64_t completed;
static bool stopping;

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
wake(void *ctx)
{
	(void)ctx;
	woken = 1;
}

static void
done(struct store_request *request, enum err err)
{
	if (err != ERR_OK) {
		fprintf(stderr, "bench-store: %s\n", err_text(err));
		exit(1);
	}
	completed++;
	if (!stopping)
		store->submit(store, request);
}

/* An invite is a row of a few dozen bytes, and needs no other. */
static void
prepare(struct store_request *request, uint32_t number)
{
	*request = (struct store_request){ .kind = STORE_INVITE_PUT,
		.done = done };
	(void)snprintf(request->invite.name, sizeof request->invite.name,
	    "name%u", number);
	memcpy(request->invite.hash, &number, sizeof number);
	request->invite.expires_s = 1;
	request->invite.tries = 1;
}

static double
measure_ours(const char *folder)
{
	struct store_sqlite_options options = { .is_threaded = true,
		.wake = wake };
	struct store_sqlite *sqlite;
	const char *why;
	char path[512];
	double start;

	(void)snprintf(path, sizeof path, "%s/ours.db", folder);
	options.path = path;
	if (store_sqlite_open(&options, &sqlite, &why) != ERR_OK) {
		fprintf(stderr, "bench-store: %s\n", why);
		exit(1);
	}
	store = store_sqlite_store(sqlite);
	start = now();
	for (uint32_t i = 0; i < OUTSTANDING; i++) {
		prepare(&requests[i], i);
		store->submit(store, &requests[i]);
	}
	while (now() - start < SECONDS) {
		if (store_sqlite_poll(sqlite) == 0)
			(void)usleep(20);
	}
	stopping = true;
	store_sqlite_close(sqlite);
	return (double)completed / SECONDS;
}

static void
run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) {
		fprintf(stderr, "bench-store: %s\n", sqlite3_errmsg(db));
		exit(1);
	}
}

static double
measure_raw(const char *folder)
{
	char path[512];
	uint8_t hash[32] = { 0 };
	sqlite3_stmt *put;
	sqlite3 *db;
	double start, rows = 0;

	(void)snprintf(path, sizeof path, "%s/raw.db", folder);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		exit(1);
	run(db, "PRAGMA journal_mode = WAL");
	run(db, "PRAGMA synchronous = FULL");
	run(db, "CREATE TABLE invite (hash BLOB PRIMARY KEY, name TEXT,"
		" expires_s INTEGER, tries INTEGER) WITHOUT ROWID");
	if (sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO invite"
		" VALUES (?, ?, 1, 1)", -1, &put, NULL) != SQLITE_OK)
		exit(1);
	start = now();
	while (now() - start < SECONDS) {
		run(db, "BEGIN IMMEDIATE");
		for (uint32_t i = 0; i < OUTSTANDING; i++) {
			memcpy(hash, &i, sizeof i);
			(void)sqlite3_bind_blob(put, 1, hash, sizeof hash,
			    SQLITE_STATIC);
			(void)sqlite3_bind_text(put, 2, "name", 4,
			    SQLITE_STATIC);
			(void)sqlite3_step(put);
			(void)sqlite3_reset(put);
		}
		run(db, "COMMIT");
		rows += OUTSTANDING;
	}
	(void)sqlite3_finalize(put);
	(void)sqlite3_close(db);
	return rows / SECONDS;
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: bench-store FOLDER\n");
		return 64;
	}
	printf("accepts_per_s %.0f\n", measure_ours(argv[1]));
	printf("raw_accepts_per_s %.0f\n", measure_raw(argv[1]));
	return 0;
}
