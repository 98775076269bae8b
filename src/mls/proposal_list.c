#include "mls/proposal_list.h"

#include <stdlib.h>

const struct mls_proposal *
mls_listed_proposal(const struct mls_listed *i)
{
	return i->known != NULL ? &i->known->content.u.proposal : &i->value;
}

static enum mls_result
resolve_one(struct mls_listed *to, const struct mls_group *g,
    const struct mls_proposal_item *item, const struct mls_sender *committer)
{
	if (item->type == MLS_BY_VALUE) {
		to->sender = *committer;
		to->value = item->proposal;
		return MLS_OK;
	}
	to->known = mls_group_find_known(g, item->reference);
	if (to->known == NULL)
		return MLS_PROPOSAL_IS_UNKNOWN;
	to->sender = to->known->content.sender;
	return MLS_OK;
}

static int
by_address(const void *a, const void *b)
{
	const struct mls_known_proposal *x =
	    *(const struct mls_known_proposal *const *)a;
	const struct mls_known_proposal *y =
	    *(const struct mls_known_proposal *const *)b;

	return ((uintptr_t)x > (uintptr_t)y) - ((uintptr_t)x < (uintptr_t)y);
}

/* A reference that stands twice would apply one proposal twice. */
static enum mls_result
check_references(const struct mls_proposal_list *l)
{
	const struct mls_known_proposal **known =
	    calloc(l->n + 1, sizeof known[0]);
	size_t n = 0;
	enum mls_result err = MLS_OK;

	if (known == NULL)
		return MLS_OUT_OF_MEMORY;
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].known != NULL)
			known[n++] = l->items[i].known;
	qsort(known, n, sizeof known[0], by_address);
	for (size_t i = 1; i < n; i++)
		NEED(known[i] != known[i - 1], MLS_LEAF_IS_CHANGED_TWICE);
out:
	free(known);
	return err;
}

enum mls_result
mls_proposal_list_resolve(struct mls_proposal_list *l,
    const struct mls_group *g, const struct mls_commit *commit,
    const struct mls_sender *committer)
{
	struct rd walk = rd_init(commit->proposals);
	struct mls_proposal_item item;
	size_t references = 0;
	enum mls_result err = MLS_OK;

	*l = (struct mls_proposal_list){
		.committer = *committer,
		.extensions = g->now.context.extensions,
	};
	l->items = calloc(commit->count + 1, sizeof l->items[0]);
	l->added = calloc(commit->count + 1, sizeof l->added[0]);
	l->added_by = calloc(commit->count + 1, sizeof l->added_by[0]);
	NEED(l->items != NULL && l->added != NULL && l->added_by != NULL,
	    MLS_OUT_OF_MEMORY);
	while (mls_commit_next(&walk, &item)) {
		if (committer->type == MLS_SENDER_NEW_MEMBER_COMMIT)
			NEED(item.type == MLS_BY_VALUE,
			    MLS_EXTERNAL_COMMIT_HAS_REFERENCES);
		/* More than there are would only cost time. */
		if (item.type == MLS_BY_REFERENCE)
			NEED(++references <= g->n_known,
			    MLS_PROPOSAL_IS_UNKNOWN);
		TRY(resolve_one(&l->items[l->n], g, &item, committer));
		l->n++;
	}
	TRY(check_references(l));
out:
	return err;
}

void
mls_proposal_list_free(struct mls_proposal_list *l)
{
	free(l->items);
	free(l->added);
	free(l->added_by);
	*l = (struct mls_proposal_list){ 0 };
}

/* 12.1.4: who may use which kind of key where. */
static enum mls_result
check_psk(const struct mls_proposal_list *l, const struct mls_group *g,
    size_t at, const struct mls_psk_id *id)
{
	bool is_ours = l->committer.type == MLS_SENDER_MEMBER &&
		       l->committer.index == g->keys.me.i;

	if (id->nonce.n != g->suite.hash_len)
		return MLS_PSK_NONCE_HAS_WRONG_LENGTH;
	if (id->type == MLS_PSK_RESUMPTION &&
	    id->usage != MLS_PSK_APPLICATION &&
	    (!is_ours || g->origin.usage != id->usage ||
		!mls_psk_id_same_key(&g->origin, id)))
		return MLS_PSK_IS_NOT_ALLOWED_HERE;
	for (size_t i = 0; i < at; i++) {
		const struct mls_proposal *p =
		    mls_listed_proposal(&l->items[i]);

		if (p->type == MLS_PROPOSAL_PSK &&
		    mls_psk_id_same_key(&p->u.psk, id) &&
		    bytes_equal(p->u.psk.nonce, id->nonce))
			return MLS_PSK_IS_REPEATED;
	}
	return MLS_OK;
}

static int
by_index(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* 12.2: no two updates or removals of one leaf. */
static enum mls_result
check_leaves(const struct mls_proposal_list *l)
{
	uint32_t *leaves = calloc(l->n + 1, sizeof leaves[0]);
	size_t n = 0;
	enum mls_result err = MLS_OK;

	if (leaves == NULL)
		return MLS_OUT_OF_MEMORY;
	for (size_t i = 0; i < l->n; i++) {
		const struct mls_proposal *p =
		    mls_listed_proposal(&l->items[i]);

		if (p->type == MLS_PROPOSAL_UPDATE)
			leaves[n++] = l->items[i].sender.index;
		if (p->type == MLS_PROPOSAL_REMOVE)
			leaves[n++] = p->u.remove.i;
	}
	qsort(leaves, n, sizeof leaves[0], by_index);
	for (size_t i = 1; i < n; i++)
		NEED(leaves[i] != leaves[i - 1], MLS_LEAF_IS_CHANGED_TWICE);
out:
	free(leaves);
	return err;
}

/* 12.2 for one proposal of a commit by a member. */
static enum mls_result
check_regular(struct mls_proposal_list *l, const struct mls_group *g, size_t i)
{
	const struct mls_listed *item = &l->items[i];
	const struct mls_proposal *p = mls_listed_proposal(item);
	uint32_t committer = l->committer.index;
	enum mls_result err = MLS_OK;

	switch (p->type) {
	case MLS_PROPOSAL_ADD:
		break;
	case MLS_PROPOSAL_UPDATE:
		NEED(item->sender.index != committer,
		    MLS_COMMITTER_UPDATES_ITSELF);
		l->needs_path = true;
		break;
	case MLS_PROPOSAL_REMOVE:
		NEED(p->u.remove.i != committer, MLS_COMMITTER_REMOVES_ITSELF);
		l->needs_path = true;
		l->removes_us |= p->u.remove.i == g->keys.me.i;
		break;
	case MLS_PROPOSAL_PSK:
		NEED(++l->psk_count <= MLS_MAX_PSKS, MLS_A_LIMIT_WAS_REACHED);
		TRY(check_psk(l, g, i, &p->u.psk));
		break;
	case MLS_PROPOSAL_REINIT:
		NEED(l->n == 1, MLS_REINIT_IS_NOT_ALONE);
		l->reinit = &p->u.reinit;
		break;
	case MLS_PROPOSAL_EXTERNAL_INIT:
		NEED(false, MLS_EXTERNAL_INIT_IS_NOT_ALLOWED);
		break;
	case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		NEED(!l->has_new_extensions, MLS_EXTENSIONS_ARE_CHANGED_TWICE);
		l->has_new_extensions = true;
		l->extensions = p->u.extensions;
		l->needs_path = true;
		break;
	default:
		NEED(false, MLS_PROPOSAL_TYPE_IS_NOT_SUPPORTED);
	}
out:
	return err;
}

/* 12.2 for one proposal of an external commit. */
static enum mls_result
check_external(struct mls_proposal_list *l, const struct mls_group *g, size_t i)
{
	const struct mls_proposal *p = mls_listed_proposal(&l->items[i]);
	enum mls_result err = MLS_OK;

	switch (p->type) {
	case MLS_PROPOSAL_EXTERNAL_INIT:
		NEED(l->external_init.n == 0, MLS_EXTERNAL_INIT_IS_NOT_ALLOWED);
		NEED(p->u.external_init.n != 0, MLS_MESSAGE_IS_MALFORMED);
		l->external_init = p->u.external_init;
		break;
	case MLS_PROPOSAL_REMOVE:
		NEED(l->resync == NULL,
		    MLS_EXTERNAL_COMMIT_REMOVES_SOMEONE_ELSE);
		l->resync = &p->u.remove;
		l->removes_us |=
		    !g->is_joining && p->u.remove.i == g->keys.me.i;
		break;
	case MLS_PROPOSAL_PSK:
		NEED(++l->psk_count <= MLS_MAX_PSKS, MLS_A_LIMIT_WAS_REACHED);
		TRY(check_psk(l, g, i, &p->u.psk));
		break;
	default:
		NEED(false, MLS_PROPOSAL_IS_NOT_ALLOWED_HERE);
	}
out:
	return err;
}

enum mls_result
mls_proposal_list_classify(
    struct mls_proposal_list *l, const struct mls_group *g)
{
	bool is_external = l->committer.type == MLS_SENDER_NEW_MEMBER_COMMIT;
	enum mls_result err = MLS_OK;

	l->needs_path = l->n == 0 || is_external;
	for (size_t i = 0; i < l->n; i++) {
		if (is_external)
			TRY(check_external(l, g, i));
		else
			TRY(check_regular(l, g, i));
	}
	NEED(!is_external || l->external_init.n != 0,
	    MLS_EXTERNAL_INIT_IS_MISSING);
	TRY(check_leaves(l));
out:
	return err;
}

enum mls_result
mls_proposal_list_check(
    const struct mls_proposal_list *l, const struct mls_group *g)
{
	bool is_ours = l->committer.type == MLS_SENDER_MEMBER &&
	    l->committer.index == g->keys.me.i;
	enum mls_result err = MLS_OK;

	/* What came by reference was checked when it came in this epoch, and
	 * what we want when we asked for it. */
	for (size_t i = 0; i < l->n; i++)
		if ((l->items[i].known == NULL && !is_ours) ||
		    l->has_new_extensions)
			TRY(mls_group_check_proposal(g, &l->items[i].sender,
			    mls_listed_proposal(&l->items[i]), l->extensions));
out:
	return err;
}

/* 7.3: keys of a new leaf at a place are new to the tree; its signature key
 * may be the one that it replaces. */
static enum mls_result
check_unique(const struct mls_proposal_list *l, const struct mls_tree *t,
    const struct mls_leaf_node *leaf, const struct mls_leaf *replaces)
{
	struct mls_leaf other;

	if (mls_tree_has_encryption_key(t, leaf->encryption_key))
		return MLS_ENCRYPTION_KEY_IS_IN_USE;
	if (!mls_tree_find_signature_key(t, leaf->signature_key, &other) ||
	    (replaces != NULL && replaces->i == other.i))
		return MLS_OK;
	for (size_t i = 0; i < l->n_added; i++)
		if (l->added[i].i == other.i)
			return MLS_CLIENT_IS_ADDED_TWICE;
	return MLS_SIGNATURE_KEY_IS_IN_USE;
}

static enum mls_result
apply_update(struct mls_proposal_list *l, const struct mls_group *g,
    const struct mls_listed *item, struct mls_tree *layer)
{
	const struct mls_leaf_node *leaf = &mls_listed_proposal(item)->u.update;
	struct mls_leaf at = { item->sender.index };
	enum mls_result err;

	TRY(check_unique(l, layer, leaf, &at));
	TRY(mls_tree_update(layer, at, leaf->encoded));
	if (at.i == g->keys.me.i) {
		NEED(item->known != NULL && item->known->own != NULL,
		    MLS_KEY_IS_UNUSABLE);
		l->update = item->known->own;
	}
out:
	return err;
}

static enum mls_result
apply_add(struct mls_proposal_list *l, size_t i, struct mls_tree *layer)
{
	const struct mls_leaf_node *leaf =
	    &mls_listed_proposal(&l->items[i])->u.add.leaf;
	enum mls_result err;

	TRY(check_unique(l, layer, leaf, NULL));
	TRY(mls_tree_add(layer, leaf->encoded, &l->added[l->n_added]));
	l->added_by[l->n_added++] = i;
out:
	return err;
}

enum mls_result
mls_proposal_list_apply(struct mls_proposal_list *l, const struct mls_group *g,
    struct mls_tree *layer)
{
	const struct mls_proposal *p;
	enum mls_result err = MLS_OK;

	for (size_t i = 0; i < l->n; i++)
		if (mls_listed_proposal(&l->items[i])->type ==
		    MLS_PROPOSAL_UPDATE)
			TRY(apply_update(l, g, &l->items[i], layer));
	for (size_t i = 0; i < l->n; i++) {
		p = mls_listed_proposal(&l->items[i]);
		if (p->type == MLS_PROPOSAL_REMOVE)
			TRY(mls_tree_remove(layer, p->u.remove));
	}
	for (size_t i = 0; i < l->n; i++)
		if (mls_listed_proposal(&l->items[i])->type == MLS_PROPOSAL_ADD)
			TRY(apply_add(l, i, layer));
out:
	return err;
}

enum mls_result
mls_proposal_list_check_tree(
    const struct mls_proposal_list *l, const struct mls_tree *layer)
{
	struct mls_leaf at = { 0 };

	if (!mls_tree_credentials_are_supported(layer))
		return MLS_CREDENTIAL_TYPE_IS_NOT_SUPPORTED;
	if (!l->has_new_extensions)
		return MLS_OK;
	for (; mls_tree_next_member(layer, &at); at.i++)
		if (mls_leaf_node_supports(
			mls_tree_leaf(layer, at), l->extensions) != MLS_OK)
			return MLS_EXTENSIONS_ARE_NOT_SUPPORTED_BY_ALL;
	return MLS_OK;
}

enum mls_result
mls_proposal_list_psk_secret(
    const struct mls_proposal_list *l, const struct mls_group *g, uint8_t *out)
{
	struct mls_psk_secret secret;
	struct wr psk = wr_new();
	enum mls_result err = MLS_OK;

	mls_psk_secret_init(&secret, (uint16_t)l->psk_count);
	for (size_t i = 0; i < l->n; i++) {
		const struct mls_proposal *p =
		    mls_listed_proposal(&l->items[i]);

		if (p->type != MLS_PROPOSAL_PSK)
			continue;
		wr_reset(&psk);
		TRY(mls_group_find_psk(g, &p->u.psk, &psk));
		TRY(mls_psk_secret_add(
		    &secret, &g->suite, &p->u.psk, wr_bytes(&psk)));
	}
	for (size_t i = 0; i < g->suite.hash_len; i++)
		out[i] = secret.value[i];
out:
	bytes_wipe(&secret, sizeof secret);
	wr_free(&psk);
	return err;
}

void
mls_proposal_list_put_psks(const struct mls_proposal_list *l, struct wr *w)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct mls_proposal *p =
		    mls_listed_proposal(&l->items[i]);

		if (p->type == MLS_PROPOSAL_PSK)
			mls_psk_id_encode(w, &p->u.psk);
	}
}
