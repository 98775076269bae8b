#include "mls/tree_math.h"

static struct mls_node
node(uint32_t i)
{
	return (struct mls_node){ i };
}

struct mls_node
mls_node_of_leaf(struct mls_leaf leaf)
{
	return node(leaf.i * 2);
}

struct mls_leaf
mls_leaf_of_node(struct mls_node n)
{
	return (struct mls_leaf){ n.i / 2 };
}

bool
mls_node_is_leaf(struct mls_node n)
{
	return (n.i & 1) == 0;
}

uint32_t
mls_node_level(struct mls_node n)
{
	return n.i == UINT32_MAX ? 32 : (uint32_t)__builtin_ctz(~n.i);
}

uint32_t
mls_tree_math_width(uint32_t leaves)
{
	return leaves * 2 - 1;
}

struct mls_node
mls_tree_math_root(uint32_t leaves)
{
	return node(leaves - 1);
}

/* Parent and children differ in the two bits at the parent's level. */

struct mls_node
mls_node_left(struct mls_node n)
{
	return node(n.i ^ UINT32_C(1) << (mls_node_level(n) - 1));
}

struct mls_node
mls_node_right(struct mls_node n)
{
	return node(n.i ^ UINT32_C(3) << (mls_node_level(n) - 1));
}

struct mls_node
mls_node_parent(struct mls_node n)
{
	uint32_t bit = UINT32_C(1) << mls_node_level(n);

	return node((n.i | bit) & ~(bit << 1));
}

struct mls_node
mls_node_sibling(struct mls_node n)
{
	return node(n.i ^ UINT32_C(2) << mls_node_level(n));
}

uint32_t
mls_node_leaves(struct mls_node n)
{
	return UINT32_C(1) << mls_node_level(n);
}

struct mls_leaf
mls_node_first_leaf(struct mls_node n)
{
	return (struct mls_leaf){ (n.i + 1 - mls_node_leaves(n)) / 2 };
}

bool
mls_node_is_under(struct mls_node n, struct mls_node top)
{
	uint32_t reach = mls_node_leaves(top) - 1;

	return n.i >= top.i - reach && n.i <= top.i + reach;
}

struct mls_node
mls_node_ancestor(struct mls_leaf leaf, uint32_t level)
{
	uint32_t below = (UINT32_C(1) << level) - 1;

	return node((leaf.i * 2 & ~(below * 2)) | below);
}

struct mls_node
mls_node_common(struct mls_leaf a, struct mls_leaf b)
{
	uint32_t level = 0;

	while (a.i >> level != b.i >> level)
		level++;
	return mls_node_ancestor(a, level);
}
