/*
 * migration - the power goes, or the disk fails, at every operation of a
 * database that climbs from one schema to another: it has the old one with
 * all that was there, or the new one with all that was there.
 *
 * There is one schema so far. The steps after it are this test's own, of the
 * kinds that real ones are: a column, a table that is made anew, a change of
 * every row.
 */
#include "sim/life.h"
#include "store/db.h"
#include "support/check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS (STORE_SQLITE_SCHEMA + 3)

static const char add_column[] =
    "ALTER TABLE account ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey';";
static const char make_anew[] =
    "CREATE TABLE invite_new (hash BLOB PRIMARY KEY NOT NULL,"
    " name TEXT UNIQUE NOT NULL, until_s INTEGER NOT NULL,"
    " tries INTEGER NOT NULL, maker TEXT NOT NULL) STRICT;"
    "INSERT INTO invite_new SELECT hash, name, expires_s, tries, 'operator'"
    " FROM invite;"
    "DROP TABLE invite;"
    "ALTER TABLE invite_new RENAME TO invite;";
static const char change_rows[] =
    "UPDATE account SET colour = 'green', roster = randomblob(900);"
    "CREATE INDEX by_colour ON account (colour);";

static const char *steps[STEPS];

/* What identifies each schema, and counts what must be in it. */
static const char *const facts[STEPS + 1] = {
	"SELECT count(*) = 0 FROM sqlite_schema",
	"SELECT (SELECT count(*) FROM account) = 60 AND"
	" (SELECT count(*) FROM settings) = 60 AND"
	" (SELECT sum(expires_s) FROM invite) = 1830 AND"
	" (SELECT count(*) FROM pragma_table_info('account')) = 16",
	"SELECT (SELECT count(*) FROM account WHERE colour = 'grey') = 60 AND"
	" (SELECT sum(expires_s) FROM invite) = 1830",
	"SELECT (SELECT count(*) FROM account WHERE colour = 'grey') = 60 AND"
	" (SELECT sum(until_s) FROM invite WHERE maker = 'operator') = 1830"
	" AND (SELECT count(*) FROM sqlite_schema WHERE name LIKE"
	" '%_new') = 0",
	"SELECT (SELECT count(*) FROM account WHERE colour = 'green' AND"
	" length(roster) = 900) = 60 AND"
	" (SELECT sum(until_s) FROM invite) = 1830 AND"
	" (SELECT count(*) FROM settings) = 60",
};

static const char fill[] =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
    "	WHERE i < 60)"
    "INSERT INTO account SELECT 'u' || i, 1, 1, 1, 0, zeroblob(16), 1, 8,"
    "	zeroblob(192), zeroblob(32), 1, 1, 1, 0, randomblob(300),"
    "	randomblob(200) FROM n;"
    "INSERT INTO settings SELECT name, randomblob(700) FROM account;"
    "INSERT INTO invite SELECT randomblob(32), name, rowid, 3 FROM account;";

static struct disk *disk;

static enum err
climb(unsigned n)
{
	const char *why = "";
	struct store_db db;
	enum err err;

	disk_use(disk);
	TRY(store_db_open(&db, "server.db", DISK_VFS, STORE_DB_ALONE, &why));
	err = store_db_migrate(&db, steps, n, &why);
	CHECK(err == ERR_OK || why[0] != '\0');
	store_db_close(&db);
out:
	return err;
}

/* An empty disk, or one with a database of that version and what is in it. */
static void
begin(unsigned version, uint64_t seed)
{
	struct store_db db;
	const char *why;

	for (unsigned i = 0; i < STORE_SQLITE_SCHEMA; i++)
		steps[i] = store_db_steps[i];
	steps[STORE_SQLITE_SCHEMA] = add_column;
	steps[STORE_SQLITE_SCHEMA + 1] = make_anew;
	steps[STORE_SQLITE_SCHEMA + 2] = change_rows;
	disk = disk_new(rng_new(seed, "disk"));
	disk_use(disk);
	if (version == 0)
		return;
	CHECK_OK(climb(STORE_SQLITE_SCHEMA));
	CHECK_OK(store_db_open(&db, "server.db", DISK_VFS, STORE_DB_ALONE,
	    &why));
	CHECK_EQ(sqlite3_exec(db.sql, fill, NULL, NULL, NULL), SQLITE_OK);
	store_db_close(&db);
	CHECK_OK(climb(version));
}

/* Returns which schema the disk has, whole; STEPS + 1 if none. */
static unsigned
schema(unsigned from)
{
	unsigned version = STEPS + 1;
	const char *why;
	struct store_db db;

	disk_use(disk);
	if (store_db_open(&db, "server.db", DISK_VFS, STORE_DB_ALONE,
		&why) != ERR_OK)
		return version;
	version = (unsigned)store_db_number(&db, "PRAGMA user_version");
	/* Who began with nothing has no rows. */
	if (!store_db_is_whole(&db) || version > STEPS ||
	    ((from != 0 || version == 0) &&
		store_db_number(&db, facts[version]) != 1))
		version = STEPS + 1;
	store_db_close(&db);
	return version;
}

enum accident { POWER, ERROR_ONCE, ERROR_FOR_GOOD, ACCIDENTS };

/* Returns whether there were that many operations. */
static bool
climb_with(enum accident accident, uint32_t n, unsigned from, uint64_t seed)
{
	bool has_happened;
	unsigned now;

	begin(from, seed);
	if (accident == POWER)
		disk_fail_after(disk, n);
	else
		disk_break_after(disk, n, accident == ERROR_ONCE ?
		    DISK_ONCE : DISK_FOR_GOOD);
	now = climb(STEPS) == ERR_OK ? STEPS : from;
	has_happened = disk_has_failed(disk) || disk_is_broken(disk);
	if (accident != POWER)
		disk_break_after(disk, 0, DISK_ONCE);
	else
		disk_power_cut(disk);
	/* What said that it failed may have been done, but not half. */
	if (schema(from) != STEPS)
		CHECK_EQ(schema(from), now);
	CHECK_OK(climb(STEPS));
	disk_power_cut(disk);
	CHECK_EQ(schema(from), STEPS);
	disk_free(disk);
	return has_happened;
}

TEST(threat_46_old_or_new_and_never_half)
{
	uint64_t seeds = life_number("MIGRATION_SEEDS",
	    life_is_short() ? 1 : 2), points = 0;

	for (uint64_t seed = 1; seed <= seeds; seed++)
		for (unsigned from = 0; from < STEPS; from++)
			for (int i = 0; i < ACCIDENTS; i++) {
				uint32_t n = 1;

				for (; climb_with((enum accident)i, n, from,
					 seed); points++)
					n += life_is_short() ? 3 : 1;
				CHECK(n > 5);
			}
	printf("  %llu accidents\n", (unsigned long long)points);
}

/* An older program says no, and touches nothing. */
TEST(threat_46_a_newer_schema_is_refused)
{
	for (unsigned n = 1; n < STEPS; n++) {
		uint64_t writes;

		begin(STEPS, 1);
		writes = disk_writes(disk);
		CHECK_ERR(climb(n), ERR_VERSION);
		/* Its own log, which is empty, is taken away again. */
		CHECK(disk_writes(disk) - writes <= 1);
		CHECK_EQ(schema(STEPS), STEPS);
		disk_free(disk);
	}
}

CHECK_MAIN(T(threat_46_old_or_new_and_never_half),
    T(threat_46_a_newer_schema_is_refused))
