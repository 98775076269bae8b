/*
 * bytes - a borrowed range of bytes, as one value.
 *
 * struct bytes never owns what it points to; whoever hands it out says how
 * long it lives. An empty range may have a NULL pointer.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
	const uint8_t *p;
	size_t n;
};

/* The bytes of an array object (not of a pointer). */
#define BYTES_OF(array)                                                        \
	((struct bytes){ (const uint8_t *)(array), sizeof(array) })

/* The bytes of a string literal, without its terminator. */
#define BYTES_LIT(lit)                                                         \
	((struct bytes){ (const uint8_t *)(lit), sizeof(lit) - 1 })

#define BYTES_NONE ((struct bytes){ NULL, 0 })

/* Returns the bytes of s, without its terminator. */
struct bytes bytes_str(const char *s);

/* Returns whether a and b hold the same public bytes; not constant-time. */
bool bytes_equal(struct bytes a, struct bytes b);

/* Orders public bytes as memcmp does, the shorter first on a tie. */
int bytes_compare(struct bytes a, struct bytes b);

/* Overwrites n bytes at p with zeros, in a way that is never optimized out. */
void bytes_wipe(void *p, size_t n);

#endif
