#include "opaque/envelope.h"

#include "base/rd.h"
#include "base/reveal.h"
#include "base/wr.h"
#include "crypto/ct.h"
#include "crypto/hash.h"

#include <string.h>

#define LEN_LEN       2  /* of I2OSP(len(...), 2) */
#define MAX_LABEL_LEN 21 /* CredentialResponsePad */

void
opaque_envelope_randomize(const uint8_t oprf_output[OPRF_OUTPUT_LEN],
    const uint8_t stretched[OPAQUE_STRETCH_LEN],
    uint8_t randomized_password[OPAQUE_HASH_LEN])
{
	struct bytes ikm[] = { { oprf_output, OPRF_OUTPUT_LEN },
		{ stretched, OPAQUE_STRETCH_LEN } };

	/* Extract is HMAC with the salt, here "", as the key. */
	hmac_parts(HASH_SHA512, BYTES_NONE, ikm, 2, randomized_password);
	REVEAL_BYTES("stretched", stretched, OPAQUE_STRETCH_LEN);
	REVEAL_BYTES("stretched", randomized_password, OPAQUE_HASH_LEN);
	REVEAL_BYTES("oprf", oprf_output, OPRF_OUTPUT_LEN);
}

enum err
opaque_envelope_masking_key(const uint8_t randomized_password[OPAQUE_HASH_LEN],
    uint8_t masking_key[OPAQUE_HASH_LEN])
{
	return hkdf_expand(HASH_SHA512,
	    (struct bytes){ randomized_password, OPAQUE_HASH_LEN },
	    BYTES_LIT("MaskingKey"), masking_key, OPAQUE_HASH_LEN);
}

/* Expand(key, concat(nonce, label), len) */
static enum err
expand(const uint8_t key[OPAQUE_HASH_LEN],
    const uint8_t nonce[OPAQUE_NONCE_LEN], struct bytes label, uint8_t *out,
    size_t len)
{
	uint8_t info[OPAQUE_NONCE_LEN + MAX_LABEL_LEN];
	struct wr w = wr_init(info, sizeof info);
	enum err err;

	wr_put(&w, (struct bytes){ nonce, OPAQUE_NONCE_LEN });
	wr_put(&w, label);
	TRY(wr_done(&w));
	TRY(hkdf_expand(HASH_SHA512, (struct bytes){ key, OPAQUE_HASH_LEN },
	    wr_bytes(&w), out, len));
out:
	return err;
}

enum err
opaque_envelope_mask(const uint8_t masking_key[OPAQUE_HASH_LEN],
    const uint8_t masking_nonce[OPAQUE_NONCE_LEN],
    const uint8_t in[OPAQUE_MASKED_LEN], uint8_t out[OPAQUE_MASKED_LEN])
{
	struct {
		uint8_t pad[OPAQUE_MASKED_LEN];
	} s;
	enum err err;

	TRY(expand(masking_key, masking_nonce,
	    BYTES_LIT("CredentialResponsePad"), s.pad, sizeof s.pad));
	for (size_t i = 0; i < OPAQUE_MASKED_LEN; i++)
		out[i] = in[i] ^ s.pad[i];
out:
	bytes_wipe(&s, sizeof s);
	return err;
}

/*
 * MAC(auth_key, concat(envelope_nonce, cleartext_credentials)), with
 *
 *   struct {
 *     uint8 server_public_key[Npk];
 *     uint8 server_identity<1..2^16-1>;
 *     uint8 client_identity<1..2^16-1>;
 *   } CleartextCredentials;
 */
static void
make_auth_tag(const uint8_t auth_key[OPAQUE_HASH_LEN],
    const uint8_t nonce[OPAQUE_NONCE_LEN], struct bytes server_public,
    struct bytes server_identity, struct bytes client_identity,
    uint8_t auth_tag[OPAQUE_MAC_LEN])
{
	uint8_t server_len[LEN_LEN] = { (uint8_t)(server_identity.n >> 8),
		(uint8_t)server_identity.n };
	uint8_t client_len[LEN_LEN] = { (uint8_t)(client_identity.n >> 8),
		(uint8_t)client_identity.n };
	struct bytes parts[] = { { nonce, OPAQUE_NONCE_LEN }, server_public,
		BYTES_OF(server_len), server_identity, BYTES_OF(client_len),
		client_identity };

	hmac_parts(HASH_SHA512, (struct bytes){ auth_key, OPAQUE_HASH_LEN },
	    parts, sizeof parts / sizeof parts[0], auth_tag);
}

/* What Store and Recover have in common: all keys, and the right mac. */
static enum err
open_at(const uint8_t randomized_password[OPAQUE_HASH_LEN],
    const uint8_t server_public[OPAQUE_PUBLIC_LEN],
    const struct opaque_binding *binding, const uint8_t nonce[OPAQUE_NONCE_LEN],
    uint8_t auth_tag[OPAQUE_MAC_LEN], struct opaque_credentials *out)
{
	struct {
		uint8_t auth_key[OPAQUE_HASH_LEN];
		uint8_t seed[OPAQUE_SEED_LEN];
	} s;
	enum err err;

	TRY(opaque_ake_check_binding(binding));
	TRY(expand(randomized_password, nonce, BYTES_LIT("AuthKey"), s.auth_key,
	    sizeof s.auth_key));
	TRY(expand(randomized_password, nonce, BYTES_LIT("ExportKey"),
	    out->export_key, sizeof out->export_key));
	TRY(expand(randomized_password, nonce, BYTES_LIT("PrivateKey"), s.seed,
	    sizeof s.seed));
	TRY(opaque_ake_keypair(s.seed, &out->client));
	REVEAL("export", out->export_key);
	REVEAL("opaque", out->client.secret);
	make_auth_tag(s.auth_key, nonce,
	    (struct bytes){ server_public, OPAQUE_PUBLIC_LEN },
	    opaque_ake_server_identity(binding, server_public),
	    opaque_ake_client_identity(binding, out->client.public), auth_tag);
out:
	bytes_wipe(&s, sizeof s);
	if (err != ERR_OK)
		bytes_wipe(out, sizeof *out);
	return err;
}

enum err
opaque_envelope_store(const uint8_t randomized_password[OPAQUE_HASH_LEN],
    const uint8_t server_public[OPAQUE_PUBLIC_LEN],
    const struct opaque_binding *binding, const uint8_t nonce[OPAQUE_NONCE_LEN],
    uint8_t envelope[OPAQUE_ENVELOPE_LEN], struct opaque_credentials *out)
{
	uint8_t auth_tag[OPAQUE_MAC_LEN];
	struct wr w = wr_init(envelope, OPAQUE_ENVELOPE_LEN);
	enum err err;

	TRY(open_at(
	    randomized_password, server_public, binding, nonce, auth_tag, out));
	wr_put(&w, (struct bytes){ nonce, OPAQUE_NONCE_LEN });
	wr_put(&w, BYTES_OF(auth_tag));
	TRY(wr_done(&w));
out:
	return err;
}

enum err
opaque_envelope_recover(const uint8_t randomized_password[OPAQUE_HASH_LEN],
    const uint8_t server_public[OPAQUE_PUBLIC_LEN],
    const struct opaque_binding *binding,
    const uint8_t envelope[OPAQUE_ENVELOPE_LEN], struct opaque_credentials *out)
{
	struct rd r = rd_init((struct bytes){ envelope, OPAQUE_ENVELOPE_LEN });
	struct bytes nonce = rd_view(&r, OPAQUE_NONCE_LEN);
	struct bytes auth_tag = rd_view(&r, OPAQUE_MAC_LEN);
	struct {
		uint8_t want[OPAQUE_MAC_LEN];
	} s;
	enum err err;

	TRY(rd_end(&r));
	TRY(open_at(
	    randomized_password, server_public, binding, nonce.p, s.want, out));
	NEED(ct_verdict(ct_equal(s.want, auth_tag.p, OPAQUE_MAC_LEN)),
	    ERR_AUTH);
out:
	bytes_wipe(&s, sizeof s);
	if (err != ERR_OK)
		bytes_wipe(out, sizeof *out);
	return err;
}
