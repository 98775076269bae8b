/*
 * frame - messages in and out of records.
 *
 * A record's plaintext is a run of messages, then zeros up to the record's
 * size class. A message too long for one record goes on in the next, and a
 * record that it fills holds nothing else. This module sees plaintext only;
 * pact/channel.h encrypts.
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "base/bytes.h"
#include "base/err.h"
#include "wire/limits.h"

/* Returns the smallest size class (of the whole record on the wire) that
 * carries n bytes of plaintext; n is at most WIRE_FRAME_MAX. */
size_t wire_frame_class(size_t n);

/* Plaintext bytes in the largest record. */
#define WIRE_FRAME_MAX (WIRE_RECORD_MAX - WIRE_RECORD_OVERHEAD)

/* Returns whether a record may have this size on the wire, length and all. */
bool wire_frame_is_class(size_t record);

/*
 * Returns how many of the pending plaintext bytes, which start at a message
 * boundary or inside a long message, go into the next record: all of them if
 * they fit WIRE_RECORD_PACKED, else as many whole messages as fit it, else a
 * full largest record of a message that is longer. *inside is the number of
 * bytes that the record's last message still misses (0 at a boundary); it is
 * state of the sender, 0 at first.
 */
size_t wire_frame_next(struct bytes pending, uint32_t *inside);

/*
 * Takes the plaintexts of records and gives back messages. Holds heap memory
 * only while a message spans records.
 */
struct wire_unframe {
	uint8_t *body;   /* of the message that is being put together */
	uint32_t len;    /* how long it will be */
	uint32_t have;   /* how much of it there is */
	uint8_t type;
};

/* Wipes and releases what is held. */
void wire_unframe_free(struct wire_unframe *u);

/*
 * Called with each whole message. Returns OK to go on; another error ends
 * the record's processing and is returned by wire_unframe_record.
 */
typedef enum err wire_message_fn(uint8_t type, struct bytes body, void *ctx);

/* Returns the cap for a type's body in the state at hand, or 0xffffffff to
 * refuse it before a byte of it is kept (the result is then STATE). */
typedef uint32_t wire_cap_fn(uint8_t type, void *ctx);

/*
 * Walks one record's plaintext. Fails with DECODE (padding that is not zero,
 * a message in the middle of which a record ends short of its class), STATE
 * or TOO_BIG (by cap), NOMEM, or what on_message returned.
 */
MUST_USE enum err wire_unframe_record(struct wire_unframe *u,
    struct bytes plaintext, wire_cap_fn *cap, wire_message_fn *on_message,
    void *ctx);

#endif
