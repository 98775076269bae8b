/* 12.4.3.2 and 8.3: joining from outside; 12.1.8: proposing from there. */
#include "crypto/ct.h"
#include "mls/draft.h"
#include "mls/join.h"

/* The state of a group that we are not yet in: what its GroupInfo says. */
static enum mls_result
begin_outside(
    struct mls_group *g, const struct mls_group_info *info, struct bytes beside)
{
	struct bytes tag = info->confirmation_tag;
	enum mls_result err;

	g->is_joining = true;
	TRY(mls_join_tree(g, info, beside));
	TRY(mls_epoch_init(&g->now, &g->suite, &info->context));
	NEED(tag.n == g->suite.hash_len &&
		 info->context.confirmed_transcript_hash.n <= g->suite.hash_len,
	    MLS_MESSAGE_IS_MALFORMED);
	TRY(mls_transcript_interim(&g->suite,
	    info->context.confirmed_transcript_hash, tag, g->now.interim_hash));
out:
	return err;
}

/* ExternalPub, 12.4.3.2. */
static enum mls_result
external_pub(const struct mls_suite *s, const struct mls_group_info *info,
    struct bytes *out)
{
	struct bytes data;
	struct rd r;

	if (!mls_extensions_find(
		info->extensions, MLS_EXTENSION_EXTERNAL_PUB, &data))
		return MLS_EXTERNAL_PUB_IS_MISSING;
	r = rd_init(data);
	*out = mls_rd_vec(&r, MLS_MAX_KEM_PUBLIC);
	if (rd_end(&r) != ERR_OK)
		return MLS_MESSAGE_IS_MALFORMED;
	return mls_suite_check_encryption_key(s, *out);
}

/* Writes the proposals of an external commit, by value; *n gets how many. */
static enum mls_result
put_proposals(const struct mls_group *g, const struct mls_external_join *in,
    struct bytes kem_output, struct wr *w, size_t *n)
{
	const struct env *env = g->client->env;
	uint8_t nonce[MLS_MAX_HASH_LEN];

	wr_u8(w, MLS_BY_VALUE);
	mls_proposal_put_external_init(w, kem_output);
	*n = 1;
	if (in->replaces != NULL) {
		wr_u8(w, MLS_BY_VALUE);
		mls_proposal_put_remove(w, *in->replaces);
		++*n;
	}
	for (size_t i = 0; i < in->psk_count; i++, ++*n) {
		struct mls_psk_id id = in->psks[i];

		env->random(env->ctx, nonce, g->suite.hash_len);
		ct_unpoison(nonce, g->suite.hash_len);
		id.nonce = (struct bytes){ nonce, g->suite.hash_len };
		wr_u8(w, MLS_BY_VALUE);
		mls_proposal_put_psk(w, &id);
	}
	return mls_result_of(wr_done(w));
}

static enum mls_result
commit_ourselves(struct mls_draft *d, const struct mls_external_join *in,
    const struct mls_group_info *info)
{
	struct mls_group *g = d->g;
	uint8_t buf[MLS_OWN_CAPABILITIES_LEN];
	struct mls_leaf_content content = {
		.credential = in->identity.credential,
		.capabilities = in->capabilities != NULL
				    ? *in->capabilities
				    : mls_own_capabilities(g->client, buf),
		.source = MLS_LEAF_COMMIT,
		.extensions = in->leaf_extensions,
	};
	struct mls_draft_end end = {
		.wire_format = MLS_WIRE_PUBLIC_MESSAGE,
		.signer = mls_own_signer_get(&d->st->signer),
	};
	struct {
		uint8_t init[MLS_MAX_HASH_LEN];
	} s;
	struct wr kem = wr_new();
	struct bytes pub;
	size_t n;
	enum mls_result err;

	TRY(external_pub(&g->suite, info, &pub));
	TRY(mls_schedule_external_create(
	    &g->suite, pub, g->client->env, &kem, s.init));
	TRY(put_proposals(g, in, wr_bytes(&kem), &d->st->proposals, &n));
	TRY(mls_draft_apply(d, n));
	TRY(mls_tree_make_room(d->st->layer, &d->st->keys.me));
	TRY(mls_draft_path(d, &content));
	TRY(mls_leaf_node_check(&g->suite,
	    mls_tree_leaf(d->st->layer, d->st->keys.me),
	    info->context.extensions));
	end.init = s.init;
	TRY(mls_draft_finish(d, &end));
	mls_staged_settle(d->st);
out:
	bytes_wipe(&s, sizeof s);
	wr_free(&kem);
	return err;
}

enum mls_result
mls_group_join_external(const struct mls_client *c,
    const struct mls_external_join *join, struct wr *commit,
    struct mls_group **out)
{
	struct mls_sender us = { MLS_SENDER_NEW_MEMBER_COMMIT, 0 };
	struct mls_draft d = { .st = NULL };
	struct mls_group_info info;
	struct mls_group *g = NULL;
	struct mls_suite s;
	enum mls_result err;

	TRY(mls_group_info_read(join->group_info, &info));
	TRY(mls_suite_init(&s, info.context.cipher_suite, c->suite_alias));
	g = mls_group_alloc(c, &s);
	NEED(g != NULL, MLS_OUT_OF_MEMORY);
	TRY(mls_own_signer_set(&g->signer, &s, &join->identity.signer));
	TRY(begin_outside(g, &info, join->tree));
	TRY(mls_draft_begin(&d, g, &us));
	TRY(commit_ourselves(&d, join, &info));
	TRY(mls_public_message_create(
	    &g->now, wr_bytes(&d.st->encoded), false, commit));
	g->staged = d.st;
	d.st = NULL;
	*out = g;
	g = NULL;
out:
	mls_draft_wipe(&d);
	mls_group_free(g);
	return err;
}

enum mls_result
mls_propose_from_outside(const struct mls_client *c,
    const struct mls_outsider *who, struct bytes proposal, struct wr *out)
{
	struct mls_content content = {
		.wire_format = MLS_WIRE_PUBLIC_MESSAGE,
		.group_id = who->group_id,
		.epoch = who->epoch,
		.sender = who->sender,
		.type = MLS_CONTENT_PROPOSAL,
		.body = proposal,
	};
	struct mls_suite s;
	enum mls_result err;

	TRY(mls_suite_init(&s, who->suite, c->suite_alias));
	NEED(who->sender.type == MLS_SENDER_EXTERNAL ||
		 who->sender.type == MLS_SENDER_NEW_MEMBER_PROPOSAL,
	    MLS_SENDER_IS_NOT_ALLOWED);
	wr_u16(out, MLS_VERSION_MLS10);
	TRY(mls_content_sign(&s, &content, BYTES_NONE, &who->signer, out));
out:
	return err;
}
