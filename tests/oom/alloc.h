/*
 * alloc - memory that runs out at one moment, in a program that is linked
 * with the calls wrapped (see meson.build).
 *
 * Counted is what our code asks for: malloc, calloc, realloc, secrets, and
 * in a store SQLite's memory. What the simulator asks for itself does not
 * count, since it is built with sim_malloc and the like instead.
 */
#ifndef OOM_ALLOC_H
#define OOM_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Gives SQLite's memory to the counter; before SQLite is first used. */
void alloc_take_sqlite(void);

/*
 * Runs a scenario once for every allocation that it makes between alloc_arm
 * and alloc_disarm, which fails then; and, sticky, all that come after it,
 * too, until alloc_disarm. Fails the running test if a run has not released
 * what it took. Of the sticky ones every fifth is tried. OOM_STEP: only so
 * many apart; OOM_AT: only this one.
 */
void alloc_at_every(const char *name, void (*scenario)(void));

/* From here on it may fail; up to here. disarm returns whether it did. */
void alloc_arm(void);
bool alloc_disarm(void);

/* Returns whether this run has met its failure. */
bool alloc_has_failed(void);

/* Counts something else that may fail; returns whether it is to. */
bool alloc_counts(void);

/* The simulator's own. */
void *sim_malloc(size_t n);
void *sim_calloc(size_t n, size_t each);
void *sim_realloc(void *p, size_t n);

#endif
