#include "mls/suite.h"
#include "crypto/ct.h"
#include "crypto/dh.h"
#include "crypto/sig.h"

#include <string.h>

_Static_assert(MLS_MAX_KEM_PUBLIC >= HPKE_MAX_PUBLIC_LEN &&
		   MLS_MAX_KEM_CT >= HPKE_MAX_ENC_LEN,
    "there is room for every KEM");

/* In front of every label of section 5.1.2, 5.1.3 and 8. */
#define LABEL_PREFIX	 "MLS 1.0 "
#define LABEL_PREFIX_LEN (sizeof LABEL_PREFIX - 1)

/* Labelled inputs that fit are built on the stack. */
#define SHORT_LEN 512

static const struct mls_suite suites[] = {
	{ MLS_SUITE_X25519_AES128,
	    { HPKE_X25519, HPKE_HKDF_SHA256, HPKE_AES128GCM }, HASH_SHA256,
	    AEAD_AES128GCM, MLS_SIG_ED25519, 32, 16, 12 },
	{ MLS_SUITE_P256_AES128,
	    { HPKE_P256, HPKE_HKDF_SHA256, HPKE_AES128GCM }, HASH_SHA256,
	    AEAD_AES128GCM, MLS_SIG_ECDSA_P256, 32, 16, 12 },
	{ MLS_SUITE_X25519_CHACHA,
	    { HPKE_X25519, HPKE_HKDF_SHA256, HPKE_CHACHAPOLY }, HASH_SHA256,
	    AEAD_CHACHAPOLY, MLS_SIG_ED25519, 32, 32, 12 },
	{ MLS_SUITE_XWING_AES256,
	    { HPKE_XWING, HPKE_HKDF_SHA384, HPKE_AES256GCM }, HASH_SHA384,
	    AEAD_AES256GCM, MLS_SIG_ED25519, 48, 32, 12 },
};

enum mls_result
mls_suite_init(struct mls_suite *s, uint16_t number, uint16_t alias)
{
	bool is_alias = alias != 0 && number == alias;
	uint16_t known = is_alias ? MLS_SUITE_XWING_AES256 : number;

	for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
		if (suites[i].number == known) {
			*s = suites[i];
			s->number = number;
			return MLS_OK;
		}
	}
	return MLS_SUITE_IS_UNKNOWN;
}

void
mls_suite_hash(const struct mls_suite *s, struct bytes in, uint8_t *out)
{
	hash_one(s->hash, in, out);
}

void
mls_suite_mac(
    const struct mls_suite *s, struct bytes key, struct bytes in, uint8_t *out)
{
	hmac(s->hash, key, in, out);
}

/* A length as a varint, as bytes to hash. */
struct head {
	uint8_t p[4];
	size_t n;
};

static struct bytes
head_of(struct head *h, size_t n)
{
	struct wr w = wr_init(h->p, sizeof h->p);

	mls_wr_varint(&w, n);
	return wr_bytes(&w);
}

void
mls_suite_ref_hash(const struct mls_suite *s, const char *label,
    struct bytes value, uint8_t *out)
{
	struct head label_head, value_head;
	const struct bytes parts[] = {
		head_of(&label_head, strlen(label)),
		bytes_str(label),
		head_of(&value_head, value.n),
		value,
	};

	hash_parts(s->hash, parts, sizeof parts / sizeof parts[0], out);
}

enum mls_result
mls_suite_signature_public(const struct mls_suite *s, struct bytes secret,
    uint8_t *public, size_t *len)
{
	*len = 0;
	switch (s->sig) {
	case MLS_SIG_ED25519:
		if (secret.n != ED25519_SEED_LEN)
			return MLS_KEY_IS_UNUSABLE;
		ed25519_public(secret.p, public);
		ct_unpoison(public, ED25519_PUBLIC_LEN);
		*len = ED25519_PUBLIC_LEN;
		return MLS_OK;
	case MLS_SIG_ECDSA_P256:
		if (secret.n != P256_SECRET_LEN)
			return MLS_KEY_IS_UNUSABLE;
		*len = P256_PUBLIC_LEN;
		return mls_result_of(p256_public(secret.p, public));
	}
	return MLS_ARGUMENT_IS_OUT_OF_RANGE;
}

enum mls_result
mls_suite_check_signature_key(const struct mls_suite *s, struct bytes key)
{
	if (s->sig == MLS_SIG_ED25519)
		return key.n == ED25519_PUBLIC_LEN ? MLS_OK
						   : MLS_KEY_IS_UNUSABLE;
	/* 5.1.1 has uncompressed points; some peers sign with compressed
	 * ones, whose test is their first signature. */
	if (key.n == P256_SHORT_LEN && (key.p[0] == 2 || key.p[0] == 3))
		return MLS_OK;
	return mls_result_of(hpke_check_public(HPKE_P256, key));
}

enum mls_result
mls_suite_check_encryption_key(const struct mls_suite *s, struct bytes key)
{
	return mls_result_of(hpke_check_public(s->hpke.kem, key));
}

/* Appends a label with its prefix, and a value, both as <V>: SignContent,
 * EncryptContext, and the end of KDFLabel. */
static void
put_labelled(struct wr *w, const char *label, struct bytes value)
{
	struct bytes name = bytes_str(label);

	mls_wr_varint(w, LABEL_PREFIX_LEN + name.n);
	wr_put(w, BYTES_LIT(LABEL_PREFIX));
	wr_put(w, name);
	mls_wr_vec(w, value);
}

/* Returns a writer over buf if that is enough for a value of n bytes with a
 * label, else one that grows. */
static struct wr
labelled_writer(uint8_t buf[SHORT_LEN], const char *label, size_t n)
{
	size_t rest = 2 + 1 + 2 + LABEL_PREFIX_LEN + strlen(label) + 4;

	return mls_wr_over(buf, SHORT_LEN, rest + n);
}

enum mls_result
mls_suite_sign(const struct mls_suite *s, const struct mls_signer *signer,
    const char *label, struct bytes content, struct wr *out)
{
	uint8_t buf[SHORT_LEN], sig[MLS_MAX_SIG_LEN];
	struct wr w = labelled_writer(buf, label, content.n);
	size_t len = ED25519_SIG_LEN;
	enum mls_result err;

	put_labelled(&w, label, content);
	TRY(mls_result_of(wr_done(&w)));
	NEED(signer->secret.n == MLS_MAX_SIG_SECRET, MLS_KEY_IS_UNUSABLE);
	switch (s->sig) {
	case MLS_SIG_ED25519:
		NEED(signer->public.n == ED25519_PUBLIC_LEN,
		    MLS_KEY_IS_UNUSABLE);
		ed25519_sign_as(
		    signer->secret.p, signer->public.p, wr_bytes(&w), sig);
		break;
	case MLS_SIG_ECDSA_P256:
		TRY(mls_result_of(ecdsa_p256_sign(
		    signer->secret.p, wr_bytes(&w), sig, &len)));
		break;
	}
	ct_unpoison(sig, len); /* is public, once it is made */
	mls_wr_vec(out, (struct bytes){ sig, len });
	TRY(mls_result_of(wr_done(out)));
out:
	wr_free(&w);
	bytes_wipe(buf, sizeof buf);
	return err;
}

enum mls_result
mls_suite_verify(const struct mls_suite *s, struct bytes public,
    const char *label, struct bytes content, struct bytes signature)
{
	uint8_t buf[SHORT_LEN];
	struct wr w = labelled_writer(buf, label, content.n);
	enum err verdict = ERR_AUTH;
	enum mls_result err;

	put_labelled(&w, label, content);
	TRY(mls_result_of(wr_done(&w)));
	if (s->sig == MLS_SIG_ED25519 && public.n == ED25519_PUBLIC_LEN)
		verdict = ed25519_verify(public.p, wr_bytes(&w), signature);
	if (s->sig == MLS_SIG_ECDSA_P256)
		verdict = ecdsa_p256_verify(public, wr_bytes(&w), signature);
	NEED(verdict == ERR_OK, MLS_SIGNATURE_IS_WRONG);
out:
	wr_free(&w);
	bytes_wipe(buf, sizeof buf);
	return err;
}

enum mls_result
mls_suite_encrypt(const struct mls_suite *s, struct bytes public,
    struct mls_labelled info, struct bytes plaintext, const struct env *env,
    struct wr *out)
{
	uint8_t buf[SHORT_LEN], enc[MLS_MAX_KEM_CT], *at;
	struct wr w = labelled_writer(buf, info.label, info.context.n);
	struct hpke_receiver to = { .key = public };
	struct {
		uint8_t random[HPKE_MAX_RANDOM_LEN];
		struct hpke h;
	} s_;
	enum mls_result err;

	put_labelled(&w, info.label, info.context);
	TRY(mls_result_of(wr_done(&w)));
	to.info = wr_bytes(&w);
	env->random(env->ctx, s_.random, hpke_random_len(s->hpke.kem));
	TRY(mls_result_of(
	    hpke_setup_sender(&s_.h, s->hpke, &to, s_.random, enc)));
	ct_unpoison(enc, hpke_enc_len(s->hpke.kem));
	mls_wr_vec(out, (struct bytes){ enc, hpke_enc_len(s->hpke.kem) });
	mls_wr_varint(out, plaintext.n + AEAD_TAG_LEN);
	at = wr_reserve(out, plaintext.n + AEAD_TAG_LEN);
	TRY(mls_result_of(wr_done(out)));
	TRY(mls_result_of(hpke_seal(&s_.h, BYTES_NONE, plaintext, at)));
	ct_unpoison(at, plaintext.n + AEAD_TAG_LEN);
out:
	bytes_wipe(&s_, sizeof s_);
	wr_free(&w);
	return err;
}

void
mls_ciphertext_decode(struct rd *r, struct mls_ciphertext *out)
{
	out->kem_output = mls_rd_vec(r, MLS_MAX_KEM_CT);
	out->ciphertext = mls_rd_vec(r, MLS_MAX_MESSAGE_LEN);
}

enum mls_result
mls_suite_decrypt(const struct mls_suite *s, struct bytes secret,
    struct mls_labelled info, const struct mls_ciphertext *c, struct wr *out)
{
	uint8_t buf[SHORT_LEN], *at;
	struct wr w = labelled_writer(buf, info.label, info.context.n);
	struct hpke_receiver us = { .key = secret };
	struct {
		struct hpke h;
	} s_;
	enum mls_result err;

	put_labelled(&w, info.label, info.context);
	TRY(mls_result_of(wr_done(&w)));
	us.info = wr_bytes(&w);
	NEED(c->ciphertext.n >= AEAD_TAG_LEN, MLS_CONTENT_DOES_NOT_OPEN);
	NEED(hpke_setup_receiver(&s_.h, s->hpke, &us, c->kem_output) == ERR_OK,
	    MLS_CONTENT_DOES_NOT_OPEN);
	at = wr_reserve(out, c->ciphertext.n - AEAD_TAG_LEN);
	TRY(mls_result_of(wr_done(out)));
	TRY(mls_result_of(hpke_open(&s_.h, BYTES_NONE, c->ciphertext, at)));
out:
	bytes_wipe(&s_, sizeof s_);
	wr_free(&w);
	return err;
}

/*
 *	struct {
 *	    uint16 length;
 *	    opaque label<V>;
 *	    opaque context<V>;
 *	} KDFLabel;
 */
enum mls_result
mls_suite_expand_next(
    const struct hkdf *from, struct mls_labelled info, uint8_t *out, size_t len)
{
	uint8_t buf[SHORT_LEN];
	struct wr w = labelled_writer(buf, info.label, info.context.n);
	enum mls_result err;

	NEED(len <= UINT16_MAX, MLS_ARGUMENT_IS_OUT_OF_RANGE);
	wr_u16(&w, (uint16_t)len);
	put_labelled(&w, info.label, info.context);
	TRY(mls_result_of(wr_done(&w)));
	TRY(mls_result_of(hkdf_next(from, wr_bytes(&w), out, len)));
out:
	wr_free(&w);
	return err;
}

enum mls_result
mls_suite_expand(const struct mls_suite *s, struct bytes secret,
    struct mls_labelled info, uint8_t *out, size_t len)
{
	struct hkdf from;
	enum mls_result err;

	hkdf_init(&from, s->hash, secret);
	err = mls_suite_expand_next(&from, info, out, len);
	hkdf_wipe(&from);
	return err;
}

enum mls_result
mls_suite_derive_secret(const struct mls_suite *s, struct bytes secret,
    const char *label, uint8_t *out)
{
	return mls_suite_expand(s, secret,
	    (struct mls_labelled){ label, BYTES_NONE }, out, s->hash_len);
}

enum mls_result
mls_suite_tree_secret_next(const struct hkdf *from, const char *label,
    uint32_t generation, uint8_t *out, size_t len)
{
	uint8_t context[4];
	struct wr w = wr_init(context, sizeof context);

	wr_u32(&w, generation);
	return mls_suite_expand_next(
	    from, (struct mls_labelled){ label, wr_bytes(&w) }, out, len);
}

enum mls_result
mls_suite_derive_tree_secret(const struct mls_suite *s, struct bytes secret,
    const char *label, uint32_t generation, uint8_t *out, size_t len)
{
	struct hkdf from;
	enum mls_result err;

	hkdf_init(&from, s->hash, secret);
	err = mls_suite_tree_secret_next(&from, label, generation, out, len);
	hkdf_wipe(&from);
	return err;
}

void
mls_suite_extract(const struct mls_suite *s, struct bytes salt,
    struct bytes ikm, uint8_t *out)
{
	hkdf_extract(s->hash, salt, ikm, out);
}

enum mls_result
mls_suite_derive_key_pair(
    const struct mls_suite *s, struct bytes ikm, struct mls_key_pair *out)
{
	enum err err;

	out->secret_len = hpke_secret_len(s->hpke.kem);
	out->public_len = hpke_public_len(s->hpke.kem);
	err = hpke_derive_key_pair(
	    s->hpke.kem, ikm, out->secret, out->public);
	ct_unpoison(out->public, sizeof out->public);
	return mls_result_of(err);
}

enum mls_result
mls_suite_new_key_pair(
    const struct mls_suite *s, const struct env *env, struct mls_key_pair *out)
{
	struct {
		uint8_t ikm[MLS_MAX_HASH_LEN];
	} s_;
	enum mls_result err;

	env->random(env->ctx, s_.ikm, s->hash_len);
	err = mls_suite_derive_key_pair(
	    s, (struct bytes){ s_.ikm, s->hash_len }, out);
	bytes_wipe(&s_, sizeof s_);
	return err;
}

enum mls_result
mls_suite_kem_public(const struct mls_suite *s, struct bytes secret,
    uint8_t *public, size_t *len)
{
	enum err err;

	*len = hpke_public_len(s->hpke.kem);
	err = hpke_public(s->hpke.kem, secret, public);
	ct_unpoison(public, *len);
	return mls_result_of(err);
}

enum mls_result
mls_suite_seal(const struct mls_suite *s, const uint8_t *key,
    const uint8_t *nonce, struct bytes ad, struct bytes in, uint8_t *out)
{
	return mls_result_of(aead_seal(s->aead, key, nonce, ad, in, out));
}

enum mls_result
mls_suite_open(const struct mls_suite *s, const uint8_t *key,
    const uint8_t *nonce, struct bytes ad, struct bytes in, uint8_t *out)
{
	return mls_result_of(aead_open(s->aead, key, nonce, ad, in, out));
}
