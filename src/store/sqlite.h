/*
 * sqlite - the store in one SQLite file.
 *
 * WAL, synchronous=FULL. A writer thread gathers what is waiting into one
 * transaction, commits, then completes them all; reads run on a connection
 * (and thread) of their own, so that a login never waits behind an fsync.
 * Completions are handed over by store_sqlite_poll on the loop's thread,
 * after wake was called from another one. Any failed write or sync is final,
 * since nobody knows what the disk holds after it: from then on every write
 * completes with IO, and is_broken says so. Two failures are not final, for
 * SQLite takes the transaction back whole: a full disk (IO) and want of
 * memory (NOMEM).
 *
 * Unthreaded, one connection does everything inside store_sqlite_poll, in
 * the order of submission, and the vfs needs no shared memory.
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "store/store.h"

struct store_sqlite;

#define STORE_SQLITE_SCHEMA 1

struct store_sqlite_options {
	const char *path;  /* the database file */
	const char *vfs;   /* NULL: the default one */
	bool is_threaded;  /* false: work happens inside store_sqlite_poll */
	void (*wake)(void *ctx); /* from any thread: poll is due */
	void *ctx;
};

/*
 * Opens or creates the database (mode 0600), migrates it, in one transaction,
 * to this schema, and moves the log into it. Fails with NOMEM, IO, VERSION
 * (made by a newer program), or LIMIT (another process has it; with the
 * default vfs an flock on the file sees to that). *why gets a static
 * sentence. The strings of options must outlive the store.
 */
MUST_USE enum err store_sqlite_open(const struct store_sqlite_options *options,
    struct store_sqlite **out, const char **why);

/* Finishes what is pending without completing it, and closes. */
void store_sqlite_close(struct store_sqlite *s);

/* The interface that the core uses. */
struct store *store_sqlite_store(struct store_sqlite *s);

/* Completes what is ready; returns how many. */
size_t store_sqlite_poll(struct store_sqlite *s);

/* Waits for and completes all that is pending, and what the completions
 * submit in turn. */
void store_sqlite_drain(struct store_sqlite *s);

/* Returns whether a write has failed. */
bool store_sqlite_is_broken(struct store_sqlite *s);

/* Returns whether the last write found no room on the disk. */
bool store_sqlite_is_full(struct store_sqlite *s);

/* Returns how many transactions have been committed. */
uint64_t store_sqlite_commits(struct store_sqlite *s);

/*
 * Looks whose database it is and at the schema's version, and runs SQLite's
 * integrity check, read-only; a live store may have the file. Fails with IO
 * or VERSION; *why as above.
 */
MUST_USE enum err store_sqlite_check(const char *path, const char **why);

/*
 * Copies the live database to a new file at path, consistently and synced.
 * From any thread; writes go on meanwhile. Unthreaded: between polls. IO.
 */
MUST_USE enum err store_sqlite_backup(struct store_sqlite *s,
    const char *path);

#endif
