#include "mls/key_package.h"

void
mls_key_package_decode(struct rd *r, struct mls_key_package *out)
{
	const uint8_t *start = r->p;

	*out = (struct mls_key_package){ 0 };
	out->version = rd_u16(r);
	out->cipher_suite = rd_u16(r);
	out->init_key = mls_rd_vec(r, MLS_MAX_KEM_PUBLIC);
	mls_leaf_node_decode(r, &out->leaf);
	out->extensions = mls_extensions_decode(r);
	if (r->err != ERR_OK)
		return;
	out->tbs = (struct bytes){ start, (size_t)(r->p - start) };
	out->signature = mls_rd_vec(r, MLS_MAX_SIG_LEN);
	out->encoded = (struct bytes){ start, (size_t)(r->p - start) };
}

/*
 * A raw key package begins with version and suite, a wrapped one with version
 * and wire format; the latter is 5 and no suite that is known here is.
 */
enum mls_result
mls_key_package_read(struct bytes in, struct mls_key_package *out)
{
	struct rd r = rd_init(in), head = r;
	uint16_t version = rd_u16(&head), second = rd_u16(&head);

	if (head.err != ERR_OK)
		return MLS_MESSAGE_IS_MALFORMED;
	if (version != MLS_VERSION_MLS10)
		return MLS_VERSION_IS_UNKNOWN;
	if (second == MLS_WIRE_KEY_PACKAGE)
		r = head;
	mls_key_package_decode(&r, out);
	return mls_result_of(rd_end(&r));
}

void
mls_key_package_ref(
    const struct mls_suite *s, const struct mls_key_package *kp, uint8_t *out)
{
	mls_suite_ref_hash(s, "MLS 1.0 KeyPackage Reference", kp->encoded, out);
}

enum mls_result
mls_key_package_check(const struct mls_suite *s,
    const struct mls_key_package *kp, struct bytes group_extensions)
{
	enum mls_result err = MLS_OK;

	NEED(kp->version == MLS_VERSION_MLS10 && kp->cipher_suite == s->number,
	    MLS_KEY_PACKAGE_IS_FOR_ANOTHER_SUITE);
	NEED(kp->leaf.source == MLS_LEAF_KEY_PACKAGE, MLS_LEAF_SOURCE_IS_WRONG);
	TRY(mls_suite_check_encryption_key(s, kp->init_key));
	NEED(!bytes_equal(kp->init_key, kp->leaf.encryption_key),
	    MLS_INIT_KEY_IS_ENCRYPTION_KEY);
	TRY(mls_leaf_node_check(s, &kp->leaf, group_extensions));
	TRY(mls_leaf_node_verify(s, &kp->leaf, NULL));
	TRY(mls_suite_verify(s, kp->leaf.signature_key, "KeyPackageTBS",
	    kp->tbs, kp->signature));
out:
	return err;
}

enum mls_result
mls_key_package_encode(const struct mls_suite *s, struct bytes init_key,
    struct bytes leaf, struct bytes extensions, const struct mls_signer *signer,
    struct wr *out)
{
	struct wr tbs = wr_new();
	enum mls_result err;

	wr_u16(&tbs, MLS_VERSION_MLS10);
	wr_u16(&tbs, s->number);
	mls_wr_vec(&tbs, init_key);
	wr_put(&tbs, leaf);
	mls_wr_vec(&tbs, extensions);
	TRY(mls_result_of(wr_done(&tbs)));
	wr_put(out, wr_bytes(&tbs));
	TRY(mls_suite_sign(s, signer, "KeyPackageTBS", wr_bytes(&tbs), out));
out:
	wr_free(&tbs);
	return err;
}
