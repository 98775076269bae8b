/* 12.4.1: commits by a member; and what becomes of a staged one. */
#include "mls/draft.h"
#include "mls/send.h"

#include <stdlib.h>
#include <string.h>

/* A proposal that will be in the commit, while the list is chosen. */
struct chosen {
	struct mls_sender sender;
	const struct mls_proposal *p;
};

struct choice {
	const struct mls_group *g;
	struct mls_proposal *wanted; /* decoded */
	size_t n_wanted;
	struct chosen *all;
	size_t n;
	bool *takes; /* one for each known proposal */
};

/* The leaf that a proposal updates or removes; false for other proposals. */
static bool
touches(const struct mls_sender *sender, const struct mls_proposal *p,
    uint32_t *leaf)
{
	*leaf = p->type == MLS_PROPOSAL_UPDATE ? sender->index : p->u.remove.i;
	return p->type == MLS_PROPOSAL_UPDATE || p->type == MLS_PROPOSAL_REMOVE;
}

/* Whether two proposals cannot be in one commit, 12.2. */
static bool
exclude(const struct chosen *a, const struct chosen *b)
{
	uint32_t x, y;

	if (touches(&a->sender, a->p, &x) && touches(&b->sender, b->p, &y))
		return x == y;
	if (a->p->type == MLS_PROPOSAL_REINIT ||
	    b->p->type == MLS_PROPOSAL_REINIT)
		return true;
	if (a->p->type != b->p->type)
		return false;
	switch (a->p->type) {
	case MLS_PROPOSAL_ADD:
		return bytes_equal(a->p->u.add.leaf.signature_key,
			   b->p->u.add.leaf.signature_key) ||
		       bytes_equal(a->p->u.add.leaf.encryption_key,
			   b->p->u.add.leaf.encryption_key);
	case MLS_PROPOSAL_PSK:
		return mls_psk_id_same_key(&a->p->u.psk, &b->p->u.psk);
	case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		return true;
	default:
		return false;
	}
}

static bool
is_removed(const struct choice *c, struct mls_leaf leaf)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->all[i].p->type == MLS_PROPOSAL_REMOVE &&
		    c->all[i].p->u.remove.i == leaf.i)
			return true;
	return false;
}

/* Whether a known proposal can be committed by us at all. */
static bool
is_possible(const struct choice *c, const struct chosen *one)
{
	const struct mls_group *g = c->g;
	struct wr psk = wr_new();
	struct mls_leaf other;
	uint32_t leaf;
	bool found;

	if (touches(&one->sender, one->p, &leaf))
		return leaf != g->keys.me.i;
	switch (one->p->type) {
	case MLS_PROPOSAL_ADD:
		return !mls_tree_find_signature_key(
			   g->tree, one->p->u.add.leaf.signature_key, &other) ||
		       is_removed(c, other);
	case MLS_PROPOSAL_PSK:
		found = mls_group_find_psk(g, &one->p->u.psk, &psk) == MLS_OK;
		wr_free(&psk);
		return found;
	default:
		return true;
	}
}

static bool
choose(struct choice *c, const struct mls_known_proposal *k)
{
	struct chosen one = { k->content.sender, &k->content.u.proposal };

	if (!is_possible(c, &one))
		return false;
	for (size_t i = 0; i < c->n; i++)
		if (exclude(&c->all[i], &one))
			return false;
	c->all[c->n++] = one;
	return true;
}

/*
 * 12.4: takes every known proposal that goes with what we want and with those
 * that are taken before it: removals first, then the newest updates, then the
 * rest, and a re-init only when there is nothing else.
 */
static enum mls_result
choose_known(struct choice *c)
{
	const struct mls_known_proposal **known =
	    calloc(c->g->n_known + 1, sizeof known[0]);
	const struct mls_known_proposal *k = c->g->known;
	size_t n = 0;

	if (known == NULL)
		return MLS_OUT_OF_MEMORY;
	for (; k != NULL; k = k->next)
		known[n++] = k;
	for (size_t i = 0; i < n; i++)
		if (known[i]->content.u.proposal.type == MLS_PROPOSAL_REMOVE)
			c->takes[i] = choose(c, known[i]);
	for (size_t i = n; i > 0; i--)
		if (known[i - 1]->content.u.proposal.type ==
		    MLS_PROPOSAL_UPDATE)
			c->takes[i - 1] = choose(c, known[i - 1]);
	for (size_t i = 0; i < n; i++) {
		uint16_t type = known[i]->content.u.proposal.type;

		if (type != MLS_PROPOSAL_REMOVE &&
		    type != MLS_PROPOSAL_UPDATE && type != MLS_PROPOSAL_REINIT)
			c->takes[i] = choose(c, known[i]);
	}
	for (size_t i = 0; i < n; i++)
		if (known[i]->content.u.proposal.type == MLS_PROPOSAL_REINIT)
			c->takes[i] = choose(c, known[i]);
	free(known);
	return MLS_OK;
}

static enum mls_result
choose_wanted(struct choice *c)
{
	struct mls_sender us = { MLS_SENDER_MEMBER, c->g->keys.me.i };
	enum mls_result err = MLS_OK;

	for (const struct mls_wanted *w = c->g->wanted; w != NULL;
	     w = w->next) {
		struct mls_proposal *p = &c->wanted[c->n_wanted];
		struct rd r = rd_init(wr_bytes(&w->proposal));

		if (w->is_update)
			continue;
		mls_proposal_decode(&r, p);
		TRY(mls_result_of(rd_end(&r)));
		c->all[c->n++] = (struct chosen){ us, p };
		c->n_wanted++;
	}
out:
	return err;
}

/* Writes the chosen proposals: known ones by reference, in the order in which
 * they came, then ours by value. */
static void
put_chosen(const struct choice *c, struct wr *w)
{
	const struct mls_known_proposal *k = c->g->known;

	for (size_t i = 0; k != NULL; k = k->next, i++) {
		if (!c->takes[i])
			continue;
		wr_u8(w, MLS_BY_REFERENCE);
		mls_wr_vec(w, mls_epoch_secret(&c->g->now, k->ref));
	}
	for (size_t i = 0; i < c->n_wanted; i++) {
		wr_u8(w, MLS_BY_VALUE);
		wr_put(w, c->wanted[i].encoded);
	}
}

static enum mls_result
choose_proposals(
    const struct mls_group *g, bool skip_known, struct wr *out, size_t *n)
{
	struct choice c = { .g = g };
	enum mls_result err;

	c.wanted = calloc(g->n_wanted + 1, sizeof c.wanted[0]);
	c.all = calloc(g->n_wanted + g->n_known + 1, sizeof c.all[0]);
	c.takes = calloc(g->n_known + 1, sizeof c.takes[0]);
	NEED(c.wanted != NULL && c.all != NULL && c.takes != NULL,
	    MLS_OUT_OF_MEMORY);
	TRY(choose_wanted(&c));
	if (!skip_known)
		TRY(choose_known(&c));
	put_chosen(&c, out);
	TRY(mls_result_of(wr_done(out)));
	*n = c.n;
out:
	free(c.wanted);
	free(c.all);
	free(c.takes);
	return err;
}

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
	TRY(choose_proposals(g, o->skip_proposals, &d.st->proposals, &n));
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
