#define _DEFAULT_SOURCE
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>

/*
 * Cells come in powers of two from 64 bytes; a slab holds cells of one size.
 * A cell begins with its header, so that a view needs no other memory.
 */
#define SLAB_LEN (64 * 1024)
#define MIN_CELL 64
#define CLASSES  8 /* 64 .. 8192 */

struct secret {
	uint32_t len;
	uint32_t class;
	union {
		struct secret *next_free;
		uint8_t bytes[8];
	} u;
};

#define HEADER offsetof(struct secret, u)

static struct secret *free_cells[CLASSES];
static size_t unlocked;

static size_t
cell_len(uint32_t class)
{
	return (size_t)MIN_CELL << class;
}

static bool
add_slab(uint32_t class)
{
	uint8_t *slab = mmap(NULL, SLAB_LEN, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (slab == MAP_FAILED)
		return false;
	if (mlock(slab, SLAB_LEN) != 0)
		unlocked += SLAB_LEN;
	(void)madvise(slab, SLAB_LEN, MADV_DONTDUMP);
	(void)madvise(slab, SLAB_LEN, MADV_WIPEONFORK);
	for (size_t at = 0; at < SLAB_LEN; at += cell_len(class)) {
		struct secret *s = (struct secret *)(void *)(slab + at);

		s->class = class;
		s->u.next_free = free_cells[class];
		free_cells[class] = s;
	}
	return true;
}

struct secret *
secret_new(size_t n)
{
	uint32_t class = 0;
	struct secret *s;

	if (n == 0 || n > SECRET_MAX_LEN)
		return NULL;
	while (cell_len(class) < HEADER + n)
		class++;
	if (free_cells[class] == NULL && !add_slab(class))
		return NULL;
	s = free_cells[class];
	free_cells[class] = s->u.next_free;
	s->u.next_free = NULL;
	s->len = (uint32_t)n;
	return s;
}

struct secret *
secret_dup(struct bytes b)
{
	struct secret *s = secret_new(b.n);

	if (s != NULL)
		memcpy(secret_bytes(s), b.p, b.n);
	return s;
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	bytes_wipe(secret_bytes(s), cell_len(s->class) - HEADER);
	s->len = 0;
	s->u.next_free = free_cells[s->class];
	free_cells[s->class] = s;
}

uint8_t *
secret_bytes(struct secret *s)
{
	return (uint8_t *)s + HEADER;
}

struct bytes
secret_view(const struct secret *s)
{
	return (struct bytes){ (const uint8_t *)s + HEADER, s->len };
}

size_t
secret_unlocked(void)
{
	return unlocked;
}
