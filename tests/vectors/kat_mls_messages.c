/* MLS vectors of whole messages: framing, Welcome, and every structure. */
#include "kat_mls.h"
#include "mls/framing.h"
#include "mls/tree.h"
#include "mls/welcome.h"

#include <string.h>

/* The group of a message-protection vector: two members, the second sends. */
#define SENDER ((struct mls_leaf){ 1 })

struct group {
	struct mls_epoch epoch;
	struct mls_signer signer;
};

static bool
take_secret(struct kat *k, const json_t *test, const char *name,
    const struct mls_suite *s, uint8_t *to)
{
	struct bytes b = kat_hex(k, test, name);

	if (!kat_true(k, name, b.n == s->hash_len))
		return false;
	memcpy(to, b.p, b.n);
	return true;
}

static bool
read_group(struct kat *k, const json_t *test, const struct mls_suite *s,
    struct group *g)
{
	struct mls_group_context context = {
		.cipher_suite = s->number,
		.group_id = kat_hex(k, test, "group_id"),
		.epoch = kat_number(test, "epoch", 0),
		.tree_hash = kat_hex(k, test, "tree_hash"),
		.confirmed_transcript_hash =
		    kat_hex(k, test, "confirmed_transcript_hash"),
	};
	struct mls_secrets *secrets = &g->epoch.secrets;

	g->signer.secret = kat_hex(k, test, "signature_priv");
	g->signer.public = kat_hex(k, test, "signature_pub");
	return kat_mls_ok(k, "epoch", mls_epoch_init(&g->epoch, s, &context)) &&
	       take_secret(
		   k, test, "encryption_secret", s, secrets->encryption) &&
	       take_secret(
		   k, test, "sender_data_secret", s, secrets->sender_data) &&
	       take_secret(k, test, "membership_key", s, secrets->membership) &&
	       kat_mls_ok(k, "secret tree", mls_epoch_begin(&g->epoch, 2));
}

/* The messages of a vector each begin with generation 0 of their ratchet, so
 * no key is used up here. */
static void
check_private(
    struct kat *k, struct group *g, struct bytes message, struct bytes want)
{
	struct wr buf = wr_new();
	struct mls_sender_data from;
	struct mls_message_key key;
	struct mls_message m;
	struct mls_content c;

	if (kat_mls_ok(k, "read", mls_message_read(message, &m)) &&
	    kat_true(
		k, "is private", m.wire_format == MLS_WIRE_PRIVATE_MESSAGE) &&
	    kat_mls_ok(k, "sender data",
		mls_private_message_sender(&g->epoch, &m.u.private, &from)) &&
	    kat_mls_ok(k, "open",
		mls_private_message_open(
		    &g->epoch, &m.u.private, &from, &key, &buf, &c)) &&
	    kat_mls_ok(k, "signature",
		mls_content_verify(&g->epoch.suite, &c,
		    wr_bytes(&g->epoch.encoded), g->signer.public)))
		kat_bytes(k, "content", c.body, want);
	wr_free(&buf);
}

static void
check_public(
    struct kat *k, struct group *g, struct bytes message, struct bytes want)
{
	struct mls_message m;

	if (kat_mls_ok(k, "read", mls_message_read(message, &m)) &&
	    kat_true(
		k, "is public", m.wire_format == MLS_WIRE_PUBLIC_MESSAGE) &&
	    kat_mls_ok(k, "membership tag",
		mls_public_message_check_tag(&g->epoch, &m.u.public)) &&
	    kat_mls_ok(k, "signature",
		mls_content_verify(&g->epoch.suite, &m.u.public.content,
		    wr_bytes(&g->epoch.encoded), g->signer.public)))
		kat_bytes(k, "content", m.u.public.content.body, want);
}

/* Makes a message of our own and reads it back. */
static void
check_own(struct kat *k, struct group *g, enum mls_content_type type,
    enum mls_wire_format format, struct bytes body)
{
	const uint8_t guard[MLS_REUSE_GUARD_LEN] = { 1, 2, 3, 4 };
	struct mls_content c = {
		.wire_format = (uint16_t)format,
		.group_id = g->epoch.context.group_id,
		.epoch = g->epoch.context.epoch,
		.sender = { MLS_SENDER_MEMBER, SENDER.i },
		.type = type,
		.body = body,
	};
	struct wr content = wr_new(), out = wr_new();
	struct mls_message_key key;
	struct rd r;

	kat_mls_ok(k, "sign",
	    mls_content_sign(&g->epoch.suite, &c, wr_bytes(&g->epoch.encoded),
		&g->signer, &content));
	if (type == MLS_CONTENT_COMMIT)
		mls_wr_vec(&content, BYTES_LIT("tag"));
	r = rd_init(wr_bytes(&content));
	mls_content_decode(&r, &c);
	kat_err(k, "AuthenticatedContent", rd_end(&r), ERR_OK);
	if (format == MLS_WIRE_PUBLIC_MESSAGE) {
		kat_mls_ok(k, "create",
		    mls_public_message_create(
			&g->epoch, c.encoded, true, &out));
		check_public(k, g, wr_bytes(&out), body);
	} else {
		kat_mls_ok(k, "key",
		    mls_secret_tree_next(g->epoch.keys, SENDER,
			type == MLS_CONTENT_APPLICATION
			    ? MLS_RATCHET_APPLICATION
			    : MLS_RATCHET_HANDSHAKE,
			&key));
		kat_mls_ok(k, "create",
		    mls_private_message_create(
			&g->epoch, &c, &key, guard, &out));
		check_private(k, g, wr_bytes(&out), body);
	}
	wr_free(&content);
	wr_free(&out);
}

void
kat_mls_message_protection(
    struct kat *k, const json_t *test, const struct mls_suite *s)
{
	struct bytes proposal = kat_hex(k, test, "proposal");
	struct bytes commit = kat_hex(k, test, "commit");
	struct bytes application = kat_hex(k, test, "application");
	struct group g = { 0 };

	if (!read_group(k, test, s, &g))
		goto out;
	check_private(k, &g, kat_hex(k, test, "proposal_priv"), proposal);
	check_public(k, &g, kat_hex(k, test, "proposal_pub"), proposal);
	check_own(
	    k, &g, MLS_CONTENT_PROPOSAL, MLS_WIRE_PRIVATE_MESSAGE, proposal);
	check_own(
	    k, &g, MLS_CONTENT_PROPOSAL, MLS_WIRE_PUBLIC_MESSAGE, proposal);
	check_private(k, &g, kat_hex(k, test, "commit_priv"), commit);
	check_public(k, &g, kat_hex(k, test, "commit_pub"), commit);
	check_own(k, &g, MLS_CONTENT_COMMIT, MLS_WIRE_PRIVATE_MESSAGE, commit);
	check_own(k, &g, MLS_CONTENT_COMMIT, MLS_WIRE_PUBLIC_MESSAGE, commit);
	check_private(k, &g, kat_hex(k, test, "application_priv"), application);
	check_own(k, &g, MLS_CONTENT_APPLICATION, MLS_WIRE_PRIVATE_MESSAGE,
	    application);
out:
	mls_epoch_wipe(&g.epoch);
}

/* Checks the confirmation tag of a decrypted GroupInfo: no PSKs, and the
 * hash that stands in its context. */
static void
check_confirmation(struct kat *k, const struct mls_suite *s,
    const struct mls_group_info *info, const struct mls_group_secrets *gs)
{
	static const uint8_t no_psk[MLS_MAX_HASH_LEN];
	struct mls_epoch e;

	if (kat_mls_ok(k, "epoch", mls_epoch_init(&e, s, &info->context)) &&
	    kat_mls_ok(k, "schedule",
		mls_schedule_join(s, gs->joiner_secret.p, no_psk,
		    info->context_encoded, &e.secrets)) &&
	    kat_mls_ok(k, "confirm", mls_epoch_confirm(&e)))
		kat_bytes(k, "confirmation_tag",
		    mls_epoch_secret(&e, e.confirmation_tag),
		    info->confirmation_tag);
	mls_epoch_wipe(&e);
}

void
kat_mls_welcome(struct kat *k, const json_t *test, const struct mls_suite *s)
{
	static const uint8_t no_psk[MLS_MAX_HASH_LEN];
	struct wr secrets = wr_new(), plain = wr_new();
	uint8_t ref[MLS_MAX_HASH_LEN], welcome[MLS_MAX_HASH_LEN];
	struct mls_key_package kp;
	struct mls_group_secrets gs;
	struct mls_group_info info;
	struct mls_ciphertext entry;
	struct mls_welcome w;

	if (!kat_mls_ok(k, "key_package",
		mls_key_package_read(kat_hex(k, test, "key_package"), &kp)) ||
	    !kat_mls_ok(k, "welcome",
		mls_welcome_read(kat_hex(k, test, "welcome"), &w)))
		return;
	mls_key_package_ref(s, &kp, ref);
	if (kat_mls_ok(k, "find",
		mls_welcome_find(
		    &w, (struct bytes){ ref, s->hash_len }, &entry)) &&
	    kat_mls_ok(k, "group secrets",
		mls_welcome_open_secrets(s, &w, &entry,
		    kat_hex(k, test, "init_priv"), &secrets, &gs)) &&
	    kat_mls_ok(k, "welcome_secret",
		mls_schedule_welcome(s, gs.joiner_secret.p, no_psk, welcome)) &&
	    kat_mls_ok(k, "group info",
		mls_welcome_open_info(s, &w, welcome, &plain, &info)) &&
	    kat_mls_ok(k, "signature",
		mls_group_info_verify(
		    s, &info, kat_hex(k, test, "signer_pub"))))
		check_confirmation(k, s, &info, &gs);
	wr_free(&secrets);
	wr_free(&plain);
}

/* Decodes the body of a proposal, and writes it again. */
static void
check_proposal(struct kat *k, const json_t *test, const char *name,
    enum mls_proposal_type type)
{
	struct wr in = wr_new(), out = wr_new();
	struct mls_proposal p;
	struct rd r;

	wr_u16(&in, (uint16_t)type);
	wr_put(&in, kat_hex(k, test, name));
	r = rd_init(wr_bytes(&in));
	mls_proposal_decode(&r, &p);
	if (!kat_err(k, name, rd_end(&r), ERR_OK))
		goto out;
	switch (type) {
	case MLS_PROPOSAL_ADD:
		mls_proposal_put_add(&out, p.u.add.encoded);
		break;
	case MLS_PROPOSAL_UPDATE:
		mls_proposal_put_update(&out, p.u.update.encoded);
		break;
	case MLS_PROPOSAL_REMOVE:
		mls_proposal_put_remove(&out, p.u.remove);
		break;
	case MLS_PROPOSAL_PSK:
		mls_proposal_put_psk(&out, &p.u.psk);
		break;
	case MLS_PROPOSAL_REINIT:
		mls_proposal_put_reinit(&out, &p.u.reinit);
		break;
	case MLS_PROPOSAL_EXTERNAL_INIT:
		mls_proposal_put_external_init(&out, p.u.external_init);
		break;
	case MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS:
		mls_proposal_put_extensions(&out, p.u.extensions);
		break;
	}
	kat_bytes(k, name, wr_bytes(&out), wr_bytes(&in));
out:
	wr_free(&in);
	wr_free(&out);
}

static void
check_framed(struct kat *k, const json_t *test, const char *name,
    enum mls_content_type type)
{
	struct mls_message m;

	if (kat_mls_ok(k, name, mls_message_read(kat_hex(k, test, name), &m)) &&
	    kat_true(k, name, m.wire_format == MLS_WIRE_PUBLIC_MESSAGE))
		kat_true(k, name, m.u.public.content.type == type);
}

static void
check_tree(struct kat *k, const json_t *test)
{
	struct bytes in = kat_hex(k, test, "ratchet_tree");
	struct mls_tree *tree = NULL;
	struct wr w = wr_new();
	struct mls_suite s;

	kat_mls_ok(k, "suite", mls_suite_init(&s, MLS_SUITE_X25519_AES128, 0));
	if (kat_mls_ok(k, "ratchet_tree", mls_tree_decode(&s, in, &tree))) {
		mls_tree_encode(tree, &w);
		kat_bytes(k, "ratchet_tree", wr_bytes(&w), in);
	}
	mls_tree_free(tree);
	wr_free(&w);
}

static void
check_group_secrets(struct kat *k, const json_t *test)
{
	struct bytes in = kat_hex(k, test, "group_secrets");
	struct rd r = rd_init(in);
	struct mls_group_secrets gs;
	struct wr w = wr_new();

	mls_group_secrets_decode(&r, &gs);
	kat_err(k, "group_secrets", rd_end(&r), ERR_OK);
	mls_group_secrets_encode(&w, &gs);
	kat_bytes(k, "group_secrets", wr_bytes(&w), in);
	wr_free(&w);
}

void
kat_mls_messages(struct kat *k, const json_t *test, const struct mls_suite *s)
{
	static const struct {
		const char *name;
		enum mls_proposal_type type;
	} proposals[] = {
		{ "add_proposal", MLS_PROPOSAL_ADD },
		{ "update_proposal", MLS_PROPOSAL_UPDATE },
		{ "remove_proposal", MLS_PROPOSAL_REMOVE },
		{ "pre_shared_key_proposal", MLS_PROPOSAL_PSK },
		{ "re_init_proposal", MLS_PROPOSAL_REINIT },
		{ "external_init_proposal", MLS_PROPOSAL_EXTERNAL_INIT },
		{ "group_context_extensions_proposal",
		    MLS_PROPOSAL_GROUP_CONTEXT_EXTENSIONS },
	};
	struct rd r = rd_init(kat_hex(k, test, "commit"));
	struct mls_key_package kp;
	struct mls_group_info info;
	struct mls_welcome welcome;
	struct mls_message m;
	struct mls_commit commit;

	(void)s;
	kat_mls_ok(k, "mls_welcome",
	    mls_welcome_read(kat_hex(k, test, "mls_welcome"), &welcome));
	kat_mls_ok(k, "mls_group_info",
	    mls_group_info_read(kat_hex(k, test, "mls_group_info"), &info));
	kat_mls_ok(k, "mls_key_package",
	    mls_key_package_read(kat_hex(k, test, "mls_key_package"), &kp));
	check_tree(k, test);
	check_group_secrets(k, test);
	for (size_t i = 0; i < sizeof proposals / sizeof proposals[0]; i++)
		check_proposal(k, test, proposals[i].name, proposals[i].type);
	mls_commit_decode(&r, &commit);
	kat_err(k, "commit", rd_end(&r), ERR_OK);
	check_framed(
	    k, test, "public_message_application", MLS_CONTENT_APPLICATION);
	check_framed(k, test, "public_message_proposal", MLS_CONTENT_PROPOSAL);
	check_framed(k, test, "public_message_commit", MLS_CONTENT_COMMIT);
	if (kat_mls_ok(k, "private_message",
		mls_message_read(kat_hex(k, test, "private_message"), &m)))
		kat_true(k, "private_message",
		    m.wire_format == MLS_WIRE_PRIVATE_MESSAGE);
}
