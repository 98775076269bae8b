#include "sim/disk.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES  8
#define SECTOR 512

/* A write that no sync has made to last. */
struct write {
	struct write *next;
	uint64_t number; /* of all of the disk's, in order */
	int64_t at;
	size_t n;
	bool is_truncate;
	uint8_t bytes[];
};

struct image {
	uint8_t *p;
	size_t n, cap;
};

struct file {
	char name[64];
	bool is_there;
	struct image seen, durable;
	struct write *writes, **last;
};

struct disk {
	struct file files[FILES];
	struct rng rng;
	uint32_t left; /* operations until the power goes; 0: no end */
	bool has_failed, is_held;
	uint32_t break_left; /* operations until one fails; 0: no end */
	enum disk_fault break_how;
	bool is_broken;
	size_t room;
	enum disk_sync sync;
	uint64_t writes, operations;
};

struct handle {
	sqlite3_file base;
	struct file *file;
};

static struct disk *current;

/* ---- images ---- */

static void
put(struct image *im, int64_t at, const uint8_t *p, size_t n)
{
	size_t end = (size_t)at + n;

	if (end > im->cap) {
		size_t cap = im->cap == 0 ? 65536 : im->cap;

		while (cap < end)
			cap *= 2;
		im->p = realloc(im->p, cap);
		if (im->p == NULL)
			abort();
		memset(im->p + im->cap, 0, cap - im->cap);
		im->cap = cap;
	}
	if (n != 0)
		memcpy(im->p + at, p, n);
	if (end > im->n)
		im->n = end;
}

static void
cut(struct image *im, int64_t at)
{
	if ((size_t)at >= im->n)
		return;
	memset(im->p + at, 0, im->n - (size_t)at);
	im->n = (size_t)at;
}

static void
set(struct image *to, const struct image *from)
{
	cut(to, 0);
	put(to, 0, from->p, from->n);
}

/* ---- files ---- */

static void
remember(struct file *f, int64_t at, const uint8_t *p, size_t n, bool is_cut)
{
	struct write *w = malloc(sizeof *w + n);

	if (w == NULL)
		abort();
	*w = (struct write){ .number = current->writes, .at = at, .n = n,
		.is_truncate = is_cut };
	if (n != 0)
		memcpy(w->bytes, p, n);
	*f->last = w;
	f->last = &w->next;
}

static void
forget_writes(struct file *f)
{
	while (f->writes != NULL) {
		struct write *w = f->writes;

		f->writes = w->next;
		free(w);
	}
	f->last = &f->writes;
}

static struct file *
find(const char *name, bool create)
{
	struct file *free_one = NULL;

	for (size_t i = 0; i < FILES; i++) {
		struct file *f = &current->files[i];

		if (f->name[0] != '\0' && strcmp(f->name, name) == 0) {
			f->is_there |= create;
			return f->is_there ? f : NULL;
		}
		if (f->name[0] == '\0' && free_one == NULL)
			free_one = f;
	}
	if (!create || free_one == NULL)
		return NULL;
	(void)snprintf(free_one->name, sizeof free_one->name, "%s", name);
	free_one->is_there = true;
	free_one->last = &free_one->writes;
	return free_one;
}

/* Counts a write; returns whether the power is gone. */
static bool
is_dead(void)
{
	if (current->is_held)
		return true;
	current->writes++;
	if (current->left != 0 && --current->left == 0)
		current->has_failed = true;
	return current->has_failed;
}

/* Counts an operation; returns whether it is to fail. */
static bool
is_faulty(void)
{
	struct disk *d = current;

	d->operations++;
	if (d->is_broken && d->break_how == DISK_FOR_GOOD)
		return true;
	if (d->break_left == 0 || --d->break_left > 0)
		return false;
	d->is_broken = true;
	return true;
}

size_t
disk_used(const struct disk *d)
{
	size_t used = 0;

	for (size_t i = 0; i < FILES; i++)
		used += d->files[i].is_there ? d->files[i].seen.n : 0;
	return used;
}

/* Returns whether a file may grow so that it ends there. */
static bool
has_room(const struct file *f, size_t end)
{
	return end <= f->seen.n ||
	    end - f->seen.n + disk_used(current) <= current->room;
}

/* ---- the VFS ---- */

static int
on_close(sqlite3_file *file)
{
	(void)file;
	return SQLITE_OK;
}

static int
on_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
	struct image *im = &((struct handle *)file)->file->seen;
	size_t have = (size_t)at < im->n ? im->n - (size_t)at : 0;
	size_t take = have < (size_t)n ? have : (size_t)n;

	if (is_faulty())
		return SQLITE_IOERR_READ;
	if (take != 0)
		memcpy(out, im->p + at, take);
	if (take == (size_t)n)
		return SQLITE_OK;
	memset((uint8_t *)out + take, 0, (size_t)n - take);
	return SQLITE_IOERR_SHORT_READ;
}

static int
on_write(sqlite3_file *file, const void *p, int n, sqlite3_int64 at)
{
	struct file *f = ((struct handle *)file)->file;
	bool was_dead = current->has_failed || current->is_held;
	bool dead = is_dead(), is_bad = is_faulty();
	size_t whole = (size_t)n;

	if (!has_room(f, (size_t)at + whole))
		return SQLITE_FULL;
	if (is_bad) /* a part may have been written */
		whole = rng_below(&current->rng, (uint32_t)n + 1);
	if (!was_dead) {
		remember(f, at, p, whole, false);
		put(&f->seen, at, p, whole);
	}
	return dead || is_bad ? SQLITE_IOERR_WRITE : SQLITE_OK;
}

static int
on_truncate(sqlite3_file *file, sqlite3_int64 at)
{
	struct file *f = ((struct handle *)file)->file;

	if (is_dead() || is_faulty())
		return SQLITE_IOERR_TRUNCATE;
	remember(f, at, NULL, 0, true);
	cut(&f->seen, at);
	return SQLITE_OK;
}

static void
apply(struct image *im, const struct write *w)
{
	if (w->is_truncate)
		cut(im, w->at);
	else
		put(im, w->at, w->bytes, w->n);
}

static int
on_sync(sqlite3_file *file, int flags)
{
	struct file *f = ((struct handle *)file)->file;
	bool is_bad;

	(void)flags;
	if (is_dead())
		return SQLITE_IOERR_FSYNC;
	is_bad = is_faulty();
	if (current->sync != DISK_HONEST)
		return is_bad ? SQLITE_IOERR_FSYNC : SQLITE_OK;
	for (struct write *w = f->writes; w != NULL; w = w->next)
		if (!is_bad || rng_chance(&current->rng, 500))
			apply(&f->durable, w);
	forget_writes(f);
	return is_bad ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

static int
on_size(sqlite3_file *file, sqlite3_int64 *size)
{
	*size = (sqlite3_int64)((struct handle *)file)->file->seen.n;
	return is_faulty() ? SQLITE_IOERR_FSTAT : SQLITE_OK;
}

static int
on_lock(sqlite3_file *file, int level)
{
	(void)file;
	(void)level;
	return SQLITE_OK;
}

static int
on_reserved(sqlite3_file *file, int *out)
{
	(void)file;
	*out = 0;
	return SQLITE_OK;
}

static int
on_control(sqlite3_file *file, int op, void *arg)
{
	(void)file;
	(void)op;
	(void)arg;
	return SQLITE_NOTFOUND;
}

static int
on_sector(sqlite3_file *file)
{
	(void)file;
	return SECTOR;
}

static int
on_traits(sqlite3_file *file)
{
	(void)file;
	return 0;
}

static const sqlite3_io_methods methods = { 1, on_close, on_read, on_write,
	on_truncate, on_sync, on_size, on_lock, on_lock, on_reserved,
	on_control, on_sector, on_traits, NULL, NULL, NULL, NULL, NULL, NULL };

static int
on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
    int *out_flags)
{
	struct handle *h = (struct handle *)file;

	(void)vfs;
	h->base.pMethods = NULL;
	if (is_faulty())
		return SQLITE_CANTOPEN;
	h->file = find(name == NULL ? "temporary" : name,
	    (flags & SQLITE_OPEN_CREATE) != 0);
	if (h->file == NULL)
		return SQLITE_CANTOPEN;
	h->base.pMethods = &methods;
	if (out_flags != NULL)
		*out_flags = flags;
	return SQLITE_OK;
}

static int
on_delete(sqlite3_vfs *vfs, const char *name, int sync_folder)
{
	struct file *f = find(name, false);

	(void)vfs;
	(void)sync_folder;
	if (is_dead() || is_faulty())
		return SQLITE_IOERR_DELETE;
	if (f == NULL)
		return SQLITE_OK;
	forget_writes(f);
	cut(&f->seen, 0);
	cut(&f->durable, 0);
	f->is_there = false;
	return SQLITE_OK;
}

static int
on_access(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	(void)vfs;
	(void)flags;
	*out = find(name, false) != NULL;
	return is_faulty() ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int
on_full_name(sqlite3_vfs *vfs, const char *name, int cap, char *out)
{
	(void)vfs;
	(void)snprintf(out, (size_t)cap, "%s", name);
	return SQLITE_OK;
}

static int
on_random(sqlite3_vfs *vfs, int n, char *out)
{
	(void)vfs;
	rng_fill(&current->rng, out, (size_t)n);
	return n;
}

static int
on_sleep(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	return us;
}

static int
on_time(sqlite3_vfs *vfs, double *julian)
{
	(void)vfs;
	*julian = 2460000.5;
	return SQLITE_OK;
}

static sqlite3_vfs vfs = { 1, sizeof(struct handle), 63, NULL, DISK_VFS, NULL,
	on_open, on_delete, on_access, on_full_name, NULL, NULL, NULL, NULL,
	on_random, on_sleep, on_time, NULL, NULL, NULL, NULL, NULL };

/* ---- the disk ---- */

struct disk *
disk_new(struct rng rng)
{
	struct disk *d = calloc(1, sizeof *d);

	if (d == NULL)
		abort();
	d->rng = rng;
	d->room = SIZE_MAX;
	(void)sqlite3_vfs_register(&vfs, 0);
	return d;
}

void
disk_free(struct disk *d)
{
	for (size_t i = 0; d != NULL && i < FILES; i++) {
		forget_writes(&d->files[i]);
		free(d->files[i].seen.p);
		free(d->files[i].durable.p);
	}
	free(d);
}

void
disk_use(struct disk *d)
{
	current = d;
}

void
disk_fail_after(struct disk *d, uint32_t n)
{
	d->left = n;
}

bool
disk_has_failed(const struct disk *d)
{
	return d->has_failed;
}

void
disk_hold(struct disk *d, bool is_held)
{
	d->is_held = is_held;
}

uint64_t
disk_writes(const struct disk *d)
{
	return d->writes;
}

uint64_t
disk_operations(const struct disk *d)
{
	return d->operations;
}

void
disk_break_after(struct disk *d, uint32_t n, enum disk_fault how)
{
	d->break_left = n;
	d->break_how = how;
	d->is_broken = false;
}

bool
disk_is_broken(const struct disk *d)
{
	return d->is_broken;
}

void
disk_set_room(struct disk *d, size_t bytes)
{
	d->room = bytes;
}

void
disk_set_sync(struct disk *d, enum disk_sync how)
{
	d->sync = how;
}

/* Sector by sector: kept, lost, or garbage. */
static void
tear(struct disk *d, struct image *im, const struct write *w)
{
	uint8_t garbage[SECTOR];

	for (size_t done = 0; done < w->n;) {
		size_t n = SECTOR - (size_t)(w->at + (int64_t)done) % SECTOR;

		if (n > w->n - done)
			n = w->n - done;
		if (rng_chance(&d->rng, 500)) {
			put(im, w->at + (int64_t)done, w->bytes + done, n);
		} else if (rng_chance(&d->rng, 125)) {
			rng_fill(&d->rng, garbage, n);
			put(im, w->at + (int64_t)done, garbage, n);
		}
		done += n;
	}
}

/* What the cut leaves of one file's unsynced writes, in one of the ways. */
static void
settle(struct disk *d, struct file *f, uint32_t way)
{
	for (struct write *w = f->writes; w != NULL; w = w->next) {
		if (way == 0)
			continue;
		if (way == 1 || w->is_truncate)
			apply(&f->durable, w);
		else if (way == 2 && rng_chance(&d->rng, 500))
			apply(&f->durable, w);
		else if (way == 3)
			tear(d, &f->durable, w);
	}
}

/* The same for a cache that writes in order: all before some moment, and
 * perhaps half of what was being written then. */
static void
settle_in_order(struct disk *d, uint64_t until)
{
	for (size_t i = 0; i < FILES; i++) {
		struct file *f = &d->files[i];

		for (struct write *w = f->writes; w != NULL; w = w->next) {
			if (w->number < until)
				apply(&f->durable, w);
			else if (w->number == until && !w->is_truncate)
				tear(d, &f->durable, w);
		}
	}
}

void
disk_power_cut(struct disk *d)
{
	if (d->sync == DISK_LIES_IN_ORDER)
		settle_in_order(d, rng_below(&d->rng,
		    (uint32_t)d->writes + 2));
	for (size_t i = 0; i < FILES; i++) {
		struct file *f = &d->files[i];

		if (d->sync != DISK_LIES_IN_ORDER)
			settle(d, f, rng_below(&d->rng, 4));
		if (f->last != NULL)
			forget_writes(f);
		set(&f->seen, &f->durable);
	}
	d->has_failed = false;
	d->left = 0;
}

struct disk *
disk_copy(const struct disk *d)
{
	struct disk *copy = disk_new(d->rng);

	for (size_t i = 0; i < FILES; i++) {
		const struct file *from = &d->files[i];
		struct file *to = &copy->files[i];

		memcpy(to->name, from->name, sizeof to->name);
		to->is_there = from->is_there;
		to->last = &to->writes;
		set(&to->seen, &from->seen);
		set(&to->durable, &from->seen);
	}
	return copy;
}

bool
disk_holds(const struct disk *d, struct bytes what)
{
	for (size_t i = 0; i < FILES; i++) {
		const struct image *im = &d->files[i].seen;

		if (im->n != 0 && memmem(im->p, im->n, what.p, what.n) != NULL)
			return true;
	}
	return false;
}
