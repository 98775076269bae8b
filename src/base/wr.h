/*
 * wr - a writer into a caller's buffer, or into one that grows.
 *
 * The writing counterpart of rd: big-endian numbers, a sticky error, one
 * question at the end. A writer over a caller's buffer never allocates and
 * fails with ROOM when it is full. A growing writer owns its buffer, wipes
 * what it abandons while growing, and is released with wr_free (or handed
 * on with wr_take).
 */
#ifndef BASE_WR_H
#define BASE_WR_H

#include "base/bytes.h"
#include "base/err.h"

struct wr {
	uint8_t *p;   /* start of the buffer */
	size_t n;     /* bytes written */
	size_t cap;   /* bytes that fit */
	bool grows;   /* the buffer is ours, and may move */
	enum err err; /* sticky */
};

/* Returns a writer into the cap bytes at buf. */
struct wr wr_init(void *buf, size_t cap);

/* Returns a growing writer, empty; nothing is allocated yet. */
struct wr wr_new(void);

/* Wipes and releases a growing writer's buffer; the writer is empty again. */
void wr_free(struct wr *w);

/*
 * Moves the buffer of a growing writer to the caller, who frees it with
 * free(); *len gets its length. Returns NULL, and frees what there is, if
 * the writer has failed or nothing was written.
 */
uint8_t *wr_take(struct wr *w, size_t *len);

/* Forgets what was written, without wiping or releasing; clears the error. */
void wr_reset(struct wr *w);

/* Returns what was written so far; valid until the next write. */
struct bytes wr_bytes(const struct wr *w);

/* Each writes one big-endian number of 1, 2, 3, 4 or 8 bytes. */
void wr_u8(struct wr *w, uint8_t v);
void wr_u16(struct wr *w, uint16_t v);
void wr_u24(struct wr *w, uint32_t v);
void wr_u32(struct wr *w, uint32_t v);
void wr_u64(struct wr *w, uint64_t v);

/* Copies b. */
void wr_put(struct wr *w, struct bytes b);

/* Writes n zero bytes. */
void wr_zero(struct wr *w, size_t n);

/*
 * Reserves n bytes and returns where they start, for a caller who fills all
 * of them at once; NULL after an error. Valid until the next write.
 */
uint8_t *wr_reserve(struct wr *w, size_t n);

/* Writes b with its length in front, in 1, 2, 3 or 4 bytes. */
void wr_vec8(struct wr *w, struct bytes b);
void wr_vec16(struct wr *w, struct bytes b);
void wr_vec24(struct wr *w, struct bytes b);
void wr_vec32(struct wr *w, struct bytes b);

/*
 * wr_begin leaves room for a length of width bytes (1 to 4) and returns a
 * mark; wr_end fills in how much was written since. Brackets nest.
 */
size_t wr_begin(struct wr *w, size_t width);
void wr_end(struct wr *w, size_t mark, size_t width);

/* Sets the error to e, unless there is one. */
void wr_fail(struct wr *w, enum err e);

/* Returns the error, or OK. */
MUST_USE enum err wr_done(const struct wr *w);

#endif
