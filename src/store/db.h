/*
 * db - one connection to the database: how it is set up, which schema it
 * has, and every SQL statement that is ever run on it.
 *
 * Errors are sticky, as in base/rd: the first one that SQLite reports stays
 * in rc, later calls do nothing, and whoever runs a transaction looks at the
 * end. Statements are prepared when they are first used.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "base/bytes.h"
#include "base/err.h"

/* Columns in the order in which request.c reads them. */
#define STORE_DB_COLUMNS                                                      \
	"a.name, a.version, a.is_enabled, a.has_record, a.status,"            \
	" a.credential_id, a.ksf_passes, a.ksf_memory_kib, a.record,"         \
	" a.identity, a.identity_version, a.settings_version,"                \
	" a.roster_version, a.created_s, a.roster"

#define STORE_DB_STATEMENTS(X)                                                \
	X(BEGIN, "BEGIN IMMEDIATE")                                           \
	X(COMMIT, "COMMIT")                                                   \
	X(ROLLBACK, "ROLLBACK")                                               \
	X(ACCOUNT_GET, "SELECT " STORE_DB_COLUMNS ", a.identity_box, s.box"   \
	    " FROM account a LEFT JOIN settings s USING (name)"               \
	    " WHERE a.name = ?")                                              \
	X(RECORD_GET, "SELECT " STORE_DB_COLUMNS " FROM account a"            \
	    " WHERE a.name = ?")                                              \
	X(ACCOUNT_PAGE, "SELECT " STORE_DB_COLUMNS " FROM account a"          \
	    " WHERE a.name > ? ORDER BY a.name LIMIT ?")                      \
	X(VERSIONS, "SELECT version, has_record, identity_version,"           \
	    " settings_version, roster_version FROM account WHERE name = ?")  \
	X(ACCOUNT_PUT, "INSERT OR REPLACE INTO account (name, version,"       \
	    " is_enabled, has_record, status, credential_id, ksf_passes,"     \
	    " ksf_memory_kib, record, identity, identity_version,"            \
	    " settings_version, roster_version, created_s, roster,"           \
	    " identity_box)"                                                  \
	    " VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")       \
	X(ACCOUNT_DROP, "DELETE FROM account WHERE name = ?")                 \
	X(SETTINGS_PUT, "INSERT OR REPLACE INTO settings (name, box)"         \
	    " VALUES (?, ?)")                                                 \
	X(SETTINGS_DROP, "DELETE FROM settings WHERE name = ?")               \
	X(SET_RECORD, "UPDATE account SET record = ?, credential_id = ?,"     \
	    " ksf_passes = ?, ksf_memory_kib = ?, has_record = ?"             \
	    " WHERE name = ?")                                                \
	X(SET_IDENTITY, "UPDATE account SET identity_box = ?,"                \
	    " identity_version = ? WHERE name = ?")                           \
	X(SET_SETTINGS, "UPDATE account SET settings_version = ?"             \
	    " WHERE name = ?")                                                \
	X(SET_ROSTER, "UPDATE account SET roster = ?, roster_version = ?"     \
	    " WHERE name = ?")                                                \
	X(SET_ENABLED, "UPDATE account SET is_enabled = ? WHERE name = ?")    \
	X(SET_STATUS, "UPDATE account SET status = ? WHERE name = ?")         \
	X(RESET, "UPDATE account SET has_record = 0, record = zeroblob(192)," \
	    " credential_id = zeroblob(16), ksf_passes = 0,"                  \
	    " ksf_memory_kib = 0, identity = zeroblob(32),"                   \
	    " identity_version = 0, identity_box = x'', settings_version = 0," \
	    " roster_version = 0, roster = x'' WHERE name = ?")               \
	X(BUMP, "UPDATE account SET version = version + 1 WHERE name = ?")    \
	X(INVITE_GET, "SELECT expires_s, tries FROM invite"                   \
	    " WHERE hash = ? AND name = ?")                                   \
	X(INVITE_PUT, "INSERT OR REPLACE INTO invite (hash, name, expires_s," \
	    " tries) VALUES (?, ?, ?, ?)")                                    \
	X(INVITE_USE, "UPDATE invite SET tries = tries - 1 WHERE hash = ?")   \
	X(INVITE_DROP, "DELETE FROM invite WHERE name = ?")

enum store_db_statement {
#define X(name, text) STORE_SQL_##name,
	STORE_DB_STATEMENTS(X)
#undef X
	STORE_SQL_COUNT
};

struct sqlite3;
struct sqlite3_stmt;

struct store_db {
	struct sqlite3 *sql;
	struct sqlite3_stmt *statements[STORE_SQL_COUNT];
	int rc;               /* sticky; SQLite's codes, 0 is none */
	unsigned wal_pages;   /* in the log, after the last commit */
	uint64_t commits;
};

enum store_db_mode {
	STORE_DB_OWNER,  /* creates the file if there is none */
	STORE_DB_ALONE,  /* the same; the only connection, so that the vfs
			  * needs no shared memory */
	STORE_DB_SECOND, /* beside an owner */
	STORE_DB_READER, /* looks only */
};

/*
 * Opens a connection, WAL and FULL. Fails with NOMEM or IO, *why saying
 * what; db is then closed. db stays where it is until it is closed.
 */
MUST_USE enum err store_db_open(struct store_db *db, const char *path,
    const char *vfs, enum store_db_mode mode, const char **why);
void store_db_close(struct store_db *db);

/*
 * Brings the schema from the version that the file has to the n'th, by
 * running steps[version] up to steps[n - 1] in one transaction. A file of
 * somebody else is refused with IO, a newer one with VERSION.
 */
MUST_USE enum err store_db_migrate(struct store_db *db,
    const char *const *steps, unsigned n, const char **why);

/* The steps of this program; there are STORE_SQLITE_SCHEMA. */
extern const char *const store_db_steps[];

/* Runs text, which gives one number, and returns it. */
int64_t store_db_number(struct store_db *db, const char *text);

/* Returns how many rows this connection has ever changed, modulo 2^32. */
uint32_t store_db_changes(const struct store_db *db);

/* Copies all to a new file at path, as one transaction saw it. */
void store_db_copy(struct store_db *db, const char *path);

/* Returns whether a database of ours was begun in the file. */
bool store_db_is_ours(struct store_db *db);

/* Returns whether SQLite's integrity check finds nothing. */
bool store_db_is_whole(struct store_db *db);

/* Takes back what an unfinished transaction did. That needs memory: a later
 * call does it if this one has none. */
void store_db_abort(struct store_db *db);

/* Returns whether rc is an error after which nobody knows what the disk
 * holds: any but a full disk, want of memory, and a lock not had. */
bool store_db_is_broken(const struct store_db *db);

/* Returns whether rc says that the disk is full. */
bool store_db_is_full(const struct store_db *db);

/* Moves the log into the database as far as readers allow. */
void store_db_checkpoint(struct store_db *db);

/* Returns the sticky error, as an enum err: OK, NOMEM or IO. */
MUST_USE enum err store_db_err(const struct store_db *db);

/* ---- one statement ---- */

/* A run of a statement: parameters are bound, columns read, in order. */
struct store_row {
	struct store_db *db;
	struct sqlite3_stmt *st;
	int at;
};

struct store_row store_row_begin(struct store_db *db,
    enum store_db_statement id);
void store_row_bind_u64(struct store_row *r, uint64_t v);
void store_row_bind_text(struct store_row *r, const char *text);
void store_row_bind_blob(struct store_row *r, struct bytes b);

/* Moves to the next row; false at the end or after an error. */
bool store_row_next(struct store_row *r);

uint64_t store_row_u64(struct store_row *r);

/* A view that lives until the row is left; NULL counts as empty. */
struct bytes store_row_blob(struct store_row *r);

/* Copies a blob of exactly n bytes; another length is corruption. */
void store_row_copy(struct store_row *r, void *out, size_t n);

/* Copies text with its terminator into cap bytes. */
void store_row_text(struct store_row *r, char *out, size_t cap);

/* Ends the run; the views are gone. */
void store_row_end(struct store_row *r);

/* Runs a statement that has no parameters and no rows. */
void store_db_run(struct store_db *db, enum store_db_statement id);

#endif
