#include "base/wheel.h"

#include <stdlib.h>

#define FIRST_CAP 64

struct wheel
wheel_init(void)
{
	return (struct wheel){ 0 };
}

void
wheel_free(struct wheel *w)
{
	free(w->heap);
	*w = wheel_init();
}

static bool
is_before(const struct timer *a, const struct timer *b)
{
	if (a->at_ms != b->at_ms)
		return a->at_ms < b->at_ms;
	return a->order < b->order;
}

static void
place(struct wheel *w, struct timer *t, size_t slot)
{
	w->heap[slot] = t;
	t->slot = slot;
}

static void
sift_up(struct wheel *w, struct timer *t, size_t slot)
{
	while (slot > 1 && is_before(t, w->heap[slot / 2])) {
		place(w, w->heap[slot / 2], slot);
		slot /= 2;
	}
	place(w, t, slot);
}

static void
sift_down(struct wheel *w, struct timer *t, size_t slot)
{
	for (;;) {
		size_t child = slot * 2;

		if (child > w->count)
			break;
		if (child < w->count &&
		    is_before(w->heap[child + 1], w->heap[child]))
			child++;
		if (!is_before(w->heap[child], t))
			break;
		place(w, w->heap[child], slot);
		slot = child;
	}
	place(w, t, slot);
}

static enum err
make_room(struct wheel *w)
{
	size_t cap = w->cap == 0 ? FIRST_CAP : w->cap * 2;
	struct timer **heap;

	if (w->count + 1 < w->cap)
		return ERR_OK;
	heap = realloc(w->heap, cap * sizeof heap[0]);
	if (heap == NULL)
		return ERR_NOMEM;
	w->heap = heap;
	w->cap = cap;
	return ERR_OK;
}

enum err
wheel_arm(struct wheel *w, struct timer *t, uint64_t at_ms)
{
	enum err err;

	TRY(make_room(w));
	wheel_cancel(w, t);
	t->at_ms = at_ms;
	t->order = w->next_order++;
	w->count++;
	sift_up(w, t, w->count);
out:
	return err;
}

void
wheel_cancel(struct wheel *w, struct timer *t)
{
	size_t slot = t->slot;
	struct timer *last;

	if (slot == 0)
		return;
	t->slot = 0;
	last = w->heap[w->count--];
	if (last == t)
		return;
	if (slot > 1 && is_before(last, w->heap[slot / 2]))
		sift_up(w, last, slot);
	else
		sift_down(w, last, slot);
}

uint64_t
wheel_deadline(const struct wheel *w)
{
	return w->count == 0 ? WHEEL_NEVER : w->heap[1]->at_ms;
}

void
wheel_run(struct wheel *w, uint64_t now_ms, void *ctx)
{
	while (wheel_deadline(w) <= now_ms) {
		struct timer *t = w->heap[1];

		wheel_cancel(w, t);
		t->fire(t, ctx);
	}
}
