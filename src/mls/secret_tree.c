#include "mls/secret_tree.h"
#include "base/map.h"
#include "mls/ratchet.h"

#include <stdlib.h>
#include <string.h>

/*
 * A node of the tree of secrets whose secret is known and not yet used.
 * Nodes are numbered as in a heap: the root is 1, the children of i are 2i
 * and 2i + 1, so leaf l of n is n + l.
 */
struct node {
	struct map_node in_map;
	uint32_t id;
	uint8_t secret[MLS_MAX_HASH_LEN];
};

/* A leaf whose ratchets have begun. */
struct sender {
	struct map_node in_map;
	uint32_t leaf;
	struct mls_ratchet_state ratchets[2];
};

struct mls_secret_tree {
	struct mls_suite suite;
	uint32_t leaves;
	struct map nodes;
	struct map senders;
};

static bool
is_node(const struct map_node *n, const void *key)
{
	return MAP_ITEM(n, struct node, in_map)->id == *(const uint32_t *)key;
}

static bool
is_sender(const struct map_node *n, const void *key)
{
	return MAP_ITEM(n, struct sender, in_map)->leaf ==
	       *(const uint32_t *)key;
}

/* Keys are positions in a tree of bounded size: mixing is all they need. */
static uint64_t
spread(uint32_t key)
{
	return (uint64_t)key * 0x9e3779b97f4a7c15 >> 32;
}

static struct node *
find_node(const struct mls_secret_tree *t, uint32_t id)
{
	struct map_node *n = map_get(&t->nodes, spread(id), &id);

	return n == NULL ? NULL : MAP_ITEM(n, struct node, in_map);
}

static struct sender *
find_sender(const struct mls_secret_tree *t, uint32_t leaf)
{
	struct map_node *n = map_get(&t->senders, spread(leaf), &leaf);

	return n == NULL ? NULL : MAP_ITEM(n, struct sender, in_map);
}

static void
free_node(struct node *n)
{
	if (n != NULL)
		bytes_wipe(n, sizeof *n);
	free(n);
}

static void
free_sender(struct sender *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < 2; i++)
		mls_ratchet_wipe(&s->ratchets[i]);
	bytes_wipe(s, sizeof *s);
	free(s);
}

static struct mls_secret_tree *
new_empty(const struct mls_suite *s, uint32_t leaves)
{
	struct mls_secret_tree *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->suite = *s;
	t->leaves = leaves;
	if (map_init(&t->nodes, is_node) != ERR_OK ||
	    map_init(&t->senders, is_sender) != ERR_OK) {
		mls_secret_tree_free(t);
		return NULL;
	}
	return t;
}

static bool
put_node(struct mls_secret_tree *t, uint32_t id, const uint8_t *secret)
{
	struct node *n = calloc(1, sizeof *n);

	if (n == NULL)
		return false;
	n->id = id;
	memcpy(n->secret, secret, t->suite.hash_len);
	map_put(&t->nodes, spread(id), &n->in_map);
	return true;
}

struct mls_secret_tree *
mls_secret_tree_new(const struct mls_suite *s, uint32_t leaves,
    const uint8_t *encryption_secret)
{
	struct mls_secret_tree *t = new_empty(s, leaves);

	if (t != NULL && !put_node(t, 1, encryption_secret)) {
		mls_secret_tree_free(t);
		return NULL;
	}
	return t;
}

/* Empties a map, giving each of its items to release. */
static void
drain(struct map *m, void (*release)(struct map_node *))
{
	for (size_t i = 0; m->slots != NULL && i <= m->mask; i++) {
		for (struct map_node *n = m->slots[i], *next; n != NULL;
		     n = next) {
			next = n->next;
			release(n);
		}
	}
	map_free(m);
}

static void
release_node(struct map_node *n)
{
	free_node(MAP_ITEM(n, struct node, in_map));
}

static void
release_sender(struct map_node *n)
{
	free_sender(MAP_ITEM(n, struct sender, in_map));
}

void
mls_secret_tree_free(struct mls_secret_tree *t)
{
	if (t == NULL)
		return;
	drain(&t->nodes, release_node);
	drain(&t->senders, release_sender);
	free(t);
}

/* The secrets from an opened node down to a leaf, section 9: what
 * opening the leaf would need, and what it would leave behind. */
struct opening {
	struct node *from; /* deepest known ancestor of the leaf, or itself */
	size_t depth;	   /* levels from there to the leaf */
	/* Of the siblings, from the top; and the leaf itself at the end. */
	uint8_t sibling[MLS_MAX_DEPTH][MLS_MAX_HASH_LEN];
	uint8_t leaf[MLS_MAX_HASH_LEN];
	uint8_t ratchets[2][MLS_MAX_HASH_LEN];
};

static enum mls_result
derive_child(const struct mls_suite *s, const uint8_t *parent, bool is_right,
    uint8_t *out)
{
	static const char *const side[] = { "left", "right" };

	return mls_suite_expand(s, (struct bytes){ parent, s->hash_len },
	    (struct mls_labelled){ "tree", bytes_str(side[is_right]) }, out,
	    s->hash_len);
}

/* Computes the two ratchets' first secrets of a leaf that has not begun. */
static enum mls_result
open_leaf(const struct mls_secret_tree *t, uint32_t leaf, struct opening *o)
{
	static const char *const names[2] = {
		[MLS_RATCHET_HANDSHAKE] = "handshake",
		[MLS_RATCHET_APPLICATION] = "application",
	};
	size_t n = t->suite.hash_len;
	uint32_t id = t->leaves + leaf;
	enum mls_result err = MLS_OK;

	o->depth = 0;
	o->from = find_node(t, id);
	while (o->from == NULL && id >> o->depth > 1) {
		o->depth++;
		o->from = find_node(t, id >> o->depth);
	}
	NEED(o->from != NULL && o->depth <= MLS_MAX_DEPTH,
	    MLS_GENERATION_WAS_USED_BEFORE);
	memcpy(o->leaf, o->from->secret, n);
	for (size_t i = 0; i < o->depth; i++) {
		bool is_right = id >> (o->depth - 1 - i) & 1;

		TRY(derive_child(&t->suite, o->leaf, !is_right, o->sibling[i]));
		TRY(derive_child(&t->suite, o->leaf, is_right, o->leaf));
	}
	for (size_t i = 0; i < 2; i++)
		TRY(mls_suite_expand(&t->suite, (struct bytes){ o->leaf, n },
		    (struct mls_labelled){ names[i], BYTES_NONE },
		    o->ratchets[i], n));
out:
	return err;
}

enum mls_result
mls_secret_tree_key(const struct mls_secret_tree *t, struct mls_leaf leaf,
    enum mls_ratchet ratchet, uint32_t generation, struct mls_message_key *out)
{
	const struct sender *sender;
	struct {
		struct opening o;
		struct mls_ratchet_state first;
	} s;
	enum mls_result err = MLS_OK;

	*out = (struct mls_message_key){
		.leaf = leaf, .ratchet = ratchet, .generation = generation
	};
	if (leaf.i >= t->leaves)
		return MLS_SENDER_IS_NOT_A_MEMBER;
	sender = find_sender(t, leaf.i);
	if (sender != NULL)
		return mls_ratchet_key(
		    &t->suite, &sender->ratchets[ratchet], out);
	TRY(open_leaf(t, leaf.i, &s.o));
	mls_ratchet_init(&s.first, s.o.ratchets[ratchet]);
	TRY(mls_ratchet_key(&t->suite, &s.first, out));
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

enum mls_result
mls_secret_tree_next(const struct mls_secret_tree *t, struct mls_leaf leaf,
    enum mls_ratchet ratchet, struct mls_message_key *out)
{
	const struct sender *sender = find_sender(t, leaf.i);
	uint64_t at = sender == NULL ? 0 : sender->ratchets[ratchet].generation;

	if (at > UINT32_MAX)
		return MLS_A_LIMIT_WAS_REACHED;
	return mls_secret_tree_key(t, leaf, ratchet, (uint32_t)at, out);
}

/* Puts the siblings of an opened path in the tree and wipes where it began;
 * nodes are the caller's, one a level, and are all used. */
static void
keep_siblings(struct mls_secret_tree *t, uint32_t leaf, const struct opening *o,
    struct node *nodes[MLS_MAX_DEPTH])
{
	uint32_t id = t->leaves + leaf;

	for (size_t i = 0; i < o->depth; i++) {
		nodes[i]->id = (id >> (o->depth - 1 - i)) ^ 1;
		memcpy(nodes[i]->secret, o->sibling[i], t->suite.hash_len);
		map_put(&t->nodes, spread(nodes[i]->id), &nodes[i]->in_map);
	}
	map_remove(&t->nodes, &o->from->in_map);
	free_node(o->from);
}

/* The first use of a leaf: its ratchets begin, and one of them steps. */
static enum mls_result
use_first(struct mls_secret_tree *t, const struct mls_message_key *key,
    uint64_t now_s)
{
	struct node *nodes[MLS_MAX_DEPTH] = { NULL };
	struct sender *sender = calloc(1, sizeof *sender);
	struct {
		struct opening o;
	} s = { .o.depth = 0 };
	enum mls_result err = MLS_OK;

	NEED(sender != NULL, MLS_OUT_OF_MEMORY);
	TRY(open_leaf(t, key->leaf.i, &s.o));
	for (size_t i = 0; i < s.o.depth; i++) {
		nodes[i] = calloc(1, sizeof *nodes[i]);
		NEED(nodes[i] != NULL, MLS_OUT_OF_MEMORY);
	}
	sender->leaf = key->leaf.i;
	for (size_t i = 0; i < 2; i++)
		mls_ratchet_init(&sender->ratchets[i], s.o.ratchets[i]);
	TRY(mls_ratchet_use(
	    &t->suite, &sender->ratchets[key->ratchet], key, now_s));
	keep_siblings(t, key->leaf.i, &s.o, nodes);
	map_put(&t->senders, spread(sender->leaf), &sender->in_map);
	sender = NULL;
	memset(nodes, 0, sizeof nodes);
out:
	bytes_wipe(&s, sizeof s);
	for (size_t i = 0; i < MLS_MAX_DEPTH; i++)
		free_node(nodes[i]);
	free_sender(sender);
	return err;
}

enum mls_result
mls_secret_tree_use(struct mls_secret_tree *t,
    const struct mls_message_key *key, uint64_t now_s)
{
	struct sender *sender = find_sender(t, key->leaf.i);

	if (sender == NULL)
		return use_first(t, key, now_s);
	return mls_ratchet_use(
	    &t->suite, &sender->ratchets[key->ratchet], key, now_s);
}

static int
by_id(const void *a, const void *b)
{
	uint32_t x = (*(struct node *const *)a)->id;
	uint32_t y = (*(struct node *const *)b)->id;

	return (x > y) - (x < y);
}

static int
by_leaf(const void *a, const void *b)
{
	uint32_t x = (*(struct sender *const *)a)->leaf;
	uint32_t y = (*(struct sender *const *)b)->leaf;

	return (x > y) - (x < y);
}

/* Equal trees have equal encodings, whatever the order in their maps. */
void
mls_secret_tree_encode(const struct mls_secret_tree *t, struct wr *w)
{
	struct node **nodes = calloc(t->nodes.count + 1, sizeof nodes[0]);
	struct sender **senders =
	    calloc(t->senders.count + 1, sizeof senders[0]);
	size_t n = 0;

	if (nodes == NULL || senders == NULL) {
		wr_fail(w, ERR_NOMEM);
		goto out;
	}
	for (struct map_node *at = map_next(&t->nodes, NULL); at != NULL;
	     at = map_next(&t->nodes, at))
		nodes[n++] = MAP_ITEM(at, struct node, in_map);
	qsort(nodes, n, sizeof nodes[0], by_id);
	wr_u32(w, t->leaves);
	wr_u32(w, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		wr_u32(w, nodes[i]->id);
		wr_put(
		    w, (struct bytes){ nodes[i]->secret, t->suite.hash_len });
	}
	n = 0;
	for (struct map_node *at = map_next(&t->senders, NULL); at != NULL;
	     at = map_next(&t->senders, at))
		senders[n++] = MAP_ITEM(at, struct sender, in_map);
	qsort(senders, n, sizeof senders[0], by_leaf);
	wr_u32(w, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		wr_u32(w, senders[i]->leaf);
		mls_ratchet_encode(
		    &senders[i]->ratchets[0], t->suite.hash_len, w);
		mls_ratchet_encode(
		    &senders[i]->ratchets[1], t->suite.hash_len, w);
	}
out:
	free(nodes);
	free(senders);
}

static bool
decode_sender(struct mls_secret_tree *t, struct rd *r)
{
	struct sender *s = calloc(1, sizeof *s);

	if (s == NULL)
		return false;
	s->leaf = rd_u32(r);
	if (!mls_ratchet_decode(r, t->suite.hash_len, &s->ratchets[0]) ||
	    !mls_ratchet_decode(r, t->suite.hash_len, &s->ratchets[1]) ||
	    s->leaf >= t->leaves || find_sender(t, s->leaf) != NULL) {
		free_sender(s);
		return false;
	}
	map_put(&t->senders, spread(s->leaf), &s->in_map);
	return true;
}

static bool
decode_node(struct mls_secret_tree *t, struct rd *r)
{
	uint32_t id = rd_u32(r);
	struct bytes secret = rd_view(r, t->suite.hash_len);

	return r->err == ERR_OK && id != 0 && id < 2 * t->leaves &&
	       find_node(t, id) == NULL && put_node(t, id, secret.p);
}

enum mls_result
mls_secret_tree_decode(
    const struct mls_suite *s, struct rd *r, struct mls_secret_tree **out)
{
	uint32_t leaves = rd_u32(r), n;
	struct mls_secret_tree *t = NULL;
	enum mls_result err = MLS_OK;

	NEED(leaves != 0 && leaves <= MLS_MAX_LEAVES &&
		 (leaves & (leaves - 1)) == 0,
	    MLS_SAVED_STATE_IS_DAMAGED);
	t = new_empty(s, leaves);
	NEED(t != NULL, MLS_OUT_OF_MEMORY);
	for (n = rd_u32(r); n > 0 && r->err == ERR_OK; n--)
		NEED(decode_node(t, r), MLS_SAVED_STATE_IS_DAMAGED);
	for (n = rd_u32(r); n > 0 && r->err == ERR_OK; n--)
		NEED(decode_sender(t, r), MLS_SAVED_STATE_IS_DAMAGED);
	NEED(r->err == ERR_OK, MLS_SAVED_STATE_IS_DAMAGED);
	*out = t;
	t = NULL;
out:
	mls_secret_tree_free(t);
	return err;
}
