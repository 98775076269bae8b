/*
 * draft - a commit in the making, section 12.4.1, by a member or from
 * outside. The steps are called in this order; whatever fails, the group is
 * as it was, and mls_draft_wipe ends it.
 */
#ifndef MLS_DRAFT_H
#define MLS_DRAFT_H

#include "mls/staged.h"

struct mls_draft {
	struct mls_group *g;
	struct mls_staged *st; /* taken by the group at the end */
	struct mls_sender sender;
	bool has_path;
	struct mls_treekem_path path; /* of has_path */
	struct wr update_path;        /* encoded */
};

/* Starts; fails with OUT_OF_MEMORY. */
MUST_USE enum mls_result mls_draft_begin(struct mls_draft *d,
    struct mls_group *g, const struct mls_sender *sender);

/* Applies the proposals that are encoded in d->st->proposals, n of them. */
MUST_USE enum mls_result mls_draft_apply(struct mls_draft *d, size_t n);

/* Makes the path of the leaf d->st->keys.me, which says content, signed by
 * d->st->signer. */
MUST_USE enum mls_result mls_draft_path(
    struct mls_draft *d, const struct mls_leaf_content *content);

/* Signs, and advances the key schedule from an init secret. */
struct mls_draft_end {
	struct bytes authenticated_data;
	enum mls_wire_format wire_format;
	struct mls_signer signer;
	const uint8_t *init;
};
MUST_USE enum mls_result mls_draft_finish(
    struct mls_draft *d, const struct mls_draft_end *end);

/* 12.4.3.1: appends the Welcome for all that the draft adds, as MLSMessage. */
MUST_USE enum mls_result mls_draft_welcome(
    const struct mls_draft *d, bool tree_beside, struct wr *out);

/* Wipes what is left. */
void mls_draft_wipe(struct mls_draft *d);

#endif
