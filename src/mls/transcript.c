#include "mls/transcript.h"

void
mls_transcript_confirmed(const struct mls_suite *s, struct bytes before,
    struct bytes input, uint8_t *out)
{
	const struct bytes parts[] = { before, input };

	hash_parts(s->hash, parts, 2, out);
}

enum mls_result
mls_transcript_interim(const struct mls_suite *s, struct bytes confirmed,
    struct bytes confirmation_tag, uint8_t *out)
{
	uint8_t buf[4 + MLS_MAX_HASH_LEN];
	struct wr w = wr_init(buf, sizeof buf);
	struct bytes parts[2] = { confirmed };

	mls_wr_vec(&w, confirmation_tag);
	parts[1] = wr_bytes(&w);
	hash_parts(s->hash, parts, 2, out);
	return mls_result_of(wr_done(&w));
}
