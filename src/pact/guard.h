/*
 * guard - the first record of a channel, and the pass that it may carry.
 *
 * The first record, from the client:
 *
 *	version (1) | kind (1) | pass (by kind) | Noise message 1 | mac1 (16)
 *
 * mac1 is keyed BLAKE2b-128 over all before it, under a key derived from the
 * server's static public key: who does not know which server this is gets no
 * answer, and costs no public-key operation. Kinds: no pass, a solved
 * puzzle, a one-time pass of a known device. A fourth kind asks for the
 * server's key (a bare machine); it is as long as the answer, and has no
 * mac1.
 *
 * The server's first record begins with a kind as well: Noise message 2, a
 * challenge, its key, or patience.
 */
#ifndef PACT_GUARD_H
#define PACT_GUARD_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/wr.h"

#define PACT_GUARD_KEY_LEN       32
#define PACT_GUARD_MAC_LEN       16
#define PACT_GUARD_CHALLENGE_LEN 16
#define PACT_GUARD_PASS_LEN      48 /* one-time pass of a device */
#define PACT_GUARD_MESSAGE1_LEN  1248
#define PACT_GUARD_MESSAGE2_LEN  1152
#define PACT_GUARD_FIRST_MAX                                                  \
	(2 + PACT_GUARD_PASS_LEN + PACT_GUARD_MESSAGE1_LEN + PACT_GUARD_MAC_LEN)
#define PACT_GUARD_ASK_LEN 64 /* a request for the server's key */

/* No server asks for more, and no client works for longer: a machine that
 * tries 500,000 nonces a second does it two times of three. */
#define PACT_GUARD_EFFORT_MAX (1U << 22)
#define PACT_GUARD_WORK_MS    10000

enum pact_guard_kind {
	PACT_GUARD_PLAIN = 1,  /* no pass */
	PACT_GUARD_PUZZLE = 2, /* challenge 16, effort u32, nonce u64 */
	PACT_GUARD_DEVICE = 3, /* one-time pass, PACT_GUARD_PASS_LEN */
	PACT_GUARD_ASK = 4,    /* which key do you have? */
};

enum pact_guard_answer {
	PACT_GUARD_MESSAGE2 = 1,
	PACT_GUARD_CHALLENGE = 2, /* challenge 16, effort u32, mac 16 */
	PACT_GUARD_KEY = 3,       /* static public key 32 */
};

/* Derives the mac1 key from a server's static public key. */
void pact_guard_key(const uint8_t server_public[32],
    uint8_t key[PACT_GUARD_KEY_LEN]);

/* What the first record says; views point into it. */
struct pact_guard_first {
	enum pact_guard_kind kind;
	uint8_t challenge[PACT_GUARD_CHALLENGE_LEN]; /* PUZZLE */
	uint32_t effort;                             /* PUZZLE */
	uint64_t nonce;                              /* PUZZLE */
	struct bytes pass;                           /* DEVICE */
	struct bytes message1;                       /* but for ASK */
};

/* Appends the record (without its two bytes of length), mac1 and all. */
MUST_USE enum err pact_guard_write_first(struct wr *w,
    const uint8_t key[PACT_GUARD_KEY_LEN],
    const struct pact_guard_first *first);

/*
 * Parses record. Fails with DECODE (form), VERSION, or AUTH (mac1); the
 * order is that of their cost. Never touches a public key.
 */
MUST_USE enum err pact_guard_read_first(struct bytes record,
    const uint8_t key[PACT_GUARD_KEY_LEN], struct pact_guard_first *first);

/*
 * The mac of a challenge: over the client's first record, challenge and
 * effort, under the mac1 key, so that nobody who only watches raises it.
 */
void pact_guard_challenge_mac(const uint8_t key[PACT_GUARD_KEY_LEN],
    struct bytes first_record,
    const uint8_t challenge[PACT_GUARD_CHALLENGE_LEN], uint32_t effort,
    uint8_t mac[PACT_GUARD_MAC_LEN]);

/* A puzzle; message 1 is in it by its hash. No holes. */
struct pact_guard_puzzle {
	uint8_t challenge[PACT_GUARD_CHALLENGE_LEN];
	uint8_t bound[64]; /* BLAKE2b of message 1 */
	uint32_t effort;   /* about so many nonces are tried */
};

/* Binds a puzzle to Noise message 1: a solution is for that one alone. */
void pact_guard_bind(struct pact_guard_puzzle *puzzle,
    struct bytes message1);

/*
 * Makes the puzzle of a login that has to wait, for the effort that the
 * client chose: its challenge is made of the channel's hash h, and name and
 * KE1 stand for message 1. A solution is for this guess alone.
 */
void pact_guard_login(struct pact_guard_puzzle *puzzle, struct bytes h,
    struct bytes name, struct bytes ke1, uint32_t effort);

/*
 * Returns whether nonce solves the puzzle: BLAKE2b-32(challenge ||
 * BLAKE2b(message 1) || effort || nonce) * effort <= 2^32 - 1.
 */
bool pact_guard_is_solved(const struct pact_guard_puzzle *puzzle,
    uint64_t nonce);

/* Tries so many nonces, from *nonce on. Returns whether *nonce is now one
 * that solves it; else it is the next one to try. */
bool pact_guard_solve(const struct pact_guard_puzzle *puzzle,
    uint64_t *nonce, uint32_t tries);

#endif
