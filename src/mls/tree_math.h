/*
 * tree_math - where nodes stand in the array, appendix C.
 */
#ifndef MLS_TREE_MATH_H
#define MLS_TREE_MATH_H

#include "mls/types.h"

/* Returns the node of a leaf. */
struct mls_node mls_node_of_leaf(struct mls_leaf leaf);

#endif
