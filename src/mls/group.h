/*
 * group - what a group is made of, for the files that mls.h is made of.
 *
 * The state of an epoch is never changed in place. What a commit would make
 * of it is built beside it, as a struct mls_staged over a layer of the tree;
 * merging moves the parts over and cannot fail, dropping frees them.
 */
#ifndef MLS_GROUP_H
#define MLS_GROUP_H

#include "mls/mls.h"
#include "mls/tree.h"
#include "mls/treekem.h"

#define MLS_PAST_EPOCHS       5    /* whose late messages can be read */
#define MLS_LATE_MESSAGES     1024 /* that each of them can give */
#define MLS_RESUMPTION_EPOCHS 256  /* whose resumption secrets are kept */
#define MLS_MAX_KNOWN         4096 /* proposals kept for the next commit */
#define MLS_MAX_WANTED        MLS_MAX_PROPOSALS

/* Our signature key, owned. */
struct mls_own_signer {
	uint8_t secret[MLS_MAX_SIG_SECRET];
	uint8_t public[MLS_MAX_SIG_PUBLIC];
	size_t public_len;
};

/* The secrets of an Update proposal of ours: what is true when it is
 * committed. */
struct mls_own_update {
	uint8_t leaf_secret[MLS_MAX_KEM_SECRET];
	struct mls_own_signer signer;
};

/* A proposal message that was sent or received in this epoch. */
struct mls_known_proposal {
	struct mls_known_proposal *next;
	uint8_t ref[MLS_MAX_HASH_LEN];
	struct wr encoded;          /* AuthenticatedContent, owned */
	struct mls_content content; /* views into it */
	struct mls_own_update *own; /* of an Update of ours, else NULL */
};

/* A change that was asked for: an encoded Proposal, or (for an update, which
 * becomes a path or a proposal only later) who we will be. */
struct mls_wanted {
	struct mls_wanted *next;
	bool is_update;
	struct wr proposal;
	bool has_identity;
	struct wr credential; /* encoded Credential */
	struct mls_own_signer signer;
};

/* A leaf as it was before a commit changed it. */
struct mls_former_leaf {
	struct mls_leaf leaf;
	uint8_t public[MLS_MAX_SIG_PUBLIC];
	size_t public_len; /* 0: it was blank */
};

/* A former epoch; leaves are those that the commit that ended it changed. */
struct mls_past {
	struct mls_epoch epoch; /* retired */
	struct mls_former_leaf *leaves;
	size_t n;
	uint32_t messages_left;
};

struct mls_resumption {
	uint64_t epoch;
	uint8_t psk[MLS_MAX_HASH_LEN];
};

struct mls_staged;

struct mls_group {
	const struct mls_client *client;
	struct mls_suite suite;
	struct mls_epoch now;
	struct mls_tree *tree;
	struct mls_treekem_keys keys;
	struct mls_own_signer signer;
	struct mls_known_proposal *known; /* oldest first */
	size_t n_known;
	struct mls_wanted *wanted, *wanted_last; /* oldest first */
	size_t n_wanted;
	struct mls_past past[MLS_PAST_EPOCHS]; /* newest first */
	size_t n_past;
	struct mls_resumption *resumption; /* oldest first */
	size_t n_resumption, cap_resumption;
	struct mls_staged *staged;
	/* The last commit announced a re-init: its encoded ReInit proposal;
	 * the group is closed. */
	struct wr reinit;
	bool is_removed;
	bool is_joining; /* our external commit is not merged yet */
	/* 11.2, 11.3: the group that this one continues, until its first
	 * commit; usage 0: none. */
	struct mls_psk_id origin;
	struct wr origin_id;
	uint8_t origin_psk[MLS_MAX_HASH_LEN];
	size_t origin_psk_len; /* of the old group's suite */
};

/* Allocates an empty group of a suite, or NULL. */
struct mls_group *mls_group_alloc(
    const struct mls_client *c, const struct mls_suite *s);

/* Copies a signing key after checking that both halves belong together.
 * Fails with KEY_IS_UNUSABLE. */
MUST_USE enum mls_result mls_own_signer_set(struct mls_own_signer *o,
    const struct mls_suite *s, const struct mls_signer *from);

/* Borrows it for signing. */
struct mls_signer mls_own_signer_get(const struct mls_own_signer *o);

/* Asks the application; fails with CREDENTIAL_IS_NOT_ACCEPTED. before is NULL
 * unless the leaf replaces one. */
MUST_USE enum mls_result mls_group_authenticate(const struct mls_client *c,
    enum mls_claim_reason reason, const struct mls_leaf_node *leaf,
    const struct mls_leaf_node *before);

/* Fails with LIFETIME_IS_OVER unless now lies in the leaf's lifetime, or with
 * LIFETIME_IS_TOO_LONG when that is longer than the client accepts. */
MUST_USE enum mls_result mls_group_check_lifetime(
    const struct mls_client *c, const struct mls_leaf_node *leaf);

/* The capabilities of this implementation, as views into buf. */
#define MLS_OWN_CAPABILITIES_LEN 32
struct mls_capabilities mls_own_capabilities(
    const struct mls_client *c, uint8_t buf[MLS_OWN_CAPABILITIES_LEN]);

/* Finds a pre-shared key: of this group's own epochs, of its origin, or by
 * asking the application; appends it to out. Fails with PSK_IS_UNKNOWN. */
MUST_USE enum mls_result mls_group_find_psk(const struct mls_group *g,
    const struct mls_psk_id *id, struct wr *out);

/* Makes room for the resumption secret of one more epoch, then keeps that of
 * the current one, forgetting the oldest when there are too many. */
MUST_USE enum mls_result mls_group_reserve_resumption(struct mls_group *g);
void mls_group_keep_resumption(struct mls_group *g);
void mls_group_forget_resumption(struct mls_group *g);

/*
 * The proposals of this epoch. mls_group_know takes k, which has its content
 * but not its ref; it fails with PROPOSAL_WAS_SEEN_BEFORE or
 * A_LIMIT_WAS_REACHED, k then still being the caller's.
 */
void mls_group_forget_known(struct mls_group *g);
void mls_group_free_known(struct mls_known_proposal *k);
struct mls_known_proposal *mls_group_new_known(struct bytes encoded);
MUST_USE enum mls_result mls_group_know(
    struct mls_group *g, struct mls_known_proposal *k);
const struct mls_known_proposal *mls_group_find_known(
    const struct mls_group *g, struct bytes ref);

/* The encoded Credential and keys of an update that was asked for, or NULL. */
const struct mls_wanted *mls_group_wanted_update(const struct mls_group *g);

/*
 * Checks one proposal by itself (12.1, and who may send what): used when one
 * arrives and when one is asked for. Fails with the result that says why.
 */
MUST_USE enum mls_result mls_group_check_proposal(const struct mls_group *g,
    const struct mls_sender *sender, const struct mls_proposal *p,
    struct bytes extensions);

/* The external sender of an index in a list of group extensions, 12.1.8.1.
 * Fails with SENDER_IS_NOT_ALLOWED. */
struct mls_external_sender {
	struct bytes signature_key;
	struct mls_credential credential;
};
MUST_USE enum mls_result mls_external_sender_find(struct bytes extensions,
    uint32_t index, struct mls_external_sender *out);

/* Returns whether the external_senders of a list, if any, parse. */
bool mls_external_senders_parse(struct bytes extensions);

/* Appends an empty change to what is asked for and returns it, or NULL. */
struct mls_wanted *mls_group_new_wanted(struct mls_group *g);

/* Wipes and frees one change that was asked for. */
void mls_group_free_wanted(struct mls_wanted *w);

/* Past epochs. */
void mls_past_wipe(struct mls_past *p);

/* The signature key of a leaf in a past epoch (index into g->past), or
 * BYTES_NONE if it was blank. */
struct bytes mls_past_signature_key(
    const struct mls_group *g, size_t past, struct mls_leaf leaf);

#endif
