/*
 * join - what both ways into a group share: a GroupInfo and a tree from
 * somebody else, believed only after all of section 12.4.3.1 holds.
 */
#ifndef MLS_JOIN_H
#define MLS_JOIN_H

#include "mls/group.h"
#include "mls/welcome.h"

/*
 * Reads the tree in the GroupInfo, or beside it, into g->tree and validates
 * it and the GroupInfo's signature; asks for every member's credential.
 */
MUST_USE enum mls_result mls_join_tree(struct mls_group *g,
    const struct mls_group_info *info, struct bytes beside);

#endif
