/* 12.4.1: commits by a member; and what becomes of a staged one. */
#include "mls/choice.h"
#include "mls/draft.h"
#include "mls/send.h"

#include <string.h>

/* The new leaf of the committer says what the old one said, unless an update
 * says otherwise. */
static enum mls_result
make_path(struct mls_draft *d)
{
	const struct mls_wanted *update = mls_group_wanted_update(d->g);
	struct mls_leaf_content content = { .source = MLS_LEAF_COMMIT };
	struct mls_leaf_node old;
	struct wr kept = wr_new();
	struct rd r;
	enum mls_result err;

	/* A copy: the leaf is replaced while its contents are still read. */
	wr_put(&kept, mls_tree_leaf(d->st->layer, d->st->keys.me)->encoded);
	TRY(mls_result_of(wr_done(&kept)));
	r = rd_init(wr_bytes(&kept));
	mls_leaf_node_decode(&r, &old);
	TRY(mls_result_of(rd_end(&r)));
	content.credential = old.credential;
	content.capabilities = old.capabilities;
	content.extensions = old.extensions;
	if (update != NULL && update->has_identity) {
		r = rd_init(wr_bytes(&update->credential));
		mls_credential_decode(&r, &content.credential);
		d->st->signer = update->signer;
	}
	TRY(mls_draft_path(d, &content));
out:
	wr_free(&kept);
	return err;
}

enum mls_result
mls_group_commit(struct mls_group *g, const struct mls_commit_options *options,
    struct wr *commit, struct wr *welcome)
{
	static const struct mls_commit_options no_options;
	const struct mls_commit_options *o =
	    options == NULL ? &no_options : options;
	struct mls_sender us = { MLS_SENDER_MEMBER, g->keys.me.i };
	struct mls_draft_end end = {
		.authenticated_data = o->authenticated_data,
		.wire_format = mls_send_format(g),
		.signer = mls_own_signer_get(&g->signer),
		.init = g->now.secrets.init,
	};
	struct mls_draft d = { .st = NULL };
	size_t n = 0;
	enum mls_result err;

	TRY(mls_group_status(g));
	NEED(g->staged == NULL, MLS_A_COMMIT_IS_PENDING);
	TRY(mls_draft_begin(&d, g, &us));
	TRY(mls_choice_make(g, o->skip_proposals, &d.st->proposals, &n));
	TRY(mls_draft_apply(&d, n));
	if (d.st->list.needs_path || mls_group_wanted_update(g) != NULL ||
	    (!o->omit_path && d.st->list.reinit == NULL))
		TRY(make_path(&d));
	TRY(mls_draft_finish(&d, &end));
	if (d.st->list.n_added != 0)
		TRY(mls_draft_welcome(&d, o->tree_beside, welcome));
	mls_staged_settle(d.st);
	TRY(mls_send(g, &d.st->content, commit));
	g->staged = d.st;
	d.st = NULL;
out:
	mls_draft_wipe(&d);
	return err;
}

/* The current epoch becomes the newest of the past ones. */
static void
retire_epoch(struct mls_group *g, struct mls_past *past)
{
	if (g->n_past == MLS_PAST_EPOCHS)
		mls_past_wipe(&g->past[--g->n_past]);
	memmove(g->past + 1, g->past, g->n_past * sizeof g->past[0]);
	g->past[0] = *past;
	g->past[0].epoch = g->now;
	mls_epoch_retire(&g->past[0].epoch);
	g->n_past++;
	bytes_wipe(&g->now, sizeof g->now);
	*past = (struct mls_past){ 0 };
}

/* We are out: nothing of the group's secrets is needed any more. */
static void
leave(struct mls_group *g)
{
	struct mls_secrets *s = &g->now.secrets;

	g->is_removed = true;
	bytes_wipe(s, sizeof *s);
	mls_secret_tree_free(g->now.keys);
	g->now.keys = NULL;
	mls_treekem_keys_wipe(&g->keys);
	bytes_wipe(&g->signer, sizeof g->signer);
	mls_group_forget_resumption(g);
	while (g->n_past > 0)
		mls_past_wipe(&g->past[--g->n_past]);
}

enum mls_result
mls_group_merge(struct mls_group *g)
{
	struct mls_staged *st = g->staged;

	if (st == NULL)
		return MLS_NO_COMMIT_IS_PENDING;
	g->staged = NULL;
	if (st->list.removes_us) {
		leave(g);
	} else {
		if (g->is_joining)
			mls_epoch_wipe(&g->now);
		else
			retire_epoch(g, &st->past);
		g->reinit = st->reinit;
		st->reinit = wr_new();
		g->now = st->next;
		st->next = (struct mls_epoch){ .keys = NULL };
		mls_tree_merge(st->layer);
		st->layer = NULL;
		g->keys = st->keys;
		g->signer = st->signer;
		g->is_joining = false;
		g->origin.usage = 0;
		bytes_wipe(g->origin_psk, sizeof g->origin_psk);
		mls_group_keep_resumption(g);
	}
	mls_staged_free(st);
	mls_group_forget_known(g);
	mls_group_forget_changes(g);
	return MLS_OK;
}

enum mls_result
mls_group_drop(struct mls_group *g)
{
	if (g->staged == NULL)
		return MLS_NO_COMMIT_IS_PENDING;
	mls_staged_free(g->staged);
	g->staged = NULL;
	return MLS_OK;
}

bool
mls_group_staged_proposal(
    const struct mls_group *g, size_t i, struct mls_staged_proposal *out)
{
	const struct mls_staged *st = g->staged;

	if (st == NULL || i >= st->list.n)
		return false;
	out->sender = st->list.items[i].sender;
	out->proposal = mls_listed_proposal(&st->list.items[i]);
	return true;
}
