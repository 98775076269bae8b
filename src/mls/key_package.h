/*
 * key_package - how a client lets itself be added, section 10.
 */
#ifndef MLS_KEY_PACKAGE_H
#define MLS_KEY_PACKAGE_H

#include "mls/leaf_node.h"

/*
 *	struct {
 *	    ProtocolVersion version;
 *	    CipherSuite cipher_suite;
 *	    HPKEPublicKey init_key;
 *	    LeafNode leaf_node;
 *	    Extension extensions<V>;
 *	    opaque signature<V>; // SignWithLabel(., "KeyPackageTBS", ...)
 *	} KeyPackage;
 */
struct mls_key_package {
	struct bytes encoded;
	struct bytes tbs; /* encoded without the signature */
	uint16_t version;
	uint16_t cipher_suite;
	struct bytes init_key;
	struct mls_leaf_node leaf;
	struct bytes extensions;
	struct bytes signature;
};

void mls_key_package_decode(struct rd *r, struct mls_key_package *out);

/*
 * Reads a key package that fills in, raw or wrapped in an MLSMessage; both
 * are in use. Fails with MESSAGE_IS_MALFORMED, VERSION_IS_UNKNOWN or
 * WIRE_FORMAT_IS_NOT_EXPECTED.
 */
MUST_USE enum mls_result mls_key_package_read(
    struct bytes in, struct mls_key_package *out);

/* KeyPackageRef, section 5.2: writes hash_len bytes. */
void mls_key_package_ref(const struct mls_suite *s,
    const struct mls_key_package *kp, uint8_t *out);

/*
 * The checks of section 10.1 by themselves: version and suite are the
 * group's, both signatures hold, source and keys of the leaf are right, the
 * leaf fits the group's extensions (7.3). Whether its lifetime holds and its
 * credential is accepted is asked apart. Fails with the first result.
 */
MUST_USE enum mls_result mls_key_package_check(const struct mls_suite *s,
    const struct mls_key_package *kp, struct bytes group_extensions);

/* Appends a signed key package to out. */
MUST_USE enum mls_result mls_key_package_encode(const struct mls_suite *s,
    struct bytes init_key, struct bytes leaf, struct bytes extensions,
    const struct mls_signer *signer, struct wr *out);

#endif
