/*
 * list - an intrusive, circular, doubly linked list.
 *
 * A struct link stands inside whatever is listed; LIST_ITEM leads back from
 * the link to it. A list is itself a link, made empty by list_init. An item
 * that is in no list has a link of zeros, so list_remove is safe to call on
 * it, and list_is_in says which of the two it is.
 */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link {
	struct link *next;
	struct link *prev;
};

#define LIST_ITEM(link_, type, member)                                        \
	((type *)((uintptr_t)(link_)-offsetof(type, member)))

#define LIST_EACH(at, list)                                                   \
	for (struct link *at = (list)->next; at != (list); at = at->next)

/* The same, for a body that may remove (only) the item it stands on. */
#define LIST_EACH_SAFE(at, list)                                              \
	for (struct link *at = (list)->next, *at##_next = at->next;           \
	     at != (list); at = at##_next, at##_next = at->next)

/* Makes an empty list. */
void list_init(struct link *list);

/* Adds a link that is in no list, at the end or the start. */
void list_push_back(struct link *list, struct link *item);
void list_push_front(struct link *list, struct link *item);

/* Takes item out of the list that it is in, if any. */
void list_remove(struct link *item);

/* Returns the first item's link, or NULL. */
struct link *list_first(const struct link *list);

/* Returns whether item is in a list. */
bool list_is_in(const struct link *item);

/* Returns whether a list has no items. */
bool list_is_empty(const struct link *list);

#endif
