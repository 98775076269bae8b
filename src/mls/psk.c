#include "mls/psk.h"

#include <string.h>

#define MAX_ID_LEN 65535

void
mls_psk_id_decode(struct rd *r, struct mls_psk_id *out)
{
	*out = (struct mls_psk_id){ .type = (enum mls_psk_type)rd_u8(r) };
	switch (out->type) {
	case MLS_PSK_EXTERNAL:
		out->id = mls_rd_vec(r, MAX_ID_LEN);
		break;
	case MLS_PSK_RESUMPTION:
		out->usage = (enum mls_psk_usage)rd_u8(r);
		if (out->usage < MLS_PSK_APPLICATION ||
		    out->usage > MLS_PSK_BRANCH)
			rd_fail(r, ERR_DECODE);
		out->group_id = mls_rd_vec(r, MLS_MAX_GROUP_ID);
		out->epoch = rd_u64(r);
		break;
	default:
		rd_fail(r, ERR_DECODE);
	}
	out->nonce = mls_rd_vec(r, MAX_ID_LEN);
}

void
mls_psk_id_encode(struct wr *w, const struct mls_psk_id *id)
{
	wr_u8(w, (uint8_t)id->type);
	if (id->type == MLS_PSK_EXTERNAL) {
		mls_wr_vec(w, id->id);
	} else {
		wr_u8(w, (uint8_t)id->usage);
		mls_wr_vec(w, id->group_id);
		wr_u64(w, id->epoch);
	}
	mls_wr_vec(w, id->nonce);
}

bool
mls_psk_id_same_key(const struct mls_psk_id *a, const struct mls_psk_id *b)
{
	if (a->type != b->type)
		return false;
	if (a->type == MLS_PSK_EXTERNAL)
		return bytes_equal(a->id, b->id);
	return a->usage == b->usage && a->epoch == b->epoch &&
	       bytes_equal(a->group_id, b->group_id);
}

void
mls_psk_secret_init(struct mls_psk_secret *p, uint16_t count)
{
	*p = (struct mls_psk_secret){ .count = count };
}

/*
 *	struct {
 *	    PreSharedKeyID id;
 *	    uint16 index;
 *	    uint16 count;
 *	} PSKLabel;
 */
enum mls_result
mls_psk_secret_add(struct mls_psk_secret *p, const struct mls_suite *s,
    const struct mls_psk_id *id, struct bytes psk)
{
	static const uint8_t zeros[MLS_MAX_HASH_LEN];
	struct wr label = wr_new();
	struct {
		uint8_t extracted[MLS_MAX_HASH_LEN];
		uint8_t input[MLS_MAX_HASH_LEN];
		uint8_t value[MLS_MAX_HASH_LEN];
	} s_;
	size_t n = s->hash_len;
	enum mls_result err;

	mls_psk_id_encode(&label, id);
	wr_u16(&label, p->next);
	wr_u16(&label, p->count);
	TRY(mls_result_of(wr_done(&label)));
	mls_suite_extract(s, (struct bytes){ zeros, n }, psk, s_.extracted);
	TRY(mls_suite_expand(s, (struct bytes){ s_.extracted, n },
	    (struct mls_labelled){ "derived psk", wr_bytes(&label) }, s_.input,
	    n));
	mls_suite_extract(s, (struct bytes){ s_.input, n },
	    (struct bytes){ p->value, n }, s_.value);
	memcpy(p->value, s_.value, n);
	p->next++;
out:
	bytes_wipe(&s_, sizeof s_);
	wr_free(&label);
	return err;
}
