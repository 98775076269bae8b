#include "opaque/ake.h"

#include "base/reveal.h"
#include "base/wr.h"
#include "crypto/hash.h"

#define MAX_LABEL_LEN (2 + 1 + 255 + 1 + 255)

enum err
opaque_ake_keypair(
    const uint8_t seed[OPAQUE_SEED_LEN], struct opaque_keypair *pair)
{
	enum err err;

	TRY(opaque_oprf_derive_key(seed,
	    BYTES_LIT("OPAQUE-DeriveDiffieHellmanKeyPair"), pair->secret));
	TRY(ristretto_mul_base(pair->secret, pair->public));
out:
	return err;
}

enum err
opaque_ake_check_binding(const struct opaque_binding *binding)
{
	if (binding->context.n > OPAQUE_MAX_IDENTITY_LEN ||
	    binding->server_identity.n > OPAQUE_MAX_IDENTITY_LEN ||
	    binding->client_identity.n > OPAQUE_MAX_IDENTITY_LEN)
		return ERR_ARG;
	return ERR_OK;
}

struct bytes
opaque_ake_server_identity(const struct opaque_binding *binding,
    const uint8_t server_public[OPAQUE_PUBLIC_LEN])
{
	if (binding->server_identity.n != 0)
		return binding->server_identity;
	return (struct bytes){ server_public, OPAQUE_PUBLIC_LEN };
}

struct bytes
opaque_ake_client_identity(const struct opaque_binding *binding,
    const uint8_t client_public[OPAQUE_PUBLIC_LEN])
{
	if (binding->client_identity.n != 0)
		return binding->client_identity;
	return (struct bytes){ client_public, OPAQUE_PUBLIC_LEN };
}

static void
hash_vector(struct hash *hash, struct bytes b)
{
	uint8_t len[] = { (uint8_t)(b.n >> 8), (uint8_t)b.n };

	hash_update(hash, BYTES_OF(len));
	hash_update(hash, b);
}

/*
 * preamble = "OPAQUEv1-" || I2OSP(len(context), 2) || context
 *         || I2OSP(len(client_identity), 2) || client_identity || ke1
 *         || I2OSP(len(server_identity), 2) || server_identity
 *         || ke2 without server_mac
 */
static void
hash_preamble(struct hash *hash, const struct opaque_transcript *t)
{
	hash_init(hash, HASH_SHA512);
	hash_update(hash, BYTES_LIT("OPAQUEv1-"));
	hash_vector(hash, t->binding->context);
	hash_vector(
	    hash, opaque_ake_client_identity(t->binding, t->client_public));
	hash_update(hash, (struct bytes){ t->ke1, OPAQUE_KE1_LEN });
	hash_vector(
	    hash, opaque_ake_server_identity(t->binding, t->server_public));
	hash_update(
	    hash, (struct bytes){ t->ke2, OPAQUE_KE2_LEN - OPAQUE_MAC_LEN });
}

/*
 * Derive-Secret(secret, label, context) of section 6.4.2.2; the CustomLabel
 * is length || label with "OPAQUE-" in front || context.
 */
static enum err
derive_secret(const uint8_t secret[OPAQUE_HASH_LEN], struct bytes label,
    struct bytes context, uint8_t out[OPAQUE_HASH_LEN])
{
	uint8_t custom_label[MAX_LABEL_LEN];
	struct wr w = wr_init(custom_label, sizeof custom_label);
	size_t mark;
	enum err err;

	wr_u16(&w, OPAQUE_HASH_LEN);
	mark = wr_begin(&w, 1);
	wr_put(&w, BYTES_LIT("OPAQUE-"));
	wr_put(&w, label);
	wr_end(&w, mark, 1);
	wr_vec8(&w, context);
	TRY(wr_done(&w));
	TRY(hkdf_expand(HASH_SHA512, (struct bytes){ secret, OPAQUE_HASH_LEN },
	    wr_bytes(&w), out, OPAQUE_HASH_LEN));
out:
	return err;
}

enum err
opaque_ake_derive(const struct opaque_dh *dh,
    const struct opaque_transcript *transcript, struct opaque_ake *out)
{
	struct {
		uint8_t prk[OPAQUE_HASH_LEN];
		uint8_t handshake_secret[OPAQUE_HASH_LEN];
		uint8_t km2[OPAQUE_HASH_LEN]; /* ServerMAC */
		uint8_t km3[OPAQUE_HASH_LEN]; /* ClientMAC */
	} s;
	struct hash running, fork;
	uint8_t hashed[OPAQUE_HASH_LEN];
	enum err err;

	TRY(opaque_ake_check_binding(transcript->binding));
	hash_preamble(&running, transcript);
	hash_copy(&fork, &running);
	hash_final(&fork, hashed);

	hkdf_extract(HASH_SHA512, BYTES_NONE, BYTES_OF(dh->shared), s.prk);
	TRY(derive_secret(s.prk, BYTES_LIT("HandshakeSecret"), BYTES_OF(hashed),
	    s.handshake_secret));
	TRY(derive_secret(s.prk, BYTES_LIT("SessionKey"), BYTES_OF(hashed),
	    out->session_key));
	REVEAL("opaque", out->session_key);
	REVEAL("opaque", s.handshake_secret);
	REVEAL("opaque", s.prk);
	REVEAL("opaque", dh->shared);
	TRY(derive_secret(
	    s.handshake_secret, BYTES_LIT("ServerMAC"), BYTES_NONE, s.km2));
	TRY(derive_secret(
	    s.handshake_secret, BYTES_LIT("ClientMAC"), BYTES_NONE, s.km3));

	hmac(HASH_SHA512, BYTES_OF(s.km2), BYTES_OF(hashed), out->server_mac);
	hash_update(&running, BYTES_OF(out->server_mac));
	hash_final(&running, hashed);
	hmac(HASH_SHA512, BYTES_OF(s.km3), BYTES_OF(hashed), out->client_mac);
out:
	bytes_wipe(&s, sizeof s);
	return err;
}
