/*
 * mls_cast - the members that play in tests of a ratchet tree.
 *
 * A role is a client by itself: keys, and the leaf nodes that it can sign. A
 * role is a number; the same number has the same signature key in every run,
 * and its n-th encryption key is the same as well. Randomness is a stream
 * from a seed, so that a run can be repeated.
 */
#ifndef SUPPORT_MLS_CAST_H
#define SUPPORT_MLS_CAST_H

#include "mls/treekem.h"

#define CAST_GROUP BYTES_LIT("the cast")

struct cast_role {
	uint8_t signature_secret[MLS_MAX_SIG_SECRET];
	uint8_t signature_public[MLS_MAX_SIG_PUBLIC];
	size_t signature_public_len;
	struct mls_key_pair pair; /* of the leaf node made last */
};

/* Returns an env with a random stream from *seed, which it advances. */
struct env cast_env(uint64_t *seed);

/* Fills a role by its number. */
void cast_role(
    const struct mls_suite *s, uint32_t number, struct cast_role *role);

/* Returns the key that signs for a role. */
struct mls_signer cast_signer(const struct cast_role *role);

/* Returns what the leaf nodes of a role say, with this source. Views into
 * constants. */
struct mls_leaf_content cast_content(
    const struct mls_suite *s, enum mls_leaf_source source);

/*
 * Writes a leaf node of a role, with a new encryption key; source is
 * key_package or update, and the place CAST_GROUP and leaf.
 */
void cast_leaf(const struct mls_suite *s, struct cast_role *role,
    enum mls_leaf_source source, struct mls_leaf leaf, const struct env *env,
    struct wr *w);

/* Returns the author of a path by a role at leaf. */
struct mls_treekem_author cast_author(const struct mls_suite *s,
    const struct cast_role *role, struct mls_leaf leaf);

#endif
