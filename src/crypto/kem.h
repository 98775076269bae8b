/*
 * kem - the key encapsulation half of HPKE, for hpke.c: RFC 9180 section 4,
 * draft-ietf-hpke-pq section 4, and the labelled functions that both use.
 */
#ifndef CRYPTO_KEM_H
#define CRYPTO_KEM_H

#include "crypto/hpke.h"

/* suite_id of RFC 9180 4: "KEM" and a number, or "HPKE" and three. */
struct kem_suite_id {
	uint8_t p[10];
	size_t n;
};

/* LabeledExtract; writes hash_len(alg) bytes. */
void kem_labeled_extract(enum hash_alg alg, const struct kem_suite_id *id,
    struct bytes salt, const char *label, struct bytes ikm, uint8_t *prk);

/* What LabeledExpand and LabeledDerive say: a label, and context in parts. */
struct kem_info {
	const char *label;
	const struct bytes *parts;
	size_t n; /* at most 4 */
};

/* LabeledExpand of a prk of hash_len(alg) bytes; len is at most one block of
 * output longer than 255 times that. Fails with ARG or NOMEM. */
MUST_USE enum err kem_labeled_expand(enum hash_alg alg,
    const struct kem_suite_id *id, const uint8_t *prk,
    const struct kem_info *info, uint8_t *out, size_t len);

/* LabeledDerive with SHAKE256 (draft-ietf-hpke-pq). */
MUST_USE enum err kem_labeled_derive(const struct kem_suite_id *id,
    struct bytes ikm, const struct kem_info *info, uint8_t *out, size_t len);

/*
 * Encap and AuthEncap: random as hpke_random_len says, sender a secret key
 * or empty. Fails with KEY, or ARG for a sender where there is no Auth mode.
 */
MUST_USE enum err kem_encap(enum hpke_kem kem, struct bytes public,
    struct bytes sender, const uint8_t *random, uint8_t *enc,
    uint8_t shared[HPKE_SHARED_LEN]);

/* Decap and AuthDecap: sender is a public key or empty. */
MUST_USE enum err kem_decap(enum hpke_kem kem, struct bytes secret,
    struct bytes sender, struct bytes enc, uint8_t shared[HPKE_SHARED_LEN]);

#endif
