/*
 * group_context - what a group agrees on in an epoch, section 8.1.
 */
#ifndef MLS_GROUP_CONTEXT_H
#define MLS_GROUP_CONTEXT_H

#include "mls/extension.h"

/*
 *	struct {
 *	    ProtocolVersion version = mls10;
 *	    CipherSuite cipher_suite;
 *	    opaque group_id<V>;
 *	    uint64 epoch;
 *	    opaque tree_hash<V>;
 *	    opaque confirmed_transcript_hash<V>;
 *	    Extension extensions<V>;
 *	} GroupContext;
 */
struct mls_group_context {
	uint16_t cipher_suite;
	struct bytes group_id;
	uint64_t epoch;
	struct bytes tree_hash;
	struct bytes confirmed_transcript_hash;
	struct bytes extensions; /* a list, see extension.h */
};

/* Reads one; a version other than mls10 fails with VERSION. */
void mls_group_context_decode(struct rd *r, struct mls_group_context *out);
void mls_group_context_encode(
    struct wr *w, const struct mls_group_context *c);

#endif
