/*
 * codec - the presentation language of RFC 9420, section 2.1, over rd and wr.
 *
 * Numbers are rd's and wr's own. What MLS adds is `<V>`: a vector with its
 * length in bytes in front, in 1, 2 or 4 bytes (section 2.1.2). The shortest
 * form is required, the 8-byte form does not exist. All of mls decodes into
 * views of the input and never copies or allocates while it reads; lists stay
 * encoded, checked once, and are walked by a reader each time.
 */
#ifndef MLS_CODEC_H
#define MLS_CODEC_H

#include "base/rd.h"
#include "base/wr.h"
#include "mls/types.h"

#define MLS_MAX_VEC ((1u << 30) - 1)

/* Reads the length of a <V>, or fails with DECODE. */
uint32_t mls_rd_varint(struct rd *r);

/* Returns a view of a <V> of at most cap bytes, or fails with DECODE. */
struct bytes mls_rd_vec(struct rd *r, size_t cap);

/*
 * Reads the presence byte of optional<T>: 0 or 1, anything else fails with
 * DECODE and returns false.
 */
bool mls_rd_optional(struct rd *r);

/* Writes a length; one over MLS_MAX_VEC fails the writer with ARG. */
void mls_wr_varint(struct wr *w, size_t n);

/* Returns how many bytes mls_wr_varint(n) and mls_wr_vec(n bytes) take. */
size_t mls_varint_len(size_t n);
size_t mls_vec_len(size_t n);

/* Writes b as a <V>. */
void mls_wr_vec(struct wr *w, struct bytes b);

/*
 * Returns a writer over buf if need bytes fit in its cap, else one that grows:
 * for what is nearly always short. wr_free ends both; a caller who writes
 * something secret wipes buf too.
 */
struct wr mls_wr_over(void *buf, size_t cap, size_t need);

/*
 * mls_wr_begin opens a <V> whose length is not yet known and returns a mark;
 * mls_wr_end closes it, moving the contents when the length needs more than
 * one byte. Brackets nest.
 */
size_t mls_wr_begin(struct wr *w);
void mls_wr_end(struct wr *w, size_t mark);

#endif
