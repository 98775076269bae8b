/*
 * derive - the keys that only this client derives, and the labels that are
 * its own. Labels that both ends know are in pact/keys.h.
 */
#ifndef CLIENT_DERIVE_H
#define CLIENT_DERIVE_H

#include "base/bytes.h"
#include "base/err.h"

#define CLIENT_LABEL_KEYRING "sotto/1 keyring"
#define CLIENT_LABEL_STATE   "sotto/1 state"

#define CLIENT_KEY_LEN 32

/* Writes HKDF-SHA-512 of secret, with an empty salt and the label. */
MUST_USE enum err client_derive(struct bytes secret, struct bytes label,
    uint8_t key[CLIENT_KEY_LEN]);

#endif
