#include "store/db.h"

#include "base/plant.h"
#include "store/sqlite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#define APPLICATION_ID 0x736f7431 /* "sot1" */
#define BUSY_MS        10000

static const char *const statement_text[] = {
#define X(name, text) [STORE_SQL_##name] = text,
	STORE_DB_STATEMENTS(X)
#undef X
};

/*
 * Schema 1. What changes often or is asked for in lists stands in account;
 * the settings box, which can be 256 KiB, has a table of its own, so that a
 * change of status does not write it again.
 */
static const char schema_1[] =
    "CREATE TABLE account ("
    "	name TEXT PRIMARY KEY NOT NULL,"
    "	version INTEGER NOT NULL,"
    "	is_enabled INTEGER NOT NULL,"
    "	has_record INTEGER NOT NULL,"
    "	status INTEGER NOT NULL,"
    "	credential_id BLOB NOT NULL,"
    "	ksf_passes INTEGER NOT NULL,"
    "	ksf_memory_kib INTEGER NOT NULL,"
    "	record BLOB NOT NULL,"
    "	identity BLOB NOT NULL,"
    "	identity_version INTEGER NOT NULL,"
    "	settings_version INTEGER NOT NULL,"
    "	roster_version INTEGER NOT NULL,"
    "	created_s INTEGER NOT NULL,"
    "	roster BLOB NOT NULL,"
    "	identity_box BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE settings ("
    "	name TEXT PRIMARY KEY NOT NULL,"
    "	box BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE invite ("
    "	hash BLOB PRIMARY KEY NOT NULL,"
    "	name TEXT UNIQUE NOT NULL,"
    "	expires_s INTEGER NOT NULL,"
    "	tries INTEGER NOT NULL"
    ") STRICT;";

const char *const store_db_steps[STORE_SQLITE_SCHEMA] = { schema_1 };

enum err
store_db_err(const struct store_db *db)
{
	switch (db->rc) {
	case SQLITE_OK:
		return ERR_OK;
	case SQLITE_NOMEM:
		return ERR_NOMEM;
	default:
		return ERR_IO;
	}
}

/* Keeps the first error; extended codes are cut to the primary ones. */
static void
note(struct store_db *db, int rc)
{
	rc &= 0xff;
	if (db->rc == SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
		db->rc = rc;
}

static void
execute(struct store_db *db, const char *text)
{
	if (db->rc == SQLITE_OK)
		note(db, sqlite3_exec(db->sql, text, NULL, NULL, NULL));
}

int64_t
store_db_number(struct store_db *db, const char *text)
{
	sqlite3_stmt *st = NULL;
	int64_t v = 0;

	if (db->rc != SQLITE_OK)
		return 0;
	note(db, sqlite3_prepare_v2(db->sql, text, -1, &st, NULL));
	if (st != NULL && sqlite3_step(st) == SQLITE_ROW)
		v = sqlite3_column_int64(st, 0);
	note(db, sqlite3_finalize(st));
	return v;
}

uint32_t
store_db_changes(const struct store_db *db)
{
	return (uint32_t)sqlite3_total_changes(db->sql);
}

/* Called after each commit with the length of the log. */
static int
on_commit(void *ctx, sqlite3 *sql, const char *name, int pages)
{
	struct store_db *db = ctx;

	(void)sql;
	(void)name;
	db->wal_pages = (unsigned)pages;
	db->commits++;
	return SQLITE_OK;
}

static int
open_flags(enum store_db_mode mode)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;

	switch (mode) {
	case STORE_DB_OWNER:
	case STORE_DB_ALONE:
		return flags | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
	case STORE_DB_SECOND:
		return flags | SQLITE_OPEN_READWRITE;
	case STORE_DB_READER:
	default:
		return flags | SQLITE_OPEN_READONLY;
	}
}

static const char *
how_to_sync(void)
{
	if (PLANTED(PLANT_STORE_SYNC_NORMAL))
		return "PRAGMA synchronous = NORMAL";
	if (PLANTED(PLANT_STORE_SYNC_OFF))
		return "PRAGMA synchronous = OFF";
	return "PRAGMA synchronous = FULL";
}

enum err
store_db_open(struct store_db *db, const char *path, const char *vfs,
    enum store_db_mode mode, const char **why)
{
	enum err err;

	*db = (struct store_db){ .rc = SQLITE_OK };
	note(db, sqlite3_open_v2(path, &db->sql, open_flags(mode), vfs));
	if (db->rc == SQLITE_OK)
		(void)sqlite3_busy_timeout(db->sql, BUSY_MS);
	if (mode == STORE_DB_ALONE)
		execute(db, "PRAGMA locking_mode = EXCLUSIVE");
	if (mode != STORE_DB_READER)
		execute(db, "PRAGMA journal_mode = WAL");
	execute(db, how_to_sync());
	execute(db, "PRAGMA secure_delete = ON");
	execute(db, "PRAGMA temp_store = MEMORY");
	/* It also ends SQLite's own checkpoints inside of commits. */
	if (db->rc == SQLITE_OK)
		(void)sqlite3_wal_hook(db->sql, on_commit, db);
	err = store_db_err(db);
	if (err != ERR_OK) {
		*why = db->rc == SQLITE_NOTADB || db->rc == SQLITE_CORRUPT ?
		    "the file is not a database, or is damaged" :
		    "the database cannot be opened";
		store_db_close(db);
	}
	return err;
}

void
store_db_close(struct store_db *db)
{
	for (size_t i = 0; i < STORE_SQL_COUNT; i++)
		(void)sqlite3_finalize(db->statements[i]);
	(void)sqlite3_close(db->sql);
	*db = (struct store_db){ .rc = SQLITE_MISUSE };
}

/* Runs the steps that are missing; the transaction is the caller's. */
static enum err
climb(struct store_db *db, const char *const *steps, unsigned n,
    const char **why)
{
	int64_t version = store_db_number(db, "PRAGMA user_version");
	int64_t maker = store_db_number(db, "PRAGMA application_id");
	int64_t tables = store_db_number(db,
	    "SELECT count(*) FROM sqlite_schema");
	char set[64];

	*why = "the database cannot be read";
	if (db->rc != SQLITE_OK)
		return store_db_err(db);
	if (maker != APPLICATION_ID && (maker != 0 || tables != 0)) {
		*why = "the file is another program's database";
		return ERR_IO;
	}
	if (version < 0 || version > (int64_t)n) {
		*why = "the database was made by a newer sottod";
		return ERR_VERSION;
	}
	*why = "the database cannot be brought up to date";
	if (version == (int64_t)n)
		return ERR_OK;
	for (unsigned i = (unsigned)version; i < n; i++)
		execute(db, steps[i]);
	(void)snprintf(set, sizeof set, "PRAGMA application_id = %d",
	    APPLICATION_ID);
	execute(db, set);
	(void)snprintf(set, sizeof set, "PRAGMA user_version = %u", n);
	execute(db, set);
	return store_db_err(db);
}

enum err
store_db_migrate(struct store_db *db, const char *const *steps, unsigned n,
    const char **why)
{
	enum err err;

	execute(db, "BEGIN IMMEDIATE");
	err = climb(db, steps, n, why);
	if (err == ERR_OK) {
		execute(db, "COMMIT");
		err = store_db_err(db);
	}
	if (err != ERR_OK)
		store_db_abort(db);
	return err;
}

void
store_db_copy(struct store_db *db, const char *path)
{
	sqlite3_stmt *st = NULL;

	if (db->rc != SQLITE_OK)
		return;
	note(db, sqlite3_prepare_v2(db->sql, "VACUUM INTO ?", -1, &st, NULL));
	if (st == NULL)
		return;
	note(db, sqlite3_bind_text(st, 1, path, -1, SQLITE_STATIC));
	note(db, sqlite3_step(st));
	note(db, sqlite3_finalize(st));
}

bool
store_db_is_ours(struct store_db *db)
{
	return store_db_number(db, "PRAGMA application_id") == APPLICATION_ID;
}

bool
store_db_is_whole(struct store_db *db)
{
	return store_db_number(db, "SELECT count(*) = 1 AND"
	    " min(integrity_check) = 'ok' FROM pragma_integrity_check") == 1;
}

void
store_db_abort(struct store_db *db)
{
	if (sqlite3_get_autocommit(db->sql) == 0)
		note(db, sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL));
}

bool
store_db_is_broken(const struct store_db *db)
{
	return db->rc != SQLITE_OK && db->rc != SQLITE_FULL &&
	    db->rc != SQLITE_NOMEM && db->rc != SQLITE_BUSY;
}

bool
store_db_is_full(const struct store_db *db)
{
	return db->rc == SQLITE_FULL;
}

void
store_db_checkpoint(struct store_db *db)
{
	int rc;

	db->wal_pages = 0;
	if (db->rc != SQLITE_OK)
		return;
	rc = sqlite3_wal_checkpoint_v2(db->sql, NULL,
	    SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if (rc != SQLITE_BUSY)
		note(db, rc);
}

struct store_row
store_row_begin(struct store_db *db, enum store_db_statement id)
{
	struct store_row r = { .db = db };

	if (db->rc != SQLITE_OK)
		return r;
	if (db->statements[id] == NULL)
		note(db, sqlite3_prepare_v3(db->sql, statement_text[id], -1,
		    SQLITE_PREPARE_PERSISTENT, &db->statements[id], NULL));
	r.st = db->statements[id];
	return r;
}

void
store_row_bind_u64(struct store_row *r, uint64_t v)
{
	if (r->db->rc == SQLITE_OK)
		note(r->db, sqlite3_bind_int64(r->st, ++r->at, (int64_t)v));
}

void
store_row_bind_text(struct store_row *r, const char *text)
{
	if (r->db->rc == SQLITE_OK)
		note(r->db, sqlite3_bind_text(r->st, ++r->at, text, -1,
		    SQLITE_STATIC));
}

void
store_row_bind_blob(struct store_row *r, struct bytes b)
{
	/* A NULL pointer would be bound as NULL, not as no bytes. */
	if (r->db->rc == SQLITE_OK)
		note(r->db, sqlite3_bind_blob64(r->st, ++r->at,
		    b.n == 0 ? "" : (const void *)b.p, b.n, SQLITE_STATIC));
}

bool
store_row_next(struct store_row *r)
{
	int rc;

	if (r->db->rc != SQLITE_OK)
		return false;
	rc = sqlite3_step(r->st);
	note(r->db, rc);
	r->at = 0;
	return rc == SQLITE_ROW;
}

uint64_t
store_row_u64(struct store_row *r)
{
	return (uint64_t)sqlite3_column_int64(r->st, r->at++);
}

struct bytes
store_row_blob(struct store_row *r)
{
	struct bytes b = { .p = sqlite3_column_blob(r->st, r->at) };

	b.n = (size_t)sqlite3_column_bytes(r->st, r->at++);
	return b;
}

void
store_row_copy(struct store_row *r, void *out, size_t n)
{
	struct bytes b = store_row_blob(r);

	if (b.n == n)
		memcpy(out, b.p, n);
	else
		note(r->db, SQLITE_CORRUPT);
}

void
store_row_text(struct store_row *r, char *out, size_t cap)
{
	struct bytes b = store_row_blob(r);

	if (b.n < cap) {
		memset(out, 0, cap);
		memcpy(out, b.p, b.n);
	} else
		note(r->db, SQLITE_CORRUPT);
}

void
store_row_end(struct store_row *r)
{
	if (r->st == NULL)
		return;
	note(r->db, sqlite3_reset(r->st));
	(void)sqlite3_clear_bindings(r->st);
}

void
store_db_run(struct store_db *db, enum store_db_statement id)
{
	struct store_row r = store_row_begin(db, id);

	(void)store_row_next(&r);
	store_row_end(&r);
}
