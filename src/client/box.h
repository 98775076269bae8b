/*
 * box - what rests at the server for an account, sealed.
 *
 *	version u8 (1) | nonce 24 | sealed
 *
 * The identity box holds the identity seed and the data key D, under a key
 * from OPAQUE's export_key; the settings box holds the pins, under a key
 * from D, padded to whole KiB so that its length hardly tells how many
 * people somebody knows. Associated data of both: a label, the account's
 * name and identity key, and the box's version at the server.
 */
#ifndef CLIENT_BOX_H
#define CLIENT_BOX_H

#include "client/account.h"

/* The content of an identity box. */
struct client_identity {
	uint8_t seed[32];     /* Ed25519 */
	uint8_t data_key[32]; /* D */
};

#define CLIENT_IDENTITY_BOX_LEN (1 + 24 + 64 + 16)

MUST_USE enum err client_box_seal_identity(
    const struct client_identity *identity,
    const struct client_account *account, const uint8_t export_key[64],
    uint64_t version, const uint8_t nonce[24], struct wr *w);

/* Fails with DECODE, VERSION, AUTH, or KEY: the seed inside is not that of
 * the account's identity key. */
MUST_USE enum err client_box_open_identity(struct bytes in,
    const struct client_account *account, const uint8_t export_key[64],
    uint64_t version, struct client_identity *identity);

MUST_USE enum err client_box_seal_settings(struct bytes settings,
    const struct client_account *account, const uint8_t data_key[32],
    uint64_t version, const uint8_t nonce[24], struct wr *w);

/* Appends the settings, without their padding, to out, which grows. Fails
 * with DECODE, VERSION or AUTH. */
MUST_USE enum err client_box_open_settings(struct bytes in,
    const struct client_account *account, const uint8_t data_key[32],
    uint64_t version, struct wr *out);

#endif
