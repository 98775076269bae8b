#include "sim/agenda.h"

#include <stdlib.h>

static bool
is_before(const struct agenda_item *a, const struct agenda_item *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms :
				      a->order < b->order;
}

void
agenda_add(struct agenda *a, const struct agenda_item *item)
{
	size_t i = a->count++;
	struct agenda_item added = *item;

	if (a->count > a->cap) {
		a->cap = a->cap == 0 ? 256 : a->cap * 2;
		a->heap = realloc(a->heap, a->cap * sizeof a->heap[0]);
		if (a->heap == NULL)
			abort();
	}
	added.order = a->next_order++;
	for (; i > 0 && is_before(&added, &a->heap[(i - 1) / 2]);
	     i = (i - 1) / 2)
		a->heap[i] = a->heap[(i - 1) / 2];
	a->heap[i] = added;
}

bool
agenda_take(struct agenda *a, struct agenda_item *item)
{
	struct agenda_item last;
	size_t i = 0, child;

	if (a->count == 0)
		return false;
	*item = a->heap[0];
	last = a->heap[--a->count];
	while ((child = 2 * i + 1) < a->count) {
		if (child + 1 < a->count &&
		    is_before(&a->heap[child + 1], &a->heap[child]))
			child++;
		if (!is_before(&a->heap[child], &last))
			break;
		a->heap[i] = a->heap[child];
		i = child;
	}
	a->heap[i] = last;
	return true;
}

uint64_t
agenda_next(const struct agenda *a)
{
	return a->count == 0 ? UINT64_MAX : a->heap[0].at_ms;
}

void
agenda_free(struct agenda *a)
{
	free(a->heap);
	*a = (struct agenda){ 0 };
}
