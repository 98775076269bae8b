/*
 * map - an intrusive hash map.
 *
 * The caller computes a 64-bit keyed hash of its key (so that strangers
 * cannot choose collisions) and says with a callback whether a node has a
 * given key. A node stands inside whatever is mapped and remembers its hash.
 * The table doubles when it is full and never shrinks. If it cannot grow for
 * want of memory, it goes on with longer chains: inserting never fails once
 * map_init has succeeded. Iteration order depends on hashes only.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/bytes.h"
#include "base/err.h"

struct map_node {
	struct map_node *next;
	uint64_t hash;
};

#define MAP_ITEM(node_, type, member)                                         \
	((type *)((uintptr_t)(node_)-offsetof(type, member)))

/* Returns whether node has this key. */
typedef bool map_is_fn(const struct map_node *node, const void *key);

struct map {
	struct map_node **slots;
	size_t mask; /* slots - 1 */
	size_t count;
	map_is_fn *is;
};

/* Makes an empty map. Fails with NOMEM. */
MUST_USE enum err map_init(struct map *m, map_is_fn *is);

/* Releases the table, not the items. */
void map_free(struct map *m);

/* Returns the node with this key, or NULL. */
struct map_node *map_get(const struct map *m, uint64_t hash, const void *key);

/* Adds node, which is in no map, under hash. A duplicate key is shadowed. */
void map_put(struct map *m, uint64_t hash, struct map_node *node);

/* Takes node out of m, where it must be. */
void map_remove(struct map *m, struct map_node *node);

/*
 * Walks all nodes: starts with NULL, returns NULL after the last. Nothing
 * may be added or removed during a walk.
 */
struct map_node *map_next(const struct map *m, const struct map_node *node);

#endif
