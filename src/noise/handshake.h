/*
 * handshake - the engine that runs any handshake pattern (Noise revision 34,
 * section 5.3, HandshakeState, with the hfs extension).
 *
 * The two ends take turns: noise_handshake_next says whether to write, to
 * read, or that all is said and noise_handshake_split makes the channel. The
 * engine is deterministic: what a message needs of randomness is an
 * argument. It lives in the caller's memory, about 1.7 KiB, without heap,
 * and holds secrets: noise_handshake_wipe ends it, whatever became of it.
 *
 * A call that fails changes nothing, neither the handshake nor the output;
 * but whoever gets PEER or AUTH errors from a peer has no reason to go on.
 */
#ifndef NOISE_HANDSHAKE_H
#define NOISE_HANDSHAKE_H

#include "noise/pattern.h"
#include "noise/symmetric.h"
#include "noise/transport.h"

#include "base/wr.h"
#include "crypto/dh.h"
#include "crypto/mlkem.h"

#define NOISE_PSK_LEN 32

struct noise_keypair {
	uint8_t secret[X25519_LEN];
	uint8_t public[X25519_LEN];
};

/* What this end brings; only copied from. What a pattern does not use may
 * be NULL. */
struct noise_keys {
	const struct noise_keypair *s; /* its static key */
	const uint8_t *rs;             /* the peer's public one, X25519_LEN */
	const uint8_t *psks;           /* one after another */
	size_t psk_count; /* exactly as many as the pattern takes */
};

/* The randomness of one message; what its tokens do not need is ignored. */
struct noise_random {
	uint8_t e[X25519_LEN];              /* "e": the ephemeral secret */
	uint8_t e1[MLKEM768_SEED_LEN];      /* "e1": the seed of the KEM key */
	uint8_t ekem1[MLKEM768_RANDOM_LEN]; /* "ekem1": of the ciphertext */
};

/* What a handshake expects; a wiped one expects nothing. */
enum noise_step { NOISE_OVER, NOISE_WRITE, NOISE_READ, NOISE_SPLIT };

struct noise_handshake {
	const struct noise_pattern *pattern; /* NULL when wiped */
	enum noise_role role;
	bool has_rs;
	uint8_t message; /* number of the next one, from 0 */
	uint8_t psk;     /* number of the next pre-shared key */
	struct noise_symmetric sym;
	struct noise_keypair s;
	struct noise_keypair e;
	uint8_t rs[X25519_LEN];
	uint8_t re[X25519_LEN];
	uint8_t psks[NOISE_MAX_PSKS][NOISE_PSK_LEN];
	union {
		uint8_t seed[MLKEM768_SEED_LEN]; /* initiator: its key */
		uint8_t ek[MLKEM768_EK_LEN];     /* responder: the peer's */
	} e1;
};

/*
 * What a finished handshake leaves. In a one-way pattern the direction that
 * does not exist is used up from the start. x and h are hash_len(hash) bytes
 * long, then zeros: x is secret and for the application to key with, h is
 * public and binds to this handshake.
 */
struct noise_split {
	struct noise_transport send;
	struct noise_transport receive;
	uint8_t x[HASH_MAX_LEN];
	uint8_t h[HASH_MAX_LEN];
};

/* Makes the pair of a secret. */
void noise_keypair_init(
    struct noise_keypair *pair, const uint8_t secret[X25519_LEN]);

/*
 * Starts a handshake. pattern must outlive it. Fails with ARG when keys
 * lacks what the pattern asks of this role, or has the wrong number of
 * pre-shared keys; hs is then wiped.
 */
MUST_USE enum err noise_handshake_init(struct noise_handshake *hs,
    const struct noise_pattern *pattern, enum noise_role role,
    struct bytes prologue, const struct noise_keys *keys);

/* Returns what must happen next; NOISE_OVER after split or wipe. */
enum noise_step noise_handshake_next(const struct noise_handshake *hs);

/*
 * Writes the next message, with payload sealed as well as it can be at that
 * point of the pattern, to the end of out: noise_pattern_len bytes and the
 * payload's. Fails with STATE out of turn, ARG when the message would be
 * longer than NOISE_MAX_MESSAGE_LEN, ROOM or NOMEM when it does not fit, KEY
 * when a key of the peer's is unusable (an all-zero DH output, a KEM key
 * that is not reduced).
 */
MUST_USE enum err noise_handshake_write(struct noise_handshake *hs,
    const struct noise_random *random, struct bytes payload, struct wr *out);

/*
 * Reads the next message and writes its payload to the end of out. Fails
 * with STATE out of turn; DECODE or TOO_BIG for the length, before anything
 * is computed; AUTH when something does not open; KEY as above; ROOM or
 * NOMEM when the payload does not fit.
 */
MUST_USE enum err noise_handshake_read(
    struct noise_handshake *hs, struct bytes message, struct wr *out);

/* Returns the peer's static key as known so far, or BYTES_NONE. */
struct bytes noise_handshake_remote(const struct noise_handshake *hs);

/*
 * Makes the channel out of a finished handshake, which is then wiped. Fails
 * with STATE when it is not finished.
 */
MUST_USE enum err noise_handshake_split(
    struct noise_handshake *hs, struct noise_split *out);

/* Wipes all of hs. */
void noise_handshake_wipe(struct noise_handshake *hs);

/* Wipes all of a split. */
void noise_split_wipe(struct noise_split *split);

#endif
