/*
 * tree_math - where nodes stand in the array, section 4.1.2 and appendix C.
 *
 * A tree is a perfect binary tree over a power of two of leaves, kept as an
 * array. Leaf l is node 2 * l; a parent stands between its children, so that
 * a node is on level k when bit k of its number is clear and all bits below
 * are set. Nothing here looks at a tree; all numbers are taken to be inside
 * one.
 */
#ifndef MLS_TREE_MATH_H
#define MLS_TREE_MATH_H

#include "mls/types.h"

/* Returns the node of a leaf, and the leaf of a node on level 0. */
struct mls_node mls_node_of_leaf(struct mls_leaf leaf);
struct mls_leaf mls_leaf_of_node(struct mls_node node);

/* Returns whether node is a leaf. */
bool mls_node_is_leaf(struct mls_node node);

/* Returns how far node is above the leaves; 0 for a leaf. */
uint32_t mls_node_level(struct mls_node node);

/* Returns the number of nodes of a tree of so many leaves, at least one. */
uint32_t mls_tree_math_width(uint32_t leaves);

/* Returns the root of a tree of so many leaves, a power of two. */
struct mls_node mls_tree_math_root(uint32_t leaves);

/* Each returns a child of node, which is not a leaf. */
struct mls_node mls_node_left(struct mls_node node);
struct mls_node mls_node_right(struct mls_node node);

/* Returns the parent or the sibling of node, which is not the root. */
struct mls_node mls_node_parent(struct mls_node node);
struct mls_node mls_node_sibling(struct mls_node node);

/* Returns the number of leaves under node, and the first of them. */
uint32_t mls_node_leaves(struct mls_node node);
struct mls_leaf mls_node_first_leaf(struct mls_node node);

/* Returns whether node stands in the subtree under top, or is top. */
bool mls_node_is_under(struct mls_node node, struct mls_node top);

/* Returns the ancestor of leaf (or leaf itself) at level. */
struct mls_node mls_node_ancestor(struct mls_leaf leaf, uint32_t level);

/* Returns the lowest node under which both leaves stand. */
struct mls_node mls_node_common(struct mls_leaf a, struct mls_leaf b);

#endif
