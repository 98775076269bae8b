/* 6.3: the encrypted half of framing.h. */
#include "mls/framing.h"
#include "crypto/ct.h"

#include <string.h>

#define SENDER_DATA_LEN   (4 + 4 + MLS_REUSE_GUARD_LEN)
#define SEALED_SENDER_LEN (SENDER_DATA_LEN + AEAD_TAG_LEN)
#define SHORT_AAD         256 /* that is built on the stack */
#define FIRST_CLASS	256
#define LAST_CLASS	(64 * 1024)

size_t
mls_padded_len(size_t n)
{
	size_t class = FIRST_CLASS;

	if (n > LAST_CLASS)
		return (n + LAST_CLASS - 1) / LAST_CLASS * LAST_CLASS;
	while (class < n)
		class *= 2;
	return class;
}

enum mls_result
mls_sender_data_key(const struct mls_suite *s, const struct hkdf *from,
    struct bytes ciphertext, uint8_t *key, uint8_t *nonce)
{
	struct bytes sample = { ciphertext.p,
		ciphertext.n < s->hash_len ? ciphertext.n : s->hash_len };
	enum mls_result err;

	TRY(mls_suite_expand_next(from,
	    (struct mls_labelled){ "key", sample }, key, s->key_len));
	TRY(mls_suite_expand_next(from,
	    (struct mls_labelled){ "nonce", sample }, nonce, s->nonce_len));
out:
	return err;
}

/* A writer of associated data in which n bytes are of no fixed length. */
static struct wr
aad_writer(uint8_t buf[SHORT_AAD], size_t n)
{
	return mls_wr_over(buf, SHORT_AAD, n + 4 + 8 + 1 + 4);
}

/*
 *	struct {
 *	    opaque group_id<V>;
 *	    uint64 epoch;
 *	    ContentType content_type;
 *	} SenderDataAAD;
 */
static void
put_sender_data_aad(struct wr *w, struct bytes group_id, uint64_t epoch,
    enum mls_content_type type)
{
	mls_wr_vec(w, group_id);
	wr_u64(w, epoch);
	wr_u8(w, (uint8_t)type);
}

/* The first four bytes of the nonce take the reuse guard, 6.3.1. */
static void
guard_nonce(uint8_t *nonce, const uint8_t guard[MLS_REUSE_GUARD_LEN])
{
	for (size_t i = 0; i < MLS_REUSE_GUARD_LEN; i++)
		nonce[i] ^= guard[i];
}

/* Seals the sender data of a ciphertext to SEALED_SENDER_LEN bytes at out. */
static enum mls_result
seal_sender(const struct mls_epoch *e, const struct mls_content *c,
    const struct mls_sender_data *from, struct bytes ciphertext, uint8_t *out)
{
	uint8_t plain[SENDER_DATA_LEN], buf[SHORT_AAD];
	struct wr w = wr_init(plain, sizeof plain);
	struct wr aad = aad_writer(buf, c->group_id.n);
	struct {
		uint8_t key[AEAD_MAX_KEY_LEN], nonce[AEAD_NONCE_LEN];
	} s;
	enum mls_result err;

	wr_u32(&w, from->leaf.i);
	wr_u32(&w, from->generation);
	wr_put(&w, BYTES_OF(from->reuse_guard));
	put_sender_data_aad(&aad, c->group_id, c->epoch, c->type);
	TRY(mls_result_of(wr_done(&aad)));
	TRY(mls_sender_data_key(
	    &e->suite, &e->sender_data, ciphertext, s.key, s.nonce));
	TRY(mls_suite_seal(
	    &e->suite, s.key, s.nonce, wr_bytes(&aad), wr_bytes(&w), out));
out:
	bytes_wipe(&s, sizeof s);
	wr_free(&aad);
	return err;
}

/*
 *	struct {
 *	    opaque group_id<V>;
 *	    uint64 epoch;
 *	    ContentType content_type;
 *	    opaque authenticated_data<V>;
 *	} PrivateContentAAD;
 */
static void
put_content_aad(struct wr *w, struct bytes group_id, uint64_t epoch,
    enum mls_content_type type, struct bytes authenticated_data)
{
	put_sender_data_aad(w, group_id, epoch, type);
	mls_wr_vec(w, authenticated_data);
}

/*
 *	struct {
 *	    select (PrivateMessage.content_type) { ... };
 *	    FramedContentAuthData auth;
 *	    opaque padding[length_of_padding];
 *	} PrivateMessageContent;
 *
 * The first two are the end of the AuthenticatedContent, from the body on.
 */
static struct bytes
content_of(const struct mls_content *c)
{
	size_t body = c->body.n;

	if (c->type == MLS_CONTENT_APPLICATION)
		body = mls_vec_len(body);
	body += c->encoded.n - c->unsigned_.n;
	return (struct bytes){ c->encoded.p + c->encoded.n - body, body };
}

/*
 * The sender data is sealed under a sample of the ciphertext that stands
 * behind it, so its place is left open until that is there.
 */
enum mls_result
mls_private_message_create(const struct mls_epoch *e,
    const struct mls_content *c, const struct mls_message_key *key,
    const uint8_t reuse_guard[MLS_REUSE_GUARD_LEN], struct wr *out)
{
	struct mls_sender_data from = { key->leaf, key->generation, { 0 } };
	struct bytes content = content_of(c);
	uint8_t buf[SHORT_AAD];
	struct wr aad =
	    aad_writer(buf, c->group_id.n + c->authenticated_data.n);
	size_t padded = mls_padded_len(content.n);
	size_t sender_at, sealed_at;
	uint8_t *at;
	struct {
		uint8_t nonce[AEAD_NONCE_LEN];
	} s;
	enum mls_result err;

	memcpy(from.reuse_guard, reuse_guard, sizeof from.reuse_guard);
	memcpy(s.nonce, key->nonce, sizeof s.nonce);
	guard_nonce(s.nonce, reuse_guard);
	put_content_aad(
	    &aad, c->group_id, c->epoch, c->type, c->authenticated_data);
	TRY(mls_result_of(wr_done(&aad)));
	wr_u16(out, MLS_VERSION_MLS10);
	wr_u16(out, MLS_WIRE_PRIVATE_MESSAGE);
	wr_put(out, wr_bytes(&aad));
	mls_wr_varint(out, SEALED_SENDER_LEN);
	sender_at = out->n;
	wr_zero(out, SEALED_SENDER_LEN);
	mls_wr_varint(out, padded + AEAD_TAG_LEN);
	sealed_at = out->n;
	at = wr_reserve(out, padded + AEAD_TAG_LEN);
	TRY(mls_result_of(wr_done(out)));
	memcpy(at, content.p, content.n);
	memset(at + content.n, 0, padded - content.n);
	TRY(mls_suite_seal(&e->suite, key->key, s.nonce, wr_bytes(&aad),
	    (struct bytes){ at, padded }, at));
	TRY(seal_sender(e, c, &from,
	    (struct bytes){ at, out->n - sealed_at }, out->p + sender_at));
out:
	bytes_wipe(&s, sizeof s);
	wr_free(&aad);
	return err;
}

enum mls_result
mls_private_message_sender(const struct mls_epoch *e,
    const struct mls_private_message *m, struct mls_sender_data *out)
{
	uint8_t plain[SENDER_DATA_LEN], buf[SHORT_AAD];
	struct wr aad = aad_writer(buf, m->group_id.n);
	struct rd r = rd_init(BYTES_OF(plain));
	struct {
		uint8_t key[AEAD_MAX_KEY_LEN], nonce[AEAD_NONCE_LEN];
	} s;
	enum mls_result err;

	put_sender_data_aad(&aad, m->group_id, m->epoch, m->type);
	TRY(mls_result_of(wr_done(&aad)));
	NEED(m->encrypted_sender_data.n == SEALED_SENDER_LEN,
	    MLS_SENDER_DATA_DOES_NOT_OPEN);
	TRY(mls_sender_data_key(
	    &e->suite, &e->sender_data, m->ciphertext, s.key, s.nonce));
	NEED(mls_suite_open(&e->suite, s.key, s.nonce, wr_bytes(&aad),
		 m->encrypted_sender_data, plain) == MLS_OK,
	    MLS_SENDER_DATA_DOES_NOT_OPEN);
	ct_unpoison(plain, sizeof plain); /* sealed, but no secret to us */
	out->leaf.i = rd_u32(&r);
	out->generation = rd_u32(&r);
	rd_copy(&r, out->reuse_guard, sizeof out->reuse_guard);
	TRY(mls_result_of(rd_end(&r)));
out:
	bytes_wipe(&s, sizeof s);
	wr_free(&aad);
	return err;
}

/* Splits what was opened, in buf behind the head of the content, into the
 * content and its padding. */
static enum mls_result
split_padding(struct wr *buf, struct mls_content *out)
{
	struct rd r = rd_init(wr_bytes(buf));
	uint8_t stray = 0;

	mls_content_decode(&r, out);
	if (r.err == ERR_VERSION)
		return MLS_PROPOSAL_TYPE_IS_NOT_SUPPORTED;
	if (r.err != ERR_OK)
		return MLS_MESSAGE_IS_MALFORMED;
	for (size_t i = 0; i < r.n; i++)
		stray |= r.p[i];
	return stray == 0 ? MLS_OK : MLS_PADDING_IS_NOT_ZERO;
}

enum mls_result
mls_private_message_open(const struct mls_epoch *e,
    const struct mls_private_message *m, const struct mls_sender_data *from,
    struct mls_message_key *key, struct wr *buf, struct mls_content *out)
{
	enum mls_ratchet ratchet = m->type == MLS_CONTENT_APPLICATION
				       ? MLS_RATCHET_APPLICATION
				       : MLS_RATCHET_HANDSHAKE;
	uint8_t aad_buf[SHORT_AAD];
	struct wr aad =
	    aad_writer(aad_buf, m->group_id.n + m->authenticated_data.n);
	uint8_t *at;
	struct {
		uint8_t nonce[AEAD_NONCE_LEN];
	} s;
	enum mls_result err;

	TRY(mls_secret_tree_key(
	    e->keys, from->leaf, ratchet, from->generation, key));
	memcpy(s.nonce, key->nonce, sizeof s.nonce);
	guard_nonce(s.nonce, from->reuse_guard);
	put_content_aad(
	    &aad, m->group_id, m->epoch, m->type, m->authenticated_data);
	TRY(mls_result_of(wr_done(&aad)));
	NEED(m->ciphertext.n >= AEAD_TAG_LEN, MLS_CONTENT_DOES_NOT_OPEN);
	/* The AuthenticatedContent that was encrypted, head first. */
	wr_u16(buf, MLS_WIRE_PRIVATE_MESSAGE);
	mls_wr_vec(buf, m->group_id);
	wr_u64(buf, m->epoch);
	wr_u8(buf, MLS_SENDER_MEMBER);
	wr_u32(buf, from->leaf.i);
	mls_wr_vec(buf, m->authenticated_data);
	wr_u8(buf, (uint8_t)m->type);
	at = wr_reserve(buf, m->ciphertext.n - AEAD_TAG_LEN);
	TRY(mls_result_of(wr_done(buf)));
	TRY(mls_suite_open(
	    &e->suite, key->key, s.nonce, wr_bytes(&aad), m->ciphertext, at));
	ct_unpoison(at, m->ciphertext.n - AEAD_TAG_LEN); /* is for reading */
	TRY(split_padding(buf, out));
out:
	bytes_wipe(&s, sizeof s);
	wr_free(&aad);
	return err;
}
