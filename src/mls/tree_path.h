/*
 * tree_path - resolutions and filtered direct paths, section 4.1.
 */
#ifndef MLS_TREE_PATH_H
#define MLS_TREE_PATH_H

#include "mls/tree.h"

/* A list of nodes that grows; start from zeros, release with free(p). */
struct mls_node_list {
	struct mls_node *p;
	size_t n;
	size_t cap;
};

/*
 * 4.1.1: appends the resolution of node to list: the node and its unmerged
 * leaves, or for a blank parent the resolutions of its children, left to
 * right. Fails with OUT_OF_MEMORY.
 */
MUST_USE enum mls_result mls_tree_resolution(
    const struct mls_tree *t, struct mls_node node, struct mls_node_list *list);

/* A node of a filtered direct path, and its child on the copath. */
struct mls_path_step {
	struct mls_node node;
	struct mls_node copath;
};

/*
 * 4.1.2: writes the filtered direct path of leaf, which is in the tree, from
 * below: its direct path without the nodes whose child on the copath has an
 * empty resolution. Returns the number of steps.
 */
size_t mls_tree_filtered_path(const struct mls_tree *t, struct mls_leaf leaf,
    struct mls_path_step steps[MLS_MAX_DEPTH]);

#endif
