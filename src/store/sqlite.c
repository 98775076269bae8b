#include "store/sqlite.h"

#include "base/plant.h"
#include "store/db.h"
#include "store/request.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* Pages in the log after which it is moved into the database. The simulator
 * has less, so that this happens as often as all else. */
#ifndef STORE_CHECKPOINT_PAGES
#define STORE_CHECKPOINT_PAGES 1000
#endif

struct queue {
	struct store_request *head;
	struct store_request **tail;
};

struct store_sqlite {
	struct store store; /* first: the core's handle is this one */
	struct store_sqlite_options options;
	int lock_fd;
	struct store_db writer; /* the writer thread's */
	struct store_db reader; /* the reader thread's */
	pthread_t writer_thread, reader_thread;
	bool has_writer, has_reader;
	/* What follows is everybody's, under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t write_wanted, read_wanted, some_done;
	struct queue writes, reads, done;
	size_t pending; /* submitted and not completed */
	uint64_t commits;
	bool is_stopping, is_broken, is_full;
};

/* ---- queues ---- */

static void
queue_init(struct queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
}

static void
queue_push(struct queue *q, struct store_request *r)
{
	r->next = NULL;
	*q->tail = r;
	q->tail = &r->next;
}

static struct store_request *
queue_take(struct queue *q)
{
	struct store_request *all = q->head;

	queue_init(q);
	return all;
}

static void
queue_append(struct queue *q, struct store_request *all)
{
	for (struct store_request *next; all != NULL; all = next) {
		next = all->next;
		queue_push(q, all);
	}
}

/* ---- the work ---- */

/*
 * Carries out all writes of a list in one transaction. A request that fails
 * by itself has changed nothing, so that it leaves the others alone; an
 * error of the database is everybody's. Returns whether it was one that is
 * final.
 */
static bool
write_group(struct store_db *db, struct store_request *all)
{
	enum err err;

	if (store_db_is_broken(db)) {
		for (struct store_request *q = all; q != NULL; q = q->next)
			q->result = ERR_IO;
		return true;
	}
	db->rc = 0;
	store_db_abort(db); /* there may have been no memory for it before */
	store_db_run(db, STORE_SQL_BEGIN);
	for (struct store_request *q = all; q != NULL; q = q->next)
		q->result = store_request_write(db, q);
	store_db_run(db, STORE_SQL_COMMIT);
	err = store_db_err(db);
	if (err == ERR_OK || PLANTED(PLANT_STORE_ACK_EARLY))
		return false;
	store_db_abort(db);
	for (struct store_request *q = all; q != NULL; q = q->next)
		q->result = err;
	return store_db_is_broken(db);
}

static void
read_one(struct store_db *db, struct store_request *q)
{
	enum err err, broken;

	db->rc = 0;
	store_db_abort(db); /* without threads, it is the writer's as well */
	err = store_request_read(db, q);
	broken = store_db_err(db);
	q->result = broken != ERR_OK ? broken : err;
}

/* Releases what a read has brought. */
static void
drop_held(struct store_request *q)
{
	if (q->kind == STORE_ACCOUNT_LIST)
		store_page_free(q->held);
	else
		free(q->held);
	q->held = NULL;
}

/* ---- the threads ---- */

static void
block_signals(void)
{
	sigset_t all;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_BLOCK, &all, NULL);
}

/* Hands a list of finished requests to the loop's thread. */
static void
hand_over(struct store_sqlite *s, struct store_request *all)
{
	(void)pthread_mutex_lock(&s->lock);
	queue_append(&s->done, all);
	(void)pthread_cond_signal(&s->some_done);
	(void)pthread_mutex_unlock(&s->lock);
	s->options.wake(s->options.ctx);
}

/* Waits for something in the queue; NULL when there is an end. */
static struct store_request *
wait_for(struct store_sqlite *s, struct queue *queue, pthread_cond_t *wanted)
{
	struct store_request *all;

	(void)pthread_mutex_lock(&s->lock);
	while (queue->head == NULL && !s->is_stopping)
		(void)pthread_cond_wait(wanted, &s->lock);
	all = queue_take(queue);
	(void)pthread_mutex_unlock(&s->lock);
	return all;
}

/* After a group: what the loop may ask. */
static void
publish(struct store_sqlite *s, bool is_broken)
{
	(void)pthread_mutex_lock(&s->lock);
	s->is_broken = s->is_broken || is_broken;
	s->is_full = store_db_is_full(&s->writer);
	s->commits = s->writer.commits;
	(void)pthread_mutex_unlock(&s->lock);
}

/* After the completions, since nobody waits for it: keeps the log short. */
static void
checkpoint(struct store_sqlite *s)
{
	if (s->writer.wal_pages < STORE_CHECKPOINT_PAGES)
		return;
	store_db_checkpoint(&s->writer);
	if (store_db_is_broken(&s->writer))
		publish(s, true);
}

static void *
write_loop(void *ctx)
{
	struct store_sqlite *s = ctx;
	struct store_request *all;

	block_signals();
	while ((all = wait_for(s, &s->writes, &s->write_wanted)) != NULL) {
		publish(s, write_group(&s->writer, all));
		hand_over(s, all);
		checkpoint(s);
	}
	return NULL;
}

static void *
read_loop(void *ctx)
{
	struct store_sqlite *s = ctx;
	struct store_request *all;

	block_signals();
	while ((all = wait_for(s, &s->reads, &s->read_wanted)) != NULL) {
		for (struct store_request *q = all; q != NULL; q = q->next)
			read_one(&s->reader, q);
		hand_over(s, all);
	}
	return NULL;
}

/* The same without threads: runs of writes share a transaction. */
static void
work_here(struct store_sqlite *s)
{
	struct store_request *q = queue_take(&s->writes);

	while (q != NULL) {
		struct store_request *last = q, *rest;
		bool is_write = store_request_is_write(q->kind);

		while (is_write && last->next != NULL &&
		    store_request_is_write(last->next->kind))
			last = last->next;
		rest = last->next;
		last->next = NULL;
		if (is_write) {
			publish(s, write_group(&s->writer, q));
		} else if (store_db_is_broken(&s->writer)) {
			q->result = ERR_IO;
		} else {
			read_one(&s->writer, q);
			/* A read that failed is nobody's end but its own. */
			s->writer.rc = 0;
		}
		queue_append(&s->done, q);
		q = rest;
	}
	checkpoint(s);
}

/* ---- the interface ---- */

static void
enqueue(struct store_sqlite *s, struct store_request *q)
{
	bool is_write = store_request_is_write(q->kind) ||
	    !s->options.is_threaded;

	queue_push(is_write ? &s->writes : &s->reads, q);
	(void)pthread_cond_signal(is_write ? &s->write_wanted :
	    &s->read_wanted);
}

static void
submit(struct store *store, struct store_request *q)
{
	struct store_sqlite *s = (struct store_sqlite *)store;

	q->held = NULL;
	if (q->kind == STORE_ACCOUNT_LIST)
		q->account.name[0] = '\0';
	(void)pthread_mutex_lock(&s->lock);
	s->pending++;
	enqueue(s, q);
	(void)pthread_mutex_unlock(&s->lock);
}

static void
uncount(struct store_sqlite *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->pending--;
	(void)pthread_mutex_unlock(&s->lock);
}

/* Tells a page of a list; more is asked for unless it was the last. */
static void
complete_page(struct store_sqlite *s, struct store_request *q)
{
	struct store_page *page = q->held;

	q->held = NULL;
	if (q->result == ERR_OK) {
		for (size_t i = 0; i < page->n; i++) {
			q->account = page->rows[i];
			q->done(q, ERR_OK);
		}
		if (!page->is_last) {
			q->account = (struct store_account){ 0 };
			memcpy(q->account.name,
			    page->rows[page->n - 1].name, STORE_NAME_MAX);
			store_page_free(page);
			(void)pthread_mutex_lock(&s->lock);
			enqueue(s, q);
			(void)pthread_mutex_unlock(&s->lock);
			return;
		}
	}
	store_page_free(page);
	q->account = (struct store_account){ 0 };
	uncount(s);
	q->done(q, q->result);
}

static void
complete(struct store_sqlite *s, struct store_request *q)
{
	void *held = q->held;

	if (q->kind == STORE_ACCOUNT_LIST) {
		complete_page(s, q);
		return;
	}
	q->held = NULL;
	uncount(s);
	q->done(q, q->result);
	free(held);
}

size_t
store_sqlite_poll(struct store_sqlite *s)
{
	struct store_request *all, *next;
	size_t n = 0;

	if (!s->options.is_threaded)
		work_here(s);
	(void)pthread_mutex_lock(&s->lock);
	all = queue_take(&s->done);
	(void)pthread_mutex_unlock(&s->lock);
	for (; all != NULL; all = next, n++) {
		next = all->next;
		complete(s, all);
	}
	return n;
}

/* Waits until there is something to complete; returns whether there is. */
static bool
wait_done(struct store_sqlite *s)
{
	bool is_pending;

	(void)pthread_mutex_lock(&s->lock);
	while (s->options.is_threaded && s->pending > 0 &&
	    s->done.head == NULL)
		(void)pthread_cond_wait(&s->some_done, &s->lock);
	is_pending = s->pending > 0;
	(void)pthread_mutex_unlock(&s->lock);
	return is_pending;
}

void
store_sqlite_drain(struct store_sqlite *s)
{
	while (wait_done(s))
		(void)store_sqlite_poll(s);
}

struct store *
store_sqlite_store(struct store_sqlite *s)
{
	return &s->store;
}

bool
store_sqlite_is_broken(struct store_sqlite *s)
{
	bool is_broken;

	(void)pthread_mutex_lock(&s->lock);
	is_broken = s->is_broken;
	(void)pthread_mutex_unlock(&s->lock);
	return is_broken;
}

bool
store_sqlite_is_full(struct store_sqlite *s)
{
	bool is_full;

	(void)pthread_mutex_lock(&s->lock);
	is_full = s->is_full;
	(void)pthread_mutex_unlock(&s->lock);
	return is_full;
}

uint64_t
store_sqlite_commits(struct store_sqlite *s)
{
	uint64_t commits;

	(void)pthread_mutex_lock(&s->lock);
	commits = s->commits;
	(void)pthread_mutex_unlock(&s->lock);
	return commits;
}

/* ---- opening and closing ---- */

/*
 * Takes the file for this process. SQLite's own locks cannot do that while
 * several connections of ours share it; flock does not meet them.
 */
static enum err
lock_file(struct store_sqlite *s, const char **why)
{
	if (s->options.vfs != NULL)
		return ERR_OK;
	s->lock_fd = open(s->options.path,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0) {
		*why = "the database file cannot be opened";
		return ERR_IO;
	}
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0) {
		*why = "another process has the database open";
		return ERR_LIMIT;
	}
	return ERR_OK;
}

/*
 * Moves what the log holds into the database, before anything is added to
 * it. After a sync that failed the last process has ended, but the kernel
 * still shows, and need not ever write, what that sync was for: so it is
 * written and synced anew before any promise is built on it.
 */
static enum err
settle(struct store_sqlite *s, const char **why)
{
	*why = "the database cannot be written";
	store_db_checkpoint(&s->writer);
	return store_db_is_broken(&s->writer) ? ERR_IO : ERR_OK;
}

static enum err
open_connections(struct store_sqlite *s, const char **why)
{
	const struct store_sqlite_options *o = &s->options;
	enum err err;

	TRY(store_db_open(&s->writer, o->path, o->vfs,
	    o->is_threaded ? STORE_DB_OWNER : STORE_DB_ALONE, why));
	TRY(store_db_migrate(&s->writer, store_db_steps, STORE_SQLITE_SCHEMA,
	    why));
	TRY(settle(s, why));
	if (o->is_threaded)
		TRY(store_db_open(&s->reader, o->path, o->vfs,
		    STORE_DB_SECOND, why));
out:
	return err;
}

static enum err
start_threads(struct store_sqlite *s, const char **why)
{
	if (!s->options.is_threaded)
		return ERR_OK;
	*why = "no thread can be started";
	s->has_writer = pthread_create(&s->writer_thread, NULL, write_loop,
	    s) == 0;
	s->has_reader = pthread_create(&s->reader_thread, NULL, read_loop,
	    s) == 0;
	return s->has_writer && s->has_reader ? ERR_OK : ERR_NOMEM;
}

enum err
store_sqlite_open(const struct store_sqlite_options *options,
    struct store_sqlite **out, const char **why)
{
	struct store_sqlite *s = calloc(1, sizeof *s);
	enum err err;

	*why = "out of memory";
	if (s == NULL)
		return ERR_NOMEM;
	s->store.submit = submit;
	s->options = *options;
	s->lock_fd = -1;
	queue_init(&s->writes);
	queue_init(&s->reads);
	queue_init(&s->done);
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->write_wanted, NULL);
	(void)pthread_cond_init(&s->read_wanted, NULL);
	(void)pthread_cond_init(&s->some_done, NULL);
	TRY(lock_file(s, why));
	TRY(open_connections(s, why));
	TRY(start_threads(s, why));
	s->commits = s->writer.commits;
	*out = s;
	s = NULL;
out:
	store_sqlite_close(s);
	return err;
}

static void
stop_threads(struct store_sqlite *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->is_stopping = true;
	(void)pthread_cond_broadcast(&s->write_wanted);
	(void)pthread_cond_broadcast(&s->read_wanted);
	(void)pthread_mutex_unlock(&s->lock);
	if (s->has_writer)
		(void)pthread_join(s->writer_thread, NULL);
	if (s->has_reader)
		(void)pthread_join(s->reader_thread, NULL);
}

void
store_sqlite_close(struct store_sqlite *s)
{
	if (s == NULL)
		return;
	if (s->options.is_threaded)
		stop_threads(s);
	else if (s->writer.sql != NULL)
		work_here(s);
	for (struct store_request *q = s->done.head; q != NULL; q = q->next)
		drop_held(q);
	store_db_close(&s->reader);
	store_db_close(&s->writer);
	/* Last: closing it ends SQLite's locks on the file, too. */
	if (s->lock_fd >= 0)
		(void)close(s->lock_fd);
	(void)pthread_cond_destroy(&s->some_done);
	(void)pthread_cond_destroy(&s->read_wanted);
	(void)pthread_cond_destroy(&s->write_wanted);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- beside the store ---- */

enum err
store_sqlite_check(const char *path, const char **why)
{
	struct store_db db;
	int64_t version;
	enum err err;

	TRY(store_db_open(&db, path, NULL, STORE_DB_READER, why));
	version = store_db_number(&db, "PRAGMA user_version");
	*why = "the database cannot be read";
	TRY(store_db_err(&db));
	*why = "the database was made by a newer sottod";
	NEED(version <= STORE_SQLITE_SCHEMA, ERR_VERSION);
	*why = "the file is empty, or another program's database";
	NEED(store_db_is_ours(&db), ERR_IO);
	*why = "the database is damaged";
	NEED(store_db_is_whole(&db), ERR_IO);
out:
	store_db_close(&db);
	return err;
}

/* Makes sure that the file at path is on the disk. */
static enum err
sync_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	enum err err = ERR_IO;

	if (fd < 0)
		return err;
	if (fsync(fd) == 0)
		err = ERR_OK;
	(void)close(fd);
	return err;
}

enum err
store_sqlite_backup(struct store_sqlite *s, const char *path)
{
	struct store_db own = { .rc = 0 };
	struct store_db *db = s->options.is_threaded ? &own : &s->writer;
	const char *why;
	int fd;
	enum err err;

	/* SQLite takes an empty file; so the mode is ours from the start. */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return ERR_IO;
	(void)close(fd);
	if (s->options.is_threaded)
		TRY(store_db_open(db, s->options.path, s->options.vfs,
		    STORE_DB_SECOND, &why));
	store_db_copy(db, path);
	TRY(store_db_err(db));
	TRY(sync_file(path));
out:
	store_db_close(&own);
	if (err != ERR_OK)
		(void)unlink(path);
	return err;
}
