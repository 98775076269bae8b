/*
 * reveal - tells a test which keys a program makes, so that it can look for
 * them where they must not be.
 *
 * REVEAL(name, array) stands where a key comes into being. A build without
 * tests has nothing there. A build with tests calls sotto_reveal if the
 * program defines it: those of the test of stolen memory do (tests/support/
 * reveal.c), those that people run do not.
 */
#ifndef BASE_REVEAL_H
#define BASE_REVEAL_H

#include <stddef.h>

#ifdef SOTTO_REVEAL
void sotto_reveal(const char *name, const void *p, size_t n)
    __attribute__((weak, visibility("hidden")));
#define REVEAL_BYTES(name, p, n)                                               \
	(sotto_reveal != NULL ? sotto_reveal(name, p, n) : (void)0)
#else
#define REVEAL_BYTES(name, p, n) ((void)0)
#endif

/* The bytes of an array object (not of a pointer). */
#define REVEAL(name, array) REVEAL_BYTES(name, array, sizeof(array))

#endif
