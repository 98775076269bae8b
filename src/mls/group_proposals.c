/* The changes that wait for a commit: known proposals, checked by section
 * 12.1, and what we have asked for ourselves. */
#include "mls/group.h"
#include "crypto/ct.h"

#include <stdlib.h>
#include <string.h>

/* ---- Known proposals ---- */

void
mls_group_free_known(struct mls_known_proposal *k)
{
	if (k == NULL)
		return;
	if (k->own != NULL)
		bytes_wipe(k->own, sizeof *k->own);
	free(k->own);
	wr_free(&k->encoded);
	free(k);
}

void
mls_group_forget_known(struct mls_group *g)
{
	struct mls_known_proposal *k;

	while ((k = g->known) != NULL) {
		g->known = k->next;
		mls_group_free_known(k);
	}
	g->n_known = 0;
}

struct mls_known_proposal *
mls_group_new_known(struct bytes encoded)
{
	struct mls_known_proposal *k = calloc(1, sizeof *k);
	struct rd r;

	if (k == NULL)
		return NULL;
	k->encoded = wr_new();
	wr_put(&k->encoded, encoded);
	r = rd_init(wr_bytes(&k->encoded));
	mls_content_decode(&r, &k->content);
	if (rd_end(&r) != ERR_OK) {
		mls_group_free_known(k);
		return NULL;
	}
	return k;
}

const struct mls_known_proposal *
mls_group_find_known(const struct mls_group *g, struct bytes ref)
{
	const struct mls_known_proposal *k = g->known;

	if (ref.n != g->suite.hash_len)
		return NULL;
	while (k != NULL && memcmp(k->ref, ref.p, ref.n) != 0)
		k = k->next;
	return k;
}

enum mls_result
mls_group_know(struct mls_group *g, struct mls_known_proposal *k)
{
	struct mls_known_proposal **end = &g->known;

	mls_content_proposal_ref(&g->suite, &k->content, k->ref);
	if (mls_group_find_known(
		g, (struct bytes){ k->ref, g->suite.hash_len }) != NULL)
		return MLS_PROPOSAL_WAS_SEEN_BEFORE;
	if (g->n_known == MLS_MAX_KNOWN)
		return MLS_A_LIMIT_WAS_REACHED;
	while (*end != NULL)
		end = &(*end)->next;
	*end = k;
	g->n_known++;
	return MLS_OK;
}

/* ---- Section 12.1.8 ---- */

/*
 *	struct {
 *	  SignaturePublicKey signature_key;
 *	  Credential credential;
 *	} ExternalSender;
 *	ExternalSender external_senders<V>;
 */
static struct rd
external_senders(struct bytes extensions)
{
	struct bytes data, list;
	struct rd r;

	if (!mls_extensions_find(
		extensions, MLS_EXTENSION_EXTERNAL_SENDERS, &data))
		return rd_init(BYTES_NONE);
	r = rd_init(data);
	list = mls_rd_vec(&r, MLS_MAX_MESSAGE_LEN);
	if (rd_end(&r) != ERR_OK)
		return r;
	return rd_init(list);
}

static void
read_sender(struct rd *r, struct mls_external_sender *out)
{
	out->signature_key = mls_rd_vec(r, MLS_MAX_SIG_PUBLIC);
	mls_credential_decode(r, &out->credential);
}

bool
mls_external_senders_parse(struct bytes extensions)
{
	struct rd walk = external_senders(extensions);
	struct mls_external_sender one;

	while (walk.n > 0)
		read_sender(&walk, &one);
	return walk.err == ERR_OK;
}

enum mls_result
mls_external_sender_find(
    struct bytes extensions, uint32_t index, struct mls_external_sender *out)
{
	struct rd walk = external_senders(extensions);

	for (uint64_t i = 0; i <= index; i++) {
		if (walk.n == 0)
			return MLS_SENDER_IS_NOT_ALLOWED;
		read_sender(&walk, out);
	}
	return walk.err == ERR_OK ? MLS_OK : MLS_SENDER_IS_NOT_ALLOWED;
}

/* ---- Section 12.1 ---- */

/* 12.1, 12.1.8: which sender may make which proposal. */
static bool
may_propose(enum mls_sender_type sender, uint16_t type)
{
	switch (sender) {
	case MLS_SENDER_MEMBER:
		return type != MLS_PROPOSAL_EXTERNAL_INIT;
	case MLS_SENDER_EXTERNAL:
		return type != MLS_PROPOSAL_EXTERNAL_INIT &&
		       type != MLS_PROPOSAL_UPDATE;
	case MLS_SENDER_NEW_MEMBER_PROPOSAL:
		return type == MLS_PROPOSAL_ADD;
	case MLS_SENDER_NEW_MEMBER_COMMIT:
		return type == MLS_PROPOSAL_EXTERNAL_INIT ||
		       type == MLS_PROPOSAL_REMOVE || type == MLS_PROPOSAL_PSK;
	}
	return false;
}

static enum mls_result
check_add(const struct mls_group *g, const struct mls_sender *sender,
    const struct mls_key_package *kp, struct bytes extensions)
{
	bool by_us =
	    sender->type == MLS_SENDER_MEMBER && sender->index == g->keys.me.i;
	enum mls_result err;

	TRY(mls_key_package_check(&g->suite, kp, extensions));
	if (by_us || g->client->lifetimes == MLS_LIFETIME_CHECK)
		TRY(mls_group_check_lifetime(g->client, &kp->leaf));
	TRY(mls_group_authenticate(
	    g->client, MLS_CLAIM_JOINS, &kp->leaf, NULL));
out:
	return err;
}

static enum mls_result
check_update(const struct mls_group *g, const struct mls_sender *sender,
    const struct mls_leaf_node *leaf, struct bytes extensions)
{
	struct mls_leaf_place place = { mls_group_id(g), { sender->index } };
	const struct mls_leaf_node *before = mls_tree_leaf(g->tree, place.leaf);
	enum mls_result err = MLS_OK;

	NEED(before != NULL, MLS_SENDER_IS_NOT_A_MEMBER);
	NEED(leaf->source == MLS_LEAF_UPDATE, MLS_LEAF_SOURCE_IS_WRONG);
	NEED(!bytes_equal(before->encryption_key, leaf->encryption_key),
	    MLS_ENCRYPTION_KEY_IS_IN_USE);
	TRY(mls_leaf_node_check(&g->suite, leaf, extensions));
	TRY(mls_leaf_node_verify(&g->suite, leaf, &place));
	TRY(mls_group_authenticate(g->client, MLS_CLAIM_UPDATES, leaf, before));
out:
	return err;
}

/* The claims of external senders that a new list of extensions makes. */
static enum mls_result
check_extensions(const struct mls_group *g, struct bytes list)
{
	struct rd walk = external_senders(list);
	struct mls_external_sender one;
	enum mls_result err = MLS_OK;

	NEED(mls_external_senders_parse(list), MLS_MESSAGE_IS_MALFORMED);
	while (walk.n > 0) {
		struct mls_claim claim = { .reason = MLS_CLAIM_IS_EXTERNAL };

		read_sender(&walk, &one);
		claim.credential = one.credential;
		claim.signature_key = one.signature_key;
		NEED(g->client->authenticate(g->client->ctx, &claim),
		    MLS_CREDENTIAL_IS_NOT_ACCEPTED);
	}
out:
	return err;
}

enum mls_result
mls_group_check_proposal(const struct mls_group *g,
    const struct mls_sender *sender, const struct mls_proposal *p,
    struct bytes extensions)
{
	enum mls_result err = MLS_OK;

	NEED(may_propose(sender->type, p->type),
	    MLS_PROPOSAL_IS_NOT_ALLOWED_HERE);
	switch (p->type) {
	case MLS_PROPOSAL_ADD:
		TRY(check_add(g, sender, &p->u.add, extensions));
		break;
	case MLS_PROPOSAL_UPDATE:
		TRY(check_update(g, sender, &p->u.update, extensions));
		break;
	case MLS_PROPOSAL_REMOVE:
		NEED(mls_tree_leaf(g->tree, p->u.remove) != NULL,
		    MLS_REMOVED_LEAF_IS_BLANK);
		break;
	case MLS_PROPOSAL_PSK:
		NEED(p->u.psk.nonce.n == g->suite.hash_len,
		    MLS_PSK_NONCE_HAS_WRONG_LENGTH);
		break;
	case MLS_PROPOSAL_REINIT:
		NEED(p->u.reinit.version >= MLS_VERSION_MLS10,
		    MLS_REINIT_IS_A_DOWNGRADE);
		break;
	case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		TRY(check_extensions(g, p->u.extensions));
		break;
	default:
		break;
	}
out:
	return err;
}

/* ---- What we ask for ---- */

void
mls_group_free_wanted(struct mls_wanted *w)
{
	wr_free(&w->proposal);
	wr_free(&w->credential);
	bytes_wipe(w, sizeof *w);
	free(w);
}

void
mls_group_forget_changes(struct mls_group *g)
{
	struct mls_wanted *w;

	while ((w = g->wanted) != NULL) {
		g->wanted = w->next;
		mls_group_free_wanted(w);
	}
	g->wanted_last = NULL;
	g->n_wanted = 0;
}

static struct mls_wanted *
new_wanted(void)
{
	struct mls_wanted *w = calloc(1, sizeof *w);

	if (w != NULL) {
		w->proposal = wr_new();
		w->credential = wr_new();
	}
	return w;
}

static void
append(struct mls_group *g, struct mls_wanted *w)
{
	if (g->wanted == NULL)
		g->wanted = w;
	else
		g->wanted_last->next = w;
	g->wanted_last = w;
	g->n_wanted++;
}

struct mls_wanted *
mls_group_new_wanted(struct mls_group *g)
{
	struct mls_wanted *w = new_wanted();

	if (w != NULL)
		append(g, w);
	return w;
}

/* Whether changes may be asked for now. */
static enum mls_result
may_ask(const struct mls_group *g)
{
	if (g->staged != NULL)
		return MLS_A_COMMIT_IS_PENDING;
	if (g->n_wanted >= MLS_MAX_WANTED)
		return MLS_A_LIMIT_WAS_REACHED;
	return mls_group_status(g);
}

/* Checks an encoded proposal of ours and keeps it; takes proposal over. */
static enum mls_result
want(struct mls_group *g, struct wr *proposal)
{
	struct mls_sender us = { MLS_SENDER_MEMBER, g->keys.me.i };
	struct mls_wanted *w = NULL;
	struct mls_proposal p;
	struct rd r;
	enum mls_result err;

	TRY(may_ask(g));
	TRY(mls_result_of(wr_done(proposal)));
	r = rd_init(wr_bytes(proposal));
	mls_proposal_decode(&r, &p);
	TRY(mls_result_of(rd_end(&r)));
	TRY(mls_group_check_proposal(g, &us, &p, g->now.context.extensions));
	w = new_wanted();
	NEED(w != NULL, MLS_OUT_OF_MEMORY);
	w->proposal = *proposal;
	*proposal = wr_new();
	append(g, w);
out:
	wr_free(proposal);
	return err;
}

enum mls_result
mls_group_add(struct mls_group *g, struct bytes key_package)
{
	struct mls_key_package kp;
	struct wr w = wr_new();
	enum mls_result err;

	TRY(mls_key_package_read(key_package, &kp));
	mls_proposal_put_add(&w, kp.encoded);
	TRY(want(g, &w));
out:
	return err;
}

enum mls_result
mls_group_remove(struct mls_group *g, struct mls_leaf leaf)
{
	struct wr w = wr_new();

	if (mls_tree_leaf(g->tree, leaf) == NULL)
		return MLS_NO_SUCH_MEMBER;
	mls_proposal_put_remove(&w, leaf);
	return want(g, &w);
}

enum mls_result
mls_group_use_psk(struct mls_group *g, const struct mls_psk_id *id)
{
	const struct env *env = g->client->env;
	uint8_t nonce[MLS_MAX_HASH_LEN];
	struct mls_psk_id with_nonce = *id;
	struct wr w = wr_new();

	env->random(env->ctx, nonce, g->suite.hash_len);
	ct_unpoison(nonce, g->suite.hash_len);
	with_nonce.nonce = (struct bytes){ nonce, g->suite.hash_len };
	mls_proposal_put_psk(&w, &with_nonce);
	return want(g, &w);
}

enum mls_result
mls_group_set_extensions(struct mls_group *g, struct bytes list)
{
	struct wr w = wr_new();

	mls_proposal_put_extensions(&w, list);
	return want(g, &w);
}

enum mls_result
mls_group_reinit(struct mls_group *g, const struct mls_reinit *next)
{
	struct wr w = wr_new();

	mls_proposal_put_reinit(&w, next);
	return want(g, &w);
}

enum mls_result
mls_group_update(struct mls_group *g, const struct mls_identity *who)
{
	struct mls_wanted *w = NULL;
	enum mls_result err;

	TRY(may_ask(g));
	w = new_wanted();
	NEED(w != NULL, MLS_OUT_OF_MEMORY);
	w->is_update = true;
	if (who != NULL) {
		w->has_identity = true;
		mls_credential_encode(&w->credential, &who->credential);
		TRY(mls_result_of(wr_done(&w->credential)));
		TRY(mls_own_signer_set(&w->signer, &g->suite, &who->signer));
	}
	append(g, w);
	w = NULL;
out:
	if (w != NULL)
		mls_group_free_wanted(w);
	return err;
}

const struct mls_wanted *
mls_group_wanted_update(const struct mls_group *g)
{
	const struct mls_wanted *last = NULL;

	for (const struct mls_wanted *w = g->wanted; w != NULL; w = w->next)
		if (w->is_update && (w->has_identity || last == NULL))
			last = w;
	return last;
}
