/*
 * peer - our side of the tests with other people's implementations.
 *
 * sotto-peer reads a command a line from stdin, words separated by single
 * spaces, and answers each with one line: "ok" and the results, or "error"
 * and a text. Bytes are in hex, "-" where there are none. It remembers what
 * a conversation needs from one command to the next.
 */
#ifndef PEERS_PEER_H
#define PEERS_PEER_H

#include "base/bytes.h"
#include "base/err.h"
#include "base/wr.h"

#define PEER_MAX_WORDS 8

struct peer {
	char *word[PEER_MAX_WORDS]; /* of the command, which is word[0] */
	size_t words;
	struct wr answer; /* " hex hex ..." */
};

struct peer_command {
	const char *name;
	size_t arguments;
	enum err (*run)(struct peer *p);
};

extern const struct peer_command peer_mlkem[];
extern const struct peer_command peer_noise[];
extern const struct peer_command peer_opaque[];

/*
 * Reads word i as hex, once: it becomes the bytes. Fails with DECODE when it
 * is not hex, or, in the second, not that of exactly n bytes; out is then
 * a copy of them.
 */
MUST_USE enum err peer_bytes(struct peer *p, size_t i, struct bytes *out);
MUST_USE enum err peer_copy(struct peer *p, size_t i, void *out, size_t n);

/* Reads word i as a decimal number. */
MUST_USE enum err peer_number(struct peer *p, size_t i, uint32_t *out);

/* Adds one result to the answer. */
void peer_answer(struct peer *p, struct bytes b);

#endif
