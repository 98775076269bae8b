#include "mls/leaf_node.h"

#define U16_LEN 2

void
mls_credential_decode(struct rd *r, struct mls_credential *out)
{
	out->type = rd_u16(r);
	/* Both known types, and by custom all others, are one <V>. */
	out->value = mls_rd_vec(r, MLS_MAX_IDENTITY);
}

void
mls_credential_encode(struct wr *w, const struct mls_credential *c)
{
	wr_u16(w, c->type);
	mls_wr_vec(w, c->value);
}

bool
mls_credential_equal(
    const struct mls_credential *a, const struct mls_credential *b)
{
	return a->type == b->type && bytes_equal(a->value, b->value);
}

static struct bytes
types_decode(struct rd *r)
{
	struct bytes list = mls_rd_vec(r, MLS_MAX_CAPABILITY * U16_LEN);

	if (list.n % U16_LEN != 0)
		rd_fail(r, ERR_DECODE);
	return list;
}

void
mls_capabilities_decode(struct rd *r, struct mls_capabilities *out)
{
	out->versions = types_decode(r);
	out->cipher_suites = types_decode(r);
	out->extensions = types_decode(r);
	out->proposals = types_decode(r);
	out->credentials = types_decode(r);
}

void
mls_capabilities_encode(struct wr *w, const struct mls_capabilities *c)
{
	mls_wr_vec(w, c->versions);
	mls_wr_vec(w, c->cipher_suites);
	mls_wr_vec(w, c->extensions);
	mls_wr_vec(w, c->proposals);
	mls_wr_vec(w, c->credentials);
}

bool
mls_capabilities_have(struct bytes list, uint16_t value)
{
	struct rd r = rd_init(list);

	while (r.n > 0)
		if (rd_u16(&r) == value)
			return true;
	return false;
}

bool
mls_capabilities_have_extension(const struct mls_capabilities *c, uint16_t type)
{
	return mls_extension_is_default(type) ||
	       mls_capabilities_have(c->extensions, type);
}

bool
mls_capabilities_have_proposal(const struct mls_capabilities *c, uint16_t type)
{
	if (type >= MLS_PROPOSAL_ADD &&
	    type <= MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS)
		return true;
	return mls_capabilities_have(c->proposals, type);
}

static struct bytes
since(const struct rd *r, const uint8_t *start)
{
	return (struct bytes){ start, (size_t)(r->p - start) };
}

void
mls_leaf_node_decode(struct rd *r, struct mls_leaf_node *out)
{
	const uint8_t *start = r->p;

	*out = (struct mls_leaf_node){ 0 };
	out->encryption_key = mls_rd_vec(r, MLS_MAX_KEM_PUBLIC);
	out->signature_key = mls_rd_vec(r, MLS_MAX_SIG_PUBLIC);
	mls_credential_decode(r, &out->credential);
	mls_capabilities_decode(r, &out->capabilities);
	out->source = rd_u8(r);
	switch (out->source) {
	case MLS_LEAF_KEY_PACKAGE:
		out->not_before = rd_u64(r);
		out->not_after = rd_u64(r);
		break;
	case MLS_LEAF_UPDATE:
		break;
	case MLS_LEAF_COMMIT:
		out->parent_hash = mls_rd_vec(r, MLS_MAX_HASH_LEN);
		break;
	default:
		rd_fail(r, ERR_DECODE);
	}
	out->extensions = mls_extensions_decode(r);
	out->tbs = since(r, start);
	out->signature = mls_rd_vec(r, MLS_MAX_SIG_LEN);
	out->encoded = since(r, start);
}

/*
 * The end of a LeafNodeTBS, which binds a leaf node to its group:
 *
 *	select (LeafNodeTBS.leaf_node_source) {
 *	    case key_package: struct{};
 *	    case update:      opaque group_id<V>; uint32 leaf_index;
 *	    case commit:      opaque group_id<V>; uint32 leaf_index;
 *	};
 */
static void
place_encode(struct wr *w, enum mls_leaf_source source,
    const struct mls_leaf_place *place)
{
	if (source == MLS_LEAF_KEY_PACKAGE)
		return;
	mls_wr_vec(w, place->group_id);
	wr_u32(w, place->leaf.i);
}

enum mls_result
mls_leaf_node_verify(const struct mls_suite *s,
    const struct mls_leaf_node *leaf, const struct mls_leaf_place *place)
{
	struct wr tbs = wr_new();
	enum mls_result err;

	wr_put(&tbs, leaf->tbs);
	place_encode(&tbs, leaf->source, place);
	TRY(mls_result_of(wr_done(&tbs)));
	TRY(mls_suite_verify(s, leaf->signature_key, "LeafNodeTBS",
	    wr_bytes(&tbs), leaf->signature));
out:
	wr_free(&tbs);
	return err;
}

static bool
own_extensions_are_listed(const struct mls_leaf_node *leaf)
{
	struct rd walk = rd_init(leaf->extensions);
	struct mls_extension e;

	while (mls_extensions_next(&walk, &e))
		if (!mls_capabilities_have_extension(
			&leaf->capabilities, e.type))
			return false;
	return true;
}

enum mls_result
mls_leaf_node_check(const struct mls_suite *s, const struct mls_leaf_node *leaf,
    struct bytes group_extensions)
{
	const struct mls_capabilities *c = &leaf->capabilities;
	enum mls_result err;

	TRY(mls_suite_check_encryption_key(s, leaf->encryption_key));
	TRY(mls_suite_check_signature_key(s, leaf->signature_key));
	NEED(mls_capabilities_have(c->versions, MLS_VERSION_MLS10) &&
		 mls_capabilities_have(c->cipher_suites, s->number),
	    MLS_CAPABILITIES_ARE_MISSING);
	NEED(mls_capabilities_have(c->credentials, leaf->credential.type),
	    MLS_CREDENTIAL_TYPE_IS_NOT_SUPPORTED);
	NEED(own_extensions_are_listed(leaf), MLS_EXTENSION_IS_NOT_SUPPORTED);
	TRY(mls_leaf_node_supports(leaf, group_extensions));
out:
	return err;
}

/*
 *	struct {
 *	    ExtensionType extension_types<V>;
 *	    ProposalType proposal_types<V>;
 *	    CredentialType credential_types<V>;
 *	} RequiredCapabilities;
 */
static enum mls_result
check_required(const struct mls_capabilities *c, struct bytes required)
{
	struct rd r = rd_init(required);
	struct rd extensions = rd_init(types_decode(&r));
	struct rd proposals = rd_init(types_decode(&r));
	struct rd credentials = rd_init(types_decode(&r));

	if (rd_end(&r) != ERR_OK)
		return MLS_MESSAGE_IS_MALFORMED;
	while (extensions.n > 0)
		if (!mls_capabilities_have_extension(c, rd_u16(&extensions)))
			return MLS_CAPABILITIES_ARE_MISSING;
	while (proposals.n > 0)
		if (!mls_capabilities_have_proposal(c, rd_u16(&proposals)))
			return MLS_CAPABILITIES_ARE_MISSING;
	while (credentials.n > 0)
		if (!mls_capabilities_have(
			c->credentials, rd_u16(&credentials)))
			return MLS_CAPABILITIES_ARE_MISSING;
	return MLS_OK;
}

enum mls_result
mls_leaf_node_supports(
    const struct mls_leaf_node *leaf, struct bytes group_extensions)
{
	struct rd walk = rd_init(group_extensions);
	enum mls_result err = MLS_OK;
	struct mls_extension e;

	while (mls_extensions_next(&walk, &e)) {
		NEED(mls_capabilities_have_extension(
			 &leaf->capabilities, e.type),
		    MLS_EXTENSIONS_ARE_NOT_SUPPORTED_BY_ALL);
		if (e.type == MLS_EXTENSION_REQUIRED_CAPABILITIES)
			TRY(check_required(&leaf->capabilities, e.data));
	}
out:
	return err;
}

enum mls_result
mls_leaf_node_create(const struct mls_suite *s,
    const struct mls_leaf_content *content, struct bytes encryption_key,
    const struct mls_signer *signer, const struct mls_leaf_place *place,
    struct wr *out)
{
	struct wr tbs = wr_new();
	enum mls_result err;

	mls_wr_vec(&tbs, encryption_key);
	mls_wr_vec(&tbs, signer->public);
	mls_credential_encode(&tbs, &content->credential);
	mls_capabilities_encode(&tbs, &content->capabilities);
	wr_u8(&tbs, (uint8_t)content->source);
	if (content->source == MLS_LEAF_KEY_PACKAGE) {
		wr_u64(&tbs, content->not_before);
		wr_u64(&tbs, content->not_after);
	} else if (content->source == MLS_LEAF_COMMIT) {
		mls_wr_vec(&tbs, content->parent_hash);
	}
	mls_wr_vec(&tbs, content->extensions);
	wr_put(out, wr_bytes(&tbs));
	place_encode(&tbs, content->source, place);
	TRY(mls_result_of(wr_done(&tbs)));
	TRY(mls_suite_sign(s, signer, "LeafNodeTBS", wr_bytes(&tbs), out));
	TRY(mls_result_of(wr_done(out)));
out:
	wr_free(&tbs);
	return err;
}
