/*
 * leaf_node - a member as the tree holds it, section 7.2.
 *
 * A decoded leaf node is a struct of views into its encoding; whoever owns
 * those bytes says how long it lives.
 */
#ifndef MLS_LEAF_NODE_H
#define MLS_LEAF_NODE_H

#include "mls/extension.h"
#include "mls/suite.h"

/*
 *	struct {
 *	    CredentialType credential_type;
 *	    select (Credential.credential_type) {
 *	        case basic: opaque identity<V>;
 *	        case x509:  Certificate certificates<V>;
 *	    };
 *	} Credential;
 */
struct mls_credential {
	uint16_t type;      /* enum mls_credential_type */
	struct bytes value; /* contents of identity<V> or certificates<V> */
};

/*
 *	struct {
 *	    ProtocolVersion versions<V>;
 *	    CipherSuite cipher_suites<V>;
 *	    ExtensionType extensions<V>;
 *	    ProposalType proposals<V>;
 *	    CredentialType credentials<V>;
 *	} Capabilities;
 *
 * Each is the contents of its vector: big-endian 16-bit numbers.
 */
struct mls_capabilities {
	struct bytes versions;
	struct bytes cipher_suites;
	struct bytes extensions;
	struct bytes proposals;
	struct bytes credentials;
};

/*
 *	struct {
 *	    HPKEPublicKey encryption_key;
 *	    SignaturePublicKey signature_key;
 *	    Credential credential;
 *	    Capabilities capabilities;
 *	    LeafNodeSource leaf_node_source;
 *	    select (LeafNode.leaf_node_source) {
 *	        case key_package: Lifetime lifetime;
 *	        case update:      struct{};
 *	        case commit:      opaque parent_hash<V>;
 *	    };
 *	    Extension extensions<V>;
 *	    opaque signature<V>; // SignWithLabel(., "LeafNodeTBS", LeafNodeTBS)
 *	} LeafNode;
 */
struct mls_leaf_node {
	struct bytes encoded; /* all of it */
	struct bytes tbs;     /* encoded without the signature */
	struct bytes encryption_key;
	struct bytes signature_key;
	struct mls_credential credential;
	struct mls_capabilities capabilities;
	enum mls_leaf_source source;
	uint64_t not_before;      /* seconds since 1970; source key_package */
	uint64_t not_after;       /* the same */
	struct bytes parent_hash; /* source commit */
	struct bytes extensions;  /* a list, see extension.h */
	struct bytes signature;
};

void mls_credential_decode(struct rd *r, struct mls_credential *out);
void mls_credential_encode(struct wr *w, const struct mls_credential *c);
bool mls_credential_equal(const struct mls_credential *a,
    const struct mls_credential *b);

/* Lists longer than MLS_MAX_CAPABILITY are refused. */
void mls_capabilities_decode(struct rd *r, struct mls_capabilities *out);
void mls_capabilities_encode(struct wr *w, const struct mls_capabilities *c);

/* Returns whether value is in one of the lists of capabilities. */
bool mls_capabilities_have(struct bytes list, uint16_t value);

/* The same for extension and proposal types; the defaults of RFC 9420 are
 * there without being listed. */
bool mls_capabilities_have_extension(const struct mls_capabilities *c,
    uint16_t type);
bool mls_capabilities_have_proposal(const struct mls_capabilities *c,
    uint16_t type);

/* Reads one leaf node. */
void mls_leaf_node_decode(struct rd *r, struct mls_leaf_node *out);

/* Where a leaf node of source update or commit stands; both are signed. */
struct mls_leaf_place {
	struct bytes group_id;
	struct mls_leaf leaf;
};

/* Verifies the signature; place is ignored for source key_package. Fails with
 * SIGNATURE_IS_WRONG. */
MUST_USE enum mls_result mls_leaf_node_verify(const struct mls_suite *s,
    const struct mls_leaf_node *leaf, const struct mls_leaf_place *place);

/*
 * The checks of section 7.3 that need nothing but the leaf and the group's
 * extensions: keys usable, suite and version and own extensions and own
 * credential type in its capabilities, the required capabilities of
 * group_extensions there. Fails with the result of the first that does not
 * hold. (Signature, lifetime, credential, uniqueness, and what other members
 * support are asked elsewhere.)
 */
MUST_USE enum mls_result mls_leaf_node_check(const struct mls_suite *s,
    const struct mls_leaf_node *leaf, struct bytes group_extensions);

/* Fails with CAPABILITIES_ARE_MISSING or EXTENSIONS_ARE_NOT_SUPPORTED_BY_ALL
 * unless the leaf has what the group's extensions ask: required_capabilities,
 * and support of every extension in the list. */
MUST_USE enum mls_result mls_leaf_node_supports(
    const struct mls_leaf_node *leaf, struct bytes group_extensions);

/* What a new leaf node says; its keys come beside it. */
struct mls_leaf_content {
	struct mls_credential credential;
	struct mls_capabilities capabilities;
	enum mls_leaf_source source;
	uint64_t not_before;
	uint64_t not_after;
	struct bytes parent_hash;
	struct bytes extensions;
};

/* Appends a signed leaf node to out. place as in mls_leaf_node_verify. */
MUST_USE enum mls_result mls_leaf_node_create(const struct mls_suite *s,
    const struct mls_leaf_content *content, struct bytes encryption_key,
    const struct mls_signer *signer, const struct mls_leaf_place *place,
    struct wr *out);

#endif
