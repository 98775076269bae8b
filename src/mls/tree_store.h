/*
 * tree_store - the inside of tree.h: nodes, and layers of changed nodes.
 *
 * A whole tree is an array of cells, one a node (appendix C). A layer has a
 * hash table instead, with the cells that differ from its base's: reading a
 * layer looks there first and then in the base. So a commit costs what it
 * changes, and taking it back is freeing the layer.
 *
 * A cell also keeps what would be slow to find out: how many members stand
 * under it, and the hash of its subtree until something in it changes. Beside
 * the cells stand an index of the public keys and counts of the credential
 * types in use.
 *
 * Only the files of the tree include this.
 */
#ifndef MLS_TREE_STORE_H
#define MLS_TREE_STORE_H

#include "mls/tree.h"
#include "mls/tree_index.h"

/* Different credential types that may be in use in a group at once. */
#define MLS_TREE_CREDENTIAL_TYPES 8

/* One node. Of a leaf `leaf`, of a parent `parent`; NULL is blank. */
struct mls_tree_cell {
	union {
		struct mls_leaf_node *leaf;
		struct mls_parent_node *parent;
		void *content;
	};
	uint32_t members; /* leaves that are not blank, here and below */
	bool is_ours;	  /* the content belongs to this layer */
	bool has_hash;
	uint8_t hash[MLS_MAX_HASH_LEN];
};

/* A cell of a layer. */
struct mls_tree_change {
	uint32_t key; /* node + 1; 0 is a free slot */
	struct mls_tree_cell cell;
};

/* A credential type that members have, and how many list it. */
struct mls_tree_credential {
	uint16_t type;
	uint32_t users;
	uint32_t supporters;
};

struct mls_tree {
	struct mls_suite suite;
	uint32_t leaves; /* a power of two */

	struct mls_tree_cell *cells; /* of a whole tree */
	uint32_t cells_cap;

	struct mls_tree *base;		 /* of a layer; else NULL */
	struct mls_tree_change *changes; /* of a layer: a hash table */
	uint32_t slots;
	uint32_t used;

	struct mls_tree_index index; /* keys of the contents that are ours */
	struct mls_tree_credential credentials[MLS_TREE_CREDENTIAL_TYPES];
	uint32_t credential_types;
};

/* Returns the cell of a node; NULL is a blank one without a known hash. */
const struct mls_tree_cell *mls_tree_store_get(
    const struct mls_tree *t, struct mls_node node);

/* Returns a copy of an encoded LeafNode or ParentNode, with views into it, in
 * one allocation; NULL for want of memory. */
struct mls_leaf_node *mls_tree_store_new_leaf(struct bytes encoded);
struct mls_parent_node *mls_tree_store_new_parent(struct bytes encoded);

/*
 * Makes content the leaf or parent there, or blanks it (NULL). The tree owns
 * content from now on, and frees it also on failure; a failure leaves a layer
 * good for nothing but mls_tree_free. Fails with OUT_OF_MEMORY or
 * A_LIMIT_WAS_REACHED.
 */
MUST_USE enum mls_result mls_tree_store_put_leaf(
    struct mls_tree *t, struct mls_leaf leaf, struct mls_leaf_node *content);
MUST_USE enum mls_result mls_tree_store_put_parent(
    struct mls_tree *t, struct mls_node node, struct mls_parent_node *content);

/*
 * Finds a node, other than *except unless that is NULL, with a key of this
 * kind. Returns whether there is one.
 */
bool mls_tree_store_find_key(const struct mls_tree *t, enum mls_tree_key kind,
    struct bytes key, const struct mls_node *except, struct mls_node *node);

/*
 * Keeps the tree hash of a node until something in its subtree changes; may
 * also not keep it.
 */
void mls_tree_store_keep_hash(
    const struct mls_tree *t, struct mls_node node, const uint8_t *hash);

/*
 * Changes the number of leaves to another power of two. Everything outside
 * must be blank already but for the roots that go. Fails as the others do.
 */
MUST_USE enum mls_result mls_tree_store_resize(
    struct mls_tree *t, uint32_t leaves);

#endif
