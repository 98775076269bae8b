#include "base/wr.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP 256

struct wr
wr_init(void *buf, size_t cap)
{
	return (struct wr){ buf, 0, cap, false, ERR_OK };
}

struct wr
wr_new(void)
{
	return (struct wr){ NULL, 0, 0, true, ERR_OK };
}

void
wr_free(struct wr *w)
{
	if (w->grows && w->p != NULL) {
		bytes_wipe(w->p, w->cap);
		free(w->p);
	}
	*w = (struct wr){ .grows = w->grows };
}

uint8_t *
wr_take(struct wr *w, size_t *len)
{
	uint8_t *p = w->p;

	if (w->err != ERR_OK || w->n == 0) {
		wr_free(w);
		*len = 0;
		return NULL;
	}
	*len = w->n;
	*w = wr_new();
	return p;
}

void
wr_reset(struct wr *w)
{
	w->n = 0;
	w->err = ERR_OK;
}

struct bytes
wr_bytes(const struct wr *w)
{
	return (struct bytes){ w->p, w->n };
}

void
wr_fail(struct wr *w, enum err e)
{
	if (w->err == ERR_OK)
		w->err = e;
}

/* Makes room for n more bytes; the old buffer is wiped before it goes. */
static void
grow(struct wr *w, size_t n)
{
	size_t cap = w->cap == 0 ? FIRST_CAP : w->cap;
	uint8_t *p;

	if (n > SIZE_MAX / 2 - w->n) {
		wr_fail(w, ERR_NOMEM);
		return;
	}
	while (cap < w->n + n)
		cap *= 2;
	p = malloc(cap);
	if (p == NULL) {
		wr_fail(w, ERR_NOMEM);
		return;
	}
	if (w->n != 0)
		memcpy(p, w->p, w->n);
	if (w->p != NULL) {
		bytes_wipe(w->p, w->cap);
		free(w->p);
	}
	w->p = p;
	w->cap = cap;
}

uint8_t *
wr_reserve(struct wr *w, size_t n)
{
	uint8_t *at;

	if (w->err == ERR_OK && n > w->cap - w->n) {
		if (w->grows)
			grow(w, n);
		else
			wr_fail(w, ERR_ROOM);
	}
	if (w->err != ERR_OK)
		return NULL;
	at = w->p + w->n;
	w->n += n;
	return at;
}

static void
number(struct wr *w, uint64_t v, size_t width)
{
	uint8_t *at = wr_reserve(w, width);

	if (at == NULL)
		return;
	for (size_t i = width; i > 0; i--, v >>= 8)
		at[i - 1] = (uint8_t)v;
}

void
wr_u8(struct wr *w, uint8_t v)
{
	number(w, v, 1);
}

void
wr_u16(struct wr *w, uint16_t v)
{
	number(w, v, 2);
}

void
wr_u24(struct wr *w, uint32_t v)
{
	if (v >> 24 != 0)
		wr_fail(w, ERR_ARG);
	number(w, v, 3);
}

void
wr_u32(struct wr *w, uint32_t v)
{
	number(w, v, 4);
}

void
wr_u64(struct wr *w, uint64_t v)
{
	number(w, v, 8);
}

void
wr_put(struct wr *w, struct bytes b)
{
	uint8_t *at = wr_reserve(w, b.n);

	if (at != NULL && b.n != 0)
		memcpy(at, b.p, b.n);
}

void
wr_zero(struct wr *w, size_t n)
{
	uint8_t *at = wr_reserve(w, n);

	if (at != NULL && n != 0)
		memset(at, 0, n);
}

size_t
wr_begin(struct wr *w, size_t width)
{
	wr_zero(w, width);
	return w->n;
}

void
wr_end(struct wr *w, size_t mark, size_t width)
{
	uint64_t n;

	if (w->err != ERR_OK)
		return;
	n = w->n - mark;
	if (n >> (8 * width) != 0) {
		wr_fail(w, ERR_ARG);
		return;
	}
	for (size_t i = 0; i < width; i++, n >>= 8)
		w->p[mark - 1 - i] = (uint8_t)n;
}

static void
vec(struct wr *w, struct bytes b, size_t width)
{
	size_t mark = wr_begin(w, width);

	wr_put(w, b);
	wr_end(w, mark, width);
}

void
wr_vec8(struct wr *w, struct bytes b)
{
	vec(w, b, 1);
}

void
wr_vec16(struct wr *w, struct bytes b)
{
	vec(w, b, 2);
}

void
wr_vec24(struct wr *w, struct bytes b)
{
	vec(w, b, 3);
}

void
wr_vec32(struct wr *w, struct bytes b)
{
	vec(w, b, 4);
}

enum err
wr_done(const struct wr *w)
{
	return w->err;
}
