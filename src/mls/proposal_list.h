/*
 * proposal_list - the proposals of one commit, sections 12.2 and 12.3.
 *
 * The same steps for the committer and for everybody else: resolve the list,
 * check it, apply it to a layer of the tree.
 */
#ifndef MLS_PROPOSAL_LIST_H
#define MLS_PROPOSAL_LIST_H

#include "mls/group.h"

struct mls_listed {
	struct mls_sender sender;
	const struct mls_known_proposal *known; /* by reference, or NULL */
	struct mls_proposal value;              /* by value */
};

struct mls_proposal_list {
	struct mls_listed *items;
	size_t n;
	struct mls_sender committer;
	bool needs_path;
	bool removes_us;
	size_t psk_count;
	struct bytes extensions;             /* of the new epoch */
	bool has_new_extensions;
	const struct mls_reinit *reinit;     /* or NULL */
	struct bytes external_init;          /* kem_output, or empty */
	const struct mls_leaf *resync;       /* removed by its own self */
	const struct mls_own_update *update; /* of ours, now true; or NULL */
	/* The leaves that are added, ascending, and which items added them. */
	struct mls_leaf *added;
	size_t *added_by;
	size_t n_added;
};

/* Returns the proposal of an item. */
const struct mls_proposal *mls_listed_proposal(const struct mls_listed *i);

/*
 * Looks up the references and collects the list; *l is then to be freed, also
 * after a failure. It views into the commit and g's known proposals. Fails
 * with PROPOSAL_IS_UNKNOWN or LEAF_IS_CHANGED_TWICE (a repeated reference).
 */
MUST_USE enum mls_result mls_proposal_list_resolve(
    struct mls_proposal_list *l, const struct mls_group *g,
    const struct mls_commit *commit, const struct mls_sender *committer);

/* 12.2, as far as types and leaves tell: what may stand beside what, and what
 * the list as a whole means. Fills in the rest of *l but added. */
MUST_USE enum mls_result mls_proposal_list_classify(
    struct mls_proposal_list *l, const struct mls_group *g);

/* 12.1 for every proposal of a list that was classified. */
MUST_USE enum mls_result mls_proposal_list_check(
    const struct mls_proposal_list *l, const struct mls_group *g);

/* 12.3, with the rest of 12.2: applies the list to a layer of g's tree. */
MUST_USE enum mls_result mls_proposal_list_apply(
    struct mls_proposal_list *l, const struct mls_group *g,
    struct mls_tree *layer);

/* The last of 12.2, when the path is in the layer too: every member supports
 * the credential types in use, and new extensions if there are any. */
MUST_USE enum mls_result mls_proposal_list_check_tree(
    const struct mls_proposal_list *l, const struct mls_tree *layer);

/* 8.4: the psk_secret of the list. */
MUST_USE enum mls_result mls_proposal_list_psk_secret(
    const struct mls_proposal_list *l, const struct mls_group *g,
    uint8_t *out);

/* Appends the list's PreSharedKeyIDs, for a Welcome. */
void mls_proposal_list_put_psks(
    const struct mls_proposal_list *l, struct wr *w);

void mls_proposal_list_free(struct mls_proposal_list *l);

#endif
