#include "mls/tree_store.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 64

/* The slot of a layer's table where key is, or where it would be put. */
static struct mls_tree_change *
slot_of(struct mls_tree_change *changes, uint32_t slots, uint32_t key)
{
	uint32_t hash = key * UINT32_C(2654435761);
	uint32_t i = (hash ^ hash >> 15) & (slots - 1);

	while (changes[i].key != 0 && changes[i].key != key)
		i = (i + 1) & (slots - 1);
	return &changes[i];
}

/* The cell of a node in this very layer, or NULL. */
static struct mls_tree_cell *
own_cell(const struct mls_tree *t, struct mls_node node)
{
	struct mls_tree_change *change;

	if (t->base == NULL) {
		if (node.i >= mls_tree_math_width(t->leaves))
			return NULL;
		return &t->cells[node.i];
	}
	if (t->slots == 0)
		return NULL;
	change = slot_of(t->changes, t->slots, node.i + 1);
	return change->key == 0 ? NULL : &change->cell;
}

const struct mls_tree_cell *
mls_tree_store_get(const struct mls_tree *t, struct mls_node node)
{
	const struct mls_tree_cell *cell = own_cell(t, node);

	if (cell == NULL && t->base != NULL)
		return own_cell(t->base, node);
	return cell;
}

static bool
grow_changes(struct mls_tree *t)
{
	uint32_t slots = t->slots == 0 ? FIRST_SLOTS : t->slots * 2;
	struct mls_tree_change *changes;

	if (t->used < t->slots / 4 * 3)
		return true;
	changes = calloc(slots, sizeof *changes);
	if (changes == NULL)
		return false;
	for (uint32_t i = 0; i < t->slots; i++)
		if (t->changes[i].key != 0)
			*slot_of(changes, slots, t->changes[i].key) =
			    t->changes[i];
	free(t->changes);
	t->changes = changes;
	t->slots = slots;
	return true;
}

/*
 * The cell of a node in this very layer, made if it is not there; NULL for
 * want of memory. Valid until the next call.
 */
static struct mls_tree_cell *
touch(struct mls_tree *t, struct mls_node node)
{
	struct mls_tree_cell *cell = own_cell(t, node);
	const struct mls_tree_cell *below;
	struct mls_tree_change *change;

	if (cell != NULL || t->base == NULL)
		return cell;
	if (!grow_changes(t))
		return NULL;
	change = slot_of(t->changes, t->slots, node.i + 1);
	change->key = node.i + 1;
	t->used++;
	below = own_cell(t->base, node);
	if (below != NULL)
		change->cell = *below;
	change->cell.is_ours = false;
	return &change->cell;
}

struct mls_leaf_node *
mls_tree_store_new_leaf(struct bytes encoded)
{
	struct mls_leaf_node *leaf = malloc(sizeof *leaf + encoded.n);
	struct rd r;

	if (leaf == NULL)
		return NULL;
	memcpy(leaf + 1, encoded.p, encoded.n);
	r = rd_init((struct bytes){ (uint8_t *)(leaf + 1), encoded.n });
	mls_leaf_node_decode(&r, leaf);
	return leaf;
}

struct mls_parent_node *
mls_tree_store_new_parent(struct bytes encoded)
{
	struct mls_parent_node *parent = malloc(sizeof *parent + encoded.n);
	struct rd r;

	if (parent == NULL)
		return NULL;
	memcpy(parent + 1, encoded.p, encoded.n);
	r = rd_init((struct bytes){ (uint8_t *)(parent + 1), encoded.n });
	mls_parent_node_decode(&r, parent);
	return parent;
}

/* The tags of the keys of a content; returns how many. */
static size_t
tags_of(
    struct mls_node node, const struct mls_tree_cell *cell, uint32_t tags[2])
{
	if (cell->content == NULL)
		return 0;
	if (!mls_node_is_leaf(node)) {
		tags[0] = mls_tree_index_tag(
		    MLS_TREE_ENCRYPTION_KEY, cell->parent->encryption_key);
		return 1;
	}
	tags[0] = mls_tree_index_tag(
	    MLS_TREE_ENCRYPTION_KEY, cell->leaf->encryption_key);
	tags[1] = mls_tree_index_tag(
	    MLS_TREE_SIGNATURE_KEY, cell->leaf->signature_key);
	return 2;
}

static void
forget_keys(
    struct mls_tree *t, struct mls_node node, const struct mls_tree_cell *cell)
{
	uint32_t tags[2];

	for (size_t n = tags_of(node, cell, tags); n > 0; n--)
		mls_tree_index_remove(&t->index, tags[n - 1], node.i);
}

static void
note_keys(
    struct mls_tree *t, struct mls_node node, const struct mls_tree_cell *cell)
{
	uint32_t tags[2];

	for (size_t n = tags_of(node, cell, tags); n > 0; n--)
		mls_tree_index_add(&t->index, tags[n - 1], node.i);
}

/*
 * Makes room in the index for one more content, and in the base's for all of
 * the layer's, so that merging cannot fail.
 */
static bool
reserve_keys(struct mls_tree *t)
{
	return mls_tree_index_reserve(&t->index, 2) == ERR_OK &&
	       (t->base == NULL || mls_tree_index_reserve(&t->base->index,
				       t->index.count + 2) == ERR_OK);
}

/* Counts the members that list a credential type, by asking each. */
static uint32_t
count_supporters(const struct mls_tree *t, uint16_t type)
{
	const struct mls_leaf_node *leaf;
	uint32_t n = 0;

	for (struct mls_leaf at = { 0 }; mls_tree_next_member(t, &at); at.i++) {
		leaf = mls_tree_leaf(t, at);
		n +=
		    mls_capabilities_have(leaf->capabilities.credentials, type);
	}
	return n;
}

/* Counts a new leaf, which is in the tree already. */
static enum mls_result
note_credential(struct mls_tree *t, const struct mls_leaf_node *leaf)
{
	struct mls_tree_credential *c;
	bool is_known = false;

	for (uint32_t i = 0; i < t->credential_types; i++) {
		c = &t->credentials[i];
		if (mls_capabilities_have(
			leaf->capabilities.credentials, c->type))
			c->supporters++;
		if (c->type == leaf->credential.type) {
			c->users++;
			is_known = true;
		}
	}
	if (is_known)
		return MLS_OK;
	if (t->credential_types == MLS_TREE_CREDENTIAL_TYPES)
		return MLS_A_LIMIT_WAS_REACHED;
	c = &t->credentials[t->credential_types++];
	c->type = leaf->credential.type;
	c->users = 1;
	c->supporters = count_supporters(t, c->type);
	return MLS_OK;
}

/* Takes back what note_credential counted. */
static void
forget_credential(struct mls_tree *t, const struct mls_leaf_node *leaf)
{
	struct mls_tree_credential *c;

	for (uint32_t i = t->credential_types; i > 0; i--) {
		c = &t->credentials[i - 1];
		if (mls_capabilities_have(
			leaf->capabilities.credentials, c->type))
			c->supporters--;
		if (c->type == leaf->credential.type && --c->users == 0)
			*c = t->credentials[--t->credential_types];
	}
}

/* Forgets the hashes above node, and corrects the counts there. */
static enum mls_result
change_above(struct mls_tree *t, struct mls_node node, int members)
{
	struct mls_node root = mls_tree_math_root(t->leaves);
	struct mls_tree_cell *cell;

	while (node.i != root.i) {
		node = mls_node_parent(node);
		cell = touch(t, node);
		if (cell == NULL)
			return MLS_OUT_OF_MEMORY;
		cell->has_hash = false;
		cell->members += (uint32_t)members;
	}
	return MLS_OK;
}

/*
 * Replaces a content, here only. *old gets what the caller has to free when
 * it no longer looks at it.
 */
static enum mls_result
put(struct mls_tree *t, struct mls_node node, void *content, void **old)
{
	struct mls_tree_cell *cell = touch(t, node);

	*old = NULL;
	if (cell == NULL || !reserve_keys(t)) {
		free(content);
		return MLS_OUT_OF_MEMORY;
	}
	if (cell->is_ours) {
		forget_keys(t, node, cell);
		*old = cell->content;
	}
	cell->content = content;
	cell->is_ours = true;
	cell->has_hash = false;
	if (mls_node_is_leaf(node))
		cell->members = content != NULL;
	note_keys(t, node, cell);
	return MLS_OK;
}

enum mls_result
mls_tree_store_put_leaf(
    struct mls_tree *t, struct mls_leaf leaf, struct mls_leaf_node *content)
{
	const struct mls_leaf_node *before = mls_tree_leaf(t, leaf);
	int members = (content != NULL) - (before != NULL);
	enum mls_result err;
	void *old;

	TRY(put(t, mls_node_of_leaf(leaf), content, &old));
	TRY(change_above(t, mls_node_of_leaf(leaf), members));
	if (before != NULL)
		forget_credential(t, before);
	if (content != NULL)
		TRY(note_credential(t, content));
out:
	free(old);
	return err;
}

enum mls_result
mls_tree_store_put_parent(
    struct mls_tree *t, struct mls_node node, struct mls_parent_node *content)
{
	enum mls_result err;
	void *old;

	TRY(put(t, node, content, &old));
	TRY(change_above(t, node, 0));
out:
	free(old);
	return err;
}

void
mls_tree_store_keep_hash(
    const struct mls_tree *t, struct mls_node node, const uint8_t *hash)
{
	struct mls_tree_cell *cell = own_cell(t, node);

	/* What the layer has not changed has the same hash in the base. */
	if (cell == NULL && t->base != NULL)
		cell = own_cell(t->base, node);
	if (cell == NULL)
		return;
	memcpy(cell->hash, hash, t->suite.hash_len);
	cell->has_hash = true;
}

/* Makes room in a whole tree; the new cells are blank. */
static bool
reserve_cells(struct mls_tree *t, uint32_t leaves)
{
	uint32_t width = mls_tree_math_width(leaves);
	struct mls_tree_cell *cells;

	if (width <= t->cells_cap)
		return true;
	cells = realloc(t->cells, width * sizeof *cells);
	if (cells == NULL)
		return false;
	memset(cells + t->cells_cap, 0, (width - t->cells_cap) * sizeof *cells);
	t->cells = cells;
	t->cells_cap = width;
	return true;
}

enum mls_result
mls_tree_store_resize(struct mls_tree *t, uint32_t leaves)
{
	struct mls_tree_cell *root;
	uint32_t members = mls_tree_members(t);
	enum mls_result err = MLS_OK;

	NEED(leaves <= MLS_MAX_LEAVES, MLS_A_LIMIT_WAS_REACHED);
	NEED(reserve_cells(t->base == NULL ? t : t->base, leaves),
	    MLS_OUT_OF_MEMORY);
	while (t->leaves > leaves) {
		/* The root goes, "whether or not it is blank" (7.7). */
		TRY(mls_tree_store_put_parent(
		    t, mls_tree_math_root(t->leaves), NULL));
		t->leaves /= 2;
	}
	while (t->leaves < leaves) {
		t->leaves *= 2;
		root = touch(t, mls_tree_math_root(t->leaves));
		NEED(root != NULL, MLS_OUT_OF_MEMORY);
		root->has_hash = false;
		root->members = members;
	}
out:
	return err;
}

struct mls_tree *
mls_tree_new(const struct mls_suite *suite)
{
	struct mls_tree *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->suite = *suite;
	t->leaves = 1;
	if (!reserve_cells(t, t->leaves)) {
		free(t);
		return NULL;
	}
	return t;
}

struct mls_tree *
mls_tree_layer(struct mls_tree *base)
{
	struct mls_tree *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->suite = base->suite;
	t->leaves = base->leaves;
	t->base = base;
	memcpy(t->credentials, base->credentials, sizeof t->credentials);
	t->credential_types = base->credential_types;
	return t;
}

void
mls_tree_free(struct mls_tree *t)
{
	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->slots; i++)
		if (t->changes[i].key != 0 && t->changes[i].cell.is_ours)
			free(t->changes[i].cell.content);
	for (uint32_t i = 0; i < t->cells_cap; i++)
		free(t->cells[i].content);
	free(t->cells);
	free(t->changes);
	mls_tree_index_free(&t->index);
	free(t);
}

/* Moves one cell of a layer into its base, where there is room for it. */
static void
merge_cell(struct mls_tree *base, struct mls_tree_change *change)
{
	struct mls_node node = { change->key - 1 };
	struct mls_tree_cell *cell = &base->cells[node.i];

	if (change->cell.is_ours) {
		forget_keys(base, node, cell);
		free(cell->content);
		note_keys(base, node, &change->cell);
		change->cell.is_ours = false;
	}
	*cell = change->cell;
	cell->is_ours = true;
}

void
mls_tree_merge(struct mls_tree *layer)
{
	struct mls_tree *base = layer->base;

	for (uint32_t i = 0; i < layer->slots; i++)
		if (layer->changes[i].key != 0)
			merge_cell(base, &layer->changes[i]);
	base->leaves = layer->leaves;
	memcpy(base->credentials, layer->credentials, sizeof base->credentials);
	base->credential_types = layer->credential_types;
	mls_tree_free(layer);
}
