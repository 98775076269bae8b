#include "mls/draft.h"
#include "mls/welcome.h"

#include <string.h>

enum mls_result
mls_draft_begin(
    struct mls_draft *d, struct mls_group *g, const struct mls_sender *sender)
{
	*d = (struct mls_draft){ .g = g, .sender = *sender };
	d->update_path = wr_new();
	d->st = mls_staged_new(g);
	return d->st == NULL ? MLS_OUT_OF_MEMORY : MLS_OK;
}

void
mls_draft_wipe(struct mls_draft *d)
{
	mls_staged_free(d->st);
	mls_treekem_path_wipe(&d->path);
	wr_free(&d->update_path);
}

enum mls_result
mls_draft_apply(struct mls_draft *d, size_t n)
{
	struct mls_commit commit = {
		.proposals = wr_bytes(&d->st->proposals),
		.count = n,
	};

	return mls_staged_apply(d->st, d->g, &commit, &d->sender);
}

enum mls_result
mls_draft_path(struct mls_draft *d, const struct mls_leaf_content *content)
{
	struct mls_group *g = d->g;
	struct mls_staged *st = d->st;
	const struct env *env = g->client->env;
	struct mls_treekem_author author = {
		.leaf = st->keys.me,
		.group_id = mls_group_id(g),
		.content = *content,
		.signer = mls_own_signer_get(&st->signer),
	};
	struct mls_leaf_set added = { st->list.added, st->list.n_added };
	struct wr context = wr_new();
	enum mls_result err;

	TRY(mls_treekem_create(st->layer, &author, env, &d->path));
	st->keys = d->path.keys;
	d->has_path = true;
	TRY(mls_staged_context(
	    st, g, g->now.context.confirmed_transcript_hash, &context));
	TRY(mls_treekem_encrypt(st->layer, &d->path, added, wr_bytes(&context),
	    env, &d->update_path));
out:
	wr_free(&context);
	return err;
}

/* The Commit itself. */
static void
put_commit(const struct mls_draft *d, struct wr *w)
{
	mls_wr_vec(w, wr_bytes(&d->st->proposals));
	wr_u8(w, d->has_path);
	wr_put(w, wr_bytes(&d->update_path));
}

enum mls_result
mls_draft_finish(struct mls_draft *d, const struct mls_draft_end *end)
{
	static const uint8_t no_path[MLS_MAX_HASH_LEN];
	struct mls_group *g = d->g;
	struct mls_staged *st = d->st;
	struct mls_content content = {
		.wire_format = (uint16_t)end->wire_format,
		.group_id = mls_group_id(g),
		.epoch = g->now.context.epoch,
		.sender = d->sender,
		.authenticated_data = end->authenticated_data,
		.type = MLS_CONTENT_COMMIT,
	};
	struct mls_staged_secrets secrets = { .init = end->init };
	struct {
		uint8_t psk[MLS_MAX_HASH_LEN];
	} s;
	struct wr body = wr_new();
	struct rd r;
	enum mls_result err;

	TRY(mls_proposal_list_check_tree(&st->list, st->layer));
	put_commit(d, &body);
	TRY(mls_result_of(wr_done(&body)));
	content.body = wr_bytes(&body);
	TRY(mls_content_sign(&g->suite, &content, wr_bytes(&g->now.encoded),
	    &end->signer, &st->encoded));
	TRY(mls_proposal_list_psk_secret(&st->list, g, s.psk));
	secrets.psk = s.psk;
	secrets.commit = d->has_path ? d->path.commit_secret : no_path;
	TRY(mls_staged_advance(st, g, &secrets, wr_bytes(&st->encoded)));
	mls_wr_vec(&st->encoded,
	    mls_epoch_secret(&st->next, st->next.confirmation_tag));
	TRY(mls_result_of(wr_done(&st->encoded)));
	r = rd_init(wr_bytes(&st->encoded));
	mls_content_decode(&r, &st->content);
	TRY(mls_result_of(rd_end(&r)));
	TRY(mls_staged_note(st));
out:
	bytes_wipe(&s, sizeof s);
	wr_free(&body);
	return err;
}

/* Appends one EncryptedGroupSecrets. */
static enum mls_result
put_entry(const struct mls_draft *d, size_t i, struct mls_group_secrets *gs,
    struct bytes sealed_info, struct wr *out)
{
	const struct mls_proposal_list *l = &d->st->list;
	const struct mls_key_package *kp =
	    &mls_listed_proposal(&l->items[l->added_by[i]])->u.add;
	const struct mls_suite *s = &d->g->suite;
	uint8_t ref[MLS_MAX_HASH_LEN];
	struct wr plain = wr_new();
	enum mls_result err;

	if (d->has_path)
		gs->path_secret =
		    mls_treekem_secret_for(d->st->layer, &d->path, l->added[i]);
	gs->has_path_secret = gs->path_secret.n != 0;
	mls_group_secrets_encode(&plain, gs);
	TRY(mls_result_of(wr_done(&plain)));
	mls_key_package_ref(s, kp, ref);
	mls_wr_vec(out, (struct bytes){ ref, s->hash_len });
	TRY(mls_suite_encrypt(s, kp->init_key,
	    (struct mls_labelled){ "Welcome", sealed_info }, wr_bytes(&plain),
	    d->g->client->env, out));
out:
	wr_free(&plain);
	return err;
}

enum mls_result
mls_draft_welcome(const struct mls_draft *d, bool tree_beside, struct wr *out)
{
	const struct mls_group_info_options options = {
		.tree_beside = tree_beside, .no_external = true
	};
	const struct mls_staged *st = d->st;
	struct wr info = wr_new(), sealed = wr_new(), psks = wr_new();
	struct mls_group_secrets gs = {
		.joiner_secret =
		    mls_epoch_secret(&st->next, st->next.secrets.joiner),
	};
	size_t mark;
	enum mls_result err;

	TRY(mls_staged_group_info(
	    st->layer, &st->next, st->keys.me, &st->signer, &options, &info));
	TRY(mls_welcome_seal_info(
	    &d->g->suite, st->next.secrets.welcome, wr_bytes(&info), &sealed));
	mls_proposal_list_put_psks(&st->list, &psks);
	TRY(mls_result_of(wr_done(&psks)));
	gs.psks = wr_bytes(&psks);
	wr_u16(out, MLS_VERSION_MLS10);
	wr_u16(out, MLS_WIRE_WELCOME);
	wr_u16(out, d->g->suite.number);
	mark = mls_wr_begin(out);
	for (size_t i = 0; i < st->list.n_added; i++)
		TRY(put_entry(d, i, &gs, wr_bytes(&sealed), out));
	mls_wr_end(out, mark);
	mls_wr_vec(out, wr_bytes(&sealed));
	TRY(mls_result_of(wr_done(out)));
out:
	wr_free(&info);
	wr_free(&sealed);
	wr_free(&psks);
	return err;
}
