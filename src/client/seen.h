/*
 * seen - the highest versions that this device has seen of its account's
 * parts. The server keeps the parts; whatever is older than what was seen
 * before is somebody turning back the clock. Kept sealed on the device, with
 * the passes that it was given:
 *
 *	version u8 (1) | nonce 24 | identity u64, settings u64, roster u64,
 *	until u64, passes u8, 8 * 48 bytes for them, and the tag 16, sealed
 *
 * under a key from the device's seed, so that it belongs to one device.
 */
#ifndef CLIENT_SEEN_H
#define CLIENT_SEEN_H

#include "client/account.h"
#include "client/passes.h"

struct client_seen {
	uint64_t identity;
	uint64_t settings;
	uint64_t roster;
	struct client_passes passes;
};

#define CLIENT_SEEN_LEN                                                       \
	(1 + 24 + 33 + WIRE_PASSES_MAX * PACT_GUARD_PASS_LEN + 16)

/* Raises the versions to what other has seen; returns whether that changed
 * them. Passes stay. */
bool client_seen_raise(struct client_seen *seen,
    const struct client_seen *other);

MUST_USE enum err client_seen_seal(const struct client_seen *seen,
    const struct client_account *account, const uint8_t device_seed[32],
    const uint8_t nonce[24], struct wr *w);

/* Fails with DECODE, VERSION, or AUTH: another device's, or damaged. */
MUST_USE enum err client_seen_open(struct bytes in,
    const struct client_account *account, const uint8_t device_seed[32],
    struct client_seen *seen);

#endif
