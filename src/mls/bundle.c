#include "mls/bundle.h"

#include <stdlib.h>
#include <string.h>

#define STATE_VERSION 1
#define MAX_SAVED     (1 << 20)

void
mls_bundle_free(struct mls_bundle *b)
{
	if (b == NULL)
		return;
	wr_free(&b->public);
	bytes_wipe(b, sizeof *b);
	free(b);
}

static struct mls_bundle *
new_bundle(const struct mls_suite *s)
{
	struct mls_bundle *b = calloc(1, sizeof *b);

	if (b != NULL) {
		b->suite = *s;
		b->public = wr_new();
	}
	return b;
}

/* The signed leaf of a new key package. */
static enum mls_result
make_leaf(const struct mls_client *c, struct mls_bundle *b,
    const struct mls_bundle_options *o, struct wr *leaf)
{
	uint64_t now = c->env->wall_s(c->env->ctx);
	uint64_t lifetime =
	    o->lifetime_s != 0 ? o->lifetime_s : MLS_DEFAULT_LIFETIME_S;
	uint8_t buf[MLS_OWN_CAPABILITIES_LEN];
	struct mls_leaf_content content = {
		.credential = o->identity.credential,
		.capabilities = o->capabilities != NULL
				    ? *o->capabilities
				    : mls_own_capabilities(c, buf),
		.source = MLS_LEAF_KEY_PACKAGE,
		.not_before =
		    now < MLS_CLOCK_SLACK_S ? 0 : now - MLS_CLOCK_SLACK_S,
		.not_after =
		    lifetime > UINT64_MAX - now ? UINT64_MAX : now + lifetime,
		.extensions = o->leaf_extensions,
	};
	struct mls_signer signer = mls_own_signer_get(&b->signer);
	struct mls_key_pair pair;
	enum mls_result err;

	TRY(mls_suite_new_key_pair(&b->suite, c->env, &pair));
	memcpy(b->encryption, pair.secret, pair.secret_len);
	TRY(mls_leaf_node_create(&b->suite, &content,
	    (struct bytes){ pair.public, pair.public_len }, &signer, NULL,
	    leaf));
out:
	bytes_wipe(&pair, sizeof pair);
	return err;
}

enum mls_result
mls_bundle_new(const struct mls_client *c,
    const struct mls_bundle_options *options, struct mls_bundle **out)
{
	struct mls_bundle *b = NULL;
	struct mls_key_pair init;
	struct mls_signer signer;
	struct wr leaf = wr_new();
	struct mls_suite s;
	enum mls_result err;

	TRY(mls_suite_init(&s, options->suite, c->suite_alias));
	b = new_bundle(&s);
	NEED(b != NULL, MLS_OUT_OF_MEMORY);
	TRY(mls_own_signer_set(&b->signer, &s, &options->identity.signer));
	TRY(make_leaf(c, b, options, &leaf));
	TRY(mls_suite_new_key_pair(&s, c->env, &init));
	memcpy(b->init, init.secret, init.secret_len);
	signer = mls_own_signer_get(&b->signer);
	wr_u16(&b->public, MLS_VERSION_MLS10);
	wr_u16(&b->public, MLS_WIRE_KEY_PACKAGE);
	TRY(mls_key_package_encode(&s,
	    (struct bytes){ init.public, init.public_len }, wr_bytes(&leaf),
	    options->key_package_extensions, &signer, &b->public));
	TRY(mls_key_package_read(wr_bytes(&b->public), &b->kp));
	TRY(mls_key_package_check(&s, &b->kp, BYTES_NONE));
	*out = b;
	b = NULL;
out:
	bytes_wipe(&init, sizeof init);
	wr_free(&leaf);
	mls_bundle_free(b);
	return err;
}

/* Fails with KEY_IS_UNUSABLE unless secret belongs to public; copies it. */
static enum mls_result
take_secret(const struct mls_suite *s, struct bytes secret, struct bytes public,
    uint8_t *to)
{
	uint8_t own[MLS_MAX_KEM_PUBLIC];
	size_t len;
	enum mls_result err;

	NEED(secret.n == hpke_secret_len(s->hpke.kem) &&
		 secret.n <= MLS_MAX_KEM_SECRET,
	    MLS_KEY_IS_UNUSABLE);
	TRY(mls_suite_kem_public(s, secret, own, &len));
	NEED(bytes_equal((struct bytes){ own, len }, public),
	    MLS_KEY_IS_UNUSABLE);
	memcpy(to, secret.p, secret.n);
out:
	return err;
}

enum mls_result
mls_bundle_import(const struct mls_client *c, struct bytes key_package,
    const struct mls_bundle_secrets *secrets, struct mls_bundle **out)
{
	struct mls_key_package kp;
	struct mls_bundle *b = NULL;
	struct mls_signer signer;
	struct mls_suite s;
	enum mls_result err;

	TRY(mls_key_package_read(key_package, &kp));
	TRY(mls_suite_init(&s, kp.cipher_suite, c->suite_alias));
	b = new_bundle(&s);
	NEED(b != NULL, MLS_OUT_OF_MEMORY);
	wr_u16(&b->public, MLS_VERSION_MLS10);
	wr_u16(&b->public, MLS_WIRE_KEY_PACKAGE);
	wr_put(&b->public, kp.encoded);
	TRY(mls_result_of(wr_done(&b->public)));
	TRY(mls_key_package_read(wr_bytes(&b->public), &b->kp));
	TRY(take_secret(&s, secrets->init, kp.init_key, b->init));
	TRY(take_secret(
	    &s, secrets->encryption, kp.leaf.encryption_key, b->encryption));
	signer =
	    (struct mls_signer){ secrets->signature, kp.leaf.signature_key };
	TRY(mls_own_signer_set(&b->signer, &s, &signer));
	*out = b;
	b = NULL;
out:
	mls_bundle_free(b);
	return err;
}

struct bytes
mls_bundle_public(const struct mls_bundle *b)
{
	return wr_bytes(&b->public);
}

struct mls_bundle_secrets
mls_bundle_reveal(const struct mls_bundle *b)
{
	size_t n = hpke_secret_len(b->suite.hpke.kem);

	return (struct mls_bundle_secrets){ { b->init, n },
		{ b->encryption, n }, BYTES_OF(b->signer.secret) };
}

void
mls_bundle_save(const struct mls_bundle *b, struct wr *out)
{
	struct mls_bundle_secrets s = mls_bundle_reveal(b);

	wr_u16(out, STATE_VERSION);
	wr_vec32(out, wr_bytes(&b->public));
	wr_vec8(out, s.init);
	wr_vec8(out, s.encryption);
	wr_vec8(out, s.signature);
}

enum mls_result
mls_bundle_load(
    const struct mls_client *c, struct bytes saved, struct mls_bundle **out)
{
	struct rd r = rd_init(saved);
	struct mls_bundle_secrets s;
	struct bytes public;
	uint16_t version = rd_u16(&r);

	if (r.err == ERR_OK && version != STATE_VERSION)
		return MLS_SAVED_STATE_IS_OF_ANOTHER_VERSION;
	public = rd_vec32(&r, MAX_SAVED);
	s.init = rd_vec8(&r, MLS_MAX_KEM_SECRET);
	s.encryption = rd_vec8(&r, MLS_MAX_KEM_SECRET);
	s.signature = rd_vec8(&r, MLS_MAX_SIG_SECRET);
	if (rd_end(&r) != ERR_OK)
		return MLS_SAVED_STATE_IS_DAMAGED;
	return mls_bundle_import(c, public, &s, out);
}
