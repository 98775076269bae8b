#include "mls/codec.h"

#include <string.h>

uint32_t
mls_rd_varint(struct rd *r)
{
	uint32_t v = rd_u8(r);

	switch (v >> 6) {
	case 0:
		return v;
	case 1:
		v = (v & 0x3f) << 8 | rd_u8(r);
		if (v < 1 << 6)
			rd_fail(r, ERR_DECODE);
		return v;
	case 2:
		v = (v & 0x3f) << 24 | rd_u24(r);
		if (v < 1 << 14)
			rd_fail(r, ERR_DECODE);
		return v;
	default:
		rd_fail(r, ERR_DECODE);
		return 0;
	}
}

struct bytes
mls_rd_vec(struct rd *r, size_t cap)
{
	uint32_t n = mls_rd_varint(r);

	if (n > cap) {
		rd_fail(r, ERR_DECODE);
		return BYTES_NONE;
	}
	return rd_view(r, n);
}

bool
mls_rd_optional(struct rd *r)
{
	uint8_t present = rd_u8(r);

	if (present > 1)
		rd_fail(r, ERR_DECODE);
	return present == 1;
}

size_t
mls_varint_len(size_t n)
{
	return n < 1 << 6 ? 1 : n < 1 << 14 ? 2 : 4;
}

size_t
mls_vec_len(size_t n)
{
	return mls_varint_len(n) + n;
}

void
mls_wr_varint(struct wr *w, size_t n)
{
	if (n > MLS_MAX_VEC)
		wr_fail(w, ERR_ARG);
	else if (n < 1 << 6)
		wr_u8(w, (uint8_t)n);
	else if (n < 1 << 14)
		wr_u16(w, (uint16_t)(n | 1 << 14));
	else
		wr_u32(w, (uint32_t)n | 2u << 30);
}

void
mls_wr_vec(struct wr *w, struct bytes b)
{
	mls_wr_varint(w, b.n);
	wr_put(w, b);
}

struct wr
mls_wr_over(void *buf, size_t cap, size_t need)
{
	return need <= cap ? wr_init(buf, cap) : wr_new();
}

size_t
mls_wr_begin(struct wr *w)
{
	wr_u8(w, 0);
	return w->n;
}

void
mls_wr_end(struct wr *w, size_t mark)
{
	struct wr head;
	size_t n, extra;

	if (wr_done(w) != ERR_OK)
		return;
	n = w->n - mark;
	extra = mls_varint_len(n) - 1;
	wr_zero(w, extra);
	if (wr_done(w) != ERR_OK)
		return;
	if (extra != 0 && n != 0)
		memmove(w->p + mark + extra, w->p + mark, n);
	head = wr_init(w->p + mark - 1, extra + 1);
	mls_wr_varint(&head, n);
	if (wr_done(&head) != ERR_OK)
		wr_fail(w, wr_done(&head));
}
