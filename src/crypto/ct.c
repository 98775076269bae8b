#include "crypto/ct.h"

#include <sodium.h>

#ifdef CT_CHECK
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_UNDEFINED(p, n) ((void)(p), (void)(n))
#define VALGRIND_MAKE_MEM_DEFINED(p, n)	  ((void)(p), (void)(n))
#endif

bool
ct_equal(const void *a, const void *b, size_t n)
{
	return sodium_memcmp(a, b, n) == 0;
}

bool
ct_is_zero(const void *p, size_t n)
{
	return sodium_is_zero(p, n) == 1;
}

void
ct_select(void *out, const void *a, const void *b, size_t n, uint8_t take_a)
{
	const uint8_t *from_a = a, *from_b = b;
	uint8_t *to = out;
	uint8_t mask = (uint8_t)-ct_hide(take_a);

	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)((from_a[i] & mask) | (from_b[i] & ~mask));
}

void
ct_poison(const void *p, size_t n)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(p, n);
}

void
ct_unpoison(const void *p, size_t n)
{
	(void)VALGRIND_MAKE_MEM_DEFINED(p, n);
}

bool
ct_verdict(bool v)
{
	ct_unpoison(&v, sizeof v);
	return v;
}
