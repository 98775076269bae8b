/*
 * roster - an account's devices: one list, signed by the identity key.
 *
 * The bytes:
 *
 *	name vec8 | identity key 32 | version u64 | hash of the previous
 *	roster 32 (zeros for the first) | time u64 (Unix seconds) |
 *	count u8 | count entries | signature of the identity key 64
 *
 *	entry: device id 16 | device key 32 | link key 32 | name vec8 (32) |
 *	       added u64 | expires u64 (0: never) | signature of the device
 *	       key 64 over label, account name, identity key and the entry
 *
 * The identity key signs label || 0 || all before the signature.
 */
#ifndef PACT_ROSTER_H
#define PACT_ROSTER_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/wr.h"
#include "pact/keys.h"
#include "wire/limits.h"
#include "wire/name.h"

#define PACT_ROSTER_LABEL_MAX 32

struct pact_roster_entry {
	uint8_t id[PACT_DEVICE_ID_LEN];
	uint8_t device_key[32]; /* Ed25519 */
	uint8_t link_key[32];   /* X25519 */
	char label[PACT_ROSTER_LABEL_MAX + 1]; /* what the owner calls it */
	uint64_t added_s;
	uint64_t expires_s; /* 0: never */
	uint8_t possession[64];
};

struct pact_roster {
	struct wire_name name;
	uint8_t identity[32];
	uint64_t version; /* from 1 */
	uint8_t previous[32];
	uint64_t time_s;
	size_t count;
	struct pact_roster_entry entries[WIRE_ROSTER_DEVICES];
};

/* Fills entry->possession with the device's own signature. */
MUST_USE enum err pact_roster_sign_entry(struct pact_roster_entry *entry,
    const struct wire_name *name, const uint8_t identity[32],
    const uint8_t device_seed[32]);

/* Appends the roster, signed with the identity's seed. */
MUST_USE enum err pact_roster_write(struct wr *w,
    const struct pact_roster *roster, const uint8_t identity_seed[32]);

/*
 * Parses and verifies: form (DECODE), signatures of the identity and of each
 * device, unique device ids (AUTH). Whose identity key it should be, and
 * which version, is the caller's to check.
 */
MUST_USE enum err pact_roster_read(struct bytes in,
    struct pact_roster *roster);

/*
 * Parses only: for bytes that were verified when they were stored, and that
 * nobody could touch since. DECODE.
 */
MUST_USE enum err pact_roster_parse(struct bytes in,
    struct pact_roster *roster);

/* Writes the hash by which the next roster names this one: BLAKE2b-256. */
void pact_roster_hash(struct bytes roster, uint8_t hash[32]);

/* Returns the entry of a device that has not expired at now_s, or NULL. */
const struct pact_roster_entry *pact_roster_find(
    const struct pact_roster *roster, const uint8_t id[PACT_DEVICE_ID_LEN],
    uint64_t now_s);

#endif
