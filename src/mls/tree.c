#include "mls/tree_store.h"

#include <stdlib.h>

#define U32_LEN 4

void
mls_parent_node_decode(struct rd *r, struct mls_parent_node *out)
{
	const uint8_t *start = r->p;

	out->encryption_key = mls_rd_vec(r, MLS_MAX_KEM_PUBLIC);
	out->parent_hash = mls_rd_vec(r, MLS_MAX_HASH_LEN);
	out->unmerged_leaves = mls_rd_vec(r, MLS_MAX_LEAVES * U32_LEN);
	if (out->unmerged_leaves.n % U32_LEN != 0)
		rd_fail(r, ERR_DECODE);
	out->encoded = (struct bytes){ start, (size_t)(r->p - start) };
}

bool
mls_leaf_list_has(struct bytes list, struct mls_leaf leaf)
{
	size_t begin = 0, end = list.n / U32_LEN, mid;
	struct rd r;

	while (begin < end) {
		mid = begin + (end - begin) / 2;
		r = rd_init((struct bytes){ list.p + mid * U32_LEN, U32_LEN });
		if (rd_u32(&r) < leaf.i)
			begin = mid + 1;
		else
			end = mid;
	}
	if (begin == list.n / U32_LEN)
		return false;
	r = rd_init((struct bytes){ list.p + begin * U32_LEN, U32_LEN });
	return rd_u32(&r) == leaf.i;
}

const struct mls_suite *
mls_tree_suite(const struct mls_tree *t)
{
	return &t->suite;
}

uint32_t
mls_tree_size(const struct mls_tree *t)
{
	return t->leaves;
}

uint32_t
mls_tree_members(const struct mls_tree *t)
{
	return mls_tree_store_get(t, mls_tree_math_root(t->leaves))->members;
}

/* The content of a node that may be outside the tree. */
static const struct mls_tree_cell *
cell_of(const struct mls_tree *t, struct mls_node node)
{
	if (node.i >= mls_tree_math_width(t->leaves))
		return NULL;
	return mls_tree_store_get(t, node);
}

const struct mls_leaf_node *
mls_tree_leaf(const struct mls_tree *t, struct mls_leaf leaf)
{
	const struct mls_tree_cell *cell;

	if (leaf.i >= t->leaves)
		return NULL;
	cell = mls_tree_store_get(t, mls_node_of_leaf(leaf));
	return cell == NULL ? NULL : cell->leaf;
}

const struct mls_parent_node *
mls_tree_parent(const struct mls_tree *t, struct mls_node node)
{
	const struct mls_tree_cell *cell = cell_of(t, node);

	if (cell == NULL || mls_node_is_leaf(node))
		return NULL;
	return cell->parent;
}

struct bytes
mls_tree_public_key(const struct mls_tree *t, struct mls_node node)
{
	const struct mls_tree_cell *cell = cell_of(t, node);

	if (cell == NULL || cell->content == NULL)
		return BYTES_NONE;
	if (mls_node_is_leaf(node))
		return cell->leaf->encryption_key;
	return cell->parent->encryption_key;
}

static uint32_t
members_under(const struct mls_tree *t, struct mls_node node)
{
	const struct mls_tree_cell *cell = mls_tree_store_get(t, node);

	return cell == NULL ? 0 : cell->members;
}

bool
mls_tree_is_empty(const struct mls_tree *t, struct mls_node node)
{
	return members_under(t, node) == 0;
}

bool
mls_tree_next_member(const struct mls_tree *t, struct mls_leaf *leaf)
{
	struct mls_node root = mls_tree_math_root(t->leaves), node;

	if (leaf->i >= t->leaves)
		return false;
	node = mls_node_of_leaf(*leaf);
	/* Up, and over to the right, until somebody is there ... */
	while (mls_tree_is_empty(t, node)) {
		while (node.i != root.i && node.i > mls_node_parent(node).i)
			node = mls_node_parent(node);
		if (node.i == root.i)
			return false;
		node = mls_node_sibling(node);
	}
	/* ... and down to the first. */
	while (!mls_node_is_leaf(node)) {
		node = mls_node_left(node);
		if (mls_tree_is_empty(t, node))
			node = mls_node_sibling(node);
	}
	*leaf = mls_leaf_of_node(node);
	return true;
}

enum mls_result
mls_tree_make_room(struct mls_tree *t, struct mls_leaf *at)
{
	struct mls_node node;
	enum mls_result err = MLS_OK;

	if (mls_tree_members(t) == t->leaves)
		TRY(mls_tree_store_resize(t, t->leaves * 2));
	node = mls_tree_math_root(t->leaves);
	while (!mls_node_is_leaf(node)) {
		node = mls_node_left(node);
		if (members_under(t, node) == mls_node_leaves(node))
			node = mls_node_sibling(node);
	}
	*at = mls_leaf_of_node(node);
out:
	return err;
}

enum mls_result
mls_tree_set_leaf(
    struct mls_tree *t, struct mls_leaf leaf, struct bytes encoded)
{
	struct mls_leaf_node *content;

	if (leaf.i >= t->leaves)
		return MLS_NO_SUCH_MEMBER;
	content = mls_tree_store_new_leaf(encoded);
	if (content == NULL)
		return MLS_OUT_OF_MEMORY;
	return mls_tree_store_put_leaf(t, leaf, content);
}

/* Puts a parent with these fields, the last of which is already encoded. */
static enum mls_result
put_parent(struct mls_tree *t, struct mls_node node, struct bytes key,
    struct bytes parent_hash, struct bytes unmerged)
{
	struct mls_parent_node *content = NULL;
	struct wr w = wr_new();
	enum mls_result err;

	mls_wr_vec(&w, key);
	mls_wr_vec(&w, parent_hash);
	mls_wr_vec(&w, unmerged);
	TRY(mls_result_of(wr_done(&w)));
	content = mls_tree_store_new_parent(wr_bytes(&w));
	NEED(content != NULL, MLS_OUT_OF_MEMORY);
	TRY(mls_tree_store_put_parent(t, node, content));
out:
	wr_free(&w);
	return err;
}

enum mls_result
mls_tree_set_parent(struct mls_tree *t, struct mls_node node,
    struct bytes encryption_key, struct bytes parent_hash)
{
	return put_parent(t, node, encryption_key, parent_hash, BYTES_NONE);
}

enum mls_result
mls_tree_blank_path(struct mls_tree *t, struct mls_leaf leaf)
{
	struct mls_node root = mls_tree_math_root(t->leaves);
	struct mls_node node = mls_node_of_leaf(leaf);
	enum mls_result err = MLS_OK;

	while (node.i != root.i) {
		node = mls_node_parent(node);
		if (mls_tree_parent(t, node) != NULL)
			TRY(mls_tree_store_put_parent(t, node, NULL));
	}
out:
	return err;
}

/* Puts parent back at node, with leaf among its unmerged leaves. */
static enum mls_result
add_unmerged(struct mls_tree *t, struct mls_node node,
    const struct mls_parent_node *parent, struct mls_leaf leaf)
{
	struct rd old = rd_init(parent->unmerged_leaves);
	struct wr list = wr_new();
	bool is_in = false;
	enum mls_result err;
	uint32_t at;

	while (old.n > 0) {
		at = rd_u32(&old);
		if (!is_in && at > leaf.i) {
			wr_u32(&list, leaf.i);
			is_in = true;
		}
		wr_u32(&list, at);
	}
	if (!is_in)
		wr_u32(&list, leaf.i);
	TRY(mls_result_of(wr_done(&list)));
	TRY(put_parent(t, node, parent->encryption_key, parent->parent_hash,
	    wr_bytes(&list)));
out:
	wr_free(&list);
	return err;
}

enum mls_result
mls_tree_add(struct mls_tree *t, struct bytes encoded, struct mls_leaf *at)
{
	const struct mls_parent_node *parent;
	struct mls_node root, node;
	enum mls_result err;

	TRY(mls_tree_make_room(t, at));
	root = mls_tree_math_root(t->leaves);
	node = mls_node_of_leaf(*at);
	while (node.i != root.i) {
		node = mls_node_parent(node);
		parent = mls_tree_parent(t, node);
		if (parent != NULL)
			TRY(add_unmerged(t, node, parent, *at));
	}
	TRY(mls_tree_set_leaf(t, *at, encoded));
out:
	return err;
}

enum mls_result
mls_tree_update(struct mls_tree *t, struct mls_leaf leaf, struct bytes encoded)
{
	enum mls_result err;

	NEED(mls_tree_leaf(t, leaf) != NULL, MLS_NO_SUCH_MEMBER);
	TRY(mls_tree_set_leaf(t, leaf, encoded));
	TRY(mls_tree_blank_path(t, leaf));
out:
	return err;
}

enum mls_result
mls_tree_remove(struct mls_tree *t, struct mls_leaf leaf)
{
	uint32_t leaves = t->leaves;
	enum mls_result err;

	NEED(mls_tree_leaf(t, leaf) != NULL, MLS_NO_SUCH_MEMBER);
	TRY(mls_tree_store_put_leaf(t, leaf, NULL));
	TRY(mls_tree_blank_path(t, leaf));
	while (leaves > 1 &&
	       mls_tree_is_empty(t, mls_node_right(mls_tree_math_root(leaves))))
		leaves /= 2;
	TRY(mls_tree_store_resize(t, leaves));
out:
	return err;
}

/* What the base has does not count where the layer has something else. */
bool
mls_tree_store_find_key(const struct mls_tree *t, enum mls_tree_key kind,
    struct bytes key, const struct mls_node *except, struct mls_node *node)
{
	uint32_t tag = mls_tree_index_tag(kind, key);
	const struct mls_tree *layer = t;
	struct bytes found;
	uint32_t at;

	for (; layer != NULL; layer = layer->base) {
		at = 0;
		while (mls_tree_index_next(&layer->index, tag, &at, &node->i)) {
			if (except != NULL && except->i == node->i)
				continue;
			found = mls_tree_public_key(t, *node);
			if (kind == MLS_TREE_SIGNATURE_KEY && found.p != NULL)
				found =
				    mls_tree_leaf(t, mls_leaf_of_node(*node))
					->signature_key;
			if (found.p != NULL && bytes_equal(found, key))
				return true;
		}
	}
	return false;
}

bool
mls_tree_find_signature_key(
    const struct mls_tree *t, struct bytes key, struct mls_leaf *at)
{
	struct mls_node node;

	if (!mls_tree_store_find_key(
		t, MLS_TREE_SIGNATURE_KEY, key, NULL, &node))
		return false;
	*at = mls_leaf_of_node(node);
	return true;
}

bool
mls_tree_has_encryption_key(const struct mls_tree *t, struct bytes key)
{
	struct mls_node node;

	return mls_tree_store_find_key(
	    t, MLS_TREE_ENCRYPTION_KEY, key, NULL, &node);
}

bool
mls_tree_credentials_are_supported(const struct mls_tree *t)
{
	for (uint32_t i = 0; i < t->credential_types; i++)
		if (t->credentials[i].supporters != mls_tree_members(t))
			return false;
	return true;
}
