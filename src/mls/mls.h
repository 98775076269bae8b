/*
 * mls - conversations end to end encrypted by RFC 9420.
 *
 * A client makes key packages, and keeps their secret halves in bundles. A
 * group is created, or joined with a bundle and a Welcome, or joined from
 * outside with a GroupInfo. A member asks for changes (mls_group_add and its
 * kin), commits them, and gives the commit to the delivery service; when that
 * has accepted it, the member merges it, else drops it. Everybody else
 * processes the commit, looks at it, and merges it. In between, members
 * protect and unprotect messages. docs/MLS.md shows three people doing so.
 *
 * Nothing here reads a clock, makes randomness or touches a file: both come
 * through struct env, and all bytes are the caller's. Every call ends with an
 * enum mls_result; whatever is not MLS_OK has changed nothing, except that an
 * output writer may hold the beginning of a message (it is not to be used).
 * A message that was refused can be told from every other by its result.
 *
 * Confidentiality of the default suite is post-quantum; authentication is
 * not. Messages are signed: they can be shown to others.
 */
#ifndef MLS_MLS_H
#define MLS_MLS_H

#include "base/env.h"
#include "base/wr.h"
#include "mls/framing.h"
#include "mls/psk.h"

/* ---- The client ---- */

/* A credential that wants to be believed, section 5.3.1. */
enum mls_claim_reason {
	MLS_CLAIM_IS_MEMBER,   /* was in the group that we join */
	MLS_CLAIM_JOINS,       /* is added, or joins from outside */
	MLS_CLAIM_UPDATES,     /* replaces the one in before */
	MLS_CLAIM_IS_EXTERNAL, /* is an external sender of the group */
};
struct mls_claim {
	enum mls_claim_reason reason;
	struct mls_credential credential;
	struct bytes signature_key;
	const struct mls_credential *before; /* of UPDATES, else NULL */
};

/* The application's authentication service: returns whether the claim is
 * accepted. Must answer at once and must not call back into the group. */
typedef bool mls_authenticate_fn(void *ctx, const struct mls_claim *claim);

/*
 * Finds a pre-shared key: appends it to out and returns true, or returns
 * false. Asked for external keys, and for resumption keys of other groups
 * (mls_group_resumption_psk gives those).
 */
typedef bool mls_find_psk_fn(
    void *ctx, const struct mls_psk_id *id, struct wr *out);

enum mls_lifetime_policy {
	MLS_LIFETIME_CHECK,          /* of every key package in a proposal */
	MLS_LIFETIME_CHECK_OUR_ADDS, /* only when it is us who add it */
};

/*
 * What all groups of a client share. It is borrowed: it, and what it points
 * to, outlives every group and bundle made with it.
 */
struct mls_client {
	const struct env *env;
	mls_authenticate_fn *authenticate;
	mls_find_psk_fn *find_psk; /* may be NULL */
	void *ctx;                 /* of the two callbacks */
	/* Another number of the hybrid suite, or 0; see suite.h. */
	uint16_t suite_alias;
	/* How commits and proposals travel: PRIVATE if zero. */
	enum mls_wire_format handshakes;
	enum mls_lifetime_policy lifetimes;
	/* 7.2: the longest lifetime of a key package that is accepted, in
	 * seconds; 0: any. */
	uint64_t max_lifetime_s;
	/* The most members of a group that we join, each of whom costs the
	 * check of a signature; 0: MLS_MAX_LEAVES. */
	uint32_t max_members;
};

/* Accepts every claim: for tests, and for applications that ask later. */
bool mls_accept_anyone(void *ctx, const struct mls_claim *claim);

/* Accepts every newcomer, and that members stay who they are: what replaces a
 * credential must equal it. */
bool mls_accept_newcomers(void *ctx, const struct mls_claim *claim);

/* Who we are in one group or key package; borrowed bytes. */
struct mls_identity {
	struct mls_credential credential;
	struct mls_signer signer;
};

/* Makes a signature key pair for a suite: secret gets MLS_MAX_SIG_SECRET
 * bytes, public up to MLS_MAX_SIG_PUBLIC, *public_len how many. */
MUST_USE enum mls_result mls_signature_key_new(const struct mls_client *c,
    uint16_t suite, uint8_t secret[MLS_MAX_SIG_SECRET],
    uint8_t public[MLS_MAX_SIG_PUBLIC], size_t *public_len);

/* ---- Key packages ---- */

/* A key package with its secrets: opaque, freed by its owner. */
struct mls_bundle;

/* How long key packages last unless told otherwise, and by how much clocks may
 * differ at their beginning. */
#define MLS_DEFAULT_LIFETIME_S (84 * 24 * 3600)
#define MLS_CLOCK_SLACK_S      3600

struct mls_bundle_options {
	uint16_t suite;
	struct mls_identity identity;
	uint64_t lifetime_s; /* 0: MLS_DEFAULT_LIFETIME_S */
	const struct mls_capabilities *capabilities; /* NULL: what we can */
	struct bytes leaf_extensions;        /* lists, see extension.h */
	struct bytes key_package_extensions;
};

/* Makes a fresh key package. */
MUST_USE enum mls_result mls_bundle_new(const struct mls_client *c,
    const struct mls_bundle_options *options, struct mls_bundle **out);

/* Takes up a key package made elsewhere. Fails with KEY_IS_UNUSABLE when a
 * secret does not belong to it. */
struct mls_bundle_secrets {
	struct bytes init, encryption, signature;
};
MUST_USE enum mls_result mls_bundle_import(const struct mls_client *c,
    struct bytes key_package, const struct mls_bundle_secrets *secrets,
    struct mls_bundle **out);

/* The public half, an MLSMessage, to be published; lives with the bundle. */
struct bytes mls_bundle_public(const struct mls_bundle *b);

/* The other half of a bundle for other programs, borrowed. */
struct mls_bundle_secrets mls_bundle_reveal(const struct mls_bundle *b);

/* To bytes (secret ones), and back. */
void mls_bundle_save(const struct mls_bundle *b, struct wr *out);
MUST_USE enum mls_result mls_bundle_load(const struct mls_client *c,
    struct bytes saved, struct mls_bundle **out);

/* Wipes and frees; NULL is fine. */
void mls_bundle_free(struct mls_bundle *b);

/* ---- Beginning ---- */

struct mls_group;

struct mls_group_options {
	uint16_t suite;
	struct bytes group_id; /* empty: 16 random bytes */
	struct mls_identity identity;
	struct bytes extensions; /* of the group, a list */
	const struct mls_capabilities *capabilities; /* NULL: what we can */
	struct bytes leaf_extensions;
};

/* Section 11: creates a group with one member, in epoch 0. */
MUST_USE enum mls_result mls_group_create(const struct mls_client *c,
    const struct mls_group_options *options, struct mls_group **out);

/*
 * 12.4.3.1: joins with a Welcome. tree is the ratchet tree if it comes beside
 * it, else empty; from is the old group after a re-init or for a branch, else
 * NULL: a Welcome that does not name it is REINIT_DOES_NOT_MATCH. The bundle
 * should be freed then, unless it is one of last resort.
 */
struct mls_join {
	const struct mls_bundle *bundle;
	struct bytes welcome;
	struct bytes tree;
	const struct mls_group *from;
};
MUST_USE enum mls_result mls_group_join(const struct mls_client *c,
    const struct mls_join *join, struct mls_group **out);

/*
 * 12.4.3.2: joins from outside with a GroupInfo. The commit that everybody
 * else must process is appended to commit; the new group waits for
 * mls_group_merge, and is only to be freed if the commit was not accepted.
 */
struct mls_external_join {
	struct bytes group_info;
	struct bytes tree; /* if it is not in the GroupInfo */
	struct mls_identity identity;
	const struct mls_leaf *replaces; /* an old self of ours, or NULL */
	const struct mls_psk_id *psks;   /* nonces are filled in */
	size_t psk_count;
	const struct mls_capabilities *capabilities;
	struct bytes leaf_extensions;
};
MUST_USE enum mls_result mls_group_join_external(const struct mls_client *c,
    const struct mls_external_join *join, struct wr *commit,
    struct mls_group **out);

/* 11.2, 11.3: creates the group that a re-init announced (suite, group_id and
 * extensions are those of the announcement), or a branch of one that goes on.
 * Its first commit, to which members are added first, names the old one. */
MUST_USE enum mls_result mls_group_create_successor(
    const struct mls_group *old, const struct mls_identity *identity,
    struct mls_group **out);
MUST_USE enum mls_result mls_group_create_branch(const struct mls_group *old,
    const struct mls_group_options *options, struct mls_group **out);

/* Wipes and frees; NULL is fine. */
void mls_group_free(struct mls_group *g);

/* ---- Changing the group ---- */

/*
 * Each asks for one change, which waits for mls_group_commit (to be made by
 * us) or mls_group_propose (to be made by somebody else). Checked at once, as
 * far as one change by itself can be.
 */
MUST_USE enum mls_result mls_group_add(
    struct mls_group *g, struct bytes key_package);
MUST_USE enum mls_result mls_group_remove(
    struct mls_group *g, struct mls_leaf leaf);
/* New keys for our leaf; who may be NULL, or who we are from now on. */
MUST_USE enum mls_result mls_group_update(
    struct mls_group *g, const struct mls_identity *who);
/* The nonce of id is filled in. */
MUST_USE enum mls_result mls_group_use_psk(
    struct mls_group *g, const struct mls_psk_id *id);
MUST_USE enum mls_result mls_group_set_extensions(
    struct mls_group *g, struct bytes list);
MUST_USE enum mls_result mls_group_reinit(
    struct mls_group *g, const struct mls_reinit *next);

/* Forgets what was asked for and not yet committed or proposed. */
void mls_group_forget_changes(struct mls_group *g);

/* Appends the oldest change that was asked for as a Proposal message, for
 * anyone to commit. Fails with ARGUMENT_IS_OUT_OF_RANGE when there is none. */
MUST_USE enum mls_result mls_group_propose(
    struct mls_group *g, struct wr *out);

/*
 * 12.4.1: commits what we have asked for and all proposals that were
 * received, but for those that cannot be committed (mls_group_staged_proposal
 * tells which are), and stages the result. The commit is appended to commit;
 * the Welcome for whom it adds, if any, to welcome. Own new keys come with it
 * whenever the RFC wants a path, and otherwise as options say.
 */
struct mls_commit_options {
	bool omit_path;      /* when it may be */
	bool tree_beside;    /* leave the tree out of the Welcome */
	bool skip_proposals; /* commit only what we have asked for */
	struct bytes authenticated_data;
};
MUST_USE enum mls_result mls_group_commit(struct mls_group *g,
    const struct mls_commit_options *options, struct wr *commit,
    struct wr *welcome);

/* The staged commit, ours or one that was processed, becomes the group's
 * state. Proposals, and changes that were asked for, end with their epoch.
 * Fails with NO_COMMIT_IS_PENDING. */
MUST_USE enum mls_result mls_group_merge(struct mls_group *g);

/* The staged commit is forgotten, as if it had never been. */
MUST_USE enum mls_result mls_group_drop(struct mls_group *g);

/*
 * 12.1.8: a proposal by somebody who is not in the group, as PublicMessage:
 * an external sender that the group's extensions name, or a client that asks
 * to be added (then proposal is an Add of its own key package).
 */
struct mls_outsider {
	uint16_t suite;
	struct bytes group_id;
	uint64_t epoch;
	struct mls_sender sender; /* EXTERNAL or NEW_MEMBER_PROPOSAL */
	struct mls_signer signer;
};
MUST_USE enum mls_result mls_propose_from_outside(const struct mls_client *c,
    const struct mls_outsider *who, struct bytes proposal, struct wr *out);

/* ---- Messages ---- */

enum mls_event_kind {
	MLS_EVENT_APPLICATION, /* data was said */
	MLS_EVENT_PROPOSAL,    /* a proposal was kept for the next commit */
	MLS_EVENT_COMMIT,      /* a commit is staged: merge or drop it */
};
struct mls_event {
	enum mls_event_kind kind;
	struct mls_sender sender;
	uint64_t epoch;
	uint32_t generation; /* of APPLICATION, for finding losses */
	struct bytes authenticated_data;
	struct bytes data; /* of APPLICATION */
	const struct mls_proposal *proposal; /* of PROPOSAL; until a merge */
	bool removes_us;   /* of COMMIT */
};

/* Encrypts data for the group as an MLSMessage. Fails with
 * PROPOSALS_ARE_WAITING (12.4: they are to be committed first). */
MUST_USE enum mls_result mls_group_protect(struct mls_group *g,
    struct bytes authenticated_data, struct bytes data, struct wr *out);

/*
 * Opens an application message of this epoch or a recent one. event views
 * into buf, a growing writer that gets what is decrypted (and is emptied when
 * the message is refused), and into message.
 */
MUST_USE enum mls_result mls_group_unprotect(struct mls_group *g,
    struct bytes message, struct wr *buf, struct mls_event *event);

/* Takes any message of the group: application data as above, a proposal, a
 * commit. Our own come back as SENDER_IS_OURSELVES. */
MUST_USE enum mls_result mls_group_process(struct mls_group *g,
    struct bytes message, struct wr *buf, struct mls_event *event);

/* A proposal as it stands in a staged commit; i counts from 0. Returns false
 * after the last. Valid until merge or drop. */
struct mls_staged_proposal {
	struct mls_sender sender;
	const struct mls_proposal *proposal;
};
bool mls_group_staged_proposal(
    const struct mls_group *g, size_t i, struct mls_staged_proposal *out);

/* ---- Looking at it ---- */

struct bytes mls_group_id(const struct mls_group *g);
uint64_t mls_group_epoch(const struct mls_group *g);
uint16_t mls_group_suite(const struct mls_group *g);
struct bytes mls_group_extensions(const struct mls_group *g);
struct mls_leaf mls_group_me(const struct mls_group *g);
uint32_t mls_group_members(const struct mls_group *g);

/* What may be done with the group: MLS_OK, or why not (WE_WERE_REMOVED,
 * GROUP_IS_CLOSED, WE_ARE_NOT_A_MEMBER_YET). */
MUST_USE enum mls_result mls_group_status(const struct mls_group *g);

/* Returns a member's leaf, or NULL when it is blank. */
const struct mls_leaf_node *mls_group_member(
    const struct mls_group *g, struct mls_leaf leaf);

/* Moves *leaf to the first member at or after it; false at the end. */
bool mls_group_next_member(const struct mls_group *g, struct mls_leaf *leaf);

/* 8.7: equal for all who are in the same state. Valid until a merge. */
struct bytes mls_group_authenticator(const struct mls_group *g);

/* 8.5: a secret for the application, bound to label, context and epoch. */
MUST_USE enum mls_result mls_group_export(const struct mls_group *g,
    const char *label, struct bytes context, uint8_t *out, size_t len);

/* 8.6: appends the resumption secret of this epoch, or of one of the last
 * MLS_RESUMPTION_EPOCHS. Fails with PSK_IS_UNKNOWN. */
MUST_USE enum mls_result mls_group_resumption_psk(
    const struct mls_group *g, uint64_t epoch, struct wr *out);

/* 12.4.3: appends a GroupInfo that lets others join from outside. */
struct mls_group_info_options {
	bool tree_beside; /* leave the tree out */
	bool no_external; /* leave external_pub out */
};
MUST_USE enum mls_result mls_group_info(const struct mls_group *g,
    const struct mls_group_info_options *options, struct wr *out);

/* Appends the ratchet tree, for those who get it beside. */
MUST_USE enum mls_result mls_group_tree(
    const struct mls_group *g, struct wr *out);

/* ---- Keeping it ---- */

/* All of a group as bytes, staged commit and all; secret. Whatever has been
 * deleted is not in them. */
MUST_USE enum mls_result mls_group_save(
    const struct mls_group *g, struct wr *out);
MUST_USE enum mls_result mls_group_load(const struct mls_client *c,
    struct bytes saved, struct mls_group **out);

#endif
