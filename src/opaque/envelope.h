/*
 * envelope - the client's private key, derived from its password and kept
 * honest by a mac (RFC 9807 section 4.1).
 *
 * Everything starts from randomized_password, which only somebody who knows
 * the password and asked the server gets at. The envelope that rests at the
 * server holds a nonce and a mac; the keys are derived anew each time.
 */
#ifndef OPAQUE_ENVELOPE_H
#define OPAQUE_ENVELOPE_H

#include "opaque/ake.h"

/* What the envelope of a right password gives. */
struct opaque_credentials {
	struct opaque_keypair client;
	uint8_t export_key[OPAQUE_EXPORT_KEY_LEN];
};

/*
 * randomized_password = Extract("", oprf_output || Stretch(oprf_output));
 * sections 5.2.3 and 6.3.2.3.
 */
void opaque_envelope_randomize(const uint8_t oprf_output[OPRF_OUTPUT_LEN],
    const uint8_t stretched[OPAQUE_STRETCH_LEN],
    uint8_t randomized_password[OPAQUE_HASH_LEN]);

/* masking_key, under which the server hides its answer. */
MUST_USE enum err opaque_envelope_masking_key(
    const uint8_t randomized_password[OPAQUE_HASH_LEN],
    uint8_t masking_key[OPAQUE_HASH_LEN]);

/*
 * xor(credential_response_pad, in), both ways (section 6.3.2): the server
 * masks its public key and the envelope, the client unmasks them.
 */
MUST_USE enum err opaque_envelope_mask(
    const uint8_t masking_key[OPAQUE_HASH_LEN],
    const uint8_t masking_nonce[OPAQUE_NONCE_LEN],
    const uint8_t in[OPAQUE_MASKED_LEN], uint8_t out[OPAQUE_MASKED_LEN]);

/*
 * Store (section 4.1.2): makes the envelope for nonce, and the credentials
 * that it stands for. Fails with ARG when binding is too long.
 */
MUST_USE enum err opaque_envelope_store(
    const uint8_t randomized_password[OPAQUE_HASH_LEN],
    const uint8_t server_public[OPAQUE_PUBLIC_LEN],
    const struct opaque_binding *binding, const uint8_t nonce[OPAQUE_NONCE_LEN],
    uint8_t envelope[OPAQUE_ENVELOPE_LEN], struct opaque_credentials *out);

/*
 * Recover (section 4.1.3). Fails with AUTH when the mac does not hold: a
 * wrong password, or another server, identity or envelope; out is then
 * zeros.
 */
MUST_USE enum err opaque_envelope_recover(
    const uint8_t randomized_password[OPAQUE_HASH_LEN],
    const uint8_t server_public[OPAQUE_PUBLIC_LEN],
    const struct opaque_binding *binding,
    const uint8_t envelope[OPAQUE_ENVELOPE_LEN],
    struct opaque_credentials *out);

#endif
