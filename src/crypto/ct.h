/*
 * ct - comparing and choosing without telling, by time, what was compared.
 */
#ifndef CRYPTO_CT_H
#define CRYPTO_CT_H

#include "base/bytes.h"

/* Returns whether the n bytes at a and b are equal; time depends on n only. */
bool ct_equal(const void *a, const void *b, size_t n);

/* Returns whether n bytes are all zero; time depends on n only. */
bool ct_is_zero(const void *p, size_t n);

/* Copies the n bytes of a to out if take_a is 1, those of b if it is 0. */
void ct_select(void *out, const void *a, const void *b, size_t n,
    uint8_t take_a);

/*
 * Returns v, in a way that the compiler cannot see through: it knows nothing
 * of the value, and so does not turn arithmetic on it into a branch.
 */
static inline uint32_t
ct_hide(uint32_t v)
{
	__asm__("" : "+r"(v));
	return v;
}

/*
 * Marks bytes as secret, or public again, to the constant-time check: a
 * program that compiles ct.c with CT_CHECK and runs under valgrind, which
 * then reports every branch and address that depends on a secret. Without
 * CT_CHECK they do nothing.
 */
void ct_poison(const void *p, size_t n);
void ct_unpoison(const void *p, size_t n);

/*
 * Returns v, which is public from here on: for the outcome of a check that
 * shows anyway, like whether a message was taken.
 */
bool ct_verdict(bool v);

#endif
