/*
 * agenda - what will happen when: a heap of events in virtual time. Equal
 * times happen in the order in which they were planned.
 */
#ifndef SIM_AGENDA_H
#define SIM_AGENDA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What happens, and to whom; life voids it when its owner has died since. */
struct agenda_item {
	uint64_t at_ms;
	uint64_t order;
	void (*run)(void *owner, uint64_t arg, void *data);
	void *owner;
	uint64_t arg;
	void *data;
};

struct agenda {
	struct agenda_item *heap;
	size_t count, cap;
	uint64_t next_order;
};

void agenda_add(struct agenda *a, const struct agenda_item *item);

/* Takes the next item; returns whether there was one. */
bool agenda_take(struct agenda *a, struct agenda_item *item);

/* When the next one is, or UINT64_MAX. */
uint64_t agenda_next(const struct agenda *a);

void agenda_free(struct agenda *a);

#endif
