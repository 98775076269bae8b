#include "asked.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In memory where that is to be had: nothing here needs a slow disk. */
static char dir[32] = "/dev/shm/sotto-XXXXXX";
char place_path[64];

static void
remove_files(void)
{
	for (const char *const *tail = (const char *const[]){ "", "-wal",
	         "-shm", ".copy", NULL }; *tail != NULL; tail++) {
		char file[80];

		(void)snprintf(file, sizeof file, "%s%s", place_path, *tail);
		(void)unlink(file);
	}
}

static void
remove_all(void)
{
	remove_files();
	(void)rmdir(dir);
}

void
place_fresh(void)
{
	static bool is_made;

	if (!is_made && mkdtemp(dir) == NULL) {
		(void)strcpy(dir, "/tmp/sotto-XXXXXX");
		if (mkdtemp(dir) == NULL)
			abort();
	}
	(void)snprintf(place_path, sizeof place_path, "%s/x.db", dir);
	if (!is_made)
		(void)atexit(remove_all);
	is_made = true;
	remove_files();
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

void
place_wait(void)
{
	(void)pthread_mutex_lock(&woken.lock);
	while (woken.wakes == 0)
		(void)pthread_cond_wait(&woken.cond, &woken.lock);
	woken.wakes = 0;
	(void)pthread_mutex_unlock(&woken.lock);
}

struct store_sqlite *
place_open(bool is_threaded, const char *vfs)
{
	struct store_sqlite_options options = { .path = place_path, .vfs = vfs,
		.is_threaded = is_threaded, .wake = wake };
	struct store_sqlite *s = NULL;
	const char *why = "";

	if (!CHECK_OK(store_sqlite_open(&options, &s, &why)))
		abort();
	return s;
}

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

void
asked_submit(struct store_sqlite *s, struct asked *a)
{
	struct store *store = store_sqlite_store(s);

	a->q.done = on_done;
	a->q.ctx = a;
	a->is_done = false;
	store->submit(store, &a->q);
	CHECK(!a->is_done);
}

enum err
asked_wait(struct store_sqlite *s, struct asked *a, bool is_threaded)
{
	asked_submit(s, a);
	while (!a->is_done) {
		if (is_threaded)
			place_wait();
		(void)store_sqlite_poll(s);
	}
	return a->err;
}

/* ---- requests by hand ---- */

struct asked
asked_new(enum store_kind kind, const char *name)
{
	struct asked a = { .q.kind = kind };

	(void)snprintf(a.q.account.name, sizeof a.q.account.name, "%s", name);
	return a;
}

enum err
asked_put_invite(struct store_sqlite *s, const char *name, uint8_t code,
    uint64_t expires_s, uint8_t tries)
{
	struct asked a = asked_new(STORE_INVITE_PUT, "");

	(void)snprintf(a.q.invite.name, sizeof a.q.invite.name, "%s", name);
	memset(a.q.invite.hash, code, 32);
	a.q.invite.expires_s = expires_s;
	a.q.invite.tries = tries;
	return asked_wait(s, &a, false);
}

enum err
asked_try_invite(struct store_sqlite *s, const char *name, uint8_t code,
    uint64_t now_s)
{
	struct asked a = asked_new(STORE_INVITE_TRY, name);

	memset(a.q.invite_hash, code, 32);
	a.q.now_s = now_s;
	return asked_wait(s, &a, false);
}

struct asked
asked_creation(const char *name, uint8_t code)
{
	struct asked a = asked_new(STORE_ACCOUNT_CREATE, name);
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

enum err
asked_create(struct store_sqlite *s, const char *name, uint8_t code)
{
	struct asked a = asked_creation(name, code);

	return asked_wait(s, &a, false);
}

enum err
asked_change(struct store_sqlite *s, struct asked *a, uint32_t parts)
{
	a->q.kind = STORE_ACCOUNT_CHANGE;
	a->q.parts = parts;
	return asked_wait(s, a, false);
}
