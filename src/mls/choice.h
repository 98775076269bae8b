/*
 * choice - which proposals a member commits, section 12.4.
 */
#ifndef MLS_CHOICE_H
#define MLS_CHOICE_H

#include "mls/group.h"

/*
 * Appends to out the proposals of our next commit, as the contents of
 * Commit.proposals: by value all that we have asked for, and unless skip_known
 * by reference every known proposal that goes with that and with the others;
 * *n is how many. A known proposal that cannot be committed is left out, so
 * that nobody's proposal keeps us from a commit. Fails with the result of
 * section 12.2 when it is our own wishes that cannot be committed.
 */
MUST_USE enum mls_result mls_choice_make(
    struct mls_group *g, bool skip_known, struct wr *out, size_t *n);

#endif
