#include "mls/tree_validate.h"

#include "mls/tree_hash.h"
#include "mls/tree_store.h"

/* Every node, by number. */
#define EACH_NODE(at, t)                                                       \
	for (struct mls_node at = { 0 };                                       \
	     at.i < mls_tree_math_width(mls_tree_size(t)); at.i++)

/*
 * One entry of a parent's unmerged leaves: "represents a non-blank leaf node
 * that is a descendant of the parent node", and "every non-blank intermediate
 * node between the leaf node and the parent node also has an entry".
 */
static bool
entry_is_right(
    const struct mls_tree *t, struct mls_node parent, struct mls_leaf leaf)
{
	const struct mls_parent_node *between;
	struct mls_node at;

	if (mls_tree_leaf(t, leaf) == NULL)
		return false;
	at = mls_node_of_leaf(leaf);
	if (!mls_node_is_under(at, parent))
		return false;
	for (at = mls_node_parent(at); at.i != parent.i;
	     at = mls_node_parent(at)) {
		between = mls_tree_parent(t, at);
		if (between != NULL &&
		    !mls_leaf_list_has(between->unmerged_leaves, leaf))
			return false;
	}
	return true;
}

/* 7.1: "The entries in the unmerged_leaves vector MUST be sorted". */
static bool
is_in_order(struct bytes leaves)
{
	struct rd r = rd_init(leaves);
	uint32_t last, next;

	if (r.n == 0)
		return true;
	for (last = rd_u32(&r); r.n > 0; last = next) {
		next = rd_u32(&r);
		if (next <= last)
			return false;
	}
	return true;
}

static bool
all_are_in_order(const struct mls_tree *t)
{
	const struct mls_parent_node *parent;

	EACH_NODE(at, t)
	{
		parent = mls_tree_parent(t, at);
		if (parent != NULL && !is_in_order(parent->unmerged_leaves))
			return false;
	}
	return true;
}

static bool
unmerged_leaves_are_right(const struct mls_tree *t)
{
	const struct mls_parent_node *parent;
	struct mls_leaf leaf;
	struct rd r;

	if (!all_are_in_order(t))
		return false;
	EACH_NODE(at, t)
	{
		parent = mls_tree_parent(t, at);
		if (parent == NULL)
			continue;
		r = rd_init(parent->unmerged_leaves);
		while (r.n > 0) {
			leaf.i = rd_u32(&r);
			if (!entry_is_right(t, at, leaf))
				return false;
		}
	}
	return true;
}

/* No two nodes with one encryption key, no two leaves with one signature key;
 * and keys of parents that can be used at all. */
static enum mls_result
check_keys(const struct mls_tree *t)
{
	enum mls_result err = MLS_OK;
	struct mls_node other;
	struct bytes key;

	EACH_NODE(at, t)
	{
		key = mls_tree_public_key(t, at);
		if (key.p == NULL)
			continue;
		NEED(!mls_tree_store_find_key(
			 t, MLS_TREE_ENCRYPTION_KEY, key, &at, &other),
		    MLS_ENCRYPTION_KEY_IS_IN_USE);
		if (!mls_node_is_leaf(at)) {
			TRY(mls_suite_check_encryption_key(&t->suite, key));
			continue;
		}
		key = mls_tree_leaf(t, mls_leaf_of_node(at))->signature_key;
		NEED(!mls_tree_store_find_key(
			 t, MLS_TREE_SIGNATURE_KEY, key, &at, &other),
		    MLS_SIGNATURE_KEY_IS_IN_USE);
	}
out:
	return err;
}

/* Section 7.3, of every leaf. */
static enum mls_result
check_leaves(const struct mls_tree *t, const struct mls_tree_facts *facts)
{
	struct mls_leaf_place place = { .group_id = facts->group_id };
	const struct mls_leaf_node *leaf;
	enum mls_result err = MLS_OK;

	NEED(mls_tree_credentials_are_supported(t),
	    MLS_CREDENTIAL_TYPE_IS_NOT_SUPPORTED);
	for (; mls_tree_next_member(t, &place.leaf); place.leaf.i++) {
		leaf = mls_tree_leaf(t, place.leaf);
		TRY(mls_leaf_node_check(&t->suite, leaf, facts->extensions));
		TRY(mls_leaf_node_verify(&t->suite, leaf, &place));
	}
out:
	return err;
}

static enum mls_result
check_tree_hash(const struct mls_tree *t, struct bytes want)
{
	uint8_t hash[MLS_MAX_HASH_LEN];
	enum mls_result err;

	TRY(mls_tree_hash(t, hash));
	NEED(bytes_equal((struct bytes){ hash, t->suite.hash_len }, want),
	    MLS_TREE_HASH_IS_WRONG);
out:
	return err;
}

enum mls_result
mls_tree_validate(const struct mls_tree *t, const struct mls_tree_facts *facts)
{
	enum mls_result err;

	if (facts->tree_hash.n != 0)
		TRY(check_tree_hash(t, facts->tree_hash));
	/* In this order: parent hashes build on right unmerged leaves, and
	 * signatures are the dearest. */
	NEED(unmerged_leaves_are_right(t), MLS_UNMERGED_LEAVES_ARE_WRONG);
	TRY(check_keys(t));
	TRY(mls_tree_check_parent_hashes(t));
	TRY(check_leaves(t, facts));
out:
	return err;
}
