/*
 * tree - the ratchet tree, sections 4.1.2, 7.7 and 12.4.3.3, and staging.
 *
 * A tree is either whole, or a layer over another tree: a layer holds only
 * the nodes that differ from its base (and the size), and reads fall through
 * to the base. Every change of a group is made on a layer; if something is
 * wrong the layer is freed and the base was never touched; if not, the layer
 * is merged, which cannot fail. There is one layer over a base at a time that
 * will be merged, and the base does not change while a layer is on it.
 *
 * Nodes hold their encoding and views into it. Tree hashes are cached in the
 * nodes and forgotten along the direct path of every change, so that hashing
 * after a commit costs O(log n).
 */
#ifndef MLS_TREE_H
#define MLS_TREE_H

#include "mls/leaf_node.h"
#include "mls/tree_math.h"

struct mls_tree;

/*
 *	struct {
 *	    HPKEPublicKey encryption_key;
 *	    opaque parent_hash<V>;
 *	    uint32 unmerged_leaves<V>;
 *	} ParentNode;
 */
struct mls_parent_node {
	struct bytes encoded;
	struct bytes encryption_key;
	struct bytes parent_hash;
	struct bytes unmerged_leaves; /* big-endian 32-bit, ascending */
};

/* Reads a ParentNode. Whether the unmerged leaves are in order, and are leaves
 * under the node, is asked by mls_tree_validate. */
void mls_parent_node_decode(struct rd *r, struct mls_parent_node *out);

/* Returns whether the contents of an unmerged_leaves vector, which must be in
 * order, have leaf. O(log). */
bool mls_leaf_list_has(struct bytes list, struct mls_leaf leaf);

/* Returns a whole tree with one blank leaf, or NULL for want of memory. */
struct mls_tree *mls_tree_new(const struct mls_suite *suite);

/* Returns a layer over base, or NULL for want of memory. */
struct mls_tree *mls_tree_layer(struct mls_tree *base);

/* Moves what a layer holds into its base and frees the layer. */
void mls_tree_merge(struct mls_tree *layer);

/* Frees a tree or a layer; NULL is fine. */
void mls_tree_free(struct mls_tree *t);

/* Reads a ratchet_tree extension's contents (optional<Node> ratchet_tree<V>)
 * into a new whole tree. Fails with TREE_IS_MALFORMED. */
MUST_USE enum mls_result mls_tree_decode(
    const struct mls_suite *suite, struct bytes in, struct mls_tree **out);

/* Writes the same, without trailing blank nodes. */
void mls_tree_encode(const struct mls_tree *t, struct wr *w);

/* Returns the suite that the tree was made with; lives as long as the tree. */
const struct mls_suite *mls_tree_suite(const struct mls_tree *t);

/* Leaves of the full tree: a power of two. */
uint32_t mls_tree_size(const struct mls_tree *t);

/* Returns how many leaves are not blank. O(1). */
uint32_t mls_tree_members(const struct mls_tree *t);

/* Returns a leaf or parent; NULL when it is blank or outside the tree. Valid
 * until the tree changes or goes. */
const struct mls_leaf_node *mls_tree_leaf(
    const struct mls_tree *t, struct mls_leaf leaf);
const struct mls_parent_node *mls_tree_parent(
    const struct mls_tree *t, struct mls_node node);

/* Returns the public key of a node that is not blank, else BYTES_NONE. */
struct bytes mls_tree_public_key(
    const struct mls_tree *t, struct mls_node node);

/* Returns whether there is no member in the subtree under node. O(1). */
bool mls_tree_is_empty(const struct mls_tree *t, struct mls_node node);

/*
 * Moves *leaf to the first member at or after it; returns false when there is
 * none. Walks all members when started at 0 and continued at leaf + 1.
 */
bool mls_tree_next_member(const struct mls_tree *t, struct mls_leaf *leaf);

/*
 * Finds the leftmost blank leaf, where the next member will stand, and
 * extends the tree when there is none. Fails with OUT_OF_MEMORY or
 * A_LIMIT_WAS_REACHED.
 */
MUST_USE enum mls_result mls_tree_make_room(
    struct mls_tree *t, struct mls_leaf *at);

/*
 * 12.1.1, 12.1.2, 12.1.3: each applies one proposal's change to the tree.
 * encoded is the LeafNode, which is copied and must parse. mls_tree_add takes
 * the leftmost blank leaf and extends the tree when there is none;
 * mls_tree_remove truncates it. Fail with OUT_OF_MEMORY, A_LIMIT_WAS_REACHED
 * or NO_SUCH_MEMBER. They do not validate.
 */
MUST_USE enum mls_result mls_tree_add(
    struct mls_tree *t, struct bytes encoded, struct mls_leaf *at);
MUST_USE enum mls_result mls_tree_update(
    struct mls_tree *t, struct mls_leaf leaf, struct bytes encoded);
MUST_USE enum mls_result mls_tree_remove(
    struct mls_tree *t, struct mls_leaf leaf);

/*
 * Puts a leaf in its place without touching anything else (the first member
 * of a group, the committer of a path), or a parent with no unmerged leaves.
 */
MUST_USE enum mls_result mls_tree_set_leaf(
    struct mls_tree *t, struct mls_leaf leaf, struct bytes encoded);
MUST_USE enum mls_result mls_tree_set_parent(struct mls_tree *t,
    struct mls_node node, struct bytes encryption_key,
    struct bytes parent_hash);

/* Blanks all parents above a leaf (its direct path). */
MUST_USE enum mls_result mls_tree_blank_path(
    struct mls_tree *t, struct mls_leaf leaf);

/*
 * Finds a member by one of its keys, in O(1) on average. Returns false when
 * no leaf (for the encryption key: no node) has it. Uniqueness, 7.3, asks
 * these before it adds.
 */
bool mls_tree_find_signature_key(
    const struct mls_tree *t, struct bytes key, struct mls_leaf *at);
bool mls_tree_has_encryption_key(const struct mls_tree *t, struct bytes key);

/*
 * Calls fn for each leaf that a layer changes (set, replaced or blanked),
 * until fn returns something else than OK; returns that. For what must be
 * remembered of the old ones before a merge.
 */
typedef enum mls_result mls_tree_changed_fn(void *ctx, struct mls_leaf leaf,
    const struct mls_leaf_node *before, const struct mls_leaf_node *after);
MUST_USE enum mls_result mls_tree_changed(
    const struct mls_tree *layer, mls_tree_changed_fn *fn, void *ctx);

/* 7.3: returns whether every credential type in use is listed by every
 * member. Counts are kept, so that this need not walk the tree. */
bool mls_tree_credentials_are_supported(const struct mls_tree *t);

/*
 * Writes the nodes and the size that a layer changes as bytes,
 * and puts them back on a fresh layer of an equal base: for saving a staged
 * commit.
 */
void mls_tree_layer_encode(const struct mls_tree *layer, struct wr *w);
MUST_USE enum mls_result mls_tree_layer_decode(
    struct mls_tree *base, struct rd *r, struct mls_tree **layer);

#endif
