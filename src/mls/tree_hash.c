#include "mls/tree_hash.h"

#include "mls/tree_path.h"
#include "mls/tree_store.h"

#include <stdlib.h>
#include <string.h>

#define U32_LEN 4

/* Section 7.8: NodeType. */
enum { NODE_LEAF = 1, NODE_PARENT = 2 };

static uint32_t
leaf_at(struct bytes leaves, size_t i)
{
	struct rd r =
	    rd_init((struct bytes){ leaves.p + i * U32_LEN, U32_LEN });

	return rd_u32(&r);
}

/* Returns the part of a list, which is in order, that is under node. */
static struct bytes
leaves_under(struct bytes leaves, struct mls_node node)
{
	uint32_t first = mls_node_first_leaf(node).i;
	uint32_t after = first + mls_node_leaves(node);
	size_t begin = 0, end = leaves.n / U32_LEN;

	while (begin < end && leaf_at(leaves, begin) < first)
		begin++;
	while (begin < end && leaf_at(leaves, end - 1) >= after)
		end--;
	if (begin == end)
		return BYTES_NONE;
	return (struct bytes){ leaves.p + begin * U32_LEN,
		(end - begin) * U32_LEN };
}

static void
add_u8(struct hash *h, uint8_t v)
{
	hash_update(h, (struct bytes){ &v, 1 });
}

static void
add_vec(struct hash *h, struct bytes v)
{
	uint8_t head[U32_LEN];
	struct wr w = wr_init(head, sizeof head);

	mls_wr_varint(&w, v.n);
	hash_update(h, wr_bytes(&w));
	hash_update(h, v);
}

/*
 *	struct {
 *	    uint32 leaf_index;
 *	    optional<LeafNode> leaf_node;
 *	} LeafNodeHashInput;
 */
static void
hash_leaf(const struct mls_tree *t, struct mls_leaf at,
    const struct mls_leaf_node *leaf, uint8_t *out)
{
	uint8_t index[U32_LEN];
	struct wr w = wr_init(index, sizeof index);
	struct hash h;

	wr_u32(&w, at.i);
	hash_init(&h, t->suite.hash);
	add_u8(&h, NODE_LEAF);
	hash_update(&h, BYTES_OF(index));
	add_u8(&h, leaf != NULL);
	if (leaf != NULL)
		hash_update(&h, leaf->encoded);
	hash_final(&h, out);
}

/* Adds a ParentNode without some of its unmerged leaves. */
static enum mls_result
add_parent_without(
    struct hash *h, const struct mls_parent_node *parent, struct bytes leaves)
{
	struct rd all = rd_init(parent->unmerged_leaves);
	struct wr kept = wr_new();
	enum mls_result err;
	uint32_t leaf;

	while (all.n > 0) {
		leaf = rd_u32(&all);
		if (!mls_leaf_list_has(leaves, (struct mls_leaf){ leaf }))
			wr_u32(&kept, leaf);
	}
	TRY(mls_result_of(wr_done(&kept)));
	add_vec(h, parent->encryption_key);
	add_vec(h, parent->parent_hash);
	add_vec(h, wr_bytes(&kept));
out:
	wr_free(&kept);
	return err;
}

struct children {
	uint8_t left[MLS_MAX_HASH_LEN];
	uint8_t right[MLS_MAX_HASH_LEN];
};

/*
 *	struct {
 *	    optional<ParentNode> parent_node;
 *	    opaque left_hash<V>;
 *	    opaque right_hash<V>;
 *	} ParentNodeHashInput;
 */
static enum mls_result
hash_parent(const struct mls_tree *t, const struct mls_parent_node *parent,
    struct bytes without, const struct children *children, uint8_t *out)
{
	enum mls_result err = MLS_OK;
	struct hash h;

	hash_init(&h, t->suite.hash);
	add_u8(&h, NODE_PARENT);
	add_u8(&h, parent != NULL);
	if (parent != NULL && without.n == 0)
		hash_update(&h, parent->encoded);
	else if (parent != NULL)
		TRY(add_parent_without(&h, parent, without));
	add_vec(&h, (struct bytes){ children->left, t->suite.hash_len });
	add_vec(&h, (struct bytes){ children->right, t->suite.hash_len });
	hash_final(&h, out);
out:
	return err;
}

/*
 * The tree hash of node in the tree without some leaves: they are blank, and
 * gone from the unmerged leaves of all parents (7.9). Subtrees in which none
 * of them stands have the hash that they always have, which is kept.
 */
static enum mls_result
hash_node(const struct mls_tree *t, struct mls_node node, struct bytes without,
    uint8_t *out)
{
	const struct mls_tree_cell *cell = mls_tree_store_get(t, node);
	struct bytes here = leaves_under(without, node);
	struct children children;
	enum mls_result err = MLS_OK;

	if (here.n == 0 && cell != NULL && cell->has_hash) {
		memcpy(out, cell->hash, t->suite.hash_len);
		return MLS_OK;
	}
	if (mls_node_is_leaf(node)) {
		hash_leaf(t, mls_leaf_of_node(node),
		    cell == NULL || here.n != 0 ? NULL : cell->leaf, out);
	} else {
		TRY(hash_node(t, mls_node_left(node), here, children.left));
		TRY(hash_node(t, mls_node_right(node), here, children.right));
		TRY(hash_parent(
		    t, mls_tree_parent(t, node), here, &children, out));
	}
	if (here.n == 0)
		mls_tree_store_keep_hash(t, node, out);
out:
	return err;
}

enum mls_result
mls_tree_hash_node(const struct mls_tree *t, struct mls_node node, uint8_t *out)
{
	return hash_node(t, node, BYTES_NONE, out);
}

enum mls_result
mls_tree_hash(const struct mls_tree *t, uint8_t *out)
{
	return mls_tree_hash_node(t, mls_tree_math_root(t->leaves), out);
}

enum mls_result
mls_tree_parent_hash(const struct mls_tree *t, struct mls_node parent,
    struct mls_node sibling, uint8_t *out)
{
	const struct mls_parent_node *p = mls_tree_parent(t, parent);
	uint8_t original[MLS_MAX_HASH_LEN];
	enum mls_result err;
	struct hash h;

	/*
	 *	struct {
	 *	    HPKEPublicKey encryption_key;
	 *	    opaque parent_hash<V>;
	 *	    opaque original_sibling_tree_hash<V>;
	 *	} ParentHashInput;
	 */
	TRY(hash_node(t, sibling, p->unmerged_leaves, original));
	hash_init(&h, t->suite.hash);
	add_vec(&h, p->encryption_key);
	add_vec(&h, p->parent_hash);
	add_vec(&h, (struct bytes){ original, t->suite.hash_len });
	hash_final(&h, out);
out:
	return err;
}

/*
 * Looks for the D of section 7.9.2 under child: the one node of the child's
 * resolution that is not among P's unmerged leaves, all of which must be in
 * the resolution. Returns false when there is no such node or more than one.
 */
static bool
find_descendant(struct bytes unmerged, struct mls_node child,
    const struct mls_node_list *resolution, struct mls_node *descendant)
{
	size_t expected = leaves_under(unmerged, child).n / U32_LEN;
	bool is_found = false;
	struct mls_node at;

	if (resolution->n != expected + 1)
		return false;
	for (size_t i = 0; i < resolution->n; i++) {
		at = resolution->p[i];
		if (mls_node_is_leaf(at) &&
		    mls_leaf_list_has(unmerged, mls_leaf_of_node(at)))
			continue;
		if (is_found)
			return false;
		is_found = true;
		*descendant = at;
	}
	return is_found;
}

/* The parent_hash field of a node that is not blank. */
static struct bytes
parent_hash_of(const struct mls_tree *t, struct mls_node node)
{
	if (mls_node_is_leaf(node))
		return mls_tree_leaf(t, mls_leaf_of_node(node))->parent_hash;
	return mls_tree_parent(t, node)->parent_hash;
}

/* Counts in *chains when parent is valid for a descendant under child. */
static enum mls_result
count_chain(const struct mls_tree *t, struct mls_node parent,
    struct mls_node child, unsigned *chains)
{
	struct bytes unmerged = mls_tree_parent(t, parent)->unmerged_leaves;
	struct mls_node_list resolution = { 0 };
	uint8_t want[MLS_MAX_HASH_LEN];
	struct mls_node descendant;
	enum mls_result err;

	TRY(mls_tree_resolution(t, child, &resolution));
	if (!find_descendant(unmerged, child, &resolution, &descendant))
		goto out;
	TRY(mls_tree_parent_hash(t, parent, mls_node_sibling(child), want));
	*chains += bytes_equal(parent_hash_of(t, descendant),
	    (struct bytes){ want, t->suite.hash_len });
out:
	free(resolution.p);
	return err;
}

enum mls_result
mls_tree_check_parent_hashes(const struct mls_tree *t)
{
	enum mls_result err = MLS_OK;
	unsigned chains;

	for (struct mls_node at = { 1 }; at.i < mls_tree_math_width(t->leaves);
	     at.i += 2) {
		if (mls_tree_parent(t, at) == NULL)
			continue;
		chains = 0;
		TRY(count_chain(t, at, mls_node_left(at), &chains));
		TRY(count_chain(t, at, mls_node_right(at), &chains));
		NEED(chains == 1, MLS_PARENT_HASH_IS_WRONG);
	}
out:
	return err;
}
