#include "mls/tree_index.h"

#include "crypto/hash.h"

#include <stdlib.h>

#define FIRST_SLOTS 64

uint32_t
mls_tree_index_tag(enum mls_tree_key kind, struct bytes key)
{
	const uint8_t hash_key[SIPHASH_KEY_LEN] = { (uint8_t)kind };

	return (uint32_t)siphash(hash_key, key);
}

void
mls_tree_index_free(struct mls_tree_index *x)
{
	free(x->slots);
	*x = (struct mls_tree_index){ 0 };
}

static void
put(struct mls_tree_index *x, uint64_t entry)
{
	uint32_t i = (uint32_t)(entry >> 32) & x->mask;

	while (x->slots[i] != 0)
		i = (i + 1) & x->mask;
	x->slots[i] = entry;
	x->count++;
}

enum err
mls_tree_index_reserve(struct mls_tree_index *x, uint32_t more)
{
	struct mls_tree_index grown = { 0 };
	size_t old = x->slots == NULL ? 0 : (size_t)x->mask + 1;
	size_t slots = old == 0 ? FIRST_SLOTS : old;

	/* At most three quarters full, so that a walk ends soon. */
	while (slots / 4 * 3 < (size_t)x->count + more)
		slots *= 2;
	if (slots == old)
		return ERR_OK;
	grown.slots = calloc(slots, sizeof *grown.slots);
	if (grown.slots == NULL)
		return ERR_NOMEM;
	grown.mask = (uint32_t)(slots - 1);
	for (size_t i = 0; i < old; i++)
		if (x->slots[i] != 0)
			put(&grown, x->slots[i]);
	free(x->slots);
	*x = grown;
	return ERR_OK;
}

static uint64_t
entry_of(uint32_t tag, uint32_t node)
{
	return (uint64_t)tag << 32 | (node + 1);
}

void
mls_tree_index_add(struct mls_tree_index *x, uint32_t tag, uint32_t node)
{
	put(x, entry_of(tag, node));
}

void
mls_tree_index_remove(struct mls_tree_index *x, uint32_t tag, uint32_t node)
{
	uint32_t hole = tag & x->mask, i, home;

	if (x->slots == NULL)
		return;
	while (x->slots[hole] != entry_of(tag, node)) {
		if (x->slots[hole] == 0)
			return;
		hole = (hole + 1) & x->mask;
	}
	/* Close the gap, so that no walk ends before an entry that it wants. */
	for (i = (hole + 1) & x->mask; x->slots[i] != 0;
	     i = (i + 1) & x->mask) {
		home = (uint32_t)(x->slots[i] >> 32) & x->mask;
		if (((i - home) & x->mask) >= ((i - hole) & x->mask)) {
			x->slots[hole] = x->slots[i];
			hole = i;
		}
	}
	x->slots[hole] = 0;
	x->count--;
}

bool
mls_tree_index_next(
    const struct mls_tree_index *x, uint32_t tag, uint32_t *at, uint32_t *node)
{
	uint64_t entry;

	if (x->slots == NULL)
		return false;
	while ((entry = x->slots[(tag + *at) & x->mask]) != 0) {
		(*at)++;
		if ((uint32_t)(entry >> 32) == tag) {
			*node = (uint32_t)entry - 1;
			return true;
		}
	}
	return false;
}
