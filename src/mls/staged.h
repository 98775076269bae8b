/*
 * staged - what a commit would make of the group, beside the group.
 */
#ifndef MLS_STAGED_H
#define MLS_STAGED_H

#include "mls/group.h"
#include "mls/proposal_list.h"

struct mls_staged {
	struct wr proposals;        /* of our own commit: what list views */
	struct wr encoded;          /* AuthenticatedContent of the commit */
	struct mls_content content; /* views into it */
	struct mls_proposal_list list;
	struct mls_tree *layer;
	struct mls_epoch next;
	struct mls_treekem_keys keys;
	struct mls_own_signer signer;
	struct wr reinit;     /* encoded proposal, if that is what it is */
	struct mls_past past; /* leaves only: what now will be */
};

/* Starts from a group: an empty layer, our keys as they are. NULL for want of
 * memory. */
struct mls_staged *mls_staged_new(struct mls_group *g);

/* Wipes and frees; NULL is fine. */
void mls_staged_free(struct mls_staged *st);

/*
 * Applies the proposals of a commit: resolve, classify, check and apply of
 * proposal_list.h. Our keys of blanked nodes are forgotten, and an update of
 * ours that is committed becomes true.
 */
MUST_USE enum mls_result mls_staged_apply(struct mls_staged *st,
    const struct mls_group *g, const struct mls_commit *commit,
    const struct mls_sender *committer);

/* The context of the next epoch: the tree as it is in the layer, and the
 * confirmed transcript hash as it was (12.4.1, provisional), or the new one. */
MUST_USE enum mls_result mls_staged_context(const struct mls_staged *st,
    const struct mls_group *g, struct bytes confirmed_hash, struct wr *out);

/*
 * The last part of 12.4.1 and 12.4.2: the transcript with the commit, whose
 * ConfirmedTranscriptHashInput is given, the key schedule, the tag. init is
 * the init secret that the list asks for.
 */
struct mls_staged_secrets {
	const uint8_t *init;
	const uint8_t *commit;
	const uint8_t *psk;
};
MUST_USE enum mls_result mls_staged_advance(struct mls_staged *st,
    const struct mls_group *g, const struct mls_staged_secrets *s,
    struct bytes before_tag);

/* Notes what must be known after a merge: the leaves that the layer changes,
 * for late messages, and an announced re-init. */
MUST_USE enum mls_result mls_staged_note(struct mls_staged *st);

/* Wipes the secrets that only new members need. */
void mls_staged_settle(struct mls_staged *st);

/* Appends the GroupInfo of an epoch, without a head. */
MUST_USE enum mls_result mls_staged_group_info(const struct mls_tree *t,
    const struct mls_epoch *e, struct mls_leaf signer_leaf,
    const struct mls_own_signer *signer,
    const struct mls_group_info_options *options, struct wr *out);

#endif
