/*
 * pattern - handshake patterns as data (Noise revision 34, sections 7 to 9).
 *
 * A protocol name such as Noise_IKhfs+psk2_25519+MLKEM768_ChaChaPoly_BLAKE2b
 * becomes a struct noise_pattern: which static keys are known beforehand,
 * the tokens of every message in order, and the algorithms. The base
 * patterns are a table that looks like the one in the specification; the
 * modifiers are applied to it by rule:
 *
 *   pskN  a "psk" token at the start of message 1 (N = 0) or at the end of
 *         message N (section 9.4);
 *   hfs   "e1" after the first "e", or after the first DH token of that
 *         message if it has one, so that it travels encrypted; "ekem1" after
 *         the first "ee" (Noise extension: hybrid forward secrecy, rev. 1).
 *
 * Several modifiers are joined by "+" in alphabetical order (section 8).
 * DH is 25519 only, the KEM of hfs is MLKEM768 only; ciphers are ChaChaPoly
 * and AESGCM; hashes are SHA256, SHA512 and BLAKE2b.
 */
#ifndef NOISE_PATTERN_H
#define NOISE_PATTERN_H

#include "base/bytes.h"
#include "base/err.h"
#include "crypto/aead.h"
#include "crypto/hash.h"

#define NOISE_MAX_MESSAGES 4  /* X1N and its like */
#define NOISE_MAX_TOKENS   8  /* psk e es e1 s ss psk, and the end */
#define NOISE_MAX_PSKS     5  /* psk0 .. psk4 */
#define NOISE_MAX_NAME_LEN 95 /* of a name that this file can parse */

enum noise_role { NOISE_INITIATOR, NOISE_RESPONDER };

enum noise_token {
	NOISE_END, /* after the last token of a message */
	NOISE_E,
	NOISE_S,
	NOISE_EE,
	NOISE_ES,
	NOISE_SE,
	NOISE_SS,
	NOISE_PSK,
	NOISE_E1,
	NOISE_EKEM1,
};

struct noise_pattern {
	char name[NOISE_MAX_NAME_LEN + 1]; /* of the protocol, in full */
	enum aead_alg aead;
	enum hash_alg hash;
	bool knows[2]; /* by role: its static key is a pre-message */
	size_t psks;   /* how many pre-shared keys it takes */
	size_t messages;
	uint8_t tokens[NOISE_MAX_MESSAGES][NOISE_MAX_TOKENS];
};

/*
 * Fills p from a protocol name. Fails with ARG when the name is malformed,
 * names an algorithm or pattern that is not known, or combines what does not
 * go together (hfs in a one-way pattern, psk3 in a pattern of two messages,
 * a KEM without hfs); p is then not to be used.
 */
MUST_USE enum err noise_pattern_parse(
    struct noise_pattern *p, const char *name);

/* Returns whether only the initiator ever sends (section 7.4). */
bool noise_pattern_is_one_way(const struct noise_pattern *p);

/* Returns whether role's static key takes part. */
bool noise_pattern_has_static(
    const struct noise_pattern *p, enum noise_role role);

/*
 * Returns how many bytes message number `message` (from 0) takes with an
 * empty payload: the keys it carries and the tags on them. NKhfs: 1248 and
 * 1152; KKhfs: the same. Beyond the last message: as many as that takes.
 */
size_t noise_pattern_len(const struct noise_pattern *p, size_t message);

#endif
