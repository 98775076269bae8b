/* A group as bytes, and back. Everything is written in one order, numbers
 * big-endian; equal groups have equal bytes. */
#include "mls/staged.h"

#include <stdlib.h>
#include <string.h>

#define STATE_VERSION 1
#define MAX_PART      (256u << 20)

/* ---- Small parts ---- */

static void
put_signer(struct wr *w, const struct mls_own_signer *s)
{
	wr_put(w, BYTES_OF(s->secret));
	wr_vec8(w, (struct bytes){ s->public, s->public_len });
}

static void
get_signer(struct rd *r, struct mls_own_signer *s)
{
	struct bytes public;

	rd_copy(r, s->secret, sizeof s->secret);
	public = rd_vec8(r, sizeof s->public);
	s->public_len = public.n;
	if (public.n != 0)
		memcpy(s->public, public.p, public.n);
}

static void
put_keys(struct wr *w, const struct mls_treekem_keys *k)
{
	wr_u32(w, k->me.i);
	wr_u32(w, k->known);
	for (size_t i = 0; i <= MLS_MAX_DEPTH; i++)
		if (k->known >> i & 1)
			wr_put(w, BYTES_OF(k->secret[i]));
}

static void
get_keys(struct rd *r, struct mls_treekem_keys *k)
{
	k->me.i = rd_u32(r);
	k->known = rd_u32(r);
	if (k->known >> (MLS_MAX_DEPTH + 1) != 0)
		rd_fail(r, ERR_DECODE);
	for (size_t i = 0; i <= MLS_MAX_DEPTH; i++)
		if (k->known >> i & 1)
			rd_copy(r, k->secret[i], sizeof k->secret[i]);
}

static void
put_epoch(struct wr *w, const struct mls_epoch *e)
{
	wr_vec32(w, wr_bytes(&e->encoded));
	wr_put(w, BYTES_OF(e->secrets.joiner));
	wr_put(w, BYTES_OF(e->secrets.welcome));
	wr_put(w, BYTES_OF(e->secrets.init));
	wr_put(w, BYTES_OF(e->secrets.sender_data));
	wr_put(w, BYTES_OF(e->secrets.encryption));
	wr_put(w, BYTES_OF(e->secrets.exporter));
	wr_put(w, BYTES_OF(e->secrets.external));
	wr_put(w, BYTES_OF(e->secrets.confirmation));
	wr_put(w, BYTES_OF(e->secrets.membership));
	wr_put(w, BYTES_OF(e->secrets.resumption));
	wr_put(w, BYTES_OF(e->secrets.authenticator));
	wr_put(w, BYTES_OF(e->confirmation_tag));
	wr_put(w, BYTES_OF(e->interim_hash));
	wr_u8(w, e->keys != NULL);
	if (e->keys != NULL)
		mls_secret_tree_encode(e->keys, w);
}

static void
get_secret(struct rd *r, uint8_t secret[MLS_MAX_HASH_LEN])
{
	rd_copy(r, secret, MLS_MAX_HASH_LEN);
}

/* Fills *e, which is to be wiped also after a failure. */
static enum mls_result
get_epoch(struct rd *r, const struct mls_suite *s, struct mls_epoch *e)
{
	struct rd encoded = rd_init(rd_vec32(r, MAX_PART));
	struct mls_group_context context;
	enum mls_result err = MLS_OK;

	mls_group_context_decode(&encoded, &context);
	NEED(rd_end(&encoded) == ERR_OK && context.cipher_suite == s->number,
	    MLS_SAVED_STATE_IS_DAMAGED);
	TRY(mls_epoch_init(e, s, &context));
	get_secret(r, e->secrets.joiner);
	get_secret(r, e->secrets.welcome);
	get_secret(r, e->secrets.init);
	get_secret(r, e->secrets.sender_data);
	get_secret(r, e->secrets.encryption);
	get_secret(r, e->secrets.exporter);
	get_secret(r, e->secrets.external);
	get_secret(r, e->secrets.confirmation);
	get_secret(r, e->secrets.membership);
	get_secret(r, e->secrets.resumption);
	get_secret(r, e->secrets.authenticator);
	get_secret(r, e->confirmation_tag);
	get_secret(r, e->interim_hash);
	if (mls_rd_optional(r))
		TRY(mls_secret_tree_decode(s, r, &e->keys));
	mls_epoch_resume(e);
	NEED(r->err == ERR_OK, MLS_SAVED_STATE_IS_DAMAGED);
out:
	return err;
}

/* ---- Proposals ---- */

static void
put_known(struct wr *w, const struct mls_group *g)
{
	wr_u32(w, (uint32_t)g->n_known);
	for (const struct mls_known_proposal *k = g->known; k != NULL;
	     k = k->next) {
		wr_vec32(w, wr_bytes(&k->encoded));
		wr_u8(w, k->own != NULL);
		if (k->own != NULL) {
			wr_put(w, BYTES_OF(k->own->leaf_secret));
			put_signer(w, &k->own->signer);
		}
	}
}

static enum mls_result
get_known(struct rd *r, struct mls_group *g)
{
	struct mls_known_proposal *k = NULL;
	enum mls_result err = MLS_OK;

	for (uint32_t n = rd_u32(r); n > 0; n--) {
		k = mls_group_new_known(rd_vec32(r, MAX_PART));
		NEED(k != NULL && r->err == ERR_OK &&
			 k->content.type == MLS_CONTENT_PROPOSAL,
		    MLS_SAVED_STATE_IS_DAMAGED);
		if (mls_rd_optional(r)) {
			k->own = calloc(1, sizeof *k->own);
			NEED(k->own != NULL, MLS_OUT_OF_MEMORY);
			rd_copy(
			    r, k->own->leaf_secret, sizeof k->own->leaf_secret);
			get_signer(r, &k->own->signer);
		}
		TRY(mls_group_know(g, k));
		k = NULL;
	}
out:
	mls_group_free_known(k);
	return err;
}

static void
put_wanted(struct wr *w, const struct mls_group *g)
{
	wr_u32(w, (uint32_t)g->n_wanted);
	for (const struct mls_wanted *at = g->wanted; at != NULL;
	     at = at->next) {
		wr_u8(w, at->is_update);
		wr_vec32(w, wr_bytes(&at->proposal));
		wr_u8(w, at->has_identity);
		wr_vec32(w, wr_bytes(&at->credential));
		put_signer(w, &at->signer);
	}
}

static enum mls_result
get_wanted(struct rd *r, struct mls_group *g)
{
	struct mls_wanted *w;

	for (uint32_t n = rd_u32(r); n > 0; n--) {
		w = mls_group_new_wanted(g);
		if (w == NULL)
			return MLS_OUT_OF_MEMORY;
		w->is_update = mls_rd_optional(r);
		wr_put(&w->proposal, rd_vec32(r, MAX_PART));
		w->has_identity = mls_rd_optional(r);
		wr_put(&w->credential, rd_vec32(r, MAX_PART));
		get_signer(r, &w->signer);
		if (r->err != ERR_OK)
			return MLS_SAVED_STATE_IS_DAMAGED;
	}
	return MLS_OK;
}

/* ---- The past ---- */

static void
put_past(struct wr *w, const struct mls_group *g)
{
	wr_u8(w, (uint8_t)g->n_past);
	for (size_t i = 0; i < g->n_past; i++) {
		const struct mls_past *p = &g->past[i];

		put_epoch(w, &p->epoch);
		wr_u32(w, p->messages_left);
		wr_u32(w, (uint32_t)p->n);
		for (size_t j = 0; j < p->n; j++) {
			wr_u32(w, p->leaves[j].leaf.i);
			wr_vec8(w, (struct bytes){ p->leaves[j].public,
				       p->leaves[j].public_len });
		}
	}
	wr_u16(w, (uint16_t)g->n_resumption);
	for (size_t i = 0; i < g->n_resumption; i++) {
		wr_u64(w, g->resumption[i].epoch);
		wr_put(w, BYTES_OF(g->resumption[i].psk));
	}
}

static enum mls_result
get_past_leaves(struct rd *r, struct mls_past *p)
{
	uint32_t n = rd_u32(r);
	struct bytes public;

	if (r->err != ERR_OK || n > MLS_MAX_LEAVES)
		return MLS_SAVED_STATE_IS_DAMAGED;
	p->leaves = calloc((size_t)n + 1, sizeof p->leaves[0]);
	if (p->leaves == NULL)
		return MLS_OUT_OF_MEMORY;
	for (p->n = 0; p->n < n; p->n++) {
		struct mls_former_leaf *l = &p->leaves[p->n];

		l->leaf.i = rd_u32(r);
		public = rd_vec8(r, sizeof l->public);
		l->public_len = public.n;
		if (public.n != 0)
			memcpy(l->public, public.p, public.n);
	}
	return r->err == ERR_OK ? MLS_OK : MLS_SAVED_STATE_IS_DAMAGED;
}

static enum mls_result
get_past(struct rd *r, struct mls_group *g)
{
	uint16_t n = rd_u8(r);
	enum mls_result err = MLS_OK;

	NEED(n <= MLS_PAST_EPOCHS, MLS_SAVED_STATE_IS_DAMAGED);
	while (g->n_past < n) {
		struct mls_past *p = &g->past[g->n_past++];

		TRY(get_epoch(r, &g->suite, &p->epoch));
		NEED(p->epoch.keys != NULL, MLS_SAVED_STATE_IS_DAMAGED);
		p->messages_left = rd_u32(r);
		TRY(get_past_leaves(r, p));
	}
	n = rd_u16(r);
	NEED(n <= MLS_RESUMPTION_EPOCHS, MLS_SAVED_STATE_IS_DAMAGED);
	while (g->n_resumption < n) {
		struct mls_resumption *one;

		TRY(mls_group_reserve_resumption(g));
		one = &g->resumption[g->n_resumption++];
		one->epoch = rd_u64(r);
		rd_copy(r, one->psk, sizeof one->psk);
	}
	NEED(r->err == ERR_OK, MLS_SAVED_STATE_IS_DAMAGED);
out:
	return err;
}

/* ---- The staged commit ---- */

static void
put_staged(struct wr *w, const struct mls_staged *st)
{
	wr_u8(w, st != NULL);
	if (st == NULL)
		return;
	wr_vec32(w, wr_bytes(&st->encoded));
	mls_tree_layer_encode(st->layer, w);
	put_keys(w, &st->keys);
	put_signer(w, &st->signer);
	if (!st->list.removes_us)
		put_epoch(w, &st->next);
}

/* What follows from the commit is computed again; what follows from secrets
 * that are gone was saved. */
static enum mls_result
get_staged(struct rd *r, struct mls_group *g)
{
	struct mls_staged *st = NULL;
	struct mls_content *c;
	struct rd content;
	enum mls_result err = MLS_OK;

	if (!mls_rd_optional(r))
		return MLS_OK;
	st = mls_staged_new(g);
	NEED(st != NULL, MLS_OUT_OF_MEMORY);
	wr_put(&st->encoded, rd_vec32(r, MAX_PART));
	content = rd_init(wr_bytes(&st->encoded));
	c = &st->content;
	mls_content_decode(&content, c);
	NEED(rd_end(&content) == ERR_OK && c->type == MLS_CONTENT_COMMIT,
	    MLS_SAVED_STATE_IS_DAMAGED);
	TRY(mls_proposal_list_resolve(&st->list, g, &c->u.commit, &c->sender));
	TRY(mls_proposal_list_classify(&st->list, g));
	mls_tree_free(st->layer);
	st->layer = NULL;
	TRY(mls_tree_layer_decode(g->tree, r, &st->layer));
	get_keys(r, &st->keys);
	get_signer(r, &st->signer);
	if (!st->list.removes_us) {
		TRY(get_epoch(r, &g->suite, &st->next));
		NEED(st->next.keys != NULL &&
			 mls_tree_leaf(st->layer, st->keys.me) != NULL &&
			 (g->is_joining || st->keys.me.i == g->keys.me.i),
		    MLS_SAVED_STATE_IS_DAMAGED);
		TRY(mls_staged_note(st));
	}
	g->staged = st;
	st = NULL;
out:
	mls_staged_free(st);
	return err;
}

/* ---- All of it ---- */

static void
put_origin(struct wr *w, const struct mls_group *g)
{
	wr_u8(w, (uint8_t)g->origin.usage);
	wr_vec16(w, wr_bytes(&g->origin_id));
	wr_u64(w, g->origin.epoch);
	wr_vec8(w, (struct bytes){ g->origin_psk, g->origin_psk_len });
}

static void
get_origin(struct rd *r, struct mls_group *g)
{
	uint8_t usage = rd_u8(r);
	struct bytes psk;

	if (usage > MLS_PSK_BRANCH)
		rd_fail(r, ERR_DECODE);
	wr_put(&g->origin_id, rd_vec16(r, MLS_MAX_GROUP_ID));
	g->origin = (struct mls_psk_id){
		.type = MLS_PSK_RESUMPTION,
		.usage = (enum mls_psk_usage)usage,
		.group_id = wr_bytes(&g->origin_id),
		.epoch = rd_u64(r),
	};
	psk = rd_vec8(r, sizeof g->origin_psk);
	g->origin_psk_len = psk.n;
	if (psk.n != 0)
		memcpy(g->origin_psk, psk.p, psk.n);
}

enum mls_result
mls_group_save(const struct mls_group *g, struct wr *out)
{
	struct wr tree = wr_new();
	enum mls_result err;

	mls_tree_encode(g->tree, &tree);
	TRY(mls_result_of(wr_done(&tree)));
	wr_u16(out, STATE_VERSION);
	wr_u16(out, g->suite.number);
	wr_u8(out, g->is_removed);
	wr_u8(out, g->is_joining);
	put_epoch(out, &g->now);
	wr_vec32(out, wr_bytes(&tree));
	put_keys(out, &g->keys);
	put_signer(out, &g->signer);
	wr_vec32(out, wr_bytes(&g->reinit));
	put_origin(out, g);
	put_past(out, g);
	put_known(out, g);
	put_wanted(out, g);
	put_staged(out, g->staged);
	TRY(mls_result_of(wr_done(out)));
out:
	wr_free(&tree);
	return err;
}

static enum mls_result
load(struct rd *r, struct mls_group *g)
{
	enum mls_result err;

	g->is_removed = mls_rd_optional(r);
	g->is_joining = mls_rd_optional(r);
	TRY(get_epoch(r, &g->suite, &g->now));
	TRY(mls_tree_decode(&g->suite, rd_vec32(r, MAX_PART), &g->tree));
	get_keys(r, &g->keys);
	get_signer(r, &g->signer);
	wr_put(&g->reinit, rd_vec32(r, MAX_PART));
	get_origin(r, g);
	NEED(r->err == ERR_OK &&
		 (g->is_joining || g->is_removed ||
		     (g->now.keys != NULL &&
			 mls_tree_leaf(g->tree, g->keys.me) != NULL)),
	    MLS_SAVED_STATE_IS_DAMAGED);
	TRY(get_past(r, g));
	TRY(get_known(r, g));
	TRY(get_wanted(r, g));
	TRY(get_staged(r, g));
	NEED(rd_end(r) == ERR_OK, MLS_SAVED_STATE_IS_DAMAGED);
out:
	return err;
}

enum mls_result
mls_group_load(
    const struct mls_client *c, struct bytes saved, struct mls_group **out)
{
	struct rd r = rd_init(saved);
	uint16_t version = rd_u16(&r), number = rd_u16(&r);
	struct mls_group *g = NULL;
	struct mls_suite s;
	enum mls_result err = MLS_OK;

	NEED(r.err == ERR_OK, MLS_SAVED_STATE_IS_DAMAGED);
	NEED(version == STATE_VERSION, MLS_SAVED_STATE_IS_OF_ANOTHER_VERSION);
	TRY(mls_suite_init(&s, number, c->suite_alias));
	g = mls_group_alloc(c, &s);
	NEED(g != NULL, MLS_OUT_OF_MEMORY);
	TRY(load(&r, g));
	*out = g;
	g = NULL;
out:
	mls_group_free(g);
	return err;
}
