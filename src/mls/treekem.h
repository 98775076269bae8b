/*
 * treekem - the secret half of the tree, sections 7.4 to 7.6.
 *
 * A member knows the private keys of its own leaf and of some nodes above it.
 * struct mls_treekem_keys is that knowledge: a plain value that is copied to
 * be staged, and wiped when it is no longer true.
 */
#ifndef MLS_TREEKEM_H
#define MLS_TREEKEM_H

#include "mls/tree.h"

struct mls_treekem_keys {
	struct mls_leaf me;
	/* Bit l says that secret[l], of our ancestor at level l, is known;
	 * level 0 is the leaf. */
	uint32_t known;
	uint8_t secret[MLS_MAX_DEPTH + 1][MLS_MAX_KEM_SECRET];
};

/* Forgets (wipes) the keys of nodes that are blank in t, or outside it. */
void mls_treekem_keys_prune(
    struct mls_treekem_keys *k, const struct mls_tree *t);
void mls_treekem_keys_wipe(struct mls_treekem_keys *k);

/*
 *	struct {
 *	    HPKEPublicKey encryption_key;
 *	    HPKECiphertext encrypted_path_secret<V>;
 *	} UpdatePathNode;
 *	struct {
 *	    LeafNode leaf_node;
 *	    UpdatePathNode nodes<V>;
 *	} UpdatePath;
 */
struct mls_update_path {
	struct mls_leaf_node leaf;
	struct bytes nodes; /* contents of the vector, checked to parse */
	size_t count;	    /* nodes in it */
};
void mls_update_path_decode(struct rd *r, struct mls_update_path *out);

/* The leaves that a commit adds: they get no path secret in the path but in
 * the Welcome (7.5, 12.4.1). Ascending. */
struct mls_leaf_set {
	const struct mls_leaf *p;
	size_t n;
};

/*
 * What a committer makes, between the two halves: first the tree gets its
 * new keys, then its hash goes into the group context, and only then can the
 * path secrets be encrypted. Secret; wiped with mls_treekem_path_wipe.
 */
struct mls_treekem_path {
	struct mls_treekem_keys keys; /* ours, with the new ones */
	size_t count;		      /* nodes of the filtered direct path */
	struct mls_node node[MLS_MAX_DEPTH];
	uint8_t path_secret[MLS_MAX_DEPTH][MLS_MAX_HASH_LEN];
	uint8_t commit_secret[MLS_MAX_HASH_LEN];
};
void mls_treekem_path_wipe(struct mls_treekem_path *p);

/* Who commits: the leaf (already in the tree with its old or no contents),
 * what the new leaf says (source and parent_hash are filled in), and the key
 * that signs it. */
struct mls_treekem_author {
	struct mls_leaf leaf;
	struct bytes group_id;
	struct mls_leaf_content content;
	struct mls_signer signer;
};

/*
 * 7.5, first half: takes randomness from env, sets the new public keys and
 * parent hashes along the filtered direct path of the author in t, and the
 * new signed leaf. All our old keys above the leaf, and its own, are then of
 * the past: out->keys holds what we know instead.
 */
MUST_USE enum mls_result mls_treekem_create(struct mls_tree *t,
    const struct mls_treekem_author *author, const struct env *env,
    struct mls_treekem_path *out);

/* Second half: appends the UpdatePath to out, each path secret encrypted to
 * the resolution of the copath node, without the added leaves. */
MUST_USE enum mls_result mls_treekem_encrypt(const struct mls_tree *t,
    const struct mls_treekem_path *path, struct mls_leaf_set added,
    struct bytes group_context, const struct env *env, struct wr *out);

/* Returns the path secret that a Welcome carries for a leaf added below the
 * path: that of its lowest common ancestor with the author. BYTES_NONE only
 * if there is no such node in the path. */
struct bytes mls_treekem_secret_for(const struct mls_tree *t,
    const struct mls_treekem_path *path, struct mls_leaf leaf);

/*
 * 12.4.2, first half of processing somebody's path: checks its length and
 * the parent hash in its leaf (7.9), that its keys are usable and new to the
 * tree, and puts all of it in t. The leaf's own checks (7.3, signature) are
 * done here too. Fails with PATH_HAS_WRONG_LENGTH, PARENT_HASH_IS_WRONG,
 * ENCRYPTION_KEY_IS_IN_USE, SIGNATURE_IS_WRONG, LEAF_SOURCE_IS_WRONG, ...
 */
struct mls_treekem_sender {
	struct mls_leaf leaf;
	struct bytes group_id;
	struct bytes extensions; /* of the provisional GroupContext */
};
MUST_USE enum mls_result mls_treekem_apply(struct mls_tree *t,
    const struct mls_treekem_sender *from, const struct mls_update_path *path);

/*
 * Second half: finds the node that we can decrypt for, opens its path secret
 * and derives everything above; *keys becomes what we know afterwards and
 * commit_secret gets hash_len bytes. Fails with PATH_DOES_NOT_OPEN, or
 * PATH_KEY_IS_WRONG when a derived public key is not the one in the path.
 */
struct mls_treekem_message {
	const struct mls_update_path *path;
	struct mls_leaf from;
	struct mls_leaf_set added;
	struct bytes group_context; /* provisional, with the new tree hash */
};
MUST_USE enum mls_result mls_treekem_open(const struct mls_tree *t,
    struct mls_treekem_keys *keys, const struct mls_treekem_message *m,
    uint8_t *commit_secret);

/*
 * 12.4.3.1, a joiner with a path secret from its Welcome: learns the keys
 * from the lowest common ancestor of its leaf and the committer's up to the
 * root. keys->me and the leaf's secret are set already. Fails with
 * PATH_KEY_IS_WRONG.
 */
MUST_USE enum mls_result mls_treekem_join(const struct mls_tree *t,
    struct mls_treekem_keys *keys, struct mls_leaf committer,
    struct bytes path_secret);

#endif
