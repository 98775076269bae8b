/*
 * rd - a bounded reader over borrowed bytes.
 *
 * Reading past the end, or anything else that is wrong, sets the reader's
 * error once and for all; from then on every call returns zero, an empty
 * view, or the error, and nothing moves. So a decoder reads all its fields
 * in a row and asks once, at the end, with rd_end: it succeeds only when
 * everything was well-formed and the input is exactly used up.
 *
 * Numbers are big-endian. A view points into the input and lives as long.
 */
#ifndef BASE_RD_H
#define BASE_RD_H

#include "base/bytes.h"
#include "base/err.h"

struct rd {
	const uint8_t *p; /* next byte */
	size_t n;         /* bytes left */
	enum err err;     /* sticky */
};

/* Returns a reader over input, which must outlive it and all its views. */
struct rd rd_init(struct bytes input);

/* Each reads one big-endian number of 1, 2, 3, 4 or 8 bytes. */
uint8_t rd_u8(struct rd *r);
uint16_t rd_u16(struct rd *r);
uint32_t rd_u24(struct rd *r);
uint32_t rd_u32(struct rd *r);
uint64_t rd_u64(struct rd *r);

/* Returns a view of the next n bytes. */
struct bytes rd_view(struct rd *r, size_t n);

/* Returns a view of all that is left. */
struct bytes rd_rest(struct rd *r);

/* Copies the next n bytes to out; on error out is filled with zeros. */
void rd_copy(struct rd *r, void *out, size_t n);

/*
 * Returns a view of a byte string that has its length in front, in 1, 2, 3
 * or 4 bytes. A length over cap is an error.
 */
struct bytes rd_vec8(struct rd *r, size_t cap);
struct bytes rd_vec16(struct rd *r, size_t cap);
struct bytes rd_vec24(struct rd *r, size_t cap);
struct bytes rd_vec32(struct rd *r, size_t cap);

/* Sets the error to e, unless there is one. */
void rd_fail(struct rd *r, enum err e);

/* Returns the error, or DECODE when bytes are left, or OK. */
MUST_USE enum err rd_end(const struct rd *r);

#endif
