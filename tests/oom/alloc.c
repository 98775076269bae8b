#include "alloc.h"

#include "base/secret.h"
#include "support/check.h"
#include "support/slow.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	uint64_t target;  /* number of the allocation that fails; 0: none */
	uint64_t counted; /* of this run */
	int64_t live;     /* blocks */
	bool is_armed, is_sticky, has_failed;
	uint64_t points;
} now;

static bool
fails(void)
{
	if (!now.is_armed)
		return false;
	now.counted++;
	if (now.target == 0 || now.counted < now.target ||
	    (now.has_failed && !now.is_sticky))
		return false;
	now.has_failed = true;
	return true;
}

bool
alloc_counts(void)
{
	return fails();
}

/* ---- the wrapped calls ---- */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t each);
void *__real_realloc(void *p, size_t n);
char *__real_strdup(const char *text);
void __real_free(void *p);
struct secret *__real_secret_new(size_t n);
struct secret *__real_secret_dup(struct bytes b);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t each);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *text);
void __wrap_free(void *p);
struct secret *__wrap_secret_new(size_t n);
struct secret *__wrap_secret_dup(struct bytes b);

void *
__wrap_malloc(size_t n)
{
	void *p = fails() ? NULL : __real_malloc(n);

	now.live += p != NULL;
	return p;
}

void *
__wrap_calloc(size_t n, size_t each)
{
	void *p = fails() ? NULL : __real_calloc(n, each);

	now.live += p != NULL;
	return p;
}

void *
__wrap_realloc(void *old, size_t n)
{
	void *p = fails() ? NULL : __real_realloc(old, n);

	now.live += p != NULL && old == NULL;
	return p;
}

char *
__wrap_strdup(const char *text)
{
	char *p = fails() ? NULL : __real_strdup(text);

	now.live += p != NULL;
	return p;
}

void
__wrap_free(void *p)
{
	now.live -= p != NULL;
	__real_free(p);
}

struct secret *
__wrap_secret_new(size_t n)
{
	return fails() ? NULL : __real_secret_new(n);
}

struct secret *
__wrap_secret_dup(struct bytes b)
{
	return fails() ? NULL : __real_secret_dup(b);
}

void *
sim_malloc(size_t n)
{
	void *p = __real_malloc(n);

	now.live += p != NULL;
	return p;
}

void *
sim_calloc(size_t n, size_t each)
{
	void *p = __real_calloc(n, each);

	now.live += p != NULL;
	return p;
}

void *
sim_realloc(void *old, size_t n)
{
	void *p = __real_realloc(old, n);

	now.live += p != NULL && old == NULL;
	return p;
}

/* ---- SQLite's ---- */

static sqlite3_mem_methods plain;

static void *
sqlite_malloc(int n)
{
	return fails() ? NULL : plain.xMalloc(n);
}

static void *
sqlite_realloc(void *p, int n)
{
	return fails() ? NULL : plain.xRealloc(p, n);
}

void
alloc_take_sqlite(void)
{
	sqlite3_mem_methods ours;

	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain) != SQLITE_OK)
		abort();
	ours = plain;
	ours.xMalloc = sqlite_malloc;
	ours.xRealloc = sqlite_realloc;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) != SQLITE_OK)
		abort();
}

/* ---- one after the other ---- */

void
alloc_arm(void)
{
	now.is_armed = true;
}

bool
alloc_disarm(void)
{
	now.is_armed = false;
	return now.has_failed;
}

bool
alloc_has_failed(void)
{
	return now.has_failed;
}

static uint64_t
step(void)
{
	const char *text = getenv("OOM_STEP");

	if (text != NULL)
		return strtoull(text, NULL, 10);
	return IS_SLOW || getenv("SOTTO_QUICK") != NULL ? 7 : 1;
}

/* Runs it once; returns whether it has met its failure. */
static bool
once(const char *name, void (*scenario)(void), uint64_t target)
{
	int64_t before = now.live;

	now.target = target;
	now.counted = 0;
	now.is_armed = now.has_failed = false;
	scenario();
	now.is_armed = false;
	if (!CHECK_EQ(now.live - before, 0))
		printf("  %s, allocation %" PRIu64 "%s: %" PRId64
		    " blocks stay\n", name, target,
		    now.is_sticky ? " and all after it" : "",
		    now.live - before);
	now.points += now.has_failed;
	return now.has_failed;
}

void
alloc_at_every(const char *name, void (*scenario)(void))
{
	const char *only = getenv("OOM_AT");
	uint64_t before = now.points, total, target;

	/* What is made once and kept is made by the first run. */
	scenario();
	now.is_sticky = false;
	(void)once(name, scenario, 0);
	total = now.counted;
	if (only != NULL) {
		target = strtoull(only, NULL, 10);
		(void)once(name, scenario, target);
		now.is_sticky = true;
		(void)once(name, scenario, target);
		return;
	}
	for (target = 1; once(name, scenario, target); target += step())
		continue;
	now.is_sticky = true;
	for (target = 1; target <= total; target += 5 * step())
		(void)once(name, scenario, target);
	printf("  %s: %" PRIu64 " allocations, %" PRIu64 " failures\n", name,
	    total, now.points - before);
}
