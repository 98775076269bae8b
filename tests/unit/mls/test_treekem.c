/* TreeKEM between honest members, and against a member that is not. */
#include "crypto/crypto.h"
#include "mls/tree_hash.h"
#include "mls/tree_path.h"
#include "mls/tree_validate.h"
#include "support/check.h"
#include "support/mls_cast.h"

#include <stdlib.h>
#include <string.h>

enum { MEMBERS = 7, AUTHOR = 2 };

/* A group of a few, in whose tree some parents are blank: as they see it
 * from outside, and each with its keys. */
struct group {
	struct mls_suite suite;
	uint64_t seed;
	struct env env;
	struct mls_tree *tree;
	struct cast_role roles[MEMBERS + 1];
	struct mls_treekem_keys keys[MEMBERS];
};

static struct bytes
context(void)
{
	return BYTES_LIT("a provisional group context");
}

static struct bytes
public_of(const struct mls_key_pair *pair)
{
	return (struct bytes){ pair->public, pair->public_len };
}

/* Lets all others process an encoded path by author, and the author adopt
 * its own; all must know the same commit secret. */
static void
everybody_adopts(struct group *g, struct mls_tree *layer,
    const struct mls_treekem_path *made, struct bytes path)
{
	struct mls_treekem_sender from = { made->keys.me, CAST_GROUP,
		BYTES_NONE };
	struct mls_tree *theirs = mls_tree_layer(g->tree);
	struct mls_treekem_message message = { .from = made->keys.me,
		.group_context = context() };
	uint8_t commit[MLS_MAX_HASH_LEN], hash[2][MLS_MAX_HASH_LEN];
	struct mls_update_path decoded;
	struct rd r = rd_init(path);

	mls_update_path_decode(&r, &decoded);
	CHECK_OK(rd_end(&r));
	CHECK_EQ(mls_treekem_apply(theirs, &from, &decoded), MLS_OK);
	CHECK_EQ(mls_tree_hash(theirs, hash[0]), MLS_OK);
	CHECK_EQ(mls_tree_hash(layer, hash[1]), MLS_OK);
	CHECK(memcmp(hash[0], hash[1], g->suite.hash_len) == 0);
	message.path = &decoded;
	for (uint32_t i = 0; i < MEMBERS; i++) {
		if (i == made->keys.me.i) {
			g->keys[i] = made->keys;
			continue;
		}
		CHECK_EQ(
		    mls_treekem_open(theirs, &g->keys[i], &message, commit),
		    MLS_OK);
		CHECK(memcmp(commit, made->commit_secret, g->suite.hash_len) ==
		      0);
	}
	mls_tree_free(theirs);
}

static void
honest_path(struct group *g, uint32_t author)
{
	struct mls_treekem_author by = cast_author(
	    &g->suite, &g->roles[author], (struct mls_leaf){ author });
	struct mls_tree *layer = mls_tree_layer(g->tree);
	struct mls_treekem_path made;
	struct wr path = wr_new();

	CHECK_EQ(mls_treekem_create(layer, &by, &g->env, &made), MLS_OK);
	CHECK_EQ(
	    mls_treekem_encrypt(layer, &made, (struct mls_leaf_set){ NULL, 0 },
		context(), &g->env, &path),
	    MLS_OK);
	everybody_adopts(g, layer, &made, wr_bytes(&path));
	mls_tree_merge(layer);
	mls_treekem_path_wipe(&made);
	wr_free(&path);
}

static struct group *
group_of(uint16_t suite)
{
	struct group *g = calloc(1, sizeof *g);
	struct wr leaf = wr_new();
	struct mls_leaf at;

	CHECK_OK(crypto_init());
	CHECK_EQ(mls_suite_init(&g->suite, suite, 0), MLS_OK);
	g->seed = 7;
	g->env = cast_env(&g->seed);
	g->tree = mls_tree_new(&g->suite);
	for (uint32_t i = 0; i <= MEMBERS; i++)
		cast_role(&g->suite, i, &g->roles[i]);
	for (uint32_t i = 0; i < MEMBERS; i++) {
		wr_reset(&leaf);
		cast_leaf(&g->suite, &g->roles[i], MLS_LEAF_KEY_PACKAGE,
		    (struct mls_leaf){ 0 }, &g->env, &leaf);
		CHECK_EQ(mls_tree_add(g->tree, wr_bytes(&leaf), &at), MLS_OK);
		g->keys[i].me = at;
		g->keys[i].known = 1;
		memcpy(g->keys[i].secret[0], g->roles[i].pair.secret,
		    g->roles[i].pair.secret_len);
	}
	wr_free(&leaf);
	return g;
}

static void
group_free(struct group *g)
{
	mls_tree_free(g->tree);
	free(g);
}

TEST(all_members_learn_the_same_secret)
{
	static const uint16_t suites[] = { MLS_SUITE_X25519_AES128,
		MLS_SUITE_P256_AES128, MLS_SUITE_X25519_CHACHA,
		MLS_SUITE_XWING_AES256 };
	struct group *g;

	for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
		g = group_of(suites[i]);
		for (uint32_t n = 0; n < 2 * MEMBERS; n++)
			honest_path(g, n * 3 % MEMBERS);
		group_free(g);
	}
}

/* A path in the making by somebody who may spoil it in every place. */
struct draft {
	struct group *g;
	struct mls_tree *layer;
	struct mls_treekem_path path;
	struct mls_path_step steps[MLS_MAX_DEPTH];
	struct mls_key_pair pairs[MLS_MAX_DEPTH];
	struct mls_key_pair leaf_pair;
	struct mls_leaf_content content;
	struct mls_leaf_place place;
	struct mls_signer signer;
	bool spoil_parent_hash;
	struct bytes context;
	uint8_t bytes[4096]; /* what a spoiler needs to live */
};

static void
derive_pair(struct draft *d, size_t i)
{
	struct bytes secret = { d->path.path_secret[i], d->g->suite.hash_len };
	uint8_t node[MLS_MAX_HASH_LEN];

	CHECK_EQ(mls_suite_derive_secret(&d->g->suite, secret, "node", node),
	    MLS_OK);
	CHECK_EQ(mls_suite_derive_key_pair(&d->g->suite,
		     (struct bytes){ node, secret.n }, &d->pairs[i]),
	    MLS_OK);
}

/* What an honest author decides, before anything is signed. */
static void
draft_start(struct draft *d, struct group *g)
{
	struct mls_leaf me = { AUTHOR };

	memset(d, 0, sizeof *d);
	d->g = g;
	d->layer = mls_tree_layer(g->tree);
	d->path.keys.me = me;
	d->path.count = mls_tree_filtered_path(d->layer, me, d->steps);
	for (size_t i = 0; i < d->path.count; i++) {
		d->path.node[i] = d->steps[i].node;
		if (i == 0)
			g->env.random(g->env.ctx, d->path.path_secret[0],
			    g->suite.hash_len);
		else
			CHECK_EQ(mls_suite_derive_secret(&g->suite,
				     (struct bytes){ d->path.path_secret[i - 1],
					 g->suite.hash_len },
				     "path", d->path.path_secret[i]),
			    MLS_OK);
		derive_pair(d, i);
	}
	CHECK_EQ(
	    mls_suite_new_key_pair(&g->suite, &g->env, &d->leaf_pair), MLS_OK);
	d->content = cast_content(&g->suite, MLS_LEAF_COMMIT);
	d->place = (struct mls_leaf_place){ CAST_GROUP, me };
	d->signer = cast_signer(&g->roles[AUTHOR]);
	d->context = context();
}

/* Puts the path in the tree and writes it. */
static struct wr
draft_finish(struct draft *d)
{
	const struct mls_suite *s = &d->g->suite;
	uint8_t hash[MLS_MAX_HASH_LEN];
	struct bytes due = BYTES_NONE;
	struct wr leaf = wr_new(), path = wr_new();

	CHECK_EQ(mls_tree_blank_path(d->layer, d->path.keys.me), MLS_OK);
	for (size_t i = d->path.count; i > 0; i--) {
		CHECK_EQ(mls_tree_set_parent(d->layer, d->path.node[i - 1],
			     public_of(&d->pairs[i - 1]), due),
		    MLS_OK);
		CHECK_EQ(mls_tree_parent_hash(d->layer, d->path.node[i - 1],
			     d->steps[i - 1].copath, hash),
		    MLS_OK);
		due = (struct bytes){ hash, s->hash_len };
	}
	hash[0] ^= d->spoil_parent_hash;
	d->content.parent_hash = due;
	CHECK_EQ(mls_leaf_node_create(s, &d->content, public_of(&d->leaf_pair),
		     &d->signer, &d->place, &leaf),
	    MLS_OK);
	CHECK_EQ(mls_tree_set_leaf(d->layer, d->path.keys.me, wr_bytes(&leaf)),
	    MLS_OK);
	CHECK_EQ(mls_treekem_encrypt(d->layer, &d->path,
		     (struct mls_leaf_set){ NULL, 0 }, d->context, &d->g->env,
		     &path),
	    MLS_OK);
	mls_tree_free(d->layer);
	wr_free(&leaf);
	return path;
}

/* What can be wrong in the draft. */

static void
nothing(struct draft *d)
{
	(void)d;
}

static void
leaf_of_a_key_package(struct draft *d)
{
	d->content.source = MLS_LEAF_KEY_PACKAGE;
}

static void
leaf_of_an_update(struct draft *d)
{
	d->content.source = MLS_LEAF_UPDATE;
}

static void
leaf_signed_for_another_group(struct draft *d)
{
	d->place.group_id = BYTES_LIT("another cast");
}

static void
leaf_signed_for_another_place(struct draft *d)
{
	d->place.leaf.i++;
}

static void
wrong_parent_hash(struct draft *d)
{
	d->spoil_parent_hash = true;
}

/* Makes the bytes of one public key those of another node. */
static void
take_key(struct draft *d, struct mls_key_pair *pair, struct mls_node node)
{
	struct bytes key = mls_tree_public_key(d->g->tree, node);

	memcpy(pair->public, key.p, key.n);
}

static void
leaf_keeps_its_key(struct draft *d)
{
	take_key(d, &d->leaf_pair, (struct mls_node){ 2 * AUTHOR });
}

static void
leaf_takes_a_key(struct draft *d)
{
	take_key(d, &d->leaf_pair, (struct mls_node){ 0 });
}

static void
leaf_takes_a_signature_key(struct draft *d)
{
	d->signer = cast_signer(&d->g->roles[0]);
}

static void
node_takes_a_key(struct draft *d)
{
	take_key(d, &d->pairs[1], (struct mls_node){ 0 });
}

static void
root_keeps_its_key(struct draft *d)
{
	take_key(d, &d->pairs[d->path.count - 1], d->path.node[2]);
}

static void
two_nodes_with_one_key(struct draft *d)
{
	d->pairs[1] = d->pairs[0];
}

static void
leaf_and_node_with_one_key(struct draft *d)
{
	d->leaf_pair = d->pairs[1];
}

static void
leaf_key_of_no_length(struct draft *d)
{
	d->leaf_pair.public_len = 0;
}

static void
node_key_is_too_short(struct draft *d)
{
	d->pairs[0].public_len--;
}

static void
no_capabilities(struct draft *d)
{
	d->content.capabilities.cipher_suites = BYTES_NONE;
}

static void
credential_type_of_nobody(struct draft *d)
{
	d->content.credential.type = 0x7a7a;
}

static void
credential_type_of_the_author_alone(struct draft *d)
{
	d->content.credential.type = MLS_CREDENTIAL_X509;
	d->content.capabilities.credentials = BYTES_LIT("\0\1\0\2");
}

static void
credential_type_of_others_dropped(struct draft *d)
{
	d->content.credential.type = MLS_CREDENTIAL_X509;
	d->content.capabilities.credentials = BYTES_LIT("\0\2");
}

static void
extension_that_is_not_listed(struct draft *d)
{
	d->content.extensions = BYTES_LIT("\xf0\x01\1x");
}

static void
secret_that_gives_another_key(struct draft *d)
{
	d->path.path_secret[0][0] ^= 1;
}

static void
secret_for_another_context(struct draft *d)
{
	d->context = BYTES_LIT("another context");
}

/* What can be wrong in the encoded path. */

static void
as_it_is(struct wr *path)
{
	(void)path;
}

/* Writes a path again with its nodes handed to fn one by one. */
struct node {
	struct bytes key;
	struct bytes secrets;
};

static struct rd
leaf_and_nodes(struct wr *path, struct bytes *leaf)
{
	struct rd r = rd_init(wr_bytes(path));
	struct mls_update_path decoded;

	mls_update_path_decode(&r, &decoded);
	CHECK_OK(rd_end(&r));
	*leaf = decoded.leaf.encoded;
	return rd_init(decoded.nodes);
}

static struct node
next_node(struct rd *r)
{
	struct node node;

	node.key = mls_rd_vec(r, MLS_MAX_VEC);
	node.secrets = mls_rd_vec(r, MLS_MAX_VEC);
	return node;
}

static void
put_again(struct wr *path, struct wr *again)
{
	CHECK_OK(wr_done(again));
	wr_reset(path);
	wr_put(path, wr_bytes(again));
	wr_free(again);
}

static void
without_the_last_node(struct wr *path)
{
	struct wr again = wr_new();
	struct bytes leaf;
	struct rd r = leaf_and_nodes(path, &leaf);
	struct node node = next_node(&r);
	size_t mark;

	wr_put(&again, leaf);
	mark = mls_wr_begin(&again);
	while (r.n > 0) {
		mls_wr_vec(&again, node.key);
		mls_wr_vec(&again, node.secrets);
		node = next_node(&r);
	}
	mls_wr_end(&again, mark);
	put_again(path, &again);
}

static void
with_one_node_twice(struct wr *path)
{
	struct wr again = wr_new();
	struct bytes leaf;
	struct rd r = leaf_and_nodes(path, &leaf);
	struct node node = next_node(&r);
	size_t mark;

	wr_put(&again, leaf);
	mark = mls_wr_begin(&again);
	mls_wr_vec(&again, node.key);
	mls_wr_vec(&again, node.secrets);
	r = leaf_and_nodes(path, &leaf);
	wr_put(&again, rd_rest(&r));
	mls_wr_end(&again, mark);
	put_again(path, &again);
}

/* Takes the first secret of the last node away, or puts it there twice. */
static void
change_last_secrets(struct wr *path, bool repeat)
{
	struct wr again = wr_new();
	struct bytes leaf;
	struct rd r = leaf_and_nodes(path, &leaf), secrets;
	struct mls_ciphertext first;
	struct node node;
	size_t nodes, mark;

	wr_put(&again, leaf);
	nodes = mls_wr_begin(&again);
	while (r.n > 0) {
		node = next_node(&r);
		mls_wr_vec(&again, node.key);
		mark = mls_wr_begin(&again);
		secrets = rd_init(node.secrets);
		mls_ciphertext_decode(&secrets, &first);
		if (repeat || r.n > 0)
			wr_put(&again, node.secrets);
		else
			wr_put(&again, rd_rest(&secrets));
		if (repeat && r.n == 0) {
			mls_wr_vec(&again, first.kem_output);
			mls_wr_vec(&again, first.ciphertext);
		}
		mls_wr_end(&again, mark);
	}
	mls_wr_end(&again, nodes);
	put_again(path, &again);
}

static void
with_a_secret_missing(struct wr *path)
{
	change_last_secrets(path, false);
}

static void
with_a_secret_too_many(struct wr *path)
{
	change_last_secrets(path, true);
}

static void
with_another_signature(struct wr *path)
{
	struct rd r = rd_init(wr_bytes(path));
	struct mls_leaf_node leaf;

	mls_leaf_node_decode(&r, &leaf);
	path->p[leaf.encoded.n - 1] ^= 1;
}

static void
with_another_ciphertext(struct wr *path)
{
	path->p[path->n - 1] ^= 1;
}

static const struct {
	const char *name;
	void (*spoil)(struct draft *d);
	void (*tamper)(struct wr *path);
	enum mls_result result;
} tricks[] = {
#define ROW(spoil, tamper, result)                                             \
	{                                                                      \
#spoil " " #tamper, spoil, tamper, result                      \
	}
	ROW(nothing, as_it_is, MLS_OK),
	ROW(leaf_of_a_key_package, as_it_is, MLS_LEAF_SOURCE_IS_WRONG),
	ROW(leaf_of_an_update, as_it_is, MLS_LEAF_SOURCE_IS_WRONG),
	ROW(leaf_signed_for_another_group, as_it_is, MLS_SIGNATURE_IS_WRONG),
	ROW(leaf_signed_for_another_place, as_it_is, MLS_SIGNATURE_IS_WRONG),
	ROW(wrong_parent_hash, as_it_is, MLS_PARENT_HASH_IS_WRONG),
	ROW(leaf_keeps_its_key, as_it_is, MLS_ENCRYPTION_KEY_IS_IN_USE),
	ROW(leaf_takes_a_key, as_it_is, MLS_ENCRYPTION_KEY_IS_IN_USE),
	ROW(leaf_takes_a_signature_key, as_it_is, MLS_SIGNATURE_KEY_IS_IN_USE),
	ROW(node_takes_a_key, as_it_is, MLS_ENCRYPTION_KEY_IS_IN_USE),
	ROW(root_keeps_its_key, as_it_is, MLS_ENCRYPTION_KEY_IS_IN_USE),
	ROW(two_nodes_with_one_key, as_it_is, MLS_ENCRYPTION_KEY_IS_IN_USE),
	ROW(leaf_and_node_with_one_key, as_it_is, MLS_ENCRYPTION_KEY_IS_IN_USE),
	ROW(leaf_key_of_no_length, as_it_is, MLS_KEY_IS_UNUSABLE),
	ROW(node_key_is_too_short, as_it_is, MLS_KEY_IS_UNUSABLE),
	ROW(no_capabilities, as_it_is, MLS_CAPABILITIES_ARE_MISSING),
	ROW(credential_type_of_nobody, as_it_is,
	    MLS_CREDENTIAL_TYPE_IS_NOT_SUPPORTED),
	ROW(credential_type_of_the_author_alone, as_it_is,
	    MLS_CREDENTIAL_TYPE_IS_NOT_SUPPORTED),
	ROW(credential_type_of_others_dropped, as_it_is,
	    MLS_CREDENTIAL_TYPE_IS_NOT_SUPPORTED),
	ROW(extension_that_is_not_listed, as_it_is,
	    MLS_EXTENSION_IS_NOT_SUPPORTED),
	ROW(secret_that_gives_another_key, as_it_is, MLS_PATH_KEY_IS_WRONG),
	ROW(secret_for_another_context, as_it_is, MLS_PATH_DOES_NOT_OPEN),
	ROW(nothing, without_the_last_node, MLS_PATH_HAS_WRONG_LENGTH),
	ROW(nothing, with_one_node_twice, MLS_PATH_HAS_WRONG_LENGTH),
	ROW(nothing, with_a_secret_missing, MLS_PATH_HAS_WRONG_LENGTH),
	ROW(nothing, with_a_secret_too_many, MLS_PATH_HAS_WRONG_LENGTH),
	ROW(nothing, with_another_signature, MLS_SIGNATURE_IS_WRONG),
	ROW(nothing, with_another_ciphertext, MLS_PATH_DOES_NOT_OPEN),
#undef ROW
};

/* What the first member that a trick reaches says to it. */
static enum mls_result
verdict(struct group *g, struct bytes path)
{
	struct mls_treekem_sender from = { { AUTHOR }, CAST_GROUP, BYTES_NONE };
	struct mls_treekem_message message = { .from = from.leaf,
		.group_context = context() };
	struct mls_tree *layer = mls_tree_layer(g->tree);
	struct mls_treekem_keys keys;
	uint8_t commit[MLS_MAX_HASH_LEN];
	struct mls_update_path decoded;
	struct rd r = rd_init(path);
	enum mls_result res;

	mls_update_path_decode(&r, &decoded);
	CHECK_OK(rd_end(&r));
	message.path = &decoded;
	res = mls_treekem_apply(layer, &from, &decoded);
	for (uint32_t i = 0; i < MEMBERS && res == MLS_OK; i++) {
		keys = g->keys[i];
		if (i == AUTHOR)
			continue;
		res = mls_treekem_open(layer, &keys, &message, commit);
		if (res != MLS_OK)
			CHECK(memcmp(&keys, &g->keys[i], sizeof keys) == 0);
	}
	mls_tree_free(layer);
	return res;
}

TEST(a_path_with_a_trick_is_refused_by_its_name)
{
	struct group *g = group_of(MLS_SUITE_X25519_CHACHA);
	struct draft *d = malloc(sizeof *d);
	struct wr before = wr_new(), after = wr_new(), path;
	enum mls_result res;

	for (uint32_t i = 0; i < MEMBERS; i++)
		honest_path(g, i);
	mls_tree_encode(g->tree, &before);
	for (size_t i = 0; i < sizeof tricks / sizeof tricks[0]; i++) {
		draft_start(d, g);
		tricks[i].spoil(d);
		path = draft_finish(d);
		tricks[i].tamper(&path);
		res = verdict(g, wr_bytes(&path));
		check_true(res == tricks[i].result, tricks[i].name, __FILE__,
		    __LINE__);
		if (res != tricks[i].result)
			CHECK_EQ(res, tricks[i].result);
		wr_free(&path);
		wr_reset(&after);
		mls_tree_encode(g->tree, &after);
		CHECK_BYTES(wr_bytes(&after), wr_bytes(&before));
	}
	wr_free(&before);
	wr_free(&after);
	free(d);
	group_free(g);
}

/* Returns where needle begins in hay, which has it. */
static size_t
find(struct bytes hay, struct bytes needle)
{
	size_t at = 0;

	while (at + needle.n < hay.n &&
	       memcmp(hay.p + at, needle.p, needle.n) != 0)
		at++;
	return at;
}

/* Returns the group's tree with other unmerged leaves at a parent: through
 * the encoding, since a tree would never do that itself. */
static struct mls_tree *
with_unmerged(struct group *g, struct mls_node at, struct bytes unmerged)
{
	const struct mls_parent_node *p = mls_tree_parent(g->tree, at);
	struct wr w = wr_new(), again = wr_new();
	struct mls_tree *made = NULL;
	struct rd r;
	size_t mark;

	mls_tree_encode(g->tree, &w);
	r = rd_init(wr_bytes(&w));
	(void)mls_rd_varint(&r);
	mark = mls_wr_begin(&again);
	wr_put(
	    &again, rd_view(&r, find((struct bytes){ r.p, r.n }, p->encoded)));
	(void)rd_view(&r, p->encoded.n);
	mls_wr_vec(&again, p->encryption_key);
	mls_wr_vec(&again, p->parent_hash);
	mls_wr_vec(&again, unmerged);
	wr_put(&again, rd_rest(&r));
	mls_wr_end(&again, mark);
	CHECK_EQ(mls_tree_decode(&g->suite, wr_bytes(&again), &made), MLS_OK);
	wr_free(&w);
	wr_free(&again);
	return made;
}

TEST(a_tree_that_lies_is_refused)
{
	/* Lies about who is unmerged at node 3, over leaves 0 to 3. */
	static const struct {
		const char *unmerged;
		size_t n;
		enum mls_result result;
	} lies[] = {
		{ "", 0, MLS_OK },
		{ "\0\0\0\1", 4, MLS_UNMERGED_LEAVES_ARE_WRONG },
		{ "\0\0\0\5", 4, MLS_UNMERGED_LEAVES_ARE_WRONG },
		{ "\0\0\0\7", 4, MLS_UNMERGED_LEAVES_ARE_WRONG },
		{ "\xff\xff\xff\xff", 4, MLS_UNMERGED_LEAVES_ARE_WRONG },
		{ "\0\0\0\2\0\0\0\1", 8, MLS_UNMERGED_LEAVES_ARE_WRONG },
		{ "\0\0\0\1\0\0\0\1", 8, MLS_UNMERGED_LEAVES_ARE_WRONG },
	};
	struct mls_tree_facts facts = { .group_id = CAST_GROUP };
	struct group *g = group_of(MLS_SUITE_X25519_CHACHA);
	struct mls_tree *t;

	for (uint32_t i = 0; i < MEMBERS; i++)
		honest_path(g, i);
	for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
		t = with_unmerged(g, (struct mls_node){ 3 },
		    (struct bytes){
			(const uint8_t *)lies[i].unmerged, lies[i].n });
		CHECK_EQ(mls_tree_validate(t, &facts), lies[i].result);
		mls_tree_free(t);
	}
	/* The root says that 6, who is merged below it, is not. */
	t = with_unmerged(g, (struct mls_node){ 7 }, BYTES_LIT("\0\0\0\6"));
	CHECK(mls_tree_validate(t, &facts) != MLS_OK);
	mls_tree_free(t);
	group_free(g);
}

/* Puts something in a layer over the tree and validates that. */
static enum mls_result
verdict_with_parent(struct group *g, struct mls_node node, struct bytes key,
    struct bytes parent_hash)
{
	struct mls_tree_facts facts = { .group_id = CAST_GROUP };
	struct mls_tree *layer = mls_tree_layer(g->tree);
	enum mls_result res;

	CHECK_EQ(mls_tree_set_parent(layer, node, key, parent_hash), MLS_OK);
	res = mls_tree_validate(layer, &facts);
	mls_tree_free(layer);
	return res;
}

TEST(a_parent_that_nobody_made_is_refused)
{
	struct group *g = group_of(MLS_SUITE_X25519_CHACHA);
	struct mls_node low = { 1 }, edge = { 13 };
	struct bytes hash, key;
	struct mls_key_pair pair;

	for (uint32_t i = 0; i < MEMBERS; i++)
		honest_path(g, i);
	CHECK_EQ(mls_suite_new_key_pair(&g->suite, &g->env, &pair), MLS_OK);
	hash = mls_tree_parent(g->tree, low)->parent_hash;
	key = mls_tree_public_key(g->tree, low);
	CHECK_EQ(verdict_with_parent(g, low, key, hash), MLS_OK);
	CHECK_EQ(verdict_with_parent(g, low, public_of(&pair), hash),
	    MLS_PARENT_HASH_IS_WRONG);
	CHECK_EQ(verdict_with_parent(g, low, key, BYTES_NONE),
	    MLS_PARENT_HASH_IS_WRONG);
	CHECK_EQ(
	    verdict_with_parent(g, low,
		mls_tree_public_key(g->tree, (struct mls_node){ 3 }), hash),
	    MLS_ENCRYPTION_KEY_IS_IN_USE);
	CHECK_EQ(verdict_with_parent(g, low, BYTES_LIT("short"), hash),
	    MLS_KEY_IS_UNUSABLE);
	/* Over leaf 6 and a blank one, where no path can have led. */
	CHECK(mls_tree_parent(g->tree, edge) == NULL);
	CHECK_EQ(verdict_with_parent(g, edge, public_of(&pair), hash),
	    MLS_PARENT_HASH_IS_WRONG);
	group_free(g);
}

static enum mls_result
verdict_with_leaf(struct group *g, struct mls_leaf leaf, struct bytes encoded)
{
	struct mls_tree_facts facts = { .group_id = CAST_GROUP };
	struct mls_tree *layer = mls_tree_layer(g->tree);
	enum mls_result res;

	CHECK_EQ(mls_tree_add(layer, encoded, &leaf), MLS_OK);
	res = mls_tree_validate(layer, &facts);
	mls_tree_free(layer);
	return res;
}

TEST(a_leaf_that_is_there_twice_is_refused)
{
	struct group *g = group_of(MLS_SUITE_X25519_CHACHA);
	struct mls_leaf_content content =
	    cast_content(&g->suite, MLS_LEAF_KEY_PACKAGE);
	struct mls_signer signer = cast_signer(&g->roles[MEMBERS]);
	struct mls_leaf last = { MEMBERS };
	struct wr leaf = wr_new();

	cast_leaf(&g->suite, &g->roles[MEMBERS], MLS_LEAF_KEY_PACKAGE, last,
	    &g->env, &leaf);
	CHECK_EQ(verdict_with_leaf(g, last, wr_bytes(&leaf)), MLS_OK);
	leaf.p[leaf.n - 1] ^= 1;
	CHECK_EQ(verdict_with_leaf(g, last, wr_bytes(&leaf)),
	    MLS_SIGNATURE_IS_WRONG);
	wr_reset(&leaf);
	cast_leaf(&g->suite, &g->roles[0], MLS_LEAF_KEY_PACKAGE, last, &g->env,
	    &leaf);
	CHECK_EQ(verdict_with_leaf(g, last, wr_bytes(&leaf)),
	    MLS_SIGNATURE_KEY_IS_IN_USE);
	wr_reset(&leaf);
	CHECK_EQ(mls_leaf_node_create(&g->suite, &content,
		     mls_tree_public_key(g->tree, (struct mls_node){ 2 }),
		     &signer, NULL, &leaf),
	    MLS_OK);
	CHECK_EQ(verdict_with_leaf(g, last, wr_bytes(&leaf)),
	    MLS_ENCRYPTION_KEY_IS_IN_USE);
	wr_free(&leaf);
	group_free(g);
}

TEST(a_joiner_learns_the_keys_above_it)
{
	struct group *g = group_of(MLS_SUITE_XWING_AES256);
	struct mls_tree *layer = mls_tree_layer(g->tree);
	struct mls_treekem_author by = cast_author(
	    &g->suite, &g->roles[AUTHOR], (struct mls_leaf){ AUTHOR });
	struct mls_treekem_keys keys = { 0 };
	struct mls_treekem_path made;
	struct wr leaf = wr_new(), path = wr_new();
	struct mls_update_path decoded;
	struct bytes secret;
	struct rd r;

	cast_leaf(&g->suite, &g->roles[MEMBERS], MLS_LEAF_KEY_PACKAGE,
	    (struct mls_leaf){ 0 }, &g->env, &leaf);
	CHECK_EQ(mls_tree_add(layer, wr_bytes(&leaf), &keys.me), MLS_OK);
	CHECK_EQ(mls_treekem_create(layer, &by, &g->env, &made), MLS_OK);
	CHECK_EQ(mls_treekem_encrypt(layer, &made,
		     (struct mls_leaf_set){ &keys.me, 1 }, context(), &g->env,
		     &path),
	    MLS_OK);
	/* Over 4 to 7 nobody has a key: three ciphertexts, not four. */
	r = rd_init(wr_bytes(&path));
	mls_update_path_decode(&r, &decoded);
	CHECK_OK(rd_end(&r));
	CHECK_EQ(decoded.count, 3);

	secret = mls_treekem_secret_for(layer, &made, keys.me);
	CHECK_EQ(secret.n, g->suite.hash_len);
	CHECK_EQ(mls_treekem_join(layer, &keys, by.leaf, secret), MLS_OK);
	CHECK_EQ(keys.known, 1 << 3);
	CHECK(memcmp(keys.secret[3], made.keys.secret[3], MLS_MAX_KEM_SECRET) ==
	      0);
	made.path_secret[2][0] ^= 1;
	CHECK_EQ(mls_treekem_join(layer, &keys, by.leaf, secret),
	    MLS_PATH_KEY_IS_WRONG);
	wr_free(&leaf);
	wr_free(&path);
	mls_treekem_path_wipe(&made);
	mls_tree_free(layer);
	group_free(g);
}

CHECK_MAIN(T(all_members_learn_the_same_secret),
    T(a_path_with_a_trick_is_refused_by_its_name),
    T(a_tree_that_lies_is_refused), T(a_parent_that_nobody_made_is_refused),
    T(a_leaf_that_is_there_twice_is_refused),
    T(a_joiner_learns_the_keys_above_it))
