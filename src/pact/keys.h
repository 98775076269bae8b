/*
 * keys - the labels, contexts and keys that both ends derive alike.
 *
 * Every use of a key or a signature in sotto has a label of its own; this is
 * the list of them.
 */
#ifndef PACT_KEYS_H
#define PACT_KEYS_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/wr.h"
#include "wire/name.h"

#define PACT_DEVICE_ID_LEN 16
#define PACT_SESSION_KEY_LEN 32
#define PACT_HASH_LEN 64 /* of the channel: BLAKE2b */

#define PACT_LABEL_CHANNEL      "sotto/1 channel"
#define PACT_LABEL_LINE         "sotto/1 line"
#define PACT_LABEL_LOGIN        "sotto/1 login"
#define PACT_LABEL_SESSION      "sotto/1 session"
#define PACT_LABEL_DEVICE_LOGIN "sotto/1 device login"
#define PACT_LABEL_ROSTER       "sotto/1 roster"
#define PACT_LABEL_POSSESSION   "sotto/1 roster entry"
#define PACT_LABEL_IDENTITY_BOX "sotto/1 identity"
#define PACT_LABEL_SETTINGS_BOX "sotto/1 settings"
#define PACT_LABEL_TICKET       "sotto/1 ticket"
#define PACT_LABEL_LOGOUT_1     "sotto/1 logout server"
#define PACT_LABEL_LOGOUT_2     "sotto/1 logout client"
#define PACT_LABEL_MAC1         "sotto/1 mac1"
#define PACT_LABEL_CHALLENGE    "sotto/1 challenge"
#define PACT_LABEL_PASS         "sotto/1 pass"
#define PACT_LABEL_EFFORT       "sotto/1 login effort"
#define PACT_LABEL_SAFETY       "sotto/1 safety number"

/* Writes the prologue of the channel: label and version. */
#define PACT_CHANNEL_PROLOGUE_LEN (sizeof PACT_LABEL_CHANNEL - 1 + 1)
void pact_keys_channel_prologue(uint8_t out[PACT_CHANNEL_PROLOGUE_LEN]);

/* Writes the OPAQUE context of a login in the channel with hash h. */
#define PACT_LOGIN_CONTEXT_LEN (sizeof PACT_LABEL_LOGIN - 1 + PACT_HASH_LEN)
void pact_keys_login_context(const uint8_t h[PACT_HASH_LEN],
    uint8_t out[PACT_LOGIN_CONTEXT_LEN]);

/*
 * Derives the session key: HKDF-SHA-512 over x || opaque_key (64 bytes, or
 * empty after a device login), info = label || h || name || device id.
 */
MUST_USE enum err pact_keys_session(struct bytes x, struct bytes opaque_key,
    const uint8_t h[PACT_HASH_LEN], const struct wire_name *name,
    const uint8_t device[PACT_DEVICE_ID_LEN],
    uint8_t key[PACT_SESSION_KEY_LEN]);

/* Appends what a device signs to log in: label || 0 || h || name || id. */
void pact_keys_device_login(struct wr *w, const uint8_t h[PACT_HASH_LEN],
    const struct wire_name *name, const uint8_t device[PACT_DEVICE_ID_LEN]);

/*
 * The answer to a logout challenge: keyed BLAKE2b-256 under the session key
 * over the label (PACT_LABEL_LOGOUT_1 or _2) and both challenges.
 */
void pact_keys_logout(const uint8_t key[PACT_SESSION_KEY_LEN],
    const char *label, const uint8_t client_challenge[16],
    const uint8_t server_challenge[16], uint8_t answer[32]);

/* Appends one end's part of the line's prologue: name, identity key,
 * device id. */
void pact_keys_line_end(struct wr *w, const struct wire_name *name,
    const uint8_t identity[32], const uint8_t device[PACT_DEVICE_ID_LEN]);

#endif
