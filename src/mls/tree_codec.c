/* Trees and layers as bytes; declared in tree.h. */
#include "mls/tree_store.h"

#include <stdlib.h>

/* Section 7.8: NodeType. */
enum { NODE_LEAF = 1, NODE_PARENT = 2 };

/* The content of a node as it is encoded. */
struct node_bytes {
	bool is_present;
	uint8_t type;
	struct bytes encoded;
};

/*
 *	struct {
 *	    NodeType node_type;
 *	    select (Node.node_type) {
 *	        case leaf:   LeafNode leaf_node;
 *	        case parent: ParentNode parent_node;
 *	    };
 *	} Node;
 *
 *	optional<Node>
 */
static void
node_decode(struct rd *r, struct node_bytes *out)
{
	struct mls_leaf_node leaf;
	struct mls_parent_node parent;

	*out = (struct node_bytes){ .is_present = mls_rd_optional(r) };
	if (!out->is_present)
		return;
	out->type = rd_u8(r);
	if (out->type == NODE_LEAF) {
		mls_leaf_node_decode(r, &leaf);
		out->encoded = leaf.encoded;
	} else if (out->type == NODE_PARENT) {
		mls_parent_node_decode(r, &parent);
		out->encoded = parent.encoded;
	} else {
		rd_fail(r, ERR_DECODE);
	}
}

static void
node_encode(
    struct wr *w, struct mls_node node, const struct mls_tree_cell *cell)
{
	if (cell == NULL || cell->content == NULL) {
		wr_u8(w, 0);
		return;
	}
	wr_u8(w, 1);
	if (mls_node_is_leaf(node)) {
		wr_u8(w, NODE_LEAF);
		wr_put(w, cell->leaf->encoded);
	} else {
		wr_u8(w, NODE_PARENT);
		wr_put(w, cell->parent->encoded);
	}
}

/* Puts what was decoded at node, whose kind it must be. */
static enum mls_result
put_node(struct mls_tree *t, struct mls_node node, const struct node_bytes *in)
{
	struct mls_parent_node *parent;
	struct mls_leaf_node *leaf;

	if (mls_node_is_leaf(node)) {
		if (!in->is_present)
			return mls_tree_store_put_leaf(
			    t, mls_leaf_of_node(node), NULL);
		if (in->type != NODE_LEAF)
			return MLS_TREE_IS_MALFORMED;
		leaf = mls_tree_store_new_leaf(in->encoded);
		if (leaf == NULL)
			return MLS_OUT_OF_MEMORY;
		return mls_tree_store_put_leaf(t, mls_leaf_of_node(node), leaf);
	}
	if (!in->is_present)
		return mls_tree_store_put_parent(t, node, NULL);
	if (in->type != NODE_PARENT)
		return MLS_TREE_IS_MALFORMED;
	parent = mls_tree_store_new_parent(in->encoded);
	if (parent == NULL)
		return MLS_OUT_OF_MEMORY;
	return mls_tree_store_put_parent(t, node, parent);
}

/*
 * Returns the number of entries of a ratchet_tree; 0 when it does not parse,
 * ends in a blank node, or is too long.
 */
static uint32_t
count_nodes(struct bytes contents)
{
	struct rd r = rd_init(contents);
	struct node_bytes node = { 0 };
	uint32_t n = 0;

	while (r.n > 0 && n < mls_tree_math_width(MLS_MAX_LEAVES)) {
		node_decode(&r, &node);
		n++;
	}
	if (rd_end(&r) != ERR_OK || !node.is_present)
		return 0;
	return n;
}

static uint32_t
power_of_two_from(uint32_t n)
{
	uint32_t power = 1;

	while (power < n)
		power *= 2;
	return power;
}

enum mls_result
mls_tree_decode(
    const struct mls_suite *suite, struct bytes in, struct mls_tree **out)
{
	struct rd r = rd_init(in);
	struct bytes contents = mls_rd_vec(&r, MLS_MAX_MESSAGE_LEN);
	struct mls_tree *t = NULL;
	struct node_bytes node;
	enum mls_result err;
	uint32_t n;

	NEED(rd_end(&r) == ERR_OK, MLS_TREE_IS_MALFORMED);
	n = count_nodes(contents);
	NEED(n != 0, MLS_TREE_IS_MALFORMED);
	t = mls_tree_new(suite);
	NEED(t != NULL, MLS_OUT_OF_MEMORY);
	TRY(mls_tree_store_resize(t, power_of_two_from(n / 2 + 1)));
	r = rd_init(contents);
	for (struct mls_node at = { 0 }; at.i < n; at.i++) {
		node_decode(&r, &node);
		if (node.is_present)
			TRY(put_node(t, at, &node));
	}
	*out = t;
	t = NULL;
out:
	mls_tree_free(t);
	return err;
}

void
mls_tree_encode(const struct mls_tree *t, struct wr *w)
{
	size_t mark = mls_wr_begin(w);
	uint32_t n = mls_tree_math_width(t->leaves);
	const struct mls_tree_cell *cell;
	struct mls_node at;

	/* "MUST NOT include blank nodes after the last non-blank node." */
	for (; n > 0; n--) {
		cell = mls_tree_store_get(t, (struct mls_node){ n - 1 });
		if (cell != NULL && cell->content != NULL)
			break;
	}
	for (at.i = 0; at.i < n; at.i++)
		node_encode(w, at, mls_tree_store_get(t, at));
	mls_wr_end(w, mark);
}

static int
by_node(const void *a, const void *b)
{
	const struct mls_tree_change *const *x = a, *const *y = b;

	return ((*x)->key > (*y)->key) - ((*x)->key < (*y)->key);
}

/*
 * Returns the changes of a layer that replace something, in order of their
 * nodes; free with free(). NULL when there are none, or no memory (*n is not
 * 0 then).
 */
static const struct mls_tree_change **
changes_in_order(const struct mls_tree *layer, size_t *n)
{
	const struct mls_tree_change **list;
	size_t used = 0;

	*n = 0;
	for (uint32_t i = 0; i < layer->slots; i++)
		*n += layer->changes[i].key != 0 &&
		      layer->changes[i].cell.is_ours;
	if (*n == 0)
		return NULL;
	list = malloc(*n * sizeof *list);
	if (list == NULL)
		return NULL;
	for (uint32_t i = 0; i < layer->slots; i++)
		if (layer->changes[i].key != 0 &&
		    layer->changes[i].cell.is_ours)
			list[used++] = &layer->changes[i];
	qsort(list, used, sizeof *list, by_node);
	return list;
}

void
mls_tree_layer_encode(const struct mls_tree *layer, struct wr *w)
{
	const struct mls_tree_change **list;
	size_t n;

	list = changes_in_order(layer, &n);
	if (list == NULL && n != 0) {
		wr_fail(w, ERR_NOMEM);
		return;
	}
	wr_u32(w, layer->leaves);
	wr_u32(w, (uint32_t)n);
	for (size_t i = 0; i < n; i++) {
		wr_u32(w, list[i]->key - 1);
		node_encode(
		    w, (struct mls_node){ list[i]->key - 1 }, &list[i]->cell);
	}
	free(list);
}

enum mls_result
mls_tree_layer_decode(
    struct mls_tree *base, struct rd *r, struct mls_tree **layer)
{
	uint32_t leaves = rd_u32(r), n = rd_u32(r);
	uint32_t wide = leaves > base->leaves ? leaves : base->leaves;
	struct mls_tree *t = NULL;
	struct node_bytes node;
	enum mls_result err;
	struct mls_node at;

	NEED(r->err == ERR_OK && leaves != 0 && leaves <= MLS_MAX_LEAVES &&
		 (leaves & (leaves - 1)) == 0,
	    MLS_SAVED_STATE_IS_DAMAGED);
	t = mls_tree_layer(base);
	NEED(t != NULL, MLS_OUT_OF_MEMORY);
	TRY(mls_tree_store_resize(t, wide));
	while (n-- > 0) {
		at.i = rd_u32(r);
		node_decode(r, &node);
		NEED(r->err == ERR_OK && at.i < mls_tree_math_width(wide),
		    MLS_SAVED_STATE_IS_DAMAGED);
		TRY(put_node(t, at, &node));
	}
	for (; wide > leaves; wide /= 2)
		NEED(mls_tree_is_empty(
			 t, mls_node_right(mls_tree_math_root(wide))),
		    MLS_SAVED_STATE_IS_DAMAGED);
	TRY(mls_tree_store_resize(t, leaves));
	*layer = t;
	t = NULL;
out:
	mls_tree_free(t);
	return err;
}

enum mls_result
mls_tree_changed(
    const struct mls_tree *layer, mls_tree_changed_fn *fn, void *ctx)
{
	const struct mls_tree_change **list;
	enum mls_result err = MLS_OK;
	struct mls_node at;
	size_t n;

	list = changes_in_order(layer, &n);
	NEED(list != NULL || n == 0, MLS_OUT_OF_MEMORY);
	for (size_t i = 0; i < n; i++) {
		at.i = list[i]->key - 1;
		if (mls_node_is_leaf(at))
			TRY(fn(ctx, mls_leaf_of_node(at),
			    mls_tree_leaf(layer->base, mls_leaf_of_node(at)),
			    list[i]->cell.leaf));
	}
out:
	free(list);
	return err;
}
