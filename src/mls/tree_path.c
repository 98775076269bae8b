#include "mls/tree_path.h"

#include <stdlib.h>

static bool
append(struct mls_node_list *list, struct mls_node node)
{
	size_t cap = list->cap == 0 ? 16 : list->cap * 2;
	struct mls_node *p;

	if (list->n == list->cap) {
		p = realloc(list->p, cap * sizeof *p);
		if (p == NULL)
			return false;
		list->p = p;
		list->cap = cap;
	}
	list->p[list->n++] = node;
	return true;
}

enum mls_result
mls_tree_resolution(
    const struct mls_tree *t, struct mls_node node, struct mls_node_list *list)
{
	const struct mls_parent_node *parent = mls_tree_parent(t, node);
	struct rd unmerged;
	enum mls_result err = MLS_OK;
	struct mls_leaf leaf;

	if (parent != NULL) {
		NEED(append(list, node), MLS_OUT_OF_MEMORY);
		unmerged = rd_init(parent->unmerged_leaves);
		while (unmerged.n > 0) {
			leaf.i = rd_u32(&unmerged);
			NEED(append(list, mls_node_of_leaf(leaf)),
			    MLS_OUT_OF_MEMORY);
		}
	} else if (mls_tree_is_empty(t, node)) {
		return MLS_OK;
	} else if (mls_node_is_leaf(node)) {
		NEED(append(list, node), MLS_OUT_OF_MEMORY);
	} else {
		TRY(mls_tree_resolution(t, mls_node_left(node), list));
		TRY(mls_tree_resolution(t, mls_node_right(node), list));
	}
out:
	return err;
}

size_t
mls_tree_filtered_path(const struct mls_tree *t, struct mls_leaf leaf,
    struct mls_path_step steps[MLS_MAX_DEPTH])
{
	struct mls_node root = mls_tree_math_root(mls_tree_size(t));
	struct mls_node node = mls_node_of_leaf(leaf), copath;
	size_t n = 0;

	while (node.i != root.i) {
		copath = mls_node_sibling(node);
		node = mls_node_parent(node);
		/* Parents stand only above members: no member below means an
		 * empty resolution. */
		if (!mls_tree_is_empty(t, copath))
			steps[n++] = (struct mls_path_step){ node, copath };
	}
	return n;
}
