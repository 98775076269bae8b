/*
 * kat_mls - the kinds of vectors of the MLS working group.
 *
 * Each function is a kat_fn for one kind; the kinds and their file names are
 * those of the mls-implementations repository.
 */
#ifndef VECTORS_KAT_MLS_H
#define VECTORS_KAT_MLS_H

#include "kat.h"

bool kat_mls_tree_math(struct kat *k, const json_t *file);
bool kat_mls_tree_operations(struct kat *k, const json_t *file);
bool kat_mls_tree_validation(struct kat *k, const json_t *file);
bool kat_mls_treekem(struct kat *k, const json_t *file);

#endif
