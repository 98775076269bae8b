/*
 * sqlite: what the requests of store.h do; that groups are groups, that
 * completions are promises, that failures stick.
 */
#include "asked.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the rules ---- */

TEST(an_invite_makes_one_account)
{
	struct store_sqlite *s;
	struct asked got = asked_new(STORE_ACCOUNT_GET, "alice");
	struct asked record = asked_new(STORE_ACCOUNT_RECORD, "alice");

	place_fresh();
	s = place_open(false, NULL);
	CHECK_ERR(asked_wait(s, &got, false), ERR_GONE);
	CHECK_ERR(asked_wait(s, &record, false), ERR_GONE);
	CHECK_ERR(asked_create(s, "alice", 7), ERR_GONE);
	CHECK_OK(asked_put_invite(s, "alice", 7, 200, 5));
	CHECK_ERR(asked_create(s, "bob", 7), ERR_GONE);
	CHECK_OK(asked_create(s, "alice", 7));
	CHECK_ERR(asked_create(s, "alice", 7), ERR_GONE);
	CHECK_OK(asked_wait(s, &got, false));
	CHECK(got.q.account.is_enabled && got.q.account.has_record);
	CHECK_EQ(got.q.account.version, 1);
	CHECK_EQ(got.q.account.created_s, 99);
	CHECK_EQ(got.q.account.ksf_memory_kib, 262144);
	CHECK_EQ(got.q.account.record[191], 8);
	CHECK_OK(asked_wait(s, &record, false));
	CHECK_EQ(record.q.account.record[191], 8);
	CHECK_EQ(record.q.account.identity_box.n, 0);
	CHECK_EQ(got.q.account.identity[31], 9);
	CHECK_BYTES(((struct bytes){ got.boxes[0], got.len[0] }),
	    BYTES_LIT("identity box"));
	CHECK_BYTES(((struct bytes){ got.boxes[1], got.len[1] }),
	    BYTES_LIT("settings box"));
	CHECK_BYTES(((struct bytes){ got.boxes[2], got.len[2] }),
	    BYTES_LIT("roster"));
	CHECK_OK(asked_put_invite(s, "alice", 8, 200, 5));
	CHECK_ERR(asked_create(s, "alice", 8), ERR_CONFLICT);
	store_sqlite_close(s);
}

TEST(an_invite_expires_and_wears_out)
{
	struct store_sqlite *s;

	place_fresh();
	s = place_open(false, NULL);
	CHECK_OK(asked_put_invite(s, "alice", 1, 101, 2));
	CHECK_ERR(asked_try_invite(s, "bob", 1, 100), ERR_GONE);
	CHECK_ERR(asked_try_invite(s, "alice", 2, 100), ERR_GONE);
	CHECK_ERR(asked_try_invite(s, "alice", 1, 101), ERR_EXPIRED);
	CHECK_OK(asked_try_invite(s, "alice", 1, 100));
	CHECK_OK(asked_try_invite(s, "alice", 1, 100));
	CHECK_ERR(asked_try_invite(s, "alice", 1, 100), ERR_LIMIT);
	CHECK_OK(asked_create(s, "alice", 1));
	CHECK_OK(asked_put_invite(s, "bob", 3, 100, 2));
	CHECK_ERR(asked_create(s, "bob", 3), ERR_GONE);
	CHECK_OK(asked_put_invite(s, "bob", 4, 101, 2));
	CHECK_ERR(asked_try_invite(s, "bob", 3, 50), ERR_GONE);
	CHECK_OK(asked_try_invite(s, "bob", 4, 50));
	store_sqlite_close(s);
}

TEST(each_part_has_its_rule)
{
	struct store_sqlite *s;
	struct asked a = asked_creation("alice", 1), got;

	place_fresh();
	s = place_open(false, NULL);
	CHECK_ERR(asked_change(s, &a, STORE_BUMP), ERR_GONE);
	CHECK_OK(asked_put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(asked_create(s, "alice", 1));
	CHECK_ERR(asked_change(s, &a, 0), ERR_ARG);
	CHECK_ERR(asked_change(s, &a, 256), ERR_ARG);
	CHECK_ERR(asked_change(s, &a, STORE_RESET | STORE_RECORD), ERR_ARG);

	/* One more than stored, neither the same nor two more. */
	for (uint64_t v = 1; v <= 3; v++) {
		enum err want = v == 2 ? ERR_OK : ERR_CONFLICT;

		a.q.account.identity_version = v;
		a.q.account.identity_box = BYTES_LIT("second");
		CHECK_ERR(asked_change(s, &a, STORE_IDENTITY), want);
		a.q.account.settings_version = v;
		a.q.account.settings_box = BYTES_LIT("second s");
		CHECK_ERR(asked_change(s, &a, STORE_SETTINGS), want);
		a.q.account.roster_version = v;
		a.q.account.roster = BYTES_LIT("second r");
		CHECK_ERR(asked_change(s, &a, STORE_ROSTER), want);
		if (v == 2)
			v = 3; /* 3 would be right now */
	}

	for (uint64_t v = 1; v <= 4; v++) {
		if (v == 3)
			continue;
		a.q.account.identity_version = v;
		a.q.account.settings_version = v;
		a.q.account.roster_version = v;
		CHECK_ERR(asked_change(s, &a, STORE_IDENTITY), ERR_CONFLICT);
		CHECK_ERR(asked_change(s, &a, STORE_SETTINGS), ERR_CONFLICT);
		CHECK_ERR(asked_change(s, &a, STORE_ROSTER), ERR_CONFLICT);
	}

	/* One part in conflict: none of the others is done. */
	a.q.account.status = 9;
	a.q.account.roster_version = 9;
	CHECK_ERR(asked_change(s, &a, STORE_STATUS | STORE_BUMP | STORE_ROSTER),
	    ERR_CONFLICT);
	a.q.expect_version = 2;
	CHECK_ERR(asked_change(s, &a, STORE_STATUS), ERR_CONFLICT);
	a.q.expect_version = 1;
	a.q.account.is_enabled = false;
	CHECK_OK(asked_change(s, &a, STORE_BUMP | STORE_ENABLED));
	CHECK_EQ(a.q.account.version, 2);

	got = asked_new(STORE_ACCOUNT_GET, "alice");
	CHECK_OK(asked_wait(s, &got, false));
	CHECK_EQ(got.q.account.version, 2);
	CHECK_EQ(got.q.account.status, 1);
	CHECK(!got.q.account.is_enabled && got.q.account.has_record);
	CHECK_EQ(got.q.account.identity_version, 2);
	CHECK_EQ(got.q.account.settings_version, 2);
	CHECK_EQ(got.q.account.roster_version, 2);
	CHECK_BYTES(((struct bytes){ got.boxes[0], got.len[0] }),
	    BYTES_LIT("second"));
	CHECK_BYTES(((struct bytes){ got.boxes[1], got.len[1] }),
	    BYTES_LIT("second s"));
	CHECK_BYTES(((struct bytes){ got.boxes[2], got.len[2] }),
	    BYTES_LIT("second r"));
	store_sqlite_close(s);
}

TEST(a_reset_name_can_be_taken_again)
{
	struct store_sqlite *s;
	struct asked a = asked_creation("alice", 1);
	struct asked got = asked_new(STORE_ACCOUNT_GET, "alice");

	place_fresh();
	s = place_open(false, NULL);
	CHECK_OK(asked_put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(asked_create(s, "alice", 1));
	CHECK_OK(asked_change(s, &a, STORE_RESET | STORE_BUMP));
	CHECK_OK(asked_wait(s, &got, false));
	CHECK(!got.q.account.has_record);
	CHECK_EQ(got.q.account.version, 2);
	CHECK_EQ(got.q.account.identity_version, 0);
	CHECK_EQ(got.q.account.settings_version, 0);
	CHECK_EQ(got.q.account.roster_version, 0);
	CHECK_EQ(got.q.account.record[0], 0);
	CHECK_EQ(got.q.account.identity[0], 0);
	CHECK_EQ(got.q.account.credential_id[0], 0);
	CHECK_EQ(got.len[0] + got.len[1] + got.len[2], 0);
	CHECK_OK(asked_put_invite(s, "alice", 2, 200, 5));
	a = asked_creation("alice", 2);
	CHECK_OK(asked_wait(s, &a, false));
	CHECK_EQ(a.q.account.version, 3);
	CHECK_OK(asked_wait(s, &got, false));
	CHECK(got.q.account.has_record);
	CHECK_EQ(got.q.account.version, 3);
	store_sqlite_close(s);
}

TEST(disabling_takes_the_invites_too)
{
	struct store_sqlite *s;
	struct asked a = asked_creation("alice", 1);

	place_fresh();
	s = place_open(false, NULL);
	CHECK_OK(asked_put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(asked_create(s, "alice", 1));
	CHECK_OK(asked_change(s, &a, STORE_RESET | STORE_BUMP));
	CHECK_OK(asked_put_invite(s, "alice", 2, 200, 5));
	a.q.account.is_enabled = false;
	CHECK_OK(asked_change(s, &a, STORE_ENABLED | STORE_BUMP));
	CHECK_ERR(asked_create(s, "alice", 2), ERR_GONE);
	store_sqlite_close(s);
}

/* Counts the rows of a table by a connection of its own. */
static int
rows(const char *table)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	char text[64];
	int n = -1;

	(void)snprintf(text, sizeof text, "SELECT count(*) FROM %s", table);
	CHECK_EQ(sqlite3_open(place_path, &db), SQLITE_OK);
	if (sqlite3_prepare_v2(db, text, -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		n = sqlite3_column_int(st, 0);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return n;
}

/* Returns whether the file has this text anywhere. */
static bool
is_in_file(const char *text)
{
	static char all[1 << 18];
	FILE *f = fopen(place_path, "r");
	size_t n = f == NULL ? 0 : fread(all, 1, sizeof all, f);

	CHECK(n > 0 && n < sizeof all);
	if (f != NULL)
		(void)fclose(f);
	return memmem(all, n, text, strlen(text)) != NULL;
}

TEST(removing_takes_the_invites_too)
{
	struct store_sqlite *s;
	struct asked a = asked_new(STORE_ACCOUNT_REMOVE, "alice");
	struct asked got = asked_new(STORE_ACCOUNT_GET, "alice");

	place_fresh();
	s = place_open(false, NULL);
	CHECK_ERR(asked_wait(s, &a, false), ERR_GONE);
	CHECK_OK(asked_put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(asked_wait(s, &a, false));
	CHECK_ERR(asked_create(s, "alice", 1), ERR_GONE);
	CHECK_OK(asked_put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(asked_create(s, "alice", 1));
	CHECK_OK(asked_wait(s, &a, false));
	CHECK_ERR(asked_wait(s, &got, false), ERR_GONE);
	store_sqlite_close(s);
	CHECK(!is_in_file("identity box") && !is_in_file("settings box"));
	CHECK_EQ(rows("account"), 0);
	CHECK_EQ(rows("settings"), 0);
	CHECK_EQ(rows("invite"), 0);
}

/* ---- lists ---- */

static struct {
	size_t n;
	bool is_over;
	char last[STORE_NAME_MAX];
} listed;

static void
on_listed(struct store_request *q, enum err err)
{
	CHECK_OK(err);
	CHECK(!listed.is_over);
	if (q->account.name[0] == '\0') {
		listed.is_over = true;
		return;
	}
	CHECK(strcmp(listed.last, q->account.name) < 0);
	CHECK_BYTES(q->account.roster, bytes_str("roster"));
	CHECK_EQ(q->account.settings_box.n, 0);
	memcpy(listed.last, q->account.name, sizeof listed.last);
	listed.n++;
}

static void
check_list(struct store_sqlite *s, bool is_threaded, size_t want)
{
	struct store_request q = { .kind = STORE_ACCOUNT_LIST,
		.done = on_listed };

	memset(&listed, 0, sizeof listed);
	store_sqlite_store(s)->submit(store_sqlite_store(s), &q);
	while (!listed.is_over) {
		if (is_threaded)
			place_wait();
		(void)store_sqlite_poll(s);
	}
	CHECK_EQ(listed.n, want);
}

TEST(a_list_walks_all_in_order)
{
	struct store_sqlite *s;
	char name[16];

	place_fresh();
	s = place_open(false, NULL);
	check_list(s, false, 0);
	for (unsigned i = 0; i < 130; i++) {
		(void)snprintf(name, sizeof name, "u%u", i * 7919 % 1000);
		CHECK_OK(asked_put_invite(s, name, 1, 200, 5));
		CHECK_OK(asked_create(s, name, 1));
		if (i == 0 || i == 63 || i == 64 || i == 127)
			check_list(s, false, i + 1);
	}
	check_list(s, false, 130);
	store_sqlite_close(s);
	s = place_open(true, NULL);
	check_list(s, true, 130);
	store_sqlite_close(s);
}

/* ---- groups ---- */

TEST(what_waits_shares_a_transaction)
{
	enum { N = 500 };
	static struct asked all[N];
	struct store_sqlite *s;
	uint64_t before;

	place_fresh();
	s = place_open(false, NULL);
	for (unsigned i = 0; i < N; i++) {
		all[i] = asked_new(STORE_INVITE_PUT, "");
		(void)snprintf(all[i].q.invite.name, STORE_NAME_MAX, "u%u", i);
		memcpy(all[i].q.invite.hash, &i, sizeof i);
		asked_submit(s, &all[i]);
	}
	before = store_sqlite_commits(s);
	CHECK_EQ(store_sqlite_poll(s), N);
	CHECK_EQ(store_sqlite_commits(s) - before, 1);
	for (unsigned i = 0; i < N; i++)
		CHECK(all[i].is_done && all[i].err == ERR_OK);
	store_sqlite_close(s);
}

TEST(a_conflict_spoils_nothing_but_itself)
{
	struct store_sqlite *s;
	struct asked a[3], got = asked_new(STORE_ACCOUNT_GET, "alice");
	uint64_t before;

	place_fresh();
	s = place_open(false, NULL);
	CHECK_OK(asked_put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(asked_create(s, "alice", 1));
	for (size_t i = 0; i < 3; i++) {
		a[i] = asked_creation("alice", 1);
		a[i].q.kind = STORE_ACCOUNT_CHANGE;
		a[i].q.parts = STORE_SETTINGS | STORE_STATUS;
		a[i].q.account.settings_version = 2; /* right only once */
		a[i].q.account.status = (uint8_t)(i + 10);
	}
	a[2].q.account.settings_version = 3;
	before = store_sqlite_commits(s);
	for (size_t i = 0; i < 3; i++)
		asked_submit(s, &a[i]);
	(void)store_sqlite_poll(s);
	CHECK_EQ(store_sqlite_commits(s) - before, 1);
	CHECK_OK(a[0].err);
	CHECK_ERR(a[1].err, ERR_CONFLICT);
	CHECK_OK(a[2].err);
	CHECK_OK(asked_wait(s, &got, false));
	CHECK_EQ(got.q.account.status, 12);
	CHECK_EQ(got.q.account.settings_version, 3);
	store_sqlite_close(s);
}

/* ---- threads ---- */

/* A chain of write, then read of what was written, many times over. */
struct chain {
	struct asked write, read;
	struct store_sqlite *s;
	unsigned left, *running;
};

static void
chain_read(struct store_request *q, enum err err)
{
	struct chain *c = q->ctx;
	struct store *store = store_sqlite_store(c->s);

	CHECK_OK(err);
	CHECK_EQ(q->account.version, c->write.q.account.version);
	if (--c->left == 0) {
		--*c->running;
		return;
	}
	store->submit(store, &c->write.q);
}

static void
chain_written(struct store_request *q, enum err err)
{
	struct chain *c = q->ctx;
	struct store *store = store_sqlite_store(c->s);

	CHECK_OK(err);
	store->submit(store, &c->read.q);
}

TEST(a_completion_is_seen_by_the_next_read)
{
	enum { CHAINS = 8 };
	static struct chain chains[CHAINS];
	unsigned running = CHAINS;
	struct store_sqlite *s;
	uint64_t before;

	place_fresh();
	s = place_open(false, NULL);
	for (unsigned i = 0; i < CHAINS; i++) {
		const char name[2] = { (char)('a' + i), '\0' };
		struct chain *c = &chains[i];

		CHECK_OK(asked_put_invite(s, name, 1, 200, 5));
		CHECK_OK(asked_create(s, name, 1));
		*c = (struct chain){ .left = 25, .running = &running };
		c->write = asked_new(STORE_ACCOUNT_CHANGE, name);
		c->write.q.parts = STORE_BUMP;
		c->write.q.done = chain_written;
		c->read = asked_new(STORE_ACCOUNT_GET, name);
		c->read.q.done = chain_read;
		c->write.q.ctx = c->read.q.ctx = c;
	}
	store_sqlite_close(s);
	s = place_open(true, NULL);
	before = store_sqlite_commits(s);
	for (unsigned i = 0; i < CHAINS; i++) {
		chains[i].s = s;
		store_sqlite_store(s)->submit(store_sqlite_store(s),
		    &chains[i].write.q);
	}
	while (running > 0) {
		place_wait();
		(void)store_sqlite_poll(s);
	}
	CHECK(store_sqlite_commits(s) - before <= CHAINS * 25);
	store_sqlite_close(s);
}

TEST(closing_finishes_what_is_pending)
{
	static struct asked all[50];
	struct store_sqlite *s;
	char name[16];

	place_fresh();
	s = place_open(true, NULL);
	for (unsigned i = 0; i < 50; i++) {
		all[i] = asked_new(STORE_INVITE_PUT, "");
		(void)snprintf(all[i].q.invite.name, STORE_NAME_MAX, "u%u", i);
		memcpy(all[i].q.invite.hash, &i, sizeof i);
		all[i].q.invite.expires_s = 500;
		all[i].q.invite.tries = 1;
		asked_submit(s, &all[i]);
	}
	store_sqlite_close(s);
	s = place_open(false, NULL);
	for (unsigned i = 0; i < 50; i++) {
		struct asked a;

		CHECK(!all[i].is_done);
		(void)snprintf(name, sizeof name, "u%u", i);
		a = asked_new(STORE_INVITE_TRY, name);
		memcpy(a.q.invite_hash, &i, sizeof i);
		CHECK_OK(asked_wait(s, &a, false));
	}
	store_sqlite_close(s);
}

TEST(one_process_has_the_file)
{
	struct store_sqlite_options options = { .path = place_path };
	struct store_sqlite *s, *second = NULL;
	const char *why = "";

	place_fresh();
	s = place_open(true, NULL);
	CHECK_ERR(store_sqlite_open(&options, &second, &why), ERR_LIMIT);
	CHECK(strlen(why) > 0);
	store_sqlite_close(s);
	CHECK_OK(store_sqlite_open(&options, &second, &why));
	store_sqlite_close(second);
}

/* What stands at the end of a link may be anybody's; and no mode is left to
 * the one whom the umask of the day allows. */
TEST(the_file_is_ours)
{
	struct store_sqlite_options options = { .path = place_path };
	struct store_sqlite *s = NULL;
	char other[80], copy[80];
	const char *why = "";
	mode_t old = umask(0);
	struct stat st;

	place_fresh();
	s = place_open(true, NULL);
	CHECK_EQ(stat(place_path, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	(void)snprintf(copy, sizeof copy, "%s.copy", place_path);
	CHECK_OK(store_sqlite_backup(s, copy));
	CHECK_EQ(stat(copy, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	store_sqlite_close(s);
	(void)umask(old);
	(void)snprintf(other, sizeof other, "%s.other", place_path);
	CHECK_EQ(rename(place_path, other), 0);
	CHECK_EQ(symlink(other, place_path), 0);
	CHECK_ERR(store_sqlite_open(&options, &s, &why), ERR_IO);
	CHECK_ERR(store_sqlite_check(place_path, &why), ERR_IO);
	CHECK_EQ(unlink(place_path), 0);
	CHECK_EQ(rename(other, place_path), 0);
	CHECK_EQ(unlink(copy), 0);
}

/* ---- failures ---- */

/* A vfs that is the default one until its syncs or writes are told to fail. */
static struct {
	sqlite3_vfs vfs;
	sqlite3_vfs *real;
	/* Of the database file, which is locked, and of all others. */
	sqlite3_io_methods methods[2];
	int (*real_sync)(sqlite3_file *f, int flags);
	int (*real_write)(sqlite3_file *f, const void *p, int n,
	    sqlite3_int64 at);
	int (*real_read)(sqlite3_file *f, void *p, int n, sqlite3_int64 at);
	int sync_rc, write_rc, read_rc;
} faulty;

static int
faulty_sync(sqlite3_file *f, int flags)
{
	if (faulty.sync_rc != SQLITE_OK)
		return faulty.sync_rc;
	return faulty.real_sync(f, flags);
}

static int
faulty_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	if (faulty.write_rc != SQLITE_OK)
		return faulty.write_rc;
	return faulty.real_write(f, p, n, at);
}

static int
faulty_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	if (faulty.read_rc != SQLITE_OK)
		return faulty.read_rc;
	return faulty.real_read(f, p, n, at);
}

static int
faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
    int *out)
{
	sqlite3_io_methods *methods =
	    &faulty.methods[(flags & SQLITE_OPEN_MAIN_DB) != 0];
	int rc = faulty.real->xOpen(faulty.real, name, f, flags, out);

	(void)vfs;
	if (rc == SQLITE_OK && f->pMethods != NULL) {
		*methods = *f->pMethods;
		faulty.real_sync = methods->xSync;
		faulty.real_write = methods->xWrite;
		faulty.real_read = methods->xRead;
		methods->xRead = faulty_read;
		methods->xSync = faulty_sync;
		methods->xWrite = faulty_write;
		f->pMethods = methods;
	}
	return rc;
}

static struct store_sqlite *
open_faulty(void)
{
	if (faulty.real == NULL) {
		faulty.real = sqlite3_vfs_find(NULL);
		faulty.vfs = *faulty.real;
		faulty.vfs.zName = "faulty";
		faulty.vfs.xOpen = faulty_open;
		CHECK_EQ(sqlite3_vfs_register(&faulty.vfs, 0), SQLITE_OK);
	}
	faulty.sync_rc = faulty.write_rc = faulty.read_rc = SQLITE_OK;
	place_fresh();
	return place_open(false, "faulty");
}

TEST(a_failed_sync_is_final)
{
	struct store_sqlite *s = open_faulty();

	CHECK_OK(asked_put_invite(s, "alice", 1, 200, 5));
	CHECK(!store_sqlite_is_broken(s));
	faulty.sync_rc = SQLITE_IOERR_FSYNC;
	CHECK_ERR(asked_put_invite(s, "bob", 2, 200, 5), ERR_IO);
	CHECK(store_sqlite_is_broken(s));
	faulty.sync_rc = SQLITE_OK;
	CHECK_ERR(asked_put_invite(s, "carol", 3, 200, 5), ERR_IO);
	CHECK(store_sqlite_is_broken(s));
	store_sqlite_close(s);
	s = place_open(false, NULL);
	CHECK_OK(asked_try_invite(s, "alice", 1, 100));
	CHECK_ERR(asked_try_invite(s, "carol", 3, 100), ERR_GONE);
	store_sqlite_close(s);
}

/* What cannot be read is not gone: nobody is told so, nor forgotten. */
TEST(a_failed_read_is_no_absence)
{
	struct store_sqlite *s = open_faulty();
	struct asked got = asked_new(STORE_ACCOUNT_GET, "alice");
	struct asked record = asked_new(STORE_ACCOUNT_RECORD, "alice");

	CHECK_OK(asked_put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(asked_create(s, "alice", 1));
	store_sqlite_close(s);
	s = place_open(false, "faulty");
	faulty.read_rc = SQLITE_IOERR_READ;
	CHECK_ERR(asked_wait(s, &got, false), ERR_IO);
	CHECK_ERR(asked_wait(s, &record, false), ERR_IO);
	faulty.read_rc = SQLITE_OK;
	CHECK_OK(asked_wait(s, &got, false));
	CHECK_OK(asked_wait(s, &record, false));
	store_sqlite_close(s);
}

TEST(a_full_disk_passes)
{
	struct store_sqlite *s = open_faulty();

	CHECK_OK(asked_put_invite(s, "alice", 1, 200, 5));
	faulty.write_rc = SQLITE_FULL;
	CHECK_ERR(asked_put_invite(s, "bob", 2, 200, 5), ERR_IO);
	CHECK(!store_sqlite_is_broken(s));
	faulty.write_rc = SQLITE_OK;
	CHECK_ERR(asked_try_invite(s, "bob", 2, 100), ERR_GONE);
	CHECK_OK(asked_put_invite(s, "bob", 2, 200, 5));
	CHECK_OK(asked_try_invite(s, "alice", 1, 100));
	store_sqlite_close(s);
}

/* ---- copies ---- */

/* The file that was synced last; see meson.build. */
static char synced[128];
static int sync_fails;

int __real_fsync(int fd);
int __wrap_fsync(int fd);

int
__wrap_fsync(int fd)
{
	char link[32];
	ssize_t n;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, synced, sizeof synced - 1);
	synced[n < 0 ? 0 : n] = '\0';
	return sync_fails ? -1 : __real_fsync(fd);
}

/* A copy is a promise, too: it is on the disk, or it is not there. */
TEST(a_backup_is_synced)
{
	struct store_sqlite *s;
	char copy[80];
	struct stat st;

	for (int is_threaded = 0; is_threaded < 2; is_threaded++) {
		place_fresh();
		s = place_open(is_threaded, NULL);
		(void)snprintf(copy, sizeof copy, "%s.copy", place_path);
		synced[0] = '\0';
		CHECK_OK(store_sqlite_backup(s, copy));
		CHECK(strcmp(synced, copy) == 0);
		CHECK_EQ(unlink(copy), 0);
		sync_fails = 1;
		CHECK_ERR(store_sqlite_backup(s, copy), ERR_IO);
		sync_fails = 0;
		CHECK(stat(copy, &st) != 0);
		store_sqlite_close(s);
	}
}

static void
check_backup(bool is_threaded)
{
	struct store_sqlite *s;
	char copy[80];
	const char *why;
	struct stat st;

	place_fresh();
	s = place_open(false, NULL);
	CHECK_OK(asked_put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(asked_create(s, "alice", 1));
	store_sqlite_close(s);
	s = place_open(is_threaded, NULL);
	(void)snprintf(copy, sizeof copy, "%s.copy", place_path);
	CHECK_OK(store_sqlite_backup(s, copy));
	CHECK_ERR(store_sqlite_backup(s, copy), ERR_IO);
	CHECK_EQ(stat(copy, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	if (is_threaded)
		CHECK_OK(store_sqlite_check(place_path, &why));
	CHECK_OK(store_sqlite_check(copy, &why));
	store_sqlite_close(s);
	CHECK_EQ(rename(copy, place_path), 0);
	s = place_open(true, NULL);
	check_list(s, true, 1);
	store_sqlite_close(s);
}

TEST(a_backup_is_a_store)
{
	check_backup(false);
	check_backup(true);
}

CHECK_MAIN(T(an_invite_makes_one_account), T(an_invite_expires_and_wears_out),
    T(each_part_has_its_rule), T(a_reset_name_can_be_taken_again),
    T(disabling_takes_the_invites_too),
    T(removing_takes_the_invites_too), T(a_list_walks_all_in_order),
    T(what_waits_shares_a_transaction),
    T(a_conflict_spoils_nothing_but_itself),
    T(a_completion_is_seen_by_the_next_read),
    T(closing_finishes_what_is_pending), T(one_process_has_the_file),
    T(the_file_is_ours), T(a_backup_is_synced),
    T(a_failed_sync_is_final),
    T(a_failed_read_is_no_absence),
    T(a_full_disk_passes), T(a_backup_is_a_store))
