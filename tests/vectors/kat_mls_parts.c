/* MLS vectors of single parts: primitives, schedules, trees of secrets. */
#include "kat_mls.h"
#include "mls/framing.h"

#include <string.h>

#define MAX_OUT 1024

static struct bytes
of(const uint8_t *p, const struct mls_suite *s)
{
	return (struct bytes){ p, s->hash_len };
}

static void
derivations(struct kat *k, const json_t *test, const struct mls_suite *s)
{
	const json_t *t = json_object_get(test, "ref_hash");
	uint8_t out[MAX_OUT];
	size_t len;

	mls_suite_ref_hash(
	    s, kat_text(t, "label"), kat_hex(k, t, "value"), out);
	kat_bytes(k, "ref_hash", of(out, s), kat_hex(k, t, "out"));

	t = json_object_get(test, "expand_with_label");
	len = (size_t)kat_number(t, "length", 0);
	if (!kat_true(k, "length", len <= MAX_OUT))
		return;
	kat_mls_ok(k, "expand_with_label",
	    mls_suite_expand(s, kat_hex(k, t, "secret"),
		(struct mls_labelled){
		    kat_text(t, "label"), kat_hex(k, t, "context") },
		out, len));
	kat_bytes(k, "expand_with_label", (struct bytes){ out, len },
	    kat_hex(k, t, "out"));

	t = json_object_get(test, "derive_secret");
	kat_mls_ok(k, "derive_secret",
	    mls_suite_derive_secret(
		s, kat_hex(k, t, "secret"), kat_text(t, "label"), out));
	kat_bytes(k, "derive_secret", of(out, s), kat_hex(k, t, "out"));

	t = json_object_get(test, "derive_tree_secret");
	len = (size_t)kat_number(t, "length", 0);
	if (!kat_true(k, "length", len <= MAX_OUT))
		return;
	kat_mls_ok(k, "derive_tree_secret",
	    mls_suite_derive_tree_secret(s, kat_hex(k, t, "secret"),
		kat_text(t, "label"), (uint32_t)kat_number(t, "generation", 0),
		out, len));
	kat_bytes(k, "derive_tree_secret", (struct bytes){ out, len },
	    kat_hex(k, t, "out"));
}

static void
signatures(struct kat *k, const json_t *t, const struct mls_suite *s)
{
	struct mls_signer signer = { kat_hex(k, t, "priv"),
		kat_hex(k, t, "pub") };
	struct bytes content = kat_hex(k, t, "content");
	const char *label = kat_text(t, "label");
	uint8_t public[MLS_MAX_SIG_PUBLIC];
	struct wr w = wr_new();
	struct rd r;
	size_t len;

	kat_mls_ok(k, "the public key",
	    mls_suite_signature_public(s, signer.secret, public, &len));
	kat_bytes(
	    k, "the public key", (struct bytes){ public, len }, signer.public);
	kat_mls_ok(
	    k, "its form", mls_suite_check_signature_key(s, signer.public));
	kat_mls_ok(k, "verify",
	    mls_suite_verify(
		s, signer.public, label, content, kat_hex(k, t, "signature")));
	kat_mls_ok(k, "sign", mls_suite_sign(s, &signer, label, content, &w));
	r = rd_init(wr_bytes(&w));
	kat_mls_ok(k, "verify our own",
	    mls_suite_verify(s, signer.public, label, content,
		mls_rd_vec(&r, MLS_MAX_SIG_LEN)));
	wr_free(&w);
}

static void
encryptions(struct kat *k, const json_t *t, const struct mls_suite *s)
{
	struct mls_labelled info = { kat_text(t, "label"),
		kat_hex(k, t, "context") };
	struct mls_ciphertext c = { kat_hex(k, t, "kem_output"),
		kat_hex(k, t, "ciphertext") };
	struct bytes plain = kat_hex(k, t, "plaintext");
	struct bytes secret = kat_hex(k, t, "priv");
	uint8_t public[MLS_MAX_KEM_PUBLIC];
	struct wr sealed = wr_new(), w = wr_new();
	struct rd r;
	size_t len;

	kat_mls_ok(
	    k, "the public key", mls_suite_kem_public(s, secret, public, &len));
	kat_bytes(k, "the public key", (struct bytes){ public, len },
	    kat_hex(k, t, "pub"));
	kat_mls_ok(k, "decrypt", mls_suite_decrypt(s, secret, info, &c, &w));
	kat_bytes(k, "plaintext", wr_bytes(&w), plain);
	kat_mls_ok(k, "encrypt",
	    mls_suite_encrypt(s, (struct bytes){ public, len }, info, plain,
		&kat_mls_env, &sealed));
	r = rd_init(wr_bytes(&sealed));
	mls_ciphertext_decode(&r, &c);
	kat_err(k, "HPKECiphertext", rd_end(&r), ERR_OK);
	wr_reset(&w);
	kat_mls_ok(
	    k, "decrypt our own", mls_suite_decrypt(s, secret, info, &c, &w));
	kat_bytes(k, "plaintext of our own", wr_bytes(&w), plain);
	wr_free(&sealed);
	wr_free(&w);
}

void
kat_mls_crypto_basics(
    struct kat *k, const json_t *test, const struct mls_suite *s)
{
	derivations(k, test, s);
	signatures(k, json_object_get(test, "sign_with_label"), s);
	encryptions(k, json_object_get(test, "encrypt_with_label"), s);
}

void
kat_mls_deserialization(
    struct kat *k, const json_t *test, const struct mls_suite *s)
{
	struct bytes head = kat_hex(k, test, "vlbytes_header");
	uint32_t want = (uint32_t)kat_number(test, "length", 0);
	uint8_t out[4];
	struct rd r = rd_init(head);
	struct wr w = wr_init(out, sizeof out);

	(void)s;
	kat_true(k, "length", mls_rd_varint(&r) == want);
	kat_err(k, "well-formed", rd_end(&r), ERR_OK);
	mls_wr_varint(&w, want);
	kat_bytes(k, "header", wr_bytes(&w), head);
}

static void
check_secrets(struct kat *k, const json_t *e, const struct mls_suite *s,
    const struct mls_secrets *got)
{
	const struct {
		const char *name;
		const uint8_t *p;
	} rows[] = {
		{ "joiner_secret", got->joiner },
		{ "welcome_secret", got->welcome },
		{ "init_secret", got->init },
		{ "sender_data_secret", got->sender_data },
		{ "encryption_secret", got->encryption },
		{ "exporter_secret", got->exporter },
		{ "epoch_authenticator", got->authenticator },
		{ "external_secret", got->external },
		{ "confirmation_key", got->confirmation },
		{ "membership_key", got->membership },
		{ "resumption_psk", got->resumption },
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		kat_bytes(k, rows[i].name, of(rows[i].p, s),
		    kat_hex(k, e, rows[i].name));
}

static void
check_exports(struct kat *k, const json_t *e, const struct mls_suite *s,
    const struct mls_secrets *got)
{
	const json_t *t = json_object_get(e, "exporter");
	size_t len = (size_t)kat_number(t, "length", 0);
	struct mls_key_pair pair;
	uint8_t out[MAX_OUT];

	if (!kat_true(k, "length", len <= MAX_OUT))
		return;
	kat_mls_ok(k, "exporter",
	    mls_schedule_export(s, got->exporter,
		(struct mls_labelled){
		    kat_text(t, "label"), kat_hex(k, t, "context") },
		out, len));
	kat_bytes(
	    k, "exporter", (struct bytes){ out, len }, kat_hex(k, t, "secret"));
	kat_mls_ok(k, "external_pub",
	    mls_suite_derive_key_pair(s, of(got->external, s), &pair));
	kat_bytes(k, "external_pub",
	    (struct bytes){ pair.public, pair.public_len },
	    kat_hex(k, e, "external_pub"));
}

void
kat_mls_key_schedule(
    struct kat *k, const json_t *test, const struct mls_suite *s)
{
	const json_t *epochs = json_object_get(test, "epochs"), *e;
	struct bytes init = kat_hex(k, test, "initial_init_secret");
	struct mls_group_context context = {
		.cipher_suite = s->number,
		.group_id = kat_hex(k, test, "group_id"),
	};
	struct mls_secrets got;
	struct wr w = wr_new();
	size_t i;

	json_array_foreach(epochs, i, e)
	{
		struct bytes commit = kat_hex(k, e, "commit_secret");
		struct bytes psk = kat_hex(k, e, "psk_secret");
		struct mls_schedule_inputs in;

		context.epoch = i;
		context.tree_hash = kat_hex(k, e, "tree_hash");
		context.confirmed_transcript_hash =
		    kat_hex(k, e, "confirmed_transcript_hash");
		wr_reset(&w);
		mls_group_context_encode(&w, &context);
		kat_bytes(k, "group_context", wr_bytes(&w),
		    kat_hex(k, e, "group_context"));
		if (!kat_true(k, "secrets have the suite's length",
			init.n == s->hash_len && commit.n == s->hash_len &&
			    psk.n == s->hash_len))
			break;
		in = (struct mls_schedule_inputs){ init.p, commit.p, psk.p,
			wr_bytes(&w) };
		kat_mls_ok(k, "schedule", mls_schedule_next(s, &in, &got));
		check_secrets(k, e, s, &got);
		check_exports(k, e, s, &got);
		init = kat_hex(k, e, "init_secret");
	}
	wr_free(&w);
}

void
kat_mls_psk_secret(struct kat *k, const json_t *test, const struct mls_suite *s)
{
	const json_t *psks = json_object_get(test, "psks"), *t;
	struct mls_psk_secret p;
	size_t i;

	mls_psk_secret_init(&p, (uint16_t)json_array_size(psks));
	json_array_foreach(psks, i, t)
	{
		struct mls_psk_id id = {
			.type = MLS_PSK_EXTERNAL,
			.id = kat_hex(k, t, "psk_id"),
			.nonce = kat_hex(k, t, "psk_nonce"),
		};

		kat_mls_ok(k, "psk",
		    mls_psk_secret_add(&p, s, &id, kat_hex(k, t, "psk")));
	}
	kat_bytes(
	    k, "psk_secret", of(p.value, s), kat_hex(k, test, "psk_secret"));
}

static void
check_generation(struct kat *k, const json_t *t, const struct mls_suite *s,
    struct mls_secret_tree *tree, struct mls_leaf leaf)
{
	static const struct {
		enum mls_ratchet ratchet;
		const char *key, *nonce;
	} rows[] = {
		{ MLS_RATCHET_HANDSHAKE, "handshake_key", "handshake_nonce" },
		{ MLS_RATCHET_APPLICATION, "application_key",
		    "application_nonce" },
	};
	uint32_t generation = (uint32_t)kat_number(t, "generation", 0);
	struct mls_message_key key;

	for (size_t i = 0; i < 2; i++) {
		kat_mls_ok(k, "key",
		    mls_secret_tree_key(
			tree, leaf, rows[i].ratchet, generation, &key));
		kat_bytes(k, rows[i].key, (struct bytes){ key.key, s->key_len },
		    kat_hex(k, t, rows[i].key));
		kat_bytes(k, rows[i].nonce,
		    (struct bytes){ key.nonce, s->nonce_len },
		    kat_hex(k, t, rows[i].nonce));
		kat_mls_ok(k, "use", mls_secret_tree_use(tree, &key, 0));
		kat_true(k, "a used key is gone",
		    mls_secret_tree_key(tree, leaf, rows[i].ratchet, generation,
			&key) == MLS_GENERATION_WAS_USED_BEFORE);
	}
}

void
kat_mls_secret_tree(
    struct kat *k, const json_t *test, const struct mls_suite *s)
{
	const json_t *t = json_object_get(test, "sender_data"), *g;
	const json_t *leaves = json_object_get(test, "leaves"), *generations;
	struct bytes secret = kat_hex(k, test, "encryption_secret");
	struct mls_secret_tree *tree;
	struct hkdf from;
	uint8_t key[AEAD_MAX_KEY_LEN], nonce[AEAD_NONCE_LEN];
	uint32_t n = 1;
	size_t i, j;

	hkdf_init(&from, s->hash, kat_hex(k, t, "sender_data_secret"));
	kat_mls_ok(k, "sender_data",
	    mls_sender_data_key(
	        s, &from, kat_hex(k, t, "ciphertext"), key, nonce));
	kat_bytes(k, "sender data key", (struct bytes){ key, s->key_len },
	    kat_hex(k, t, "key"));
	kat_bytes(k, "sender data nonce", (struct bytes){ nonce, s->nonce_len },
	    kat_hex(k, t, "nonce"));
	while (n < json_array_size(leaves))
		n *= 2;
	if (!kat_true(k, "encryption_secret", secret.n == s->hash_len))
		return;
	tree = mls_secret_tree_new(s, n, secret.p);
	if (!kat_true(k, "tree", tree != NULL))
		return;
	json_array_foreach(leaves, i, generations)
	    json_array_foreach(generations, j, g) check_generation(
		k, g, s, tree, (struct mls_leaf){ (uint32_t)i });
	mls_secret_tree_free(tree);
}

void
kat_mls_transcript_hashes(
    struct kat *k, const json_t *test, const struct mls_suite *s)
{
	struct rd r = rd_init(kat_hex(k, test, "authenticated_content"));
	struct bytes confirmed =
	    kat_hex(k, test, "confirmed_transcript_hash_after");
	uint8_t out[MLS_MAX_HASH_LEN];
	struct mls_content c;

	mls_content_decode(&r, &c);
	if (!kat_err(k, "authenticated_content", rd_end(&r), ERR_OK))
		return;
	mls_transcript_confirmed(s,
	    kat_hex(k, test, "interim_transcript_hash_before"), c.before_tag,
	    out);
	kat_bytes(k, "confirmed_transcript_hash", of(out, s), confirmed);
	mls_suite_mac(s, kat_hex(k, test, "confirmation_key"), confirmed, out);
	kat_bytes(k, "confirmation_tag", of(out, s), c.confirmation_tag);
	kat_mls_ok(k, "interim",
	    mls_transcript_interim(s, confirmed, c.confirmation_tag, out));
	kat_bytes(k, "interim_transcript_hash", of(out, s),
	    kat_hex(k, test, "interim_transcript_hash_after"));
}
