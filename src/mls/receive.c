/* Messages from others: 6.2 and 6.3 for whoever sends them, proposals, and
 * 12.4.2 for commits. */
#include "crypto/ct.h"
#include "mls/staged.h"

#include <stdlib.h>
#include <string.h>

/* A message while it is read. */
struct incoming {
	struct mls_group *g;
	struct wr *buf;		 /* gets what is decrypted */
	struct mls_past *past;	 /* or NULL: the current epoch */
	struct mls_epoch *epoch; /* whose keys are used */
	struct mls_content content;
	bool is_private;
	struct mls_message_key key; /* of is_private; secret */
};

struct bytes
mls_past_signature_key(
    const struct mls_group *g, size_t past, struct mls_leaf leaf)
{
	const struct mls_leaf_node *now = mls_tree_leaf(g->tree, leaf);

	/* The first change since then tells what was before it. */
	for (size_t i = past + 1; i > 0; i--) {
		const struct mls_past *p = &g->past[i - 1];

		for (size_t j = 0; j < p->n; j++)
			if (p->leaves[j].leaf.i == leaf.i)
				return (struct bytes){ p->leaves[j].public,
					p->leaves[j].public_len };
	}
	return now == NULL ? BYTES_NONE : now->signature_key;
}

/* The signature key of a member in the message's epoch; empty if none. */
static struct bytes
key_of_member(const struct incoming *in, struct mls_leaf leaf)
{
	const struct mls_leaf_node *now;

	if (in->past != NULL)
		return mls_past_signature_key(
		    in->g, (size_t)(in->past - in->g->past), leaf);
	now = mls_tree_leaf(in->g->tree, leaf);
	return now == NULL ? BYTES_NONE : now->signature_key;
}

/* Checks group and epoch of a message and says whose keys open it. */
static enum mls_result
find_epoch(struct incoming *in, struct bytes group_id, uint64_t epoch,
    enum mls_content_type type)
{
	struct mls_group *g = in->g;

	if (!bytes_equal(group_id, mls_group_id(g)))
		return MLS_MESSAGE_IS_FOR_ANOTHER_GROUP;
	in->epoch = &g->now;
	if (epoch == g->now.context.epoch)
		return MLS_OK;
	if (epoch > g->now.context.epoch)
		return MLS_EPOCH_IS_IN_THE_FUTURE;
	for (size_t i = 0; i < g->n_past; i++) {
		if (g->past[i].epoch.context.epoch != epoch)
			continue;
		if (type != MLS_CONTENT_APPLICATION ||
		    g->past[i].messages_left == 0)
			break;
		in->past = &g->past[i];
		in->epoch = &in->past->epoch;
		return MLS_OK;
	}
	return MLS_EPOCH_IS_OVER;
}

/* 6.1: the key that signed public content, by its sender. */
static enum mls_result
public_signer(const struct incoming *in, struct bytes *key)
{
	const struct mls_content *c = &in->content;
	struct mls_external_sender external;
	enum mls_result err = MLS_OK;

	switch (c->sender.type) {
	case MLS_SENDER_MEMBER:
		*key = key_of_member(in, (struct mls_leaf){ c->sender.index });
		NEED(key->n != 0, MLS_SENDER_IS_NOT_A_MEMBER);
		break;
	case MLS_SENDER_EXTERNAL:
		NEED(
		    c->type == MLS_CONTENT_PROPOSAL, MLS_SENDER_IS_NOT_ALLOWED);
		TRY(mls_external_sender_find(
		    in->g->now.context.extensions, c->sender.index, &external));
		*key = external.signature_key;
		break;
	case MLS_SENDER_NEW_MEMBER_PROPOSAL:
		NEED(
		    c->type == MLS_CONTENT_PROPOSAL, MLS_SENDER_IS_NOT_ALLOWED);
		NEED(c->u.proposal.type == MLS_PROPOSAL_ADD,
		    MLS_PROPOSAL_IS_NOT_ALLOWED_HERE);
		*key = c->u.proposal.u.add.leaf.signature_key;
		break;
	case MLS_SENDER_NEW_MEMBER_COMMIT:
		NEED(c->type == MLS_CONTENT_COMMIT, MLS_SENDER_IS_NOT_ALLOWED);
		NEED(c->u.commit.has_path, MLS_PATH_IS_MISSING);
		*key = c->u.commit.path.leaf.signature_key;
		break;
	}
out:
	return err;
}

static enum mls_result
open_public(struct incoming *in, const struct mls_public_message *m)
{
	const struct mls_content *c = &m->content;
	struct bytes key;
	enum mls_result err;

	in->content = *c;
	NEED(c->type != MLS_CONTENT_APPLICATION,
	    MLS_APPLICATION_DATA_IS_NOT_ENCRYPTED);
	TRY(find_epoch(in, c->group_id, c->epoch, c->type));
	if (c->sender.type == MLS_SENDER_MEMBER)
		TRY(mls_public_message_check_tag(&in->g->now, m));
	TRY(public_signer(in, &key));
	TRY(mls_content_verify(
	    &in->g->suite, c, wr_bytes(&in->g->now.encoded), key));
	NEED(c->sender.type != MLS_SENDER_MEMBER ||
		 c->sender.index != in->g->keys.me.i,
	    MLS_SENDER_IS_OURSELVES);
out:
	return err;
}

static enum mls_result
open_private(struct incoming *in, const struct mls_private_message *m)
{
	struct mls_sender_data from;
	struct bytes key;
	enum mls_result err;

	in->is_private = true;
	TRY(find_epoch(in, m->group_id, m->epoch, m->type));
	TRY(mls_private_message_sender(in->epoch, m, &from));
	key = key_of_member(in, from.leaf);
	NEED(key.n != 0, MLS_SENDER_IS_NOT_A_MEMBER);
	NEED(from.leaf.i != in->g->keys.me.i, MLS_SENDER_IS_OURSELVES);
	TRY(mls_private_message_open(
	    in->epoch, m, &from, &in->key, in->buf, &in->content));
	TRY(mls_content_verify(
	    &in->g->suite, &in->content, wr_bytes(&in->epoch->encoded), key));
out:
	return err;
}

/* The message has proven right: its key is deleted. */
static enum mls_result
use_key(struct incoming *in)
{
	const struct env *env = in->g->client->env;

	if (!in->is_private)
		return MLS_OK;
	return mls_secret_tree_use(
	    in->epoch->keys, &in->key, env->wall_s(env->ctx));
}

static enum mls_result
take_application(struct incoming *in, struct mls_event *event)
{
	enum mls_result err;

	TRY(use_key(in));
	if (in->past != NULL)
		in->past->messages_left--;
	event->kind = MLS_EVENT_APPLICATION;
	event->generation = in->key.generation;
	event->data = in->content.body;
out:
	return err;
}

/* 12.1: a proposal is checked and kept for a later commit. */
static enum mls_result
take_proposal(struct incoming *in, struct mls_event *event)
{
	struct mls_group *g = in->g;
	struct mls_known_proposal *known = NULL;
	enum mls_result err;

	TRY(mls_group_status(g));
	TRY(mls_group_check_proposal(g, &in->content.sender,
	    &in->content.u.proposal, g->now.context.extensions));
	known = mls_group_new_known(in->content.encoded);
	NEED(known != NULL, MLS_OUT_OF_MEMORY);
	mls_content_proposal_ref(&g->suite, &known->content, known->ref);
	NEED(mls_group_find_known(
		 g, (struct bytes){ known->ref, g->suite.hash_len }) == NULL,
	    MLS_PROPOSAL_WAS_SEEN_BEFORE);
	NEED(g->n_known < MLS_MAX_KNOWN, MLS_A_LIMIT_WAS_REACHED);
	TRY(use_key(in));
	TRY(mls_group_know(g, known));
	event->kind = MLS_EVENT_PROPOSAL;
	event->proposal = &known->content.u.proposal;
	known = NULL;
out:
	mls_group_free_known(known);
	return err;
}

/* 12.4.2: where an external committer stands, and who it says it is. */
static enum mls_result
admit_joiner(
    struct mls_staged *st, const struct mls_group *g, struct mls_leaf *at)
{
	const struct mls_leaf_node *leaf = &st->content.u.commit.path.leaf;
	const struct mls_leaf_node *before = NULL;
	struct mls_leaf other;
	enum mls_result err;

	TRY(mls_tree_make_room(st->layer, at));
	NEED(!mls_tree_find_signature_key(
		 st->layer, leaf->signature_key, &other),
	    MLS_SIGNATURE_KEY_IS_IN_USE);
	if (st->list.resync != NULL)
		before = mls_tree_leaf(g->tree, *st->list.resync);
	err = mls_group_authenticate(g->client,
	    before == NULL ? MLS_CLAIM_JOINS : MLS_CLAIM_UPDATES, leaf, before);
	if (err == MLS_CREDENTIAL_IS_NOT_ACCEPTED && before != NULL)
		err = MLS_EXTERNAL_COMMIT_REMOVES_SOMEONE_ELSE;
out:
	return err;
}

/* The committer's new leaf may keep its signature key, and no other's. */
static enum mls_result
admit_member(
    struct mls_staged *st, const struct mls_group *g, struct mls_leaf committer)
{
	const struct mls_leaf_node *leaf = &st->content.u.commit.path.leaf;
	struct mls_leaf other;

	if (mls_tree_find_signature_key(
		st->layer, leaf->signature_key, &other) &&
	    other.i != committer.i)
		return MLS_SIGNATURE_KEY_IS_IN_USE;
	return mls_group_authenticate(g->client, MLS_CLAIM_UPDATES, leaf,
	    mls_tree_leaf(g->tree, committer));
}

/* 12.4.2: validates the path and applies it; if we stay, opens it. */
static enum mls_result
take_path(
    struct mls_staged *st, const struct mls_group *g, uint8_t *commit_secret)
{
	const struct mls_content *c = &st->content;
	struct mls_treekem_sender from = {
		.leaf = { c->sender.index },
		.group_id = mls_group_id(g),
		.extensions = st->list.extensions,
	};
	struct mls_treekem_message m = {
		.path = &c->u.commit.path,
		.added = { st->list.added, st->list.n_added },
	};
	struct wr context = wr_new();
	enum mls_result err;

	if (c->sender.type == MLS_SENDER_MEMBER)
		TRY(admit_member(st, g, from.leaf));
	else
		TRY(admit_joiner(st, g, &from.leaf));
	TRY(mls_treekem_apply(st->layer, &from, m.path));
	if (st->list.removes_us)
		goto out;
	TRY(mls_staged_context(
	    st, g, g->now.context.confirmed_transcript_hash, &context));
	m.from = from.leaf;
	m.group_context = wr_bytes(&context);
	TRY(mls_treekem_open(st->layer, &st->keys, &m, commit_secret));
out:
	wr_free(&context);
	return err;
}

/* The next epoch, as its own secrets see it, and as the commit says. */
static enum mls_result
take_secrets(struct mls_staged *st, const struct mls_group *g,
    const uint8_t *commit_secret)
{
	const struct mls_content *c = &st->content;
	struct {
		uint8_t psk[MLS_MAX_HASH_LEN];
		uint8_t init[MLS_MAX_HASH_LEN];
	} s;
	struct mls_staged_secrets secrets = {
		.init = g->now.secrets.init,
		.commit = commit_secret,
		.psk = s.psk,
	};
	enum mls_result err;

	TRY(mls_proposal_list_psk_secret(&st->list, g, s.psk));
	if (st->list.external_init.n != 0) {
		TRY(mls_schedule_external_open(&g->suite,
		    g->now.secrets.external, st->list.external_init, s.init));
		secrets.init = s.init;
	}
	TRY(mls_staged_advance(st, g, &secrets, c->before_tag));
	NEED(c->confirmation_tag.n == g->suite.hash_len &&
		 ct_verdict(ct_equal(c->confirmation_tag.p,
		     st->next.confirmation_tag, g->suite.hash_len)),
	    MLS_CONFIRMATION_TAG_IS_WRONG);
	mls_staged_settle(st);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

static enum mls_result
take_commit(struct incoming *in, struct mls_event *event)
{
	struct mls_group *g = in->g;
	struct mls_staged *st = NULL;
	struct {
		uint8_t commit[MLS_MAX_HASH_LEN];
	} s = { { 0 } };
	struct rd r;
	enum mls_result err;

	TRY(mls_group_status(g));
	NEED(g->staged == NULL, MLS_A_COMMIT_IS_PENDING);
	st = mls_staged_new(g);
	NEED(st != NULL, MLS_OUT_OF_MEMORY);
	wr_put(&st->encoded, in->content.encoded);
	TRY(mls_result_of(wr_done(&st->encoded)));
	r = rd_init(wr_bytes(&st->encoded));
	mls_content_decode(&r, &st->content);
	TRY(mls_result_of(rd_end(&r)));
	TRY(mls_staged_apply(
	    st, g, &st->content.u.commit, &st->content.sender));
	NEED(st->content.u.commit.has_path || !st->list.needs_path,
	    MLS_PATH_IS_MISSING);
	if (st->content.u.commit.has_path)
		TRY(take_path(st, g, s.commit));
	TRY(mls_proposal_list_check_tree(&st->list, st->layer));
	if (!st->list.removes_us) {
		TRY(take_secrets(st, g, s.commit));
		TRY(mls_staged_note(st));
	}
	TRY(use_key(in));
	event->kind = MLS_EVENT_COMMIT;
	event->removes_us = st->list.removes_us;
	g->staged = st;
	st = NULL;
out:
	bytes_wipe(&s, sizeof s);
	mls_staged_free(st);
	return err;
}

static enum mls_result
take(struct incoming *in, struct mls_event *event)
{
	enum mls_result err = MLS_OK;

	*event = (struct mls_event){
		.sender = in->content.sender,
		.epoch = in->content.epoch,
		.authenticated_data = in->content.authenticated_data,
	};
	switch (in->content.type) {
	case MLS_CONTENT_APPLICATION:
		TRY(take_application(in, event));
		break;
	case MLS_CONTENT_PROPOSAL:
		TRY(take_proposal(in, event));
		break;
	case MLS_CONTENT_COMMIT:
		TRY(take_commit(in, event));
		break;
	}
out:
	return err;
}

static enum mls_result
receive(struct mls_group *g, struct bytes message, bool application_only,
    struct wr *buf, struct mls_event *event)
{
	struct incoming in = { .g = g, .buf = buf };
	struct mls_message m;
	enum mls_result err;

	*event = (struct mls_event){ 0 };
	NEED(!g->is_joining, MLS_WE_ARE_NOT_A_MEMBER_YET);
	NEED(!g->is_removed, MLS_WE_WERE_REMOVED);
	TRY(mls_message_read(message, &m));
	if (m.wire_format == MLS_WIRE_PRIVATE_MESSAGE) {
		NEED(!application_only ||
			 m.u.private.type == MLS_CONTENT_APPLICATION,
		    MLS_WIRE_FORMAT_IS_NOT_EXPECTED);
		TRY(open_private(&in, &m.u.private));
	} else {
		NEED(m.wire_format == MLS_WIRE_PUBLIC_MESSAGE,
		    MLS_WIRE_FORMAT_IS_NOT_EXPECTED);
		NEED(!application_only ||
			 m.u.public.content.type == MLS_CONTENT_APPLICATION,
		    MLS_WIRE_FORMAT_IS_NOT_EXPECTED);
		TRY(open_public(&in, &m.u.public));
	}
	TRY(take(&in, event));
out:
	bytes_wipe(&in.key, sizeof in.key);
	/* What was decrypted and then refused is nobody's to read. */
	if (err != MLS_OK) {
		wr_free(buf);
		*event = (struct mls_event){ 0 };
	}
	return err;
}

enum mls_result
mls_group_unprotect(struct mls_group *g, struct bytes message, struct wr *buf,
    struct mls_event *event)
{
	return receive(g, message, true, buf, event);
}

enum mls_result
mls_group_process(struct mls_group *g, struct bytes message, struct wr *buf,
    struct mls_event *event)
{
	return receive(g, message, false, buf, event);
}
