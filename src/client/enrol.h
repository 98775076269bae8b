/*
 * enrol - making a new account, and making this machine a device of one: its
 * keys, its entry in the roster, its files.
 */
#ifndef CLIENT_ENROL_H
#define CLIENT_ENROL_H

#include "client/session.h"

/* Makes new keys and a device id, unless the keyring had some. */
MUST_USE enum err client_enrol_keys(struct client *c);

/* Makes the account's identity and boxes, and says REGISTER_FINISH. */
MUST_USE enum err client_enrol_join(struct client *c, struct bytes record);

/*
 * After LOGIN_OK: puts this device on the roster if it is a new one, seals
 * the keyring anew if it holds new keys, and ends in READY. Fails with LIMIT
 * where the account has as many devices as it may have.
 */
MUST_USE enum err client_enrol_start(struct client *c, bool is_new_key);

/* DONE has come for REGISTER_FINISH or the roster; STATE: it was not due. */
MUST_USE enum err client_enrol_on_done(struct client *c);

/*
 * Seals the keyring anew under the password, and puts account, keyring and
 * state into the vault; then `then` is called. Does nothing but call it in
 * an ephemeral client.
 */
typedef void client_enrol_then_fn(struct client *c, enum err err);
MUST_USE enum err client_enrol_seal(struct client *c,
    client_enrol_then_fn *then);

/* The files of a login are written. */
void client_enrol_saved(struct client *c);

/* Fills w with an identity box, or a settings box of c's pins, of version. */
MUST_USE enum err client_enrol_identity_box(struct client *c,
    const struct client_person *person, uint64_t version, struct wr *w);
MUST_USE enum err client_enrol_settings_box(struct client *c,
    const uint8_t data_key[32], uint64_t version, struct wr *w);

#endif
