/* db: schemas are climbed step by step, whole or not at all. */
#include "store/db.h"
#include "store/sqlite.h"
#include "support/check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In memory where that is to be had: nothing here needs a slow disk. */
static char dir[32] = "/dev/shm/sotto-XXXXXX";
static char path[64];

/* A fresh path in a fresh folder. */
static void
fresh(void)
{
	static bool is_made;

	if (!is_made && mkdtemp(dir) == NULL) {
		(void)strcpy(dir, "/tmp/sotto-XXXXXX");
		if (mkdtemp(dir) == NULL)
			abort();
	}
	is_made = true;
	(void)snprintf(path, sizeof path, "%s/x.db", dir);
	for (const char *const *tail = (const char *const[]){ "", "-wal",
	         "-shm", ".copy", NULL }; *tail != NULL; tail++) {
		char file[80];

		(void)snprintf(file, sizeof file, "%s%s", path, *tail);
		(void)unlink(file);
	}
}

static void
by_hand(const char *text)
{
	sqlite3 *sql;

	CHECK_EQ(sqlite3_open(path, &sql), SQLITE_OK);
	CHECK_EQ(sqlite3_exec(sql, text, NULL, NULL, NULL), SQLITE_OK);
	(void)sqlite3_close(sql);
}

static int64_t
ask(const char *text)
{
	struct store_db db;
	const char *why;
	int64_t v = -1;

	if (store_db_open(&db, path, NULL, STORE_DB_READER, &why) == ERR_OK)
		v = store_db_number(&db, text);
	store_db_close(&db);
	return v;
}

static enum err
migrate(const char *const *steps, unsigned n)
{
	struct store_db db;
	const char *why = "";
	enum err err;

	TRY(store_db_open(&db, path, NULL, STORE_DB_OWNER, &why));
	err = store_db_migrate(&db, steps, n, &why);
	CHECK(err == ERR_OK || why[0] != '\0');
out:
	store_db_close(&db);
	return err;
}

static enum err
open_store(void)
{
	struct store_sqlite_options options = { .path = path };
	struct store_sqlite *s = NULL;
	const char *why = "";
	enum err err = store_sqlite_open(&options, &s, &why);

	CHECK(err == ERR_OK || why[0] != '\0');
	if (err == ERR_OK)
		store_sqlite_close(s);
	return err;
}

TEST(an_empty_file_gets_the_schema)
{
	struct stat st;

	fresh();
	CHECK_OK(open_store());
	CHECK_EQ(ask("PRAGMA user_version"), STORE_SQLITE_SCHEMA);
	CHECK_EQ(ask("SELECT count(*) FROM account"), 0);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	CHECK_OK(open_store());
}

TEST(a_newer_schema_is_refused)
{
	char text[64];
	const char *why;

	fresh();
	CHECK_OK(open_store());
	(void)snprintf(text, sizeof text, "PRAGMA user_version = %d",
	    STORE_SQLITE_SCHEMA + 1);
	by_hand(text);
	CHECK_ERR(open_store(), ERR_VERSION);
	CHECK_ERR(store_sqlite_check(path, &why), ERR_VERSION);
	CHECK_EQ(ask("PRAGMA user_version"), STORE_SQLITE_SCHEMA + 1);
}

TEST(another_programs_file_is_refused)
{
	FILE *f;

	fresh();
	by_hand("CREATE TABLE theirs (x); PRAGMA user_version = 1");
	CHECK_ERR(open_store(), ERR_IO);
	CHECK_EQ(ask("SELECT count(*) FROM sqlite_schema"), 1);
	fresh();
	f = fopen(path, "w");
	CHECK(f != NULL && fputs("not a database, but long enough to be "
	    "looked at as one, for the header has a hundred bytes of it, "
	    "all in all", f) >= 0);
	(void)fclose(f);
	CHECK_ERR(open_store(), ERR_IO);
}

static const char *const three_steps[] = {
	"CREATE TABLE a (x INTEGER)",
	("ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7;"
	"UPDATE a SET y = x + 1 WHERE x > 10"),
	"CREATE TABLE b AS SELECT sum(y) AS total FROM a",
};

TEST(an_older_file_is_brought_up_to_date)
{
	fresh();
	CHECK_OK(migrate(three_steps, 1));
	by_hand("INSERT INTO a VALUES (5), (50)");
	CHECK_OK(migrate(three_steps, 3));
	CHECK_EQ(ask("PRAGMA user_version"), 3);
	CHECK_EQ(ask("SELECT total FROM b"), 7 + 51);
	CHECK_OK(migrate(three_steps, 3));
	CHECK_ERR(migrate(three_steps, 2), ERR_VERSION);
}

TEST(a_failed_step_leaves_the_old_schema)
{
	static const char *const bad[] = {
		"CREATE TABLE a (x INTEGER)",
		"CREATE TABLE b (x INTEGER)",
		"CREATE TABLE a (again INTEGER)",
	};

	fresh();
	CHECK_OK(migrate(bad, 1));
	CHECK_ERR(migrate(bad, 3), ERR_IO);
	CHECK_EQ(ask("PRAGMA user_version"), 1);
	CHECK_EQ(ask("SELECT count(*) FROM sqlite_schema"), 1);
}

TEST(damage_is_found)
{
	const char *why = "";
	uint8_t zeros[8192] = { 0 };
	FILE *f;

	fresh();
	CHECK_OK(open_store());
	CHECK_OK(store_sqlite_check(path, &why));
	f = fopen(path, "r+");
	CHECK(f != NULL && fseek(f, 4096, SEEK_SET) == 0 &&
	    fwrite(zeros, sizeof zeros, 1, f) == 1);
	(void)fclose(f);
	CHECK_ERR(store_sqlite_check(path, &why), ERR_IO);
	CHECK(strlen(why) > 0);
	fresh();
	CHECK_ERR(store_sqlite_check(path, &why), ERR_IO);
	(void)rmdir(dir);
}

CHECK_MAIN(T(an_empty_file_gets_the_schema), T(a_newer_schema_is_refused),
    T(another_programs_file_is_refused),
    T(an_older_file_is_brought_up_to_date),
    T(a_failed_step_leaves_the_old_schema), T(damage_is_found))
