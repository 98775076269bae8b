/*
 * key_schedule - from one epoch's secrets to the next, section 8.
 *
 *	              init_secret_[n-1]
 *	                    |
 *	   commit_secret -> Extract
 *	                    |  ExpandWithLabel("joiner", GroupContext_[n])
 *	              joiner_secret
 *	                    |
 *	      psk_secret -> Extract
 *	                    +--> DeriveSecret("welcome") = welcome_secret
 *	                    |  ExpandWithLabel("epoch", GroupContext_[n])
 *	              epoch_secret
 *	                    +--> DeriveSecret(...) = the secrets of table 4
 *	                    |  DeriveSecret("init")
 *	              init_secret_[n]
 */
#ifndef MLS_KEY_SCHEDULE_H
#define MLS_KEY_SCHEDULE_H

#include "mls/suite.h"

/* All secrets of an epoch, hash_len bytes each; wipe with bytes_wipe. What an
 * epoch keeps of them, and until when, is epoch.h's business. */
struct mls_secrets {
	uint8_t joiner[MLS_MAX_HASH_LEN];
	uint8_t welcome[MLS_MAX_HASH_LEN];
	uint8_t init[MLS_MAX_HASH_LEN];
	uint8_t sender_data[MLS_MAX_HASH_LEN];
	uint8_t encryption[MLS_MAX_HASH_LEN];
	uint8_t exporter[MLS_MAX_HASH_LEN];
	uint8_t external[MLS_MAX_HASH_LEN];
	uint8_t confirmation[MLS_MAX_HASH_LEN];
	uint8_t membership[MLS_MAX_HASH_LEN];
	uint8_t resumption[MLS_MAX_HASH_LEN];
	uint8_t authenticator[MLS_MAX_HASH_LEN];
};

/* The inputs of an epoch, hash_len bytes each. context is the encoded
 * GroupContext of the new epoch. */
struct mls_schedule_inputs {
	const uint8_t *init; /* of the epoch before, or of an external init */
	const uint8_t *commit;
	const uint8_t *psk;
	struct bytes context;
};

/* The whole schedule. */
MUST_USE enum mls_result mls_schedule_next(const struct mls_suite *s,
    const struct mls_schedule_inputs *in, struct mls_secrets *out);

/* A joiner's: from joiner_secret on (12.4.3.1). */
MUST_USE enum mls_result mls_schedule_join(const struct mls_suite *s,
    const uint8_t *joiner, const uint8_t *psk, struct bytes context,
    struct mls_secrets *out);

/* The part of a joiner's that comes before it knows the context. */
MUST_USE enum mls_result mls_schedule_welcome(const struct mls_suite *s,
    const uint8_t *joiner, const uint8_t *psk, uint8_t *welcome);

/* A creator's: from a random epoch_secret (section 11). joiner and welcome
 * stay zero. */
MUST_USE enum mls_result mls_schedule_create(const struct mls_suite *s,
    const uint8_t *epoch_secret, struct mls_secrets *out);

/* 8.5: MLS-Exporter. Writes len bytes. */
MUST_USE enum mls_result mls_schedule_export(const struct mls_suite *s,
    const uint8_t *exporter, struct mls_labelled what, uint8_t *out,
    size_t len);

/*
 * 8.3: the init_secret of an external commit. The joiner encapsulates to
 * external_pub and appends kem_output to kem; members open it with the key
 * pair derived from external_secret.
 */
MUST_USE enum mls_result mls_schedule_external_create(
    const struct mls_suite *s, struct bytes external_pub,
    const struct env *env, struct wr *kem, uint8_t *init);
MUST_USE enum mls_result mls_schedule_external_open(
    const struct mls_suite *s, const uint8_t *external, struct bytes kem,
    uint8_t *init);

#endif
