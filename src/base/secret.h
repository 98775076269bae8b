/*
 * secret - the owning type of long-lived secrets.
 *
 * Keys that outlive a function call live in cells of one locked region of
 * memory that is left out of core dumps and not inherited by fork. A cell is
 * wiped over its whole size when it is freed, whoever frees it and whatever
 * length was asked for. The region grows by whole slabs; where the system
 * refuses to lock more memory the secret is still kept out of dumps, and
 * secret_unlocked tells how many bytes that concerns.
 *
 * A struct secret * is never copied by assignment of its bytes; there is one
 * owner, who calls secret_free. Not thread-safe: one loop owns the region.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "base/bytes.h"
#include "base/err.h"

#define SECRET_MAX_LEN 4096 /* larger secrets are split by their owner */

struct secret;

/* Returns a new secret of n zero bytes (1 to SECRET_MAX_LEN), or NULL. */
struct secret *secret_new(size_t n);

/* Returns a new secret that holds a copy of b, or NULL. */
struct secret *secret_dup(struct bytes b);

/* Wipes and releases s; NULL is fine. */
void secret_free(struct secret *s);

/* Returns the secret's bytes, to be written or read in place. */
uint8_t *secret_bytes(struct secret *s);

/* Returns the same, read-only, with the length. */
struct bytes secret_view(const struct secret *s);

/* Returns how many bytes of the region the system would not lock. */
size_t secret_unlocked(void);

#endif
