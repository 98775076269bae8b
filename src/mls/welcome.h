/*
 * welcome - how new members learn the group, section 12.4.3.
 */
#ifndef MLS_WELCOME_H
#define MLS_WELCOME_H

#include "mls/epoch.h"
#include "mls/key_package.h"
#include "mls/psk.h"

/*
 *	struct {
 *	    GroupContext group_context;
 *	    Extension extensions<V>;
 *	    MAC confirmation_tag;
 *	    uint32 signer;
 *	    opaque signature<V>; // SignWithLabel(., "GroupInfoTBS", ...)
 *	} GroupInfo;
 */
struct mls_group_info {
	struct bytes tbs;
	struct bytes context_encoded;
	struct mls_group_context context;
	struct bytes extensions;
	struct bytes confirmation_tag;
	struct mls_leaf signer;
	struct bytes signature;
};

void mls_group_info_decode(struct rd *r, struct mls_group_info *out);

/* Reads an MLSMessage that is a GroupInfo and fills in. Fails with
 * MESSAGE_IS_MALFORMED, VERSION_IS_UNKNOWN, WIRE_FORMAT_IS_NOT_EXPECTED. */
MUST_USE enum mls_result mls_group_info_read(
    struct bytes in, struct mls_group_info *out);

/* Fails with SIGNATURE_IS_WRONG. */
MUST_USE enum mls_result mls_group_info_verify(const struct mls_suite *s,
    const struct mls_group_info *info, struct bytes public);

/* Appends the GroupInfo of an epoch, signed by a member, to out. */
MUST_USE enum mls_result mls_group_info_encode(const struct mls_epoch *e,
    struct bytes extensions, struct mls_leaf signer_leaf,
    const struct mls_signer *signer, struct wr *out);

/*
 *	struct {
 *	    opaque joiner_secret<V>;
 *	    optional<PathSecret> path_secret;
 *	    PreSharedKeyID psks<V>;
 *	} GroupSecrets;
 */
struct mls_group_secrets {
	struct bytes joiner_secret;
	bool has_path_secret;
	struct bytes path_secret;
	struct bytes psks; /* contents, checked to parse */
	size_t psk_count;
};
void mls_group_secrets_decode(struct rd *r, struct mls_group_secrets *out);
void mls_group_secrets_encode(
    struct wr *w, const struct mls_group_secrets *gs);

/*
 *	struct {
 *	    KeyPackageRef new_member;
 *	    HPKECiphertext encrypted_group_secrets;
 *	} EncryptedGroupSecrets;
 *	struct {
 *	    CipherSuite cipher_suite;
 *	    EncryptedGroupSecrets secrets<V>;
 *	    opaque encrypted_group_info<V>;
 *	} Welcome;
 */
struct mls_welcome {
	uint16_t cipher_suite;
	struct bytes secrets; /* contents, checked to parse */
	struct bytes encrypted_group_info;
};
void mls_welcome_decode(struct rd *r, struct mls_welcome *out);

/* Reads a Welcome that fills in, as MLSMessage. Fails like
 * mls_group_info_read. */
MUST_USE enum mls_result mls_welcome_read(
    struct bytes in, struct mls_welcome *out);

/* Finds the entry for a key package by its reference. Fails with
 * WELCOME_IS_NOT_FOR_US. */
MUST_USE enum mls_result mls_welcome_find(const struct mls_welcome *w,
    struct bytes ref, struct mls_ciphertext *out);

/* Opens an entry with the private half of init_key: buf, a growing writer of
 * the caller's, gets the GroupSecrets that out views into; it is secret.
 * Fails with WELCOME_DOES_NOT_OPEN, or MESSAGE_IS_MALFORMED. */
MUST_USE enum mls_result mls_welcome_open_secrets(const struct mls_suite *s,
    const struct mls_welcome *w, const struct mls_ciphertext *entry,
    struct bytes init_secret, struct wr *buf, struct mls_group_secrets *out);

/* Opens the GroupInfo with the welcome_secret; the same rules. Fails with
 * GROUP_INFO_DOES_NOT_OPEN. */
MUST_USE enum mls_result mls_welcome_open_info(const struct mls_suite *s,
    const struct mls_welcome *w, const uint8_t *welcome_secret,
    struct wr *buf, struct mls_group_info *out);

/* The sender's side: seals a GroupInfo into out as a bare string. */
MUST_USE enum mls_result mls_welcome_seal_info(const struct mls_suite *s,
    const uint8_t *welcome_secret, struct bytes info, struct wr *out);

#endif
