#include "base/list.h"

void
list_init(struct link *list)
{
	list->next = list;
	list->prev = list;
}

static void
insert(struct link *before, struct link *item)
{
	item->next = before;
	item->prev = before->prev;
	before->prev->next = item;
	before->prev = item;
}

void
list_push_back(struct link *list, struct link *item)
{
	insert(list, item);
}

void
list_push_front(struct link *list, struct link *item)
{
	insert(list->next, item);
}

void
list_remove(struct link *item)
{
	if (!list_is_in(item))
		return;
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = NULL;
	item->prev = NULL;
}

struct link *
list_first(const struct link *list)
{
	return list_is_empty(list) ? NULL : list->next;
}

bool
list_is_in(const struct link *item)
{
	return item->next != NULL;
}

bool
list_is_empty(const struct link *list)
{
	return list->next == list;
}
