/*
 * channel - sealed records of messages: what the client-server channel and
 * the line between two clients have in common once their handshakes are done.
 *
 * A record on the wire is two bytes of length and a Noise transport message
 * whose plaintext is a frame (wire/frame.h), padded to a size class. The
 * channel rekeys a direction with the message REKEY; the line rekeys after
 * every record. The struct is small (servers hold thousands) and owns heap
 * memory only while a message spans records.
 */
#ifndef PACT_CHANNEL_H
#define PACT_CHANNEL_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/wr.h"
#include "noise/handshake.h"
#include "wire/frame.h"
#include "wire/messages.h"

#define PACT_CHANNEL_PROTOCOL "Noise_NKhfs_25519+MLKEM768_ChaChaPoly_BLAKE2b"
#define PACT_LINE_PROTOCOL    "Noise_KKhfs_25519+MLKEM768_ChaChaPoly_BLAKE2b"

enum pact_channel_kind { PACT_CHANNEL_SERVER, PACT_CHANNEL_LINE };

struct pact_channel {
	struct noise_transport out, in; /* from noise_handshake_split */
	struct wire_unframe unframe;
	uint32_t inside;      /* of wire_frame_next */
	uint32_t out_records; /* since the last rekey */
	uint32_t in_records;
	uint32_t out_rekeys;
	uint32_t in_rekeys;
	uint8_t kind;
};

/* Begins with the keys of a handshake, which split keeps, too. */
void pact_channel_begin(struct pact_channel *c,
    const struct noise_split *split, enum pact_channel_kind kind);

/* Wipes keys and releases memory. */
void pact_channel_wipe(struct pact_channel *c);

/*
 * Seals the pending messages (as wire_encode made them, one after another)
 * into records appended to out, all of them; *pending is then empty. Adds a
 * REKEY message and rekeys where rekey_now asks for it (channel only) or
 * WIRE_REKEY_RECORDS is reached; the line rekeys after every record.
 */
MUST_USE enum err pact_channel_seal(struct pact_channel *c,
    struct bytes pending, bool rekey_now, struct wr *out);

/*
 * Opens one record (without its two bytes of length) in place and gives its
 * messages to on_message; see wire_unframe_record for cap and the errors,
 * and AUTH when it does not open, DECODE when its size is no class. REKEY is
 * dealt with here and not given on; a direction that goes on past
 * WIRE_REKEY_RECORDS without one fails with LIMIT. on_message must not wipe c.
 * After an error the channel is dead.
 */
MUST_USE enum err pact_channel_open(struct pact_channel *c, uint8_t *record,
    size_t n, wire_cap_fn *cap, wire_message_fn *on_message, void *ctx);

/*
 * Cuts the next whole record out of the n bytes at in: returns the bytes it
 * takes with its length (2 + *record_len), 0 if there is none yet. first_max
 * bounds a record (a longer one is an error that is told by *too_big).
 */
size_t pact_channel_cut(struct bytes in, size_t most, size_t *record_len,
    bool *too_big);

#endif
