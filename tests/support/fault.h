/*
 * fault - calls that fail, one at a time.
 *
 * In a program that links it, the calls that can fail for no fault of the
 * caller's go through a counter: memory (malloc, calloc, realloc, secrets,
 * timers) and the primitives that libcrypto may refuse. After fault_at(n) the
 * n'th of them fails, as if memory or libcrypto were exhausted in that
 * moment; all others do what they always do. Calls from inside of libraries
 * do not count.
 */
#ifndef SUPPORT_FAULT_H
#define SUPPORT_FAULT_H

#include <stdbool.h>

/* From now on, call number n fails; 1 is the next. */
void fault_at(unsigned n);

/* Calls do not count while they are held; a test holds its own. */
void fault_hold(bool is_held);

/* Returns whether the call that was to fail has come. */
bool fault_has_come(void);

/* No call fails any more; returns whether the one that was to fail came. */
bool fault_end(void);

#endif
