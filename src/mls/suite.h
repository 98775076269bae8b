/*
 * suite - a cipher suite, and the labelled operations of section 5.
 *
 * Suites 1, 2 and 3 of section 17.1, and MLS_128_MLKEM768X25519_AES256GCM_-
 * SHA384_Ed25519 of draft-ietf-mls-pq-ciphersuites-06, which has no assigned
 * number yet: it is known here as 0xF002, and under one other number that the
 * caller may give (an alias), which then also stands in what we write.
 * The hybrid suite is post-quantum in confidentiality, not in authentication.
 *
 * A struct mls_suite is a value: small, constant, free to copy. Randomness
 * comes as an argument. What fails inside a primitive is A_PRIMITIVE_FAILED.
 */
#ifndef MLS_SUITE_H
#define MLS_SUITE_H

#include "base/env.h"
#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/hpke.h"
#include "mls/codec.h"

#define MLS_SUITE_X25519_AES128   0x0001
#define MLS_SUITE_P256_AES128     0x0002
#define MLS_SUITE_X25519_CHACHA   0x0003
#define MLS_SUITE_XWING_AES256    0xF002
#define MLS_SUITE_DEFAULT         MLS_SUITE_XWING_AES256

enum mls_sig { MLS_SIG_ED25519, MLS_SIG_ECDSA_P256 };

struct mls_suite {
	uint16_t number; /* as it stands on the wire */
	struct hpke_suite hpke;
	enum hash_alg hash;
	enum aead_alg aead;
	enum mls_sig sig;
	size_t hash_len; /* KDF.Nh */
	size_t key_len;  /* AEAD.Nk */
	size_t nonce_len; /* AEAD.Nn */
};

/*
 * Fills *s with the suite of this number; alias is the other number of the
 * hybrid suite, or 0. Fails with SUITE_IS_UNKNOWN.
 */
MUST_USE enum mls_result mls_suite_init(struct mls_suite *s, uint16_t number,
    uint16_t alias);

/* A key that signs: the secret (Ed25519 seed or P-256 scalar, 32 bytes) and
 * its public key. Borrowed bytes. */
struct mls_signer {
	struct bytes secret;
	struct bytes public;
};

/* 5.1: Hash of one string; writes hash_len bytes. */
void mls_suite_hash(const struct mls_suite *s, struct bytes in, uint8_t *out);

/* 5.1: MAC of one string; writes hash_len bytes. */
void mls_suite_mac(const struct mls_suite *s, struct bytes key,
    struct bytes in, uint8_t *out);

/* 5.2: RefHash(label, value); writes hash_len bytes. */
void mls_suite_ref_hash(const struct mls_suite *s, const char *label,
    struct bytes value, uint8_t *out);

/* Writes the public key of a signing secret to public, MLS_MAX_SIG_PUBLIC
 * bytes; *len gets its length. Fails with KEY_IS_UNUSABLE. */
MUST_USE enum mls_result mls_suite_signature_public(const struct mls_suite *s,
    struct bytes secret, uint8_t *public, size_t *len);

/* Fails with KEY_IS_UNUSABLE unless key can be a signature public key. */
MUST_USE enum mls_result mls_suite_check_signature_key(
    const struct mls_suite *s, struct bytes key);

/* Fails with KEY_IS_UNUSABLE unless key can be an HPKE public key. */
MUST_USE enum mls_result mls_suite_check_encryption_key(
    const struct mls_suite *s, struct bytes key);

/* 5.1.2: SignWithLabel; appends the signature to out as opaque <V>. */
MUST_USE enum mls_result mls_suite_sign(const struct mls_suite *s,
    const struct mls_signer *signer, const char *label, struct bytes content,
    struct wr *out);

/* 5.1.2: VerifyWithLabel; fails with SIGNATURE_IS_WRONG. */
MUST_USE enum mls_result mls_suite_verify(const struct mls_suite *s,
    struct bytes public, const char *label, struct bytes content,
    struct bytes signature);

/*
 * 5.1.3: EncryptWithLabel; appends kem_output<V> and ciphertext<V>, which is
 * HPKECiphertext, to out. Takes the randomness of the encapsulation from env.
 * Fails with KEY_IS_UNUSABLE.
 */
struct mls_labelled {
	const char *label;
	struct bytes context;
};
MUST_USE enum mls_result mls_suite_encrypt(const struct mls_suite *s,
    struct bytes public, struct mls_labelled info, struct bytes plaintext,
    const struct env *env, struct wr *out);

/* HPKECiphertext, section 7.6. */
struct mls_ciphertext {
	struct bytes kem_output;
	struct bytes ciphertext;
};
void mls_ciphertext_decode(struct rd *r, struct mls_ciphertext *out);

/*
 * 5.1.3: DecryptWithLabel; appends the plaintext to out. Fails with
 * CONTENT_DOES_NOT_OPEN.
 */
MUST_USE enum mls_result mls_suite_decrypt(const struct mls_suite *s,
    struct bytes secret, struct mls_labelled info,
    const struct mls_ciphertext *c, struct wr *out);

/* 8: ExpandWithLabel; writes len bytes. */
MUST_USE enum mls_result mls_suite_expand(const struct mls_suite *s,
    struct bytes secret, struct mls_labelled info, uint8_t *out, size_t len);

/* 8: DeriveSecret(secret, label); writes hash_len bytes. */
MUST_USE enum mls_result mls_suite_derive_secret(const struct mls_suite *s,
    struct bytes secret, const char *label, uint8_t *out);

/* 9.1: DeriveTreeSecret; writes len bytes. */
MUST_USE enum mls_result mls_suite_derive_tree_secret(
    const struct mls_suite *s, struct bytes secret, const char *label,
    uint32_t generation, uint8_t *out, size_t len);

/* Both for several expansions of one secret, begun with hkdf_init. */
MUST_USE enum mls_result mls_suite_expand_next(const struct hkdf *from,
    struct mls_labelled info, uint8_t *out, size_t len);
MUST_USE enum mls_result mls_suite_tree_secret_next(const struct hkdf *from,
    const char *label, uint32_t generation, uint8_t *out, size_t len);

/* 8: KDF.Extract; writes hash_len bytes. */
void mls_suite_extract(const struct mls_suite *s, struct bytes salt,
    struct bytes ikm, uint8_t *out);

/* KEM key pair, lengths as the suite's KEM has them. */
struct mls_key_pair {
	uint8_t secret[MLS_MAX_KEM_SECRET];
	size_t secret_len;
	uint8_t public[MLS_MAX_KEM_PUBLIC];
	size_t public_len;
};

/* KEM.DeriveKeyPair(ikm), as 7.4 and 8 (external_pub) use it. */
MUST_USE enum mls_result mls_suite_derive_key_pair(const struct mls_suite *s,
    struct bytes ikm, struct mls_key_pair *out);

/* Fills *out with a fresh key pair from env's randomness. */
MUST_USE enum mls_result mls_suite_new_key_pair(const struct mls_suite *s,
    const struct env *env, struct mls_key_pair *out);

/* Writes the public key of a KEM secret. Fails with KEY_IS_UNUSABLE. */
MUST_USE enum mls_result mls_suite_kem_public(const struct mls_suite *s,
    struct bytes secret, uint8_t *public, size_t *len);

/* AEAD.Seal and Open with the suite's lengths; fail as crypto/aead.h does,
 * Open with CONTENT_DOES_NOT_OPEN. */
MUST_USE enum mls_result mls_suite_seal(const struct mls_suite *s,
    const uint8_t *key, const uint8_t *nonce, struct bytes ad,
    struct bytes in, uint8_t *out);
MUST_USE enum mls_result mls_suite_open(const struct mls_suite *s,
    const uint8_t *key, const uint8_t *nonce, struct bytes ad,
    struct bytes in, uint8_t *out);

#endif
