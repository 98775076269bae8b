/*
 * types - the numbers and small types that all of mls stands on.
 *
 * src/mls is RFC 9420, Messaging Layer Security: bytes, time and randomness
 * go in, bytes come out. Section numbers in this folder are those of RFC 9420
 * unless another document is named. mls/mls.h is the interface of the whole
 * folder; the other headers are its parts, in the RFC's order.
 */
#ifndef MLS_TYPES_H
#define MLS_TYPES_H

#include "base/bytes.h"
#include "base/err.h"

/*
 * Every way in which a call can end, as a sentence. A row says its name, its
 * class (err.h: whose fault it is) and a text for logs. A message that is
 * refused changes nothing.
 */
#define MLS_RESULTS(X)                                                        \
	X(OK, LOCAL, "success")                                               \
	/* ours */                                                            \
	X(OUT_OF_MEMORY, LOCAL, "out of memory")                              \
	X(ARGUMENT_IS_OUT_OF_RANGE, LOCAL, "argument out of range")           \
	X(BUFFER_IS_TOO_SMALL, LOCAL, "output buffer too small")              \
	X(A_LIMIT_WAS_REACHED, LOCAL, "a limit was reached")                  \
	X(A_PRIMITIVE_FAILED, LOCAL, "a primitive failed")                    \
	X(A_COMMIT_IS_PENDING, LOCAL,                                         \
	    "a commit waits to be merged or dropped")                         \
	X(NO_COMMIT_IS_PENDING, LOCAL, "no commit is pending")                \
	X(PROPOSALS_ARE_WAITING, LOCAL,                                       \
	    "proposals wait for a commit before anything is said")           \
	X(GROUP_IS_CLOSED, LOCAL, "the group was re-initialized")             \
	X(WE_WERE_REMOVED, LOCAL, "we are no longer a member")                \
	X(WE_ARE_NOT_A_MEMBER_YET, LOCAL,                                     \
	    "our commit to join was not merged yet")                          \
	X(NO_SUCH_MEMBER, LOCAL, "no member at that leaf")                    \
	X(SAVED_STATE_IS_DAMAGED, LOCAL, "saved state does not parse")        \
	X(SAVED_STATE_IS_OF_ANOTHER_VERSION, LOCAL,                           \
	    "saved state of another version")                                 \
	/* encoding */                                                        \
	X(MESSAGE_IS_MALFORMED, PEER, "malformed message")                    \
	X(VERSION_IS_UNKNOWN, PEER, "unknown protocol version")               \
	X(SUITE_IS_UNKNOWN, PEER, "unknown cipher suite")                     \
	X(WIRE_FORMAT_IS_NOT_EXPECTED, PEER, "wire format not expected here") \
	/* framing, section 6 */                                              \
	X(MESSAGE_IS_FOR_ANOTHER_GROUP, PEER, "message for another group")    \
	X(EPOCH_IS_IN_THE_FUTURE, PEER, "message of a future epoch")          \
	X(EPOCH_IS_OVER, PEER, "message of an epoch that is over")            \
	X(SENDER_IS_NOT_A_MEMBER, PEER, "sender is not a member")             \
	X(SENDER_IS_NOT_ALLOWED, PEER, "sender may not send this")            \
	X(SENDER_IS_OURSELVES, PEER, "message of our own")                    \
	X(SENDER_DATA_DOES_NOT_OPEN, AUTH, "sender data does not open")       \
	X(CONTENT_DOES_NOT_OPEN, AUTH, "content does not open")               \
	X(GENERATION_WAS_USED_BEFORE, AUTH,                                   \
	    "generation used before, or its key deleted")                     \
	X(GENERATION_IS_TOO_FAR_AHEAD, PEER, "generation too far ahead")      \
	X(PADDING_IS_NOT_ZERO, PEER, "padding is not zero")                   \
	X(MEMBERSHIP_TAG_IS_WRONG, AUTH, "wrong membership tag")              \
	X(SIGNATURE_IS_WRONG, AUTH, "wrong signature")                        \
	X(CONFIRMATION_TAG_IS_WRONG, AUTH, "wrong confirmation tag")          \
	X(APPLICATION_DATA_IS_NOT_ENCRYPTED, PEER,                            \
	    "application data in a public message")                           \
	/* leaf nodes and key packages, sections 7.3 and 10.1 */              \
	X(CREDENTIAL_IS_NOT_ACCEPTED, AUTH, "credential not accepted")        \
	X(CREDENTIAL_TYPE_IS_NOT_SUPPORTED, PEER,                             \
	    "credential type not supported by all")                           \
	X(CAPABILITIES_ARE_MISSING, PEER, "a required capability is missing") \
	X(EXTENSION_IS_NOT_SUPPORTED, PEER, "extension not in capabilities")  \
	X(LIFETIME_IS_OVER, AUTH, "lifetime is over, or not begun")           \
	X(LIFETIME_IS_TOO_LONG, PEER, "lifetime longer than what is accepted") \
	X(LEAF_SOURCE_IS_WRONG, PEER, "leaf node of the wrong source")        \
	X(ENCRYPTION_KEY_IS_IN_USE, PEER, "encryption key in use")            \
	X(SIGNATURE_KEY_IS_IN_USE, PEER, "signature key in use")              \
	X(INIT_KEY_IS_ENCRYPTION_KEY, PEER,                                   \
	    "init key equals the encryption key")                             \
	X(KEY_IS_UNUSABLE, PEER, "unusable public key")                       \
	X(KEY_PACKAGE_IS_FOR_ANOTHER_SUITE, PEER,                             \
	    "key package for another suite or version")                       \
	/* the tree, sections 7.8, 7.9 and 12.4.3.1 */                        \
	X(TREE_IS_MALFORMED, PEER, "malformed ratchet tree")                  \
	X(TREE_IS_MISSING, PEER, "no ratchet tree inside or beside")          \
	X(TREE_HASH_IS_WRONG, AUTH, "wrong tree hash")                        \
	X(PARENT_HASH_IS_WRONG, AUTH, "wrong parent hash")                    \
	X(UNMERGED_LEAVES_ARE_WRONG, PEER, "wrong unmerged leaves")           \
	/* proposals, section 12 */                                           \
	X(PROPOSAL_TYPE_IS_NOT_SUPPORTED, PEER, "proposal type not supported") \
	X(PROPOSAL_IS_UNKNOWN, PEER, "proposal by reference was never seen")  \
	X(PROPOSAL_WAS_SEEN_BEFORE, AUTH, "proposal seen before")             \
	X(PROPOSAL_IS_NOT_ALLOWED_HERE, PEER,                                 \
	    "proposal of a type that its sender may not make")                \
	X(COMMITTER_REMOVES_ITSELF, PEER, "committer removes itself")         \
	X(COMMITTER_UPDATES_ITSELF, PEER, "committer commits its own update") \
	X(LEAF_IS_CHANGED_TWICE, PEER, "two proposals for one leaf")          \
	X(CLIENT_IS_ADDED_TWICE, PEER, "one client added twice")              \
	X(REMOVED_LEAF_IS_BLANK, PEER, "removal of a blank leaf")             \
	X(EXTENSIONS_ARE_CHANGED_TWICE, PEER,                                 \
	    "two group context extensions proposals")                         \
	X(EXTENSIONS_ARE_NOT_SUPPORTED_BY_ALL, PEER,                          \
	    "group extensions that a member does not support")                \
	X(REINIT_IS_NOT_ALONE, PEER, "re-init with other proposals")          \
	X(REINIT_IS_A_DOWNGRADE, PEER, "re-init to an older version")         \
	X(EXTERNAL_INIT_IS_MISSING, PEER, "external commit without its init") \
	X(EXTERNAL_INIT_IS_NOT_ALLOWED, PEER, "external init by a member")    \
	X(EXTERNAL_COMMIT_HAS_REFERENCES, PEER,                               \
	    "external commit with proposals by reference")                    \
	X(EXTERNAL_COMMIT_REMOVES_SOMEONE_ELSE, PEER,                         \
	    "external commit that removes somebody else")                     \
	X(PSK_IS_UNKNOWN, PEER, "pre-shared key not found")                   \
	X(PSK_IS_REPEATED, PEER, "pre-shared key appears twice")              \
	X(PSK_IS_NOT_ALLOWED_HERE, PEER, "pre-shared key of the wrong usage") \
	X(PSK_NONCE_HAS_WRONG_LENGTH, PEER,                                   \
	    "pre-shared key nonce of the wrong length")                       \
	/* commits, section 12.4 */                                           \
	X(PATH_IS_MISSING, PEER, "commit without the path that it needs")     \
	X(PATH_HAS_WRONG_LENGTH, PEER, "path of the wrong length")            \
	X(PATH_DOES_NOT_OPEN, AUTH, "path secret does not open")              \
	X(PATH_KEY_IS_WRONG, AUTH, "path secret gives another public key")    \
	/* welcome and group info, sections 12.4.3 and 11 */                  \
	X(WELCOME_IS_NOT_FOR_US, PEER, "welcome without our key package")     \
	X(WELCOME_DOES_NOT_OPEN, AUTH, "welcome does not open")               \
	X(GROUP_INFO_DOES_NOT_OPEN, AUTH, "group info does not open")         \
	X(OUR_LEAF_IS_NOT_IN_THE_TREE, PEER, "our leaf is not in the tree")   \
	X(EXTERNAL_PUB_IS_MISSING, PEER, "group info without external_pub")   \
	X(REINIT_DOES_NOT_MATCH, PEER, "not the group that was announced")

enum mls_result {
#define X(name, class, text) MLS_##name,
	MLS_RESULTS(X)
#undef X
};

/* Returns a short English text, never NULL. */
const char *mls_result_text(enum mls_result r);

/* Returns the name without its prefix ("OK"), for programs; never NULL. */
const char *mls_result_name(enum mls_result r);

/* Returns whose fault r is; MLS_OK is LOCAL. */
enum err_class mls_result_class(enum mls_result r);

/*
 * Returns the result that an error of base or crypto means where nothing
 * closer is known: DECODE and TOO_BIG are a malformed message, KEY is an
 * unusable key, AUTH is content that does not open. A caller who knows
 * better (which signature, which tag) says so instead.
 */
enum mls_result mls_result_of(enum err e);

/* Positions, in types of their own so that they are not mixed up. */
struct mls_leaf {
	uint32_t i; /* 0, 1, 2 ... from the left */
};
struct mls_node {
	uint32_t i; /* leaf l is node 2 * l, appendix C */
};

/* Section 6: ProtocolVersion. */
enum mls_version { MLS_VERSION_MLS10 = 1 };

/* Section 17.2, 6: WireFormat. */
enum mls_wire_format {
	MLS_WIRE_PUBLIC_MESSAGE = 1,
	MLS_WIRE_PRIVATE_MESSAGE = 2,
	MLS_WIRE_WELCOME = 3,
	MLS_WIRE_GROUP_INFO = 4,
	MLS_WIRE_KEY_PACKAGE = 5,
};

/* Section 6: ContentType. */
enum mls_content_type {
	MLS_CONTENT_APPLICATION = 1,
	MLS_CONTENT_PROPOSAL = 2,
	MLS_CONTENT_COMMIT = 3,
};

/* Section 6: SenderType. */
enum mls_sender_type {
	MLS_SENDER_MEMBER = 1,
	MLS_SENDER_EXTERNAL = 2,
	MLS_SENDER_NEW_MEMBER_PROPOSAL = 3,
	MLS_SENDER_NEW_MEMBER_COMMIT = 4,
};

/* Section 12.1, 17.4: ProposalType. */
enum mls_proposal_type {
	MLS_PROPOSAL_ADD = 1,
	MLS_PROPOSAL_UPDATE = 2,
	MLS_PROPOSAL_REMOVE = 3,
	MLS_PROPOSAL_PSK = 4,
	MLS_PROPOSAL_REINIT = 5,
	MLS_PROPOSAL_EXTERNAL_INIT = 6,
	MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS = 7,
};

/* Section 12.4: ProposalOrRefType. */
enum mls_proposal_or_ref { MLS_BY_VALUE = 1, MLS_BY_REFERENCE = 2 };

/* Section 17.3: ExtensionType. */
enum mls_extension_type {
	MLS_EXTENSION_APPLICATION_ID = 1,
	MLS_EXTENSION_RATCHET_TREE = 2,
	MLS_EXTENSION_REQUIRED_CAPABILITIES = 3,
	MLS_EXTENSION_EXTERNAL_PUB = 4,
	MLS_EXTENSION_EXTERNAL_SENDERS = 5,
};

/* Section 5.3, 17.5: CredentialType. */
enum mls_credential_type { MLS_CREDENTIAL_BASIC = 1, MLS_CREDENTIAL_X509 = 2 };

/* Section 7.2: LeafNodeSource. */
enum mls_leaf_source {
	MLS_LEAF_KEY_PACKAGE = 1,
	MLS_LEAF_UPDATE = 2,
	MLS_LEAF_COMMIT = 3,
};

/* Section 8.4: PSKType and ResumptionPSKUsage. */
enum mls_psk_type { MLS_PSK_EXTERNAL = 1, MLS_PSK_RESUMPTION = 2 };
enum mls_psk_usage {
	MLS_PSK_APPLICATION = 1,
	MLS_PSK_REINIT = 2,
	MLS_PSK_BRANCH = 3,
};

/*
 * The bounds of this implementation. What is above them is refused as
 * malformed, before anything is allocated for it.
 */
#define MLS_MAX_MESSAGE_LEN (64 << 20) /* a tree of 16,000 with hybrid keys */
#define MLS_MAX_LEAVES      (1 << 17)
#define MLS_MAX_DEPTH       17 /* levels of parents above a leaf */
#define MLS_MAX_GROUP_ID    1024
#define MLS_MAX_IDENTITY    16384 /* one credential */
#define MLS_MAX_EXTENSIONS  256   /* in one list */
#define MLS_MAX_CAPABILITY  1024  /* values in one list of capabilities */
#define MLS_MAX_PROPOSALS   32768 /* in one commit */
#define MLS_MAX_PSKS        64    /* in one commit or welcome */

/* The longest of each over all suites. */
#define MLS_MAX_HASH_LEN   48
#define MLS_MAX_KEM_PUBLIC 1216
#define MLS_MAX_KEM_SECRET 32
#define MLS_MAX_KEM_CT     1120
#define MLS_MAX_SIG_PUBLIC 65
#define MLS_MAX_SIG_SECRET 32
#define MLS_MAX_SIG_LEN    72

#endif
