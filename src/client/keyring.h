/*
 * keyring - the secrets of a device, at rest under a password.
 *
 *	version u8 (1) | passes u32 | memory u32 (KiB) | salt 16 | nonce 24 |
 *	device seed 32, link secret 32, data key 32 and the tag 16, sealed
 *
 * The key is HKDF of Argon2id(password, salt); associated data are a label,
 * everything in front of the nonce, and whose keyring it is. Stretching
 * takes long and is the caller's to arrange: it asks the header for what to
 * stretch with.
 */
#ifndef CLIENT_KEYRING_H
#define CLIENT_KEYRING_H

#include "client/account.h"
#include "crypto/ksf.h"

/* What a device has that nobody else has, but for data_key, which all
 * devices of the account share. */
struct client_keys {
	uint8_t device_seed[32]; /* Ed25519 */
	uint8_t link_secret[32]; /* X25519 */
	uint8_t data_key[32];    /* D: seals the settings box */
};

/* How a keyring's password is stretched. */
struct client_keyring_head {
	struct ksf_params params;
	uint8_t salt[KSF_SALT_LEN];
};

#define CLIENT_STRETCHED_LEN 64
#define CLIENT_KEYRING_LEN   (1 + 4 + 4 + 16 + 24 + 96 + 16)

/* Reads the head. Fails with DECODE (also for parameters beyond what any
 * client writes) or VERSION. */
MUST_USE enum err client_keyring_read_head(struct bytes in,
    struct client_keyring_head *head);

/* Opens a keyring. Fails with AUTH: a wrong password, or not this account's;
 * DECODE or VERSION. */
MUST_USE enum err client_keyring_open(struct bytes in,
    const struct client_account *account,
    const uint8_t stretched[CLIENT_STRETCHED_LEN], struct client_keys *keys);

/* Appends a keyring. */
MUST_USE enum err client_keyring_seal(const struct client_keyring_head *head,
    const struct client_account *account,
    const uint8_t stretched[CLIENT_STRETCHED_LEN],
    const struct client_keys *keys, const uint8_t nonce[24], struct wr *w);

/*
 * Returns whether parameters that somebody else named are acceptable: not
 * so costly that they only waste this machine's time and memory.
 */
bool client_keyring_is_bearable(struct ksf_params params);

#endif
