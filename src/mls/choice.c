#include "mls/choice.h"
#include "mls/draft.h"

#include <stdlib.h>

/* Lists that are tried before what is left of them is left out. */
#define MAX_TRIALS 64

/* A proposal that will be in the commit, while the list is chosen. */
struct chosen {
	struct mls_sender sender;
	const struct mls_proposal *p;
};

struct choice {
	struct mls_group *g;
	struct mls_proposal *wanted; /* decoded */
	size_t n_wanted;
	struct chosen *all;
	size_t n;
	size_t n_taken;
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

/* Whether a commit of what is chosen would pass 12.2. */
static enum mls_result
try_list(const struct choice *c)
{
	struct mls_sender us = { MLS_SENDER_MEMBER, c->g->keys.me.i };
	struct mls_draft d;
	enum mls_result err;

	TRY(mls_draft_begin(&d, c->g, &us));
	put_chosen(c, &d.st->proposals);
	TRY(mls_result_of(wr_done(&d.st->proposals)));
	TRY(mls_draft_apply(&d, c->n_wanted + c->n_taken));
	TRY(mls_proposal_list_check_tree(&d.st->list, d.st->layer));
out:
	mls_draft_wipe(&d);
	return err;
}

static void
take(struct choice *c, const size_t *which, size_t n, bool takes)
{
	for (size_t i = 0; i < n; i++)
		c->takes[which[i]] = takes;
	c->n_taken = takes ? c->n_taken + n : c->n_taken - n;
}

/* Writes the known proposals that are taken to which, removals first, and
 * takes none of them any more; returns how many. */
static size_t
put_back(struct choice *c, size_t *which)
{
	const struct mls_known_proposal *k;
	size_t n = 0, i;

	for (int removals = 1; removals >= 0; removals--)
		for (k = c->g->known, i = 0; k != NULL; k = k->next, i++)
			if (c->takes[i] &&
			    removals == (k->content.u.proposal.type ==
					    MLS_PROPOSAL_REMOVE))
				which[n++] = i;
	for (i = 0; i < n; i++)
		c->takes[which[i]] = false;
	return n;
}

/*
 * What is right by itself may still be wrong in this list, and one such
 * proposal must not keep the others from being committed: takes them back in
 * runs, which are halved where they fail.
 */
static enum mls_result
weed(struct choice *c)
{
	size_t *which = calloc(c->g->n_known + 1, sizeof which[0]);
	size_t n, run, i = 0;
	enum mls_result err = MLS_OK, result;

	NEED(which != NULL, MLS_OUT_OF_MEMORY);
	n = run = put_back(c, which);
	for (size_t trials = 0; i < n && trials < MAX_TRIALS; trials++) {
		run = run < n - i ? run : n - i;
		take(c, which + i, run, true);
		result = try_list(c);
		NEED(result != MLS_OUT_OF_MEMORY, result);
		if (result == MLS_OK) {
			i += run;
			run *= 2;
			continue;
		}
		take(c, which + i, run, false);
		/* Is it what we want that is wrong? */
		if (trials == 0)
			TRY(try_list(c));
		if (run == 1)
			i++;
		else
			run /= 2;
	}
out:
	free(which);
	return err;
}

enum mls_result
mls_choice_make(struct mls_group *g, bool skip_known, struct wr *out, size_t *n)
{
	struct choice c = { .g = g };
	enum mls_result err;

	c.wanted = calloc(g->n_wanted + 1, sizeof c.wanted[0]);
	c.all = calloc(g->n_wanted + g->n_known + 1, sizeof c.all[0]);
	c.takes = calloc(g->n_known + 1, sizeof c.takes[0]);
	NEED(c.wanted != NULL && c.all != NULL && c.takes != NULL,
	    MLS_OUT_OF_MEMORY);
	TRY(choose_wanted(&c));
	if (!skip_known) {
		TRY(choose_known(&c));
		TRY(weed(&c));
	}
	put_chosen(&c, out);
	TRY(mls_result_of(wr_done(out)));
	*n = c.n_wanted + c.n_taken;
out:
	free(c.wanted);
	free(c.all);
	free(c.takes);
	return err;
}
