/*
 * sqlite: what the requests of store.h do, against a naive model of them;
 * that groups are groups, that completions are promises, that failures stick.
 */
#include "store/sqlite.h"
#include "support/check.h"

#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* In memory where that is to be had: nothing here needs a slow disk. */
static char dir[32] = "/dev/shm/sotto-XXXXXX";
static char path[64];

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

/* ---- a store, and waiting for it ---- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	unsigned wakes;
} woken = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };

static void
wake(void *ctx)
{
	(void)ctx;
	(void)pthread_mutex_lock(&woken.lock);
	woken.wakes++;
	(void)pthread_cond_signal(&woken.cond);
	(void)pthread_mutex_unlock(&woken.lock);
}

static void
sleep_until_woken(void)
{
	(void)pthread_mutex_lock(&woken.lock);
	while (woken.wakes == 0)
		(void)pthread_cond_wait(&woken.cond, &woken.lock);
	woken.wakes = 0;
	(void)pthread_mutex_unlock(&woken.lock);
}

static struct store_sqlite *
open_store(bool is_threaded, const char *vfs)
{
	struct store_sqlite_options options = { .path = path, .vfs = vfs,
		.is_threaded = is_threaded, .wake = wake };
	struct store_sqlite *s = NULL;
	const char *why = "";

	if (!CHECK_OK(store_sqlite_open(&options, &s, &why)))
		abort();
	return s;
}

/* A request with what came of it. */
struct asked {
	struct store_request q;
	bool is_done;
	enum err err;
	uint8_t boxes[3][600]; /* copies of the views */
	size_t len[3];
};

static void
on_done(struct store_request *q, enum err err)
{
	struct asked *a = q->ctx;
	struct bytes views[3] = { q->account.identity_box,
		q->account.settings_box, q->account.roster };

	CHECK(!a->is_done);
	a->is_done = true;
	a->err = err;
	if (q->kind != STORE_ACCOUNT_GET || err != ERR_OK)
		return;
	for (size_t i = 0; i < 3; i++) {
		a->len[i] = views[i].n;
		if (views[i].n <= sizeof a->boxes[i])
			memcpy(a->boxes[i], views[i].p, views[i].n);
	}
}

static void
submit(struct store_sqlite *s, struct asked *a)
{
	struct store *store = store_sqlite_store(s);

	a->q.done = on_done;
	a->q.ctx = a;
	a->is_done = false;
	store->submit(store, &a->q);
	CHECK(!a->is_done);
}

static enum err
ask(struct store_sqlite *s, struct asked *a, bool is_threaded)
{
	submit(s, a);
	while (!a->is_done) {
		if (is_threaded)
			sleep_until_woken();
		(void)store_sqlite_poll(s);
	}
	return a->err;
}

/* ---- requests by hand ---- */

static struct asked
a_request(enum store_kind kind, const char *name)
{
	struct asked a = { .q.kind = kind };

	(void)snprintf(a.q.account.name, sizeof a.q.account.name, "%s", name);
	return a;
}

static enum err
put_invite(struct store_sqlite *s, const char *name, uint8_t code,
    uint64_t expires_s, uint8_t tries)
{
	struct asked a = a_request(STORE_INVITE_PUT, "");

	(void)snprintf(a.q.invite.name, sizeof a.q.invite.name, "%s", name);
	memset(a.q.invite.hash, code, 32);
	a.q.invite.expires_s = expires_s;
	a.q.invite.tries = tries;
	return ask(s, &a, false);
}

static enum err
try_invite(struct store_sqlite *s, const char *name, uint8_t code,
    uint64_t now_s)
{
	struct asked a = a_request(STORE_INVITE_TRY, name);

	memset(a.q.invite_hash, code, 32);
	a.q.now_s = now_s;
	return ask(s, &a, false);
}

static struct asked
a_creation(const char *name, uint8_t code)
{
	struct asked a = a_request(STORE_ACCOUNT_CREATE, name);
	struct store_account *account = &a.q.account;

	memset(a.q.invite_hash, code, 32);
	a.q.now_s = 100;
	account->version = 1;
	account->is_enabled = true;
	account->status = 1;
	memset(account->credential_id, code, 16);
	account->ksf_passes = 3;
	account->ksf_memory_kib = 262144;
	memset(account->record, code + 1, 192);
	memset(account->identity, code + 2, 32);
	account->identity_version = 1;
	account->identity_box = BYTES_LIT("identity box");
	account->settings_version = 1;
	account->settings_box = BYTES_LIT("settings box");
	account->roster_version = 1;
	account->roster = BYTES_LIT("roster");
	account->created_s = 99;
	return a;
}

static enum err
create(struct store_sqlite *s, const char *name, uint8_t code)
{
	struct asked a = a_creation(name, code);

	return ask(s, &a, false);
}

static enum err
change(struct store_sqlite *s, struct asked *a, uint32_t parts)
{
	a->q.kind = STORE_ACCOUNT_CHANGE;
	a->q.parts = parts;
	return ask(s, a, false);
}

/* ---- the rules ---- */

TEST(an_invite_makes_one_account)
{
	struct store_sqlite *s;
	struct asked got = a_request(STORE_ACCOUNT_GET, "alice");
	struct asked record = a_request(STORE_ACCOUNT_RECORD, "alice");

	fresh();
	s = open_store(false, NULL);
	CHECK_ERR(ask(s, &got, false), ERR_GONE);
	CHECK_ERR(ask(s, &record, false), ERR_GONE);
	CHECK_ERR(create(s, "alice", 7), ERR_GONE);
	CHECK_OK(put_invite(s, "alice", 7, 200, 5));
	CHECK_ERR(create(s, "bob", 7), ERR_GONE);
	CHECK_OK(create(s, "alice", 7));
	CHECK_ERR(create(s, "alice", 7), ERR_GONE);
	CHECK_OK(ask(s, &got, false));
	CHECK(got.q.account.is_enabled && got.q.account.has_record);
	CHECK_EQ(got.q.account.version, 1);
	CHECK_EQ(got.q.account.created_s, 99);
	CHECK_EQ(got.q.account.ksf_memory_kib, 262144);
	CHECK_EQ(got.q.account.record[191], 8);
	CHECK_OK(ask(s, &record, false));
	CHECK_EQ(record.q.account.record[191], 8);
	CHECK_EQ(record.q.account.identity_box.n, 0);
	CHECK_EQ(got.q.account.identity[31], 9);
	CHECK_BYTES(((struct bytes){ got.boxes[0], got.len[0] }),
	    BYTES_LIT("identity box"));
	CHECK_BYTES(((struct bytes){ got.boxes[1], got.len[1] }),
	    BYTES_LIT("settings box"));
	CHECK_BYTES(((struct bytes){ got.boxes[2], got.len[2] }),
	    BYTES_LIT("roster"));
	CHECK_OK(put_invite(s, "alice", 8, 200, 5));
	CHECK_ERR(create(s, "alice", 8), ERR_CONFLICT);
	store_sqlite_close(s);
}

TEST(an_invite_expires_and_wears_out)
{
	struct store_sqlite *s;

	fresh();
	s = open_store(false, NULL);
	CHECK_OK(put_invite(s, "alice", 1, 101, 2));
	CHECK_ERR(try_invite(s, "bob", 1, 100), ERR_GONE);
	CHECK_ERR(try_invite(s, "alice", 2, 100), ERR_GONE);
	CHECK_ERR(try_invite(s, "alice", 1, 101), ERR_EXPIRED);
	CHECK_OK(try_invite(s, "alice", 1, 100));
	CHECK_OK(try_invite(s, "alice", 1, 100));
	CHECK_ERR(try_invite(s, "alice", 1, 100), ERR_LIMIT);
	CHECK_OK(create(s, "alice", 1));
	CHECK_OK(put_invite(s, "bob", 3, 100, 2));
	CHECK_ERR(create(s, "bob", 3), ERR_GONE);
	CHECK_OK(put_invite(s, "bob", 4, 101, 2));
	CHECK_ERR(try_invite(s, "bob", 3, 50), ERR_GONE);
	CHECK_OK(try_invite(s, "bob", 4, 50));
	store_sqlite_close(s);
}

TEST(each_part_has_its_rule)
{
	struct store_sqlite *s;
	struct asked a = a_creation("alice", 1), got;

	fresh();
	s = open_store(false, NULL);
	CHECK_ERR(change(s, &a, STORE_BUMP), ERR_GONE);
	CHECK_OK(put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(create(s, "alice", 1));
	CHECK_ERR(change(s, &a, 0), ERR_ARG);
	CHECK_ERR(change(s, &a, 256), ERR_ARG);
	CHECK_ERR(change(s, &a, STORE_RESET | STORE_RECORD), ERR_ARG);

	/* One more than stored, neither the same nor two more. */
	for (uint64_t v = 1; v <= 3; v++) {
		enum err want = v == 2 ? ERR_OK : ERR_CONFLICT;

		a.q.account.identity_version = v;
		a.q.account.identity_box = BYTES_LIT("second");
		CHECK_ERR(change(s, &a, STORE_IDENTITY), want);
		a.q.account.settings_version = v;
		a.q.account.settings_box = BYTES_LIT("second s");
		CHECK_ERR(change(s, &a, STORE_SETTINGS), want);
		a.q.account.roster_version = v;
		a.q.account.roster = BYTES_LIT("second r");
		CHECK_ERR(change(s, &a, STORE_ROSTER), want);
		if (v == 2)
			v = 3; /* 3 would be right now */
	}

	/* One part in conflict: none of the others is done. */
	a.q.account.status = 9;
	a.q.account.roster_version = 9;
	CHECK_ERR(change(s, &a, STORE_STATUS | STORE_BUMP | STORE_ROSTER),
	    ERR_CONFLICT);
	a.q.expect_version = 2;
	CHECK_ERR(change(s, &a, STORE_STATUS), ERR_CONFLICT);
	a.q.expect_version = 1;
	a.q.account.is_enabled = false;
	CHECK_OK(change(s, &a, STORE_BUMP | STORE_ENABLED));
	CHECK_EQ(a.q.account.version, 2);

	got = a_request(STORE_ACCOUNT_GET, "alice");
	CHECK_OK(ask(s, &got, false));
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
	struct asked a = a_creation("alice", 1);
	struct asked got = a_request(STORE_ACCOUNT_GET, "alice");

	fresh();
	s = open_store(false, NULL);
	CHECK_OK(put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(create(s, "alice", 1));
	CHECK_OK(change(s, &a, STORE_RESET | STORE_BUMP));
	CHECK_OK(ask(s, &got, false));
	CHECK(!got.q.account.has_record);
	CHECK_EQ(got.q.account.version, 2);
	CHECK_EQ(got.q.account.identity_version, 0);
	CHECK_EQ(got.q.account.settings_version, 0);
	CHECK_EQ(got.q.account.roster_version, 0);
	CHECK_EQ(got.q.account.record[0], 0);
	CHECK_EQ(got.q.account.identity[0], 0);
	CHECK_EQ(got.len[0] + got.len[1] + got.len[2], 0);
	CHECK_OK(put_invite(s, "alice", 2, 200, 5));
	a = a_creation("alice", 2);
	CHECK_OK(ask(s, &a, false));
	CHECK_EQ(a.q.account.version, 3);
	CHECK_OK(ask(s, &got, false));
	CHECK(got.q.account.has_record);
	CHECK_EQ(got.q.account.version, 3);
	store_sqlite_close(s);
}

TEST(removing_takes_the_invites_too)
{
	struct store_sqlite *s;
	struct asked a = a_request(STORE_ACCOUNT_REMOVE, "alice");
	struct asked got = a_request(STORE_ACCOUNT_GET, "alice");

	fresh();
	s = open_store(false, NULL);
	CHECK_ERR(ask(s, &a, false), ERR_GONE);
	CHECK_OK(put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(ask(s, &a, false));
	CHECK_ERR(create(s, "alice", 1), ERR_GONE);
	CHECK_OK(put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(create(s, "alice", 1));
	CHECK_OK(ask(s, &a, false));
	CHECK_ERR(ask(s, &got, false), ERR_GONE);
	store_sqlite_close(s);
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
			sleep_until_woken();
		(void)store_sqlite_poll(s);
	}
	CHECK_EQ(listed.n, want);
}

TEST(a_list_walks_all_in_order)
{
	struct store_sqlite *s;
	char name[16];

	fresh();
	s = open_store(false, NULL);
	check_list(s, false, 0);
	for (unsigned i = 0; i < 130; i++) {
		(void)snprintf(name, sizeof name, "u%u", i * 7919 % 1000);
		CHECK_OK(put_invite(s, name, 1, 200, 5));
		CHECK_OK(create(s, name, 1));
		if (i == 0 || i == 63 || i == 64 || i == 127)
			check_list(s, false, i + 1);
	}
	check_list(s, false, 130);
	store_sqlite_close(s);
	s = open_store(true, NULL);
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

	fresh();
	s = open_store(false, NULL);
	for (unsigned i = 0; i < N; i++) {
		all[i] = a_request(STORE_INVITE_PUT, "");
		(void)snprintf(all[i].q.invite.name, STORE_NAME_MAX, "u%u", i);
		memcpy(all[i].q.invite.hash, &i, sizeof i);
		submit(s, &all[i]);
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
	struct asked a[3], got = a_request(STORE_ACCOUNT_GET, "alice");
	uint64_t before;

	fresh();
	s = open_store(false, NULL);
	CHECK_OK(put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(create(s, "alice", 1));
	for (size_t i = 0; i < 3; i++) {
		a[i] = a_creation("alice", 1);
		a[i].q.kind = STORE_ACCOUNT_CHANGE;
		a[i].q.parts = STORE_SETTINGS | STORE_STATUS;
		a[i].q.account.settings_version = 2; /* right only once */
		a[i].q.account.status = (uint8_t)(i + 10);
	}
	a[2].q.account.settings_version = 3;
	before = store_sqlite_commits(s);
	for (size_t i = 0; i < 3; i++)
		submit(s, &a[i]);
	(void)store_sqlite_poll(s);
	CHECK_EQ(store_sqlite_commits(s) - before, 1);
	CHECK_OK(a[0].err);
	CHECK_ERR(a[1].err, ERR_CONFLICT);
	CHECK_OK(a[2].err);
	CHECK_OK(ask(s, &got, false));
	CHECK_EQ(got.q.account.status, 12);
	CHECK_EQ(got.q.account.settings_version, 3);
	store_sqlite_close(s);
}

/* ---- the model ---- */

#define NAMES  6
#define NOW_S  1000

static struct model {
	struct store_account account; /* views unused */
	bool is_there;
	char boxes[3][16];
	struct store_invite invite;
	bool has_invite;
} model[NAMES];

static uint64_t seed = 1;

static unsigned
draw(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static enum err
model_change(struct model *m, const struct store_request *q)
{
	struct store_account *a = &m->account;
	const struct store_account *b = &q->account;

	if (!m->is_there)
		return ERR_GONE;
	if ((q->expect_version != 0 && q->expect_version != a->version) ||
	    (q->parts & STORE_IDENTITY &&
	    b->identity_version != a->identity_version + 1) ||
	    (q->parts & STORE_SETTINGS &&
	    b->settings_version != a->settings_version + 1) ||
	    (q->parts & STORE_ROSTER &&
	    b->roster_version != a->roster_version + 1))
		return ERR_CONFLICT;
	if (q->parts & STORE_RECORD) {
		memcpy(a->record, b->record, sizeof a->record);
		memcpy(a->credential_id, b->credential_id, 16);
		a->ksf_passes = b->ksf_passes;
		a->has_record = b->has_record;
	}
	if (q->parts & STORE_IDENTITY)
		a->identity_version++;
	if (q->parts & STORE_SETTINGS)
		a->settings_version++;
	if (q->parts & STORE_ROSTER)
		a->roster_version++;
	for (size_t i = 0; i < 3; i++)
		if (q->parts & ((uint32_t)STORE_IDENTITY << i))
			memcpy(m->boxes[i], i == 0 ? b->identity_box.p :
			    i == 1 ? b->settings_box.p : b->roster.p, 16);
	if (q->parts & STORE_ENABLED)
		a->is_enabled = b->is_enabled;
	if (q->parts & STORE_STATUS)
		a->status = b->status;
	if (q->parts & STORE_RESET) {
		a->has_record = false;
		a->identity_version = a->settings_version = 0;
		a->roster_version = 0;
		memset(a->record, 0, sizeof a->record);
		memset(m->boxes, 0, sizeof m->boxes);
	}
	if (q->parts & STORE_BUMP)
		a->version++;
	return ERR_OK;
}

static enum err
model_create(struct model *m, const struct store_request *q)
{
	uint64_t version = q->account.version;

	if (!m->has_invite || m->invite.expires_s <= q->now_s ||
	    memcmp(m->invite.hash, q->invite_hash, 32) != 0)
		return ERR_GONE;
	if (m->is_there && m->account.has_record)
		return ERR_CONFLICT;
	if (m->is_there && version <= m->account.version)
		version = m->account.version + 1;
	m->account = q->account;
	m->account.version = version;
	m->account.has_record = true;
	memcpy(m->boxes[0], q->account.identity_box.p, 16);
	memcpy(m->boxes[1], q->account.settings_box.p, 16);
	memcpy(m->boxes[2], q->account.roster.p, 16);
	m->is_there = true;
	m->has_invite = false;
	return ERR_OK;
}

static enum err
model_try(struct model *m, const struct store_request *q)
{
	if (!m->has_invite ||
	    memcmp(m->invite.hash, q->invite_hash, 32) != 0)
		return ERR_GONE;
	if (m->invite.expires_s <= q->now_s)
		return ERR_EXPIRED;
	if (m->invite.tries == 0)
		return ERR_LIMIT;
	m->invite.tries--;
	return ERR_OK;
}

/* Does to the model what the request asks, and returns what it must say. */
static enum err
model_do(const struct store_request *q)
{
	const char *name = q->kind == STORE_INVITE_PUT ? q->invite.name :
	    q->account.name;
	struct model *m = &model[name[0] - 'a'];
	bool was_there;

	switch (q->kind) {
	case STORE_ACCOUNT_GET:
	case STORE_ACCOUNT_RECORD:
		return m->is_there ? ERR_OK : ERR_GONE;
	case STORE_ACCOUNT_CREATE:
		return model_create(m, q);
	case STORE_ACCOUNT_CHANGE:
		return model_change(m, q);
	case STORE_ACCOUNT_REMOVE:
		was_there = m->is_there || m->has_invite;
		memset(m, 0, sizeof *m);
		return was_there ? ERR_OK : ERR_GONE;
	case STORE_INVITE_PUT:
		m->invite = q->invite;
		m->has_invite = true;
		return ERR_OK;
	case STORE_INVITE_TRY:
		return model_try(m, q);
	case STORE_ACCOUNT_LIST:
	default:
		return ERR_ARG;
	}
}

/* A random request; its boxes are 16 random letters in text. */
static void
random_request(struct asked *a, char text[16])
{
	struct store_account *account = &a->q.account;
	unsigned who = draw(NAMES);
	struct model *m = &model[who];

	memset(a, 0, sizeof *a);
	for (size_t i = 0; i < 16; i++)
		text[i] = (char)('a' + draw(26));
	a->q.kind = (enum store_kind[]){ STORE_ACCOUNT_GET,
		STORE_ACCOUNT_CREATE, STORE_ACCOUNT_CREATE,
		STORE_ACCOUNT_CHANGE, STORE_ACCOUNT_CHANGE,
		STORE_ACCOUNT_CHANGE, STORE_ACCOUNT_REMOVE, STORE_INVITE_PUT,
		STORE_INVITE_PUT, STORE_INVITE_TRY }[draw(10)];
	account->name[0] = a->q.invite.name[0] = (char)('a' + who);
	account->version = 1 + draw(4);
	account->is_enabled = draw(2);
	account->has_record = draw(4) != 0;
	account->status = (uint8_t)draw(5);
	account->ksf_passes = draw(9);
	memset(account->record, (int)draw(256), 192);
	account->identity_version = m->account.identity_version + draw(3);
	account->settings_version = m->account.settings_version + 1;
	account->roster_version = m->account.roster_version + 1;
	account->identity_box = account->settings_box = account->roster =
	    (struct bytes){ (const uint8_t *)text, 16 };
	a->q.parts = draw(2) ? 1u << draw(8) : 1 + draw(255);
	if (a->q.parts & STORE_RESET)
		a->q.parts &= ~15u;
	a->q.expect_version = draw(3) ? 0 : m->account.version + draw(2);
	a->q.invite.hash[0] = a->q.invite_hash[0] = (uint8_t)draw(2);
	a->q.invite.hash[1] = a->q.invite_hash[1] = (uint8_t)who;
	a->q.invite.tries = (uint8_t)draw(4);
	a->q.invite.expires_s = NOW_S + draw(4);
	a->q.now_s = NOW_S + draw(3);
}

/* Compares all accounts with the model. */
static void
compare(struct store_sqlite *s, bool is_threaded)
{
	for (unsigned i = 0; i < NAMES; i++) {
		struct model *m = &model[i];
		const char name[2] = { (char)('a' + i), '\0' };
		struct asked got = a_request(STORE_ACCOUNT_GET, name);
		struct store_account *a = &got.q.account;

		CHECK_ERR(ask(s, &got, is_threaded),
		    m->is_there ? ERR_OK : ERR_GONE);
		if (!m->is_there)
			continue;
		CHECK_EQ(a->version, m->account.version);
		CHECK_EQ(a->is_enabled, m->account.is_enabled);
		CHECK_EQ(a->has_record, m->account.has_record);
		CHECK_EQ(a->status, m->account.status);
		CHECK_EQ(a->identity_version, m->account.identity_version);
		CHECK_EQ(a->settings_version, m->account.settings_version);
		CHECK_EQ(a->roster_version, m->account.roster_version);
		CHECK_BYTES(BYTES_OF(a->record), BYTES_OF(m->account.record));
		for (size_t k = 0; k < 3; k++)
			CHECK(got.len[k] == (m->boxes[k][0] ? 16u : 0u) &&
			    memcmp(got.boxes[k], m->boxes[k],
			    got.len[k]) == 0);
	}
}

/* Random requests in random groups; all answers and states are the model's. */
static void
walk(bool is_threaded, unsigned rounds)
{
	enum { GROUP = 12 };
	static struct asked group[GROUP];
	static char text[GROUP][16];
	enum err want[GROUP];
	struct store_sqlite *s;

	fresh();
	memset(model, 0, sizeof model);
	s = open_store(is_threaded, NULL);
	for (unsigned round = 0; round < rounds; round++) {
		unsigned n = 1 + draw(GROUP);

		for (unsigned i = 0; i < n; i++) {
			do
				random_request(&group[i], text[i]);
			while (is_threaded &&
			    group[i].q.kind == STORE_ACCOUNT_GET);
			want[i] = model_do(&group[i].q);
			submit(s, &group[i]);
		}
		store_sqlite_drain(s);
		for (unsigned i = 0; i < n; i++)
			CHECK_ERR(group[i].err, want[i]);
		if (round % 16 == 0)
			compare(s, is_threaded);
		if (round % 100 == 99) {
			store_sqlite_close(s);
			s = open_store(is_threaded, NULL);
		}
	}
	compare(s, is_threaded);
	store_sqlite_close(s);
}

TEST(the_model_agrees)
{
	walk(false, 800);
}

TEST(the_model_agrees_with_threads)
{
	walk(true, 200);
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

	fresh();
	s = open_store(false, NULL);
	for (unsigned i = 0; i < CHAINS; i++) {
		const char name[2] = { (char)('a' + i), '\0' };
		struct chain *c = &chains[i];

		CHECK_OK(put_invite(s, name, 1, 200, 5));
		CHECK_OK(create(s, name, 1));
		*c = (struct chain){ .left = 25, .running = &running };
		c->write = a_request(STORE_ACCOUNT_CHANGE, name);
		c->write.q.parts = STORE_BUMP;
		c->write.q.done = chain_written;
		c->read = a_request(STORE_ACCOUNT_GET, name);
		c->read.q.done = chain_read;
		c->write.q.ctx = c->read.q.ctx = c;
	}
	store_sqlite_close(s);
	s = open_store(true, NULL);
	before = store_sqlite_commits(s);
	for (unsigned i = 0; i < CHAINS; i++) {
		chains[i].s = s;
		store_sqlite_store(s)->submit(store_sqlite_store(s),
		    &chains[i].write.q);
	}
	while (running > 0) {
		sleep_until_woken();
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

	fresh();
	s = open_store(true, NULL);
	for (unsigned i = 0; i < 50; i++) {
		all[i] = a_request(STORE_INVITE_PUT, "");
		(void)snprintf(all[i].q.invite.name, STORE_NAME_MAX, "u%u", i);
		memcpy(all[i].q.invite.hash, &i, sizeof i);
		all[i].q.invite.expires_s = 500;
		all[i].q.invite.tries = 1;
		submit(s, &all[i]);
	}
	store_sqlite_close(s);
	s = open_store(false, NULL);
	for (unsigned i = 0; i < 50; i++) {
		struct asked a;

		CHECK(!all[i].is_done);
		(void)snprintf(name, sizeof name, "u%u", i);
		a = a_request(STORE_INVITE_TRY, name);
		memcpy(a.q.invite_hash, &i, sizeof i);
		CHECK_OK(ask(s, &a, false));
	}
	store_sqlite_close(s);
}

TEST(one_process_has_the_file)
{
	struct store_sqlite_options options = { .path = path };
	struct store_sqlite *s, *second = NULL;
	const char *why = "";

	fresh();
	s = open_store(true, NULL);
	CHECK_ERR(store_sqlite_open(&options, &second, &why), ERR_LIMIT);
	CHECK(strlen(why) > 0);
	store_sqlite_close(s);
	CHECK_OK(store_sqlite_open(&options, &second, &why));
	store_sqlite_close(second);
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
	int sync_rc, write_rc;
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
	faulty.sync_rc = faulty.write_rc = SQLITE_OK;
	fresh();
	return open_store(false, "faulty");
}

TEST(a_failed_sync_is_final)
{
	struct store_sqlite *s = open_faulty();

	CHECK_OK(put_invite(s, "alice", 1, 200, 5));
	CHECK(!store_sqlite_is_broken(s));
	faulty.sync_rc = SQLITE_IOERR_FSYNC;
	CHECK_ERR(put_invite(s, "bob", 2, 200, 5), ERR_IO);
	CHECK(store_sqlite_is_broken(s));
	faulty.sync_rc = SQLITE_OK;
	CHECK_ERR(put_invite(s, "carol", 3, 200, 5), ERR_IO);
	CHECK(store_sqlite_is_broken(s));
	store_sqlite_close(s);
	s = open_store(false, NULL);
	CHECK_OK(try_invite(s, "alice", 1, 100));
	CHECK_ERR(try_invite(s, "carol", 3, 100), ERR_GONE);
	store_sqlite_close(s);
}

TEST(a_full_disk_passes)
{
	struct store_sqlite *s = open_faulty();

	CHECK_OK(put_invite(s, "alice", 1, 200, 5));
	faulty.write_rc = SQLITE_FULL;
	CHECK_ERR(put_invite(s, "bob", 2, 200, 5), ERR_IO);
	CHECK(!store_sqlite_is_broken(s));
	faulty.write_rc = SQLITE_OK;
	CHECK_ERR(try_invite(s, "bob", 2, 100), ERR_GONE);
	CHECK_OK(put_invite(s, "bob", 2, 200, 5));
	CHECK_OK(try_invite(s, "alice", 1, 100));
	store_sqlite_close(s);
}

/* ---- copies ---- */

static void
check_backup(bool is_threaded)
{
	struct store_sqlite *s;
	char copy[80];
	const char *why;
	struct stat st;

	fresh();
	s = open_store(false, NULL);
	CHECK_OK(put_invite(s, "alice", 1, 200, 5));
	CHECK_OK(create(s, "alice", 1));
	store_sqlite_close(s);
	s = open_store(is_threaded, NULL);
	(void)snprintf(copy, sizeof copy, "%s.copy", path);
	CHECK_OK(store_sqlite_backup(s, copy));
	CHECK_ERR(store_sqlite_backup(s, copy), ERR_IO);
	CHECK_EQ(stat(copy, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	if (is_threaded)
		CHECK_OK(store_sqlite_check(path, &why));
	CHECK_OK(store_sqlite_check(copy, &why));
	store_sqlite_close(s);
	CHECK_EQ(rename(copy, path), 0);
	s = open_store(true, NULL);
	check_list(s, true, 1);
	store_sqlite_close(s);
}

TEST(a_backup_is_a_store)
{
	check_backup(false);
	check_backup(true);
	fresh();
	(void)rmdir(dir);
}

CHECK_MAIN(T(an_invite_makes_one_account), T(an_invite_expires_and_wears_out),
    T(each_part_has_its_rule), T(a_reset_name_can_be_taken_again),
    T(removing_takes_the_invites_too), T(a_list_walks_all_in_order),
    T(what_waits_shares_a_transaction),
    T(a_conflict_spoils_nothing_but_itself), T(the_model_agrees),
    T(the_model_agrees_with_threads),
    T(a_completion_is_seen_by_the_next_read),
    T(closing_finishes_what_is_pending), T(one_process_has_the_file),
    T(a_failed_sync_is_final), T(a_full_disk_passes), T(a_backup_is_a_store))
