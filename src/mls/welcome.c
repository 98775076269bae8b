#include "mls/welcome.h"
#include "crypto/ct.h"

void
mls_group_info_decode(struct rd *r, struct mls_group_info *out)
{
	const uint8_t *start = r->p;

	*out = (struct mls_group_info){ 0 };
	mls_group_context_decode(r, &out->context);
	if (r->err != ERR_OK)
		return;
	out->context_encoded = (struct bytes){ start, (size_t)(r->p - start) };
	out->extensions = mls_extensions_decode(r);
	out->confirmation_tag = mls_rd_vec(r, MLS_MAX_HASH_LEN);
	out->signer.i = rd_u32(r);
	if (r->err != ERR_OK)
		return;
	out->tbs = (struct bytes){ start, (size_t)(r->p - start) };
	out->signature = mls_rd_vec(r, MLS_MAX_SIG_LEN);
}

/* Reads the head of an MLSMessage of the wanted format. */
static enum mls_result
read_head(struct rd *r, enum mls_wire_format want)
{
	uint16_t version = rd_u16(r), format = rd_u16(r);

	if (r->err != ERR_OK)
		return MLS_MESSAGE_IS_MALFORMED;
	if (version != MLS_VERSION_MLS10)
		return MLS_VERSION_IS_UNKNOWN;
	return format == want ? MLS_OK : MLS_WIRE_FORMAT_IS_NOT_EXPECTED;
}

enum mls_result
mls_group_info_read(struct bytes in, struct mls_group_info *out)
{
	struct rd r = rd_init(in);
	enum mls_result err;

	TRY(read_head(&r, MLS_WIRE_GROUP_INFO));
	mls_group_info_decode(&r, out);
	TRY(mls_result_of(rd_end(&r)));
out:
	return err;
}

enum mls_result
mls_group_info_verify(const struct mls_suite *s,
    const struct mls_group_info *info, struct bytes public)
{
	return mls_suite_verify(
	    s, public, "GroupInfoTBS", info->tbs, info->signature);
}

enum mls_result
mls_group_info_encode(const struct mls_epoch *e, struct bytes extensions,
    struct mls_leaf signer_leaf, const struct mls_signer *signer,
    struct wr *out)
{
	size_t start = out->n;
	struct wr tbs = wr_new();
	enum mls_result err;

	wr_put(&tbs, wr_bytes(&e->encoded));
	mls_wr_vec(&tbs, extensions);
	mls_wr_vec(&tbs, mls_epoch_secret(e, e->confirmation_tag));
	wr_u32(&tbs, signer_leaf.i);
	TRY(mls_result_of(wr_done(&tbs)));
	wr_put(out, wr_bytes(&tbs));
	TRY(mls_suite_sign(
	    &e->suite, signer, "GroupInfoTBS", wr_bytes(&tbs), out));
out:
	if (err != MLS_OK)
		out->n = start;
	wr_free(&tbs);
	return err;
}

void
mls_group_secrets_decode(struct rd *r, struct mls_group_secrets *out)
{
	struct mls_psk_id id;
	struct rd walk;

	*out = (struct mls_group_secrets){ 0 };
	out->joiner_secret = mls_rd_vec(r, MLS_MAX_HASH_LEN);
	out->has_path_secret = mls_rd_optional(r);
	if (out->has_path_secret)
		out->path_secret = mls_rd_vec(r, MLS_MAX_HASH_LEN);
	out->psks = mls_rd_vec(r, MLS_MAX_MESSAGE_LEN);
	walk = rd_init(out->psks);
	while (walk.n > 0 && out->psk_count <= MLS_MAX_PSKS) {
		mls_psk_id_decode(&walk, &id);
		out->psk_count++;
	}
	if (rd_end(&walk) != ERR_OK || out->psk_count > MLS_MAX_PSKS)
		rd_fail(r, ERR_DECODE);
}

void
mls_group_secrets_encode(struct wr *w, const struct mls_group_secrets *gs)
{
	mls_wr_vec(w, gs->joiner_secret);
	wr_u8(w, gs->has_path_secret);
	if (gs->has_path_secret)
		mls_wr_vec(w, gs->path_secret);
	mls_wr_vec(w, gs->psks);
}

static void
decode_entry(struct rd *r, struct bytes *ref, struct mls_ciphertext *secrets)
{
	*ref = mls_rd_vec(r, MLS_MAX_HASH_LEN);
	mls_ciphertext_decode(r, secrets);
}

void
mls_welcome_decode(struct rd *r, struct mls_welcome *out)
{
	struct mls_ciphertext secrets;
	struct bytes ref;
	struct rd walk;

	out->cipher_suite = rd_u16(r);
	out->secrets = mls_rd_vec(r, MLS_MAX_MESSAGE_LEN);
	walk = rd_init(out->secrets);
	while (walk.n > 0)
		decode_entry(&walk, &ref, &secrets);
	if (rd_end(&walk) != ERR_OK)
		rd_fail(r, ERR_DECODE);
	out->encrypted_group_info = mls_rd_vec(r, MLS_MAX_MESSAGE_LEN);
}

enum mls_result
mls_welcome_read(struct bytes in, struct mls_welcome *out)
{
	struct rd r = rd_init(in);
	enum mls_result err;

	TRY(read_head(&r, MLS_WIRE_WELCOME));
	mls_welcome_decode(&r, out);
	TRY(mls_result_of(rd_end(&r)));
out:
	return err;
}

enum mls_result
mls_welcome_find(
    const struct mls_welcome *w, struct bytes ref, struct mls_ciphertext *out)
{
	struct rd walk = rd_init(w->secrets);
	struct bytes one;

	while (walk.n > 0) {
		decode_entry(&walk, &one, out);
		if (bytes_equal(one, ref))
			return MLS_OK;
	}
	return MLS_WELCOME_IS_NOT_FOR_US;
}

enum mls_result
mls_welcome_open_secrets(const struct mls_suite *s, const struct mls_welcome *w,
    const struct mls_ciphertext *entry, struct bytes init_secret,
    struct wr *buf, struct mls_group_secrets *out)
{
	struct rd r;
	enum mls_result err = MLS_OK;

	NEED(mls_suite_decrypt(s, init_secret,
		 (struct mls_labelled){ "Welcome", w->encrypted_group_info },
		 entry, buf) == MLS_OK,
	    MLS_WELCOME_DOES_NOT_OPEN);
	/* Where the secrets stand in it is known, they are not. */
	ct_unpoison(buf->p, buf->n);
	r = rd_init(wr_bytes(buf));
	mls_group_secrets_decode(&r, out);
	ct_poison(out->joiner_secret.p, out->joiner_secret.n);
	ct_poison(out->path_secret.p, out->path_secret.n);
	TRY(mls_result_of(rd_end(&r)));
	NEED(out->joiner_secret.n == s->hash_len &&
		 (!out->has_path_secret || out->path_secret.n == s->hash_len),
	    MLS_MESSAGE_IS_MALFORMED);
out:
	return err;
}

/* welcome_key and welcome_nonce, section 12.4.3.1; secret. */
struct welcome_key {
	uint8_t key[AEAD_MAX_KEY_LEN];
	uint8_t nonce[AEAD_NONCE_LEN];
};

static enum mls_result
derive_key(const struct mls_suite *s, const uint8_t *welcome_secret,
    struct welcome_key *out)
{
	struct bytes secret = { welcome_secret, s->hash_len };
	enum mls_result err;

	TRY(mls_suite_expand(s, secret,
	    (struct mls_labelled){ "key", BYTES_NONE }, out->key, s->key_len));
	TRY(mls_suite_expand(s, secret,
	    (struct mls_labelled){ "nonce", BYTES_NONE }, out->nonce,
	    s->nonce_len));
out:
	return err;
}

enum mls_result
mls_welcome_open_info(const struct mls_suite *s, const struct mls_welcome *w,
    const uint8_t *welcome_secret, struct wr *buf, struct mls_group_info *out)
{
	struct bytes sealed = w->encrypted_group_info;
	struct welcome_key k;
	struct rd r;
	uint8_t *at;
	enum mls_result err;

	TRY(derive_key(s, welcome_secret, &k));
	NEED(sealed.n >= AEAD_TAG_LEN, MLS_GROUP_INFO_DOES_NOT_OPEN);
	at = wr_reserve(buf, sealed.n - AEAD_TAG_LEN);
	TRY(mls_result_of(wr_done(buf)));
	NEED(
	    mls_suite_open(s, k.key, k.nonce, BYTES_NONE, sealed, at) == MLS_OK,
	    MLS_GROUP_INFO_DOES_NOT_OPEN);
	ct_unpoison(at, sealed.n - AEAD_TAG_LEN); /* what all members know */
	r = rd_init(wr_bytes(buf));
	mls_group_info_decode(&r, out);
	TRY(mls_result_of(rd_end(&r)));
out:
	bytes_wipe(&k, sizeof k);
	return err;
}

enum mls_result
mls_welcome_seal_info(const struct mls_suite *s, const uint8_t *welcome_secret,
    struct bytes info, struct wr *out)
{
	struct welcome_key k;
	uint8_t *at;
	enum mls_result err;

	TRY(derive_key(s, welcome_secret, &k));
	at = wr_reserve(out, info.n + AEAD_TAG_LEN);
	TRY(mls_result_of(wr_done(out)));
	TRY(mls_suite_seal(s, k.key, k.nonce, BYTES_NONE, info, at));
out:
	bytes_wipe(&k, sizeof k);
	return err;
}
