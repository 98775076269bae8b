/*
 * hpke - Hybrid Public Key Encryption, RFC 9180, and its post-quantum KEMs.
 *
 * KEMs: DHKEM(P-256, HKDF-SHA256) and DHKEM(X25519, HKDF-SHA256) of RFC 9180,
 * ML-KEM-768 and MLKEM768-X25519 (X-Wing) of draft-ietf-hpke-pq. KDFs:
 * HKDF-SHA256, -SHA384, -SHA512, and the single-stage SHAKE256 of the same
 * draft. Deterministic: an encapsulation gets its randomness as an argument.
 *
 * Secret keys are what RFC 9180 serializes: a scalar of 32 bytes for the
 * DHKEMs, the seed d || z (64) for ML-KEM-768, the seed (32) for X-Wing.
 */
#ifndef CRYPTO_HPKE_H
#define CRYPTO_HPKE_H

#include "crypto/aead.h"
#include "crypto/hash.h"

enum hpke_kem {
	HPKE_P256 = 0x0010,
	HPKE_X25519 = 0x0020,
	HPKE_MLKEM768 = 0x0041,
	HPKE_XWING = 0x647a,
};

enum hpke_kdf {
	HPKE_HKDF_SHA256 = 0x0001,
	HPKE_HKDF_SHA384 = 0x0002,
	HPKE_HKDF_SHA512 = 0x0003,
	HPKE_SHAKE256 = 0x0011,
};

enum hpke_aead {
	HPKE_AES128GCM = 0x0001,
	HPKE_AES256GCM = 0x0002,
	HPKE_CHACHAPOLY = 0x0003,
	HPKE_EXPORT_ONLY = 0xffff,
};

struct hpke_suite {
	enum hpke_kem kem;
	enum hpke_kdf kdf;
	enum hpke_aead aead;
};

/* The longest of each over all KEMs. */
#define HPKE_MAX_PUBLIC_LEN 1216
#define HPKE_MAX_ENC_LEN    1120
#define HPKE_MAX_RANDOM_LEN 64
#define HPKE_SHARED_LEN     32

/* Returns the bytes of a public key, secret key, encapsulated secret, the
 * randomness of an encapsulation, or the input of hpke_derive_key_pair that
 * has full strength. */
size_t hpke_public_len(enum hpke_kem kem);
size_t hpke_secret_len(enum hpke_kem kem);
size_t hpke_enc_len(enum hpke_kem kem);
size_t hpke_random_len(enum hpke_kem kem);

/*
 * DeriveKeyPair of RFC 9180 7.1.3, of draft-ietf-hpke-pq for the others:
 * writes hpke_secret_len and hpke_public_len bytes. Fails with CRYPTO.
 */
MUST_USE enum err hpke_derive_key_pair(enum hpke_kem kem, struct bytes ikm,
    uint8_t *secret, uint8_t *public);

/* Writes the public key of secret. Fails with KEY, also for a wrong length. */
MUST_USE enum err hpke_public(enum hpke_kem kem, struct bytes secret,
    uint8_t *public);

/* Fails with KEY unless public has the right length and a form to which an
 * encapsulation can succeed. */
MUST_USE enum err hpke_check_public(enum hpke_kem kem, struct bytes public);

/* The optional inputs of the four modes of RFC 9180 5.1; all empty is base
 * mode. The sender's key authenticates with the DHKEMs only. */
struct hpke_mode {
	struct bytes psk;
	struct bytes psk_id;
	struct bytes sender; /* secret at the sender, public at the receiver */
};

/* What both ends have after set-up, in caller storage; secret. */
struct hpke {
	struct hpke_suite suite;
	uint8_t key[AEAD_MAX_KEY_LEN];
	uint8_t nonce[AEAD_NONCE_LEN];
	uint8_t exporter[HASH_MAX_LEN];
	uint8_t shared[HPKE_SHARED_LEN];
	uint64_t seq;
};

/*
 * SetupBaseS and its kin: encapsulates to the receiver's public key with
 * hpke_random_len bytes at random, writes hpke_enc_len bytes to enc. Fails
 * with KEY; *h then needs no wiping.
 */
struct hpke_receiver {
	struct bytes key; /* public at the sender, secret at the receiver */
	struct bytes info;
	struct hpke_mode mode;
};
MUST_USE enum err hpke_setup_sender(struct hpke *h, struct hpke_suite suite,
    const struct hpke_receiver *to, const uint8_t *random, uint8_t *enc);

/* SetupBaseR and its kin. Fails with KEY. */
MUST_USE enum err hpke_setup_receiver(struct hpke *h, struct hpke_suite suite,
    const struct hpke_receiver *us, struct bytes enc);

/* Wipes a context. */
void hpke_wipe(struct hpke *h);

/* ContextS.Seal: writes in.n + AEAD_TAG_LEN bytes. Fails with LIMIT, or ARG
 * for an export-only suite. */
MUST_USE enum err hpke_seal(struct hpke *h, struct bytes ad, struct bytes in,
    uint8_t *out);

/* ContextR.Open: writes in.n - AEAD_TAG_LEN bytes. Fails with AUTH. */
MUST_USE enum err hpke_open(struct hpke *h, struct bytes ad, struct bytes in,
    uint8_t *out);

/* Context.Export: writes len bytes. */
MUST_USE enum err hpke_export(const struct hpke *h, struct bytes context,
    uint8_t *out, size_t len);

#endif
