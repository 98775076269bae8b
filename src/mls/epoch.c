#include "mls/epoch.h"
#include "crypto/ct.h"

#include <string.h>

enum mls_result
mls_epoch_init(struct mls_epoch *e, const struct mls_suite *s,
    const struct mls_group_context *context)
{
	struct rd r;

	*e = (struct mls_epoch){ .suite = *s, .encoded = wr_new() };
	mls_group_context_encode(&e->encoded, context);
	if (wr_done(&e->encoded) != ERR_OK)
		return mls_result_of(wr_done(&e->encoded));
	r = rd_init(wr_bytes(&e->encoded));
	mls_group_context_decode(&r, &e->context);
	return mls_result_of(rd_end(&r));
}

enum mls_result
mls_epoch_begin(struct mls_epoch *e, uint32_t leaves)
{
	e->keys = mls_secret_tree_new(&e->suite, leaves, e->secrets.encryption);
	if (e->keys == NULL)
		return MLS_OUT_OF_MEMORY;
	bytes_wipe(e->secrets.encryption, sizeof e->secrets.encryption);
	mls_epoch_resume(e);
	return MLS_OK;
}

void
mls_epoch_resume(struct mls_epoch *e)
{
	hkdf_init(&e->sender_data, e->suite.hash,
	    mls_epoch_secret(e, e->secrets.sender_data));
}

enum mls_result
mls_epoch_confirm(struct mls_epoch *e)
{
	struct bytes confirmed = e->context.confirmed_transcript_hash;
	enum mls_result err;

	mls_suite_mac(&e->suite, mls_epoch_secret(e, e->secrets.confirmation),
	    confirmed, e->confirmation_tag);
	err = mls_transcript_interim(&e->suite, confirmed,
	    mls_epoch_secret(e, e->confirmation_tag), e->interim_hash);
	/* Unlike the tag, which is a secret until it was seen to be right. */
	ct_unpoison(e->interim_hash, sizeof e->interim_hash);
	return err;
}

void
mls_epoch_wipe(struct mls_epoch *e)
{
	mls_secret_tree_free(e->keys);
	wr_free(&e->encoded);
	bytes_wipe(e, sizeof *e);
}

void
mls_epoch_retire(struct mls_epoch *e)
{
	struct mls_secrets *s = &e->secrets;
	uint8_t sender_data[MLS_MAX_HASH_LEN];

	memcpy(sender_data, s->sender_data, sizeof sender_data);
	bytes_wipe(s, sizeof *s);
	memcpy(s->sender_data, sender_data, sizeof sender_data);
	bytes_wipe(sender_data, sizeof sender_data);
}

struct bytes
mls_epoch_secret(const struct mls_epoch *e, const uint8_t *secret)
{
	return (struct bytes){ secret, e->suite.hash_len };
}
