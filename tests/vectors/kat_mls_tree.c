/* The MLS working group's vectors of trees: tree-math, tree-operations,
 * tree-validation and treekem. */
#include "kat_mls.h"
#include "mls/tree_hash.h"
#include "mls/tree_path.h"
#include "mls/tree_validate.h"
#include "mls/treekem.h"

#include <stdlib.h>
#include <string.h>

/* tree-math */

static bool
is_number(const json_t *list, size_t i, uint64_t want)
{
	const json_t *v = json_array_get(list, i);

	return json_is_integer(v) && (uint64_t)json_integer_value(v) == want;
}

static bool
is_null(const json_t *list, size_t i)
{
	return json_is_null(json_array_get(list, i));
}

static void
check_node(struct kat *k, const json_t *test, struct mls_node node,
    struct mls_node root)
{
	const json_t *left = json_object_get(test, "left");
	const json_t *right = json_object_get(test, "right");
	const json_t *parent = json_object_get(test, "parent");
	const json_t *sibling = json_object_get(test, "sibling");
	uint32_t i = node.i;

	if (mls_node_is_leaf(node))
		kat_true(k, "a leaf has no children",
		    is_null(left, i) && is_null(right, i));
	else
		kat_true(k, "children",
		    is_number(left, i, mls_node_left(node).i) &&
			is_number(right, i, mls_node_right(node).i));
	if (i == root.i)
		kat_true(k, "the root has no parent",
		    is_null(parent, i) && is_null(sibling, i));
	else
		kat_true(k, "parent and sibling",
		    is_number(parent, i, mls_node_parent(node).i) &&
			is_number(sibling, i, mls_node_sibling(node).i));
}

void
kat_mls_tree_math(struct kat *k, const json_t *test, const struct mls_suite *s)
{
	uint64_t leaves = kat_number(test, "n_leaves", 0);
	struct mls_node root;

	(void)s;
	if (!kat_true(k, "leaves are a power of two",
		leaves > 0 && leaves <= MLS_MAX_LEAVES &&
		    (leaves & (leaves - 1)) == 0))
		return;
	root = mls_tree_math_root((uint32_t)leaves);
	kat_true(k, "nodes",
	    kat_number(test, "n_nodes", 0) ==
		mls_tree_math_width((uint32_t)leaves));
	kat_true(k, "root", kat_number(test, "root", UINT64_MAX) == root.i);
	for (struct mls_node at = { 0 };
	     at.i < mls_tree_math_width((uint32_t)leaves); at.i++)
		check_node(k, test, at, root);
}

/* What the other kinds share. */

/* Reads the tree of a test, or NULL after a failed check. */
static struct mls_tree *
read_tree(struct kat *k, const struct mls_suite *s, struct bytes encoded)
{
	struct mls_tree *t = NULL;

	(void)kat_mls_ok(
	    k, "the tree decodes", mls_tree_decode(s, encoded, &t));
	return t;
}

static void
check_encoding(struct kat *k, const char *what, const struct mls_tree *t,
    struct bytes want)
{
	struct wr w = wr_new();

	mls_tree_encode(t, &w);
	kat_true(k, "the tree encodes", wr_done(&w) == ERR_OK);
	kat_bytes(k, what, wr_bytes(&w), want);
	wr_free(&w);
}

static void
check_hash(struct kat *k, const char *what, const struct mls_tree *t,
    struct bytes want)
{
	uint8_t hash[MLS_MAX_HASH_LEN];

	if (kat_mls_ok(k, "the tree hashes", mls_tree_hash(t, hash)))
		kat_bytes(k, what,
		    (struct bytes){ hash, mls_tree_suite(t)->hash_len }, want);
}

/* tree-operations */

/* Applies an encoded Proposal of one of the three kinds that change a tree. */
static enum mls_result
apply_proposal(
    struct mls_tree *t, struct bytes proposal, struct mls_leaf sender)
{
	struct rd r = rd_init(proposal);
	struct mls_leaf_node node;
	struct mls_leaf leaf;

	switch (rd_u16(&r)) {
	case MLS_PROPOSAL_ADD:
		/* KeyPackage: version, suite, init_key, leaf_node ... */
		(void)rd_u16(&r);
		(void)rd_u16(&r);
		(void)mls_rd_vec(&r, MLS_MAX_KEM_PUBLIC);
		mls_leaf_node_decode(&r, &node);
		if (r.err != ERR_OK)
			return mls_result_of(r.err);
		return mls_tree_add(t, node.encoded, &leaf);
	case MLS_PROPOSAL_UPDATE:
		mls_leaf_node_decode(&r, &node);
		if (r.err != ERR_OK)
			return mls_result_of(r.err);
		return mls_tree_update(t, sender, node.encoded);
	case MLS_PROPOSAL_REMOVE:
		leaf.i = rd_u32(&r);
		return mls_tree_remove(t, leaf);
	default:
		return MLS_PROPOSAL_TYPE_IS_NOT_SUPPORTED;
	}
}

static void
operations_case(struct kat *k, const struct mls_suite *s, const json_t *test)
{
	struct bytes before = kat_hex(k, test, "tree_before");
	struct mls_tree *t = read_tree(k, s, before), *layer = NULL;
	struct mls_leaf sender = { (uint32_t)kat_number(
	    test, "proposal_sender", 0) };

	if (t == NULL)
		return;
	check_hash(
	    k, "tree_hash_before", t, kat_hex(k, test, "tree_hash_before"));
	layer = mls_tree_layer(t);
	if (kat_true(k, "a layer", layer != NULL) &&
	    kat_mls_ok(k, "the proposal applies",
		apply_proposal(layer, kat_hex(k, test, "proposal"), sender))) {
		check_encoding(
		    k, "tree_after", layer, kat_hex(k, test, "tree_after"));
		check_hash(k, "tree_hash_after", layer,
		    kat_hex(k, test, "tree_hash_after"));
		check_encoding(k, "the base is as it was", t, before);
		mls_tree_merge(layer);
		layer = NULL;
		check_encoding(
		    k, "tree_after, merged", t, kat_hex(k, test, "tree_after"));
		check_hash(k, "tree_hash_after, merged", t,
		    kat_hex(k, test, "tree_hash_after"));
	}
	mls_tree_free(layer);
	mls_tree_free(t);
}

void
kat_mls_tree_operations(
    struct kat *k, const json_t *test, const struct mls_suite *s)
{
	operations_case(k, s, test);
}

/* tree-validation */

static void
check_resolution(struct kat *k, const struct mls_tree *t, struct mls_node node,
    const json_t *want)
{
	struct mls_node_list list = { 0 };

	if (kat_mls_ok(
		k, "a resolution", mls_tree_resolution(t, node, &list)) &&
	    kat_true(k, "its length", json_array_size(want) == list.n))
		for (size_t i = 0; i < list.n; i++)
			kat_true(
			    k, "its nodes", is_number(want, i, list.p[i].i));
	free(list.p);
}

static void
validation_case(struct kat *k, const struct mls_suite *s, const json_t *test)
{
	const json_t *hashes = json_object_get(test, "tree_hashes");
	const json_t *resolutions = json_object_get(test, "resolutions");
	struct bytes encoded = kat_hex(k, test, "tree");
	struct mls_tree *t = read_tree(k, s, encoded);
	struct mls_tree_facts facts = { 0 };
	uint8_t hash[MLS_MAX_HASH_LEN];

	if (t == NULL)
		return;
	kat_true(k, "a hash and a resolution for each node",
	    json_array_size(hashes) == mls_tree_math_width(mls_tree_size(t)) &&
		json_array_size(resolutions) == json_array_size(hashes));
	for (struct mls_node at = { 0 };
	     at.i < mls_tree_math_width(mls_tree_size(t)); at.i++) {
		check_resolution(k, t, at, json_array_get(resolutions, at.i));
		if (kat_mls_ok(
			k, "a tree hash", mls_tree_hash_node(t, at, hash)))
			kat_bytes(k, "tree_hashes",
			    (struct bytes){ hash, s->hash_len },
			    kat_hex_value(k, json_array_get(hashes, at.i)));
	}
	facts.group_id = kat_hex(k, test, "group_id");
	kat_mls_ok(k, "the tree is valid", mls_tree_validate(t, &facts));
	check_encoding(k, "the tree again", t, encoded);
	mls_tree_free(t);
}

void
kat_mls_tree_validation(
    struct kat *k, const json_t *test, const struct mls_suite *s)
{
	validation_case(k, s, test);
}

/* treekem */

/* A member of the test's group, with its keys. */
struct member {
	bool is_there;
	struct mls_treekem_keys keys;
	struct bytes signature_priv;
};

static const json_t *
private_of(const json_t *test, uint32_t leaf)
{
	const json_t *all = json_object_get(test, "leaves_private"), *one;
	size_t i;

	json_array_foreach(all, i, one)
	{
		if (kat_number(one, "index", UINT64_MAX) == leaf)
			return one;
	}
	return NULL;
}

/* The key pair of a path secret, section 7.4. */
static bool
pair_of(struct kat *k, const struct mls_suite *s, struct bytes path_secret,
    struct mls_key_pair *pair)
{
	uint8_t node_secret[MLS_MAX_HASH_LEN];

	return kat_mls_ok(k, "a node secret",
		   mls_suite_derive_secret(
		       s, path_secret, "node", node_secret)) &&
	       kat_mls_ok(k, "a node key",
		   mls_suite_derive_key_pair(
		       s, (struct bytes){ node_secret, s->hash_len }, pair));
}

static void
read_member(
    struct kat *k, const struct mls_tree *t, const json_t *in, struct member *m)
{
	const struct mls_suite *s = mls_tree_suite(t);
	const json_t *secrets = json_object_get(in, "path_secrets"), *one;
	struct bytes leaf_secret = kat_hex(k, in, "encryption_priv");
	struct mls_key_pair pair;
	struct mls_node node;
	uint32_t level;
	size_t i;

	m->is_there = true;
	m->keys.me.i = (uint32_t)kat_number(in, "index", 0);
	m->signature_priv = kat_hex(k, in, "signature_priv");
	if (!kat_true(k, "encryption_priv",
		leaf_secret.n != 0 && leaf_secret.n <= MLS_MAX_KEM_SECRET))
		return;
	memcpy(m->keys.secret[0], leaf_secret.p, leaf_secret.n);
	m->keys.known = 1;
	json_array_foreach(secrets, i, one)
	{
		node.i = (uint32_t)kat_number(one, "node", 0);
		level = mls_node_level(node);
		if (!kat_true(k, "a node above the leaf",
			level <= MLS_MAX_DEPTH &&
			    mls_node_ancestor(m->keys.me, level).i == node.i) ||
		    !pair_of(k, s, kat_hex(k, one, "path_secret"), &pair))
			return;
		kat_bytes(k, "the node's public key",
		    (struct bytes){ pair.public, pair.public_len },
		    mls_tree_public_key(t, node));
		memcpy(m->keys.secret[level], pair.secret, pair.secret_len);
		m->keys.known |= UINT32_C(1) << level;
	}
}

/* The provisional GroupContext, section 8.1, without extensions. */
static struct bytes
context_of(struct kat *k, const struct mls_suite *s, const json_t *test,
    struct bytes tree_hash)
{
	struct bytes transcript = kat_hex(k, test, "confirmed_transcript_hash");
	struct bytes group_id = kat_hex(k, test, "group_id");
	size_t room = 64 + group_id.n + tree_hash.n + transcript.n;
	struct wr w = wr_init(kat_space(k, room), room);

	wr_u16(&w, MLS_VERSION_MLS10);
	wr_u16(&w, s->number);
	mls_wr_vec(&w, group_id);
	wr_u64(&w, kat_number(test, "epoch", 0));
	mls_wr_vec(&w, tree_hash);
	mls_wr_vec(&w, transcript);
	mls_wr_vec(&w, BYTES_NONE);
	kat_true(k, "the group context encodes", wr_done(&w) == ERR_OK);
	return wr_bytes(&w);
}

/* Lets a member open a path, and compares what it learns. */
static void
check_open(struct kat *k, const struct mls_tree *t, const struct member *m,
    const struct mls_treekem_message *message, const json_t *update)
{
	const struct mls_suite *s = mls_tree_suite(t);
	const json_t *secrets = json_object_get(update, "path_secrets");
	struct mls_treekem_keys keys = m->keys;
	uint8_t commit_secret[MLS_MAX_HASH_LEN];
	struct mls_key_pair pair;
	struct bytes want;
	uint32_t level;

	if (!kat_mls_ok(k, "the path opens",
		mls_treekem_open(t, &keys, message, commit_secret)))
		return;
	kat_bytes(k, "commit_secret",
	    (struct bytes){ commit_secret, s->hash_len },
	    kat_hex(k, update, "commit_secret"));
	want = kat_hex_value(k, json_array_get(secrets, m->keys.me.i));
	if (!pair_of(k, s, want, &pair))
		return;
	level = mls_node_level(mls_node_common(m->keys.me, message->from));
	kat_bytes(k, "path_secrets, as the key that follows from it",
	    (struct bytes){ keys.secret[level], pair.secret_len },
	    (struct bytes){ pair.secret, pair.secret_len });
}

static void
check_update(struct kat *k, struct mls_tree *t, const struct member *members,
    const json_t *test, const json_t *update)
{
	const struct mls_suite *s = mls_tree_suite(t);
	struct mls_leaf from = { (uint32_t)kat_number(update, "sender", 0) };
	struct mls_treekem_sender sender = { from, kat_hex(k, test, "group_id"),
		BYTES_NONE };
	struct rd r = rd_init(kat_hex(k, update, "update_path"));
	struct mls_tree *layer = mls_tree_layer(t);
	struct mls_treekem_message message = { .from = from };
	struct mls_update_path path;

	mls_update_path_decode(&r, &path);
	if (kat_true(k, "the path decodes", rd_end(&r) == ERR_OK) &&
	    kat_mls_ok(k, "the path applies",
		mls_treekem_apply(layer, &sender, &path))) {
		check_hash(k, "tree_hash_after", layer,
		    kat_hex(k, update, "tree_hash_after"));
		message.path = &path;
		message.group_context = context_of(
		    k, s, test, kat_hex(k, update, "tree_hash_after"));
		for (uint32_t i = 0; i < mls_tree_size(t); i++)
			if (members[i].is_there && i != from.i)
				check_open(
				    k, layer, &members[i], &message, update);
	}
	mls_tree_free(layer);
}

/* Bytes that no test depends on. */
static void
some_random(void *ctx, void *out, size_t n)
{
	uint8_t *p = out, *state = ctx;

	for (size_t i = 0; i < n; i++)
		p[i] =
		    (uint8_t)(*state = (uint8_t)(*state * 5 + 17) ^ (uint8_t)i);
}

/* Makes a path of our own for a member, which all others must be able to
 * open, to the same commit secret. */
static void
check_create(struct kat *k, struct mls_tree *t, const struct member *members,
    const struct member *author, const json_t *test)
{
	const struct mls_suite *s = mls_tree_suite(t);
	const struct mls_leaf_node *leaf = mls_tree_leaf(t, author->keys.me);
	uint8_t seed = (uint8_t)author->keys.me.i, commit[MLS_MAX_HASH_LEN];
	const struct env env = { .random = some_random, .ctx = &seed };
	struct mls_treekem_author by = { author->keys.me,
		kat_hex(k, test, "group_id"),
		{ .credential = leaf->credential,
		    .capabilities = leaf->capabilities,
		    .extensions = leaf->extensions },
		{ author->signature_priv, leaf->signature_key } };
	struct mls_treekem_sender sender = { by.leaf, by.group_id, BYTES_NONE };
	struct mls_treekem_message message = { .from = by.leaf };
	struct mls_tree *ours = mls_tree_layer(t), *theirs = mls_tree_layer(t);
	struct mls_treekem_keys keys;
	struct mls_treekem_path path;
	struct mls_update_path decoded;
	uint8_t hash[MLS_MAX_HASH_LEN];
	struct wr w = wr_new();
	struct rd r;

	if (!kat_mls_ok(k, "a path is made",
		mls_treekem_create(ours, &by, &env, &path)) ||
	    !kat_mls_ok(k, "its tree hashes", mls_tree_hash(ours, hash)))
		goto out;
	message.group_context =
	    context_of(k, s, test, (struct bytes){ hash, s->hash_len });
	if (!kat_mls_ok(k, "it is encrypted",
		mls_treekem_encrypt(ours, &path,
		    (struct mls_leaf_set){ NULL, 0 }, message.group_context,
		    &env, &w)))
		goto out;
	r = rd_init(wr_bytes(&w));
	mls_update_path_decode(&r, &decoded);
	message.path = &decoded;
	if (!kat_true(k, "it decodes", rd_end(&r) == ERR_OK) ||
	    !kat_mls_ok(
		k, "it applies", mls_treekem_apply(theirs, &sender, &decoded)))
		goto out;
	check_hash(k, "the same tree hash", theirs,
	    (struct bytes){ hash, s->hash_len });
	for (uint32_t i = 0; i < mls_tree_size(t); i++) {
		keys = members[i].keys;
		if (!members[i].is_there || i == by.leaf.i)
			continue;
		if (kat_mls_ok(k, "it opens",
			mls_treekem_open(theirs, &keys, &message, commit)))
			kat_bytes(k, "the same commit secret",
			    (struct bytes){ commit, s->hash_len },
			    (struct bytes){ path.commit_secret, s->hash_len });
	}
out:
	wr_free(&w);
	mls_tree_free(ours);
	mls_tree_free(theirs);
}

static void
treekem_case(struct kat *k, const struct mls_suite *s, const json_t *test)
{
	const json_t *updates = json_object_get(test, "update_paths"), *update;
	struct mls_tree *t = read_tree(k, s, kat_hex(k, test, "ratchet_tree"));
	struct member *members;
	size_t i;

	if (t == NULL)
		return;
	members = calloc(mls_tree_size(t), sizeof *members);
	if (!kat_true(k, "memory", members != NULL)) {
		mls_tree_free(t);
		return;
	}
	for (uint32_t leaf = 0; leaf < mls_tree_size(t); leaf++)
		if (private_of(test, leaf) != NULL)
			read_member(
			    k, t, private_of(test, leaf), &members[leaf]);
	json_array_foreach(updates, i, update)
	    check_update(k, t, members, test, update);
	for (uint32_t leaf = 0; leaf < mls_tree_size(t); leaf++)
		if (members[leaf].is_there)
			check_create(k, t, members, &members[leaf], test);
	free(members);
	mls_tree_free(t);
}

void
kat_mls_treekem(struct kat *k, const json_t *test, const struct mls_suite *s)
{
	treekem_case(k, s, test);
}
