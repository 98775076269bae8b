#include "libsotto/queue.h"

#include "base/bytes.h"

#include <stdlib.h>
#include <string.h>

struct queue_item {
	struct link link;
	size_t size; /* of the whole allocation */
	struct sotto_event event;
	char strings[];
};

#define FIELD(name) offsetof(struct sotto_event, name)

static const size_t string_fields[] = {
	FIELD(error.what), FIELD(error.why), FIELD(error.advice),
	FIELD(state.why),
	FIELD(account.name), FIELD(account.server), FIELD(account.identity),
	FIELD(account.device),
	FIELD(person.name),
	FIELD(device.id), FIELD(device.name),
	FIELD(safety.name), FIELD(safety.number), FIELD(safety.qr),
	FIELD(session.name),
};

#define N_STRINGS (sizeof string_fields / sizeof string_fields[0])

static const char *
get_string(const struct sotto_event *event, size_t field)
{
	const char *s;

	memcpy(&s, (const char *)event + field, sizeof s);
	return s == NULL ? "" : s;
}

static void
set_string(struct sotto_event *event, size_t field, const char *s)
{
	memcpy((char *)event + field, &s, sizeof s);
}

void
queue_init(struct queue *q)
{
	list_init(&q->items);
	q->taken = NULL;
}

static void
item_free(struct queue_item *item)
{
	if (item != NULL)
		bytes_wipe(item, item->size);
	free(item);
}

void
queue_wipe(struct queue *q)
{
	LIST_EACH_SAFE(at, &q->items) {
		list_remove(at);
		item_free(LIST_ITEM(at, struct queue_item, link));
	}
	item_free(q->taken);
	q->taken = NULL;
}

void
queue_push(struct queue *q, const struct sotto_event *event)
{
	size_t size = sizeof(struct queue_item) + event->text.n;
	struct queue_item *item;
	char *at;

	for (size_t i = 0; i < N_STRINGS; i++)
		size += strlen(get_string(event, string_fields[i])) + 1;
	item = calloc(1, size);
	if (item == NULL)
		abort();
	item->size = size;
	item->event = *event;
	at = item->strings;
	for (size_t i = 0; i < N_STRINGS; i++) {
		const char *s = get_string(event, string_fields[i]);
		size_t n = strlen(s) + 1;

		memcpy(at, s, n);
		set_string(&item->event, string_fields[i], at);
		at += n;
	}
	if (event->text.n > 0)
		memcpy(at, event->text.p, event->text.n);
	item->event.text.p = at;
	list_push_back(&q->items, &item->link);
}

bool
queue_take(struct queue *q, struct sotto_event *event)
{
	struct link *first = list_first(&q->items);

	item_free(q->taken);
	q->taken = NULL;
	if (first == NULL)
		return false;
	list_remove(first);
	q->taken = LIST_ITEM(first, struct queue_item, link);
	*event = q->taken->event;
	return true;
}

bool
queue_is_empty(const struct queue *q)
{
	return list_is_empty(&q->items);
}
