/*
 * ratchet - one ratchet of one sender, section 9.1: a secret that steps from
 * generation to generation, and the keys that it has stepped over.
 */
#ifndef MLS_RATCHET_H
#define MLS_RATCHET_H

#include "mls/secret_tree.h"

/* A key that was stepped over. */
struct mls_skipped_key {
	uint64_t since_s;
	uint32_t generation;
	uint8_t key[AEAD_MAX_KEY_LEN];
	uint8_t nonce[AEAD_NONCE_LEN];
};

struct mls_ratchet_state {
	uint64_t generation; /* the next one; 2^32 when exhausted */
	uint8_t secret[MLS_MAX_HASH_LEN];
	struct mls_skipped_key *skipped; /* oldest first */
	size_t n, cap;
};

/* Begins a ratchet at generation 0 with MLS_MAX_HASH_LEN bytes, of which the
 * suite's hash length counts. */
void mls_ratchet_init(struct mls_ratchet_state *r, const uint8_t *secret);

/* Wipes and releases. */
void mls_ratchet_wipe(struct mls_ratchet_state *r);

/* Completes *out, which says which generation. Fails with
 * GENERATION_WAS_USED_BEFORE or GENERATION_IS_TOO_FAR_AHEAD. */
MUST_USE enum mls_result mls_ratchet_key(const struct mls_suite *s,
    const struct mls_ratchet_state *r, struct mls_message_key *out);

/* Deletes a key that the function above gave, as mls_secret_tree_use says. */
MUST_USE enum mls_result mls_ratchet_use(const struct mls_suite *s,
    struct mls_ratchet_state *r, const struct mls_message_key *key,
    uint64_t now_s);

/* To bytes and back, with secrets of hash_len bytes. Decoding returns false,
 * *r then still to be wiped, when they are damaged. */
void mls_ratchet_encode(
    const struct mls_ratchet_state *r, size_t hash_len, struct wr *w);
bool mls_ratchet_decode(
    struct rd *in, size_t hash_len, struct mls_ratchet_state *r);

#endif
