/*
 * framing - messages: what is signed, and how it is carried, section 6.
 *
 * A message is one AuthenticatedContent: content, its sender, a signature,
 * and for a commit the confirmation tag. It travels as a PublicMessage, in
 * the clear with a membership tag, or as a PrivateMessage, encrypted.
 */
#ifndef MLS_FRAMING_H
#define MLS_FRAMING_H

#include "mls/epoch.h"
#include "mls/proposal.h"

/*
 *	struct {
 *	    SenderType sender_type;
 *	    select (Sender.sender_type) {
 *	        case member:   uint32 leaf_index;
 *	        case external: uint32 sender_index;
 *	        case new_member_commit:
 *	        case new_member_proposal: struct{};
 *	    };
 *	} Sender;
 */
struct mls_sender {
	enum mls_sender_type type;
	uint32_t index;
};

/*
 *	struct {
 *	    opaque group_id<V>;
 *	    uint64 epoch;
 *	    Sender sender;
 *	    opaque authenticated_data<V>;
 *	    ContentType content_type;
 *	    select (FramedContent.content_type) {
 *	        case application: opaque application_data<V>;
 *	        case proposal:    Proposal proposal;
 *	        case commit:      Commit commit;
 *	    };
 *	} FramedContent;
 *	struct {
 *	    opaque signature<V>; // SignWithLabel(., "FramedContentTBS", ...)
 *	    select (FramedContent.content_type) {
 *	        case commit: MAC confirmation_tag;
 *	        default:     struct{};
 *	    };
 *	} FramedContentAuthData;
 *	struct {
 *	    WireFormat wire_format;
 *	    FramedContent content;
 *	    FramedContentAuthData auth;
 *	} AuthenticatedContent;
 */
struct mls_content {
	struct bytes encoded;    /* AuthenticatedContent */
	struct bytes unsigned_;  /* wire_format and content */
	struct bytes before_tag; /* ConfirmedTranscriptHashInput */
	uint16_t wire_format;
	struct bytes group_id;
	uint64_t epoch;
	struct mls_sender sender;
	struct bytes authenticated_data;
	enum mls_content_type type;
	struct bytes body; /* application_data; or the encoded rest */
	union {
		struct mls_proposal proposal;
		struct mls_commit commit;
	} u;
	struct bytes signature;
	struct bytes confirmation_tag;
};

/* Reads an AuthenticatedContent. An unknown type of proposal fails with
 * VERSION, all else with DECODE. */
void mls_content_decode(struct rd *r, struct mls_content *out);

/*
 * 6.1: appends wire_format, FramedContent and signature of what c says (its
 * group_id, epoch, sender, data, type and body; of a proposal or commit the
 * body is its encoding) to out. context is the encoded GroupContext, which
 * members and joiners by external commit sign too. A commit then wants its
 * tag appended with mls_wr_vec.
 */
MUST_USE enum mls_result mls_content_sign(const struct mls_suite *s,
    const struct mls_content *c, struct bytes context,
    const struct mls_signer *signer, struct wr *out);

/* 6.1: fails with SIGNATURE_IS_WRONG. */
MUST_USE enum mls_result mls_content_verify(const struct mls_suite *s,
    const struct mls_content *c, struct bytes context, struct bytes public);

/* 5.2: ProposalRef of a proposal's AuthenticatedContent; hash_len bytes. */
void mls_content_proposal_ref(
    const struct mls_suite *s, const struct mls_content *c, uint8_t *out);

/*
 *	struct {
 *	    FramedContent content;
 *	    FramedContentAuthData auth;
 *	    select (PublicMessage.content.sender.sender_type) {
 *	        case member: MAC membership_tag;
 *	        default:     struct{};
 *	    };
 *	} PublicMessage;
 */
struct mls_public_message {
	struct mls_content content;
	struct bytes membership_tag;
};

/*
 *	struct {
 *	    opaque group_id<V>;
 *	    uint64 epoch;
 *	    ContentType content_type;
 *	    opaque authenticated_data<V>;
 *	    opaque encrypted_sender_data<V>;
 *	    opaque ciphertext<V>;
 *	} PrivateMessage;
 */
struct mls_private_message {
	struct bytes group_id;
	uint64_t epoch;
	enum mls_content_type type;
	struct bytes authenticated_data;
	struct bytes encrypted_sender_data;
	struct bytes ciphertext;
};

/*
 *	struct {
 *	    ProtocolVersion version = mls10;
 *	    WireFormat wire_format;
 *	    select (MLSMessage.wire_format) { ... };
 *	} MLSMessage;
 */
struct mls_message {
	enum mls_wire_format wire_format;
	union {
		struct mls_public_message public;
		struct mls_private_message private;
		struct bytes rest; /* of the other three */
	} u;
};

/*
 * Reads a whole MLSMessage; the bodies of Welcome, GroupInfo and KeyPackage
 * are left to their own modules. Fails with MESSAGE_IS_MALFORMED,
 * VERSION_IS_UNKNOWN, WIRE_FORMAT_IS_NOT_EXPECTED, or
 * PROPOSAL_TYPE_IS_NOT_SUPPORTED.
 */
MUST_USE enum mls_result mls_message_read(
    struct bytes in, struct mls_message *out);

/* 6.2: appends the PublicMessage of an AuthenticatedContent, as MLSMessage;
 * by_member asks for a membership tag. */
MUST_USE enum mls_result mls_public_message_create(const struct mls_epoch *e,
    struct bytes authenticated, bool by_member, struct wr *out);

/* 6.2: fails with MEMBERSHIP_TAG_IS_WRONG. */
MUST_USE enum mls_result mls_public_message_check_tag(
    const struct mls_epoch *e, const struct mls_public_message *m);

/*
 *	struct {
 *	    uint32 leaf_index;
 *	    uint32 generation;
 *	    opaque reuse_guard[4];
 *	} SenderData;
 */
#define MLS_REUSE_GUARD_LEN 4
struct mls_sender_data {
	struct mls_leaf leaf;
	uint32_t generation;
	uint8_t reuse_guard[MLS_REUSE_GUARD_LEN];
};

/*
 * 6.3: appends the PrivateMessage of c, whose AuthenticatedContent is
 * c->encoded, as MLSMessage, encrypted with a key from
 * mls_secret_tree_next. The content is padded with zeros to a size class.
 */
MUST_USE enum mls_result mls_private_message_create(const struct mls_epoch *e,
    const struct mls_content *c, const struct mls_message_key *key,
    const uint8_t reuse_guard[MLS_REUSE_GUARD_LEN], struct wr *out);

/* 6.3.2: opens who sent it. Fails with SENDER_DATA_DOES_NOT_OPEN. */
MUST_USE enum mls_result mls_private_message_sender(const struct mls_epoch *e,
    const struct mls_private_message *m, struct mls_sender_data *out);

/*
 * 6.3.1: opens what was sent, without using up its key, which *key gets. out
 * views into buf, a growing writer of the caller's, who frees it. The
 * signature is not verified. Fails with CONTENT_DOES_NOT_OPEN,
 * PADDING_IS_NOT_ZERO, MESSAGE_IS_MALFORMED,
 * PROPOSAL_TYPE_IS_NOT_SUPPORTED, or as mls_secret_tree_key does.
 */
MUST_USE enum mls_result mls_private_message_open(const struct mls_epoch *e,
    const struct mls_private_message *m, const struct mls_sender_data *from,
    struct mls_message_key *key, struct wr *buf, struct mls_content *out);

/* 6.3.2: key and nonce from sender_data_secret, with which from was begun, and
 * a sample of ciphertext. */
MUST_USE enum mls_result mls_sender_data_key(const struct mls_suite *s,
    const struct hkdf *from, struct bytes ciphertext, uint8_t *key,
    uint8_t *nonce);

/* Returns the length to which n bytes of content are padded: powers of two
 * from 256 to 64 KiB, then multiples of 64 KiB. */
size_t mls_padded_len(size_t n);

#endif
