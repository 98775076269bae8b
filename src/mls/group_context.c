#include "mls/group_context.h"

void
mls_group_context_decode(struct rd *r, struct mls_group_context *out)
{
	if (rd_u16(r) != MLS_VERSION_MLS10)
		rd_fail(r, ERR_VERSION);
	out->cipher_suite = rd_u16(r);
	out->group_id = mls_rd_vec(r, MLS_MAX_GROUP_ID);
	out->epoch = rd_u64(r);
	out->tree_hash = mls_rd_vec(r, MLS_MAX_HASH_LEN);
	out->confirmed_transcript_hash = mls_rd_vec(r, MLS_MAX_HASH_LEN);
	out->extensions = mls_extensions_decode(r);
}

void
mls_group_context_encode(struct wr *w, const struct mls_group_context *c)
{
	wr_u16(w, MLS_VERSION_MLS10);
	wr_u16(w, c->cipher_suite);
	mls_wr_vec(w, c->group_id);
	wr_u64(w, c->epoch);
	mls_wr_vec(w, c->tree_hash);
	mls_wr_vec(w, c->confirmed_transcript_hash);
	mls_wr_vec(w, c->extensions);
}
