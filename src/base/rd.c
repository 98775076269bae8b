#include "base/rd.h"

#include <string.h>

struct rd
rd_init(struct bytes input)
{
	return (struct rd){ input.p, input.n, ERR_OK };
}

void
rd_fail(struct rd *r, enum err e)
{
	if (r->err == ERR_OK)
		r->err = e;
	r->n = 0;
}

struct bytes
rd_view(struct rd *r, size_t n)
{
	struct bytes view = { r->p, n };

	if (r->err != ERR_OK || n > r->n) {
		rd_fail(r, ERR_DECODE);
		return BYTES_NONE;
	}
	if (n == 0)
		return BYTES_NONE;
	r->p += n;
	r->n -= n;
	return view;
}

struct bytes
rd_rest(struct rd *r)
{
	return rd_view(r, r->n);
}

void
rd_copy(struct rd *r, void *out, size_t n)
{
	struct bytes view = rd_view(r, n);

	if (n == 0)
		return;
	if (view.p == NULL)
		memset(out, 0, n);
	else
		memcpy(out, view.p, n);
}

static uint64_t
number(struct rd *r, size_t width)
{
	struct bytes view = rd_view(r, width);
	uint64_t v = 0;

	for (size_t i = 0; i < view.n; i++)
		v = v << 8 | view.p[i];
	return v;
}

uint8_t
rd_u8(struct rd *r)
{
	return (uint8_t)number(r, 1);
}

uint16_t
rd_u16(struct rd *r)
{
	return (uint16_t)number(r, 2);
}

uint32_t
rd_u24(struct rd *r)
{
	return (uint32_t)number(r, 3);
}

uint32_t
rd_u32(struct rd *r)
{
	return (uint32_t)number(r, 4);
}

uint64_t
rd_u64(struct rd *r)
{
	return number(r, 8);
}

static struct bytes
vec(struct rd *r, size_t width, size_t cap)
{
	uint64_t n = number(r, width);

	if (n > cap) {
		rd_fail(r, ERR_DECODE);
		return BYTES_NONE;
	}
	return rd_view(r, (size_t)n);
}

struct bytes
rd_vec8(struct rd *r, size_t cap)
{
	return vec(r, 1, cap);
}

struct bytes
rd_vec16(struct rd *r, size_t cap)
{
	return vec(r, 2, cap);
}

struct bytes
rd_vec24(struct rd *r, size_t cap)
{
	return vec(r, 3, cap);
}

struct bytes
rd_vec32(struct rd *r, size_t cap)
{
	return vec(r, 4, cap);
}

enum err
rd_end(const struct rd *r)
{
	if (r->err != ERR_OK)
		return r->err;
	return r->n == 0 ? ERR_OK : ERR_DECODE;
}
