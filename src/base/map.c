#include "base/map.h"

#include <stdlib.h>

#define FIRST_SLOTS 16

enum err
map_init(struct map *m, map_is_fn *is)
{
	*m = (struct map){ .mask = FIRST_SLOTS - 1, .is = is };
	m->slots = calloc(FIRST_SLOTS, sizeof m->slots[0]);
	return m->slots == NULL ? ERR_NOMEM : ERR_OK;
}

void
map_free(struct map *m)
{
	free(m->slots);
	*m = (struct map){ 0 };
}

struct map_node *
map_get(const struct map *m, uint64_t hash, const void *key)
{
	struct map_node *node = m->slots[hash & m->mask];

	while (node != NULL && (node->hash != hash || !m->is(node, key)))
		node = node->next;
	return node;
}

static void
chain(struct map_node **slots, size_t mask, struct map_node *node)
{
	node->next = slots[node->hash & mask];
	slots[node->hash & mask] = node;
}

static void
grow(struct map *m)
{
	size_t mask = m->mask * 2 + 1;
	struct map_node **slots = calloc(mask + 1, sizeof slots[0]);

	if (slots == NULL)
		return;
	for (size_t i = 0; i <= m->mask; i++) {
		for (struct map_node *node = m->slots[i], *next; node != NULL;
		     node = next) {
			next = node->next;
			chain(slots, mask, node);
		}
	}
	free(m->slots);
	m->slots = slots;
	m->mask = mask;
}

void
map_put(struct map *m, uint64_t hash, struct map_node *node)
{
	if (m->count > m->mask)
		grow(m);
	node->hash = hash;
	chain(m->slots, m->mask, node);
	m->count++;
}

void
map_remove(struct map *m, struct map_node *node)
{
	struct map_node **at = &m->slots[node->hash & m->mask];

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	node->next = NULL;
	m->count--;
}

struct map_node *
map_next(const struct map *m, const struct map_node *node)
{
	size_t slot = 0;

	if (node != NULL) {
		if (node->next != NULL)
			return node->next;
		slot = (node->hash & m->mask) + 1;
	}
	for (; slot <= m->mask; slot++)
		if (m->slots[slot] != NULL)
			return m->slots[slot];
	return NULL;
}
