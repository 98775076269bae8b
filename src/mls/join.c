/* 12.4.3.1: joining with a Welcome. */
#include "mls/join.h"
#include "crypto/ct.h"
#include "mls/bundle.h"
#include "mls/tree_validate.h"

#include <stdlib.h>
#include <string.h>

static enum mls_result
authenticate_members(const struct mls_group *g)
{
	struct mls_leaf at = { 0 };
	enum mls_result err = MLS_OK;

	for (; mls_tree_next_member(g->tree, &at); at.i++)
		TRY(mls_group_authenticate(g->client, MLS_CLAIM_IS_MEMBER,
		    mls_tree_leaf(g->tree, at), NULL));
out:
	return err;
}

enum mls_result
mls_join_tree(
    struct mls_group *g, const struct mls_group_info *info, struct bytes beside)
{
	struct mls_tree_facts facts = {
		.group_id = info->context.group_id,
		.extensions = info->context.extensions,
		.tree_hash = info->context.tree_hash,
	};
	const struct mls_leaf_node *signer;
	struct bytes encoded = beside;
	enum mls_result err = MLS_OK;

	(void)mls_extensions_find(
	    info->extensions, MLS_EXTENSION_RATCHET_TREE, &encoded);
	NEED(encoded.n != 0, MLS_TREE_IS_MISSING);
	NEED(info->context.tree_hash.n == g->suite.hash_len,
	    MLS_TREE_HASH_IS_WRONG);
	TRY(mls_tree_decode(&g->suite, encoded, &g->tree));
	NEED(g->client->max_members == 0 ||
		 mls_tree_members(g->tree) <= g->client->max_members,
	    MLS_A_LIMIT_WAS_REACHED);
	signer = mls_tree_leaf(g->tree, info->signer);
	NEED(signer != NULL, MLS_SENDER_IS_NOT_A_MEMBER);
	TRY(mls_group_info_verify(&g->suite, info, signer->signature_key));
	TRY(mls_tree_validate(g->tree, &facts));
	NEED(mls_external_senders_parse(info->context.extensions),
	    MLS_MESSAGE_IS_MALFORMED);
	TRY(authenticate_members(g));
out:
	return err;
}

/* What is known while a Welcome is worked through. */
struct joining {
	const struct mls_join *in;
	struct mls_group *g;
	struct wr secrets_buf, info_buf;
	struct mls_group_secrets secrets;
	struct mls_group_info info;
	struct mls_psk_id origin; /* usage 0: neither re-init nor branch */
	uint8_t psk[MLS_MAX_HASH_LEN];
};

static enum mls_result
find_psk(struct joining *j, const struct mls_psk_id *id, struct wr *out)
{
	const struct mls_group *from = j->in->from;
	enum mls_result err;

	if (id->type != MLS_PSK_RESUMPTION || id->usage == MLS_PSK_APPLICATION)
		return mls_group_find_psk(j->g, id, out);
	NEED(j->origin.usage == 0, MLS_PSK_IS_NOT_ALLOWED_HERE);
	NEED(from != NULL && bytes_equal(id->group_id, mls_group_id(from)),
	    MLS_PSK_IS_UNKNOWN);
	j->origin = *id;
	TRY(mls_group_resumption_psk(from, id->epoch, out));
out:
	return err;
}

/* The psk_secret of a list of PreSharedKeyIDs. */
static enum mls_result
collect_psks(struct joining *j)
{
	struct rd walk = rd_init(j->secrets.psks);
	struct mls_psk_secret secret;
	struct mls_psk_id id;
	struct wr psk = wr_new();
	enum mls_result err = MLS_OK;

	mls_psk_secret_init(&secret, (uint16_t)j->secrets.psk_count);
	while (walk.n > 0) {
		mls_psk_id_decode(&walk, &id);
		NEED(id.nonce.n == j->g->suite.hash_len,
		    MLS_PSK_NONCE_HAS_WRONG_LENGTH);
		wr_reset(&psk);
		TRY(find_psk(j, &id, &psk));
		TRY(mls_psk_secret_add(
		    &secret, &j->g->suite, &id, wr_bytes(&psk)));
	}
	memcpy(j->psk, secret.value, sizeof j->psk);
out:
	bytes_wipe(&secret, sizeof secret);
	wr_free(&psk);
	return err;
}

/* From the Welcome to the GroupInfo. */
static enum mls_result
open_welcome(struct joining *j)
{
	const struct mls_bundle *b = j->in->bundle;
	const struct mls_suite *s = &b->suite;
	uint8_t ref[MLS_MAX_HASH_LEN];
	struct mls_ciphertext entry;
	struct mls_welcome w;
	struct {
		uint8_t welcome[MLS_MAX_HASH_LEN];
	} s_;
	enum mls_result err;

	TRY(mls_welcome_read(j->in->welcome, &w));
	NEED(w.cipher_suite == s->number, MLS_WELCOME_IS_NOT_FOR_US);
	mls_key_package_ref(s, &b->kp, ref);
	TRY(mls_welcome_find(&w, (struct bytes){ ref, s->hash_len }, &entry));
	TRY(mls_welcome_open_secrets(s, &w, &entry, mls_bundle_reveal(b).init,
	    &j->secrets_buf, &j->secrets));
	TRY(collect_psks(j));
	TRY(mls_schedule_welcome(
	    s, j->secrets.joiner_secret.p, j->psk, s_.welcome));
	TRY(mls_welcome_open_info(s, &w, s_.welcome, &j->info_buf, &j->info));
	NEED(j->info.context.cipher_suite == s->number, MLS_SUITE_IS_UNKNOWN);
out:
	bytes_wipe(&s_, sizeof s_);
	return err;
}

/* Our leaf, and the private keys that we get with it. */
static enum mls_result
find_ourselves(struct joining *j)
{
	const struct mls_bundle *b = j->in->bundle;
	struct mls_group *g = j->g;
	enum mls_result err = MLS_OK;

	NEED(mls_tree_find_signature_key(
		 g->tree, b->kp.leaf.signature_key, &g->keys.me) &&
		 bytes_equal(mls_tree_leaf(g->tree, g->keys.me)->encoded,
		     b->kp.leaf.encoded),
	    MLS_OUR_LEAF_IS_NOT_IN_THE_TREE);
	NEED(j->info.signer.i != g->keys.me.i, MLS_SENDER_IS_OURSELVES);
	g->signer = b->signer;
	g->keys.known = 1;
	memcpy(g->keys.secret[0], b->encryption, sizeof b->encryption);
	if (j->secrets.has_path_secret)
		TRY(mls_treekem_join(
		    g->tree, &g->keys, j->info.signer, j->secrets.path_secret));
out:
	return err;
}

static enum mls_result
begin_epoch(struct joining *j)
{
	struct mls_group *g = j->g;
	struct bytes tag = j->info.confirmation_tag;
	enum mls_result err;

	TRY(mls_epoch_init(&g->now, &g->suite, &j->info.context));
	TRY(mls_schedule_join(&g->suite, j->secrets.joiner_secret.p, j->psk,
	    wr_bytes(&g->now.encoded), &g->now.secrets));
	bytes_wipe(g->now.secrets.joiner, sizeof g->now.secrets.joiner);
	bytes_wipe(g->now.secrets.welcome, sizeof g->now.secrets.welcome);
	TRY(mls_epoch_confirm(&g->now));
	NEED(tag.n == g->suite.hash_len &&
		 ct_verdict(
		     ct_equal(tag.p, g->now.confirmation_tag, tag.n)),
	    MLS_CONFIRMATION_TAG_IS_WRONG);
	TRY(mls_epoch_begin(&g->now, mls_tree_size(g->tree)));
	TRY(mls_group_reserve_resumption(g));
	mls_group_keep_resumption(g);
out:
	return err;
}

static int
by_credential(const void *a, const void *b)
{
	const struct mls_credential *x =
	    &(*(const struct mls_leaf_node *const *)a)->credential;
	const struct mls_credential *y =
	    &(*(const struct mls_leaf_node *const *)b)->credential;

	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return bytes_compare(x->value, y->value);
}

/* Whether every member of one tree is, by its credential, in another. */
static enum mls_result
check_subset(const struct mls_tree *small, const struct mls_tree *large)
{
	size_t n = 0, total = mls_tree_members(large);
	const struct mls_leaf_node **all = calloc(total + 1, sizeof all[0]);
	struct mls_leaf at = { 0 };
	enum mls_result err = MLS_OK;

	NEED(all != NULL, MLS_OUT_OF_MEMORY);
	for (; n < total && mls_tree_next_member(large, &at); at.i++)
		all[n++] = mls_tree_leaf(large, at);
	qsort(all, n, sizeof all[0], by_credential);
	for (at.i = 0; mls_tree_next_member(small, &at); at.i++) {
		const struct mls_leaf_node *leaf = mls_tree_leaf(small, at);

		NEED(bsearch(&leaf, all, n, sizeof all[0], by_credential) !=
			 NULL,
		    MLS_REINIT_DOES_NOT_MATCH);
	}
out:
	free(all);
	return err;
}

/* The end of 12.4.3.1: a re-init or branch is the one that it says. */
static enum mls_result
check_origin(const struct joining *j)
{
	const struct mls_group *from = j->in->from;
	const struct mls_group_context *now = &j->info.context;
	const struct mls_reinit *want;
	struct mls_proposal p;
	struct rd r;
	enum mls_result err = MLS_OK;

	if (j->origin.usage == 0)
		return from == NULL ? MLS_OK : MLS_REINIT_DOES_NOT_MATCH;
	NEED(now->epoch == 1, MLS_REINIT_DOES_NOT_MATCH);
	if (j->origin.usage == MLS_PSK_BRANCH) {
		NEED(now->cipher_suite == from->suite.number,
		    MLS_REINIT_DOES_NOT_MATCH);
		return check_subset(j->g->tree, from->tree);
	}
	r = rd_init(wr_bytes(&from->reinit));
	mls_proposal_decode(&r, &p);
	NEED(rd_end(&r) == ERR_OK && p.type == MLS_PROPOSAL_REINIT &&
		 j->origin.epoch == mls_group_epoch(from),
	    MLS_REINIT_DOES_NOT_MATCH);
	want = &p.u.reinit;
	NEED(want->version == MLS_VERSION_MLS10 &&
		 want->cipher_suite == now->cipher_suite &&
		 bytes_equal(want->group_id, now->group_id) &&
		 bytes_equal(want->extensions, now->extensions),
	    MLS_REINIT_DOES_NOT_MATCH);
	TRY(check_subset(from->tree, j->g->tree));
out:
	return err;
}

enum mls_result
mls_group_join(const struct mls_client *c, const struct mls_join *join,
    struct mls_group **out)
{
	struct joining j = { .in = join };
	enum mls_result err = MLS_OK;

	j.secrets_buf = wr_new();
	j.info_buf = wr_new();
	j.g = mls_group_alloc(c, &join->bundle->suite);
	NEED(j.g != NULL, MLS_OUT_OF_MEMORY);
	TRY(open_welcome(&j));
	TRY(mls_join_tree(j.g, &j.info, join->tree));
	TRY(find_ourselves(&j));
	TRY(begin_epoch(&j));
	TRY(check_origin(&j));
	*out = j.g;
	j.g = NULL;
out:
	mls_group_free(j.g);
	wr_free(&j.secrets_buf);
	wr_free(&j.info_buf);
	bytes_wipe(&j, sizeof j);
	return err;
}
