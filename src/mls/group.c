#include "mls/group.h"
#include "crypto/ct.h"
#include "mls/staged.h"
#include "mls/tree_hash.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_GROUP_ID_LEN 16

struct mls_group *
mls_group_alloc(const struct mls_client *c, const struct mls_suite *s)
{
	struct mls_group *g = calloc(1, sizeof *g);

	if (g == NULL)
		return NULL;
	g->client = c;
	g->suite = *s;
	g->reinit = wr_new();
	g->origin_id = wr_new();
	return g;
}

void
mls_past_wipe(struct mls_past *p)
{
	mls_epoch_wipe(&p->epoch);
	free(p->leaves);
	*p = (struct mls_past){ 0 };
}

void
mls_group_free(struct mls_group *g)
{
	if (g == NULL)
		return;
	mls_staged_free(g->staged);
	mls_group_forget_known(g);
	mls_group_forget_changes(g);
	for (size_t i = 0; i < g->n_past; i++)
		mls_past_wipe(&g->past[i]);
	mls_epoch_wipe(&g->now);
	mls_group_forget_resumption(g);
	mls_tree_free(g->tree);
	mls_treekem_keys_wipe(&g->keys);
	wr_free(&g->reinit);
	wr_free(&g->origin_id);
	bytes_wipe(g, sizeof *g);
	free(g);
}

bool
mls_accept_anyone(void *ctx, const struct mls_claim *claim)
{
	(void)ctx;
	(void)claim;
	return true;
}

bool
mls_accept_newcomers(void *ctx, const struct mls_claim *claim)
{
	(void)ctx;
	return claim->before == NULL ||
	       mls_credential_equal(claim->before, &claim->credential);
}

enum mls_result
mls_signature_key_new(const struct mls_client *c, uint16_t suite,
    uint8_t secret[MLS_MAX_SIG_SECRET], uint8_t public[MLS_MAX_SIG_PUBLIC],
    size_t *public_len)
{
	struct mls_suite s;
	enum mls_result err;

	TRY(mls_suite_init(&s, suite, c->suite_alias));
	/* Any string is an Ed25519 seed; of P-256 scalars some are not. */
	do {
		c->env->random(c->env->ctx, secret, MLS_MAX_SIG_SECRET);
		err = mls_suite_signature_public(&s,
		    (struct bytes){ secret, MLS_MAX_SIG_SECRET }, public,
		    public_len);
	} while (err == MLS_KEY_IS_UNUSABLE);
out:
	return err;
}

enum mls_result
mls_own_signer_set(struct mls_own_signer *o, const struct mls_suite *s,
    const struct mls_signer *from)
{
	struct mls_own_signer s_ = { .public_len = 0 };
	enum mls_result err = MLS_OK;

	NEED(from->secret.n == sizeof s_.secret, MLS_KEY_IS_UNUSABLE);
	memcpy(s_.secret, from->secret.p, sizeof s_.secret);
	TRY(mls_suite_signature_public(
	    s, from->secret, s_.public, &s_.public_len));
	NEED(bytes_equal(
		 (struct bytes){ s_.public, s_.public_len }, from->public),
	    MLS_KEY_IS_UNUSABLE);
	*o = s_;
out:
	bytes_wipe(&s_, sizeof s_);
	return err;
}

struct mls_signer
mls_own_signer_get(const struct mls_own_signer *o)
{
	return (struct mls_signer){ BYTES_OF(o->secret),
		{ o->public, o->public_len } };
}

enum mls_result
mls_group_authenticate(const struct mls_client *c, enum mls_claim_reason reason,
    const struct mls_leaf_node *leaf, const struct mls_leaf_node *before)
{
	struct mls_claim claim = {
		.reason = reason,
		.credential = leaf->credential,
		.signature_key = leaf->signature_key,
		.before = before == NULL ? NULL : &before->credential,
	};

	return c->authenticate(c->ctx, &claim) ? MLS_OK
					       : MLS_CREDENTIAL_IS_NOT_ACCEPTED;
}

enum mls_result
mls_group_check_lifetime(
    const struct mls_client *c, const struct mls_leaf_node *leaf)
{
	uint64_t now = c->env->wall_s(c->env->ctx);

	/* Whoever made it a moment ago may have a clock ahead of ours. */
	if (now + MLS_CLOCK_SLACK_S < leaf->not_before || now > leaf->not_after)
		return MLS_LIFETIME_IS_OVER;
	if (c->max_lifetime_s != 0 && leaf->not_after >= leaf->not_before &&
	    leaf->not_after - leaf->not_before > c->max_lifetime_s)
		return MLS_LIFETIME_IS_TOO_LONG;
	return MLS_OK;
}

struct mls_capabilities
mls_own_capabilities(
    const struct mls_client *c, uint8_t buf[MLS_OWN_CAPABILITIES_LEN])
{
	struct mls_capabilities out = { 0 };
	struct wr w = wr_init(buf, MLS_OWN_CAPABILITIES_LEN);

	wr_u16(&w, MLS_VERSION_MLS10);
	out.versions = wr_bytes(&w);
	wr_u16(&w, MLS_SUITE_X25519_AES128);
	wr_u16(&w, MLS_SUITE_P256_AES128);
	wr_u16(&w, MLS_SUITE_X25519_CHACHA);
	wr_u16(&w, MLS_SUITE_XWING_AES256);
	if (c->suite_alias != 0)
		wr_u16(&w, c->suite_alias);
	out.cipher_suites = (struct bytes){ buf + 2, w.n - 2 };
	out.credentials = (struct bytes){ buf + w.n, 4 };
	wr_u16(&w, MLS_CREDENTIAL_BASIC);
	wr_u16(&w, MLS_CREDENTIAL_X509);
	return out;
}

/* The first leaf of a new group, section 11: as if from a key package. */
static enum mls_result
set_first_leaf(struct mls_group *g, const struct mls_group_options *o)
{
	uint64_t now = g->client->env->wall_s(g->client->env->ctx);
	uint8_t buf[MLS_OWN_CAPABILITIES_LEN];
	struct mls_leaf_content content = {
		.credential = o->identity.credential,
		.capabilities = o->capabilities != NULL
				    ? *o->capabilities
				    : mls_own_capabilities(g->client, buf),
		.source = MLS_LEAF_KEY_PACKAGE,
		.not_before =
		    now < MLS_CLOCK_SLACK_S ? 0 : now - MLS_CLOCK_SLACK_S,
		.not_after = now + MLS_DEFAULT_LIFETIME_S,
		.extensions = o->leaf_extensions,
	};
	struct mls_signer signer = mls_own_signer_get(&g->signer);
	struct mls_key_pair pair;
	struct wr leaf = wr_new();
	struct mls_leaf first = { 0 };
	enum mls_result err;

	TRY(mls_suite_new_key_pair(&g->suite, g->client->env, &pair));
	TRY(mls_leaf_node_create(&g->suite, &content,
	    (struct bytes){ pair.public, pair.public_len }, &signer, NULL,
	    &leaf));
	TRY(mls_tree_set_leaf(g->tree, first, wr_bytes(&leaf)));
	TRY(mls_leaf_node_check(
	    &g->suite, mls_tree_leaf(g->tree, first), o->extensions));
	g->keys.me = first;
	g->keys.known = 1;
	memcpy(g->keys.secret[0], pair.secret, pair.secret_len);
out:
	bytes_wipe(&pair, sizeof pair);
	wr_free(&leaf);
	return err;
}

/* Epoch 0 with random secrets, section 11. */
static enum mls_result
begin_first_epoch(struct mls_group *g, struct bytes id, struct bytes extensions)
{
	const struct env *env = g->client->env;
	uint8_t tree_hash[MLS_MAX_HASH_LEN], random_id[DEFAULT_GROUP_ID_LEN];
	struct mls_group_context context = {
		.cipher_suite = g->suite.number,
		.group_id = id,
		.tree_hash = { tree_hash, g->suite.hash_len },
		.extensions = extensions,
	};
	struct {
		uint8_t epoch[MLS_MAX_HASH_LEN];
	} s;
	enum mls_result err;

	if (id.n == 0) {
		env->random(env->ctx, random_id, sizeof random_id);
		ct_unpoison(random_id, sizeof random_id);
		context.group_id = BYTES_OF(random_id);
	}
	env->random(env->ctx, s.epoch, sizeof s.epoch);
	TRY(mls_tree_hash(g->tree, tree_hash));
	TRY(mls_epoch_init(&g->now, &g->suite, &context));
	TRY(mls_schedule_create(&g->suite, s.epoch, &g->now.secrets));
	TRY(mls_epoch_confirm(&g->now));
	TRY(mls_epoch_begin(&g->now, mls_tree_size(g->tree)));
	TRY(mls_group_reserve_resumption(g));
	mls_group_keep_resumption(g);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

/* A list of group extensions that is well-formed, and what it holds. */
static enum mls_result
check_extensions(struct bytes list)
{
	struct wr w = wr_new();
	struct rd r;
	enum mls_result err = MLS_OK;

	mls_wr_vec(&w, list);
	r = rd_init(wr_bytes(&w));
	(void)mls_extensions_decode(&r);
	NEED(rd_end(&r) == ERR_OK && mls_external_senders_parse(list),
	    MLS_ARGUMENT_IS_OUT_OF_RANGE);
out:
	wr_free(&w);
	return err;
}

enum mls_result
mls_group_create(const struct mls_client *c,
    const struct mls_group_options *options, struct mls_group **out)
{
	struct mls_group *g = NULL;
	struct mls_suite s;
	enum mls_result err;

	TRY(mls_suite_init(&s, options->suite, c->suite_alias));
	NEED(options->group_id.n <= MLS_MAX_GROUP_ID,
	    MLS_ARGUMENT_IS_OUT_OF_RANGE);
	TRY(check_extensions(options->extensions));
	g = mls_group_alloc(c, &s);
	NEED(g != NULL, MLS_OUT_OF_MEMORY);
	g->tree = mls_tree_new(&g->suite);
	NEED(g->tree != NULL, MLS_OUT_OF_MEMORY);
	TRY(mls_own_signer_set(&g->signer, &s, &options->identity.signer));
	TRY(set_first_leaf(g, options));
	TRY(begin_first_epoch(g, options->group_id, options->extensions));
	*out = g;
	g = NULL;
out:
	mls_group_free(g);
	return err;
}

/* ---- Looking at it ---- */

struct bytes
mls_group_id(const struct mls_group *g)
{
	return g->now.context.group_id;
}

uint64_t
mls_group_epoch(const struct mls_group *g)
{
	return g->now.context.epoch;
}

uint16_t
mls_group_suite(const struct mls_group *g)
{
	return g->suite.number;
}

struct bytes
mls_group_extensions(const struct mls_group *g)
{
	return g->now.context.extensions;
}

struct mls_leaf
mls_group_me(const struct mls_group *g)
{
	return g->keys.me;
}

uint32_t
mls_group_members(const struct mls_group *g)
{
	return mls_tree_members(g->tree);
}

enum mls_result
mls_group_status(const struct mls_group *g)
{
	if (g->is_joining)
		return MLS_WE_ARE_NOT_A_MEMBER_YET;
	if (g->is_removed)
		return MLS_WE_WERE_REMOVED;
	return g->reinit.n != 0 ? MLS_GROUP_IS_CLOSED : MLS_OK;
}

const struct mls_leaf_node *
mls_group_member(const struct mls_group *g, struct mls_leaf leaf)
{
	return mls_tree_leaf(g->tree, leaf);
}

bool
mls_group_next_member(const struct mls_group *g, struct mls_leaf *leaf)
{
	return mls_tree_next_member(g->tree, leaf);
}

struct bytes
mls_group_authenticator(const struct mls_group *g)
{
	return mls_epoch_secret(&g->now, g->now.secrets.authenticator);
}

enum mls_result
mls_group_export(const struct mls_group *g, const char *label,
    struct bytes context, uint8_t *out, size_t len)
{
	if (g->is_joining)
		return MLS_WE_ARE_NOT_A_MEMBER_YET;
	if (g->is_removed)
		return MLS_WE_WERE_REMOVED;
	return mls_schedule_export(&g->suite, g->now.secrets.exporter,
	    (struct mls_labelled){ label, context }, out, len);
}

enum mls_result
mls_group_reserve_resumption(struct mls_group *g)
{
	size_t cap = g->cap_resumption == 0 ? 4 : 2 * g->cap_resumption;
	struct mls_resumption *p;

	if (g->n_resumption < g->cap_resumption ||
	    g->n_resumption == MLS_RESUMPTION_EPOCHS)
		return MLS_OK;
	p = calloc(cap, sizeof p[0]);
	if (p == NULL)
		return MLS_OUT_OF_MEMORY;
	if (g->n_resumption != 0)
		memcpy(p, g->resumption, g->n_resumption * sizeof p[0]);
	bytes_wipe(g->resumption, g->n_resumption * sizeof p[0]);
	free(g->resumption);
	g->resumption = p;
	g->cap_resumption = cap;
	return MLS_OK;
}

void
mls_group_keep_resumption(struct mls_group *g)
{
	struct mls_resumption *all = g->resumption;

	if (g->n_resumption == MLS_RESUMPTION_EPOCHS) {
		g->n_resumption--;
		memmove(all, all + 1, g->n_resumption * sizeof all[0]);
	}
	all += g->n_resumption++;
	all->epoch = g->now.context.epoch;
	memcpy(all->psk, g->now.secrets.resumption, sizeof all->psk);
}

void
mls_group_forget_resumption(struct mls_group *g)
{
	bytes_wipe(g->resumption, g->n_resumption * sizeof g->resumption[0]);
	free(g->resumption);
	g->resumption = NULL;
	g->n_resumption = g->cap_resumption = 0;
}

enum mls_result
mls_group_resumption_psk(
    const struct mls_group *g, uint64_t epoch, struct wr *out)
{
	for (size_t i = 0; i < g->n_resumption; i++) {
		if (g->resumption[i].epoch == epoch) {
			wr_put(out,
			    mls_epoch_secret(&g->now, g->resumption[i].psk));
			return mls_result_of(wr_done(out));
		}
	}
	return MLS_PSK_IS_UNKNOWN;
}

enum mls_result
mls_group_find_psk(
    const struct mls_group *g, const struct mls_psk_id *id, struct wr *out)
{
	const struct mls_client *c = g->client;

	if (g->origin.usage != 0 && mls_psk_id_same_key(&g->origin, id)) {
		wr_put(out, (struct bytes){ g->origin_psk, g->origin_psk_len });
		return mls_result_of(wr_done(out));
	}
	if (id->type == MLS_PSK_RESUMPTION &&
	    bytes_equal(id->group_id, mls_group_id(g)) && !g->is_joining)
		return mls_group_resumption_psk(g, id->epoch, out);
	if (c->find_psk == NULL || !c->find_psk(c->ctx, id, out))
		return MLS_PSK_IS_UNKNOWN;
	return mls_result_of(wr_done(out));
}

enum mls_result
mls_group_tree(const struct mls_group *g, struct wr *out)
{
	mls_tree_encode(g->tree, out);
	return mls_result_of(wr_done(out));
}

enum mls_result
mls_group_info(const struct mls_group *g,
    const struct mls_group_info_options *options, struct wr *out)
{
	enum mls_result err;

	TRY(mls_group_status(g));
	wr_u16(out, MLS_VERSION_MLS10);
	wr_u16(out, MLS_WIRE_GROUP_INFO);
	TRY(mls_staged_group_info(
	    g->tree, &g->now, g->keys.me, &g->signer, options, out));
out:
	return err;
}
