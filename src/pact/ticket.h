/*
 * ticket - what the server gives a caller for a callee.
 *
 * Sealed under the callee's session key K_B with XChaCha20-Poly1305 and a
 * random nonce in front, label PACT_LABEL_TICKET as associated data. It
 * opens only for the callee, and only while K_B lives.
 */
#ifndef PACT_TICKET_H
#define PACT_TICKET_H

#include "base/bytes.h"
#include "base/err.h"
#include "pact/keys.h"

struct pact_ticket {
	uint8_t id[16];
	struct wire_name name; /* the caller */
	uint8_t identity[32];
	uint8_t device[PACT_DEVICE_ID_LEN];
	uint8_t link_key[32];
	uint8_t nonce[16];   /* N_A */
	uint8_t paths;       /* bits of WIRE_PATH_ */
	uint64_t expires_ms; /* since the start of the callee's session */
};

#define PACT_TICKET_LEN (24 + 16 + 33 + 32 + 16 + 32 + 16 + 1 + 8 + 16)

/* Seals ticket under key with 24 random bytes. */
MUST_USE enum err pact_ticket_seal(const struct pact_ticket *ticket,
    const uint8_t key[PACT_SESSION_KEY_LEN], const uint8_t random[24],
    uint8_t out[PACT_TICKET_LEN]);

/* Opens one. Fails with AUTH or DECODE. */
MUST_USE enum err pact_ticket_open(struct bytes in,
    const uint8_t key[PACT_SESSION_KEY_LEN], struct pact_ticket *ticket);

#endif
