/*
 * secret_tree - the keys of messages, section 9.
 *
 * Every leaf has two ratchets, one for handshake and one for application
 * messages. They grow out of encryption_secret by a tree of secrets, which
 * is opened lazily: a leaf that never speaks costs nothing. A secret is wiped
 * as soon as what follows from it is known (section 9.2): a node when its
 * children are, a ratchet's when it steps, a key when it was used. Keys that
 * were stepped over are kept for late messages, bounded in number and age.
 *
 * Asking for a key changes nothing; only mls_secret_tree_use does, and it is
 * called when the message has proven to be what it says. So a forged message
 * costs no key.
 */
#ifndef MLS_SECRET_TREE_H
#define MLS_SECRET_TREE_H

#include "mls/suite.h"

#define MLS_MAX_AHEAD      4096 /* generations that a message may skip */
#define MLS_MAX_SKIPPED    1024 /* keys kept for one ratchet */
#define MLS_SKIPPED_AGE_S  (7 * 24 * 3600) /* and for how long */

enum mls_ratchet { MLS_RATCHET_HANDSHAKE, MLS_RATCHET_APPLICATION };

/* The key of one message; secret, wiped with bytes_wipe. */
struct mls_message_key {
	struct mls_leaf leaf;
	enum mls_ratchet ratchet;
	uint32_t generation;
	uint8_t key[AEAD_MAX_KEY_LEN];
	uint8_t nonce[AEAD_NONCE_LEN];
	/* What mls_secret_tree_use would have to compute again: the ratchet's
	 * secret after this generation, if this is the next one. */
	bool is_next;
	uint8_t after[MLS_MAX_HASH_LEN];
};

struct mls_secret_tree;

/*
 * Returns a tree for this many leaves (a power of two) with encryption_secret
 * at its root, or NULL for want of memory.
 */
struct mls_secret_tree *mls_secret_tree_new(const struct mls_suite *s,
    uint32_t leaves, const uint8_t *encryption_secret);

/* Wipes and frees; NULL is fine. */
void mls_secret_tree_free(struct mls_secret_tree *t);

/*
 * Computes the key of a generation. Fails with SENDER_IS_NOT_A_MEMBER for a
 * leaf outside the tree, GENERATION_WAS_USED_BEFORE when its key is deleted,
 * GENERATION_IS_TOO_FAR_AHEAD.
 */
MUST_USE enum mls_result mls_secret_tree_key(const struct mls_secret_tree *t,
    struct mls_leaf leaf, enum mls_ratchet ratchet, uint32_t generation,
    struct mls_message_key *out);

/* The same for the next generation, to send. Fails with A_LIMIT_WAS_REACHED
 * when there is none. */
MUST_USE enum mls_result mls_secret_tree_next(const struct mls_secret_tree *t,
    struct mls_leaf leaf, enum mls_ratchet ratchet,
    struct mls_message_key *out);

/*
 * Deletes the key that one of the two above gave, and all from which it could
 * be computed; skipped ones are kept, those that are too old at now_s
 * (seconds since 1970) forgotten. On failure (OUT_OF_MEMORY) nothing changes.
 */
MUST_USE enum mls_result mls_secret_tree_use(struct mls_secret_tree *t,
    const struct mls_message_key *key, uint64_t now_s);

/* State to bytes and back; decoding fails with SAVED_STATE_IS_DAMAGED. */
void mls_secret_tree_encode(const struct mls_secret_tree *t, struct wr *w);
MUST_USE enum mls_result mls_secret_tree_decode(const struct mls_suite *s,
    struct rd *r, struct mls_secret_tree **out);

#endif
