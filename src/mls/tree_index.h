/*
 * tree_index - which node of a ratchet tree has a public key.
 *
 * RFC 9420 wants encryption keys to be unique among all nodes of a tree, and
 * signature keys among its leaves (sections 7.3, 12.4.2 and 12.4.3.1). An
 * index answers "who has this key?" without walking the tree. It holds
 * numbers only: the keys stay in the nodes, and the caller compares them.
 *
 * The hash is not keyed. Who fills a group with keys that collide makes a
 * lookup walk along his own entries, at most one pass over the table.
 */
#ifndef MLS_TREE_INDEX_H
#define MLS_TREE_INDEX_H

#include "base/bytes.h"
#include "base/err.h"

/* What kind of key an entry stands for. */
enum mls_tree_key { MLS_TREE_ENCRYPTION_KEY, MLS_TREE_SIGNATURE_KEY };

struct mls_tree_index {
	uint64_t *slots; /* tag << 32 | node + 1; 0 is free */
	uint32_t mask;	 /* slots - 1; unused while slots is NULL */
	uint32_t count;
};

/* Returns the tag under which key is kept. */
uint32_t mls_tree_index_tag(enum mls_tree_key kind, struct bytes key);

/* Releases the table; the index is empty again. */
void mls_tree_index_free(struct mls_tree_index *x);

/* Makes room for more entries. Fails with NOMEM, the index being as it was. */
MUST_USE enum err mls_tree_index_reserve(
    struct mls_tree_index *x, uint32_t more);

/* Adds an entry, for which there is room; the same key may stand in twice. */
void mls_tree_index_add(struct mls_tree_index *x, uint32_t tag, uint32_t node);

/* Takes the entry with this tag and node out, if it is there. */
void mls_tree_index_remove(
    struct mls_tree_index *x, uint32_t tag, uint32_t node);

/*
 * Walks the nodes whose key has this tag. *at is 0 at the start. Returns
 * whether there is one more, and writes its number.
 */
bool mls_tree_index_next(
    const struct mls_tree_index *x, uint32_t tag, uint32_t *at, uint32_t *node);

#endif
