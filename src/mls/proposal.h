/*
 * proposal - the changes that a group can undergo, section 12.1, and the
 * commit that makes them, section 12.4.
 */
#ifndef MLS_PROPOSAL_H
#define MLS_PROPOSAL_H

#include "mls/key_package.h"
#include "mls/psk.h"
#include "mls/treekem.h"

/*
 *	struct {
 *	    opaque group_id<V>;
 *	    ProtocolVersion version;
 *	    CipherSuite cipher_suite;
 *	    Extension extensions<V>;
 *	} ReInit;
 */
struct mls_reinit {
	struct bytes group_id;
	uint16_t version;
	uint16_t cipher_suite;
	struct bytes extensions;
};

/*
 *	struct {
 *	    ProposalType proposal_type;
 *	    select (Proposal.proposal_type) {
 *	        case add:                      Add;
 *	        case update:                   Update;
 *	        case remove:                   Remove;
 *	        case psk:                      PreSharedKey;
 *	        case reinit:                   ReInit;
 *	        case external_init:            ExternalInit;
 *	        case group_context_extensions: GroupContextExtensions;
 *	    };
 *	} Proposal;
 */
struct mls_proposal {
	uint16_t type; /* enum mls_proposal_type */
	struct bytes encoded;
	union {
		struct mls_key_package add;
		struct mls_leaf_node update;
		struct mls_leaf remove;
		struct mls_psk_id psk;
		struct mls_reinit reinit;
		struct bytes external_init; /* kem_output */
		struct bytes extensions;
	} u;
};

/*
 * Reads one proposal. The body of an unknown type has no length of its own,
 * so such a proposal fails with VERSION, and is told from a malformed one.
 */
void mls_proposal_decode(struct rd *r, struct mls_proposal *out);

/* Each appends one proposal to w. */
void mls_proposal_put_add(struct wr *w, struct bytes key_package);
void mls_proposal_put_update(struct wr *w, struct bytes leaf_node);
void mls_proposal_put_remove(struct wr *w, struct mls_leaf leaf);
void mls_proposal_put_psk(struct wr *w, const struct mls_psk_id *id);
void mls_proposal_put_reinit(struct wr *w, const struct mls_reinit *r);
void mls_proposal_put_external_init(struct wr *w, struct bytes kem_output);
void mls_proposal_put_extensions(struct wr *w, struct bytes list);

/*
 *	struct {
 *	    ProposalOrRefType type;
 *	    select (ProposalOrRef.type) {
 *	        case proposal:  Proposal proposal;
 *	        case reference: ProposalRef reference; // opaque<V>
 *	    };
 *	} ProposalOrRef;
 */
struct mls_proposal_item {
	enum mls_proposal_or_ref type;
	struct mls_proposal proposal;
	struct bytes reference;
};

/* Walks the list of a commit: start with rd_init(commit.proposals); returns
 * false after the last. */
bool mls_commit_next(struct rd *walk, struct mls_proposal_item *out);

/*
 *	struct {
 *	    ProposalOrRef proposals<V>;
 *	    optional<UpdatePath> path;
 *	} Commit;
 */
struct mls_commit {
	struct bytes proposals; /* contents, checked to parse */
	size_t count;
	bool has_path;
	struct mls_update_path path;
};

/* Reads one; fails like mls_proposal_decode, and with DECODE for more than
 * MLS_MAX_PROPOSALS. */
void mls_commit_decode(struct rd *r, struct mls_commit *out);

#endif
