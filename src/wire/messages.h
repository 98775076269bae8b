/*
 * messages - the messages of messages.def as structs, encoders and decoders.
 *
 * For every MESSAGE(NAME ...) there is a struct wire_NAME with its fields,
 * and one row of wire_kinds. wire_encode and wire_decode are driven by the
 * rows' field tables, so that no message has code of its own. Vectors are
 * views: into the decoded bytes, or into what the encoder's caller holds.
 *
 * On the wire a message is: type (1 byte), length of the body (3 bytes),
 * body. wire/frame.h packs them into records.
 */
#ifndef WIRE_MESSAGES_H
#define WIRE_MESSAGES_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/wr.h"
#include "wire/limits.h"
#include "wire/name.h"

#define WIRE_HEADER_LEN 4

/* First the FIELDS_ macros alone, then what is made of them. */
#define MESSAGE(NAME, number, where, from, when, cap, what)
#include "wire/messages.def"
#undef MESSAGE

enum wire_type {
	WIRE_PAD = 0,
#define MESSAGE(NAME, number, where, from, when, cap, what)                   \
	WIRE_##NAME = (number),
#include "wire/messages.def"
#undef MESSAGE
};

#define WIRE_MEMBER_U8(name, arg)    uint8_t name;
#define WIRE_MEMBER_U32(name, arg)   uint32_t name;
#define WIRE_MEMBER_U64(name, arg)   uint64_t name;
#define WIRE_MEMBER_FIXED(name, arg) uint8_t name[arg];
#define WIRE_MEMBER_NAME(name, arg)  struct wire_name name;
#define WIRE_MEMBER_VEC8(name, arg)  struct bytes name;
#define WIRE_MEMBER_VEC16(name, arg) struct bytes name;
#define WIRE_MEMBER_VEC24(name, arg) struct bytes name;
#define WIRE_MEMBER(kind, name, arg) WIRE_MEMBER_##kind(name, arg)

#define MESSAGE(NAME, number, where, from, when, cap, what)                   \
	struct wire_##NAME {                                                  \
		FIELDS_##NAME(WIRE_MEMBER)                                    \
	};
#include "wire/messages.def"
#undef MESSAGE

enum wire_where { WIRE_ON_CHANNEL = 1, WIRE_ON_LINE = 2, WIRE_ON_BOTH = 3 };
enum wire_from { WIRE_FROM_CLIENT = 1, WIRE_FROM_SERVER = 2,
	WIRE_FROM_BOTH = 3 };
enum wire_when { WIRE_WHEN_OPEN = 1, WIRE_WHEN_LOGGED = 2,
	WIRE_WHEN_ANY = 3 };

/* What the table says about one kind of message. */
struct wire_kind {
	uint8_t number;
	uint8_t where, from, when;
	uint32_t cap;     /* of the body, in bytes */
	uint32_t size;    /* of the struct */
	const char *name; /* as in messages.def */
};

/* Returns the row of a type, or NULL for a number that is no message. */
const struct wire_kind *wire_kind_of(uint8_t type);

/*
 * Appends header and body of the message in the struct that type names.
 * Fails with ARG for a vector over its maximum; then w is as it was, but for
 * its error.
 */
MUST_USE enum err wire_encode(struct wr *w, enum wire_type type,
    const void *message);

/*
 * Fills the struct of type from body. Views point into body. Fails with
 * DECODE (also for bytes left over and for names that are none), the struct
 * then holding nothing to rely on.
 */
MUST_USE enum err wire_decode(enum wire_type type, struct bytes body,
    void *message);

/* Room for any message's struct. */
#define WIRE_STRUCT_MAX 512

/* The reasons of CLOSE. */
enum wire_close {
	WIRE_CLOSE_DONE,      /* the work is done */
	WIRE_CLOSE_STOPPING,  /* the server or program stops */
	WIRE_CLOSE_ENDED,     /* the session was ended: password, device ... */
	WIRE_CLOSE_PROTOCOL,  /* the other side broke the rules */
	WIRE_CLOSE_LIMIT,     /* too much of something */
	WIRE_CLOSE_IDLE,      /* no answer to a ping, or too slow a login */
	WIRE_CLOSE_TWIN,      /* both called at once; the other line stays */
	WIRE_CLOSE_LOGOUT,    /* the device was logged out by another session */
};

/* The codes of ERROR. */
enum wire_error {
	WIRE_ERROR_LOGIN = 1,   /* name or password wrong */
	WIRE_ERROR_WAIT,        /* come again after wait_ms */
	WIRE_ERROR_INVITE,      /* code unknown, used, expired or exhausted */
	WIRE_ERROR_TAKEN,       /* the name has an account already */
	WIRE_ERROR_CONFLICT,    /* somebody else changed it first */
	WIRE_ERROR_FORBIDDEN,   /* needs a password login in this channel */
	WIRE_ERROR_UNKNOWN,     /* no such person */
	WIRE_ERROR_OFFLINE,     /* not reachable now */
	WIRE_ERROR_REFUSED,     /* the other person, or their policy, says no */
	WIRE_ERROR_LIMIT,       /* too many of something */
	WIRE_ERROR_INVALID,     /* well-formed, but not acceptable */
	WIRE_ERROR_STORE,       /* the server could not write it down */
};

/* Bits of CHANGE.parts. */
enum { WIRE_PART_RECORD = 1, WIRE_PART_IDENTITY = 2, WIRE_PART_SETTINGS = 4,
	WIRE_PART_ROSTER = 8 };

/* Bits of LOGIN_FINISH.mode and DEVICE_LOGIN.mode. */
enum { WIRE_MODE_HOSTS = 1 /* reachable, and announced to others */ };

/* Bits of the paths fields. */
enum { WIRE_PATH_DIRECT = 1, WIRE_PATH_RELAY = 2 };

/* Values of the status fields. */
enum wire_status { WIRE_STATUS_OFFLINE, WIRE_STATUS_AVAILABLE,
	WIRE_STATUS_BUSY, WIRE_STATUS_AWAY, WIRE_STATUS_INVISIBLE };

/* Values of ANSWER.verdict. */
enum { WIRE_VERDICT_REFUSE, WIRE_VERDICT_ACCEPT };

/* Scopes of LOGOUT. */
enum { WIRE_LOGOUT_SESSION, WIRE_LOGOUT_DEVICE, WIRE_LOGOUT_FORGET };

/* ---- lists inside vectors ---- */

/* An entry of PEOPLE: one person. */
struct wire_person {
	struct wire_name name;
	uint8_t status;
	uint8_t devices;
	uint8_t identity[32];
};

struct rd;

/* Appends one entry, or reads the next; the reader's error tells. */
void wire_person_put(struct wr *w, const struct wire_person *person);
void wire_person_get(struct rd *r, struct wire_person *person);

/* An address: IPv6, or IPv4 mapped into it (::ffff:a.b.c.d), and port. */
struct wire_endpoint {
	uint8_t ip[16];
	uint16_t port;
};

#define WIRE_ENDPOINT_LEN 18

/*
 * Encodes n (at most WIRE_ENDPOINTS_MAX) endpoints into buf, which holds
 * 1 + n * WIRE_ENDPOINT_LEN bytes; returns the written bytes.
 */
struct bytes wire_endpoints_encode(uint8_t *buf,
    const struct wire_endpoint *endpoints, size_t n);

/* Decodes what the above made, or an empty vector. DECODE. */
MUST_USE enum err wire_endpoints_decode(struct bytes in,
    struct wire_endpoint out[WIRE_ENDPOINTS_MAX], size_t *n);

#endif
