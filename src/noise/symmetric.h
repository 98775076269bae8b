/*
 * symmetric - the running secret and hash of a handshake (Noise revision 34,
 * section 5.2, SymmetricState, with the CipherState inside it).
 *
 * ck is the chaining key, h the hash of all that was said; both have the
 * length of the hash function, the rest of the arrays stays zero. Once a key
 * was mixed in, whatever the handshake sends is sealed under it with h as
 * associated data, and goes into h sealed.
 */
#ifndef NOISE_SYMMETRIC_H
#define NOISE_SYMMETRIC_H

#include "noise/transport.h"

#include "crypto/hash.h"

struct noise_symmetric {
	enum aead_alg aead;
	enum hash_alg hash;
	bool has_key;
	struct noise_transport cipher; /* k and n, when has_key */
	uint8_t ck[HASH_MAX_LEN];
	uint8_t h[HASH_MAX_LEN];
};

/* InitializeSymmetric, from the full name of the protocol. */
void noise_symmetric_init(struct noise_symmetric *sym, enum aead_alg aead,
    enum hash_alg hash, const char *name);

/* MixHash: h = HASH(h || data). */
void noise_symmetric_mix_hash(struct noise_symmetric *sym, struct bytes data);

/* MixKey: takes input into ck and a new key. */
MUST_USE enum err noise_symmetric_mix_key(
    struct noise_symmetric *sym, struct bytes input);

/* MixKeyAndHash: takes input (a pre-shared key) into ck, h and a new key. */
MUST_USE enum err noise_symmetric_mix_key_and_hash(
    struct noise_symmetric *sym, struct bytes input);

/* Returns how many bytes a sealed thing is longer: a tag, or none yet. */
size_t noise_symmetric_tag_len(const struct noise_symmetric *sym);

/* EncryptAndHash: writes in.n and a tag, if there is a key, to out. */
MUST_USE enum err noise_symmetric_seal(
    struct noise_symmetric *sym, struct bytes in, uint8_t *out);

/*
 * DecryptAndHash: writes in.n less the tag, if there is a key, to out. Fails
 * with DECODE when there is no room for a tag, AUTH when it does not open.
 */
MUST_USE enum err noise_symmetric_open(
    struct noise_symmetric *sym, struct bytes in, uint8_t *out);

/*
 * Split: the transports of the initiator's and of the responder's messages;
 * and x, the third output of the same HKDF call, hash_len(hash) bytes, for
 * the application to key with (h is public and never keys anything).
 */
MUST_USE enum err noise_symmetric_split(const struct noise_symmetric *sym,
    struct noise_transport *initiator, struct noise_transport *responder,
    uint8_t x[HASH_MAX_LEN]);

#endif
