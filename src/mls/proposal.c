#include "mls/proposal.h"

static void
decode_reinit(struct rd *r, struct mls_reinit *out)
{
	out->group_id = mls_rd_vec(r, MLS_MAX_GROUP_ID);
	out->version = rd_u16(r);
	out->cipher_suite = rd_u16(r);
	out->extensions = mls_extensions_decode(r);
}

void
mls_proposal_decode(struct rd *r, struct mls_proposal *out)
{
	const uint8_t *start = r->p;

	out->encoded = BYTES_NONE;
	out->type = rd_u16(r);
	switch (r->err == ERR_OK ? out->type : 0) {
	case MLS_PROPOSAL_ADD:
		mls_key_package_decode(r, &out->u.add);
		break;
	case MLS_PROPOSAL_UPDATE:
		mls_leaf_node_decode(r, &out->u.update);
		break;
	case MLS_PROPOSAL_REMOVE:
		out->u.remove.i = rd_u32(r);
		break;
	case MLS_PROPOSAL_PSK:
		mls_psk_id_decode(r, &out->u.psk);
		break;
	case MLS_PROPOSAL_REINIT:
		decode_reinit(r, &out->u.reinit);
		break;
	case MLS_PROPOSAL_EXTERNAL_INIT:
		out->u.external_init = mls_rd_vec(r, MLS_MAX_KEM_CT);
		break;
	case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		out->u.extensions = mls_extensions_decode(r);
		break;
	default:
		rd_fail(r, ERR_VERSION);
		break;
	}
	if (r->err == ERR_OK)
		out->encoded = (struct bytes){ start, (size_t)(r->p - start) };
}

void
mls_proposal_put_add(struct wr *w, struct bytes key_package)
{
	wr_u16(w, MLS_PROPOSAL_ADD);
	wr_put(w, key_package);
}

void
mls_proposal_put_update(struct wr *w, struct bytes leaf_node)
{
	wr_u16(w, MLS_PROPOSAL_UPDATE);
	wr_put(w, leaf_node);
}

void
mls_proposal_put_remove(struct wr *w, struct mls_leaf leaf)
{
	wr_u16(w, MLS_PROPOSAL_REMOVE);
	wr_u32(w, leaf.i);
}

void
mls_proposal_put_psk(struct wr *w, const struct mls_psk_id *id)
{
	wr_u16(w, MLS_PROPOSAL_PSK);
	mls_psk_id_encode(w, id);
}

void
mls_proposal_put_reinit(struct wr *w, const struct mls_reinit *r)
{
	wr_u16(w, MLS_PROPOSAL_REINIT);
	mls_wr_vec(w, r->group_id);
	wr_u16(w, r->version);
	wr_u16(w, r->cipher_suite);
	mls_wr_vec(w, r->extensions);
}

void
mls_proposal_put_external_init(struct wr *w, struct bytes kem_output)
{
	wr_u16(w, MLS_PROPOSAL_EXTERNAL_INIT);
	mls_wr_vec(w, kem_output);
}

void
mls_proposal_put_extensions(struct wr *w, struct bytes list)
{
	wr_u16(w, MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS);
	mls_wr_vec(w, list);
}

static void
decode_item(struct rd *r, struct mls_proposal_item *out)
{
	out->type = (enum mls_proposal_or_ref)rd_u8(r);
	switch (r->err == ERR_OK ? out->type : 0) {
	case MLS_BY_VALUE:
		mls_proposal_decode(r, &out->proposal);
		break;
	case MLS_BY_REFERENCE:
		out->reference = mls_rd_vec(r, MLS_MAX_HASH_LEN);
		break;
	default:
		rd_fail(r, ERR_DECODE);
		break;
	}
}

bool
mls_commit_next(struct rd *walk, struct mls_proposal_item *out)
{
	if (walk->n == 0)
		return false;
	decode_item(walk, out);
	return walk->err == ERR_OK;
}

void
mls_commit_decode(struct rd *r, struct mls_commit *out)
{
	struct mls_proposal_item item;
	struct rd walk;

	*out = (struct mls_commit){ 0 };
	out->proposals = mls_rd_vec(r, MLS_MAX_MESSAGE_LEN);
	walk = rd_init(out->proposals);
	while (mls_commit_next(&walk, &item))
		if (++out->count > MLS_MAX_PROPOSALS)
			rd_fail(&walk, ERR_DECODE);
	if (rd_end(&walk) != ERR_OK) {
		rd_fail(r, rd_end(&walk));
		return;
	}
	out->has_path = mls_rd_optional(r);
	if (out->has_path)
		mls_update_path_decode(r, &out->path);
}
