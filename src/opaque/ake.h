/*
 * ake - the key exchange inside OPAQUE: 3DH, its key schedule and its macs
 * (RFC 9807 section 6.4). Client and server compute the same from the same
 * transcript; what each does with the result is in client and server.
 */
#ifndef OPAQUE_AKE_H
#define OPAQUE_AKE_H

#include "opaque/message.h"

#define OPAQUE_MAX_IDENTITY_LEN 65535

/*
 * What a login is bound to besides its messages. An empty identity stands
 * for that party's public key (section 4); context is empty unless the
 * application gives one (section 8); none is sent, so both ends must have the
 * same. Borrowed. Longer than OPAQUE_MAX_IDENTITY_LEN is an ARG error.
 */
struct opaque_binding {
	struct bytes context;
	struct bytes server_identity;
	struct bytes client_identity;
};

struct opaque_keypair {
	uint8_t secret[OPAQUE_SECRET_LEN];
	uint8_t public[OPAQUE_PUBLIC_LEN];
};

/* The three shared secrets, in the order of the key schedule. */
struct opaque_dh {
	uint8_t shared[3][OPAQUE_PUBLIC_LEN];
};

/* What the transcript is made of; section 6.4.2.1. */
struct opaque_transcript {
	const struct opaque_binding *binding;
	const uint8_t *client_public; /* OPAQUE_PUBLIC_LEN */
	const uint8_t *server_public; /* OPAQUE_PUBLIC_LEN */
	const uint8_t *ke1;           /* OPAQUE_KE1_LEN */
	const uint8_t *ke2;           /* OPAQUE_KE2_LEN; its mac is not read */
};

struct opaque_ake {
	uint8_t server_mac[OPAQUE_MAC_LEN];
	uint8_t client_mac[OPAQUE_MAC_LEN];
	uint8_t session_key[OPAQUE_SESSION_KEY_LEN];
};

/* DeriveDiffieHellmanKeyPair (section 6.4.1). Fails with KEY, practically
 * never. */
MUST_USE enum err opaque_ake_keypair(
    const uint8_t seed[OPAQUE_SEED_LEN], struct opaque_keypair *pair);

/* Fails with ARG when a field of binding is too long. */
MUST_USE enum err opaque_ake_check_binding(
    const struct opaque_binding *binding);

/*
 * Returns the identities as they go into macs: as given, or else the
 * party's public key, which must outlive the result.
 */
struct bytes opaque_ake_server_identity(const struct opaque_binding *binding,
    const uint8_t server_public[OPAQUE_PUBLIC_LEN]);
struct bytes opaque_ake_client_identity(const struct opaque_binding *binding,
    const uint8_t client_public[OPAQUE_PUBLIC_LEN]);

/* Preamble, DeriveKeys and both macs (section 6.4.2). */
MUST_USE enum err opaque_ake_derive(const struct opaque_dh *dh,
    const struct opaque_transcript *transcript, struct opaque_ake *out);

#endif
