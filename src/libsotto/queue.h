/*
 * queue - events on their way to the program, with copies of their strings.
 */
#ifndef LIBSOTTO_QUEUE_H
#define LIBSOTTO_QUEUE_H

#include "base/list.h"
#include "sotto.h"

struct queue {
	struct link items;
	struct queue_item *taken; /* what the last queue_take lent out */
};

/* Makes an empty queue. */
void queue_init(struct queue *q);

/* Wipes and releases every event. */
void queue_wipe(struct queue *q);

/*
 * Appends a copy of an event; absent strings become empty ones. An event
 * must not be lost, since a program waits for it: out of memory ends the
 * process.
 */
void queue_push(struct queue *q, const struct sotto_event *event);

/* Takes the oldest event; its strings live until the next call, or until
 * queue_wipe. Returns whether there was one. */
bool queue_take(struct queue *q, struct sotto_event *event);

/* Returns whether there is nothing to take. */
bool queue_is_empty(const struct queue *q);

#endif
