/*
 * tree_hash - tree hashes and parent hashes, sections 7.8 and 7.9.
 */
#ifndef MLS_TREE_HASH_H
#define MLS_TREE_HASH_H

#include "mls/tree.h"

/* Writes the tree hash of the root, hash_len bytes. O(changes * log n). */
MUST_USE enum mls_result mls_tree_hash(const struct mls_tree *t, uint8_t *out);

/* The same of any node, for vectors. */
MUST_USE enum mls_result mls_tree_hash_node(
    const struct mls_tree *t, struct mls_node node, uint8_t *out);

/*
 * 7.9: writes the parent hash of a parent that is not blank, with the copath
 * child sibling; hash_len bytes.
 */
MUST_USE enum mls_result mls_tree_parent_hash(const struct mls_tree *t,
    struct mls_node parent, struct mls_node sibling, uint8_t *out);

/*
 * 7.9.2: fails with PARENT_HASH_IS_WRONG unless every parent that is not
 * blank is parent-hash valid with exactly one chain. For joiners. The unmerged
 * leaves must be in order, and members.
 */
MUST_USE enum mls_result mls_tree_check_parent_hashes(const struct mls_tree *t);

#endif
