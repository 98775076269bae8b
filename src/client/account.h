/*
 * account - what a machine keeps in the clear about the account it is a
 * device of: whose it is, where, and which keys the server and the person
 * had. Nothing in it is secret; everything in it is checked again.
 *
 *	version u8 (1) | name vec8 | host vec8 | port u16 | server key 32 |
 *	flags u8 | channel version u8 | identity key 32 | device id 16 |
 *	version of the identity box u64
 *
 * That version is what of seen.h is known without the keyring: a password
 * that does not open it may be the account's next one, not its last one.
 */
#ifndef CLIENT_ACCOUNT_H
#define CLIENT_ACCOUNT_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/wr.h"
#include "pact/keys.h"
#include "wire/address.h"

struct client_account {
	struct wire_name name;
	struct wire_address at;
	uint8_t server_key[WIRE_KEY_LEN];
	bool is_server_verified; /* its key came from a person, not from it */
	uint8_t channel_version; /* the highest seen of this server */
	uint8_t identity[32];
	uint8_t device[PACT_DEVICE_ID_LEN];
	uint64_t identity_version; /* of the box, when the keyring was sealed */
};

/* What associated data calls an account: name and identity key. */
void client_account_bind(const struct client_account *account, struct wr *w);

void client_account_write(const struct client_account *account,
    struct wr *w);

/* Fails with DECODE, or VERSION for the file of a later program. */
MUST_USE enum err client_account_read(struct bytes in,
    struct client_account *account);

#endif
