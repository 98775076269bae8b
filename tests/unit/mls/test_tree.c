/* The ratchet tree under random changes, staged, dropped, merged and saved. */
#include "crypto/crypto.h"
#include "mls/tree_hash.h"
#include "mls/tree_path.h"
#include "mls/tree_store.h"
#include "mls/tree_validate.h"
#include "support/check.h"
#include "support/mls_cast.h"

#include <stdlib.h>
#include <string.h>

enum { ROLES = 80, LEAVES = 128, STEPS = 700 };

static struct mls_suite suite;
static uint64_t seed;

/* What a walk knows of the tree without asking it. */
struct world {
	struct mls_tree *tree;
	struct cast_role roles[ROLES];
	int role_at[LEAVES]; /* -1: blank */
};

static uint32_t
dice(uint32_t below)
{
	struct env env = cast_env(&seed);
	uint32_t v;

	env.random(env.ctx, &v, sizeof v);
	return v % below;
}

static void
start(struct world *w)
{
	CHECK_OK(crypto_init());
	CHECK_EQ(mls_suite_init(&suite, MLS_SUITE_X25519_CHACHA, 0), MLS_OK);
	seed = 42;
	memset(w, 0, sizeof *w);
	for (uint32_t i = 0; i < ROLES; i++)
		cast_role(&suite, i, &w->roles[i]);
	for (int i = 0; i < LEAVES; i++)
		w->role_at[i] = -1;
	w->tree = mls_tree_new(&suite);
}

static struct wr
encoded(const struct mls_tree *t)
{
	struct wr w = wr_new();

	mls_tree_encode(t, &w);
	CHECK_OK(wr_done(&w));
	return w;
}

static bool
is_playing(const struct world *w, uint32_t role)
{
	for (int i = 0; i < LEAVES; i++)
		if (w->role_at[i] == (int)role)
			return true;
	return false;
}

/* Returns a leaf with somebody, or one that is out of the tree. */
static struct mls_leaf
somebody(const struct world *w)
{
	struct mls_leaf leaf;

	for (int tries = 0; tries < 1000; tries++) {
		leaf.i = dice(LEAVES);
		if (w->role_at[leaf.i] >= 0)
			return leaf;
	}
	return (struct mls_leaf){ LEAVES };
}

static void
add(struct world *w, struct mls_tree *layer)
{
	struct env env = cast_env(&seed);
	uint32_t role = dice(ROLES), want = 0;
	struct wr leaf = wr_new();
	struct mls_leaf at;

	if (is_playing(w, role))
		return;
	while (w->role_at[want] >= 0)
		want++;
	cast_leaf(&suite, &w->roles[role], MLS_LEAF_KEY_PACKAGE,
	    (struct mls_leaf){ 0 }, &env, &leaf);
	CHECK_EQ(mls_tree_add(layer, wr_bytes(&leaf), &at), MLS_OK);
	CHECK_EQ(at.i, want);
	w->role_at[at.i] = (int)role;
	wr_free(&leaf);
}

static void
update(struct world *w, struct mls_tree *layer, struct mls_leaf at)
{
	struct env env = cast_env(&seed);
	struct wr leaf = wr_new();

	cast_leaf(&suite, &w->roles[w->role_at[at.i]], MLS_LEAF_UPDATE, at,
	    &env, &leaf);
	CHECK_EQ(mls_tree_update(layer, at, wr_bytes(&leaf)), MLS_OK);
	wr_free(&leaf);
}

static void
path(struct world *w, struct mls_tree *layer, struct mls_leaf at)
{
	struct mls_treekem_author author =
	    cast_author(&suite, &w->roles[w->role_at[at.i]], at);
	struct env env = cast_env(&seed);
	struct mls_treekem_path made;

	CHECK_EQ(mls_treekem_create(layer, &author, &env, &made), MLS_OK);
	mls_treekem_path_wipe(&made);
}

/* One change, as a proposal or a path would make it. */
static void
change(struct world *w, struct mls_tree *layer)
{
	struct mls_leaf at = somebody(w);
	uint32_t what = dice(10);

	if (at.i == LEAVES || what < 4) {
		add(w, layer);
	} else if (what < 5) {
		update(w, layer, at);
	} else if (what < 7 && mls_tree_members(layer) > 1) {
		CHECK_EQ(mls_tree_remove(layer, at), MLS_OK);
		w->role_at[at.i] = -1;
	} else {
		path(w, layer, at);
	}
}

/* The tree against what the world knows, and against a tree that was read
 * from its bytes and so keeps nothing from before. */
static void
check_tree(const struct world *w, const struct mls_tree *t)
{
	struct mls_tree_facts facts = { .group_id = CAST_GROUP };
	uint8_t hash[MLS_MAX_HASH_LEN], again[MLS_MAX_HASH_LEN];
	struct wr bytes = encoded(t), twice;
	uint32_t members = 0, last = 0, size = 1;
	struct mls_tree *fresh = NULL;
	struct mls_leaf at = { 0 };

	for (uint32_t i = 0; i < LEAVES; i++) {
		bool is_there = w->role_at[i] >= 0;

		CHECK(is_there ==
		      (mls_tree_leaf(t, (struct mls_leaf){ i }) != NULL));
		if (!is_there)
			continue;
		CHECK(mls_tree_next_member(t, &at));
		CHECK_EQ(at.i, i);
		at.i++;
		last = i;
		members++;
	}
	CHECK(!mls_tree_next_member(t, &at));
	CHECK_EQ(mls_tree_members(t), members);
	while (size <= last)
		size *= 2;
	CHECK_EQ(mls_tree_size(t), size);

	CHECK_EQ(mls_tree_decode(&suite, wr_bytes(&bytes), &fresh), MLS_OK);
	CHECK_EQ(mls_tree_hash(t, hash), MLS_OK);
	CHECK_EQ(mls_tree_hash(fresh, again), MLS_OK);
	CHECK_BYTES(((struct bytes){ hash, suite.hash_len }),
	    ((struct bytes){ again, suite.hash_len }));
	CHECK_EQ(mls_tree_validate(fresh, &facts), MLS_OK);
	twice = encoded(fresh);
	CHECK_BYTES(wr_bytes(&twice), wr_bytes(&bytes));
	wr_free(&twice);
	wr_free(&bytes);
	mls_tree_free(fresh);
}

/* The index of a layer against all that stands in it. */
static void
check_keys(const struct mls_tree *t, struct bytes gone)
{
	const struct mls_leaf_node *leaf;
	struct mls_leaf holder;
	uint32_t keys = 0;
	struct bytes key;

	for (struct mls_node at = { 0 };
	     at.i < mls_tree_math_width(mls_tree_size(t)); at.i++) {
		key = mls_tree_public_key(t, at);
		if (key.p == NULL)
			continue;
		CHECK(mls_tree_has_encryption_key(t, key));
		keys++;
		if (!mls_node_is_leaf(at))
			continue;
		leaf = mls_tree_leaf(t, mls_leaf_of_node(at));
		CHECK(mls_tree_find_signature_key(
		    t, leaf->signature_key, &holder));
		CHECK_EQ(holder.i, mls_leaf_of_node(at).i);
		keys++;
	}
	if (t->base == NULL)
		CHECK_EQ(t->index.count, keys);
	if (gone.n != 0)
		CHECK(!mls_tree_has_encryption_key(t, gone));
}

/* Saves a layer and returns it as it was read again. */
static struct mls_tree *
saved_and_restored(struct mls_tree *layer, struct mls_tree *base)
{
	struct wr w = wr_new(), before = encoded(layer), after;
	struct mls_tree *restored = NULL;
	struct rd r;

	mls_tree_layer_encode(layer, &w);
	CHECK_OK(wr_done(&w));
	mls_tree_free(layer);
	r = rd_init(wr_bytes(&w));
	CHECK_EQ(mls_tree_layer_decode(base, &r, &restored), MLS_OK);
	CHECK_OK(rd_end(&r));
	after = encoded(restored);
	CHECK_BYTES(wr_bytes(&after), wr_bytes(&before));
	wr_free(&after);
	wr_free(&before);
	wr_free(&w);
	return restored;
}

TEST(a_layer_is_merged_or_leaves_no_trace)
{
	int before_roles[LEAVES];
	struct mls_tree *layer;
	struct wr before, after;
	struct mls_leaf updated;
	struct bytes gone;
	struct world *w = malloc(sizeof *w);

	start(w);
	for (int step = 0; step < STEPS; step++) {
		memcpy(before_roles, w->role_at, sizeof before_roles);
		before = encoded(w->tree);
		layer = mls_tree_layer(w->tree);
		for (uint32_t n = dice(4) + 1; n > 0; n--)
			change(w, layer);
		gone = BYTES_NONE;
		updated = somebody(w);
		if (mls_tree_leaf(w->tree, updated) != NULL &&
		    w->role_at[updated.i] == before_roles[updated.i]) {
			update(w, layer, updated);
			gone = mls_tree_leaf(w->tree, updated)->encryption_key;
		}
		check_keys(layer, gone);
		if (dice(3) == 0)
			layer = saved_and_restored(layer, w->tree);
		check_tree(w, layer);
		if (dice(3) == 0) {
			mls_tree_free(layer);
			after = encoded(w->tree);
			CHECK_BYTES(wr_bytes(&after), wr_bytes(&before));
			wr_free(&after);
			memcpy(w->role_at, before_roles, sizeof before_roles);
		} else {
			mls_tree_merge(layer);
		}
		if (mls_tree_members(w->tree) != 0)
			check_tree(w, w->tree);
		check_keys(w->tree, BYTES_NONE);
		wr_free(&before);
	}
	mls_tree_free(w->tree);
	free(w);
}

static struct mls_tree *
tree_of(struct world *w, uint32_t members)
{
	struct env env = cast_env(&seed);
	struct wr leaf = wr_new();
	struct mls_leaf at;

	start(w);
	for (uint32_t i = 0; i < members; i++) {
		wr_reset(&leaf);
		cast_leaf(&suite, &w->roles[i], MLS_LEAF_KEY_PACKAGE,
		    (struct mls_leaf){ 0 }, &env, &leaf);
		CHECK_EQ(mls_tree_add(w->tree, wr_bytes(&leaf), &at), MLS_OK);
		w->role_at[i] = (int)i;
	}
	for (uint32_t i = 0; i < members; i += 2)
		path(w, w->tree, (struct mls_leaf){ i });
	wr_free(&leaf);
	return w->tree;
}

TEST(a_full_tree_pays_for_its_depth_only)
{
	struct world *w = malloc(sizeof *w);
	struct mls_tree *t = tree_of(w, 64), *layer;
	struct mls_node_list list = { 0 };
	struct mls_path_step steps[MLS_MAX_DEPTH];
	struct mls_leaf me = { 13 };
	struct wr bytes = wr_new();

	CHECK_EQ(mls_tree_filtered_path(t, me, steps), 6);
	for (int i = 0; i < 6; i++)
		CHECK_EQ(
		    mls_tree_resolution(t, steps[i].copath, &list), MLS_OK);
	CHECK_EQ(list.n, 6);
	layer = mls_tree_layer(t);
	path(w, layer, me);
	/* A leaf and six parents, and the number of changes. */
	mls_tree_layer_encode(layer, &bytes);
	CHECK(wr_bytes(&bytes).n < 7 * 128 + 128);
	free(list.p);
	wr_free(&bytes);
	mls_tree_free(layer);
	mls_tree_free(t);
	free(w);
}

/* Decodes the tree with one byte changed, everywhere; whatever is accepted
 * must be what was encoded, and never valid. */
TEST(a_changed_byte_is_never_a_valid_tree)
{
	struct world *w = malloc(sizeof *w);
	struct mls_tree *t = tree_of(w, 5), *read;
	struct mls_tree_facts facts = { .group_id = CAST_GROUP };
	struct wr bytes = encoded(t), again;
	size_t accepted = 0;

	facts.tree_hash = BYTES_NONE;
	for (size_t i = 0; i < bytes.n; i++) {
		bytes.p[i] ^= 1;
		read = NULL;
		if (mls_tree_decode(&suite, wr_bytes(&bytes), &read) ==
		    MLS_OK) {
			again = encoded(read);
			CHECK_BYTES(wr_bytes(&again), wr_bytes(&bytes));
			wr_free(&again);
			accepted += mls_tree_validate(read, &facts) == MLS_OK;
		}
		mls_tree_free(read);
		bytes.p[i] ^= 1;
	}
	CHECK_EQ(accepted, 0);
	wr_free(&bytes);
	mls_tree_free(t);
	free(w);
}

TEST(a_tree_must_not_end_in_blank_nodes)
{
	struct mls_tree *t = NULL;
	struct world *w = malloc(sizeof *w);
	struct wr bytes;

	start(w);
	CHECK_EQ(mls_tree_decode(&suite, BYTES_LIT("\0"), &t),
	    MLS_TREE_IS_MALFORMED);
	CHECK_EQ(mls_tree_decode(&suite, BYTES_LIT("\1\0"), &t),
	    MLS_TREE_IS_MALFORMED);
	mls_tree_free(w->tree);
	bytes = encoded(tree_of(w, 3));
	wr_u8(&bytes, 0);
	bytes.p[1]++;
	CHECK_EQ(mls_tree_decode(&suite, wr_bytes(&bytes), &t),
	    MLS_TREE_IS_MALFORMED);
	wr_free(&bytes);
	mls_tree_free(w->tree);
	free(w);
}

TEST(credential_types_must_be_supported_by_all)
{
	struct env env = cast_env(&seed);
	struct world *w = malloc(sizeof *w);
	struct mls_tree *t = tree_of(w, 3);
	struct mls_leaf_content content =
	    cast_content(&suite, MLS_LEAF_KEY_PACKAGE);
	struct mls_signer signer = cast_signer(&w->roles[3]);
	struct mls_key_pair pair;
	struct wr leaf = wr_new();
	struct mls_leaf at;

	CHECK(mls_tree_credentials_are_supported(t));
	content.credential.type = MLS_CREDENTIAL_X509;
	content.capabilities.credentials = BYTES_LIT("\0\1\0\2");
	CHECK_EQ(mls_suite_new_key_pair(&suite, &env, &pair), MLS_OK);
	CHECK_EQ(mls_leaf_node_create(&suite, &content,
		     (struct bytes){ pair.public, pair.public_len }, &signer,
		     NULL, &leaf),
	    MLS_OK);
	CHECK_EQ(mls_tree_add(t, wr_bytes(&leaf), &at), MLS_OK);
	CHECK(!mls_tree_credentials_are_supported(t));
	CHECK_EQ(mls_tree_remove(t, at), MLS_OK);
	CHECK(mls_tree_credentials_are_supported(t));
	wr_free(&leaf);
	mls_tree_free(t);
	free(w);
}

CHECK_MAIN(T(a_layer_is_merged_or_leaves_no_trace),
    T(a_full_tree_pays_for_its_depth_only),
    T(a_changed_byte_is_never_a_valid_tree),
    T(a_tree_must_not_end_in_blank_nodes),
    T(credential_types_must_be_supported_by_all))
