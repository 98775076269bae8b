/*
 * tree_validate - a ratchet tree from somebody else, section 12.4.3.1.
 */
#ifndef MLS_TREE_VALIDATE_H
#define MLS_TREE_VALIDATE_H

#include "mls/tree.h"

struct mls_tree_facts {
	struct bytes group_id;
	struct bytes extensions; /* of the GroupContext, a list */
	struct bytes tree_hash;	 /* what it must be; empty: not asked */
};

/*
 * Checks all that section 12.4.3.1 asks of a tree by itself: the tree hash,
 * parent hashes, unmerged leaves, every leaf by section 7.3 (signature,
 * capabilities, required capabilities, credential types supported by all),
 * and that no key appears twice. Not asked here: lifetimes (the section makes
 * that a recommendation, and members outlive their key packages) and whether
 * the application accepts the credentials. Fails with the first result that
 * says why.
 */
MUST_USE enum mls_result mls_tree_validate(
    const struct mls_tree *t, const struct mls_tree_facts *facts);

#endif
