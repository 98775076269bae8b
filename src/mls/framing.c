#include "mls/framing.h"
#include "crypto/ct.h"

#include <string.h>

#define TBS_LABEL "FramedContentTBS"
#define SHORT_TBS 1024 /* that is built on the stack */

static void
decode_sender(struct rd *r, struct mls_sender *out)
{
	out->type = (enum mls_sender_type)rd_u8(r);
	out->index = 0;
	switch (out->type) {
	case MLS_SENDER_MEMBER:
	case MLS_SENDER_EXTERNAL:
		out->index = rd_u32(r);
		break;
	case MLS_SENDER_NEW_MEMBER_PROPOSAL:
	case MLS_SENDER_NEW_MEMBER_COMMIT:
		break;
	default:
		rd_fail(r, ERR_DECODE);
		break;
	}
}

static void
encode_sender(struct wr *w, const struct mls_sender *s)
{
	wr_u8(w, (uint8_t)s->type);
	if (s->type == MLS_SENDER_MEMBER || s->type == MLS_SENDER_EXTERNAL)
		wr_u32(w, s->index);
}

static bool
is_content_type(unsigned v)
{
	return v >= MLS_CONTENT_APPLICATION && v <= MLS_CONTENT_COMMIT;
}

/* The part that selects on content_type, and FramedContentAuthData; start is
 * where the AuthenticatedContent began. */
static void
decode_body(struct rd *r, const uint8_t *start, struct mls_content *out)
{
	const uint8_t *body = r->p;

	switch (out->type) {
	case MLS_CONTENT_APPLICATION:
		out->body = mls_rd_vec(r, MLS_MAX_MESSAGE_LEN);
		break;
	case MLS_CONTENT_PROPOSAL:
		mls_proposal_decode(r, &out->u.proposal);
		break;
	case MLS_CONTENT_COMMIT:
		mls_commit_decode(r, &out->u.commit);
		break;
	}
	if (r->err != ERR_OK)
		return;
	if (out->type != MLS_CONTENT_APPLICATION)
		out->body = (struct bytes){ body, (size_t)(r->p - body) };
	out->unsigned_ = (struct bytes){ start, (size_t)(r->p - start) };
	out->signature = mls_rd_vec(r, MLS_MAX_SIG_LEN);
	out->before_tag = (struct bytes){ start, (size_t)(r->p - start) };
	if (out->type == MLS_CONTENT_COMMIT)
		out->confirmation_tag = mls_rd_vec(r, MLS_MAX_HASH_LEN);
	out->encoded = (struct bytes){ start, (size_t)(r->p - start) };
}

void
mls_content_decode(struct rd *r, struct mls_content *out)
{
	const uint8_t *start = r->p;
	uint8_t type;

	out->wire_format = rd_u16(r);
	out->group_id = mls_rd_vec(r, MLS_MAX_GROUP_ID);
	out->epoch = rd_u64(r);
	decode_sender(r, &out->sender);
	out->authenticated_data = mls_rd_vec(r, MLS_MAX_MESSAGE_LEN);
	out->confirmation_tag = BYTES_NONE;
	type = rd_u8(r);
	if (!is_content_type(type))
		rd_fail(r, ERR_DECODE);
	if (r->err != ERR_OK)
		return;
	out->type = (enum mls_content_type)type;
	decode_body(r, start, out);
}

/* FramedContent up to its selected part. */
static void
encode_head(struct wr *w, const struct mls_content *c)
{
	mls_wr_vec(w, c->group_id);
	wr_u64(w, c->epoch);
	encode_sender(w, &c->sender);
	mls_wr_vec(w, c->authenticated_data);
	wr_u8(w, (uint8_t)c->type);
}

/*
 *	struct {
 *	    ProtocolVersion version = mls10;
 *	    WireFormat wire_format;
 *	    FramedContent content;
 *	    select (FramedContentTBS.content.sender.sender_type) {
 *	        case member:
 *	        case new_member_commit: GroupContext context;
 *	        case external:
 *	        case new_member_proposal: struct{};
 *	    };
 *	} FramedContentTBS;
 */
static void
put_tbs(struct wr *w, struct bytes unsigned_, enum mls_sender_type sender,
    struct bytes context)
{
	wr_u16(w, MLS_VERSION_MLS10);
	wr_put(w, unsigned_);
	if (sender == MLS_SENDER_MEMBER ||
	    sender == MLS_SENDER_NEW_MEMBER_COMMIT)
		wr_put(w, context);
}

enum mls_result
mls_content_sign(const struct mls_suite *s, const struct mls_content *c,
    struct bytes context, const struct mls_signer *signer, struct wr *out)
{
	size_t start = out->n;
	uint8_t buf[SHORT_TBS];
	struct wr tbs = wr_init(buf, 0);
	enum mls_result err;

	wr_u16(out, c->wire_format);
	encode_head(out, c);
	if (c->type == MLS_CONTENT_APPLICATION)
		mls_wr_vec(out, c->body);
	else
		wr_put(out, c->body);
	TRY(mls_result_of(wr_done(out)));
	tbs = mls_wr_over(buf, sizeof buf, 2 + out->n - start + context.n);
	put_tbs(&tbs, (struct bytes){ out->p + start, out->n - start },
	    c->sender.type, context);
	TRY(mls_result_of(wr_done(&tbs)));
	TRY(mls_suite_sign(s, signer, TBS_LABEL, wr_bytes(&tbs), out));
out:
	wr_free(&tbs);
	bytes_wipe(buf, sizeof buf);
	return err;
}

enum mls_result
mls_content_verify(const struct mls_suite *s, const struct mls_content *c,
    struct bytes context, struct bytes public)
{
	uint8_t buf[SHORT_TBS];
	struct wr tbs = mls_wr_over(
	    buf, sizeof buf, 2 + c->unsigned_.n + context.n);
	enum mls_result err;

	put_tbs(&tbs, c->unsigned_, c->sender.type, context);
	TRY(mls_result_of(wr_done(&tbs)));
	TRY(mls_suite_verify(
	    s, public, TBS_LABEL, wr_bytes(&tbs), c->signature));
out:
	wr_free(&tbs);
	bytes_wipe(buf, sizeof buf);
	return err;
}

void
mls_content_proposal_ref(
    const struct mls_suite *s, const struct mls_content *c, uint8_t *out)
{
	mls_suite_ref_hash(s, "MLS 1.0 Proposal Reference", c->encoded, out);
}

static void
decode_public(struct rd *r, struct mls_public_message *out)
{
	mls_content_decode(r, &out->content);
	out->membership_tag = BYTES_NONE;
	if (r->err == ERR_OK && out->content.sender.type == MLS_SENDER_MEMBER)
		out->membership_tag = mls_rd_vec(r, MLS_MAX_HASH_LEN);
}

static void
decode_private(struct rd *r, struct mls_private_message *out)
{
	uint8_t type;

	out->group_id = mls_rd_vec(r, MLS_MAX_GROUP_ID);
	out->epoch = rd_u64(r);
	type = rd_u8(r);
	if (!is_content_type(type))
		rd_fail(r, ERR_DECODE);
	out->type = (enum mls_content_type)type;
	out->authenticated_data = mls_rd_vec(r, MLS_MAX_MESSAGE_LEN);
	out->encrypted_sender_data = mls_rd_vec(r, UINT16_MAX);
	out->ciphertext = mls_rd_vec(r, MLS_MAX_MESSAGE_LEN);
}

/* The end of a decoder in which an unknown proposal may have stood. */
static enum mls_result
end_of(const struct rd *r)
{
	enum err e = rd_end(r);

	return e == ERR_VERSION ? MLS_PROPOSAL_TYPE_IS_NOT_SUPPORTED
				: mls_result_of(e);
}

enum mls_result
mls_message_read(struct bytes in, struct mls_message *out)
{
	struct rd r = rd_init(in), body;
	uint16_t version = rd_u16(&r);

	/* AuthenticatedContent begins with the wire format of the message. */
	body = r;
	out->wire_format = (enum mls_wire_format)rd_u16(&r);
	if (r.err != ERR_OK || in.n > MLS_MAX_MESSAGE_LEN)
		return MLS_MESSAGE_IS_MALFORMED;
	if (version != MLS_VERSION_MLS10)
		return MLS_VERSION_IS_UNKNOWN;
	switch (out->wire_format) {
	case MLS_WIRE_PUBLIC_MESSAGE:
		decode_public(&body, &out->u.public);
		return end_of(&body);
	case MLS_WIRE_PRIVATE_MESSAGE:
		decode_private(&r, &out->u.private);
		return end_of(&r);
	case MLS_WIRE_WELCOME:
	case MLS_WIRE_GROUP_INFO:
	case MLS_WIRE_KEY_PACKAGE:
		out->u.rest = rd_rest(&r);
		return MLS_OK;
	}
	return MLS_WIRE_FORMAT_IS_NOT_EXPECTED;
}

/*
 *	struct {
 *	    FramedContentTBS content_tbs;
 *	    FramedContentAuthData auth;
 *	} AuthenticatedContentTBM;
 */
static enum mls_result
membership_tag(
    const struct mls_epoch *e, const struct mls_content *c, uint8_t *out)
{
	struct wr tbm = wr_new();
	struct bytes auth = { c->encoded.p + c->unsigned_.n,
		c->encoded.n - c->unsigned_.n };
	enum mls_result err;

	put_tbs(&tbm, c->unsigned_, MLS_SENDER_MEMBER, wr_bytes(&e->encoded));
	wr_put(&tbm, auth);
	TRY(mls_result_of(wr_done(&tbm)));
	mls_suite_mac(&e->suite, mls_epoch_secret(e, e->secrets.membership),
	    wr_bytes(&tbm), out);
out:
	wr_free(&tbm);
	return err;
}

enum mls_result
mls_public_message_create(const struct mls_epoch *e, struct bytes authenticated,
    bool by_member, struct wr *out)
{
	uint8_t tag[MLS_MAX_HASH_LEN];
	struct mls_content c;
	struct rd r = rd_init(authenticated);
	enum mls_result err;

	mls_content_decode(&r, &c);
	TRY(mls_result_of(rd_end(&r)));
	wr_u16(out, MLS_VERSION_MLS10);
	wr_put(out, authenticated);
	if (by_member) {
		TRY(membership_tag(e, &c, tag));
		mls_wr_vec(out, mls_epoch_secret(e, tag));
	}
	TRY(mls_result_of(wr_done(out)));
out:
	return err;
}

enum mls_result
mls_public_message_check_tag(
    const struct mls_epoch *e, const struct mls_public_message *m)
{
	uint8_t tag[MLS_MAX_HASH_LEN];
	enum mls_result err;

	TRY(membership_tag(e, &m->content, tag));
	NEED(m->membership_tag.n == e->suite.hash_len &&
		 ct_verdict(ct_equal(
		     tag, m->membership_tag.p, e->suite.hash_len)),
	    MLS_MEMBERSHIP_TAG_IS_WRONG);
out:
	return err;
}
