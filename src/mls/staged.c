#include "mls/staged.h"
#include "mls/tree_hash.h"
#include "mls/welcome.h"

#include <stdlib.h>
#include <string.h>

struct mls_staged *
mls_staged_new(struct mls_group *g)
{
	struct mls_staged *st;

	if (mls_group_reserve_resumption(g) != MLS_OK)
		return NULL;
	st = calloc(1, sizeof *st);
	if (st == NULL)
		return NULL;
	st->encoded = wr_new();
	st->proposals = wr_new();
	st->reinit = wr_new();
	st->layer = mls_tree_layer(g->tree);
	st->keys = g->keys;
	st->signer = g->signer;
	if (st->layer == NULL) {
		mls_staged_free(st);
		return NULL;
	}
	return st;
}

void
mls_staged_free(struct mls_staged *st)
{
	if (st == NULL)
		return;
	mls_proposal_list_free(&st->list);
	mls_tree_free(st->layer);
	mls_epoch_wipe(&st->next);
	mls_past_wipe(&st->past);
	wr_free(&st->encoded);
	wr_free(&st->proposals);
	wr_free(&st->reinit);
	bytes_wipe(st, sizeof *st);
	free(st);
}

enum mls_result
mls_staged_apply(struct mls_staged *st, const struct mls_group *g,
    const struct mls_commit *commit, const struct mls_sender *committer)
{
	const struct mls_own_update *own;
	enum mls_result err;

	TRY(mls_proposal_list_resolve(&st->list, g, commit, committer));
	TRY(mls_proposal_list_classify(&st->list, g));
	TRY(mls_proposal_list_check(&st->list, g));
	TRY(mls_proposal_list_apply(&st->list, g, st->layer));
	own = st->list.update;
	if (own != NULL) {
		memcpy(st->keys.secret[0], own->leaf_secret,
		    sizeof st->keys.secret[0]);
		st->signer = own->signer;
	}
	mls_treekem_keys_prune(&st->keys, st->layer);
out:
	return err;
}

enum mls_result
mls_staged_context(const struct mls_staged *st, const struct mls_group *g,
    struct bytes confirmed_hash, struct wr *out)
{
	uint8_t tree_hash[MLS_MAX_HASH_LEN];
	struct mls_group_context context = g->now.context;
	enum mls_result err;

	TRY(mls_tree_hash(st->layer, tree_hash));
	context.epoch++;
	context.tree_hash = (struct bytes){ tree_hash, g->suite.hash_len };
	context.confirmed_transcript_hash = confirmed_hash;
	context.extensions = st->list.extensions;
	mls_group_context_encode(out, &context);
	TRY(mls_result_of(wr_done(out)));
out:
	return err;
}

enum mls_result
mls_staged_advance(struct mls_staged *st, const struct mls_group *g,
    const struct mls_staged_secrets *s, struct bytes before_tag)
{
	uint8_t confirmed[MLS_MAX_HASH_LEN];
	struct mls_schedule_inputs in = { s->init, s->commit, s->psk,
		BYTES_NONE };
	struct mls_group_context context;
	struct wr encoded = wr_new();
	struct rd r;
	enum mls_result err;

	mls_transcript_confirmed(&g->suite,
	    mls_epoch_secret(&g->now, g->now.interim_hash), before_tag,
	    confirmed);
	TRY(mls_staged_context(
	    st, g, mls_epoch_secret(&g->now, confirmed), &encoded));
	r = rd_init(wr_bytes(&encoded));
	mls_group_context_decode(&r, &context);
	TRY(mls_result_of(rd_end(&r)));
	TRY(mls_epoch_init(&st->next, &g->suite, &context));
	in.context = wr_bytes(&st->next.encoded);
	TRY(mls_schedule_next(&g->suite, &in, &st->next.secrets));
	TRY(mls_epoch_confirm(&st->next));
	TRY(mls_epoch_begin(&st->next, mls_tree_size(st->layer)));
out:
	wr_free(&encoded);
	return err;
}

struct notes {
	struct mls_past *past;
	size_t cap;
};

static enum mls_result
note_leaf(void *ctx, struct mls_leaf leaf, const struct mls_leaf_node *before,
    const struct mls_leaf_node *after)
{
	struct notes *n = ctx;
	struct mls_past *p = n->past;
	size_t cap = n->cap == 0 ? 8 : 2 * n->cap;
	struct mls_former_leaf *more, *to;

	if (before != NULL && after != NULL &&
	    bytes_equal(before->signature_key, after->signature_key))
		return MLS_OK;
	if (p->n == n->cap) {
		more = realloc(p->leaves, cap * sizeof p->leaves[0]);
		if (more == NULL)
			return MLS_OUT_OF_MEMORY;
		p->leaves = more;
		n->cap = cap;
	}
	to = &p->leaves[p->n++];
	*to = (struct mls_former_leaf){ .leaf = leaf };
	if (before != NULL) {
		to->public_len = before->signature_key.n;
		memcpy(to->public, before->signature_key.p, to->public_len);
	}
	return MLS_OK;
}

enum mls_result
mls_staged_note(struct mls_staged *st)
{
	struct notes n = { &st->past, 0 };

	st->past.messages_left = MLS_LATE_MESSAGES;
	if (st->list.reinit != NULL)
		mls_proposal_put_reinit(&st->reinit, st->list.reinit);
	if (wr_done(&st->reinit) != ERR_OK)
		return mls_result_of(wr_done(&st->reinit));
	return mls_tree_changed(st->layer, note_leaf, &n);
}

void
mls_staged_settle(struct mls_staged *st)
{
	struct mls_secrets *s = &st->next.secrets;

	bytes_wipe(s->joiner, sizeof s->joiner);
	bytes_wipe(s->welcome, sizeof s->welcome);
}

/* The list of extensions of a GroupInfo, as contents. */
static enum mls_result
put_extensions(const struct mls_tree *t, const struct mls_epoch *e,
    const struct mls_group_info_options *options, struct wr *list)
{
	struct mls_key_pair pair;
	struct wr data = wr_new();
	enum mls_result err = MLS_OK;

	if (!options->tree_beside) {
		mls_tree_encode(t, &data);
		TRY(mls_result_of(wr_done(&data)));
		mls_extension_encode(
		    list, MLS_EXTENSION_RATCHET_TREE, wr_bytes(&data));
	}
	if (!options->no_external) {
		TRY(mls_suite_derive_key_pair(&e->suite,
		    mls_epoch_secret(e, e->secrets.external), &pair));
		wr_reset(&data);
		mls_wr_vec(
		    &data, (struct bytes){ pair.public, pair.public_len });
		mls_extension_encode(
		    list, MLS_EXTENSION_EXTERNAL_PUB, wr_bytes(&data));
	}
	TRY(mls_result_of(wr_done(list)));
out:
	bytes_wipe(&pair, sizeof pair);
	wr_free(&data);
	return err;
}

enum mls_result
mls_staged_group_info(const struct mls_tree *t, const struct mls_epoch *e,
    struct mls_leaf signer_leaf, const struct mls_own_signer *own,
    const struct mls_group_info_options *options, struct wr *out)
{
	struct mls_signer signer = mls_own_signer_get(own);
	struct wr list = wr_new();
	enum mls_result err;

	TRY(put_extensions(t, e, options, &list));
	TRY(mls_group_info_encode(
	    e, wr_bytes(&list), signer_leaf, &signer, out));
out:
	wr_free(&list);
	return err;
}
