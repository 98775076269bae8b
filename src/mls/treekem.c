#include "mls/treekem.h"

#include "mls/tree_hash.h"
#include "mls/tree_path.h"

#include <stdlib.h>
#include <string.h>

void
mls_treekem_keys_wipe(struct mls_treekem_keys *k)
{
	bytes_wipe(k, sizeof *k);
}

void
mls_treekem_path_wipe(struct mls_treekem_path *p)
{
	bytes_wipe(p, sizeof *p);
}

static void
forget_key(struct mls_treekem_keys *k, uint32_t level)
{
	bytes_wipe(k->secret[level], sizeof k->secret[level]);
	k->known &= ~(UINT32_C(1) << level);
}

void
mls_treekem_keys_prune(struct mls_treekem_keys *k, const struct mls_tree *t)
{
	for (uint32_t level = 0; level <= MLS_MAX_DEPTH; level++)
		if (mls_tree_public_key(t, mls_node_ancestor(k->me, level)).p ==
		    NULL)
			forget_key(k, level);
}

static void
note_key(
    struct mls_treekem_keys *k, uint32_t level, const struct mls_key_pair *pair)
{
	memcpy(k->secret[level], pair->secret, pair->secret_len);
	k->known |= UINT32_C(1) << level;
}

/* Returns whether we have the secret of node, and which it is. */
static bool
find_key(const struct mls_suite *s, const struct mls_treekem_keys *k,
    struct mls_node node, struct bytes *secret)
{
	uint32_t level = mls_node_level(node);

	if (level > MLS_MAX_DEPTH || (k->known >> level & 1) == 0 ||
	    mls_node_ancestor(k->me, level).i != node.i)
		return false;
	*secret =
	    (struct bytes){ k->secret[level], hpke_secret_len(s->hpke.kem) };
	return true;
}

/* One UpdatePathNode. */
struct path_node {
	struct bytes encryption_key;
	struct bytes secrets; /* contents of encrypted_path_secret<V> */
};

static void
path_node_decode(struct rd *r, struct path_node *out)
{
	out->encryption_key = mls_rd_vec(r, MLS_MAX_KEM_PUBLIC);
	out->secrets = mls_rd_vec(r, MLS_MAX_MESSAGE_LEN);
}

void
mls_update_path_decode(struct rd *r, struct mls_update_path *out)
{
	struct mls_ciphertext c;
	struct path_node node;
	struct rd nodes, secrets;

	*out = (struct mls_update_path){ 0 };
	mls_leaf_node_decode(r, &out->leaf);
	out->nodes = mls_rd_vec(r, MLS_MAX_MESSAGE_LEN);
	nodes = rd_init(out->nodes);
	for (; nodes.n > 0; out->count++) {
		path_node_decode(&nodes, &node);
		secrets = rd_init(node.secrets);
		while (secrets.n > 0)
			mls_ciphertext_decode(&secrets, &c);
		if (rd_end(&secrets) != ERR_OK)
			rd_fail(&nodes, ERR_DECODE);
	}
	if (rd_end(&nodes) != ERR_OK || out->count > MLS_MAX_DEPTH)
		rd_fail(r, ERR_DECODE);
}

/*
 * 7.4: node_secret[n] = DeriveSecret(path_secret[n], "node"), and the key
 * pair is derived from that.
 */
static enum mls_result
node_key_pair(const struct mls_suite *s, const uint8_t *path_secret,
    struct mls_key_pair *pair)
{
	uint8_t node_secret[MLS_MAX_HASH_LEN];
	enum mls_result err;

	TRY(mls_suite_derive_secret(s,
	    (struct bytes){ path_secret, s->hash_len }, "node", node_secret));
	TRY(mls_suite_derive_key_pair(
	    s, (struct bytes){ node_secret, s->hash_len }, pair));
out:
	bytes_wipe(node_secret, sizeof node_secret);
	return err;
}

/* 7.4: path_secret[n] = DeriveSecret(path_secret[n-1], "path"). */
static enum mls_result
next_path_secret(
    const struct mls_suite *s, const uint8_t *secret, uint8_t *next)
{
	return mls_suite_derive_secret(
	    s, (struct bytes){ secret, s->hash_len }, "path", next);
}

/* A path in the making: where it runs, and the parent hash that is due. */
struct path {
	struct mls_path_step steps[MLS_MAX_DEPTH];
	size_t count;
	uint8_t hash[MLS_MAX_HASH_LEN];
	size_t hash_len; /* 0 above the first node that is set */
};

/*
 * Puts the next node of a path, from the root down, and makes its parent hash
 * the one that is due for what comes below it (7.9).
 */
static enum mls_result
put_path_node(struct mls_tree *t, const struct mls_suite *s, struct path *path,
    size_t i, struct bytes key)
{
	const struct mls_path_step *step = &path->steps[i];
	enum mls_result err;

	TRY(mls_tree_set_parent(
	    t, step->node, key, (struct bytes){ path->hash, path->hash_len }));
	TRY(mls_tree_parent_hash(t, step->node, step->copath, path->hash));
	path->hash_len = s->hash_len;
out:
	return err;
}

/* Fills path_secret[] and commit_secret from fresh randomness. */
static enum mls_result
new_path_secrets(const struct mls_suite *s, const struct env *env,
    struct mls_treekem_path *out)
{
	enum mls_result err = MLS_OK;
	uint8_t *next = out->commit_secret;

	/* In a group of one the path is empty, and nobody has to derive its
	 * commit secret. */
	if (out->count > 0)
		next = out->path_secret[0];
	env->random(env->ctx, next, s->hash_len);
	for (size_t i = 0; i < out->count; i++) {
		next = i + 1 < out->count ? out->path_secret[i + 1]
					  : out->commit_secret;
		TRY(next_path_secret(s, out->path_secret[i], next));
	}
out:
	return err;
}

/* Makes and signs the committer's new leaf, and puts it in its place. */
static enum mls_result
put_own_leaf(struct mls_tree *t, const struct mls_suite *s,
    const struct mls_treekem_author *author, struct bytes parent_hash,
    struct bytes key)
{
	struct mls_leaf_place place = { author->group_id, author->leaf };
	struct mls_leaf_content content = author->content;
	struct wr w = wr_new();
	enum mls_result err;

	content.source = MLS_LEAF_COMMIT;
	content.parent_hash = parent_hash;
	TRY(mls_leaf_node_create(
	    s, &content, key, &author->signer, &place, &w));
	TRY(mls_tree_set_leaf(t, author->leaf, wr_bytes(&w)));
out:
	wr_free(&w);
	return err;
}

enum mls_result
mls_treekem_create(struct mls_tree *t, const struct mls_treekem_author *author,
    const struct env *env, struct mls_treekem_path *out)
{
	const struct mls_suite *s = mls_tree_suite(t);
	struct path path = { 0 };
	struct mls_key_pair pair;
	enum mls_result err;

	*out = (struct mls_treekem_path){ .keys.me = author->leaf };
	path.count = mls_tree_filtered_path(t, author->leaf, path.steps);
	out->count = path.count;
	TRY(mls_tree_blank_path(t, author->leaf));
	TRY(new_path_secrets(s, env, out));
	for (size_t i = path.count; i > 0; i--) {
		out->node[i - 1] = path.steps[i - 1].node;
		TRY(node_key_pair(s, out->path_secret[i - 1], &pair));
		note_key(&out->keys, mls_node_level(out->node[i - 1]), &pair);
		TRY(put_path_node(t, s, &path, i - 1,
		    (struct bytes){ pair.public, pair.public_len }));
	}
	TRY(mls_suite_new_key_pair(s, env, &pair));
	note_key(&out->keys, 0, &pair);
	TRY(put_own_leaf(t, s, author,
	    (struct bytes){ path.hash, path.hash_len },
	    (struct bytes){ pair.public, pair.public_len }));
out:
	bytes_wipe(&pair, sizeof pair);
	return err;
}

static int
by_leaf(const void *a, const void *b)
{
	const struct mls_leaf *x = a, *y = b;

	return (x->i > y->i) - (x->i < y->i);
}

/* The resolution of a copath node without the leaves that a commit adds. */
static enum mls_result
recipients(const struct mls_tree *t, struct mls_node copath,
    struct mls_leaf_set added, struct mls_node_list *out)
{
	enum mls_result err;
	struct mls_leaf leaf;
	size_t kept = 0;

	out->n = 0;
	TRY(mls_tree_resolution(t, copath, out));
	if (added.n == 0)
		goto out;
	for (size_t i = 0; i < out->n; i++) {
		leaf = mls_leaf_of_node(out->p[i]);
		if (!mls_node_is_leaf(out->p[i]) ||
		    bsearch(&leaf, added.p, added.n, sizeof leaf, by_leaf) ==
			NULL)
			out->p[kept++] = out->p[i];
	}
	out->n = kept;
out:
	return err;
}

enum mls_result
mls_treekem_encrypt(const struct mls_tree *t,
    const struct mls_treekem_path *path, struct mls_leaf_set added,
    struct bytes group_context, const struct env *env, struct wr *out)
{
	const struct mls_suite *s = mls_tree_suite(t);
	struct mls_labelled info = { "UpdatePathNode", group_context };
	struct mls_path_step steps[MLS_MAX_DEPTH];
	struct mls_node_list to = { 0 };
	size_t nodes, secrets;
	enum mls_result err;

	(void)mls_tree_filtered_path(t, path->keys.me, steps);
	wr_put(out, mls_tree_leaf(t, path->keys.me)->encoded);
	nodes = mls_wr_begin(out);
	for (size_t i = 0; i < path->count; i++) {
		mls_wr_vec(out, mls_tree_public_key(t, path->node[i]));
		secrets = mls_wr_begin(out);
		TRY(recipients(t, steps[i].copath, added, &to));
		for (size_t j = 0; j < to.n; j++)
			TRY(mls_suite_encrypt(s,
			    mls_tree_public_key(t, to.p[j]), info,
			    (struct bytes){ path->path_secret[i], s->hash_len },
			    env, out));
		mls_wr_end(out, secrets);
	}
	mls_wr_end(out, nodes);
	TRY(mls_result_of(wr_done(out)));
out:
	free(to.p);
	return err;
}

struct bytes
mls_treekem_secret_for(const struct mls_tree *t,
    const struct mls_treekem_path *path, struct mls_leaf leaf)
{
	struct mls_node common = mls_node_common(path->keys.me, leaf);

	for (size_t i = 0; i < path->count; i++)
		if (path->node[i].i == common.i)
			return (struct bytes){ path->path_secret[i],
				mls_tree_suite(t)->hash_len };
	return BYTES_NONE;
}

/* The checks of a committer's leaf, section 7.3, that the tree can make. */
static enum mls_result
check_leaf(const struct mls_tree *t, const struct mls_treekem_sender *from,
    const struct mls_leaf_node *leaf)
{
	struct mls_leaf_place place = { from->group_id, from->leaf };
	const struct mls_suite *s = mls_tree_suite(t);
	struct mls_leaf holder;
	enum mls_result err;

	NEED(leaf->source == MLS_LEAF_COMMIT, MLS_LEAF_SOURCE_IS_WRONG);
	TRY(mls_leaf_node_check(s, leaf, from->extensions));
	NEED(!mls_tree_find_signature_key(t, leaf->signature_key, &holder) ||
		 holder.i == from->leaf.i,
	    MLS_SIGNATURE_KEY_IS_IN_USE);
	NEED(!mls_tree_has_encryption_key(t, leaf->encryption_key),
	    MLS_ENCRYPTION_KEY_IS_IN_USE);
	TRY(mls_leaf_node_verify(s, leaf, &place));
out:
	return err;
}

enum mls_result
mls_treekem_apply(struct mls_tree *t, const struct mls_treekem_sender *from,
    const struct mls_update_path *in)
{
	const struct mls_suite *s = mls_tree_suite(t);
	struct path_node nodes[MLS_MAX_DEPTH];
	struct rd r = rd_init(in->nodes);
	struct path path = { 0 };
	enum mls_result err;
	struct bytes key;

	path.count = mls_tree_filtered_path(t, from->leaf, path.steps);
	NEED(path.count == in->count, MLS_PATH_HAS_WRONG_LENGTH);
	TRY(check_leaf(t, from, &in->leaf));
	/* Neither the new tree nor the nodes that go may have these keys. */
	for (size_t i = 0; i < in->count; i++) {
		path_node_decode(&r, &nodes[i]);
		key = nodes[i].encryption_key;
		TRY(mls_suite_check_encryption_key(s, key));
		NEED(!mls_tree_has_encryption_key(t, key),
		    MLS_ENCRYPTION_KEY_IS_IN_USE);
	}
	TRY(mls_tree_blank_path(t, from->leaf));
	TRY(mls_tree_set_leaf(t, from->leaf, in->leaf.encoded));
	for (size_t i = in->count; i > 0; i--) {
		key = nodes[i - 1].encryption_key;
		NEED(!mls_tree_has_encryption_key(t, key),
		    MLS_ENCRYPTION_KEY_IS_IN_USE);
		TRY(put_path_node(t, s, &path, i - 1, key));
	}
	NEED(bytes_equal(in->leaf.parent_hash,
		 (struct bytes){ path.hash, path.hash_len }),
	    MLS_PARENT_HASH_IS_WRONG);
	NEED(mls_tree_credentials_are_supported(t),
	    MLS_CREDENTIAL_TYPE_IS_NOT_SUPPORTED);
out:
	return err;
}

/*
 * Derives the keys of the steps from the i-th up to the root, whose path
 * secret stands in secret, and checks them against the tree; in the end
 * secret holds the commit secret.
 */
static enum mls_result
learn(const struct mls_tree *t, struct mls_treekem_keys *keys,
    const struct path *path, size_t i, uint8_t *secret)
{
	const struct mls_suite *s = mls_tree_suite(t);
	struct {
		struct mls_key_pair pair;
		uint8_t next[MLS_MAX_HASH_LEN];
	} x = { 0 };
	enum mls_result err = MLS_OK;
	struct mls_node node;

	for (; i < path->count; i++) {
		node = path->steps[i].node;
		TRY(node_key_pair(s, secret, &x.pair));
		NEED(bytes_equal(mls_tree_public_key(t, node),
			 (struct bytes){ x.pair.public, x.pair.public_len }),
		    MLS_PATH_KEY_IS_WRONG);
		note_key(keys, mls_node_level(node), &x.pair);
		TRY(next_path_secret(s, secret, x.next));
		memcpy(secret, x.next, s->hash_len);
	}
out:
	bytes_wipe(&x, sizeof x);
	return err;
}

/*
 * Walks a path and its recipients, all of them, since "the length of the
 * encrypted_path_secret vector MUST be equal to the length of the resolution"
 * (7.6). Finds the step and the ciphertext that are for us.
 */
struct our_secret {
	size_t step;
	bool is_found;
	struct bytes key;
	struct mls_ciphertext ciphertext;
};

static enum mls_result
find_our_secret(const struct mls_tree *t, const struct mls_treekem_keys *keys,
    const struct mls_treekem_message *m, const struct path *path,
    struct our_secret *ours)
{
	const struct mls_suite *s = mls_tree_suite(t);
	struct rd nodes = rd_init(m->path->nodes), secrets;
	struct mls_node_list to = { 0 };
	struct mls_ciphertext c;
	struct path_node node;
	enum mls_result err = MLS_OK;

	for (size_t i = 0; i < path->count; i++) {
		path_node_decode(&nodes, &node);
		secrets = rd_init(node.secrets);
		TRY(recipients(t, path->steps[i].copath, m->added, &to));
		for (size_t j = 0; j < to.n; j++) {
			mls_ciphertext_decode(&secrets, &c);
			if (ours->is_found ||
			    !find_key(s, keys, to.p[j], &ours->key))
				continue;
			ours->is_found = true;
			ours->step = i;
			ours->ciphertext = c;
		}
		NEED(rd_end(&secrets) == ERR_OK, MLS_PATH_HAS_WRONG_LENGTH);
	}
out:
	free(to.p);
	return err;
}

enum mls_result
mls_treekem_open(const struct mls_tree *t, struct mls_treekem_keys *keys,
    const struct mls_treekem_message *m, uint8_t *commit_secret)
{
	const struct mls_suite *s = mls_tree_suite(t);
	struct mls_labelled info = { "UpdatePathNode", m->group_context };
	struct our_secret ours = { 0 };
	struct wr secret = wr_new();
	struct path path = { 0 };
	enum mls_result err;
	struct {
		struct mls_treekem_keys keys;
		uint8_t secret[MLS_MAX_HASH_LEN];
	} x = { .keys = *keys };

	mls_treekem_keys_prune(&x.keys, t);
	path.count = mls_tree_filtered_path(t, m->from, path.steps);
	TRY(find_our_secret(t, &x.keys, m, &path, &ours));
	NEED(ours.is_found, MLS_PATH_DOES_NOT_OPEN);
	NEED(mls_suite_decrypt(s, ours.key, info, &ours.ciphertext, &secret) ==
		     MLS_OK &&
		 wr_bytes(&secret).n == s->hash_len,
	    MLS_PATH_DOES_NOT_OPEN);
	memcpy(x.secret, wr_bytes(&secret).p, s->hash_len);
	TRY(learn(t, &x.keys, &path, ours.step, x.secret));
	memcpy(commit_secret, x.secret, s->hash_len);
	*keys = x.keys;
out:
	wr_free(&secret);
	bytes_wipe(&x, sizeof x);
	return err;
}

enum mls_result
mls_treekem_join(const struct mls_tree *t, struct mls_treekem_keys *keys,
    struct mls_leaf committer, struct bytes path_secret)
{
	struct mls_node common = mls_node_common(keys->me, committer);
	struct path path = { 0 };
	enum mls_result err;
	size_t i = 0;
	struct {
		struct mls_treekem_keys keys;
		uint8_t secret[MLS_MAX_HASH_LEN];
	} x = { .keys = *keys };

	NEED(path_secret.n == mls_tree_suite(t)->hash_len,
	    MLS_PATH_KEY_IS_WRONG);
	path.count = mls_tree_filtered_path(t, committer, path.steps);
	while (i < path.count && path.steps[i].node.i != common.i)
		i++;
	NEED(i < path.count, MLS_PATH_KEY_IS_WRONG);
	memcpy(x.secret, path_secret.p, path_secret.n);
	TRY(learn(t, &x.keys, &path, i, x.secret));
	*keys = x.keys;
out:
	bytes_wipe(&x, sizeof x);
	return err;
}
